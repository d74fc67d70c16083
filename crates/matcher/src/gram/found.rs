//! Where matches go, and the memory that a thread keeps between texts.

use super::kernel::{BLOCK, ByteMaps, Positions};
use super::keys::Class;

/// A block of matches, as columns of equal length. Match `i` is pattern `patterns()[i]` at
/// `starts()[i]..ends()[i]`, in bytes of the text.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// Columns, of which the first `length` items are matches: the rest is room.
    patterns: Vec<u32>,
    starts: Vec<u32>,
    ends: Vec<u32>,
    length: usize,
}

impl Found {
    /// The engine hands over its matches when it has this many (192 KiB), and at the end of the text.
    pub const BLOCK: usize = 16 * 1024;

    /// Number of matches.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Index of the pattern in the list that was compiled.
    pub fn patterns(&self) -> &[u32] {
        &self.patterns[..self.length]
    }

    /// First byte of the match.
    pub fn starts(&self) -> &[u32] {
        &self.starts[..self.length]
    }

    /// Byte behind the match.
    pub fn ends(&self) -> &[u32] {
        &self.ends[..self.length]
    }

    /// The matches as `(pattern, start, end)`.
    pub fn iter(&self) -> impl Iterator<Item = (u32, u32, u32)> + '_ {
        let columns = self.patterns().iter().zip(self.starts()).zip(self.ends());
        columns.map(|((&pattern, &start), &end)| (pattern, start, end))
    }
}

/// Collects matches and hands them over block by block.
pub(crate) struct Output<'s> {
    found: &'s mut Found,
    sink: &'s mut dyn FnMut(&Found),
}

impl<'s> Output<'s> {
    pub(crate) fn new(found: &'s mut Found, sink: &'s mut dyn FnMut(&Found)) -> Self {
        for column in [&mut found.patterns, &mut found.starts, &mut found.ends] {
            column.resize(Found::BLOCK, 0);
        }
        found.length = 0;
        Self { found, sink }
    }

    /// Writes a match, and keeps it if it passed: no branch, for it would be foreseen badly.
    #[inline(always)]
    pub(crate) fn push_if(&mut self, passed: bool, pattern: u32, start: u32, end: u32) {
        let Found { patterns, starts, ends, length } = &mut *self.found;
        let at = *length;
        patterns[at] = pattern;
        starts[at] = start;
        ends[at] = end;
        *length += usize::from(passed);
        if *length == Found::BLOCK {
            self.flush();
        }
    }

    /// Hands over what there is.
    #[cold]
    pub(crate) fn flush(&mut self) {
        if !self.found.is_empty() {
            (self.sink)(self.found);
            self.found.length = 0;
        }
    }
}

/// Positions of a block that passed the screen, with their table keys, class by class.
#[derive(Debug)]
pub(crate) struct Candidates {
    /// Positions in the block.
    pub(crate) positions: Box<[u16]>,
    pub(crate) keys: Box<[u32]>,
    pub(crate) length: usize,
}

impl Candidates {
    /// A block may have this many candidates, half of one for each byte. Text that has more (anchors of many patterns,
    /// repeated) is given to the automaton, so that the time for a block has a bound.
    pub(crate) const LIMIT: usize = BLOCK / 2;

    /// Each class is screened as long as the limit is not passed; it may add every position, and a vector behind them.
    const ROOM: usize = Self::LIMIT + BLOCK + 64;

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
        let (positions, keys) = (vec![0; Self::ROOM], vec![0; Self::ROOM]);
        Self { positions: positions.into_boxed_slice(), keys: keys.into_boxed_slice(), length: 0 }
    }
}

/// An entry whose pattern may stand around a position.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Lookup {
    /// Position in the view.
    pub(crate) position: u32,
    pub(crate) entry: u32,
    /// What the entry's class and tag must be.
    pub(crate) mark: u16,
}

/// The entries to be compared for a block.
#[derive(Debug)]
pub(crate) struct Lookups {
    pub(crate) list: Box<[Lookup]>,
    pub(crate) length: usize,
}

impl Lookups {
    /// Keys of more than two entries may lead to this many; for more, the block is given to the automaton.
    pub(crate) const ENTRY_LIMIT: usize = BLOCK / 2;

    /// Bytes that may be compared for a block between the ends of long patterns; for more, these patterns are given to the
    /// automaton. Ordinary text needs no more than it has bytes.
    pub(crate) const BYTE_LIMIT: usize = 16 * BLOCK;
}

impl Default for Lookups {
    fn default() -> Self {
        // Two entries for every candidate, two spare ones, and what the limit allows.
        let room = 2 * Candidates::LIMIT + 2 + Self::ENTRY_LIMIT;
        Self { list: vec![Lookup::default(); room].into_boxed_slice(), length: 0 }
    }
}

/// A block on its way through the table.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    /// The block in its view.
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) candidates: Candidates,
    /// Where the candidates of each class end.
    pub(crate) classes: Vec<(Class, usize)>,
    pub(crate) lookups: Lookups,
    /// Whether the block is too much work, and for the automaton.
    pub(crate) is_hostile: bool,
}

/// What searches took, in steps and not in time: none of these is more than a constant for each byte of text, whatever
/// the patterns and the text are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Work {
    /// Positions whose window is in the table, or seems to be.
    pub candidates: u64,
    /// Patterns of which the first and the last eight bytes were compared.
    pub patterns: u64,
    /// Bytes between these that were compared, at most.
    pub bytes: u64,
    /// Bytes that the automaton read.
    pub automaton_bytes: u64,
}

/// Memory that a thread keeps between texts: about half a megabyte, independent of text and library.
#[derive(Debug, Default)]
pub struct Scratch {
    pub(crate) maps: ByteMaps,
    /// Positions that passed a sieve: of windows, of quads.
    pub(crate) listed: [Positions; 2],
    /// Positions of windows of the route's first class, and of long windows.
    pub(crate) positions: [Positions; 2],
    /// Blocks in work: while one is filtered, the memory that the two before it need is fetched.
    pub(crate) batches: [Batch; 3],
    /// Padded copy of a part of the text: folded, or its end.
    pub(crate) stage: Vec<u8>,
    pub(crate) found: Found,
    pub(crate) work: Work,
}

impl Scratch {
    /// What all searches with this memory took.
    pub fn work(&self) -> Work {
        self.work
    }
}
