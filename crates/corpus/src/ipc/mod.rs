//! Arrow IPC, file and stream.
//!
//! The metadata is read with arrow-ipc's generated tables, after their verifier ran; buffers are cut out of the file
//! here, each range checked. No Arrow array is built: see `column.rs`. Uncompressed text is handed out where it lies
//! in the mapped file.

mod body;
mod column;
mod dictionary;
mod layout;
mod nested;
mod stream;
mod types;
mod validate;
mod walk;

use std::collections::HashMap;
use std::fmt::Write as _;
use std::ops::Range;

use arrow_ipc::root_as_message;
use bytes::Bytes;

use self::body::{Body, Pool};
use self::column::{Cell, Decoded};
use self::dictionary::{Dictionary, Entry, Source};
use self::layout::Column;
use self::nested::{Level, Lists};
pub use self::stream::{StreamMessage, StreamPart, StreamReader};
use self::types::Field;
use self::validate::Checker;
pub(crate) use self::walk::Outline;
use self::walk::{message, metadata};
use crate::batch::{Arena, BadText, Collector, Reason, Row, RowState, TextBatch, check_utf8, check_utf8_rows, is_utf8};
use crate::columns::{Candidate, Columns};
use crate::error::{Fault, Outcome, Place};
use crate::file::Store;
use crate::format::Format;
use crate::inspect::Block;
use crate::join::{Joined, Leaves, Shared};
use crate::options::{Encoding, Limits, ReadOptions, Validate};
use crate::text::decode_gb18030;

/// Reads the outline of a file or stream.
pub(crate) fn outline(store: &Store, format: Format, limits: &Limits) -> Outcome<Outline> {
    if format == Format::ArrowFile { Outline::of_file(store, limits) } else { Outline::of_stream(store, limits) }
}

/// Whether bytes are a message with a schema, as Parquet keeps one: with or without the mark of a message before it.
pub(crate) fn is_schema(bytes: &[u8]) -> bool {
    let bytes = if bytes.starts_with(&[0xFF; 4]) { bytes.get(8..).unwrap_or_default() } else { bytes };
    root_as_message(bytes).is_ok_and(|message| {
        message.header_as_schema().is_some_and(|schema| Field::all(schema, message.version()).is_ok())
    })
}

impl Outline {
    pub(crate) fn candidates(&self) -> Vec<Candidate> {
        self.layout.candidates()
    }

    pub(crate) fn candidate(&self, asked: &str) -> Option<Candidate> {
        self.layout.candidate(asked)
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

/// A column that is read, or a leaf in one, with its dictionary as far as it was needed.
struct Wanted {
    /// The name or path.
    name: String,
    /// Structs and lists from the column down to the last list; none where there is no list.
    lists: Vec<Column>,
    /// Structs from there, or from the column, down to the leaf.
    structs: Vec<Column>,
    leaf: Column,
    dictionary: Dictionary,
}

impl Wanted {
    fn new(outline: &Outline, name: Option<&String>) -> Option<Self> {
        let (found, _) = outline.layout.tree.find(name?)?;
        let (leaf, above) = found.split_last()?;
        let lists = above.iter().rposition(|column| column.kind.is_list()).map_or(0, |last| last + 1);
        let own = |columns: &[&Column]| columns.iter().map(|column| **column).collect();
        let (lists, structs) = above.split_at(lists);
        Some(Self {
            name: name?.clone(),
            lists: own(lists),
            structs: own(structs),
            leaf: **leaf,
            dictionary: Dictionary::default(),
        })
    }

    /// The buffers of a batch, each level compared with the one below. `limit` bounds the items that lists may have.
    fn decode(&self, body: &Body<'_>, pool: &mut Pool, limit: u64) -> Outcome<Read> {
        let leaf = Decoded::new(body, &self.leaf, pool)?;
        let level = |column| Level::new(body, column, pool);
        let mut levels: Vec<Level> = self.lists.iter().chain(&self.structs).map(level).collect::<Outcome<_>>()?;
        let below = levels.iter().skip(1).map(|level| level.rows).chain([leaf.rows]);
        levels.iter().zip(below).try_for_each(|(level, below)| level.check_below(below))?;
        let structs = levels.split_off(self.lists.len());
        let lists = (!levels.is_empty()).then(|| Lists::new(levels, limit));
        Ok(Read { lists, leaf: leaf.in_structs(structs) })
    }
}

/// What is read of a record batch.
struct Read {
    /// The way from rows to leaves; without lists they have the same numbers.
    lists: Option<Lists>,
    leaf: Decoded,
}

/// A record batch that is being handed out.
struct Open {
    rows: usize,
    next: usize,
    first_row: u64,
    text: Option<Read>,
    id: Option<Read>,
    source: Option<Read>,
    /// Text handed out of the bytes that the batch takes in the file, with its dictionary.
    shared: Shared,
}

/// Reads the rows of a range of record batches.
pub(crate) struct IpcReader {
    store: Store,
    outline: Outline,
    blocks: Vec<Block>,
    limits: Limits,
    encoding: Encoding,
    /// Checks what is not read, where that is wanted.
    checker: Option<Checker>,
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
        let wanted = |name: &Option<String>| Wanted::new(&outline, name.as_ref());
        let (text, id, source) = (wanted(&columns.text), wanted(&columns.id), wanted(&columns.source));
        let blocks = outline.blocks();
        Self {
            store,
            outline,
            blocks,
            limits: options.limits,
            encoding: options.encoding,
            checker: (options.validate == Validate::Full).then(Checker::new),
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
        for (name, column) in self.outline.layout.tree.columns() {
            let (length, _) = body.node(column.node).place(|| format!("column \"{name}\""))?;
            if length != rows {
                return Err(
                    Fault::damaged(format!("{length} values for {rows} rows")).at(format_args!("column \"{name}\""))
                );
            }
        }
        if let Some(checker) = &mut self.checker {
            let (store, fields, limits) = (&self.store, &self.outline.fields, &self.limits);
            let all = &self.outline.dictionaries;
            // Behind the last batch may be more, which no batch needs.
            let last = block + 1 == self.outline.batches.len();
            // Of what lies in a column the reader sees what a row refers to, which may not be all that is there.
            let read = [&self.text, &self.id, &self.source].into_iter().flatten();
            let read = read.filter(|wanted| wanted.lists.is_empty() && wanted.structs.is_empty());
            let read: Vec<usize> = read.map(|wanted| wanted.leaf.node).collect();
            checker.dictionaries(store, fields, all, found.dictionaries, limits)?;
            checker.batch(store, fields, found.at, batch, &read, limits)?;
            if last {
                checker.dictionaries(store, fields, all, all.len(), limits)?;
            }
        }
        let source = Source {
            store: &self.store,
            all: &self.outline.dictionaries,
            limits: &self.limits,
            encoding: self.encoding,
        };
        let pool = &mut self.pool;
        let items = self.limits.plausible_rows(found.at.length());
        let mut decode = |wanted: &mut Option<Wanted>| {
            let Some(wanted) = wanted else {
                return Ok(None);
            };
            let read = wanted.decode(&body, pool, items).and_then(|read| {
                if let Some(reference) = wanted.leaf.dictionary {
                    wanted.dictionary.advance(&source, reference.id, reference.values, found.dictionaries)?;
                }
                Ok(read)
            });
            read.map(Some).place(|| format!("column \"{}\"", wanted.name))
        };
        let (text, id, source) = (decode(&mut self.text)?, decode(&mut self.id)?, decode(&mut self.source)?);
        let entries = self.text.as_ref().map_or(0, |text| text.dictionary.entries.len());
        let dictionary_bytes = self.text.as_ref().map_or(0, |text| text.dictionary.data().len());
        // A dictionary that was replaced gives its entries new meanings, never within a batch.
        self.seen.resize(entries, (0, 0));
        let first_row = self.blocks[block].first_row;
        let shared = Shared::of(found.at.length() + dictionary_bytes as u64);
        Ok(Open { rows, next: 0, first_row, text, id, source, shared })
    }

    /// The next rows of the open record batch.
    fn slice(&mut self, max_bytes: usize) -> Outcome<Option<TextBatch>> {
        let Some(open) = &mut self.open else {
            return Ok(None);
        };
        self.batch_number = self.batch_number.wrapping_add(1);
        let mut rows = Collector::new(max_bytes);
        let start = open.next;
        let values = if let (Some(read), Some(wanted)) = (&mut open.text, &self.text) {
            let at = (open.next..open.rows, open.first_row);
            let utf8 = wanted.leaf.value_kind().is_utf8();
            let (rows, limits, leaf) = (&mut rows, &self.limits, &read.leaf);
            if let Some(lists) = &mut read.lists {
                let leaves = Leaves::new(utf8, self.encoding, limits);
                fill_joined(rows, (lists, leaf, wanted), at, &mut self.arena, leaves, &mut open.shared)
            } else if wanted.leaf.dictionary.is_some() {
                fill_keys(rows, leaf, &wanted.dictionary, at, &mut self.seen, self.batch_number, limits)
            } else if self.encoding == Encoding::Gb18030 && !utf8 {
                fill_decoded(rows, leaf, at, &mut self.arena, limits)
            } else if leaf.is_contiguous() {
                fill_offsets(rows, leaf, at, utf8, limits)
            } else {
                fill_views(rows, leaf, at, utf8, limits)
            }
            .place(|| format!("column \"{}\"", wanted.name))?
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
        for (read, wanted, labels) in
            [(&open.id, &self.id, &mut rows.ids), (&open.source, &self.source, &mut rows.sources)]
        {
            let (Some(read), Some(wanted)) = (read, wanted) else {
                continue;
            };
            for row in start..open.next {
                let found = label(&read.leaf, wanted, row, &mut scratch, &self.limits)
                    .place(|| format!("column \"{}\"", wanted.name))?;
                labels.push(found);
            }
        }
        open.shared.add(rows.text_bytes() as u64, &self.limits)?;
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

/// Leaves in lists, joined.
fn fill_joined(
    rows: &mut Collector,
    (lists, leaf, wanted): (&mut Lists, &Decoded, &Wanted),
    (range, first_row): At,
    arena: &mut Arena,
    leaves: Leaves<'_>,
    shared: &mut Shared,
) -> Outcome<Bytes> {
    let bytes = arena.start();
    for row in range {
        if rows.is_full() {
            break;
        }
        let mut text = Joined::new(bytes, leaves, shared);
        lists.leaves(row, leaf, &mut |at| {
            let pushed = if wanted.leaf.dictionary.is_none() {
                let Cell::Bytes { start, len } = leaf.cell(at)? else {
                    return Ok(());
                };
                text.push(&leaf.data_ref()[start..start + len])
            } else {
                match entry(leaf, &wanted.dictionary, at)? {
                    // Decoded when it was loaded.
                    Some((_, Entry::Text { start, len })) => {
                        text.push_decoded(&wanted.dictionary.data()[start..start + len])
                    }
                    Some((_, Entry::Bad(reason))) => {
                        text.refuse(reason);
                        Ok(())
                    }
                    Some((_, Entry::Null)) | None => Ok(()),
                }
            };
            pushed.place(|| format!("row {row} of the batch"))
        })?;
        text.finish(rows, first_row + row as u64);
    }
    check_utf8(bytes, &mut rows.rows, leaves.bad())?;
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
    let (bytes, utf8) = if wanted.leaf.dictionary.is_some() {
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
            Cell::Bytes { start, len } => (&decoded.data_ref()[start..start + len], wanted.leaf.kind.is_utf8()),
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
