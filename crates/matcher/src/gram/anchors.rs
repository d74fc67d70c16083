//! Which window of a pattern is looked for: the one that ordinary text has least.
//!
//! A pattern that stands under "the " would be compared at every "the "; under its rarest six or nine bytes it is
//! compared a few times in a book. The choice is the difference between a fast engine and a slow one.

use std::collections::HashMap;

use super::Route;
use super::cover::{Choice, close_pairs, pair};
use super::frequency::Frequency;
use super::keys::{Class, WIDE_LONG_BYTES, WORD_LETTERS, load64, word_bytes, word_table_key};

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

/// Chooses an anchor for each pattern.
pub(crate) fn choose<P: AsRef<[u8]>>(patterns: &[P], whole_words: bool, frequency: &Frequency) -> Vec<Anchor> {
    let ways = ways_needed(patterns, whole_words);
    let mut load = HashMap::with_capacity(patterns.len());
    let mut anchors = vec![None; patterns.len()];
    // ASCII windows depend on each other through the pairs of their sieve, so they are chosen together, afterwards.
    let (mut windows, mut quads) = (Choices::default(), Choices::default());
    for ((pattern, bytes), anchor) in (0..).zip(patterns).zip(&mut anchors) {
        let padded = Padded::new(bytes.as_ref());
        match way_of(possible(padded.bytes, whole_words).and(ways)) {
            Way::Ascii => windows.offer(pattern, &padded, frequency, Class::Long),
            Way::Quad => quads.offer(pattern, &padded, frequency, Class::Quad),
            Way::Short => *anchor = Some(short(&padded)),
            Way::Wide | Way::Word => *anchor = best(&padded, ways, frequency, &mut load),
        }
    }
    close_pairs(&mut windows.windows, 3, frequency);
    close_pairs(&mut quads.windows, 2, frequency);
    windows.settle(&mut anchors, &mut load);
    quads.settle(&mut anchors, &mut load);
    anchors.into_iter().map(|anchor| anchor.expect("every way has a window")).collect()
}

/// How a pattern can be found: the routes, with the two kinds of windows apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Way {
    /// A word of letters.
    Word,
    /// A window that begins at a character of several bytes.
    Wide,
    /// A window of ASCII.
    Ascii,
    /// Four bytes of ASCII.
    Quad,
    /// Whatever there is.
    Short,
}

/// A set of ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Ways(u8);

impl Ways {
    const NONE: Self = Self(0);

    const fn of(way: Way) -> Self {
        Self(1 << way as u8)
    }

    const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    const fn has(self, way: Way) -> bool {
        self.0 & (1 << way as u8) != 0
    }
}

/// The cheapest of the ways.
fn way_of(ways: Ways) -> Way {
    let by_cost = [Way::Word, Way::Wide, Way::Ascii, Way::Quad];
    by_cost.into_iter().find(|way| ways.has(*way)).unwrap_or(Way::Short)
}

/// Every way costs a pass over the text, so a pattern that can be found by two of them should not open the second one.
/// Ways that some patterns cannot do without come first.
fn ways_needed<P: AsRef<[u8]>>(patterns: &[P], whole_words: bool) -> Ways {
    let mut sets = [false; 32];
    for pattern in patterns {
        sets[usize::from(possible(pattern.as_ref(), whole_words).0)] = true;
    }
    let mut needed = Ways::NONE;
    for options in 1..=4 {
        for set in (0..32).filter(|set: &u8| set.count_ones() == options && sets[usize::from(*set)]).map(Ways) {
            if set.and(needed) == Ways::NONE {
                needed = needed.with(Ways::of(way_of(set)));
            }
        }
    }
    needed
}

/// The ways to find a pattern; the short one only when there is no other.
fn possible(pattern: &[u8], whole_words: bool) -> Ways {
    let mut ways = Ways::NONE;
    let mut ascii_run = 0;
    let mut longest_run = 0;
    for (at, byte) in pattern.iter().enumerate() {
        ascii_run = if byte.is_ascii() { ascii_run + 1 } else { 0 };
        longest_run = longest_run.max(ascii_run);
        if *byte >= 0xC0 && pattern.len() - at >= Class::Middle.key_bytes() {
            ways = ways.with(Ways::of(Way::Wide));
        }
        if whole_words && byte.is_ascii_alphabetic() {
            ways = ways.with(Ways::of(Way::Word));
        }
    }
    if longest_run >= Class::Middle.key_bytes() {
        ways = ways.with(Ways::of(Way::Ascii));
    } else if longest_run >= Class::Quad.key_bytes() {
        ways = ways.with(Ways::of(Way::Quad));
    }
    if ways == Ways::NONE { Ways::of(Way::Short) } else { ways }
}

/// Expected looks at entries if this window is an anchor, in [`Frequency`] units.
fn cost(anchor: &Anchor, frequency: &Frequency) -> u64 {
    // A window that is not in the table is not therefore absent from text: the longer it is, the rarer.
    let rare = match anchor.class {
        Class::Long | Class::Word => 4,
        _ => 12,
    };
    frequency.estimate(anchor.key) + rare
}

/// The word, or the window at a character of several bytes, with the least expected work.
fn best(padded: &Padded, ways: Ways, frequency: &Frequency, load: &mut HashMap<u32, u32>) -> Option<Anchor> {
    let mut best: Option<(u64, Anchor)> = None;
    let mut offer = |anchor: Anchor| {
        let others = load.get(&anchor.key).copied().unwrap_or(0);
        let cost = cost(&anchor, frequency) * u64::from(1 + others);
        if best.is_none_or(|(least, _)| cost < least) {
            best = Some((cost, anchor));
        }
    };
    let bytes = padded.bytes;
    for (at, byte) in bytes.iter().enumerate() {
        let left = bytes.len() - at;
        let key = |class: Class| class.table_key(padded.eight(at));
        if *byte >= 0xC0 && ways.has(Way::Wide) {
            for (class, bytes) in [(Class::Long, WIDE_LONG_BYTES), (Class::Middle, 6)] {
                if left >= bytes {
                    offer(Anchor { route: Route::Window, class, offset: at, key: key(class) });
                }
            }
        }
        let starts_word = byte.is_ascii_alphabetic() && (at == 0 || !bytes[at - 1].is_ascii_alphabetic());
        if starts_word && ways.has(Way::Word) {
            let letters = bytes[at..].iter().take(WORD_LETTERS).take_while(|b| b.is_ascii_alphabetic()).count();
            let key = word_table_key(word_bytes(padded.eight(at), letters), letters);
            offer(Anchor { route: Route::Word, class: Class::Word, offset: at, key });
        }
    }
    if let Some((_, anchor)) = best {
        *load.entry(anchor.key).or_insert(0) += 1;
    }
    best.map(|(_, anchor)| anchor)
}

/// The ASCII windows of the patterns of one route.
#[derive(Default)]
struct Choices {
    windows: Vec<Choice>,
    /// The anchor of each window, and its pattern in the caller's list.
    anchors: Vec<(u32, Anchor)>,
    patterns: u32,
}

impl Choices {
    /// Windows of one pattern that are considered: the best of them, if it is a long one.
    const MOST: usize = 24;

    /// Adds the windows of a pattern: of `class`, or of six bytes where there are fewer than eight.
    fn offer(&mut self, pattern: u32, padded: &Padded, frequency: &Frequency, class: Class) {
        let bytes = padded.bytes;
        let first = self.windows.len();
        let mut run_end = 0;
        for at in 0..bytes.len() {
            while run_end < bytes.len() && (run_end < at || bytes[run_end].is_ascii()) {
                run_end += 1;
            }
            let run = run_end.saturating_sub(at);
            let class = if class == Class::Long && run < Class::Long.key_bytes() { Class::Middle } else { class };
            if run < class.key_bytes() {
                continue;
            }
            let route = if class == Class::Quad { Route::Quad } else { Route::Window };
            let anchor = Anchor { route, class, offset: at, key: class.table_key(padded.eight(at)) };
            let pairs = [0, 2, 4].map(|from| pair(padded.padded[at + from], padded.padded[at + from + 1]));
            let cost = cost(&anchor, frequency).min(u64::from(u32::MAX)) as u32;
            self.windows.push(Choice { pattern: self.patterns, cost, pairs, open: true });
            self.anchors.push((pattern, anchor));
        }
        if self.windows.len() - first > Self::MOST {
            let mut order: Vec<usize> = (first..self.windows.len()).collect();
            order.sort_by_key(|&index| self.windows[index].cost);
            let kept: Vec<_> = order[..Self::MOST].iter().map(|&at| (self.windows[at], self.anchors[at])).collect();
            self.windows.truncate(first);
            self.anchors.truncate(first);
            let (windows, anchors): (Vec<_>, Vec<_>) = kept.into_iter().unzip();
            self.windows.extend(windows);
            self.anchors.extend(anchors);
        }
        self.patterns += 1;
    }

    /// Chooses the best open window of each pattern.
    fn settle(&self, anchors: &mut [Option<Anchor>], load: &mut HashMap<u32, u32>) {
        let mut at = 0;
        while at < self.windows.len() {
            let pattern = self.windows[at].pattern;
            let mut best: Option<(u64, &(u32, Anchor))> = None;
            while at < self.windows.len() && self.windows[at].pattern == pattern {
                let (choice, anchor) = (&self.windows[at], &self.anchors[at]);
                let others = load.get(&anchor.1.key).copied().unwrap_or(0);
                let cost = u64::from(choice.cost) * u64::from(1 + others);
                if choice.open && best.is_none_or(|(least, _)| cost < least) {
                    best = Some((cost, anchor));
                }
                at += 1;
            }
            if let Some((_, (index, anchor))) = best {
                *load.entry(anchor.key).or_insert(0) += 1;
                anchors[*index as usize] = Some(*anchor);
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
