//! Hangul spelled out by the letters of a keyboard.

use normalize::{Markup, Reader, Reading};
use proptest::prelude::*;

const LEADS: [char; 19] =
    ['ㄱ', 'ㄲ', 'ㄴ', 'ㄷ', 'ㄸ', 'ㄹ', 'ㅁ', 'ㅂ', 'ㅃ', 'ㅅ', 'ㅆ', 'ㅇ', 'ㅈ', 'ㅉ', 'ㅊ', 'ㅋ', 'ㅌ', 'ㅍ', 'ㅎ'];
/// Finals, those of two letters letter by letter.
const FINALS: [&str; 28] = [
    "", "ㄱ", "ㄲ", "ㄱㅅ", "ㄴ", "ㄴㅈ", "ㄴㅎ", "ㄷ", "ㄹ", "ㄹㄱ", "ㄹㅁ", "ㄹㅂ", "ㄹㅅ", "ㄹㅌ", "ㄹㅍ", "ㄹㅎ",
    "ㅁ", "ㅂ", "ㅂㅅ", "ㅅ", "ㅆ", "ㅇ", "ㅈ", "ㅊ", "ㅋ", "ㅌ", "ㅍ", "ㅎ",
];

fn spell(text: &str) -> String {
    let mut spelled = String::new();
    for syllable in text.chars().map(|c| c as usize - 0xAC00) {
        spelled.push(LEADS[syllable / 588]);
        spelled.extend(char::from_u32(0x314F + (syllable / 28 % 21) as u32));
        spelled.push_str(FINALS[syllable % 28]);
    }
    spelled
}

/// The folded text, and each unit's bytes.
fn read(text: &str) -> (String, Vec<String>) {
    let mut units = Vec::new();
    Reader::new(text, 0, Reading { escapes: true, markup: Markup::None }).read(&mut units, usize::MAX, usize::MAX);
    let of = |start: u32, end: u32| text[start as usize..end as usize].to_owned();
    (units.iter().map(|unit| unit.fold).collect(), units.iter().map(|unit| of(unit.start, unit.tail)).collect())
}

#[test]
fn every_spelled_syllable_is_read() {
    for syllable in '가'..='힣' {
        let spelled = spell(&syllable.to_string());
        assert_eq!(read(&spelled), (syllable.to_string(), vec![spelled.clone()]), "{spelled}");
    }
}

#[test]
fn what_laughs_and_what_stands_alone() {
    // Typed syllables keep what stands behind them; ㅋ and ㅎ that come twice belong to none.
    for (text, expected) in [
        ("사기ㅋㅋ", "사기ᄏᄏ"),
        ("야ㅎ", "야ᄒ"),
        ("\u{FFA7}\u{FFC2}\u{FFA7}", "닫"),
        ("ㅅㅏㄱㅣㅋㅋㅋ", "사기ᄏᄏᄏ"),
        ("ㄷㅗㅎㅎ", "도ᄒᄒ"),
        ("ㅠㅠ", "ᅲᅲ"),
        ("ㄱㅏ ㄴ", "가 ᄂ"),
        ("ㄷㅐㅊㅜㄹ", "대출"),
    ] {
        let (folded, _) = read(text);
        let folded: String = folded.chars().filter(|c| !c.is_whitespace()).collect();
        let expected: String = expected.chars().filter(|c| !c.is_whitespace()).collect();
        assert_eq!(folded, expected, "{text}");
    }
}

proptest! {
    /// A consonant that ends a syllable is told from one that begins the next.
    #[test]
    fn spelled_words_are_read(syllables in prop::collection::vec(0xAC00_u32..=0xD7A3, 1..8)) {
        let word: String = syllables.into_iter().filter_map(char::from_u32).collect();
        let spelled = spell(&word);
        prop_assume!(!spelled.contains("ㅋㅋ") && !spelled.contains("ㅎㅎ"));
        let (folded, bytes) = read(&spelled);
        let parts: Vec<String> = word.chars().map(|c| spell(&c.to_string())).collect();
        prop_assert_eq!(folded, word);
        prop_assert_eq!(bytes, parts);
    }
}
