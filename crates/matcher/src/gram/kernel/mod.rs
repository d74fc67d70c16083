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

use super::found::Candidates;
use super::keys::{Class, MUL_LOW};
use super::table::{Filter, Table};

/// Bytes of text that are filtered, then verified, while they are in the first-level cache.
pub(crate) const BLOCK: usize = 4096;

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

    /// Words of 64 positions, the last perhaps not full.
    fn words(&self) -> usize {
        self.len().div_ceil(64)
    }

    /// The positions of word `word` that belong to the block.
    #[inline(always)]
    fn positions_of(&self, word: usize) -> u64 {
        let left = self.len() - word * 64;
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
    /// Starts of characters of several bytes: from 0xC0. Also set for bytes that no valid text has; harmless.
    leads: [u64; WORDS + 2],
    /// ASCII letters; filled only when the library has whole words.
    letters: [u64; WORDS + 2],
}

impl Default for ByteMaps {
    fn default() -> Self {
        Self { ascii: [0; WORDS + 2], leads: [0; WORDS + 2], letters: [0; WORDS + 2] }
    }
}

/// The 64 bits that begin at bit `at` of a map. Needs one word behind that of `at`.
#[inline(always)]
fn bits_from(map: &[u64; WORDS + 2], at: usize) -> u64 {
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
#[derive(Debug)]
pub(crate) struct Positions {
    list: Box<[u16; BLOCK + 64]>,
    length: usize,
    /// Positions that are not in the list yet: a base, and a bit for each position behind it.
    words: Box<[(u32, u64); Self::WORDS]>,
}

impl Default for Positions {
    fn default() -> Self {
        Self { list: Box::new([0; BLOCK + 64]), length: 0, words: Box::new([(0, 0); Self::WORDS]) }
    }
}

impl Positions {
    /// A turn of a kernel covers at least sixteen bytes, but for the last.
    const WORDS: usize = BLOCK / 16 + 2;

    fn clear(&mut self) {
        self.length = 0;
    }

    pub(crate) fn as_slice(&self) -> &[u16] {
        &self.list[..self.length]
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

    /// Drops the positions from `end` on.
    fn drop_from(&mut self, end: usize) {
        while self.length > 0 && usize::from(self.list[self.length - 1]) >= end {
            self.length -= 1;
        }
    }
}

/// The filter of windows that begin at a character of several bytes.
#[derive(Debug, Clone)]
pub(crate) struct WideFilter {
    pub(crate) filter: Filter,
    /// Whether there are windows of six bytes, of nine bytes.
    pub(crate) middle: bool,
    pub(crate) long: bool,
}

/// The filter of ASCII windows of six and nine bytes.
///
/// Only every second position `p` is probed. A window that begins at `p` and one that begins at `p + 1` share the bytes
/// from `p + 1`; the word is found by the first five of these, and the byte at `p` or the one behind the shared bytes
/// turns the bit pattern. So each window is in the filter twice, and the text is probed half as often.
#[derive(Debug, Clone)]
pub(crate) struct AsciiFilter {
    pub(crate) filter: Filter,
    pub(crate) middle: bool,
    pub(crate) long: bool,
}

/// The filter of ASCII windows of four bytes, of which two neighbours share three.
///
/// The three shared bytes have two words: one bit for each byte that may stand before them, and one for each that may
/// stand behind, by the lower five bits. So few bytes are shared by so many windows that a Bloom filter would fill up;
/// this one is nearly exact.
#[derive(Debug, Clone)]
pub(crate) struct QuadFilter {
    /// Words of 64 bits: before (lower half) and behind. Inverted, as in [`Filter`].
    filter: Filter,
}

impl QuadFilter {
    /// An empty filter with room for `keys`.
    pub(crate) fn new(keys: usize) -> Self {
        Self { filter: Filter::new(keys, Self::BITS_PER_KEY) }
    }

    /// One word of 64 bits for two keys would do in memory; four times as many keep strangers out.
    const BITS_PER_KEY: usize = 128;

    /// Adds a window by its last three bytes (the lower ones of `shared`) and its first.
    pub(crate) fn insert_left(&mut self, shared: u32, before: u8) {
        self.filter.insert_at(2 * self.index(shared), 1 << (before & 31));
    }

    /// Adds a window by its first three bytes and its last.
    pub(crate) fn insert_right(&mut self, shared: u32, behind: u8) {
        self.filter.insert_at(2 * self.index(shared) + 1, 1 << (behind & 31));
    }

    /// Index of the pair of words.
    #[inline(always)]
    fn index(&self, shared: u32) -> usize {
        ((shared & 0xFF_FFFF).wrapping_mul(MUL_LOW) >> (self.filter.shift() + 1)) as usize
    }

    pub(crate) fn filter(&self) -> &Filter {
        &self.filter
    }

    pub(crate) fn from_filter(filter: Filter) -> Self {
        Self { filter }
    }
}

/// The filter of whole words.
#[derive(Debug, Clone)]
pub(crate) struct WordFilter {
    pub(crate) filter: Filter,
}

/// Which pairs of bytes begin a short window. A byte counts with its lower five bits, which tell letters of one case and
/// most continuation bytes apart.
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

    /// Positions of [`WideFilter`] windows.
    pub(crate) fn wide(self, filter: &WideFilter, block: &Block, maps: &ByteMaps, out: &mut [Positions; 2]) {
        out.iter_mut().for_each(Positions::clear);
        dispatch!(self, wide(filter, block, maps, out));
    }

    /// Positions of [`AsciiFilter`] windows.
    pub(crate) fn ascii(self, filter: &AsciiFilter, block: &Block, maps: &ByteMaps, out: &mut [Positions; 2]) {
        out.iter_mut().for_each(Positions::clear);
        dispatch!(self, ascii(filter, block, maps, out));
    }

    /// Positions of [`QuadFilter`] windows.
    pub(crate) fn quad(self, filter: &QuadFilter, block: &Block, maps: &ByteMaps, out: &mut [Positions; 2]) {
        out.iter_mut().for_each(Positions::clear);
        dispatch!(self, quad(filter, block, maps, out));
    }

    /// Starts of [`WordFilter`] words.
    pub(crate) fn words(self, filter: &WordFilter, block: &Block, maps: &ByteMaps, out: &mut [Positions; 2]) {
        out.iter_mut().for_each(Positions::clear);
        dispatch!(self, words(filter, block, maps, out));
    }

    /// Positions of [`PairFilter`] windows.
    pub(crate) fn pairs(self, filter: &PairFilter, block: &Block, maps: &ByteMaps, out: &mut [Positions; 2]) {
        out.iter_mut().for_each(Positions::clear);
        dispatch!(self, pairs(filter, block, maps, out));
    }

    /// Keeps the positions whose window may have entries of this class (not [`Class::Word`]), with their keys.
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
