//! From a text to its normal form, one change after the other, and what else its characters may be read as.

use normalize::{Class, Reader, Reading, Tables, Unit, tables};
use serde::Serialize;

use crate::letters::{is_leet_symbol, leet};

/// Most changes of one kind that are listed; the rest are counted.
const MAX_CHANGES: usize = 1000;
/// A run of at least this many equal characters may count as one.
const RUN: usize = 3;

/// All changes of one kind. Kinds are named as in the evasion cases: `case`, `width`, `trad-simp`, `html-entity`, …
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// What kind of change it is.
    pub kind: &'static str,
    /// The changes in text order, at most a thousand.
    pub changes: Vec<Change>,
    /// How many more there are.
    pub more: usize,
}

/// One change: a part of the text, in code points, and what it becomes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// First code point.
    pub start: u32,
    /// Code point behind it.
    pub end: u32,
    /// What stands there, or what an earlier step made of it.
    pub from: String,
    /// What it becomes; nothing where it is dropped.
    pub to: String,
}

/// A text, read step by step.
pub(crate) struct Text<'t> {
    /// The text as stored.
    pub(crate) stored: &'t str,
    pub(crate) units: Vec<Unit>,
    /// The kinds in the order in which they were first seen.
    pub(crate) steps: Vec<Step>,
    /// For each byte the number of code points that start before it.
    codepoints: Vec<u32>,
}

impl<'t> Text<'t> {
    /// Reads a text.
    pub(crate) fn read(text: &'t str, reading: Reading) -> Self {
        let mut codepoints = Vec::with_capacity(text.len() + 1);
        for (c, number) in text.chars().zip(0_u32..) {
            codepoints.push(number);
            codepoints.resize(codepoints.len() + c.len_utf8() - 1, number + 1);
        }
        codepoints.push(text.chars().count() as u32);
        let mut this = Self { stored: text, units: Vec::new(), steps: Vec::new(), codepoints };
        let mut reader = Reader::new(text, 0, reading);
        let mut has_more = true;
        while has_more {
            let (from, count) = (reader.position(), this.units.len());
            // One character, escape or piece of markup at a time.
            has_more = reader.read(&mut this.units, from + 1, usize::MAX);
            this.note(from, reader.position(), count);
        }
        // Characters are decoded before they are folded, whichever came first in this text.
        this.steps.sort_by_key(|step| is_fold(step.kind));
        this
    }

    /// The number of the code point at a byte.
    pub(crate) fn codepoint(&self, byte: u32) -> u32 {
        self.codepoints[byte as usize]
    }

    /// The characters of the normal form.
    pub(crate) fn normal(&self) -> String {
        self.units.iter().map(|unit| unit.fold).filter(|fold| *fold != '\0').collect()
    }

    /// What was read from the bytes `from..to`: units from `count` on, or a change of the last one, or nothing.
    fn note(&mut self, from: usize, to: usize, count: usize) {
        let item = &self.stored[from..to];
        let Some(first) = item.chars().next() else { return };
        let Some(unit) = self.units.get(count).copied() else { return self.note_dropped(from, to, first) };
        if unit.start == unit.end {
            // Markup that breaks a line; a barrier in a text of invisible characters has no form.
            let lines: String =
                self.units[count..].iter().filter(|unit| unit.fold != '\0').map(|unit| unit.fold).collect();
            let kind = if lines.is_empty() { hidden_kind(first) } else { markup_kind(first) };
            return self.add(kind, from, to, item.to_owned(), lines);
        }
        if unit.is_escaped() {
            let mut raws: Vec<char> = self.units[count..].iter().map(|unit| unit.raw).collect();
            raws.dedup();
            self.add(escape_kind(first), from, to, item.to_owned(), raws.iter().collect());
        }
        let folds: Vec<char> = self.units[count..].iter().map(|unit| unit.fold).collect();
        if folds != [unit.raw]
            && let Some(kind) = fold_kind(unit.raw, &folds, tables())
        {
            self.add(kind, from, to, unit.raw.to_string(), folds.iter().collect());
        }
    }

    /// A character that became no unit of its own.
    fn note_dropped(&mut self, from: usize, to: usize, first: char) {
        let item = &self.stored[from..to];
        let is_last_units = self.units.last().is_some_and(|unit| unit.end as usize == to);
        if is_last_units {
            // Composed with the character before; the two characters of a line break are one anyway.
            if first != '\n' {
                let unit = self.units[self.units.len() - 1];
                let start = unit.start as usize;
                let stored = self.stored[start..to].to_owned();
                self.add("script-marks", start, to, stored, unit.fold.to_string());
            }
            return;
        }
        self.add(gap_kind(item), from, to, item.to_owned(), String::new());
    }

    fn add(&mut self, kind: &'static str, from: usize, to: usize, stored: String, becomes: String) {
        let change =
            Change { start: self.codepoint(from as u32), end: self.codepoint(to as u32), from: stored, to: becomes };
        push(&mut self.steps, kind, change);
    }

    /// What the characters of the normal form may be read as, beside what they are: look-alikes, digits and symbols for
    /// letters, separators inside a word, repeats. A keyword decides which of it counts.
    pub(crate) fn readings(&self) -> Vec<Step> {
        let mut readings = Vec::new();
        let units = &self.units;
        let mut at = 0;
        while at < units.len() {
            if is_word(&units[at]) {
                let end = at + units[at..].iter().take_while(|unit| is_word(unit)).count();
                self.read_word(at, end, &mut readings);
                at = end;
            } else if units[at].is_content() {
                at += 1;
            } else {
                let end = at + units[at..].iter().take_while(|unit| !unit.is_content()).count();
                self.read_separators(at, end, &mut readings);
                at = end;
            }
        }
        self.read_runs(&mut readings);
        readings
    }

    /// Letters, digits and symbols without anything between.
    fn read_word(&self, from: usize, to: usize, out: &mut Vec<Step>) {
        let word = &self.units[from..to];
        let tables = tables();
        let is_native = |unit: &Unit| unit.class == Class::Letter && tables.skeleton(unit.fold) == unit.fold;
        if !word.iter().any(|unit| unit.class == Class::Letter) {
            return;
        }
        for (at, unit) in word.iter().enumerate() {
            if unit.class == Class::Letter {
                let skeleton = tables.skeleton(unit.fold);
                if skeleton != unit.fold && word.iter().any(is_native) {
                    self.push_reading(out, "homoglyph", from + at, from + at + 1, skeleton.to_string());
                }
            } else if let Some(letter) = leet(unit.fold).first()
                && (unit.class == Class::Digit || (at > 0 && at + 1 < word.len()))
            {
                self.push_reading(out, "leet", from + at, from + at + 1, letter.to_string());
            }
        }
    }

    fn read_separators(&self, from: usize, to: usize, out: &mut Vec<Step>) {
        let between = &self.units[from..to];
        let (Some(before), Some(behind)) = (from.checked_sub(1).map(|at| &self.units[at]), self.units.get(to)) else {
            return;
        };
        let lines = between.iter().filter(|unit| unit.class == Class::Line).count();
        if lines > 1 || between.iter().any(|unit| unit.class == Class::Clause) {
            return;
        }
        let is_alphabetic = |unit: &Unit| matches!(unit.class, Class::Letter | Class::Digit);
        let is_white = between.iter().all(Unit::is_white_space);
        let is_single = |outer: Option<&Unit>| outer.is_none_or(|unit| !is_alphabetic(unit));
        // White space between words of more than one letter is how words are written.
        let is_spelled =
            is_single(from.checked_sub(2).and_then(|at| self.units.get(at))) && is_single(self.units.get(to + 1));
        let ends_clause = between[0].fold.is_ascii_punctuation() && between.get(1).is_some_and(Unit::is_white_space);
        if ends_clause || (is_white && is_alphabetic(before) && is_alphabetic(behind) && !is_spelled) {
            return;
        }
        self.push_reading(out, "separator", from, to, String::new());
    }

    fn read_runs(&self, out: &mut Vec<Step>) {
        let mut at = 0;
        while let Some(unit) = self.units.get(at) {
            let run = self.units[at..].iter().take_while(|other| other.fold == unit.fold).count();
            if run >= RUN && unit.is_content() && unit.class != Class::Digit {
                self.push_reading(out, "repeat", at, at + run, unit.fold.to_string());
            }
            at += run;
        }
    }

    fn push_reading(&self, out: &mut Vec<Step>, kind: &'static str, from: usize, to: usize, becomes: String) {
        let (first, last) = (&self.units[from], &self.units[to - 1]);
        push(
            out,
            kind,
            Change {
                start: self.codepoint(first.start),
                end: self.codepoint(last.tail),
                from: self.stored[first.start as usize..last.tail as usize].to_owned(),
                to: becomes,
            },
        );
    }
}

fn push(steps: &mut Vec<Step>, kind: &'static str, change: Change) {
    let known = steps.iter().position(|step| step.kind == kind).unwrap_or_else(|| {
        steps.push(Step { kind, changes: Vec::new(), more: 0 });
        steps.len() - 1
    });
    let step = &mut steps[known];
    if step.changes.len() == MAX_CHANGES {
        step.more += 1;
    } else {
        step.changes.push(change);
    }
}

fn is_word(unit: &Unit) -> bool {
    matches!(unit.class, Class::Letter | Class::Digit) || (!unit.is_content() && is_leet_symbol(unit.fold))
}

fn is_fold(kind: &str) -> bool {
    !matches!(kind, "html-entity" | "url-encoding" | "html-tag" | "markdown" | "zero-width" | "bidi-control")
}

pub(crate) fn escape_kind(first: char) -> &'static str {
    if first == '&' { "html-entity" } else { "url-encoding" }
}

fn markup_kind(first: char) -> &'static str {
    if first == '<' { "html-tag" } else { "markdown" }
}

/// The kind of what stands between two units and is none.
pub(crate) fn gap_kind(gap: &str) -> &'static str {
    let first = gap.chars().next().unwrap_or('\0');
    match first {
        '&' | '%' => escape_kind(first),
        '\\' if gap.len() > 1 => escape_kind(first),
        _ if matches!(tables().info(first).class(), Class::Hidden | Class::Mark) => hidden_kind(first),
        _ => markup_kind(first),
    }
}

/// The kind of a character that is dropped.
pub(crate) fn hidden_kind(c: char) -> &'static str {
    match c {
        '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => "bidi-control",
        '\u{180B}'..='\u{180D}' | '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}' => "variation-selector",
        '\u{0300}'..='\u{036F}' | '\u{1AB0}'..='\u{1AFF}' | '\u{1DC0}'..='\u{1DFF}' | '\u{20D0}'..='\u{20FF}' => {
            "diacritics"
        }
        _ if tables().info(c).class() == Class::Mark => "script-marks",
        _ => "zero-width",
    }
}

/// The kind of fold that makes `folds` of `raw`; `None` when it makes nothing else of it.
///
/// For people only: no match depends on it. The tables know what a character folds to, not why, so blocks decide.
pub(crate) fn fold_kind(raw: char, folds: &[char], tables: &Tables) -> Option<&'static str> {
    let first = *folds.first()?;
    if folds == [raw] {
        return None;
    }
    let is_digit = first.is_ascii_digit();
    Some(match raw {
        'ß' | 'ẞ' | 'ς' | 'ſ' | '\u{212A}' => "case",
        _ if raw.to_lowercase().eq(folds.iter().copied()) => "case",
        '\u{FF00}'..='\u{FFEF}' | '\u{3000}' => "width",
        '\u{1D400}'..='\u{1D7FF}' => "math-alpha",
        _ if is_digit => "number-form",
        '\u{2460}'..='\u{24FF}' | '\u{2776}'..='\u{2793}' | '\u{3200}'..='\u{32FF}' | '\u{1F100}'..='\u{1F1FF}' => {
            "enclosed"
        }
        '\u{AA}' | '\u{BA}' | '\u{2B0}'..='\u{2FF}' | '\u{1D00}'..='\u{1DBF}' | '\u{2070}'..='\u{209F}' => {
            "super-smallcap"
        }
        '\u{2E80}'..='\u{2FDF}' | '\u{F900}'..='\u{FAFF}' | '\u{2F800}'..='\u{2FA1F}' => "cjk-compat",
        _ if is_han(raw) && is_han(first) => "trad-simp",
        _ if matches!(tables.info(raw).class(), Class::Space | Class::Line) => "space",
        '\u{C0}'..='\u{24F}' | '\u{370}'..='\u{52F}' | '\u{1E00}'..='\u{1FFF}' => "diacritics",
        '\u{590}'..='\u{1DFF}' | '\u{3040}'..='\u{30FF}' | '\u{A640}'..='\u{ABFF}' => "script-marks",
        _ => "compat",
    })
}

fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}')
}

#[cfg(test)]
mod tests {
    use normalize::Markup;

    use super::*;

    fn listed(steps: &[Step]) -> String {
        let of_step = |step: &Step| {
            let changes: Vec<String> = step
                .changes
                .iter()
                .map(|change| format!("{}..{} {}>{}", change.start, change.end, change.from, change.to))
                .collect();
            format!("{}: {}", step.kind, changes.join(", "))
        };
        steps.iter().map(of_step).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn every_change_is_told_once_and_by_its_kind() {
        for (markup, text, normal, steps) in [
            (Markup::None, "走私 malware", "走私 malware", ""),
            (Markup::None, "RaN", "ran", "case: 0..1 R>r, 2..3 N>n"),
            (Markup::None, "Ｔx", "tx", "width: 0..1 Ｔ>t"),
            (Markup::None, "Ⓐ①𝐚²", "a1a2", "enclosed: 0..1 Ⓐ>a; number-form: 1..2 ①>1, 3..4 ²>2; math-alpha: 2..3 𝐚>a"),
            (Markup::None, "é", "e", "diacritics: 0..1 é>e"),
            (Markup::None, "e\u{301}x", "ex", "diacritics: 1..2 \u{301}>"),
            (
                Markup::None,
                "走\u{200B}私\u{FE0F}",
                "走私",
                "zero-width: 1..2 \u{200B}>; variation-selector: 3..4 \u{FE0F}>",
            ),
            (Markup::None, "\u{202E}a", "a", "bidi-control: 0..1 \u{202E}>"),
            (Markup::None, "葉", "叶", "trad-simp: 0..1 葉>叶"),
            (
                Markup::None,
                "&#36208;&#xFF2D;",
                "走m",
                "html-entity: 0..8 &#36208;>走, 8..16 &#xFF2D;>Ｍ; width: 8..16 Ｍ>m",
            ),
            (Markup::None, "a&#8203;b", "ab", "html-entity: 1..8 &#8203;>"),
            (Markup::None, "%E8%B5%B0\\u79c1", "走私", "url-encoding: 0..9 %E8%B5%B0>走, 9..15 \\u79c1>私"),
            (Markup::None, "か\u{3099}", "が", "script-marks: 0..2 か\u{3099}>が"),
            (Markup::None, "a\r\nb", "a\nb", ""),
            (Markup::Html, "走<b>私</b><p>x", "走私\n\nx", "html-tag: 1..4 <b>>, 5..9 </b>>, 9..12 <p>>\n\n"),
            (Markup::Markdown, "**走**", "走", "markdown: 0..2 **>, 3..5 **>"),
            (Markup::Html, "", "", ""),
        ] {
            let read = Text::read(text, Reading { escapes: true, markup });
            assert_eq!((read.normal().as_str(), listed(&read.steps).as_str()), (normal, steps), "{text}");
        }
    }

    #[test]
    fn readings_are_what_may_be_overlooked() {
        for (text, readings) in [
            ("two plain words, and 3 more. Fine!", ""),
            ("привет мир", ""),
            ("走 私", "separator: 1..2  >"),
            ("走。私，走\n\n私", ""),
            ("m a l", "separator: 1..2  >, 3..4  >"),
            ("mal-ware", "separator: 3..4 ->"),
            ("m\u{430}lware", "homoglyph: 1..2 \u{430}>a"),
            ("m@lw4re 2024", "leet: 1..2 @>a, 4..5 4>a"),
            ("mallll 1111", "repeat: 2..6 llll>l"),
        ] {
            let read = Text::read(text, Reading { escapes: true, markup: Markup::None });
            assert_eq!(listed(&read.readings()), readings, "{text}");
        }
    }

    #[test]
    fn long_lists_are_cut_and_counted() {
        let text = "A".repeat(1007);
        let read = Text::read(&text, Reading { escapes: true, markup: Markup::None });
        assert_eq!((read.steps[0].changes.len(), read.steps[0].more), (1000, 7));
    }
}
