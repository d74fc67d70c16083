//! A compiled keyword library.

use std::collections::{BTreeMap, HashMap};

use normalize::{Class, opt, tables};

use crate::automaton::{Automaton, Settings};
use crate::combo::{Expression, Part, Shape, Watch};
use crate::cursor::{Cursor, Position, places};
use crate::exact::Exact;
use crate::fast::{Codes, Fast, Kernel};
use crate::groups::Groups;
use crate::guess::{self, Fuzzy, Guess};
use crate::matcher::{self, Found, Matcher, Route};
use crate::pattern::Pattern;
use crate::resolve::{Allowed, LeftmostLongest, keep_unexcused};
use crate::spec::{
    CjkBoundary, EntrySpec, Gap, Level, LibraryError, LibrarySpec, MarkupKind, MatchOptions, Overlap, Profile, limits,
};

/// One entry found in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hit {
    /// Index of the entry in the library.
    pub entry: u32,
    /// First byte of the hit in the text as stored.
    pub start: u32,
    /// Byte behind the hit.
    pub end: u32,
    /// What was needed to see it.
    pub level: Level,
}

/// Memory that a thread keeps between texts.
#[derive(Debug, Default)]
pub struct Scratch {
    matcher: matcher::Scratch,
    found: Vec<Found>,
    pub(crate) allowed: Vec<Allowed>,
    pub(crate) parts: Vec<FoundPart>,
}

#[cfg(test)]
impl Scratch {
    /// The memory of the fast route.
    pub(crate) fn fast(&self) -> &crate::fast::FastScratch {
        &self.matcher.fast
    }
}

/// A part of a combination in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FoundPart {
    pub(crate) start: u32,
    pub(crate) end: u32,
    pub(crate) entry: u32,
    pub(crate) part: u32,
}

/// Who asked for a pattern. Several may share one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Owner {
    Entry(u32),
    Allow(Option<u32>),
    /// A part of a combination: entry, index of the part or [`Part::ABSENT`].
    Part(u32, u32),
    /// Another text that stands for the entry.
    Alias(u32),
}

/// A keyword library, compiled: immutable, shared by all threads.
pub struct Library {
    pub(crate) entries: Vec<EntrySpec>,
    pub(crate) options: MatchOptions,
    pub(crate) owners: Vec<Owner>,
    pub(crate) owners_of_pattern: Groups,
    /// The entries that are combinations.
    pub(crate) combos: HashMap<u32, Shape>,
    /// The first find the patterns; others find forms of them that must be guessed.
    pub(crate) matchers: Vec<Box<dyn Matcher>>,
    pub(crate) pattern_count: usize,
    /// Most units that a hit may take.
    pub(crate) reach: usize,
}

impl Library {
    /// Compiles a library. A library without entries is allowed and finds nothing.
    ///
    /// # Errors
    ///
    /// [`LibraryError`] names the first entry that cannot be matched, its size and the limit.
    pub fn compile(spec: LibrarySpec) -> Result<Self, LibraryError> {
        Self::compile_with(spec, routes)
    }

    pub(crate) fn compile_with(
        spec: LibrarySpec,
        routes: impl FnOnce(Vec<Numbered>, &MatchOptions) -> Result<Vec<Box<dyn Matcher>>, LibraryError>,
    ) -> Result<Self, LibraryError> {
        let LibrarySpec { entries, options } = spec;
        if entries.len() > limits::ENTRIES {
            return Err(LibraryError::TooMany { entries: entries.len() });
        }
        let mut builder = Builder { is_exact: options.profile == Profile::Exact, ..Builder::default() };
        let mut combos = HashMap::new();
        for (entry, id) in entries.iter().zip(0_u32..) {
            let index = Some(id as usize);
            if entry.combo || options.combo {
                let Expression { present, absent } = Expression::parse(&entry.text, id as usize)?;
                combos.insert(id, Shape { present: present.len() as u32, has_absent: !absent.is_empty() });
                for (part, number) in present.iter().zip(0_u32..) {
                    builder.add(part, index, Owner::Part(id, number))?;
                }
                for part in &absent {
                    builder.add(part, index, Owner::Part(id, Part::ABSENT))?;
                }
            } else {
                builder.add(&entry.text, index, Owner::Entry(id))?;
            }
            for word in &entry.allow {
                builder.add(word, index, Owner::Allow(Some(id)))?;
            }
        }
        for word in &options.allow {
            builder.add(word, None, Owner::Allow(None))?;
        }
        let guessing = guessing(&builder, &options);
        builder.add_aliases(&entries, &options);
        let Builder { patterns, owners, texts, .. } = builder;
        let pattern_count = patterns.len();
        let reach = patterns.iter().map(Pattern::reach).max().unwrap_or(1) + guess::MORE_REACH;
        let pattern_of_owner = owners.iter().zip(0_u32..).map(|((pattern, _), at)| (*pattern, at)).collect();
        let (_, owners_of_pattern) = Groups::by_key(pattern_of_owner);
        let owners = owners.into_iter().map(|(_, owner)| owner).collect();
        let mut matchers = if patterns.is_empty() {
            Vec::new()
        } else if options.profile == Profile::Exact {
            vec![Box::new(Exact::new(&texts, options.word_boundary)?) as Box<dyn Matcher>]
        } else {
            routes((0..).zip(patterns).collect(), &options)?
        };
        matchers.extend(guessing);
        Ok(Self { entries, options, owners, owners_of_pattern, combos, matchers, pattern_count, reach })
    }

    /// The entries, in the order of their indices.
    pub fn entries(&self) -> &[EntrySpec] {
        &self.entries
    }

    /// Number of distinct patterns in normal form: keywords, parts of combinations, allow words.
    pub fn pattern_count(&self) -> usize {
        self.pattern_count
    }

    /// Bytes of memory that the compiled patterns take.
    pub fn heap_bytes(&self) -> usize {
        self.matchers.iter().map(|matcher| matcher.heap_bytes()).sum()
    }

    /// The ways in which the patterns are found.
    pub fn routes(&self) -> Vec<Route> {
        self.matchers.iter().flat_map(|matcher| matcher.routes()).filter(|route| route.patterns > 0).collect()
    }

    /// How the library matches.
    pub fn options(&self) -> &MatchOptions {
        &self.options
    }

    /// Most units that a hit may take, separators and repeats included.
    pub(crate) fn reach(&self) -> usize {
        self.reach
    }

    /// Finds the entries in `text` and writes them to `hits`, which is emptied first: in text order, by start, then end,
    /// then entry. Linear in the text and the number of hits.
    ///
    /// The text must be shorter than 4 GiB, which the limit on records (16 MiB) sees to.
    pub fn find(&self, text: &str, scratch: &mut Scratch, hits: &mut Vec<Hit>) {
        self.collect(text, scratch, hits);
        keep_unexcused(hits, &mut scratch.allowed);
        if self.options.overlap == Overlap::LeftmostLongest {
            LeftmostLongest::default().keep(hits, 0);
        }
        if !scratch.parts.is_empty() {
            self.combine(text, &scratch.parts, hits);
        }
    }

    /// Finds what the patterns give, before allow words, overlaps and combinations: hits in any order, and in the
    /// scratch allow words in any order and parts of combinations in text order.
    pub(crate) fn collect(&self, text: &str, scratch: &mut Scratch, hits: &mut Vec<Hit>) {
        hits.clear();
        debug_assert!(u32::try_from(text.len()).is_ok());
        let Scratch { matcher: memory, found, allowed, parts } = scratch;
        found.clear();
        allowed.clear();
        parts.clear();
        for matcher in &self.matchers {
            matcher.find_all(text, memory, found);
        }
        for &Found { pattern, start, end, level } in &*found {
            for &owner in self.owners_of_pattern.of(pattern) {
                match self.owners[owner as usize] {
                    Owner::Allow(entry) => allowed.push(Allowed { entry, start, end }),
                    Owner::Part(entry, part) => parts.push(FoundPart { start, end, entry, part }),
                    Owner::Alias(entry) => hits.push(Hit { entry, start, end, level: Level::Aggressive }),
                    Owner::Entry(entry) => {
                        let level = self.level(text, entry, start, end, level);
                        hits.push(Hit { entry, start, end, level });
                    }
                }
            }
        }
        parts.sort_unstable();
        parts.dedup();
        if self.options.cjk_boundary == CjkBoundary::Lexicon {
            hits.retain(|hit| !cuts_words(text, hit.start as usize, hit.end as usize));
        }
    }

    /// The normal form says whether two texts are the same in it; only the entry says whether they are the same.
    fn level(&self, text: &str, entry: u32, start: u32, end: u32, level: Level) -> Level {
        if level > Level::Folded {
            return level;
        }
        let stored = &text[start as usize..end as usize];
        if stored == self.entries[entry as usize].text.trim() { Level::Plain } else { Level::Folded }
    }

    /// Adds the combinations of the parts, which are in text order.
    fn combine(&self, text: &str, parts: &[FoundPart], hits: &mut Vec<Hit>) {
        let mut combinations = Combinations::default();
        let mut spans = Vec::new();
        combinations.see(self, text, Cursor::default(), parts, &mut spans);
        combinations.end(&mut spans);
        hits.extend(spans.iter().map(|&(entry, (start, end))| {
            let (start, end) = (start.bytes as u32, end.bytes as u32);
            Hit { entry, start, end, level: Level::Combo }
        }));
        hits.sort_by_key(|hit| (hit.start, hit.end, hit.entry));
    }
}

/// The combinations of a library, watched over one text.
#[derive(Debug, Default)]
pub(crate) struct Combinations {
    /// By entry, in order, so that what ends together comes in order.
    watches: BTreeMap<u32, Watch>,
}

/// An entry and the span of its combination.
pub(crate) type Span = (u32, (Position, Position));

impl Combinations {
    /// Takes parts in text order; their offsets are those of `text`, which starts at `cursor`.
    pub(crate) fn see(
        &mut self,
        library: &Library,
        text: &str,
        cursor: Cursor,
        parts: &[FoundPart],
        out: &mut Vec<Span>,
    ) {
        let mut offsets: Vec<u32> = parts.iter().flat_map(|part| [part.start, part.end]).collect();
        offsets.sort_unstable();
        offsets.dedup();
        let places = places(text, cursor, &offsets);
        let place = |offset: u32| places[offsets.partition_point(|known| *known < offset)];
        let mut spans = Vec::new();
        for part in parts {
            let shape = library.combos[&part.entry];
            let watch = self.watches.entry(part.entry).or_insert_with(|| Watch::new(shape));
            let seen = Part { number: part.part, start: place(part.start), end: place(part.end) };
            watch.see(seen, &library.options, &mut spans);
            out.extend(spans.drain(..).map(|span| (part.entry, span)));
        }
    }

    /// Ends the text.
    pub(crate) fn end(&mut self, out: &mut Vec<Span>) {
        let mut spans = Vec::new();
        for (&entry, watch) in &mut self.watches {
            watch.end(&mut spans);
            out.extend(spans.drain(..).map(|span| (entry, span)));
        }
    }
}

/// Characters of Chinese text on either side of a hit that are looked at to find its words.
const MAX_CLAUSE: usize = 32;

/// Whether an edge of `start..end` is inside a word of the text around it, in the most probable division of the clause
/// into words or in the one that takes the longest word from the right each time: the words of Chinese lean to the
/// right, and a hit that cuts one of either is doubtful.
fn cuts_words(text: &str, start: usize, end: usize) -> bool {
    let tables = tables();
    let is_free = |c: &char| tables.info(*c).class() == Class::Free;
    let before: Vec<char> = text[..start].chars().rev().take(MAX_CLAUSE).take_while(is_free).collect();
    let inside = text[start..end].chars();
    let behind = text[end..].chars().take(MAX_CLAUSE).take_while(is_free);
    let mut clause: Vec<char> = before.iter().rev().copied().collect();
    let first = clause.len();
    clause.extend(inside.filter(|c| is_free(c)));
    let last = clause.len();
    if first == last {
        return false;
    }
    clause.extend(behind);
    let lexicon = opt().lexicon();
    let mut ends = Vec::new();
    lexicon.segment(&clause, &mut ends);
    let mut from_right = vec![clause.len()];
    while let Some(&end) = from_right.last().filter(|end| **end > 0) {
        let word = (1..=MAX_WORD.min(end)).rev().find(|length| lexicon.contains(&clause[end - length..end]));
        from_right.push(end - word.unwrap_or(1));
    }
    let is_edge = |at: usize| at == 0 || at == clause.len() || (ends.contains(&at) && from_right.contains(&at));
    !(is_edge(first) && is_edge(last))
}

/// Characters of the longest word of the lexicon.
const MAX_WORD: usize = 4;

/// A pattern and its number in the library.
pub(crate) type Numbered = (u32, Pattern);

/// The routes by which the patterns are found: each takes those that it can find fastest.
pub(crate) fn routes(patterns: Vec<Numbered>, options: &MatchOptions) -> Result<Vec<Box<dyn Matcher>>, LibraryError> {
    routes_on(Kernel::best(), patterns, options)
}

/// As [`routes`], with the inner loops for a processor that has no more than this kernel needs.
pub(crate) fn routes_on(
    kernel: Kernel,
    patterns: Vec<Numbered>,
    options: &MatchOptions,
) -> Result<Vec<Box<dyn Matcher>>, LibraryError> {
    let settings = Settings::new(options);
    let mut routes: Vec<Box<dyn Matcher>> = Vec::new();
    let mut rest = patterns;
    // Where markup or noise is left out, anything may stand between any two characters.
    if options.markup == MarkupKind::None && options.noise.is_empty() {
        let codes = Codes::new(options.gap == Gap::Wide);
        let fast: Vec<Numbered>;
        (fast, rest) = Fast::divide(rest, &settings, &codes);
        if !fast.is_empty() {
            routes.push(Box::new(Fast::new(fast, settings, codes, kernel)));
        }
    }
    if !rest.is_empty() {
        routes.push(Box::new(Automaton::new(rest, options)?));
    }
    Ok(routes)
}

/// Matchers of forms that must be guessed, as far as the options ask for them.
fn guessing(builder: &Builder, options: &MatchOptions) -> Vec<Box<dyn Matcher>> {
    let mut is_keyword = vec![false; builder.patterns.len()];
    for (pattern, owner) in &builder.owners {
        is_keyword[*pattern as usize] |= matches!(owner, Owner::Entry(_) | Owner::Part(..));
    }
    let patterns = || {
        let numbered = (0_u32..).zip(builder.patterns.iter().cloned());
        numbered.zip(&is_keyword).filter_map(|(pattern, is_keyword)| is_keyword.then_some(pattern))
    };
    let settings = Settings::new(options);
    let mut matchers: Vec<Box<dyn Matcher>> = Vec::new();
    if options.profile == Profile::Aggressive {
        matchers.push(Box::new(Guess::new(patterns(), settings.clone())));
    }
    if options.fuzzy > 0 {
        matchers.push(Box::new(Fuzzy::new(patterns(), options.fuzzy as usize, settings)));
    }
    matchers
}

/// Patterns as they come up, each once.
#[derive(Default)]
struct Builder {
    /// Patterns are the same only if their texts are.
    is_exact: bool,
    patterns: Vec<Pattern>,
    /// The first text of each pattern.
    texts: Vec<String>,
    ids: HashMap<Pattern, u32>,
    ids_of_texts: HashMap<String, u32>,
    owners: Vec<(u32, Owner)>,
}

impl Builder {
    fn add(&mut self, text: &str, entry: Option<usize>, owner: Owner) -> Result<(), LibraryError> {
        if text.len() > limits::KEYWORD_BYTES {
            return Err(LibraryError::TooLong { entry, bytes: text.len() });
        }
        let pattern = Pattern::new(text).ok_or(LibraryError::Empty { entry })?;
        self.own(pattern, text.trim(), owner);
        Ok(())
    }

    fn add_aliases(&mut self, entries: &[EntrySpec], options: &MatchOptions) {
        let is_aggressive = options.profile == Profile::Aggressive;
        if !is_aggressive && !options.pinyin_initials {
            return;
        }
        for (entry, id) in entries.iter().zip(0_u32..).filter(|(entry, _)| !entry.combo && !options.combo) {
            let aliases = guess::aliases(&entry.text, options.pinyin_initials, is_aggressive);
            for alias in aliases {
                if let Some(pattern) = Pattern::new(&alias) {
                    self.own(pattern, &alias, Owner::Alias(id));
                }
            }
        }
    }

    fn own(&mut self, pattern: Pattern, text: &str, owner: Owner) {
        let next = self.patterns.len() as u32;
        let id = if self.is_exact {
            *self.ids_of_texts.entry(text.to_owned()).or_insert(next)
        } else {
            *self.ids.entry(pattern.clone()).or_insert(next)
        };
        if id == next {
            self.patterns.push(pattern);
            self.texts.push(text.to_owned());
        }
        self.owners.push((id, owner));
    }
}
