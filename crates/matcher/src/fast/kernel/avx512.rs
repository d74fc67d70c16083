//! Sixteen characters at a time.
//!
//! Every function here needs the instructions that [`Avx512::new`] looks for, and an [`Avx512`] is the proof that they
//! are there. Loads stay within the slices that they are given: at their ends only what is left is loaded.

use std::arch::x86_64::{
    __m512i, _mm_cvtsi32_si128, _mm256_cmpeq_epi16_mask, _mm256_maskz_compress_epi16, _mm256_set1_epi16,
    _mm256_storeu_si256, _mm256_test_epi16_mask, _mm512_add_epi8, _mm512_add_epi32, _mm512_and_si512,
    _mm512_andnot_si512, _mm512_castsi512_si128, _mm512_castsi512_si256, _mm512_cmpeq_epi8_mask,
    _mm512_cmpeq_epi16_mask, _mm512_cmpeq_epi32_mask, _mm512_cmpge_epu16_mask, _mm512_cmpgt_epi8_mask,
    _mm512_cmplt_epu8_mask, _mm512_cvtepi32_epi16, _mm512_cvtepu8_epi32, _mm512_cvtepu16_epi32, _mm512_loadu_si512,
    _mm512_madd_epi16, _mm512_maddubs_epi16, _mm512_mask_blend_epi8, _mm512_mask_blend_epi32,
    _mm512_mask_i32gather_epi32, _mm512_mask_loadu_epi8, _mm512_maskz_compress_epi8, _mm512_maskz_compress_epi32,
    _mm512_maskz_loadu_epi16, _mm512_maskz_permutex2var_epi8, _mm512_maskz_permutexvar_epi8,
    _mm512_maskz_permutexvar_epi16, _mm512_movepi8_mask, _mm512_mullo_epi32, _mm512_or_si512, _mm512_permutex2var_epi8,
    _mm512_permutexvar_epi8, _mm512_permutexvar_epi16, _mm512_rolv_epi32, _mm512_set1_epi8, _mm512_set1_epi16,
    _mm512_set1_epi32, _mm512_setzero_si512, _mm512_shuffle_epi8, _mm512_shuffle_i64x2, _mm512_slli_epi32,
    _mm512_srl_epi32, _mm512_srli_epi32, _mm512_srlv_epi32, _mm512_storeu_si512, _mm512_sub_epi8,
    _mm512_test_epi8_mask, _mm512_test_epi32_mask, _mm512_testn_epi32_mask, _mm512_xor_si512, _pdep_u64,
};
use std::ops::Range;
use std::sync::LazyLock;

use super::masks::{Beyond, Masks, STEP, Suspects, before, behind, each_bit};
use crate::fast::codes::{BARRIER, BEYOND, Block, EDGE, EVENT, FIRST, Filling};
use crate::fast::keys::{Keys, PAIR, THIRD};
use crate::fast::ranges::Ranges;
use crate::fast::words::{Sink, WORD_HIGH, WORD_LOW, kinds, kinds_of_ascii};

/// Proof that the processor has the instructions of this file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Avx512(());

#[expect(clippy::unused_self, reason = "the value is the proof")]
impl Avx512 {
    /// `None` on a processor without them.
    pub(crate) fn new() -> Option<Self> {
        let has_all = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vbmi")
            && is_x86_feature_detected!("avx512vbmi2")
            && is_x86_feature_detected!("bmi1")
            && is_x86_feature_detected!("bmi2")
            && is_x86_feature_detected!("popcnt");
        has_all.then_some(Self(()))
    }

    /// Appends the codes of a range of text, which starts with the first byte of a character, and notes events.
    /// Returns the byte behind the range that is the first of a character or the end of the text. `table` has a code for each
    /// character of the basic plane and one more.
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
        // SAFETY: `self` proves the instructions; the shift keeps places inside the filter, and a code divided by 32 is inside the map of single codes.
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

/// The bytes 0 to 63.
const IOTA: [u8; STEP] = {
    let mut bytes = [0; STEP];
    let mut at = 0;
    while at < STEP {
        bytes[at] = at as u8;
        at += 1;
    }
    bytes
};

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,bmi1,bmi2,popcnt")]
fn load(bytes: &[u8; STEP]) -> __m512i {
    // SAFETY: the array has the 64 bytes that are loaded.
    unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,bmi1,bmi2,popcnt")]
fn iota() -> __m512i {
    load(&IOTA)
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,bmi1,bmi2,popcnt")]
fn all(value: u32) -> __m512i {
    _mm512_set1_epi32(value.cast_signed())
}

/// A step of text from byte `at` on, and spaces behind its end.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,bmi1,bmi2,popcnt")]
fn step_at(text: &[u8], at: usize) -> __m512i {
    if let Some(step) = text.get(at..at + STEP).and_then(|step| step.first_chunk()) {
        return load(step);
    }
    let left = text.len().saturating_sub(at);
    // SAFETY: only the bytes that are left are loaded.
    unsafe { _mm512_mask_loadu_epi8(_mm512_set1_epi8(0x20), (1 << left) - 1, text.as_ptr().wrapping_add(at).cast()) }
}

/// The first 16 bytes of `index`, each four times.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,bmi1,bmi2,popcnt")]
fn four_times(index: __m512i) -> __m512i {
    const REPEAT: [u8; STEP] = {
        let mut bytes = [0; STEP];
        let mut at = 0;
        while at < STEP {
            bytes[at] = (at % 16 / 4 * 4) as u8;
            at += 1;
        }
        bytes
    };
    _mm512_shuffle_epi8(_mm512_cvtepu8_epi32(_mm512_castsi512_si128(index)), load(&REPEAT))
}

/// The first 16 bytes of `index`, each four times with 0, 1, 2, 3 added: where the four bytes of each character are.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,bmi1,bmi2,popcnt")]
fn four_bytes(index: __m512i) -> __m512i {
    _mm512_add_epi8(four_times(index), all(0x0302_0100))
}

/// The code points of the characters of which the first four bytes are given, of one to three; `BEYOND` of longer ones.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,bmi1,bmi2,popcnt")]
fn points(bytes: __m512i) -> __m512i {
    let one = _mm512_and_si512(bytes, all(0x7F));
    let second = _mm512_and_si512(_mm512_srli_epi32(bytes, 8), all(0x3F));
    let third = _mm512_and_si512(_mm512_srli_epi32(bytes, 16), all(0x3F));
    let two = _mm512_or_si512(_mm512_slli_epi32(_mm512_and_si512(bytes, all(0x1F)), 6), second);
    let three = _mm512_or_si512(
        _mm512_or_si512(_mm512_slli_epi32(_mm512_and_si512(bytes, all(0x0F)), 12), _mm512_slli_epi32(second, 6)),
        third,
    );
    let first = _mm512_and_si512(bytes, all(0xF0));
    let is_one = _mm512_testn_epi32_mask(bytes, all(0x80));
    let is_three = _mm512_cmpeq_epi32_mask(first, all(0xE0));
    let is_four = _mm512_cmpeq_epi32_mask(first, all(0xF0));
    let point = _mm512_mask_blend_epi32(is_three, two, three);
    let point = _mm512_mask_blend_epi32(is_one, point, one);
    _mm512_mask_blend_epi32(is_four, point, all(BEYOND))
}

/// Sixteen characters of three bytes each and the first byte of one more: where they start.
const THREES: u64 = 0x1_2492_4924_9249;

/// The bytes of the character that starts at each third byte, the last first, which makes its number by two sums.
const THREE_BYTES: [u8; STEP] = {
    let mut bytes = [0; STEP];
    let mut at = 0;
    while at < STEP {
        bytes[at] = (at / 4 * 3 + [2, 1, 0, 0][at % 4]) as u8;
        at += 1;
    }
    bytes
};

/// Sixteen numbers three apart.
const BY_THREE: [u32; 16] = {
    let mut numbers = [0; 16];
    let mut at = 0;
    while at < 16 {
        numbers[at] = 3 * at as u32;
        at += 1;
    }
    numbers
};

/// The last place in a step at which a character is within it, whatever its length, and one more.
const WHOLE: u32 = 61;

/// # Safety
///
/// The processor has the instructions, and `table` has an entry behind that of U+FFFF.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,bmi1,bmi2,popcnt")]
unsafe fn fill(
    table: &[u16],
    text: &str,
    Range { start: mut at, end }: Range<usize>,
    filling: Filling,
    block: &mut Block,
    events: &mut Ranges,
) -> usize {
    let kinds_of = Kinds::new();
    let bytes = text.as_bytes();
    let three_bytes = load(&THREE_BYTES);
    // SAFETY: the array has the 64 bytes that are loaded.
    let by_three = unsafe { _mm512_loadu_si512(BY_THREE.as_ptr().cast()) };
    let mut count = block.len;
    // Characters of ASCII right before `at`.
    let mut ascii = 0;
    while at < end && count + 16 <= block.codes.len().min(block.positions.len()) {
        let step = step_at(bytes, at);
        let beyond = _mm512_movepi8_mask(step);
        let lead = _mm512_cmpgt_epi8_mask(step, _mm512_set1_epi8(-65));
        let all_of_48 = (1 << 48) - 1;
        let (point, place, valid, length);
        if lead & ((1 << 49) - 1) == THREES && beyond & all_of_48 == all_of_48 {
            // Sixteen characters of three bytes.
            let bits = _mm512_and_si512(_mm512_permutexvar_epi8(three_bytes, step), all(0x000F_3F3F));
            point = _mm512_madd_epi16(_mm512_maddubs_epi16(bits, all(0x0001_4001)), all(0x1000_0001));
            (place, valid, length) = (by_three, u16::MAX, 48);
            ascii = 0;
        } else {
            let kinds = kinds_of.look_up(step);
            if beyond == 0 && filling.skips_ascii && ascii >= EDGE && kinds.is(kinds::HIDDEN) == 0 {
                let next = _mm512_movepi8_mask(step_at(bytes, at + STEP));
                if next.trailing_zeros() as usize >= EDGE {
                    // No window goes over so many characters that are not left out. One barrier stands for all of them.
                    if filling.keeps && block.codes[count - 1] != BARRIER {
                        (block.codes[count], block.positions[count]) = (BARRIER, at as u32);
                        count += 1;
                    }
                    each_bit(kinds.is(kinds::ESCAPE), |bit| events.push_escape(text, at + bit));
                    at += STEP;
                    continue;
                }
            }
            let mut take = lead & beyond;
            if filling.keeps {
                let letters = kinds.is(kinds::LETTER);
                take |= if filling.takes_letters {
                    letters | kinds.is(kinds::DIGIT | kinds::LEET | kinds::ESCAPE)
                } else {
                    kinds.is(kinds::DIGIT | kinds::ESCAPE) | (letters & !(letters << 1))
                };
            }
            take &= (1 << WHOLE) - 1;
            length = match _pdep_u64(1 << 16, take) {
                0 => WHOLE + (lead >> WHOLE | 0b1000).trailing_zeros(),
                more => {
                    take &= more - 1;
                    more.trailing_zeros()
                }
            };
            let index = _mm512_maskz_compress_epi8(take, iota());
            valid = ((1_u32 << take.count_ones()) - 1) as u16;
            point = points(_mm512_permutexvar_epi8(four_bytes(index), step));
            place = _mm512_cvtepu8_epi32(_mm512_castsi512_si128(index));
            let last_beyond = beyond << (64 - length);
            ascii = if last_beyond == 0 { ascii + length as usize } else { last_beyond.leading_zeros() as usize };
        }
        // SAFETY: code points here are at most 0xFFFF, and the table has one entry more than that, so the four bytes
        // that are read for each are inside it.
        let code =
            unsafe { _mm512_mask_i32gather_epi32::<2>(_mm512_setzero_si512(), valid, point, table.as_ptr().cast()) };
        let code = _mm512_cvtepi32_epi16(code);
        let place = _mm512_add_epi32(place, all(at as u32));
        let is_event = _mm256_cmpeq_epi16_mask(code, _mm256_set1_epi16(EVENT.cast_signed()));
        if is_event != 0 {
            let places = array_of(place);
            each_bit(u64::from(is_event), |lane| events.push(places[lane] as usize));
        }
        if filling.keeps {
            let keep = _mm256_test_epi16_mask(code, code);
            // SAFETY: there is room for 16 more, seen above.
            unsafe {
                let kept = _mm256_maskz_compress_epi16(keep, code);
                _mm256_storeu_si256(block.codes.as_mut_ptr().add(count).cast(), kept);
                let places = _mm512_maskz_compress_epi32(keep, place);
                _mm512_storeu_si512(block.positions.as_mut_ptr().add(count).cast(), places);
            }
            count += keep.count_ones() as usize;
        }
        at += length as usize;
    }
    block.len = count;
    at.min(bytes.len())
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,bmi1,bmi2,popcnt")]
fn array_of(lanes: __m512i) -> [u32; 16] {
    let mut array = [0; 16];
    // SAFETY: the array has the 64 bytes that are stored.
    unsafe { _mm512_storeu_si512(array.as_mut_ptr().cast(), lanes) };
    array
}

/// The kinds of ASCII characters in two registers.
struct Kinds {
    low: __m512i,
    high: __m512i,
}

/// The kinds of the characters of a step; none of bytes beyond ASCII.
struct StepKinds {
    kinds: __m512i,
    ascii: u64,
}

impl Kinds {
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,bmi1,bmi2,popcnt")]
    fn new() -> Self {
        static KINDS: LazyLock<[u8; 128]> = LazyLock::new(kinds_of_ascii);
        // SAFETY: the table has the 128 bytes that are loaded.
        let (low, high) =
            unsafe { (_mm512_loadu_si512(KINDS.as_ptr().cast()), _mm512_loadu_si512(KINDS.as_ptr().add(STEP).cast())) };
        Self { low, high }
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,bmi1,bmi2,popcnt")]
    fn look_up(&self, step: __m512i) -> StepKinds {
        StepKinds { kinds: _mm512_permutex2var_epi8(self.low, step, self.high), ascii: !_mm512_movepi8_mask(step) }
    }
}

impl StepKinds {
    /// The bytes that are of one of these kinds.
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,bmi1,bmi2,popcnt")]
    fn is(&self, kinds: u8) -> u64 {
        _mm512_test_epi8_mask(self.kinds, _mm512_set1_epi8(kinds.cast_signed())) & self.ascii
    }
}

/// The words of a filter that have the bits of their keys.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,bmi1,bmi2,popcnt")]
fn has_bits(word: __m512i, key: __m512i) -> u16 {
    let folded = _mm512_xor_si512(key, _mm512_srli_epi32(key, 15));
    let first = _mm512_rolv_epi32(all(0x0000_0201), folded);
    let second = _mm512_rolv_epi32(all(0x0020_0001), _mm512_srli_epi32(folded, 5));
    let missing = _mm512_andnot_si512(word, _mm512_or_si512(first, second));
    _mm512_testn_epi32_mask(missing, missing)
}

/// For each of 16 codes itself and the next; the next but one; and for each of 32 the next.
const PAIRS: [u16; 32] = pairs(0, 1);
const THIRDS: [u16; 32] = pairs(2, 2);
const NEXTS: [u16; 32] = {
    let mut next = [0; 32];
    let mut at = 0;
    while at < 32 {
        next[at] = (at as u16 + 1) % 32;
        at += 1;
    }
    next
};

const fn pairs(first: u16, second: u16) -> [u16; 32] {
    let mut pairs = [0; 32];
    let mut at = 0;
    while at < 16 {
        pairs[2 * at] = at as u16 + first;
        pairs[2 * at + 1] = at as u16 + second;
        at += 1;
    }
    pairs
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,bmi1,bmi2,popcnt")]
fn load_codes(codes: &[u16; 32]) -> __m512i {
    // SAFETY: the array has the 64 bytes that are loaded.
    unsafe { _mm512_loadu_si512(codes.as_ptr().cast()) }
}

/// # Safety
///
/// The processor has the instructions; the filter's length is a power of two and fits its shift; `singles` is empty or has
/// a bit for each code.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,bmi1,bmi2,popcnt")]
unsafe fn look_up(
    codes: &[u16],
    from: usize,
    to: usize,
    windows: &Keys,
    singles: &[u32],
    mut on_index: impl FnMut(usize),
) {
    let shift = _mm_cvtsi32_si128(windows.bloom_shift.cast_signed());
    let first = _mm512_set1_epi16(FIRST.cast_signed());
    let (pairs, thirds, nexts) = (load_codes(&PAIRS), load_codes(&THIRDS), load_codes(&NEXTS));
    let mut at = from;
    while at < to {
        // The codes of 16 windows and the two behind them; zeros behind the last.
        let here = match codes.get(at..at + 32).and_then(|codes| codes.first_chunk()) {
            Some(codes) => load_codes(codes),
            // SAFETY: only the codes that are left are loaded.
            None => unsafe { _mm512_maskz_loadu_epi16((1 << (codes.len() - at)) - 1, codes.as_ptr().add(at).cast()) },
        };
        let valid = if to - at >= 16 { u16::MAX } else { (1 << (to - at)) - 1 };
        let is_code = _mm512_cmpge_epu16_mask(here, first);
        let is_same = _mm512_cmpeq_epi16_mask(here, _mm512_permutexvar_epi16(nexts, here));
        let has_one = is_code as u16 & valid;
        let has_two = has_one & (is_code >> 1) as u16;
        let has_three = has_two & (is_code >> 2) as u16;
        let two = _mm512_mullo_epi32(_mm512_permutexvar_epi16(pairs, here), all(PAIR));
        let third = _mm512_maskz_permutexvar_epi16(0x5555_5555, thirds, here);
        let three = _mm512_add_epi32(two, _mm512_madd_epi16(third, all(THIRD as u32)));
        let place = _mm512_srl_epi32(two, shift);
        // SAFETY: a place is less than the length of the filter.
        let word = unsafe {
            _mm512_mask_i32gather_epi32::<4>(_mm512_setzero_si512(), has_two, place, windows.bloom.as_ptr().cast())
        };
        let mut hits = (has_bits(word, two) & has_two) | (has_bits(word, three) & has_three);
        hits |= (is_same & is_same >> 1) as u16 & has_three;
        if !singles.is_empty() {
            let code = _mm512_cvtepu16_epi32(_mm512_castsi512_si256(here));
            let place = _mm512_srli_epi32(code, 5);
            // SAFETY: the map has 2,048 words, a bit for each of 65,536 codes.
            let word = unsafe {
                _mm512_mask_i32gather_epi32::<4>(_mm512_setzero_si512(), has_one, place, singles.as_ptr().cast())
            };
            let bit = _mm512_srlv_epi32(word, _mm512_and_si512(code, all(31)));
            hits |= _mm512_test_epi32_mask(bit, all(1)) & has_one;
        }
        each_bit(u64::from(hits), |lane| on_index(at + lane));
        at += 16;
    }
}

/// Reads the kinds of characters of a text, one step after the other.
struct Steps<'t> {
    text: &'t [u8],
    kinds: Kinds,
    beyond: Beyond,
}

impl Steps<'_> {
    /// The step at byte `at`: its kinds of characters, and its bytes with letters in lower case.
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,bmi1,bmi2,popcnt")]
    fn read(&mut self, at: usize) -> (Masks, __m512i) {
        let step = step_at(self.text, at);
        let kinds = self.kinds.look_up(step);
        let letters = kinds.is(kinds::LETTER);
        let lower = _mm512_set1_epi8(0x20);
        let folded = _mm512_or_si512(step, lower);
        let one_before = match at.checked_sub(1) {
            Some(before) => step_at(self.text, before),
            None => _mm512_maskz_permutexvar_epi8(!1, _mm512_sub_epi8(iota(), _mm512_set1_epi8(1)), step),
        };
        let repeats = _mm512_cmpeq_epi8_mask(folded, _mm512_or_si512(one_before, lower)) & letters;
        let (numerals, hidden) = (kinds.is(kinds::DIGIT | kinds::LEET), kinds.is(kinds::HIDDEN));
        let readable = numerals | hidden | !kinds.ascii;
        let mut masks = Masks {
            letters,
            readable,
            numerals,
            spaces: !(letters | readable | kinds.is(kinds::SIGN)),
            escapes: kinds.is(kinds::ESCAPE),
            repeats,
        };
        let mut beyond = Beyond::default();
        if kinds.ascii != u64::MAX {
            let all = |byte: u8| _mm512_set1_epi8(byte.cast_signed());
            let half = _mm512_and_si512(step, all(0xF0));
            beyond = Beyond {
                ideographs: _mm512_cmplt_epu8_mask(_mm512_sub_epi8(step, all(0xE5)), all(5)),
                quote_bytes: [
                    _mm512_cmpeq_epi8_mask(step, all(0xE2)),
                    _mm512_cmpeq_epi8_mask(step, all(0x80)),
                    _mm512_cmpeq_epi8_mask(half, all(0x90)),
                ],
            };
        }
        masks.settle(beyond, self.beyond);
        self.beyond = beyond;
        (masks, folded)
    }
}

/// # Safety
///
/// The processor has the instructions; the places of keys are inside the filter.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,bmi1,bmi2,popcnt")]
unsafe fn find_words(text: &[u8], words: &Keys, has_numerals: bool, is_wide: bool, sink: &mut impl Sink) {
    let mut steps = Steps { text, kinds: Kinds::new(), beyond: Beyond::default() };
    let mut suspects = Suspects::new(has_numerals, is_wide);
    let mut previous = 0;
    let (mut here, mut low) = steps.read(0);
    let mut at = 0;
    while at < text.len() {
        let (next, high) = steps.read(at + STEP);
        suspects.step(at, &here, &next, sink);
        let starts = here.letters & !before(here.letters, previous, 1);
        let mut ends = here.letters & !behind(here.letters, next.letters, 1);
        if here.letters & 1 & (previous >> 63) != 0 {
            // The first end, if there is one, is of a word that started before.
            ends &= ends.wrapping_sub(1);
        }
        let first = _mm512_maskz_compress_epi8(starts, iota());
        let mut last = _mm512_maskz_compress_epi8(ends, iota());
        let (mut count, closed) = (starts.count_ones(), ends.count_ones());
        if count > closed {
            // The last word ends in the next step; one that does not is not looked at by its letters here.
            let end = (!next.letters).trailing_zeros();
            if end == 64 {
                let start = at + 63 - starts.leading_zeros() as usize;
                let length = text[start..].iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
                sink.word(start, start + length);
                count -= 1;
            } else {
                last = _mm512_mask_blend_epi8(1 << closed, last, _mm512_set1_epi8((63 + end) as i8));
            }
        }
        // SAFETY: as for this function.
        unsafe {
            look_up_words([low, high], [first, last], count, words, |start, end| sink.word(at + start, at + end));
        }
        previous = here.letters;
        (here, low) = (next, high);
        at += STEP;
    }
}

/// Calls `on_word` with the start and end of words that may be keys: of `count`, whose first and last bytes are given, in
/// two steps of text in lower case.
///
/// # Safety
///
/// The processor has the instructions; the places of keys are inside the filter.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,bmi1,bmi2,popcnt")]
unsafe fn look_up_words(
    [low, high]: [__m512i; 2],
    [mut first, mut last]: [__m512i; 2],
    mut count: u32,
    words: &Keys,
    mut on_word: impl FnMut(usize, usize),
) {
    let shift = _mm_cvtsi32_si128(words.bloom_shift.cast_signed());
    while count > 0 {
        let valid = if count >= 16 { 0xFFFF } else { (1_u16 << count) - 1 };
        let four = four_bytes(first);
        // The length in each of the four bytes of its word, to leave out what is behind it; below 128 here.
        let one_less = _mm512_sub_epi8(last, first);
        let lengths = _mm512_add_epi8(four_times(one_less), _mm512_set1_epi8(1));
        let is_low = _mm512_cmplt_epu8_mask(all(0x0302_0100), lengths);
        let is_high = _mm512_cmplt_epu8_mask(all(0x0706_0504), lengths);
        let a = _mm512_maskz_permutex2var_epi8(is_low, low, four, high);
        let b = _mm512_maskz_permutex2var_epi8(is_high, low, _mm512_add_epi8(four, _mm512_set1_epi8(4)), high);
        let hash = _mm512_add_epi32(
            _mm512_mullo_epi32(a, all(WORD_LOW)),
            _mm512_mullo_epi32(_mm512_xor_si512(b, lengths), all(WORD_HIGH)),
        );
        let place = _mm512_srl_epi32(hash, shift);
        // SAFETY: a place is inside the filter.
        let word = unsafe {
            _mm512_mask_i32gather_epi32::<4>(_mm512_setzero_si512(), valid, place, words.bloom.as_ptr().cast())
        };
        let hits = has_bits(word, hash) & valid;
        if hits != 0 {
            let starts = array_of(_mm512_cvtepu8_epi32(_mm512_castsi512_si128(first)));
            let lengths = array_of(_mm512_and_si512(lengths, all(0xFF)));
            each_bit(u64::from(hits), |lane| {
                on_word(starts[lane] as usize, (starts[lane] + lengths[lane]) as usize);
            });
        }
        first = _mm512_shuffle_i64x2::<0b00_11_10_01>(first, first);
        last = _mm512_shuffle_i64x2::<0b00_11_10_01>(last, last);
        count = count.saturating_sub(16);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fast::kernel::masks::tests::reads_plain_masks;

    /// # Safety
    ///
    /// The processor has the instructions.
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,bmi1,bmi2,popcnt")]
    unsafe fn masks_of(text: &[u8]) -> Vec<Masks> {
        let mut steps = Steps { text, kinds: Kinds::new(), beyond: Beyond::default() };
        (0..=text.len()).step_by(STEP).map(|at| steps.read(at).0).collect()
    }

    #[test]
    fn kinds_are_those_of_the_bytes() {
        if Avx512::new().is_some() {
            // SAFETY: the processor has the instructions.
            reads_plain_masks(|text| unsafe { masks_of(text) });
        }
    }
}
