//! The anchor of each pattern: the part of it that is looked for first.

use std::collections::HashMap;

use normalize::{Tables, Unit, opt};

use super::codes::{Block, CLAUSE, Candidate, Codes, FIRST};
use super::kernel::Kernel;
use super::keys::{Hashed, Keys};
use super::ranges::Ranges;
use super::words;
use crate::automaton::Settings;
use crate::groups::Groups;
use crate::letters::key;
use crate::pattern::{Element, Kind, Pattern};

/// A part of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) pattern: u32,
    /// Its first element, and how many it has.
    pub(crate) first: u16,
    pub(crate) elements: u16,
    /// It is a word of letters, not a window of ideographs.
    pub(crate) is_word: bool,
}

/// What a pattern can be found by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Anchor {
    /// One to three ideographs or digits next to each other: elements and how many of them have codes.
    Codes { first: usize, elements: usize, codes: usize },
    /// A whole word of letters.
    Word { first: usize, elements: usize },
}

/// A word at least this long is a better anchor than any window of digits.
const MIN_WORD: usize = 2;

impl Anchor {
    /// The best anchor of a pattern, or nothing if the pattern has no part that must show as it is.
    pub(crate) fn of(pattern: &Pattern, settings: &Settings, codes: &Codes) -> Option<Self> {
        let window = best_window(pattern, codes);
        let word = best_word(pattern, settings);
        match (window, word) {
            (Some(window @ Self::Codes { codes: 2.., .. }), _) if !is_digits(pattern, &window) => Some(window),
            (_, Some(word @ Self::Word { elements: MIN_WORD.., .. })) => Some(word),
            (Some(window), _) => Some(window),
            (None, word) => word,
        }
    }

    fn span(&self) -> (usize, usize) {
        match *self {
            Self::Codes { first, elements, .. } | Self::Word { first, elements } => (first, elements),
        }
    }
}

fn is_digits(pattern: &Pattern, anchor: &Anchor) -> bool {
    let (first, elements) = anchor.span();
    pattern.elements[first..first + elements]
        .iter()
        .all(|element| !matches!(element, Element::Char { kind: Kind::Free, .. }))
}

/// The rarest window of two or three codes, or the only code that there is. Gaps and symbols inside are left out, as
/// they are in the codes of a text.
fn best_window(pattern: &Pattern, codes: &Codes) -> Option<Anchor> {
    let is_coded = |element: &Element| code_of(element, codes).is_some();
    let coded: Vec<usize> = (0..pattern.elements.len()).filter(|&at| is_coded(&pattern.elements[at])).collect();
    let is_joined = |a: usize, b: usize| {
        pattern.elements[a..=b].iter().all(|element| match element {
            Element::Char { .. } => is_coded(element),
            Element::Symbol(symbol) => is_left_out(*symbol),
            Element::Gap => true,
        })
    };
    let window = |from: usize, length: usize| {
        let (first, last) = (coded[from], coded[from + length - 1]);
        Anchor::Codes { first, elements: last - first + 1, codes: length }
    };
    let mut best: Option<(f32, Anchor)> = None;
    for length in [3, 2, 1] {
        for from in 0..(coded.len() + 1).saturating_sub(length) {
            if !is_joined(coded[from], coded[from + length - 1]) {
                continue;
            }
            let weight = coded[from..from + length].iter().map(|&at| commonness(&pattern.elements[at])).sum::<f32>();
            if best.as_ref().is_none_or(|(least, _)| weight < *least) {
                best = Some((weight, window(from, length)));
            }
        }
    }
    best.map(|(_, anchor)| anchor)
}

/// Whether a symbol of a keyword has no code in any form: a clause mark has one, which ends windows, and so do marks that
/// fold to it or may start an escape.
fn is_left_out(symbol: char) -> bool {
    !matches!(symbol, ',' | '.' | ':' | ';' | '!' | '?' | '&' | '%' | '\\')
        && matches!(normalize::tables().info(symbol).class(), normalize::Class::Symbol)
}

/// How common a character is: the logarithm of its share of text. What is not known is rare.
fn commonness(element: &Element) -> f32 {
    const UNKNOWN: f32 = -14.0;
    const DIGIT: f32 = -3.0;
    match *element {
        Element::Char { digit, .. } if digit != Unit::NO_DIGIT => DIGIT,
        Element::Char { fold, .. } => opt().lexicon().log_share(&[fold]).unwrap_or(UNKNOWN),
        _ => 0.0,
    }
}

/// The longest run of letters that is a word by itself in any text that shows the pattern.
fn best_word(pattern: &Pattern, settings: &Settings) -> Option<Anchor> {
    let is_letter = |element: &Element| matches!(element, Element::Char { kind: Kind::Letter, .. });
    let elements = &pattern.elements;
    let mut best = None;
    let mut at = 0;
    while at < elements.len() {
        let length = elements[at..].iter().take_while(|element| is_letter(element)).count();
        let is_open = |edge: bool| edge && !settings.word_boundary;
        if length > 0 && !is_open(at == 0) && !is_open(at + length == elements.len()) {
            let longest = match best {
                Some(Anchor::Word { elements, .. }) => elements,
                _ => 0,
            };
            if length > longest {
                best = Some(Anchor::Word { first: at, elements: length });
            }
        }
        at += length.max(1);
    }
    best
}

/// The anchors of a library, by what the passes over a text look up.
#[derive(Debug, Default)]
pub(crate) struct Anchors {
    parts: Vec<Part>,
    pub(crate) windows: Keys,
    of_window: Groups,
    pub(crate) words: Keys,
    of_word: Groups,
    /// Lists of parts by code, for anchors of one code, and a bit for each of those codes.
    singles: HashMap<u16, u32>,
    is_single: Vec<u32>,
    of_single: Groups,
    /// Whether a window of digits alone is looked for: then text of ASCII has codes too.
    pub(crate) has_digits: bool,
    /// Codes of the patterns that consist of nothing else.
    codes: Vec<u16>,
    code_starts: Vec<u32>,
    /// Patterns of ideographs only, some of which may be numerals.
    is_free: Vec<bool>,
}

/// Which lists a candidate's number is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum List {
    Window(u32),
    Single(u32),
    Word(u32),
}

impl Anchors {
    pub(crate) fn new(patterns: &[Pattern], settings: &Settings, codes: &Codes) -> Self {
        let mut anchors = Self { code_starts: vec![0], ..Self::default() };
        let (mut windows, mut words, mut singles) = (Vec::new(), Vec::new(), Vec::new());
        for (pattern, id) in patterns.iter().zip(0_u32..) {
            let Some(anchor) = Anchor::of(pattern, settings, codes) else {
                unreachable!("the route takes patterns with anchors")
            };
            let (first, elements) = anchor.span();
            let part = anchors.parts.len() as u32;
            let is_word = matches!(anchor, Anchor::Word { .. });
            anchors.parts.push(Part { pattern: id, first: first as u16, elements: elements as u16, is_word });
            let chars = &pattern.elements[first..first + elements];
            if is_word {
                let letters: Option<Vec<u8>> = chars.iter().map(ascii_letter).collect();
                // Other letters are never clean, so they are found around events only.
                if let Some(letters) = letters {
                    let key = words::hash_of(&letters);
                    words.push((Hashed { place: key, key }, part));
                }
            } else {
                anchors.has_digits |= is_digits(pattern, &anchor);
                match *codes_of(chars, codes).as_slice() {
                    [a, b, c] => {
                        let place = hash2(a, b);
                        windows.push((Hashed { place, key: hash3(place, c) }, part));
                    }
                    [a, b] => {
                        let place = hash2(a, b);
                        windows.push((Hashed { place, key: place }, part));
                    }
                    [a] => singles.push((a, part)),
                    _ => unreachable!("a window has one to three codes"),
                }
            }
            let is_coded_only = pattern.elements.iter().all(|element| code_of(element, codes).is_some());
            if is_coded_only {
                anchors.codes.extend(codes_of(&pattern.elements, codes));
            }
            anchors.code_starts.push(anchors.codes.len() as u32);
            let is_free = |element: &Element| matches!(element, Element::Char { kind: Kind::Free, .. });
            anchors.is_free.push(pattern.elements.iter().all(is_free));
        }
        if !windows.is_empty() {
            (anchors.windows, anchors.of_window) = Keys::new(windows);
        }
        if !words.is_empty() {
            (anchors.words, anchors.of_word) = Keys::new(words);
        }
        let (codes_of_singles, of_single) = Groups::by_key(singles);
        if !codes_of_singles.is_empty() {
            anchors.is_single = vec![0; 0x1_0000 / 32];
            for &code in &codes_of_singles {
                anchors.is_single[usize::from(code / 32)] |= 1 << (code % 32);
            }
        }
        anchors.singles = codes_of_singles.into_iter().zip(0..).collect();
        anchors.of_single = of_single;
        anchors
    }

    /// Number of anchors that are words.
    pub(crate) fn word_count(&self) -> usize {
        self.parts.iter().filter(|part| part.is_word).count()
    }

    /// The key strings of all anchors, with their parts.
    pub(crate) fn keyed(&self, patterns: &[Pattern], tables: &Tables) -> Vec<(String, u32)> {
        let keyed = self.parts.iter().zip(0_u32..).map(|(part, id)| {
            let (first, elements) = (usize::from(part.first), usize::from(part.elements));
            let mut keys = String::new();
            for element in &patterns[part.pattern as usize].elements[first..first + elements] {
                if let Element::Char { fold, digit, .. } = *element {
                    let key = key(fold, digit, tables);
                    if !keys.ends_with(key) {
                        keys.push(key);
                    }
                }
            }
            (keys, id)
        });
        keyed.collect()
    }

    pub(crate) fn part(&self, id: u32) -> Part {
        self.parts[id as usize]
    }

    /// The parts of a list.
    pub(crate) fn of(&self, list: List) -> impl Iterator<Item = &Part> {
        let parts = match list {
            List::Window(list) => self.of_window.of(list),
            List::Single(list) => self.of_single.of(list),
            List::Word(list) => self.of_word.of(list),
        };
        parts.iter().map(|part| &self.parts[*part as usize])
    }

    /// The codes of a pattern that consists of nothing else.
    pub(crate) fn codes_of(&self, pattern: u32) -> Option<&[u16]> {
        let pattern = pattern as usize;
        let codes = &self.codes[self.code_starts[pattern] as usize..self.code_starts[pattern + 1] as usize];
        (!codes.is_empty()).then_some(codes)
    }

    /// Whether a pattern consists of ideographs only.
    pub(crate) fn is_free(&self, pattern: u32) -> bool {
        self.is_free[pattern as usize]
    }

    /// Looks up the windows of a block that were not looked up yet, and notes repeats as events. `is_end`: the text ends
    /// with the block.
    pub(crate) fn look_up(
        &self,
        kernel: Kernel,
        block: &Block,
        is_end: bool,
        out: &mut Vec<Candidate>,
        events: &mut Ranges,
    ) {
        let codes = &block.codes;
        let end = if is_end { codes.len() } else { codes.len().saturating_sub(2) };
        let mut from = block.fresh;
        #[cfg(target_arch = "x86_64")]
        if let (Kernel::Avx512(kernel), false) = (kernel, self.windows.is_empty()) {
            from = kernel.look_up(codes, from, end, &self.windows, &self.is_single, |index| {
                self.look_up_at(block, index, out, events);
            });
        }
        for index in from..end {
            self.look_up_at(block, index, out, events);
        }
    }

    /// Looks up the windows that start at one code.
    #[inline]
    fn look_up_at(&self, block: &Block, index: usize, out: &mut Vec<Candidate>, events: &mut Ranges) {
        let codes = &block.codes[index..];
        let at = |offset: usize| codes.get(offset).copied().unwrap_or(CLAUSE);
        let (a, b, c) = (at(0), at(1), at(2));
        if a < FIRST {
            return;
        }
        let mut propose = |list| out.push(Candidate { index: index as u32, list });
        let is_single =
            |code: u16| self.is_single.get(usize::from(code / 32)).is_some_and(|bits| bits >> (code % 32) & 1 != 0);
        if is_single(a) {
            propose(List::Single(self.singles[&a]));
        }
        if b < FIRST || self.windows.is_empty() {
            return;
        }
        let two = hash2(a, b);
        let word = self.windows.word(two);
        if Keys::may_have(word, two)
            && let Some(list) = self.windows.list(two)
        {
            propose(List::Window(list));
        }
        if c < FIRST {
            return;
        }
        let three = hash3(two, c);
        if Keys::may_have(word, three)
            && let Some(list) = self.windows.list(three)
        {
            propose(List::Window(list));
        }
        if a == b && b == c && a >= FIRST_OF_RUNS {
            events.push(block.position(index));
        }
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        size_of_val(&*self.parts)
            + self.windows.heap_bytes()
            + self.words.heap_bytes()
            + self.of_window.heap_bytes()
            + self.of_word.heap_bytes()
            + self.of_single.heap_bytes()
            + size_of_val(&*self.codes)
            + size_of_val(&*self.code_starts)
    }
}

/// Digits do not repeat: 1000 is not 10.
const FIRST_OF_RUNS: u16 = 0x80;

fn code_of(element: &Element, codes: &Codes) -> Option<u16> {
    match *element {
        Element::Char { fold, digit, kind: Kind::Free | Kind::Digit } => codes.of(fold, digit),
        _ => None,
    }
}

fn codes_of(elements: &[Element], codes: &Codes) -> Vec<u16> {
    elements.iter().filter_map(|element| code_of(element, codes)).collect()
}

fn ascii_letter(element: &Element) -> Option<u8> {
    match *element {
        Element::Char { fold, .. } if fold.is_ascii_lowercase() => Some(fold as u8),
        _ => None,
    }
}

#[inline]
fn hash2(a: u16, b: u16) -> u32 {
    u32::from(a).wrapping_mul(0x9E37_79B1).wrapping_add(u32::from(b).wrapping_mul(0x85EB_CA6B))
}

#[inline]
fn hash3(two: u32, c: u16) -> u32 {
    let third = u32::from(c).wrapping_mul(0xC2B2_AE35);
    two.wrapping_add(third ^ (third >> 16))
}
