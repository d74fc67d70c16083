//! A keyword in normal form: the characters that a text must show, in order.

use normalize::{Class, Markup, Reader, Reading, Tables};

use crate::letters::{is_leet_symbol, key};

/// One thing that a text must show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Element {
    /// A letter, digit, ideograph, in folded form.
    Char { fold: char, digit: u8, kind: Kind },
    /// A symbol of the keyword itself (`c++`), which is then not a separator.
    Symbol(char),
    /// White space of the keyword itself: one or more separators.
    Gap,
}

/// What kind of character it is, for boundaries and for the gaps that it allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// Of an alphabetic script.
    Letter,
    Digit,
    /// Of a script without word boundaries.
    Free,
}

/// A keyword or an allow word, compiled.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Pattern {
    pub(crate) elements: Box<[Element]>,
    /// Has a symbol that elsewhere may be read as a letter; then none is, in all of the occurrence.
    pub(crate) has_leet_symbol: bool,
}

impl Pattern {
    /// Reads a keyword. `None` when nothing of it can be seen.
    pub(crate) fn new(text: &str) -> Option<Self> {
        let mut units = Vec::with_capacity(text.len());
        // What looks like an escape in a keyword is meant: a library is not markup.
        let mut reader = Reader::new(text.trim(), 0, Reading { escapes: false, markup: Markup::None });
        reader.read(&mut units, usize::MAX, usize::MAX);
        let mut elements: Vec<Element> = Vec::with_capacity(units.len());
        for unit in &units {
            let element = match unit.class {
                Class::Letter => Element::Char { fold: unit.fold, digit: unit.digit, kind: Kind::Letter },
                Class::Digit => Element::Char { fold: unit.fold, digit: unit.digit, kind: Kind::Digit },
                Class::Free => Element::Char { fold: unit.fold, digit: unit.digit, kind: Kind::Free },
                Class::Space | Class::Line => Element::Gap,
                _ => Element::Symbol(unit.fold),
            };
            if element != Element::Gap || elements.last() != Some(&Element::Gap) {
                elements.push(element);
            }
        }
        while elements.last() == Some(&Element::Gap) {
            elements.pop();
        }
        let first = elements.iter().position(|element| *element != Element::Gap)?;
        elements.drain(..first);
        let is_leet = |element: &Element| matches!(element, Element::Symbol(symbol) if is_leet_symbol(*symbol));
        Some(Self { has_leet_symbol: elements.iter().any(is_leet), elements: elements.into() })
    }

    /// The key string that a search by keys looks for: runs of equal keys as one, symbols and gaps left out. Empty for
    /// a pattern of symbols only.
    pub(crate) fn keys(&self, tables: &Tables) -> String {
        let mut keys = String::with_capacity(self.elements.len());
        let mut last = None;
        for element in &self.elements {
            if let Element::Char { fold, digit, .. } = *element {
                let key = key(fold, digit, tables);
                if last != Some(key) {
                    keys.push(key);
                }
                last = Some(key);
            }
        }
        keys
    }

    /// Most units that may stand in front of the first character with a key: the symbols that the pattern starts with, and
    /// what may stand between. None for a pattern that starts with a character.
    pub(crate) fn leading(&self) -> usize {
        let symbols = self.elements.iter().take_while(|element| !matches!(element, Element::Char { .. })).count();
        if symbols == self.elements.len() { 0 } else { 9 * symbols }
    }

    /// Most units of text that an occurrence may take, separators and repeats included.
    pub(crate) fn reach(&self) -> usize {
        reach_of(self.elements.len())
    }
}

/// Most units that an occurrence of `elements` elements may take.
pub(crate) fn reach_of(elements: usize) -> usize {
    9 * elements + 512
}
