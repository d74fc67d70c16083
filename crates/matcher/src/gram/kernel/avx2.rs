//! The kernel for AVX2 (Intel from Haswell, AMD from Zen): eight windows at a time.
//!
//! What has no vector form that pays (words, the screen) is the portable code, compiled for this CPU. PDEP is not used:
//! AMD before Zen 3 runs it as a slow microprogram.

use std::arch::x86_64::{
    __m128i, __m256i, _mm_cvtsi32_si128, _mm_loadu_si128, _mm256_add_epi32, _mm256_and_si256, _mm256_blendv_epi8,
    _mm256_broadcastsi128_si256, _mm256_castsi128_si256, _mm256_castsi256_ps, _mm256_cmpeq_epi8, _mm256_cmpeq_epi32,
    _mm256_cmpgt_epi8, _mm256_i32gather_epi32, _mm256_inserti128_si256, _mm256_loadu_si256, _mm256_madd_epi16,
    _mm256_maddubs_epi16, _mm256_min_epu8, _mm256_movemask_epi8, _mm256_movemask_ps, _mm256_mullo_epi32,
    _mm256_or_si256, _mm256_permutevar8x32_epi32, _mm256_set1_epi8, _mm256_set1_epi16, _mm256_set1_epi32,
    _mm256_set1_epi64x, _mm256_setzero_si256, _mm256_shuffle_epi8, _mm256_slli_epi16, _mm256_slli_epi32,
    _mm256_sllv_epi32, _mm256_srl_epi32, _mm256_srli_epi32, _mm256_srlv_epi32, _mm256_sub_epi8, _mm256_sub_epi32,
    _mm256_xor_si256,
};

use super::{
    AsciiFilter, Block, ByteMaps, PairFilter, Positions, QuadFilter, WORDS, WideFilter, WordFilter, portable, runs,
};
use crate::gram::found::Candidates;
use crate::gram::keys::{BASES, Class, EXTEND, MUL_HIGH, MUL_LOW};
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

/// Byte indices that give lane `i` of each half the four bytes from `2 * i + offset`; those behind the half are zero.
const fn lanes(offset: u8) -> [u8; 32] {
    let mut bytes = [0; 32];
    let mut index = 0;
    while index < 32 {
        let from = (index as u8 % 16) / 4 * 2 + offset + index as u8 % 4;
        bytes[index] = if from < 16 { from } else { 0x80 };
        index += 1;
    }
    bytes
}

static EVEN_0: [u8; 32] = lanes(0);
static EVEN_1: [u8; 32] = lanes(1);
static EVEN_2: [u8; 32] = lanes(2);
static EVEN_4: [u8; 32] = lanes(4);
static EVEN_6: [u8; 32] = lanes(6);
static EVEN_9: [u8; 32] = lanes(9);

/// Bit `i` of the index at bit `2 * i`.
static SPREAD: [u16; 256] = {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let mut bit = 0;
        while bit < 8 {
            table[index] |= ((index >> bit & 1) << (2 * bit)) as u16;
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
    /// Sixteen bytes from `at`, and sixteen from `at + 8`.
    #[inline]
    fn load_overlapping(block: &Block, at: usize) -> __m256i {
        debug_assert!(block.start + at + 24 <= block.bytes.len());
        // SAFETY: as in `load`.
        let half = |at: usize| unsafe { _mm_loadu_si128(block.bytes.as_ptr().add(block.start + at).cast()) };
        _mm256_inserti128_si256::<1>(_mm256_castsi128_si256(half(at)), half(at + 8))
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
        /// Base pattern and turn of each lane; see [`pattern`](crate::gram::keys::pattern).
        #[inline]
        fn pattern(&self, spread: __m256i) -> (__m256i, __m256i) {
            (_mm256_permutevar8x32_epi32(self.bases, spread), _mm256_srli_epi32::<3>(spread))
        }
    }
}

kernel! {
    /// Lanes whose pattern has no bit in common with the (inverted) filter word.
    #[inline]
    fn passes(words: __m256i, base: __m256i, turn: __m256i) -> usize {
        let turn = _mm256_and_si256(turn, _mm256_set1_epi32(31));
        // A shift by 32, where the turn is 0, gives 0.
        let back = _mm256_sub_epi32(_mm256_set1_epi32(32), turn);
        let pattern = _mm256_or_si256(_mm256_sllv_epi32(base, turn), _mm256_srlv_epi32(base, back));
        let none = _mm256_cmpeq_epi32(_mm256_and_si256(words, pattern), _mm256_setzero_si256());
        _mm256_movemask_ps(_mm256_castsi256_ps(none)).cast_unsigned() as usize
    }
}

/// Bits of lanes at even and at odd positions as bits of sixteen positions.
#[inline(always)]
fn interleave(lefts: usize, rights: usize) -> u64 {
    u64::from(SPREAD[lefts & 255]) | u64::from(SPREAD[rights & 255]) << 1
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
            maps.leads[word] = leads;
            maps.letters[word] = letter;
        }
    }
}

kernel! {
    pub(super) fn wide(filter: &WideFilter, block: &Block, maps: &ByteMaps, out: &mut [Positions; 2]) {
        let probe = probe(&filter.filter);
        let [middle, long] = out;
        let text = block.bytes[block.start..].as_ptr();
        for word in 0..block.words() {
            let mut leads = maps.leads[word] & block.positions_of(word);
            // The offsets of up to 64 lead bytes; a turn takes eight, of which the last may be stale.
            let mut places = [(word * 64) as u32; 64 + 8];
            let count = leads.count_ones() as usize;
            for place in places[..count.next_multiple_of(4)].as_chunks_mut::<4>().0 {
                for place in place {
                    *place = (word * 64) as u32 + (leads.trailing_zeros() & 63);
                    leads &= leads.wrapping_sub(1);
                }
            }
            for from in (0..count).step_by(8) {
                let valid = if count - from >= 8 { 255 } else { (1 << (count - from)) - 1 };
                let eight: &[u32; 8] = places[from..].first_chunk().expect("eight spare places");
                // SAFETY: the array has the 32 bytes that are read. A place is that of a byte of the block's words, and
                // ten bytes from each can be read (`PAD`).
                let (low, high, far) = unsafe {
                    let lanes = _mm256_loadu_si256(eight.as_ptr().cast());
                    (
                        _mm256_i32gather_epi32::<1>(text.cast(), lanes),
                        _mm256_i32gather_epi32::<1>(text.add(2).cast(), lanes),
                        _mm256_i32gather_epi32::<1>(text.add(6).cast(), lanes),
                    )
                };
                let hash = probe.hash(low, high);
                let words = probe.words(hash);
                let spread = probe.spread(hash);
                let list = |out: &mut Positions, mut hits: usize| {
                    while hits != 0 {
                        out.push(eight[hits.trailing_zeros() as usize & 7] as usize);
                        hits &= hits - 1;
                    }
                };
                if filter.middle {
                    let (base, turn) = probe.pattern(spread);
                    list(middle, passes(words, base, turn) & valid);
                }
                if filter.long {
                    let (base, turn) = probe.pattern(probe.extend(spread, far));
                    list(long, passes(words, base, turn) & valid);
                }
            }
        }
    }
}

kernel! {
    pub(super) fn ascii(filter: &AsciiFilter, block: &Block, maps: &ByteMaps, out: &mut [Positions; 2]) {
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
            for quarter in [0, 16, 32, 48] {
                let bytes = load_overlapping(block, word * 64 + quarter);
                let left = _mm256_shuffle_epi8(bytes, from_0);
                let right = _mm256_shuffle_epi8(bytes, from_6);
                let hash = probe.hash(_mm256_shuffle_epi8(bytes, from_1), _mm256_shuffle_epi8(bytes, from_2));
                let words = probe.words(hash);
                let spread = probe.spread(hash);
                if filter.middle {
                    let (base, turn) = probe.pattern(spread);
                    let lefts = passes(words, base, _mm256_add_epi32(turn, left));
                    let rights = passes(words, base, _mm256_add_epi32(turn, right));
                    middle_bits |= interleave(lefts, rights) << quarter;
                }
                if filter.long {
                    let (base, turn) = probe.pattern(probe.extend(spread, right));
                    let far = _mm256_shuffle_epi8(bytes, from_9);
                    let lefts = passes(words, base, _mm256_add_epi32(turn, left));
                    let rights = passes(words, base, _mm256_add_epi32(turn, far));
                    long_bits |= interleave(lefts, rights) << quarter;
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
        let probe = probe(filter.filter());
        let shift = _mm_cvtsi32_si128(filter.filter().shift().cast_signed() + 1);
        let (from_0, from_1, from_4) = (constant(&EVEN_0), constant(&EVEN_1), constant(&EVEN_4));
        let (three, turn) = (_mm256_set1_epi32(0xFF_FFFF), _mm256_set1_epi32(31));
        let ([out, _], mut selected) = (out, 0);
        for word in 0..block.words() {
            let windows = runs::<4>(maps.ascii[word], maps.ascii[word + 1]) & block.positions_of(word);
            if windows == 0 {
                continue;
            }
            let mut bits = 0;
            for quarter in [0, 16, 32, 48] {
                let bytes = load_overlapping(block, word * 64 + quarter);
                let shared = _mm256_and_si256(_mm256_shuffle_epi8(bytes, from_1), three);
                let index = _mm256_srl_epi32(_mm256_mullo_epi32(shared, probe.low), shift);
                // SAFETY: the shift is one more than that of the filter's words, so an index is that of a pair of words;
                // there are at most 2^23.
                let (before, behind) = unsafe {
                    (
                        _mm256_i32gather_epi32::<8>(probe.words.cast(), index),
                        _mm256_i32gather_epi32::<8>(probe.words.add(1).cast(), index),
                    )
                };
                // The bit of the neighbour byte, moved to the sign: set in the (inverted) word says no.
                let absent = |words: __m256i, from: __m256i| {
                    let byte = _mm256_and_si256(_mm256_shuffle_epi8(bytes, from), turn);
                    let sign = _mm256_slli_epi32::<31>(_mm256_srlv_epi32(words, byte));
                    _mm256_movemask_ps(_mm256_castsi256_ps(sign)).cast_unsigned() as usize
                };
                bits |= interleave(!absent(before, from_0), !absent(behind, from_4)) << quarter;
            }
            selected = out.put(selected, word * 64, bits & windows);
        }
        out.unpack(selected);
    }
}

kernel! {
    pub(super) fn words(filter: &WordFilter, block: &Block, maps: &ByteMaps, out: &mut [Positions; 2]) {
        portable::words(filter, block, maps, out);
    }
}

/// The bytes `part` of 32 rows, as two tables of sixteen.
struct Plane {
    lower: __m256i,
    upper: __m256i,
}

kernel! {
    #[inline]
    fn plane(rows: &[u32; 32], part: usize) -> Plane {
        let bytes: [u8; 32] = std::array::from_fn(|row| rows[row].to_le_bytes()[part]);
        // SAFETY: the array has 32 bytes, of which each read takes sixteen.
        let half = |at: usize| unsafe { _mm256_broadcastsi128_si256(_mm_loadu_si128(bytes.as_ptr().add(at).cast())) };
        Plane { lower: half(0), upper: half(16) }
    }
}

kernel! {
    /// Whether the pair of each lane is in a table of 32 rows of 32 bits.
    #[inline]
    fn has_pair(planes: &[Plane; 4], row: __m256i, bit: __m256i) -> u64 {
        // The row's lower four bits, and its fifth as the sign of a byte.
        let index = _mm256_and_si256(row, _mm256_set1_epi8(15));
        let is_upper = _mm256_slli_epi16::<3>(row);
        let look_up = |plane: &Plane| {
            let (lower, upper) = (_mm256_shuffle_epi8(plane.lower, index), _mm256_shuffle_epi8(plane.upper, index));
            _mm256_blendv_epi8(lower, upper, is_upper)
        };
        let parts = [look_up(&planes[0]), look_up(&planes[1]), look_up(&planes[2]), look_up(&planes[3])];
        // Bits 3 and 4 of the second byte choose the part, the lower three the bit in it.
        let (odd, high) = (_mm256_slli_epi16::<4>(bit), _mm256_slli_epi16::<3>(bit));
        let byte = _mm256_blendv_epi8(
            _mm256_blendv_epi8(parts[0], parts[1], odd),
            _mm256_blendv_epi8(parts[2], parts[3], odd),
            high,
        );
        let powers = _mm256_set1_epi64x(0x8040_2010_0804_0201_u64.cast_signed());
        let power = _mm256_shuffle_epi8(powers, _mm256_and_si256(bit, _mm256_set1_epi8(7)));
        mask(_mm256_cmpeq_epi8(_mm256_and_si256(byte, power), power))
    }
}

kernel! {
    pub(super) fn pairs(filter: &PairFilter, block: &Block, maps: &ByteMaps, out: &mut [Positions; 2]) {
        let ascii = [0, 1, 2, 3].map(|part| plane(&filter.ascii, part));
        let wide = [0, 1, 2, 3].map(|part| plane(&filter.wide, part));
        let (has_ascii, has_wide) = (filter.has_ascii(), filter.has_wide());
        let ([out, _], mut selected) = (out, 0);
        for word in 0..block.words() {
            let mut bits = 0;
            for half in [0, 32] {
                let at = word * 64 + half;
                let second = load(block, at + 1);
                if has_ascii && maps.ascii[word] != 0 {
                    bits |= (has_pair(&ascii, load(block, at), second) << half) & maps.ascii[word];
                }
                if has_wide && maps.leads[word] != 0 {
                    bits |= (has_pair(&wide, second, load(block, at + 2)) << half) & maps.leads[word];
                }
            }
            selected = out.put(selected, word * 64, bits & block.positions_of(word));
        }
        out.unpack(selected);
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
