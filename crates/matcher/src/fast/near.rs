//! Anchors in text that is read as units.
//!
//! Here every character counts by its key, under which all its readings meet, and runs count once. The words of a text
//! are looked up from each unit that one may start with to each that one may end with, windows of ideographs from each
//! unit over its next two.

use std::ops::Range;

use normalize::{Class, Unit, tables};

use super::Work;
use super::anchor::is_letter;
use super::keys::{Hashed, Keys};
use crate::automaton::is_start;
use crate::file::{FileError, Reader, Writer};
use crate::groups::Groups;
use crate::letters::{is_leet_symbol, key, key_of_unit};
use crate::pattern::Element;

/// Keys that a word is known by: of a longer one the first ones, so that a text is read in bounded steps.
pub(crate) const MAX_KEYS: usize = 32;
/// Keys after which a word is gone on with only if one that is looked for begins so.
const BEGINNING: usize = 4;

/// Anchors by their keys.
#[derive(Debug, Default)]
pub(crate) struct Near {
    windows: Keys,
    of_window: Groups,
    /// Keys of the longest window.
    longest: usize,
    /// Windows may start with letters of ASCII.
    has_letters: bool,
    words: Keys,
    of_word: Groups,
    /// The first keys of the words that have more.
    beginnings: Keys,
}

/// Units in a row that have one key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Run {
    key: u32,
    /// The first unit.
    unit: u32,
    starts_window: bool,
    starts_word: bool,
    ends_word: bool,
}

/// The hash of keys in a row.
#[derive(Debug, Clone, Copy)]
struct Chain(u32);

impl Chain {
    const EMPTY: Self = Self(0x2545_F491);

    #[inline]
    fn with(self, key: u32) -> Self {
        Self((self.0.rotate_left(9) ^ key).wrapping_mul(0x9E37_79B1))
    }

    fn hashed(self) -> Hashed {
        Hashed { place: self.0, key: self.0 }
    }
}

/// Collects anchors for [`Near`].
#[derive(Debug, Default)]
pub(crate) struct Builder {
    windows: Vec<(Hashed, u32)>,
    longest: usize,
    has_letters: bool,
    words: Vec<(Hashed, u32)>,
    beginnings: Vec<(Hashed, u32)>,
}

impl Builder {
    /// Adds a part of a pattern, under its number.
    pub(crate) fn add(&mut self, elements: &[Element], is_word: bool, part: u32) {
        let tables = tables();
        let (mut chain, mut count, mut last) = (Chain::EMPTY, 0, None);
        let mut beginning = None;
        for element in elements {
            if let Element::Char { fold, digit, .. } = *element {
                let key = key(fold, digit, tables);
                if last != Some(key) && count < MAX_KEYS {
                    if count == BEGINNING {
                        beginning = Some(chain);
                    }
                    (chain, count, last) = (chain.with(u32::from(key)), count + 1, Some(key));
                }
            }
        }
        if is_word {
            // What begins so is not asked for, only whether something does.
            self.beginnings.extend(beginning.map(|beginning| (beginning.hashed(), 0)));
        } else {
            self.longest = self.longest.max(count);
            self.has_letters |= is_letter(elements[0]);
        }
        if is_word { &mut self.words } else { &mut self.windows }.push((chain.hashed(), part));
    }

    pub(crate) fn build(self) -> Near {
        let mut near = Near { longest: self.longest, has_letters: self.has_letters, ..Near::default() };
        if !self.windows.is_empty() {
            (near.windows, near.of_window) = Keys::new(self.windows);
        }
        if !self.words.is_empty() {
            (near.words, near.of_word) = Keys::new(self.words);
        }
        if !self.beginnings.is_empty() {
            (near.beginnings, _) = Keys::new(self.beginnings);
        }
        near
    }
}

/// Whether a unit is a character of keywords under a reading of symbols.
pub(crate) fn is_read(unit: &Unit, symbols_are_letters: bool) -> bool {
    unit.is_content() || (symbols_are_letters && is_leet_symbol(unit.fold))
}

/// Whether a unit is inside a word of letters. A word that is an anchor stands by itself, whatever it is made of.
pub(crate) fn is_inside_word(units: &[Unit], at: usize) -> bool {
    at > 0
        && units[at - 1].class == Class::Letter
        && units[at].class == Class::Letter
        && units[at - 1].fold != units[at].fold
}

impl Near {
    /// Divides units into runs, for [`find`](Self::find).
    pub(crate) fn divide(&self, units: &[Unit], symbols_are_letters: bool, runs: &mut Vec<Run>) {
        let tables = tables();
        runs.clear();
        for (at, unit) in units.iter().enumerate().filter(|(_, unit)| is_read(unit, symbols_are_letters)) {
            let key = u32::from(key_of_unit(unit, tables));
            if runs.last().is_none_or(|run| run.key != key) {
                runs.push(Run { key, unit: at as u32, starts_window: false, starts_word: false, ends_word: false });
            }
            let Some(run) = runs.last_mut() else { continue };
            if is_start(units, at) {
                run.starts_window |= self.has_letters || unit.class != Class::Letter || !unit.fold.is_ascii();
                run.starts_word |= !is_inside_word(units, at);
            }
            run.ends_word |= units.get(at + 1).is_none_or(|next| next.class != Class::Letter);
        }
    }

    /// Calls `on_part` with each part whose keys are found, and the units of the run that its first key is of. Ends where the
    /// work is over.
    pub(crate) fn find(
        &self,
        runs: &[Run],
        units: usize,
        work: &mut Work,
        mut on_part: impl FnMut(u32, Range<usize>, &mut Work),
    ) {
        for (first, run) in runs.iter().enumerate() {
            let units = || run.unit as usize..runs.get(first + 1).map_or(units, |next| next.unit as usize);
            if run.starts_window && !self.windows.is_empty() {
                let mut chain = Chain::EMPTY;
                for run in runs[first..].iter().take(self.longest) {
                    chain = chain.with(run.key);
                    work.add(1);
                    for list in self.windows.find(chain.hashed()) {
                        self.of_window.of(list).iter().for_each(|&part| on_part(part, units(), work));
                    }
                }
            }
            if run.starts_word && !self.words.is_empty() {
                let mut chain = Chain::EMPTY;
                for (count, run) in (1..).zip(runs[first..].iter().take(MAX_KEYS)) {
                    chain = chain.with(run.key);
                    work.add(1);
                    if run.ends_word || count == MAX_KEYS {
                        for list in self.words.find(chain.hashed()) {
                            self.of_word.of(list).iter().for_each(|&part| on_part(part, units(), work));
                        }
                    }
                    if count == BEGINNING && !self.may_begin(chain) {
                        break;
                    }
                }
            }
            if work.is_over() {
                return;
            }
        }
    }

    /// Whether a word may begin with these keys and go on.
    #[inline]
    fn may_begin(&self, chain: Chain) -> bool {
        let Hashed { place, key } = chain.hashed();
        !self.beginnings.is_empty() && Keys::may_have(self.beginnings.word(place), key)
    }

    pub(crate) fn store(&self, out: &mut Writer) {
        self.windows.store("fast.near.windows", out);
        self.of_window.store("fast.near.of_window", out);
        self.words.store("fast.near.words", out);
        self.of_word.store("fast.near.of_word", out);
        self.beginnings.store("fast.near.beginnings", out);
        out.put("fast.near.reach", &[self.longest as u32, u32::from(self.has_letters)]);
    }

    /// Reads what is stored for so many parts.
    pub(crate) fn restore(parts: usize, file: &mut Reader) -> Result<Self, FileError> {
        let of_window = Groups::restore("fast.near.of_window", parts, "part of a window", file)?;
        let of_word = Groups::restore("fast.near.of_word", parts, "part of a word", file)?;
        let (reach, [longest, has_letters]) = file.take_exactly::<u32, 2>("fast.near.reach")?;
        if longest as usize > MAX_KEYS || has_letters > 1 {
            let limit = format!("the limits are {MAX_KEYS} keys and a flag");
            return Err(reach.refuse(0, "reach of windows", format!("{longest}, {has_letters}"), limit));
        }
        Ok(Self {
            longest: longest as usize,
            has_letters: has_letters == 1,
            windows: Keys::restore_lists("fast.near.windows", &of_window, file)?,
            words: Keys::restore_lists("fast.near.words", &of_word, file)?,
            // Only asked whether it has a key: its lists are not looked into.
            beginnings: Keys::restore("fast.near.beginnings", |_| true, "any", file)?,
            of_window,
            of_word,
        })
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        [&self.windows, &self.words, &self.beginnings].map(Keys::heap_bytes).iter().sum::<usize>()
            + self.of_window.heap_bytes()
            + self.of_word.heap_bytes()
    }
}
