//! What finds patterns in text.

use normalize::Unit;
use serde::Serialize;

use crate::automaton::Keyed;
use crate::fast::FastScratch;
use crate::file::Writer;
use crate::gram;
use crate::spec::Level;

/// An occurrence of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Found {
    pub(crate) start: u32,
    pub(crate) end: u32,
    pub(crate) pattern: u32,
    /// What was needed to see it; [`Level::Plain`] if the text shows the folded characters as they are.
    pub(crate) level: Level,
}

/// Memory that a thread keeps between texts.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    pub(crate) units: Vec<Unit>,
    pub(crate) keyed: Keyed,
    pub(crate) fast: FastScratch,
    pub(crate) gram: gram::Scratch,
}

/// Finds every occurrence of every pattern, overlaps included.
///
/// A route decides speed, never the result: all give the same set, but for repetitions of it, in any order, which the
/// tests compare with a search that tries every pattern at every character.
pub(crate) trait Matcher: Send + Sync {
    /// Appends the occurrences in `text` to `out`; the same one may come twice.
    fn find_all(&self, text: &str, scratch: &mut Scratch, out: &mut Vec<Found>);

    /// Stores what it takes to make this matcher again without compiling.
    fn store(&self, out: &mut Writer);

    /// Bytes of memory that the compiled patterns take.
    fn heap_bytes(&self) -> usize;

    /// The ways in which patterns are found, each with the number of them.
    fn routes(&self) -> Vec<Route>;
}

/// A way in which patterns are found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Route {
    /// Its name: `window quad word short` of the gram engine, `ideographs words letters` of the anchors, `automaton`, `guess`,
    /// `fuzzy`.
    pub name: &'static str,
    /// The kind of processor that its inner loop was written for; `portable` runs on all.
    pub kernel: &'static str,
    /// Patterns that are found by it.
    pub patterns: usize,
}
