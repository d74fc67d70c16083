//! The gram engine: exact search for thousands to millions of literals, overlaps included.
//!
//! Each pattern is found by one of its windows, the one that ordinary text has least (`anchors`). A kernel for the CPU
//! (`kernel`) marks the positions of the text where such a window may begin; a table of entries (`table`) is then asked
//! at these positions only, and all bytes of a pattern are compared (`verify`). Text that is made to cost many
//! comparisons is given to an automaton (`fallback`). `crates/matcher/README.md` tells the whole story with figures.
//!
//! Kernel, frequencies and routes decide the speed, never the result.

#![expect(clippy::inline_always, reason = "small functions must become part of a kernel to be compiled for its CPU")]

mod anchors;
mod cover;
mod fallback;
mod found;
mod frequency;
mod kernel;
mod keys;
mod store;
mod table;
mod verify;

use std::collections::HashMap;

use anchors::{Anchor, MAX_PATTERN, Padded};
use fallback::Fallback;
use found::Output;
pub use found::{Found, Scratch, Work};
use frequency::Frequency;
#[doc(hidden)]
pub use frequency::make_table;
pub use kernel::Kernel;
use kernel::{BLOCK, Block, PAD, PairFilter, QuadFilter, Sieve, WindowFilter, WordFilter};
use keys::{Class, extend, filter_hash, load32, load64, pattern, spread, word_bytes, word_filter_hash};
pub use store::StoreError;
use table::{ClassSet, Entry, Filter, Table};
use verify::View;

/// How patterns are compiled.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options<'a> {
    /// A pattern whose first (last) byte is an ASCII letter matches only where the byte before (behind) it is not one.
    /// Neighbours that are letters of other alphabets are the caller's to check.
    pub whole_words: bool,
    /// What ASCII bytes of the text become before they are compared, such as lower case. Values are below 128. Patterns
    /// are given as they are to be found in the folded text; word edges are those of the folded text.
    pub fold: Option<&'a [u8; 128]>,
    /// Text like that which will be searched, some megabytes. Without it the shipped frequencies choose the windows.
    pub sample: Option<&'a [u8]>,
}

/// Why patterns cannot be compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum GramError {
    /// More patterns than [`Gram::MAX_PATTERNS`].
    TooMany {
        /// Number of patterns.
        patterns: usize,
    },
    /// A pattern without bytes.
    Empty {
        /// Index of the pattern.
        pattern: usize,
    },
    /// A pattern of more than [`Gram::MAX_PATTERN_BYTES`].
    TooLong {
        /// Index of the pattern.
        pattern: usize,
        /// Its length.
        bytes: usize,
    },
    /// A pattern that is not UTF-8.
    NotUtf8 {
        /// Index of the pattern.
        pattern: usize,
    },
    /// Two patterns of the same bytes.
    Duplicate {
        /// Indices of the patterns, ascending.
        patterns: (usize, usize),
    },
    /// A fold that maps an ASCII byte to a byte that is not ASCII.
    Fold {
        /// The ASCII byte.
        byte: u8,
        /// What it is mapped to.
        to: u8,
    },
}

impl std::fmt::Display for GramError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TooMany { patterns } => write!(f, "{patterns} patterns; the limit is {}", Gram::MAX_PATTERNS),
            Self::Empty { pattern } => write!(f, "pattern {pattern} is empty"),
            Self::TooLong { pattern, bytes } => {
                write!(f, "pattern {pattern} is {bytes} bytes; the limit is {}", Gram::MAX_PATTERN_BYTES)
            }
            Self::NotUtf8 { pattern } => write!(f, "pattern {pattern} is not UTF-8"),
            Self::Duplicate { patterns: (first, second) } => write!(f, "patterns {first} and {second} are the same"),
            Self::Fold { byte, to } => write!(f, "the fold maps byte {byte} to {to}; the limit is 127"),
        }
    }
}

impl std::error::Error for GramError {}

/// By what a pattern is found. The numbers are part of the stored form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Route {
    /// Six or nine bytes that are ASCII or begin at a character of several bytes.
    Window = 0,
    /// Four bytes of ASCII.
    Quad = 1,
    /// A whole word of ASCII letters.
    Word = 2,
    /// One to four bytes.
    Short = 3,
}

impl Route {
    const ALL: [Self; 4] = [Self::Window, Self::Quad, Self::Word, Self::Short];

    fn name(self) -> &'static str {
        match self {
            Self::Window => "window",
            Self::Quad => "quad",
            Self::Word => "word",
            Self::Short => "short",
        }
    }
}

/// The filter of each route that has patterns.
#[derive(Debug, Clone, Default)]
struct Filters {
    window: Option<WindowFilter>,
    quad: Option<QuadFilter>,
    word: Option<WordFilter>,
    short: Option<(PairFilter, ClassSet)>,
}

/// Patterns, compiled: immutable, shared by all threads.
#[derive(Debug)]
pub struct Gram {
    kernel: Kernel,
    fold: Option<Box<[u8; 128]>>,
    filters: Filters,
    table: Table,
    fallback: Fallback,
}

/// Text that is made ready while it is searched.
trait Source {
    /// The text, ready up to `end` and as far behind it as a search there reads.
    fn view(&mut self, end: usize) -> View<'_>;
}

/// Text that is ready.
struct Lying<'v>(View<'v>);

impl Source for Lying<'_> {
    fn view(&mut self, _end: usize) -> View<'_> {
        self.0
    }
}

/// Text that is folded block by block, so that the filter finds each block in the first-level cache.
struct Folding<'v> {
    kernel: Kernel,
    map: &'v [u8; 128],
    text: &'v [u8],
    /// The folded text, and [`PAD`] zeros.
    stage: &'v mut [u8],
    /// Bytes that are folded.
    folded: usize,
    /// Bytes behind a block that are read.
    ahead: usize,
    origin: usize,
}

impl Source for Folding<'_> {
    fn view(&mut self, end: usize) -> View<'_> {
        let ready = (end + self.ahead).min(self.text.len());
        if self.folded < ready {
            self.kernel.fold(self.map, &self.text[self.folded..ready], &mut self.stage[self.folded..ready]);
            self.folded = ready;
        }
        View { bytes: self.stage, limit: self.text.len(), origin: self.origin }
    }
}

/// What a compiled library is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stats {
    /// Name of the kernel.
    pub kernel: &'static str,
    /// Number of patterns.
    pub patterns: usize,
    /// Bytes of memory of filters and table, without the automaton for hostile text.
    pub table_bytes: usize,
    /// Bytes of the automaton for hostile text: 0 until the first such text.
    pub fallback_bytes: usize,
    /// The routes that are in use.
    pub routes: Vec<RouteStats>,
}

/// One route of a compiled library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteStats {
    /// Name of the route: `window`, `quad`, `word`, `short`.
    pub name: &'static str,
    /// Patterns that it finds.
    pub patterns: usize,
    /// Lengths of its table keys in bytes, with the number of patterns under each; those of words are padded to 8.
    pub keys: Vec<(usize, usize)>,
    /// Bytes of its filter.
    pub filter_bytes: usize,
    /// Bits of its filter for each pattern.
    pub bits_per_pattern: usize,
}

/// Bits of a filter for each key in it.
const BITS_PER_KEY: usize = 16;

/// A filter has room for this many keys at least (16 KiB): hardly a stranger passes that of a small library, which still
/// fits the first-level cache.
const LEAST_KEYS: usize = 8 * 1024;

impl Gram {
    /// Patterns of a library, at most.
    pub const MAX_PATTERNS: usize = 4_000_000;

    /// Bytes of a pattern, at most.
    pub const MAX_PATTERN_BYTES: usize = MAX_PATTERN;

    /// Compiles distinct, non-empty patterns of valid UTF-8 for the best kernel of this CPU. No pattern at all is
    /// allowed, and finds nothing.
    ///
    /// # Errors
    ///
    /// [`GramError`] names the first pattern that cannot be compiled, with its size and the limit.
    pub fn compile<P: AsRef<[u8]>>(patterns: &[P], options: &Options) -> Result<Self, GramError> {
        check(patterns, options)?;
        let frequency = options.sample.map_or_else(Frequency::shipped, Frequency::sampled);
        let anchors = anchors::choose(patterns, options.whole_words, &frequency);
        let filters = Filters::new(patterns, &anchors);
        let mut blob = Vec::new();
        let mut keyed = Vec::with_capacity(patterns.len());
        for ((id, pattern), anchor) in (0..).zip(patterns).zip(&anchors) {
            let pattern = pattern.as_ref();
            let mut entry = Entry::new(id, pattern, &mut blob);
            entry.offset = anchor.offset as u16;
            entry.class = anchor.class as u8;
            entry.route = anchor.route as u8;
            entry.tag = anchor.key as u8;
            if options.whole_words {
                let is_letter = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphabetic);
                entry.edges |= Entry::WORD_START * u8::from(is_letter(pattern.first()));
                entry.edges |= Entry::WORD_END * u8::from(is_letter(pattern.last()));
            }
            keyed.push((anchor.key, entry));
        }
        let table = Table::new(keyed, blob);
        let fold = options.fold.map(|map| Box::new(*map));
        Ok(Self { kernel: Kernel::best(), fold, filters, table, fallback: Fallback::default() })
    }

    /// The same library on another kernel: for tests and measurements.
    #[must_use]
    pub fn with_kernel(mut self, kernel: Kernel) -> Self {
        self.kernel = kernel;
        self
    }

    /// Finds every occurrence of every pattern in `text`, which need not be valid UTF-8, and hands them to `sink` in
    /// blocks of at most [`Found::BLOCK`], in no order. Time is linear in the text and the number of matches; memory is
    /// that of `scratch`.
    ///
    /// # Panics
    ///
    /// When the text is 4 GiB or longer.
    pub fn find_all(&self, text: &[u8], scratch: &mut Scratch, sink: &mut dyn FnMut(&Found)) {
        assert!(u32::try_from(text.len()).is_ok(), "a text of {} bytes; the limit is 4,294,967,295", text.len());
        if text.is_empty() || self.table.entries().is_empty() {
            return;
        }
        let mut found = std::mem::take(&mut scratch.found);
        let mut output = Output::new(&mut found, sink);
        match &self.fold {
            Some(map) => self.find_folded(text, map, scratch, &mut output),
            None => self.find_plain(text, scratch, &mut output),
        }
        output.flush();
        scratch.found = found;
    }

    /// Searches the text where it lies, but for its end, which is copied to have padding behind it.
    fn find_plain(&self, text: &[u8], scratch: &mut Scratch, output: &mut Output) {
        let body = text.len().saturating_sub(PAD) / 64 * 64;
        let view = View { bytes: text, limit: text.len(), origin: 0 };
        self.find_in(&mut Lying(view), 0, body, scratch, output);
        let from = body.saturating_sub(self.table.reach_before());
        let mut stage = std::mem::take(&mut scratch.stage);
        stage.clear();
        stage.extend_from_slice(&text[from..]);
        let limit = stage.len();
        stage.resize(limit + PAD, 0);
        let view = View { bytes: &stage, limit, origin: from };
        self.find_in(&mut Lying(view), body - from, limit, scratch, output);
        scratch.stage = stage;
    }

    /// Searches folded copies of pieces of the text, each with what its patterns can reach around it.
    fn find_folded(&self, text: &[u8], map: &[u8; 128], scratch: &mut Scratch, output: &mut Output) {
        /// So long that the turns that empty the batches do not count.
        const PIECE: usize = 8 * BLOCK;
        let mut stage = std::mem::take(&mut scratch.stage);
        for start in (0..text.len()).step_by(PIECE) {
            let end = (start + PIECE).min(text.len());
            let from = start.saturating_sub(self.table.reach_before());
            let to = (end + self.table.reach_behind()).min(text.len());
            let length = to - from;
            if stage.len() < length + PAD {
                stage.resize(length + PAD, 0);
            }
            // A window that would go on behind the text finds zeros there, not what an earlier piece left.
            stage[length..length + PAD].fill(0);
            let mut folding = Folding {
                kernel: self.kernel,
                map,
                text: &text[from..to],
                stage: &mut stage[..length + PAD],
                folded: 0,
                ahead: self.table.reach_behind() + PAD,
                origin: from,
            };
            self.find_in(&mut folding, start - from, end - from, scratch, output);
        }
        scratch.stage = stage;
    }

    /// Reports the matches whose window begins in `start..end` of the source.
    fn find_in(&self, source: &mut impl Source, start: usize, end: usize, scratch: &mut Scratch, output: &mut Output) {
        let blocks = (end - start).div_ceil(BLOCK);
        // Two more turns empty the batches.
        for turn in 0..blocks + 2 {
            let (newest, middle, oldest) = (turn % 3, (turn + 2) % 3, (turn + 1) % 3);
            let from = (start + turn * BLOCK).min(end);
            let to = (from + BLOCK).min(end);
            let view = source.view(to);
            if turn < blocks {
                self.filter(&Block::new(view.bytes, from, to), newest, scratch);
            }
            if (1..=blocks).contains(&turn) {
                scratch.batches[middle].look_up(&self.table);
            }
            if turn >= 2 {
                let Scratch { batches, work, .. } = &mut *scratch;
                batches[oldest].compare(&self.table, &self.fallback, view, output, work);
            }
        }
    }

    /// Finds the positions of a block where patterns may stand.
    fn filter(&self, block: &Block, batch: usize, scratch: &mut Scratch) {
        let (kernel, table) = (self.kernel, &self.table);
        let Filters { window, quad, word, short } = &self.filters;
        scratch.batches[batch].begin(block);
        kernel.map_bytes(block, word.is_some(), &mut scratch.maps);
        let window_sieve = window.as_ref().and_then(|filter| filter.sieve.as_ref());
        let quad_sieve = quad.as_ref().map(|filter| &filter.sieve);
        kernel.sieve(window_sieve, quad_sieve, block, scratch);
        if let Some(filter) = window {
            kernel.windows(filter, block, scratch);
            let Scratch { batches, positions: [middle, long], .. } = &mut *scratch;
            batches[batch].screen(kernel, Class::Middle, table, block, middle.as_slice());
            batches[batch].screen(kernel, Class::Long, table, block, long.as_slice());
        }
        if let Some(filter) = quad {
            kernel.quads(filter, block, scratch);
            let Scratch { batches, positions: [quads, _], .. } = &mut *scratch;
            batches[batch].screen(kernel, Class::Quad, table, block, quads.as_slice());
        }
        if let Some(filter) = word {
            kernel.words(filter, block, scratch);
            let Scratch { batches, maps, positions: [words, _], .. } = &mut *scratch;
            if !batches[batch].is_hostile {
                batches[batch].screen_words(table, block, maps, words.as_slice());
            }
        }
        if let Some((filter, classes)) = short {
            kernel.pairs(filter, block, scratch);
            let Scratch { batches, positions: [pairs, _], .. } = &mut *scratch;
            for class in [Class::Short1, Class::Short2, Class::Short3, Class::Short4] {
                if classes.has(class) {
                    batches[batch].screen(kernel, class, table, block, pairs.as_slice());
                }
            }
        }
    }

    /// Number of patterns.
    pub fn patterns(&self) -> usize {
        self.table.entries().len()
    }

    /// The number of a pattern that is not UTF-8, which compiled libraries do not have, but stored bytes may.
    pub(crate) fn first_broken_pattern(&self) -> Option<u32> {
        let is_broken = |entry: &&Entry| std::str::from_utf8(&self.table.pattern(entry)).is_err();
        self.table.entries().iter().find(is_broken).map(|entry| entry.id)
    }

    /// What the library is made of.
    pub fn stats(&self) -> Stats {
        let Filters { window, quad, word, short } = &self.filters;
        let filter_bytes = |route: Route| match route {
            Route::Window => window.as_ref().map_or(0, |route| route.filter.heap_bytes()),
            Route::Quad => quad.as_ref().map_or(0, |route| route.filter.heap_bytes()),
            Route::Word => word.as_ref().map_or(0, |route| route.filter.heap_bytes()),
            Route::Short => short.as_ref().map_or(0, |_| size_of::<PairFilter>()),
        };
        let routes = Route::ALL.into_iter().filter_map(|route| {
            let entries = self.table.entries().iter().filter(|entry| entry.route == route as u8);
            let mut keys = Vec::new();
            for class in Class::ALL {
                let count = entries.clone().filter(|entry| entry.class == class as u8).count();
                if count > 0 {
                    keys.push((class.key_bytes(), count));
                }
            }
            let patterns = entries.count();
            (patterns > 0).then(|| RouteStats {
                name: route.name(),
                patterns,
                keys,
                filter_bytes: filter_bytes(route),
                bits_per_pattern: 8 * filter_bytes(route) / patterns,
            })
        });
        Stats {
            kernel: self.kernel.name(),
            patterns: self.patterns(),
            table_bytes: self.table.heap_bytes() + Route::ALL.into_iter().map(filter_bytes).sum::<usize>(),
            fallback_bytes: self.fallback.heap_bytes(),
            routes: routes.collect(),
        }
    }
}

fn check<P: AsRef<[u8]>>(patterns: &[P], options: &Options) -> Result<(), GramError> {
    if patterns.len() > Gram::MAX_PATTERNS {
        return Err(GramError::TooMany { patterns: patterns.len() });
    }
    let mut seen = HashMap::with_capacity(patterns.len());
    for (pattern, bytes) in patterns.iter().map(AsRef::as_ref).enumerate() {
        if bytes.is_empty() {
            return Err(GramError::Empty { pattern });
        }
        if bytes.len() > Gram::MAX_PATTERN_BYTES {
            return Err(GramError::TooLong { pattern, bytes: bytes.len() });
        }
        if std::str::from_utf8(bytes).is_err() {
            return Err(GramError::NotUtf8 { pattern });
        }
        if let Some(first) = seen.insert(bytes, pattern) {
            return Err(GramError::Duplicate { patterns: (first, pattern) });
        }
    }
    match options.fold.and_then(|map| (0..).zip(map).find(|(_, to)| !to.is_ascii())) {
        Some((byte, &to)) => Err(GramError::Fold { byte, to }),
        None => Ok(()),
    }
}

impl Filters {
    /// The filters of patterns and their anchors, which are in the same order.
    fn new<P: AsRef<[u8]>>(patterns: &[P], anchors: &[Anchor]) -> Self {
        let count = |route: Route| anchors.iter().filter(|anchor| anchor.route == route).count();
        let has = |class: Class| anchors.iter().any(|it| it.route == Route::Window && it.class == class);
        let filter = |route: Route| {
            let patterns = count(route);
            (patterns > 0).then(|| Filter::new(patterns.max(LEAST_KEYS), BITS_PER_KEY))
        };
        let mut filters = Self {
            window: filter(Route::Window).map(|filter| WindowFilter {
                filter,
                middle: has(Class::Middle),
                long: has(Class::Long),
                wide: false,
                sieve: None,
            }),
            quad: filter(Route::Quad).map(|filter| QuadFilter { filter, sieve: Sieve::EMPTY }),
            word: filter(Route::Word).map(|filter| WordFilter { filter }),
            short: (count(Route::Short) > 0).then(|| (PairFilter::default(), ClassSet::EMPTY)),
        };
        for (pattern, anchor) in patterns.iter().zip(anchors) {
            filters.insert(&Padded::new(pattern.as_ref()), anchor);
        }
        filters
    }

    fn insert(&mut self, padded: &Padded, anchor: &Anchor) {
        let bytes = padded.padded();
        let at = anchor.offset;
        match anchor.route {
            Route::Window => {
                let Some(WindowFilter { filter, wide, sieve, .. }) = &mut self.window else { return };
                let hash = filter_hash(load32(bytes, at), load32(bytes, at + 2));
                let is_ascii = bytes[at].is_ascii();
                let further = load32(bytes, at + 6) & if is_ascii { 0xFFFF } else { !0 };
                let key = match anchor.class {
                    Class::Long => extend(spread(hash), further),
                    _ => spread(hash),
                };
                filter.insert(hash, pattern(key));
                if is_ascii {
                    sieve.get_or_insert(Sieve::EMPTY).insert(&bytes[at..at + 6]);
                } else {
                    *wide = true;
                }
            }
            Route::Quad => {
                let Some(QuadFilter { filter, sieve }) = &mut self.quad else { return };
                let hash = filter_hash(load32(bytes, at), 0);
                filter.insert(hash, pattern(spread(hash)));
                sieve.insert(&bytes[at..at + 4]);
            }
            Route::Word => {
                let Some(WordFilter { filter }) = &mut self.word else { return };
                let letters = padded.bytes[at..].iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
                let letters = letters.min(keys::WORD_LETTERS);
                let hash = word_filter_hash(word_bytes(load64(bytes, at), letters), letters);
                filter.insert(hash, pattern(spread(hash)));
            }
            Route::Short => {
                let Some((pairs, classes)) = &mut self.short else { return };
                classes.add(anchor.class);
                let [first, second, third] = [bytes[at], bytes[at + 1], bytes[at + 2]].map(|byte| byte & 31);
                let length = anchor.class.key_bytes();
                let (row, bit) = if bytes[at].is_ascii() {
                    (&mut pairs.ascii[usize::from(first)], (length > 1).then_some(second))
                } else {
                    (&mut pairs.wide[usize::from(second)], (length > 2).then_some(third))
                };
                *row |= bit.map_or(!0, |bit| 1 << bit);
            }
        }
    }
}
