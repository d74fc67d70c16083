//! Which format a file has: told by its first bytes, then by its extension.

use std::borrow::Cow;
use std::fmt;
use std::io::Read;
use std::path::Path;
use std::str::FromStr;

use arrow_ipc::{MessageHeader, root_as_message};

use crate::error::CorpusError;
use crate::jsonl;
use crate::options::ReadOptions;
use crate::stream::{Compression, decoder};

/// Decompressed bytes that are looked at to tell what a compressed file holds.
const PEEK_BYTES: u64 = 64 << 10;

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
    /// Plain text or Markdown: the file is one record.
    Text,
    /// The same, compressed with gzip.
    TextGz,
    /// The same, compressed with Zstandard.
    TextZst,
    /// WARC and WET: what crawlers store.
    Warc,
    /// The same, compressed with gzip, as a whole or record by record.
    WarcGz,
    /// The same, compressed with Zstandard.
    WarcZst,
}

/// What is in a file once it is decompressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    ArrowFile,
    ArrowStream,
    Parquet,
    Jsonl,
    Text,
    Warc,
}

impl Format {
    /// All formats.
    pub const ALL: [Self; 12] = [
        Self::ArrowFile,
        Self::ArrowStream,
        Self::Parquet,
        Self::Jsonl,
        Self::JsonlGz,
        Self::JsonlZst,
        Self::Text,
        Self::TextGz,
        Self::TextZst,
        Self::Warc,
        Self::WarcGz,
        Self::WarcZst,
    ];

    /// The name in configuration and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ArrowFile => "arrow-file",
            Self::ArrowStream => "arrow-stream",
            Self::Parquet => "parquet",
            Self::Jsonl => "jsonl",
            Self::JsonlGz => "jsonl.gz",
            Self::JsonlZst => "jsonl.zst",
            Self::Text => "text",
            Self::TextGz => "text.gz",
            Self::TextZst => "text.zst",
            Self::Warc => "warc",
            Self::WarcGz => "warc.gz",
            Self::WarcZst => "warc.zst",
        }
    }

    /// Whether the file is Arrow or Parquet: read by columns, and worthless as a whole when any of it is damaged.
    pub fn is_columnar(self) -> bool {
        matches!(self, Self::ArrowFile | Self::ArrowStream | Self::Parquet)
    }

    pub(crate) fn content(self) -> Content {
        match self {
            Self::ArrowFile => Content::ArrowFile,
            Self::ArrowStream => Content::ArrowStream,
            Self::Parquet => Content::Parquet,
            Self::Jsonl | Self::JsonlGz | Self::JsonlZst => Content::Jsonl,
            Self::Text | Self::TextGz | Self::TextZst => Content::Text,
            Self::Warc | Self::WarcGz | Self::WarcZst => Content::Warc,
        }
    }

    pub(crate) fn compression(self) -> Compression {
        match self {
            Self::JsonlGz | Self::TextGz | Self::WarcGz => Compression::Gz,
            Self::JsonlZst | Self::TextZst | Self::WarcZst => Compression::Zst,
            _ => Compression::None,
        }
    }

    /// The format of compressed content. Columnar files are compressed inside, never as a whole.
    fn of(content: Content, compression: Compression) -> Self {
        match (content, compression) {
            (Content::ArrowFile, _) => Self::ArrowFile,
            (Content::ArrowStream, _) => Self::ArrowStream,
            (Content::Parquet, _) => Self::Parquet,
            (Content::Jsonl, Compression::None) => Self::Jsonl,
            (Content::Jsonl, Compression::Gz) => Self::JsonlGz,
            (Content::Jsonl, Compression::Zst) => Self::JsonlZst,
            (Content::Text, Compression::None) => Self::Text,
            (Content::Text, Compression::Gz) => Self::TextGz,
            (Content::Text, Compression::Zst) => Self::TextZst,
            (Content::Warc, Compression::None) => Self::Warc,
            (Content::Warc, Compression::Gz) => Self::WarcGz,
            (Content::Warc, Compression::Zst) => Self::WarcZst,
        }
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

/// The format of a file: told by its first bytes, else asked for, else told by the name. That a file is text only its
/// name or the caller can say, since nothing tells text from other bytes.
///
/// # Errors
///
/// [`CorpusError::FormatMismatch`] when the bytes are surely those of another format than was asked for;
/// [`CorpusError::UnknownFormat`] when nothing tells, and for what is called text and begins as an image or archive.
pub(crate) fn decide(path: &Path, head: &[u8], options: &ReadOptions) -> Result<Format, CorpusError> {
    let told = Told::of(head);
    let format = match options.format {
        Some(asked) if told.allows(asked) => Some(asked),
        Some(asked) => {
            let found = Format::of(told.content.unwrap_or(Content::Jsonl), told.compression);
            return Err(CorpusError::FormatMismatch { path: path.to_path_buf(), asked, found });
        }
        None => told.format(by_extension(path)),
    };
    let unknown = |found: String| CorpusError::UnknownFormat { path: path.to_path_buf(), found };
    let Some(format) = format else {
        return Err(unknown(if head.is_empty() {
            "it is empty".to_string()
        } else {
            let bytes: Vec<_> = head.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
            format!("it begins with the bytes {}", bytes.join(" "))
        }));
    };
    if format.content() == Content::Text
        && let Some(kind) = binary_kind(&told.begin)
    {
        return Err(unknown(format!("it begins as {kind} does")));
    }
    Ok(format)
}

/// What the first bytes of a file tell.
struct Told<'a> {
    compression: Compression,
    /// `None` where the (decompressed) bytes fit no format.
    content: Option<Content>,
    /// The first bytes, decompressed.
    begin: Cow<'a, [u8]>,
}

impl<'a> Told<'a> {
    /// `head` is the first 64 KiB of the file, or all of it.
    fn of(head: &'a [u8]) -> Self {
        let compression = compression_of(head);
        if compression == Compression::None {
            return Self { compression, content: content_of(head), begin: Cow::Borrowed(head) };
        }
        let mut begin = Vec::new();
        if let Ok(decoder) = decoder(head, compression) {
            // The head ends somewhere within the stream; what came before that, or before damage, is what can be seen.
            let _ = decoder.take(PEEK_BYTES).read_to_end(&mut begin);
        }
        let content = content_of(&begin).filter(|content| matches!(content, Content::Jsonl | Content::Warc));
        Self { compression, content, begin: Cow::Owned(begin) }
    }

    /// Whether the bytes may be of the format. Lines of JSON and WARC are text as well.
    fn allows(&self, asked: Format) -> bool {
        if self.compression == Compression::None && self.content.is_none() {
            return true;
        }
        let fits = |content| {
            asked.content() == content
                || (asked.content() == Content::Text && matches!(content, Content::Jsonl | Content::Warc))
        };
        asked.compression() == self.compression && self.content.is_none_or(fits)
    }

    /// The format, where the name may help.
    fn format(&self, named: Option<Format>) -> Option<Format> {
        let named_content = named.map(Format::content);
        match self.content {
            // A brace begins many a text that is no JSON: templates, LaTeX, shortcodes.
            Some(Content::Jsonl) if named_content == Some(Content::Text) && !begins_with_object(&self.begin) => {
                Some(Format::of(Content::Text, self.compression))
            }
            Some(content) => Some(Format::of(content, self.compression)),
            None if self.compression == Compression::None => named,
            None => {
                let content = named_content.filter(|content| matches!(content, Content::Text | Content::Warc));
                Some(Format::of(content.unwrap_or(Content::Jsonl), self.compression))
            }
        }
    }
}

fn compression_of(head: &[u8]) -> Compression {
    if head.starts_with(&[0x1F, 0x8B]) {
        return Compression::Gz;
    }
    // A Zstandard frame, or a skippable one (184D2A50 to 5F), with which parallel compressors begin.
    if head.starts_with(&[0x28, 0xB5, 0x2F, 0xFD])
        || (head.len() >= 4 && head[0] & 0xF0 == 0x50 && head[1..4] == [0x2A, 0x4D, 0x18])
    {
        return Compression::Zst;
    }
    Compression::None
}

/// Tells the content from the first bytes, as many as there are up to 64 KiB; `None` where they fit no format.
fn content_of(head: &[u8]) -> Option<Content> {
    if head.starts_with(b"ARROW1") {
        return Some(Content::ArrowFile);
    }
    // PARE: the footer is encrypted. Still Parquet, so that the refusal can say so.
    if head.starts_with(b"PAR1") || head.starts_with(b"PARE") {
        return Some(Content::Parquet);
    }
    // No other format begins with four FF; what follows may be damaged and is still a stream.
    if head.starts_with(&[0xFF; 4]) {
        return Some(Content::ArrowStream);
    }
    if is_legacy_stream(head) {
        return Some(Content::ArrowStream);
    }
    if is_warc(head) {
        return Some(Content::Warc);
    }
    if without_mark(head).trim_ascii_start().first() == Some(&b'{') {
        return Some(Content::Jsonl);
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

/// The version line of a WARC record, which a sentence about WARC would not be.
fn is_warc(head: &[u8]) -> bool {
    let Some(version) = head.strip_prefix(b"WARC/") else { return false };
    let Some(end) = version.iter().take(16).position(|&byte| byte == b'\n') else { return false };
    let version = version[..end].trim_ascii_end();
    version.contains(&b'.') && version.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.')
}

fn without_mark(head: &[u8]) -> &[u8] {
    head.strip_prefix(&[0xEF, 0xBB, 0xBF]).unwrap_or(head)
}

/// Whether the first line is a JSON object; of a line that goes on behind the head, whether it begins as one.
fn begins_with_object(head: &[u8]) -> bool {
    let text = without_mark(head).trim_ascii_start();
    match memchr::memchr(b'\n', text) {
        Some(end) => jsonl::is_object(&text[..end]),
        None if (head.len() as u64) < PEEK_BYTES => jsonl::is_object(text),
        None => text.strip_prefix(b"{").is_some_and(|text| text.trim_ascii_start().starts_with(b"\"")),
    }
}

/// What files of other kinds begin with, so that they are called by their name and not text in a bad encoding.
const BINARY_KINDS: [(&[u8], &str); 20] = [
    (b"PK\x03\x04", "a zip archive (and with it docx, xlsx, epub)"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"\x89PNG\r\n\x1A\n", "a PNG image"),
    (b"\xFF\xD8\xFF", "a JPEG image"),
    (b"GIF87a", "a GIF image"),
    (b"GIF89a", "a GIF image"),
    (b"II*\0", "a TIFF image"),
    (b"MM\0*", "a TIFF image"),
    (b"%PDF-", "a PDF document"),
    (b"\x7FELF", "an ELF program"),
    (b"\0asm", "a WebAssembly module"),
    (b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", "an old Office document"),
    (b"OggS", "an Ogg stream"),
    (b"fLaC", "FLAC audio"),
    (b"7z\xBC\xAF\x27\x1C", "a 7z archive"),
    (b"Rar!\x1A\x07", "a RAR archive"),
    (b"\xFD7zXZ\0", "an xz stream"),
    (b"\x04\x22\x4D\x18", "an LZ4 stream"),
    (b"SQLite format 3\0", "a SQLite database"),
    (b"Obj\x01", "an Avro file"),
];

fn binary_kind(begin: &[u8]) -> Option<&'static str> {
    let bzip2 = begin.starts_with(b"BZh") && begin.get(4..10) == Some(b"1AY&SY");
    let riff = begin.starts_with(b"RIFF") && matches!(begin.get(8..12), Some(b"WEBP" | b"WAVE" | b"AVI "));
    let mp4 = begin.first() == Some(&0) && begin.get(4..8) == Some(b"ftyp");
    if bzip2 {
        return Some("a bzip2 stream");
    }
    if riff {
        return Some("a RIFF file (WebP, WAVE, AVI)");
    }
    if mp4 {
        return Some("an MP4 or HEIF file");
    }
    BINARY_KINDS.iter().find(|(bytes, _)| begin.starts_with(bytes)).map(|&(_, kind)| kind)
}

/// Tells the format from the file's name.
pub(crate) fn by_extension(path: &Path) -> Option<Format> {
    let name = path.file_name()?.to_string_lossy().to_ascii_lowercase();
    let (name, compression) = if let Some(name) = name.strip_suffix(".gz") {
        (name, Compression::Gz)
    } else if let Some(name) = name.strip_suffix(".zst") {
        (name, Compression::Zst)
    } else {
        (name.as_str(), Compression::None)
    };
    let (_, extension) = name.rsplit_once('.')?;
    let content = match extension {
        "arrow" | "feather" => Content::ArrowFile,
        "arrows" => Content::ArrowStream,
        "parquet" => Content::Parquet,
        "jsonl" | "ndjson" => Content::Jsonl,
        // A plain one may be one document over many lines.
        "json" if compression != Compression::None => Content::Jsonl,
        "txt" | "text" | "md" | "markdown" => Content::Text,
        "warc" | "wet" => Content::Warc,
        _ => return None,
    };
    let whole = matches!(content, Content::Jsonl | Content::Text | Content::Warc);
    (whole || compression == Compression::None).then(|| Format::of(content, compression))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn gz(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn format(name: &str, head: &[u8]) -> Option<Format> {
        decide(Path::new(name), head, &ReadOptions::default()).ok()
    }

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
            (b"WARC/1.0\r\nWARC-Type: warcinfo\r\n", Some(Format::Warc)),
            (b"WARC/1.1\n", Some(Format::Warc)),
            (b"WARC/1.0 is a format", None),
            (b"", None),
            (b"a,b\n1,2\n", None),
            (b"PK\x03\x04", None),
            (b"\x10\0\0\0\x10\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", None),
        ] {
            let told = Told::of(head);
            assert_eq!(told.format(None), format, "{head:?}");
        }
    }

    #[test]
    fn extensions_come_second() {
        for (name, format) in [
            ("a.ARROW", Some(Format::ArrowFile)),
            ("a.arrows", Some(Format::ArrowStream)),
            ("a.arrow.gz", None),
            ("a.json.gz", Some(Format::JsonlGz)),
            ("a.ndjson.zst", Some(Format::JsonlZst)),
            ("a.csv", None),
            ("a.tar.gz", None),
            ("a.json", None),
            ("a.TXT", Some(Format::Text)),
            ("README.md", Some(Format::Text)),
            ("a.b.markdown.gz", Some(Format::TextGz)),
            ("a.text.zst", Some(Format::TextZst)),
            ("crawl.warc", Some(Format::Warc)),
            ("crawl.warc.wet.gz", Some(Format::WarcGz)),
            ("crawl.warc.zst", Some(Format::WarcZst)),
            ("txt", None),
        ] {
            assert_eq!(by_extension(Path::new(name)), format, "{name}");
        }
    }

    #[test]
    fn a_name_of_text_says_text_unless_the_bytes_say_otherwise() {
        for (name, head, expected) in [
            ("a.txt", &b"hello"[..], Some(Format::Text)),
            ("a.txt", b"", Some(Format::Text)),
            ("a.md", b"{{< figure src=\"a\" >}}\n", Some(Format::Text)),
            ("a.md", b"{\n  \"a\": 1\n}\n", Some(Format::Text)),
            ("a.txt", b"{\"text\":\"a\"}\n{\"text\":", Some(Format::Jsonl)),
            ("a.txt", b"{\"text\":\"a\"}", Some(Format::Jsonl)),
            ("a.txt", b"WARC/1.0\r\nWARC-Type: response\r\n", Some(Format::Warc)),
            ("a.md", b"ARROW1\0\0", Some(Format::ArrowFile)),
            ("a.txt", b"PAR1", Some(Format::Parquet)),
            ("a.txt", b"PK\x03\x04\x14", None),
            ("a.md", b"\x89PNG\r\n\x1A\n", None),
            ("a.txt", b"%PDF-1.7", None),
            ("a.txt", b"\xFF\xD8\xFF\xE0", None),
            ("a.txt", b"\x7FELF\x02", None),
            ("a.txt", b"RIFF\x10\0\0\0WEBP", None),
            ("a.txt", b"\0\0\0\x18ftypmp42", None),
            ("a.txt", b"BZh91AY&SY", None),
            // Neither a bitmap nor an archive: words.
            ("a.txt", b"RIFF RAFF", Some(Format::Text)),
            ("a.txt", b"BZh is what bzip2 begins with", Some(Format::Text)),
        ] {
            assert_eq!(format(name, head), expected, "{name} {:?}", String::from_utf8_lossy(head));
        }
        for (name, text, expected) in [
            ("a.txt", &b"hello"[..], Some(Format::TextGz)),
            ("a.txt.gz", b"hello", Some(Format::TextGz)),
            ("a.md.gz", b"{\"a\":1}\n", Some(Format::JsonlGz)),
            ("a.md.gz", b"{% raw %}\n", Some(Format::TextGz)),
            ("a.txt.gz", b"PK\x03\x04", None),
            ("a.warc.gz", b"nonsense", Some(Format::WarcGz)),
            ("a.gz", b"WARC/1.0\r\n", Some(Format::WarcGz)),
            ("a.gz", b"hello", Some(Format::JsonlGz)),
        ] {
            assert_eq!(format(name, &gz(text)), expected, "{name} {:?}", String::from_utf8_lossy(text));
        }
        let zipped = zstd::stream::encode_all(&b"WARC/1.1\r\n"[..], 1).unwrap();
        assert_eq!(format("a", &zipped), Some(Format::WarcZst));
    }

    #[test]
    fn asked_formats_must_not_contradict_the_bytes() {
        let allows = |head: &[u8], asked: Format| {
            decide(Path::new("a"), head, &ReadOptions { format: Some(asked), ..ReadOptions::default() }).is_ok()
        };
        assert!(allows(b"{\"a\":1}", Format::Text));
        assert!(allows(b"WARC/1.0\r\n", Format::Text));
        assert!(allows(b"hello", Format::Text));
        assert!(allows(b"hello", Format::Jsonl));
        assert!(allows(&gz(b"{\"a\":1}"), Format::TextGz));
        assert!(allows(&gz(b"hello"), Format::WarcGz));
        assert!(!allows(b"PAR1", Format::Text));
        assert!(!allows(b"PK\x03\x04", Format::Text));
        assert!(!allows(&gz(b"hello"), Format::Text));
        assert!(!allows(&gz(b"{\"a\":1}"), Format::WarcGz));
        assert!(!allows(&gz(b"WARC/1.0\r\n"), Format::JsonlGz));
        assert!(!allows(b"{\"a\":1}", Format::JsonlGz));
        assert!(!allows(b"WARC/1.0\r\n", Format::Jsonl));
    }

    #[test]
    fn names_read_back() {
        for format in Format::ALL {
            assert_eq!(format.as_str().parse(), Ok(format));
            assert_eq!(Format::of(format.content(), format.compression()), format);
        }
        assert!("csv".parse::<Format>().unwrap_err().contains("jsonl.zst"));
    }
}
