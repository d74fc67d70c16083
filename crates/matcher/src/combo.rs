//! Combinations of keywords: `A&B~C` is found where A and B are, and no C is.

use crate::cursor::{Cursor, Position};
use crate::spec::{LibraryError, MatchOptions, Overlap, Scope};

/// Most parts of one expression.
const MAX_PARTS: usize = 32;

/// An expression, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Expression {
    pub(crate) present: Vec<String>,
    pub(crate) absent: Vec<String>,
}

impl Expression {
    /// Takes `A&B~C` apart. White space around parts does not count.
    pub(crate) fn parse(text: &str, entry: usize) -> Result<Self, LibraryError> {
        let error = |detail: String| LibraryError::Combo { entry, detail };
        let (mut present, mut absent) = (Vec::new(), Vec::new());
        let mut rest = text;
        let mut is_absent = false;
        loop {
            let end = rest.find(['&', '~']).unwrap_or(rest.len());
            let part = rest[..end].trim();
            if part.is_empty() {
                return Err(error(format!("a part of {text:?} is empty")));
            }
            let parts = if is_absent { &mut absent } else { &mut present };
            parts.push(part.to_owned());
            let Some(operator) = rest[end..].chars().next() else { break };
            is_absent = operator == '~';
            rest = &rest[end + 1..];
        }
        let count = present.len() + absent.len();
        if count > MAX_PARTS {
            return Err(error(format!("it has {count} parts; the limit is {MAX_PARTS}")));
        }
        Ok(Self { present, absent })
    }
}

/// A part of a combination at a place of the text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Part {
    /// Its number among the parts that must be present, or [`Part::ABSENT`].
    pub(crate) number: u32,
    pub(crate) start: Cursor,
    pub(crate) end: Cursor,
}

impl Part {
    /// A part that must not be there.
    pub(crate) const ABSENT: u32 = u32::MAX;
}

/// One combination, watched from left to right: the shortest spans in which all parts stand together.
#[derive(Debug)]
pub(crate) struct Watch {
    /// The last place of each part: together they are the shortest span that ends with the latest.
    latest: Vec<Option<Part>>,
    /// Spans that a forbidden part may still undo.
    found: Vec<(Position, Position)>,
    last: Option<(Position, Position)>,
    can_be_undone: bool,
    is_undone: bool,
    sentence: u64,
}

/// What a combination is made of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    /// Parts that must be present.
    pub(crate) present: u32,
    /// Whether there are parts that must not.
    pub(crate) has_absent: bool,
}

impl Watch {
    pub(crate) fn new(shape: Shape) -> Self {
        Self {
            latest: vec![None; shape.present as usize],
            found: Vec::new(),
            last: None,
            can_be_undone: shape.has_absent,
            is_undone: false,
            sentence: 0,
        }
    }

    /// Takes the next part in text order. What is certain goes to `out`.
    pub(crate) fn see(&mut self, part: Part, options: &MatchOptions, out: &mut Vec<(Position, Position)>) {
        if options.scope == Scope::Sentence && part.start.sentence != self.sentence {
            self.end(out);
            self.sentence = part.start.sentence;
        }
        if part.number == Part::ABSENT {
            self.is_undone = true;
            self.found.clear();
        }
        if self.is_undone {
            return;
        }
        self.latest[part.number as usize] = Some(part);
        let Some(mut chosen) = self.latest.iter().copied().collect::<Option<Vec<Part>>>() else { return };
        chosen.sort_unstable_by_key(|part| (part.start.position, part.end.position));
        let near = |pair: &[Part]| {
            let gap = pair[1].start.position.codepoints.saturating_sub(pair[0].end.position.codepoints);
            options.within.is_none_or(|most| gap <= u64::from(most))
        };
        if !chosen.windows(2).all(near) {
            return;
        }
        let start = chosen[0].start.position;
        let end = chosen.iter().map(|part| part.end.position).max().unwrap_or(start);
        let is_free = match (self.last, options.overlap) {
            (None, _) => true,
            (Some(last), Overlap::LeftmostLongest) => start >= last.1,
            // A longer span around one that was found says nothing new.
            (Some(last), Overlap::All) => start > last.0,
        };
        if is_free {
            self.last = Some((start, end));
            let found = if self.can_be_undone { &mut self.found } else { out };
            found.push((start, end));
        }
    }

    /// Ends the text or the sentence: what was found and not undone goes to `out`.
    pub(crate) fn end(&mut self, out: &mut Vec<(Position, Position)>) {
        out.append(&mut self.found);
        self.last = None;
        self.latest.fill(None);
        self.is_undone = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cursor::places;

    #[test]
    fn expressions_are_taken_apart() {
        let parse = |text: &str| Expression::parse(text, 3).map(|found| (found.present, found.absent));
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        assert_eq!(parse("a & b~c").expect("is one"), (words(&["a", "b"]), words(&["c"])));
        assert_eq!(parse("a~b&c").expect("is one"), (words(&["a", "c"]), words(&["b"])));
        assert_eq!(parse("a").expect("is one"), (words(&["a"]), words(&[])));
        for (text, message) in [
            ("a&", "entry 3 is no combination: a part of \"a&\" is empty"),
            ("&a", "entry 3 is no combination: a part of \"&a\" is empty"),
            ("a&&b", "entry 3 is no combination: a part of \"a&&b\" is empty"),
            ("~", "entry 3 is no combination: a part of \"~\" is empty"),
        ] {
            assert_eq!(parse(text).expect_err("is refused").to_string(), message);
        }
    }

    /// Spans of the words, numbered in their order, as byte offsets; `zz` must be absent.
    fn spans(text: &str, words: &[&str], options: &MatchOptions) -> Vec<(u64, u64)> {
        let mut places_of: Vec<(u32, u32)> = words
            .iter()
            .chain(&["zz"])
            .zip(0..)
            .flat_map(|(word, part)| text.match_indices(word).map(move |(at, _)| (at as u32, part)))
            .collect();
        places_of.sort_unstable();
        let mut watch = Watch::new(Shape { present: words.len() as u32, has_absent: true });
        let mut found = Vec::new();
        for (at, part) in places_of {
            let at = places(text, Cursor::default(), &[at, at + 2]);
            let part = if part as usize == words.len() { Part::ABSENT } else { part };
            watch.see(Part { number: part, start: at[0], end: at[1] }, options, &mut found);
        }
        watch.end(&mut found);
        found.iter().map(|(start, end)| (start.bytes, end.bytes)).collect()
    }

    #[test]
    fn spans_are_the_shortest() {
        let text = "aa bb aa cc. bb aa";
        let options = |within, scope, overlap| MatchOptions { overlap, within, scope, ..MatchOptions::default() };
        let all = |within, scope| options(within, scope, Overlap::All);
        assert_eq!(spans(text, &["aa", "bb"], &all(None, Scope::Text)), [(0, 5), (3, 8), (6, 15), (13, 18)]);
        assert_eq!(spans(text, &["aa", "bb"], &all(Some(1), Scope::Text)), [(0, 5), (3, 8), (13, 18)]);
        assert_eq!(spans(text, &["aa", "bb"], &all(None, Scope::Sentence)), [(0, 5), (3, 8), (13, 18)]);
        assert_eq!(spans(text, &["aa", "bb"], &all(Some(0), Scope::Text)), []);
        assert_eq!(spans(text, &["aa", "bb", "cc"], &all(None, Scope::Text)), [(3, 11), (6, 15), (9, 18)]);
        assert_eq!(spans(text, &["aa", "bb", "cc"], &all(None, Scope::Sentence)), [(3, 11)]);
        let first = options(None, Scope::Text, Overlap::LeftmostLongest);
        assert_eq!(spans(text, &["aa", "bb"], &first), [(0, 5), (6, 15)]);
    }

    #[test]
    fn a_forbidden_part_undoes_its_scope() {
        let options = |scope| MatchOptions { scope, ..MatchOptions::default() };
        for (text, in_text, in_sentence) in [
            ("aa bb zz", vec![], vec![]),
            ("zz aa bb", vec![], vec![]),
            ("aa bb. zz. aa bb", vec![], vec![(0, 5), (11, 16)]),
            ("aa bb zz. aa bb", vec![], vec![(10, 15)]),
        ] {
            assert_eq!(spans(text, &["aa", "bb"], &options(Scope::Text)), in_text, "{text}");
            assert_eq!(spans(text, &["aa", "bb"], &options(Scope::Sentence)), in_sentence, "{text}");
        }
    }
}
