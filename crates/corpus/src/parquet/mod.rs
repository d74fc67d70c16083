//! Parquet: strings, bytes and integers, in columns and below them, read from pages without any library between.
//!
//! The parquet crate reserves memory by what page headers, delta streams and schemas claim, and recurses over schemas
//! without bound; on a hostile file that ends the process, which no caller can catch. What a corpus needs of the format
//! is small enough to be read here with every count checked. The crate stays as the writer of the tests.

mod footer;
mod levels;
mod page;
mod thrift;
mod validate;
mod values;

use std::fmt::Write as _;
use std::ops::Range;

use bytes::Bytes;

pub(crate) use self::footer::Footer;
use self::footer::{Column, Kind};
use self::values::{Cell, Values};
use crate::batch::{Arena, BadText, Collector, Labels, Reason, RowState, TextBatch, check_utf8};
use crate::columns::Columns;
use crate::error::{Fault, Outcome, Place};
use crate::file::Store;
use crate::inspect::Block;
use crate::join::{Joined, Leaves, Shared};
use crate::options::{Encoding, Limits, ReadOptions, Validate};
use crate::text::decode_gb18030;

impl Footer {
    /// The row groups as blocks.
    pub(crate) fn blocks(&self) -> Vec<Block> {
        let mut first_row = 0;
        (0..self.groups.len())
            .map(|group| {
                let (offset, length) = self.extent(group);
                let rows = self.groups[group].rows;
                let block = Block { offset, length, rows: Some(rows), first_row };
                first_row += rows;
                block
            })
            .collect()
    }
}

/// A row group that is being handed out.
struct Open {
    left: u64,
    position: u64,
    text: Option<Values>,
    id: Option<Values>,
    source: Option<Values>,
    /// Text handed out of the decompressed bytes.
    shared: Shared,
}

/// Reads the rows of a range of row groups.
pub(crate) struct ParquetReader {
    store: Store,
    footer: Footer,
    blocks: Vec<Block>,
    limits: Limits,
    encoding: Encoding,
    validate: Validate,
    text: Option<Column>,
    id: Option<Column>,
    source: Option<Column>,
    range: Range<usize>,
    open: Option<Open>,
    arena: Arena,
    /// For each entry of the text's dictionary: the batch it was last seen in, and the row there.
    seen: Vec<(u32, u32)>,
    batch_number: u32,
}

impl ParquetReader {
    pub(crate) fn new(
        store: Store,
        footer: Footer,
        range: Range<usize>,
        columns: &Columns,
        options: &ReadOptions,
    ) -> Self {
        let column = |name: &Option<String>| footer.column(name.as_ref()?);
        let (text, id, source) = (column(&columns.text), column(&columns.id), column(&columns.source));
        let blocks = footer.blocks();
        Self {
            store,
            footer,
            blocks,
            limits: options.limits,
            encoding: options.encoding,
            validate: options.validate,
            text,
            id,
            source,
            range,
            open: None,
            arena: Arena::default(),
            seen: Vec::new(),
            batch_number: 0,
        }
    }

    pub(crate) fn next_batch(&mut self, max_bytes: usize) -> Outcome<Option<TextBatch>> {
        loop {
            if self.open.as_ref().is_none_or(|open| open.left == 0) {
                self.close().place(|| format!("row group {}", self.range.start.wrapping_sub(1)))?;
                let Some(group) = self.range.next() else {
                    return Ok(None);
                };
                self.open = Some(self.open_group(group).place(|| format!("row group {group}"))?);
                continue;
            }
            let group = self.range.start - 1;
            return self.slice(max_bytes).place(|| format!("row group {group}"));
        }
    }

    fn open_group(&mut self, group: usize) -> Outcome<Open> {
        let rows = self.footer.groups[group].rows;
        self.expect(group);
        if self.validate == Validate::Full {
            self.check_others(group, rows)?;
        }
        let values = |column: &Option<Column>| {
            let Some(column) = column else {
                return Ok(None);
            };
            let chunk = self.footer.chunk(group, column);
            Values::new(column, &chunk, rows, &self.limits).map(Some).place(|| format!("column \"{}\"", column.name))
        };
        let (text, id, source) = (values(&self.text)?, values(&self.id)?, values(&self.source)?);
        Ok(Open { left: rows, position: self.blocks[group].first_row, text, id, source, shared: Shared::default() })
    }

    /// Checks the columns of a row group that are not read. First, so that no row of a damaged group is looked at.
    fn check_others(&self, group: usize, rows: u64) -> Outcome<()> {
        let read = [&self.text, &self.id, &self.source].map(|column| column.as_ref().map(|column| column.leaf));
        let mut items = validate::Items::new();
        for (number, (leaf, chunk)) in self.footer.leaves.iter().zip(&self.footer.groups[group].chunks).enumerate() {
            // The reader of a list does not compare it with the other leaves of the list.
            if leaf.repetition > 0 || !read.contains(&Some(number)) {
                validate::check(&self.store, leaf, chunk, rows, &mut items, &self.limits)?;
            }
        }
        Ok(())
    }

    /// The columns of a row group that are read or checked, then those of the next one: it can come while this one is
    /// worked on.
    fn expect(&self, group: usize) {
        let groups = group..(group + 2).min(self.range.end.max(group + 1));
        if self.validate == Validate::Full {
            let chunks = groups.flat_map(|group| &self.footer.groups[group].chunks);
            self.store.expect(&chunks.map(|chunk| chunk.offset..chunk.offset + chunk.length).collect::<Vec<_>>());
            return;
        }
        let columns = [&self.text, &self.id, &self.source];
        let chunks = groups.flat_map(|group| {
            columns.into_iter().flatten().map(move |column| {
                let chunk = self.footer.chunk(group, column);
                chunk.offset..chunk.offset + chunk.length
            })
        });
        self.store.expect(&chunks.collect::<Vec<_>>());
    }

    /// Looks whether the columns of a row group that was read end with its last row.
    fn close(&mut self) -> Outcome<()> {
        let Some(mut open) = self.open.take() else {
            return Ok(());
        };
        for (values, column) in
            [(&mut open.text, &self.text), (&mut open.id, &self.id), (&mut open.source, &self.source)]
        {
            if let (Some(values), Some(column)) = (values, column) {
                values.finish(&self.store, &self.limits).place(|| format!("column \"{}\"", column.name))?;
            }
        }
        Ok(())
    }

    fn slice(&mut self, max_bytes: usize) -> Outcome<Option<TextBatch>> {
        let Some(open) = &mut self.open else {
            return Ok(None);
        };
        self.batch_number = self.batch_number.wrapping_add(1);
        let mut rows = Collector::new(max_bytes);
        let arena = self.arena.start();
        let mut scratch = String::new();
        let utf8 = self.text.as_ref().is_some_and(|column| column.kind == Kind::Bytes { utf8: true });
        let leaves = Leaves::new(utf8, self.encoding, &self.limits);
        let label_limits = Limits { buffer_bytes: self.limits.buffer_bytes / 4, ..self.limits };
        while open.left > 0 && !rows.is_full() {
            let position = open.position;
            match (&mut open.text, &self.text) {
                (Some(values), Some(column)) if column.repetition > 0 => {
                    open.shared.stored = values.expanded();
                    let text = Joined::new(arena, leaves, &mut open.shared);
                    push_joined(&mut rows, text, values, &self.store, &self.limits, position)
                        .place(|| format!("column \"{}\"", column.name))?;
                }
                (Some(values), Some(column)) => {
                    let cell =
                        values.next(&self.store, &self.limits).place(|| format!("column \"{}\"", column.name))?;
                    if let Cell::Entry(key) = cell {
                        // The dictionary may only come with the first page.
                        if self.seen.len() < values.entries() {
                            self.seen.resize(values.entries(), (0, 0));
                        }
                        if self.seen[key].0 == self.batch_number {
                            rows.push_same(self.seen[key].1, position);
                        } else {
                            self.seen[key] = (self.batch_number, rows.rows.len() as u32);
                            push(&mut rows, values.bytes(cell), position, column, self.encoding, &self.limits, arena)?;
                        }
                    } else if cell == Cell::Null {
                        rows.push_state(RowState::Empty, position);
                    } else {
                        push(&mut rows, values.bytes(cell), position, column, self.encoding, &self.limits, arena)?;
                    }
                }
                _ => rows.push_state(RowState::NotAssessed(Reason::MissingText), position),
            }
            for (values, column, labels) in
                [(&mut open.id, &self.id, &mut rows.ids), (&mut open.source, &self.source, &mut rows.sources)]
            {
                if let (Some(values), Some(column)) = (values, column) {
                    let cell = values.next(&self.store, &label_limits);
                    cell.and_then(|cell| push_label(labels, values, cell, column, &mut scratch, &self.limits))
                        .place(|| format!("column \"{}\"", column.name))?;
                }
            }
            open.left -= 1;
            open.position += 1;
        }
        let decoded = self.encoding == Encoding::Gb18030;
        if utf8 || !decoded {
            check_utf8(self.arena.bytes(), &mut rows.rows, BadText::of(utf8))?;
        }
        open.shared.stored = open.text.as_ref().map_or(0, Values::expanded);
        open.shared.add(rows.text_bytes() as u64, &self.limits)?;
        let values: Bytes = self.arena.lend();
        Ok(rows.into_batch(values))
    }
}

/// Copies a text behind the others.
fn push(
    rows: &mut Collector,
    bytes: &[u8],
    position: u64,
    column: &Column,
    encoding: Encoding,
    limits: &Limits,
    arena: &mut bytes::BytesMut,
) -> Outcome<()> {
    let decodes = encoding == Encoding::Gb18030 && column.kind == Kind::Bytes { utf8: false };
    let limit = limits.record_bytes.min(u64::from(u32::MAX));
    // No GB 18030 text shrinks below half when it becomes UTF-8, so twice the limit is too long before decoding it.
    if bytes.len() as u64 > if decodes { limit.saturating_mul(2) } else { limit } {
        // It does not come to the check of the batch.
        if column.kind == (Kind::Bytes { utf8: true }) && simdutf8::basic::from_utf8(bytes).is_err() {
            return Err(Fault::damaged("a string is not valid UTF-8").at(format_args!("row {position}")));
        }
        rows.push_state(RowState::NotAssessed(Reason::TooLong), position);
        return Ok(());
    }
    let utf8 = if decodes { decode_gb18030(bytes) } else { Some(bytes.into()) };
    match utf8 {
        None => rows.push_state(RowState::NotAssessed(Reason::InvalidUtf8), position),
        Some(text) if text.is_empty() => rows.push_state(RowState::Empty, position),
        Some(text) if text.len() as u64 > limit => {
            rows.push_state(RowState::NotAssessed(Reason::TooLong), position);
        }
        Some(text) => {
            rows.push_text(arena.len(), text.len() as u32, position);
            arena.extend_from_slice(&text);
        }
    }
    Ok(())
}

/// Joins the leaves of the next row.
fn push_joined(
    rows: &mut Collector,
    mut text: Joined<'_>,
    values: &mut Values,
    store: &Store,
    limits: &Limits,
    position: u64,
) -> Outcome<()> {
    let mut cell = values.first(store, limits)?;
    loop {
        if cell != Cell::Null {
            text.push(values.bytes(cell)).place(|| format!("row {position}"))?;
        }
        match values.more(store, limits)? {
            Some(next) => cell = next,
            None => break,
        }
    }
    text.finish(rows, position);
    Ok(())
}

fn push_label(
    labels: &mut Labels,
    values: &Values,
    cell: Cell,
    column: &Column,
    scratch: &mut String,
    limits: &Limits,
) -> Outcome<()> {
    match cell {
        Cell::Null => labels.push(None),
        Cell::Int(number) => {
            scratch.clear();
            // Writing to a string can't fail.
            let _ = write!(scratch, "{number}");
            labels.push(Some(scratch));
        }
        _ => match simdutf8::basic::from_utf8(values.bytes(cell)) {
            Ok(text) => labels.push(Some(text).filter(|text| text.len() as u64 <= limits.label_bytes)),
            Err(_) if column.kind == Kind::Bytes { utf8: true } => {
                return Err(Fault::damaged("a string is not valid UTF-8"));
            }
            Err(_) => labels.push(None),
        },
    }
    Ok(())
}
