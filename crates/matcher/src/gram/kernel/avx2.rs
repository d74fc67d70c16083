//! The kernel for AVX2 (Intel from Haswell, AMD from Zen): eight windows at a time.
//!
//! What has no vector form that pays (words, the screen) is the portable code, compiled for this CPU. PDEP is not used:
//! AMD before Zen 3 runs it as a slow microprogram.

use std::arch::x86_64::{
    __m128i, __m256i, _mm_cvtsi32_si128, _mm_loadu_si128, _mm_min_epu16, _mm_set_epi64x, _mm_set1_epi16,
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
    Block, ByteMaps, PairFilter, Positions, QuadFilter, Sieve, WORDS, WindowFilter, WordFilter, bits_from, portable,
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

/// Byte indices that give lane `i` of each half the four bytes from `3 * i + offset`.
const fn thirds(offset: u8) -> [u8; 32] {
    let mut bytes = [0; 32];
    let mut index = 0;
    while index < 32 {
        bytes[index] = (index as u8 % 16) / 4 * 3 + offset + index as u8 % 4;
        index += 1;
    }
    bytes
}

static THIRDS_0: [u8; 32] = thirds(0);
static THIRDS_2: [u8; 32] = thirds(2);

/// Bit `i` of the index at bit `3 * i`.
static THIRDS: [u64; 256] = {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let mut bit = 0;
        while bit < 8 {
            table[index] |= ((index >> bit & 1) << (3 * bit)) as u64;
            bit += 1;
        }
        index += 1;
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
        let window_tables = windows.pairs.each_ref().map(|rows| table(rows));
        let quad_tables = quads.pairs.each_ref().map(|rows| table(rows));
        let [window_list, quad_list] = listed;
        let (mut window_words, mut quad_words) = (0, 0);
        for word in 0..block.words() {
            let within = block.positions_of(word);
            let fours = runs::<4>(maps.ascii[word], maps.ascii[word + 1]) & within;
            if fours == 0 {
                continue;
            }
            let (mut window_bits, mut quad_bits) = (0, 0);
            for half in [0, 32] {
                let at = word * 64 + half;
                let first = pair_at(load(block, at), load(block, at + 1));
                let second = pair_at(load(block, at + 2), load(block, at + 3));
                if QUADS {
                    let bits = with_pair(&quad_tables[0], first) & with_pair(&quad_tables[1], second);
                    quad_bits |= bits << half;
                }
                if WINDOWS {
                    let third = pair_at(load(block, at + 4), load(block, at + 5));
                    let bits = with_pair(&window_tables[0], first) & with_pair(&window_tables[1], second);
                    window_bits |= (bits & with_pair(&window_tables[2], third)) << half;
                }
            }
            if QUADS {
                quad_words = quad_list.put(quad_words, word * 64, quad_bits & fours);
            }
            if WINDOWS {
                let sixes = runs::<6>(maps.ascii[word], maps.ascii[word + 1]) & within;
                window_words = window_list.put(window_words, word * 64, window_bits & sixes);
            }
        }
        window_list.unpack(window_words);
        quad_list.unpack(quad_words);
    }
}

kernel! {
    pub(super) fn wide_windows(filter: &WindowFilter, block: &Block, maps: &ByteMaps, out: &mut [Positions; 2]) {
        /// Bytes of a turn, and the lead bytes of eight characters of three bytes in it.
        const STEP: usize = 24;
        const REGULAR: u64 = 0x24_9249;
        let probe = probe(&filter.filter);
        let [middle, long] = out;
        let (mut middles, mut longs) = (0, 0);
        let (from_0, from_2) = (constant(&THIRDS_0), constant(&THIRDS_2));
        for at in (0..block.len()).step_by(STEP) {
            let leads = bits_from(&maps.leads, at) & ((1 << STEP) - 1);
            if leads == 0 {
                continue;
            }
            let skip = leads.trailing_zeros() as usize;
            let hits = if leads == (REGULAR << skip) & ((1 << STEP) - 1) {
                // Chinese without a break: the windows are made by shuffles, which is faster than to gather them.
                let bytes = load_apart::<12>(block, at + skip);
                let further = load_apart::<12>(block, at + skip + 6);
                let hash = probe.hash(_mm256_shuffle_epi8(bytes, from_0), _mm256_shuffle_epi8(bytes, from_2));
                let words = probe.words(hash);
                let spread = probe.spread(hash);
                let mut hits = [0; 2];
                if filter.middle {
                    hits[0] = THIRDS[passes(words, probe.pattern(spread)) & 255] << skip;
                }
                if filter.long {
                    let key = probe.extend(spread, _mm256_shuffle_epi8(further, from_0));
                    hits[1] = THIRDS[passes(words, probe.pattern(key)) & 255] << skip;
                }
                hits
            } else {
                windows_at(filter, &probe, block, at, leads)
            };
            // Lanes behind the last lead byte of the turn are the next turn's.
            middles = middle.put(middles, at, hits[0] & leads);
            longs = long.put(longs, at, hits[1] & leads);
        }
        middle.unpack(middles);
        long.unpack(longs);
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
                append(middle, places, passes(words, probe.pattern(spread)) & valid);
            }
            if filter.long {
                let key = probe.extend(spread, _mm256_srli_epi32::<16>(next));
                append(long, places, passes(words, probe.pattern(key)) & valid);
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

/// Lists the positions that passed: mostly none.
#[inline(always)]
fn append(out: &mut Positions, places: [u16; 8], mut passed: usize) {
    while passed != 0 {
        out.push(usize::from(places[passed.trailing_zeros() as usize & 7]));
        passed &= passed - 1;
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
    /// Probes the positions `bits` behind `at`. Returns those of middle and of long windows, in the same form.
    #[inline]
    fn windows_at(
        filter: &WindowFilter,
        probe: &Probe,
        block: &Block,
        at: usize,
        mut bits: u64,
    ) -> [u64; 2] {
        let mut found = [0; 2];
        while bits != 0 {
            let mut offsets = [0_u16; 8];
            for offset in &mut offsets {
                // Zero where there are no positions left; the caller masks what is found there.
                *offset = bits.trailing_zeros() as u16 & 63;
                bits &= bits.wrapping_sub(1);
            }
            let hits = probe_at(filter, probe, block, offsets.map(|offset| at as u16 + offset));
            for (found, mut hits) in found.iter_mut().zip(hits) {
                while hits != 0 {
                    *found |= 1 << offsets[hits.trailing_zeros() as usize & 7];
                    hits &= hits - 1;
                }
            }
        }
        found
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
            append(out, places, passes(probe.words(hash), probe.pattern(probe.spread(hash))) & valid);
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
