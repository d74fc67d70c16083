//! Heads of WARC records and of the HTTP messages in them: a first line, fields, an empty line.

use std::borrow::Cow;

use memchr::memchr_iter;

use crate::error::{Fault, Outcome};

/// Longest head of either kind. Servers refuse longer ones; so do we.
pub(super) const HEAD_BYTES: usize = 64 << 10;

/// Length of the head that the bytes begin with, and its empty line; `None` where they hold no end of it.
pub(super) fn length(bytes: &[u8]) -> Option<usize> {
    memchr_iter(b'\n', bytes).find_map(|at| match bytes[at + 1..] {
        [b'\n', ..] => Some(at + 2),
        [b'\r', b'\n', ..] => Some(at + 3),
        _ => None,
    })
}

/// The fields of a head, in order. Lines end with CR LF or LF alone; a line that begins with a space goes on with the
/// value before it.
pub(super) struct Fields<'a> {
    rest: &'a [u8],
}

/// One field; a line without a colon has no name.
pub(super) struct Field<'a> {
    name: &'a [u8],
    pub(super) value: Cow<'a, [u8]>,
}

impl Field<'_> {
    pub(super) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }
}

impl<'a> Fields<'a> {
    /// The fields behind the first line.
    pub(super) fn of(head: &'a [u8]) -> Self {
        let mut fields = Self { rest: head };
        fields.line();
        fields
    }

    fn line(&mut self) -> &'a [u8] {
        let end = memchr::memchr(b'\n', self.rest).map_or(self.rest.len(), |at| at + 1);
        let (line, rest) = self.rest.split_at(end);
        self.rest = rest;
        line.trim_ascii_end()
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Field<'a>;

    fn next(&mut self) -> Option<Field<'a>> {
        let line = self.line();
        if line.is_empty() {
            return None;
        }
        let (name, value) = match memchr::memchr(b':', line) {
            Some(colon) => (line[..colon].trim_ascii(), line[colon + 1..].trim_ascii()),
            None => (&[][..], line),
        };
        let mut value = Cow::Borrowed(value);
        while let [b' ' | b'\t', ..] = self.rest {
            let more = self.line().trim_ascii();
            let value = value.to_mut();
            value.push(b' ');
            value.extend_from_slice(more);
        }
        Some(Field { name, value })
    }
}

/// What a record is to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Conversion,
    Response,
    Resource,
    /// A record about records: no row.
    Other,
}

/// The head of a record, as far as it is used.
#[derive(Debug)]
pub(super) struct Head<'a> {
    pub(super) kind: Kind,
    /// Bytes of the block.
    pub(super) length: u64,
    /// Media type of the block.
    pub(super) media: Option<Cow<'a, [u8]>>,
    /// Media type that the crawler found in the block's payload.
    pub(super) payload_media: Option<Cow<'a, [u8]>>,
    pub(super) id: Option<Cow<'a, [u8]>>,
    pub(super) uri: Option<Cow<'a, [u8]>>,
    pub(super) date: Option<Cow<'a, [u8]>>,
    /// The crawler did not store all of it.
    pub(super) truncated: bool,
    /// A part of a record that was split over several.
    pub(super) segmented: bool,
}

impl<'a> Head<'a> {
    /// Reads a head with its version line.
    ///
    /// # Errors
    ///
    /// Damage where it does not say what the record is or how long; another version is not supported.
    pub(super) fn parse(head: &'a [u8]) -> Outcome<Self> {
        let first = memchr::memchr(b'\n', head).map_or(head, |end| &head[..end]).trim_ascii_end();
        if !matches!(first, b"WARC/1.0" | b"WARC/1.1") {
            let version: String = String::from_utf8_lossy(first).chars().take(40).collect();
            return Err(Fault::unsupported(format!("its version is {version:?}, not WARC/1.0 or WARC/1.1")));
        }
        let (mut kind, mut length) = (None, None);
        let (mut media, mut payload_media, mut id, mut uri, mut date) = (None, None, None, None, None);
        let (mut truncated, mut segmented) = (false, false);
        for field in Fields::of(head) {
            if field.is("") {
                return Err(Fault::damaged("a line of its header has no name"));
            }
            if field.is("WARC-Type") {
                let value = field.value.to_ascii_lowercase();
                kind = Some(match &value[..] {
                    b"conversion" => Kind::Conversion,
                    b"response" => Kind::Response,
                    b"resource" => Kind::Resource,
                    _ => Kind::Other,
                });
            } else if field.is("Content-Length") {
                let found = decimal(&field.value)?;
                if length.is_some_and(|length| length != found) {
                    return Err(Fault::damaged("it has two lengths"));
                }
                length = Some(found);
            } else if field.is("Content-Type") {
                media = Some(field.value);
            } else if field.is("WARC-Identified-Payload-Type") {
                payload_media = Some(field.value);
            } else if field.is("WARC-Record-ID") {
                id = Some(field.value);
            } else if field.is("WARC-Target-URI") {
                uri = Some(field.value);
            } else if field.is("WARC-Date") {
                date = Some(field.value);
            } else if field.is("WARC-Truncated") {
                truncated = true;
            } else if field.is("WARC-Segment-Number") {
                segmented = true;
            }
        }
        let kind = kind.ok_or_else(|| Fault::damaged("it has no WARC-Type"))?;
        let length = length.ok_or_else(|| Fault::damaged("it has no Content-Length"))?;
        Ok(Self { kind, length, media, payload_media, id, uri, date, truncated, segmented })
    }

    /// The address of what was stored. Writers of version 1.0 put it in angle brackets, as its grammar had it.
    pub(super) fn address(&self) -> Option<&[u8]> {
        let uri = self.uri.as_deref()?;
        Some(uri.strip_prefix(b"<").and_then(|uri| uri.strip_suffix(b">")).unwrap_or(uri))
    }
}

fn decimal(value: &[u8]) -> Outcome<u64> {
    let digits = std::str::from_utf8(value).ok().filter(|value| value.bytes().all(|byte| byte.is_ascii_digit()));
    digits.and_then(|digits| digits.parse().ok()).ok_or_else(|| {
        let value: String = String::from_utf8_lossy(value).chars().take(40).collect();
        Fault::damaged(format!("its Content-Length is {value:?}"))
    })
}

/// The host of an address, without user and port; `None` of an address that has none (`urn:`, `dns:`).
pub(super) fn host(address: &[u8]) -> Option<String> {
    let address = std::str::from_utf8(address).ok()?;
    let (_, rest) = address.split_once("://")?;
    let authority = rest.split(['/', '?', '#', '\\']).next()?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = match host.find(']') {
        // Colons of an IPv6 address are no port's.
        Some(end) if host.starts_with('[') => &host[..=end],
        _ => host.split(':').next()?,
    };
    (!host.is_empty()).then(|| host.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_of_heads() {
        for (bytes, expected) in [
            (&b"A\r\nB: c\r\n\r\nrest"[..], Some(11)),
            (b"A\nB: c\n\nrest", Some(8)),
            (b"A\r\n\r\n", Some(5)),
            (b"A\nB: c\n\r\n", Some(9)),
            (b"A\r\nB: c\r\n\r", None),
            (b"A\r\nB: c\r\n", None),
            (b"", None),
        ] {
            assert_eq!(length(bytes), expected, "{:?}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn fields_fold_and_trim() {
        let fields: Vec<_> = Fields::of(b"GET\r\nA:b\r\nc :  d e \r\n\tf\r\n  g\r\nno colon\r\nX:\r\n\r\nnot: this")
            .map(|field| {
                (String::from_utf8(field.name.to_vec()).unwrap(), String::from_utf8(field.value.to_vec()).unwrap())
            })
            .collect();
        let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(fields, [("A", "b"), ("c", "d e f g"), ("", "no colon"), ("X", "")]);
    }

    #[test]
    fn heads_that_are_none() {
        for (head, says) in [
            ("WARC/1.0\r\nContent-Length: 1\r\n\r\n", "no WARC-Type"),
            ("WARC/1.0\r\nWARC-Type: response\r\n\r\n", "no Content-Length"),
            ("WARC/1.0\r\nWARC-Type: response\r\nContent-Length: -1\r\n\r\n", "\\\"-1\\\""),
            ("WARC/1.0\r\nWARC-Type: response\r\nContent-Length: +1\r\n\r\n", "\\\"+1\\\""),
            ("WARC/1.0\r\nWARC-Type: response\r\nContent-Length:\r\n\r\n", "Content-Length is"),
            ("WARC/1.0\r\nWARC-Type: response\r\nContent-Length: 99999999999999999999\r\n\r\n", "9999"),
            ("WARC/1.0\r\nWARC-Type: response\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "two lengths"),
            ("WARC/1.0\r\nWARC-Type: response\r\nnothing\r\nContent-Length: 2\r\n\r\n", "no name"),
            ("WARC/2.0\r\nWARC-Type: response\r\nContent-Length: 2\r\n\r\n", "WARC/2.0"),
        ] {
            let fault = format!("{:?}", Head::parse(head.as_bytes()).unwrap_err());
            assert!(fault.contains(says), "{head}: {fault}");
        }
    }

    #[test]
    fn hosts() {
        for (address, expected) in [
            ("http://Example.COM/a", Some("example.com")),
            ("https://user:pw@example.com:8443?x", Some("example.com")),
            ("https://[2001:db8::1]:80/", Some("[2001:db8::1]")),
            ("http://例子.测试#a", Some("例子.测试")),
            ("ftp://host", Some("host")),
            ("dns:example.com", None),
            ("urn:uuid:1", None),
            ("http:///path", None),
            ("", None),
        ] {
            assert_eq!(host(address.as_bytes()).as_deref(), expected, "{address}");
        }
        assert_eq!(host(b"http://\xFF/"), None);
    }
}
