//! Which format a file has: told by its first bytes, then by its extension.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use arrow_ipc::{MessageHeader, root_as_message};

/// A format that is read here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// Arrow IPC file, also called Feather V2.
    ArrowFile,
    /// Arrow IPC stream, what Hugging Face `datasets` writes.
    ArrowStream,
    /// Apache Parquet.
    Parquet,
    /// One JSON object per line.
    Jsonl,
    /// The same, compressed with gzip.
    JsonlGz,
    /// The same, compressed with Zstandard.
    JsonlZst,
}

impl Format {
    /// All formats.
    pub const ALL: [Self; 6] =
        [Self::ArrowFile, Self::ArrowStream, Self::Parquet, Self::Jsonl, Self::JsonlGz, Self::JsonlZst];

    /// The name in configuration and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ArrowFile => "arrow-file",
            Self::ArrowStream => "arrow-stream",
            Self::Parquet => "parquet",
            Self::Jsonl => "jsonl",
            Self::JsonlGz => "jsonl.gz",
            Self::JsonlZst => "jsonl.zst",
        }
    }

    /// Whether damage spoils the whole file (Arrow, Parquet) and not only what follows it (JSONL).
    pub fn is_columnar(self) -> bool {
        matches!(self, Self::ArrowFile | Self::ArrowStream | Self::Parquet)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Format {
    type Err = String;

    /// Reads the name in configuration; the error lists the names there are.
    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|format| format.as_str() == name).ok_or_else(|| {
            let names: Vec<_> = Self::ALL.iter().map(|format| format.as_str()).collect();
            format!("format \"{name}\" is not one of {}", names.join(", "))
        })
    }
}

/// Tells the format from the first bytes, as many as there are up to 64 KiB; `None` where they fit no format.
pub(crate) fn by_bytes(head: &[u8]) -> Option<Format> {
    if head.starts_with(b"ARROW1") {
        return Some(Format::ArrowFile);
    }
    // PARE: the footer is encrypted. Still Parquet, so that the refusal can say so.
    if head.starts_with(b"PAR1") || head.starts_with(b"PARE") {
        return Some(Format::Parquet);
    }
    if head.starts_with(&[0x1F, 0x8B]) {
        return Some(Format::JsonlGz);
    }
    // A Zstandard frame, or a skippable one (184D2A50 to 5F), with which parallel compressors begin.
    if head.starts_with(&[0x28, 0xB5, 0x2F, 0xFD])
        || (head.len() >= 4 && head[0] & 0xF0 == 0x50 && head[1..4] == [0x2A, 0x4D, 0x18])
    {
        return Some(Format::JsonlZst);
    }
    // No other format begins with four FF; what follows may be damaged and is still a stream.
    if head.starts_with(&[0xFF; 4]) {
        return Some(Format::ArrowStream);
    }
    if is_legacy_stream(head) {
        return Some(Format::ArrowStream);
    }
    let text = head.strip_prefix(&[0xEF, 0xBB, 0xBF]).unwrap_or(head);
    if text.trim_ascii_start().first() == Some(&b'{') {
        return Some(Format::Jsonl);
    }
    None
}

/// Streams older than Arrow 0.15 begin with the length of the schema, which any bytes could be: the schema must be there.
fn is_legacy_stream(head: &[u8]) -> bool {
    let Some((length, rest)) = head.split_first_chunk::<4>() else {
        return false;
    };
    let length = u32::from_le_bytes(*length) as usize;
    length >= 16
        && rest
            .get(..length)
            .and_then(|metadata| root_as_message(metadata).ok())
            .is_some_and(|message| message.header_type() == MessageHeader::Schema)
}

/// Tells the format from the file's name.
pub(crate) fn by_extension(path: &Path) -> Option<Format> {
    let name = path.file_name()?.to_string_lossy().to_ascii_lowercase();
    let ends = |extension: &str| name.ends_with(extension);
    let lines = |suffix: &str| [".jsonl", ".ndjson", ".json"].iter().any(|base| ends(&format!("{base}{suffix}")));
    if ends(".arrow") || ends(".feather") {
        Some(Format::ArrowFile)
    } else if ends(".arrows") {
        Some(Format::ArrowStream)
    } else if ends(".parquet") {
        Some(Format::Parquet)
    } else if ends(".jsonl") || ends(".ndjson") {
        Some(Format::Jsonl)
    } else if lines(".gz") {
        Some(Format::JsonlGz)
    } else if lines(".zst") {
        Some(Format::JsonlZst)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_decide() {
        for (head, format) in [
            (&b"ARROW1\0\0"[..], Some(Format::ArrowFile)),
            (b"PAR1", Some(Format::Parquet)),
            (b"\x1F\x8B\x08", Some(Format::JsonlGz)),
            (b"\x28\xB5\x2F\xFD", Some(Format::JsonlZst)),
            (b"\x5A\x2A\x4D\x18", Some(Format::JsonlZst)),
            (b"\xFF\xFF\xFF\xFF\x10", Some(Format::ArrowStream)),
            (b"\xEF\xBB\xBF \r\n{", Some(Format::Jsonl)),
            (b"{\"a\":1}", Some(Format::Jsonl)),
            (b"", None),
            (b"a,b\n1,2\n", None),
            (b"PK\x03\x04", None),
            (b"\x10\0\0\0\x10\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", None),
        ] {
            assert_eq!(by_bytes(head), format, "{head:?}");
        }
    }

    #[test]
    fn extensions_come_second() {
        for (name, format) in [
            ("a.ARROW", Some(Format::ArrowFile)),
            ("a.arrows", Some(Format::ArrowStream)),
            ("a.json.gz", Some(Format::JsonlGz)),
            ("a.ndjson.zst", Some(Format::JsonlZst)),
            ("a.csv", None),
            ("a.tar.gz", None),
            ("a.json", None),
        ] {
            assert_eq!(by_extension(Path::new(name)), format, "{name}");
        }
    }

    #[test]
    fn names_read_back() {
        for format in Format::ALL {
            assert_eq!(format.as_str().parse(), Ok(format));
        }
        assert!("csv".parse::<Format>().unwrap_err().contains("jsonl.zst"));
    }
}
