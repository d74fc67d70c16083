//! What the benchmarks need to compare like with like. No part of the product's interface.

use normalize::{Reader, tables};

use crate::automaton::{Automaton, Keyed, Settings};
use crate::fast;
use crate::letters::key_of_unit;
use crate::library::{Library, Numbered, routes_on};
use crate::matcher::Matcher;
use crate::pattern::Pattern;
use crate::spec::{LibraryError, LibrarySpec, MatchOptions};

/// Puts a text into the form in which keys are searched: what an engine without a normaliser of its own is fed. Separators
/// and what cannot be seen are left out, repeats are one, look-alikes are the same character.
#[derive(Debug, Default)]
pub struct Normaliser {
    units: Vec<normalize::Unit>,
    keyed: Keyed,
}

impl Normaliser {
    /// The keys of a text.
    pub fn keys(&mut self, text: &str) -> &str {
        self.units.clear();
        self.keyed.clear();
        let settings = Settings::new(&MatchOptions::default());
        Reader::new(text, 0, settings.reading).read(&mut self.units, usize::MAX, usize::MAX);
        for (at, unit) in self.units.iter().enumerate().filter(|(_, unit)| unit.is_content()) {
            self.keyed.push(key_of_unit(unit, tables()), at);
        }
        self.keyed.keys()
    }
}

/// The keys of a keyword; nothing for one that has none.
pub fn keys_of_keyword(text: &str) -> Option<String> {
    Pattern::new(text).map(|pattern| pattern.keys(tables())).filter(|keys| !keys.is_empty())
}

/// Compiles a library that reads every character: the route that the others are measured against.
///
/// # Errors
///
/// As [`Library::compile`].
pub fn compile_automaton(spec: LibrarySpec) -> Result<Library, LibraryError> {
    Library::compile_with(spec, |patterns: Vec<Numbered>, options| {
        Ok(vec![Box::new(Automaton::new(patterns, options)?) as Box<dyn Matcher>])
    })
}

/// A set of CPU instructions that the fast route has code for, and that this CPU has.
#[derive(Debug, Clone, Copy)]
pub struct Kernel(fast::Kernel);

impl Kernel {
    /// The kernels that this CPU can run, the fastest first. The last is always the portable one.
    pub fn available() -> Vec<Self> {
        fast::Kernel::available().into_iter().map(Self).collect()
    }

    /// Its name, as it stands in reports: `avx512`, `avx2` or `portable`.
    pub fn name(self) -> &'static str {
        self.0.name()
    }
}

/// Compiles a library as [`Library::compile`] does, but for another kernel than the best of this CPU.
///
/// # Errors
///
/// As [`Library::compile`].
pub fn compile_on(spec: LibrarySpec, kernel: Kernel) -> Result<Library, LibraryError> {
    Library::compile_with(spec, |patterns, options| routes_on(kernel.0, patterns, options))
}
