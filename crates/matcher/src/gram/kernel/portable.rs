//! The kernel in plain Rust: what the vector kernels must agree with, and what runs where they cannot.
//!
//! The functions are inlined into the AVX2 kernel too, where the compiler may use that CPU's bit instructions.

use super::{
    Block, ByteMaps, PairFilter, Positions, QuadFilter, Sieve, WORDS, WindowFilter, WordFilter, bits_from, runs,
};
use crate::gram::found::Candidates;
use crate::gram::keys::{
    Class, WORD_LETTERS, extend, filter_hash, load32, load64, pattern, spread, word_bytes, word_filter_hash,
};
use crate::gram::table::Table;

/// Gathers the highest bit of each byte of `eight` into the lowest byte.
#[inline(always)]
fn high_bits(eight: u64) -> u64 {
    ((eight >> 7 & 0x0101_0101_0101_0101).wrapping_mul(0x0102_0408_1020_4080)) >> 56
}

/// The high bit of each byte that is an ASCII letter.
#[inline(always)]
fn letter_bits(eight: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let folded = (eight | (0x20 * ONES)) & (0x7F * ONES);
    // Bytes are below 0x80 here, so no sum carries into the next byte.
    let from_a = folded + (0x80 - u64::from(b'a')) * ONES;
    let behind_z = folded + (0x80 - u64::from(b'z') - 1) * ONES;
    from_a & !behind_z & !eight
}

#[inline(always)]
pub(super) fn map_bytes(block: &Block, letters: bool, maps: &mut ByteMaps) {
    for word in 0..block.words() + 2 {
        let (mut high, mut leads, mut letter) = (0, 0, 0);
        for part in 0..8 {
            let eight = load64(block.bytes, block.start + word * 64 + part * 8);
            high |= high_bits(eight) << (8 * part);
            leads |= high_bits(eight & eight << 1) << (8 * part);
            if letters {
                letter |= high_bits(letter_bits(eight)) << (8 * part);
            }
        }
        maps.ascii[word] = !high;
        maps.leads[word] = leads & block.positions_of(word);
        maps.letters[word] = letter;
    }
}

/// Calls `probe` for every set bit of a map of the block.
#[inline(always)]
fn each(block: &Block, word: usize, bits: u64, mut probe: impl FnMut(usize)) {
    let mut bits = bits & block.positions_of(word);
    while bits != 0 {
        probe(word * 64 + bits.trailing_zeros() as usize);
        bits &= bits - 1;
    }
}

#[inline(always)]
pub(super) fn sieve(
    windows: Option<&Sieve<3>>,
    quads: Option<&Sieve<2>>,
    block: &Block,
    maps: &ByteMaps,
    listed: &mut [Positions; 2],
) {
    let [window_list, quad_list] = listed;
    if let Some(sieve) = windows {
        sieve_one::<3, 6>(sieve, block, maps, window_list);
    }
    if let Some(sieve) = quads {
        sieve_one::<2, 4>(sieve, block, maps, quad_list);
    }
}

/// Lists the positions of ASCII windows whose pairs are all in the sieve; runs of ASCII shorter than a window are passed
/// over.
#[inline(always)]
fn sieve_one<const PAIRS: usize, const RUN: u32>(
    sieve: &Sieve<PAIRS>,
    block: &Block,
    maps: &ByteMaps,
    out: &mut Positions,
) {
    for word in 0..block.words() {
        each(block, word, runs::<RUN>(maps.ascii[word], maps.ascii[word + 1]), |position| {
            let at = block.start + position;
            let mut fits = 1;
            for (pair, table) in sieve.pairs.iter().enumerate() {
                let [row, bit] = [block.bytes[at + 2 * pair], block.bytes[at + 2 * pair + 1]];
                fits &= table[usize::from(row & 31)] >> (bit & 31);
            }
            out.push_if(fits & 1 != 0, position as u16);
        });
    }
}

#[inline(always)]
pub(super) fn wide_windows(filter: &WindowFilter, block: &Block, maps: &ByteMaps, out: &mut [Positions; 2]) {
    for word in 0..block.words() {
        each(block, word, maps.leads[word], |position| probe_window(filter, block, position as u16, !0, out));
    }
}

#[inline(always)]
pub(super) fn ascii_windows(filter: &WindowFilter, block: &Block, positions: &[u16], out: &mut [Positions; 2]) {
    for &position in positions {
        probe_window(filter, block, position, 0xFFFF, out);
    }
}

/// `further` masks the bytes behind the sixth that a long window has.
#[inline(always)]
fn probe_window(filter: &WindowFilter, block: &Block, position: u16, further: u32, out: &mut [Positions; 2]) {
    let at = block.start + usize::from(position);
    let hash = filter_hash(load32(block.bytes, at), load32(block.bytes, at + 2));
    let stored = filter.filter.word(hash);
    let middle = spread(hash);
    let long = extend(middle, load32(block.bytes, at + 6) & further);
    out[0].push_if(filter.middle && stored & pattern(middle) == 0, position);
    out[1].push_if(filter.long && stored & pattern(long) == 0, position);
}

#[inline(always)]
pub(super) fn quads(filter: &QuadFilter, block: &Block, positions: &[u16], out: &mut [Positions; 2]) {
    for &position in positions {
        let hash = filter_hash(load32(block.bytes, block.start + usize::from(position)), 0);
        out[0].push_if(filter.filter.word(hash) & pattern(spread(hash)) == 0, position);
    }
}

#[inline(always)]
pub(super) fn words(filter: &WordFilter, block: &Block, maps: &ByteMaps, out: &mut [Positions; 2]) {
    let mut before = u64::from(block.byte_before().is_ascii_alphabetic());
    for word in 0..block.words() {
        let letters = maps.letters[word];
        let starts = letters & !(letters << 1 | before);
        before = letters >> 63;
        each(block, word, starts, |position| {
            let count = (!bits_from(&maps.letters, position)).trailing_zeros() as usize;
            let count = count.min(WORD_LETTERS);
            let hash = word_filter_hash(word_bytes(load64(block.bytes, block.start + position), count), count);
            if filter.filter.word(hash) & pattern(spread(hash)) == 0 {
                out[0].push(position);
            }
        });
    }
}

#[inline(always)]
pub(super) fn pairs(filter: &PairFilter, block: &Block, maps: &ByteMaps, out: &mut [Positions; 2]) {
    let has = |rows: &[u32; 32], row: u8, bit: u8| rows[usize::from(row & 31)] >> (bit & 31) & 1 != 0;
    let (has_ascii, has_wide) = (filter.has_ascii(), filter.has_wide());
    for word in 0..block.words() {
        let ascii = if has_ascii { maps.ascii[word] } else { 0 };
        let leads = if has_wide { maps.leads[word] } else { 0 };
        each(block, word, ascii | leads, |position| {
            let at = block.start + position;
            let three = [block.bytes[at], block.bytes[at + 1], block.bytes[at + 2]];
            let hit = if three[0] < 0x80 {
                has(&filter.ascii, three[0], three[1])
            } else {
                has(&filter.wide, three[1], three[2])
            };
            out[0].push_if(hit, position as u16);
        });
    }
}

#[inline(always)]
pub(super) fn screen(class: Class, table: &Table, block: &Block, positions: &[u16], out: &mut Candidates) {
    for &position in positions {
        let key = class.table_key(load64(block.bytes, block.start + usize::from(position)));
        out.push_if(table.may_have(key), position, key);
    }
}

#[inline(always)]
pub(super) fn fold(map: &[u8; 128], from: &[u8], to: &mut [u8]) {
    let pairs = to.iter_mut().zip(from);
    if is_lower_case(map) {
        // Arithmetic instead of a table: the compiler makes vectors of it.
        pairs.for_each(|(to, from)| *to = from | (0x20 * u8::from(from.is_ascii_uppercase())));
    } else {
        pairs.for_each(|(to, &from)| *to = map.get(usize::from(from)).copied().unwrap_or(from));
    }
}

/// Whether the map is that of ASCII lower case, which needs no table.
pub(super) fn is_lower_case(map: &[u8; 128]) -> bool {
    static LOWER_CASE: [u8; 128] = {
        let mut map = [0; 128];
        let mut byte = 0;
        while byte < 128 {
            map[byte] = (byte as u8).to_ascii_lowercase();
            byte += 1;
        }
        map
    };
    *map == LOWER_CASE
}

const _: () = assert!(WORDS >= 1 && WORD_LETTERS < 64, "the length of a word is seen in 64 bits");
