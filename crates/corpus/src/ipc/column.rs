//! One column of one batch: buffers whose every access is checked, and what a row of it is.
//!
//! Nothing here is an Arrow array. arrow-rs validates a whole array at once (1 GB/s) or not at all (then memory safety
//! hangs on the file); reading a cell through checked slices costs nothing next to looking at its bytes.

use std::ops::Range;

use bytes::{Bytes, BytesMut};

use super::body::{Body, Pool};
use super::layout::{Column, Kind};
use super::nested::Level;
use crate::error::{Fault, Outcome};

/// Integers of one width.
pub(crate) struct Ints {
    bytes: Bytes,
    width: u8,
    signed: bool,
}

impl Ints {
    fn get(&self, row: usize) -> i128 {
        let width = usize::from(self.width);
        let mut eight = [0; 8];
        eight[..width].copy_from_slice(&self.bytes[row * width..(row + 1) * width]);
        let shift = 64 - 8 * u32::from(self.width);
        if self.signed {
            // Shifted to the top and back, the sign is extended.
            i128::from(i64::from_le_bytes(eight) << shift >> shift)
        } else {
            i128::from(u64::from_le_bytes(eight))
        }
    }
}

/// The buffers of a column.
pub(crate) enum Values {
    Offsets32 {
        offsets: Bytes,
        data: Bytes,
    },
    Offsets64 {
        offsets: Bytes,
        data: Bytes,
    },
    /// `arena` holds views and variable buffers, at the places given.
    Views {
        arena: Bytes,
        views: usize,
        buffers: Vec<Range<usize>>,
    },
    Ints(Ints),
}

/// What a row holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cell {
    Null,
    /// A range of the column's data. Empty ones are `0..0`.
    Bytes {
        start: usize,
        len: usize,
    },
    Int(i128),
}

/// A column with its nulls, or a leaf with those of the structs that it lies in.
pub(crate) struct Decoded {
    pub(crate) rows: usize,
    structs: Vec<Level>,
    validity: Option<Bytes>,
    values: Values,
}

impl Decoded {
    pub(crate) fn new(body: &Body<'_>, column: &Column, pool: &mut Pool) -> Outcome<Self> {
        let (rows, nulls) = body.node(column.node)?;
        let (first, variadic) = body.first_buffer(column.buffer, column.views_before);
        let validity = if nulls == 0 { None } else { Some(validity(body.buffer(first, pool)?, rows, nulls)?) };
        let values = match column.kind {
            Kind::Offsets { wide, .. } => {
                let offsets = body.buffer(first + 1, pool)?;
                let data = body.buffer(first + 2, pool)?;
                // No rows may come with no offsets.
                if rows > 0 {
                    at_least(&offsets, rows, rows.checked_add(1), if wide { 8 } else { 4 })?;
                }
                if wide { Values::Offsets64 { offsets, data } } else { Values::Offsets32 { offsets, data } }
            }
            Kind::Views { .. } => {
                let (arena, views, buffers) = views(body, first + 1, variadic, pool)?;
                at_least(&arena[views.clone()], rows, Some(rows), 16)?;
                Values::Views { arena, views: views.start, buffers }
            }
            Kind::Int { bytes: width, signed } => {
                let bytes = body.buffer(first + 1, pool)?;
                at_least(&bytes, rows, Some(rows), usize::from(width))?;
                Values::Ints(Ints { bytes, width, signed })
            }
            _ => return Err(Fault::unsupported("a column of another type")),
        };
        Ok(Self { rows, structs: Vec::new(), validity, values })
    }

    /// Puts the leaf into structs, which have no more rows than it: it is null where one of them is.
    pub(crate) fn in_structs(self, structs: Vec<Level>) -> Self {
        Self { structs, ..self }
    }

    /// What ranges of cells refer to.
    pub(crate) fn data(&self) -> Bytes {
        match &self.values {
            Values::Offsets32 { data, .. } | Values::Offsets64 { data, .. } => data.clone(),
            Values::Views { arena, .. } => arena.clone(),
            Values::Ints(_) => Bytes::new(),
        }
    }

    /// Whether the data of consecutive rows is adjacent.
    pub(crate) fn is_contiguous(&self) -> bool {
        matches!(self.values, Values::Offsets32 { .. } | Values::Offsets64 { .. })
    }

    /// Bytes in front of the rows, which belong to none, and behind the last.
    pub(crate) fn data_ref(&self) -> &[u8] {
        match &self.values {
            Values::Offsets32 { data, .. } | Values::Offsets64 { data, .. } => data,
            Values::Views { arena, .. } => arena,
            Values::Ints(_) => &[],
        }
    }

    /// Where the bytes of a row begin and end, null or not; only for contiguous columns.
    #[inline]
    fn span(&self, row: usize) -> Outcome<(usize, usize)> {
        fn checked<const N: usize>(
            offsets: &[u8],
            data: &[u8],
            row: usize,
            read: impl Fn([u8; N]) -> i64,
        ) -> Outcome<(usize, usize)> {
            let at = |index: usize| {
                let mut bytes = [0; N];
                bytes.copy_from_slice(&offsets[index * N..(index + 1) * N]);
                read(bytes)
            };
            let (start, end) = (at(row), at(row + 1));
            match (usize::try_from(start), usize::try_from(end)) {
                (Ok(from), Ok(to)) if from <= to && to <= data.len() => Ok((from, to)),
                _ => Err(Fault::damaged(format!("offsets {start} to {end} in {} bytes", data.len()))
                    .at(format_args!("row {row} of the batch"))),
            }
        }
        match &self.values {
            Values::Offsets32 { offsets, data } => {
                checked(offsets, data, row, |bytes| i64::from(i32::from_le_bytes(bytes)))
            }
            Values::Offsets64 { offsets, data } => checked(offsets, data, row, i64::from_le_bytes),
            _ => Ok((0, 0)),
        }
    }

    /// The range of `data` that rows cover; every offset within was checked by [`cell`](Self::cell) before.
    pub(crate) fn span_of(&self, rows: Range<usize>) -> Outcome<Range<usize>> {
        if rows.is_empty() {
            return Ok(0..0);
        }
        Ok(self.span(rows.start)?.0..self.span(rows.end - 1)?.1)
    }

    #[inline]
    fn is_null(&self, row: usize) -> bool {
        self.validity.as_ref().is_some_and(|bits| !is_set(bits, row))
            || self.structs.iter().any(|level| level.is_null(row))
    }

    /// The row, which must be below `rows`. Offsets and views of null rows are checked as well.
    #[inline]
    pub(crate) fn cell(&self, row: usize) -> Outcome<Cell> {
        let null = self.is_null(row);
        let (start, len) = match &self.values {
            Values::Offsets32 { .. } | Values::Offsets64 { .. } => {
                let (from, to) = self.span(row)?;
                (from, to - from)
            }
            Values::Views { arena, views, buffers } => {
                // A null row's view may hold anything.
                if null {
                    return Ok(Cell::Null);
                }
                view(arena, views + row * 16, buffers)
                    .map_err(|fault| fault.at(format_args!("row {row} of the batch")))?
            }
            Values::Ints(ints) => return Ok(if null { Cell::Null } else { Cell::Int(ints.get(row)) }),
        };
        Ok(if null { Cell::Null } else { Cell::Bytes { start, len } })
    }
}

/// Whether `units` of `size` bytes are there, which must be known before any of them is looked at.
pub(crate) fn at_least(bytes: &[u8], rows: usize, units: Option<usize>, size: usize) -> Outcome<()> {
    let needed = units.and_then(|units| units.checked_mul(size));
    if needed.is_some_and(|needed| needed <= bytes.len()) {
        return Ok(());
    }
    Err(Fault::damaged(format!("{} bytes are too few for {rows} rows", bytes.len())))
}

#[inline]
pub(crate) fn is_set(bits: &[u8], row: usize) -> bool {
    bits[row / 8] >> (row % 8) & 1 == 1
}

/// The validity bits, whose zeros must be as many as the node says.
pub(crate) fn validity(bits: Bytes, rows: usize, nulls: usize) -> Outcome<Bytes> {
    let needed = rows.div_ceil(8);
    if bits.len() < needed {
        return Err(Fault::damaged(format!("a validity buffer of {} bytes for {rows} rows", bits.len())));
    }
    let whole: usize = bits[..rows / 8].iter().map(|byte| byte.count_ones() as usize).sum();
    let rest = match rows % 8 {
        0 => 0,
        left => (bits[needed - 1] & ((1 << left) - 1)).count_ones() as usize,
    };
    if rows - whole - rest != nulls {
        return Err(Fault::damaged(format!("{} rows are null; {nulls} are claimed", rows - whole - rest)));
    }
    Ok(bits)
}

/// Views and variable buffers in one buffer: the mapped body itself, or a copy where they are compressed or not mapped.
fn views(
    body: &Body<'_>,
    first: usize,
    variadic: usize,
    pool: &mut Pool,
) -> Outcome<(Bytes, Range<usize>, Vec<Range<usize>>)> {
    let indices = first..first + 1 + variadic;
    let mut ranges: Vec<Range<usize>> = Vec::with_capacity(indices.len());
    let arena = if body.store.is_mapped() && !body.is_compressed() {
        for index in indices {
            let (offset, length) = body.stored(index)?;
            ranges.push(offset as usize..(offset + length) as usize);
        }
        body.whole()?
    } else {
        let mut out = pool.take();
        for index in indices {
            let start = out.len();
            body.append_buffer(index, &mut out)?;
            ranges.push(start..out.len());
        }
        pool.lend(out)
    };
    let views = ranges.remove(0);
    Ok((arena, views, ranges))
}

/// The range that a view means.
fn view(arena: &[u8], at: usize, buffers: &[Range<usize>]) -> Outcome<(usize, usize)> {
    let int = |from: usize| {
        let mut four = [0; 4];
        four.copy_from_slice(&arena[at + from..at + from + 4]);
        i32::from_le_bytes(four)
    };
    let length = int(0);
    let len = usize::try_from(length).map_err(|_| Fault::damaged(format!("a view of {length} bytes")))?;
    if len <= 12 {
        if arena[at + 4 + len..at + 16].iter().any(|byte| *byte != 0) {
            return Err(Fault::damaged("bytes behind a short string in its view"));
        }
        return Ok((at + 4, len));
    }
    let (index, offset) = (int(8), int(12));
    let found = || {
        let buffer = buffers.get(usize::try_from(index).ok()?)?;
        let start = buffer.start + usize::try_from(offset).ok()?;
        (start + len <= buffer.end).then_some(start)
    };
    let start = found().ok_or_else(|| {
        Fault::damaged(format!(
            "a view of {len} bytes at offset {offset} of buffer {index} leaves the {} buffers",
            buffers.len()
        ))
    })?;
    if arena[start..start + 4] != arena[at + 4..at + 8] {
        return Err(Fault::damaged("the first bytes of a view differ from its text"));
    }
    Ok((start, len))
}

/// Adds the bytes of a range to a buffer that is limited.
pub(crate) fn append_limited(out: &mut BytesMut, bytes: &[u8], what: &'static str, limit: u64) -> Outcome<()> {
    let total = out.len() as u64 + bytes.len() as u64;
    if total > limit {
        return Err(Fault::limit(what, total, limit));
    }
    out.extend_from_slice(bytes);
    Ok(())
}
