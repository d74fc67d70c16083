//! The fast route of profile `standard`: clean text is searched in place, and only what may hold an evasion is read
//! as units.
//!
//! Every pattern has one *anchor*, a small part of it that must show in any occurrence: two or three ideographs, or a
//! whole word of letters. One pass over the text turns ideographs into codes, folded and with separators left out, and
//! looks their windows up; another looks up the words of ASCII letters. Both are exact where the text is clean. What
//! is not clean (a sign inside a word, a digit beside a letter, letters beyond ASCII, escapes, repeats) is noted as an
//! *event*; the text around events is read as units and searched with an automaton over the anchors.
//!
//! An anchor that is found only proposes: the occurrence is confirmed by [`align`], as on every other route, or by a
//! comparison that is known to agree with it.

mod anchor;
mod codes;
mod kernel;
mod keys;
mod ranges;
mod verify;
mod words;

use normalize::{Class, Reader, Unit, tables};

use self::anchor::{Anchor, Anchors, List, Part};
use self::codes::Block;
pub(crate) use self::codes::Codes;
use self::kernel::Kernel;
use self::ranges::Ranges;
use crate::automaton::{Keyed, Search, Settings, is_start};
use crate::letters::{is_leet_symbol, key_of_unit};
use crate::library::Numbered;
use crate::matcher::{Found, Matcher, Route, Scratch};
use crate::pattern::Pattern;
use crate::spec::{Level, LibraryError};

/// Patterns by their anchors.
pub(crate) struct Fast {
    patterns: Vec<Pattern>,
    /// The number of each pattern in the library.
    ids: Vec<u32>,
    settings: Settings,
    kernel: Kernel,
    codes: Codes,
    anchors: Anchors,
    /// The anchors by their keys, for text that is read as units.
    around_events: Option<Search>,
}

/// Memory that is kept between texts.
#[derive(Debug, Default)]
pub(crate) struct FastScratch {
    block: Block,
    ranges: Ranges,
    candidates: Vec<codes::Candidate>,
    words: Vec<words::Candidate>,
    /// Units of a stretch around events, and of the surroundings of one candidate.
    units: Vec<Unit>,
    near: Vec<Unit>,
    keyed: Keyed,
}

impl Fast {
    /// Patterns that this route can find under these settings.
    pub(crate) fn takes(pattern: &Pattern, settings: &Settings, codes: &Codes) -> bool {
        Anchor::of(pattern, settings, codes).is_some()
    }

    pub(crate) fn new(patterns: Vec<Numbered>, settings: Settings, codes: Codes) -> Result<Self, LibraryError> {
        let (ids, patterns): (Vec<u32>, Vec<Pattern>) = patterns.into_iter().unzip();
        let anchors = Anchors::new(&patterns, &settings, &codes);
        let keyed = anchors.keyed(&patterns, tables());
        Ok(Self { around_events: Search::new(keyed)?, codes, anchors, settings, patterns, ids, kernel: Kernel::best() })
    }

    /// Searches the ideographs of the text, and notes events among them.
    fn find_codes(&self, text: &str, scratch: &mut FastScratch, out: &mut Vec<Found>) {
        let FastScratch { block, ranges, candidates, near, .. } = scratch;
        // Without digits to look for, ASCII has neither windows nor events of this kind.
        if text.is_ascii() && !self.anchors.has_digits {
            return;
        }
        let mut at = 0;
        block.clear();
        while at < text.len() {
            at = self.codes.fill(self.kernel, text, at, self.anchors.has_digits, block, ranges);
            candidates.clear();
            self.anchors.look_up(self.kernel, block, at == text.len(), candidates, ranges);
            for candidate in candidates.drain(..) {
                for anchor in self.anchors.of(candidate.list) {
                    self.confirm_codes(text, block, candidate.index as usize, anchor, near, out);
                }
            }
            block.keep_tail();
        }
    }

    fn confirm_codes(
        &self,
        text: &str,
        block: &Block,
        index: usize,
        anchor: &Part,
        near: &mut Vec<Unit>,
        out: &mut Vec<Found>,
    ) {
        let verdict = self.anchors.codes_of(anchor.pattern).map_or(verify::Verdict::Unsure, |codes| {
            verify::compare_codes(text, block, index, anchor, codes, self.anchors.is_free(anchor.pattern))
        });
        match verdict {
            verify::Verdict::Not => {}
            verify::Verdict::Found(start, end) => {
                out.push(Found { pattern: self.ids[anchor.pattern as usize], start, end, level: Level::Folded });
            }
            verify::Verdict::Unsure => self.confirm(text, block.position(index), anchor, near, out),
        }
    }

    /// Searches the words of ASCII letters, and notes events around them.
    fn find_words(&self, text: &str, scratch: &mut FastScratch, out: &mut Vec<Found>) {
        let FastScratch { ranges, words: candidates, near, .. } = scratch;
        if self.anchors.words.is_empty() {
            return;
        }
        candidates.clear();
        words::look_up(self.kernel, text, &self.anchors, candidates, ranges);
        for candidate in candidates.drain(..) {
            for anchor in self.anchors.of(List::Word(candidate.list)) {
                let (start, end) = (candidate.start as usize, candidate.end as usize);
                match verify::compare_word(
                    text,
                    start,
                    end,
                    anchor,
                    &self.patterns[anchor.pattern as usize],
                    &self.settings,
                ) {
                    verify::Verdict::Not => {}
                    verify::Verdict::Found(start, end) => {
                        out.push(Found {
                            pattern: self.ids[anchor.pattern as usize],
                            start,
                            end,
                            level: Level::Folded,
                        });
                    }
                    verify::Verdict::Unsure => self.confirm(text, start, anchor, near, out),
                }
            }
        }
    }

    /// Reads the text around events as units and searches it for anchors.
    fn find_around_events(&self, text: &str, scratch: &mut FastScratch, out: &mut Vec<Found>) {
        let FastScratch { ranges, units, near, keyed, .. } = scratch;
        let Some(search) = &self.around_events else { return };
        let tables = tables();
        for (from, to) in ranges.merged(text, &self.settings) {
            units.clear();
            let mut reader = Reader::new(text, from, self.settings.reading);
            reader.read(units, to, usize::MAX);
            let has_symbols = units.iter().any(|unit| !unit.is_content() && is_leet_symbol(unit.fold));
            for symbols_are_letters in [false, true] {
                if symbols_are_letters && !has_symbols {
                    break;
                }
                keyed.clear();
                for (at, unit) in units.iter().enumerate() {
                    if unit.is_content() || (symbols_are_letters && is_leet_symbol(unit.fold)) {
                        keyed.push(key_of_unit(unit, tables), at);
                    }
                }
                search.for_each(keyed, units.len(), |anchor, run| {
                    let anchor = self.anchors.part(anchor);
                    // A word stands by itself, whatever it is made of.
                    let is_inside = |at: usize| {
                        anchor.is_word
                            && at > 0
                            && units[at - 1].class == Class::Letter
                            && units[at].class == Class::Letter
                            && units[at - 1].fold != units[at].fold
                    };
                    for at in run {
                        let is_read = units[at].is_content() || symbols_are_letters;
                        if is_read && is_start(units, at) && !is_inside(at) {
                            self.confirm(text, units[at].start as usize, &anchor, near, out);
                        }
                    }
                });
            }
        }
    }

    /// Aligns the pattern of an anchor that stands at byte `at`, in all ways in which it may cover that place.
    fn confirm(&self, text: &str, at: usize, anchor: &Part, near: &mut Vec<Unit>, out: &mut Vec<Found>) {
        let pattern = &self.patterns[anchor.pattern as usize];
        verify::align_around(text, at, pattern, anchor, &self.settings, near, |start, end, level| {
            out.push(Found { pattern: self.ids[anchor.pattern as usize], start, end, level });
        });
    }
}

impl Matcher for Fast {
    fn find_all(&self, text: &str, scratch: &mut Scratch, out: &mut Vec<Found>) {
        let scratch = &mut scratch.fast;
        scratch.ranges.clear();
        scratch.ranges.push_escapes(text);
        self.find_codes(text, scratch, out);
        self.find_words(text, scratch, out);
        self.find_around_events(text, scratch, out);
    }

    fn routes(&self) -> Vec<Route> {
        let kernel = self.kernel.name();
        let words = self.anchors.word_count();
        vec![
            Route { name: "ideographs", kernel, patterns: self.patterns.len() - words },
            Route { name: "words", kernel, patterns: words },
        ]
    }

    fn heap_bytes(&self) -> usize {
        let elements: usize = self.patterns.iter().map(|pattern| size_of_val(&*pattern.elements)).sum();
        let search = self.around_events.as_ref().map_or(0, Search::heap_bytes);
        elements + size_of_val(&*self.patterns) + self.codes.heap_bytes() + self.anchors.heap_bytes() + search
    }
}
