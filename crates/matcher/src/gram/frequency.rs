//! How often windows occur in ordinary text: what makes one window of a pattern a better anchor than another.
//!
//! Only speed depends on it. The shipped table (`frequency.bin`) was counted from Chinese and English text by
//! `examples/make_frequency.rs`; the crate's README says from which.

use std::collections::HashMap;

use super::cover::pair;
use super::keys::{Class, WIDE_LONG_BYTES, WORD_LETTERS, load32, load64, word_bytes, word_table_key};

/// Estimates how often a window occurs.
pub(crate) enum Frequency {
    /// Pairs, then cells of four bits, two for each key; the lower one counts.
    Shipped(&'static [u8; PAIR_BYTES], &'static [u8]),
    /// Pairs, and the counts of a sample, one cell for each key.
    Sampled(Vec<u32>, Vec<u32>),
}

static SHIPPED: &[u8] = include_bytes!("frequency.bin");

/// Estimates are occurrences in this many positions (64 MiB of English, 190 MiB of Chinese).
const POSITIONS: u64 = 1 << 26;

/// Level 1 stands for `2^FLOOR` occurrences; rarer windows are not in the table.
const FLOOR: u32 = 4;

/// Bytes of the pairs in a table: 1024 little-endian words.
const PAIR_BYTES: usize = 4096;

const SAMPLE_CELLS_LOG: u32 = 22;

impl Frequency {
    /// The table that comes with the engine.
    pub(crate) fn shipped() -> Self {
        let (pairs, cells) = SHIPPED.split_first_chunk().expect("the shipped table begins with pairs");
        Self::Shipped(pairs, cells)
    }

    /// Counts the windows of a text like those that will be searched.
    pub(crate) fn sampled(text: &[u8]) -> Self {
        let mut cells = vec![0_u32; 1 << SAMPLE_CELLS_LOG];
        let positions = each_window(text, |_, key| {
            let cell = &mut cells[(key >> (32 - SAMPLE_CELLS_LOG)) as usize];
            *cell = cell.saturating_add(1);
        });
        let scale = |count: u32| (u64::from(count) * POSITIONS / positions.max(1)) as u32;
        for cell in &mut cells {
            *cell = scale(*cell);
        }
        let mut pairs = vec![0; 1024];
        each_pair(text, |pair| pairs[usize::from(pair)] += 1);
        for pair in &mut pairs {
            *pair = scale(*pair);
        }
        Self::Sampled(pairs, cells)
    }

    /// Occurrences in 2^26 positions of a pair of ASCII bytes, by its number.
    pub(crate) fn pair(&self, pair: u16) -> u64 {
        match self {
            Self::Shipped(pairs, _) => u64::from(load32(&pairs[..], 4 * usize::from(pair))),
            Self::Sampled(pairs, _) => u64::from(pairs[usize::from(pair)]),
        }
    }

    /// Occurrences in 2^26 positions, by a window's table key.
    pub(crate) fn estimate(&self, key: u32) -> u64 {
        match self {
            Self::Shipped(_, cells) => {
                let [one, two] = cells_of(key, cells.len());
                let level = |cell: usize| cells[cell / 2] >> (cell % 2 * 4) & 15;
                match level(one).min(level(two)) {
                    0 => 0,
                    level => 1 << (u32::from(level) + FLOOR - 1),
                }
            }
            Self::Sampled(_, cells) => u64::from(cells[(key >> (32 - SAMPLE_CELLS_LOG)) as usize]),
        }
    }
}

/// The two cells of a key in a table of `bytes` bytes.
fn cells_of(key: u32, bytes: usize) -> [usize; 2] {
    let cells = 2 * bytes as u64;
    let other = key.wrapping_mul(0x9E37_79B1).rotate_left(16).wrapping_mul(0x85EB_CA6B);
    [key, other].map(|hash| ((u64::from(hash) * cells) >> 32) as usize)
}

/// Calls `count` with the number of every pair of ASCII bytes.
fn each_pair(text: &[u8], mut count: impl FnMut(u16)) {
    for bytes in text.windows(2).filter(|bytes| bytes.is_ascii()) {
        count(pair(bytes[0], bytes[1]));
    }
}

/// Calls `count` with the class and table key of every window that could be an anchor. Returns the number of characters.
fn each_window(text: &[u8], mut count: impl FnMut(Class, u32)) -> u64 {
    let mut positions = 0;
    let padded_from = text.len().saturating_sub(16);
    let mut tail = text[padded_from..].to_vec();
    tail.extend_from_slice(&[0xFF; 16]);
    let ascii = |at: usize| text.get(at).is_some_and(u8::is_ascii);
    let mut run_end = 0;
    let mut in_word = false;
    for at in 0..text.len() {
        let eight = if at < padded_from { load64(text, at) } else { load64(&tail, at - padded_from) };
        let byte = text[at];
        let run = if byte.is_ascii() {
            if at >= run_end {
                run_end = at;
            }
            while run_end < at + 9 && ascii(run_end) {
                run_end += 1;
            }
            run_end - at
        } else if byte >= 0xC0 {
            text.len() - at
        } else {
            in_word = false;
            continue;
        };
        positions += 1;
        if byte.is_ascii() && run >= 4 {
            count(Class::Quad, Class::Quad.table_key(eight));
        }
        if run >= 6 {
            count(Class::Middle, Class::Middle.table_key(eight));
        }
        if run >= if byte.is_ascii() { 8 } else { WIDE_LONG_BYTES } {
            count(Class::Long, Class::Long.table_key(eight));
        }
        if byte.is_ascii_alphabetic() {
            if !in_word {
                let letters = text[at..].iter().take(WORD_LETTERS).take_while(|b| b.is_ascii_alphabetic()).count();
                count(Class::Word, word_table_key(word_bytes(eight, letters), letters));
            }
            in_word = true;
        } else {
            in_word = false;
        }
    }
    positions
}

/// Makes the bytes of a frequency table from texts of equal weight. For `examples/make_frequency.rs`.
#[doc(hidden)]
pub fn make_table<'t>(texts: impl IntoIterator<Item = &'t [u8]>, bytes: usize) -> Vec<u8> {
    let mut counts: HashMap<u32, u32> = HashMap::new();
    let mut pairs = vec![0_u64; 1024];
    let mut positions = 0;
    for text in texts {
        positions += each_window(text, |_, key| *counts.entry(key).or_default() += 1);
        each_pair(text, |pair| pairs[usize::from(pair)] += 1);
    }
    let positions = positions.max(1);
    let mut table: Vec<u8> =
        pairs.into_iter().flat_map(|count| ((count * POSITIONS / positions) as u32).to_le_bytes()).collect();
    let mut cells = vec![0; bytes - table.len()];
    for (key, count) in counts {
        let scaled = u64::from(count) * POSITIONS / positions;
        if let Some(level) = scaled.checked_ilog2().and_then(|log| (log + 1).checked_sub(FLOOR)) {
            let level = level.min(15) as u8;
            for cell in cells_of(key, cells.len()) {
                let shift = cell % 2 * 4;
                let kept = cells[cell / 2] >> shift & 15;
                if level > kept {
                    cells[cell / 2] = cells[cell / 2] & !(15 << shift) | level << shift;
                }
            }
        }
    }
    table.extend_from_slice(&cells);
    table
}
