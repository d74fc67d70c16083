//! Chunks: what stands between white space.
//!
//! A chunk of one piece of letters, with signs at its edges, is that word and no other. One of several pieces, or with a
//! digit or a sign that may be read as a letter, is read in every way in which letters of a keyword may show in it; only
//! if one of these readings is looked for, the chunk is read as units.

use normalize::{Class, tables};

use super::index::Index;
use super::words::{Prefix, end_of_word, first_eight, has_run};
use crate::align::{MAX_SEPARATORS, MAX_SEPARATORS_WIDE};
use crate::letters::{is_leet_symbol, leet};

/// Longest chunk that is taken apart, in bytes; a longer one is read as units.
const MAX_CHUNK: usize = 64;
/// Most pieces, digits and signs of such a chunk, and most letters and pieces that its readings are made of.
const MAX_ITEMS: usize = 16;
const MAX_STEPS: usize = 48;
/// Characters spelled one by one from which on a keyword may be meant. [`align`](crate::align) asks for as many.
const MIN_SPELLED: usize = 3;

/// What stands between white space, ideographs or clause marks.
pub(super) struct Chunk {
    pub(super) start: usize,
    pub(super) end: usize,
    /// It has what only reading units tells: letters and digits beyond ASCII, invisible characters.
    pub(super) is_strange: bool,
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
    pub(super) fn around(text: &str, at: usize, is_wide: bool) -> Self {
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

/// Whether a chunk may show a word that is looked for in another way than by letters in a row. False alarms are
/// allowed, misses are not.
pub(super) fn may_show(bytes: &[u8], index: &Index) -> bool {
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
    let mut readings = Readings { bytes, items, index, has_leet: false, steps: 0 };
    readings.any() || (has_leet && Readings { has_leet, ..readings }.any())
}

/// Whether the letter at byte `at` is one of several characters that stand by themselves, so that a keyword may be
/// spelled with them.
pub(super) fn is_spelled(text: &str, at: usize, is_wide: bool) -> bool {
    let bytes = text.as_bytes();
    let before = bytes[..at].last();
    let behind = bytes.get(at + 1);
    if !bytes[at].is_ascii_alphabetic() || before.into_iter().chain(behind).any(u8::is_ascii_alphabetic) {
        return false;
    }
    // Mostly there is a word on either side.
    if is_before_word(bytes[at + 1..].iter()) && is_before_word(bytes[..at].iter().rev()) {
        return false;
    }
    let is_spelled = |symbols_are_letters: bool| {
        let mut singles = Singles { count: 1, symbols_are_letters, is_wide };
        // Beside a digit it can only be the first or the last.
        let is_open = |beside: Option<&u8>| !beside.is_some_and(|byte| singles.is_content(char::from(*byte)));
        let (is_open_before, is_open_behind) = (is_open(before), is_open(behind));
        (is_open_behind && singles.count(text[at + 1..].chars()))
            || (is_open_before && singles.count(text[..at].chars().rev()))
    };
    is_spelled(false) || is_spelled(true)
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

/// Whether a character of ASCII is a sign that may be read as a letter.
fn is_leet_sign(byte: u8) -> bool {
    matches!(byte, b'|' | b'!' | b'@' | b'$' | b'+' | b'(')
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
