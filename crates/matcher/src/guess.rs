//! The forms of a keyword that must be guessed (profile `aggressive`): Pinyin, homophones, similar shapes, split
//! characters, emoji, letters masked or turned upside down. Reversed forms are patterns of their own and found as those.
//!
//! A walk from every unit of the text over the patterns that may start there; each element may be shown in several
//! ways, and what was guessed is judged at the end. Much slower than the other routes, which is why it is opt-in.

use std::collections::HashMap;

use normalize::{Class, Opt, Tables, Unit, is_turned, opt, tables, upside_down};

use crate::align::{self, Mode};
use crate::automaton::Settings;
use crate::file::{FileError, Reader, Writer};
use crate::matcher::{Found, Matcher, Route, Scratch};
use crate::pattern::{Element, Kind, Pattern};
use crate::spec::Level;
use crate::stretch::for_each_stretch;

/// Steps that one walk may take: text that could be read in very many ways is read in the first of them.
const MAX_STEPS: u32 = 512;
/// Letters of the longest syllable.
const MAX_SYLLABLE: usize = 6;
/// Elements of the longest keyword that is looked for in guessed forms.
const MAX_ELEMENTS: usize = 64;
/// Units that a guessed form may take beyond what the keyword itself may.
pub(crate) const MORE_REACH: usize = (MAX_SYLLABLE + 1) * MAX_ELEMENTS;
/// Symbols and spaces that are looked at for an emoji behind the last character.
const MAX_BEFORE_EMOJI: usize = 4;
/// Symbols that stand for one letter each.
const MASKS: [char; 5] = ['*', '•', '●', '█', '#'];
/// Fewest letters of a word that may have letters masked.
const MIN_MASKED: usize = 4;
/// A word of the lexicon at least this common (natural logarithm of its share) is itself, not a homophone of another.
const COMMON_WORD: f32 = -13.0;

/// A character at least this common (as above) is usual.
const USUAL_CHARACTER: f32 = -11.0;

/// Patterns that are looked for in their guessed forms.
pub(crate) struct Guess {
    patterns: Vec<Pattern>,
    /// Position of each pattern among those of the library.
    ids: Vec<u32>,
    settings: Settings,
    /// Patterns by what may start them: an ideograph as itself, or by the near-homophone classes of its readings.
    by_char: HashMap<char, Vec<u32>>,
    by_sound: HashMap<u16, Vec<u32>>,
    /// Alphabetic words by their length and first letter.
    by_word: HashMap<(usize, char), Vec<u32>>,
    reach: usize,
}

impl Guess {
    /// `patterns` with their positions in the library.
    pub(crate) fn new(patterns: impl Iterator<Item = (u32, Pattern)>, settings: Settings) -> Self {
        let opt = opt();
        let mut guess = Self {
            patterns: Vec::new(),
            ids: Vec::new(),
            settings,
            by_char: HashMap::new(),
            by_sound: HashMap::new(),
            by_word: HashMap::new(),
            reach: 0,
        };
        for (id, pattern) in patterns {
            // One character has too many other forms.
            if !(2..=MAX_ELEMENTS).contains(&pattern.elements.len()) {
                continue;
            }
            let index = guess.patterns.len() as u32;
            match pattern.elements[0] {
                Element::Char { fold, kind: Kind::Free, .. } => {
                    guess.by_char.entry(fold).or_default().push(index);
                    for parts in opt.split(fold) {
                        guess.by_char.entry(parts[0]).or_default().push(index);
                    }
                    let mut sounds: Vec<u16> = opt.syllables(fold).iter().map(|&id| opt.near(id)).collect();
                    sounds.sort_unstable();
                    sounds.dedup();
                    for sound in sounds {
                        guess.by_sound.entry(sound).or_default().push(index);
                    }
                }
                Element::Char { fold, kind: Kind::Letter, .. } if is_word(&pattern) => {
                    guess.by_word.entry((pattern.elements.len(), fold)).or_default().push(index);
                }
                _ => continue,
            }
            guess.reach = guess.reach.max(pattern.reach() + MORE_REACH);
            guess.patterns.push(pattern);
            guess.ids.push(id);
        }
        guess
    }

    /// Positions in `self.patterns` of those that may start at this unit, once each.
    fn starters(&self, units: &[Unit], at: usize, out: &mut Vec<u32>) {
        let opt = opt();
        let unit = &units[at];
        out.clear();
        let mut add = |found: Option<&Vec<u32>>| out.extend(found.into_iter().flatten());
        match unit.class {
            Class::Free => {
                add(self.by_char.get(&unit.fold));
                for &sound in opt.syllables(unit.fold) {
                    add(self.by_sound.get(&opt.near(sound)));
                }
                for form in forms_of(unit, opt) {
                    add(self.by_char.get(&form));
                }
            }
            Class::Letter if at == 0 || units[at - 1].class != Class::Letter => {
                for (syllable, _) in syllables_at(units, at, opt) {
                    add(self.by_sound.get(&opt.near(syllable)));
                }
            }
            Class::Symbol => {
                for word in opt.emoji(unit.raw) {
                    add(word.chars().next().and_then(|first| self.by_char.get(&first)));
                }
            }
            _ => {}
        }
        out.sort_unstable();
        out.dedup();
    }

    /// Words of which some letters are masked: `m*lw*re`.
    fn find_masked(&self, text: &str, units: &[Unit], start: usize, out: &mut Vec<Found>) {
        let is_part = |unit: &Unit| matches!(unit.class, Class::Letter | Class::Digit) || is_masked(unit);
        if start > 0 && is_part(&units[start - 1]) {
            return;
        }
        let word = units[start..].iter().take(MAX_ELEMENTS).take_while(|unit| is_part(unit)).count();
        let word = &units[start..start + word];
        let masks = word.iter().filter(|unit| is_masked(unit)).count();
        if masks == 0 || word.len() < MIN_MASKED || 2 * masks > word.len() || text.len() < word.len() {
            return;
        }
        let last = word[word.len() - 1];
        let mode = self.settings.mode(true);
        for &index in self.by_word.get(&(word.len(), word[0].fold)).into_iter().flatten() {
            let pattern = &self.patterns[index as usize];
            let fits = pattern.elements.iter().zip(word).all(|(element, unit)| {
                let Element::Char { fold, digit, kind } = *element else { return false };
                is_masked(unit) || align::shows(unit, fold, digit, kind, &mode, tables()).is_some()
            });
            if fits {
                let pattern = self.ids[index as usize];
                out.push(Found { pattern, start: word[0].start, end: last.tail, level: Level::Aggressive });
            }
        }
    }

    /// Words written upside down, and so backwards: `ɥsᴉɥd`.
    fn find_turned(&self, units: &[Unit], start: usize, out: &mut Vec<Found>) {
        let turned = |unit: &Unit| if unit.is_part() { None } else { upside_down(unit.raw) };
        if turned(&units[start]).is_none() || (start > 0 && turned(&units[start - 1]).is_some()) {
            return;
        }
        let word: Vec<char> = units[start..].iter().take(64).map_while(turned).collect();
        let end = start + word.len();
        let is_turned = units[start..end].iter().any(|unit| is_turned(unit.raw));
        let touches = units.get(end).is_some_and(|unit| unit.class == Class::Letter)
            || (start > 0 && units[start - 1].class == Class::Letter);
        if !is_turned || touches {
            return;
        }
        for &index in self.by_word.get(&(word.len(), word[word.len() - 1])).into_iter().flatten() {
            let shown = word.iter().rev().zip(&self.patterns[index as usize].elements);
            if shown.into_iter().all(|(c, element)| matches!(element, Element::Char { fold, .. } if fold == c)) {
                let pattern = self.ids[index as usize];
                let (first, last) = (&units[start], &units[end - 1]);
                out.push(Found { pattern, start: first.start, end: last.tail, level: Level::Aggressive });
            }
        }
    }

    fn find_in(&self, text: &str, units: &[Unit], bounds: std::ops::Range<usize>, out: &mut Vec<Found>) {
        let mut starters = Vec::new();
        for start in bounds {
            if units[start].class == Class::Letter && !self.by_word.is_empty() {
                self.find_masked(text, units, start, out);
            }
            if !self.by_word.is_empty() {
                self.find_turned(units, start, out);
            }
            self.starters(units, start, &mut starters);
            for &index in &starters {
                let pattern = &self.patterns[index as usize];
                let mut walk = Walk {
                    elements: &pattern.elements,
                    units,
                    mode: self.settings.mode(false),
                    opt: opt(),
                    tables: tables(),
                    steps: MAX_STEPS,
                };
                if let Some(end) = walk.read(0, start, start, Guessed::default()) {
                    let (first, last) = (&units[start], &units[end - 1]);
                    let pattern = self.ids[index as usize];
                    out.push(Found { pattern, start: first.start, end: last.tail, level: Level::Aggressive });
                }
            }
        }
    }
}

impl Matcher for Guess {
    fn find_all(&self, text: &str, scratch: &mut Scratch, out: &mut Vec<Found>) {
        for_each_stretch(text, self.settings.reading, self.reach, &mut scratch.units, |units, bounds| {
            self.find_in(text, units, bounds, out);
        });
    }

    /// The patterns only: what may start them is soon found again.
    fn store(&self, out: &mut Writer) {
        out.put("guess.ids", &self.ids);
    }

    fn routes(&self) -> Vec<Route> {
        vec![Route { name: "guess", kernel: "portable", patterns: self.patterns.len() }]
    }

    fn heap_bytes(&self) -> usize {
        let elements: usize = self.patterns.iter().map(|pattern| size_of_val(&*pattern.elements)).sum();
        let lists = |lists: usize| lists * size_of::<u32>();
        elements
            + size_of_val(&*self.patterns)
            + lists(self.by_char.values().map(Vec::len).sum())
            + lists(self.by_sound.values().map(Vec::len).sum())
            + lists(self.by_word.values().map(Vec::len).sum())
    }
}

/// What a walk had to guess so far.
#[derive(Debug, Clone, Copy, Default)]
struct Guessed {
    /// Elements shown as they are, by sound, by shape or parts or picture, in Pinyin.
    same: u32,
    sounds: u32,
    shapes: u32,
    spelled: u32,
}

/// One way of reading the text from a unit on.
struct Walk<'a> {
    elements: &'a [Element],
    units: &'a [Unit],
    mode: Mode<'a>,
    opt: &'static Opt,
    tables: &'static Tables,
    steps: u32,
}

impl Walk<'_> {
    /// Reads the elements from `element` on at unit `at`; `first` is the first unit of the walk. Gives the unit behind
    /// the last one.
    fn read(&mut self, element: usize, first: usize, at: usize, guessed: Guessed) -> Option<usize> {
        if element == self.elements.len() {
            return self.holds(first, at, guessed).then_some(at);
        }
        self.steps = self.steps.checked_sub(1)?;
        if let Some(end) = self.read_emoji(element, first, at, guessed) {
            return Some(end);
        }
        let (element, at) = if element == 0 { (0, at) } else { self.cross(element, at)? };
        let unit = self.units.get(at)?;
        let Element::Char { fold, digit, kind } = self.elements[element] else {
            let Element::Symbol(symbol) = self.elements[element] else { return None };
            return (unit.fold == symbol).then(|| self.read(element + 1, first, at + 1, guessed)).flatten();
        };
        if unit.is_content() && (unit.fold == fold || (digit != Unit::NO_DIGIT && unit.digit == digit)) {
            let guessed = Guessed { same: guessed.same + 1, ..guessed };
            if let Some(end) = self.read(element + 1, first, at + 1, guessed) {
                return Some(end);
            }
        }
        if kind != Kind::Free {
            return None;
        }
        let opt = self.opt;
        match unit.class {
            Class::Free => {
                for parts in opt.split(fold) {
                    let is_here =
                        self.units[at..].iter().map(|unit| unit.fold).take(parts.len()).eq(parts.iter().copied());
                    let guessed = Guessed { shapes: guessed.shapes + 1, ..guessed };
                    if is_here && let Some(end) = self.read(element + 1, first, at + parts.len(), guessed) {
                        return Some(end);
                    }
                }
                if unit.fold == fold {
                    return None;
                }
                let sound = sounds_alike(unit.fold, fold, opt);
                let shape = forms_of(unit, opt).any(|form| form == fold);
                let guessed = match (sound, shape) {
                    (true, _) => Guessed { sounds: guessed.sounds + 1, ..guessed },
                    (_, true) => Guessed { shapes: guessed.shapes + 1, ..guessed },
                    _ => return None,
                };
                self.read(element + 1, first, at + 1, guessed)
            }
            Class::Letter => {
                let guessed = Guessed { spelled: guessed.spelled + 1, ..guessed };
                syllables_at(self.units, at, opt)
                    .filter(|(syllable, _)| opt.syllables(fold).contains(syllable))
                    .find_map(|(_, end)| self.read(element + 1, first, end, guessed))
            }
            _ => None,
        }
    }

    /// Reads an emoji at unit `at`, or behind other separators there, as the next elements.
    fn read_emoji(&mut self, element: usize, first: usize, at: usize, guessed: Guessed) -> Option<usize> {
        let element = element + usize::from(self.elements[element] == Element::Gap);
        let guessed = Guessed { shapes: guessed.shapes + 1, ..guessed };
        let opt = self.opt;
        let most = if element == 0 { 1 } else { MAX_BEFORE_EMOJI };
        for at in at..at + most {
            let unit = self.units.get(at).filter(|unit| unit.class == Class::Symbol || unit.class == Class::Space)?;
            for word in opt.emoji(unit.raw) {
                if let Some(covered) = self.covers(element, word)
                    && let Some(end) = self.read(element + covered, first, at + 1, guessed)
                {
                    return Some(end);
                }
            }
        }
        None
    }

    /// Elements from `element` on that are the characters of `word`.
    fn covers(&self, element: usize, word: &str) -> Option<usize> {
        let count = word.chars().count();
        let elements = self.elements.get(element..element + count)?;
        let same = |(element, c): (&Element, char)| matches!(element, Element::Char { fold, .. } if *fold == self.tables.fold_one(c));
        elements.iter().zip(word.chars()).all(same).then_some(count)
    }

    /// The element and the unit behind the separators at `at`, if they may stand there.
    fn cross(&self, element: usize, at: usize) -> Option<(usize, usize)> {
        align::cross(self.elements, element, self.units, at - 1, &self.mode)
    }

    /// Whether what was guessed is worth reporting.
    fn holds(&self, first: usize, end: usize, guessed: Guessed) -> bool {
        let Guessed { same, sounds, shapes, spelled } = guessed;
        if sounds + shapes + spelled == 0 {
            return false;
        }
        let is_letter =
            |at: Option<usize>| at.and_then(|at| self.units.get(at)).is_some_and(|unit| unit.class == Class::Letter);
        let begins_spelled = self.units[first].class == Class::Letter;
        let ends_spelled = self.units[end - 1].class == Class::Letter || self.units[end - 1].class == Class::Digit;
        if begins_spelled && is_letter(first.checked_sub(1)) || ends_spelled && is_letter(Some(end)) {
            return false;
        }
        if spelled > 0 && same + sounds + shapes == 0 && self.is_foreign(first, end) {
            return false;
        }
        // Usual characters none of which is the keyword's mean themselves, unless they sound like it.
        if same == 0 && shapes > 0 && spelled == 0 && self.is_usual(first, end) {
            return false;
        }
        // A word that only sounds like the keyword is that word.
        if same == 0 && shapes + spelled == 0 {
            let word: Vec<char> = self.units[first..end].iter().map(|unit| unit.fold).collect();
            return self.opt.lexicon().log_share(&word).is_none_or(|share| share < COMMON_WORD);
        }
        true
    }

    /// Whether the span consists of ideographs that are usual in running text, and of separators that are not symbols.
    fn is_usual(&self, first: usize, end: usize) -> bool {
        let lexicon = self.opt.lexicon();
        let is_usual = |unit: &Unit| {
            unit.class == Class::Free && lexicon.log_share(&[unit.fold]).is_some_and(|share| share > USUAL_CHARACTER)
        };
        let shown = self.units[first..end].iter().filter(|unit| unit.is_content() || unit.class == Class::Symbol);
        shown.into_iter().all(is_usual)
    }

    /// Whether all Latin words of the span are words of other languages.
    fn is_foreign(&self, first: usize, end: usize) -> bool {
        let units = &self.units[first..end];
        if units.iter().any(|unit| {
            unit.class == Class::Digit || unit.tail != unit.end || unit.raw.to_ascii_lowercase() != unit.fold
        }) {
            // Tones say that it is Pinyin.
            return false;
        }
        units
            .split(|unit| unit.class != Class::Letter)
            .filter(|word| !word.is_empty())
            .all(|word| self.opt.is_foreign_word(&word.iter().map(|unit| unit.fold).collect::<String>()))
    }
}

/// Ideographs that a unit may stand for by its shape. A rare character may be a variant of another one and still be
/// meant for its shape, so both are looked up.
fn forms_of(unit: &Unit, opt: &'static Opt) -> impl Iterator<Item = char> {
    let raw = (unit.raw != unit.fold).then_some(unit.raw);
    [Some(unit.fold), raw].into_iter().flatten().flat_map(|c| opt.similar(c).iter().chain(opt.martian(c)).copied())
}

/// Whether two ideographs have readings of one near-homophone class.
fn sounds_alike(a: char, b: char, opt: &Opt) -> bool {
    opt.syllables(a).iter().any(|&a| opt.syllables(b).iter().any(|&b| opt.near(a) == opt.near(b)))
}

/// Syllables that the letters at `at` spell, longest first, each with the unit behind it and behind its tone digit.
fn syllables_at<'a>(units: &'a [Unit], at: usize, opt: &'static Opt) -> impl Iterator<Item = (u16, usize)> + 'a {
    let letters: String = units[at..]
        .iter()
        .take(MAX_SYLLABLE)
        .take_while(|unit| unit.class == Class::Letter && unit.fold.is_ascii())
        .map(|unit| unit.fold)
        .collect();
    (1..=letters.len()).rev().filter_map(move |length| {
        let syllable = opt.syllable_id(&letters[..length])?;
        let end = at + length;
        let has_tone = units.get(end).is_some_and(|unit| unit.class == Class::Digit && (1..=5).contains(&unit.digit))
            && units.get(end + 1).is_none_or(|unit| unit.class != Class::Digit);
        Some((syllable, end + usize::from(has_tone)))
    })
}

fn is_masked(unit: &Unit) -> bool {
    !unit.is_content() && MASKS.contains(&unit.fold)
}

fn is_word(pattern: &Pattern) -> bool {
    pattern.elements.iter().all(|element| matches!(element, Element::Char { kind: Kind::Letter, .. }))
}

/// Other texts that stand for a keyword as a whole, each a pattern of its own: the keyword backwards, and its initials if
/// asked for.
pub(crate) fn aliases(text: &str, pinyin_initials: bool, is_aggressive: bool) -> Vec<String> {
    let opt = opt();
    let chars: Vec<char> = text.trim().chars().collect();
    let mut found = Vec::new();
    if chars.len() < 2 {
        return found;
    }
    if is_aggressive {
        let backwards: String = chars.iter().rev().collect();
        if backwards != text.trim() {
            found.push(backwards);
        }
    }
    if pinyin_initials {
        let initials: Option<String> = chars
            .iter()
            .map(|&c| opt.syllables(c).first().and_then(|&id| opt.syllable_name(id).chars().next()))
            .collect();
        found.extend(initials);
    }
    found
}

/// Alphabetic words within a number of edits of a keyword.
pub(crate) struct Fuzzy {
    words: Vec<(u32, Box<[char]>)>,
    /// Positions in `words`, by the hash of each form with up to `edits` letters left out.
    by_form: HashMap<u64, Vec<u32>>,
    edits: usize,
    settings: Settings,
}

/// Longest word that is compared by edits.
const MAX_FUZZY: usize = 32;

impl Fuzzy {
    pub(crate) fn new(patterns: impl Iterator<Item = (u32, Pattern)>, edits: usize, settings: Settings) -> Self {
        let mut fuzzy = Self { words: Vec::new(), by_form: HashMap::new(), edits, settings };
        for (id, pattern) in patterns.filter(|(_, pattern)| is_word(pattern)) {
            let word: Box<[char]> = pattern
                .elements
                .iter()
                .filter_map(|element| if let Element::Char { fold, .. } = element { Some(*fold) } else { None })
                .collect();
            // A word is known by two thirds of its letters, not by less.
            if word.len() < 3 * edits || word.len() > MAX_FUZZY {
                continue;
            }
            fuzzy.add(id, word);
        }
        fuzzy
    }

    fn add(&mut self, id: u32, word: Box<[char]>) {
        let index = self.words.len() as u32;
        for form in forms(&word, self.edits) {
            self.by_form.entry(form).or_default().push(index);
        }
        self.words.push((id, word));
    }

    /// Reads words of a library of so many patterns.
    pub(crate) fn restore(
        patterns: usize,
        edits: usize,
        settings: Settings,
        file: &mut Reader,
    ) -> Result<Self, FileError> {
        let mut fuzzy = Self { words: Vec::new(), by_form: HashMap::new(), edits, settings };
        let ids = file.take::<u32>("fuzzy.ids")?;
        let lengths = file.take::<u8>("fuzzy.lengths")?;
        let letters = file.take::<u32>("fuzzy.letters")?;
        ids.expect_below(patterns, "number of a pattern")?;
        lengths.expect_count(ids.len())?;
        let mut at = 0;
        for (index, (&id, &length)) in ids.iter().zip(&*lengths).enumerate() {
            let length = usize::from(length);
            // Every form of a word with letters left out is kept, so that longer ones would take very much memory.
            let most = MAX_FUZZY.min(letters.len() - at);
            if length < 3 * edits || length > most {
                let limit = format!("it must be from {} to {most}", 3 * edits);
                return Err(lengths.refuse(index, "length of a word", length, limit));
            }
            let word: Option<Box<[char]>> = letters[at..at + length].iter().map(|c| char::from_u32(*c)).collect();
            let Some(word) = word else {
                let is_letter = |at: &usize| char::from_u32(letters[*at]).is_none();
                let at = (at..at + length).find(is_letter).unwrap_or(at);
                return Err(letters.refuse(at, "a letter", letters[at], "it must be a character"));
            };
            fuzzy.add(id, word);
            at += length;
        }
        letters.expect_count(at)?;
        Ok(fuzzy)
    }
}

impl Matcher for Fuzzy {
    fn find_all(&self, text: &str, scratch: &mut Scratch, out: &mut Vec<Found>) {
        for_each_stretch(text, self.settings.reading, MAX_FUZZY * 4, &mut scratch.units, |units, bounds| {
            let is_letter = |at: usize| units.get(at).is_some_and(|unit| unit.class == Class::Letter);
            for start in bounds.filter(|&at| is_letter(at) && (at == 0 || !is_letter(at - 1))) {
                let length = (start..).take_while(|&at| is_letter(at)).take(MAX_FUZZY + self.edits + 1).count();
                if length > MAX_FUZZY + self.edits {
                    continue;
                }
                let word: Vec<char> = units[start..start + length].iter().map(|unit| unit.fold).collect();
                let mut near: Vec<u32> = forms(&word, self.edits)
                    .iter()
                    .filter_map(|form| self.by_form.get(form))
                    .flatten()
                    .copied()
                    .collect();
                near.sort_unstable();
                near.dedup();
                for index in near {
                    let (pattern, keyword) = &self.words[index as usize];
                    let edits = distance(keyword, &word);
                    if edits > 0 && edits <= self.edits {
                        let (start, end) = (units[start].start, units[start + length - 1].tail);
                        out.push(Found { pattern: *pattern, start, end, level: Level::Aggressive });
                    }
                }
            }
        });
    }

    /// The words only: their forms are soon found again.
    fn store(&self, out: &mut Writer) {
        out.put("fuzzy.ids", &self.words.iter().map(|(id, _)| *id).collect::<Vec<u32>>());
        out.put("fuzzy.lengths", &self.words.iter().map(|(_, word)| word.len() as u8).collect::<Vec<u8>>());
        let letters = self.words.iter().flat_map(|(_, word)| word.iter().map(|letter| u32::from(*letter)));
        out.put("fuzzy.letters", &letters.collect::<Vec<u32>>());
    }

    fn routes(&self) -> Vec<Route> {
        vec![Route { name: "fuzzy", kernel: "portable", patterns: self.words.len() }]
    }

    fn heap_bytes(&self) -> usize {
        let words: usize = self.words.iter().map(|(_, word)| size_of_val(&**word)).sum();
        words + self.by_form.values().map(|list| 8 + 4 * list.len()).sum::<usize>()
    }
}

/// Hashes of a word with up to `edits` letters left out: two words within so many edits share one of them.
fn forms(word: &[char], edits: usize) -> Vec<u64> {
    let mut level: Vec<Vec<char>> = vec![word.to_vec()];
    let mut hashes = vec![hash(word)];
    for _ in 0..edits {
        let mut shorter: Vec<Vec<char>> = Vec::new();
        for form in &level {
            for at in 0..form.len() {
                let mut form = form.clone();
                form.remove(at);
                shorter.push(form);
            }
        }
        shorter.sort_unstable();
        shorter.dedup();
        hashes.extend(shorter.iter().map(|form| hash(form)));
        level = shorter;
    }
    hashes.sort_unstable();
    hashes.dedup();
    hashes
}

/// FNV-1a over code points: the same on every machine; equal hashes are compared by distance anyway.
fn hash(word: &[char]) -> u64 {
    word.iter().fold(0xCBF2_9CE4_8422_2325, |hash, &c| (hash ^ u64::from(c)).wrapping_mul(0x0100_0000_01B3))
}

/// Levenshtein distance.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_count_edits() {
        let distance = |a: &str, b: &str| distance(&a.chars().collect::<Vec<_>>(), &b.chars().collect::<Vec<_>>());
        for (a, b, expected) in [
            ("ransom", "ranosm", 2),
            ("ransom", "ransom", 0),
            ("ransom", "ransoms", 1),
            ("", "abc", 3),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(distance(a, b), expected, "{a} {b}");
            assert_eq!(distance(b, a), expected, "{b} {a}");
        }
    }

    #[test]
    fn words_within_the_edits_share_a_form() {
        let forms = |word: &str| forms(&word.chars().collect::<Vec<_>>(), 2);
        for (a, b) in [("ransom", "ranosm"), ("ransom", "rxnsxm"), ("ransom", "ransomed"), ("ransom", "rnsm")] {
            assert!(forms(a).iter().any(|form| forms(b).contains(form)), "{a} {b}");
        }
    }
}
