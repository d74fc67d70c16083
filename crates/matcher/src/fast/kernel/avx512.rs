//! Sixteen characters at a time.
//!
//! Every function here needs the instructions that [`Avx512::new`] looks for, and an [`Avx512`] is the proof that they
//! are there. Loads stay within the slices that they are given: a caller hands over what is left of a text or block to
//! the plain loops.

use std::arch::x86_64::{
    __m512i, _mm_cvtsi32_si128, _mm256_loadu_si256, _mm256_storeu_si256, _mm512_add_epi8, _mm512_add_epi32,
    _mm512_and_si512, _mm512_andnot_si512, _mm512_castsi512_si128, _mm512_cmpeq_epi8_mask, _mm512_cmpeq_epi32_mask,
    _mm512_cmpge_epu32_mask, _mm512_cmpgt_epi8_mask, _mm512_cmplt_epu8_mask, _mm512_cmpneq_epi32_mask,
    _mm512_cvtepi32_epi16, _mm512_cvtepu8_epi32, _mm512_cvtepu16_epi32, _mm512_loadu_si512, _mm512_mask_blend_epi8,
    _mm512_mask_blend_epi32, _mm512_mask_i32gather_epi32, _mm512_maskz_compress_epi8, _mm512_maskz_compress_epi32,
    _mm512_maskz_permutex2var_epi8, _mm512_movepi8_mask, _mm512_mullo_epi32, _mm512_or_si512, _mm512_permutex2var_epi8,
    _mm512_rolv_epi32, _mm512_set1_epi8, _mm512_set1_epi32, _mm512_setzero_si512, _mm512_shuffle_epi8,
    _mm512_shuffle_i64x2, _mm512_slli_epi32, _mm512_srl_epi32, _mm512_srli_epi32, _mm512_srlv_epi32,
    _mm512_storeu_si512, _mm512_sub_epi32, _mm512_test_epi8_mask, _mm512_test_epi32_mask, _mm512_testn_epi32_mask,
    _mm512_xor_si512,
};
use std::sync::LazyLock;

use crate::fast::codes::{BARRIER, Block, EVENT, FIRST};
use crate::fast::keys::Keys;
use crate::fast::ranges::Ranges;
use crate::fast::words::{kinds, kinds_of_ascii};

/// Proof that the processor has the instructions of this file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Avx512(());

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

    /// Appends the codes of whole 64-byte steps of `text` from `at` on, until `end` is passed or less than two steps are
    /// left. `at` is the first byte of a character. Returns the byte behind the last step, which may be inside a
    /// character whose code was appended. `table` has a code for each character of the basic plane and one more.
    pub(crate) fn fill(
        self,
        table: &[u16],
        text: &[u8],
        at: usize,
        end: usize,
        skip_ascii: bool,
        block: &mut Block,
        events: &mut Ranges,
    ) -> usize {
        assert!(table.len() > 0x1_0000 && u32::try_from(text.len()).is_ok());
        // SAFETY: `self` proves the instructions; the table has the entry behind the last code that a gather reads.
        unsafe { fill(table, text, at, end, skip_ascii, block, events) }
    }

    /// Calls `on_index` for the codes of `codes[from..to]` at which a window may be a key, a single code is one, or a run
    /// of three starts. Stops before `to` where less than a step is left, and returns where.
    pub(crate) fn look_up(
        self,
        codes: &[u16],
        from: usize,
        to: usize,
        windows: &Keys,
        singles: &[u32],
        on_index: impl FnMut(usize),
    ) -> usize {
        assert!(windows.bloom.len().is_power_of_two() && windows.bloom.len() >= 2);
        assert!(singles.is_empty() || singles.len() == 2048);
        // SAFETY: `self` proves the instructions; the shift keeps places inside the filter, whose length is a power of
        // two, and a code divided by 32 is inside the map of single codes.
        unsafe { look_up(codes, from, to, windows, singles, on_index) }
    }
}

/// Reads words. Constants must be those of `words.rs`, which a test of all routes sees to.
impl Avx512 {
    /// Calls `on_word(start, end)` for words of letters that may be among `words`, and `on_suspect` with a letter of each
    /// word whose surroundings may make another word of it. Whole steps only; returns the byte behind the last.
    pub(crate) fn words(
        self,
        text: &[u8],
        words: &Keys,
        on_word: impl FnMut(usize, usize),
        on_suspect: impl FnMut(usize),
    ) -> usize {
        assert!(words.bloom.len().is_power_of_two() && words.bloom.len() >= 2);
        // SAFETY: `self` proves the instructions; the shift keeps places inside the filter.
        unsafe { find_words(text, words, on_word, on_suspect) }
    }
}

/// Bytes of a step.
const STEP: usize = 64;

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,bmi1,bmi2,popcnt")]
fn iota() -> __m512i {
    const IOTA: [u8; 64] = {
        let mut bytes = [0; 64];
        let mut at = 0;
        while at < 64 {
            bytes[at] = at as u8;
            at += 1;
        }
        bytes
    };
    // SAFETY: the array has the 64 bytes that are loaded.
    unsafe { _mm512_loadu_si512(IOTA.as_ptr().cast()) }
}

/// The first 16 bytes of `index`, each four times with 0, 1, 2, 3 added: where the four bytes of each character are.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,bmi1,bmi2,popcnt")]
fn four_bytes(index: __m512i) -> __m512i {
    const REPEAT: [u8; 64] = {
        let mut bytes = [0; 64];
        let mut at = 0;
        while at < 64 {
            bytes[at] = (at % 16 / 4 * 4) as u8;
            at += 1;
        }
        bytes
    };
    // SAFETY: the array has the 64 bytes that are loaded.
    let repeat = unsafe { _mm512_loadu_si512(REPEAT.as_ptr().cast()) };
    let spread = _mm512_shuffle_epi8(_mm512_cvtepu8_epi32(_mm512_castsi512_si128(index)), repeat);
    _mm512_add_epi8(spread, _mm512_set1_epi32(0x0302_0100))
}

/// # Safety
///
/// The processor has the instructions, and `table` has an entry behind that of U+FFFF.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,bmi1,bmi2,popcnt")]
unsafe fn fill(
    table: &[u16],
    text: &[u8],
    mut at: usize,
    end: usize,
    skip_ascii: bool,
    block: &mut Block,
    events: &mut Ranges,
) -> usize {
    let all = |value: u32| _mm512_set1_epi32(value.cast_signed());
    let room = end.saturating_sub(at) + 2 * STEP;
    block.codes.reserve(room);
    block.positions.reserve(room);
    let (mut codes, mut count) = (block.codes.as_mut_ptr(), block.codes.len());
    let mut positions = block.positions.as_mut_ptr();
    let mut was_ascii = false;
    while at < end && at + 2 * STEP <= text.len() {
        // A step appends at most 64 codes and one barrier, and stores 16 at a time.
        if count + STEP + 32 > block.codes.capacity().min(block.positions.capacity()) {
            // SAFETY: `count` codes and positions were written.
            unsafe {
                block.codes.set_len(count);
                block.positions.set_len(count);
            }
            block.codes.reserve(2 * STEP);
            block.positions.reserve(2 * STEP);
            (codes, positions) = (block.codes.as_mut_ptr(), block.positions.as_mut_ptr());
        }
        // SAFETY: two steps of text are left.
        let (low, high) = unsafe {
            (_mm512_loadu_si512(text.as_ptr().add(at).cast()), _mm512_loadu_si512(text.as_ptr().add(at + STEP).cast()))
        };
        let is_ascii = _mm512_movepi8_mask(low) == 0;
        let mut lead = _mm512_cmpgt_epi8_mask(low, _mm512_set1_epi8(-65));
        if is_ascii && skip_ascii {
            // Only what is near ideographs can belong to them.
            let keeps_first = !was_ascii;
            let keeps_last = _mm512_movepi8_mask(high) != 0;
            lead = if keeps_first { 0xFFFF } else { 0 } | if keeps_last { 0xFFFF << 48 } else { 0 };
            if !keeps_first {
                // SAFETY: there is room, seen above.
                unsafe {
                    codes.add(count).write(BARRIER);
                    positions.add(count).write(at as u32);
                }
                // One barrier stands for any number of them.
                // SAFETY: the code before was written.
                let is_new = count == 0 || unsafe { codes.add(count - 1).read() } != BARRIER;
                count += usize::from(is_new);
            }
        }
        let is_last_of_ascii = is_ascii && skip_ascii && lead >> 48 != 0 && lead & 0xFFFF != 0;
        was_ascii = is_ascii;
        let mut left = lead.count_ones();
        let mut index = _mm512_maskz_compress_epi8(lead, iota());
        let mut group = 0;
        while left > 0 {
            let valid = if left >= 16 { 0xFFFF } else { (1_u16 << left) - 1 };
            let word = _mm512_permutex2var_epi8(low, four_bytes(index), high);
            // Code points of one, two and three bytes; the first byte is the lowest.
            let one = _mm512_and_si512(word, all(0x7F));
            let second = _mm512_and_si512(_mm512_srli_epi32(word, 8), all(0x3F));
            let third = _mm512_and_si512(_mm512_srli_epi32(word, 16), all(0x3F));
            let two = _mm512_or_si512(_mm512_slli_epi32(_mm512_and_si512(word, all(0x1F)), 6), second);
            let three = _mm512_or_si512(
                _mm512_or_si512(_mm512_slli_epi32(_mm512_and_si512(word, all(0x0F)), 12), _mm512_slli_epi32(second, 6)),
                third,
            );
            let first = _mm512_and_si512(word, all(0xF0));
            let is_one = _mm512_testn_epi32_mask(word, all(0x80));
            let is_three = _mm512_cmpeq_epi32_mask(first, all(0xE0));
            let is_four = _mm512_cmpeq_epi32_mask(first, all(0xF0));
            let point = _mm512_mask_blend_epi32(is_three, two, three);
            let point = _mm512_mask_blend_epi32(is_one, point, one);
            let point = _mm512_mask_blend_epi32(is_four, point, all(0xD800));
            // SAFETY: code points here are at most 0xFFFF, and the table has one entry more than that, so the four bytes
            // that are read for each are inside it.
            let code = unsafe {
                _mm512_mask_i32gather_epi32::<2>(_mm512_setzero_si512(), valid, point, table.as_ptr().cast())
            };
            let code = _mm512_and_si512(code, all(0xFFFF));
            let place = _mm512_add_epi32(_mm512_cvtepu8_epi32(_mm512_castsi512_si128(index)), all(at as u32));
            let is_event = _mm512_cmpeq_epi32_mask(code, all(u32::from(EVENT))) & valid;
            if is_event != 0 {
                let mut places = [0_u32; 16];
                // SAFETY: the array has the 64 bytes that are stored.
                unsafe {
                    _mm512_storeu_si512(places.as_mut_ptr().cast(), _mm512_maskz_compress_epi32(is_event, place));
                };
                for &place in &places[..is_event.count_ones() as usize] {
                    events.push(place as usize);
                }
            }
            let keep = _mm512_cmpneq_epi32_mask(code, _mm512_setzero_si512()) & valid;
            // SAFETY: there is room for 16 more, seen above.
            unsafe {
                let kept = _mm512_cvtepi32_epi16(_mm512_maskz_compress_epi32(keep, code));
                _mm256_storeu_si256(codes.add(count).cast(), kept);
                _mm512_storeu_si512(positions.add(count).cast(), _mm512_maskz_compress_epi32(keep, place));
            }
            count += keep.count_ones() as usize;
            if is_last_of_ascii && group == 0 {
                // What was left out between the first and the last characters of the step.
                // SAFETY: there is room, seen above.
                unsafe {
                    codes.add(count).write(BARRIER);
                    positions.add(count).write(at as u32 + 16);
                }
                count += 1;
            }
            group += 1;
            index = _mm512_shuffle_i64x2::<0b00_11_10_01>(index, index);
            left = left.saturating_sub(16);
        }
        at += STEP;
    }
    // SAFETY: `count` codes and positions were written.
    unsafe {
        block.codes.set_len(count);
        block.positions.set_len(count);
    }
    at
}

/// The words of a filter that have the two bits of their keys.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,bmi1,bmi2,popcnt")]
fn has_bits(word: __m512i, key: __m512i) -> u16 {
    let folded = _mm512_xor_si512(key, _mm512_srli_epi32(key, 15));
    let first = _mm512_rolv_epi32(_mm512_set1_epi32(0x0000_0201), folded);
    let second = _mm512_rolv_epi32(_mm512_set1_epi32(0x0020_0001), _mm512_srli_epi32(folded, 5));
    let missing = _mm512_andnot_si512(word, _mm512_or_si512(first, second));
    _mm512_testn_epi32_mask(missing, missing)
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
) -> usize {
    let all = |value: u32| _mm512_set1_epi32(value.cast_signed());
    let shift = _mm_cvtsi32_si128(windows.bloom_shift.cast_signed());
    let first = all(u32::from(FIRST));
    let mut at = from;
    while at + 16 <= to && at + 18 <= codes.len() {
        let load = |offset: usize| {
            // SAFETY: 16 codes from `at + offset` on are in the slice, for offsets up to two.
            _mm512_cvtepu16_epi32(unsafe { _mm256_loadu_si256(codes.as_ptr().add(at + offset).cast()) })
        };
        let (a, b, c) = (load(0), load(1), load(2));
        let has_one = _mm512_cmpge_epu32_mask(a, first);
        let has_two = has_one & _mm512_cmpge_epu32_mask(b, first);
        let has_three = has_two & _mm512_cmpge_epu32_mask(c, first);
        let two = _mm512_add_epi32(_mm512_mullo_epi32(a, all(0x9E37_79B1)), _mm512_mullo_epi32(b, all(0x85EB_CA6B)));
        let third = _mm512_mullo_epi32(c, all(0xC2B2_AE35));
        let three = _mm512_add_epi32(two, _mm512_xor_si512(third, _mm512_srli_epi32(third, 16)));
        let place = _mm512_srl_epi32(two, shift);
        // SAFETY: a place is less than the length of the filter.
        let word = unsafe {
            _mm512_mask_i32gather_epi32::<4>(_mm512_setzero_si512(), has_two, place, windows.bloom.as_ptr().cast())
        };
        let mut hits = (has_bits(word, two) & has_two) | (has_bits(word, three) & has_three);
        hits |= _mm512_cmpeq_epi32_mask(a, b) & _mm512_cmpeq_epi32_mask(b, c) & has_three;
        if !singles.is_empty() {
            let place = _mm512_srli_epi32(a, 5);
            // SAFETY: the map has 2,048 words, a bit for each of 65,536 codes.
            let word = unsafe {
                _mm512_mask_i32gather_epi32::<4>(_mm512_setzero_si512(), has_one, place, singles.as_ptr().cast())
            };
            let bit = _mm512_srlv_epi32(word, _mm512_and_si512(a, all(31)));
            hits |= _mm512_test_epi32_mask(bit, all(1)) & has_one;
        }
        while hits != 0 {
            on_index(at + hits.trailing_zeros() as usize);
            hits &= hits - 1;
        }
        at += 16;
    }
    at
}

/// Where the kinds of characters are in a step, a bit for each byte.
#[derive(Debug, Clone, Copy, Default)]
struct Masks {
    letters: u64,
    digits: u64,
    leet: u64,
    signs: u64,
    /// Beyond ASCII, or a control character.
    strange: u64,
    /// Letters that are the same as the one before.
    repeats: u64,
}

/// `mask` moved by `by` bytes to the left or right, with what comes in from the steps around it.
fn before(mask: u64, previous: u64, by: u32) -> u64 {
    mask << by | previous >> (64 - by)
}

fn behind(mask: u64, next: u64, by: u32) -> u64 {
    mask >> by | next << (64 - by)
}

/// Signs between two letters that are looked at; see `words.rs`.
const SIGNS: u32 = 6;

/// Letters of words that something may be made of by what surrounds them.
fn suspects(previous: &Masks, here: &Masks, next: &Masks) -> u64 {
    let alphanumeric = |masks: &Masks| masks.letters | masks.digits;
    let (alnum_previous, alnum, alnum_next) = (alphanumeric(previous), alphanumeric(here), alphanumeric(next));
    let Masks { letters, digits, leet, signs, strange, repeats } = *here;
    let beside = |mask: u64, previous: u64, next: u64| before(mask, previous, 1) | behind(mask, next, 1);
    let mut found = letters
        & beside(
            digits | strange | leet,
            previous.digits | previous.strange | previous.leet,
            next.digits | next.strange | next.leet,
        );
    // The third of three equal letters, seen from its word.
    found |= repeats & before(repeats, previous.repeats, 1);
    let last = letters & !behind(letters, next.letters, 1);
    let first = letters & !before(letters, previous.letters, 1);
    let (mut joined_behind, mut joined_before) = (0, 0);
    let (mut signs_behind, mut signs_before) = (u64::MAX, u64::MAX);
    for by in 1..=SIGNS {
        joined_behind |= signs_behind & behind(alnum | strange | leet, alnum_next | next.strange | next.leet, by);
        joined_before |=
            signs_before & before(digits | strange | leet, previous.digits | previous.strange | previous.leet, by);
        signs_behind &= behind(signs, next.signs, by);
        signs_before &= before(signs, previous.signs, by);
    }
    found |= last & joined_behind | first & joined_before;
    // Letters by themselves with others by themselves near.
    let single = last & first;
    if single != 0 {
        let alone = alnum & !beside(alnum, alnum_previous, alnum_next) | leet | strange;
        // What is alone in the steps around is not known here, so any letter there counts.
        let (around_previous, around_next) =
            (alnum_previous | previous.leet | previous.strange, alnum_next | next.leet | next.strange);
        let repeated = repeats | behind(repeats, next.repeats, 1);
        let near = (1..=SIGNS + 1).fold(0, |near, by| {
            near | before(alone | repeated, around_previous, by) | behind(alone | repeated, around_next, by)
        });
        found |= single & near;
    }
    found
}

/// # Safety
///
/// The processor has the instructions; the filter's length is a power of two and fits its shift.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,bmi1,bmi2,popcnt")]
unsafe fn find_words(
    text: &[u8],
    words: &Keys,
    mut on_word: impl FnMut(usize, usize),
    mut on_suspect: impl FnMut(usize),
) -> usize {
    static KINDS: LazyLock<[u8; 128]> = LazyLock::new(kinds_of_ascii);
    let all = |value: u32| _mm512_set1_epi32(value.cast_signed());
    // SAFETY: the table has the 128 bytes that are loaded.
    let (kinds_low, kinds_high) =
        unsafe { (_mm512_loadu_si512(KINDS.as_ptr().cast()), _mm512_loadu_si512(KINDS.as_ptr().add(STEP).cast())) };
    let lower = _mm512_set1_epi8(0x20);
    let masks = |at: usize| {
        let mut first = [0; STEP];
        let one_before = if at > 0 {
            text[at - 1..at - 1 + STEP].as_ptr()
        } else {
            first[1..].copy_from_slice(&text[..STEP - 1]);
            first.as_ptr()
        };
        // SAFETY: a step of text is left from `at` on, and there are as many bytes behind the other pointer.
        let (bytes, shifted) =
            unsafe { (_mm512_loadu_si512(text.as_ptr().add(at).cast()), _mm512_loadu_si512(one_before.cast())) };
        let beyond = _mm512_movepi8_mask(bytes);
        let kinds = _mm512_permutex2var_epi8(kinds_low, bytes, kinds_high);
        let is = |kind: u8| _mm512_test_epi8_mask(kinds, _mm512_set1_epi8(kind.cast_signed())) & !beyond;
        let letters = is(kinds::LETTER);
        let folded = _mm512_or_si512(bytes, lower);
        let repeats = _mm512_cmpeq_epi8_mask(folded, _mm512_or_si512(shifted, lower)) & letters;
        let masks = Masks {
            letters,
            digits: is(kinds::DIGIT),
            leet: is(kinds::LEET),
            signs: is(kinds::SIGN),
            strange: is(kinds::HIDDEN) | beyond,
            repeats,
        };
        (masks, folded)
    };
    let mut at = 0;
    if text.len() < 2 * STEP {
        return 0;
    }
    let shift = _mm_cvtsi32_si128(words.bloom_shift.cast_signed());
    let mut previous = Masks::default();
    let (mut here, mut low) = masks(0);
    while at + 2 * STEP <= text.len() {
        let (next, high) = masks(at + STEP);
        let mut suspects = suspects(&previous, &here, &next);
        while suspects != 0 {
            on_suspect(at + suspects.trailing_zeros() as usize);
            suspects &= suspects - 1;
        }
        let goes_on = here.letters & 1 & (previous.letters >> 63);
        let starts = here.letters & !(here.letters << 1 | previous.letters >> 63);
        let mut ends = here.letters & !behind(here.letters, next.letters, 1);
        if goes_on != 0 {
            // The first end, if there is one, is of a word that started before.
            ends &= ends.wrapping_sub(1);
        }
        let mut first = _mm512_maskz_compress_epi8(starts, iota());
        let mut last = _mm512_maskz_compress_epi8(ends, iota());
        let (mut left, closed) = (starts.count_ones(), ends.count_ones());
        if left > closed {
            // The last word ends in the next step; one that does not is not looked at by its letters here.
            let end = (!next.letters).trailing_zeros();
            if end == 64 {
                let start = at + 63 - starts.leading_zeros() as usize;
                let length = text[start..].iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
                on_word(start, start + length);
                left -= 1;
            } else {
                last = _mm512_mask_blend_epi8(1 << closed, last, _mm512_set1_epi8((63 + end) as i8));
            }
        }
        while left > 0 {
            let valid = if left >= 16 { 0xFFFF } else { (1_u16 << left) - 1 };
            let start = _mm512_cvtepu8_epi32(_mm512_castsi512_si128(first));
            let length =
                _mm512_add_epi32(_mm512_sub_epi32(_mm512_cvtepu8_epi32(_mm512_castsi512_si128(last)), start), all(1));
            let four = four_bytes(first);
            // The length in each of the four bytes of its word, to leave out what is behind it; all lengths that matter
            // here are below 128.
            let lengths = _mm512_mullo_epi32(length, all(0x0101_0101));
            let is_low = _mm512_cmplt_epu8_mask(all(0x0302_0100), lengths);
            let is_high = _mm512_cmplt_epu8_mask(all(0x0706_0504), lengths);
            let a = _mm512_maskz_permutex2var_epi8(is_low, low, four, high);
            let b = _mm512_maskz_permutex2var_epi8(is_high, low, _mm512_add_epi8(four, _mm512_set1_epi8(4)), high);
            let hash = _mm512_add_epi32(
                _mm512_add_epi32(_mm512_mullo_epi32(a, all(0x9E37_79B1)), _mm512_mullo_epi32(b, all(0x85EB_CA6B))),
                _mm512_mullo_epi32(length, all(0xC2B2_AE35)),
            );
            let place = _mm512_srl_epi32(hash, shift);
            // SAFETY: a place is less than the length of the filter.
            let word = unsafe {
                _mm512_mask_i32gather_epi32::<4>(_mm512_setzero_si512(), valid, place, words.bloom.as_ptr().cast())
            };
            let mut hits = has_bits(word, hash) & valid;
            if hits != 0 {
                let (mut starts, mut lengths) = ([0_u32; 16], [0_u32; 16]);
                // SAFETY: the arrays have the 64 bytes that are stored.
                unsafe {
                    _mm512_storeu_si512(starts.as_mut_ptr().cast(), start);
                    _mm512_storeu_si512(lengths.as_mut_ptr().cast(), length);
                }
                while hits != 0 {
                    let lane = hits.trailing_zeros() as usize;
                    let start = at + starts[lane] as usize;
                    on_word(start, start + lengths[lane] as usize);
                    hits &= hits - 1;
                }
            }
            first = _mm512_shuffle_i64x2::<0b00_11_10_01>(first, first);
            last = _mm512_shuffle_i64x2::<0b00_11_10_01>(last, last);
            left = left.saturating_sub(16);
        }
        previous = here;
        (here, low) = (next, high);
        at += STEP;
    }
    at
}
