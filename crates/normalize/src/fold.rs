//! The folding of one character: full width to half width, then lower case.

/// The folded form of one character: one to three characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FoldedChar {
    chars: [char; 3],
    len: u8,
}

impl FoldedChar {
    const fn one(c: char) -> Self {
        Self { chars: [c, '\0', '\0'], len: 1 }
    }

    /// The characters of the folded form, in order.
    pub fn as_slice(&self) -> &[char] {
        &self.chars[..usize::from(self.len)]
    }
}

/// Folds one character: full-width ASCII (U+FF01 to U+FF5E) and the ideographic space to their ASCII forms, then
/// Unicode lower case, with the two sigmas made one and `ß` spelt out so that both spellings meet.
///
/// Folding is idempotent: a folded character folds to itself.
///
/// ```
/// use normalize::fold_char;
/// assert_eq!(fold_char('Ａ').as_slice(), ['a']);
/// assert_eq!(fold_char('ß').as_slice(), ['s', 's']);
/// assert_eq!(fold_char('走').as_slice(), ['走']);
/// ```
#[inline]
pub fn fold_char(c: char) -> FoldedChar {
    if c.is_ascii() {
        return FoldedChar::one(c.to_ascii_lowercase());
    }
    match c {
        // CJK has no case and no width of its own: the common case of Chinese text leaves first.
        '\u{3001}'..='\u{9FFF}' => FoldedChar::one(c),
        '\u{3000}' => FoldedChar::one(' '),
        '\u{FF01}'..='\u{FF5E}' => {
            let ascii = (c as u32 - 0xFEE0) as u8;
            FoldedChar::one(char::from(ascii.to_ascii_lowercase()))
        }
        'ß' | 'ẞ' => FoldedChar { chars: ['s', 's', '\0'], len: 2 },
        'ς' => FoldedChar::one('σ'),
        _ => {
            let mut folded = FoldedChar { chars: ['\0'; 3], len: 0 };
            for lower in c.to_lowercase() {
                folded.chars[usize::from(folded.len)] = lower;
                folded.len += 1;
            }
            folded
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_folds_to_a_fixed_point() {
        for c in (0..=u32::from(char::MAX)).filter_map(char::from_u32) {
            for &folded in fold_char(c).as_slice() {
                assert_eq!(fold_char(folded).as_slice(), [folded], "U+{:04X} folds further", c as u32);
            }
        }
    }
}
