//! In which encoding a page is, and its text as UTF-8.
//!
//! A byte order mark says so, else the head of the response, else, of HTML, the page itself in its first 1,024 bytes
//! (the prescan of the HTML standard), else what the caller takes for granted.

use bytes::BytesMut;
use encoding_rs::{DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252, X_USER_DEFINED};

/// Bytes of a page in which it may name its encoding.
const PRESCAN_BYTES: usize = 1_024;

/// The encoding of a page, and the length of its byte order mark. `declared` is what the head says.
pub(super) fn detect(
    body: &[u8],
    declared: Option<&'static Encoding>,
    is_html: bool,
    fallback: &'static Encoding,
) -> (&'static Encoding, usize) {
    if let Some(marked) = Encoding::for_bom(body) {
        return marked;
    }
    let named = || if is_html { prescan(&body[..body.len().min(PRESCAN_BYTES)]) } else { None };
    (declared.or_else(named).unwrap_or(fallback), 0)
}

/// Adds bytes as UTF-8; `None`, and nothing added, where they are not in the encoding: nothing is replaced. Of a text
/// that is cut off an unfinished character at the end is left out.
pub(super) fn decode_into(bytes: &[u8], encoding: &'static Encoding, is_cut: bool, out: &mut BytesMut) -> Option<()> {
    if encoding == UTF_8 {
        let valid = match simdutf8::compat::from_utf8(bytes) {
            Ok(text) => text.len(),
            Err(error) if is_cut && error.error_len().is_none() => error.valid_up_to(),
            Err(_) => return None,
        };
        out.extend_from_slice(&bytes[..valid]);
        return Some(());
    }
    let start = out.len();
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let most = decoder.max_utf8_buffer_length_without_replacement(bytes.len())?;
    out.resize(start + most, 0);
    let (result, _, written) = decoder.decode_to_utf8_without_replacement(bytes, &mut out[start..], !is_cut);
    let is_whole = result == DecoderResult::InputEmpty;
    out.truncate(if is_whole { start + written } else { start });
    is_whole.then_some(())
}

/// The encoding that a media type names, such as `text/html; charset="gb2312"`.
pub(super) fn charset_of(content_type: &[u8]) -> Option<&'static Encoding> {
    content_type.split(|byte| *byte == b';').skip(1).find_map(|parameter| {
        let equals = memchr::memchr(b'=', parameter)?;
        let (name, value) = (parameter[..equals].trim_ascii(), parameter[equals + 1..].trim_ascii());
        let is_quote = |byte: &u8| matches!(byte, b'"' | b'\'');
        let value = value.strip_prefix(b"\"").or_else(|| value.strip_prefix(b"'")).unwrap_or(value);
        let value = value.split(is_quote).next().unwrap_or_default();
        if name.eq_ignore_ascii_case(b"charset") { Encoding::for_label(value) } else { None }
    })
}

/// The encoding that the beginning of a page names: in a `meta`, else in an XML declaration.
fn prescan(page: &[u8]) -> Option<&'static Encoding> {
    let mut at = 0;
    while let Some(found) = memchr::memchr(b'<', &page[at..]) {
        at += found + 1;
        let tag = &page[at..];
        if tag.starts_with(b"!--") {
            // The dashes that open a comment may close it as well.
            at += 1 + memchr::memmem::find(&tag[1..], b"-->").unwrap_or(tag.len() - 1);
        } else if tag.len() > 4 && tag[..4].eq_ignore_ascii_case(b"meta") && (is_space(tag[4]) || tag[4] == b'/') {
            at += 4;
            if let Some(encoding) = meta(page, &mut at) {
                return Some(encoding);
            }
        } else if tag.strip_prefix(b"/").unwrap_or(tag).first().is_some_and(u8::is_ascii_alphabetic) {
            at += tag.iter().position(|&byte| is_space(byte) || byte == b'>').unwrap_or(tag.len());
            while attribute(page, &mut at).is_some() {}
        } else if let Some(b'!' | b'/' | b'?') = tag.first() {
            at += memchr::memchr(b'>', tag).unwrap_or(tag.len());
        }
    }
    let declaration = page.strip_prefix(b"<?xml")?;
    let declaration = &declaration[..memchr::memchr(b'>', declaration)?];
    let value = &declaration[memchr::memmem::find(declaration, b"encoding")? + 8..];
    label(quoted(value.trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start())?)
}

/// What the attributes of a `meta` name.
fn meta(page: &[u8], at: &mut usize) -> Option<&'static Encoding> {
    let (mut is_pragma, mut needs_pragma, mut encoding) = (false, false, None);
    while let Some((name, value)) = attribute(page, at) {
        if name.eq_ignore_ascii_case(b"http-equiv") {
            is_pragma |= value.eq_ignore_ascii_case(b"content-type");
        } else if name.eq_ignore_ascii_case(b"charset") {
            encoding = label(value);
            needs_pragma = false;
        } else if name.eq_ignore_ascii_case(b"content") && encoding.is_none() {
            encoding = charset_in_content(value);
            needs_pragma = encoding.is_some();
        }
    }
    encoding.filter(|_| is_pragma || !needs_pragma)
}

/// The next attribute of a tag; `None` at the tag's end.
fn attribute<'p>(page: &'p [u8], at: &mut usize) -> Option<(&'p [u8], &'p [u8])> {
    let skip = |at: &mut usize, what: fn(u8) -> bool| {
        *at += page[*at..].iter().position(|&byte| !what(byte)).unwrap_or(page.len() - *at);
    };
    skip(at, |byte| is_space(byte) || byte == b'/');
    let start = *at;
    skip(at, |byte| !is_space(byte) && !matches!(byte, b'/' | b'>' | b'='));
    // An equals sign at the beginning belongs to the name.
    if *at == start && page.get(*at) == Some(&b'=') {
        *at += 1;
        skip(at, |byte| !is_space(byte) && !matches!(byte, b'/' | b'>' | b'='));
    }
    let name = &page[start..*at];
    if name.is_empty() {
        return None;
    }
    skip(at, is_space);
    if page.get(*at) != Some(&b'=') {
        return Some((name, b""));
    }
    *at += 1;
    skip(at, is_space);
    let rest = &page[*at..];
    let value = if let Some(b'"' | b'\'') = rest.first() {
        let value = quoted(rest).unwrap_or(&rest[1..]);
        *at = (*at + value.len() + 2).min(page.len());
        value
    } else {
        let start = *at;
        skip(at, |byte| !is_space(byte) && byte != b'>');
        &page[start..*at]
    };
    Some((name, value))
}

/// What stands between quotes; `None` where they don't end.
fn quoted(bytes: &[u8]) -> Option<&[u8]> {
    let (quote @ (b'"' | b'\''), rest) = bytes.split_first()? else { return None };
    Some(&rest[..memchr::memchr(*quote, rest)?])
}

/// The encoding in a value such as `text/html; charset=gb2312`.
fn charset_in_content(value: &[u8]) -> Option<&'static Encoding> {
    let lower = value.to_ascii_lowercase();
    memchr::memmem::find_iter(&lower, b"charset").find_map(|found| {
        let rest = value[found + 7..].trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
        if let Some(b'"' | b'\'') = rest.first() {
            return label(quoted(rest)?);
        }
        label(rest.split(|&byte| is_space(byte) || byte == b';').next()?)
    })
}

/// A page whose names of encodings can be read as bytes is in no 16-bit encoding, whatever it says.
fn label(name: &[u8]) -> Option<&'static Encoding> {
    let encoding = Encoding::for_label(name)?;
    Some(if encoding == UTF_16BE || encoding == UTF_16LE {
        UTF_8
    } else if encoding == X_USER_DEFINED {
        WINDOWS_1252
    } else {
        encoding
    })
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\n' | 0x0C | b'\r' | b' ')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn pages_name_their_encoding() {
        for (page, expected) in [
            ("<meta charset=gbk>", Some("GBK")),
            ("<html><head><META CHARSET = \"Shift_JIS\" /></head>", Some("Shift_JIS")),
            ("<meta charset='utf-8'", Some("UTF-8")),
            ("<meta http-equiv=\"Content-Type\" content=\"text/html; charset=GB2312\">", Some("GBK")),
            ("<meta content='text/html;charset = windows-1252 ; x' http-equiv=content-type>", Some("windows-1252")),
            ("<meta content=\"text/html; charset='big5'\" http-equiv=content-type>", Some("Big5")),
            ("<meta content=\"charset charset=koi8-r\" http-equiv=content-type>", Some("KOI8-R")),
            // Without the pragma the content is about something else.
            ("<meta name=a content=\"text/html; charset=gbk\">", None),
            ("<meta charset=nonsense><meta charset=gbk>", Some("GBK")),
            ("<!-- <meta charset=big5> --><meta charset=gbk>", Some("GBK")),
            ("<!--><meta charset=gbk>", Some("GBK")),
            ("<!-- <meta charset=gbk>", None),
            ("<p title='<meta charset=big5>'>a</p><meta charset=gbk>", Some("GBK")),
            ("<metadata charset=gbk>", None),
            ("<meta/charset=gbk>", Some("GBK")),
            ("<!doctype html><meta charset=utf-16le>", Some("UTF-8")),
            ("<meta charset=x-user-defined>", Some("windows-1252")),
            ("<meta charset=hz-gb-2312>", Some("replacement")),
            ("<?xml version=\"1.0\" encoding=\"gb18030\"?><html>", Some("gb18030")),
            ("<?xml version='1.0' encoding='big5'?><meta charset=gbk>", Some("GBK")),
            ("<?xml version='1.0'?>", None),
            ("a < b <> </ <1 <", None),
            ("", None),
        ] {
            assert_eq!(prescan(page.as_bytes()).map(Encoding::name), expected, "{page}");
        }
    }

    #[test]
    fn the_order_of_those_who_say_so() {
        let gbk = Encoding::for_label(b"gbk");
        let page = b"<meta charset=big5>";
        let name = |(encoding, mark): (&'static Encoding, usize)| (encoding.name(), mark);
        assert_eq!(name(detect(b"\xEF\xBB\xBFa", gbk, true, UTF_8)), ("UTF-8", 3));
        assert_eq!(name(detect(b"\xFF\xFEa\0", gbk, true, UTF_8)), ("UTF-16LE", 2));
        assert_eq!(name(detect(page, gbk, true, UTF_8)), ("GBK", 0));
        assert_eq!(name(detect(page, None, true, UTF_8)), ("Big5", 0));
        assert_eq!(name(detect(page, None, false, UTF_8)), ("UTF-8", 0));
        let late = [vec![b' '; PRESCAN_BYTES], page.to_vec()].concat();
        assert_eq!(name(detect(&late, None, true, UTF_8)), ("UTF-8", 0));
    }

    #[test]
    fn media_types_name_encodings() {
        for (value, expected) in [
            ("text/html; charset=gb2312", Some("GBK")),
            ("text/html;x=y;Charset=\"utf-8\";z", Some("UTF-8")),
            ("text/html; charset='latin1'", Some("windows-1252")),
            ("text/html; charset=", None),
            ("text/html; charset=none; charset=gbk", Some("GBK")),
            ("text/html", None),
            ("charset=gbk", None),
        ] {
            assert_eq!(charset_of(value.as_bytes()).map(Encoding::name), expected, "{value}");
        }
    }

    #[test]
    fn nothing_is_replaced() {
        let decode = |bytes: &[u8], label: &str, is_cut: bool| {
            let mut out = BytesMut::from(&b"before "[..]);
            let found = decode_into(bytes, Encoding::for_label(label.as_bytes()).unwrap(), is_cut, &mut out);
            let text = std::str::from_utf8(&out).unwrap().strip_prefix("before ").unwrap().to_owned();
            assert!(found.is_some() || text.is_empty());
            found.map(|()| text)
        };
        assert_eq!(decode(b"\xBA\xBA\xD7\xD6", "gb2312", false).as_deref(), Some("汉字"));
        assert_eq!(decode(b"\xBA\xBA\xD7", "gb2312", false), None);
        assert_eq!(decode(b"\xBA\xBA\xD7", "gb2312", true).as_deref(), Some("汉"));
        assert_eq!(decode(b"\xBA\xBA\xFF\xFF", "gb2312", true), None);
        assert_eq!(decode("汉字".as_bytes(), "utf-8", false).as_deref(), Some("汉字"));
        assert_eq!(decode(&"汉字".as_bytes()[..5], "utf-8", false), None);
        assert_eq!(decode(&"汉字".as_bytes()[..5], "utf-8", true).as_deref(), Some("汉"));
        assert_eq!(decode(b"a\xFFb", "utf-8", true), None);
        assert_eq!(decode(b"a\0b\0", "utf-16le", false).as_deref(), Some("ab"));
        assert_eq!(decode(b"caf\xE9", "windows-1252", false).as_deref(), Some("café"));
        assert_eq!(decode(b"abc", "iso-2022-kr", false), None);
    }

    proptest! {
        #[test]
        fn any_page_is_looked_at(page in "(<meta |<!--|-->|<\\?xml|charset|content=|=|\"|'|>|<|/|gbk|[ a-z]){0,40}") {
            prescan(page.as_bytes());
        }
    }
}
