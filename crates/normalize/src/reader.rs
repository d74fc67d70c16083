//! Reads text as units of normal form.

use crate::escape::{Spelled, escape_at};
use crate::hangul;
use crate::markup::{Effect, Markup, MarkupFinder};
use crate::tables::{Class, Folded, Tables, tables};
use crate::unit::Unit;

/// Most characters between two units that are dropped as invisible or as marks. Text that has more (no script needs
/// it) is cut there, so that what belongs together is always near together.
const MAX_DROPPED: u32 = 64;
/// Longest run of regional letters that is looked at to tell flags from letters.
const MAX_REGIONAL: usize = 64;

impl Tables {
    /// The folded form of a character by itself; of a character that folds to several, the first.
    pub fn fold_one(&self, c: char) -> char {
        match self.info(c).fold() {
            Folded::One(fold) => fold,
            Folded::Many(folds) => folds.first().copied().unwrap_or(c),
        }
    }
}

/// How text is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// Entities, percent sequences and `\u` spell characters.
    pub escapes: bool,
    /// Markup that is not text.
    pub markup: Markup,
}

/// Reads a text from a position on. It may start in the middle of a text, at a character that is not inside an escape
/// or markup; everything that it needs to know of what stands before is in the units that were read.
#[derive(Debug, Clone)]
pub struct Reader<'t> {
    text: &'t str,
    at: usize,
    reading: Reading,
    tables: &'static Tables,
    markup: MarkupFinder,
    /// Characters dropped since the last unit.
    dropped: u32,
    /// Position behind a run of regional letters, and whether it spells flags.
    regional: (usize, bool),
}

impl<'t> Reader<'t> {
    /// A reader of `text` from byte `at` on.
    pub fn new(text: &'t str, at: usize, reading: Reading) -> Self {
        Self { text, at, reading, tables: tables(), markup: MarkupFinder::default(), dropped: 0, regional: (0, false) }
    }

    /// Byte of the text that is read next.
    pub fn position(&self) -> usize {
        self.at
    }

    /// Reads to the end of the text, or until byte `until` was passed or `units` holds `most`. Returns whether the text has
    /// more. The last unit may still change (marks, composition), so it is complete only when one follows or the text
    /// ends.
    pub fn read(&mut self, units: &mut Vec<Unit>, until: usize, most: usize) -> bool {
        let bytes = self.text.as_bytes();
        while self.at < bytes.len() {
            if self.at >= until || units.len() >= most {
                return true;
            }
            let byte = bytes[self.at];
            let at = self.at;
            if byte.is_ascii_alphanumeric() {
                self.word(units, until, most);
                continue;
            }
            if byte.is_ascii() && self.special(units, byte) {
                continue;
            }
            let Some(c) = self.text[at..].chars().next() else { break };
            self.at += c.len_utf8();
            self.character(units, at, self.at, c, false);
        }
        false
    }

    /// Reads ASCII letters and digits, the common case of Latin text: they need no table.
    fn word(&mut self, units: &mut Vec<Unit>, until: usize, most: usize) {
        let at = self.at;
        let rest = &self.text.as_bytes()[at..];
        let rest = &rest[..rest.len().min(until - at).min(most - units.len())];
        let length = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
        let first = units.len();
        units.extend((at..).zip(&rest[..length]).map(|(at, &byte)| {
            let digit = byte.wrapping_sub(b'0');
            let (class, digit) = if digit < 10 { (Class::Digit, Some(digit)) } else { (Class::Letter, None) };
            Unit::new(at, at + 1, char::from(byte), char::from(byte.to_ascii_lowercase()), class, digit)
        }));
        if self.dropped > 0 {
            units[first] = units[first].joined();
            self.dropped = 0;
        }
        self.at += length;
    }

    /// Reads an escape or a piece of markup, if one stands here.
    fn special(&mut self, units: &mut Vec<Unit>, byte: u8) -> bool {
        let at = self.at;
        let bytes = self.text.as_bytes();
        if let Some((effect, length)) = self.markup.markup_at(bytes, at, self.reading.markup) {
            self.at += length;
            let line = |at| Unit::new(at, at, '\n', '\n', Class::Line, None);
            match effect {
                Effect::Inline => self.dropped += 1,
                Effect::Line => self.push(units, line(at)),
                Effect::Block => {
                    self.push(units, line(at));
                    self.push(units, line(at));
                }
            }
            return true;
        }
        if !self.reading.escapes || !matches!(byte, b'&' | b'%' | b'\\') {
            return false;
        }
        let Some((spelled, length)) = escape_at(&bytes[at..], self.tables) else { return false };
        self.at += length;
        match spelled {
            Spelled::One(c) => self.character(units, at, self.at, c, true),
            Spelled::Named(text) => {
                for (part, c) in text.chars().enumerate() {
                    let before = units.len();
                    self.character(units, at, self.at, c, true);
                    if part > 0
                        && let Some(unit) = units.get_mut(before)
                    {
                        *unit = unit.part();
                    }
                }
            }
        }
        true
    }

    /// Enters one character, which the text spells in the bytes `start..end`.
    #[inline]
    fn character(&mut self, units: &mut Vec<Unit>, start: usize, end: usize, c: char, is_escaped: bool) {
        let info = self.tables.info(c);
        let mut class = info.class();
        match class {
            Class::Hidden => return self.drop_one(units, start),
            Class::Mark => return self.mark(units, start, end, c),
            _ => {}
        }
        if is_regional(c) && !is_escaped {
            if start >= self.regional.0 {
                self.regional = self.regional_run(start);
            }
            class = if self.regional.1 { Class::Symbol } else { Class::Letter };
            if class == Class::Symbol {
                return self.push(units, Unit::new(start, end, c, c, class, None));
            }
        }
        match info.fold() {
            Folded::One(fold) => {
                if self.compose(units, start, end, fold) {
                    return;
                }
                if hangul::is_spelled(c) && !is_escaped && hangul::join(self.text, units, start, end, c, fold) {
                    return;
                }
                // A line break in two characters is one.
                if c == '\n'
                    && let Some(last) = units.last_mut()
                    && last.raw == '\r'
                    && last.end as usize == start
                {
                    last.end = end as u32;
                    last.tail = last.end;
                    (last.raw, last.fold) = ('\n', '\n');
                    return;
                }
                self.push(units, Unit::new(start, end, c, fold, class, info.digit()).escaped(is_escaped));
            }
            Folded::Many(folds) => {
                for (part, &fold) in folds.iter().enumerate() {
                    // A part may be of another kind than the whole: the brackets of a symbol, the digits of ⑩.
                    let info = self.tables.info(fold);
                    let class = if info.class() == Class::Symbol { class } else { info.class() };
                    let unit = Unit::new(start, end, c, fold, class, info.digit()).escaped(is_escaped);
                    let unit = if part == 0 { unit } else { unit.part() };
                    self.push(units, unit);
                }
            }
        }
    }

    #[inline]
    fn push(&mut self, units: &mut Vec<Unit>, unit: Unit) {
        let unit = if self.dropped > 0 { unit.joined() } else { unit };
        self.dropped = 0;
        units.push(unit);
    }

    /// Leaves out a character that cannot be seen.
    fn drop_one(&mut self, units: &mut Vec<Unit>, at: usize) {
        self.dropped += 1;
        if self.dropped > MAX_DROPPED {
            let barrier = Unit::new(at, at, '\0', '\0', Class::Clause, None);
            self.push(units, barrier);
        }
    }

    /// Adds a mark to the unit that it stands on, or leaves it out.
    fn mark(&mut self, units: &mut Vec<Unit>, start: usize, end: usize, c: char) {
        let fold = match self.tables.info(c).fold() {
            Folded::One(fold) => fold,
            Folded::Many(_) => c,
        };
        if self.compose(units, start, end, fold) {
            return;
        }
        match units.last_mut() {
            Some(last) if last.tail as usize == start && !last.is_white_space() => {
                last.tail = end as u32;
                self.dropped += 1;
                if self.dropped > MAX_DROPPED {
                    self.drop_one(units, start);
                }
            }
            _ => self.drop_one(units, start),
        }
    }

    /// Makes one unit of two characters that are one in composed form: Jamo, kana with a voicing mark, и with breve.
    #[inline]
    fn compose(&mut self, units: &mut [Unit], start: usize, end: usize, fold: char) -> bool {
        // Only few characters join the one before them.
        if !Tables::may_compose(fold) {
            return false;
        }
        let Some(last) = units.last_mut() else { return false };
        if last.tail as usize != start || last.is_part() {
            return false;
        }
        let Some(composed) = self.tables.compose(last.fold, fold) else { return false };
        last.fold = composed;
        last.end = end as u32;
        last.tail = end as u32;
        true
    }

    /// The end of the run of regional letters at `start`, and whether it spells flags only.
    fn regional_run(&self, start: usize) -> (usize, bool) {
        let letters: Vec<u8> = self.text[start..]
            .chars()
            .take(MAX_REGIONAL)
            .map_while(|c| is_regional(c).then(|| b'A' + (u32::from(c) - REGIONAL_A) as u8))
            .collect();
        let is_flags = letters.len().is_multiple_of(2)
            && letters.chunks_exact(2).all(|pair| self.tables.is_region(pair[0], pair[1]));
        (start + 4 * letters.len(), is_flags)
    }
}

const REGIONAL_A: u32 = 0x1_F1E6;

fn is_regional(c: char) -> bool {
    ('\u{1F1E6}'..='\u{1F1FF}').contains(&c)
}
