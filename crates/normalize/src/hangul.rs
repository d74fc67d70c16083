//! Hangul that is spelled out letter by letter: `ㄷㅗㅂㅏㄱ` reads as `도박`.
//!
//! The letters of a keyboard (U+3131 to U+3163, and in half width) do not tell whether a consonant begins a syllable or
//! ends one; what follows tells. So a consonant behind a spelled syllable ends it, and a vowel behind that takes the
//! consonant back. Only syllables that were spelled themselves are completed: in `사기ㅋㅋ` the last letters laugh.

use crate::unit::Unit;

/// Leading consonants of the Unicode standard, 3.12, which letters fold to, and the vowels.
const LEAD: u32 = 0x1100;
const LEADS: u32 = 19;
const VOWELS: std::ops::RangeInclusive<char> = '\u{1161}'..='\u{1175}';
const SYLLABLE: u32 = 0xAC00;
const FINALS: u32 = 28;

/// The number of the final consonant for each leading one; 0 for those that end no syllable.
const FINAL_OF: [u32; LEADS as usize] = [1, 2, 4, 7, 0, 8, 16, 17, 0, 19, 20, 21, 22, 0, 23, 24, 25, 26, 27];
/// Finals of two letters: the first as a final, the second as a leading consonant, the two as a final.
const CLUSTERS: [(u32, u32, u32); 11] = [
    (1, 9, 3),
    (4, 12, 5),
    (4, 18, 6),
    (8, 0, 9),
    (8, 6, 10),
    (8, 7, 11),
    (8, 9, 12),
    (8, 16, 13),
    (8, 17, 14),
    (8, 18, 15),
    (17, 9, 18),
];
/// Letters that laugh when they come twice: ㅋ and ㅎ.
const LAUGHING: [u32; 2] = [15, 18];

/// Whether a character is a letter of Hangul by itself, not a part of a syllable.
#[inline]
pub(crate) fn is_spelled(c: char) -> bool {
    matches!(c, '\u{3131}'..='\u{3163}' | '\u{FFA1}'..='\u{FFDC}')
}

/// Joins the letter `raw`, folded to `fold`, which stands at `start..end` of the text, with the syllable before it.
/// Returns whether it did.
#[inline(never)]
pub(crate) fn join(text: &str, units: &mut Vec<Unit>, start: usize, end: usize, raw: char, fold: char) -> bool {
    let Some(last) = units.last_mut() else { return false };
    if last.tail as usize != start || last.is_part() || !is_spelled(last.raw) {
        return false;
    }
    let Some(syllable) = (last.fold as u32).checked_sub(SYLLABLE).filter(|&syllable| syllable < 11_172) else {
        return false;
    };
    let (open, closing) = (syllable / FINALS * FINALS, syllable % FINALS);
    if VOWELS.contains(&fold) {
        return take_back(text, units, end, fold);
    }
    let Some(lead) = (fold as u32).checked_sub(LEAD).filter(|&lead| lead < LEADS) else { return false };
    if closing != 0 && LAUGHING.contains(&lead) && closing == FINAL_OF[lead as usize] && spells(text, start, raw) {
        let first = start - raw.len_utf8();
        set(last, open, first);
        let class = last.class;
        units.push(Unit::new(first, start, raw, fold, class, None));
        return false;
    }
    let closed = match closing {
        0 => FINAL_OF[lead as usize],
        closing => CLUSTERS.iter().find(|it| (it.0, it.1) == (closing, lead)).map_or(0, |it| it.2),
    };
    if closed != 0 {
        set(last, open + closed, end);
    }
    closed != 0
}

/// A vowel behind a closed syllable: the letter that closed it begins the vowel's syllable.
fn take_back(text: &str, units: &mut Vec<Unit>, end: usize, vowel: char) -> bool {
    let Some(last) = units.last_mut() else { return false };
    let syllable = last.fold as u32 - SYLLABLE;
    let (open, closing) = (syllable / FINALS * FINALS, syllable % FINALS);
    let behind = last.end as usize;
    // A final that the text spells with one letter of two consonants, such as ㄳ, is left as it is.
    let Some(raw) = text[..behind].chars().next_back().filter(|&raw| is_spelled(raw)) else { return false };
    let taken = |lead: u32, rest: u32| {
        let one = rest == 0 && closing != 0 && FINAL_OF[lead as usize] == closing;
        one || CLUSTERS.contains(&(rest, lead, closing))
    };
    let rests = [0].into_iter().chain(CLUSTERS.iter().map(|it| it.0));
    let found = (0..LEADS).find_map(|lead| {
        let rest = rests.clone().find(|&rest| taken(lead, rest))?;
        (crate::tables::tables().fold_one(raw) as u32 == LEAD + lead).then_some((lead, rest))
    });
    let Some((lead, rest)) = found else { return false };
    let first = behind - raw.len_utf8();
    set(last, open + rest, first);
    let begun = SYLLABLE + (lead * 21 + (vowel as u32 - *VOWELS.start() as u32)) * FINALS;
    let class = last.class;
    units.push(Unit::new(first, end, raw, char::from_u32(begun).unwrap_or(vowel), class, None));
    true
}

/// Whether the character that ends at `end` is `raw`.
fn spells(text: &str, end: usize, raw: char) -> bool {
    text[..end].ends_with(raw)
}

fn set(unit: &mut Unit, syllable: u32, end: usize) {
    unit.fold = char::from_u32(SYLLABLE + syllable).unwrap_or(unit.fold);
    unit.end = end as u32;
    unit.tail = unit.end;
}
