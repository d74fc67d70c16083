//! JSONL: one object per line, plain, gz or zst. Each line stands for itself; a bad one spoils no other.
//!
//! Blank lines are not rows. A name that comes twice has its last value. Text that is null or `""` is empty; a missing
//! field and one that is a number, boolean, array or object are `missing-text`. An escape that is half a surrogate pair
//! makes the text `invalid-json`, since no UTF-8 can hold it; in other fields it is let pass. Ids and sources are strings
//! or integers; anything else is none.
//!
//! Damage in a compressed file shows where the decoder notices it: gzip always has a checksum, Zstandard only if the
//! writer added one (its command does). Without one, changed bytes are read as the text that they now are.

mod json;
mod lines;

use std::borrow::Cow;
use std::ops::Range;

use bytes::BytesMut;

use self::json::{JsonFault, RawString, Value, parse_object, unescape_into};
use self::lines::{Line, Lines};
use crate::batch::{Arena, Collector, Reason, RowState, TextBatch};
use crate::columns::{Candidate, Columns};
use crate::error::{Fault, Outcome};
use crate::file::Stream;
use crate::format::Format;
use crate::options::{Encoding, Limits, ReadOptions};
use crate::text::decode_gb18030;

/// Lines with an object that are looked at to choose the columns.
const SAMPLE_LINES: usize = 100;
/// Lines of any kind that are looked at for them, and bytes: a file of other things must not be read to its end.
const SAMPLE_TRIES: usize = 10_000;
const SAMPLE_BYTES: u64 = 64 << 20;
/// Names that are kept from the sample.
const SAMPLE_COLUMNS: usize = 1_000;

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
    columns: Columns,
    encoding: Encoding,
    limits: Limits,
    /// For names with escapes and for labels.
    scratch: BytesMut,
}

impl JsonlReader {
    pub(crate) fn new(
        file: Stream,
        format: Format,
        range: Option<Range<u64>>,
        columns: Columns,
        options: &ReadOptions,
    ) -> Outcome<Self> {
        let lines = match range {
            Some(range) => Lines::in_range(file, range, options.limits)?,
            None => Lines::new(file, format, options.limits)?,
        };
        let decoder =
            LineDecoder { columns, encoding: options.encoding, limits: options.limits, scratch: BytesMut::new() };
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

/// The fields of a line that are wanted; of names that come twice the last.
#[derive(Default)]
struct Fields<'a> {
    text: Option<Value<'a>>,
    id: Option<Value<'a>>,
    source: Option<Value<'a>>,
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
        let fields = match self.fields(&line) {
            Ok(fields) => fields,
            Err(JsonFault::Syntax) => return self.without_text(rows, not_assessed(Reason::InvalidJson), offset),
            Err(JsonFault::TooDeep) => return self.without_text(rows, not_assessed(Reason::TooDeep), offset),
        };
        match fields.text {
            Some(Value::String(RawString { raw: [], .. }) | Value::Null) => rows.push_state(RowState::Empty, offset),
            Some(Value::String(string)) => {
                let start = arena.len();
                let state = match unescape_into(string, arena) {
                    None => Some(Reason::InvalidJson),
                    Some(()) if (arena.len() - start) as u64 > self.limits.record_bytes => Some(Reason::TooLong),
                    Some(()) => None,
                };
                match state {
                    Some(reason) => {
                        arena.truncate(start);
                        rows.push_state(not_assessed(reason), offset);
                    }
                    None => rows.push_text(start, (arena.len() - start) as u32, offset),
                }
            }
            _ => rows.push_state(not_assessed(Reason::MissingText), offset),
        }
        if self.columns.id.is_some() {
            rows.ids.push(label(fields.id, &mut self.scratch, &self.limits));
        }
        if self.columns.source.is_some() {
            rows.sources.push(label(fields.source, &mut self.scratch, &self.limits));
        }
    }

    fn without_text(&self, rows: &mut Collector, state: RowState, offset: u64) {
        rows.push_state(state, offset);
        if self.columns.id.is_some() {
            rows.ids.push(None);
        }
        if self.columns.source.is_some() {
            rows.sources.push(None);
        }
    }

    fn fields<'a>(&mut self, line: &'a [u8]) -> Result<Fields<'a>, JsonFault> {
        let Columns { text, id, source } = &self.columns;
        let is = |column: &Option<String>, name: &[u8]| column.as_ref().is_some_and(|c| c.as_bytes() == name);
        let scratch = &mut self.scratch;
        let mut fields = Fields::default();
        parse_object(line, self.limits.nesting, |name, value| {
            let name = if name.escaped {
                scratch.clear();
                if unescape_into(name, scratch).is_none() {
                    return;
                }
                &scratch[..]
            } else {
                name.raw
            };
            if is(text, name) {
                fields.text = Some(value);
            }
            if is(id, name) {
                fields.id = Some(value);
            }
            if is(source, name) {
                fields.source = Some(value);
            }
        })?;
        Ok(fields)
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

/// The columns of the first lines that hold an object. Damage of a compressed file ends the sample; the reader will
/// meet it again.
pub(crate) fn sample(file: Stream, format: Format, options: &ReadOptions) -> Outcome<Vec<Candidate>> {
    /// What the values of a name were: at least one string, an integer, anything else that is not null.
    struct Seen {
        name: String,
        string: bool,
        integer: bool,
        other: bool,
    }
    let mut seen: Vec<Seen> = Vec::new();
    let mut lines = Lines::new(file, format, options.limits)?;
    let mut objects = 0;
    for _ in 0..SAMPLE_TRIES {
        let (offset, range) = match lines.next_line() {
            Ok(Some((offset, Line::Whole(range)))) if offset < SAMPLE_BYTES => (offset, range),
            Ok(Some((offset, Line::TooLong))) if offset < SAMPLE_BYTES => continue,
            Err(fault @ Fault::Io { .. }) => return Err(fault),
            Ok(_) | Err(_) => break,
        };
        let Ok(line) = decode_line(lines.bytes(range), offset, options.encoding) else {
            continue;
        };
        // Collected first: a line that turns out broken must not add its names.
        let mut fields = Vec::new();
        let parsed = parse_object(&line, options.limits.nesting, |name, value| {
            if fields.len() < SAMPLE_COLUMNS {
                fields.push((name, value));
            }
        });
        if parsed.is_err() {
            continue;
        }
        for (name, value) in fields {
            let mut text = BytesMut::new();
            if unescape_into(name, &mut text).is_none() {
                continue;
            }
            let Ok(name) = String::from_utf8(text.to_vec()) else { continue };
            let index = match seen.iter().position(|seen| seen.name == name) {
                Some(index) => index,
                None if seen.len() < SAMPLE_COLUMNS => {
                    seen.push(Seen { name, string: false, integer: false, other: false });
                    seen.len() - 1
                }
                None => continue,
            };
            match value {
                Value::String(_) => seen[index].string = true,
                Value::Number(digits) if !digits.contains(&b'.') => seen[index].integer = true,
                Value::Null => {}
                Value::Number(_) | Value::Other => seen[index].other = true,
            }
        }
        objects += 1;
        if objects == SAMPLE_LINES {
            break;
        }
    }
    Ok(seen
        .into_iter()
        .map(|seen| Candidate {
            is_text: seen.string,
            is_label: seen.string || seen.integer,
            is_string: seen.string && !seen.integer && !seen.other,
            kind: match (seen.string, seen.integer, seen.other) {
                (true, false, false) => "strings",
                (false, true, false) => "numbers",
                (false, false, false) => "only null",
                _ => "values of several kinds",
            }
            .to_string(),
            name: seen.name,
        })
        .collect())
}
