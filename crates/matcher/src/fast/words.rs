//! Words of ASCII letters, looked up whole.

use normalize::{Class, tables};

use super::anchor::Anchors;
use super::kernel::Kernel;
use super::keys::Keys;
use super::ranges::Ranges;
use crate::letters::{is_leet_symbol, leet};

/// A word that is a key: its bytes and the list of its anchors.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Candidate {
    pub(crate) start: u32,
    pub(crate) end: u32,
    pub(crate) list: u32,
}

/// Signs between two letters of one word.
const MAX_SIGNS: usize = 5;
/// Pieces of a word with signs between that are joined and looked up; a word of more is read as units.
const MAX_PIECES: usize = 4;

/// The hash of a word of ASCII letters in any case: its first eight letters and its length say nearly all.
#[inline]
pub(crate) fn hash_of(word: &[u8]) -> u32 {
    let mut bytes = [0; 8];
    let length = word.len().min(8);
    bytes[..length].copy_from_slice(&word[..length]);
    // Letters in lower case have this bit; what is behind the word must stay zero.
    let lower = 0x2020_2020_2020_2020_u64 & (u64::MAX >> (64 - 8 * length));
    hash(u64::from_le_bytes(bytes) | lower, word.len())
}

#[inline]
fn hash(prefix: u64, length: usize) -> u32 {
    let (low, high) = (prefix as u32, (prefix >> 32) as u32);
    low.wrapping_mul(0x9E37_79B1)
        .wrapping_add(high.wrapping_mul(0x85EB_CA6B))
        .wrapping_add((length as u32).wrapping_mul(0xC2B2_AE35))
}

/// Looks up the words of a text, and notes as events what else may show a word: signs and digits beside letters, letters
/// repeated or spelled one by one, letters beyond ASCII next to them.
pub(crate) fn look_up(kernel: Kernel, text: &str, anchors: &Anchors, out: &mut Vec<Candidate>, events: &mut Ranges) {
    let bytes = text.as_bytes();
    let mut at = 0;
    let mut add = |start: usize, end: usize| {
        let hash = hash_of(&bytes[start..end]);
        if has_word(anchors, hash)
            && let Some(list) = anchors.words.list(hash)
        {
            out.push(Candidate { start: start as u32, end: end as u32, list });
        }
    };
    #[cfg(target_arch = "x86_64")]
    if let Kernel::Avx512(kernel) = kernel {
        let mut last = usize::MAX;
        at = kernel.words(bytes, &anchors.words, &mut add, |at| {
            let start = start_of_word(bytes, at);
            if start != last {
                last = start;
                if is_event(text, start, end_of_word(bytes, at), anchors) {
                    events.push(start);
                }
            }
        });
        // A word that goes on here started before, and was looked up there.
        if at > 0 && bytes[at - 1].is_ascii_alphabetic() {
            at = end_of_word(bytes, at);
        }
    }
    while at < bytes.len() {
        if !bytes[at].is_ascii_alphabetic() {
            at += 1;
            continue;
        }
        let start = at;
        at = end_of_word(bytes, at);
        add(start, at);
        if is_event(text, start, at, anchors) {
            events.push(start);
        }
    }
}

fn start_of_word(bytes: &[u8], at: usize) -> usize {
    at - bytes[..at].iter().rev().take_while(|byte| byte.is_ascii_alphabetic()).count()
}

fn end_of_word(bytes: &[u8], at: usize) -> usize {
    at + bytes[at..].iter().take_while(|byte| byte.is_ascii_alphabetic()).count()
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
}

/// The kinds of each ASCII character.
pub(crate) fn kinds_of_ascii() -> [u8; 128] {
    std::array::from_fn(|value| {
        let c = char::from(value as u8);
        match tables().info(c).class() {
            Class::Letter => kinds::LETTER,
            Class::Digit => kinds::DIGIT,
            Class::Space | Class::Line => 0,
            Class::Hidden | Class::Mark => kinds::HIDDEN,
            _ if is_leet_symbol(c) => kinds::LEET | kinds::SIGN,
            _ => kinds::SIGN,
        }
    })
}

/// Whether a word may be an anchor, by its hash.
#[inline]
fn has_word(anchors: &Anchors, hash: u32) -> bool {
    Keys::may_have(anchors.words.word(hash), hash)
}

/// Whether what is at the edges of the letters `start..end`, or among them, may make another word of them.
fn is_event(text: &str, start: usize, end: usize, anchors: &Anchors) -> bool {
    let word = &text.as_bytes()[start..end];
    let repeats = |letters: &[u8]| letters.iter().all(|letter| letter.eq_ignore_ascii_case(&letters[0]));
    word.windows(3).any(repeats) || is_event_before(text, start, end) || is_event_behind(text, start, end, anchors)
}

/// Looks in front of a word: a digit or a sign that may be its first letter, a letter beyond ASCII; in front of a single
/// letter over white space too.
fn is_event_before(text: &str, start: usize, end: usize) -> bool {
    let is_letter = end - start == 1;
    let mut chars = text[..start].chars().rev();
    for _ in 0..=MAX_SIGNS {
        let Some(c) = chars.next() else { return false };
        if c.is_ascii_alphanumeric() {
            return c.is_ascii_digit();
        }
        match tables().info(c).class() {
            Class::Letter | Class::Digit | Class::Mark | Class::Hidden => return true,
            Class::Symbol if !leet(c).is_empty() => return true,
            Class::Symbol => {}
            Class::Space | Class::Line if is_letter => {}
            _ => return false,
        }
    }
    false
}

/// Looks behind a word, up to the next letter or digit: joined to it or not, spelled or not.
fn is_event_behind(text: &str, start: usize, end: usize, anchors: &Anchors) -> bool {
    let bytes = text.as_bytes();
    let is_letter = end - start == 1;
    let mut has_space = false;
    for (signs, (offset, c)) in text[end..].char_indices().enumerate() {
        let at = end + offset;
        if c.is_ascii_alphanumeric() {
            let next = bytes.get(at + 1).filter(|next| next.is_ascii_alphanumeric());
            let is_single = next.is_none_or(|next| next.eq_ignore_ascii_case(&bytes[at]));
            return signs == 0 || (is_letter && is_single) || (!has_space && joins(bytes, start, anchors));
        }
        match tables().info(c).class() {
            Class::Free | Class::Clause => return false,
            Class::Space | Class::Line => has_space = true,
            Class::Symbol if is_leet_symbol(c) && (!has_space || is_letter) => return true,
            Class::Symbol => {}
            _ => return !has_space || is_letter,
        }
        if signs >= MAX_SIGNS || (has_space && !is_letter) {
            return false;
        }
    }
    false
}

/// Whether the pieces of a word with signs between, the first of which starts at `start`, may together be a word that is
/// looked for. Words that start with a later piece are asked for when that piece is.
fn joins(bytes: &[u8], start: usize, anchors: &Anchors) -> bool {
    let mut prefix = [0; 8];
    let mut length = 0;
    let mut at = start;
    for piece in 0.. {
        let from = at;
        while let Some(letter) = bytes.get(at).filter(|byte| byte.is_ascii_alphabetic()) {
            if length < prefix.len() {
                prefix[length] = letter.to_ascii_lowercase();
            }
            (length, at) = (length + 1, at + 1);
        }
        if at == from || piece == MAX_PIECES {
            // Something else than letters, or too much of them: reading units tells.
            return true;
        }
        if piece > 0 && has_word(anchors, hash(u64::from_le_bytes(prefix), length)) {
            return true;
        }
        let signs = bytes[at..]
            .iter()
            .take_while(|byte| byte.is_ascii_punctuation() && !is_leet_symbol(char::from(**byte)))
            .count();
        match bytes.get(at + signs) {
            None => return false,
            Some(byte) if byte.is_ascii_whitespace() || (signs > MAX_SIGNS && byte.is_ascii_alphabetic()) => {
                return false;
            }
            Some(byte) if byte.is_ascii_alphabetic() => at += signs,
            Some(_) => return true,
        }
    }
    false
}
