//! The kernel for AVX-512 with VBMI and VBMI2 (Intel from Ice Lake, AMD from Zen 4): sixteen windows at a time.
//!
//! One turn is: the selected positions of up to 64 bytes are compressed into a vector, their windows are made with byte
//! permutes, two multiplications hash them, one gather fetches their filter words, and the bit patterns are tested.
//! Bits of lanes go back to positions with PDEP (microcoded on AMD before Zen 3, which has no AVX-512).

use std::arch::x86_64::{
    __m128i, __m256i, __m512i, __mmask16, _mm_cvtsi32_si128, _mm256_maskz_compress_epi16, _mm256_maskz_loadu_epi16,
    _mm256_min_epu16, _mm256_set1_epi16, _mm256_storeu_si256, _mm512_add_epi8, _mm512_add_epi16, _mm512_add_epi32,
    _mm512_and_si512, _mm512_andnot_si512, _mm512_castsi512_si256, _mm512_cmpgt_epi8_mask, _mm512_cmpgt_epu8_mask,
    _mm512_cmplt_epu8_mask, _mm512_cvtepu8_epi16, _mm512_cvtepu16_epi32, _mm512_dpbusd_epi32,
    _mm512_extracti64x4_epi64, _mm512_i32gather_epi32, _mm512_i32gather_epi64, _mm512_loadu_si512,
    _mm512_mask_add_epi8, _mm512_mask_blend_epi8, _mm512_mask_mov_epi8, _mm512_mask_test_epi8_mask,
    _mm512_maskz_compress_epi8, _mm512_maskz_compress_epi32, _mm512_maskz_permutex2var_epi8, _mm512_min_epu8,
    _mm512_movepi8_mask, _mm512_mullo_epi32, _mm512_or_si512, _mm512_permutex2var_epi8, _mm512_permutex2var_epi32,
    _mm512_permutexvar_epi8, _mm512_permutexvar_epi32, _mm512_rolv_epi32, _mm512_set1_epi8, _mm512_set1_epi16,
    _mm512_set1_epi32, _mm512_shrdi_epi32, _mm512_slli_epi16, _mm512_slli_epi32, _mm512_srl_epi32, _mm512_srli_epi16,
    _mm512_srli_epi32, _mm512_storeu_si512, _mm512_sub_epi8, _mm512_ternarylogic_epi32, _mm512_testn_epi32_mask,
    _mm512_xor_si512, _pdep_u64,
};

use super::{
    Block, ByteMaps, PairFilter, Positions, QuadFilter, Sieve, WORDS, WindowFilter, WordFilter, portable, prefetch,
    runs,
};
use crate::gram::found::Candidates;
use crate::gram::keys::{BASES, Class, EXTEND, MUL_HIGH, MUL_LOW, WORD_LETTERS};
use crate::gram::table::{Filter, Table};

pub(super) fn is_supported() -> bool {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vbmi")
        && is_x86_feature_detected!("avx512vbmi2")
        && is_x86_feature_detected!("avx512vnni")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("bmi2")
        && is_x86_feature_detected!("popcnt")
        && is_x86_feature_detected!("lzcnt")
}

/// Positions 0..64, and four copies of the first sixteen.
static IOTA: [u8; 64] = {
    let mut bytes = [0; 64];
    let mut index = 0;
    while index < 64 {
        bytes[index] = index as u8;
        index += 1;
    }
    bytes
};

/// Byte indices that give lane `i` the four bytes from `i * step + offset`, modulo 64.
const fn lanes(step: u8, offset: u8, ramp: u8) -> [u8; 64] {
    let mut bytes = [0; 64];
    let mut index = 0;
    while index < 64 {
        bytes[index] = (index as u8 / 4 * step + offset + index as u8 % 4 * ramp) % 64;
        index += 1;
    }
    bytes
}

static REPEAT: [u8; 64] = lanes(1, 0, 0);
static RAMP: [u8; 64] = lanes(0, 0, 1);
static RAMP_4: [u8; 64] = lanes(0, 4, 1);
/// `1 << (byte & 7)` for every lower half of a byte.
static POWERS: [u8; 64] = {
    let mut bytes = [0; 64];
    let mut index = 0;
    while index < 64 {
        bytes[index] = 1 << (index % 8);
        index += 1;
    }
    bytes
};

macro_rules! kernel {
    ($(#[$meta:meta])* $visibility:vis fn $($rest:tt)*) => {
        $(#[$meta])*
        #[target_feature(
            enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vnni,bmi1,bmi2,popcnt,lzcnt"
        )]
        $visibility fn $($rest)*
    };
}

kernel! {
    /// The 64 bytes of the block from `at` (relative to its start).
    #[inline]
    fn load(block: &Block, at: usize) -> __m512i {
        debug_assert!(block.start + at + 64 <= block.bytes.len());
        // SAFETY: callers pass `at` of at most the block's length plus two words of 64, and `Block::new` saw to `PAD`
        // readable bytes behind the block.
        unsafe { _mm512_loadu_si512(block.bytes.as_ptr().add(block.start + at).cast()) }
    }
}

kernel! {
    #[inline]
    fn constant(bytes: &[u8; 64]) -> __m512i {
        // SAFETY: the array has the 64 bytes that are read.
        unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) }
    }
}

/// Numbers of the lanes of four bytes.
static LANES: [u32; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

kernel! {
    #[inline]
    fn constant_words(words: &[u32; 16]) -> __m512i {
        // SAFETY: the array has the 64 bytes that are read.
        unsafe { _mm512_loadu_si512(words.as_ptr().cast()) }
    }
}

/// A filter and what is needed to probe it, in registers.
struct Probe {
    words: *const u32,
    shift: __m128i,
    bases: __m512i,
    low: __m512i,
    high: __m512i,
    extend: __m512i,
}

kernel! {
    #[inline]
    fn probe(filter: &Filter) -> Probe {
        let mut bases = [0; 16];
        for (index, base) in bases.iter_mut().enumerate() {
            *base = BASES[index % 8];
        }
        Probe {
            words: filter.words(),
            shift: _mm_cvtsi32_si128(filter.shift().cast_signed()),
            bases: constant_words(&bases),
            low: _mm512_set1_epi32(MUL_LOW.cast_signed()),
            high: _mm512_set1_epi32(MUL_HIGH.cast_signed()),
            extend: _mm512_set1_epi32(i32::from_le_bytes(EXTEND)),
        }
    }
}

impl Probe {
    kernel! {
        /// [`filter_hash`](crate::gram::keys::filter_hash) of each lane.
        #[inline]
        fn hash(&self, low: __m512i, high: __m512i) -> __m512i {
            _mm512_add_epi32(_mm512_mullo_epi32(low, self.low), _mm512_mullo_epi32(high, self.high))
        }
    }

    kernel! {
        /// The filter word of each hash.
        #[inline]
        fn words(&self, hash: __m512i) -> __m512i {
            let index = _mm512_srl_epi32(hash, self.shift);
            // SAFETY: `hash >> shift` is the index of a word of the filter for every hash (`Filter::shift`). The filter
            // has at most 2^24 words, so no index is negative.
            unsafe { _mm512_i32gather_epi32::<4>(index, self.words.cast()) }
        }
    }

    kernel! {
        /// [`spread`](crate::gram::keys::spread) of each lane.
        #[inline]
        fn spread(&self, hash: __m512i) -> __m512i {
            _mm512_xor_si512(hash, _mm512_srli_epi32::<15>(hash))
        }
    }

    kernel! {
        /// [`extend`](crate::gram::keys::extend) of each lane.
        #[inline]
        fn extend(&self, spread: __m512i, word: __m512i) -> __m512i {
            _mm512_dpbusd_epi32(spread, word, self.extend)
        }
    }

    kernel! {
        /// [`pattern`](crate::gram::keys::pattern) of each lane.
        #[inline]
        fn pattern(&self, spread: __m512i) -> __m512i {
            let base = _mm512_permutexvar_epi32(spread, self.bases);
            _mm512_rolv_epi32(base, _mm512_srli_epi32::<3>(spread))
        }
    }
}

kernel! {
    /// Lanes whose pattern has no bit in common with the (inverted) filter word.
    #[inline]
    fn passes(words: __m512i, pattern: __m512i) -> __mmask16 {
        _mm512_testn_epi32_mask(words, pattern)
    }
}

kernel! {
    pub(super) fn map_bytes(block: &Block, letters: bool, maps: &mut ByteMaps) {
        let lead = _mm512_set1_epi8(0xC0_u8.cast_signed() - 1);
        for word in 0..(block.words() + 2).min(WORDS + 2) {
            let bytes = load(block, word * 64);
            prefetch(block.bytes, block.end + word * 64);
            let high = _mm512_movepi8_mask(bytes);
            maps.ascii[word] = !high;
            maps.leads[word] = _mm512_cmpgt_epi8_mask(bytes, lead) & high & block.positions_of(word);
            if letters {
                let folded = _mm512_or_si512(bytes, _mm512_set1_epi8(0x20));
                let from_a = _mm512_sub_epi8(folded, _mm512_set1_epi8(b'a'.cast_signed()));
                maps.letters[word] = _mm512_cmplt_epu8_mask(from_a, _mm512_set1_epi8(26));
            }
        }
    }
}

kernel! {
    #[inline]
    fn table(rows: &[u32; 32]) -> (__m512i, __m512i) {
        // SAFETY: the array has the 128 bytes that are read.
        unsafe { (_mm512_loadu_si512(rows.as_ptr().cast()), _mm512_loadu_si512(rows.as_ptr().add(16).cast())) }
    }
}

/// A pair of bytes at each position of a vector, ready to be looked up in tables of 32 rows of 32 bits.
#[derive(Clone, Copy)]
struct PairAt {
    /// Index of a byte of the table: five bits of the row, two of the bit.
    index: __m512i,
    /// The bit in that byte.
    bit: __m512i,
}

kernel! {
    #[inline]
    fn pair_at(row: __m512i, bit: __m512i) -> PairAt {
        const SELECT: i32 = 0xCA;
        PairAt {
            // Shifts are of 16 bits: what crosses into the neighbour byte lies under the mask or, in bit 7, is not
            // looked at.
            index: _mm512_ternarylogic_epi32::<SELECT>(
                _mm512_set1_epi8(0x7C),
                _mm512_slli_epi16::<2>(row),
                _mm512_srli_epi16::<3>(bit),
            ),
            bit: _mm512_permutexvar_epi8(bit, constant(&POWERS)),
        }
    }
}

kernel! {
    /// Of the positions in `among`, those whose pair is in the table.
    #[inline]
    fn with_pair(table: (__m512i, __m512i), among: u64, pair: PairAt) -> u64 {
        let bytes = _mm512_permutex2var_epi8(table.0, pair.index, table.1);
        _mm512_mask_test_epi8_mask(among, bytes, pair.bit)
    }
}

kernel! {
    /// Appends `base` plus the index of every set bit.
    #[inline]
    fn append_bits(out: &mut Positions, base: usize, bits: u64) {
        let places = _mm512_maskz_compress_epi8(bits, constant(&IOTA));
        let base = _mm512_set1_epi16((base as u16).cast_signed());
        let lower = _mm512_add_epi16(_mm512_cvtepu8_epi16(_mm512_castsi512_si256(places)), base);
        let room = &mut out.list[out.length..out.length + 64];
        // SAFETY: the slice has the 64 items of which these are the first 32.
        unsafe { _mm512_storeu_si512(room.as_mut_ptr().cast(), lower) };
        let count = bits.count_ones() as usize;
        if count > 32 {
            let upper = _mm512_cvtepu8_epi16(_mm512_extracti64x4_epi64::<1>(places));
            // SAFETY: as above; these are the last 32.
            unsafe { _mm512_storeu_si512(room[32..].as_mut_ptr().cast(), _mm512_add_epi16(upper, base)) };
        }
        out.length += count;
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
        for word in 0..block.words() {
            let within = block.positions_of(word);
            let fours = runs::<4>(maps.ascii[word], maps.ascii[word + 1]) & within;
            if fours == 0 {
                continue;
            }
            let at = word * 64;
            let first = pair_at(load(block, at), load(block, at + 1));
            let second = pair_at(load(block, at + 2), load(block, at + 3));
            if QUADS {
                let bits = with_pair(quad_tables[1], with_pair(quad_tables[0], fours, first), second);
                append_bits(quad_list, at, bits);
            }
            if WINDOWS {
                let sixes = runs::<6>(maps.ascii[word], maps.ascii[word + 1]) & within;
                let bits = with_pair(window_tables[1], with_pair(window_tables[0], sixes, first), second);
                let third = pair_at(load(block, at + 4), load(block, at + 5));
                append_bits(window_list, at, with_pair(window_tables[2], bits, third));
            }
        }
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
        /// Bytes of a turn: sixteen Chinese characters, all of whose windows lie within one vector.
        const STEP: usize = 48;
        const TURN: u64 = (1 << STEP) - 1;
        let probe = probe(&filter.filter);
        let (iota, repeat, ramp) = (constant(&IOTA), constant(&REPEAT), constant(&RAMP));
        let (two, six) = (_mm512_set1_epi8(2), _mm512_set1_epi8(6));
        let [middle, long] = out;
        let (mut middles, mut longs) = (0, 0);
        let mut turn = |at: usize, mut places: u64| {
            while places != 0 {
                let bytes = load(block, at);
                // The compressed vector has up to 48 places, of which the first sixteen are taken.
                let lanes = _mm512_permutexvar_epi8(repeat, _mm512_maskz_compress_epi8(places, iota));
                let lanes = _mm512_add_epi8(lanes, ramp);
                let low = _mm512_permutexvar_epi8(lanes, bytes);
                let high = _mm512_permutexvar_epi8(_mm512_add_epi8(lanes, two), bytes);
                let hash = probe.hash(low, high);
                let words = probe.words(hash);
                let spread = probe.spread(hash);
                if MIDDLE {
                    let hits = passes(words, probe.pattern(spread));
                    middles = middle.put(middles, at, _pdep_u64(u64::from(hits), places));
                }
                if LONG {
                    let far = _mm512_permutexvar_epi8(_mm512_add_epi8(lanes, six), bytes);
                    let hits = passes(words, probe.pattern(probe.extend(spread, far)));
                    longs = long.put(longs, at, _pdep_u64(u64::from(hits), places));
                }
                places = _pdep_u64(!0 << 16, places);
            }
        };
        // Three words are four turns. The map is that of the block alone, and zero behind it.
        for first in (0..block.words()).step_by(3) {
            let [one, two, three] = [maps.leads[first], maps.leads[first + 1], maps.leads[first + 2]];
            turn(first * 64, one & TURN);
            turn(first * 64 + 48, (one >> 48 | two << 16) & TURN);
            turn(first * 64 + 96, (two >> 32 | three << 32) & TURN);
            turn(first * 64 + 144, three >> 16);
        }
        middle.unpack(middles);
        long.unpack(longs);
    }
}

kernel! {
    /// Sixteen positions of a list from `at` (0 behind its end), and which of them are the list's.
    #[inline]
    fn positions_from(positions: &[u16], at: usize) -> (__m256i, __mmask16) {
        let rest = &positions[at..];
        let valid = if rest.len() >= 16 { !0 } else { (1 << rest.len()) - 1 };
        // SAFETY: only the items of the slice are read: lanes that are not valid are masked.
        (unsafe { _mm256_maskz_loadu_epi16(valid, rest.as_ptr().cast()) }, valid)
    }
}

kernel! {
    /// Positions as offsets into the block, and the bytes that they lead into. A position behind the block, which no list
    /// should have, becomes the last one.
    #[inline]
    fn offsets<T>(block: &Block, positions: __m256i) -> (__m512i, *const T) {
        let last = _mm256_set1_epi16(block.last().cast_signed());
        (_mm512_cvtepu16_epi32(_mm256_min_epu16(positions, last)), block.bytes[block.start..].as_ptr().cast())
    }
}

kernel! {
    /// The eight bytes at each of sixteen positions of the block, as two words of four.
    #[inline]
    fn eight_at(block: &Block, positions: __m256i) -> (__m512i, __m512i) {
        let (offsets, text) = offsets::<i64>(block, positions);
        let even = _mm512_slli_epi32::<1>(constant_words(&LANES));
        let odd = _mm512_or_si512(even, _mm512_set1_epi32(1));
        // SAFETY: `offsets` keeps the positions within the block, and `Block::new` saw to `PAD` readable bytes behind it.
        let (first, second) = unsafe {
            (
                _mm512_i32gather_epi64::<1>(_mm512_castsi512_si256(offsets), text),
                _mm512_i32gather_epi64::<1>(_mm512_extracti64x4_epi64::<1>(offsets), text),
            )
        };
        (_mm512_permutex2var_epi32(first, even, second), _mm512_permutex2var_epi32(first, odd, second))
    }
}

kernel! {
    /// Appends those of sixteen positions that passed.
    #[inline]
    fn append(out: &mut Positions, positions: __m256i, passed: __mmask16) {
        let room = &mut out.list[out.length..out.length + 16];
        // SAFETY: the slice has the sixteen items that are written.
        unsafe { _mm256_storeu_si256(room.as_mut_ptr().cast(), _mm256_maskz_compress_epi16(passed, positions)) };
        out.length += passed.count_ones() as usize;
    }
}

kernel! {
    pub(super) fn ascii_windows(filter: &WindowFilter, block: &Block, positions: &[u16], out: &mut [Positions; 2]) {
        let probe = probe(&filter.filter);
        let [middle, long] = out;
        for at in (0..positions.len()).step_by(16) {
            let (places, valid) = positions_from(positions, at);
            let (low, next) = eight_at(block, places);
            let hash = probe.hash(low, _mm512_shrdi_epi32::<16>(low, next));
            let words = probe.words(hash);
            let spread = probe.spread(hash);
            if filter.middle {
                append(middle, places, passes(words, probe.pattern(spread)) & valid);
            }
            if filter.long {
                let key = probe.extend(spread, _mm512_srli_epi32::<16>(next));
                append(long, places, passes(words, probe.pattern(key)) & valid);
            }
        }
    }
}

kernel! {
    pub(super) fn quads(filter: &QuadFilter, block: &Block, positions: &[u16], out: &mut [Positions; 2]) {
        let probe = probe(&filter.filter);
        let [out, _] = out;
        for at in (0..positions.len()).step_by(16) {
            let (places, valid) = positions_from(positions, at);
            let (offsets, text) = offsets::<i32>(block, places);
            // SAFETY: as in `eight_at`.
            let four = unsafe { _mm512_i32gather_epi32::<1>(offsets, text) };
            let hash = _mm512_mullo_epi32(four, probe.low);
            append(out, places, passes(probe.words(hash), probe.pattern(probe.spread(hash))) & valid);
        }
    }
}

kernel! {
    pub(super) fn words(filter: &WordFilter, block: &Block, maps: &ByteMaps, out: &mut [Positions; 2]) {
        let probe = probe(&filter.filter);
        let (iota, repeat, ramp, ramp_4) =
            (constant(&IOTA), constant(&REPEAT), constant(&RAMP), constant(&RAMP_4));
        let longest = _mm512_set1_epi8(WORD_LETTERS as i8);
        let ([out, _], mut selected) = (out, 0);
        let mut before = u64::from(block.byte_before().is_ascii_alphabetic());
        for word in 0..block.words() {
            let (letters, beyond) = (maps.letters[word], maps.letters[word + 1]);
            let mut starts = letters & !(letters << 1 | before) & block.positions_of(word);
            before = letters >> 63;
            // The first byte behind each word that begins here: ends and starts alternate, and an end before the first
            // start is that of a word that began earlier.
            let mut ends = !letters & letters << 1 & !(starts ^ starts.wrapping_sub(1));
            // The last word may go on behind the 64 bytes; its end is the first that is not among them.
            let last_end = _mm512_set1_epi8((64 + beyond.trailing_ones() as u8).cast_signed());
            while starts != 0 {
                let at = word * 64;
                let (bytes, bytes_beyond) = (load(block, at), load(block, at + 64));
                // Sixteen words are taken, of up to 32.
                let places = _mm512_maskz_compress_epi8(starts, iota);
                let last_lane = 1_u64.checked_shl(ends.count_ones()).unwrap_or(0);
                let stops = _mm512_mask_mov_epi8(_mm512_maskz_compress_epi8(ends, iota), last_lane, last_end);
                let lengths = _mm512_min_epu8(_mm512_sub_epi8(stops, places), longest);
                let lengths = _mm512_permutexvar_epi8(repeat, lengths);
                let places = _mm512_add_epi8(_mm512_permutexvar_epi8(repeat, places), ramp);
                let low = _mm512_maskz_permutex2var_epi8(
                    _mm512_cmpgt_epu8_mask(lengths, ramp),
                    bytes,
                    places,
                    bytes_beyond,
                );
                let high = _mm512_maskz_permutex2var_epi8(
                    _mm512_cmpgt_epu8_mask(lengths, ramp_4),
                    bytes,
                    _mm512_add_epi8(places, _mm512_set1_epi8(4)),
                    bytes_beyond,
                );
                let hash = probe.hash(_mm512_xor_si512(low, lengths), high);
                let hits = passes(probe.words(hash), probe.pattern(probe.spread(hash)));
                selected = out.put(selected, at, _pdep_u64(u64::from(hits), starts));
                starts = _pdep_u64(!0 << 16, starts);
                ends = _pdep_u64(!0 << 16, ends);
            }
        }
        out.unpack(selected);
    }
}

kernel! {
    pub(super) fn pairs(filter: &PairFilter, block: &Block, maps: &ByteMaps, out: &mut [Positions; 2]) {
        let (ascii, wide) = (table(&filter.ascii), table(&filter.wide));
        let (has_ascii, has_wide) = (filter.has_ascii(), filter.has_wide());
        for word in 0..block.words() {
            let (at, within) = (word * 64, block.positions_of(word));
            let second = load(block, at + 1);
            let mut bits = 0;
            if has_ascii && maps.ascii[word] != 0 {
                bits |= with_pair(ascii, maps.ascii[word] & within, pair_at(load(block, at), second));
            }
            if has_wide && maps.leads[word] != 0 {
                bits |= with_pair(wide, maps.leads[word] & within, pair_at(second, load(block, at + 2)));
            }
            append_bits(&mut out[0], at, bits);
        }
    }
}

kernel! {
    pub(super) fn screen(class: Class, table: &Table, block: &Block, positions: &[u16], out: &mut Candidates) {
        const OR: i32 = 0xFE;
        let (screen, shift) = table.screen();
        let [low, high] = class.multipliers().map(|factor| _mm512_set1_epi32(factor.cast_signed()));
        let [low_mask, high_mask] = class.masks().map(|mask| _mm512_set1_epi32(mask.cast_signed()));
        let shift = _mm_cvtsi32_si128(shift.cast_signed());
        let one = _mm512_set1_epi32(1);
        for at in (0..positions.len()).step_by(16) {
            let (places, valid) = positions_from(positions, at);
            let (lows, highs) = eight_at(block, places);
            let lows = _mm512_mullo_epi32(_mm512_and_si512(lows, low_mask), low);
            let highs = _mm512_mullo_epi32(_mm512_and_si512(highs, high_mask), high);
            let sum = _mm512_add_epi32(lows, highs);
            let keys = _mm512_xor_si512(sum, _mm512_srli_epi32::<15>(sum));
            let index = _mm512_srl_epi32(keys, shift);
            // SAFETY: `key >> shift` is the index of a word of the screen for every key (`Table::screen`); the screen
            // has at most 2^24 words.
            let words = unsafe { _mm512_i32gather_epi32::<4>(index, screen.as_ptr().cast()) };
            let bits = _mm512_ternarylogic_epi32::<OR>(
                _mm512_rolv_epi32(one, keys),
                _mm512_rolv_epi32(one, _mm512_srli_epi32::<5>(keys)),
                _mm512_rolv_epi32(one, _mm512_srli_epi32::<10>(keys)),
            );
            let missing = _mm512_andnot_si512(words, bits);
            let passed = _mm512_testn_epi32_mask(missing, missing) & valid;
            let from = out.length;
            let (keys_out, places_out) = (&mut out.keys[from..from + 16], &mut out.positions[from..from + 16]);
            // SAFETY: both slices have the sixteen items that are written.
            unsafe {
                _mm512_storeu_si512(keys_out.as_mut_ptr().cast(), _mm512_maskz_compress_epi32(passed, keys));
                _mm256_storeu_si256(
                    places_out.as_mut_ptr().cast(),
                    _mm256_maskz_compress_epi16(passed, places),
                );
            }
            out.length += passed.count_ones() as usize;
        }
    }
}

kernel! {
    pub(super) fn fold(map: &[u8; 128], from: &[u8], to: &mut [u8]) {
        let is_lower_case = portable::is_lower_case(map);
        let (low, high) = (constant(map.first_chunk().expect("64 of 128")), constant(map.last_chunk().expect("64 of 128")));
        let (from, rest) = from.as_chunks::<64>();
        let (to, to_rest) = to.as_chunks_mut::<64>();
        for (from, to) in from.iter().zip(to) {
            let bytes = constant(from);
            let folded = if is_lower_case {
                let from_a = _mm512_sub_epi8(bytes, _mm512_set1_epi8(b'A'.cast_signed()));
                let upper = _mm512_cmplt_epu8_mask(from_a, _mm512_set1_epi8(26));
                _mm512_mask_add_epi8(bytes, upper, bytes, _mm512_set1_epi8(0x20))
            } else {
                let folded = _mm512_permutex2var_epi8(low, bytes, high);
                _mm512_mask_blend_epi8(_mm512_movepi8_mask(bytes), folded, bytes)
            };
            // SAFETY: the array has the 64 bytes that are written.
            unsafe { _mm512_storeu_si512(to.as_mut_ptr().cast(), folded) };
        }
        portable::fold(map, rest, to_rest);
    }
}

const _: () = assert!(WORD_LETTERS < 64);
