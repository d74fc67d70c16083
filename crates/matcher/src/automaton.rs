//! The route that reads every character: units of the whole text, their keys through an automaton, each place it
//! proposes aligned. Linear in any text; the other routes are measured against it.

use daachorse::{CharwiseDoubleArrayAhoCorasick, CharwiseDoubleArrayAhoCorasickBuilder, MatchKind};
use normalize::{Reading, Tables, Unit, tables};

use crate::align::{Mode, align};
use crate::file::Writer;
use crate::groups::Groups;
use crate::letters::{is_leet_symbol, key, key_of_unit};
use crate::library::Numbered;
use crate::matcher::{Found, Matcher, Route, Scratch};
use crate::pattern::{self, Element, Pattern};
use crate::spec::{LibraryError, MatchOptions};
use crate::stretch::for_each_stretch;

/// Patterns by key string, and how text is read.
pub(crate) struct Automaton {
    patterns: Vec<Pattern>,
    /// The number of each pattern in the library.
    ids: Vec<u32>,
    settings: Settings,
    /// Patterns with characters, by their keys.
    by_keys: Option<Search>,
    /// Patterns of symbols only, by their symbols.
    by_symbols: Option<Search>,
    /// Patterns with characters that may be left out of a text as noise, by their other keys; those without others.
    by_rest: Option<Search>,
    of_noise: Vec<u32>,
    /// Under which [`Self::by_rest`] leaves characters out.
    noise_keys: Vec<char>,
    reach: usize,
}

/// What of the options decides how text is read and aligned.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) reading: Reading,
    pub(crate) word_boundary: bool,
    pub(crate) gap: crate::spec::Gap,
    /// Folded.
    pub(crate) noise: Vec<char>,
}

impl Settings {
    pub(crate) fn new(options: &MatchOptions) -> Self {
        let tables = tables();
        Self {
            reading: Reading { escapes: true, markup: options.markup.into() },
            word_boundary: options.word_boundary,
            gap: options.gap,
            noise: options.noise.chars().map(|c| tables.fold_one(c)).collect(),
        }
    }

    pub(crate) fn mode(&self, symbols_are_letters: bool) -> Mode<'_> {
        Mode { symbols_are_letters, word_boundary: self.word_boundary, gap: self.gap, noise: &self.noise }
    }
}

/// An automaton over distinct key strings, and the patterns that have each.
pub(crate) struct Search {
    automaton: CharwiseDoubleArrayAhoCorasick<u32>,
    patterns: Groups,
}

impl Search {
    pub(crate) fn new(keyed: Vec<(String, u32)>) -> Result<Option<Self>, LibraryError> {
        if keyed.is_empty() {
            return Ok(None);
        }
        let (keys, patterns) = Groups::by_key(keyed);
        let automaton = CharwiseDoubleArrayAhoCorasickBuilder::new()
            .match_kind(MatchKind::Standard)
            .build_with_values(keys.iter().zip(0_u32..))
            .map_err(|error| LibraryError::Engine { detail: error.to_string() })?;
        Ok(Some(Self { automaton, patterns }))
    }

    /// Calls `on_match` with each pattern whose keys are found, and the units of the run that its first key is of.
    pub(crate) fn for_each(&self, keyed: &Keyed, units: usize, mut on_match: impl FnMut(u32, std::ops::Range<usize>)) {
        for found in self.automaton.find_overlapping_iter(&keyed.keys) {
            let run = keyed.run(found.start(), units);
            for &pattern in self.patterns.of(found.value()) {
                on_match(pattern, run.clone());
            }
        }
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        self.automaton.heap_bytes() + self.patterns.heap_bytes()
    }
}

/// The keys of a stretch of units, runs as one.
#[derive(Debug, Default)]
pub(crate) struct Keyed {
    keys: String,
    /// For each key its byte in `keys` and the first unit of its run.
    runs: Vec<(u32, u32)>,
}

impl Keyed {
    pub(crate) fn clear(&mut self) {
        self.keys.clear();
        self.runs.clear();
    }

    pub(crate) fn push(&mut self, key: char, unit: usize) {
        if !self.keys.ends_with(key) {
            self.runs.push((self.keys.len() as u32, unit as u32));
            self.keys.push(key);
        }
    }

    pub(crate) fn keys(&self) -> &str {
        &self.keys
    }

    /// The units from the first of the run at byte `at` of the keys to the first of the next.
    fn run(&self, at: usize, units: usize) -> std::ops::Range<usize> {
        let index = self.runs.partition_point(|run| run.0 as usize <= at) - 1;
        self.runs[index].1 as usize..self.runs.get(index + 1).map_or(units, |run| run.1 as usize)
    }
}

impl Automaton {
    pub(crate) fn new(patterns: Vec<Numbered>, options: &MatchOptions) -> Result<Self, LibraryError> {
        let tables = tables();
        let (ids, patterns): (Vec<u32>, Vec<Pattern>) = patterns.into_iter().unzip();
        let settings = Settings::new(options);
        let noise_keys: Vec<char> = settings
            .noise
            .iter()
            .map(|&fold| key(fold, tables.info(fold).digit().unwrap_or(Unit::NO_DIGIT), tables))
            .collect();
        let (mut keyed, mut symbols) = (Vec::new(), Vec::new());
        let (mut rests, mut of_noise) = (Vec::new(), Vec::new());
        for (pattern, id) in patterns.iter().zip(0_u32..) {
            let keys = pattern.keys(tables);
            if keys.contains(&noise_keys[..]) {
                match without(&keys, &noise_keys) {
                    rest if rest.is_empty() => of_noise.push(id),
                    rest => rests.push((rest, id)),
                }
            }
            if keys.is_empty() {
                symbols.push((symbols_of(pattern), id));
            } else {
                keyed.push((keys, id));
            }
        }
        let reach = patterns.iter().map(Pattern::reach).max().unwrap_or(0);
        Ok(Self {
            by_keys: Search::new(keyed)?,
            by_symbols: Search::new(symbols)?,
            by_rest: Search::new(rests)?,
            of_noise,
            noise_keys,
            settings,
            patterns,
            ids,
            reach,
        })
    }

    /// Finds the patterns in a stretch of units whose first character is a unit within `bounds`.
    fn find_in(
        &self,
        text: &str,
        units: &[Unit],
        keyed: &mut Keyed,
        bounds: std::ops::Range<usize>,
        out: &mut Vec<Found>,
    ) {
        let tables = tables();
        let propose = |search: &Search, keyed: &Keyed, mode: &Mode, out: &mut Vec<Found>| {
            search.for_each(keyed, units.len(), |pattern, run| {
                let id = self.ids[pattern as usize];
                let pattern = &self.patterns[pattern as usize];
                let leading = pattern.leading();
                for key in run.filter(|unit| is_start(units, *unit)) {
                    // Symbols that a keyword starts with have no keys: it starts before its first one.
                    for start in (key.saturating_sub(leading)..=key).filter(|start| bounds.contains(start)) {
                        if let Ok(aligned) = align(pattern, text, units, start, mode, tables) {
                            let (first, last) = (&units[aligned.first], &units[aligned.last]);
                            out.push(Found { pattern: id, start: first.start, end: last.tail, level: aligned.level });
                        }
                    }
                }
            });
        };
        if let Some(search) = &self.by_keys {
            let has_symbols = units.iter().any(|unit| !unit.is_content() && is_leet_symbol(unit.fold));
            for symbols_are_letters in [false, true] {
                if symbols_are_letters && !has_symbols {
                    break;
                }
                let mode = self.settings.mode(symbols_are_letters);
                let is_read = |unit: &Unit| unit.is_content() || (symbols_are_letters && is_leet_symbol(unit.fold));
                fill(keyed, units, tables, is_read);
                propose(search, keyed, &mode, out);
                if !mode.noise.is_empty() {
                    fill(keyed, units, tables, |unit| is_read(unit) && !mode.noise.contains(&unit.fold));
                    propose(search, keyed, &mode, out);
                    self.find_with_noise(text, units, keyed, &bounds, &mode, out);
                }
            }
        }
        if let Some(search) = &self.by_symbols {
            keyed.clear();
            for (at, unit) in units.iter().enumerate().filter(|(_, unit)| !unit.is_content() && !unit.is_white_space())
            {
                keyed.push(unit.fold, at);
            }
            propose(search, keyed, &self.settings.mode(false), out);
        }
    }
}

impl Automaton {
    /// Finds the patterns that have noise in them where the text has noise of its own beside theirs.
    fn find_with_noise(
        &self,
        text: &str,
        units: &[Unit],
        keyed: &mut Keyed,
        bounds: &std::ops::Range<usize>,
        mode: &Mode,
        out: &mut Vec<Found>,
    ) {
        let tables = tables();
        let is_read = |unit: &Unit| unit.is_content() || (mode.symbols_are_letters && is_leet_symbol(unit.fold));
        let is_noise = |unit: &Unit| self.noise_keys.contains(&key_of_unit(unit, tables));
        let mut try_at = |pattern: u32, starts: std::ops::RangeInclusive<usize>| {
            let (id, pattern) = (self.ids[pattern as usize], &self.patterns[pattern as usize]);
            for start in starts.filter(|start| bounds.contains(start) && is_start(units, *start)) {
                if let Ok(aligned) = align(pattern, text, units, start, mode, tables) {
                    let (first, last) = (&units[aligned.first], &units[aligned.last]);
                    out.push(Found { pattern: id, start: first.start, end: last.tail, level: aligned.level });
                }
            }
        };
        if let Some(search) = &self.by_rest {
            fill(keyed, units, tables, |unit| is_read(unit) && !is_noise(unit));
            search.for_each(keyed, units.len(), |pattern, run| {
                // What the pattern begins with may be noise, which has no keys here.
                let before = self.patterns[pattern as usize].reach();
                try_at(pattern, run.start.saturating_sub(before)..=run.end - 1);
            });
        }
        for at in (0..units.len()).filter(|&at| !self.of_noise.is_empty() && is_noise(&units[at])) {
            self.of_noise.iter().for_each(|&pattern| try_at(pattern, at..=at));
        }
    }
}

impl Matcher for Automaton {
    fn find_all(&self, text: &str, scratch: &mut Scratch, out: &mut Vec<Found>) {
        let Scratch { units, keyed, .. } = scratch;
        for_each_stretch(text, self.settings.reading, self.reach, units, |units, bounds| {
            self.find_in(text, units, keyed, bounds, out);
        });
    }

    fn routes(&self) -> Vec<Route> {
        vec![Route { name: "automaton", kernel: "portable", patterns: self.patterns.len() }]
    }

    /// The patterns only: the double array of the automaton could be stored, but a forged one may loop for ever, and to
    /// rule that out takes as long as to make it.
    fn store(&self, out: &mut Writer) {
        pattern::store("automaton", &self.ids, &self.patterns, out);
    }

    fn heap_bytes(&self) -> usize {
        let elements: usize = self.patterns.iter().map(|pattern| size_of_val(&*pattern.elements)).sum();
        let searches =
            self.by_keys.iter().chain(&self.by_symbols).chain(&self.by_rest).map(Search::heap_bytes).sum::<usize>();
        elements + size_of_val(&*self.patterns) + searches
    }
}

/// Keys without some of them, and what then is a run as one.
fn without(keys: &str, left_out: &[char]) -> String {
    let mut rest = String::new();
    for key in keys.chars().filter(|key| !left_out.contains(key)) {
        if !rest.ends_with(key) {
            rest.push(key);
        }
    }
    rest
}

fn fill(keyed: &mut Keyed, units: &[Unit], tables: &Tables, is_read: impl Fn(&Unit) -> bool) {
    keyed.clear();
    for (at, unit) in units.iter().enumerate() {
        if is_read(unit) {
            keyed.push(key_of_unit(unit, tables), at);
        }
    }
}

/// Whether an occurrence may start at this unit: inside a run of three, which digits and symbols never are, it starts
/// where the run does.
pub(crate) fn is_start(units: &[Unit], at: usize) -> bool {
    at < 2
        || !units[at].is_content()
        || units[at].digit != Unit::NO_DIGIT
        || units[at - 1].fold != units[at].fold
        || units[at - 2].fold != units[at].fold
}

/// The symbols of a pattern that has nothing else, runs as one, gaps left out.
fn symbols_of(pattern: &Pattern) -> String {
    let mut symbols = String::new();
    for element in &pattern.elements {
        if let Element::Symbol(symbol) = *element
            && !symbols.ends_with(symbol)
        {
            symbols.push(symbol);
        }
    }
    symbols
}
