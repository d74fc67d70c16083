//! A keyword in normal form: the characters that a text must show, in order.

use normalize::{Class, Markup, Reader, Reading, Tables, Unit};

use crate::file::{self, FileError, Writer};
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
        Some(Self::of(elements.into()))
    }

    fn of(elements: Box<[Element]>) -> Self {
        let is_leet = |element: &Element| matches!(element, Element::Symbol(symbol) if is_leet_symbol(*symbol));
        Self { has_leet_symbol: elements.iter().any(is_leet), elements }
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

impl Element {
    /// One number: the character, above it a tag, above that the value of a digit.
    fn to_stored(self) -> u32 {
        let packed = |c: char, tag: u32, digit: u8| u32::from(c) | tag << TAG_AT | u32::from(digit) << DIGIT_AT;
        match self {
            Self::Char { fold, digit, kind: Kind::Letter } => packed(fold, 0, digit),
            Self::Char { fold, digit, kind: Kind::Digit } => packed(fold, 1, digit),
            Self::Char { fold, digit, kind: Kind::Free } => packed(fold, 2, digit),
            Self::Symbol(symbol) => packed(symbol, 3, 0),
            Self::Gap => packed('\0', 4, 0),
        }
    }

    /// The element that a number stands for, if it is one.
    fn from_stored(stored: u32) -> Option<Self> {
        let c = char::from_u32(stored & ((1 << TAG_AT) - 1))?;
        let digit = (stored >> DIGIT_AT) as u8;
        let char = |kind| {
            let is_digit = digit <= 9 || digit == Unit::NO_DIGIT;
            is_digit.then_some(Self::Char { fold: c, digit, kind })
        };
        match (stored >> TAG_AT) & 7 {
            0 => char(Kind::Letter),
            1 => char(Kind::Digit),
            2 => char(Kind::Free),
            3 => (digit == 0).then_some(Self::Symbol(c)),
            4 => (digit == 0 && c == '\0').then_some(Self::Gap),
            _ => None,
        }
    }
}

/// Bits of a stored element from which on the tag and the digit stand.
const TAG_AT: u32 = 21;
const DIGIT_AT: u32 = 24;

/// Stores patterns with their numbers, which ascend.
pub(crate) fn store(name: &str, ids: &[u32], patterns: &[Pattern], out: &mut Writer) {
    out.put(format!("{name}.ids"), ids);
    let lengths = patterns.iter().map(|pattern| pattern.elements.len() as u32);
    out.put(format!("{name}.lengths"), &lengths.collect::<Vec<u32>>());
    let elements = patterns.iter().flat_map(|pattern| pattern.elements.iter().map(|element| element.to_stored()));
    out.put(format!("{name}.elements"), &elements.collect::<Vec<u32>>());
}

/// Reads patterns of a library of `count`, each with its number.
pub(crate) fn restore(name: &str, count: usize, file: &mut file::Reader) -> Result<Vec<(u32, Pattern)>, FileError> {
    let ids = file.take::<u32>(format!("{name}.ids"))?;
    let lengths = file.take::<u32>(format!("{name}.lengths"))?;
    let stored = file.take::<u32>(format!("{name}.elements"))?;
    ids.expect_below(count, "number of a pattern")?;
    if let Some(at) = ids.windows(2).position(|pair| pair[0] >= pair[1]) {
        return Err(ids.refuse(at + 1, "number of a pattern", ids[at + 1], format!("the one before is {}", ids[at])));
    }
    lengths.expect_count(ids.len())?;
    let mut patterns = Vec::with_capacity(ids.len());
    let mut at = 0;
    for (index, (&id, &length)) in ids.iter().zip(&*lengths).enumerate() {
        let most = MAX_ELEMENTS.min(stored.len() - at);
        let length = length as usize;
        if length == 0 || length > most {
            return Err(lengths.refuse(index, "length of a pattern", length, format!("it must be from 1 to {most}")));
        }
        let mut elements = Vec::with_capacity(length);
        for at in at..at + length {
            let Some(element) = Element::from_stored(stored[at]) else {
                return Err(stored.refuse(at, "an element", format!("{:#x}", stored[at]), "no element is stored so"));
            };
            elements.push(element);
        }
        let is_gap = |element: &Element| *element == Element::Gap;
        let is_outer = elements.first().is_some_and(is_gap) || elements.last().is_some_and(is_gap);
        if is_outer || elements.windows(2).any(|pair| is_gap(&pair[0]) && is_gap(&pair[1])) {
            let limit = "gaps stand alone and between others";
            return Err(stored.refuse(at, "a pattern", format!("{length} elements"), limit));
        }
        patterns.push((id, Pattern::of(elements.into())));
        at += length;
    }
    stored.expect_count(at)?;
    Ok(patterns)
}

/// No keyword has more elements: a character of three bytes folds to at most eighteen.
pub(crate) const MAX_ELEMENTS: usize = 6 * crate::spec::limits::KEYWORD_BYTES;
