//! Where matches go, and the memory that a thread keeps between texts.

use super::kernel::{BLOCK, ByteMaps, Positions};

/// A block of matches, as columns of equal length. Match `i` is pattern `patterns()[i]` at
/// `starts()[i]..ends()[i]`, in bytes of the text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    patterns: Vec<u32>,
    starts: Vec<u32>,
    ends: Vec<u32>,
}

impl Found {
    /// The engine hands over its matches when it has this many (192 KiB), and at the end of the text.
    pub const BLOCK: usize = 16 * 1024;

    /// Number of matches.
    pub fn len(&self) -> usize {
        self.patterns.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// Index of the pattern in the list that was compiled.
    pub fn patterns(&self) -> &[u32] {
        &self.patterns
    }

    /// First byte of the match.
    pub fn starts(&self) -> &[u32] {
        &self.starts
    }

    /// Byte behind the match.
    pub fn ends(&self) -> &[u32] {
        &self.ends
    }

    /// The matches as `(pattern, start, end)`.
    pub fn iter(&self) -> impl Iterator<Item = (u32, u32, u32)> + '_ {
        self.patterns.iter().zip(&self.starts).zip(&self.ends).map(|((&pattern, &start), &end)| (pattern, start, end))
    }

    pub(crate) fn clear(&mut self) {
        self.patterns.clear();
        self.starts.clear();
        self.ends.clear();
    }

    #[inline(always)]
    fn push(&mut self, pattern: u32, start: u32, end: u32) {
        self.patterns.push(pattern);
        self.starts.push(start);
        self.ends.push(end);
    }
}

/// Collects matches and hands them over block by block.
pub(crate) struct Output<'s> {
    found: &'s mut Found,
    sink: &'s mut dyn FnMut(&Found),
}

impl<'s> Output<'s> {
    pub(crate) fn new(found: &'s mut Found, sink: &'s mut dyn FnMut(&Found)) -> Self {
        found.clear();
        Self { found, sink }
    }

    #[inline(always)]
    pub(crate) fn push(&mut self, pattern: u32, start: usize, end: usize) {
        self.found.push(pattern, start as u32, end as u32);
        if self.found.len() == Found::BLOCK {
            self.flush();
        }
    }

    /// Hands over what there is.
    #[cold]
    pub(crate) fn flush(&mut self) {
        if !self.found.is_empty() {
            (self.sink)(self.found);
            self.found.clear();
        }
    }
}

/// Positions that passed the screen, with their table keys.
#[derive(Debug)]
pub(crate) struct Candidates {
    /// Positions in the block.
    pub(crate) positions: Box<[u16; Self::ROOM]>,
    pub(crate) keys: Box<[u32; Self::ROOM]>,
    pub(crate) length: usize,
}

impl Candidates {
    /// Every position of a block, and a vector behind them.
    pub(crate) const ROOM: usize = BLOCK + 64;

    /// Writes a candidate, and keeps it if it passed: no branch, for it would be foreseen badly.
    #[inline(always)]
    pub(crate) fn push_if(&mut self, passed: bool, position: u16, key: u32) {
        self.positions[self.length] = position;
        self.keys[self.length] = key;
        self.length += usize::from(passed);
    }
}

impl Default for Candidates {
    fn default() -> Self {
        Self { positions: Box::new([0; Self::ROOM]), keys: Box::new([0; Self::ROOM]), length: 0 }
    }
}

/// A candidate with entries to compare.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lookup {
    /// Position in the view.
    pub(crate) position: u32,
    /// Entries `from..to`.
    pub(crate) from: u32,
    pub(crate) to: u32,
    /// What an entry's class and tag must be.
    pub(crate) class: u8,
    pub(crate) tag: u8,
}

/// Memory that a thread keeps between texts: about 400 KiB, independent of text and library.
#[derive(Debug, Default)]
pub struct Scratch {
    pub(crate) maps: ByteMaps,
    /// Positions of windows of the route's first class, and of long windows.
    pub(crate) positions: [Positions; 2],
    pub(crate) candidates: Candidates,
    pub(crate) lookups: Vec<Lookup>,
    /// Padded copy of a part of the text: folded, or its end.
    pub(crate) stage: Vec<u8>,
    pub(crate) found: Found,
}
