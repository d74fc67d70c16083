//! What a caller decides about reading: format, columns, encoding, limits. Every default of DESIGN's "Inputs" is here.

use std::time::Duration;

use crate::format::Format;

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;

/// Largest window of a Zstandard frame, as a power of two: 128 MiB, the format's own recommendation for decoders.
pub(crate) const ZSTD_WINDOW_LOG: u32 = 27;

/// How stored bytes become text, where the format itself does not say so: JSONL lines, text files, binary columns, and
/// web pages that name no encoding. Columns that a schema declares UTF-8 are UTF-8 whatever is set here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8, the default.
    #[default]
    Utf8,
    /// GB 18030 (and with it GBK and GB 2312).
    Gb18030,
}

/// What is checked of Arrow and Parquet files beside the columns that are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Validate {
    /// Every value of every column, the default: damage anywhere spoils the file, whichever column it hit.
    #[default]
    Full,
    /// The outline, and that all columns are where it says. Their values are not looked at.
    Projected,
}

impl Validate {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Full, Self::Projected];

    /// The name in configuration and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Projected => "projected",
        }
    }
}

/// Bounds on what a file may make the reader hold or do. All are checked before memory is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Longest record in bytes of UTF-8; a longer one is `too-long`. 16 MiB.
    pub record_bytes: u64,
    /// Longest line of JSONL, or block of a WARC record, in bytes; a longer one is `too-long` and is passed over without
    /// being held. 64 MiB, because escapes make a line up to six times as long as its text.
    pub line_bytes: u64,
    /// Largest buffer after decompression, and largest dictionary with its page. 256 MiB; a quarter of it for the pages
    /// of an id or a source, and half as much again for all buffers of a record batch together.
    pub buffer_bytes: u64,
    /// Most entries of a dictionary of text or labels, additions with it: each takes memory, however short it is. 16 Mi.
    pub dictionary_entries: u64,
    /// Largest quotient of decompressed by stored bytes, once [`expansion_free_bytes`](Self::expansion_free_bytes)
    /// are passed. 1,000.
    pub expansion: u64,
    /// Decompressed bytes up to which no quotient is asked for. 64 MiB.
    pub expansion_free_bytes: u64,
    /// Deepest nesting of JSON, the record itself being 1. 64; values over 512 count as 512.
    pub nesting: usize,
    /// Longest id or source name in bytes; a longer one counts as none. 4 KiB.
    pub label_bytes: u64,
    /// Largest footer or schema in bytes. 16 MiB, since decoding one takes a multiple of its size.
    pub metadata_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            record_bytes: 16 * MIB,
            line_bytes: 64 * MIB,
            buffer_bytes: 256 * MIB,
            dictionary_entries: 16 * MIB,
            expansion: 1_000,
            expansion_free_bytes: 64 * MIB,
            nesting: 64,
            label_bytes: 4 * KIB,
            metadata_bytes: 16 * MIB,
        }
    }
}

impl Limits {
    /// Whether `stored` bytes may become `expanded`. The product is taken in 128 bits: both may be claims of the file.
    pub(crate) fn allows_expansion(&self, stored: u64, expanded: u64) -> bool {
        expanded <= self.expansion_free_bytes || u128::from(expanded) <= u128::from(stored) * u128::from(self.expansion)
    }

    /// How many rows `stored` bytes can plausibly hold. Run lengths and columns without buffers let a few bytes claim
    /// any number of rows; at a bit per row and the allowed expansion this bound is linear in the file, so that
    /// counting through it can't hang.
    pub(crate) fn plausible_rows(&self, stored: u64) -> u64 {
        (1 << 20) + stored.saturating_mul(8).saturating_mul(self.expansion)
    }
}

/// How to reach an object store. What is secret comes from the environment and is in no field here, so that these can be
/// written down: `AWS_ACCESS_KEY_ID` and the others of the AWS tools.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Storage {
    /// Address of the store, such as `https://minio.example:9000`; `None` takes `AWS_ENDPOINT_URL`, else that of AWS.
    pub endpoint: Option<String>,
    /// Region of the bucket; `None` takes `AWS_REGION`, else `us-east-1`.
    pub region: Option<String>,
    /// A connection that gives no byte for this long is broken off. 20 s.
    pub timeout: Duration,
    /// How often a request is tried again, with growing pauses; `None` takes `AWS_MAX_ATTEMPTS` - 1, else 8.
    pub retries: Option<usize>,
    /// Reads that wait end when [`stop_reads`](crate::stop_reads) is called with this number.
    pub stop: Option<u32>,
}

impl Default for Storage {
    fn default() -> Self {
        Self { endpoint: None, region: None, timeout: Duration::from_secs(20), retries: None, stop: None }
    }
}

/// How to read a file. The default tells everything from the file itself.
#[derive(Clone, Debug)]
pub struct ReadOptions {
    /// The format; `None` tells it from the first bytes, then from the extension.
    pub format: Option<Format>,
    /// The text column, or a path to it; `None` takes `text`, else `content`, else the only top-level string column that
    /// is not id or source, else the strings of `messages[].content`, else those of `conversations[].value`.
    pub text_column: Option<String>,
    /// The id column, or a path through structs; `None` takes `id` if it is there and holds strings or integers.
    pub id_column: Option<String>,
    /// The column that names the source of each row, or a path through structs; `None` means that rows carry no source.
    pub source_column: Option<String>,
    /// Encoding of bytes whose format does not say.
    pub encoding: Encoding,
    /// What is checked of columns that are not read.
    pub validate: Validate,
    /// Bounds.
    pub limits: Limits,
    /// Map Arrow and Parquet files into memory (the default) instead of reading them piece by piece.
    /// Mapping is faster, and kills the process if another program truncates the file meanwhile; see the crate's text.
    pub map_files: bool,
    /// Decompress gz and zst files on a thread of their own beside the one that reads, a few 256 KiB before it. What is
    /// read is the same, to the byte and to the place of an error. Off by default: a reader is one thread unless asked.
    pub inflate_ahead: bool,
    /// How to reach objects.
    pub storage: Storage,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self {
            format: None,
            text_column: None,
            id_column: None,
            source_column: None,
            encoding: Encoding::Utf8,
            validate: Validate::Full,
            limits: Limits::default(),
            map_files: true,
            inflate_ahead: false,
            storage: Storage::default(),
        }
    }
}
