//! From an anchor in the text to an occurrence of its pattern.

use std::ops::Range;

use normalize::{Class, Reader, Unit, tables};

use super::codes::{BARRIER, Block, CLAUSE, EVENT};
use super::index::{Part, Shape};
use super::ranges::is_same;
use crate::align::{Why, align};
use crate::automaton::Settings;
use crate::letters::is_leet_symbol;
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
pub(crate) fn compare_codes(text: &str, block: &Block, index: usize, shape: &Shape) -> Verdict {
    let codes = shape.codes;
    let Some(first) = index.checked_sub(shape.first) else { return Verdict::Unsure };
    let last = first + codes.len() - 1;
    // One more on either side, to see repeats.
    if first == 0 || last + 1 >= block.len {
        return Verdict::Unsure;
    }
    let shown = &block.codes[first..=last];
    // From the anchor outwards: up to the first difference the text has one character for each of the pattern.
    let outwards = (shape.first..codes.len()).chain((0..shape.first).rev());
    let mut different = outwards.filter(|at| shown[*at] != codes[*at]);
    if let Some(at) = different.next() {
        // Another character stands there, once: nothing makes it the right one.
        let at = first + at;
        // Fewer than three are no run, whatever the characters are that only reading units tells.
        let is_once = |shown: u16| {
            let is_same = |code: &&u16| **code == shown || **code == EVENT;
            let before = block.codes[..at].iter().rev().take(2).take_while(is_same).count();
            let behind = block.codes[at + 1..block.len].iter().take(2).take_while(is_same).count();
            before + behind < 2
        };
        let is_other = match block.codes[at] {
            CLAUSE => true,
            EVENT => false,
            shown if is_ideograph(shown) => is_once(shown),
            shown => (!shape.is_letters || is_once(shown)) && !may_be_escape(text, block.position(at)),
        };
        return if is_other { Verdict::Not } else { Verdict::Unsure };
    }
    if shape.is_letters {
        return whole_letters(text, block, first..last + 1, shape);
    }
    if !shape.is_whole {
        // What is beside these codes must show a character of another kind.
        let is_other = |edge: usize, beside: usize| {
            let (code, is_near) = (block.codes[beside], block.positions[edge].abs_diff(block.positions[beside]) == 3);
            is_near && (code == CLAUSE || is_ideograph(code)) && code != block.codes[edge]
        };
        let is_not = shape.goes_before && is_other(first, first - 1) || shape.goes_behind && is_other(last, last + 1);
        return if is_not { Verdict::Not } else { Verdict::Unsure };
    }
    // A numeral may be written in digits, which have boundaries of their own.
    let bytes = text.as_bytes();
    let is_shown =
        |(code, at): (&u16, &u32)| is_ideograph(*code) || (shape.is_free && shows_ideograph(text, *at as usize));
    let is_clean = shown.iter().zip(&block.positions[first..=last]).all(is_shown)
        && block.codes[first - 1] != shown[0]
        && block.codes[last + 1] != shown[shown.len() - 1]
        && block.positions[last] - block.positions[first] == 3 * (codes.len() as u32 - 1);
    let (start, end) = (block.position(first), block.position(last) + 3);
    // Barriers in a row have one code, so only of an ideograph it is known where it ends.
    let is_behind_ideograph = is_ideograph(block.codes[first - 1]) && block.position(first - 1) + 3 == start;
    if !is_clean || bytes[start] < 0xE0 || (!is_behind_ideograph && may_repeat(text, start)) {
        return Verdict::Unsure;
    }
    match text[end..].chars().next() {
        // A mark belongs to the hit, or changes its last character.
        Some(c) if may_change(c) => Verdict::Unsure,
        _ => Verdict::Found(start as u32, end as u32),
    }
}

/// What the codes of letters say that are those of the text.
fn whole_letters(text: &str, block: &Block, Range { start, end }: Range<usize>, shape: &Shape) -> Verdict {
    let positions = &block.positions[start..end];
    let (first, last) = (positions[0] as usize, positions[positions.len() - 1] as usize);
    // Nothing is part of a run or an escape: there is one way to read the letters.
    let is_clean = shape.is_whole
        && ![block.codes[start], EVENT].contains(&block.codes[start - 1])
        && ![block.codes[end - 1], EVENT].contains(&block.codes[end])
        && !may_be_escape(text, last)
        && !text[last + 1..].chars().next().is_some_and(may_change);
    if !is_clean {
        return Verdict::Unsure;
    }
    if last - first == end - 1 - start {
        return Verdict::Found(first as u32, last as u32 + 1);
    }
    // A word is spelled with spaces between all of its letters, or none.
    let is_joined = positions.windows(2).any(|two| two[1] - two[0] == 1);
    let is_spaced = text.as_bytes()[first..last].contains(&b' ');
    if is_joined && is_spaced { Verdict::Not } else { Verdict::Unsure }
}

fn is_ideograph(code: u16) -> bool {
    code >= 0x80 && code != BARRIER && code != EVENT
}

/// Whether a character with the code of a digit is an ideograph: `六`, not `⑥` or `6`.
fn shows_ideograph(text: &str, at: usize) -> bool {
    text[at..].chars().next().is_some_and(|c| tables().info(c).class() == Class::Free)
}

/// Whether the ASCII letter or digit at a byte may be part of an escape.
pub(crate) fn may_be_escape(text: &str, at: usize) -> bool {
    let before = &text.as_bytes()[at.saturating_sub(MAX_ESCAPE)..at];
    before.iter().any(|byte| matches!(byte, b'&' | b'%' | b'\\'))
}

/// Whether what ends at a byte, and has no code of its own or another, may spell the character behind it once more: the end
/// of an escape, or what is left out or stands on another character.
fn may_repeat(text: &str, at: usize) -> bool {
    text[..at].chars().next_back().is_some_and(|c| {
        c.is_ascii_alphanumeric()
            || matches!(c, ';' | '}')
            || matches!(tables().info(c).class(), Class::Mark | Class::Hidden | Class::Letter)
    })
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
    Range { start, end }: Range<usize>,
    anchor: &Part,
    pattern: &Pattern,
    settings: &Settings,
) -> Verdict {
    let (first, length) = (usize::from(anchor.first), usize::from(anchor.elements));
    let bytes = text.as_bytes();
    if length != end - start {
        return Verdict::Not;
    }
    let mut is_same = true;
    for (element, byte) in pattern.elements[first..first + length].iter().zip(&bytes[start..end]) {
        let Element::Char { fold, .. } = *element else { return Verdict::Not };
        let shown = char::from(byte.to_ascii_lowercase());
        if fold != shown {
            if tables().skeleton(fold) != shown {
                return Verdict::Not;
            }
            is_same = false;
        }
    }
    if !is_same || length != pattern.elements.len() || !settings.word_boundary {
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
/// The same where they are escapes or cannot be seen, of which many stand for one character: about as long a run as any
/// that is looked at.
const FARTHEST_HIDDEN: usize = 256 * MAX_ESCAPE;
/// Units behind an anchor that are read first.
const BEHIND: usize = 48;

/// Aligns a pattern in every way in which its anchor may stand at byte `at`. Returns the steps that it took: units read,
/// and units looked at by alignments.
pub(crate) fn align_around(
    text: &str,
    at: usize,
    pattern: &Pattern,
    anchor: &Part,
    settings: &Settings,
    units: &mut Vec<Unit>,
    mut on_found: impl FnMut(u32, u32, Level),
) -> usize {
    let tables = tables();
    let before = usize::from(anchor.first);
    let from = start_of_reading(text, at, 9 * before + BEFORE);
    units.clear();
    let mut reader = Reader::new(text, from, settings.reading);
    reader.read(units, at + 1, usize::MAX);
    let mut most = units.len() + BEHIND + 3 * (pattern.elements.len() - before);
    let mut has_more = reader.read(units, usize::MAX, most);
    let Some(place) = units.iter().position(|unit| unit.end as usize > at) else { return units.len() };
    let mut steps = 0;
    let reach = if before == 0 { 0 } else { 9 * before + BEFORE };
    let first_start = units_before(units, place, reach);
    let mut is_last_pass = false;
    loop {
        let mut ran_out = false;
        let has_symbols = units.iter().any(|unit| !unit.is_content() && is_leet_symbol(unit.fold));
        for symbols_are_letters in [false, true] {
            if symbols_are_letters && !has_symbols {
                break;
            }
            let mode = settings.mode(symbols_are_letters);
            for start in first_start..(place + 3).min(units.len()) {
                match align(pattern, text, units, start, &mode, tables) {
                    Ok(found) => {
                        steps += 1 + found.last - found.first;
                        // Marks, repeats and the edge behind the last unit are still to come.
                        ran_out |= found.last + 8 >= units.len();
                        let (first, last) = (&units[found.first], &units[found.last]);
                        // Another occurrence has an anchor of its own; here its surroundings may be cut off.
                        let is_around = found.last >= place;
                        if is_around && !(ran_out && has_more && !is_last_pass) {
                            on_found(first.start, last.tail, found.level);
                        }
                    }
                    Err(miss) => {
                        steps += 1 + miss.unit.saturating_sub(start);
                        ran_out |= miss.unit + 8 >= units.len() && (miss.element > 0 || miss.why != Why::Other);
                    }
                }
            }
        }
        if !ran_out || !has_more || is_last_pass {
            return steps + units.len();
        }
        most += pattern.reach();
        has_more = reader.read(units, usize::MAX, most);
        is_last_pass = true;
    }
}

/// The unit `distance` units before `place`, where those of a run count as one.
fn units_before(units: &[Unit], place: usize, distance: usize) -> usize {
    let (mut at, mut counted) = (place, 0);
    while at > 0 && counted < distance {
        at -= 1;
        counted += usize::from(units[at].fold != units[at + 1].fold);
    }
    at
}

/// A byte at least `distance` characters before `at` where reading may start: not inside an escape, and behind what
/// belongs together.
fn start_of_reading(text: &str, at: usize, distance: usize) -> usize {
    let mut last: Option<(usize, char)> = None;
    let (mut shown, mut counted) = (0, 0);
    for (seen, (byte, c)) in text[..at].char_indices().rev().enumerate() {
        let has_escapes = || may_be_escape(text, (byte + MAX_ESCAPE).min(at));
        if seen >= FARTHEST_HIDDEN || (shown >= FARTHEST + distance && !has_escapes()) {
            return byte;
        }
        // A run goes on behind what is left out.
        if matches!(tables().info(c).class(), Class::Hidden | Class::Mark) {
            continue;
        }
        // A repeat counts as one.
        let is_repeat = last.is_some_and(|(_, last)| is_same(last, c));
        // Not inside a run: the first character of one is where the one before it is another, and no escape that may
        // spell it once more.
        if let Some((behind, next)) = last.filter(|_| !is_repeat && counted >= distance)
            && may_start(next)
            && (next.is_whitespace() || !may_be_escape(text, behind))
        {
            return behind;
        }
        shown += 1;
        counted += usize::from(!is_repeat);
        last = Some((byte, c));
    }
    0
}

/// Whether nothing that ends with this character's predecessor can go on with it.
fn may_start(c: char) -> bool {
    c.is_whitespace() && c != '\n' || matches!(tables().info(c).class(), Class::Free | Class::Clause)
}
