//! Text to symbols: what the features are made of. Folds case and width, drops what can't be seen, and replaces the
//! parts of a text that identify a person or a page rather than say something: digits, account names, links.

use normalize::fold_char;

/// Set in a symbol that is a letter or a digit: such symbols form words. All others, ideographs among them, stand alone.
pub(crate) const WORD: u32 = 1 << 24;
/// White space of any length between two visible symbols.
pub(crate) const SPACE: u32 = 0x20;
/// `@name`: accounts differ from text to text, so their letters would be noise.
const MENTION: u32 = 0x11_0000;
/// `http://…` and `https://…`, to the next white space or the next character outside ASCII.
const LINK: u32 = 0x11_0001;
/// Not a symbol: the character is dropped.
const NONE: u32 = u32::MAX;
/// In the table, beside a symbol: a mention or a link may start here. [`NONE`] has it too, so one test finds all that
/// is rare.
const RARE: u32 = 1 << 31;

const ASCII: [u32; 128] = ascii_symbols();

const fn ascii_symbols() -> [u32; 128] {
    let mut table = [NONE; 128];
    let mut byte = 0;
    while byte < 128 {
        let b = byte as u8;
        table[byte] = match b {
            b'\t'..=b'\r' | b' ' => SPACE,
            b'0'..=b'9' => WORD | b'0' as u32,
            b'h' | b'H' => RARE | WORD | b'h' as u32,
            b'a'..=b'z' | b'A'..=b'Z' => WORD | b.to_ascii_lowercase() as u32,
            b'@' => RARE | b'@' as u32,
            b'!'..=b'~' => b as u32,
            _ => NONE,
        };
        byte += 1;
    }
    table
}

/// Calls `push` with each symbol of `text` in order. A run of white space is one [`SPACE`], and none at the start; the
/// last symbol may be one that the caller drops, as whether it is the last is not known when it is met.
pub(crate) fn for_each_symbol(text: &str, mut push: impl FnMut(u32)) {
    let bytes = text.as_bytes();
    let mut at = 0;
    // A text starts as if behind a space, so that its own leading space is dropped.
    let mut before = SPACE;
    let mut take = |symbol: u32, before: &mut u32| {
        if symbol != NONE && (symbol != SPACE || *before != SPACE) {
            push(symbol);
            *before = symbol;
        }
    };
    while let Some(&byte) = bytes.get(at) {
        if let Some(&entry) = ASCII.get(usize::from(byte)) {
            if entry & RARE == 0 {
                take(entry, &mut before);
                at += 1;
            } else {
                // Inside a word neither starts: `a@b` is not a mention, `xhttp://` not a link. Behind another mention
                // one does, so the symbol is asked beside the byte.
                let glued = before & WORD != 0 && at > 0 && is_word_byte(bytes[at - 1]);
                let run = if glued { None } else { run_at(&bytes[at..]) };
                let (len, symbol) = run.unwrap_or((1, symbol_of(char::from(byte))));
                take(symbol, &mut before);
                at += len;
            }
        } else {
            let Some(c) = text[at..].chars().next() else { break };
            at += c.len_utf8();
            if is_ideograph(c) {
                take(u32::from(c), &mut before);
            } else {
                for &folded in fold_char(c).as_slice() {
                    take(symbol_of(folded), &mut before);
                }
            }
        }
    }
}

/// A mention or a link at the start of `bytes`: its length and its symbol.
fn run_at(bytes: &[u8]) -> Option<(usize, u32)> {
    if bytes.first() == Some(&b'@') {
        let name = bytes[1..].iter().take_while(|&&b| is_word_byte(b)).count();
        return (name > 0).then_some((1 + name, MENTION));
    }
    let head = |scheme: &[u8]| bytes.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    (head(b"http://") || head(b"https://"))
        .then(|| (bytes.iter().take_while(|&&b| b.is_ascii() && !b.is_ascii_whitespace()).count(), LINK))
}

const fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// The symbol of a folded character.
fn symbol_of(c: char) -> u32 {
    if let Some(&symbol) = ASCII.get(c as usize) {
        return if symbol == NONE { NONE } else { symbol & !RARE };
    }
    if c.is_whitespace() {
        SPACE
    } else if is_invisible(c) {
        NONE
    } else if !is_ideograph(c) && c.is_alphanumeric() {
        WORD | u32::from(c)
    } else {
        u32::from(c)
    }
}

/// Scripts written without spaces, where a character says what a word says elsewhere: Han, kana, bopomofo, Yi, Hangul.
const fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{2E80}'..='\u{2FFF}' | '\u{3001}'..='\u{A4CF}' | '\u{AC00}'..='\u{D7FF}' | '\u{F900}'..='\u{FAFF}'
        | '\u{20000}'..='\u{3FFFF}')
}

/// Characters without a shape of their own: controls, joiners, direction marks, variation selectors, tags, and the
/// accents that follow a letter. They are what a keyword is split with to hide it.
const fn is_invisible(c: char) -> bool {
    matches!(c, '\0'..='\u{1F}' | '\u{7F}'..='\u{9F}' | '\u{AD}' | '\u{300}'..='\u{36F}' | '\u{61C}'
        | '\u{115F}'..='\u{1160}' | '\u{17B4}'..='\u{17B5}' | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}'
        | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}'
        | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E0FFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Symbols as readable text: words in letters, `M` and `L` for the two replaced runs.
    fn symbols(text: &str) -> String {
        let mut out = String::new();
        for_each_symbol(text, |symbol| {
            out.push(match symbol {
                MENTION => 'M',
                LINK => 'L',
                _ => char::from_u32(symbol & !WORD).expect("a symbol is a character"),
            });
        });
        out
    }

    #[test]
    fn text_becomes_symbols() {
        for (text, expected) in [
            ("", ""),
            (" \t\n\u{3000} ", ""),
            ("  A  b\r\n\tC ", "a b c"),
            ("ＡＢＣ１２", "abc00"),
            ("2024-11-21", "0000-00-00"),
            ("你 \u{3000}好", "你 好"),
            ("a\u{200B}b\u{FEFF}\u{0}c", "abc"),
            ("e\u{301}", "e"),
            ("@Some_One2: hi", "M: hi"),
            ("@ x @@y @你", "@ x @M @你"),
            ("a@b.c", "a@b.c"),
            ("@a@b é@c _@d", "MM éM _M"),
            ("see HTTPS://x.y/z?q=1 now", "see L now"),
            ("看http://t.cn/abc好", "看L好"),
            ("xhttp://y http:/ h", "xhttp://y http:/ h"),
            ("Straße İ", "strasse i"),
        ] {
            assert_eq!(symbols(text).trim_end(), expected, "{text:?}");
        }
    }

    #[test]
    fn letters_form_words_and_ideographs_do_not() {
        for (c, word) in [
            ('a', true),
            ('0', true),
            ('é', true),
            ('я', true),
            ('中', false),
            ('か', false),
            ('가', false),
            ('!', false),
            ('😀', false),
        ] {
            assert_eq!(symbol_of(c) & WORD != 0, word, "{c}");
        }
    }
}
