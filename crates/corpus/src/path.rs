//! Paths to what lies inside columns, such as `messages[].content`, and the tree of a schema that they are looked up in.
//!
//! A path is a name, then any number of `.name` (into a struct, an object) and `[]` (into each item of a list). A column
//! whose whole name is what was asked for goes before the path. Below the top, a name that holds `.` or `[]` has no path.

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Into the field of this name.
    Field(String),
    /// Into each item.
    Items,
}

/// Longest path that is listed, in bytes, and how many below the top-level columns: a schema may be hostile, and a name
/// near its root comes again in every path. What is asked for is looked up step by step and not bound by either.
pub(crate) const LISTED_BYTES: usize = 1 << 10;
pub(crate) const LISTED_PATHS: usize = 1_000;

const ITEMS: &str = "[]";

/// The steps of a path; `None` where the text is none, and so can only be the name of a column.
pub(crate) fn steps(path: &str) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    for part in path.split('.') {
        let name = part.find(ITEMS).map_or(part, |at| &part[..at]);
        let items = &part[name.len()..];
        if name.is_empty() || items.len() != ITEMS.len() * items.matches(ITEMS).count() {
            return None;
        }
        steps.push(Step::Field(name.to_string()));
        steps.extend((0..items.len() / ITEMS.len()).map(|_| Step::Items));
    }
    Some(steps)
}

/// Adds a field to a path, which is empty at the top; `false` where the path could not be read back, or is not listed.
pub(crate) fn push_field(path: &mut String, name: &str) -> bool {
    if path.is_empty() {
        // A whole name at the top needs no path. One with a path in it hides the paths below.
        path.push_str(name);
        return name.len() <= LISTED_BYTES;
    }
    if name.is_empty() || name.contains('.') || name.contains(ITEMS) || path.len() + name.len() >= LISTED_BYTES {
        return false;
    }
    path.push('.');
    path.push_str(name);
    true
}

/// Adds a list's items to a path; `false` where it is not listed.
pub(crate) fn push_items(path: &mut String) -> bool {
    path.push_str(ITEMS);
    path.len() <= LISTED_BYTES
}

/// Whether what lies below the top-level column of this name can be named.
pub(crate) fn is_name(name: &str) -> bool {
    matches!(steps(name).as_deref(), Some([Step::Field(_)]))
}

struct Node<T> {
    step: Step,
    children: Vec<usize>,
    value: T,
}

/// The columns of a schema and what lies in them. Nodes lie in one list: the depth of a schema is the file's to choose,
/// and owned children would be dropped in as many calls.
pub(crate) struct Tree<T> {
    nodes: Vec<Node<T>>,
    top: Vec<usize>,
}

impl<T> Default for Tree<T> {
    fn default() -> Self {
        Self { nodes: Vec::new(), top: Vec::new() }
    }
}

impl<T: std::fmt::Debug> std::fmt::Debug for Tree<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.nodes.iter().map(|node| (&node.step, &node.value))).finish()
    }
}

impl<T> Tree<T> {
    /// Adds a node below another, or a column; gives its number. A column's step is a field.
    pub(crate) fn add(&mut self, parent: Option<usize>, step: Step, value: T) -> usize {
        let number = self.nodes.len();
        self.nodes.push(Node { step, children: Vec::new(), value });
        match parent {
            Some(parent) => self.nodes[parent].children.push(number),
            None => self.top.push(number),
        }
        number
    }

    /// The top-level columns with their names.
    pub(crate) fn columns(&self) -> impl Iterator<Item = (&str, &T)> {
        self.top.iter().map(|number| {
            let node = &self.nodes[*number];
            (node.name(), &node.value)
        })
    }

    /// What a name or path leads to, with everything that is passed on the way, from the column on; and whether that
    /// goes through lists.
    pub(crate) fn find(&self, asked: &str) -> Option<(Vec<&T>, bool)> {
        if let Some((_, value)) = self.columns().find(|(name, _)| *name == asked) {
            return Some((vec![value], false));
        }
        let steps = steps(asked)?;
        let mut found = Vec::with_capacity(steps.len());
        let mut among = &self.top;
        for step in &steps {
            let number = among.iter().find(|number| self.nodes[**number].step == *step)?;
            let node = &self.nodes[*number];
            found.push(&node.value);
            among = &node.children;
        }
        Some((found, steps.contains(&Step::Items)))
    }

    /// Calls `each` with the columns and what lies in them, in the order of the schema: path, value, whether it is
    /// below the top, whether the path goes through lists.
    pub(crate) fn list(&self, mut each: impl FnMut(&str, &T, bool, bool)) {
        let mut left = LISTED_PATHS;
        let mut path = String::new();
        for number in &self.top {
            let node = &self.nodes[*number];
            each(node.name(), &node.value, false, false);
            if is_name(node.name()) {
                path.clear();
                if push_field(&mut path, node.name()) {
                    self.list_below(*number, &mut path, false, &mut left, &mut each);
                }
            }
        }
    }

    fn list_below(
        &self,
        number: usize,
        path: &mut String,
        in_list: bool,
        left: &mut usize,
        each: &mut dyn FnMut(&str, &T, bool, bool),
    ) {
        for number in &self.nodes[number].children {
            if *left == 0 {
                return;
            }
            let node = &self.nodes[*number];
            let length = path.len();
            let (listed, in_list) = match &node.step {
                Step::Field(name) => (push_field(path, name), in_list),
                Step::Items => (push_items(path), true),
            };
            if listed && node.children.is_empty() {
                *left -= 1;
                each(path, &node.value, true, in_list);
            } else if listed {
                // Every level adds a byte to the path at least, which bounds the depth.
                self.list_below(*number, path, in_list, left, each);
            }
            path.truncate(length);
        }
    }
}

impl<T> Node<T> {
    fn name(&self) -> &str {
        match &self.step {
            Step::Field(name) => name,
            Step::Items => "",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_a_path() {
        let show = |path: &str| {
            let steps = steps(path)?;
            let name = |step| if let Step::Field(name) = step { name } else { "*".to_string() };
            Some(steps.into_iter().map(name).collect::<Vec<_>>())
        };
        for (path, expected) in [
            ("text", Some(&["text"][..])),
            ("meta.id", Some(&["meta", "id"])),
            ("messages[].content", Some(&["messages", "*", "content"])),
            ("a.b[].c[].d", Some(&["a", "b", "*", "c", "*", "d"])),
            ("a[][]", Some(&["a", "*", "*"])),
            ("a[0].汉 字", Some(&["a[0]", "汉 字"])),
            ("a]", Some(&["a]"])),
            ("", None),
            (".a", None),
            ("a.", None),
            ("a..b", None),
            ("[]", None),
            ("[].a", None),
            ("a[]b", None),
            ("a[]b[]", None),
            ("a[[]]", None),
        ] {
            let expected = expected.map(|names| names.iter().map(|name| (*name).to_string()).collect());
            assert_eq!(show(path), expected, "{path}");
        }
    }

    #[test]
    fn a_tree_is_searched_and_listed() {
        let field = |name: &str| Step::Field(name.into());
        let mut tree = Tree::default();
        let list = tree.add(None, field("m"), 0);
        let items = tree.add(Some(list), Step::Items, 1);
        tree.add(Some(items), field("role"), 2);
        tree.add(Some(items), field("a.b"), 3);
        let object = tree.add(None, field("a"), 4);
        tree.add(Some(object), field("b"), 5);
        tree.add(None, field("a.b"), 6);
        let hidden = tree.add(None, field("x[]"), 7);
        tree.add(Some(hidden), field("y"), 8);
        let find = |path: &str| tree.find(path).map(|(found, lists)| (found.into_iter().copied().collect(), lists));
        assert_eq!(find("m[].role"), Some((vec![0, 1, 2], true)));
        assert_eq!(find("a.b"), Some((vec![6], false)), "the column goes before the path");
        assert_eq!(find("x[]"), Some((vec![7], false)));
        for nothing in ["m.role", "m[]x", "m[].a.b", "x[].y", "role", "", "a[]"] {
            assert_eq!(find(nothing), None, "{nothing}");
        }
        let mut listed = Vec::new();
        tree.list(|path, value, below, in_list| listed.push((path.to_string(), *value, below, in_list)));
        let expected = [
            ("m", 0, false, false),
            ("m[].role", 2, true, true),
            ("a", 4, false, false),
            ("a.b", 5, true, false),
            ("a.b", 6, false, false),
            ("x[]", 7, false, false),
        ];
        assert_eq!(listed, expected.map(|(path, value, below, lists)| (path.to_string(), value, below, lists)));
    }

    #[test]
    fn a_hostile_tree_lists_little() {
        let mut tree = Tree::default();
        let mut at = tree.add(None, Step::Field("n".repeat(1_000)), ());
        for _ in 0..100_000 {
            for _ in 0..3 {
                tree.add(Some(at), Step::Field("n".into()), ());
            }
            at = tree.add(Some(at), Step::Items, ());
        }
        let (mut count, mut longest) = (0, 0);
        tree.list(|path, (), _, _| (count, longest) = (count + 1, longest.max(path.len())));
        assert!(count <= LISTED_PATHS + 1 && longest <= LISTED_BYTES, "{count} {longest}");
    }
}
