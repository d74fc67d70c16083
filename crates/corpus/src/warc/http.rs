//! HTTP responses as crawlers store them: the head, and the body with its codings undone.
//!
//! Crawlers often undo a coding and leave its name in the head, so a body is only decoded where it looks the part.

use std::borrow::Cow;
use std::io::{self, Read};

use encoding_rs::Encoding;
use flate2::bufread::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

use super::charset::charset_of;
use super::head::Fields;
use crate::batch::Reason;

/// Codings that a body may have one over another.
const CODINGS_MOST: usize = 3;
const STEP_BYTES: usize = 64 << 10;

/// What a text is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Media {
    /// `text/html` and `application/xhtml+xml`.
    Html,
    /// `text/plain`.
    Plain,
    /// Nothing that is scanned as text.
    Other,
}

impl Media {
    pub(super) fn of(value: &[u8]) -> Self {
        let name = value.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
        let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
        if is("text/html") || is("application/xhtml+xml") {
            Self::Html
        } else if is("text/plain") {
            Self::Plain
        } else {
            Self::Other
        }
    }
}

/// How the payload of a record is to be read.
#[derive(Debug)]
pub(super) struct Payload {
    pub(super) media: Media,
    /// What the head says the text's encoding is.
    pub(super) charset: Option<&'static Encoding>,
    /// Its first byte in the block.
    pub(super) start: usize,
    chunked: bool,
    /// Codings in the order in which they were applied; `None` where one of them is not known.
    codings: Option<Vec<Coding>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    Gzip,
    Deflate,
    Brotli,
    Zstd,
}

impl Payload {
    /// A block that is the payload itself.
    pub(super) fn plain(media: &[u8]) -> Self {
        let codings = Some(Vec::new());
        Self { media: Media::of(media), charset: charset_of(media), start: 0, chunked: false, codings }
    }

    /// Reads the head of a response. Lines that are no fields are let pass, as browsers do. `found` is the media type
    /// that the crawler saw, for servers that send none.
    pub(super) fn of_response(head: &[u8], found: Option<&[u8]>) -> Self {
        let mut content_type = None;
        let mut chunked = false;
        let mut codings = Some(Vec::new());
        for field in Fields::of(head) {
            if field.is("Content-Type") {
                content_type = Some(field.value);
            } else if field.is("Transfer-Encoding") {
                for name in names(&field.value) {
                    // Other transfer codings are as rare as they are alike: what they are called, they are.
                    match name.as_slice() {
                        b"chunked" => chunked = true,
                        name => add_coding(&mut codings, name),
                    }
                }
            } else if field.is("Content-Encoding") {
                for name in names(&field.value) {
                    add_coding(&mut codings, &name);
                }
            }
        }
        let content_type = content_type.as_deref().filter(|value| !value.is_empty()).or(found).unwrap_or_default();
        Self { chunked, codings, start: head.len(), ..Self::plain(content_type) }
    }
}

fn names(value: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    value.split(|byte| *byte == b',').map(|name| name.trim_ascii().to_ascii_lowercase())
}

fn add_coding(codings: &mut Option<Vec<Coding>>, name: &[u8]) {
    let coding = match name {
        b"" | b"identity" | b"none" => return,
        b"gzip" | b"x-gzip" => Some(Coding::Gzip),
        b"deflate" => Some(Coding::Deflate),
        b"br" => Some(Coding::Brotli),
        b"zstd" => Some(Coding::Zstd),
        _ => None,
    };
    *codings = match (codings.take(), coding) {
        (Some(mut known), Some(coding)) if known.len() < CODINGS_MOST => {
            known.push(coding);
            Some(known)
        }
        _ => None,
    };
}

/// A body without its codings.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Body<'b> {
    pub(super) bytes: Cow<'b, [u8]>,
    /// Whether it ends earlier than its codings say.
    pub(super) is_cut: bool,
    /// Bytes that were decompressed for it.
    pub(super) expanded: u64,
}

/// Undoes the codings of a body, of which no step may be over `most` bytes.
///
/// # Errors
///
/// [`Reason::InvalidUtf8`] for a coding that is broken or not known, which gives no text; [`Reason::TooLong`].
pub(super) fn decode<'b>(body: &'b [u8], payload: &Payload, most: u64) -> Result<Body<'b>, Reason> {
    let codings = payload.codings.as_ref().ok_or(Reason::InvalidUtf8)?;
    let mut found = Body { bytes: Cow::Borrowed(body), is_cut: false, expanded: 0 };
    if payload.chunked
        && let Some((bytes, is_cut)) = join_chunks(body)?
    {
        found = Body { bytes: Cow::Owned(bytes), is_cut, expanded: 0 };
    }
    for coding in codings.iter().rev() {
        let Some((bytes, is_cut)) = undo(*coding, &found.bytes, most)? else { continue };
        found.expanded += bytes.len() as u64;
        found.is_cut |= is_cut;
        found.bytes = Cow::Owned(bytes);
    }
    if found.bytes.len() as u64 > most { Err(Reason::TooLong) } else { Ok(found) }
}

/// Joins the chunks of a body, and tells whether it is cut off among them; `None` where it is not in chunks any more.
fn join_chunks(body: &[u8]) -> Result<Option<(Vec<u8>, bool)>, Reason> {
    let mut joined = Vec::new();
    let mut at = 0;
    loop {
        let is_first = at == 0;
        let line = match memchr::memchr(b'\n', &body[at..]) {
            Some(end) => &body[at..=at + end],
            // What is left may be the beginning of a size.
            None if !is_first => return Ok(Some((joined, true))),
            None => return Ok(None),
        };
        let Some(size) = chunk_size(line) else {
            return if is_first { Ok(None) } else { Err(Reason::InvalidUtf8) };
        };
        at += line.len();
        if size == 0 {
            // Trailing fields are no text.
            return Ok(Some((joined, false)));
        }
        if size >= body.len() - at {
            joined.extend_from_slice(&body[at..]);
            return Ok(Some((joined, true)));
        }
        let end = at + size;
        let line_end = match body[end..] {
            [b'\r', b'\n', ..] => 2,
            [b'\n', ..] => 1,
            [b'\r'] => return Ok(Some(([&joined, &body[at..end]].concat(), true))),
            // A text whose first line happens to be a number is not in chunks.
            _ if is_first => return Ok(None),
            _ => return Err(Reason::InvalidUtf8),
        };
        joined.extend_from_slice(&body[at..end]);
        at = end + line_end;
    }
}

/// The size of a chunk, in hexadecimal; what a semicolon begins is not looked at.
fn chunk_size(line: &[u8]) -> Option<usize> {
    let digits = line.split(|byte| *byte == b';').next()?.trim_ascii();
    let digits =
        std::str::from_utf8(digits).ok().filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
    usize::from_str_radix(digits, 16).ok()
}

/// Undoes one coding; `None` where the bytes are surely not in it any more.
fn undo(coding: Coding, bytes: &[u8], most: u64) -> Result<Option<(Vec<u8>, bool)>, Reason> {
    if bytes.is_empty() {
        return Ok(None);
    }
    let decoded = match coding {
        Coding::Gzip if !bytes.starts_with(&[0x1F, 0x8B]) => return Ok(None),
        Coding::Gzip => read_all(MultiGzDecoder::new(bytes), most),
        Coding::Zstd if !bytes.starts_with(&[0x28, 0xB5, 0x2F, 0xFD]) => return Ok(None),
        Coding::Zstd => {
            let mut decoder = zstd::stream::read::Decoder::with_buffer(bytes).map_err(|_| Reason::InvalidUtf8)?;
            // What browsers take.
            decoder.window_log_max(23).map_err(|_| Reason::InvalidUtf8)?;
            read_all(decoder, most)
        }
        // The standard means zlib's form, and some servers send the bare one.
        Coding::Deflate if is_zlib(bytes) => read_all(ZlibDecoder::new(bytes), most),
        Coding::Deflate => read_all(DeflateDecoder::new(bytes), most),
        Coding::Brotli => read_all(brotli::Decompressor::new(bytes, 4096), most),
    };
    decoded.map(Some)
}

fn is_zlib(bytes: &[u8]) -> bool {
    matches!(bytes, [method, check, ..]
        if method & 15 == 8 && u16::from_be_bytes([*method, *check]).is_multiple_of(31))
}

/// Reads what a decoder gives, and tells whether its input was cut off. Memory grows with what comes.
fn read_all(mut decoder: impl Read, most: u64) -> Result<(Vec<u8>, bool), Reason> {
    let mut bytes = Vec::new();
    loop {
        let length = bytes.len();
        bytes.resize(length + STEP_BYTES.max(length / 2), 0);
        let read = decoder.read(&mut bytes[length..]);
        bytes.truncate(length + *read.as_ref().unwrap_or(&0));
        match read {
            Ok(0) => return Ok((bytes, false)),
            Ok(_) if bytes.len() as u64 > most => return Err(Reason::TooLong),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof && !bytes.is_empty() => {
                return Ok((bytes, true));
            }
            Err(_) => return Err(Reason::InvalidUtf8),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(body: &str) -> Result<Option<(String, bool)>, Reason> {
        let joined = join_chunks(body.as_bytes())?;
        Ok(joined.map(|(bytes, is_cut)| (String::from_utf8(bytes).unwrap(), is_cut)))
    }

    #[test]
    fn chunks() {
        let whole = |text: &str| Ok(Some((text.to_owned(), false)));
        let cut = |text: &str| Ok(Some((text.to_owned(), true)));
        assert_eq!(joined("3\r\nabc\r\n00a;x=y\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n"), whole("abc0123456789"));
        assert_eq!(joined("3\nabc\n0\n\n"), whole("abc"));
        assert_eq!(joined("0\r\n\r\n"), whole(""));
        // Cut off in a chunk, behind one, in a size.
        assert_eq!(joined("ff\r\nabc"), cut("abc"));
        assert_eq!(joined("3\r\nabc"), cut("abc"));
        assert_eq!(joined("3\r\nabc\r"), cut("abc"));
        assert_eq!(joined("3\r\nabc\r\n"), cut("abc"));
        assert_eq!(joined("3\r\nabc\r\n1"), cut("abc"));
        // Joined already.
        assert_eq!(joined("<html>\n"), Ok(None));
        assert_eq!(joined("12\nmonkeys and many more of them"), Ok(None));
        assert_eq!(joined("no line"), Ok(None));
        assert_eq!(joined(""), Ok(None));
        // Broken in the middle.
        assert_eq!(joined("3\r\nabc\r\nxyz\r\n"), Err(Reason::InvalidUtf8));
        assert_eq!(joined("3\r\nabc\r\n2\r\nabcd\r\n0\r\n\r\n"), Err(Reason::InvalidUtf8));
        assert_eq!(joined("3\r\nabc\r\nffffffffffffffffff\r\n"), Err(Reason::InvalidUtf8));
    }

    #[test]
    fn media() {
        for (value, media) in [
            ("text/html", Media::Html),
            ("TEXT/HTML ; charset=x", Media::Html),
            ("application/xhtml+xml", Media::Html),
            ("text/plain;charset=utf-8", Media::Plain),
            ("text/css", Media::Other),
            ("image/png", Media::Other),
            ("", Media::Other),
        ] {
            assert_eq!(Media::of(value.as_bytes()), media, "{value}");
        }
    }

    #[test]
    fn codings_are_undone_in_reverse() {
        let head = b"HTTP/1.1 200 OK\r\nContent-Encoding: Gzip, br\r\nContent-Encoding: deflate\r\n\r\n";
        let payload = Payload::of_response(head, None);
        assert_eq!(payload.codings, Some(vec![Coding::Gzip, Coding::Brotli, Coding::Deflate]));
        let head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip,gzip,gzip,gzip\r\n\r\n";
        assert_eq!(Payload::of_response(head, None).codings, None);
        let head = b"HTTP/1.1 200 OK\r\nContent-Encoding: identity, aes128gcm\r\n\r\n";
        assert_eq!(Payload::of_response(head, None).codings, None);
    }
}
