//! One automaton for many rules, whose states are made while it runs. Needs no library.
//!
//! The engine has such automata too, one for each rule, but can't use them where a rule has a Unicode word boundary and
//! the text is not ASCII. Supersets have no boundaries, and here one pass serves all rules.

use regex_automata::hybrid::dfa::{Cache, Config, DFA, OverlappingState};
use regex_automata::nfa::thompson::{self, WhichCaptures};
use regex_automata::{Input, MatchKind};
use regex_syntax::hir::Hir;

use super::{Sought, note_anywhere};
use crate::superset::{Roughness, superset};
use crate::window::Candidates;

/// Counting takes a state for each number, so high counts are given up first.
const ROUGH: Roughness = Roughness { ranges: 32, repeats: 16 };

/// Most rules of one automaton: with more, states are made faster than they are reused.
const MOST_RULES: usize = 32;

/// Bytes of memory of the automaton's description.
const NFA_BYTES: usize = 1 << 20;

/// Bytes of memory for its states, per thread. When they are used up too often, a text is given up.
const CACHE_BYTES: usize = 4 << 20;
const CLEARINGS: usize = 3;
const BYTES_PER_STATE: usize = 10;

/// An automaton that looks for some rules.
#[derive(Debug)]
pub(crate) struct Automaton {
    dfa: DFA,
    sought: Vec<Sought>,
}

impl Automaton {
    /// Builds automata for `rules`; those that are too large even alone go to `refused`.
    pub(crate) fn build_all(rules: &[(u32, &Hir)], refused: &mut Vec<u32>) -> Vec<Self> {
        let mut automata = Vec::new();
        for group in rules.chunks(MOST_RULES) {
            Self::build(group, &mut automata, refused);
        }
        automata
    }

    /// Builds one for a group, or two for its halves when that is too large.
    fn build(group: &[(u32, &Hir)], automata: &mut Vec<Self>, refused: &mut Vec<u32>) {
        let hirs: Vec<Hir> = group.iter().map(|(_, hir)| superset(hir, ROUGH)).collect();
        let nfa = thompson::Config::new().nfa_size_limit(Some(NFA_BYTES)).which_captures(WhichCaptures::None);
        let dfa = Config::new()
            .match_kind(MatchKind::All)
            .cache_capacity(CACHE_BYTES)
            .minimum_cache_clear_count(Some(CLEARINGS))
            .minimum_bytes_per_state(Some(BYTES_PER_STATE));
        let built = thompson::Compiler::new()
            .configure(nfa)
            .build_many_from_hir(&hirs)
            .ok()
            .and_then(|nfa| DFA::builder().configure(dfa).build_from_nfa(nfa).ok());
        match (built, group) {
            (Some(dfa), _) => {
                let sought = group.iter().map(|&(rule, hir)| Sought::new(rule, hir)).collect();
                automata.push(Self { dfa, sought });
            }
            (None, [(rule, _)]) => refused.push(*rule),
            (None, _) => {
                let (first, second) = group.split_at(group.len() / 2);
                Self::build(first, automata, refused);
                Self::build(second, automata, refused);
            }
        }
    }

    pub(crate) fn cache(&self) -> Cache {
        self.dfa.create_cache()
    }

    /// Adds the parts of the text in which its rules may match.
    pub(crate) fn find(&self, cache: &mut Cache, text: &str, candidates: &mut Candidates) {
        let input = Input::new(text);
        let mut state = OverlappingState::start();
        while self.dfa.try_search_overlapping_fwd(cache, &input, &mut state).is_ok() {
            let Some(found) = state.get_match() else { return };
            self.sought[found.pattern().as_usize()].note(found.offset(), text, candidates);
        }
        // Full and counted as too often full, the cache would give up the next text at once.
        cache.reset(&self.dfa);
        note_anywhere(self.sought.iter().map(|sought| sought.rule), text, candidates);
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        self.dfa.memory_usage()
    }
}

#[cfg(test)]
mod tests {
    use std::slice;

    use super::*;

    fn build(rules: &[&str]) -> (Vec<Automaton>, Vec<u32>) {
        let hirs: Vec<Hir> = rules.iter().map(|rule| regex_syntax::parse(rule).unwrap()).collect();
        let rules: Vec<_> = hirs.iter().enumerate().map(|(rule, hir)| (rule as u32, hir)).collect();
        let mut refused = Vec::new();
        (Automaton::build_all(&rules, &mut refused), refused)
    }

    #[test]
    fn parts_are_as_long_as_a_match_can_be() {
        let (automata, refused) = build(&[r"\b[0-9]{3}\b", "[a-z]+@x", "none"]);
        assert_eq!((automata.len(), refused.len()), (1, 0));
        let mut candidates = Candidates::new(3);
        automata[0].find(&mut automata[0].cache(), "-- 123 -- 4567 ab@x --", &mut candidates);
        assert_eq!(candidates.windows(0), [3..6, 10..14]);
        assert_eq!(candidates.windows(1), slice::from_ref(&(0..22)));
        assert_eq!(candidates.rules(), [0, 1]);
    }

    #[test]
    fn a_group_that_is_too_large_is_split() {
        let large = r"(?:(?:.{16}){16}){8}x";
        let (automata, refused) = build(&["a", large, "b", large, large, r"(?:(?:(?:.{16}){16}){16}){2}y", "c"]);
        assert_eq!(refused, [5]);
        assert!(automata.len() > 1, "{}", automata.len());
        let mut found = Candidates::new(7);
        for automaton in &automata {
            automaton.find(&mut automaton.cache(), "abc", &mut found);
        }
        let mut rules = found.rules().to_vec();
        rules.sort_unstable();
        assert_eq!(rules, [0, 2, 6]);
    }

    #[test]
    fn a_text_with_too_many_states_is_given_up() {
        // Which of the last 16 letters were "a" takes 2^16 states.
        let (automata, _) = build(&["a[ab]{15}c", "needle"]);
        let mut state = 1u32;
        let text: String = (0..1 << 20)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                if state >> 31 == 0 { 'a' } else { 'b' }
            })
            .collect();
        let mut cache = automata[0].cache();
        let mut candidates = Candidates::new(2);
        automata[0].find(&mut cache, &text, &mut candidates);
        assert_eq!(candidates.windows(1), slice::from_ref(&(0..text.len())), "what was not looked for may be anywhere");
        assert!(cache.memory_usage() < 3 * CACHE_BYTES, "{}", cache.memory_usage());

        candidates.clear();
        automata[0].find(&mut cache, "a needle", &mut candidates);
        assert_eq!(candidates.windows(1), slice::from_ref(&(2..8)), "the next text is looked at again");
    }
}
