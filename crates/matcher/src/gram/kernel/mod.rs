//! The part that differs from CPU to CPU: which positions of a block are worth a look.
//!
//! A kernel reads 4 KiB of text at a time and writes the positions where a window of the library may begin. It may
//! write strangers (the filters are Bloom filters), and two kernels may write different ones; it never omits a window.
//! What follows ([`verify`](super::verify)) is the same code for all.
//!
//! `unsafe` stands only in this folder. Its whole argument: a [`Block`] has [`PAD`] readable bytes behind its last
//! position, and an index into a [`Filter`] is a hash shifted to the filter's size.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod portable;

use super::found::{Candidates, Scratch};
use super::keys::Class;
use super::table::{Filter, Table};

/// Bytes of text that are filtered, then verified, while they are in the first-level cache.
pub(crate) const BLOCK: usize = 8192;

/// Words of 64 positions in a block.
pub(crate) const WORDS: usize = BLOCK / 64;

/// Bytes that can be read behind the last position of a block. The farthest read is that of the byte maps: two words
/// behind the last one.
pub(crate) const PAD: usize = 256;

/// A piece of text whose positions are looked at: `start..end` of `bytes`, at most [`BLOCK`] of them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Block<'v> {
    bytes: &'v [u8],
    start: usize,
    end: usize,
}

impl<'v> Block<'v> {
    /// # Panics
    ///
    /// When the block is longer than [`BLOCK`], or `bytes` ends less than [`PAD`] bytes behind it: kernels read there.
    pub(crate) fn new(bytes: &'v [u8], start: usize, end: usize) -> Self {
        assert!(start <= end && end - start <= BLOCK && end + PAD <= bytes.len(), "a block needs its padding");
        Self { bytes, start, end }
    }

    pub(crate) fn bytes(&self) -> &'v [u8] {
        self.bytes
    }

    pub(crate) fn start(&self) -> usize {
        self.start
    }

    pub(crate) fn end(&self) -> usize {
        self.end
    }

    fn len(&self) -> usize {
        self.end - self.start
    }

    /// The last position; 0 in an empty block.
    #[cfg_attr(not(target_arch = "x86_64"), allow(dead_code, reason = "for vector kernels"))]
    fn last(&self) -> u16 {
        self.len().saturating_sub(1) as u16
    }

    /// Words of 64 positions, the last perhaps not full.
    fn words(&self) -> usize {
        self.len().div_ceil(64)
    }

    /// The positions of word `word` that belong to the block.
    #[inline(always)]
    fn positions_of(&self, word: usize) -> u64 {
        let left = self.len().saturating_sub(word * 64);
        if left >= 64 { !0 } else { (1 << left) - 1 }
    }

    /// The byte before the block; a text begins as if behind a space.
    fn byte_before(&self) -> u8 {
        if self.start == 0 { b' ' } else { self.bytes[self.start - 1] }
    }
}

/// What kind each byte of a block is, one bit a byte, and the same for two words behind the block.
#[derive(Debug)]
pub(crate) struct ByteMaps {
    /// Below 0x80.
    ascii: [u64; WORDS + 2],
    /// Starts of characters of several bytes: from 0xC0, also for bytes that no valid text has. Those of the block only;
    /// zeros behind it.
    leads: [u64; WORDS + 2],
    /// ASCII letters; filled only when the library has whole words.
    pub(crate) letters: [u64; WORDS + 2],
}

impl Default for ByteMaps {
    fn default() -> Self {
        Self { ascii: [0; WORDS + 2], leads: [0; WORDS + 2], letters: [0; WORDS + 2] }
    }
}

/// The 64 bits that begin at bit `at` of a map. Needs one word behind that of `at`.
#[inline(always)]
pub(crate) fn bits_from(map: &[u64; WORDS + 2], at: usize) -> u64 {
    let (word, bit) = (at / 64 % (WORDS + 1), at % 64);
    map[word] >> bit | map[word + 1] << 1 << (63 - bit)
}

/// Bits of `now` where a run of at least `LENGTH` (4 or 6) set bits begins; runs go on in `next`.
#[inline(always)]
fn runs<const LENGTH: u32>(now: u64, next: u64) -> u64 {
    let mut map = u128::from(now) | u128::from(next) << 64;
    map &= map >> 1;
    map &= map >> 2;
    if LENGTH == 6 {
        map &= map >> 2;
    }
    map as u64
}

/// Positions of a block, relative to its start, in ascending order.
#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code, reason = "for vector kernels"))]
#[derive(Debug)]
pub(crate) struct Positions {
    list: Box<[u16]>,
    length: usize,
    /// Positions that are not in the list yet: a base, and a bit for each position behind it.
    words: Box<[(u32, u64)]>,
}

impl Default for Positions {
    fn default() -> Self {
        let (list, words) = (vec![0; BLOCK + 64], vec![(0, 0); Self::WORDS]);
        Self { list: list.into_boxed_slice(), length: 0, words: words.into_boxed_slice() }
    }
}

#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code, reason = "for vector kernels"))]
impl Positions {
    /// A turn of a kernel takes sixteen positions, or the last ones of at least 32 bytes.
    const WORDS: usize = BLOCK / 16 + BLOCK / 32;

    fn clear(&mut self) {
        self.length = 0;
    }

    pub(crate) fn as_slice(&self) -> &[u16] {
        &self.list[..self.length]
    }

    /// Appends `position`, and keeps it if `passed`.
    #[inline(always)]
    fn push_if(&mut self, passed: bool, position: u16) {
        self.list[self.length] = position;
        self.length += usize::from(passed);
    }

    #[inline(always)]
    fn push(&mut self, position: usize) {
        self.list[self.length] = position as u16;
        self.length += 1;
    }

    /// Puts aside a word of positions for [`Positions::unpack`], if it has any, and returns how many words there are now.
    /// No branch: whether a word has a bit is foreseen badly.
    #[inline(always)]
    fn put(&mut self, words: usize, base: usize, bits: u64) -> usize {
        self.words[words] = (base as u32, bits);
        words + usize::from(bits != 0)
    }

    /// Lists the positions of the first `words` words.
    #[inline(always)]
    fn unpack(&mut self, words: usize) {
        for word in 0..words {
            let (base, mut bits) = self.words[word];
            let count = bits.count_ones() as usize;
            let mut at = self.length;
            // Four at a time: the number of turns is mostly one, and the branch foreseen.
            while bits != 0 {
                let room: &mut [u16; 4] = self.list[at..at + 4].first_chunk_mut().expect("four were sliced");
                for slot in room {
                    *slot = (base + bits.trailing_zeros()) as u16;
                    bits &= bits.wrapping_sub(1);
                }
                at += 4;
            }
            self.length += count;
        }
    }
}

/// The filter of windows of six and nine bytes.
#[derive(Debug, Clone)]
pub(crate) struct WindowFilter {
    pub(crate) filter: Filter,
    /// Whether there are windows of six bytes, of nine bytes.
    pub(crate) middle: bool,
    pub(crate) long: bool,
    /// Whether windows begin at characters of several bytes. All of these are probed.
    pub(crate) wide: bool,
    /// Where ASCII windows begin, if there are any.
    pub(crate) sieve: Option<Sieve<3>>,
}

/// The filter of ASCII windows of four bytes.
#[derive(Debug, Clone)]
pub(crate) struct QuadFilter {
    pub(crate) filter: Filter,
    pub(crate) sieve: Sieve<2>,
}

/// Which pairs of bytes the ASCII windows have at bytes 0 and 1, 2 and 3, and so on.
///
/// Every byte of ASCII text begins a character, so without a choice every byte would be probed, three times as many as
/// in Chinese. The windows are chosen so that few and rare pairs suffice (`cover`); a position is probed only when all
/// pairs fit. A byte counts with its lower five bits, so that a table has 32 rows of 32 bits and fits two registers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sieve<const PAIRS: usize> {
    /// Row: the first byte of the pair; bit: the second.
    pub(crate) pairs: [[u32; 32]; PAIRS],
    /// The same by [`GROUPS`], which lets a few more pairs pass: for vectors whose shuffles choose among sixteen bytes.
    #[cfg_attr(not(target_arch = "x86_64"), allow(dead_code, reason = "for vector kernels"))]
    groups: [[u16; 16]; PAIRS],
}

impl<const PAIRS: usize> Sieve<PAIRS> {
    pub(crate) const EMPTY: Self = Self { pairs: [[0; 32]; PAIRS], groups: [[0; 16]; PAIRS] };

    /// A sieve of stored pairs.
    pub(crate) fn from_pairs(pairs: [[u32; 32]; PAIRS]) -> Self {
        let mut sieve = Self { pairs, ..Self::EMPTY };
        for (groups, rows) in sieve.groups.iter_mut().zip(&pairs) {
            for (row, bits) in rows.iter().enumerate() {
                for bit in (0..32).filter(|bit| bits >> bit & 1 != 0) {
                    groups[usize::from(GROUPS[row])] |= 1 << GROUPS[bit];
                }
            }
        }
        sieve
    }

    /// Lets a window pass.
    pub(crate) fn insert(&mut self, window: &[u8]) {
        for ((rows, groups), pair) in self.pairs.iter_mut().zip(&mut self.groups).zip(window.as_chunks::<2>().0) {
            let [row, bit] = pair.map(|byte| usize::from(byte & 31));
            rows[row] |= 1 << bit;
            groups[usize::from(GROUPS[row])] |= 1 << GROUPS[bit];
        }
    }
}

/// The group of a byte, by its lower five bits. Frequent letters are alone or with letters beside which they seldom
/// stand: by a search for the groups that let the fewest positions of English text pass the sieves of five English
/// libraries of 1,000 to 100,000 words (1.1 to 1.8 times as many as the pairs themselves let pass).
pub(crate) const GROUPS: [u8; 32] = {
    let members: [&[u8]; 16] = [
        b" ", b"ev", b"o", b"akw", b"t", b"i", b"n", b"s", b"bgh", b"d[", b"c]_", b"jlz", b"r", b"fux", b"pqy", b"m^|",
    ];
    let mut groups = [0; 32];
    let mut group = 0;
    while group < 16 {
        let mut member = 0;
        while member < members[group].len() {
            groups[members[group][member] as usize % 32] = group as u8;
            member += 1;
        }
        group += 1;
    }
    groups
};

/// The filter of whole words.
#[derive(Debug, Clone)]
pub(crate) struct WordFilter {
    pub(crate) filter: Filter,
}

/// Which pairs of bytes begin a short window, by their lower five bits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct PairFilter {
    /// Row: the first byte, which is ASCII; bit: the second byte.
    pub(crate) ascii: [u32; 32],
    /// For a window that begins at a lead byte. Row: the second byte; bit: the third.
    pub(crate) wide: [u32; 32],
}

impl PairFilter {
    pub(crate) fn has_ascii(&self) -> bool {
        self.ascii.iter().any(|row| *row != 0)
    }

    pub(crate) fn has_wide(&self) -> bool {
        self.wide.iter().any(|row| *row != 0)
    }
}

/// A set of CPU instructions that the engine has code for. One that this CPU does not have cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kernel(Kind);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    Portable,
}

/// Calls the kernel's function of this name.
macro_rules! dispatch {
    ($kernel:expr, $function:ident($($argument:expr),*)) => {
        match $kernel.0 {
            // SAFETY: a `Kernel` of these kinds is made only by `available`, on a CPU that has the instructions.
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 => unsafe { avx512::$function($($argument),*) },
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => unsafe { avx2::$function($($argument),*) },
            Kind::Portable => portable::$function($($argument),*),
        }
    };
}

impl Kernel {
    /// The kernels that this CPU can run, the fastest first. The last is always the portable one.
    pub fn available() -> Vec<Self> {
        let mut kernels = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            if avx512::is_supported() {
                kernels.push(Self(Kind::Avx512));
            }
            if avx2::is_supported() {
                kernels.push(Self(Kind::Avx2));
            }
        }
        kernels.push(Self(Kind::Portable));
        kernels
    }

    /// The fastest kernel that this CPU can run.
    pub fn best() -> Self {
        Self::available()[0]
    }

    /// Its name, as it stands in reports: `avx512`, `avx2` or `portable`.
    pub fn name(self) -> &'static str {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 => "avx512",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => "avx2",
            Kind::Portable => "portable",
        }
    }

    /// Fills the maps of a block, `letters` only if asked for.
    pub(crate) fn map_bytes(self, block: &Block, letters: bool, maps: &mut ByteMaps) {
        dispatch!(self, map_bytes(block, letters, maps));
    }

    /// Lists the ASCII positions that pass the sieve of windows, and those that pass that of quads, in `scratch.listed`.
    pub(crate) fn sieve(
        self,
        windows: Option<&Sieve<3>>,
        quads: Option<&Sieve<2>>,
        block: &Block,
        scratch: &mut Scratch,
    ) {
        let Scratch { maps, listed, .. } = scratch;
        listed.iter_mut().for_each(Positions::clear);
        dispatch!(self, sieve(windows, quads, block, maps, listed));
    }

    /// Finds the positions of [`WindowFilter`] windows: those of six bytes, and the long ones.
    pub(crate) fn windows(self, filter: &WindowFilter, block: &Block, scratch: &mut Scratch) {
        let Scratch { maps, listed: [listed, _], positions, .. } = scratch;
        positions.iter_mut().for_each(Positions::clear);
        if filter.wide {
            dispatch!(self, wide_windows(filter, block, maps, positions));
        }
        dispatch!(self, ascii_windows(filter, block, listed.as_slice(), positions));
    }

    /// Finds the positions of [`QuadFilter`] windows.
    pub(crate) fn quads(self, filter: &QuadFilter, block: &Block, scratch: &mut Scratch) {
        let Scratch { listed: [_, listed], positions, .. } = scratch;
        positions.iter_mut().for_each(Positions::clear);
        dispatch!(self, quads(filter, block, listed.as_slice(), positions));
    }

    /// Finds the starts of [`WordFilter`] words.
    pub(crate) fn words(self, filter: &WordFilter, block: &Block, scratch: &mut Scratch) {
        let Scratch { maps, positions, .. } = scratch;
        positions.iter_mut().for_each(Positions::clear);
        dispatch!(self, words(filter, block, maps, positions));
    }

    /// Finds the positions of [`PairFilter`] windows.
    pub(crate) fn pairs(self, filter: &PairFilter, block: &Block, scratch: &mut Scratch) {
        let Scratch { maps, positions, .. } = scratch;
        positions.iter_mut().for_each(Positions::clear);
        dispatch!(self, pairs(filter, block, maps, positions));
    }

    /// Appends the positions whose window may have entries of this class (not [`Class::Word`]), with their keys.
    pub(crate) fn screen(self, class: Class, table: &Table, block: &Block, positions: &[u16], out: &mut Candidates) {
        dispatch!(self, screen(class, table, block, positions, out));
    }

    /// Copies `from` to `to`, ASCII bytes replaced by what `map` says.
    pub(crate) fn fold(self, map: &[u8; 128], from: &[u8], to: &mut [u8]) {
        assert_eq!(from.len(), to.len(), "folding keeps lengths");
        dispatch!(self, fold(map, from, to));
    }
}

/// Asks the CPU to fetch the cache line of `slice[index]`; an index outside does nothing.
#[inline(always)]
pub(crate) fn prefetch<T>(slice: &[T], index: usize) {
    #[cfg(target_arch = "x86_64")]
    if let Some(item) = slice.get(index) {
        // SAFETY: the address is that of a living reference; SSE is part of x86-64.
        unsafe {
            std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(std::ptr::from_ref(item).cast());
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (slice, index);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_found_across_words() {
        assert_eq!(runs::<4>(0b1111, 0), 1);
        assert_eq!(runs::<4>(0b0111_1011, 0), 1 << 3);
        assert_eq!(runs::<6>(!0 << 60, 0b11), 1 << 60);
        assert_eq!(runs::<6>(!0 << 60, 0b1), 0);
        assert_eq!(runs::<6>(!0, !0), !0);
    }

    #[test]
    fn bits_are_read_across_words() {
        let mut map = [0; WORDS + 2];
        map[0] = 1 << 63;
        map[1] = 0b101;
        assert_eq!(bits_from(&map, 63), 0b1011);
        assert_eq!(bits_from(&map, 64), 0b101);
        assert_eq!(bits_from(&map, 0), 1 << 63);
    }

    #[test]
    fn the_portable_kernel_is_always_there_and_last() {
        assert_eq!(Kernel::available().last().map(|kernel| kernel.name()), Some("portable"));
    }
}
