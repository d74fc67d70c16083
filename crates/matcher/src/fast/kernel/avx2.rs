//! Eight characters at a time, for processors with AVX2: Intel from Haswell on, AMD from Zen on.
//!
//! Every function here needs the instructions that [`Avx2::new`] looks for, and an [`Avx2`] is the proof that they are
//! there. Loads stay within the slices that they are given: at their ends what is left is copied first. There is no
//! PDEP or PEXT, which AMD before Zen 3 runs as slow microprograms.

use std::arch::x86_64::{
    __m128i, __m256i, _mm_add_epi8, _mm_cmpeq_epi16, _mm_cvtsi32_si128, _mm_loadl_epi64, _mm_loadu_si128,
    _mm_movemask_epi8, _mm_packs_epi16, _mm_set1_epi16, _mm_setzero_si128, _mm_shuffle_epi8, _mm_slli_epi16,
    _mm_storeu_si128, _mm_unpackhi_epi16, _mm_unpacklo_epi8, _mm_unpacklo_epi16, _mm256_add_epi32, _mm256_and_si256,
    _mm256_andnot_si256, _mm256_broadcastsi128_si256, _mm256_castps_si256, _mm256_castsi128_si256, _mm256_castsi256_ps,
    _mm256_castsi256_si128, _mm256_cmpeq_epi8, _mm256_cmpeq_epi32, _mm256_cmpgt_epi8, _mm256_cmpgt_epi32,
    _mm256_cvtepu8_epi32, _mm256_cvtepu16_epi32, _mm256_i32gather_epi32, _mm256_inserti128_si256, _mm256_loadu_si256,
    _mm256_madd_epi16, _mm256_maddubs_epi16, _mm256_min_epu8, _mm256_movemask_epi8, _mm256_movemask_ps,
    _mm256_mullo_epi32, _mm256_or_si256, _mm256_packus_epi32, _mm256_permute4x64_epi64, _mm256_permutevar8x32_epi32,
    _mm256_set1_epi8, _mm256_set1_epi32, _mm256_setzero_si256, _mm256_shuffle_epi8, _mm256_shuffle_ps,
    _mm256_sllv_epi32, _mm256_srl_epi32, _mm256_srli_epi16, _mm256_srli_epi32, _mm256_srlv_epi32, _mm256_storeu_si256,
    _mm256_sub_epi8, _mm256_sub_epi32, _mm256_xor_si256,
};
use std::ops::Range;
use std::sync::LazyLock;

use super::masks::{Beyond, Masks, STEP, Suspects, before, behind, each_bit};
use crate::fast::codes::{BARRIER, BEYOND, Block, EDGE, EVENT, FIRST, Filling};
use crate::fast::keys::{Keys, PAIR, THIRD};
use crate::fast::ranges::Ranges;
use crate::fast::words::{Sink, WORD_HIGH, WORD_LOW, first_eight, kinds, kinds_of_ascii};

/// Proof that the processor has the instructions of this file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Avx2(());

#[expect(clippy::unused_self, reason = "the value is the proof")]
impl Avx2 {
    /// `None` on a processor without them.
    pub(crate) fn new() -> Option<Self> {
        let has_all = is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("bmi1")
            && is_x86_feature_detected!("bmi2")
            && is_x86_feature_detected!("popcnt")
            && is_x86_feature_detected!("lzcnt");
        has_all.then_some(Self(()))
    }

    /// Appends the codes of a range of text, which starts with the first byte of a character, and notes events.
    /// Returns the byte behind the range that is the first of a character or the end of the text. `table` has a code for
    /// each character of the basic plane and one more.
    pub(crate) fn fill(
        self,
        table: &[u16],
        text: &str,
        range: Range<usize>,
        filling: Filling,
        block: &mut Block,
        events: &mut Ranges,
    ) -> usize {
        assert!(table.len() > 0x1_0000 && u32::try_from(text.len()).is_ok());
        // SAFETY: `self` proves the instructions; the table has the entry behind the last code that a gather reads.
        unsafe { fill(table, text, range, filling, block, events) }
    }

    /// Calls `on_index` for the codes of `codes[from..to]` at which a window may be a key, a single code is one, or a run
    /// of three starts. There are no windows behind the end of `codes`.
    pub(crate) fn look_up(
        self,
        codes: &[u16],
        from: usize,
        to: usize,
        windows: &Keys,
        singles: &[u32],
        on_index: impl FnMut(usize),
    ) {
        assert!(windows.is_whole());
        assert!(singles.is_empty() || singles.len() == 2048);
        assert!(to <= codes.len());
        // SAFETY: `self` proves the instructions; the shift keeps places inside the filter, and a code divided by 32 is
        // inside the map of single codes.
        unsafe { look_up(codes, from, to, windows, singles, on_index) }
    }

    /// Tells the sink of words of letters that may be among `words`, of chunks whose letters may show another word, and of
    /// signs that may start an escape. `has_numerals`: chunks without letters may too. `is_wide`: more may stand between
    /// letters that are spelled one by one.
    pub(crate) fn words(self, text: &[u8], words: &Keys, has_numerals: bool, is_wide: bool, sink: &mut impl Sink) {
        assert!(words.is_whole());
        // SAFETY: `self` proves the instructions; the shift keeps places inside the filter.
        unsafe { find_words(text, words, has_numerals, is_wide, sink) }
    }
}

/// Bytes of a register.
const HALF: usize = 32;

#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]
fn load(bytes: &[u8; HALF]) -> __m256i {
    // SAFETY: the array has the 32 bytes that are loaded.
    unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
}

#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]
fn load_lanes(lanes: &[u32; 8]) -> __m256i {
    // SAFETY: the array has the 32 bytes that are loaded.
    unsafe { _mm256_loadu_si256(lanes.as_ptr().cast()) }
}

#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]
fn load_codes(codes: &[u16; 8]) -> __m128i {
    // SAFETY: the array has the 16 bytes that are loaded.
    unsafe { _mm_loadu_si128(codes.as_ptr().cast()) }
}

/// A table of 16 bytes, in both halves.
#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]
fn table_of(bytes: &[u8; 16]) -> __m256i {
    // SAFETY: the array has the 16 bytes that are loaded.
    unsafe { _mm256_broadcastsi128_si256(_mm_loadu_si128(bytes.as_ptr().cast())) }
}

#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]
fn all(value: u32) -> __m256i {
    _mm256_set1_epi32(value.cast_signed())
}

#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]
fn all_bytes(value: u8) -> __m256i {
    _mm256_set1_epi8(value.cast_signed())
}

/// The highest bit of each byte.
#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]
fn byte_mask(bytes: __m256i) -> u32 {
    _mm256_movemask_epi8(bytes).cast_unsigned()
}

/// The highest bit of each of eight numbers.
#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]
fn lane_mask(lanes: __m256i) -> u8 {
    _mm256_movemask_ps(_mm256_castsi256_ps(lanes)).cast_unsigned() as u8
}

/// The text from byte `at` on, and spaces behind its end.
#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]
fn half_at(text: &[u8], at: usize) -> __m256i {
    if let Some(bytes) = text.get(at..at + HALF).and_then(|bytes| bytes.first_chunk()) {
        return load(bytes);
    }
    let mut bytes = [b' '; HALF];
    let rest = text.get(at..).unwrap_or_default();
    bytes[..rest.len()].copy_from_slice(rest);
    load(&bytes)
}

/// The bytes that are letters of ASCII, by their form in lower case.
#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]
fn letters_of(folded: __m256i) -> u32 {
    let from_a = _mm256_sub_epi8(folded, all_bytes(b'a'));
    byte_mask(_mm256_cmpeq_epi8(_mm256_min_epu8(from_a, all_bytes(25)), from_a))
}

/// Sets of ASCII characters: for each lower half of a byte the upper halves, a bit each.
struct Sets {
    hidden: [u8; 16],
    escapes: [u8; 16],
    digits_and_escapes: [u8; 16],
    numerals: [u8; 16],
    spaces: [u8; 16],
}

static SETS: LazyLock<Sets> = LazyLock::new(|| {
    let of_ascii = kinds_of_ascii();
    let set = |is_in: &dyn Fn(u8) -> bool| {
        std::array::from_fn(|low| (0..8).map(|high| u8::from(is_in(of_ascii[high << 4 | low])) << high).sum())
    };
    let any = |kinds: u8| set(&|of: u8| of & kinds != 0);
    Sets {
        hidden: any(kinds::HIDDEN),
        escapes: any(kinds::ESCAPE),
        digits_and_escapes: any(kinds::DIGIT | kinds::ESCAPE),
        numerals: any(kinds::DIGIT | kinds::LEET),
        spaces: set(&|of: u8| of == 0),
    }
});

/// The bit of each upper half of a byte. Those beyond ASCII have bits that no set gives them.
const UPPER: [u8; 16] = {
    let mut bits = [0xFF; 16];
    let mut high = 0;
    while high < 8 {
        bits[high] = 1 << high;
        high += 1;
    }
    bits
};

/// Bytes that are looked up in sets.
struct Members {
    bytes: __m256i,
    upper: __m256i,
}

impl Members {
    #[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]
    fn new(bytes: __m256i) -> Self {
        let half = _mm256_and_si256(_mm256_srli_epi16::<4>(bytes), all_bytes(15));
        Self { bytes, upper: _mm256_shuffle_epi8(table_of(&UPPER), half) }
    }

    /// The bytes that are in a set.
    #[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]
    fn of(&self, set: &[u8; 16]) -> u32 {
        // A byte beyond ASCII takes zero from a table.
        let rows = _mm256_shuffle_epi8(table_of(set), self.bytes);
        byte_mask(_mm256_cmpeq_epi8(_mm256_and_si256(rows, self.upper), self.upper))
    }
}

/// Eight characters of three bytes each and the first byte of one more: where they start.
const THREES: u32 = 0x0124_9249;

/// The bytes of the character that starts at each third byte, the last first, which makes its number by two sums.
const THREE_BYTES: [u8; 16] = {
    let mut bytes = [0; 16];
    let mut at = 0;
    while at < 16 {
        bytes[at] = (at / 4 * 3 + [2, 1, 0, 0][at % 4]) as u8;
        at += 1;
    }
    bytes
};

/// Eight numbers, and eight numbers three apart.
const IOTA: [u32; 8] = [0, 1, 2, 3, 4, 5, 6, 7];
const BY_THREE: [u32; 8] = [0, 3, 6, 9, 12, 15, 18, 21];

/// For each set of eight lanes these lanes in order.
static LANES_OF: [[u8; 8]; 256] = {
    let mut lanes_of = [[0; 8]; 256];
    let mut set = 0;
    while set < 256 {
        let (mut lane, mut count) = (0_u8, 0);
        while lane < 8 {
            if set >> lane & 1 != 0 {
                lanes_of[set][count] = lane;
                count += 1;
            }
            lane += 1;
        }
        set += 1;
    }
    lanes_of
};

/// Characters of three bytes in a row from which on they are taken together.
const MIN_THREES: u32 = 3;

/// The last place in a register at which a character is within it, whatever its length, and one more.
const WHOLE: u32 = 29;

/// # Safety
///
/// The processor has the instructions, and `table` has an entry behind that of U+FFFF.
#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]
unsafe fn fill(
    table: &[u16],
    text: &str,
    Range { start: mut at, end }: Range<usize>,
    filling: Filling,
    block: &mut Block,
    events: &mut Ranges,
) -> usize {
    let sets = &*SETS;
    let bytes = text.as_bytes();
    let mut count = block.len;
    // Characters of ASCII right before `at`.
    let mut ascii = 0;
    while at < end && count + HALF <= block.codes.len().min(block.positions.len()) {
        let step = half_at(bytes, at);
        let beyond = byte_mask(step);
        let lead = byte_mask(_mm256_cmpgt_epi8(step, _mm256_set1_epi8(-65)));
        // Characters of three bytes up to the first one that is another, or is cut off.
        let threes = ((lead ^ THREES) | 1 << 25).trailing_zeros().saturating_sub(1).min(beyond.trailing_ones()) / 3;
        if threes >= MIN_THREES {
            let further = half_at(bytes, at + 12);
            let halves = _mm256_inserti128_si256::<1>(step, _mm256_castsi256_si128(further));
            let bits = _mm256_and_si256(_mm256_shuffle_epi8(halves, table_of(&THREE_BYTES)), all(0x000F_3F3F));
            let point = _mm256_madd_epi16(_mm256_maddubs_epi16(bits, all(0x0001_4001)), all(0x1000_0001));
            // SAFETY: code points here are at most 0xFFFF, and the table has one entry more than that, so the four bytes
            // that are read for each are inside it.
            let code = unsafe { _mm256_i32gather_epi32::<2>(table.as_ptr().cast(), point) };
            let valid = _mm256_cmpgt_epi32(all(threes), load_lanes(&IOTA));
            let code = _mm256_and_si256(_mm256_and_si256(code, all(0xFFFF)), valid);
            let code = _mm256_permute4x64_epi64::<0b00_00_10_00>(_mm256_packus_epi32(code, code));
            let code = _mm256_castsi256_si128(code);
            let place = _mm256_add_epi32(load_lanes(&BY_THREE), all(at as u32));
            let is = |code: __m128i, value: u16| {
                let equal = _mm_cmpeq_epi16(code, _mm_set1_epi16(value.cast_signed()));
                _mm_movemask_epi8(_mm_packs_epi16(equal, _mm_setzero_si128())).cast_unsigned() as u8
            };
            each_bit(u64::from(is(code, EVENT)), |lane| events.push(at + 3 * lane));
            if filling.keeps {
                let keep = !is(code, 0);
                let lanes = &LANES_OF[usize::from(keep)];
                // SAFETY: the array has the eight bytes that are loaded; there is room for eight more codes and places,
                // seen above.
                unsafe {
                    let lanes = _mm_loadl_epi64(lanes.as_ptr().cast());
                    let twice = _mm_slli_epi16::<1>(_mm_unpacklo_epi8(lanes, lanes));
                    let kept = _mm_shuffle_epi8(code, _mm_add_epi8(twice, _mm_set1_epi16(0x0100)));
                    _mm_storeu_si128(block.codes.as_mut_ptr().add(count).cast(), kept);
                    let places = _mm256_permutevar8x32_epi32(place, _mm256_cvtepu8_epi32(lanes));
                    _mm256_storeu_si256(block.positions.as_mut_ptr().add(count).cast(), places);
                }
                count += keep.count_ones() as usize;
            }
            ascii = 0;
            at += 3 * threes as usize;
            continue;
        }
        let members = Members::new(step);
        if beyond == 0 && filling.skips_ascii && ascii >= EDGE && members.of(&sets.hidden) == 0 {
            let next = byte_mask(half_at(bytes, at + HALF));
            if next.trailing_zeros() as usize >= EDGE {
                // No window goes over so many characters that are not left out. One barrier stands for all of them.
                if filling.keeps && block.codes[count - 1] != BARRIER {
                    (block.codes[count], block.positions[count]) = (BARRIER, at as u32);
                    count += 1;
                }
                each_bit(u64::from(members.of(&sets.escapes)), |bit| events.push_escape(text, at + bit));
                (at, ascii) = (at + HALF, ascii + HALF);
                continue;
            }
        }
        let mut take = lead & beyond;
        if filling.keeps && beyond != u32::MAX {
            let letters = letters_of(_mm256_or_si256(step, all_bytes(0x20)));
            take |= if filling.takes_letters {
                letters | members.of(&sets.numerals) | members.of(&sets.escapes)
            } else {
                members.of(&sets.digits_and_escapes) | (letters & !(letters << 1))
            };
        }
        take &= (1 << WHOLE) - 1;
        let length = WHOLE + (lead >> WHOLE | 0b1000).trailing_zeros();
        each_bit(u64::from(take), |bit| {
            let place = at + bit;
            let code = table[point_at(bytes, place)];
            if code == EVENT {
                events.push(place);
            }
            if filling.keeps {
                // There is room for one a byte, seen above. What is left out is written over.
                (block.codes[count], block.positions[count]) = (code, place as u32);
                count += usize::from(code != 0);
            }
        });
        let last_beyond = beyond << (32 - length);
        ascii = if last_beyond == 0 { ascii + length as usize } else { last_beyond.leading_zeros() as usize };
        at += length as usize;
    }
    block.len = count;
    at.min(bytes.len())
}

/// The code point of the character at a byte, if it has one to three bytes; `BEYOND` of a longer one.
#[inline]
fn point_at(bytes: &[u8], at: usize) -> usize {
    let bits = |at: usize| usize::from(bytes[at] & 0x3F);
    match bytes[at] {
        byte @ 0..0x80 => usize::from(byte),
        byte @ 0x80..0xE0 => usize::from(byte & 0x1F) << 6 | bits(at + 1),
        byte @ 0xE0..0xF0 => usize::from(byte & 0x0F) << 12 | bits(at + 1) << 6 | bits(at + 2),
        _ => BEYOND as usize,
    }
}

/// The words of a filter that have the bits of their keys, as signs.
#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]
fn has_bits(word: __m256i, key: __m256i) -> __m256i {
    let folded = _mm256_xor_si256(key, _mm256_srli_epi32::<15>(key));
    let turned = |value: u32, turn: __m256i| {
        let turn = _mm256_and_si256(turn, all(31));
        // A shift by 32, where the turn is 0, gives 0.
        let back = _mm256_sub_epi32(all(32), turn);
        _mm256_or_si256(_mm256_sllv_epi32(all(value), turn), _mm256_srlv_epi32(all(value), back))
    };
    let bits = _mm256_or_si256(turned(0x0000_0201, folded), turned(0x0020_0001, _mm256_srli_epi32::<5>(folded)));
    _mm256_cmpeq_epi32(_mm256_andnot_si256(word, bits), _mm256_setzero_si256())
}

/// # Safety
///
/// The processor has the instructions; the filter's length is a power of two and fits its shift; `singles` is empty or has
/// a bit for each code.
#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]
unsafe fn look_up(
    codes: &[u16],
    from: usize,
    to: usize,
    windows: &Keys,
    singles: &[u32],
    mut on_index: impl FnMut(usize),
) {
    let shift = _mm_cvtsi32_si128(windows.bloom_shift.cast_signed());
    let last_sign = all(u32::from(FIRST) - 1);
    let mut rest = [0; 16];
    let mut at = from;
    while at < to {
        // The codes of eight windows and the two behind them; zeros behind the last.
        let here: &[u16] = if let Some(here) = codes.get(at..at + 10) {
            here
        } else {
            rest[..codes.len() - at].copy_from_slice(&codes[at..]);
            rest[codes.len() - at..].fill(0);
            &rest
        };
        let from = |offset: usize| load_codes(here[offset..].first_chunk().expect("ten codes were taken"));
        let (a, b) = (from(0), from(1));
        let pair =
            _mm256_inserti128_si256::<1>(_mm256_castsi128_si256(_mm_unpacklo_epi16(a, b)), _mm_unpackhi_epi16(a, b));
        let (a, b, c) = (_mm256_cvtepu16_epi32(a), _mm256_cvtepu16_epi32(b), _mm256_cvtepu16_epi32(from(2)));
        let has_one = _mm256_cmpgt_epi32(a, last_sign);
        let has_two = _mm256_and_si256(has_one, _mm256_cmpgt_epi32(b, last_sign));
        let has_three = _mm256_and_si256(has_two, _mm256_cmpgt_epi32(c, last_sign));
        let is_run = _mm256_and_si256(_mm256_cmpeq_epi32(a, b), _mm256_cmpeq_epi32(b, c));
        let two = _mm256_mullo_epi32(pair, all(PAIR));
        let three = _mm256_add_epi32(two, _mm256_madd_epi16(c, all(THIRD as u32)));
        let place = _mm256_srl_epi32(two, shift);
        // SAFETY: a place is less than the length of the filter.
        let word = unsafe { _mm256_i32gather_epi32::<4>(windows.bloom.as_ptr().cast(), place) };
        let is_third = _mm256_and_si256(_mm256_or_si256(has_bits(word, three), is_run), has_three);
        let mut hits = _mm256_or_si256(_mm256_and_si256(has_bits(word, two), has_two), is_third);
        if !singles.is_empty() {
            // SAFETY: the map has 2,048 words, a bit for each of 65,536 codes.
            let word = unsafe { _mm256_i32gather_epi32::<4>(singles.as_ptr().cast(), _mm256_srli_epi32::<5>(a)) };
            let bit = _mm256_and_si256(_mm256_srlv_epi32(word, _mm256_and_si256(a, all(31))), all(1));
            hits = _mm256_or_si256(hits, _mm256_and_si256(_mm256_cmpeq_epi32(bit, all(1)), has_one));
        }
        let valid = if to - at >= 8 { u8::MAX } else { (1 << (to - at)) - 1 };
        each_bit(u64::from(lane_mask(hits) & valid), |lane| on_index(at + lane));
        at += 8;
    }
}

/// Reads the kinds of characters of a text, one step after the other.
struct Steps<'t> {
    text: &'t [u8],
    sets: &'static Sets,
    beyond: Beyond,
}

impl Steps<'_> {
    /// The kinds of characters of the step at byte `at`.
    #[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]
    fn read(&mut self, at: usize) -> Masks {
        let Self { text, sets, .. } = *self;
        let (mut masks, mut beyond, mut hidden, mut ascii) = (Masks::default(), Beyond::default(), 0, 0);
        for half in [0, HALF] {
            let at = at + half;
            let bytes = half_at(text, at);
            let members = Members::new(bytes);
            let lower = all_bytes(0x20);
            let folded = _mm256_or_si256(bytes, lower);
            let one_before = match at.checked_sub(1) {
                Some(before) => half_at(text, before),
                None => first_behind_zero(text),
            };
            let letters = letters_of(folded);
            let repeats = byte_mask(_mm256_cmpeq_epi8(folded, _mm256_or_si256(one_before, lower))) & letters;
            masks.letters |= u64::from(letters) << half;
            masks.repeats |= u64::from(repeats) << half;
            masks.numerals |= u64::from(members.of(&sets.numerals)) << half;
            masks.spaces |= u64::from(members.of(&sets.spaces)) << half;
            masks.escapes |= u64::from(members.of(&sets.escapes)) << half;
            hidden |= u64::from(members.of(&sets.hidden)) << half;
            let is_beyond = byte_mask(bytes);
            ascii |= u64::from(!is_beyond) << half;
            if is_beyond != 0 {
                let from_e5 = _mm256_sub_epi8(bytes, all_bytes(0xE5));
                let ideographs = byte_mask(_mm256_cmpeq_epi8(_mm256_min_epu8(from_e5, all_bytes(4)), from_e5));
                beyond.ideographs |= u64::from(ideographs) << half;
                let upper = _mm256_and_si256(bytes, all_bytes(0xF0));
                let quote_bytes = [(bytes, 0xE2), (bytes, 0x80), (upper, 0x90)];
                for (mask, (bytes, byte)) in beyond.quote_bytes.iter_mut().zip(quote_bytes) {
                    *mask |= u64::from(byte_mask(_mm256_cmpeq_epi8(bytes, all_bytes(byte)))) << half;
                }
            }
        }
        masks.readable = masks.numerals | hidden | !ascii;
        masks.settle(beyond, self.beyond);
        self.beyond = beyond;
        masks
    }
}

/// A zero and what follows in the text from its beginning on, as the bytes before those at its beginning.
#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]
fn first_behind_zero(text: &[u8]) -> __m256i {
    let mut bytes = [0; HALF];
    let count = text.len().min(HALF - 1);
    bytes[1..=count].copy_from_slice(&text[..count]);
    load(&bytes)
}

/// The first byte of each number, four times.
const FOUR_TIMES: [u8; 16] = [0, 0, 0, 0, 4, 4, 4, 4, 8, 8, 8, 8, 12, 12, 12, 12];

/// Words that wait to be looked up, eight at a time.
struct Batch {
    count: usize,
    /// The first eight bytes of each, in lower case, zeros behind its end.
    eights: [u64; Self::ROOM],
    starts: [u32; Self::ROOM],
    lengths: [u32; Self::ROOM],
}

impl Batch {
    /// Fewer than eight are left by the step before; every second byte may start a word, and four are taken at a time.
    const ROOM: usize = 7 + STEP / 2 + 4;

    /// Takes a word, counted or not.
    #[inline]
    fn push(&mut self, text: &[u8], at: usize, start: usize, end: usize) {
        let length = end.wrapping_sub(start);
        let eight = first_eight(text.get(at + start..).unwrap_or_default()) | 0x2020_2020_2020_2020;
        let shown = 8 * length.min(8) as u32;
        self.eights[self.count] = eight & !u64::MAX.checked_shl(shown).unwrap_or(0);
        self.starts[self.count] = (at + start) as u32;
        self.lengths[self.count] = length as u32;
        self.count += 1;
    }

    /// Calls `on_word` with the start and length of words that may be keys, and keeps fewer than eight.
    ///
    /// # Safety
    ///
    /// The processor has the instructions; the places of keys are inside the filter.
    #[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]
    unsafe fn look_up_eights(&mut self, words: &Keys, mut on_word: impl FnMut(usize, usize)) {
        let mut from = 0;
        while self.count - from >= 8 {
            // SAFETY: as for this function.
            let hits = unsafe { self.look_up_at(from, words) };
            each_bit(u64::from(hits), |lane| {
                on_word(self.starts[from + lane] as usize, self.lengths[from + lane] as usize);
            });
            from += 8;
        }
        self.eights.copy_within(from..self.count, 0);
        self.starts.copy_within(from..self.count, 0);
        self.lengths.copy_within(from..self.count, 0);
        self.count -= from;
    }

    /// Which of the eight words from `from` on may be keys.
    ///
    /// # Safety
    ///
    /// The processor has the instructions; the places of keys are inside the filter.
    #[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]
    unsafe fn look_up_at(&self, from: usize, words: &Keys) -> u8 {
        let shift = _mm_cvtsi32_si128(words.bloom_shift.cast_signed());
        let eights: &[u64; 8] = self.eights[from..].first_chunk().expect("eight words are there");
        let lengths: &[u32; 8] = self.lengths[from..].first_chunk().expect("eight words are there");
        // SAFETY: the array has the 64 bytes that are loaded.
        let (one, other) =
            unsafe { (_mm256_loadu_si256(eights.as_ptr().cast()), _mm256_loadu_si256(eights.as_ptr().add(4).cast())) };
        let (one, other) = (_mm256_castsi256_ps(one), _mm256_castsi256_ps(other));
        let (low, high) = (
            _mm256_castps_si256(_mm256_shuffle_ps::<0b10_00_10_00>(one, other)),
            _mm256_castps_si256(_mm256_shuffle_ps::<0b11_01_11_01>(one, other)),
        );
        // The halves of four words each come in the order 0 1 4 5 2 3 6 7.
        let in_order = |lanes: __m256i| _mm256_permute4x64_epi64::<0b11_01_10_00>(lanes);
        let (low, high) = (in_order(low), in_order(high));
        // The length in each of the four bytes of its word.
        let lengths = _mm256_shuffle_epi8(load_lanes(lengths), table_of(&FOUR_TIMES));
        let hash = _mm256_add_epi32(
            _mm256_mullo_epi32(low, all(WORD_LOW)),
            _mm256_mullo_epi32(_mm256_xor_si256(high, lengths), all(WORD_HIGH)),
        );
        let place = _mm256_srl_epi32(hash, shift);
        // SAFETY: a place is inside the filter.
        let word = unsafe { _mm256_i32gather_epi32::<4>(words.bloom.as_ptr().cast(), place) };
        lane_mask(has_bits(word, hash))
    }
}

/// # Safety
///
/// The processor has the instructions; the places of keys are inside the filter.
#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]
unsafe fn find_words(text: &[u8], words: &Keys, has_numerals: bool, is_wide: bool, sink: &mut impl Sink) {
    let mut steps = Steps { text, sets: &SETS, beyond: Beyond::default() };
    let mut suspects = Suspects::new(has_numerals, is_wide);
    let mut batch = Batch { count: 0, eights: [0; Batch::ROOM], starts: [0; Batch::ROOM], lengths: [0; Batch::ROOM] };
    let mut previous = 0;
    let mut here = steps.read(0);
    let mut at = 0;
    while at < text.len() {
        let next = steps.read(at + STEP);
        suspects.step(at, &here, &next, sink);
        let mut starts = here.letters & !before(here.letters, previous, 1);
        let mut ends = here.letters & !behind(here.letters, next.letters, 1);
        if here.letters & 1 & (previous >> 63) != 0 {
            // The first end, if there is one, is of a word that started before.
            ends &= ends.wrapping_sub(1);
        }
        let (mut left, closed) = (starts.count_ones(), ends.count_ones());
        if left > closed {
            // The last word ends in the next step; one that does not is not looked at by its letters here.
            let start = 63 - starts.leading_zeros() as usize;
            let end = (!next.letters).trailing_zeros() as usize;
            if end == 64 {
                let length = text[at + start..].iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
                sink.word(at + start, at + start + length);
            } else {
                batch.push(text, at, start, 64 + end);
            }
            left -= 1;
        }
        // Four at a time: the number of turns is mostly foreseen. What is too much is not counted.
        let count = batch.count + left as usize;
        while batch.count < count {
            for _ in 0..4 {
                batch.push(text, at, starts.trailing_zeros() as usize, ends.trailing_zeros() as usize + 1);
                starts &= starts.wrapping_sub(1);
                ends &= ends.wrapping_sub(1);
            }
        }
        batch.count = count;
        // SAFETY: as for this function.
        unsafe { batch.look_up_eights(words, |start, length| sink.word(start, start + length)) };
        (previous, here) = (here.letters, next);
        at += STEP;
    }
    // SAFETY: as for this function. There are eight words, of which the last ones were looked up before.
    let hits = unsafe { batch.look_up_at(0, words) } & ((1_u8 << batch.count) - 1);
    each_bit(u64::from(hits), |lane| {
        sink.word(batch.starts[lane] as usize, (batch.starts[lane] + batch.lengths[lane]) as usize);
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fast::kernel::masks::tests::reads_plain_masks;

    /// # Safety
    ///
    /// The processor has the instructions.
    #[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]
    unsafe fn masks_of(text: &[u8]) -> Vec<Masks> {
        let mut steps = Steps { text, sets: &SETS, beyond: Beyond::default() };
        (0..=text.len()).step_by(STEP).map(|at| steps.read(at)).collect()
    }

    #[test]
    fn kinds_are_those_of_the_bytes() {
        if Avx2::new().is_some() {
            // SAFETY: the processor has the instructions.
            reads_plain_masks(|text| unsafe { masks_of(text) });
        }
    }
}
