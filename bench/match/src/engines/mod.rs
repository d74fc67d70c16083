//! The engines, as rows of the table. An engine that cannot run here says why, and the others run.

mod aho_corasick;
mod daachorse;
mod gram;
mod standard;
mod vectorscan;

pub use aho_corasick::reference as nfa;
#[cfg(test)]
pub use standard::library;
pub use standard::spec_of;

use crate::Result;
use crate::engine::{Engine, Find, Searcher};
use crate::plan::{Mode, Plan};
use crate::words::Words;

/// A row of the table.
pub struct Row {
    /// Name in plans and reports.
    pub name: &'static str,
    /// Whether it is someone else's engine, which ours is compared with.
    pub is_peer: bool,
    /// Compiles the words. The error says why the engine does not run here.
    pub build: fn(&Words, &Plan) -> Result<Box<dyn Engine>>,
}

/// Ours where words are literals: one row per kernel.
const KERNELS: &[Row] = &[
    Row { name: "corpusgate avx512", is_peer: false, build: gram::avx512 },
    Row { name: "corpusgate avx2", is_peer: false, build: gram::avx2 },
    Row { name: "corpusgate portable", is_peer: false, build: gram::portable },
];

/// Ours where words are keywords: one row per kernel.
const LIBRARIES: &[Row] = &[
    Row { name: "corpusgate avx512", is_peer: false, build: standard::avx512 },
    Row { name: "corpusgate avx2", is_peer: false, build: standard::avx2 },
    Row { name: "corpusgate portable", is_peer: false, build: standard::portable },
];

const PEERS: &[Row] = &[
    Row { name: "aho-corasick dfa", is_peer: true, build: aho_corasick::dfa },
    Row { name: "aho-corasick nfa", is_peer: true, build: aho_corasick::nfa },
    Row { name: "daachorse bytewise", is_peer: true, build: daachorse::bytewise },
    Row { name: "daachorse charwise", is_peer: true, build: daachorse::charwise },
    Row { name: "vectorscan", is_peer: true, build: vectorscan::vectorscan },
    Row { name: "hyperscan", is_peer: true, build: vectorscan::hyperscan },
];

/// The rows of a mode, in the order of the table.
pub fn rows(mode: Mode) -> impl Iterator<Item = &'static Row> {
    let ours = if mode == Mode::Standard { LIBRARIES } else { KERNELS };
    ours.iter().chain(PEERS)
}

/// Version of a crate, as Cargo.lock has it: a constant here would grow old.
fn locked_version(package: &str) -> &'static str {
    let lock = include_str!("../../../../Cargo.lock");
    let name = format!("name = \"{package}\"\n");
    let version = lock.split_once(&name).and_then(|(_, after)| after.split('"').nth(1));
    version.unwrap_or("unknown")
}

/// Boxes a search as an engine.
fn searcher(find: impl Find + 'static, words: &Words, plan: &Plan) -> Box<dyn Engine> {
    Box::new(Searcher::new(find, words, plan.mode))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_known() {
        for package in ["aho-corasick", "daachorse"] {
            assert!(locked_version(package).starts_with(|first: char| first.is_ascii_digit()), "{package}");
        }
    }
}
