//! What says in which parts of a text which rules may match, for many rules in one pass.
//!
//! A prefilter is compiled from [supersets](crate::superset) of rules and reports where their matches end. How long a
//! match of the rule itself can be gives the part of the text in which it lies.

pub(crate) mod automaton;
pub(crate) mod library;

use regex_syntax::hir::Hir;

use crate::window::Candidates;

/// Longest match, in bytes, for which a part is kept around each end. A longer one would be most of the text.
const WINDOW_BYTES: usize = 1_024;

/// A rule that a prefilter looks for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sought {
    /// Index in the set.
    pub(crate) rule: u32,
    /// Bytes of the longest match, where that is known and not too long.
    longest: Option<usize>,
}

impl Sought {
    pub(crate) fn new(rule: u32, hir: &Hir) -> Self {
        Self { rule, longest: hir.properties().maximum_len().filter(|&bytes| bytes <= WINDOW_BYTES) }
    }

    /// Whether one end tells as much as all of them: the rule may match anywhere.
    fn needs_one_end(self) -> bool {
        self.longest.is_none()
    }

    /// Notes that a match of the superset ends at `end`.
    fn note(self, end: usize, text: &str, candidates: &mut Candidates) {
        let part = match self.longest {
            Some(longest) => character_start(text, end.saturating_sub(longest))..end,
            None => 0..text.len(),
        };
        candidates.add(self.rule, part);
    }
}

/// Notes that rules may match anywhere, for a prefilter that could not look.
pub(crate) fn note_anywhere(rules: impl IntoIterator<Item = u32>, text: &str, candidates: &mut Candidates) {
    for rule in rules {
        candidates.add(rule, 0..text.len());
    }
}

/// Start of the character that the byte at `at` is part of.
fn character_start(text: &str, at: usize) -> usize {
    (0..=at).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}
