//! JSONL: one object per line, plain, gz or zst. Each line stands for itself; a bad one spoils no other.
//!
//! Blank lines are not rows. A name that comes twice has its last value. Text that is null or `""` is empty; a missing
//! field and one that is a number, boolean, array or object are `missing-text`. An escape that is half a surrogate pair
//! makes the text `invalid-json`, since no UTF-8 can hold it; in other fields it is let pass. Ids and sources are strings
//! or integers; anything else is none. Along a path the same holds at each step: null is nothing, and no text is missed
//! where there is none; what is missing, or of another kind than the path needs, makes the row `missing-text`.
//!
//! Damage in a compressed file shows where the decoder notices it: gzip always has a checksum, Zstandard only if the
//! writer added one (its command does). Without one, changed bytes are read as the text that they now are.

mod json;
mod lines;
mod project;
mod sample;

use std::borrow::Cow;
use std::ops::Range;

use bytes::BytesMut;

use self::json::{JsonFault, Value, parse_object, unescape_into};
use self::lines::{Line, Lines};
use self::project::Projection;
pub(crate) use self::sample::sample;
use crate::batch::{Arena, Collector, Reason, RowState, TextBatch};
use crate::columns::Columns;
use crate::error::{Fault, Outcome};
use crate::file::Source;
use crate::format::Format;
use crate::options::{Encoding, Limits, ReadOptions};
use crate::text::decode_gb18030;

/// Reads the rows of a range of lines.
pub(crate) struct JsonlReader {
    lines: Lines,
    decoder: LineDecoder,
    arena: Arena,
    /// Damage that was found behind the rows of the last batch.
    pending: Option<Fault>,
    ended: bool,
}

struct LineDecoder {
    projection: Projection,
    has_ids: bool,
    has_sources: bool,
    encoding: Encoding,
    limits: Limits,
    /// For names with escapes and for labels.
    scratch: BytesMut,
}

impl JsonlReader {
    pub(crate) fn new(
        file: Source,
        format: Format,
        range: Option<Range<u64>>,
        columns: &Columns,
        options: &ReadOptions,
    ) -> Outcome<Self> {
        let lines = match range {
            Some(range) => Lines::in_range(file, range, options.limits)?,
            None => Lines::new(file, format, options.limits, options.inflate_ahead)?,
        };
        let decoder = LineDecoder {
            projection: Projection::new(columns),
            has_ids: columns.id.is_some(),
            has_sources: columns.source.is_some(),
            encoding: options.encoding,
            limits: options.limits,
            scratch: BytesMut::new(),
        };
        Ok(Self { lines, decoder, arena: Arena::default(), pending: None, ended: false })
    }

    pub(crate) fn next_batch(&mut self, max_bytes: usize) -> Outcome<Option<TextBatch>> {
        if let Some(fault) = self.pending.take() {
            return Err(fault);
        }
        let mut rows = Collector::new(max_bytes);
        let arena = self.arena.start();
        while !self.ended && !rows.is_full() {
            match self.lines.next_line() {
                Ok(Some((offset, Line::TooLong))) => {
                    self.decoder.without_text(&mut rows, RowState::NotAssessed(Reason::TooLong), offset);
                }
                Ok(Some((offset, Line::Whole(range)))) => {
                    self.decoder.decode(self.lines.bytes(range), offset, &mut rows, arena);
                }
                Ok(None) => self.ended = true,
                Err(fault) => {
                    self.ended = true;
                    self.pending = Some(fault);
                }
            }
        }
        let values = self.arena.lend();
        match rows.into_batch(values) {
            Some(batch) => Ok(Some(batch)),
            None => self.pending.take().map_or(Ok(None), Err),
        }
    }
}

impl LineDecoder {
    /// Adds the row of one line, or nothing for a blank one.
    fn decode(&mut self, line: &[u8], offset: u64, rows: &mut Collector, arena: &mut BytesMut) {
        let not_assessed = RowState::NotAssessed;
        let line = match decode_line(line, offset, self.encoding) {
            Ok(line) => line,
            Err(reason) => return self.without_text(rows, not_assessed(reason), offset),
        };
        if line.trim_ascii().is_empty() {
            return;
        }
        let start = arena.len();
        let found = match self.projection.read(&line, self.limits.nesting, arena, &mut self.scratch) {
            Ok(found) => found,
            Err(fault) => {
                arena.truncate(start);
                let reason = match fault {
                    JsonFault::Syntax => Reason::InvalidJson,
                    JsonFault::TooDeep => Reason::TooDeep,
                };
                return self.without_text(rows, not_assessed(reason), offset);
            }
        };
        let length = arena.len() - start;
        let state = match found.text {
            Err(reason) => Some(not_assessed(reason)),
            Ok(()) if length == 0 => Some(RowState::Empty),
            Ok(()) if length as u64 > self.limits.record_bytes => Some(not_assessed(Reason::TooLong)),
            Ok(()) => None,
        };
        match state {
            Some(state) => {
                arena.truncate(start);
                rows.push_state(state, offset);
            }
            None => rows.push_text(start, length as u32, offset),
        }
        if self.has_ids {
            rows.ids.push(label(found.id, &mut self.scratch, &self.limits));
        }
        if self.has_sources {
            rows.sources.push(label(found.source, &mut self.scratch, &self.limits));
        }
    }

    fn without_text(&self, rows: &mut Collector, state: RowState, offset: u64) {
        rows.push_state(state, offset);
        if self.has_ids {
            rows.ids.push(None);
        }
        if self.has_sources {
            rows.sources.push(None);
        }
    }
}

/// The line as UTF-8, without a byte order mark at the file's beginning.
fn decode_line(line: &[u8], offset: u64, encoding: Encoding) -> Result<Cow<'_, [u8]>, Reason> {
    const BOM: &[u8] = "\u{FEFF}".as_bytes();
    let mut line = match encoding {
        Encoding::Utf8 => match simdutf8::basic::from_utf8(line) {
            Ok(_) => Cow::Borrowed(line),
            Err(_) => return Err(Reason::InvalidUtf8),
        },
        Encoding::Gb18030 => decode_gb18030(line).ok_or(Reason::InvalidUtf8)?,
    };
    if offset == 0 && line.starts_with(BOM) {
        line = match line {
            Cow::Borrowed(line) => Cow::Borrowed(&line[BOM.len()..]),
            Cow::Owned(line) => Cow::Owned(line[BOM.len()..].to_vec()),
        };
    }
    Ok(line)
}

/// Whether a line is a JSON object of the default depth, whatever its encoding.
pub(crate) fn is_object(line: &[u8]) -> bool {
    parse_object(line, Limits::default().nesting, |parser, _| parser.value().map(drop)).is_ok()
}

/// A string, or an integer as it is written.
fn label<'s>(value: Option<Value<'s>>, scratch: &'s mut BytesMut, limits: &Limits) -> Option<&'s str> {
    let bytes: &[u8] = match value? {
        // Decoding never makes a string longer than three times the raw one, nor shorter than a sixth of it.
        Value::String(string) if string.raw.len() as u64 <= limits.label_bytes.saturating_mul(6) => {
            scratch.clear();
            unescape_into(string, scratch)?;
            scratch
        }
        Value::Number(digits) if !digits.iter().any(|byte| matches!(byte, b'.' | b'e' | b'E')) => digits,
        _ => return None,
    };
    std::str::from_utf8(bytes).ok().filter(|label| label.len() as u64 <= limits.label_bytes)
}
