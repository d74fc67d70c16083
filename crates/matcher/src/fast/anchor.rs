//! The anchor of each pattern: the part of it that is looked for first.

use std::ops::Range;
use std::sync::LazyLock;

use normalize::{Unit, opt, tables};

use super::codes::Codes;
use crate::automaton::Settings;
use crate::pattern::{Element, Kind, Pattern};

/// What a pattern can be found by: some of its elements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Anchor {
    /// One to three ideographs or digits with no other character between; how many.
    Codes { span: Range<usize>, codes: usize },
    /// A whole word of letters.
    Word { span: Range<usize> },
    /// Letters in a row, where words need not be whole.
    Letters { span: Range<usize> },
}

/// A word at least this long is a better anchor than any window of digits.
const MIN_WORD: usize = 2;

impl Anchor {
    /// The best anchor of a pattern, or nothing if the pattern has no part that must show as it is.
    pub(crate) fn of(pattern: &Pattern, settings: &Settings, codes: &Codes) -> Option<Self> {
        let window = best_window(pattern, codes);
        let word = best_word(pattern, settings);
        match (window, word) {
            (Some(window @ Self::Codes { codes: 2.., .. }), _) if !window.is_digits(pattern) => Some(window),
            (_, Some(word)) if word.span().len() >= MIN_WORD => Some(word),
            (Some(window), _) => Some(window),
            (None, Some(word)) => Some(word),
            (None, None) if !settings.word_boundary => best_letters(pattern),
            (None, None) => None,
        }
    }

    /// Its elements.
    pub(crate) fn span(&self) -> Range<usize> {
        match self {
            Self::Codes { span, .. } | Self::Word { span } | Self::Letters { span } => span.clone(),
        }
    }

    /// Whether text of ASCII may show it: digits, and ideographs that digits stand for.
    pub(crate) fn is_digits(&self, pattern: &Pattern) -> bool {
        let is_digit = |element: &Element| match *element {
            Element::Char { digit, .. } => digit != Unit::NO_DIGIT,
            Element::Gap | Element::Symbol(_) => true,
        };
        pattern.elements[self.span()].iter().all(is_digit)
    }
}

/// The rarest window, and the longest of these.
fn best_window(pattern: &Pattern, codes: &Codes) -> Option<Anchor> {
    let mut best: Option<(u32, Anchor)> = None;
    let mut from = 0;
    while from < pattern.elements.len() {
        let stretch = stretch_around(pattern, from, codes);
        let shown: Vec<usize> = stretch.clone().filter(|&at| code_of(pattern.elements[at], codes).is_some()).collect();
        for length in [3, 2, 1] {
            for window in shown.windows(length) {
                let rarity = window.iter().map(|&at| rarity(pattern.elements[at])).sum();
                if best.as_ref().is_none_or(|(most, _)| rarity > *most) {
                    let span = window[0]..window[length - 1] + 1;
                    best = Some((rarity, Anchor::Codes { span, codes: length }));
                }
            }
        }
        from = stretch.end.max(from + 1);
    }
    best.map(|(_, anchor)| anchor)
}

/// The elements around element `at` whose codes follow each other in any text that shows them: what has a code, and what
/// is left out where codes are made.
pub(crate) fn stretch_around(pattern: &Pattern, at: usize, codes: &Codes) -> Range<usize> {
    let goes_on = |element: &&Element| match **element {
        Element::Gap => true,
        Element::Symbol(symbol) => codes.drops(symbol),
        element @ Element::Char { .. } => code_of(element, codes).is_some(),
    };
    let before = pattern.elements[..at].iter().rev().take_while(goes_on).count();
    let behind = pattern.elements[at..].iter().take_while(goes_on).count();
    if behind == 0 { at..at } else { at - before..at + behind }
}

/// The code of an element that is a character with one.
pub(crate) fn code_of(element: Element, codes: &Codes) -> Option<u16> {
    match element {
        Element::Char { fold, digit, kind: Kind::Free | Kind::Digit } => codes.of(fold, digit),
        _ => None,
    }
}

/// How rare a character is in text: the negative logarithm of its share, in steps of 1/15. What is not known is rare.
fn rarity(element: Element) -> u32 {
    const UNKNOWN: u8 = 210;
    const DIGIT: u32 = 45;
    static OF_IDEOGRAPHS: LazyLock<Vec<u8>> = LazyLock::new(|| {
        let lexicon = opt().lexicon();
        let steps = |c: char| lexicon.log_share(&[c]).map_or(UNKNOWN, steps_of);
        (FIRST_IDEOGRAPH..=LAST_IDEOGRAPH).map(steps).collect()
    });
    match element {
        Element::Char { digit, .. } if digit != Unit::NO_DIGIT => DIGIT,
        Element::Char { fold: fold @ FIRST_IDEOGRAPH..=LAST_IDEOGRAPH, .. } => {
            u32::from(OF_IDEOGRAPHS[fold as usize - FIRST_IDEOGRAPH as usize])
        }
        _ => u32::from(UNKNOWN),
    }
}

/// A share's rarity: its logarithm is at most zero.
#[expect(clippy::cast_sign_loss, reason = "the value is clamped to what fits")]
fn steps_of(log_share: f32) -> u8 {
    (-15.0 * log_share).clamp(1.0, 255.0) as u8
}

const FIRST_IDEOGRAPH: char = '\u{4E00}';
const LAST_IDEOGRAPH: char = '\u{9FFF}';

/// The longest run of letters that is a word by itself in any text that shows the pattern.
fn best_word(pattern: &Pattern, settings: &Settings) -> Option<Anchor> {
    let elements = &pattern.elements;
    let mut best = 0..0;
    let mut at = 0;
    while at < elements.len() {
        let length = elements[at..].iter().take_while(|element| is_letter(**element)).count();
        let is_open = |edge: bool| edge && !settings.word_boundary;
        if length > best.len() && !is_open(at == 0) && !is_open(at + length == elements.len()) {
            best = at..at + length;
        }
        at += length.max(1);
    }
    (!best.is_empty()).then_some(Anchor::Word { span: best })
}

/// Lengths of windows of letters: each is asked for at every letter of a text.
pub(crate) const LETTERS: [usize; 5] = [1, 2, 3, 4, 6];

/// The rarest of the longest windows of letters. What looks like no letter of ASCII is rarest: text shows it seldom, and as
/// an event.
fn best_letters(pattern: &Pattern) -> Option<Anchor> {
    let elements = &pattern.elements;
    let longest = elements.chunk_by(|a, b| is_letter(*a) == is_letter(*b)).filter(|run| is_letter(run[0]));
    let longest = longest.map(<[Element]>::len).max()?;
    let length = LETTERS.into_iter().rfind(|length| *length <= longest)?;
    let windows = elements.windows(length).enumerate().filter(|(_, window)| window.iter().all(|at| is_letter(*at)));
    let rarity = |window: &[Element]| window.iter().map(|element| rarity_of_letter(*element)).sum::<u32>();
    // Of equals the first.
    let (at, _) = windows.rev().max_by_key(|(_, window)| rarity(window))?;
    Some(Anchor::Letters { span: at..at + length })
}

/// How rare a letter is in English: the negative logarithm of its share, in steps of 1/15.
fn rarity_of_letter(element: Element) -> u32 {
    const OF_ALL: [u8; 26] =
        [38, 63, 54, 48, 31, 57, 59, 42, 40, 98, 73, 48, 56, 40, 39, 59, 101, 42, 41, 36, 54, 69, 57, 97, 59, 108];
    const OTHER: u32 = 1000;
    ascii_letter(element).map_or(OTHER, |letter| u32::from(OF_ALL[usize::from(letter - b'a')]))
}

/// The letter of ASCII that a letter is or looks like.
pub(crate) fn ascii_letter(element: Element) -> Option<u8> {
    let Element::Char { fold, kind: Kind::Letter, .. } = element else { return None };
    let shown = tables().skeleton(fold);
    shown.is_ascii_lowercase().then_some(shown as u8)
}

/// The letters around element `at`: those in a row that are or look like letters of ASCII.
pub(crate) fn letters_around(pattern: &Pattern, at: usize) -> Range<usize> {
    let is_shown = |element: &&Element| ascii_letter(**element).is_some();
    let before = pattern.elements[..at].iter().rev().take_while(is_shown).count();
    let behind = pattern.elements[at..].iter().take_while(is_shown).count();
    at - before..at + behind
}

/// Whether an element is a character of a script without word boundaries.
pub(crate) fn is_free(element: Element) -> bool {
    matches!(element, Element::Char { kind: Kind::Free, .. })
}

pub(crate) fn is_letter(element: Element) -> bool {
    matches!(element, Element::Char { kind: Kind::Letter, .. })
}
