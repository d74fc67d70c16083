//! Where a keyword that is not found came nearest, and what stood in the way.

use normalize::{Class, Unit, tables};
use serde::Serialize;

use super::Explainer;
use super::steps::Text;
use super::trace;
use crate::align::{self, Aligned, Why, align};
use crate::automaton::Settings;
use crate::form;
use crate::library::Hit;
use crate::pattern::{Element, Pattern};
use crate::spec::{CjkBoundary, EntrySpec, Gap, Level, Profile};

/// Why a keyword is not found: the place where it came nearest, and what is wrong there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Miss {
    /// The part of a combination that is missing; nothing for a keyword.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part: Option<String>,
    /// How many characters of the keyword the place shows, and how many it has.
    pub found: u32,
    /// All characters of the keyword.
    pub of: u32,
    /// First code point of the place; nothing where there is no place.
    pub start: Option<u32>,
    /// Code point behind what was found of it.
    pub end: Option<u32>,
    /// What stood in the way.
    pub why: Obstacle,
}

/// What stood in the way of a keyword. Positions are code points.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum Obstacle {
    /// No place of the text shows its first character.
    Nowhere {
        /// The character.
        wanted: String,
    },
    /// Another character stands where one of its own is wanted, or the text ends.
    Other {
        /// Where.
        at: u32,
        /// What stands there; nothing at the end of the text.
        there: Option<String>,
        /// What is wanted.
        wanted: String,
    },
    /// A letter or digit touches an edge.
    Boundary {
        /// Where it stands.
        at: u32,
        /// The letter or digit.
        there: String,
        /// `before`, `behind`, or `spelled` when a spelled word goes on.
        edge: &'static str,
    },
    /// A clause mark or a blank line stands between two characters.
    Clause {
        /// Where.
        at: u32,
        /// The mark.
        there: String,
    },
    /// Too many separators stand between two characters.
    Separators {
        /// Where they start.
        at: u32,
        /// How many there are.
        count: u32,
        /// How many there may be.
        limit: u32,
    },
    /// White space stands between some of the letters, but not between all, or the word is too short to be spelled.
    PartlySpaced,
    /// The keyword has white space where the text has none.
    NoGap {
        /// Where.
        at: u32,
    },
    /// The letters stand in parts of a path, a host name or a number.
    Path,
    /// All letters are look-alikes of another script: it is a word of that script.
    OtherScript,
    /// Digits and symbols only; no real letter.
    NoLetter,
    /// The place is longer than a keyword may be stretched.
    TooLong,
    /// It stands there, but in another form than its own.
    NotExact,
    /// It stands there, and an allow word covers it.
    Excused {
        /// The allow word, as the text has it.
        word: String,
        /// Where the word starts.
        start: u32,
        /// Where it ends.
        end: u32,
    },
    /// It stands there, but another hit is reported in its place.
    Overlapped {
        /// The entry of that hit.
        entry: u32,
        /// Where the hit starts.
        start: u32,
        /// Where it ends.
        end: u32,
    },
    /// It stands there, but across the words of the text.
    CutsWord,
    /// The parts of a combination are there, but too far apart.
    TooFar {
        /// Code points between the two neighbours that are farthest apart, where the parts are nearest.
        gap: u32,
        /// How many there may be.
        limit: u32,
    },
    /// The parts of a combination are there, but in no sentence together.
    OtherSentence,
    /// A part that must not be there is.
    Forbidden {
        /// The part, as the text has it.
        word: String,
        /// Where it starts.
        start: u32,
        /// Where it ends.
        end: u32,
    },
}

/// The nearest place of one pattern.
pub(super) enum Nearest {
    /// It stands there by all that is looked at in one place.
    Stands(Aligned),
    /// It came this far, from this unit on, with symbols read as letters or not.
    Missed(usize, bool, align::Miss),
    /// Not even its first character is seen.
    Nowhere,
}

/// Looks for a pattern at every unit of a text.
pub(super) fn nearest(pattern: &Pattern, read: &Text, settings: &Settings) -> Nearest {
    let mut nearest = Nearest::Nowhere;
    let mut best = (0, false);
    for start in 0..read.units.len() {
        for symbols_are_letters in [false, true] {
            let mode = settings.mode(symbols_are_letters);
            match align(pattern, read.stored, &read.units, start, &mode, tables()) {
                Ok(aligned) => return Nearest::Stands(aligned),
                // Of places that came as far, one with a reason of its own says more.
                Err(miss) if (miss.element, miss.why != Why::Other) > best => {
                    best = (miss.element, miss.why != Why::Other);
                    nearest = Nearest::Missed(start, symbols_are_letters, miss);
                }
                Err(_) => {}
            }
        }
    }
    if best.0 == 0 { Nearest::Nowhere } else { nearest }
}

impl Explainer<'_> {
    /// Why an entry that is no combination is not among the hits.
    pub(super) fn miss(&self, id: u32, spec: &EntrySpec) -> Miss {
        let raw = self.raw.iter().filter(|hit| hit.entry == id).min_by_key(|hit| hit.start);
        if let Some(hit) = raw {
            return self.hidden(*hit, spec);
        }
        self.nearest_miss(&spec.text, spec)
    }

    /// Why a keyword, or a part of a combination, is not found.
    pub(super) fn nearest_miss(&self, keyword: &str, spec: &EntrySpec) -> Miss {
        let pattern = Pattern::new(keyword).expect("the library was compiled");
        match nearest(&pattern, self.read, self.settings) {
            Nearest::Nowhere => {
                let wanted = form::shown_element(pattern.elements[0]).to_string();
                Miss {
                    part: None,
                    found: 0,
                    of: count(&pattern.elements),
                    start: None,
                    end: None,
                    why: Obstacle::Nowhere { wanted },
                }
            }
            Nearest::Stands(aligned) => {
                let options = self.library.options();
                let why = match (options.cjk_boundary, options.profile) {
                    (_, Profile::Exact) => Obstacle::NotExact,
                    (CjkBoundary::Lexicon, _) => Obstacle::CutsWord,
                    (CjkBoundary::None, _) => self.covered(&aligned, spec),
                };
                self.at(&pattern, aligned.first, aligned.last, pattern.elements.len(), why)
            }
            Nearest::Missed(start, symbols_are_letters, miss) => {
                self.missed(&pattern, start, symbols_are_letters, miss)
            }
        }
    }

    /// An occurrence that is found and not reported.
    fn hidden(&self, hit: Hit, spec: &EntrySpec) -> Miss {
        let covers = |start: u32, end: u32| start <= hit.start && hit.end <= end;
        let allowed = self
            .scratch
            .allowed
            .iter()
            .find(|word| covers(word.start, word.end) && word.entry.is_none_or(|entry| entry == hit.entry));
        let other = self.hits.iter().find(|other| other.start < hit.end && hit.start < other.end);
        let why = match (allowed, other) {
            (Some(word), _) => Obstacle::Excused {
                word: self.slice(word.start, word.end),
                start: self.read.codepoint(word.start),
                end: self.read.codepoint(word.end),
            },
            (None, Some(other)) => Obstacle::Overlapped {
                entry: other.entry,
                start: self.read.codepoint(other.start),
                end: self.read.codepoint(other.end),
            },
            // Leftmost-longest drops a hit for another one only.
            (None, None) => Obstacle::NotExact,
        };
        let of = Pattern::new(&spec.text).map_or(0, |pattern| count(&pattern.elements));
        let (start, end) = (self.read.codepoint(hit.start), self.read.codepoint(hit.end));
        Miss { part: None, found: of, of, start: Some(start), end: Some(end), why }
    }

    /// What hides an occurrence that aligns: nothing but the rules for several hits are left.
    fn covered(&self, aligned: &Aligned, spec: &EntrySpec) -> Obstacle {
        let (start, end) = (self.read.units[aligned.first].start, self.read.units[aligned.last].tail);
        self.hidden(Hit { entry: u32::MAX, start, end, level: Level::Plain }, spec).why
    }

    fn at(&self, pattern: &Pattern, first: usize, last: usize, element: usize, why: Obstacle) -> Miss {
        let (first, last) = (&self.read.units[first], &self.read.units[last]);
        Miss {
            part: None,
            found: count(&pattern.elements[..element]),
            of: count(&pattern.elements),
            start: Some(self.read.codepoint(first.start)),
            end: Some(self.read.codepoint(last.tail)),
            why,
        }
    }

    fn missed(&self, pattern: &Pattern, start: usize, symbols_are_letters: bool, miss: align::Miss) -> Miss {
        let read = self.read;
        let units = &read.units;
        let place = |unit: usize| units.get(unit).map_or_else(|| read.stored.len() as u32, |unit| unit.start);
        let point = |unit: usize| read.codepoint(place(unit));
        let stored = |unit: &Unit| self.slice(unit.start, unit.tail);
        let mode = self.settings.mode(symbols_are_letters);
        let last = trace::last_unit(&pattern.elements[..miss.element], units, start, &mode);
        let why = match miss.why {
            Why::Other => Obstacle::Other {
                at: point(miss.unit),
                there: units.get(miss.unit).map(stored),
                wanted: wanted(&pattern.elements[miss.element..]),
            },
            Why::Boundary => self.boundary(start, last),
            Why::Clause => {
                // A blank line is a mark of two units or more.
                let marks = units[miss.unit..]
                    .iter()
                    .take_while(|unit| !unit.is_content() && unit.fold == units[miss.unit].fold);
                Obstacle::Clause { at: point(miss.unit), there: marks.map(stored).collect() }
            }
            Why::TooManySeparators(_) => {
                let count = units[last + 1..].iter().take_while(|unit| !unit.is_content()).count() as u32;
                let limit =
                    if self.settings.gap == Gap::Wide { align::MAX_SEPARATORS_WIDE } else { align::MAX_SEPARATORS };
                Obstacle::Separators { at: point(last + 1), count, limit: limit as u32 }
            }
            Why::PartlySpaced => Obstacle::PartlySpaced,
            Why::NoGap => Obstacle::NoGap { at: point(miss.unit) },
            Why::Path => Obstacle::Path,
            Why::OtherScript => Obstacle::OtherScript,
            Why::NoLetter => Obstacle::NoLetter,
            Why::TooLong => Obstacle::TooLong,
        };
        self.at(pattern, start, last, miss.element, why)
    }

    fn boundary(&self, first: usize, last: usize) -> Obstacle {
        let units = &self.read.units;
        let before = first.checked_sub(1).map(|at| (at, "before"));
        let behind = Some((last + 1, "behind"));
        let touching = [before, behind].into_iter().flatten().find_map(|(at, edge)| {
            let unit = units.get(at).filter(|unit| matches!(unit.class, Class::Letter | Class::Digit))?;
            Some((unit, edge))
        });
        let (unit, edge) = touching.unwrap_or((&units[(last + 2).min(units.len() - 1)], "spelled"));
        Obstacle::Boundary { at: self.read.codepoint(unit.start), there: self.slice(unit.start, unit.tail), edge }
    }
}

/// The first element that is no gap, as text.
fn wanted(elements: &[Element]) -> String {
    let is_seen = |element: &&Element| **element != Element::Gap;
    elements.iter().find(is_seen).map_or_else(String::new, |element| form::shown_element(*element).to_string())
}

fn count(elements: &[Element]) -> u32 {
    elements.iter().filter(|element| **element != Element::Gap).count() as u32
}
