//! What fuzzers and seeded tests run: each function makes one case of a string of bytes, any string, and panics where
//! two ways to the same result differ.
//!
//! The bytes are decisions (how many keywords, which piece comes next), not the text itself: so a fuzzer that changes a
//! byte changes one thing about a case, and no time goes to inputs that are nothing. `crates/matcher/fuzz` has a target
//! for each function, `tests/seeded.rs` runs them on random bytes.

mod gram;
mod input;
mod library;
mod pieces;
mod reader;
mod routes;
mod stored;

pub use library::check as check_library;
pub use stored::check as check_stored;

use input::Input;

/// The gram engine: every kernel of this CPU finds what brute force finds, on bytes that need not be UTF-8; the stored
/// form gives the same library back; bytes that were forged to be a library are refused or searched, and never panic.
pub fn gram(bytes: &[u8]) {
    gram::run(&mut Input::new(bytes));
}

/// The routes of profile `standard`: the one that a library chooses, the automaton and the oracle find the same hits.
pub fn routes(bytes: &[u8]) {
    routes::run(&mut Input::new(bytes));
}

/// The reader of units: spans in order and on characters, nothing visible left out, the same units in one go, in steps
/// and from the start of any unit on; a folded character folds to itself.
pub fn reader(bytes: &[u8]) {
    reader::run(&mut Input::new(bytes));
}

/// A library of any entries and options: it compiles or says why not, and then finding, explaining and streaming agree.
pub fn library(bytes: &[u8]) {
    library::run(&mut Input::new(bytes));
}

/// Compiled libraries as files: what is stored finds the same as what was compiled; files that were forged are refused or
/// searched, and never panic.
pub fn stored(bytes: &[u8]) {
    stored::run(&mut Input::new(bytes));
}
