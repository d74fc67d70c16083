//! The anchors of a library, as the passes over a text look them up.

use super::anchor::{Anchor, LETTERS, ascii_letter, code_of, is_free, is_letter, letters_around, stretch_around};
use super::codes::{AHEAD, Block, CLAUSE, Codes, FIRST};
use super::kernel::Kernel;
use super::keys::{Hashed, Keys, hash_letters, hash2, hash3};
use super::near::{self, Near};
use super::ranges::Ranges;
use super::words;
use crate::automaton::Settings;
use crate::file::{Array, FileError, Reader, Section, Writer};
use crate::groups::Groups;
use crate::letters::leet;
use crate::pattern::{Element, Pattern};

/// A part of a pattern that is its anchor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) pattern: u32,
    /// Its first element, and how many it has.
    pub(crate) first: u16,
    pub(crate) elements: u16,
    /// It is a word of letters, not a window.
    pub(crate) is_word: bool,
}

impl Part {
    /// It is a window of letters.
    fn is_letters(self, patterns: &[Pattern]) -> bool {
        !self.is_word && is_letter(patterns[self.pattern as usize].elements[usize::from(self.first)])
    }
}

/// The anchors of a library.
#[derive(Debug, Default)]
pub(crate) struct Index {
    parts: Vec<Part>,
    /// Windows of two and three codes, each with the place of its shapes.
    pub(crate) windows: Keys,
    shapes: Shapes,
    /// Windows of letters, each with the place of its shapes, and which lengths they have.
    letters: Keys,
    has_length: [bool; LETTERS.len()],
    /// How many anchors are windows of letters.
    pub(crate) letters_count: usize,
    /// The shapes of anchors of one code, by code; and a bit for each of those codes.
    singles: Vec<(u16, u32)>,
    is_single: Vec<u32>,
    pub(crate) words: Keys,
    of_word: Groups,
    /// Anchors by their keys, for text that is read as units.
    pub(crate) near: Near,
    /// Whether a window of digits alone is looked for: then text of ASCII has codes too.
    pub(crate) has_digits: bool,
    /// Whether digits and signs alone may show a word that is an anchor, because another part of its pattern has letters.
    pub(crate) has_numeral_words: bool,
}

/// An anchor and what of its pattern has codes around it.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "flags, each with a meaning of its own")]
pub(crate) struct Shape<'a> {
    pub(crate) part: u32,
    pub(crate) codes: &'a [u16],
    /// The code that the anchor starts with.
    pub(crate) first: usize,
    /// The codes are the whole pattern, with nothing left out between them.
    pub(crate) is_whole: bool,
    /// They are of ideographs only, some of which may be numerals.
    pub(crate) is_free: bool,
    /// They are of letters only. Then `is_whole` says as well that the letters are of ASCII.
    pub(crate) is_letters: bool,
    /// A character without a code is in front of them, or behind.
    pub(crate) goes_before: bool,
    pub(crate) goes_behind: bool,
}

/// Lists of shapes, each in one piece of memory: part, place of the anchor, number of codes, flags, codes.
#[derive(Debug, Default)]
struct Shapes(Array<u16>);

const HEAD: usize = 5;
const WHOLE: u16 = 1;
const FREE: u16 = 2;
const BEFORE: u16 = 4;
const BEHIND: u16 = 8;
const LAST: u16 = 16;
const OF_LETTERS: u16 = 32;

impl Shapes {
    /// Appends the list of some parts and returns its place.
    fn add(shapes: &mut Vec<u16>, list: &[u32], parts: &[Part], patterns: &[Pattern], codes: &Codes) -> u32 {
        let place = shapes.len() as u32;
        for (at, &id) in list.iter().enumerate() {
            let part = parts[id as usize];
            let pattern = &patterns[part.pattern as usize];
            let first = usize::from(part.first);
            let ends_list = if at + 1 == list.len() { LAST } else { 0 };
            if is_letter(pattern.elements[first]) {
                let span = letters_around(pattern, first);
                let elements = &pattern.elements[span.clone()];
                let shown: Vec<u16> = elements.iter().filter_map(|at| ascii_letter(*at)).map(u16::from).collect();
                let is_itself = |(element, code): (&Element, &u16)| matches!(element, Element::Char { fold, .. } if u32::from(*fold) == u32::from(*code));
                let is_whole = span.len() == pattern.elements.len() && elements.iter().zip(&shown).all(is_itself);
                let flags = OF_LETTERS | ends_list | if is_whole { WHOLE } else { 0 };
                let before = first - span.start;
                shapes.extend([id as u16, (id >> 16) as u16, before as u16, shown.len() as u16, flags]);
                shapes.extend(shown);
                continue;
            }
            let stretch = stretch_around(pattern, first, codes);
            let shown = |elements: &[Element]| -> Vec<u16> {
                elements.iter().filter_map(|element| code_of(*element, codes)).collect()
            };
            let (before, shown) =
                (shown(&pattern.elements[stretch.start..first]).len(), shown(&pattern.elements[stretch.clone()]));
            let mut flags = ends_list;
            flags |= if shown.len() == pattern.elements.len() { WHOLE } else { 0 };
            flags |= if pattern.elements[stretch.clone()].iter().all(|element| is_free(*element)) { FREE } else { 0 };
            let is_char = |at: Option<usize>| {
                at.and_then(|at| pattern.elements.get(at))
                    .is_some_and(|element| matches!(element, Element::Char { .. }))
            };
            flags |= if is_char(stretch.start.checked_sub(1)) { BEFORE } else { 0 };
            flags |= if is_char(Some(stretch.end)) { BEHIND } else { 0 };
            shapes.extend([id as u16, (id >> 16) as u16, before as u16, shown.len() as u16, flags]);
            shapes.extend(shown);
        }
        place
    }

    /// The shape at a place, and the place of the next of its list.
    fn at(&self, place: usize) -> (Shape<'_>, Option<usize>) {
        let [low, high, first, length, flags] = *self.0[place..].first_chunk::<HEAD>().expect("a shape has a head");
        let end = place + HEAD + usize::from(length);
        let shape = Shape {
            part: u32::from(low) | u32::from(high) << 16,
            codes: &self.0[place + HEAD..end],
            first: usize::from(first),
            is_whole: flags & WHOLE != 0,
            is_free: flags & FREE != 0,
            is_letters: flags & OF_LETTERS != 0,
            goes_before: flags & BEFORE != 0,
            goes_behind: flags & BEHIND != 0,
        };
        (shape, (flags & LAST == 0).then_some(end))
    }
}

/// A window that is a key: the index of its first code in the block, and the place of its shapes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(crate) index: u32,
    shapes: u32,
}

impl Index {
    pub(crate) fn new(patterns: &[Pattern], settings: &Settings, codes: &Codes) -> Self {
        let mut index = Self::default();
        let (mut windows, mut words, mut singles, mut letters) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut near = near::Builder::default();
        let is_leet_reading: [bool; 26] = std::array::from_fn(|at| is_leet_reading(char::from(b'a' + at as u8)));
        for (pattern, id) in patterns.iter().zip(0_u32..) {
            let Some(anchor) = Anchor::of(pattern, settings, codes) else {
                unreachable!("the route takes patterns with anchors")
            };
            let span = anchor.span();
            let part = index.parts.len() as u32;
            let is_word = matches!(anchor, Anchor::Word { .. });
            index.parts.push(Part { pattern: id, first: span.start as u16, elements: span.len() as u16, is_word });
            let elements = &pattern.elements[span];
            near.add(elements, is_word, part);
            if is_word {
                let letters: Option<Vec<u8>> = elements.iter().map(|element| ascii_letter(*element)).collect();
                // What looks like no letters of ASCII is found around events only.
                if let Some(letters) = letters {
                    let key = words::hash_of(&letters);
                    words.push((Hashed { place: key, key }, part));
                    let all_letters = pattern.elements.iter().filter(|element| is_letter(**element)).count();
                    index.has_numeral_words |= all_letters > letters.len()
                        && letters.iter().all(|letter| is_leet_reading[usize::from(letter - b'a')]);
                }
                continue;
            }
            if matches!(anchor, Anchor::Letters { .. }) {
                index.letters_count += 1;
                let word: Option<Vec<u8>> = elements.iter().map(|element| ascii_letter(*element)).collect();
                // What looks like no letters of ASCII is found around events only.
                if let Some(word) = word {
                    let length = word.len();
                    let word = word.into_iter().fold(0, |word, letter| word << 8 | u64::from(letter));
                    letters.push((hash_letters(word, length), part));
                    index.has_length[LETTERS.partition_point(|other| *other < length)] = true;
                }
                continue;
            }
            index.has_digits |= anchor.is_digits(pattern);
            let shown: Vec<u16> = elements.iter().filter_map(|element| code_of(*element, codes)).collect();
            match *shown.as_slice() {
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
        index.near = near.build();
        if !words.is_empty() {
            (index.words, index.of_word) = Keys::new(words);
        }
        let mut shapes = Vec::new();
        let mut add = |list: &[u32]| Shapes::add(&mut shapes, list, &index.parts, patterns, codes);
        let mut keys = Keys::default();
        if !windows.is_empty() {
            let lists;
            (keys, lists) = Keys::new(windows);
            keys.renumber(|list| add(lists.of(list)));
        }
        if !letters.is_empty() {
            let (mut keys, lists) = Keys::new(letters);
            keys.renumber(|list| add(lists.of(list)));
            index.letters = keys;
        }
        let (codes_of_singles, lists) = Groups::by_key(singles);
        let singles = codes_of_singles.into_iter().zip(0..).map(|(code, list)| (code, add(lists.of(list)))).collect();
        (index.windows, index.singles) = (keys, singles);
        index.shapes = Shapes(shapes.into());
        index.is_single = bits_of(&index.singles);
        index
    }

    pub(crate) fn store(&self, out: &mut Writer) {
        let flags = [self.has_digits, self.has_numeral_words];
        out.put("fast.flags", &flags.map(u8::from));
        out.put("fast.letters.lengths", &self.has_length.map(u8::from));
        let part = |part: &Part| {
            [part.pattern, u32::from(part.first) | u32::from(part.elements) << 16, u32::from(part.is_word)]
        };
        out.put("fast.parts", &self.parts.iter().flat_map(part).collect::<Vec<u32>>());
        out.put("fast.shapes", &self.shapes.0);
        self.windows.store("fast.windows", out);
        self.letters.store("fast.letters", out);
        let (codes, places): (Vec<u16>, Vec<u32>) = self.singles.iter().copied().unzip();
        out.put("fast.singles.codes", &codes);
        out.put("fast.singles.places", &places);
        self.words.store("fast.words", out);
        self.of_word.store("fast.of_word", out);
        self.near.store(out);
    }

    /// Reads what is stored for these patterns.
    pub(crate) fn restore(patterns: &[Pattern], file: &mut Reader) -> Result<Self, FileError> {
        let (flags, [has_digits, has_numeral_words]) = file.take_exactly::<u8, 2>("fast.flags")?;
        flags.expect_below(2, "a flag")?;
        let (lengths, has_length) = file.take_exactly::<u8, { LETTERS.len() }>("fast.letters.lengths")?;
        lengths.expect_below(2, "a flag")?;
        let parts = restore_parts(patterns, &file.take("fast.parts")?)?;
        let shapes = file.take("fast.shapes")?;
        let lists = lists_of_shapes(&shapes, parts.len())?;
        let is_list = |place: u32| lists.get(place as usize / 64).is_some_and(|bits| bits >> (place % 64) & 1 != 0);
        let limit = "a list of shapes must start there";
        let windows = Keys::restore("fast.windows", is_list, limit, file)?;
        let letters = Keys::restore("fast.letters", is_list, limit, file)?;
        let codes = file.take::<u16>("fast.singles.codes")?;
        let places = file.take::<u32>("fast.singles.places")?;
        places.expect_count(codes.len())?;
        for (at, (&code, &place)) in codes.iter().zip(&*places).enumerate() {
            if code < FIRST || (at > 0 && codes[at - 1] >= code) {
                return Err(codes.refuse(at, "code of an anchor", code, format!("codes ascend from {FIRST} on")));
            }
            if !is_list(place) {
                return Err(places.refuse(at, "place of a list", place, limit));
            }
        }
        let singles: Vec<(u16, u32)> = codes.iter().copied().zip(places.iter().copied()).collect();
        let of_word = Groups::restore("fast.of_word", parts.len(), "part of a word", file)?;
        Ok(Self {
            windows,
            letters,
            has_length: has_length.map(|has_length| has_length != 0),
            letters_count: parts.iter().filter(|part| part.is_letters(patterns)).count(),
            shapes: Shapes(shapes.array()),
            is_single: bits_of(&singles),
            singles,
            words: Keys::restore_lists("fast.words", &of_word, file)?,
            of_word,
            near: Near::restore(parts.len(), file)?,
            has_digits: has_digits != 0,
            has_numeral_words: has_numeral_words != 0,
            parts,
        })
    }

    /// Number of anchors that are words.
    pub(crate) fn word_count(&self) -> usize {
        self.parts.iter().filter(|part| part.is_word).count()
    }

    /// The lists that a word of ASCII letters may have, by its hash.
    #[inline]
    pub(crate) fn lists_of_word(&self, hash: u32) -> impl Iterator<Item = u32> {
        self.words.find(Hashed { place: hash, key: hash })
    }

    /// Whether a word may be an anchor, by its hash.
    #[inline]
    pub(crate) fn may_have_word(&self, hash: u32) -> bool {
        self.lists_of_word(hash).next().is_some()
    }

    /// The anchors of a list of words.
    pub(crate) fn words_of(&self, list: u32) -> impl Iterator<Item = &Part> {
        self.of_word.of(list).iter().map(|part| &self.parts[*part as usize])
    }

    /// Whether there are anchors of ideographs or digits, or windows of letters.
    pub(crate) fn has_codes(&self) -> bool {
        self.has_windows() || self.takes_letters()
    }

    fn has_windows(&self) -> bool {
        !self.windows.is_empty() || !self.singles.is_empty()
    }

    /// Whether windows of letters of ASCII are looked for.
    pub(crate) fn takes_letters(&self) -> bool {
        !self.letters.is_empty()
    }

    pub(crate) fn part(&self, id: u32) -> &Part {
        &self.parts[id as usize]
    }

    /// The shapes of a candidate.
    pub(crate) fn shapes_of(&self, candidate: Candidate) -> impl Iterator<Item = Shape<'_>> {
        let mut place = Some(candidate.shapes as usize);
        std::iter::from_fn(move || {
            let (shape, next) = self.shapes.at(place?);
            place = next;
            Some(shape)
        })
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
        let codes = block.codes();
        if self.takes_letters() {
            self.look_up_letters(block, out, events);
        }
        if !self.has_windows() {
            return;
        }
        // The last windows are looked up with the next block, unless there is none.
        let end = if is_end { codes.len() } else { codes.len().saturating_sub(AHEAD) };
        // Single codes alone are rare among libraries; kernels look up windows.
        let kernel = if self.windows.is_empty() { Kernel::Portable } else { kernel };
        let (from, windows, singles) = (block.fresh, &self.windows, &*self.is_single);
        let on_index = |index| self.look_up_at(block, index, out, events);
        match kernel {
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx512(kernel) => kernel.look_up(codes, from, end, windows, singles, on_index),
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx2(kernel) => kernel.look_up(codes, from, end, windows, singles, on_index),
            Kernel::Portable => (from..end).for_each(on_index),
        }
    }

    /// Looks up the windows of letters of a block that were not looked up yet; the last ones once more with the next block.
    fn look_up_letters(&self, block: &Block, out: &mut Vec<Candidate>, events: &mut Ranges) {
        let (mut word, mut count) = (0_u64, 0);
        for (index, &code) in block.codes().iter().enumerate().skip(block.fresh) {
            if !(u16::from(b'a')..=u16::from(b'z')).contains(&code) {
                (word, count) = (0, 0);
                continue;
            }
            (word, count) = (word << 8 | u64::from(code), count + 1);
            for (length, has_length) in LETTERS.into_iter().zip(self.has_length) {
                if has_length && length <= count {
                    let first = (index + 1 - length) as u32;
                    let lists = self.letters.find(hash_letters(word, length));
                    out.extend(lists.map(|shapes| Candidate { index: first, shapes }));
                }
            }
            let is_run = count >= 3 && word as u16 == (word >> 8) as u16;
            if is_run {
                events.push(block.position(index - 2));
            }
        }
    }

    /// Looks up the windows that start at one code.
    #[inline]
    fn look_up_at(&self, block: &Block, index: usize, out: &mut Vec<Candidate>, events: &mut Ranges) {
        let codes = &block.codes()[index..];
        let at = |offset: usize| codes.get(offset).copied().unwrap_or(CLAUSE);
        let (a, b, c) = (at(0), at(1), at(2));
        if a < FIRST {
            return;
        }
        let mut propose = |shapes| out.push(Candidate { index: index as u32, shapes });
        if self.is_single.get(usize::from(a / 32)).is_some_and(|bits| bits >> (a % 32) & 1 != 0)
            && let Ok(at) = self.singles.binary_search_by_key(&a, |(code, _)| *code)
        {
            propose(self.singles[at].1);
        }
        if b < FIRST {
            return;
        }
        let is_run = a == b && b == c && a >= FIRST_OF_RUNS;
        if !self.windows.is_empty() {
            let two = hash2(a, b);
            let word = self.windows.word(two);
            if Keys::may_have(word, two) {
                self.windows.lists(two).for_each(&mut propose);
            }
            let three = hash3(two, c);
            if c >= FIRST && Keys::may_have(word, three) {
                self.windows.lists(three).for_each(&mut propose);
            }
        }
        if is_run {
            events.push(block.position(index));
        }
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        size_of_val(&*self.parts)
            + self.windows.heap_bytes()
            + self.letters.heap_bytes()
            + size_of_val(&*self.shapes.0)
            + size_of_val(&*self.singles)
            + size_of_val(&*self.is_single)
            + self.words.heap_bytes()
            + self.of_word.heap_bytes()
            + self.near.heap_bytes()
    }
}

/// A bit for each code of single anchors; nothing if there is none.
fn bits_of(singles: &[(u16, u32)]) -> Vec<u32> {
    let mut bits = if singles.is_empty() { Vec::new() } else { vec![0; 0x1_0000 / 32] };
    for (code, _) in singles {
        bits[usize::from(code / 32)] |= 1 << (code % 32);
    }
    bits
}

/// The parts of patterns: one of each, within it.
fn restore_parts(patterns: &[Pattern], stored: &Section<u32>) -> Result<Vec<Part>, FileError> {
    stored.expect_count(3 * patterns.len())?;
    let mut parts = Vec::with_capacity(patterns.len());
    for (at, &[pattern, span, is_word]) in (0..).step_by(3).zip(stored.as_chunks::<3>().0) {
        let Some(known) = patterns.get(pattern as usize) else {
            let limit = format!("the limit is {}, exclusive", patterns.len());
            return Err(stored.refuse(at, "pattern of an anchor", pattern, limit));
        };
        let (first, elements) = (span as u16, (span >> 16) as u16);
        let length = known.elements.len();
        if elements == 0 || usize::from(first) + usize::from(elements) > length {
            let value = format!("{elements} elements from {first} on");
            return Err(stored.refuse(at + 1, "an anchor", value, format!("the pattern has {length}")));
        }
        if is_word > 1 {
            return Err(stored.refuse(at + 2, "a flag", is_word, "the limit is 1"));
        }
        parts.push(Part { pattern, first, elements, is_word: is_word == 1 });
    }
    Ok(parts)
}

/// Walks over stored shapes. Gives a bit for each place at which a list of them starts.
fn lists_of_shapes(shapes: &Section<u16>, parts: usize) -> Result<Vec<u64>, FileError> {
    let mut lists = vec![0_u64; shapes.len().div_ceil(64)];
    let (mut at, mut starts) = (0, true);
    while at < shapes.len() {
        let Some(&[low, high, first, length, flags]) = shapes[at..].first_chunk::<HEAD>() else {
            let limit = format!("a shape has {HEAD} in front of its codes");
            return Err(shapes.refuse(at, "values at the end", shapes.len() - at, limit));
        };
        let part = u32::from(low) | u32::from(high) << 16;
        if part as usize >= parts {
            return Err(shapes.refuse(at, "part of a shape", part, format!("the limit is {parts}, exclusive")));
        }
        let (end, most) = (at + HEAD + usize::from(length), shapes.len() - at - HEAD);
        if length == 0 || usize::from(length) > most {
            return Err(shapes.refuse(at + 3, "codes of a shape", length, format!("it must be from 1 to {most}")));
        }
        if first >= length {
            let limit = format!("the limit is {length}, exclusive");
            return Err(shapes.refuse(at + 2, "first code of an anchor", first, limit));
        }
        if flags >= 2 * OF_LETTERS {
            return Err(shapes.refuse(
                at + 4,
                "flags of a shape",
                flags,
                format!("the limit is {}", 2 * OF_LETTERS - 1),
            ));
        }
        if let Some(code) = (at + HEAD..end).find(|code| shapes[*code] < FIRST) {
            return Err(shapes.refuse(code, "a code", shapes[code], format!("codes start at {FIRST}")));
        }
        lists[at / 64] |= u64::from(starts) << (at % 64);
        starts = flags & LAST != 0;
        if end == shapes.len() && !starts {
            return Err(shapes.refuse(at + 4, "flags of the last shape", flags, "the last one ends a list"));
        }
        at = end;
    }
    Ok(lists)
}

/// Digits do not repeat: 1000 is not 10.
const FIRST_OF_RUNS: u16 = 0x80;

/// Whether a digit or sign may stand for a letter.
fn is_leet_reading(letter: char) -> bool {
    ('\0'..='\u{2100}').any(|c| leet(c).contains(&letter))
}
