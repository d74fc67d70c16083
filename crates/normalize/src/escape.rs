//! Escapes that spell characters: `&#36208;`, `&amp;`, `%E8%B5%B0`, `%u8d70`, `\u8d70`.
//!
//! Every function looks at the start of a slice and gives what stands there and how many bytes it takes, or nothing:
//! then the text means the character that it shows.

use crate::tables::{Tables, tables};

/// What an escape spells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spelled {
    /// One character.
    One(char),
    /// The characters of a named reference, of which a few have two.
    Named(&'static str),
}

/// Longest named reference, with `&` and `;`.
const MAX_NAME: usize = 33;
/// Most digits of a numeric reference: enough for leading zeros, too few to matter.
const MAX_DIGITS: usize = 9;

/// The escape at the start of `rest`, and its length in bytes.
pub(crate) fn escape_at(rest: &[u8], tables: &Tables) -> Option<(Spelled, usize)> {
    match rest.first()? {
        b'&' => entity(rest, tables),
        b'%' => percent(rest),
        b'\\' => backslash(rest),
        _ => None,
    }
}

/// Whether an escape stands at byte `at` of a text.
pub fn is_escape(text: &str, at: usize) -> bool {
    escape_at(&text.as_bytes()[at..], tables()).is_some()
}

fn entity(rest: &[u8], tables: &Tables) -> Option<(Spelled, usize)> {
    if rest.get(1) == Some(&b'#') {
        let (radix, from) = if matches!(rest.get(2), Some(b'x' | b'X')) { (16, 3) } else { (10, 2) };
        let digits = rest[from..].iter().take(MAX_DIGITS).take_while(|byte| char::from(**byte).is_digit(radix)).count();
        let value = number(&rest[from..from + digits], radix)?;
        let end = from + digits;
        let end = end + usize::from(rest.get(end) == Some(&b';'));
        return Some((Spelled::One(visible_scalar(value)?), end));
    }
    let name = rest[1..].iter().take(MAX_NAME).take_while(|byte| byte.is_ascii_alphanumeric()).count();
    let text = tables.entity(&rest[1..=name])?;
    match rest.get(1 + name) {
        Some(b';') => Some((Spelled::Named(text), name + 2)),
        // A query `?a=1&copy=2` is not a copyright sign.
        Some(b'=') => None,
        // A few old names are known without their semicolon; `&copyright` is a longer name.
        _ => (!tables.entity_needs_semicolon(&rest[1..=name])).then_some((Spelled::Named(text), name + 1)),
    }
}

fn percent(rest: &[u8]) -> Option<(Spelled, usize)> {
    if matches!(rest.get(1), Some(b'u' | b'U')) {
        return utf16(rest, 2, |rest| matches!(rest, [b'%', b'u' | b'U', ..]));
    }
    bytes_as_utf8(rest, b"%", 1)
}

fn backslash(rest: &[u8]) -> Option<(Spelled, usize)> {
    match rest.get(1)? {
        b'u' if rest.get(2) == Some(&b'{') => {
            let digits = rest[3..].iter().take(MAX_DIGITS).take_while(|byte| byte.is_ascii_hexdigit()).count();
            let value = number(&rest[3..3 + digits], 16)?;
            (rest.get(3 + digits) == Some(&b'}')).then_some(())?;
            Some((Spelled::One(visible_scalar(value)?), digits + 4))
        }
        b'u' => utf16(rest, 2, |rest| matches!(rest, [b'\\', b'u', ..])),
        b'U' => {
            let value = number(rest.get(2..10)?, 16)?;
            Some((Spelled::One(visible_scalar(value)?), 10))
        }
        b'x' => bytes_as_utf8(rest, b"\\x", 2),
        _ => None,
    }
}

/// Four hexadecimal digits behind a mark of `mark` bytes, or two such that are a surrogate pair.
fn utf16(rest: &[u8], mark: usize, is_mark: fn(&[u8]) -> bool) -> Option<(Spelled, usize)> {
    let length = mark + 4;
    let first = number(rest.get(mark..length)?, 16)?;
    if (0xD800..0xDC00).contains(&first) {
        let low = rest.get(length..).filter(|rest| is_mark(rest))?;
        let second = number(low.get(mark..length)?, 16).filter(|value| (0xDC00..0xE000).contains(value))?;
        let value = 0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00);
        return Some((Spelled::One(char::from_u32(value)?), 2 * length));
    }
    Some((Spelled::One(visible_scalar(first)?), length))
}

/// Bytes in two hexadecimal digits each, which together must be one character in UTF-8.
fn bytes_as_utf8(rest: &[u8], mark: &[u8], mark_len: usize) -> Option<(Spelled, usize)> {
    let step = mark_len + 2;
    let byte_at = |at: usize| {
        let rest = rest.get(at * step..)?;
        rest.starts_with(mark).then_some(())?;
        Some(number(rest.get(mark_len..step)?, 16)? as u8)
    };
    let first = byte_at(0)?;
    let length = match first {
        0..0x80 => 1,
        0xC2..0xE0 => 2,
        0xE0..0xF0 => 3,
        0xF0..0xF5 => 4,
        _ => return None,
    };
    let mut bytes = [first, 0, 0, 0];
    for (at, byte) in bytes.iter_mut().enumerate().take(length).skip(1) {
        *byte = byte_at(at)?;
    }
    let c = std::str::from_utf8(&bytes[..length]).ok()?.chars().next()?;
    (c != '\0').then_some((Spelled::One(c), length * step))
}

fn number(digits: &[u8], radix: u32) -> Option<u32> {
    let digits = std::str::from_utf8(digits).ok().filter(|text| !text.is_empty() && !text.starts_with('+'))?;
    u32::from_str_radix(digits, radix).ok()
}

/// A scalar value that text can hold; NUL and surrogates are not.
fn visible_scalar(value: u32) -> Option<char> {
    char::from_u32(value).filter(|c| *c != '\0')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_taken_whole_or_not_at_all() {
        let one = |c, length| Some((Spelled::One(c), length));
        for (text, expected) in [
            ("&#36208;&#31169;", one('走', 8)),
            ("&#x8D70;", one('走', 8)),
            ("&#X8d70 ", one('走', 7)),
            ("&#36208", one('走', 7)),
            ("&#0;", None),
            ("&#55296;", None),
            ("&#;", None),
            ("&#x;", None),
            ("&#999999999999;", None),
            ("&amp;", Some((Spelled::Named("&"), 5))),
            ("&amp x", Some((Spelled::Named("&"), 4))),
            ("&copy=1", None),
            ("&copyright", None),
            ("&nosuchname;", None),
            ("&", None),
            ("%E8%B5%B0", one('走', 9)),
            ("%e8%b5%b0%", one('走', 9)),
            ("%41b", one('A', 3)),
            ("%E8%B5", None),
            ("%E8B5B0", None),
            ("%de", None),
            ("%+1", None),
            ("%", None),
            ("%u8d70", one('走', 6)),
            ("%uD83D%uDE00", one('😀', 12)),
            ("%uD83D", None),
            ("%uDE00", None),
            ("\\u8d70x", one('走', 6)),
            ("\\uD83D\\uDE00", one('😀', 12)),
            ("\\uD83D\\n", None),
            ("\\u{8d70}", one('走', 8)),
            ("\\u{8d70", None),
            ("\\U00008d70", one('走', 10)),
            ("\\xE8\\xB5\\xB0", one('走', 12)),
            ("\\x70", one('p', 4)),
            ("\\n", None),
            ("\\", None),
        ] {
            assert_eq!(escape_at(text.as_bytes(), tables()), expected, "{text}");
        }
    }
}
