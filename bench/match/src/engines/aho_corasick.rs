//! The aho-corasick crate: the automaton that most Rust programs use. Also the reference of all counts.

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use super::{locked_version, searcher};
use crate::Result;
use crate::engine::{Engine, Find};
use crate::plan::Plan;
use crate::words::Words;

/// Largest table of the DFA. Beyond the caches it only loses, and its build is what takes time: at 250 MB it is 20 times
/// slower than other automata.
const MAX_DFA_BYTES: u64 = 64 << 20;

/// With a table of a state per byte class.
pub fn dfa(words: &Words, plan: &Plan) -> Result<Box<dyn Engine>> {
    let bytes = dfa_bytes(words.all());
    if bytes > MAX_DFA_BYTES {
        return Err(format!("its table would have {} MiB; the limit is {}", bytes >> 20, MAX_DFA_BYTES >> 20));
    }
    Ok(searcher(build(words, AhoCorasickKind::DFA)?, words, plan))
}

/// With failure links, in one allocation.
pub fn nfa(words: &Words, plan: &Plan) -> Result<Box<dyn Engine>> {
    Ok(searcher(build(words, AhoCorasickKind::ContiguousNFA)?, words, plan))
}

/// The search that all counts are compared with.
pub fn reference(words: &Words) -> Result<impl Find + use<>> {
    build(words, AhoCorasickKind::ContiguousNFA)
}

struct Automaton(AhoCorasick);

fn build(words: &Words, kind: AhoCorasickKind) -> Result<Automaton> {
    let builder = AhoCorasick::builder().kind(Some(kind)).match_kind(MatchKind::Standard).build(words.all());
    builder.map(Automaton).map_err(|error| error.to_string())
}

impl Find for Automaton {
    fn find(&mut self, text: &str, mut on_hit: impl FnMut(u32, usize)) {
        for hit in self.0.find_overlapping_iter(text) {
            on_hit(hit.pattern().as_u32(), hit.end());
        }
    }

    fn table_bytes(&self) -> usize {
        self.0.memory_usage()
    }

    fn version(&self) -> &str {
        locked_version("aho-corasick")
    }
}

/// About the size of the transition table: 32 bits for each state (a distinct beginning of a word) and byte class,
/// whose number is rounded up to a power of two.
fn dfa_bytes(words: &[String]) -> u64 {
    let mut sorted: Vec<&[u8]> = words.iter().map(String::as_bytes).collect();
    sorted.sort_unstable();
    let shared = |a: &[u8], b: &[u8]| a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let all: usize = sorted.iter().map(|word| word.len()).sum();
    let saved: usize = sorted.windows(2).map(|pair| shared(pair[0], pair[1])).sum();
    // A class ends behind each byte that words use, and before it.
    let mut ends = [false; 256];
    for &byte in sorted.iter().flat_map(|word| word.iter()) {
        ends[usize::from(byte)] = true;
        ends[usize::from(byte.saturating_sub(1))] = true;
    }
    let classes = ends.iter().filter(|&&end| end).count() + 1;
    (all - saved + 2) as u64 * classes.next_power_of_two() as u64 * 4
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_about_as_large_as_foretold() {
        let letters = ["能", "源", "a", "b", "zh", "文", "-"];
        let words: Vec<String> = (0..2000usize)
            .map(|at| (0..5).map(|digit| letters[at / 7usize.pow(digit) % 7]).collect::<String>())
            .collect();
        let automaton = AhoCorasick::builder().kind(Some(AhoCorasickKind::DFA)).build(&words).unwrap();
        let (foretold, real) = (dfa_bytes(&words) as f64, automaton.memory_usage() as f64);
        assert!((0.5..1.5).contains(&(foretold / real)), "{foretold} bytes were foretold, {real} are used");
    }
}
