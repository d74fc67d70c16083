//! The kernel in plain Rust: what the vector kernels must agree with, and what runs where they cannot.
//!
//! The functions are inlined into the AVX2 kernel too, where the compiler may use that CPU's bit instructions.

use super::{
    AsciiFilter, Block, ByteMaps, PairFilter, Positions, QuadFilter, WORDS, WideFilter, WordFilter, bits_from, runs,
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
    let folded = (eight | 0x20 * ONES) & 0x7F * ONES;
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
        maps.leads[word] = leads;
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
pub(super) fn wide(filter: &WideFilter, block: &Block, maps: &ByteMaps, out: &mut [Positions; 2]) {
    for word in 0..block.words() {
        each(block, word, maps.leads[word], |position| {
            let at = block.start + position;
            let hash = filter_hash(load32(block.bytes, at), load32(block.bytes, at + 2));
            let stored = filter.filter.word(hash);
            let middle = spread(hash);
            let long = extend(middle, load32(block.bytes, at + 6));
            if filter.middle && stored & pattern(middle, 0) == 0 {
                out[0].push(position);
            }
            if filter.long && stored & pattern(long, 0) == 0 {
                out[1].push(position);
            }
        });
    }
}

#[inline(always)]
pub(super) fn ascii(filter: &AsciiFilter, block: &Block, maps: &ByteMaps, out: &mut [Positions; 2]) {
    for word in 0..block.words() {
        let windows = runs::<6>(maps.ascii[word], maps.ascii[word + 1]) & block.positions_of(word);
        if windows == 0 {
            continue;
        }
        for even in (0..64).step_by(2).filter(|even| windows >> even & 3 != 0) {
            let at = block.start + word * 64 + even;
            let hash = filter_hash(load32(block.bytes, at + 1), load32(block.bytes, at + 2));
            let stored = filter.filter.word(hash);
            let middle = spread(hash);
            let long = extend(middle, load32(block.bytes, at + 6));
            let left = block.bytes[at];
            let (right, far_right) = (block.bytes[at + 6], block.bytes[at + 9]);
            let position = word * 64 + even;
            let wanted = [windows >> even & 1 != 0, windows >> even & 2 != 0];
            for (side, (near, far)) in [(left, left), (right, far_right)].into_iter().enumerate() {
                if wanted[side] && filter.middle && stored & pattern(middle, near) == 0 {
                    out[0].push(position + side);
                }
                if wanted[side] && filter.long && stored & pattern(long, far) == 0 {
                    out[1].push(position + side);
                }
            }
        }
    }
}

#[inline(always)]
pub(super) fn quad(filter: &QuadFilter, block: &Block, maps: &ByteMaps, out: &mut [Positions; 2]) {
    for word in 0..block.words() {
        let windows = runs::<4>(maps.ascii[word], maps.ascii[word + 1]) & block.positions_of(word);
        if windows == 0 {
            continue;
        }
        for even in (0..64).step_by(2).filter(|even| windows >> even & 3 != 0) {
            let at = block.start + word * 64 + even;
            let index = 2 * filter.index(load32(block.bytes, at + 1));
            if windows >> even & 1 != 0 && filter.filter.word_at(index) >> (block.bytes[at] & 31) & 1 == 0 {
                out[0].push(word * 64 + even);
            }
            if windows >> even & 2 != 0 && filter.filter.word_at(index + 1) >> (block.bytes[at + 4] & 31) & 1 == 0 {
                out[0].push(word * 64 + even + 1);
            }
        }
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
            if filter.filter.word(hash) & pattern(spread(hash), 0) == 0 {
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
            if hit {
                out[0].push(position);
            }
        });
    }
}

#[inline(always)]
pub(super) fn screen(class: Class, table: &Table, block: &Block, positions: &[u16], out: &mut Candidates) {
    out.length = 0;
    screen_more(class, table, block, positions, out);
}

/// [`screen`] behind what `out` has.
#[inline(always)]
pub(super) fn screen_more(class: Class, table: &Table, block: &Block, positions: &[u16], out: &mut Candidates) {
    for &position in positions {
        let key = class.table_key(load64(block.bytes, block.start + usize::from(position)));
        out.push_if(table.may_have(key), position, key);
    }
}

#[inline(always)]
pub(super) fn fold(map: &[u8; 128], from: &[u8], to: &mut [u8]) {
    let is_lower_case = (0..128).zip(map).all(|(byte, to): (u8, _)| *to == byte.to_ascii_lowercase());
    let pairs = to.iter_mut().zip(from);
    if is_lower_case {
        // Arithmetic instead of a table: the compiler makes vectors of it.
        pairs.for_each(|(to, from)| *to = from | (0x20 * u8::from(from.is_ascii_uppercase())));
    } else {
        pairs.for_each(|(to, &from)| *to = map.get(usize::from(from)).copied().unwrap_or(from));
    }
}

const _: () = assert!(WORDS >= 1 && WORD_LETTERS < 64, "the length of a word is seen in 64 bits");
