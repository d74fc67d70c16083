//! Markup that is not text: tags and comments of HTML, link targets and escapes of Markdown.
//!
//! Tags are recognised as a browser would, but for their names only: what is hidden by style is still text.

/// What kind of markup a text holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Markup {
    /// The text is what it shows.
    #[default]
    None,
    /// Tags, comments, scripts and styles are not text.
    Html,
    /// As HTML, and link targets, emphasis and backslash escapes are not text.
    Markdown,
}

/// What a piece of markup does to the text around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Nothing: the text goes on (`<b>`).
    Inline,
    /// A line break (`<br>`).
    Line,
    /// A new paragraph, item or cell: text on both sides does not belong together.
    Block,
}

/// Longest tag or link target, in bytes: a `<` that closes nothing within it is a character.
const MAX_TAG: usize = 16 * 1024;

/// Elements that start a new block of text. Names of the HTML standard's flow content that is not phrasing content.
const BLOCKS: [&str; 44] = [
    "address",
    "article",
    "aside",
    "blockquote",
    "body",
    "caption",
    "center",
    "dd",
    "details",
    "dialog",
    "dir",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "head",
    "header",
    "hr",
    "html",
    "legend",
    "li",
    "main",
    "nav",
    "ol",
    "option",
    "p",
    "pre",
    "section",
    "summary",
    "table",
    "td",
    "th",
    "tr",
    "ul",
];

/// Bytes behind the first possible end of a tag or target in which a better one is looked for: the closing quotation
/// mark of a value that holds a `>`.
const MAX_DOUBT: usize = 1024;

/// Finds markup, and remembers what it looked for in vain, so that a text of nothing but `<` is read in linear time.
#[derive(Debug, Clone, Default)]
pub(crate) struct MarkupFinder {
    angle: Ahead,
    round: Ahead,
    square: Ahead,
}

/// The next place of a byte, as far as is known.
#[derive(Debug, Clone, Copy, Default)]
struct Ahead {
    found: Option<usize>,
    /// It is nowhere from the last `found` to here.
    searched: usize,
}

impl Ahead {
    /// Whether `byte` stands in `text[at..at + MAX_TAG]`. `at` must not go back.
    fn is_near(&mut self, text: &[u8], at: usize, byte: u8) -> bool {
        let end = text.len().min(at + MAX_TAG);
        if self.found.is_none_or(|found| found < at) {
            let from = self.searched.clamp(at, end);
            self.found = text[from..end].iter().position(|other| *other == byte).map(|offset| from + offset);
            self.searched = self.found.unwrap_or(end);
        }
        self.found.is_some_and(|found| found < end)
    }
}

impl MarkupFinder {
    /// The markup at byte `at` of `text`, its effect and its length in bytes. Asked from left to right.
    pub(crate) fn markup_at(&mut self, text: &[u8], at: usize, kind: Markup) -> Option<(Effect, usize)> {
        let rest = &text[at..];
        match (kind, rest.first()?) {
            (Markup::None, _) => None,
            (_, b'<') => {
                let can_end = rest.starts_with(b"<!--") || self.angle.is_near(text, at, b'>');
                can_end.then(|| tag(rest)).flatten()
            }
            (Markup::Markdown, b'\\') => {
                rest.get(1).is_some_and(u8::is_ascii_punctuation).then_some((Effect::Inline, 1))
            }
            (Markup::Markdown, b'*' | b'_' | b'`' | b'~') => Some((Effect::Inline, run(rest))),
            (Markup::Markdown, b'[') => Some((Effect::Inline, 1)),
            (Markup::Markdown, b'!') if rest.get(1) == Some(&b'[') => Some((Effect::Inline, 2)),
            (Markup::Markdown, b']') => {
                let has_target = match rest.get(1) {
                    Some(b'(') => self.round.is_near(text, at, b')'),
                    Some(b'[') => self.square.is_near(text, at + 1, b']'),
                    _ => false,
                };
                Some((Effect::Inline, 1 + if has_target { link_target(&rest[1..]) } else { 0 }))
            }
            _ => None,
        }
    }
}

fn run(rest: &[u8]) -> usize {
    rest.iter().take_while(|byte| **byte == rest[0]).count()
}

/// Length of `(target "title")` or `[label]` behind the text of a link; 0 when none is closed there.
fn link_target(rest: &[u8]) -> usize {
    let (open, close) = match rest.first() {
        Some(b'(') => (b'(', b')'),
        Some(b'[') => (b'[', b']'),
        _ => return 0,
    };
    let mut depth = 0_usize;
    let mut first_close = 0;
    for (at, &byte) in rest.iter().enumerate().take(MAX_TAG) {
        let is_paragraph_end = byte == b'\n' && rest.get(at + 1) == Some(&b'\n');
        if is_paragraph_end || (first_close > 0 && at - first_close > MAX_DOUBT) {
            break;
        }
        if byte == open {
            depth += 1;
        } else if byte == close {
            depth -= 1;
            if depth == 0 {
                return at + 1;
            }
            first_close = if first_close == 0 { at + 1 } else { first_close };
        }
    }
    first_close
}

fn tag(rest: &[u8]) -> Option<(Effect, usize)> {
    if rest.starts_with(b"<!--") {
        let end = find(&rest[4..], b"-->").map_or(rest.len(), |at| at + 7);
        return Some((Effect::Inline, end));
    }
    let is_closing = rest.get(1) == Some(&b'/');
    let name_at = 1 + usize::from(is_closing);
    let first = *rest.get(name_at)?;
    if matches!(first, b'!' | b'?') {
        let end = rest.iter().take(MAX_TAG).position(|byte| *byte == b'>')?;
        return Some((Effect::Inline, end + 1));
    }
    if !first.is_ascii_alphabetic() {
        return None;
    }
    let name = rest[name_at..].iter().take(32).take_while(|byte| byte.is_ascii_alphanumeric()).count();
    let name = std::str::from_utf8(&rest[name_at..name_at + name]).ok()?.to_ascii_lowercase();
    let end = end_of_tag(rest)?;
    if !is_closing && matches!(name.as_str(), "script" | "style") && !rest[..end].ends_with(b"/>") {
        let closing = format!("</{name}");
        let content = find_ignoring_case(&rest[end..], closing.as_bytes());
        let behind = content.map_or(rest.len(), |at| end + at);
        let end = rest[behind..].iter().position(|byte| *byte == b'>').map_or(rest.len(), |at| behind + at + 1);
        return Some((Effect::Block, end));
    }
    let effect = if name == "br" {
        Effect::Line
    } else if BLOCKS.binary_search(&name.as_str()).is_ok() {
        Effect::Block
    } else {
        Effect::Inline
    };
    Some((effect, end))
}

/// Where a tag ends, quoted attribute values taken whole; a quotation mark that is never closed opens nothing.
fn end_of_tag(rest: &[u8]) -> Option<usize> {
    let mut quote = None;
    let mut first_end = None;
    let mut last = b' ';
    for (at, &byte) in rest.iter().enumerate().take(MAX_TAG) {
        if first_end.is_some_and(|end| at - end > MAX_DOUBT) {
            break;
        }
        if byte == b'>' {
            if quote.is_none() {
                return Some(at + 1);
            }
            first_end = first_end.or(Some(at + 1));
        }
        match quote {
            // A quotation mark opens a value only behind `=`; elsewhere it is part of a broken tag.
            None if matches!(byte, b'"' | b'\'') && last == b'=' => quote = Some(byte),
            Some(open) if byte == open => quote = None,
            _ => {}
        }
        last = if byte == b' ' { last } else { byte };
    }
    first_end
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

fn find_ignoring_case(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window.eq_ignore_ascii_case(needle))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn block_names_are_sorted() {
        assert!(BLOCKS.is_sorted());
    }

    #[test]
    fn texts_of_nothing_but_openings_are_read_in_linear_time() {
        for text in ["<a", "<a x='", "<a x='>", "](", "](()", "][", "<!-", "[("] {
            let text = text.repeat(400_000 / text.len());
            let mut finder = MarkupFinder::default();
            let found = (0..text.len()).filter(|&at| finder.markup_at(text.as_bytes(), at, Markup::Markdown).is_some());
            assert!(found.count() <= text.len());
        }
    }

    #[test]
    fn markup_is_taken_whole_or_not_at_all() {
        for (text, kind, expected) in [
            ("<b>x", Markup::None, None),
            ("<b>x", Markup::Html, Some((Effect::Inline, 3))),
            ("</B >x", Markup::Html, Some((Effect::Inline, 5))),
            ("<br/>x", Markup::Html, Some((Effect::Line, 5))),
            ("<P class='a>b'>x", Markup::Html, Some((Effect::Block, 15))),
            ("<a title = \"x>y\">", Markup::Html, Some((Effect::Inline, 17))),
            ("<!-- a > b -->c", Markup::Html, Some((Effect::Inline, 14))),
            ("<!-- never ends", Markup::Html, Some((Effect::Inline, 15))),
            ("<!DOCTYPE html>", Markup::Html, Some((Effect::Inline, 15))),
            ("<script>if (a < b) {}</SCRIPT >x", Markup::Html, Some((Effect::Block, 31))),
            ("<3 you", Markup::Html, None),
            ("< b", Markup::Html, None),
            ("<b never ends", Markup::Html, None),
            ("**x", Markup::Markdown, Some((Effect::Inline, 2))),
            ("](http://a.b/c_(d)) x", Markup::Markdown, Some((Effect::Inline, 19))),
            ("][ref] x", Markup::Markdown, Some((Effect::Inline, 6))),
            ("](never ends", Markup::Markdown, Some((Effect::Inline, 1))),
            ("\\*x", Markup::Markdown, Some((Effect::Inline, 1))),
            ("\\nx", Markup::Markdown, None),
            ("**x", Markup::Html, None),
        ] {
            assert_eq!(MarkupFinder::default().markup_at(text.as_bytes(), 0, kind), expected, "{text}");
        }
    }
}
