//! The automaton for text that would cost too many comparisons: linear whatever the text, but slower on all other.
//!
//! It is built when the first such block is met, so that libraries and texts that never need it do not pay for it.

use std::sync::OnceLock;

use daachorse::{DoubleArrayAhoCorasick, DoubleArrayAhoCorasickBuilder};

use super::found::Output;
use super::table::Table;
use super::verify::{View, stands_alone};

/// Patterns of one automaton: far below what its 24-bit indices can hold.
const PART: usize = 1 << 20;

/// Automata over all patterns of a table, built on demand.
#[derive(Default)]
pub(crate) struct Fallback(OnceLock<Automata>);

struct Automata {
    /// The value of a pattern is where its entries begin in `order`.
    parts: Vec<DoubleArrayAhoCorasick<u32>>,
    /// Indices of entries, sorted by pattern.
    order: Vec<Member>,
}

struct Member {
    entry: u32,
    /// Whether the next member has the same pattern. Compiled libraries have none; stored bytes may say anything.
    same_follows: bool,
}

impl Fallback {
    /// Reports the matches whose window begins in `start..end` of the view: of all patterns, or of those that are longer
    /// than their first and last eight bytes. Returns how many bytes it read.
    pub(crate) fn find(
        &self,
        table: &Table,
        view: View,
        start: usize,
        end: usize,
        only_long: bool,
        output: &mut Output,
    ) -> u64 {
        let Automata { parts, order } = self.0.get_or_init(|| Automata::build(table));
        let from = start.saturating_sub(table.reach_before());
        let to = view.limit.min(end + table.reach_behind());
        for part in parts {
            for found in part.find_overlapping_iter(&view.bytes[from..to]) {
                let (match_start, match_end) = (from + found.start(), from + found.end());
                for member in &order[found.value() as usize..] {
                    let entry = &table.entries()[member.entry as usize];
                    let window = match_start + usize::from(entry.offset);
                    let is_owned = (start..end).contains(&window) && (!only_long || entry.middle_bytes() > 0);
                    if is_owned && stands_alone(entry.edges, view, match_start, match_end) {
                        let [start, end] = [match_start, match_end].map(|at| (view.origin + at) as u32);
                        output.push_if(true, entry.id, start, end);
                    }
                    if !member.same_follows {
                        break;
                    }
                }
            }
        }
        ((to - from) * parts.len()) as u64
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        self.0.get().map_or(0, |Automata { parts, order }| {
            parts.iter().map(DoubleArrayAhoCorasick::heap_bytes).sum::<usize>() + order.len() * size_of::<Member>()
        })
    }
}

impl Automata {
    fn build(table: &Table) -> Self {
        let mut sorted: Vec<_> =
            table.entries().iter().zip(0..).map(|(entry, index): (_, u32)| (table.pattern(entry), index)).collect();
        sorted.sort_unstable();
        let mut distinct = Vec::with_capacity(sorted.len());
        let mut order = Vec::with_capacity(sorted.len());
        for (at, (pattern, entry)) in sorted.iter().enumerate() {
            if at == 0 || sorted[at - 1].0 != *pattern {
                distinct.push((pattern, at as u32));
            }
            let same_follows = sorted.get(at + 1).is_some_and(|(next, _)| next == pattern);
            order.push(Member { entry: *entry, same_follows });
        }
        let build = |patterns: &[(&Vec<u8>, u32)]| {
            let automaton = DoubleArrayAhoCorasickBuilder::new().build_with_values(patterns.iter().copied());
            automaton.expect("patterns are distinct, not empty, and few enough")
        };
        Self { parts: distinct.chunks(PART).map(build).collect(), order }
    }
}

impl std::fmt::Debug for Fallback {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fallback").field("built", &self.0.get().is_some()).finish()
    }
}
