//! The parts of a text in which matches of one rule can lie.

use std::ops::Range;

/// Parts of a text, ascending and apart from each other, such that each match of the rule lies within one.
///
/// Larger parts are always right too: they only cost time. So a part may be widened or joined with its neighbour
/// whenever that is simpler, and a text with very many candidates ends as a few large parts.
#[derive(Debug, Default)]
struct Windows {
    parts: Vec<Range<usize>>,
}

/// More parts than this are joined: it bounds the memory, and near parts are searched faster as one.
const MOST_PARTS: usize = 64;

impl Windows {
    /// Adds a part. Parts come mostly in ascending order; one that comes late joins all behind it.
    fn add(&mut self, part: Range<usize>) {
        let Range { mut start, mut end } = part;
        while let Some(last) = self.parts.last()
            && (last.end >= start || self.parts.len() >= MOST_PARTS)
        {
            start = start.min(last.start);
            end = end.max(last.end);
            self.parts.pop();
        }
        self.parts.push(start..end);
    }
}

/// For each rule of a set, the windows of one text.
#[derive(Debug)]
pub(crate) struct Candidates {
    windows: Vec<Windows>,
    /// Rules that have windows, each once.
    rules: Vec<u32>,
}

impl Candidates {
    pub(crate) fn new(rules: usize) -> Self {
        Self { windows: (0..rules).map(|_| Windows::default()).collect(), rules: Vec::new() }
    }

    /// A match of the rule may lie in this part.
    pub(crate) fn add(&mut self, rule: u32, part: Range<usize>) {
        let windows = &mut self.windows[rule as usize];
        if windows.parts.is_empty() {
            self.rules.push(rule);
        }
        windows.add(part);
    }

    /// Forgets the text and keeps the memory.
    pub(crate) fn clear(&mut self) {
        for rule in self.rules.drain(..) {
            self.windows[rule as usize].parts.clear();
        }
    }

    /// Rules that may match.
    pub(crate) fn rules(&self) -> &[u32] {
        &self.rules
    }

    /// Windows of one rule, ascending.
    pub(crate) fn windows(&self, rule: u32) -> &[Range<usize>] {
        &self.windows[rule as usize].parts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn windows(parts: &[Range<usize>]) -> Vec<Range<usize>> {
        let mut windows = Windows::default();
        for part in parts {
            windows.add(part.clone());
        }
        windows.parts
    }

    #[test]
    fn parts_that_meet_are_joined() {
        assert_eq!(windows(&[0..3, 5..6, 6..8]), [0..3, 5..8]);
        assert_eq!(windows(&[0..3, 2..8, 9..10]), [0..8, 9..10]);
    }

    #[test]
    fn late_parts_join_what_lies_behind_them() {
        assert_eq!(windows(&[0..1, 10..12, 20..21, 4..5]), [0..1, 4..21]);
        assert_eq!(windows(&[0..2, 5..6, 3..9]), [0..2, 3..9]);
    }

    #[test]
    fn many_parts_become_few() {
        let parts: Vec<_> = (0..1000).map(|at| at * 10..at * 10 + 3).collect();
        let windows = windows(&parts);
        assert!(windows.len() <= MOST_PARTS, "{}", windows.len());
        assert!(windows.is_sorted_by(|a, b| a.end < b.start));
        for part in parts {
            assert!(windows.iter().any(|window| window.start <= part.start && part.end <= window.end), "{part:?}");
        }
    }
}
