//! The kernel for AVX2 (Intel from Haswell, AMD from Zen): eight windows at a time.
//!
//! What has no vector form that pays (words, the screen) is the portable code, compiled for this CPU. PDEP is not used:
//! AMD before Zen 3 runs it as a slow microprogram.

use std::arch::x86_64::{
    __m128i, __m256i, _mm_add_epi16, _mm_cvtepu8_epi16, _mm_cvtsi32_si128, _mm_cvtsi64_si128, _mm_loadu_si128,
    _mm_min_epu16, _mm_set_epi64x, _mm_set1_epi16, _mm_shuffle_epi8, _mm_storeu_si128, _mm256_add_epi8,
    _mm256_add_epi32, _mm256_and_si256, _mm256_blendv_epi8, _mm256_broadcastsi128_si256, _mm256_castps_si256,
    _mm256_castsi128_si256, _mm256_castsi256_ps, _mm256_cmpeq_epi8, _mm256_cmpeq_epi32, _mm256_cmpgt_epi8,
    _mm256_cvtepu16_epi32, _mm256_i32gather_epi32, _mm256_inserti128_si256, _mm256_loadu_si256, _mm256_madd_epi16,
    _mm256_maddubs_epi16, _mm256_min_epu8, _mm256_movemask_epi8, _mm256_movemask_ps, _mm256_mullo_epi32,
    _mm256_or_si256, _mm256_permutevar8x32_epi32, _mm256_set1_epi8, _mm256_set1_epi16, _mm256_set1_epi32,
    _mm256_set1_epi64x, _mm256_setzero_si256, _mm256_shuffle_epi8, _mm256_shuffle_ps, _mm256_slli_epi16,
    _mm256_slli_epi32, _mm256_sllv_epi32, _mm256_srl_epi32, _mm256_srli_epi32, _mm256_srlv_epi32, _mm256_sub_epi8,
    _mm256_sub_epi32, _mm256_xor_si256,
};

use super::{
    Block, ByteMaps, GROUPS, PairFilter, Positions, QuadFilter, Sieve, WORDS, WindowFilter, WordFilter, portable,
    prefetch, runs,
};
use crate::gram::found::Candidates;
use crate::gram::keys::{BASES, Class, EXTEND, MUL_HIGH, MUL_LOW, load64};
use crate::gram::table::{Filter, Table};

pub(super) fn is_supported() -> bool {
    is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("bmi2")
        && is_x86_feature_detected!("popcnt")
        && is_x86_feature_detected!("lzcnt")
}

macro_rules! kernel {
    ($(#[$meta:meta])* $visibility:vis fn $($rest:tt)*) => {
        $(#[$meta])*
        #[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]
        $visibility fn $($rest)*
    };
}

/// Where characters begin among twelve bytes, by a map of one bit a byte: the indices of the first four, a byte each, and
/// zeros where there are fewer.
static STARTS_OF_12: [u32; 1 << 12] = {
    let mut table = [0; 1 << 12];
    let mut map = 0;
    while map < 1 << 12 {
        let (mut rest, mut shift) = (map as u32, 0);
        while rest != 0 && shift < 32 {
            table[map] |= rest.trailing_zeros() << shift;
            rest &= rest - 1;
            shift += 8;
        }
        map += 1;
    }
    table
};

/// Gives each lane of four bytes one byte of eight: the first four to the lower half, the others to the upper one.
static FOURFOLD: [u8; 32] = {
    let mut bytes = [0; 32];
    let mut index = 0;
    while index < 32 {
        bytes[index] = index as u8 / 4;
        index += 1;
    }
    bytes
};

/// Brings the lanes of two bytes that a map of eight names to the front.
static COMPRESS: [[u8; 16]; 256] = {
    let mut table = [[0; 16]; 256];
    let mut map = 0;
    while map < 256 {
        let (mut lane, mut to) = (0_u8, 0);
        while lane < 8 {
            if map >> lane & 1 != 0 {
                table[map][2 * to] = 2 * lane;
                table[map][2 * to + 1] = 2 * lane + 1;
                to += 1;
            }
            lane += 1;
        }
        map += 1;
    }
    table
};

kernel! {
    /// The 32 bytes of the block from `at` (relative to its start).
    #[inline]
    fn load(block: &Block, at: usize) -> __m256i {
        debug_assert!(block.start + at + 32 <= block.bytes.len());
        // SAFETY: callers pass `at` of at most the block's length plus two words of 64, and `Block::new` saw to `PAD`
        // readable bytes behind the block.
        unsafe { _mm256_loadu_si256(block.bytes.as_ptr().add(block.start + at).cast()) }
    }
}

kernel! {
    /// Sixteen bytes from `at`, and sixteen from `APART` further.
    #[inline]
    fn load_apart<const APART: usize>(block: &Block, at: usize) -> __m256i {
        debug_assert!(block.start + at + APART + 16 <= block.bytes.len());
        // SAFETY: as in `load`.
        let half = |at: usize| unsafe { _mm_loadu_si128(block.bytes.as_ptr().add(block.start + at).cast()) };
        _mm256_inserti128_si256::<1>(_mm256_castsi128_si256(half(at)), half(at + APART))
    }
}

kernel! {
    #[inline]
    fn constant(bytes: &[u8; 32]) -> __m256i {
        // SAFETY: the array has the 32 bytes that are read.
        unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
    }
}

/// A filter and what is needed to probe it, in registers.
struct Probe {
    words: *const u32,
    shift: __m128i,
    bases: __m256i,
    low: __m256i,
    high: __m256i,
    extend: __m256i,
}

kernel! {
    #[inline]
    fn probe(filter: &Filter) -> Probe {
        Probe {
            words: filter.words(),
            shift: _mm_cvtsi32_si128(filter.shift().cast_signed()),
            // SAFETY: the array has the 32 bytes that are read.
            bases: unsafe { _mm256_loadu_si256(BASES.as_ptr().cast()) },
            low: _mm256_set1_epi32(MUL_LOW.cast_signed()),
            high: _mm256_set1_epi32(MUL_HIGH.cast_signed()),
            extend: _mm256_set1_epi32(i32::from_le_bytes(EXTEND)),
        }
    }
}

impl Probe {
    kernel! {
        /// [`filter_hash`](crate::gram::keys::filter_hash) of each lane.
        #[inline]
        fn hash(&self, low: __m256i, high: __m256i) -> __m256i {
            _mm256_add_epi32(_mm256_mullo_epi32(low, self.low), _mm256_mullo_epi32(high, self.high))
        }
    }

    kernel! {
        /// The filter word of each hash.
        #[inline]
        fn words(&self, hash: __m256i) -> __m256i {
            let index = _mm256_srl_epi32(hash, self.shift);
            // SAFETY: `hash >> shift` is the index of a word of the filter for every hash (`Filter::shift`). The filter
            // has at most 2^24 words, so no index is negative.
            unsafe { _mm256_i32gather_epi32::<4>(self.words.cast(), index) }
        }
    }

    kernel! {
        /// [`spread`](crate::gram::keys::spread) of each lane.
        #[inline]
        fn spread(&self, hash: __m256i) -> __m256i {
            _mm256_xor_si256(hash, _mm256_srli_epi32::<15>(hash))
        }
    }

    kernel! {
        /// [`extend`](crate::gram::keys::extend) of each lane.
        #[inline]
        fn extend(&self, spread: __m256i, word: __m256i) -> __m256i {
            let sums = _mm256_madd_epi16(_mm256_maddubs_epi16(word, self.extend), _mm256_set1_epi16(1));
            _mm256_add_epi32(spread, sums)
        }
    }

    kernel! {
        /// [`pattern`](crate::gram::keys::pattern) of each lane.
        #[inline]
        fn pattern(&self, spread: __m256i) -> __m256i {
            let base = _mm256_permutevar8x32_epi32(self.bases, spread);
            let turn = _mm256_and_si256(_mm256_srli_epi32::<3>(spread), _mm256_set1_epi32(31));
            // A shift by 32, where the turn is 0, gives 0.
            let back = _mm256_sub_epi32(_mm256_set1_epi32(32), turn);
            _mm256_or_si256(_mm256_sllv_epi32(base, turn), _mm256_srlv_epi32(base, back))
        }
    }
}

kernel! {
    /// Lanes whose pattern has no bit in common with the (inverted) filter word.
    #[inline]
    fn passes(words: __m256i, pattern: __m256i) -> usize {
        let none = _mm256_cmpeq_epi32(_mm256_and_si256(words, pattern), _mm256_setzero_si256());
        _mm256_movemask_ps(_mm256_castsi256_ps(none)).cast_unsigned() as usize
    }
}

kernel! {
    #[inline]
    fn mask(bytes: __m256i) -> u64 {
        u64::from(_mm256_movemask_epi8(bytes).cast_unsigned())
    }
}

kernel! {
    pub(super) fn map_bytes(block: &Block, letters: bool, maps: &mut ByteMaps) {
        let lead = _mm256_set1_epi8(0xC0_u8.cast_signed() - 1);
        for word in 0..(block.words() + 2).min(WORDS + 2) {
            prefetch(block.bytes, block.end + word * 64);
            let (mut high, mut leads, mut letter) = (0, 0, 0);
            for half in [0, 32] {
                let bytes = load(block, word * 64 + half);
                high |= mask(bytes) << half;
                leads |= mask(_mm256_and_si256(_mm256_cmpgt_epi8(bytes, lead), bytes)) << half;
                if letters {
                    let folded = _mm256_or_si256(bytes, _mm256_set1_epi8(0x20));
                    let from_a = _mm256_sub_epi8(folded, _mm256_set1_epi8(b'a'.cast_signed()));
                    letter |= mask(_mm256_cmpeq_epi8(_mm256_min_epu8(from_a, _mm256_set1_epi8(25)), from_a)) << half;
                }
            }
            maps.ascii[word] = !high;
            maps.leads[word] = leads & block.positions_of(word);
            maps.letters[word] = letter;
        }
    }
}

kernel! {
    pub(super) fn sieve(
        windows: Option<&Sieve<3>>,
        quads: Option<&Sieve<2>>,
        block: &Block,
        maps: &ByteMaps,
        listed: &mut [Positions; 2],
    ) {
        match (windows, quads) {
            (Some(windows), Some(quads)) => sieve_of::<true, true>(windows, quads, block, maps, listed),
            (Some(windows), None) => sieve_of::<true, false>(windows, &Sieve::EMPTY, block, maps, listed),
            (None, Some(quads)) => sieve_of::<false, true>(&Sieve::EMPTY, quads, block, maps, listed),
            (None, None) => {}
        }
    }
}

kernel! {
    #[inline]
    fn sieve_of<const WINDOWS: bool, const QUADS: bool>(
        windows: &Sieve<3>,
        quads: &Sieve<2>,
        block: &Block,
        maps: &ByteMaps,
        listed: &mut [Positions; 2],
    ) {
        let window_tables = windows.groups.each_ref().map(|rows| groups(rows));
        let quad_tables = quads.groups.each_ref().map(|rows| groups(rows));
        let [window_list, quad_list] = listed;
        let (mut window_words, mut quad_words) = (0, 0);
        // Positions of the word before whose pair is in the table of a window's first, second, third pair, of a quad's
        // first, second. What a window has two bytes behind its start is the bit two further, perhaps of the next word.
        let mut before = [0; 5];
        for word in 0..=block.words() {
            let ascii = maps.ascii[word];
            let mut now = [0; 5];
            // Needed for windows that begin here, and for those that begin in the word before.
            let crosses = word > 0 && maps.ascii[word - 1] >> 63 & ascii & 1 != 0;
            if crosses || runs::<4>(ascii, maps.ascii[word + 1]) != 0 {
                for half in [0, 32] {
                    let pair = grouped(load(block, word * 64 + half), load(block, word * 64 + half + 1));
                    if WINDOWS {
                        for (map, table) in now[..3].iter_mut().zip(&window_tables) {
                            *map |= with_groups(table, pair) << half;
                        }
                    }
                    if QUADS {
                        for (map, table) in now[3..].iter_mut().zip(&quad_tables) {
                            *map |= with_groups(table, pair) << half;
                        }
                    }
                }
            }
            if word > 0 {
                let (first, base) = (word - 1, (word - 1) * 64);
                let within = block.positions_of(first);
                let ahead = |map: usize, bytes: u32| before[map] >> bytes | now[map] << (64 - bytes);
                if WINDOWS {
                    let sixes = runs::<6>(maps.ascii[first], ascii) & within;
                    window_words = window_list.put(window_words, base, before[0] & ahead(1, 2) & ahead(2, 4) & sixes);
                }
                if QUADS {
                    let fours = runs::<4>(maps.ascii[first], ascii) & within;
                    quad_words = quad_list.put(quad_words, base, before[3] & ahead(4, 2) & fours);
                }
            }
            before = now;
        }
        window_list.unpack(window_words);
        quad_list.unpack(quad_words);
    }
}

/// A table of sixteen rows of sixteen bits: the lower bytes of the rows, and the upper ones.
type Table16 = [__m256i; 2];

kernel! {
    #[inline]
    fn groups(rows: &[u16; 16]) -> Table16 {
        [0, 1].map(|part| {
            let bytes: [u8; 16] = std::array::from_fn(|row| rows[row].to_le_bytes()[part]);
            sixteen(&bytes)
        })
    }
}

kernel! {
    /// Sixteen bytes in each half.
    #[inline]
    fn sixteen(bytes: &[u8; 16]) -> __m256i {
        // SAFETY: the array has the sixteen bytes that are read.
        _mm256_broadcastsi128_si256(unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) })
    }
}

/// The groups of a pair of bytes at each position of a vector, ready to be looked up.
#[derive(Clone, Copy)]
struct GroupsAt {
    row: __m256i,
    /// The bit in the lower, in the upper byte of the row; zero in the other one.
    bits: Table16,
}

kernel! {
    #[inline]
    fn grouped(row: __m256i, bit: __m256i) -> GroupsAt {
        const POWERS: [u8; 16] = [1, 2, 4, 8, 16, 32, 64, 128, 0, 0, 0, 0, 0, 0, 0, 0];
        const UPPER_POWERS: [u8; 16] = [0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128];
        let bit = group(bit);
        let bits = [&POWERS, &UPPER_POWERS].map(|powers| _mm256_shuffle_epi8(sixteen(powers), bit));
        GroupsAt { row: group(row), bits }
    }
}

kernel! {
    /// The [`GROUPS`] of bytes.
    #[inline]
    fn group(bytes: __m256i) -> __m256i {
        let lower = sixteen(GROUPS.first_chunk().expect("16 of 32"));
        let upper = sixteen(GROUPS.last_chunk().expect("16 of 32"));
        // A shuffle gives zero where bit 7 is set: for 16 to 31 here, for 0 to 15 when that bit is turned over.
        let five = _mm256_and_si256(bytes, _mm256_set1_epi8(31));
        let index = _mm256_add_epi8(five, _mm256_set1_epi8(0x70));
        let other = _mm256_xor_si256(index, _mm256_set1_epi8(0x80_u8.cast_signed()));
        _mm256_or_si256(_mm256_shuffle_epi8(lower, index), _mm256_shuffle_epi8(upper, other))
    }
}

kernel! {
    /// Positions whose pair is in the table.
    #[inline]
    fn with_groups(table: &Table16, pair: GroupsAt) -> u64 {
        let part = |part: usize| _mm256_and_si256(_mm256_shuffle_epi8(table[part], pair.row), pair.bits[part]);
        let none = _mm256_cmpeq_epi8(_mm256_or_si256(part(0), part(1)), _mm256_setzero_si256());
        mask(none) ^ u64::from(u32::MAX)
    }
}

kernel! {
    pub(super) fn wide_windows(filter: &WindowFilter, block: &Block, maps: &ByteMaps, out: &mut [Positions; 2]) {
        match (filter.middle, filter.long) {
            (true, true) => wide_windows_of::<true, true>(filter, block, maps, out),
            (true, false) => wide_windows_of::<true, false>(filter, block, maps, out),
            (false, true) => wide_windows_of::<false, true>(filter, block, maps, out),
            (false, false) => {}
        }
    }
}

kernel! {
    #[inline]
    fn wide_windows_of<const MIDDLE: bool, const LONG: bool>(
        filter: &WindowFilter,
        block: &Block,
        maps: &ByteMaps,
        out: &mut [Positions; 2],
    ) {
        /// Bytes of a turn: twelve for each half of a vector, with four lanes, so that the windows of four characters of
        /// three bytes lie within sixteen bytes. Other text goes the same way: a branch on what it is would be foreseen
        /// badly wherever there is punctuation.
        const STEP: usize = 24;
        const HALF: usize = STEP / 2;
        let probe = probe(&filter.filter);
        let [middle, long] = out;
        let (fourfold, ramp) = (constant(&FOURFOLD), _mm256_set1_epi32(0x0302_0100));
        let upper_half = _mm_set_epi64x((0x0001_0001_0001_0001 * HALF as u64).cast_signed(), 0);
        let mut turn = |at: usize, leads: usize| {
            if leads == 0 {
                return;
            }
            let halves = [leads % (1 << HALF), leads >> HALF];
            let counts = halves.map(usize::count_ones);
            if counts[0].max(counts[1]) > 4 {
                return many_windows(filter, &probe, block, at, leads, [&mut *middle, &mut *long]);
            }
            let [lower, upper] = halves.map(|half| u64::from(STARTS_OF_12[half]));
            let starts = _mm_cvtsi64_si128((lower | upper << 32).cast_signed());
            let lanes = _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(starts), fourfold);
            let lanes = _mm256_add_epi8(lanes, ramp);
            let low = _mm256_shuffle_epi8(load_apart::<HALF>(block, at), lanes);
            let high = _mm256_shuffle_epi8(load_apart::<HALF>(block, at + 2), lanes);
            let hash = probe.hash(low, high);
            let words = probe.words(hash);
            let spread = probe.spread(hash);
            let valid = counts.map(|count| (1 << count) - 1);
            let valid = valid[0] | (valid[1] << 4);
            let base = _mm_add_epi16(_mm_set1_epi16((at as u16).cast_signed()), upper_half);
            let places = _mm_add_epi16(_mm_cvtepu8_epi16(starts), base);
            if MIDDLE {
                append(middle, places, passes(words, probe.pattern(spread)) & valid);
            }
            if LONG {
                let far = _mm256_shuffle_epi8(load_apart::<HALF>(block, at + 6), lanes);
                append(long, places, passes(words, probe.pattern(probe.extend(spread, far))) & valid);
            }
        };
        // Three words are eight turns. The map is that of the block alone, and zero behind it.
        for first in (0..block.words()).step_by(3) {
            let [one, two, three] = [maps.leads[first], maps.leads[first + 1], maps.leads[first + 2]];
            let turns = [
                one,
                one >> 24,
                one >> 48 | two << 16,
                two >> 8,
                two >> 32,
                two >> 56 | three << 8,
                three >> 16,
                three >> 40,
            ];
            for (index, leads) in turns.into_iter().enumerate() {
                turn(first * 64 + index * STEP, leads as usize % (1 << STEP));
            }
        }
    }
}

kernel! {
    pub(super) fn ascii_windows(filter: &WindowFilter, block: &Block, positions: &[u16], out: &mut [Positions; 2]) {
        let probe = probe(&filter.filter);
        let [middle, long] = out;
        for eight in positions.chunks(8) {
            let (places, valid) = fill_up(eight);
            let (low, next) = eight_at(block, places);
            let hash = probe.hash(low, _mm256_or_si256(_mm256_srli_epi32::<16>(low), _mm256_slli_epi32::<16>(next)));
            let words = probe.words(hash);
            let spread = probe.spread(hash);
            if filter.middle {
                append(middle, in_vector(&places), passes(words, probe.pattern(spread)) & valid);
            }
            if filter.long {
                let key = probe.extend(spread, _mm256_srli_epi32::<16>(next));
                append(long, in_vector(&places), passes(words, probe.pattern(key)) & valid);
            }
        }
    }
}

/// Up to eight positions and a zero for each that is missing; and which lanes are positions.
#[inline(always)]
fn fill_up(positions: &[u16]) -> ([u16; 8], usize) {
    if let Some(eight) = positions.first_chunk() {
        return (*eight, 255);
    }
    let mut eight = [0; 8];
    eight[..positions.len()].copy_from_slice(positions);
    (eight, (1 << positions.len()) - 1)
}

kernel! {
    /// Appends those of eight positions that passed. No branch: whether one did is foreseen badly.
    #[inline]
    fn append(out: &mut Positions, places: __m128i, passed: usize) {
        let order = &COMPRESS[passed & 255];
        let room = &mut out.list[out.length..out.length + 8];
        // SAFETY: the array has the sixteen bytes that are read, the slice the eight items that are written.
        unsafe {
            let order = _mm_loadu_si128(order.as_ptr().cast());
            _mm_storeu_si128(room.as_mut_ptr().cast(), _mm_shuffle_epi8(places, order));
        }
        out.length += passed.count_ones() as usize;
    }
}

kernel! {
    #[inline]
    fn in_vector(places: &[u16; 8]) -> __m128i {
        // SAFETY: the array has the sixteen bytes that are read.
        unsafe { _mm_loadu_si128(places.as_ptr().cast()) }
    }
}

kernel! {
    /// The eight bytes at each of eight positions of the block, as two words of four. Loads, not gathers: a gather would
    /// load each half of eight bytes by itself.
    #[inline]
    fn eight_at(block: &Block, places: [u16; 8]) -> (__m256i, __m256i) {
        // Slices, so that a position behind the block would be refused.
        let pair = |one: usize, other: usize| {
            let [one, other] = [places[one], places[other]]
                .map(|place| load64(block.bytes, block.start + usize::from(place)).cast_signed());
            _mm_set_epi64x(other, one)
        };
        let outer = _mm256_inserti128_si256::<1>(_mm256_castsi128_si256(pair(0, 1)), pair(4, 5));
        let inner = _mm256_inserti128_si256::<1>(_mm256_castsi128_si256(pair(2, 3)), pair(6, 7));
        let (outer, inner) = (_mm256_castsi256_ps(outer), _mm256_castsi256_ps(inner));
        (
            _mm256_castps_si256(_mm256_shuffle_ps::<0b10_00_10_00>(outer, inner)),
            _mm256_castps_si256(_mm256_shuffle_ps::<0b11_01_11_01>(outer, inner)),
        )
    }
}

kernel! {
    /// Probes the positions `bits` behind `at`: any number of them.
    #[inline(never)]
    fn many_windows(
        filter: &WindowFilter,
        probe: &Probe,
        block: &Block,
        at: usize,
        mut bits: usize,
        [middle, long]: [&mut Positions; 2],
    ) {
        while bits != 0 {
            let valid = (1 << bits.count_ones().min(8)) - 1;
            let mut places = [at as u16; 8];
            for place in &mut places {
                // No more than 64 where there are no positions left: lanes that are not valid.
                *place += bits.trailing_zeros() as u16;
                bits &= bits.wrapping_sub(1);
            }
            let [middles, longs] = probe_at(filter, probe, block, places);
            append(middle, in_vector(&places), middles & valid);
            append(long, in_vector(&places), longs & valid);
        }
    }
}

kernel! {
    /// Lanes of eight positions where a middle, where a long window may begin.
    #[inline]
    fn probe_at(filter: &WindowFilter, probe: &Probe, block: &Block, places: [u16; 8]) -> [usize; 2] {
        let text = block.bytes[block.start..].as_ptr();
        // A position behind the block, which no caller should have, becomes the last one.
        let last = _mm_set1_epi16(block.last().cast_signed());
        // SAFETY: the array has the 16 bytes that are read. Positions are within the block, and ten bytes from each can be
        // read (`PAD`).
        let (low, high, far) = unsafe {
            let lanes = _mm_min_epu16(_mm_loadu_si128(places.as_ptr().cast()), last);
            let lanes = _mm256_cvtepu16_epi32(lanes);
            (
                _mm256_i32gather_epi32::<1>(text.cast(), lanes),
                _mm256_i32gather_epi32::<1>(text.add(2).cast(), lanes),
                _mm256_i32gather_epi32::<1>(text.add(6).cast(), lanes),
            )
        };
        let hash = probe.hash(low, high);
        let words = probe.words(hash);
        let spread = probe.spread(hash);
        let mut hits = [0; 2];
        if filter.middle {
            hits[0] = passes(words, probe.pattern(spread));
        }
        if filter.long {
            hits[1] = passes(words, probe.pattern(probe.extend(spread, far)));
        }
        hits
    }
}

kernel! {
    pub(super) fn quads(filter: &QuadFilter, block: &Block, positions: &[u16], out: &mut [Positions; 2]) {
        let probe = probe(&filter.filter);
        let [out, _] = out;
        for eight in positions.chunks(8) {
            let (places, valid) = fill_up(eight);
            let (four, _) = eight_at(block, places);
            let hash = _mm256_mullo_epi32(four, probe.low);
            append(out, in_vector(&places), passes(probe.words(hash), probe.pattern(probe.spread(hash))) & valid);
        }
    }
}

kernel! {
    pub(super) fn words(filter: &WordFilter, block: &Block, maps: &ByteMaps, out: &mut [Positions; 2]) {
        portable::words(filter, block, maps, out);
    }
}

/// A table of 32 rows of 32 bits: byte `part` of the rows 0 to 15, and of the rows 16 to 31.
type Table32 = [[__m256i; 2]; 4];

kernel! {
    #[inline]
    fn table(rows: &[u32; 32]) -> Table32 {
        [0, 1, 2, 3].map(|part| {
            let bytes: [u8; 32] = std::array::from_fn(|row| rows[row].to_le_bytes()[part]);
            // SAFETY: the array has 32 bytes, of which each read takes sixteen.
            [0, 16].map(|at| unsafe { _mm256_broadcastsi128_si256(_mm_loadu_si128(bytes.as_ptr().add(at).cast())) })
        })
    }
}

/// A pair of bytes at each position of a vector, ready to be looked up.
#[derive(Clone, Copy)]
struct PairAt {
    /// The row's lower four bits, and a sign where a half of the rows is not meant: a shuffle gives zero there.
    lower: __m256i,
    upper: __m256i,
    /// Signs that choose the part of the row: bits 3 and 4 of the second byte.
    odd: __m256i,
    high: __m256i,
    /// The bit in the part.
    bit: __m256i,
}

kernel! {
    #[inline]
    fn pair_at(row: __m256i, bit: __m256i) -> PairAt {
        let sign = _mm256_set1_epi8(0x80_u8.cast_signed());
        let fifth = _mm256_and_si256(_mm256_slli_epi16::<3>(row), sign);
        let lower = _mm256_or_si256(_mm256_and_si256(row, _mm256_set1_epi8(15)), fifth);
        let powers = _mm256_set1_epi64x(0x8040_2010_0804_0201_u64.cast_signed());
        PairAt {
            lower,
            upper: _mm256_xor_si256(lower, sign),
            odd: _mm256_slli_epi16::<4>(bit),
            high: _mm256_slli_epi16::<3>(bit),
            bit: _mm256_shuffle_epi8(powers, _mm256_and_si256(bit, _mm256_set1_epi8(7))),
        }
    }
}

kernel! {
    /// Positions whose pair is in the table.
    #[inline]
    fn with_pair(table: &Table32, pair: PairAt) -> u64 {
        let [zero, one, two, three] = table.map(|[lower, upper]| {
            _mm256_or_si256(_mm256_shuffle_epi8(lower, pair.lower), _mm256_shuffle_epi8(upper, pair.upper))
        });
        let byte = _mm256_blendv_epi8(
            _mm256_blendv_epi8(zero, one, pair.odd),
            _mm256_blendv_epi8(two, three, pair.odd),
            pair.high,
        );
        mask(_mm256_cmpeq_epi8(_mm256_and_si256(byte, pair.bit), pair.bit))
    }
}

kernel! {
    pub(super) fn pairs(filter: &PairFilter, block: &Block, maps: &ByteMaps, out: &mut [Positions; 2]) {
        let (ascii, wide) = (table(&filter.ascii), table(&filter.wide));
        let (has_ascii, has_wide) = (filter.has_ascii(), filter.has_wide());
        let ([out, _], mut words) = (out, 0);
        for word in 0..block.words() {
            let mut bits = 0;
            for half in [0, 32] {
                let at = word * 64 + half;
                let second = load(block, at + 1);
                if has_ascii && maps.ascii[word] != 0 {
                    bits |= (with_pair(&ascii, pair_at(load(block, at), second)) << half) & maps.ascii[word];
                }
                if has_wide && maps.leads[word] != 0 {
                    bits |= (with_pair(&wide, pair_at(second, load(block, at + 2))) << half) & maps.leads[word];
                }
            }
            words = out.put(words, word * 64, bits & block.positions_of(word));
        }
        out.unpack(words);
    }
}

kernel! {
    pub(super) fn screen(class: Class, table: &Table, block: &Block, positions: &[u16], out: &mut Candidates) {
        portable::screen(class, table, block, positions, out);
    }
}

kernel! {
    pub(super) fn fold(map: &[u8; 128], from: &[u8], to: &mut [u8]) {
        portable::fold(map, from, to);
    }
}
