//! From an anchor in the text to an occurrence of its pattern.

use normalize::{Class, Reader, Unit, tables};

use super::anchor::Part;
use super::codes::{BARRIER, Block, CLAUSE, EVENT};
use crate::align::{Why, align};
use crate::automaton::Settings;
use crate::pattern::{Element, Pattern};
use crate::spec::Level;

/// Longest escape that spells one character, in bytes.
const MAX_ESCAPE: usize = 40;

/// What a comparison of clean text says.
pub(crate) enum Verdict {
    /// The pattern is not here, in no form.
    Not,
    /// It is here, in these bytes, but for its plain or folded level.
    Found(u32, u32),
    /// Only reading units can tell.
    Unsure,
}

/// Compares the codes of a pattern with those of the text around code `index`, where its anchor is.
/// `is_free`: it consists of ideographs only.
pub(crate) fn compare_codes(
    text: &str,
    block: &Block,
    index: usize,
    anchor: &Part,
    codes: &[u16],
    is_free: bool,
) -> Verdict {
    let Some(first) = index.checked_sub(usize::from(anchor.first)) else { return Verdict::Unsure };
    let last = first + codes.len() - 1;
    // One more on either side, to see repeats.
    if first == 0 || last + 1 >= block.codes.len() {
        return Verdict::Unsure;
    }
    let shown = &block.codes[first..=last];
    for (at, (shown, code)) in shown.iter().zip(codes).enumerate() {
        if shown == code {
            continue;
        }
        // Another character stands there, once: nothing makes it the right one.
        let at = first + at;
        let is_other = match *shown {
            CLAUSE => true,
            shown if is_ideograph(shown) => shown != block.codes[at - 1] && shown != block.codes[at + 1],
            EVENT => false,
            _ => !may_be_escape(text, block.position(at)),
        };
        return if is_other { Verdict::Not } else { Verdict::Unsure };
    }
    // A numeral may be written in digits, which have boundaries of their own.
    let bytes = text.as_bytes();
    let is_shown = |(code, at): (&u16, &u32)| is_ideograph(*code) || (is_free && bytes[*at as usize] >= 0xE0);
    let is_clean = shown.iter().zip(&block.positions[first..=last]).all(is_shown)
        && block.codes[first - 1] != shown[0]
        && block.codes[last + 1] != shown[shown.len() - 1]
        && block.positions[last] - block.positions[first] == 3 * (codes.len() as u32 - 1);
    let (start, end) = (block.position(first), block.position(last) + 3);
    // What may be the end of an escape may spell the first character once more: a repeat.
    let ends_escape =
        bytes[..start].last().is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b';' | b'}'));
    if !is_clean || ends_escape || bytes[start] < 0xE0 {
        return Verdict::Unsure;
    }
    match text[end..].chars().next() {
        // A mark belongs to the hit, or changes its last character.
        Some(c) if may_change(c) => Verdict::Unsure,
        _ => Verdict::Found(start as u32, end as u32),
    }
}

fn is_ideograph(code: u16) -> bool {
    code >= 0x80 && code != BARRIER && code != EVENT
}

/// Whether the ASCII letter or digit at a byte may be part of an escape.
fn may_be_escape(text: &str, at: usize) -> bool {
    let before = &text.as_bytes()[at.saturating_sub(MAX_ESCAPE)..at];
    before.iter().any(|byte| matches!(byte, b'&' | b'%' | b'\\'))
}

/// Whether a character may belong to the one before it.
fn may_change(c: char) -> bool {
    // An escape may spell the last character once more.
    matches!(c, '&' | '%' | '\\' | '\u{1100}'..='\u{11FF}' | '\u{3099}'..='\u{309C}' | '\u{FF9E}'..='\u{FF9F}')
        || matches!(tables().info(c).class(), Class::Mark | Class::Hidden)
}

/// Compares a pattern with the text around a word of ASCII letters, which is its anchor and equal to it or of one hash
/// with it.
pub(crate) fn compare_word(
    text: &str,
    start: usize,
    end: usize,
    anchor: &Part,
    pattern: &Pattern,
    settings: &Settings,
) -> Verdict {
    let (first, length) = (usize::from(anchor.first), usize::from(anchor.elements));
    let bytes = text.as_bytes();
    let is_word = pattern.elements[first..first + length].iter().zip(&bytes[start..end]).all(|(element, byte)| {
        matches!(element, Element::Char { fold, .. } if u32::from(*fold) == u32::from(byte.to_ascii_lowercase()))
    });
    if length != end - start || !is_word {
        return Verdict::Not;
    }
    if length != pattern.elements.len() || !settings.word_boundary {
        return Verdict::Unsure;
    }
    // Letters beside digits or these signs may be part of an escape.
    let is_edge = |c: Option<char>| {
        c.is_none_or(|c| match tables().info(c).class() {
            Class::Space | Class::Line | Class::Clause | Class::Free => true,
            Class::Symbol => c.is_ascii() && !matches!(c, '&' | '%' | '\\' | '#' | '{'),
            _ => false,
        })
    };
    let before = text[..start].chars().next_back();
    let ends_escape = matches!(before, Some(';' | '}'));
    if !ends_escape && is_edge(before) && is_edge(text[end..].chars().next()) {
        Verdict::Found(start as u32, end as u32)
    } else {
        Verdict::Unsure
    }
}

/// Characters in front of a place that are read with it at least: what decides about boundaries and spelling.
const BEFORE: usize = 24;
/// Most characters in front that are looked at for one where reading can start.
const FARTHEST: usize = 700;
/// Units behind an anchor that are read first.
const BEHIND: usize = 48;

/// Aligns a pattern in every way in which its anchor may stand at byte `at`.
pub(crate) fn align_around(
    text: &str,
    at: usize,
    pattern: &Pattern,
    anchor: &Part,
    settings: &Settings,
    units: &mut Vec<Unit>,
    mut on_found: impl FnMut(u32, u32, Level),
) {
    let tables = tables();
    let before = usize::from(anchor.first);
    let from = start_of_reading(text, at, 9 * before + BEFORE);
    units.clear();
    let mut reader = Reader::new(text, from, settings.reading);
    reader.read(units, at + 1, usize::MAX);
    let mut most = units.len() + BEHIND + 3 * (pattern.elements.len() - before);
    let mut has_more = reader.read(units, usize::MAX, most);
    let Some(place) = units.iter().position(|unit| unit.end as usize > at) else { return };
    let reach = if before == 0 { 0 } else { 9 * before + BEFORE };
    let mut is_last_pass = false;
    loop {
        let mut ran_out = false;
        for symbols_are_letters in [false, true] {
            let mode = settings.mode(symbols_are_letters);
            for start in place.saturating_sub(reach)..(place + 3).min(units.len()) {
                match align(pattern, text, units, start, &mode, tables) {
                    Ok(found) => {
                        // Marks, repeats and the edge behind the last unit are still to come.
                        ran_out |= found.last + 8 >= units.len();
                        let (first, last) = (&units[found.first], &units[found.last]);
                        if !(ran_out && has_more && !is_last_pass) {
                            on_found(first.start, last.tail, found.level);
                        }
                    }
                    Err(miss) => {
                        ran_out |= miss.unit + 8 >= units.len() && (miss.element > 0 || miss.why != Why::Other);
                    }
                }
            }
        }
        if !ran_out || !has_more || is_last_pass {
            return;
        }
        most += pattern.reach();
        has_more = reader.read(units, usize::MAX, most);
        is_last_pass = true;
    }
}

/// A byte at least `distance` characters before `at` where reading may start: not inside an escape, and behind what
/// belongs together.
fn start_of_reading(text: &str, at: usize, distance: usize) -> usize {
    let mut last = None;
    let mut counted = 0;
    for (seen, (byte, c)) in text[..at].char_indices().rev().enumerate() {
        // A repeat counts as one.
        counted += usize::from(last != Some(c));
        last = Some(c);
        let is_start =
            c.is_whitespace() && c != '\n' || matches!(tables().info(c).class(), Class::Free | Class::Clause);
        if (counted >= distance && is_start) || seen >= FARTHEST + distance {
            return byte;
        }
    }
    0
}
