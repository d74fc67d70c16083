//! The outline of an Arrow IPC file or stream: schema, record batches and dictionaries, with their places.
//!
//! Files have it in their footer; a stream is walked header by header, which touches little more than a page per batch.
//! Everything is checked against the size of the file before it is used.

use std::collections::HashSet;

use arrow_ipc::{Block as IpcBlock, DictionaryBatch, Message, MessageHeader, root_as_footer, root_as_message};
use bytes::Bytes;

use super::layout::Layout;
use crate::error::{Fault, Outcome, Place};
use crate::file::Store;
use crate::options::Limits;

const MAGIC: &[u8] = b"ARROW1";
const CONTINUATION: [u8; 4] = [0xFF; 4];

/// Where a message lies.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MessageAt {
    /// Of the metadata, with its length prefix.
    pub(crate) offset: u64,
    /// Length of the metadata, with prefix and padding.
    pub(crate) metadata: u64,
    /// Length of the body, which follows.
    pub(crate) body: u64,
}

impl MessageAt {
    pub(crate) fn body_offset(&self) -> u64 {
        self.offset + self.metadata
    }

    pub(crate) fn length(&self) -> u64 {
        self.metadata + self.body
    }

    pub(crate) fn range(&self) -> std::ops::Range<u64> {
        self.offset..self.offset + self.length()
    }
}

/// A record batch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BatchAt {
    pub(crate) at: MessageAt,
    /// `None` where the header can't be read.
    pub(crate) rows: Option<u64>,
    /// Dictionary messages that precede it.
    pub(crate) dictionaries: usize,
}

/// A dictionary, or an addition to one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DictionaryAt {
    pub(crate) at: MessageAt,
    pub(crate) id: i64,
    pub(crate) is_delta: bool,
}

/// Outline of a file. Damage behind the schema is kept beside what was found up to there.
pub(crate) struct Outline {
    pub(crate) layout: Layout,
    pub(crate) batches: Vec<BatchAt>,
    pub(crate) dictionaries: Vec<DictionaryAt>,
    pub(crate) damage: Option<Fault>,
}

impl Outline {
    /// The same outline once more; `None` for a damaged one.
    pub(crate) fn again(&self) -> Option<Self> {
        let Self { layout, batches, dictionaries, damage: None } = self else { return None };
        let (layout, batches, dictionaries) = (layout.clone(), batches.clone(), dictionaries.clone());
        Some(Self { layout, batches, dictionaries, damage: None })
    }

    /// About how much memory it takes.
    pub(crate) fn bytes(&self) -> usize {
        size_of::<Self>()
            + self.layout.bytes()
            + self.batches.len() * size_of::<BatchAt>()
            + self.dictionaries.len() * size_of::<DictionaryAt>()
    }

    pub(crate) fn of_file(store: &Store, limits: &Limits) -> Outcome<Self> {
        let size = store.len();
        let tail = MAGIC.len() as u64 + 4;
        // Magic and padding at the start, length and magic at the end.
        if size < 8 + tail {
            return Err(Fault::damaged(format!("{size} bytes are too few for an Arrow file")));
        }
        if store.read(0, MAGIC.len() as u64)? != MAGIC {
            return Err(Fault::damaged("the file does not begin with \"ARROW1\""));
        }
        let end = store.read(size - tail, tail)?;
        if &end[4..] != MAGIC {
            return Err(Fault::damaged("the file does not end with \"ARROW1\": it was cut off or never finished"));
        }
        let length = i32_at(&end, 0);
        let footer_end = size - tail;
        let length = u64::try_from(length).ok().filter(|length| *length <= footer_end - 8).ok_or_else(|| {
            Fault::damaged(format!("the footer claims {length} bytes; there are {}", footer_end - 8)).at("footer")
        })?;
        if length > limits.metadata_bytes {
            return Err(Fault::limit("footer", length, limits.metadata_bytes));
        }
        let footer_at = footer_end - length;
        let bytes = store.read(footer_at, length)?;
        let footer = root_as_footer(&bytes).map_err(|error| broken(&error).at("footer"))?;
        let schema = footer.schema().ok_or_else(|| Fault::damaged("there is no schema").at("footer"))?;
        let layout = Layout::new(schema, footer.version()).place(|| "schema")?;
        let mut outline = Self { layout, batches: Vec::new(), dictionaries: Vec::new(), damage: None };
        let blocks = footer.dictionaries().into_iter().flatten().chain(footer.recordBatches().into_iter().flatten());
        let places = blocks.filter_map(|block| locate(block, footer_at).ok());
        store.expect(&places.map(|at| at.offset..at.body_offset()).collect::<Vec<_>>());
        // Blocks that overlap could make a small file mean any amount of work.
        let mut total = 0_u64;
        let mut locate = |block: &IpcBlock| {
            let at = locate(block, footer_at)?;
            total += at.length();
            if total > footer_at {
                return Err(Fault::damaged(format!("blocks of {total} bytes overlap in {footer_at} bytes")));
            }
            Ok(at)
        };
        let mut ids = HashSet::new();
        for (i, block) in footer.dictionaries().into_iter().flatten().enumerate() {
            let found = locate(block).and_then(|at| {
                let metadata = metadata(store, at, limits)?;
                let message = message(&metadata, at)?;
                let batch = message.header_as_dictionary_batch().ok_or_else(|| wrong_kind(message, "dictionary"))?;
                let (id, is_delta) = dictionary_of(batch)?;
                if !is_delta && !ids.insert(id) {
                    return Err(Fault::damaged(format!("dictionary {id} comes twice, which a file may not have")));
                }
                outline.dictionaries.push(DictionaryAt { at, id, is_delta });
                Ok(())
            });
            outline.note(found.place(|| format!("dictionary block {i}")));
        }
        let dictionaries = outline.dictionaries.len();
        for (i, block) in footer.recordBatches().into_iter().flatten().enumerate() {
            let at = match locate(block).place(|| format!("record batch {i}")) {
                Ok(at) => at,
                // Without its place nothing of a batch is left to list.
                Err(fault) => {
                    outline.note::<()>(Err(fault));
                    break;
                }
            };
            let rows = batch_rows(store, at, limits).place(|| format!("record batch {i}"));
            let rows = outline.note(rows);
            outline.batches.push(BatchAt { at, rows, dictionaries });
        }
        Ok(outline)
    }

    pub(crate) fn of_stream(store: &Store, limits: &Limits) -> Outcome<Self> {
        let mut at = 0;
        let Some((schema_at, bytes)) = next_message(store, &mut at, limits).place(|| "schema")? else {
            return Err(Fault::damaged("the stream ends before its schema"));
        };
        let message = message(&bytes, schema_at).place(|| "schema")?;
        let schema = message.header_as_schema().ok_or_else(|| wrong_kind(message, "schema"))?;
        let layout = Layout::new(schema, message.version()).place(|| "schema")?;
        let mut outline = Self { layout, batches: Vec::new(), dictionaries: Vec::new(), damage: None };
        let walked = outline.walk(store, at, limits);
        outline.note(walked);
        Ok(outline)
    }

    /// Lists the messages behind the schema.
    fn walk(&mut self, store: &Store, mut at: u64, limits: &Limits) -> Outcome<()> {
        loop {
            let number = self.batches.len();
            let place = || format!("message before record batch {number}");
            let Some((found, bytes)) = next_message(store, &mut at, limits).place(place)? else {
                break;
            };
            let message = message(&bytes, found).place(place)?;
            match message.header_type() {
                MessageHeader::RecordBatch => {
                    let rows = rows_of(message, found, limits).place(|| format!("record batch {number}"))?;
                    let dictionaries = self.dictionaries.len();
                    self.batches.push(BatchAt { at: found, rows: Some(rows), dictionaries });
                }
                MessageHeader::DictionaryBatch => {
                    let batch =
                        message.header_as_dictionary_batch().ok_or_else(|| wrong_kind(message, "dictionary"))?;
                    let (id, is_delta) = dictionary_of(batch).place(place)?;
                    self.dictionaries.push(DictionaryAt { at: found, id, is_delta });
                }
                _ => return Err(wrong_kind(message, "record batch").at(place())),
            }
        }
        // A second stream behind the first would be rows that nobody reads.
        let rest = store.len() - at;
        let padding = store.read(at, rest.min(64))?;
        if rest > 64 || padding.iter().any(|byte| *byte != 0) {
            return Err(Fault::damaged(format!("{rest} bytes follow the end of the stream")).at(format!("byte {at}")));
        }
        Ok(())
    }

    /// Keeps the first damage.
    fn note<T>(&mut self, outcome: Outcome<T>) -> Option<T> {
        match outcome {
            Ok(value) => Some(value),
            Err(fault) => {
                self.damage.get_or_insert(fault);
                None
            }
        }
    }
}

/// The block's place, in front of the footer.
fn locate(block: &IpcBlock, footer_at: u64) -> Outcome<MessageAt> {
    let (offset, metadata, body) = (block.offset(), block.metaDataLength(), block.bodyLength());
    let checked = || {
        let at = MessageAt {
            offset: u64::try_from(offset).ok()?,
            metadata: u64::try_from(metadata).ok()?,
            body: u64::try_from(body).ok()?,
        };
        let end = at.offset.checked_add(at.metadata)?.checked_add(at.body)?;
        (at.offset >= 8 && end <= footer_at).then_some(at)
    };
    checked().ok_or_else(|| {
        Fault::damaged(format!(
            "a block of {metadata} + {body} bytes at offset {offset} does not lie in the {footer_at} bytes before the footer"
        ))
    })
}

/// The metadata of a message without its prefix.
pub(crate) fn metadata(store: &Store, at: MessageAt, limits: &Limits) -> Outcome<Bytes> {
    if at.metadata > limits.metadata_bytes {
        return Err(Fault::limit("metadata", at.metadata, limits.metadata_bytes));
    }
    let bytes = store.read(at.offset, at.metadata)?;
    let prefix = if bytes.starts_with(&CONTINUATION) { 8 } else { 4 };
    if bytes.len() < prefix {
        return Err(Fault::damaged(format!("{} bytes are too few for metadata", bytes.len())));
    }
    let length = i32_at(&bytes, prefix - 4);
    let rest = bytes.slice(prefix..);
    match usize::try_from(length).ok().filter(|length| *length <= rest.len()) {
        Some(length) => Ok(rest.slice(..length)),
        None => Err(Fault::damaged(format!("metadata claims {length} bytes; there are {}", rest.len()))),
    }
}

/// Verifies the metadata and compares the body's length with what the outline says.
pub(crate) fn message(metadata: &[u8], at: MessageAt) -> Outcome<Message<'_>> {
    let message = root_as_message(metadata).map_err(|error| broken(&error))?;
    // Some writers of the footer count the padding, so the header may say less, never more.
    match u64::try_from(message.bodyLength()) {
        Ok(body) if body <= at.body => Ok(message),
        _ => Err(Fault::damaged(format!("the body claims {} bytes; there are {}", message.bodyLength(), at.body))),
    }
}

/// Id, and whether it is an addition. Also a dictionary that nobody reads must have its batch.
fn dictionary_of(batch: DictionaryBatch<'_>) -> Outcome<(i64, bool)> {
    if batch.data().is_none() {
        return Err(Fault::damaged(format!("dictionary {} has no data", batch.id())));
    }
    Ok((batch.id(), batch.isDelta()))
}

fn batch_rows(store: &Store, at: MessageAt, limits: &Limits) -> Outcome<u64> {
    let metadata = metadata(store, at, limits)?;
    rows_of(message(&metadata, at)?, at, limits)
}

fn rows_of(message: Message<'_>, at: MessageAt, limits: &Limits) -> Outcome<u64> {
    let batch = message.header_as_record_batch().ok_or_else(|| wrong_kind(message, "record batch"))?;
    let rows = u64::try_from(batch.length()).map_err(|_| Fault::damaged(format!("{} rows", batch.length())))?;
    let plausible = limits.plausible_rows(at.length());
    if rows > plausible {
        return Err(Fault::limit("rows", rows, plausible));
    }
    Ok(rows)
}

/// The next message of a stream; `at` moves behind its body. `None` at the end, marked or not.
fn next_message(store: &Store, at: &mut u64, limits: &Limits) -> Outcome<Option<(MessageAt, Bytes)>> {
    let left = store.len() - *at;
    // A stream without an end marker is what Hugging Face `datasets` leaves behind.
    if left == 0 {
        return Ok(None);
    }
    let short = |what: &str| Fault::damaged(format!("the stream is cut off {what}")).at(format_args!("byte {at}"));
    let head = store.read(*at, left.min(8))?;
    let prefix = if head.starts_with(&CONTINUATION) { 8 } else { 4 };
    if head.len() < prefix {
        return Err(short("in the length of a message"));
    }
    let length = i32_at(&head, prefix - 4);
    if length == 0 {
        *at += prefix as u64;
        return Ok(None);
    }
    let length = u64::try_from(length)
        .map_err(|_| Fault::damaged(format!("metadata of {length} bytes")).at(format_args!("byte {at}")))?;
    if length > limits.metadata_bytes {
        return Err(Fault::limit("metadata", length, limits.metadata_bytes).at(format_args!("byte {at}")));
    }
    if length + prefix as u64 > left {
        return Err(short("in the metadata of a message"));
    }
    let bytes = store.read(*at + prefix as u64, length)?;
    let message = root_as_message(&bytes).map_err(|error| broken(&error).at(format_args!("byte {at}")))?;
    let metadata = length + prefix as u64;
    let body = u64::try_from(message.bodyLength()).map_err(|_| {
        Fault::damaged(format!("a body of {} bytes", message.bodyLength())).at(format_args!("byte {at}"))
    })?;
    if body > left - metadata {
        return Err(short(&format!("in a body: {body} bytes are claimed, {} are there", left - metadata)));
    }
    let found = MessageAt { offset: *at, metadata, body };
    *at += found.length();
    Ok(Some((found, bytes)))
}

fn wrong_kind(message: Message<'_>, wanted: &str) -> Fault {
    let kind = message.header_type().variant_name().unwrap_or("unknown");
    Fault::damaged(format!("a message of kind {kind} where a {wanted} belongs"))
}

/// The verifier's text runs over several lines with a trace; the first says what is wrong.
fn broken(error: &dyn std::fmt::Display) -> Fault {
    let text = error.to_string();
    Fault::damaged(format!("the metadata is broken: {}", text.lines().next().unwrap_or_default()))
}

/// A little-endian integer at a place that the caller has checked.
fn i32_at(bytes: &[u8], at: usize) -> i32 {
    let mut four = [0; 4];
    four.copy_from_slice(&bytes[at..at + 4]);
    i32::from_le_bytes(four)
}
