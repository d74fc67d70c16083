//! The kernel for AVX-512 with VBMI and VBMI2 (Intel from Ice Lake, AMD from Zen 4): sixteen windows at a time.
//!
//! One turn is: the selected positions of up to 64 bytes are compressed into a vector, their windows are made with byte
//! permutes, two multiplications hash them, one gather fetches their filter words, and the bit patterns are tested.
//! Bits of lanes go back to positions with PDEP (microcoded on AMD before Zen 3, which has no AVX-512).

use std::arch::x86_64::{
    __m128i, __m512i, __mmask16, _mm_cvtsi32_si128, _mm256_loadu_si256, _mm256_maskz_compress_epi16,
    _mm256_storeu_si256, _mm512_add_epi8, _mm512_add_epi32, _mm512_and_si512, _mm512_andnot_si512,
    _mm512_castsi512_si256, _mm512_cmpgt_epi8_mask, _mm512_cmpgt_epu8_mask, _mm512_cmplt_epu8_mask,
    _mm512_cvtepu16_epi32, _mm512_dpbusd_epi32, _mm512_extracti64x4_epi64, _mm512_i32gather_epi32,
    _mm512_i32gather_epi64, _mm512_loadu_si512, _mm512_mask_blend_epi8, _mm512_mask_mov_epi8,
    _mm512_maskz_compress_epi8, _mm512_maskz_compress_epi32, _mm512_maskz_permutex2var_epi8,
    _mm512_maskz_permutexvar_epi8, _mm512_min_epu8, _mm512_movepi8_mask, _mm512_mullo_epi32, _mm512_or_si512,
    _mm512_permutex2var_epi8, _mm512_permutex2var_epi32, _mm512_permutexvar_epi8, _mm512_permutexvar_epi32,
    _mm512_rolv_epi32, _mm512_set1_epi8, _mm512_set1_epi32, _mm512_slli_epi16, _mm512_slli_epi32, _mm512_srl_epi32,
    _mm512_srli_epi16, _mm512_srli_epi32, _mm512_storeu_si512, _mm512_sub_epi8, _mm512_ternarylogic_epi32,
    _mm512_test_epi8_mask, _mm512_testn_epi32_mask, _mm512_xor_si512, _pdep_u64,
};

use super::{
    AsciiFilter, Block, ByteMaps, PairFilter, Positions, QuadFilter, WORDS, WideFilter, WordFilter, bits_from,
    portable, runs,
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
static EVEN_0: [u8; 64] = lanes(2, 0, 1);
static EVEN_1: [u8; 64] = lanes(2, 1, 1);
static EVEN_2: [u8; 64] = lanes(2, 2, 1);
static EVEN_4: [u8; 64] = lanes(2, 4, 1);
static EVEN_6: [u8; 64] = lanes(2, 6, 1);
static EVEN_9: [u8; 64] = lanes(2, 9, 1);
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

/// Which half of a 64-bit mask of even and odd positions a lane belongs to.
const EVENS: u64 = 0x5555_5555;
const ODDS: u64 = 0xAAAA_AAAA;

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
            shift: _mm_cvtsi32_si128(filter.shift() as i32),
            bases: constant_words(&bases),
            low: _mm512_set1_epi32(MUL_LOW as i32),
            high: _mm512_set1_epi32(MUL_HIGH as i32),
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
        /// Base pattern and turn of each lane; see [`pattern`](crate::gram::keys::pattern).
        #[inline]
        fn pattern(&self, spread: __m512i) -> (__m512i, __m512i) {
            (_mm512_permutexvar_epi32(spread, self.bases), _mm512_srli_epi32::<3>(spread))
        }
    }
}

kernel! {
    /// Lanes whose pattern has no bit in common with the (inverted) filter word.
    #[inline]
    fn passes(words: __m512i, base: __m512i, turn: __m512i) -> __mmask16 {
        _mm512_testn_epi32_mask(words, _mm512_rolv_epi32(base, turn))
    }
}

kernel! {
    /// Bits of lanes at even and at odd positions as bits of 32 positions.
    #[inline]
    fn interleave(lefts: __mmask16, rights: __mmask16) -> u64 {
        _pdep_u64(u64::from(lefts), EVENS) | _pdep_u64(u64::from(rights), ODDS)
    }
}

kernel! {
    pub(super) fn map_bytes(block: &Block, letters: bool, maps: &mut ByteMaps) {
        let lead = _mm512_set1_epi8(0xC0_u8.cast_signed() - 1);
        for word in 0..(block.words() + 2).min(WORDS + 2) {
            let bytes = load(block, word * 64);
            let high = _mm512_movepi8_mask(bytes);
            maps.ascii[word] = !high;
            maps.leads[word] = _mm512_cmpgt_epi8_mask(bytes, lead) & high;
            if letters {
                let folded = _mm512_or_si512(bytes, _mm512_set1_epi8(0x20));
                let from_a = _mm512_sub_epi8(folded, _mm512_set1_epi8(b'a'.cast_signed()));
                maps.letters[word] = _mm512_cmplt_epu8_mask(from_a, _mm512_set1_epi8(26));
            }
        }
    }
}

kernel! {
    pub(super) fn wide(filter: &WideFilter, block: &Block, maps: &ByteMaps, out: &mut [Positions; 2]) {
        match (filter.middle, filter.long) {
            (true, true) => wide_of::<true, true>(filter, block, maps, out),
            (true, false) => wide_of::<true, false>(filter, block, maps, out),
            (false, true) => wide_of::<false, true>(filter, block, maps, out),
            (false, false) => {}
        }
    }
}

kernel! {
    #[inline]
    fn wide_of<const MIDDLE: bool, const LONG: bool>(
        filter: &WideFilter,
        block: &Block,
        maps: &ByteMaps,
        out: &mut [Positions; 2],
    ) {
        /// Windows that begin here lie within the 64 bytes that are loaded.
        const REACH: usize = 55;
        let probe = probe(&filter.filter);
        let (iota, repeat, ramp) = (constant(&IOTA), constant(&REPEAT), constant(&RAMP));
        let (two, six) = (_mm512_set1_epi8(2), _mm512_set1_epi8(6));
        let [middle, long] = out;
        let (mut middles, mut longs) = (0, 0);
        let mut at = 0;
        while at < block.len() {
            let leads = bits_from(&maps.leads, at) & ((1 << REACH) - 1);
            if leads == 0 {
                at += REACH;
                continue;
            }
            // The turn ends before the seventeenth lead byte, or at the reach.
            let stop = _pdep_u64(1 << 16, leads) | 1 << REACH;
            let leads = leads & (stop ^ (stop - 1));
            let bytes = load(block, at);
            let places = _mm512_permutexvar_epi8(repeat, _mm512_maskz_compress_epi8(leads, iota));
            let places = _mm512_add_epi8(places, ramp);
            let low = _mm512_permutexvar_epi8(places, bytes);
            let high = _mm512_permutexvar_epi8(_mm512_add_epi8(places, two), bytes);
            let hash = probe.hash(low, high);
            let words = probe.words(hash);
            let spread = probe.spread(hash);
            if MIDDLE {
                let (base, turn) = probe.pattern(spread);
                let hits = passes(words, base, turn);
                middles = middle.put(middles, at, _pdep_u64(u64::from(hits), leads));
            }
            if LONG {
                let far = _mm512_permutexvar_epi8(_mm512_add_epi8(places, six), bytes);
                let (base, turn) = probe.pattern(probe.extend(spread, far));
                let hits = passes(words, base, turn);
                longs = long.put(longs, at, _pdep_u64(u64::from(hits), leads));
            }
            at += stop.trailing_zeros() as usize;
        }
        middle.unpack(middles);
        long.unpack(longs);
        // The map of lead bytes goes on behind the block.
        middle.drop_from(block.len());
        long.drop_from(block.len());
    }
}

kernel! {
    pub(super) fn ascii(filter: &AsciiFilter, block: &Block, maps: &ByteMaps, out: &mut [Positions; 2]) {
        match (filter.middle, filter.long) {
            (true, true) => ascii_of::<true, true>(filter, block, maps, out),
            (true, false) => ascii_of::<true, false>(filter, block, maps, out),
            (false, true) => ascii_of::<false, true>(filter, block, maps, out),
            (false, false) => {}
        }
    }
}

kernel! {
    #[inline]
    fn ascii_of<const MIDDLE: bool, const LONG: bool>(
        filter: &AsciiFilter,
        block: &Block,
        maps: &ByteMaps,
        out: &mut [Positions; 2],
    ) {
        let probe = probe(&filter.filter);
        let (from_0, from_1, from_2) = (constant(&EVEN_0), constant(&EVEN_1), constant(&EVEN_2));
        let (from_6, from_9) = (constant(&EVEN_6), constant(&EVEN_9));
        let [middle, long] = out;
        let (mut middles, mut longs) = (0, 0);
        for word in 0..block.words() {
            let windows = runs::<6>(maps.ascii[word], maps.ascii[word + 1]) & block.positions_of(word);
            if windows == 0 {
                continue;
            }
            let (mut middle_bits, mut long_bits) = (0, 0);
            for half in 0..2 {
                let bytes = load(block, word * 64 + half * 32);
                let left = _mm512_permutexvar_epi8(from_0, bytes);
                let right = _mm512_permutexvar_epi8(from_6, bytes);
                let hash =
                    probe.hash(_mm512_permutexvar_epi8(from_1, bytes), _mm512_permutexvar_epi8(from_2, bytes));
                let words = probe.words(hash);
                let spread = probe.spread(hash);
                if MIDDLE {
                    let (base, turn) = probe.pattern(spread);
                    let lefts = passes(words, base, _mm512_add_epi32(turn, left));
                    let rights = passes(words, base, _mm512_add_epi32(turn, right));
                    middle_bits |= interleave(lefts, rights) << (32 * half);
                }
                if LONG {
                    let (base, turn) = probe.pattern(probe.extend(spread, right));
                    let far = _mm512_permutexvar_epi8(from_9, bytes);
                    let lefts = passes(words, base, _mm512_add_epi32(turn, left));
                    let rights = passes(words, base, _mm512_add_epi32(turn, far));
                    long_bits |= interleave(lefts, rights) << (32 * half);
                }
            }
            middles = middle.put(middles, word * 64, middle_bits & windows);
            longs = long.put(longs, word * 64, long_bits & windows);
        }
        middle.unpack(middles);
        long.unpack(longs);
    }
}

kernel! {
    pub(super) fn quad(filter: &QuadFilter, block: &Block, maps: &ByteMaps, out: &mut [Positions; 2]) {
        let probe = probe(&filter.filter);
        let shift = _mm_cvtsi32_si128(filter.filter.shift() as i32 + 1);
        let (from_0, from_1, from_4) = (constant(&EVEN_0), constant(&EVEN_1), constant(&EVEN_4));
        let (one, even) = (_mm512_set1_epi32(1), _mm512_slli_epi32::<1>(constant_words(&LANES)));
        let odd = _mm512_or_si512(even, one);
        let three = 0x7777_7777_7777_7777;
        let ([out, _], mut selected) = (out, 0);
        for word in 0..block.words() {
            let windows = runs::<4>(maps.ascii[word], maps.ascii[word + 1]) & block.positions_of(word);
            if windows == 0 {
                continue;
            }
            let mut bits = 0;
            for half in 0..2 {
                let bytes = load(block, word * 64 + half * 32);
                let left = _mm512_permutexvar_epi8(from_0, bytes);
                let right = _mm512_permutexvar_epi8(from_4, bytes);
                let hash = _mm512_mullo_epi32(_mm512_maskz_permutexvar_epi8(three, from_1, bytes), probe.low);
                let index = _mm512_srl_epi32(hash, shift);
                let pairs: *const i64 = probe.words.cast();
                // SAFETY: the shift is one more than that of the filter's words, so an index is that of a pair of words;
                // there are at most 2^23.
                let (first, second) = unsafe {
                    (
                        _mm512_i32gather_epi64::<8>(_mm512_castsi512_si256(index), pairs),
                        _mm512_i32gather_epi64::<8>(_mm512_extracti64x4_epi64::<1>(index), pairs),
                    )
                };
                let before = _mm512_permutex2var_epi32(first, even, second);
                let behind = _mm512_permutex2var_epi32(first, odd, second);
                bits |= interleave(passes(before, one, left), passes(behind, one, right)) << (32 * half);
            }
            selected = out.put(selected, word * 64, bits & windows);
        }
        out.unpack(selected);
    }
}

kernel! {
    pub(super) fn words(filter: &WordFilter, block: &Block, maps: &ByteMaps, out: &mut [Positions; 2]) {
        let probe = probe(&filter.filter);
        let (iota, repeat, ramp, ramp_4) =
            (constant(&IOTA), constant(&REPEAT), constant(&RAMP), constant(&RAMP_4));
        let longest = _mm512_set1_epi8(WORD_LETTERS as i8);
        let mut starts = [0; WORDS + 2];
        let mut before = u64::from(block.byte_before().is_ascii_alphabetic());
        for word in 0..block.words() {
            let letters = maps.letters[word];
            starts[word] = letters & !(letters << 1 | before) & block.positions_of(word);
            before = letters >> 63;
        }
        let ([out, _], mut selected) = (out, 0);
        let mut at = 0;
        while at < block.len() {
            let here = bits_from(&starts, at);
            if here == 0 {
                at += 64;
                continue;
            }
            // The turn ends before the seventeenth word, or after 64 bytes.
            let seventeenth = _pdep_u64(1 << 16, here);
            let taken = if seventeenth == 0 { here } else { here & (seventeenth - 1) };
            let letters = bits_from(&maps.letters, at);
            let beyond = bits_from(&maps.letters, at + 64);
            // The first byte behind each word, beginning with the first word of the turn: ends and starts alternate.
            let ends = !letters & letters << 1 & !(taken ^ (taken - 1));
            let (bytes, bytes_beyond) = (load(block, at), load(block, at + 64));
            let places = _mm512_maskz_compress_epi8(taken, iota);
            // A word that goes on behind the 64 bytes is the last, and its end is the first that is not among them.
            let last_end = _mm512_set1_epi8((64 + beyond.trailing_ones() as u8).cast_signed());
            let last_lane = 1_u64.checked_shl(ends.count_ones()).unwrap_or(0);
            let ends = _mm512_mask_mov_epi8(_mm512_maskz_compress_epi8(ends, iota), last_lane, last_end);
            let lengths = _mm512_min_epu8(_mm512_sub_epi8(ends, places), longest);
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
            let (base, turn) = probe.pattern(probe.spread(hash));
            let hits = passes(probe.words(hash), base, turn);
            selected = out.put(selected, at, _pdep_u64(u64::from(hits), taken));
            at += if seventeenth == 0 { 64 } else { seventeenth.trailing_zeros() as usize };
        }
        out.unpack(selected);
    }
}

kernel! {
    /// Bytes `row & 31`, bits `bit & 31` of a table of 32 rows of 32 bits.
    #[inline]
    fn has_pair(table: (__m512i, __m512i), row: __m512i, bit: __m512i) -> u64 {
        const SELECT: i32 = 0xCA;
        // Index of the byte of the table: five bits of the row, two of the bit. Shifts are of 16 bits; what crosses into
        // the neighbour byte is masked away or, in bit 7, not looked at.
        let index = _mm512_ternarylogic_epi32::<SELECT>(
            _mm512_set1_epi8(0x7C),
            _mm512_slli_epi16::<2>(row),
            _mm512_and_si512(_mm512_srli_epi16::<3>(bit), _mm512_set1_epi8(3)),
        );
        let byte = _mm512_permutex2var_epi8(table.0, index, table.1);
        _mm512_test_epi8_mask(byte, _mm512_permutexvar_epi8(bit, constant(&POWERS)))
    }
}

kernel! {
    pub(super) fn pairs(filter: &PairFilter, block: &Block, maps: &ByteMaps, out: &mut [Positions; 2]) {
        let table = |rows: &[u32; 32]| {
            // SAFETY: the array has the 128 bytes that are read.
            unsafe {
                (_mm512_loadu_si512(rows.as_ptr().cast()), _mm512_loadu_si512(rows.as_ptr().add(16).cast()))
            }
        };
        let (ascii, wide) = (table(&filter.ascii), table(&filter.wide));
        let (has_ascii, has_wide) = (filter.has_ascii(), filter.has_wide());
        let ([out, _], mut selected) = (out, 0);
        for word in 0..block.words() {
            let second = load(block, word * 64 + 1);
            let mut bits = 0;
            if has_ascii && maps.ascii[word] != 0 {
                bits |= has_pair(ascii, load(block, word * 64), second) & maps.ascii[word];
            }
            if has_wide && maps.leads[word] != 0 {
                bits |= has_pair(wide, second, load(block, word * 64 + 2)) & maps.leads[word];
            }
            selected = out.put(selected, word * 64, bits & block.positions_of(word));
        }
        out.unpack(selected);
    }
}

kernel! {
    pub(super) fn screen(class: Class, table: &Table, block: &Block, positions: &[u16], out: &mut Candidates) {
        const OR: i32 = 0xFE;
        let (screen, shift) = table.screen();
        let [low, high] = class.multipliers().map(|factor| _mm512_set1_epi32(factor.cast_signed()));
        let [low_mask, high_mask] = class.masks().map(|mask| _mm512_set1_epi32(mask.cast_signed()));
        let shift = _mm_cvtsi32_si128(shift as i32);
        let (one, even) = (_mm512_set1_epi32(1), _mm512_slli_epi32::<1>(constant_words(&LANES)));
        let odd = _mm512_or_si512(even, one);
        let text = block.bytes[block.start..].as_ptr();
        out.length = 0;
        let (full, rest) = positions.as_chunks::<16>();
        for sixteen in full {
            // SAFETY: the array has the 32 bytes that are read.
            let places = unsafe { _mm256_loadu_si256(sixteen.as_ptr().cast()) };
            let lanes = _mm512_cvtepu16_epi32(places);
            // SAFETY: positions are those of the block, and eight bytes from each can be read (`PAD`).
            let (first, second) = unsafe {
                (
                    _mm512_i32gather_epi64::<1>(_mm512_castsi512_si256(lanes), text.cast()),
                    _mm512_i32gather_epi64::<1>(_mm512_extracti64x4_epi64::<1>(lanes), text.cast()),
                )
            };
            let lows = _mm512_and_si512(_mm512_permutex2var_epi32(first, even, second), low_mask);
            let highs = _mm512_and_si512(_mm512_permutex2var_epi32(first, odd, second), high_mask);
            let sum = _mm512_add_epi32(_mm512_mullo_epi32(lows, low), _mm512_mullo_epi32(highs, high));
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
            let passed = _mm512_testn_epi32_mask(_mm512_andnot_si512(words, bits), bits);
            // The arrays have room for every position of a block and for sixteen more.
            let at = out.length;
            let (keys_out, places_out) = (&mut out.keys[at..at + 16], &mut out.positions[at..at + 16]);
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
        portable::screen_more(class, table, block, rest, out);
    }
}

kernel! {
    pub(super) fn fold(map: &[u8; 128], from: &[u8], to: &mut [u8]) {
        // SAFETY: the array has the 128 bytes that are read.
        let (low, high) =
            unsafe { (_mm512_loadu_si512(map.as_ptr().cast()), _mm512_loadu_si512(map.as_ptr().add(64).cast())) };
        let (from, rest) = from.as_chunks::<64>();
        let (to, to_rest) = to.as_chunks_mut::<64>();
        for (from, to) in from.iter().zip(to) {
            let bytes = constant(from);
            let folded = _mm512_permutex2var_epi8(low, bytes, high);
            let folded = _mm512_mask_blend_epi8(_mm512_movepi8_mask(bytes), folded, bytes);
            // SAFETY: the array has the 64 bytes that are written.
            unsafe { _mm512_storeu_si512(to.as_mut_ptr().cast(), folded) };
        }
        portable::fold(map, rest, to_rest);
    }
}

const _: () = assert!(WORD_LETTERS < 64);
