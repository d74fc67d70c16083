//! The keyword library of this repository with its default options, but all overlapping hits: one row per kernel, of which
//! `corpusgate` runs the first that the CPU has.

use matcher::measure::{Kernel, compile_on};
use matcher::{EntrySpec, Hit, Library, LibrarySpec, MatchOptions, Overlap, Scratch};

use crate::Result;
use crate::engine::Engine;
use crate::plan::Plan;
use crate::tally::Tally;
use crate::words::Words;

/// The words as a library's entries.
pub fn spec_of(words: &Words) -> LibrarySpec {
    let entries = words.all().iter().map(|word| EntrySpec { text: word.clone(), ..EntrySpec::default() }).collect();
    LibrarySpec { entries, options: MatchOptions { overlap: Overlap::All, ..MatchOptions::default() } }
}

/// With AVX-512.
pub fn avx512(words: &Words, _: &Plan) -> Result<Box<dyn Engine>> {
    on(words, "avx512")
}

/// With AVX2.
pub fn avx2(words: &Words, _: &Plan) -> Result<Box<dyn Engine>> {
    on(words, "avx2")
}

/// Without instructions that only some CPUs have.
pub fn portable(words: &Words, _: &Plan) -> Result<Box<dyn Engine>> {
    on(words, "portable")
}

fn on(words: &Words, kernel: &str) -> Result<Box<dyn Engine>> {
    let available = Kernel::available().into_iter().find(|available| available.name() == kernel);
    let kernel =
        available.ok_or_else(|| format!("this CPU has no {kernel}, or not all of it that the kernel needs"))?;
    Ok(engine(compile_on(spec_of(words), kernel).map_err(|error| error.to_string())?))
}

/// The library as it is compiled for this CPU: what `corpusgate` runs.
#[cfg(test)]
pub fn library(words: &Words) -> Result<Box<dyn Engine>> {
    Ok(engine(Library::compile(spec_of(words)).map_err(|error| error.to_string())?))
}

fn engine(library: Library) -> Box<dyn Engine> {
    // Which words go which way decides the speed.
    let routes = library.routes();
    let routes = routes.iter().map(|route| format!("{} by {} {}", route.patterns, route.name, route.kernel));
    let version = format!("{} ({})", env!("CARGO_PKG_VERSION"), routes.collect::<Vec<_>>().join(", "));
    Box::new(Standard { library, scratch: Scratch::default(), hits: Vec::new(), version })
}

struct Standard {
    library: Library,
    scratch: Scratch,
    hits: Vec<Hit>,
    version: String,
}

impl Engine for Standard {
    fn count(&mut self, text: &str, base: u64) -> Tally {
        let mut tally = Tally::default();
        self.library.find(text, &mut self.scratch, &mut self.hits);
        for hit in &self.hits {
            tally.add_span(hit.entry, base + u64::from(hit.start), base + u64::from(hit.end));
        }
        tally
    }

    fn table_bytes(&self) -> usize {
        self.library.heap_bytes()
    }

    fn version(&self) -> &str {
        &self.version
    }
}
