//! [`StreamReader`]: an Arrow IPC stream that arrives in pieces, as a pipe gives it, read a message at a time.
//!
//! One message is held at once. What a message claims is compared with the limits as soon as its first bytes are there,
//! and memory is taken only as its bytes arrive.

use std::path::Path;

use arrow_ipc::{Message, MessageHeader, root_as_message};
use bytes::Bytes;

use super::dictionary::Source;
use super::layout::Layout;
use super::types::Field;
use super::walk::{BatchAt, CONTINUATION, DictionaryAt, MessageAt, broken, dictionary_of, i32_at, rows_of, wrong_kind};
use super::{IpcReader, Outline};
use crate::batch::TextBatch;
use crate::columns::{Columns, choose};
use crate::error::{CorpusError, Fault, Outcome, Place};
use crate::file::Store;
use crate::inspect::Block;
use crate::options::{ReadOptions, Validate};
use crate::reader::{MAX_BATCH_BYTES, guard};

/// Continuation and length of a message.
const PREFIX: usize = 8;
/// Bytes that may follow the end of a stream: padding.
const PADDING: usize = 64;
/// What is taken of memory for a message at first, however long it claims to be.
const FIRST_BYTES: usize = 64 << 10;
/// The name that errors have in the place of a file's path.
const NAME: &str = "stream";

/// A message that was read: verified metadata and, of a record batch, nodes and buffers that lie in the body.
#[derive(Debug, Clone)]
pub struct StreamMessage {
    bytes: Bytes,
    prefix: usize,
    body: usize,
}

impl StreamMessage {
    /// The flatbuffer of the message, without its prefix.
    pub fn metadata(&self) -> &[u8] {
        &self.bytes[self.prefix..self.body]
    }

    /// The body as it came.
    pub fn body(&self) -> &[u8] {
        &self.bytes[self.body..]
    }
}

/// A part of a stream.
#[derive(Debug, Clone)]
pub enum StreamPart {
    /// The schema, the first message.
    Schema(StreamMessage),
    /// A dictionary, or an addition to one.
    Dictionary(StreamMessage),
    /// A record batch; [`StreamReader::next_batch`] reads its rows.
    Batch(StreamMessage, u64),
    /// The end marker.
    End,
}

/// What is known of the message under way.
enum Under {
    /// Its length is not there yet.
    Prefix,
    /// Its metadata is this long, behind a prefix.
    Metadata { prefix: usize, length: usize },
    /// It is whole but for its body.
    Body { at: MessageAt, prefix: usize },
    /// The end marker came.
    End,
}

/// Reads a stream piece by piece: [`push`](Self::push) takes bytes up to the end of a message,
/// [`next_part`](Self::next_part) gives the message, [`next_batch`](Self::next_batch) the rows of a record batch.
pub struct StreamReader {
    options: ReadOptions,
    /// Longest message, metadata and body together.
    message_bytes: u64,
    under: Under,
    /// The message under way.
    bytes: Vec<u8>,
    /// Bytes in front of the message under way.
    offset: u64,
    reader: Option<IpcReader>,
    columns: Columns,
    names: Vec<String>,
    batches: u64,
    rows: u64,
}

impl StreamReader {
    /// A reader of a stream. Format and mapping of the options mean nothing here, and columns that are not read are not
    /// checked: they go on to somebody who reads them.
    pub fn new(options: ReadOptions, message_bytes: u64) -> Self {
        let options = ReadOptions { validate: Validate::Projected, ..options };
        Self {
            options,
            message_bytes,
            under: Under::Prefix,
            bytes: Vec::new(),
            offset: 0,
            reader: None,
            columns: Columns::default(),
            names: Vec::new(),
            batches: 0,
            rows: 0,
        }
    }

    /// The columns that are read; none before the schema came.
    pub fn columns(&self) -> &Columns {
        &self.columns
    }

    /// The names of all columns, in their order.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Record batches that came.
    pub fn batches(&self) -> u64 {
        self.batches
    }

    /// Whether the end marker came.
    pub fn is_ended(&self) -> bool {
        matches!(self.under, Under::End)
    }

    /// Whether no byte came.
    pub fn is_untouched(&self) -> bool {
        self.offset == 0 && self.bytes.is_empty()
    }

    /// Takes bytes, up to the end of the message under way, and gives how many it took. When it took fewer than there
    /// are, [`next_part`](Self::next_part) comes before the rest.
    ///
    /// # Errors
    ///
    /// [`CorpusError::Damaged`] and [`CorpusError::Limit`] for a message that cannot be one, as soon as that shows.
    pub fn push(&mut self, bytes: &[u8]) -> Result<usize, CorpusError> {
        guard(Path::new(NAME), || {
            let mut taken = 0;
            while let Some(wanted) = self.wanted()? {
                let rest = &bytes[taken..];
                let count = wanted.min(rest.len());
                if count == 0 {
                    break;
                }
                self.take(&rest[..count], wanted);
                taken += count;
            }
            Ok(taken)
        })
        .inspect_err(|_| self.stop())
    }

    /// The message that is whole, if one is. A record batch that is not read to its end is left.
    ///
    /// # Errors
    ///
    /// Damage, a limit, something that is not read, and [`CorpusError::Column`] where the schema lacks a column that was
    /// asked for. There is no way on behind an error.
    pub fn next_part(&mut self) -> Result<Option<StreamPart>, CorpusError> {
        guard(Path::new(NAME), || self.part()).inspect_err(|_| self.stop())
    }

    /// The next rows of the record batch that came last, as [`ShardReader::next_batch`](crate::ShardReader::next_batch)
    /// gives those of a file; `None` at its end. Positions are row numbers of the stream.
    ///
    /// # Errors
    ///
    /// Damage and limits. Rows of the batch that were handed out before are then not to be relied on.
    pub fn next_batch(&mut self, max_bytes: usize) -> Result<Option<TextBatch>, CorpusError> {
        let number = self.batches.saturating_sub(1);
        let max_bytes = max_bytes.clamp(1, MAX_BATCH_BYTES);
        guard(Path::new(NAME), || match &mut self.reader {
            Some(reader) if reader.open.as_ref().is_some_and(|open| open.next < open.rows) => {
                reader.slice(max_bytes).place(|| format!("record batch {number}"))
            }
            Some(reader) => {
                // The message is not needed any more.
                reader.open = None;
                reader.store = Store::Mapped(Bytes::new());
                Ok(None)
            }
            None => Ok(None),
        })
        .inspect_err(|_| self.stop())
    }

    /// Says that no more bytes come. A stream may end without its marker, where a message ends.
    ///
    /// # Errors
    ///
    /// [`CorpusError::Damaged`] when a message is not whole, or not even the schema came.
    pub fn finish(&self) -> Result<(), CorpusError> {
        guard(Path::new(NAME), || {
            let there = self.bytes.len();
            let short = |what: String| {
                let detail = format!("the stream is cut off in {what}, of which {there} bytes are there");
                Err(self.faulty(Fault::damaged(detail)))
            };
            match &self.under {
                Under::Prefix if there > 0 => short("the length of a message".to_owned()),
                Under::Prefix if self.reader.is_none() => Err(Fault::damaged("the stream ends before its schema")),
                Under::Prefix | Under::End => Ok(()),
                Under::Metadata { prefix, length } => short(format!("metadata of {} bytes", prefix + length)),
                Under::Body { at, .. } => short(format!("a message of {} bytes", at.length())),
            }
        })
    }

    /// Bytes that are missing of what is under way; `None` when a message is whole.
    fn wanted(&mut self) -> Outcome<Option<usize>> {
        loop {
            let there = self.bytes.len();
            match self.under {
                Under::Prefix => {
                    // Streams of old writers have no continuation in front of the length.
                    let prefix = if self.bytes.starts_with(&CONTINUATION) { PREFIX } else { PREFIX / 2 };
                    if there < prefix {
                        return Ok(Some(prefix - there));
                    }
                    let length = i32_at(&self.bytes, prefix - 4);
                    if length == 0 {
                        if self.reader.is_none() {
                            return Err(self.faulty(Fault::damaged("the stream ends before its schema")));
                        }
                        self.under = Under::End;
                        self.offset += there as u64;
                        self.bytes.clear();
                        return Ok(None);
                    }
                    if self.reader.is_none() && prefix < PREFIX && !is_plausible(&self.bytes) {
                        return Err(self.faulty(Fault::damaged(what_else(&self.bytes))));
                    }
                    let length = usize::try_from(length)
                        .map_err(|_| self.faulty(Fault::damaged(format!("metadata of {length} bytes"))))?;
                    let limit = self.options.limits.metadata_bytes.min(self.message_bytes);
                    if length as u64 > limit {
                        return Err(self.faulty(Fault::limit("metadata", length as u64, limit)));
                    }
                    self.under = Under::Metadata { prefix, length };
                }
                Under::Metadata { prefix, length } => {
                    let whole = prefix + length;
                    if there < whole {
                        return Ok(Some(whole - there));
                    }
                    let message =
                        root_as_message(&self.bytes[prefix..]).map_err(|error| self.faulty(broken(&error)))?;
                    let claimed = message.bodyLength();
                    let body = u64::try_from(claimed)
                        .map_err(|_| self.faulty(Fault::damaged(format!("a body of {claimed} bytes"))))?;
                    let at = MessageAt { offset: 0, metadata: whole as u64, body };
                    let total = body.saturating_add(whole as u64);
                    if total > self.message_bytes {
                        return Err(self.faulty(Fault::limit("bytes of a message", total, self.message_bytes)));
                    }
                    self.under = Under::Body { at, prefix };
                }
                Under::Body { at, .. } => {
                    // Both are under the limit of a message.
                    let missing = at.length() as usize - there;
                    return Ok((missing > 0).then_some(missing));
                }
                Under::End => {
                    // A second stream behind the first would be rows that nobody reads.
                    if there > PADDING || self.bytes.iter().any(|byte| *byte != 0) {
                        let detail =
                            format!("bytes follow the end of the stream, and they are no padding of {PADDING} zeros");
                        return Err(Fault::damaged(detail).at(format_args!("byte {}", self.offset)));
                    }
                    return Ok(Some(PADDING + 1 - there));
                }
            }
        }
    }

    /// Adds bytes to the message under way. Memory grows with what came, to no more than the message needs.
    fn take(&mut self, bytes: &[u8], wanted: usize) {
        let there = self.bytes.len();
        if self.bytes.capacity() - there < bytes.len() {
            let more = there.max(FIRST_BYTES).max(bytes.len()).min(wanted);
            self.bytes.reserve_exact(more);
        }
        self.bytes.extend_from_slice(bytes);
    }

    fn part(&mut self) -> Outcome<Option<StreamPart>> {
        let Under::Body { at, prefix } = self.under else {
            return Ok(matches!(self.under, Under::End).then_some(StreamPart::End));
        };
        if (self.bytes.len() as u64) < at.length() {
            return Ok(None);
        }
        let bytes = Bytes::from(std::mem::take(&mut self.bytes));
        self.under = Under::Prefix;
        let found = StreamMessage { bytes, prefix, body: at.metadata as usize };
        let place = self.place();
        let part = self.read(found, at).place(|| place)?;
        self.offset += at.length();
        Ok(Some(part))
    }

    fn read(&mut self, found: StreamMessage, at: MessageAt) -> Outcome<StreamPart> {
        let message = root_as_message(found.metadata()).map_err(|error| broken(&error))?;
        let Some(reader) = &mut self.reader else {
            self.open(message, at)?;
            return Ok(StreamPart::Schema(found));
        };
        match message.header_type() {
            MessageHeader::RecordBatch => {
                let rows = rows_of(message, at, &self.options.limits)?;
                reader.take_batch(found.bytes.clone(), at, rows, self.rows)?;
                self.batches += 1;
                self.rows = self.rows.saturating_add(rows);
                Ok(StreamPart::Batch(found, rows))
            }
            MessageHeader::DictionaryBatch => {
                let batch = message.header_as_dictionary_batch().ok_or_else(|| wrong_kind(message, "dictionary"))?;
                let (id, is_delta) = dictionary_of(batch)?;
                reader.take_dictionary(found.bytes.clone(), DictionaryAt { at, id, is_delta })?;
                Ok(StreamPart::Dictionary(found))
            }
            _ => Err(wrong_kind(message, "record batch")),
        }
    }

    fn open(&mut self, message: Message<'_>, at: MessageAt) -> Outcome<()> {
        let schema = message.header_as_schema().ok_or_else(|| wrong_kind(message, "schema"))?;
        if at.body > 0 {
            return Err(Fault::damaged(format!("a schema with a body of {} bytes", at.body)));
        }
        let layout = Layout::new(schema, message.version())?;
        // Types that contradict themselves are refused in a stream as in a file.
        let fields = Field::all(schema, message.version())?;
        self.names = layout.tree.columns().map(|(name, _)| name.to_owned()).collect();
        let outline = Outline { layout, fields, batches: Vec::new(), dictionaries: Vec::new(), damage: None };
        let mut columns = choose(&outline.candidates(), Some(&|name| outline.candidate(name)), &self.options)?;
        if self.options.id_column.is_none() {
            // A row of a stream is known by its place: an id is for those who ask for it.
            columns.id = None;
        }
        self.reader = Some(IpcReader::new(Store::Mapped(Bytes::new()), outline, 0..0, &columns, &self.options));
        self.columns = columns;
        Ok(())
    }

    /// Where a message is, in words.
    fn place(&self) -> String {
        if self.reader.is_none() { "schema".to_owned() } else { format!("record batch {}", self.batches) }
    }

    fn faulty(&self, fault: Fault) -> Fault {
        fault.at(format_args!("{}, byte {}", self.place(), self.offset))
    }

    /// Lets go of everything, so that nothing is read behind an error.
    fn stop(&mut self) {
        self.bytes = Vec::new();
        if let Some(reader) = &mut self.reader {
            reader.open = None;
        }
    }
}

/// Whether the first bytes of a stream of an old writer may be a length: the schema of thousands of columns has less.
fn is_plausible(bytes: &[u8]) -> bool {
    (0..16 << 20).contains(&i32_at(bytes, 0))
}

/// What comes in the place of a stream, by its first bytes.
fn what_else(bytes: &[u8]) -> String {
    let hint = match bytes {
        b"ARRO" => ": an Arrow file, where a stream was expected",
        b"PAR1" => ": a Parquet file, where an Arrow stream was expected",
        _ => "",
    };
    let shown: Vec<_> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("it begins with the bytes {}, not as an Arrow IPC stream does{hint}", shown.join(" "))
}

impl IpcReader {
    /// Opens a record batch that is not in a file; its rows count from `first_row`.
    fn take_batch(&mut self, message: Bytes, at: MessageAt, rows: u64, first_row: u64) -> Outcome<()> {
        self.open = None;
        self.store = Store::Mapped(message);
        // Dictionaries were taken as they came.
        self.outline.batches = vec![BatchAt { at, rows: Some(rows), dictionaries: 0 }];
        self.blocks = vec![Block { offset: 0, length: at.length(), rows: Some(rows), first_row }];
        self.open = Some(self.open_block(0)?);
        Ok(())
    }

    /// Adds a dictionary to the columns that refer to it.
    fn take_dictionary(&mut self, message: Bytes, found: DictionaryAt) -> Outcome<()> {
        let store = Store::Mapped(message);
        let source = Source { store: &store, all: &[found], limits: &self.limits, encoding: self.encoding };
        for wanted in [&mut self.text, &mut self.id, &mut self.source].into_iter().flatten() {
            if let Some(reference) = wanted.leaf.dictionary
                && reference.id == found.id
            {
                wanted.dictionary.take(&source, reference.id, reference.values)?;
            }
        }
        Ok(())
    }
}
