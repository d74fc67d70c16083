//! Folded text with a sparse map back to the bytes it came from.

use crate::fold::fold_char;

/// Text in folded form, and where each of its bytes came from.
///
/// The map holds one entry per character that changes its length or folds to several, so text that folds to the
/// same length (nearly all Chinese prose, ASCII in any case) costs no memory beside its own bytes.
#[derive(Debug, Default, Clone)]
pub struct FoldedText {
    bytes: Vec<u8>,
    /// `(folded, stored)`: from this folded byte on, characters map one to one in length, until the next entry.
    steps: Vec<Step>,
    stored_len: usize,
}

#[derive(Debug, Clone, Copy)]
struct Step {
    folded: usize,
    stored: usize,
    /// A step starts with one stored character, and any part of its folded form maps to the whole of it.
    stored_char_len: u8,
    folded_char_len: u8,
}

impl FoldedText {
    /// The folded bytes, valid UTF-8.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The folded text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes).expect("folding writes whole characters")
    }

    /// Maps a folded byte range to the stored byte range of the characters that contribute to it.
    ///
    /// A character that folds to several (`ß` to `ss`) is taken whole when any part of it is touched.
    pub fn stored_range(&self, start: usize, end: usize) -> (usize, usize) {
        debug_assert!(start < end && end <= self.bytes.len());
        (self.locate(start).0, self.locate(end - 1).1)
    }

    /// Bounds of the stored text around one folded byte: `(start, end)` of its character when the character changed
    /// length, else the byte itself and the one behind it.
    fn locate(&self, folded: usize) -> (usize, usize) {
        let at = self.steps.partition_point(|step| step.folded <= folded);
        let Some(step) = at.checked_sub(1).map(|i| self.steps[i]) else {
            return (folded, folded + 1);
        };
        let within = folded - step.folded;
        if within < usize::from(step.folded_char_len) {
            return (step.stored, step.stored + usize::from(step.stored_char_len));
        }
        let stored = step.stored + usize::from(step.stored_char_len) + within - usize::from(step.folded_char_len);
        (stored, stored + 1)
    }

    /// Length of the stored text in bytes.
    pub fn stored_len(&self) -> usize {
        self.stored_len
    }
}

/// Folds `text` into `out`, replacing what was there and keeping its memory.
pub fn fold_text(text: &str, out: &mut FoldedText) {
    out.bytes.clear();
    out.steps.clear();
    out.bytes.reserve(text.len());
    out.stored_len = text.len();
    let mut ascii_from = 0;
    for (stored, c) in text.char_indices() {
        if c.is_ascii() {
            continue;
        }
        push_ascii(&mut out.bytes, &text.as_bytes()[ascii_from..stored]);
        ascii_from = stored + c.len_utf8();
        let folded = fold_char(c);
        let at = out.bytes.len();
        for &f in folded.as_slice() {
            out.bytes.extend_from_slice(f.encode_utf8(&mut [0; 4]).as_bytes());
        }
        let folded_len = out.bytes.len() - at;
        if folded_len != c.len_utf8() || folded.as_slice().len() > 1 {
            out.steps.push(Step {
                folded: at,
                stored,
                stored_char_len: c.len_utf8() as u8,
                folded_char_len: folded_len as u8,
            });
        }
    }
    push_ascii(&mut out.bytes, &text.as_bytes()[ascii_from..]);
}

/// The folded form of `text`, without a map: for keywords.
pub fn fold_str(text: &str) -> String {
    let mut folded = FoldedText::default();
    fold_text(text, &mut folded);
    String::from_utf8(folded.bytes).expect("folding writes whole characters")
}

fn push_ascii(out: &mut Vec<u8>, ascii: &[u8]) {
    let at = out.len();
    out.extend_from_slice(ascii);
    out[at..].make_ascii_lowercase();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(text: &str, folded_needle: &str) -> (usize, usize) {
        let mut folded = FoldedText::default();
        fold_text(text, &mut folded);
        let at = folded.as_str().find(folded_needle).expect("the needle is in the folded text");
        folded.stored_range(at, at + folded_needle.len())
    }

    #[test]
    fn spans_map_back_to_the_stored_characters() {
        for (text, needle, matched) in [
            ("RaNsOm note", "ransom", "RaNsOm"),
            ("叫Ｔｒｏｊａｎ吗", "trojan", "Ｔｒｏｊａｎ"),
            ("die Straße hier", "strasse", "Straße"),
            ("Straße", "stras", "Straß"),
            ("ＡＢ c", "b c", "Ｂ c"),
            ("İx", "x", "x"),
            ("走私", "走私", "走私"),
            ("ⅩK", "k", "K"),
        ] {
            let (start, end) = span(text, needle);
            assert_eq!(&text[start..end], matched, "{needle} in {text}");
        }
    }

    #[test]
    fn text_that_keeps_its_length_needs_no_map() {
        let mut folded = FoldedText::default();
        fold_text("中文 and ASCII, ÉCOLE", &mut folded);
        assert_eq!(folded.steps.len(), 0);
        assert_eq!(folded.as_str(), "中文 and ascii, école");
    }
}
