//! A double-array Aho-Corasick automaton over characters (the `daachorse` crate): linear in any text, and the fastest
//! portable automaton for Chinese.

use daachorse::{CharwiseDoubleArrayAhoCorasick, CharwiseDoubleArrayAhoCorasickBuilder, MatchKind};

use crate::{LibraryError, Matcher};

pub(crate) struct DaacMatcher {
    automaton: CharwiseDoubleArrayAhoCorasick<u32>,
}

impl DaacMatcher {
    /// Compiles distinct, non-empty patterns; the value of a pattern is its index.
    pub(crate) fn new(patterns: &[String]) -> Result<Self, LibraryError> {
        let numbered = patterns.iter().zip(0_u32..);
        let automaton = CharwiseDoubleArrayAhoCorasickBuilder::new()
            .match_kind(MatchKind::Standard)
            .build_with_values(numbered)
            .map_err(|error| LibraryError::Engine { detail: error.to_string() })?;
        Ok(Self { automaton })
    }
}

impl Matcher for DaacMatcher {
    fn name(&self) -> &'static str {
        "daachorse"
    }

    fn find_all(&self, folded: &str, on_match: &mut dyn FnMut(u32, usize, usize)) {
        for found in self.automaton.find_overlapping_iter(folded) {
            on_match(found.value(), found.start(), found.end());
        }
    }

    fn heap_bytes(&self) -> usize {
        self.automaton.heap_bytes()
    }
}
