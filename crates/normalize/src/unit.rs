//! What a text is read as: units, each with its normal form and the bytes that it came from.

use crate::tables::Class;

/// One character of the normal form.
///
/// Invisible characters have no unit. Marks that fold away (accents, variation selectors, keycaps) have none either:
/// they lengthen [`tail`](Self::tail) of the unit that they stand on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unit {
    /// First byte of the text that the unit came from: of a character, of a whole escape.
    pub start: u32,
    /// Byte behind it.
    pub end: u32,
    /// Byte behind the marks that follow it; `end` when there are none.
    pub tail: u32,
    /// The folded character.
    pub fold: char,
    /// The character before folding, after unescaping.
    pub raw: char,
    /// What kind of character it is.
    pub class: Class,
    /// Its value as a decimal digit, or [`Unit::NO_DIGIT`].
    pub digit: u8,
    flags: u8,
}

const ESCAPED: u8 = 1;
const PART: u8 = 2;
const JOINED: u8 = 4;

impl Unit {
    /// The unit is no digit.
    pub const NO_DIGIT: u8 = u8::MAX;

    pub(crate) fn new(start: usize, end: usize, raw: char, fold: char, class: Class, digit: Option<u8>) -> Self {
        let digit = digit.unwrap_or(Self::NO_DIGIT);
        let (start, end) = (start as u32, end as u32);
        Self { start, end, tail: end, fold, raw, class, digit, flags: 0 }
    }

    pub(crate) fn escaped(mut self, is_escaped: bool) -> Self {
        self.flags |= if is_escaped { ESCAPED } else { 0 };
        self
    }

    pub(crate) fn part(mut self) -> Self {
        self.flags |= PART;
        self
    }

    pub(crate) fn joined(mut self) -> Self {
        self.flags |= JOINED;
        self
    }

    /// The text spells it as an escape: an entity, a percent sequence, `\u`.
    pub fn is_escaped(&self) -> bool {
        self.flags & ESCAPED != 0
    }

    /// It is the second or a later unit of one character (the `i` of `ﬁ`).
    pub fn is_part(&self) -> bool {
        self.flags & PART != 0
    }

    /// Nothing stands between it and the unit before it but characters that are dropped, of which markup is one kind.
    pub fn is_behind_dropped(&self) -> bool {
        self.flags & JOINED != 0
    }

    /// Whether it can stand for a character of a keyword by itself; everything else separates.
    pub fn is_content(&self) -> bool {
        matches!(self.class, Class::Letter | Class::Free | Class::Digit)
    }

    /// The text shows a regional indicator, which is one half of a flag or a letter.
    pub fn is_regional(&self) -> bool {
        ('\u{1F1E6}'..='\u{1F1FF}').contains(&self.raw)
    }

    /// White space of any kind, line breaks included.
    pub fn is_white_space(&self) -> bool {
        matches!(self.class, Class::Space | Class::Line)
    }
}
