//! Ideographs as codes: folded, separators left out, one number each, so that windows over them are the same however
//! the text is written.

use normalize::{Class, Folded, tables};

use super::anchor::List;
use super::kernel::Kernel;
use super::ranges::Ranges;

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
const BEYOND: usize = 0xD800;

/// Bytes of text whose codes are held at a time.
const BLOCK: usize = 8 * 1024;
/// Characters of ASCII on either side of ideographs that may stand between two of a keyword, or be digits of it.
const EDGE: usize = 16;
/// Codes that are kept of the block before, so that windows and short patterns are whole.
const TAIL: usize = 32;

/// The code of each character of the basic plane.
#[derive(Debug)]
pub(crate) struct Codes(Vec<u16>);

/// The codes of a stretch of text, each with the byte that its character starts at.
#[derive(Debug, Default)]
pub(crate) struct Block {
    pub(crate) codes: Vec<u16>,
    pub(crate) positions: Vec<u32>,
    /// Codes before this index were looked up with the block before.
    pub(crate) fresh: usize,
}

/// A window that is a key: the index of its first code in the block, and its list.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Candidate {
    pub(crate) index: u32,
    pub(crate) list: List,
}

impl Block {
    pub(crate) fn clear(&mut self) {
        self.codes.clear();
        self.positions.clear();
        self.fresh = 0;
    }

    /// Forgets all but the last codes.
    pub(crate) fn keep_tail(&mut self) {
        let drop = self.codes.len().saturating_sub(TAIL);
        self.codes.drain(..drop);
        self.positions.drain(..drop);
        // The last two codes had no third one to make a window with.
        self.fresh = self.codes.len().saturating_sub(2);
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
        for (value, code) in (0_u32..).zip(codes.iter_mut()) {
            let Some(c) = char::from_u32(value) else { continue };
            let info = tables.info(c);
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
        Self(codes)
    }

    /// The code of a folded character of a pattern, if it is one that a window may have.
    pub(crate) fn of(&self, fold: char, digit: u8) -> Option<u16> {
        if digit != normalize::Unit::NO_DIGIT {
            return Some(u16::from(b'0' + digit));
        }
        self.0.get(fold as usize).copied().filter(|code| *code >= FIRST)
    }

    /// Appends the codes of the text from byte `at` on, of about a block of it, and notes events. Returns the byte behind.
    pub(crate) fn fill(
        &self,
        kernel: Kernel,
        text: &str,
        at: usize,
        digits_alone: bool,
        block: &mut Block,
        events: &mut Ranges,
    ) -> usize {
        let bytes = text.as_bytes();
        let end = bytes.len().min(at + BLOCK);
        let mut at = at;
        #[cfg(target_arch = "x86_64")]
        if let Kernel::Avx512(kernel) = kernel {
            at = kernel.fill(&self.0, bytes, at, end, !digits_alone, block, events);
            while !text.is_char_boundary(at) {
                at += 1;
            }
        }
        while at < end {
            if !digits_alone {
                // ASCII by itself has no window; one barrier stands for all of it.
                let ascii = bytes[at..end].iter().take_while(|byte| byte.is_ascii()).count();
                if ascii > 2 * EDGE {
                    at = self.fill_ascii(bytes, at, at + ascii, block, events);
                    continue;
                }
            }
            let byte = bytes[at];
            let (value, length) = match byte {
                0..0x80 => (usize::from(byte), 1),
                0x80..0xE0 => ((usize::from(byte & 0x1F) << 6) | usize::from(bytes[at + 1] & 0x3F), 2),
                0xE0..0xF0 => {
                    let tail = (usize::from(bytes[at + 1] & 0x3F) << 6) | usize::from(bytes[at + 2] & 0x3F);
                    ((usize::from(byte & 0x0F) << 12) | tail, 3)
                }
                _ => (BEYOND, 4),
            };
            let code = self.0[value];
            if code != DROPPED {
                if code == EVENT {
                    events.push(at);
                }
                block.codes.push(code);
                block.positions.push(at as u32);
            }
            at += length;
        }
        at
    }

    /// A longer stretch of ASCII. Only its first and last characters can stand near ideographs.
    fn fill_ascii(&self, bytes: &[u8], from: usize, to: usize, block: &mut Block, events: &mut Ranges) -> usize {
        for at in from..to {
            let code = self.0[usize::from(bytes[at])];
            let is_edge = at < from + EDGE || at + EDGE >= to;
            let code = match code {
                EVENT => {
                    events.push(at);
                    EVENT
                }
                code if is_edge => code,
                _ if at == from + EDGE => BARRIER,
                _ => DROPPED,
            };
            if code != DROPPED {
                block.codes.push(code);
                block.positions.push(at as u32);
            }
        }
        to
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        size_of_val(&*self.0)
    }
}

/// Whether a character may be joined with the one before it or behind it: Jamo, voicing marks.
fn is_composed_of(c: char) -> bool {
    matches!(c, '\u{1100}'..='\u{11FF}' | '\u{3099}'..='\u{309C}' | '\u{3131}'..='\u{318E}' | '\u{A960}'..='\u{A97F}'
        | '\u{D7B0}'..='\u{D7FF}' | '\u{FF9E}'..='\u{FFDC}')
}
