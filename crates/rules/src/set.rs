//! A compiled set of rules, and finding them.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fmt;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};

use regex_automata::meta::{BuildError, Cache, Config, Regex};
use regex_automata::nfa::thompson::WhichCaptures;
use regex_automata::{Input, hybrid};
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind};
use vectorscan::Vectorscan;

use crate::prefilter::automaton::Automaton;
use crate::prefilter::library::Library;
use crate::prefilter::note_anywhere;
use crate::spec::{RuleSpec, RulesError, limits};
use crate::window::Candidates;

/// How rules are found: what it costs, never what is found.
#[derive(Clone, Copy, Debug)]
pub enum Engine {
    /// Automata of Rust alone.
    Regex,
    /// Vectorscan or Hyperscan, and automata for the rules that it refuses. Automata alone where the library is known
    /// to lose matches.
    Vectorscan(&'static Vectorscan),
}

impl Engine {
    /// Vectorscan or Hyperscan where the host has one that can be used.
    pub fn of_host() -> Self {
        Vectorscan::load().map_or(Self::Regex, Self::Vectorscan)
    }
}

/// One match of one rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hit {
    /// First byte of the match in the text.
    pub start: usize,
    /// Index of the rule in the set.
    pub rule: u32,
    /// Byte behind the match.
    pub end: usize,
}

/// Which engine looks for which rules. It says what a find costs, not what it finds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Name and version of the library, or none when it is not used.
    pub library: Option<String>,
    /// Why a library that was asked for is not used: it loses matches.
    pub distrusted: Option<String>,
    /// Rules that the library looks for, ascending.
    pub by_library: Vec<u32>,
    /// Rules that the library refused, each with its reason.
    pub refused: Vec<(u32, String)>,
    /// Rules that have no prefilter, so that each text is searched for each of them: they are very large.
    pub unfiltered: Vec<u32>,
}

/// Bytes that one rule may use per thread for states of its automaton that are kept between texts.
const CACHE_BYTES: usize = 1 << 20;

/// Compiled rules: immutable, shared by all threads.
pub struct RuleSet {
    /// Unique in the process: caches of another set would give wrong results.
    number: u64,
    rules: Vec<Regex>,
    library: Option<Library>,
    automata: Vec<Automaton>,
    stats: Stats,
}

impl RuleSet {
    /// Compiles rules. A set without rules is allowed and finds nothing.
    ///
    /// # Errors
    ///
    /// [`RulesError`] names the first rule that is refused, the place in its pattern, the value and the limit. It does
    /// not depend on the engine: what Vectorscan can't compile is found without it (see [`RuleSet::stats`]).
    pub fn compile(specs: &[RuleSpec], engine: Engine) -> Result<Self, RulesError> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        if specs.len() > limits::RULES {
            return Err(RulesError::TooMany { rules: specs.len() });
        }
        let mut parsed = Vec::with_capacity(specs.len());
        let mut rules = Vec::with_capacity(specs.len());
        let mut bytes = 0;
        for (rule, spec) in specs.iter().enumerate() {
            let hir = parse(rule, spec)?;
            let regex = build(rule, &hir)?;
            bytes += regex.memory_usage();
            if bytes > limits::SET_BYTES {
                return Err(RulesError::SetTooLarge { rule, bytes });
            }
            parsed.push(hir);
            rules.push(regex);
        }

        let mut stats = Stats::default();
        let mut left: Vec<(u32, &Hir)> = parsed.iter().enumerate().map(|(rule, hir)| (rule as u32, hir)).collect();
        let mut library = None;
        if let Engine::Vectorscan(loaded) = engine
            && let Some(fault) = loaded.fault()
        {
            stats.distrusted = Some(format!("{}: {fault}", loaded.name()));
        } else if let Engine::Vectorscan(loaded) = engine {
            stats.library = Some(loaded.name().to_owned());
            library = Library::compile(loaded, &left, &mut stats.refused);
            stats.refused.sort_unstable();
            stats.by_library = library.iter().flat_map(Library::rules).collect();
            left.retain(|(rule, _)| stats.by_library.binary_search(rule).is_err());
        }
        let automata = Automaton::build_all(&left, &mut stats.unfiltered);
        Ok(Self { number: NEXT.fetch_add(1, Ordering::Relaxed), rules, library, automata, stats })
    }

    /// Calls `on_hit` for every match of every rule, in the order of start and then of rule, until it breaks; returns
    /// whether it did. Positions are bytes of `text`.
    ///
    /// The memory does not grow with the number of matches. The time is linear in the text for each match: a rule such
    /// as `a.*z|a` on a text of `a` alone looks at the rest of the text for every match.
    ///
    /// # Panics
    ///
    /// When `scratch` is of another set.
    pub fn find<F>(&self, scratch: &mut Scratch, text: &str, mut on_hit: F) -> ControlFlow<()>
    where
        F: FnMut(Hit) -> ControlFlow<()>,
    {
        assert_eq!(scratch.set, self.number, "the scratch is of another set of rules");
        self.find_candidates(scratch, text);
        let Scratch { rules: caches, candidates, next, .. } = scratch;

        // The next match of each rule waits in a heap; taking one puts its rule's following match there.
        let mut advance = |rule: u32, mut window: usize, from: usize, next: &mut BinaryHeap<_>| {
            let regex = &self.rules[rule as usize];
            let cache = caches[rule as usize].get_or_insert_with(|| regex.create_cache());
            while let Some(part) = candidates.windows(rule).get(window) {
                let input = Input::new(text).span(part.start.max(from)..part.end);
                if let Some(found) = regex.search_with(cache, &input) {
                    let hit = Hit { start: found.start(), rule, end: found.end() };
                    next.push(Reverse((hit, window)));
                    return;
                }
                window += 1;
            }
        };
        next.clear();
        for &rule in candidates.rules() {
            advance(rule, 0, 0, next);
        }
        while let Some(Reverse((hit, window))) = next.pop() {
            on_hit(hit)?;
            advance(hit.rule, window, hit.end, next);
        }
        ControlFlow::Continue(())
    }

    /// Notes the parts of the text in which rules may match.
    fn find_candidates(&self, scratch: &mut Scratch, text: &str) {
        let Scratch { candidates, library, automata, .. } = scratch;
        candidates.clear();
        if let Some(filter) = &self.library {
            filter.find(library.as_mut(), text, candidates);
        }
        for (automaton, cache) in self.automata.iter().zip(automata) {
            automaton.find(cache, text, candidates);
        }
        note_anywhere(self.stats.unfiltered.iter().copied(), text, candidates);
    }

    /// Memory for one thread to find with.
    pub fn scratch(&self) -> Scratch {
        Scratch {
            set: self.number,
            rules: self.rules.iter().map(|_| None).collect(),
            library: self.library.as_ref().and_then(Library::scratch),
            automata: self.automata.iter().map(Automaton::cache).collect(),
            candidates: Candidates::new(self.rules.len()),
            next: BinaryHeap::new(),
        }
    }

    /// Number of rules.
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Whether there are no rules.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Which engine looks for which rules.
    pub fn stats(&self) -> &Stats {
        &self.stats
    }

    /// Bytes of memory that the compiled rules take.
    pub fn heap_bytes(&self) -> usize {
        self.rules.iter().map(Regex::memory_usage).sum::<usize>()
            + self.library.as_ref().map_or(0, Library::heap_bytes)
            + self.automata.iter().map(Automaton::heap_bytes).sum::<usize>()
    }
}

impl fmt::Debug for RuleSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RuleSet").field("rules", &self.rules.len()).field("stats", &self.stats).finish_non_exhaustive()
    }
}

/// Memory that a thread keeps between texts, for one [`RuleSet`].
pub struct Scratch {
    /// Number of the set.
    set: u64,
    /// Caches of the rules' engines, made when a rule is first looked for: most rules of a large set never are.
    rules: Vec<Option<Cache>>,
    library: Option<vectorscan::Scratch>,
    automata: Vec<hybrid::dfa::Cache>,
    candidates: Candidates,
    /// The next match of each rule, and the window it is in.
    next: BinaryHeap<Reverse<(Hit, usize)>>,
}

impl fmt::Debug for Scratch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scratch").field("rules", &self.rules.len()).finish_non_exhaustive()
    }
}

/// Parses a pattern as the `regex` crate does, and refuses what can't be a rule.
fn parse(rule: usize, spec: &RuleSpec) -> Result<Hir, RulesError> {
    let bytes = spec.pattern.len();
    if bytes > limits::PATTERN_BYTES {
        return Err(RulesError::PatternTooLong { rule, bytes });
    }
    let mut parser = ParserBuilder::new().case_insensitive(spec.caseless).build();
    let hir = parser.parse(&spec.pattern).map_err(|error| {
        let (span, problem) = match &error {
            regex_syntax::Error::Parse(error) => (Some(*error.span()), error.kind().to_string()),
            regex_syntax::Error::Translate(error) => (Some(*error.span()), error.kind().to_string()),
            other => (None, other.to_string()),
        };
        let (at, end) = span.map_or((0, 0), |span| (span.start.offset, span.end.offset));
        let found = spec.pattern.get(at..end).unwrap_or_default().to_owned();
        RulesError::Syntax { rule, at, found, problem }
    })?;
    if matches_empty(&hir) {
        return Err(RulesError::MatchesEmpty { rule });
    }
    if !can_match(&hir) {
        return Err(RulesError::MatchesNothing { rule });
    }
    Ok(hir)
}

/// Whether a match can be of no bytes. The parser's own account takes an alternation with one impossible branch for
/// impossible as a whole.
fn matches_empty(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => true,
        HirKind::Literal(_) | HirKind::Class(_) => false,
        HirKind::Repetition(repetition) => repetition.min == 0 || matches_empty(&repetition.sub),
        HirKind::Capture(capture) => matches_empty(&capture.sub),
        HirKind::Concat(parts) => parts.iter().all(matches_empty),
        HirKind::Alternation(branches) => branches.iter().any(matches_empty),
    }
}

/// Whether some text matches, assertions aside.
fn can_match(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) | HirKind::Literal(_) => true,
        HirKind::Class(Class::Unicode(class)) => !class.ranges().is_empty(),
        HirKind::Class(Class::Bytes(class)) => !class.ranges().is_empty(),
        HirKind::Repetition(repetition) => repetition.min == 0 || can_match(&repetition.sub),
        HirKind::Capture(capture) => can_match(&capture.sub),
        HirKind::Concat(parts) => parts.iter().all(can_match),
        HirKind::Alternation(branches) => branches.iter().any(can_match),
    }
}

fn build(rule: usize, hir: &Hir) -> Result<Regex, RulesError> {
    let config = Config::new()
        .nfa_size_limit(Some(limits::COMPILED_BYTES))
        .hybrid_cache_capacity(CACHE_BYTES)
        .which_captures(WhichCaptures::Implicit);
    // The syntax was checked by the parser; what is left to fail is the size.
    let refuse = |_: BuildError| RulesError::TooLarge { rule };
    Regex::builder().configure(config).build_from_hir(hir).map_err(refuse)
}
