//! Whether what stands beside an anchor can belong to its pattern: a look at the characters of the text, which saves
//! reading units for most anchors that are common words or digits.

use normalize::{Class, Folded, Unit, tables};

use super::index::Part;
use super::verify::may_be_escape;
use crate::align::{MAX_SEPARATORS, MAX_SEPARATORS_WIDE};
use crate::letters::{is_leet_symbol, key, leet};
use crate::pattern::{Element, Kind, Pattern};

/// Characters that are looked at on either side; behind more, reading tells.
const MOST: usize = 96;

/// Whether the pattern may stand around its anchor, whose first character is at byte `start`. False only where no alignment
/// finds it; true wherever that takes more than a look at plain characters. Counts the characters looked at.
pub(crate) fn may_stand(
    text: &str,
    start: usize,
    pattern: &Pattern,
    anchor: &Part,
    is_wide: bool,
    steps: &mut usize,
) -> bool {
    let (before, rest) = pattern.elements.split_at(usize::from(anchor.first));
    let mut behind = text[start..].chars().map(|c| Char { c, is_unknown: false });
    let Some(first) = behind.clone().next() else { return true };
    // What an escape spells is another character than the letters in it.
    let ahead = text[..start].char_indices().rev().map(|(at, c)| {
        let is_end = matches!(c, ';' | '}');
        Char { c, is_unknown: is_end || (c.is_ascii_alphanumeric() && may_be_escape(text, at)) }
    });
    go_on(None, &mut behind, rest.iter(), is_wide, steps)
        && (before.is_empty() || go_on(Some(first), ahead, before.iter().rev(), is_wide, steps))
}

/// Whether characters, behind one that shows the element before, can show the elements in their order.
fn go_on<'e>(
    mut last: Option<Char>,
    chars: impl Iterator<Item = Char>,
    elements: impl Iterator<Item = &'e Element>,
    is_wide: bool,
    steps: &mut usize,
) -> bool {
    let most = if is_wide { MAX_SEPARATORS_WIDE } else { MAX_SEPARATORS };
    let mut elements = elements.filter(|element| **element != Element::Gap);
    let Some(mut element) = elements.next() else { return true };
    let mut separators = 0;
    for (seen, c) in chars.enumerate() {
        *steps += 1;
        if seen == MOST {
            return true;
        }
        match c.what_is(*element, is_wide) {
            Is::It => {
                let Some(next) = elements.next() else { return true };
                (element, last, separators) = (next, Some(c), 0);
            }
            Is::Separator if separators == most => return false,
            Is::Separator => separators += 1,
            Is::Nothing => {}
            // A run counts as one; of several in a row, it is not known which shows which element.
            Is::Another if last.is_some_and(|last| last.key() == c.key()) => {}
            Is::Another => return false,
            Is::Unknown => return true,
        }
    }
    false
}

/// What one character of the text is to an element of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Is {
    It,
    Separator,
    /// It is dropped when the text is read.
    Nothing,
    Another,
    Unknown,
}

/// A character of the text.
#[derive(Debug, Clone, Copy)]
struct Char {
    c: char,
    /// It may be something else than it seems.
    is_unknown: bool,
}

impl Char {
    /// Equal for all that may show one element.
    fn key(self) -> char {
        let info = tables().info(self.c);
        key(tables().fold_one(self.c), info.digit().unwrap_or(Unit::NO_DIGIT), tables())
    }

    fn what_is(self, element: Element, is_wide: bool) -> Is {
        let Self { c, is_unknown } = self;
        if is_unknown || matches!(c, '&' | '%' | '\\') {
            return Is::Unknown;
        }
        let tables = tables();
        let info = tables.info(c);
        let Folded::One(shown) = info.fold() else { return Is::Unknown };
        let class = info.class();
        let (fold, digit, kind) = match element {
            Element::Char { fold, digit, kind } => (fold, digit, kind),
            Element::Symbol(symbol) => {
                return match class {
                    _ if shown == symbol => Is::It,
                    Class::Letter | Class::Digit if c.is_ascii() => Is::Another,
                    Class::Free if is_ideograph(c) => Is::Another,
                    Class::Space | Class::Line | Class::Symbol if is_plain_sign(c) => Is::Separator,
                    _ => Is::Unknown,
                };
            }
            Element::Gap => return Is::Unknown,
        };
        let is_leet = kind == Kind::Letter && leet(shown).contains(&tables.skeleton(fold));
        match class {
            Class::Letter if c < FIRST_COMPOSED => {
                if tables.skeleton(fold) == tables.skeleton(shown) {
                    Is::It
                } else {
                    Is::Another
                }
            }
            Class::Digit if c.is_ascii() => {
                let is_it = digit != Unit::NO_DIGIT && info.digit() == Some(digit);
                if is_it || is_leet { Is::It } else { Is::Another }
            }
            Class::Free if is_ideograph(c) => {
                let is_it = shown == fold || (digit != Unit::NO_DIGIT && info.digit() == Some(digit));
                if is_it { Is::It } else { Is::Another }
            }
            Class::Clause if !is_wide => Is::Another,
            Class::Hidden if c.is_ascii() => Is::Nothing,
            // It may be the letter or stand between letters.
            Class::Symbol if is_leet_symbol(shown) && is_leet => Is::Unknown,
            Class::Space | Class::Line | Class::Symbol if is_plain_sign(c) => Is::Separator,
            _ => Is::Unknown,
        }
    }
}

/// Latin letters stand before it: marks may follow them, but make no other letter of them.
const FIRST_COMPOSED: char = '\u{2B0}';

/// A sign of ASCII, of general punctuation or of Chinese, which is joined with no other character.
fn is_plain_sign(c: char) -> bool {
    c.is_ascii() || matches!(c, '\u{2010}'..='\u{2027}' | '\u{3000}'..='\u{3020}' | '\u{FF00}'..='\u{FF65}')
}

/// An ideograph that is joined with no other character.
fn is_ideograph(c: char) -> bool {
    ('\u{4E00}'..='\u{9FFF}').contains(&c)
}
