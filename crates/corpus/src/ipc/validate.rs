//! Checks of the columns that are not read: of every record batch and dictionary, each value that could be wrong.
//!
//! Buffers whose bytes can mean anything (numbers, bytes) are only measured; of a compressed one that means decompressing
//! it, piece by piece. The others are held one column at a time.

use std::collections::HashMap;

use arrow_ipc::RecordBatch;
use bytes::Bytes;

use super::body::{Body, Pool};
use super::layout::Layout;
use super::types::{Field, Rule, Shape, Totals};
use super::walk::{DictionaryAt, MessageAt, message, metadata};
use crate::error::{Fault, Outcome, Place};
use crate::file::Store;
use crate::options::Limits;
use crate::path::Tree;

/// Checks a file's messages in their order.
pub(crate) struct Checker {
    /// Entries of each dictionary after the messages that were passed.
    dictionaries: HashMap<i64, usize>,
    passed: usize,
    pool: Pool,
}

impl Checker {
    pub(crate) fn new() -> Self {
        Self { dictionaries: HashMap::new(), passed: 0, pool: Pool::default() }
    }

    /// Checks the dictionary messages up to the first `seen`, as far as that was not done.
    pub(crate) fn dictionaries(
        &mut self,
        store: &Store,
        fields: &[Field],
        all: &[DictionaryAt],
        seen: usize,
        limits: &Limits,
    ) -> Outcome<()> {
        while self.passed < seen {
            let found = all[self.passed];
            self.passed += 1;
            self.dictionary(store, fields, found, limits).place(|| format!("dictionary {}", found.id))?;
        }
        Ok(())
    }

    fn dictionary(&mut self, store: &Store, fields: &[Field], found: DictionaryAt, limits: &Limits) -> Outcome<()> {
        let mut users = Vec::new();
        for field in fields {
            users_of(field, found.id, &mut users);
        }
        let Some((values, others)) = users.split_first() else {
            return Err(Fault::damaged("no column of the schema has it"));
        };
        if others.iter().any(|other| !other.is_like(values)) {
            return Err(Fault::damaged("its columns are of different types"));
        }
        let known = match (found.is_delta, self.dictionaries.get(&found.id)) {
            (false, _) => 0,
            (true, Some(entries)) => *entries,
            (true, None) => return Err(Fault::damaged("an addition to a dictionary that is missing")),
        };
        let metadata = metadata(store, found.at, limits)?;
        let message = message(&metadata, found.at)?;
        let batch = message.header_as_dictionary_batch().and_then(|dictionary| dictionary.data());
        let batch = batch.ok_or_else(|| Fault::damaged("a dictionary message without data"))?;
        let rows = usize::try_from(batch.length()).map_err(|_| Fault::damaged(format!("{} rows", batch.length())))?;
        let values: &[&Field] = &[values];
        self.columns(store, values, found.at, batch, rows, &[], limits)?;
        let entries = known.checked_add(rows).ok_or_else(|| Fault::damaged("too many entries"))?;
        self.dictionaries.insert(found.id, entries);
        Ok(())
    }

    /// Checks a record batch but for the values of the columns at the nodes `read`, which the reader checks itself.
    pub(crate) fn batch(
        &mut self,
        store: &Store,
        fields: &[Field],
        at: MessageAt,
        batch: RecordBatch<'_>,
        read: &[usize],
        limits: &Limits,
    ) -> Outcome<()> {
        let rows = usize::try_from(batch.length()).map_err(|_| Fault::damaged(format!("{} rows", batch.length())))?;
        let fields: Vec<&Field> = fields.iter().collect();
        self.columns(store, &fields, at, batch, rows, read, limits)
    }

    #[expect(clippy::too_many_arguments, reason = "a batch is all of these")]
    fn columns(
        &mut self,
        store: &Store,
        fields: &[&Field],
        at: MessageAt,
        batch: RecordBatch<'_>,
        rows: usize,
        read: &[usize],
        limits: &Limits,
    ) -> Outcome<()> {
        let mut totals = Totals::default();
        for field in fields {
            field.count(&mut totals);
        }
        let Totals { nodes, buffers, views } = totals;
        let layout = Layout { tree: Tree::default(), nodes, buffers, views };
        let body = Body::new(store, at, batch, &layout, limits)?;
        let mut walk =
            Walk { body: &body, dictionaries: &self.dictionaries, pool: &mut self.pool, read, next: Totals::default() };
        for field in fields {
            walk.pool.reclaim();
            let column = walk.column(field).place(|| field.place())?;
            if column.rows != rows {
                return Err(Fault::damaged(format!("{} values for {rows} rows", column.rows)).at(field.place()));
            }
            if !field.nullable && column.nulls > 0 {
                return Err(no_nulls(column.nulls).at(field.place()));
            }
        }
        walk.pool.reclaim();
        Ok(())
    }
}

/// The fields of the values of a dictionary, those within dictionaries included.
fn users_of<'a>(field: &'a Field, id: i64, users: &mut Vec<&'a Field>) {
    if matches!(field.shape, Shape::Keys { id: found, .. } if found == id) {
        users.extend(&field.children);
    }
    for child in &field.children {
        users_of(child, id, users);
    }
}

fn no_nulls(nulls: usize) -> Fault {
    Fault::damaged(format!("{nulls} nulls in a column that may have none"))
}

/// What is known of a column once it is checked.
struct Checked {
    rows: usize,
    nulls: usize,
    validity: Validity,
}

/// Which rows are there; all where there are no bits.
struct Validity(Option<Bytes>);

impl Validity {
    fn has(&self, row: usize) -> bool {
        self.0.as_ref().is_none_or(|bits| bits[row / 8] >> (row % 8) & 1 == 1)
    }
}

/// Goes through the nodes and buffers of a batch.
struct Walk<'a> {
    body: &'a Body<'a>,
    dictionaries: &'a HashMap<i64, usize>,
    pool: &'a mut Pool,
    read: &'a [usize],
    /// The node, buffer (those of views not counted) and view column that come next.
    next: Totals,
}

impl Walk<'_> {
    fn column(&mut self, field: &Field) -> Outcome<Checked> {
        let node = self.next.nodes;
        let mut own = Totals::default();
        // Only of the field itself.
        Field { name: String::new(), nullable: true, shape: field.shape, children: Vec::new() }.count(&mut own);
        let (first, variadic) = self.body.first_buffer(self.next.buffers, self.next.views);
        self.next.nodes += own.nodes;
        self.next.buffers += own.buffers;
        self.next.views += own.views;
        let (rows, nulls) = self.body.node(node)?;
        let has_validity = match field.shape {
            Shape::Null | Shape::RunEnds => false,
            Shape::Union { has_validity, .. } => has_validity,
            _ => true,
        };
        let validity = Validity(match nulls {
            _ if !has_validity => None,
            0 => {
                self.body.measure(first)?;
                None
            }
            _ => Some(super::column::validity(self.body.buffer(first, self.pool)?, rows, nulls)?),
        });
        let column = Checked { rows, nulls, validity };
        let at = first + usize::from(has_validity);
        if self.read.contains(&node) {
            return Ok(column);
        }
        self.values(field, &column, at, variadic)?;
        Ok(column)
    }

    fn values(&mut self, field: &Field, column: &Checked, at: usize, variadic: usize) -> Outcome<()> {
        let &Checked { rows, nulls, .. } = column;
        match field.shape {
            Shape::Null if nulls != rows => Err(Fault::damaged(format!("{nulls} of {rows} rows are null"))),
            Shape::Null => Ok(()),
            Shape::Bool => self.measured(at, Some(rows.div_ceil(8)), 1).map(drop),
            Shape::Fixed { bytes, rule } => self.fixed(column, at, bytes, rule),
            Shape::Bytes { utf8, wide } => self.strings(column, at, utf8, wide),
            Shape::Views { utf8 } => self.views(column, at, variadic, utf8),
            Shape::Keys { id, bytes, signed } => self.keys(column, at, id, bytes, signed),
            Shape::List { wide } => {
                let last = self.offsets(rows, at, wide)?;
                let items = self.child(&field.children[0])?;
                within(last, items.rows)?;
                forbid_nulls(&field.children[0], &items)
            }
            Shape::Map => {
                let last = self.offsets(rows, at, false)?;
                let items = self.child(&field.children[0])?;
                within(last, items.rows)?;
                if items.nulls > 0 { Err(no_nulls(items.nulls)) } else { Ok(()) }
            }
            Shape::ListView { wide } => self.list_views(field, rows, at, wide),
            Shape::FixedList { items } => {
                let child = self.child(&field.children[0])?;
                if rows.checked_mul(items).is_none_or(|needed| needed > child.rows) {
                    let detail = format!("{} items are too few for {rows} lists of {items}", child.rows);
                    return Err(Fault::damaged(detail));
                }
                if field.children[0].nullable || child.nulls == 0 {
                    return Ok(());
                }
                let hidden = |item: usize| items > 0 && item / items < rows && !column.validity.has(item / items);
                forbid_seen_nulls(&child, hidden)
            }
            Shape::Struct => {
                for part in &field.children {
                    let child = self.child(part)?;
                    if child.rows != rows {
                        return Err(Fault::damaged(format!("{} values for {rows} rows", child.rows)).at(part.place()));
                    }
                    if !part.nullable {
                        forbid_seen_nulls(&child, |row| !column.validity.has(row)).place(|| part.place())?;
                    }
                }
                Ok(())
            }
            Shape::RunEnds => self.run_ends(field, rows, nulls),
            Shape::Union { .. } => self.union(field, column, at),
        }
    }

    fn child(&mut self, field: &Field) -> Outcome<Checked> {
        self.column(field).place(|| field.place())
    }

    /// A buffer that must have room for `units` of `size` bytes, and need not be looked at.
    fn measured(&mut self, index: usize, units: Option<usize>, size: usize) -> Outcome<u64> {
        let length = self.body.measure(index)?;
        let needed = units.and_then(|units| units.checked_mul(size));
        if needed.is_none_or(|needed| needed as u64 > length) {
            return Err(too_few(length));
        }
        Ok(length)
    }

    /// The same with its bytes.
    fn buffer(&mut self, index: usize, units: Option<usize>, size: usize) -> Outcome<Bytes> {
        let bytes = self.body.buffer(index, self.pool)?;
        match units.and_then(|units| units.checked_mul(size)) {
            Some(needed) if needed <= bytes.len() => Ok(bytes.slice(..needed)),
            _ => Err(too_few(bytes.len() as u64)),
        }
    }

    fn fixed(&mut self, column: &Checked, at: usize, bytes: usize, rule: Rule) -> Outcome<()> {
        if rule == Rule::Any {
            return self.measured(at, Some(column.rows), bytes).map(drop);
        }
        let values = self.buffer(at, Some(column.rows), bytes)?;
        for (row, value) in values.chunks_exact(bytes).enumerate() {
            let keeps = match rule {
                Rule::Any => true,
                Rule::Below(end) => (0..end).contains(&integer(value, true)),
                Rule::WholeDays => integer(value, true) % 86_400_000 == 0,
                Rule::Digits(digits) => digits.fit_le(value.iter().copied()),
            };
            if !keeps && column.validity.has(row) {
                let detail = match rule {
                    Rule::Digits(_) => "a decimal has too many digits".into(),
                    Rule::WholeDays => format!("{} milliseconds are no whole days", integer(value, true)),
                    _ => format!("{} is no time of a day", integer(value, true)),
                };
                return Err(Fault::damaged(detail).at(format_args!("row {row} of the batch")));
            }
        }
        Ok(())
    }

    /// Offsets that ascend from 0 or more; gives the last. No rows may come with no offsets.
    fn offsets(&mut self, rows: usize, at: usize, wide: bool) -> Outcome<u64> {
        Ok(self.ascending(rows, at, wide)?.map_or(0, |(_, last, _)| last))
    }

    /// The first, the last and all of the offsets.
    fn ascending(&mut self, rows: usize, at: usize, wide: bool) -> Outcome<Option<(u64, u64, Bytes)>> {
        if rows == 0 {
            self.body.measure(at)?;
            return Ok(None);
        }
        let size = if wide { 8 } else { 4 };
        let bytes = self.buffer(at, rows.checked_add(1), size)?;
        let ends = |offsets: &mut dyn Iterator<Item = i64>| {
            let first = offsets.next().unwrap_or(0);
            let mut last = first;
            let mut ascend = first >= 0;
            for offset in offsets {
                ascend &= last <= offset;
                last = offset;
            }
            if ascend { Ok((first.unsigned_abs(), last.unsigned_abs())) } else { Err(descending()) }
        };
        let (first, last) = if wide {
            ends(&mut bytes.as_chunks::<8>().0.iter().map(|bytes| i64::from_le_bytes(*bytes)))?
        } else {
            ends(&mut bytes.as_chunks::<4>().0.iter().map(|bytes| i64::from(i32::from_le_bytes(*bytes))))?
        };
        Ok(Some((first, last, bytes)))
    }

    fn strings(&mut self, column: &Checked, at: usize, utf8: bool, wide: bool) -> Outcome<()> {
        let offsets = self.ascending(column.rows, at, wide)?;
        if !utf8 {
            let last = offsets.map_or(0, |(_, last, _)| last);
            return within(last, self.body.measure(at + 1)? as usize);
        }
        let data = self.body.buffer(at + 1, self.pool)?;
        let Some((first, last, offsets)) = offsets else {
            return Ok(());
        };
        within(last, data.len())?;
        let offset = |index: usize| {
            let size = if wide { 8 } else { 4 };
            integer(&offsets[index * size..(index + 1) * size], true).unsigned_abs() as usize
        };
        let begins = |at: usize| data.get(at).is_none_or(|byte| byte & 0xC0 != 0x80);
        let all = &data[first as usize..last as usize];
        if simdutf8::basic::from_utf8(all).is_ok() && (0..=column.rows).all(|index| begins(offset(index))) {
            return Ok(());
        }
        // The bytes of null rows may be anything.
        for row in 0..column.rows {
            let value = &data[offset(row)..offset(row + 1)];
            if column.validity.has(row) && simdutf8::basic::from_utf8(value).is_err() {
                return Err(super::not_utf8(row));
            }
        }
        Ok(())
    }

    fn views(&mut self, column: &Checked, at: usize, variadic: usize, utf8: bool) -> Outcome<()> {
        let views = self.buffer(at, Some(column.rows), 16)?;
        let data: Vec<Bytes> =
            (0..variadic).map(|index| self.body.buffer(at + 1 + index, self.pool)).collect::<Outcome<_>>()?;
        for (row, view) in views.as_chunks::<16>().0.iter().enumerate() {
            if !column.validity.has(row) {
                continue;
            }
            let value = view_of(view, &data).place(|| format!("row {row} of the batch"))?;
            if utf8 && simdutf8::basic::from_utf8(value).is_err() {
                return Err(super::not_utf8(row));
            }
        }
        Ok(())
    }

    fn keys(&mut self, column: &Checked, at: usize, id: i64, bytes: usize, signed: bool) -> Outcome<()> {
        let keys = self.buffer(at, Some(column.rows), bytes)?;
        let Some(&entries) = self.dictionaries.get(&id) else {
            return Err(Fault::damaged(format!("dictionary {id} is missing")));
        };
        for (row, key) in keys.chunks_exact(bytes).enumerate() {
            let key = integer(key, signed);
            // An unsigned key of 64 bits that is negative here is far beyond any dictionary.
            if usize::try_from(key).ok().is_none_or(|key| key >= entries) && column.validity.has(row) {
                let detail = format!("key {key} in a dictionary of {entries} entries");
                return Err(Fault::damaged(detail).at(format_args!("row {row} of the batch")));
            }
        }
        Ok(())
    }

    fn list_views(&mut self, field: &Field, rows: usize, at: usize, wide: bool) -> Outcome<()> {
        let size = if wide { 8 } else { 4 };
        let offsets = self.buffer(at, Some(rows), size)?;
        let sizes = self.buffer(at + 1, Some(rows), size)?;
        let items = self.child(&field.children[0])?;
        for (offset, length) in offsets.chunks_exact(size).zip(sizes.chunks_exact(size)) {
            let (offset, length) = (integer(offset, true), integer(length, true));
            match offset.checked_add(length) {
                Some(end) if offset >= 0 && length >= 0 && end.unsigned_abs() <= items.rows as u64 => {}
                _ => {
                    let detail = format!("a list of {length} items at {offset} of {}", items.rows);
                    return Err(Fault::damaged(detail));
                }
            }
        }
        Ok(())
    }

    fn run_ends(&mut self, field: &Field, rows: usize, nulls: usize) -> Outcome<()> {
        if nulls > 0 {
            return Err(no_nulls(nulls));
        }
        // The ends are read before the walk passes them.
        let (first, _) = self.body.first_buffer(self.next.buffers, self.next.views);
        let (runs, _) = self.body.node(self.next.nodes)?;
        let Shape::Fixed { bytes, .. } = field.children[0].shape else {
            return Err(Fault::damaged("run ends that are no integers"));
        };
        let ends = self.buffer(first + 1, Some(runs), bytes)?;
        let mut last = 0;
        for end in ends.chunks_exact(bytes) {
            let end = integer(end, true);
            if end <= last {
                return Err(Fault::damaged(format!("a run ends at {end}, behind one that ends at {last}")));
            }
            last = end;
        }
        if last.unsigned_abs() < rows as u64 {
            return Err(Fault::damaged(format!("the runs end at {last}; there are {rows} rows")));
        }
        let ends = self.child(&field.children[0])?;
        if ends.nulls > 0 {
            return Err(no_nulls(ends.nulls));
        }
        let values = self.child(&field.children[1])?;
        if values.rows != runs {
            return Err(Fault::damaged(format!("{} values for {runs} runs", values.rows)));
        }
        Ok(())
    }

    fn union(&mut self, field: &Field, column: &Checked, at: usize) -> Outcome<()> {
        let Shape::Union { dense, ids, .. } = field.shape else {
            return Ok(());
        };
        if column.nulls > 0 {
            return Err(no_nulls(column.nulls));
        }
        let types = self.buffer(at, Some(column.rows), 1)?;
        let offsets = if dense { Some(self.buffer(at + 1, Some(column.rows), 4)?) } else { None };
        let mut children = Vec::with_capacity(field.children.len());
        for part in &field.children {
            let child = self.child(part)?;
            if !dense && child.rows != column.rows {
                let detail = format!("{} values for {} rows", child.rows, column.rows);
                return Err(Fault::damaged(detail).at(part.place()));
            }
            // With the offset that came last.
            children.push((child.rows, 0));
        }
        for (row, id) in types.iter().enumerate() {
            let child = ids.0.get(usize::from(*id)).and_then(|child| children.get_mut(usize::from(*child)));
            let Some((length, last)) = child else {
                return Err(Fault::damaged(format!("type id {id}")).at(format_args!("row {row} of the batch")));
            };
            if let Some(offsets) = &offsets {
                let offset = integer(&offsets[row * 4..row * 4 + 4], true);
                if offset < *last || offset.unsigned_abs() >= *length as u64 {
                    let detail = format!("offset {offset} behind {last} in {length} values");
                    return Err(Fault::damaged(detail).at(format_args!("row {row} of the batch")));
                }
                *last = offset;
            }
        }
        Ok(())
    }
}

/// Fails where a field without nulls has some.
fn forbid_nulls(field: &Field, column: &Checked) -> Outcome<()> {
    if field.nullable || column.nulls == 0 { Ok(()) } else { Err(no_nulls(column.nulls)) }
}

/// Fails where a column has nulls that are not within a null around it.
fn forbid_seen_nulls(column: &Checked, is_hidden: impl Fn(usize) -> bool) -> Outcome<()> {
    let Some(bits) = &column.validity.0 else {
        return Ok(());
    };
    let null = |row: usize| bits[row / 8] >> (row % 8) & 1 == 0;
    if (0..column.rows).any(|row| null(row) && !is_hidden(row)) { Err(no_nulls(column.nulls)) } else { Ok(()) }
}

fn within(last: u64, length: usize) -> Outcome<()> {
    if last <= length as u64 {
        return Ok(());
    }
    Err(Fault::damaged(format!("offsets up to {last} in {length}")))
}

fn descending() -> Fault {
    Fault::damaged("offsets that descend, or begin below 0")
}

fn too_few(bytes: u64) -> Fault {
    Fault::damaged(format!("{bytes} bytes are too few for the rows"))
}

/// An integer of up to 8 bytes; of those of 8 without sign the bits.
fn integer(bytes: &[u8], signed: bool) -> i64 {
    let mut eight = [0; 8];
    eight[..bytes.len()].copy_from_slice(bytes);
    let shift = 64 - 8 * bytes.len();
    if signed {
        // Shifted to the top and back, the sign is extended.
        i64::from_le_bytes(eight) << shift >> shift
    } else {
        i64::from_le_bytes(eight)
    }
}

/// The bytes that a view means.
fn view_of<'a>(view: &'a [u8; 16], data: &'a [Bytes]) -> Outcome<&'a [u8]> {
    let length = integer(&view[..4], true);
    let len = usize::try_from(length).map_err(|_| Fault::damaged(format!("a view of {length} bytes")))?;
    if len <= 12 {
        let (value, padding) = view[4..].split_at(len);
        if padding.iter().any(|byte| *byte != 0) {
            return Err(Fault::damaged("bytes behind a short string in its view"));
        }
        return Ok(value);
    }
    let (index, offset) = (integer(&view[8..12], true), integer(&view[12..], true));
    let found = || {
        let buffer = data.get(usize::try_from(index).ok()?)?;
        let start = usize::try_from(offset).ok()?;
        buffer.get(start..start.checked_add(len)?)
    };
    let value = found().ok_or_else(|| {
        let buffers = data.len();
        Fault::damaged(format!("a view of {len} bytes at {offset} of buffer {index} leaves the {buffers} buffers"))
    })?;
    if value[..4] != view[4..8] {
        return Err(Fault::damaged("the first bytes of a view differ from its text"));
    }
    Ok(value)
}
