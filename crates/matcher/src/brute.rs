//! The oracle of the tests: aligns every pattern at every unit of the whole text.

use normalize::{Reader, tables};

use crate::align::align;
use crate::automaton::Settings;
use crate::file::Writer;
use crate::library::Numbered;
use crate::matcher::{Found, Matcher, Route, Scratch};

pub(crate) struct Brute {
    pub(crate) patterns: Vec<Numbered>,
    pub(crate) settings: Settings,
}

impl Matcher for Brute {
    fn find_all(&self, text: &str, _: &mut Scratch, out: &mut Vec<Found>) {
        let mut units = Vec::new();
        Reader::new(text, 0, self.settings.reading).read(&mut units, usize::MAX, usize::MAX);
        for start in 0..units.len() {
            for (id, pattern) in &self.patterns {
                for symbols_are_letters in [false, true] {
                    let mode = self.settings.mode(symbols_are_letters);
                    if let Ok(found) = align(pattern, text, &units, start, &mode, tables()) {
                        let (first, last) = (&units[found.first], &units[found.last]);
                        out.push(Found { pattern: *id, start: first.start, end: last.tail, level: found.level });
                    }
                }
            }
        }
    }

    /// What the oracle has to do with is never written.
    fn store(&self, _: &mut Writer) {}

    fn routes(&self) -> Vec<Route> {
        Vec::new()
    }

    fn heap_bytes(&self) -> usize {
        0
    }
}
