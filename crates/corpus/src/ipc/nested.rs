//! What lies around the leaves of a path: structs and lists, whose nulls and ranges say which leaves a row has.

use std::ops::Range;

use bytes::Bytes;

use super::body::{Body, Pool};
use super::column::{Decoded, at_least, is_set, validity};
use super::layout::{Column, Kind};
use crate::error::{Fault, Outcome};

/// One struct or list level of a batch.
pub(crate) struct Level {
    pub(crate) rows: usize,
    validity: Option<Bytes>,
    items: Items,
}

/// Where the items of a row are among those of the next level.
enum Items {
    /// A struct: the row of the same number.
    Same,
    Offsets {
        offsets: Bytes,
        wide: bool,
    },
    Views {
        offsets: Bytes,
        sizes: Bytes,
        wide: bool,
    },
    Fixed(usize),
}

impl Level {
    pub(crate) fn new(body: &Body<'_>, column: &Column, pool: &mut Pool) -> Outcome<Self> {
        let (rows, nulls) = body.node(column.node)?;
        let (first, _) = body.first_buffer(column.buffer, column.views_before);
        let validity = if nulls == 0 { None } else { Some(validity(body.buffer(first, pool)?, rows, nulls)?) };
        let width = |wide: bool| if wide { 8 } else { 4 };
        let items = match column.kind {
            Kind::Struct => Items::Same,
            Kind::List { wide } => {
                let offsets = body.buffer(first + 1, pool)?;
                // No rows may come with no offsets.
                if rows > 0 {
                    at_least(&offsets, rows, rows.checked_add(1), width(wide))?;
                }
                Items::Offsets { offsets, wide }
            }
            Kind::ListView { wide } => {
                let (offsets, sizes) = (body.buffer(first + 1, pool)?, body.buffer(first + 2, pool)?);
                at_least(&offsets, rows, Some(rows), width(wide))?;
                at_least(&sizes, rows, Some(rows), width(wide))?;
                Items::Views { offsets, sizes, wide }
            }
            Kind::FixedList { items } => Items::Fixed(items),
            _ => return Err(Fault::unsupported("a path through another type")),
        };
        Ok(Self { rows, validity, items })
    }

    /// Whether the level below has as many rows as this one refers to by its number of rows alone; offsets are compared
    /// where they are used.
    pub(crate) fn check_below(&self, below: usize) -> Outcome<()> {
        let needed = match self.items {
            Items::Same => Some(self.rows),
            Items::Fixed(items) => self.rows.checked_mul(items),
            Items::Offsets { .. } | Items::Views { .. } => Some(0),
        };
        if needed.is_none_or(|needed| needed > below) {
            let each = if let Items::Fixed(items) = self.items { items } else { 1 };
            return Err(Fault::damaged(format!("{below} values below {} rows of {each}", self.rows)));
        }
        Ok(())
    }

    pub(crate) fn is_null(&self, row: usize) -> bool {
        self.validity.as_ref().is_some_and(|bits| !is_set(bits, row))
    }

    /// The rows of the level below, which has `below`, that belong to this one. Offsets of null rows are checked as
    /// well; those of views may be anything.
    fn items(&self, row: usize, below: usize) -> Outcome<Range<usize>> {
        let (start, end) = match &self.items {
            Items::Same => return Ok(row..row + 1),
            // `check_below` has multiplied the largest.
            Items::Fixed(items) => return Ok(row * items..(row + 1) * items),
            Items::Offsets { offsets, wide } => (int(offsets, row, *wide), int(offsets, row + 1, *wide)),
            Items::Views { .. } if self.is_null(row) => (0, 0),
            Items::Views { offsets, sizes, wide } => {
                let (start, size) = (int(offsets, row, *wide), int(sizes, row, *wide));
                // A sum that overflows ends below its start.
                (start, start.wrapping_add(size))
            }
        };
        match (usize::try_from(start), usize::try_from(end)) {
            (Ok(from), Ok(to)) if from <= to && to <= below => Ok(from..to),
            _ => Err(Fault::damaged(format!("a list of the items {start} to {end} of {below}"))),
        }
    }
}

/// An offset at a place that was checked to be there.
fn int(bytes: &[u8], index: usize, wide: bool) -> i64 {
    if wide {
        let mut eight = [0; 8];
        eight.copy_from_slice(&bytes[index * 8..index * 8 + 8]);
        i64::from_le_bytes(eight)
    } else {
        let mut four = [0; 4];
        four.copy_from_slice(&bytes[index * 4..index * 4 + 4]);
        i64::from(i32::from_le_bytes(four))
    }
}

/// The levels down to the last list of a path. What lies below it, structs and leaf, is the [`Decoded`] column.
pub(crate) struct Lists {
    levels: Vec<Level>,
    /// Rows and items that were met, and how many may be: empty items take no bytes, and views may share theirs.
    visited: u64,
    limit: u64,
}

impl Lists {
    /// `levels` ends with a list, which was checked against `below`.
    pub(crate) fn new(levels: Vec<Level>, limit: u64) -> Self {
        Self { levels, visited: 0, limit }
    }

    /// Calls `each` with the number of each leaf of a row, in order, nulls of the leaves themselves included.
    pub(crate) fn leaves(
        &mut self,
        row: usize,
        leaf: &Decoded,
        each: &mut dyn FnMut(usize) -> Outcome<()>,
    ) -> Outcome<()> {
        let Self { levels, visited, limit } = self;
        let mut visit = |items: usize| {
            *visited = visited.saturating_add(items as u64);
            if *visited > *limit {
                return Err(Fault::limit("rows and items of lists", *visited, *limit));
            }
            Ok(())
        };
        visit(1)?;
        below(levels, row..row + 1, leaf.rows, &mut visit, each)
    }
}

fn below(
    levels: &[Level],
    rows: Range<usize>,
    leaves: usize,
    visit: &mut dyn FnMut(usize) -> Outcome<()>,
    each: &mut dyn FnMut(usize) -> Outcome<()>,
) -> Outcome<()> {
    let Some((level, rest)) = levels.split_first() else {
        return rows.into_iter().try_for_each(each);
    };
    let size = rest.first().map_or(leaves, |next| next.rows);
    for row in rows {
        let items = level.items(row, size).map_err(|fault| fault.at(format_args!("row {row} of the lists")))?;
        if level.is_null(row) {
            continue;
        }
        visit(items.len())?;
        below(rest, items, leaves, visit, each)?;
    }
    Ok(())
}
