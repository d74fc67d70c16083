//! How a text shows a keyword, character by character.

use normalize::{Class, Unit, opt, tables};
use serde::Serialize;

use super::steps::{Text, escape_kind, fold_kind, gap_kind, hidden_kind};
use crate::align::{Mode, align};
use crate::automaton::Settings;
use crate::form;
use crate::guess;
use crate::letters::leet;
use crate::library::Hit;
use crate::pattern::{Element, Kind, Pattern};
use crate::spec::{Level, MatchOptions};

/// A run of at least this many equal characters may count as one.
const RUN: usize = 3;
/// Steps that the search for a guessed reading may take.
const MAX_STEPS: u32 = 4096;
/// Letters of the longest syllable.
const MAX_SYLLABLE: usize = 6;

/// One character of a keyword, or several that are shown as one, in a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ShownChar {
    /// First code point of what shows it.
    pub start: u32,
    /// Code point behind it.
    pub end: u32,
    /// What stands there.
    pub from: String,
    /// What of the keyword it shows, in normal form.
    pub to: String,
    /// What had to be seen through: kinds as in the steps, and `homoglyph`, `leet`, `repeat`, `separator`, `noise`,
    /// `homophone`, … Nothing where the character is itself.
    pub how: Vec<&'static str>,
}

/// How the text shows the keyword of a hit. Nothing for a hit that no reading explains.
pub(crate) fn trace(
    keyword: &str,
    hit: Hit,
    read: &Text,
    settings: &Settings,
    options: &MatchOptions,
) -> Vec<ShownChar> {
    let Some(pattern) = Pattern::new(keyword) else { return Vec::new() };
    let starts = read.units.partition_point(|unit| unit.start < hit.start);
    let starts = starts..starts + read.units[starts..].iter().take_while(|unit| unit.start == hit.start).count();
    if hit.level < Level::Aggressive {
        return starts.clone().find_map(|start| plain(&pattern, read, start, hit, settings)).unwrap_or_default();
    }
    starts
        .clone()
        .find_map(|start| guessed(&pattern, read, start, hit))
        .or_else(|| as_alias(keyword, read, starts, hit, settings, options))
        .or_else(|| masked(&pattern, read, hit))
        .unwrap_or_else(|| vec![whole(read, hit, form::shown(&pattern), "fuzzy")])
}

/// The characters of a keyword that stands at unit `start`, as the alignment saw them.
fn plain(pattern: &Pattern, read: &Text, start: usize, hit: Hit, settings: &Settings) -> Option<Vec<ShownChar>> {
    [false, true].into_iter().find_map(|symbols_are_letters| {
        let mode = settings.mode(symbols_are_letters);
        let aligned = align(pattern, read.stored, &read.units, start, &mode, tables()).ok()?;
        (read.units[aligned.last].tail == hit.end)
            .then(|| characters(pattern, read, aligned.first, aligned.last, &mode))
    })
}

/// The characters of a keyword that is known to stand in the units `first..=last`.
fn characters(pattern: &Pattern, read: &Text, first: usize, last: usize, mode: &Mode) -> Vec<ShownChar> {
    let units = &read.units;
    let mut shown = Vec::with_capacity(pattern.elements.len());
    let (mut at, mut element) = (first, 0);
    let mut before = first;
    while element < pattern.elements.len() && at <= last {
        let wanted = pattern.elements[element];
        let Some(here) = (at..=last).find_map(|unit| Some((unit, shows(&units[unit], wanted, mode).ok()?))) else {
            // A gap of the keyword: the separators are it.
            element += 1;
            continue;
        };
        let (unit, reading) = here;
        let (taken, covered) = run_at(&pattern.elements, element, &units[unit..=last]);
        let to = pattern.elements[element..element + covered].iter().copied().map(form::shown_element).collect();
        let mut character = show(read, before, unit, unit + taken - 1, to, reading);
        if taken > covered {
            character.how.push("repeat");
        }
        shown.push(character);
        (at, before, element) = (unit + taken, unit + taken, element + covered);
    }
    shown
}

/// The unit that shows the last of these elements, the first of which stands at unit `first`.
pub(super) fn last_unit(elements: &[Element], units: &[Unit], first: usize, mode: &Mode) -> usize {
    let (mut at, mut element, mut last) = (first, 0, first);
    while element < elements.len() {
        let Some(unit) = (at..units.len()).find(|&unit| shows(&units[unit], elements[element], mode).is_ok()) else {
            element += 1;
            continue;
        };
        let (taken, covered) = run_at(elements, element, &units[unit..]);
        (last, at, element) = (unit + taken - 1, unit + taken, element + covered);
    }
    last
}

/// Units that show the element as one run, and elements that they cover.
fn run_at(elements: &[Element], element: usize, units: &[Unit]) -> (usize, usize) {
    let wanted = elements[element];
    let run = units.iter().take_while(|other| other.fold == units[0].fold).count();
    let own = elements[element..].iter().take_while(|other| **other == wanted).count();
    // Digits in a row are a number; where they stand for letters they are not.
    let may_repeat = match wanted {
        Element::Char { kind, .. } => kind == Kind::Letter || (kind == Kind::Free && units[0].digit == Unit::NO_DIGIT),
        Element::Symbol(_) | Element::Gap => false,
    };
    if may_repeat && run >= RUN && own <= run { (run, own) } else { (1, 1) }
}

/// How a unit shows an element: the kind of reading that it takes, or none. Units that do not show it are an error,
/// as the alignment has it.
fn shows(unit: &Unit, element: Element, mode: &Mode) -> Result<Option<&'static str>, NotShown> {
    let (fold, digit, kind) = match element {
        Element::Char { fold, digit, kind } => (fold, digit, kind),
        Element::Symbol(symbol) if !unit.is_content() && unit.fold == symbol => return Ok(None),
        Element::Symbol(_) | Element::Gap => return Err(NotShown),
    };
    if unit.is_content() && (unit.fold == fold || (digit != Unit::NO_DIGIT && unit.digit == digit)) {
        return Ok((unit.fold != fold).then_some("number-form"));
    }
    let skeleton = tables().skeleton(fold);
    let is_leet = leet(unit.fold).contains(&skeleton);
    match unit.class {
        _ if kind != Kind::Letter => Err(NotShown),
        Class::Letter if tables().skeleton(unit.fold) == skeleton => Ok(Some("homoglyph")),
        Class::Digit if is_leet => Ok(Some("leet")),
        _ if !unit.is_content() && mode.symbols_are_letters && is_leet => Ok(Some("leet")),
        _ => Err(NotShown),
    }
}

/// The unit does not show the element.
struct NotShown;

/// What the units `first..=last` show; what stands between them and unit `before` is seen through.
fn show(read: &Text, before: usize, first: usize, last: usize, to: String, reading: Option<&'static str>) -> ShownChar {
    let units = &read.units;
    let (start, end) = (units[first].start, units[last].tail);
    let mut how = Vec::new();
    let mut see = |kind| {
        if !how.contains(&kind) {
            how.push(kind);
        }
    };
    if before > 0 {
        let mut from = units[before - 1].tail;
        for unit in &units[before..=first] {
            if from < unit.start {
                see(gap_kind(&read.stored[from as usize..unit.start as usize]));
            }
            from = unit.tail;
        }
        for unit in &units[before..first] {
            see(if unit.is_content() { "noise" } else { "separator" });
        }
    }
    for unit in &units[first..=last] {
        let stored = &read.stored[unit.start as usize..unit.end as usize];
        if unit.is_escaped() {
            see(escape_kind(stored.chars().next().unwrap_or('&')));
        } else if stored.chars().count() > 1 {
            see("script-marks");
        }
        // Of a character that folds to several, each shows its part; two that are composed are told above.
        let parts: Vec<char> = if unit.is_part() {
            vec![unit.fold]
        } else {
            units[first..].iter().take_while(|other| other.start == unit.start).map(|other| other.fold).collect()
        };
        let is_composed = !unit.is_escaped() && stored.chars().count() > 1;
        if let Some(kind) = fold_kind(unit.raw, &parts, tables()).filter(|_| !is_composed) {
            see(kind);
        }
        for mark in read.stored[unit.end as usize..unit.tail as usize].chars() {
            see(hidden_kind(mark));
        }
    }
    if let Some(reading) = reading {
        see(reading);
    }
    let from = read.stored[start as usize..end as usize].to_owned();
    ShownChar { start: read.codepoint(start), end: read.codepoint(end), from, to, how }
}

fn whole(read: &Text, hit: Hit, to: String, how: &'static str) -> ShownChar {
    let from = read.stored[hit.start as usize..hit.end as usize].to_owned();
    ShownChar { start: read.codepoint(hit.start), end: read.codepoint(hit.end), from, to, how: vec![how] }
}

/// Forms that stand for the keyword as a whole.
fn as_alias(
    keyword: &str,
    read: &Text,
    mut starts: std::ops::Range<usize>,
    hit: Hit,
    settings: &Settings,
    options: &MatchOptions,
) -> Option<Vec<ShownChar>> {
    let is_aggressive = options.profile == crate::spec::Profile::Aggressive;
    let backwards: String = keyword.trim().chars().rev().collect();
    guess::aliases(keyword, options.pinyin_initials, is_aggressive).iter().find_map(|alias| {
        let pattern = Pattern::new(alias)?;
        starts.find(|&start| plain(&pattern, read, start, hit, settings).is_some())?;
        let how = if *alias == backwards {
            "reversed"
        } else if alias.is_ascii() {
            "pinyin-initials"
        } else {
            "upside-down"
        };
        Some(vec![whole(read, hit, keyword.trim().to_owned(), how)])
    })
}

/// A word with some of its letters masked.
fn masked(pattern: &Pattern, read: &Text, hit: Hit) -> Option<Vec<ShownChar>> {
    let first = read.units.iter().position(|unit| unit.start == hit.start)?;
    let units = read.units.get(first..first + pattern.elements.len())?;
    if units.last()?.tail != hit.end {
        return None;
    }
    let mut shown = Vec::new();
    for ((element, unit), at) in pattern.elements.iter().zip(units).zip(first..) {
        let is_same = unit.fold == form::shown_element(*element);
        if !is_same && unit.is_content() {
            return None;
        }
        let reading = (!is_same).then_some("masked-letter");
        shown.push(show(read, at, at, at, form::shown_element(*element).to_string(), reading));
    }
    Some(shown)
}

/// A reading of the units from `start` to the end of the hit in which every character of the keyword is guessed at most
/// once: by sound, shape, parts, picture or spelling.
fn guessed(pattern: &Pattern, read: &Text, start: usize, hit: Hit) -> Option<Vec<ShownChar>> {
    let end = start + read.units[start..].iter().take_while(|unit| unit.start < hit.end).count();
    let mut walk = Walk { elements: &pattern.elements, units: &read.units, end, steps: MAX_STEPS, found: Vec::new() };
    walk.from(0, start).then(|| {
        let mut before = start;
        let seen = walk.found.iter().map(|&(element, covered, first, last, how)| {
            let to = pattern.elements[element..element + covered].iter().copied().map(form::shown_element).collect();
            let shown = show(read, before, first, last, to, how);
            before = last + 1;
            shown
        });
        seen.collect()
    })
}

/// Element, elements covered, first and last unit, kind.
type Guess = (usize, usize, usize, usize, Option<&'static str>);

struct Walk<'a> {
    elements: &'a [Element],
    units: &'a [Unit],
    /// The unit behind the last one of the hit.
    end: usize,
    steps: u32,
    found: Vec<Guess>,
}

impl Walk<'_> {
    /// Whether the elements from `element` on are read in the units from `at` to the end; `found` then says how.
    fn from(&mut self, element: usize, at: usize) -> bool {
        if element == self.elements.len() {
            return at == self.end;
        }
        if self.steps == 0 {
            return false;
        }
        self.steps -= 1;
        let Element::Char { fold, digit, .. } = self.elements[element] else {
            let is_symbol = self.units.get(at).is_some_and(|unit| !unit.is_content());
            return self.from(element + 1, at + usize::from(is_symbol && self.elements[element] != Element::Gap));
        };
        let opt = opt();
        let mut at = at;
        loop {
            if at >= self.end {
                return false;
            }
            let unit = self.units[at];
            if unit.is_content() && (unit.fold == fold || (digit != Unit::NO_DIGIT && unit.digit == digit)) {
                return self.take((element, 1, at, at, None)) || self.guess(element, fold, at);
            }
            if unit.is_content() || !opt.emoji(unit.raw).is_empty() {
                return self.guess(element, fold, at);
            }
            at += usize::from(element > 0);
            if element == 0 {
                return false;
            }
        }
    }

    fn guess(&mut self, element: usize, fold: char, at: usize) -> bool {
        let opt = opt();
        let unit = self.units[at];
        for parts in opt.split(fold) {
            let is_here = self.units[at..].iter().map(|unit| unit.fold).take(parts.len()).eq(parts.iter().copied());
            if is_here && self.take((element, 1, at, at + parts.len() - 1, Some("split-char"))) {
                return true;
            }
        }
        let sounds = |same: fn(u16) -> u16| {
            let wanted: Vec<u16> = opt.syllables(fold).iter().map(|&id| same(id)).collect();
            opt.syllables(unit.fold).iter().any(|&id| wanted.contains(&same(id)))
        };
        let kind = if sounds(|id| id) {
            Some("homophone")
        } else if sounds(|id| normalize::opt().near(id)) {
            Some("near-homophone")
        } else if opt.similar(unit.fold).contains(&fold) {
            Some("shape-similar")
        } else if opt.martian(unit.fold).contains(&fold) {
            Some("martian")
        } else {
            None
        };
        if kind.is_some() && self.take((element, 1, at, at, kind)) {
            return true;
        }
        if unit.class == Class::Letter {
            return self.spelled(element, fold, at);
        }
        opt.emoji(unit.raw).iter().any(|word| {
            let covered = word.chars().count();
            let is_word = self.elements.get(element..element + covered).is_some_and(|elements| {
                elements
                    .iter()
                    .zip(word.chars())
                    .all(|(element, c)| form::shown_element(*element) == tables().fold_one(c))
            });
            is_word && self.take((element, covered, at, at, Some("emoji-sub")))
        })
    }

    /// A syllable of the character, with or without the digit of its tone.
    fn spelled(&mut self, element: usize, fold: char, at: usize) -> bool {
        let opt = opt();
        let letters: String = self.units[at..self.end]
            .iter()
            .take(MAX_SYLLABLE)
            .take_while(|unit| unit.class == Class::Letter && unit.fold.is_ascii())
            .map(|unit| unit.fold)
            .collect();
        (1..=letters.len()).rev().any(|length| {
            let Some(syllable) = opt.syllable_id(&letters[..length]) else { return false };
            if !opt.syllables(fold).contains(&syllable) {
                return false;
            }
            let last = at + length - 1;
            let has_tone = last + 1 < self.end && self.units[last + 1].class == Class::Digit;
            self.take((element, 1, at, last + usize::from(has_tone), Some("pinyin-full")))
                || (has_tone && self.take((element, 1, at, last, Some("pinyin-full"))))
        })
    }

    /// Takes a reading and goes on; gives it back when that leads nowhere.
    fn take(&mut self, guess: Guess) -> bool {
        let (element, covered, _, last, _) = guess;
        self.found.push(guess);
        let holds = self.from(element + covered, last + 1);
        if !holds {
            self.found.pop();
        }
        holds
    }
}
