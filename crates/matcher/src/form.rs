//! The normal form of a keyword: what makes two keywords the same, and how much of one there is to see.

use std::collections::HashMap;

use crate::combo::Expression;
use crate::pattern::{Element, Kind, Pattern};

/// A keyword in normal form. Keywords with equal forms are one keyword, written twice.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NormalForm {
    /// Elements in one number each, so that a million keywords are compared quickly.
    codes: Box<[u32]>,
    characters: usize,
    is_alphabetic: bool,
}

/// Codes that no element has: they follow a part that must be present, and one that must not.
const PRESENT: u32 = u32::MAX;
const ABSENT: u32 = u32::MAX - 1;

impl NormalForm {
    /// Reads a keyword, or the expression of a combination. `None` when it is no expression or nothing of it is seen.
    pub fn new(text: &str, is_combo: bool) -> Option<Self> {
        if !is_combo {
            return Some(Self::of(&[Pattern::new(text)?], &[]));
        }
        let Expression { present, absent } = Expression::parse(text, 0).ok()?;
        let read = |parts: &[String]| parts.iter().map(|part| Pattern::new(part)).collect::<Option<Vec<_>>>();
        Some(Self::of(&read(&present)?, &read(&absent)?))
    }

    fn of(present: &[Pattern], absent: &[Pattern]) -> Self {
        let sorted = |parts: &[Pattern], end: u32| {
            let encode = |part: &Pattern| part.elements.iter().copied().map(code).chain([end]).collect::<Vec<u32>>();
            let mut parts: Vec<Vec<u32>> = parts.iter().map(encode).collect();
            // `A&B` and `B&A` are found at the same places.
            parts.sort_unstable();
            parts.concat()
        };
        let count = |part: &Pattern| part.elements.iter().filter(|element| **element != Element::Gap).count();
        let is_letter = |element: &Element| matches!(element, Element::Char { kind: Kind::Letter, .. });
        Self {
            codes: [sorted(present, PRESENT), sorted(absent, ABSENT)].concat().into(),
            characters: present.iter().map(count).min().unwrap_or(0),
            is_alphabetic: present.iter().all(|part| part.elements.iter().all(is_letter)),
        }
    }

    /// Characters that a text must show, white space left out; of a combination, of the shortest part.
    pub fn characters(&self) -> usize {
        self.characters
    }

    /// Whether all that must be shown are letters of an alphabetic script.
    pub fn is_alphabetic(&self) -> bool {
        self.is_alphabetic
    }
}

/// A number for an element, another one for every other: a code point has 21 bits, a digit and its absence 4.
fn code(element: Element) -> u32 {
    match element {
        Element::Char { fold, digit, kind } => {
            u32::from(fold) | (u32::from(digit.min(15)) << 21) | ((kind as u32) << 25)
        }
        Element::Symbol(symbol) => u32::from(symbol) | 3 << 25,
        Element::Gap => 4 << 25,
    }
}

/// The normal forms of many keywords, which may be compared by number.
///
/// `texts` are keywords, each with whether it is the expression of a combination. Gives for each the index of the first
/// one with the same normal form, its own if it is the first, and the form; `None` for a text without one.
pub fn first_of_each<'t>(
    texts: impl Iterator<Item = (&'t str, bool)>,
    mut on_form: impl FnMut(Option<(u32, &NormalForm)>),
) {
    let mut known: HashMap<NormalForm, u32> = HashMap::new();
    for ((text, is_combo), index) in texts.zip(0_u32..) {
        let Some(form) = NormalForm::new(text, is_combo) else {
            on_form(None);
            continue;
        };
        if let Some((form, first)) = known.get_key_value(&form) {
            on_form(Some((*first, form)));
        } else {
            on_form(Some((index, &form)));
            known.insert(form, index);
        }
    }
}

/// A pattern as text: its folded characters, gaps as spaces.
pub(crate) fn shown(pattern: &Pattern) -> String {
    pattern.elements.iter().copied().map(shown_element).collect()
}

pub(crate) fn shown_element(element: Element) -> char {
    match element {
        Element::Char { fold, .. } => fold,
        Element::Symbol(symbol) => symbol,
        Element::Gap => ' ',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_that_are_found_at_the_same_places_have_one_form() {
        let form = |text: &str| NormalForm::new(text, false).expect("can be seen");
        for (a, b) in
            [("Malware", "ｍａｌｗａｒｅ "), ("走私", "走\u{200B}私"), ("葉子", "叶子"), ("ß", "SS"), ("a  b", "a b")]
        {
            assert_eq!(form(a), form(b), "{a} {b}");
        }
        for (a, b) in [("mal ware", "malware"), ("走私", "走私香烟"), ("c++", "c"), ("1", "i")] {
            assert_ne!(form(a), form(b), "{a} {b}");
        }
        let combo = |text: &str| NormalForm::new(text, true);
        assert_eq!(combo("走私&香烟~打击"), combo("香煙 & 走私 ~ 打击"));
        assert_ne!(combo("走私&香烟"), combo("走私~香烟"));
        assert_ne!(combo("走私&香烟"), NormalForm::new("走私&香烟", false));
        assert_eq!((combo("走私&"), combo("走私&\u{200B}"), NormalForm::new("\u{200B}", false)), (None, None, None));
    }

    #[test]
    fn what_is_to_be_seen_is_counted() {
        for (text, is_combo, characters, is_alphabetic) in [
            ("走", false, 1, false),
            ("No", false, 2, true),
            ("c++", false, 3, false),
            ("a b", false, 2, false),
            ("走私&ab", true, 2, false),
            ("$$", false, 2, false),
        ] {
            let form = NormalForm::new(text, is_combo).expect("can be seen");
            assert_eq!((form.characters(), form.is_alphabetic()), (characters, is_alphabetic), "{text}");
        }
    }

    #[test]
    fn the_first_of_each_form_is_named() {
        let texts =
            [("走私", false), ("\u{200B}", false), ("Mal", false), ("走私", false), ("mal", false), ("走私", true)];
        let mut firsts = Vec::new();
        first_of_each(texts.into_iter(), |form| firsts.push(form.map(|(first, _)| first)));
        // A combination of one part is that part.
        assert_eq!(firsts, [Some(0), None, Some(2), Some(0), Some(2), Some(0)]);
    }
}
