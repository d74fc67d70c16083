//! Which window of a pattern is looked for: the one that ordinary text has least.
//!
//! A pattern that stands under "the " would be compared at every "the "; under its rarest six or nine bytes it is
//! compared a few times in a book. The choice is the difference between a fast engine and a slow one.

use std::collections::HashMap;

use super::Route;
use super::frequency::Frequency;
use super::keys::{Class, WORD_LETTERS, load64, word_bytes, word_table_key};

/// The window under which a pattern is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Anchor {
    pub(crate) route: Route,
    pub(crate) class: Class,
    /// Bytes from the pattern's start to the window.
    pub(crate) offset: usize,
    /// The window's table key.
    pub(crate) key: u32,
}

/// A pattern with zeros behind it, so that windows can be read near its end.
pub(crate) struct Padded<'p> {
    pub(crate) bytes: &'p [u8],
    padded: [u8; MAX_PATTERN + 16],
}

/// Bytes of a pattern, at most.
pub(crate) const MAX_PATTERN: usize = 1024;

impl<'p> Padded<'p> {
    pub(crate) fn new(bytes: &'p [u8]) -> Self {
        let mut padded = [0; MAX_PATTERN + 16];
        padded[..bytes.len()].copy_from_slice(bytes);
        Self { bytes, padded }
    }

    /// Bytes of the pattern and zeros.
    pub(crate) fn padded(&self) -> &[u8] {
        &self.padded
    }

    fn eight(&self, at: usize) -> u64 {
        load64(&self.padded, at)
    }
}

/// A route with so few patterns that the pairs of the short route are cheaper than a filter of its own.
const FEW: usize = 8;

/// Chooses an anchor for each pattern.
pub(crate) fn choose<P: AsRef<[u8]>>(patterns: &[P], whole_words: bool, frequency: &Frequency) -> Vec<Anchor> {
    let routes = routes_needed(patterns, whole_words);
    let mut load = HashMap::with_capacity(patterns.len());
    patterns
        .iter()
        .map(|pattern| {
            let anchor = best(pattern.as_ref(), whole_words, routes, frequency, &load);
            *load.entry(anchor.key).or_insert(0) += 1;
            anchor
        })
        .collect()
}

/// A set of routes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Routes(u8);

impl Routes {
    const NONE: Self = Self(0);

    const fn of(route: Route) -> Self {
        Self(1 << route as u8)
    }

    const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    const fn has(self, route: Route) -> bool {
        self.0 & (1 << route as u8) != 0
    }
}

/// Every route costs a pass over the text, so a pattern that can be found by two of them should not open the second one.
/// Routes that some patterns cannot do without come first; of the others, the cheapest.
fn routes_needed<P: AsRef<[u8]>>(patterns: &[P], whole_words: bool) -> Routes {
    const BY_COST: [Route; 4] = [Route::Word, Route::Wide, Route::Ascii, Route::Quad];
    let mut kinds = [0_usize; 32];
    for pattern in patterns {
        kinds[usize::from(possible(pattern.as_ref(), whole_words).0)] += 1;
    }
    let mut needed = Routes::NONE;
    let short = Routes::of(Route::Short);
    let with_options = |count: u32| {
        kinds.iter().enumerate().filter(move |(set, patterns)| **patterns > 0 && set.count_ones() == count)
    };
    for options in 1..=4 {
        for (set, _) in with_options(options) {
            let set = Routes(set as u8);
            if set.and(needed) == Routes::NONE {
                let cheapest = BY_COST.into_iter().find(|route| set.has(*route));
                needed = needed.with(cheapest.map_or(short, Routes::of));
            }
        }
    }
    for route in [Route::Ascii, Route::Quad] {
        let users: usize = kinds
            .iter()
            .enumerate()
            .filter(|(set, _)| Routes(*set as u8).and(needed) == Routes::of(route))
            .map(|(_, patterns)| patterns)
            .sum();
        if needed.has(route) && users <= FEW {
            needed = Routes(needed.0 & !Routes::of(route).0).with(short);
        }
    }
    needed
}

/// The routes that can find a pattern; the short one only when there is no other.
fn possible(pattern: &[u8], whole_words: bool) -> Routes {
    let mut routes = Routes::NONE;
    let mut ascii_run = 0;
    let mut longest_run = 0;
    for (at, byte) in pattern.iter().enumerate() {
        ascii_run = if byte.is_ascii() { ascii_run + 1 } else { 0 };
        longest_run = longest_run.max(ascii_run);
        if *byte >= 0xC0 && pattern.len() - at >= Class::Middle.window_bytes() {
            routes = routes.with(Routes::of(Route::Wide));
        }
        if whole_words && byte.is_ascii_alphabetic() {
            routes = routes.with(Routes::of(Route::Word));
        }
    }
    if longest_run >= Class::Middle.window_bytes() {
        routes = routes.with(Routes::of(Route::Ascii));
    } else if longest_run >= Class::Quad.window_bytes() {
        routes = routes.with(Routes::of(Route::Quad));
    }
    if routes == Routes::NONE { Routes::of(Route::Short) } else { routes }
}

/// The window with the least expected work.
fn best(bytes: &[u8], whole_words: bool, routes: Routes, frequency: &Frequency, load: &HashMap<u32, u32>) -> Anchor {
    let padded = Padded::new(bytes);
    let mut best: Option<(u64, Anchor)> = None;
    each_window(&padded, whole_words, routes, |anchor| {
        // A window that is not in the table is not therefore absent from text: the longer it is, the rarer.
        let rare = match anchor.class {
            Class::Long | Class::Word => 4,
            _ => 12,
        };
        let others = u64::from(load.get(&anchor.key).copied().unwrap_or(0));
        let cost = (frequency.estimate(anchor.key) + rare) * (1 + others);
        if best.is_none_or(|(least, _)| cost < least) {
            best = Some((cost, anchor));
        }
    });
    best.map_or_else(|| short(&padded), |(_, anchor)| anchor)
}

/// Calls `offer` with every window of the pattern that one of the routes can find.
fn each_window(padded: &Padded, whole_words: bool, routes: Routes, mut offer: impl FnMut(Anchor)) {
    let bytes = padded.bytes;
    let mut run_end = 0;
    for (at, byte) in bytes.iter().enumerate() {
        let left = bytes.len() - at;
        let mut window = |route: Route, class: Class, available: usize| {
            if routes.has(route) && available >= class.window_bytes() {
                offer(Anchor { route, class, offset: at, key: class.table_key(padded.eight(at)) });
            }
        };
        if *byte >= 0xC0 {
            window(Route::Wide, Class::Long, left);
            window(Route::Wide, Class::Middle, left);
        } else if byte.is_ascii() {
            run_end = run_end.max(at);
            while run_end < bytes.len() && bytes[run_end].is_ascii() {
                run_end += 1;
            }
            let run = run_end - at;
            window(Route::Ascii, Class::Long, run);
            window(Route::Ascii, Class::Middle, run);
            window(Route::Quad, Class::Quad, run);
            let starts_word = byte.is_ascii_alphabetic() && (at == 0 || !bytes[at - 1].is_ascii_alphabetic());
            if whole_words && starts_word && routes.has(Route::Word) {
                let letters = bytes[at..].iter().take(WORD_LETTERS).take_while(|b| b.is_ascii_alphabetic()).count();
                let key = word_table_key(word_bytes(padded.eight(at), letters), letters);
                offer(Anchor { route: Route::Word, class: Class::Word, offset: at, key });
            }
        }
    }
}

/// The longest window, up to four bytes, that begins at a character; the first of these.
fn short(padded: &Padded) -> Anchor {
    let bytes = padded.bytes;
    let starts = (0..bytes.len()).filter(|&at| bytes[at] & 0xC0 != 0x80);
    let offset = starts.max_by_key(|&at| ((bytes.len() - at).min(4), std::cmp::Reverse(at))).unwrap_or(0);
    let class = match bytes.len() - offset {
        1 => Class::Short1,
        2 => Class::Short2,
        3 => Class::Short3,
        _ => Class::Short4,
    };
    Anchor { route: Route::Short, class, offset, key: class.table_key(padded.eight(offset)) }
}
