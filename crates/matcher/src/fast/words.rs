//! Words of ASCII letters, looked up whole; what else may show a word is noted, as [`chunk`](super::chunk) judges it.

use normalize::{Class, tables};

use super::chunk::{Chunk, is_spelled, may_show};
use super::index::Index;
use super::kernel::Kernel;
use super::ranges::Ranges;
use crate::letters::{is_leet_symbol, leet};

/// A word that is a key: its bytes and the list of its anchors.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Candidate {
    pub(crate) start: u32,
    pub(crate) end: u32,
    pub(crate) list: u32,
}

/// Multipliers of the hashes of words.
pub(crate) const WORD_LOW: u32 = 0x9E37_79B1;
pub(crate) const WORD_HIGH: u32 = 0x85EB_CA6B;

/// The hash of a word of ASCII letters in any case: its first eight letters and its length say nearly all.
#[inline]
pub(crate) fn hash_of(word: &[u8]) -> u32 {
    let mut prefix = Prefix::default();
    prefix.push(first_eight(word), word.len());
    prefix.hash()
}

/// The first eight bytes, or all and zeros.
#[inline]
pub(crate) fn first_eight(bytes: &[u8]) -> u64 {
    if let Some(eight) = bytes.first_chunk() {
        return u64::from_le_bytes(*eight);
    }
    bytes.iter().rev().fold(0, |eight, &byte| eight << 8 | u64::from(byte))
}

/// The beginning of a word that is put together.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Prefix {
    /// The first eight letters in lower case.
    letters: u64,
    length: usize,
}

impl Prefix {
    /// Appends `count` letters, of which the first eight are given; bytes behind them do not count.
    #[inline]
    pub(super) fn push(&mut self, eight: u64, count: usize) {
        if self.length < 8 {
            // Letters in lower case have this bit; what is behind the word must stay zero.
            let lower = (eight | 0x2020_2020_2020_2020) & (u64::MAX >> (64 - 8 * count.min(8)));
            self.letters |= lower << (8 * self.length);
        }
        self.length += count;
    }

    #[inline]
    pub(super) fn hash(self) -> u32 {
        let (low, high) = (self.letters as u32, (self.letters >> 32) as u32);
        let length = 0x0101_0101 * self.length.min(255) as u32;
        low.wrapping_mul(WORD_LOW).wrapping_add((high ^ length).wrapping_mul(WORD_HIGH))
    }
}

/// What a kernel finds in a text.
pub(crate) trait Sink {
    /// A word of letters that may be looked for.
    fn word(&mut self, start: usize, end: usize);

    /// A byte of a chunk that may show another word than its letters are.
    fn suspect(&mut self, at: usize);

    /// Two pieces of letters that signs join to a chunk, with their starts and ends.
    fn pair(&mut self, first: (usize, usize), second: (usize, usize));

    /// A byte that may start an escape.
    fn escape(&mut self, at: usize);
}

/// Looks up the words of a text, and notes what else may show a word: escapes, chunks that can be read as one that is
/// looked for, letters repeated or spelled one by one.
pub(crate) fn look_up(
    kernel: Kernel,
    text: &str,
    index: &Index,
    is_wide: bool,
    out: &mut Vec<Candidate>,
    ranges: &mut Ranges,
) {
    let bytes = text.as_bytes();
    tell(kernel, bytes, index, is_wide, &mut Finder { text, bytes, index, is_wide, out, ranges, seen: 0 });
}

/// Has a kernel tell a sink of the words of a text that may be looked for, and of what else may show one.
pub(crate) fn tell(kernel: Kernel, bytes: &[u8], index: &Index, is_wide: bool, sink: &mut impl Sink) {
    let has_numerals = index.has_numeral_words;
    match kernel {
        #[cfg(target_arch = "x86_64")]
        Kernel::Avx512(kernel) => kernel.words(bytes, &index.words, has_numerals, is_wide, sink),
        #[cfg(target_arch = "x86_64")]
        Kernel::Avx2(kernel) => kernel.words(bytes, &index.words, has_numerals, is_wide, sink),
        Kernel::Portable => find(bytes, has_numerals, sink),
    }
}

/// The plain loop of [`tell`].
fn find(bytes: &[u8], has_numeral_words: bool, sink: &mut impl Sink) {
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        if byte.is_ascii_alphabetic() {
            let start = at;
            at = end_of_word(bytes, at);
            sink.word(start, at);
            let is_beside_space = |beside: Option<&u8>| beside.is_none_or(u8::is_ascii_whitespace);
            let is_clean = at - start > 1
                && is_beside_space(start.checked_sub(1).map(|before| &bytes[before]))
                && is_beside_space(bytes.get(at))
                && !has_run(&bytes[start..at]);
            if !is_clean {
                sink.suspect(start);
            }
            continue;
        }
        if matches!(byte, b'&' | b'%' | b'\\') {
            sink.escape(at);
        } else if has_numeral_words && byte.is_ascii() && !leet(char::from(byte)).is_empty() {
            sink.suspect(at);
        }
        at += 1;
    }
}

pub(super) fn end_of_word(bytes: &[u8], at: usize) -> usize {
    at + bytes[at..].iter().take_while(|byte| byte.is_ascii_alphabetic()).count()
}

/// Whether three equal letters stand in a row.
pub(super) fn has_run(letters: &[u8]) -> bool {
    letters.windows(3).any(|three| three[0].eq_ignore_ascii_case(&three[1]) && three[1].eq_ignore_ascii_case(&three[2]))
}

/// Kinds of ASCII characters, one bit each, for kernels.
pub(crate) mod kinds {
    pub(crate) const LETTER: u8 = 1;
    pub(crate) const DIGIT: u8 = 2;
    /// A sign that may be read as a letter.
    pub(crate) const LEET: u8 = 4;
    /// Any sign.
    pub(crate) const SIGN: u8 = 8;
    /// Control characters, which are left out of words.
    pub(crate) const HIDDEN: u8 = 16;
    /// A sign that escapes start with.
    pub(crate) const ESCAPE: u8 = 32;
}

/// The kinds of each ASCII character; none for white space.
pub(crate) fn kinds_of_ascii() -> [u8; 128] {
    std::array::from_fn(|value| {
        let c = char::from(value as u8);
        match tables().info(c).class() {
            Class::Letter => kinds::LETTER,
            Class::Digit => kinds::DIGIT,
            Class::Space | Class::Line => 0,
            Class::Hidden | Class::Mark => kinds::HIDDEN,
            _ if is_leet_symbol(c) => kinds::LEET | kinds::SIGN,
            _ if matches!(c, '&' | '%' | '\\') => kinds::ESCAPE | kinds::SIGN,
            _ => kinds::SIGN,
        }
    })
}

struct Finder<'a> {
    text: &'a str,
    bytes: &'a [u8],
    index: &'a Index,
    is_wide: bool,
    out: &'a mut Vec<Candidate>,
    ranges: &'a mut Ranges,
    /// Chunks before this byte were looked at.
    seen: usize,
}

impl Sink for Finder<'_> {
    #[inline]
    fn word(&mut self, start: usize, end: usize) {
        let hash = hash_of(&self.bytes[start..end]);
        for list in self.index.lists_of_word(hash) {
            self.out.push(Candidate { start: start as u32, end: end as u32, list });
        }
    }

    fn suspect(&mut self, at: usize) {
        if at >= self.seen {
            let chunk = Chunk::around(self.text, at, self.is_wide);
            // What ends a chunk is in no other.
            self.seen = chunk.end + 1;
            if chunk.is_strange || may_show(&self.bytes[chunk.start..chunk.end], self.index) {
                self.ranges.push_range(chunk.start, chunk.end);
            }
            if chunk.is_strange {
                // What stands there may be left out, or stand for letters that are spelled one by one.
                self.ranges.push(at);
            }
        }
        if is_spelled(self.text, at, self.is_wide) {
            self.ranges.push(at);
        }
    }

    #[inline]
    fn pair(&mut self, first: (usize, usize), second: (usize, usize)) {
        let mut prefix = Prefix::default();
        for (start, end) in [first, second] {
            prefix.push(first_eight(&self.bytes[start..]), end - start);
        }
        if self.index.may_have_word(prefix.hash()) {
            self.ranges.push_range(first.0, second.1);
        }
    }

    fn escape(&mut self, at: usize) {
        self.ranges.push_escape(self.text, at);
    }
}
