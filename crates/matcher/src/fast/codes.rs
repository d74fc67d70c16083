//! Ideographs as codes: folded, separators left out, one number each, so that windows over them are the same however
//! the text is written.

use normalize::{Class, Folded, tables};

use super::index::Index;
use super::kernel::Kernel;
use super::ranges::Ranges;
use crate::letters::{is_leet_symbol, leet};

/// Left out: separators, invisible characters.
pub(crate) const DROPPED: u16 = 0;
/// Ends a window: an ASCII letter.
pub(crate) const BARRIER: u16 = 1;
/// Ends a window: what the character means is found by reading units.
pub(crate) const EVENT: u16 = 2;
/// Ends a window: a clause mark.
pub(crate) const CLAUSE: u16 = 3;
/// Codes from here on are characters; the digits have their ASCII codes.
pub(crate) const FIRST: u16 = 16;
/// The place of characters beyond the basic plane: a surrogate, which no text has.
pub(crate) const BEYOND: u32 = 0xD800;

/// Bytes of text whose codes are held at a time.
const BLOCK: usize = 8 * 1024;
/// Characters of ASCII on either side of ideographs that may stand between two of a keyword, or be digits of it.
pub(crate) const EDGE: usize = 16;
/// Fewest characters of ASCII over which nothing goes that starts in front of them.
const FAR: usize = 64;
/// Most codes of a window behind its first.
pub(crate) const AHEAD: usize = 5;
/// Codes that are kept of the block before, so that windows and short patterns are whole.
const TAIL: usize = 32;

/// The code of each character of the basic plane.
#[derive(Debug)]
pub(crate) struct Codes {
    of: Vec<u16>,
    /// Symbols that a clause mark may show, in order: full-width `！` folds to `!`.
    of_clauses: Vec<char>,
}

/// The codes of a stretch of text, each with the byte that its character starts at.
#[derive(Debug, Default)]
pub(crate) struct Block {
    /// Codes and positions count up to `len`; what is behind is room for more.
    pub(crate) codes: Vec<u16>,
    pub(crate) positions: Vec<u32>,
    pub(crate) len: usize,
    /// Codes before this index were looked up with the block before.
    pub(crate) fresh: usize,
}

/// What of a text is to be filled into blocks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Filling {
    /// Codes are looked up; else only events are wanted.
    pub(crate) keeps: bool,
    /// ASCII by itself has no window: where it is far from other characters, one barrier stands for it.
    pub(crate) skips_ascii: bool,
    /// Letters of ASCII have codes, and its digits and signs that may be read as letters are events.
    pub(crate) takes_letters: bool,
}

impl Block {
    /// Room for all that [`Codes::fill`] appends at once: a code for each byte, as much again as vectors store too much.
    const ROOM: usize = TAIL + BLOCK + 4 * FAR;

    /// Makes the block that of the beginning of a text.
    pub(crate) fn clear(&mut self) {
        self.codes.resize(Self::ROOM, DROPPED);
        self.positions.resize(Self::ROOM, 0);
        (self.len, self.fresh) = (0, 0);
        self.push(CLAUSE, 0);
    }

    pub(crate) fn push(&mut self, code: u16, at: usize) {
        (self.codes[self.len], self.positions[self.len]) = (code, at as u32);
        self.len += 1;
    }

    /// Forgets all but the last codes.
    pub(crate) fn keep_tail(&mut self) {
        let drop = self.len.saturating_sub(TAIL);
        self.codes.copy_within(drop..self.len, 0);
        self.positions.copy_within(drop..self.len, 0);
        self.len -= drop;
        // The last codes had too few behind them to make a window with.
        self.fresh = self.len.saturating_sub(AHEAD);
    }

    pub(crate) fn codes(&self) -> &[u16] {
        &self.codes[..self.len]
    }

    pub(crate) fn position(&self, index: usize) -> usize {
        self.positions[index] as usize
    }
}

impl Codes {
    /// `crosses_clauses`: clause marks separate, as other signs do.
    pub(crate) fn new(crosses_clauses: bool) -> Self {
        let tables = tables();
        // One more, so that two codes can be read where one is wanted.
        let mut codes = vec![EVENT; 0x1_0001];
        let mut of_clauses = Vec::new();
        for (value, code) in (0_u32..).zip(codes.iter_mut()) {
            let Some(c) = char::from_u32(value) else { continue };
            let info = tables.info(c);
            if info.class() == Class::Clause {
                of_clauses.push(tables.fold_one(c));
            }
            *code = match info.class() {
                Class::Clause if crosses_clauses => DROPPED,
                Class::Clause => CLAUSE,
                Class::Hidden | Class::Space | Class::Line | Class::Symbol => DROPPED,
                Class::Mark if matches!(c, '\u{FE00}'..='\u{FE0F}' | '\u{20E3}') => DROPPED,
                Class::Letter if c.is_ascii() => BARRIER,
                Class::Mark | Class::Letter => EVENT,
                Class::Free | Class::Digit => match (info.digit(), info.fold()) {
                    (Some(digit), _) => u16::from(b'0' + digit),
                    (None, Folded::One(fold)) if !is_composed_of(c) => {
                        u16::try_from(u32::from(fold)).ok().filter(|code| *code >= FIRST).unwrap_or(EVENT)
                    }
                    _ => EVENT,
                },
            };
        }
        for escape in ['&', '%', '\\'] {
            codes[escape as usize] = EVENT;
        }
        of_clauses.sort_unstable();
        Self { of: codes, of_clauses }
    }

    /// Suits the codes to what is looked for.
    pub(crate) fn suit(&mut self, index: &Index) {
        if index.takes_letters() {
            self.take_letters();
        } else if index.has_numeral_words {
            self.note_numerals();
        }
    }

    /// Notes digits and signs beyond ASCII that may be read as letters.
    fn note_numerals(&mut self) {
        for (value, code) in (0x80_u32..).zip(&mut self.of[0x80..]) {
            let Some(c) = char::from_u32(value) else { continue };
            if tables().info(c).class() == Class::Digit || is_leet_symbol(c) {
                *code = EVENT;
            }
        }
    }

    /// Gives letters of ASCII the codes of their lower case, and notes what may be read as letters.
    pub(crate) fn take_letters(&mut self) {
        self.note_numerals();
        for (value, code) in (0_u8..0x80).zip(&mut self.of) {
            if value.is_ascii_alphabetic() {
                *code = u16::from(value.to_ascii_lowercase());
            } else if !leet(char::from(value)).is_empty() {
                *code = EVENT;
            }
        }
    }

    /// The code of a folded character of a pattern, if it is one that a window may have.
    pub(crate) fn of(&self, fold: char, digit: u8) -> Option<u16> {
        if digit != normalize::Unit::NO_DIGIT {
            return Some(u16::from(b'0' + digit));
        }
        self.of.get(fold as usize).copied().filter(|code| *code >= FIRST)
    }

    /// Whether a text that shows a symbol has no code for it: then what stands on either side are neighbours. Where the
    /// symbol has a code, reading units tells.
    pub(crate) fn drops(&self, symbol: char) -> bool {
        self.of_clauses.binary_search(&symbol).is_err()
    }

    /// Appends the codes of the text from byte `at` on, of about a block of it, and notes events. Returns the byte behind.
    pub(crate) fn fill(
        &self,
        kernel: Kernel,
        text: &str,
        at: usize,
        filling: Filling,
        block: &mut Block,
        events: &mut Ranges,
    ) -> usize {
        let end = text.len().min(at + BLOCK);
        let at = match kernel {
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx512(kernel) => kernel.fill(&self.of, text, at..end, filling, block, events),
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx2(kernel) => kernel.fill(&self.of, text, at..end, filling, block, events),
            Kernel::Portable => self.fill_plainly(text, at, end, filling, block, events),
        };
        if at == text.len() {
            block.push(CLAUSE, at);
        }
        at
    }

    fn fill_plainly(
        &self,
        text: &str,
        mut at: usize,
        end: usize,
        filling: Filling,
        block: &mut Block,
        events: &mut Ranges,
    ) -> usize {
        let bytes = text.as_bytes();
        while at < end {
            let byte = bytes[at];
            let (value, length) = match byte {
                0..0x80 => {
                    let ascii = bytes[at..end].iter().take_while(|byte| byte.is_ascii()).count();
                    if filling.skips_ascii && ascii >= FAR + 2 * EDGE {
                        self.fill_ascii(text, at, at + ascii, filling, block, events);
                    } else {
                        (at..at + ascii).for_each(|at| self.fill_one(u32::from(bytes[at]), at, filling, block, events));
                    }
                    at += ascii;
                    continue;
                }
                0x80..0xE0 => ((u32::from(byte & 0x1F) << 6) | u32::from(bytes[at + 1] & 0x3F), 2),
                0xE0..0xF0 => {
                    let tail = (u32::from(bytes[at + 1] & 0x3F) << 6) | u32::from(bytes[at + 2] & 0x3F);
                    ((u32::from(byte & 0x0F) << 12) | tail, 3)
                }
                _ => (BEYOND, 4),
            };
            self.fill_one(value, at, filling, block, events);
            at += length;
        }
        at
    }

    #[inline]
    fn fill_one(&self, value: u32, at: usize, filling: Filling, block: &mut Block, events: &mut Ranges) {
        let code = self.of[value as usize];
        if code == EVENT {
            events.push(at);
        }
        // One barrier is as good as many.
        if filling.keeps && code != DROPPED && (code != BARRIER || block.codes[block.len - 1] != BARRIER) {
            block.push(code, at);
        }
    }

    /// A longer stretch of ASCII. Only its first and last characters can stand near ideographs.
    fn fill_ascii(&self, text: &str, from: usize, to: usize, filling: Filling, block: &mut Block, events: &mut Ranges) {
        let bytes = text.as_bytes();
        let (first, last) = (from + EDGE, to - EDGE);
        let is_far = !bytes[first..last].iter().any(|byte| byte.is_ascii_control() && !byte.is_ascii_whitespace());
        for (at, &byte) in (from..to).zip(&bytes[from..to]) {
            if is_far && at >= first && at < last {
                if at == first && filling.keeps {
                    block.push(BARRIER, at);
                }
                if matches!(byte, b'&' | b'%' | b'\\') {
                    events.push_escape(text, at);
                }
            } else {
                self.fill_one(u32::from(byte), at, filling, block, events);
            }
        }
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        size_of_val(&*self.of)
    }
}

/// Whether a character may be joined with the one before it or behind it: Jamo, voicing marks.
fn is_composed_of(c: char) -> bool {
    matches!(c, '\u{1100}'..='\u{11FF}' | '\u{3099}'..='\u{309C}' | '\u{3131}'..='\u{318E}' | '\u{A960}'..='\u{A97F}'
        | '\u{D7B0}'..='\u{D7FF}' | '\u{FF9E}'..='\u{FFDC}')
}
