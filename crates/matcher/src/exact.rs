//! Profile `exact`: the very bytes of the keywords.

use normalize::{Class, tables};

use crate::file::{FileError, Reader, Writer};
use crate::gram::{self, Gram};
use crate::matcher::{Found, Matcher, Route, Scratch};
use crate::spec::{Level, LibraryError};

/// Keywords as they are.
pub(crate) struct Exact {
    gram: Gram,
    word_boundary: bool,
}

impl Exact {
    /// Texts are distinct and not empty; the position of one is its pattern.
    pub(crate) fn new(texts: &[String], word_boundary: bool) -> Result<Self, LibraryError> {
        let options = gram::Options { whole_words: word_boundary, ..gram::Options::default() };
        let gram =
            Gram::compile(texts, &options).map_err(|error| LibraryError::Engine { detail: error.to_string() })?;
        Ok(Self { gram, word_boundary })
    }

    /// Reads what is stored for so many patterns.
    pub(crate) fn restore(patterns: usize, word_boundary: bool, file: &mut Reader) -> Result<Self, FileError> {
        let stored = file.take::<u8>("exact.gram")?;
        let gram =
            Gram::from_bytes(&stored).map_err(|error| stored.refuse(0, "the gram engine", error, "build it again"))?;
        if gram.patterns() != patterns {
            return Err(stored.refuse(0, "number of patterns", gram.patterns(), format!("it must be {patterns}")));
        }
        // A match of whole characters has edges that text can be cut at.
        if let Some(pattern) = gram.first_broken_pattern() {
            return Err(stored.refuse(0, "a pattern that is not UTF-8", pattern, "patterns are text"));
        }
        Ok(Self { gram, word_boundary })
    }
}

impl Matcher for Exact {
    fn find_all(&self, text: &str, scratch: &mut Scratch, out: &mut Vec<Found>) {
        self.gram.find_all(text.as_bytes(), &mut scratch.gram, &mut |found| {
            let bounded = found
                .iter()
                .filter(|&(_, start, end)| !self.word_boundary || is_bounded(text, start as usize, end as usize));
            out.extend(bounded.map(|(pattern, start, end)| Found { start, end, pattern, level: Level::Plain }));
        });
    }

    fn routes(&self) -> Vec<Route> {
        let stats = self.gram.stats();
        let routes = stats.routes.into_iter();
        routes.map(|route| Route { name: route.name, kernel: stats.kernel, patterns: route.patterns }).collect()
    }

    fn store(&self, out: &mut Writer) {
        out.put("exact.gram", &self.gram.to_bytes());
    }

    fn heap_bytes(&self) -> usize {
        self.gram.stats().table_bytes
    }
}

/// Whether `start..end` stands as a word: an edge that is a letter of an alphabetic script does not touch another such
/// letter or a mark on it, an edge that is a digit does not touch a digit.
fn is_bounded(text: &str, start: usize, end: usize) -> bool {
    let class = |c: Option<char>| c.map(|c| tables().info(c).class());
    let touches = |edge: Option<Class>, neighbour: Option<Class>| match edge {
        Some(Class::Letter | Class::Mark) => matches!(neighbour, Some(Class::Letter | Class::Mark)),
        Some(Class::Digit) => neighbour == Some(Class::Digit),
        _ => false,
    };
    let inside = &text[start..end];
    !touches(class(inside.chars().next()), class(text[..start].chars().next_back()))
        && !touches(class(inside.chars().next_back()), class(text[end..].chars().next()))
}

#[cfg(test)]
mod tests {
    use super::is_bounded;

    #[test]
    fn edges_must_not_touch_their_own_class() {
        for (text, word, bounded) in [
            ("class", "ass", false),
            ("an ass!", "ass", true),
            ("ass_1", "ass", true),
            ("ass2", "ass", true),
            ("中ass文", "ass", true),
            ("élan", "lan", false),
            ("пассат", "пас", false),
            ("在1024里", "1024", true),
            ("x10245", "1024", false),
            ("走私犯", "走私", true),
            ("ａss", "ss", false),
            ("ass\u{0301}", "ass", false),
        ] {
            let start = text.find(word).expect("the word is in the text");
            assert_eq!(is_bounded(text, start, start + word.len()), bounded, "{word} in {text}");
        }
    }
}
