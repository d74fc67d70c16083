//! Word boundaries: a keyword of an alphabetic script is a word, not a part of one.

/// What an edge of a keyword must not touch.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    /// A letter or mark of an alphabetic script.
    Letter,
    Digit,
    /// Anything else: CJK, kana, Hangul, punctuation, symbols.
    Free,
}

/// Whether the match `start..end` of `text` stands as a word: an edge that is a letter of an alphabetic script does
/// not touch another such letter, an edge that is a digit does not touch a digit. CJK, kana and Hangul need no
/// boundary, and `_`, punctuation and the other class are boundaries.
pub(crate) fn is_bounded(text: &str, start: usize, end: usize) -> bool {
    let inside = &text[start..end];
    let touches = |edge: Option<char>, neighbour: Option<char>| {
        let pair = (edge.map(class), neighbour.map(class));
        matches!(pair, (Some(Class::Letter), Some(Class::Letter)) | (Some(Class::Digit), Some(Class::Digit)))
    };
    !touches(inside.chars().next(), text[..start].chars().next_back())
        && !touches(inside.chars().next_back(), text[end..].chars().next())
}

fn class(c: char) -> Class {
    if c.is_ascii() {
        return if c.is_ascii_alphabetic() {
            Class::Letter
        } else if c.is_ascii_digit() {
            Class::Digit
        } else {
            Class::Free
        };
    }
    if is_unbounded_script(c) {
        Class::Free
    } else if c.is_alphabetic() || is_combining_mark(c) {
        Class::Letter
    } else if c.is_numeric() {
        Class::Digit
    } else {
        Class::Free
    }
}

/// Scripts written without spaces between words, where a keyword may start anywhere.
fn is_unbounded_script(c: char) -> bool {
    matches!(c,
        '\u{1100}'..='\u{11FF}'   // Hangul Jamo
        | '\u{2E80}'..='\u{A4CF}' // CJK radicals, kana, bopomofo, ideographs, Yi
        | '\u{A960}'..='\u{A97F}' // Hangul Jamo Extended-A
        | '\u{AC00}'..='\u{D7FF}' // Hangul syllables, Jamo Extended-B
        | '\u{F900}'..='\u{FAFF}' // CJK compatibility ideographs
        | '\u{FF66}'..='\u{FFDC}' // half-width kana and Hangul
        | '\u{1B000}'..='\u{1B2FF}' // kana supplements
        | '\u{20000}'..='\u{3FFFF}') // ideographs beyond the BMP
}

/// Combining diacritical marks, which continue the letter before them.
fn is_combining_mark(c: char) -> bool {
    matches!(c, '\u{0300}'..='\u{036F}' | '\u{1AB0}'..='\u{1AFF}' | '\u{1DC0}'..='\u{1DFF}' | '\u{20D0}'..='\u{20FF}')
}

#[cfg(test)]
mod tests {
    use super::is_bounded;

    #[test]
    fn edges_must_not_touch_their_own_class() {
        for (text, word, bounded) in [
            ("class", "ass", false),
            ("an ass!", "ass", true),
            ("ass_1", "ass", true),
            ("ass2", "ass", true),
            ("中ass文", "ass", true),
            ("élan", "lan", false),
            ("пассат", "пас", false),
            ("在1024里", "1024", true),
            ("x10245", "1024", false),
            ("走私犯", "走私", true),
            ("ａss", "ss", false),
            ("ass\u{0301}", "ass", false),
        ] {
            let start = text.find(word).expect("the word is in the text");
            assert_eq!(is_bounded(text, start, start + word.len()), bounded, "{word} in {text}");
        }
    }
}
