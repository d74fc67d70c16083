//! What every character is to the reader of text, and what it folds to: class, digit, folded form, look-alike,
//! composition, HTML entity, flag. The data is `tables/tables.bin`, written by `tables/make_tables.py` from Unicode
//! and its neighbours (see the README there); this file only unpacks and answers. Reading text with it is left to the
//! caller: dropping marks, composing, deciding what a separator is.

use std::sync::LazyLock;

pub(crate) static PACKED: &[u8] = include_bytes!("../tables/tables.bin");
static TABLES: LazyLock<Tables> = LazyLock::new(|| Tables::unpack(PACKED));

/// The tables, unpacked on first use (about a millisecond).
#[inline]
pub fn tables() -> &'static Tables {
    &TABLES
}

/// What a character is to a reader that looks for words.
///
/// The classes from [`Class::Letter`] on carry text; the order lets `class >= Class::Letter` ask for that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Class {
    /// Anything visible that is none of the others: punctuation, brackets, emoji, unassigned code points.
    Symbol = 0,
    /// White space inside a line. Folds to U+0020.
    Space,
    /// A line or page break.
    Line,
    /// A mark that ends a clause or sentence, outside ASCII.
    Clause,
    /// Not seen by a reader: format and control characters, fillers, private use, noncharacters.
    Hidden,
    /// An accent, point or variation selector that may be left out of the letter before it; tatweel too.
    Mark,
    /// A letter of a script whose words have boundaries, or a mark that is part of its spelling.
    Letter,
    /// A letter, or a mark kept as one, of a script written without spaces: Han, kana, Hangul, Thai, …
    Free,
    /// A digit, or a number sign that folds to digits.
    Digit,
}

impl Class {
    /// The classes by number.
    const ALL: [Self; 9] = [
        Self::Symbol,
        Self::Space,
        Self::Line,
        Self::Clause,
        Self::Hidden,
        Self::Mark,
        Self::Letter,
        Self::Free,
        Self::Digit,
    ];

    /// The classes by their four bits, so that looking one up needs no check.
    const BY_BITS: [Self; 16] = {
        let mut by_bits = [Self::Symbol; 16];
        let mut at = 0;
        while at < Self::ALL.len() {
            by_bits[at] = Self::ALL[at];
            at += 1;
        }
        by_bits
    };
}

/// The folded form of a character. Each character of it folds to itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Folded {
    /// One character, most often the same.
    One(char),
    /// Two or more characters: ligatures, numbers of two digits, squared words, decomposed vowel signs.
    Many(&'static [char]),
}

/// All that the tables know about one character, in one word.
///
/// Bits 0 to 20 hold the folded character, or its place among the longer forms when [`Info::MANY`] is set;
/// then class and digit, four bits each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Info(u32);

impl Info {
    const VALUE: u32 = 0x1F_FFFF;
    const MANY: u32 = 1 << 21;
    const CLASS_AT: u32 = 22;
    const DIGIT_AT: u32 = 26;
    const NO_DIGIT: u32 = 15;
    /// In the tables above U+FFFF only: the character folds to itself and is not stored, so equal blocks are shared.
    const SELF: u32 = 1 << 30;

    const fn itself(class: Class, value: u32) -> Self {
        Self(value | (class as u32) << Self::CLASS_AT | Self::NO_DIGIT << Self::DIGIT_AT)
    }

    /// The class of the character: of the first character it folds to, when it folds to letters or digits.
    ///
    /// Two kinds keep their own class beside a fold: full-width punctuation and the regional indicators, which are
    /// [`Class::Symbol`] and fold to their letter (two of them may be a flag, see [`Tables::is_region`]).
    #[inline]
    pub fn class(self) -> Class {
        Class::BY_BITS[(self.0 >> Self::CLASS_AT & 15) as usize]
    }

    /// The value 0 to 9 of a digit of any script, of a number sign of one digit (`⑥`, `⒍`) or of a Han numeral (`六`,
    /// `陸`; those are [`Class::Free`] and fold to Han). `None` for numbers of two digits.
    #[inline]
    pub fn digit(self) -> Option<u8> {
        let digit = self.0 >> Self::DIGIT_AT & 15;
        (digit != Self::NO_DIGIT).then_some(digit as u8)
    }

    /// The folded form. Hidden characters, marks and line breaks fold to themselves: dropping them is the reader's.
    #[inline]
    pub fn fold(self) -> Folded {
        let value = self.0 & Self::VALUE;
        if self.0 & Self::MANY == 0 {
            Folded::One(char::from_u32(value).unwrap_or(char::REPLACEMENT_CHARACTER))
        } else {
            Folded::Many(tables().long_form(value))
        }
    }

    fn class_bits(&mut self, class: Class) {
        self.0 = self.0 & !(15 << Self::CLASS_AT) | (class as u32) << Self::CLASS_AT;
    }

    fn digit_bits(&mut self, digit: u32) {
        self.0 = self.0 & !(15 << Self::DIGIT_AT) | digit << Self::DIGIT_AT;
    }

    fn value_bits(&mut self, value: u32) {
        self.0 = self.0 & !(Self::VALUE | Self::MANY | Self::SELF) | value;
    }
}

/// Characters of one block of the tables above U+FFFF.
const BLOCK: usize = 256;
const BMP: usize = 0x1_0000;
const BLOCKS_ABOVE: usize = (0x11_0000 - BMP) / BLOCK;

/// Every table, read only. See [`tables`].
#[derive(Debug)]
pub struct Tables {
    /// One word per code point to U+FFFF; 256 KiB.
    bmp: Box<[u32; BMP]>,
    /// Above: the block of each run of 256 code points. Blocks of one class are shared.
    above: Box<[u16; BLOCKS_ABOVE]>,
    blocks: Vec<[u32; BLOCK]>,
    /// Folded forms of more than one character, end to end, and where each ends. Leaked once, as are the entities: the
    /// tables live as long as the process, and what they lend may do so too.
    long_chars: &'static [char],
    long_ends: Vec<u32>,
    /// Sorted by letter.
    skeletons: Vec<(char, char)>,
    /// Sorted by pair.
    compositions: Vec<((char, char), char)>,
    /// Names and texts end to end, and the entities sorted by name.
    entity_text: &'static str,
    entities: Vec<Entity>,
    /// Bit `b` of word `a`: the region `ab` has a flag.
    regions: [u32; 26],
}

/// One HTML entity; the name ends where its text starts.
#[derive(Clone, Copy, Debug)]
struct Entity {
    name: u32,
    text: u32,
    end: u32,
    needs_semicolon: bool,
}

impl Tables {
    /// Class, digit and fold of a character.
    #[inline]
    pub fn info(&self, c: char) -> Info {
        let code = c as u32;
        if let Ok(low) = u16::try_from(code) {
            return Info(self.bmp[usize::from(low)]);
        }
        let block = self.above[((code >> 8) as usize - BMP / BLOCK) % BLOCKS_ABOVE];
        let word = self.blocks[usize::from(block)][(code & 0xFF) as usize];
        // A character that folds to itself is stored without its value.
        if word & Info::SELF == 0 { Info(word) } else { Info(word ^ Info::SELF | code) }
    }

    /// The letter that stands for the look-alikes of a **folded** letter: an ASCII letter where the class has one
    /// (`а` and `α` give `a`; `н` gives `h`, its capital's look), else one letter of the class, else the letter itself.
    ///
    /// ASCII characters give themselves; `i` and `l` stay apart. `skeleton(skeleton(c)) == skeleton(c)`.
    #[inline]
    pub fn skeleton(&self, c: char) -> char {
        if c.is_ascii() {
            return c;
        }
        self.skeletons.binary_search_by_key(&c, |&(from, _)| from).map_or(c, |at| self.skeletons[at].1)
    }

    /// The one folded character that two folded characters in a row are read as: Hangul jamo, kana with a voicing mark
    /// (combining or spacing), `и` and `у` with a breve.
    #[inline]
    pub fn compose(&self, a: char, b: char) -> Option<char> {
        match b {
            '\u{1161}'..='\u{1175}' | '\u{11A8}'..='\u{11C2}' => compose_hangul(a as u32, b as u32),
            '\u{0306}' | '\u{3099}' | '\u{309A}' => self.composition(a, b),
            '\u{309B}' | '\u{FF9E}' => self.composition(a, '\u{3099}'),
            '\u{309C}' | '\u{FF9F}' => self.composition(a, '\u{309A}'),
            _ => None,
        }
    }

    /// Whether a character is the second one of anything that [`compose`](Self::compose) joins.
    #[inline]
    pub(crate) fn may_compose(b: char) -> bool {
        matches!(b, '\u{0306}' | '\u{1161}'..='\u{1175}' | '\u{11A8}'..='\u{11C2}' | '\u{3099}'..='\u{309C}' | '\u{FF9E}'..='\u{FF9F}')
    }

    fn composition(&self, a: char, b: char) -> Option<char> {
        let at = self.compositions.binary_search_by_key(&(a, b), |&(pair, _)| pair).ok()?;
        Some(self.compositions[at].1)
    }

    /// The text of an HTML named character reference, given without `&` and `;` (`b"amp"`), one or two characters.
    /// Names are case-sensitive.
    pub fn entity(&self, name: &[u8]) -> Option<&'static str> {
        let entity = self.find_entity(name)?;
        Some(&self.entity_text[entity.text as usize..entity.end as usize])
    }

    /// Whether HTML reads this name only with a `;` behind it: all but a hundred old names. True for a name that is no
    /// entity.
    pub fn entity_needs_semicolon(&self, name: &[u8]) -> bool {
        self.find_entity(name).is_none_or(|entity| entity.needs_semicolon)
    }

    fn find_entity(&self, name: &[u8]) -> Option<Entity> {
        let known = |entity: &Entity| &self.entity_text.as_bytes()[entity.name as usize..entity.text as usize];
        let at = self.entities.binary_search_by(|entity| known(entity).cmp(name)).ok()?;
        Some(self.entities[at])
    }

    /// Whether two regional indicators make a flag: `a` and `b` are their letters, ASCII capitals.
    /// False for any other byte.
    #[inline]
    pub fn is_region(&self, a: u8, b: u8) -> bool {
        a.is_ascii_uppercase() && b.is_ascii_uppercase() && self.regions[usize::from(a - b'A')] >> (b - b'A') & 1 == 1
    }

    fn long_form(&self, index: u32) -> &'static [char] {
        let index = index as usize;
        let start = index.checked_sub(1).map_or(0, |before| self.long_ends[before] as usize);
        &self.long_chars[start..self.long_ends[index] as usize]
    }
}

/// The arithmetic of the Unicode standard, 3.12: leading consonant and vowel, or that syllable and a trailing one.
fn compose_hangul(a: u32, b: u32) -> Option<char> {
    let code = match (a, b) {
        (0x1100..=0x1112, 0x1161..=0x1175) => 0xAC00 + ((a - 0x1100) * 21 + (b - 0x1161)) * 28,
        (0xAC00..=0xD7A3, 0x11A8..=0x11C2) if (a - 0xAC00).is_multiple_of(28) => a + (b - 0x11A7),
        _ => return None,
    };
    char::from_u32(code)
}

// Unpacking. The file is compiled in and checked by the tests, so damage is a fault of the build: it panics.

/// Reads `tables.bin` from the front. Numbers are LEB128, signed ones zigzag; texts are a length in bytes and UTF-8.
struct Unpacker<'a> {
    rest: &'a [u8],
}

impl<'a> Unpacker<'a> {
    fn bytes(&mut self, len: usize) -> &'a [u8] {
        let (bytes, rest) = self.rest.split_at_checked(len).expect("tables.bin ends too early");
        self.rest = rest;
        bytes
    }

    fn number(&mut self) -> u32 {
        let mut value = 0;
        for shift in (0..32).step_by(7) {
            let byte = self.bytes(1)[0];
            value |= u32::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                return value;
            }
        }
        panic!("tables.bin holds a number over 32 bits");
    }

    /// A distance that may be negative, to be added with wrapping.
    fn distance(&mut self) -> u32 {
        let value = self.number();
        (value >> 1) ^ (value & 1).wrapping_neg()
    }

    fn text(&mut self) -> &'a str {
        let len = self.number() as usize;
        std::str::from_utf8(self.bytes(len)).expect("tables.bin holds text that is not UTF-8")
    }

    fn char(&mut self) -> char {
        only_char(self.text())
    }
}

fn only_char(text: &str) -> char {
    let mut chars = text.chars();
    let c = chars.next().expect("tables.bin lacks a character");
    assert!(chars.next().is_none(), "tables.bin holds {text:?} where one character is due");
    c
}

impl Tables {
    fn unpack(packed: &[u8]) -> Self {
        let mut from = Unpacker { rest: packed };
        assert_eq!(from.bytes(4), b"CGT1", "tables.bin is of another format");
        from.bytes(3); // the Unicode version, for people

        let mut builder = Builder::new();
        builder.classes(&mut from);
        builder.folds(&mut from);
        builder.long_folds(&mut from);
        builder.digits(&mut from);

        let mut code = 0;
        let skeletons = (0..from.number())
            .map(|_| {
                code += from.number();
                (character(code), from.char())
            })
            .collect();
        let compositions = (0..from.number())
            .map(|_| {
                let mut chars = from.text().chars();
                let mut next = || chars.next().expect("tables.bin holds half a composition");
                ((next(), next()), next())
            })
            .collect();
        let (entity_text, entities) = unpack_entities(&mut from);
        let mut regions = [0; 26];
        for _ in 0..from.number() {
            let &[a, b] = from.bytes(2) else { unreachable!("two bytes were asked for") };
            regions[usize::from(a - b'A')] |= 1 << (b - b'A');
        }
        assert!(from.rest.is_empty(), "tables.bin has {} bytes too many", from.rest.len());

        Self {
            bmp: builder.bmp,
            above: builder.above,
            blocks: builder.blocks,
            long_chars: builder.long_chars.leak(),
            long_ends: builder.long_ends,
            skeletons,
            compositions,
            entity_text: entity_text.leak(),
            entities,
            regions,
        }
    }
}

/// Entities share the front of their name with the one before.
fn unpack_entities(from: &mut Unpacker) -> (String, Vec<Entity>) {
    let mut all = String::new();
    let mut name = String::new();
    let entities = (0..from.number())
        .map(|_| {
            let head = from.number();
            name.truncate((head >> 1) as usize);
            name.push_str(from.text());
            let start = all.len() as u32;
            all.push_str(&name);
            let text = all.len() as u32;
            all.push_str(from.text());
            Entity { name: start, text, end: all.len() as u32, needs_semicolon: head & 1 == 0 }
        })
        .collect();
    (all, entities)
}

fn character(code: u32) -> char {
    char::from_u32(code).expect("tables.bin holds a number that is no character")
}

/// The character tables while they are filled.
struct Builder {
    bmp: Box<[u32; BMP]>,
    above: Box<[u16; BLOCKS_ABOVE]>,
    /// The first blocks are the shared ones, one a class.
    blocks: Vec<[u32; BLOCK]>,
    long_chars: Vec<char>,
    long_ends: Vec<u32>,
}

impl Builder {
    fn new() -> Self {
        let bmp = vec![0; BMP].into_boxed_slice().try_into().expect("one word per code point");
        let above = vec![0; BLOCKS_ABOVE].into_boxed_slice().try_into().expect("one number per block");
        let blocks = Class::ALL.map(|class| [Info::itself(class, Info::SELF).0; BLOCK]).to_vec();
        Self { bmp, above, blocks, long_chars: Vec::new(), long_ends: Vec::new() }
    }

    /// Changes the word of one code point; a shared block is copied first.
    fn change(&mut self, code: u32, with: impl FnOnce(&mut Info)) {
        let word = match (code as usize).checked_sub(BMP) {
            None => &mut self.bmp[code as usize],
            Some(at) => {
                let block = &mut self.above[at / BLOCK];
                if usize::from(*block) < Class::ALL.len() {
                    let copy = self.blocks[usize::from(*block)];
                    *block = self.blocks.len() as u16;
                    self.blocks.push(copy);
                }
                &mut self.blocks[usize::from(*block)][at % BLOCK]
            }
        };
        let mut info = Info(*word);
        with(&mut info);
        *word = info.0;
    }

    /// Runs of code points of one class, without a gap, to U+10FFFF.
    fn classes(&mut self, from: &mut Unpacker) {
        let mut start = 0;
        for _ in 0..from.number() {
            let run = from.number();
            let class = Class::ALL[(run & 15) as usize];
            let end = start + (run >> 4);
            let mut code = start;
            while code < end {
                let at = (code as usize).checked_sub(BMP);
                match at {
                    None => self.bmp[code as usize] = Info::itself(class, code).0,
                    Some(at) if at % BLOCK == 0 && (end - code) as usize >= BLOCK => {
                        self.above[at / BLOCK] = class as u16;
                        code += BLOCK as u32;
                        continue;
                    }
                    Some(_) => self.change(code, |info| info.class_bits(class)),
                }
                code += 1;
            }
            start = end;
        }
        assert_eq!(start, 0x11_0000, "the classes of tables.bin cover every code point");
    }

    /// Runs of code points that fold to one character at the same distance.
    fn folds(&mut self, from: &mut Unpacker) {
        let mut end = 0;
        for _ in 0..from.number() {
            let head = from.number();
            let start = end + (head >> 1);
            let len = if head & 1 == 1 { from.number() } else { 1 };
            let distance = from.distance();
            end = start + len;
            for code in start..end {
                let folded = character(code.wrapping_add(distance));
                self.change(code, |info| {
                    info.value_bits(folded as u32);
                    if let Some(digit) = folded.to_digit(10) {
                        info.digit_bits(digit);
                    }
                });
            }
        }
    }

    /// Code points that fold to several characters.
    fn long_folds(&mut self, from: &mut Unpacker) {
        let mut code = 0;
        for index in 0..from.number() {
            code += from.number();
            self.long_chars.extend(from.text().chars());
            self.long_ends.push(self.long_chars.len() as u32);
            self.change(code, |info| info.value_bits(index | Info::MANY));
        }
    }

    /// Digits of code points that do not fold to an ASCII digit: the Han numerals and what folds to them; and the ASCII
    /// digits themselves, which fold to nothing else.
    fn digits(&mut self, from: &mut Unpacker) {
        let mut code = 0;
        for _ in 0..from.number() {
            code += from.number();
            let digit = from.number();
            self.change(code, |info| info.digit_bits(digit));
        }
    }
}
