//! The keyword library of this repository with its default options, but all overlapping hits: what `corpusgate` runs.

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

/// The library with the routes that it chooses here.
pub fn standard(words: &Words, _: &Plan) -> Result<Box<dyn Engine>> {
    library(words)
}

/// As [`standard`], without a plan.
pub fn library(words: &Words) -> Result<Box<dyn Engine>> {
    let library = Library::compile(spec_of(words)).map_err(|error| error.to_string())?;
    // Which words go which way decides the speed, and the CPU decides the kernel.
    let routes = library.routes();
    let routes = routes.iter().map(|route| format!("{} by {} {}", route.patterns, route.name, route.kernel));
    let version = format!("{} ({})", env!("CARGO_PKG_VERSION"), routes.collect::<Vec<_>>().join(", "));
    Ok(Box::new(Standard { library, scratch: Scratch::default(), hits: Vec::new(), version }))
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
