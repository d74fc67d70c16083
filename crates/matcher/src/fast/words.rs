//! Words of ASCII letters, looked up whole.
//!
//! What stands between white space is a *chunk*. A chunk of one piece of letters, with signs at its edges, is that word
//! and no other. One of several pieces, or with a digit or a sign that may be read as a letter, is read in every way in
//! which letters of a keyword may show in it; only if one of these readings is looked for, the chunk is read as units.

use normalize::{Class, tables};

use super::index::Index;
use super::kernel::Kernel;
use super::ranges::Ranges;
use crate::align::{MAX_SEPARATORS, MAX_SEPARATORS_WIDE};
use crate::letters::{is_leet_symbol, leet};

/// A word that is a key: its bytes and the list of its anchors.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Candidate {
    pub(crate) start: u32,
    pub(crate) end: u32,
    pub(crate) list: u32,
}

/// Longest chunk that is taken apart, in bytes; a longer one is read as units.
const MAX_CHUNK: usize = 64;
/// Most pieces, digits and signs of such a chunk, and most letters and pieces that its readings are made of.
const MAX_ITEMS: usize = 16;
const MAX_STEPS: usize = 48;
/// Characters spelled one by one from which on a keyword may be meant. [`align`](crate::align) asks for as many.
const MIN_SPELLED: usize = 3;

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
struct Prefix {
    /// The first eight letters in lower case.
    letters: u64,
    length: usize,
}

impl Prefix {
    /// Appends `count` letters, of which the first eight are given; bytes behind them do not count.
    #[inline]
    fn push(&mut self, eight: u64, count: usize) {
        if self.length < 8 {
            // Letters in lower case have this bit; what is behind the word must stay zero.
            let lower = (eight | 0x2020_2020_2020_2020) & (u64::MAX >> (64 - 8 * count.min(8)));
            self.letters |= lower << (8 * self.length);
        }
        self.length += count;
    }

    #[inline]
    fn hash(self) -> u32 {
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

fn end_of_word(bytes: &[u8], at: usize) -> usize {
    at + bytes[at..].iter().take_while(|byte| byte.is_ascii_alphabetic()).count()
}

/// Whether three equal letters stand in a row.
fn has_run(letters: &[u8]) -> bool {
    letters.windows(3).any(|three| three[0].eq_ignore_ascii_case(&three[1]) && three[1].eq_ignore_ascii_case(&three[2]))
}

/// Whether a character of ASCII is a sign that may be read as a letter.
fn is_leet_sign(byte: u8) -> bool {
    matches!(byte, b'|' | b'!' | b'@' | b'$' | b'+' | b'(')
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
            if chunk.is_strange || self.may_show(chunk.start, chunk.end) {
                self.ranges.push_range(chunk.start, chunk.end);
            }
            if chunk.is_strange {
                // What stands there may be left out, or stand for letters that are spelled one by one.
                self.ranges.push(at);
            }
        }
        if self.is_spelled(at) {
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

/// What stands between white space, ideographs or clause marks.
struct Chunk {
    start: usize,
    end: usize,
    /// It has what only reading units tells: letters and digits beyond ASCII, invisible characters.
    is_strange: bool,
}

/// What a character is to the chunk that it stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// It ends the chunk.
    Edge,
    /// A letter, digit or sign.
    Inside,
    Strange,
}

fn role_of(c: char, is_wide: bool) -> Role {
    // The common ones, without a look at the tables.
    if matches!(c, '\u{4E00}'..='\u{9FFF}') {
        return Role::Edge;
    }
    match tables().info(c).class() {
        Class::Space | Class::Line | Class::Free => Role::Edge,
        Class::Clause if !is_wide => Role::Edge,
        Class::Symbol | Class::Clause if c.is_ascii() || leet(c).is_empty() => Role::Inside,
        Class::Letter | Class::Digit if c.is_ascii() => Role::Inside,
        _ => Role::Strange,
    }
}

impl Chunk {
    /// The chunk that byte `at` is in.
    fn around(text: &str, at: usize, is_wide: bool) -> Self {
        let bytes = text.as_bytes();
        let at = (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        let mut chunk = Self { start: at, end: at, is_strange: false };
        loop {
            while chunk.start > 0 && bytes[chunk.start - 1].is_ascii_graphic() {
                chunk.start -= 1;
            }
            let Some(c) = text[..chunk.start].chars().next_back() else { break };
            match role_of(c, is_wide) {
                Role::Edge => break,
                role => chunk.is_strange |= role == Role::Strange,
            }
            chunk.start -= c.len_utf8();
        }
        loop {
            while bytes.get(chunk.end).is_some_and(u8::is_ascii_graphic) {
                chunk.end += 1;
            }
            let Some(c) = text[chunk.end..].chars().next() else { break };
            match role_of(c, is_wide) {
                Role::Edge => break,
                role => chunk.is_strange |= role == Role::Strange,
            }
            chunk.end += c.len_utf8();
        }
        chunk
    }
}

/// A part of a chunk that letters can be made of.
#[derive(Debug, Clone, Copy)]
struct Item {
    /// Its bytes: letters in a row, one digit, one sign that may be read as a letter.
    start: u8,
    count: u8,
    what: What,
    /// It stands behind letters, with nothing between.
    is_behind_letters: bool,
    /// Letters stand behind it, with nothing between.
    is_before_letters: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Letters,
    Digit,
    Leet,
}

impl Item {
    const NONE: Self =
        Self { start: 0, count: 0, what: What::Letters, is_behind_letters: false, is_before_letters: false };
}

impl Finder<'_> {
    /// Whether a chunk may show a word that is looked for in another way than by letters in a row. False alarms are
    /// allowed, misses are not.
    fn may_show(&self, start: usize, end: usize) -> bool {
        let bytes = &self.bytes[start..end];
        if bytes.len() > MAX_CHUNK {
            return true;
        }
        let mut items = [Item::NONE; MAX_ITEMS];
        let (mut count, mut has_leet, mut same) = (0, false, 1);
        let mut at = 0;
        while at < bytes.len() {
            let byte = bytes[at];
            let what = match byte {
                b'a'..=b'z' | b'A'..=b'Z' => What::Letters,
                b'0'..=b'9' => What::Digit,
                _ if is_leet_sign(byte) => What::Leet,
                _ => {
                    (at, same) = (at + 1, 1);
                    continue;
                }
            };
            let next = if what == What::Letters { end_of_word(bytes, at) } else { at + 1 };
            same = if what != What::Letters && at > 0 && bytes[at - 1] == byte { same + 1 } else { 1 };
            // A run of three counts as one or as many as the keyword has.
            if count == MAX_ITEMS || same == 3 || (what == What::Letters && has_run(&bytes[at..next])) {
                return true;
            }
            has_leet |= what == What::Leet;
            items[count] = Item {
                start: at as u8,
                count: (next - at) as u8,
                what,
                is_behind_letters: at > 0 && bytes[at - 1].is_ascii_alphabetic(),
                is_before_letters: bytes.get(next).is_some_and(u8::is_ascii_alphabetic),
            };
            (count, at) = (count + 1, next);
        }
        let items = &items[..count];
        if items.len() < 2 && items.first().is_none_or(|item| item.what == What::Letters) {
            return false;
        }
        let mut readings = Readings { bytes, items, index: self.index, has_leet: false, steps: 0 };
        readings.any() || (has_leet && Readings { has_leet, ..readings }.any())
    }

    /// Whether the letter at byte `at` is one of several characters that stand by themselves, so that a keyword may be
    /// spelled with them.
    fn is_spelled(&self, at: usize) -> bool {
        let before = self.bytes[..at].last();
        let behind = self.bytes.get(at + 1);
        if !self.bytes[at].is_ascii_alphabetic() || before.into_iter().chain(behind).any(u8::is_ascii_alphabetic) {
            return false;
        }
        // Mostly there is a word on either side.
        if is_before_word(self.bytes[at + 1..].iter()) && is_before_word(self.bytes[..at].iter().rev()) {
            return false;
        }
        let is_spelled = |symbols_are_letters: bool| {
            let mut singles = Singles { count: 1, symbols_are_letters, is_wide: self.is_wide };
            // Beside a digit it can only be the first or the last.
            let is_open = |beside: Option<&u8>| !beside.is_some_and(|byte| singles.is_content(char::from(*byte)));
            let (is_open_before, is_open_behind) = (is_open(before), is_open(behind));
            (is_open_behind && singles.count(self.text[at + 1..].chars()))
                || (is_open_before && singles.count(self.text[..at].chars().rev()))
        };
        is_spelled(false) || is_spelled(true)
    }
}

/// Whether the next that is not a plain sign or white space, in either direction, is a word of more than one letter.
fn is_before_word<'a>(mut bytes: impl Iterator<Item = &'a u8>) -> bool {
    let is_between = |byte: &u8| !byte.is_ascii_alphanumeric() && byte.is_ascii() && !is_leet_sign(*byte);
    let first = bytes.by_ref().take(1 + MAX_SEPARATORS).find(|byte| !is_between(byte));
    let second = bytes.next();
    let is_letter = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphabetic);
    is_letter(first) && is_letter(second) && !first.zip(second).is_some_and(|(a, b)| a.eq_ignore_ascii_case(b))
}

/// The ways to read what a chunk shows as words.
struct Readings<'a> {
    bytes: &'a [u8],
    items: &'a [Item],
    index: &'a Index,
    /// Signs that may be read as letters are; else they separate.
    has_leet: bool,
    steps: usize,
}

impl Readings<'_> {
    /// Whether any of them is looked for. True as well where there are too many.
    fn any(&mut self) -> bool {
        (0..self.items.len()).any(|first| {
            let Item { what, is_behind_letters, .. } = self.items[first];
            // A word does not start behind a letter.
            !is_behind_letters && (what != What::Leet || self.has_leet) && self.any_from(first, Prefix::default(), 0)
        })
    }

    /// Goes on with item `at` behind a beginning of `taken` items.
    fn any_from(&mut self, at: usize, prefix: Prefix, taken: usize) -> bool {
        let Some(&item) = self.items.get(at) else { return false };
        self.steps += 1;
        if self.steps > MAX_STEPS {
            return true;
        }
        match item.what {
            What::Letters => self.any_with(at, prefix, first_eight(&self.bytes[usize::from(item.start)..]), taken),
            What::Leet if !self.has_leet => self.any_from(at + 1, prefix, taken),
            What::Digit | What::Leet => leet(char::from(self.bytes[usize::from(item.start)]))
                .iter()
                .any(|&letter| self.any_with(at, prefix, u64::from(letter), taken)),
        }
    }

    /// Reads item `at` as letters, of which the first eight are given.
    fn any_with(&mut self, at: usize, mut prefix: Prefix, letters: u64, taken: usize) -> bool {
        let Item { what, count, is_before_letters, .. } = self.items[at];
        prefix.push(letters, usize::from(count));
        // One piece of letters by itself is looked up as such. A word does not end before a letter.
        let is_word = (taken > 0 || what != What::Letters) && !is_before_letters;
        (is_word && self.index.may_have_word(prefix.hash())) || self.any_from(at + 1, prefix, taken + 1)
    }
}

/// Counts characters that stand by themselves, each within a few separators of the one before.
struct Singles {
    count: usize,
    symbols_are_letters: bool,
    is_wide: bool,
}

impl Singles {
    fn is_content(&self, c: char) -> bool {
        c.is_ascii_alphanumeric() || (self.symbols_are_letters && is_leet_symbol(c))
    }

    /// Counts on from a single character over those behind it, or before it. Whether they may spell a keyword.
    fn count(&mut self, chars: impl Iterator<Item = char>) -> bool {
        let most = if self.is_wide { MAX_SEPARATORS_WIDE } else { MAX_SEPARATORS };
        let mut separators = 0;
        // What stands between two separators: its character, and how often it stands there.
        let mut piece: Option<(char, usize)> = None;
        for c in chars.map(Some).chain([None]) {
            let content = c.filter(|c| self.is_content(*c));
            match (content, piece) {
                (Some(c), None) => (piece, separators) = (Some((c, 1)), 0),
                (Some(c), Some((first, _))) if !c.eq_ignore_ascii_case(&first) => {
                    // The last one may stand beside a digit.
                    let is_joined = c.is_ascii_alphabetic() && first.is_ascii_alphabetic();
                    return !is_joined && self.count + 1 >= MIN_SPELLED;
                }
                (Some(_), Some((first, times))) => piece = Some((first, times + 1)),
                // A run counts as one character, but for two letters.
                (None, Some((first, 2))) if first.is_ascii_alphabetic() => return false,
                (None, Some(_)) => {
                    (self.count, piece) = (self.count + 1, None);
                    if self.count >= MIN_SPELLED {
                        return true;
                    }
                }
                (None, None) => {}
            }
            let Some(c) = c.filter(|_| content.is_none()) else { continue };
            match tables().info(c).class() {
                // Letters beyond ASCII are noted where they stand.
                Class::Free | Class::Letter => return false,
                Class::Clause if !self.is_wide => return false,
                Class::Digit => return true,
                Class::Mark | Class::Hidden => {}
                _ if !c.is_ascii() && is_leet_symbol(c) => return true,
                _ => separators += 1,
            }
            if separators > most {
                return false;
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_that_are_read_as_letters_are_those_of_the_alignment() {
        for byte in 0..128 {
            assert_eq!(is_leet_sign(byte), is_leet_symbol(char::from(byte)), "{byte}");
        }
    }
}
