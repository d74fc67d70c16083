//! Which columns hold text, id and source: one rule for every format.

use crate::error::{Fault, Outcome};
use crate::options::ReadOptions;
use crate::path::{Step, steps};

/// The columns that a file is read by, after the rule was applied; each a name or a path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Columns {
    /// The text column; `None` makes every row `missing-text`.
    pub text: Option<String>,
    /// The id column.
    pub id: Option<String>,
    /// The source column.
    pub source: Option<String>,
}

/// Where chats have their text, taken when a file has no text column: nothing but strings, at exactly this path.
const CHATS: [&str; 2] = ["messages[].content", "conversations[].value"];

/// What the rule needs to know of a column, or of what lies in one.
#[derive(Clone, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "they answer questions that do not hang together")]
pub(crate) struct Candidate {
    /// The name, or the path.
    pub(crate) name: String,
    /// Strings, or binary.
    pub(crate) is_text: bool,
    /// Strings, binary or integers, one a row.
    pub(crate) is_label: bool,
    /// Whether strings are the declared type; binary is text only when it is asked for or named so.
    pub(crate) is_string: bool,
    /// Whether it lies in a column.
    pub(crate) is_nested: bool,
    /// The type in words, for messages.
    pub(crate) kind: String,
}

/// Looks up a column, or what a path leads to, in a schema.
pub(crate) type Lookup<'a> = &'a dyn Fn(&str) -> Option<Candidate>;

/// Applies the rule. With a schema to look in, a column that was asked for must be there and fit; without (JSONL, where
/// each line may have other fields) it is taken at its word. Only a path to a label that goes through lists is refused
/// there too, as far as `candidates` show that it is no column's name.
pub(crate) fn choose(candidates: &[Candidate], schema: Option<Lookup<'_>>, options: &ReadOptions) -> Outcome<Columns> {
    let asked = |role: &'static str, name: &Option<String>, fits: fn(&Candidate) -> bool| {
        let Some(name) = name else {
            return Ok(None);
        };
        let problem = if let Some(find) = schema {
            match find(name) {
                Some(column) if fits(&column) => return Ok(Some(name.clone())),
                Some(column) => format!("holds {}", column.kind),
                None => "does not exist".to_string(),
            }
        } else {
            let in_lists = role != "text" && steps(name).is_some_and(|steps| steps.contains(&Step::Items));
            let is_column = |column: &Candidate| column.name == *name && !column.is_nested;
            if !in_lists || candidates.is_empty() || candidates.iter().any(is_column) {
                return Ok(Some(name.clone()));
            }
            "goes through lists, where a row has no one value".to_string()
        };
        let available = candidates.iter().map(|candidate| candidate.name.clone()).collect();
        Err(Fault::Column { role, column: name.clone(), problem, available })
    };
    let named = |name: &str, fits: fn(&Candidate) -> bool| {
        candidates.iter().find(|candidate| candidate.name == name && fits(candidate)).map(|found| found.name.clone())
    };
    let source = asked("source", &options.source_column, |column| column.is_label)?;
    let id = match asked("id", &options.id_column, |column| column.is_label)? {
        Some(id) => Some(id),
        None => named("id", |column| column.is_label).filter(|id| Some(id) != options.text_column.as_ref()),
    };
    let text = match asked("text", &options.text_column, |column| column.is_text)? {
        Some(text) => Some(text),
        None => {
            named("text", |column| column.is_text).or_else(|| named("content", |column| column.is_text)).or_else(|| {
                let mut strings = candidates.iter().filter(|column| {
                    column.is_string
                        && !column.is_nested
                        && Some(&column.name) != id.as_ref()
                        && Some(&column.name) != source.as_ref()
                });
                match (strings.next(), strings.next()) {
                    (Some(only), None) => Some(only.name.clone()),
                    _ => CHATS.iter().find_map(|path| named(path, |column| column.is_string)),
                }
            })
        }
    };
    Ok(Columns { text, id, source })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, kind: &str) -> Candidate {
        let is_string = kind == "string";
        let is_text = is_string || kind == "binary";
        let is_nested = name.contains(['.', '[']);
        let is_label = (is_text || kind == "integer") && !name.contains('[');
        Candidate { name: name.into(), is_text, is_label, is_string, is_nested, kind: kind.into() }
    }

    fn choose_of(columns: &[Candidate], options: &ReadOptions) -> Outcome<Columns> {
        let find = |name: &str| columns.iter().find(|column| column.name == name).cloned();
        choose(columns, Some(&find), options)
    }

    fn text_of(columns: &[(&str, &str)]) -> Option<String> {
        let columns: Vec<_> = columns.iter().map(|(name, kind)| column(name, kind)).collect();
        choose_of(&columns, &ReadOptions::default()).unwrap().text
    }

    #[test]
    fn the_text_column() {
        for (columns, text) in [
            (&[("content", "string"), ("text", "string")][..], Some("text")),
            (&[("content", "string"), ("title", "string")], Some("content")),
            (&[("n", "integer"), ("body", "string")], Some("body")),
            (&[("id", "string"), ("body", "string")], Some("body")),
            (&[("title", "string"), ("body", "string")], None),
            (&[("text", "integer"), ("body", "string")], Some("body")),
            (&[("text", "binary"), ("body", "string")], Some("text")),
            (&[("image", "binary")], None),
            (&[("meta.text", "string")], None),
            (&[("messages[].role", "string"), ("messages[].content", "string")], Some("messages[].content")),
            (&[("conversations[].value", "string"), ("messages[].role", "string")], Some("conversations[].value")),
            (&[("conversations[].value", "string"), ("messages[].content", "string")], Some("messages[].content")),
            (&[("messages[].content", "integer")], None),
            (&[("messages.content", "string"), ("messages[].content[]", "string")], None),
            (&[("messages[].content", "string"), ("id", "string")], Some("messages[].content")),
            (&[("messages[].content", "string"), ("body", "string")], Some("body")),
            (&[("messages[].content", "string"), ("a", "string"), ("b", "string")], Some("messages[].content")),
        ] {
            assert_eq!(text_of(columns).as_deref(), text, "{columns:?}");
        }
    }

    #[test]
    fn an_asked_column_must_fit() {
        let columns = [column("text", "integer"), column("body", "string"), column("m[].id", "string")];
        let ask =
            |name: &str| choose_of(&columns, &ReadOptions { text_column: Some(name.into()), ..ReadOptions::default() });
        assert_eq!(ask("body").unwrap().text.as_deref(), Some("body"));
        assert_eq!(ask("m[].id").unwrap().text.as_deref(), Some("m[].id"));
        assert!(matches!(ask("text"), Err(Fault::Column { problem, .. }) if problem == "holds integer"));
        assert!(matches!(ask("nix"), Err(Fault::Column { available, .. }) if available == ["text", "body", "m[].id"]));
    }

    #[test]
    fn a_label_is_one_a_row() {
        let columns = [column("body", "string"), column("m[].id", "string"), column("meta.id", "integer")];
        let ask = |name: &str, columns: &[Candidate], strict: bool| {
            let options = ReadOptions { id_column: Some(name.into()), ..ReadOptions::default() };
            if strict { choose_of(columns, &options) } else { choose(columns, None, &options) }
        };
        assert_eq!(ask("meta.id", &columns, true).unwrap().id.as_deref(), Some("meta.id"));
        assert!(ask("m[].id", &columns, true).is_err());
        // Without a schema.
        let refused = ask("m[].id", &columns, false);
        assert!(matches!(refused, Err(Fault::Column { problem, .. }) if problem.starts_with("goes through lists")));
        assert_eq!(ask("nix.id", &columns, false).unwrap().id.as_deref(), Some("nix.id"));
        let odd = Candidate { is_nested: false, ..column("m[].id", "string") };
        assert_eq!(ask("m[].id", &[odd], false).unwrap().id.as_deref(), Some("m[].id"));
    }
}
