//! Finds the entries of a keyword library in text.
//!
//! A [`Library`] is compiled once and shared by all threads. It folds the text, lets a [`Matcher`] find the folded
//! keywords, and then applies what the keywords mean: word boundaries, allow words, overlaps. Hits carry byte spans
//! of the text as stored.
//!
//! Entries have a label mask (one bit per risk) and a severity number; this crate does not know what they stand for.

mod boundary;
#[cfg(test)]
mod brute;
mod daac;
mod library;
mod spec;

pub use library::{Hit, Level, Library, Scratch};
pub use spec::{EntrySpec, LibraryError, LibrarySpec, MatchOptions, Overlap, limits};

/// Finds every occurrence of every pattern in folded text, overlaps included.
///
/// An engine decides speed, never the result: all engines report the same set of `(pattern, start, end)` for the same
/// text, which the tests compare with a brute-force search.
pub trait Matcher: Send + Sync {
    /// Name of the engine, as it stands in reports.
    fn name(&self) -> &'static str;

    /// Calls `on_match(pattern, start, end)` once for each occurrence, byte positions in `folded`, in any order.
    fn find_all(&self, folded: &str, on_match: &mut dyn FnMut(u32, usize, usize));

    /// Bytes of memory that the compiled patterns take.
    fn heap_bytes(&self) -> usize;
}
