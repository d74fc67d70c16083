//! Finds the entries of a keyword library in text, however they are written.
//!
//! A [`Library`] is compiled once and shared by all threads. Keywords become patterns in normal form; a route proposes
//! places where they may stand; [`align`] decides whether they do; and then what the keywords mean is applied: allow
//! words, combinations, overlaps. Hits carry byte spans of the text as stored.
//!
//! Entries have a label mask (one bit per risk) and a severity number; this crate does not know what they stand for.

mod align;
mod automaton;
#[cfg(any(test, feature = "fuzzing"))]
mod brute;
mod combo;
mod cursor;
#[cfg(test)]
mod differential;
mod exact;
mod explain;
mod fast;
mod file;
mod form;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing;
pub mod gram;
mod groups;
mod guess;
mod letters;
mod library;
mod matcher;
#[doc(hidden)]
pub mod measure;
mod pattern;
mod resolve;
mod spec;
mod stored;
mod stream;
mod stretch;

pub use cursor::Position;
pub use explain::{
    Change, EntryExplanation, Explanation, HitExplanation, MAX_EXPLAINED_BYTES, Miss, Obstacle, PartFound, ShownChar,
    Step, TextTooLong, Value, Would,
};
pub use file::{Fault, FileError};
pub use form::{NormalForm, first_of_each};
pub use library::{Hit, Library, Scratch};
pub use matcher::Route;
pub use spec::{
    CjkBoundary, EntrySpec, Gap, Level, LibraryError, LibrarySpec, MarkupKind, MatchOptions, Overlap, Profile, Scope,
    limits,
};
pub use stored::{LibraryFile, is_compiled};
pub use stream::{Stream, StreamHit};

/// Names of the inner loops that this processor can run, the fastest first; that one is used. The last is always
/// `portable`.
pub fn kernels() -> Vec<&'static str> {
    fast::Kernel::available().into_iter().map(fast::Kernel::name).collect()
}
