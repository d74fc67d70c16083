//! Plain text and Markdown: a file is one record, at position 0 and without an id. It has no columns, so none that was
//! asked for is looked for in it.
//!
//! A byte order mark is dropped; that of UTF-8 makes the file UTF-8 whatever encoding was asked for. Bytes that are not
//! valid in the encoding, or hold a NUL, are `invalid-utf8`: they are not text. Damage of a compressed file spoils its
//! one record.

use bytes::Bytes;
use memchr::memchr;

use crate::batch::{Collector, Reason, RowState, TextBatch};
use crate::columns::Columns;
use crate::error::Outcome;
use crate::file::Source;
use crate::format::Format;
use crate::options::{Encoding, ReadOptions};
use crate::stream::Stream;
use crate::text::decode_gb18030;

const UTF8_MARK: &[u8] = "\u{FEFF}".as_bytes();
/// First and largest step in which a file is read.
const STEP_BYTES: (usize, usize) = (16 << 10, 1 << 20);

/// What a text file is read by.
pub(crate) fn columns() -> Columns {
    Columns { text: Some("text".into()), id: None, source: None }
}

/// Reads the one row of a text file.
pub(crate) struct DocumentReader {
    /// `None` once it was read.
    stream: Option<Stream>,
    encoding: Encoding,
    record_bytes: u64,
}

impl DocumentReader {
    pub(crate) fn new(file: Source, format: Format, options: &ReadOptions) -> Outcome<Self> {
        let stream = Stream::open(file, format.compression(), options.limits, options.inflate_ahead)?;
        Ok(Self { stream: Some(stream), encoding: options.encoding, record_bytes: options.limits.record_bytes })
    }

    pub(crate) fn next_batch(&mut self, max_bytes: usize) -> Outcome<Option<TextBatch>> {
        let Some(mut stream) = self.stream.take() else { return Ok(None) };
        let mut rows = Collector::new(max_bytes);
        let mut values = Bytes::new();
        match self.read(&mut stream)? {
            Ok(text) if text.is_empty() => rows.push_state(RowState::Empty, 0),
            Ok(text) => {
                rows.push_text(0, text.len() as u32, 0);
                values = text;
            }
            Err(reason) => rows.push_state(RowState::NotAssessed(reason), 0),
        }
        Ok(rows.into_batch(values))
    }

    fn read(&self, stream: &mut Stream) -> Outcome<Result<Bytes, Reason>> {
        // GB 18030 takes at most twice the bytes of UTF-8, for characters of four bytes there and two here.
        let stored_most = match self.encoding {
            Encoding::Utf8 => self.record_bytes,
            Encoding::Gb18030 => self.record_bytes.saturating_mul(2),
        };
        let stored_most = stored_most.saturating_add(4) as usize;
        let mut bytes = Vec::new();
        loop {
            let length = bytes.len();
            bytes.resize(length + length.clamp(STEP_BYTES.0, STEP_BYTES.1), 0);
            let read = stream.read(&mut bytes[length..])?;
            bytes.truncate(length + read);
            if read == 0 {
                break;
            }
            if bytes.len() > stored_most {
                return Ok(Err(Reason::TooLong));
            }
        }
        Ok(self.text(bytes))
    }

    /// The text without its mark.
    fn text(&self, bytes: Vec<u8>) -> Result<Bytes, Reason> {
        if memchr(0, &bytes).is_some() {
            return Err(Reason::InvalidUtf8);
        }
        let text = if self.encoding == Encoding::Utf8 || bytes.starts_with(UTF8_MARK) {
            simdutf8::basic::from_utf8(&bytes).map_err(|_| Reason::InvalidUtf8)?;
            Bytes::from(bytes)
        } else {
            Bytes::from(decode_gb18030(&bytes).ok_or(Reason::InvalidUtf8)?.into_owned())
        };
        let text = if text.starts_with(UTF8_MARK) { text.slice(UTF8_MARK.len()..) } else { text };
        if text.len() as u64 > self.record_bytes { Err(Reason::TooLong) } else { Ok(text) }
    }
}
