//! Arrow IPC, file and stream.
//!
//! The metadata is read with arrow-ipc's generated tables, after their verifier ran; buffers are cut out of the file
//! here, each range checked. No Arrow array is built: see `column.rs`. Uncompressed text is handed out where it lies
//! in the mapped file.

mod body;
mod column;
mod dictionary;
mod known;
mod layout;
mod walk;

use std::collections::HashMap;
use std::fmt::Write as _;
use std::ops::Range;

use bytes::Bytes;

use self::body::{Body, Pool};
use self::column::{Cell, Decoded};
use self::dictionary::{Dictionary, Entry, Source};
use self::layout::Column;
pub(crate) use self::walk::Outline;
use self::walk::{message, metadata};
use crate::batch::{Arena, BadText, Collector, Reason, Row, RowState, TextBatch, check_utf8_rows, is_utf8};
use crate::columns::{Candidate, Columns};
use crate::error::{Fault, Outcome, Place};
use crate::file::Store;
use crate::format::Format;
use crate::inspect::Block;
use crate::options::{Encoding, Limits, ReadOptions};
use crate::text::decode_gb18030;

/// Reads the outline of a file or stream.
pub(crate) fn outline(store: &Store, format: Format, limits: &Limits) -> Outcome<Outline> {
    let read = || {
        if format == Format::ArrowFile { Outline::of_file(store, limits) } else { Outline::of_stream(store, limits) }
    };
    known::outline_of(store, limits, read)
}

impl Outline {
    pub(crate) fn candidates(&self) -> Vec<Candidate> {
        self.layout.candidates()
    }

    /// The record batches as blocks. Behind one whose rows are unknown, row numbers mean nothing; the file is damaged.
    pub(crate) fn blocks(&self) -> Vec<Block> {
        let mut first_row = 0_u64;
        self.batches
            .iter()
            .map(|batch| {
                let block = Block { offset: batch.at.offset, length: batch.at.length(), rows: batch.rows, first_row };
                first_row = first_row.saturating_add(batch.rows.unwrap_or(0));
                block
            })
            .collect()
    }
}

/// A column that is read, with its dictionary as far as it was needed.
struct Wanted {
    column: Column,
    dictionary: Dictionary,
}

/// A record batch that is being handed out.
struct Open {
    rows: usize,
    next: usize,
    first_row: u64,
    text: Option<Decoded>,
    id: Option<Decoded>,
    source: Option<Decoded>,
    /// Bytes that the batch takes in the file, with its dictionary, and bytes of text handed out of it.
    stored: u64,
    handed_out: u64,
}

/// Reads the rows of a range of record batches.
pub(crate) struct IpcReader {
    store: Store,
    outline: Outline,
    blocks: Vec<Block>,
    limits: Limits,
    encoding: Encoding,
    text: Option<Wanted>,
    id: Option<Wanted>,
    source: Option<Wanted>,
    range: Range<usize>,
    open: Option<Open>,
    pool: Pool,
    arena: Arena,
    /// For each entry of the text dictionary: the batch it was last seen in, and the row there.
    seen: Vec<(u32, u32)>,
    batch_number: u32,
}

impl IpcReader {
    pub(crate) fn new(
        store: Store,
        outline: Outline,
        range: Range<usize>,
        columns: &Columns,
        options: &ReadOptions,
    ) -> Self {
        let wanted = |name: &Option<String>| {
            let column = outline.layout.column(name.as_ref()?)?.clone();
            Some(Wanted { column, dictionary: Dictionary::default() })
        };
        let (text, id, source) = (wanted(&columns.text), wanted(&columns.id), wanted(&columns.source));
        let blocks = outline.blocks();
        Self {
            store,
            outline,
            blocks,
            limits: options.limits,
            encoding: options.encoding,
            text,
            id,
            source,
            range,
            open: None,
            pool: Pool::default(),
            arena: Arena::default(),
            seen: Vec::new(),
            batch_number: 0,
        }
    }

    pub(crate) fn next_batch(&mut self, max_bytes: usize) -> Outcome<Option<TextBatch>> {
        loop {
            if self.open.as_ref().is_none_or(|open| open.next >= open.rows) {
                // Dropped first, so that its buffers can be used again.
                self.open = None;
                let Some(block) = self.range.next() else {
                    return Ok(None);
                };
                self.open = Some(self.open_block(block).place(|| format!("record batch {block}"))?);
                continue;
            }
            let block = self.range.start - 1;
            return self.slice(max_bytes).place(|| format!("record batch {block}"));
        }
    }

    /// Decodes the wanted columns of a record batch, as far as that does not touch their text.
    fn open_block(&mut self, block: usize) -> Outcome<Open> {
        self.pool.reclaim();
        let found = self.outline.batches[block];
        // The next one can come while this one is worked on.
        let next = self.range.clone().next().and_then(|next| self.outline.batches.get(next));
        let ahead = [Some(&found), next].into_iter().flatten();
        self.store.expect(&ahead.map(|batch| batch.at.range()).collect::<Vec<_>>());
        let metadata = metadata(&self.store, found.at, &self.limits)?;
        let message = message(&metadata, found.at)?;
        let batch = message.header_as_record_batch().ok_or_else(|| Fault::damaged("the message is no record batch"))?;
        let rows = found.rows.ok_or_else(|| Fault::damaged("the number of rows is unknown"))? as usize;
        let body = Body::new(&self.store, found.at, batch, &self.outline.layout, &self.limits)?;
        // Columns that are not read must at least have the right length.
        for column in &self.outline.layout.columns {
            let (length, _) = body.node(column.node).place(|| format!("column \"{}\"", column.name))?;
            if length != rows {
                return Err(Fault::damaged(format!("{length} values for {rows} rows"))
                    .at(format_args!("column \"{}\"", column.name)));
            }
        }
        let source = Source {
            store: &self.store,
            all: &self.outline.dictionaries,
            limits: &self.limits,
            encoding: self.encoding,
        };
        let pool = &mut self.pool;
        let mut decode = |wanted: &mut Option<Wanted>| {
            let Some(wanted) = wanted else {
                return Ok(None);
            };
            let Wanted { column, dictionary } = wanted;
            let decoded = Decoded::new(&body, column, pool).and_then(|decoded| {
                if let Some(reference) = column.dictionary {
                    dictionary.advance(&source, reference.id, reference.values, found.dictionaries)?;
                }
                Ok(decoded)
            });
            decoded.map(Some).place(|| format!("column \"{}\"", column.name))
        };
        let (text, id, source) = (decode(&mut self.text)?, decode(&mut self.id)?, decode(&mut self.source)?);
        let entries = self.text.as_ref().map_or(0, |text| text.dictionary.entries.len());
        let dictionary_bytes = self.text.as_ref().map_or(0, |text| text.dictionary.data().len());
        // A dictionary that was replaced gives its entries new meanings, never within a batch.
        self.seen.resize(entries, (0, 0));
        let first_row = self.blocks[block].first_row;
        let stored = found.at.length() + dictionary_bytes as u64;
        Ok(Open { rows, next: 0, first_row, text, id, source, stored, handed_out: 0 })
    }

    /// The next rows of the open record batch.
    fn slice(&mut self, max_bytes: usize) -> Outcome<Option<TextBatch>> {
        let Some(open) = &mut self.open else {
            return Ok(None);
        };
        self.batch_number = self.batch_number.wrapping_add(1);
        let mut rows = Collector::new(max_bytes);
        let start = open.next;
        let values = if let (Some(decoded), Some(wanted)) = (&open.text, &self.text) {
            let at = (open.next..open.rows, open.first_row);
            let utf8 = wanted.column.value_kind().is_utf8();
            let (rows, limits) = (&mut rows, &self.limits);
            if wanted.column.dictionary.is_some() {
                fill_keys(rows, decoded, &wanted.dictionary, at, &mut self.seen, self.batch_number, limits)
            } else if self.encoding == Encoding::Gb18030 && !utf8 {
                fill_decoded(rows, decoded, at, &mut self.arena, limits)
            } else if decoded.is_contiguous() {
                fill_offsets(rows, decoded, at, utf8, limits)
            } else {
                fill_views(rows, decoded, at, utf8, limits)
            }
            .place(|| format!("column \"{}\"", wanted.column.name))?
        } else {
            for row in open.next..open.rows {
                if rows.is_full() {
                    break;
                }
                rows.push_state(RowState::NotAssessed(Reason::MissingText), open.first_row + row as u64);
            }
            Bytes::new()
        };
        open.next = start + rows.rows.len();
        let mut scratch = String::new();
        for (decoded, wanted, labels) in
            [(&open.id, &self.id, &mut rows.ids), (&open.source, &self.source, &mut rows.sources)]
        {
            let (Some(decoded), Some(wanted)) = (decoded, wanted) else {
                continue;
            };
            for row in start..open.next {
                let found = label(decoded, wanted, row, &mut scratch, &self.limits)
                    .place(|| format!("column \"{}\"", wanted.column.name))?;
                labels.push(found);
            }
        }
        open.handed_out += rows.text_bytes() as u64;
        if !self.limits.allows_expansion(open.stored, open.handed_out) {
            let allowed = open.stored.saturating_mul(self.limits.expansion);
            return Err(Fault::limit("text that shares bytes", open.handed_out, allowed));
        }
        Ok(rows.into_batch(values))
    }
}

/// Rows still to be read of a record batch, and the number of its first row in the file.
type At = (Range<usize>, u64);

fn state_of_length(len: usize, limits: &Limits) -> Option<RowState> {
    if len == 0 {
        return Some(RowState::Empty);
    }
    let limit = limits.record_bytes.min(u64::from(u32::MAX));
    (len as u64 > limit).then_some(RowState::NotAssessed(Reason::TooLong))
}

/// Strings one behind the other: the batch is a slice of the file.
fn fill_offsets(
    rows: &mut Collector,
    column: &Decoded,
    (range, first_row): At,
    utf8: bool,
    limits: &Limits,
) -> Outcome<Bytes> {
    let begin = range.start;
    let base = column.span_of(begin..begin + 1)?.start;
    for row in range {
        if rows.is_full() {
            break;
        }
        let position = first_row + row as u64;
        match column.cell(row)? {
            Cell::Bytes { start, len } => match state_of_length(len, limits) {
                Some(state) => rows.push_state(state, position),
                None => rows.push_text(start - base, len as u32, position),
            },
            _ => rows.push_state(RowState::Empty, position),
        }
    }
    let values = column.data().slice(column.span_of(begin..begin + rows.rows.len())?);
    if is_utf8(&values, &rows.rows) {
        return Ok(values);
    }
    // The bytes of null rows may be anything; those of strings that are too long may not.
    for (i, row) in rows.rows.iter_mut().enumerate() {
        let Cell::Bytes { start, len } = column.cell(begin + i)? else {
            continue;
        };
        if simdutf8::basic::from_utf8(&column.data_ref()[start..start + len]).is_ok() {
            continue;
        }
        if utf8 {
            return Err(not_utf8(begin + i));
        }
        if row.state == RowState::Text {
            *row = Row::without_text(RowState::NotAssessed(Reason::InvalidUtf8), row.position);
        }
    }
    Ok(values)
}

fn not_utf8(row: usize) -> Fault {
    Fault::damaged("a string is not valid UTF-8").at(format_args!("row {row} of the batch"))
}

/// Strings anywhere in their buffers, perhaps the same for many rows.
fn fill_views(
    rows: &mut Collector,
    column: &Decoded,
    (range, first_row): At,
    utf8: bool,
    limits: &Limits,
) -> Outcome<Bytes> {
    // Writers put one string behind the other. As long as that holds no two rows can be the same, and no map is needed.
    let mut highest = 0;
    let mut known: Option<HashMap<(usize, usize), u32>> = None;
    for row in range {
        if rows.is_full() {
            break;
        }
        let position = first_row + row as u64;
        let Cell::Bytes { start, len } = column.cell(row)? else {
            rows.push_state(RowState::Empty, position);
            continue;
        };
        if let Some(state) = state_of_length(len, limits) {
            rows.push_state(state, position);
            continue;
        }
        // Short strings lie in the view itself.
        if len > 12 {
            if start < highest && known.is_none() {
                let earlier = rows.rows.iter().enumerate().filter(|(_, row)| row.state == RowState::Text);
                known = Some(earlier.map(|(i, row)| ((row.start, row.len as usize), i as u32)).collect());
            }
            highest = highest.max(start + len);
            if let Some(known) = &mut known {
                let number = rows.rows.len() as u32;
                let first = *known.entry((start, len)).or_insert(number);
                if first != number {
                    rows.push_same(first, position);
                    continue;
                }
            }
        }
        rows.push_text(start, len as u32, position);
    }
    let values = column.data();
    check_utf8_rows(&values, &mut rows.rows, BadText::of(utf8))?;
    Ok(values)
}

/// Keys into a dictionary, whose entries were checked when it was loaded.
fn fill_keys(
    rows: &mut Collector,
    column: &Decoded,
    dictionary: &Dictionary,
    (range, first_row): At,
    seen: &mut [(u32, u32)],
    stamp: u32,
    limits: &Limits,
) -> Outcome<Bytes> {
    for row in range {
        if rows.is_full() {
            break;
        }
        let position = first_row + row as u64;
        let Some((key, entry)) = entry(column, dictionary, row)? else {
            rows.push_state(RowState::Empty, position);
            continue;
        };
        match entry {
            Entry::Null => rows.push_state(RowState::Empty, position),
            Entry::Bad(reason) => rows.push_state(RowState::NotAssessed(reason), position),
            Entry::Text { start, len } => match state_of_length(len, limits) {
                Some(state) => rows.push_state(state, position),
                None if seen[key].0 == stamp => rows.push_same(seen[key].1, position),
                None => {
                    seen[key] = (stamp, rows.rows.len() as u32);
                    rows.push_text(start, len as u32, position);
                }
            },
        }
    }
    Ok(dictionary.data().clone())
}

/// The dictionary's entry for a row, `None` for a null key.
fn entry(column: &Decoded, dictionary: &Dictionary, row: usize) -> Outcome<Option<(usize, Entry)>> {
    let Cell::Int(key) = column.cell(row)? else {
        return Ok(None);
    };
    let found = usize::try_from(key).ok().and_then(|key| Some((key, *dictionary.entries.get(key)?)));
    found.map(Some).ok_or_else(|| {
        Fault::damaged(format!("key {key} in a dictionary of {} entries", dictionary.entries.len()))
            .at(format_args!("row {row} of the batch"))
    })
}

/// Bytes in another encoding.
fn fill_decoded(
    rows: &mut Collector,
    column: &Decoded,
    (range, first_row): At,
    arena: &mut Arena,
    limits: &Limits,
) -> Outcome<Bytes> {
    let bytes = arena.start();
    for row in range {
        if rows.is_full() {
            break;
        }
        let position = first_row + row as u64;
        let Cell::Bytes { start, len } = column.cell(row)? else {
            rows.push_state(RowState::Empty, position);
            continue;
        };
        if let Some(state) = state_of_length(len, limits) {
            rows.push_state(state, position);
            continue;
        }
        let Some(text) = decode_gb18030(&column.data_ref()[start..start + len]) else {
            rows.push_state(RowState::NotAssessed(Reason::InvalidUtf8), position);
            continue;
        };
        if let Some(state) = state_of_length(text.len(), limits) {
            rows.push_state(state, position);
            continue;
        }
        rows.push_text(bytes.len(), text.len() as u32, position);
        bytes.extend_from_slice(&text);
    }
    Ok(arena.lend())
}

/// The id or source of a row.
fn label<'a>(
    decoded: &'a Decoded,
    wanted: &'a Wanted,
    row: usize,
    scratch: &'a mut String,
    limits: &Limits,
) -> Outcome<Option<&'a str>> {
    let (bytes, utf8) = if wanted.column.dictionary.is_some() {
        let Some((_, Entry::Text { start, len })) = entry(decoded, &wanted.dictionary, row)? else {
            return Ok(None);
        };
        (&wanted.dictionary.data()[start..start + len], true)
    } else {
        match decoded.cell(row)? {
            Cell::Null => return Ok(None),
            Cell::Int(number) => {
                scratch.clear();
                // Writing to a string can't fail.
                let _ = write!(scratch, "{number}");
                return Ok(Some(scratch));
            }
            Cell::Bytes { start, len } => {
                (&decoded.data_ref()[start..start + len], matches!(wanted.column.kind, kind if kind.is_utf8()))
            }
        }
    };
    if bytes.len() as u64 > limits.label_bytes && !utf8 {
        return Ok(None);
    }
    match simdutf8::basic::from_utf8(bytes) {
        Ok(text) => Ok((text.len() as u64 <= limits.label_bytes).then_some(text)),
        Err(_) if utf8 => Err(not_utf8(row)),
        Err(_) => Ok(None),
    }
}
