//! WARC and WET: what crawlers store, plain or compressed as a whole or record by record.
//!
//! Rows are records of type `conversion` (the text of a page, which is what WET files hold), `response` and `resource`.
//! `warcinfo`, `request`, `metadata`, `revisit`, `continuation` and types that are not known are none. Text is what the
//! record calls `text/html`, `application/xhtml+xml` or `text/plain`; HTML is handed on as it is, tags and all, for a
//! library that matches with `markup: html`. A row of another media type is `modality`; one without any bytes is empty.
//!
//! Of HTTP messages chunks and the codings gzip, deflate, br and zstd are undone, and the text becomes UTF-8 (see
//! [`charset`]). What can't be decoded is `invalid-utf8`. A record that was split over several is counted once, as
//! `too-long`.
//!
//! A record whose header or length is wrong ends the file, since only lengths say where records begin: the records
//! before it count, then comes the error.

mod charset;
mod head;
mod http;
mod records;

use bytes::BytesMut;
use encoding_rs::{Encoding as Charset, GB18030, UTF_8};

use self::head::{HEAD_BYTES, Head, Kind, host};
use self::http::{Media, Payload};
use self::records::Records;
use crate::batch::{Arena, Collector, Reason, RowState, TextBatch};
use crate::columns::{Candidate, Columns};
use crate::error::{Fault, Outcome};
use crate::file::Source;
use crate::format::Format;
use crate::options::{Encoding, Limits, ReadOptions};
use crate::stream::Stream;
use crate::window::Window;

/// What a record can be asked for: its text, and as id or source one of its header's fields.
pub(crate) fn candidates() -> Vec<Candidate> {
    let column = |name: &str, is_text: bool| Candidate {
        name: name.into(),
        is_text,
        is_label: true,
        is_string: true,
        is_nested: false,
        kind: "a field of the header".into(),
    };
    vec![column("text", true), column("id", false), column("uri", false), column("host", false), column("date", false)]
}

/// The column of this name.
pub(crate) fn candidate(name: &str) -> Option<Candidate> {
    candidates().into_iter().find(|column| column.name == name)
}

/// A column of labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Label {
    /// `WARC-Record-ID`, as it stands.
    Id,
    /// `WARC-Target-URI`.
    Uri,
    /// The host of it.
    Host,
    /// `WARC-Date`.
    Date,
    /// The text, which is too long for a label.
    Text,
}

impl Label {
    fn named(column: Option<&String>) -> Option<Self> {
        Some(match column?.as_str() {
            "id" => Self::Id,
            "uri" => Self::Uri,
            "host" => Self::Host,
            "date" => Self::Date,
            _ => Self::Text,
        })
    }

    fn of(self, head: &Head<'_>, limits: &Limits) -> Option<String> {
        let label = match self {
            Self::Id => String::from_utf8(head.id.as_ref()?.to_vec()).ok(),
            Self::Uri => String::from_utf8(head.address()?.to_vec()).ok(),
            Self::Host => host(head.address()?),
            Self::Date => String::from_utf8(head.date.as_ref()?.to_vec()).ok(),
            Self::Text => None,
        };
        label.filter(|label| label.len() as u64 <= limits.label_bytes)
    }
}

/// Reads the rows of a file.
pub(crate) struct WarcReader {
    records: Records,
    head: Vec<u8>,
    decoder: BlockDecoder,
    id: Option<Label>,
    source: Option<Label>,
    limits: Limits,
    arena: Arena,
    /// Damage that was found behind the rows of the last batch.
    pending: Option<Fault>,
    ended: bool,
}

/// Turns blocks into text.
struct BlockDecoder {
    /// What a page is in that does not say.
    fallback: &'static Charset,
    limits: Limits,
    /// Bytes that were decompressed within records so far.
    expanded: u64,
}

impl WarcReader {
    pub(crate) fn new(file: Source, format: Format, columns: &Columns, options: &ReadOptions) -> Outcome<Self> {
        let stream = Stream::open(file, format.compression(), options.limits, options.inflate_ahead)?;
        let fallback = match options.encoding {
            Encoding::Utf8 => UTF_8,
            Encoding::Gb18030 => GB18030,
        };
        Ok(Self {
            records: Records::new(Window::new(stream, 0)),
            head: Vec::new(),
            decoder: BlockDecoder { fallback, limits: options.limits, expanded: 0 },
            id: Label::named(columns.id.as_ref()),
            source: Label::named(columns.source.as_ref()),
            limits: options.limits,
            arena: Arena::default(),
            pending: None,
            ended: false,
        })
    }

    pub(crate) fn next_batch(&mut self, max_bytes: usize) -> Outcome<Option<TextBatch>> {
        if let Some(fault) = self.pending.take() {
            return Err(fault);
        }
        let mut rows = Collector::new(max_bytes);
        self.arena.start();
        while !self.ended && !rows.is_full() {
            match self.next_record(&mut rows) {
                Ok(true) => {}
                Ok(false) => self.ended = true,
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

    /// Adds the row of the next record, or nothing for one that is none; `false` at the end.
    fn next_record(&mut self, rows: &mut Collector) -> Outcome<bool> {
        if !self.records.next_head(&mut self.head)? {
            return Ok(false);
        }
        let head = self.records.parse(&self.head)?;
        if head.kind == Kind::Other {
            self.records.finish()?;
            return Ok(true);
        }
        let arena = self.arena.bytes();
        let start = arena.len();
        // A record whose end is not where it says is not counted: what it held may be half of it, or another's.
        let state = self.decoder.decode(&head, &mut self.records, arena).and_then(|state| {
            self.records.finish()?;
            Ok(state)
        });
        let position = self.records.offset();
        match state {
            Ok(RowState::Text) => rows.push_text(start, (arena.len() - start) as u32, position),
            Ok(state) => {
                arena.truncate(start);
                rows.push_state(state, position);
            }
            Err(fault) => {
                arena.truncate(start);
                return Err(fault);
            }
        }
        if let Some(label) = self.id {
            rows.ids.push(label.of(&head, &self.limits).as_deref());
        }
        if let Some(label) = self.source {
            rows.sources.push(label.of(&head, &self.limits).as_deref());
        }
        Ok(true)
    }
}

impl BlockDecoder {
    /// Adds the text of a block to `arena`, unless it has none.
    fn decode(&mut self, head: &Head<'_>, records: &mut Records, arena: &mut BytesMut) -> Outcome<RowState> {
        let not_assessed = |reason| Ok(RowState::NotAssessed(reason));
        let length = head.length;
        if length == 0 {
            return Ok(RowState::Empty);
        }
        if head.segmented {
            return not_assessed(Reason::TooLong);
        }
        let payload = match payload_of(head, records) {
            Ok(payload) => payload,
            Err(reason) => return not_assessed(reason),
        };
        if payload.start as u64 == length {
            return Ok(RowState::Empty);
        }
        if payload.media == Media::Other {
            return not_assessed(Reason::Modality);
        }
        if length > self.limits.line_bytes {
            return not_assessed(Reason::TooLong);
        }
        let block = records.peek(length);
        let Some(body) = block.get(payload.start..) else { return Ok(RowState::Empty) };
        // No encoding takes more than twice the bytes of UTF-8.
        let most = self.limits.record_bytes.saturating_mul(2).saturating_add(4);
        let body = match http::decode(body, &payload, most) {
            Ok(body) => body,
            Err(reason) => return not_assessed(reason),
        };
        let (charset, mark) =
            charset::detect(&body.bytes, payload.charset, payload.media == Media::Html, self.fallback);
        let is_cut = body.is_cut || head.truncated;
        let start = arena.len();
        let decoded = charset::decode_into(&body.bytes[mark..], charset, is_cut, arena);
        self.expanded += body.expanded;
        // Bombs within records of a file that is a bomb itself: what both give is held against the stored bytes.
        if !self.limits.allows_expansion(records.stored(), self.expanded) {
            let allowed = records.stored().saturating_mul(self.limits.expansion);
            let allowed = allowed.max(self.limits.expansion_free_bytes);
            return Err(records.at_record(Fault::limit("decompressed size of all pages", self.expanded, allowed)));
        }
        match (decoded, (arena.len() - start) as u64) {
            (None, _) => not_assessed(Reason::InvalidUtf8),
            (Some(()), 0) => Ok(RowState::Empty),
            (Some(()), bytes) if bytes > self.limits.record_bytes => not_assessed(Reason::TooLong),
            (Some(()), _) => Ok(RowState::Text),
        }
    }
}

/// What the block of a record holds, by the record's head and, of a response, by its own.
fn payload_of(head: &Head<'_>, records: &mut Records) -> Result<Payload, Reason> {
    let media = head.media.as_deref();
    let is_http = |block: &[u8]| block.starts_with(b"HTTP/");
    let says_http = media.map(|media| {
        let name = media.split(|byte| *byte == b';').next().unwrap_or_default();
        name.trim_ascii().eq_ignore_ascii_case(b"application/http")
    });
    if head.kind != Kind::Response || says_http == Some(false) {
        // What was converted without saying to what is text: nothing else is what conversions are for.
        let default: &[u8] = if head.kind == Kind::Conversion { b"text/plain" } else { b"" };
        return Ok(Payload::plain(media.or(head.payload_media.as_deref()).unwrap_or(default)));
    }
    let block = records.peek(HEAD_BYTES as u64);
    if !is_http(block) {
        return Err(Reason::Modality);
    }
    let length = match head::length(block) {
        Some(length) => length,
        // The head is all there is.
        None if block.len() as u64 == head.length => block.len(),
        None => return Err(Reason::TooLong),
    };
    Ok(Payload::of_response(&block[..length], head.payload_media.as_deref()))
}
