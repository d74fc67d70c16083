//! A place in a text, counted in several units at once.

/// How far into a text a place is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// In bytes of UTF-8.
    pub bytes: u64,
    /// In units of UTF-16.
    pub utf16: u64,
    /// In code points.
    pub codepoints: u64,
}

/// Walks over a text, which may come in pieces, and counts.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Cursor {
    pub(crate) position: Position,
    /// Sentences that ended before this place.
    pub(crate) sentence: u64,
    /// An ASCII mark came last: it ends a sentence if white space follows (`3.5` and `a.b` go on).
    is_behind_mark: bool,
}

impl Cursor {
    /// Steps over `text`, which comes next.
    pub(crate) fn step(&mut self, text: &str) {
        if text.is_ascii() && !text.bytes().any(|byte| matches!(byte, b'.' | b'!' | b'?' | b';' | b'\n')) {
            let ends = self.is_behind_mark && text.starts_with(|c: char| c.is_whitespace());
            self.sentence += u64::from(ends);
            self.is_behind_mark &= text.is_empty();
            let length = text.len() as u64;
            self.position.bytes += length;
            self.position.utf16 += length;
            self.position.codepoints += length;
            return;
        }
        for c in text.chars() {
            self.sentence += u64::from(self.is_behind_mark && c.is_whitespace());
            self.is_behind_mark = matches!(c, '.' | '!' | '?' | ';');
            self.position.bytes += c.len_utf8() as u64;
            self.position.utf16 += c.len_utf16() as u64;
            self.position.codepoints += 1;
            let ends = matches!(c, '。' | '！' | '？' | '；' | '…' | '｡' | '\u{2028}' | '\u{2029}' | '।' | '؟' | '\n');
            self.sentence += u64::from(ends);
        }
    }
}

/// The places of byte offsets in `text`, which starts where `cursor` is: `offsets` ascend.
pub(crate) fn places(text: &str, mut cursor: Cursor, offsets: &[u32]) -> Vec<Cursor> {
    let mut at = 0;
    offsets
        .iter()
        .map(|&offset| {
            cursor.step(&text[at..offset as usize]);
            at = offset as usize;
            cursor
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_count_as_the_whole() {
        let text = "3.5 a.b! c？d\n\ne… 😀 x. ";
        let mut whole = Cursor::default();
        whole.step(text);
        assert_eq!(whole.position, Position { bytes: 29, utf16: 23, codepoints: 22 });
        assert_eq!(whole.sentence, 6);
        for (cut, _) in text.char_indices() {
            let mut pieces = Cursor::default();
            pieces.step(&text[..cut]);
            pieces.step(&text[cut..]);
            assert_eq!((pieces.position, pieces.sentence), (whole.position, whole.sentence), "cut at {cut}");
        }
    }
}
