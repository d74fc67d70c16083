//! The values of a column chunk, row by row.
//!
//! Levels say where values belong. A value is there where its level of definition is the highest; anything lower is a null
//! or an empty list somewhere above it. A level of repetition of 0 begins a row. What a lower level means exactly, and
//! which of several lists goes on, matters to nobody who only wants the leaves in order.

use bytes::Bytes;

use super::footer::{Chunk, Column, Kind};
use super::levels::{Deltas, Hybrid};
use super::page::{Page, Pages};
use super::thrift::PageKind;
use crate::error::{Fault, Outcome};
use crate::file::Store;
use crate::options::Limits;

pub(super) const PLAIN: i32 = 0;
pub(super) const PLAIN_DICTIONARY: i32 = 2;
pub(super) const RLE: i32 = 3;
pub(super) const BIT_PACKED: i32 = 4;
pub(super) const DELTA_BINARY_PACKED: i32 = 5;
pub(super) const DELTA_LENGTH_BYTE_ARRAY: i32 = 6;
pub(super) const DELTA_BYTE_ARRAY: i32 = 7;
pub(super) const RLE_DICTIONARY: i32 = 8;
pub(super) const BYTE_STREAM_SPLIT: i32 = 9;

/// Place of an entry in the dictionary, and as much for where a reader saw it last.
const ENTRY_BYTES: usize = 16;

/// What a row holds; the bytes come from [`Values::bytes`] until the next row is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cell {
    Null,
    /// Bytes of the page.
    Page {
        start: usize,
        len: usize,
    },
    /// Bytes that were put together.
    Joined,
    /// The entry of the dictionary, which is the same until [`Values::dictionary_number`] changes.
    Entry(usize),
    Int(i128),
}

enum Dictionary {
    Bytes {
        bytes: Bytes,
        entries: Vec<(u32, u32)>,
    },
    /// Integers of `width` bytes.
    Ints {
        bytes: Bytes,
        width: usize,
    },
}

impl Dictionary {
    fn len(&self) -> usize {
        match self {
            Self::Bytes { entries, .. } => entries.len(),
            Self::Ints { bytes, width } => bytes.len() / width,
        }
    }

    /// Memory that it takes, with what a reader notes of each entry.
    fn held(&self) -> u64 {
        match self {
            Self::Bytes { bytes, entries } => (bytes.len() + entries.len() * ENTRY_BYTES) as u64,
            Self::Ints { bytes, .. } => bytes.len() as u64,
        }
    }
}

/// The values of a page, without nulls.
enum Encoded {
    Plain {
        at: usize,
    },
    Keys(Hybrid),
    Lengths {
        lengths: Deltas,
        at: usize,
    },
    /// Each string begins with a part of the one before.
    Fronts {
        prefixes: Deltas,
        suffixes: Deltas,
        at: usize,
    },
    Deltas(Deltas),
    None,
}

/// Levels of a page up to a maximum, none stored where that is 0.
#[derive(Default)]
struct Levels {
    highest: u32,
    stored: Option<Hybrid>,
}

impl Levels {
    fn new(highest: u32) -> Self {
        Self { highest, stored: None }
    }

    fn open(&mut self, bytes: Bytes) {
        self.stored = (self.highest > 0).then(|| Hybrid::new(bytes, u32::BITS - self.highest.leading_zeros()));
    }

    fn next(&mut self, what: &str) -> Outcome<u32> {
        let Some(stored) = &mut self.stored else {
            return Ok(0);
        };
        match stored.next()? {
            level if level <= self.highest => Ok(level),
            level => Err(Fault::damaged(format!("a level of {what} of {level}; the highest is {}", self.highest))),
        }
    }
}

/// Reads one column of one row group.
pub(crate) struct Values {
    pages: Pages,
    kind: Kind,
    /// Values of the chunk, nulls included, that no page has given yet, and those left in the present page.
    chunk_left: u64,
    page_left: u64,
    definition: Levels,
    repetition: Levels,
    /// The repetition level of the next value, where it was looked at to see whether the row goes on.
    ahead: Option<u32>,
    bytes: Bytes,
    encoded: Encoded,
    joined: Vec<u8>,
    joined_total: u64,
    dictionary: Option<Dictionary>,
}

impl Values {
    pub(crate) fn new(column: &Column, chunk: &Chunk, rows: u64, limits: &Limits) -> Outcome<Self> {
        if chunk.values != rows && (column.repetition == 0 || chunk.values < rows) {
            return Err(Fault::damaged(format!("{} values for {rows} rows", chunk.values)));
        }
        // Lists have any number of items, and runs of levels take no bytes. Rows were compared with the whole file.
        let plausible = limits.plausible_rows(chunk.length);
        if column.repetition > 0 && chunk.values > plausible {
            return Err(Fault::limit("values", chunk.values, plausible));
        }
        Ok(Self {
            pages: Pages::new(chunk),
            kind: column.kind,
            chunk_left: chunk.values,
            page_left: 0,
            definition: Levels::new(column.definition),
            repetition: Levels::new(column.repetition),
            ahead: None,
            bytes: Bytes::new(),
            encoded: Encoded::None,
            joined: Vec::new(),
            joined_total: 0,
            dictionary: None,
        })
    }

    /// Decompressed bytes so far.
    pub(crate) fn expanded(&self) -> u64 {
        self.pages.expanded
    }

    /// Entries of the dictionary.
    pub(crate) fn entries(&self) -> usize {
        self.dictionary.as_ref().map_or(0, Dictionary::len)
    }

    /// The bytes of a cell of the last row.
    pub(crate) fn bytes(&self, cell: Cell) -> &[u8] {
        match (cell, &self.dictionary) {
            (Cell::Page { start, len }, _) => &self.bytes[start..start + len],
            (Cell::Joined, _) => &self.joined,
            (Cell::Entry(key), Some(Dictionary::Bytes { bytes, entries })) => {
                let (start, len) = entries[key];
                &bytes[start as usize..start as usize + len as usize]
            }
            _ => &[],
        }
    }

    /// The value of the next row of a column without lists.
    pub(crate) fn next(&mut self, store: &Store, limits: &Limits) -> Outcome<Cell> {
        while self.page_left == 0 {
            self.open_page(store, limits)?;
        }
        self.defined(limits)
    }

    /// The first value of the next row of a column in lists; `Null` also for an empty list.
    pub(crate) fn first(&mut self, store: &Store, limits: &Limits) -> Outcome<Cell> {
        let level = self.ahead(store, limits)?;
        // A row that was read ends before a level of 0 or with the last value; so only the first can begin otherwise.
        match level {
            Some(0) => self.take_ahead(limits),
            Some(level) => Err(Fault::damaged(format!("the first row begins with a level of repetition of {level}"))),
            None => Err(Fault::damaged("the values end before the rows")),
        }
    }

    /// The next value of the row that [`first`](Self::first) has begun; `None` at its end.
    pub(crate) fn more(&mut self, store: &Store, limits: &Limits) -> Outcome<Option<Cell>> {
        match self.ahead(store, limits)? {
            None | Some(0) => Ok(None),
            Some(_) => self.take_ahead(limits).map(Some),
        }
    }

    /// The repetition level of the next value, which may be on the next page; `None` behind the last.
    fn ahead(&mut self, store: &Store, limits: &Limits) -> Outcome<Option<u32>> {
        if self.ahead.is_some() {
            return Ok(self.ahead);
        }
        while self.page_left == 0 {
            if self.chunk_left == 0 {
                return Ok(None);
            }
            self.open_page(store, limits)?;
        }
        self.ahead = Some(self.repetition.next("repetition")?);
        Ok(self.ahead)
    }

    fn take_ahead(&mut self, limits: &Limits) -> Outcome<Cell> {
        self.ahead = None;
        self.defined(limits)
    }

    /// The next value of the page.
    fn defined(&mut self, limits: &Limits) -> Outcome<Cell> {
        self.page_left -= 1;
        if self.definition.next("definition")? < self.definition.highest {
            return Ok(Cell::Null);
        }
        self.value(limits)
    }

    /// Makes sure that nothing is left after the last row.
    pub(crate) fn finish(&mut self, store: &Store, limits: &Limits) -> Outcome<()> {
        let values = self.chunk_left + self.page_left;
        if values > 0 {
            return Err(Fault::damaged(format!("{values} values follow the last row")));
        }
        match self.pages.next(store, limits)? {
            None => Ok(()),
            Some(_) => Err(Fault::damaged("pages follow the last row")),
        }
    }

    fn open_page(&mut self, store: &Store, limits: &Limits) -> Outcome<()> {
        // The last page is dropped first, and the dictionary and the next one together take what one buffer may.
        (self.bytes, self.encoded) = (Bytes::new(), Encoded::None);
        (self.definition.stored, self.repetition.stored) = (None, None);
        let room = limits.buffer_bytes.saturating_sub(self.dictionary.as_ref().map_or(0, Dictionary::held));
        let Some(page) = self.pages.next(store, &Limits { buffer_bytes: room, ..*limits })? else {
            return Err(Fault::damaged(format!("the pages end {} values early", self.chunk_left)));
        };
        let (values, encoding) = match page.kind {
            PageKind::Dictionary { values, encoding } => {
                if self.dictionary.is_some() {
                    return Err(Fault::damaged("a second dictionary"));
                }
                if !matches!(encoding, PLAIN | PLAIN_DICTIONARY) {
                    return Err(Fault::unsupported(format!("a dictionary in encoding {encoding}")));
                }
                self.dictionary = Some(self.read_dictionary(page.bytes, values as usize, limits)?);
                return Ok(());
            }
            PageKind::Data { values, encoding, .. } | PageKind::DataV2 { values, encoding, .. } => (values, encoding),
            PageKind::Other => return Ok(()),
        };
        let values = u64::from(values);
        if values > self.chunk_left {
            return Err(Fault::damaged(format!("a page of {values} values where {} are left", self.chunk_left)));
        }
        self.chunk_left -= values;
        self.page_left = values;
        let bytes = self.read_levels(page)?;
        self.read_encoded(bytes, encoding, values)
    }

    /// Splits off the levels.
    fn read_levels(&mut self, page: Page) -> Outcome<Bytes> {
        match page.kind {
            PageKind::DataV2 { repetition, .. } => {
                if repetition > 0 && self.repetition.highest == 0 {
                    return Err(Fault::damaged("repetition levels in a column without lists"));
                }
                // `Pages` has made sure that both lie in the page.
                let (repetition, definition) = page.levels.split_at(repetition as usize);
                self.repetition.open(page.levels.slice_ref(repetition));
                self.definition.open(page.levels.slice_ref(definition));
                Ok(page.bytes)
            }
            PageKind::Data { level_encoding, repetition_encoding, .. } => {
                let mut bytes = page.bytes;
                for (levels, encoding) in
                    [(&mut self.repetition, repetition_encoding), (&mut self.definition, level_encoding)]
                {
                    if levels.highest == 0 {
                        continue;
                    }
                    if encoding != RLE {
                        return Err(Fault::unsupported(format!("levels in encoding {encoding}")));
                    }
                    let end = bytes.first_chunk::<4>().map(|length| 4 + u64::from(u32::from_le_bytes(*length)));
                    match end {
                        Some(end) if end <= bytes.len() as u64 => {
                            levels.open(bytes.slice(4..end as usize));
                            bytes = bytes.slice(end as usize..);
                        }
                        _ => return Err(Fault::damaged(format!("levels leave their page of {} bytes", bytes.len()))),
                    }
                }
                Ok(bytes)
            }
            PageKind::Dictionary { .. } | PageKind::Other => Ok(page.bytes),
        }
    }

    fn read_encoded(&mut self, bytes: Bytes, encoding: i32, values: u64) -> Outcome<()> {
        let is_text = matches!(self.kind, Kind::Bytes { .. });
        self.bytes = bytes;
        // A page of nothing but nulls may leave out even the head of its encoding.
        self.encoded = match encoding {
            _ if self.bytes.is_empty() => Encoded::None,
            PLAIN => Encoded::Plain { at: 0 },
            PLAIN_DICTIONARY | RLE_DICTIONARY => {
                let width = u32::from(self.bytes[0]);
                if width > 32 {
                    return Err(Fault::damaged(format!("keys of {width} bits")));
                }
                if self.dictionary.is_none() {
                    return Err(Fault::damaged("keys without a dictionary"));
                }
                Encoded::Keys(Hybrid::new(self.bytes.slice(1..), width))
            }
            DELTA_LENGTH_BYTE_ARRAY if is_text => {
                let (lengths, rest) = Deltas::split(&self.bytes, values)?;
                self.bytes = rest;
                Encoded::Lengths { lengths, at: 0 }
            }
            DELTA_BYTE_ARRAY if is_text => {
                let (prefixes, rest) = Deltas::split(&self.bytes, values)?;
                let (suffixes, rest) = Deltas::split(&rest, values)?;
                if prefixes.left() != suffixes.left() {
                    return Err(Fault::damaged("as many prefixes as suffixes are needed"));
                }
                self.bytes = rest;
                self.joined.clear();
                Encoded::Fronts { prefixes, suffixes, at: 0 }
            }
            DELTA_BINARY_PACKED if !is_text => Encoded::Deltas(Deltas::new(self.bytes.clone(), values)?),
            other => return Err(Fault::unsupported(format!("values in encoding {other}"))),
        };
        Ok(())
    }

    fn value(&mut self, limits: &Limits) -> Outcome<Cell> {
        let available = self.bytes.len();
        let short = |len: i64| Fault::damaged(format!("a value of {len} bytes leaves its page of {available} bytes"));
        // `len` bytes from `at` on, if they are there.
        let cut = |at: &mut usize, len: i64| {
            let start = *at;
            let end = usize::try_from(len).ok().and_then(|len| start.checked_add(len));
            *at = end.filter(|end| *end <= available).ok_or_else(|| short(len))?;
            Ok::<_, Fault>((start, *at - start))
        };
        match (&mut self.encoded, self.kind) {
            (Encoded::Plain { at }, Kind::Bytes { .. }) => {
                let (start, _) = cut(at, 4)?;
                let mut four = [0; 4];
                four.copy_from_slice(&self.bytes[start..start + 4]);
                let (start, len) = cut(at, i64::from(u32::from_le_bytes(four)))?;
                Ok(Cell::Page { start, len })
            }
            (Encoded::Plain { at }, Kind::Int { bytes, .. }) => {
                let (start, len) = cut(at, i64::from(bytes))?;
                let value = stored_int(&self.bytes[start..start + len]);
                Ok(Cell::Int(int(value, self.kind)))
            }
            (Encoded::Keys(keys), _) => {
                let key = keys.next()? as usize;
                match &self.dictionary {
                    Some(Dictionary::Bytes { entries, .. }) if key < entries.len() => Ok(Cell::Entry(key)),
                    Some(Dictionary::Ints { bytes, width }) if key < bytes.len() / width => {
                        Ok(Cell::Int(int(stored_int(&bytes[key * width..(key + 1) * width]), self.kind)))
                    }
                    _ => Err(Fault::damaged(format!("key {key} in a dictionary of {} entries", self.entries()))),
                }
            }
            (Encoded::Lengths { lengths, at }, _) => {
                let (start, len) = cut(at, lengths.next()?)?;
                Ok(Cell::Page { start, len })
            }
            (Encoded::Fronts { prefixes, suffixes, at }, _) => {
                let prefix = prefixes.next()?;
                let (start, len) = cut(at, suffixes.next()?)?;
                match usize::try_from(prefix) {
                    Ok(prefix) if prefix <= self.joined.len() => self.joined.truncate(prefix),
                    _ => {
                        return Err(Fault::damaged(format!(
                            "{prefix} bytes of a value of {} come again",
                            self.joined.len()
                        )));
                    }
                }
                self.joined.extend_from_slice(&self.bytes[start..start + len]);
                // Each value may repeat nearly all of a long one at the cost of a bit.
                self.joined_total += self.joined.len() as u64;
                if !limits.allows_expansion(self.pages.expanded, self.joined_total) {
                    let allowed = self.pages.expanded.saturating_mul(limits.expansion);
                    return Err(Fault::limit("text of shared prefixes", self.joined_total, allowed));
                }
                Ok(Cell::Joined)
            }
            (Encoded::Deltas(deltas), _) => Ok(Cell::Int(int(deltas.next()?, self.kind))),
            (Encoded::None | Encoded::Plain { .. }, _) => Err(Fault::damaged("the page has no values")),
        }
    }

    /// Entries one behind the other, each with its length, or integers.
    fn read_dictionary(&self, bytes: Bytes, values: usize, limits: &Limits) -> Outcome<Dictionary> {
        let short = || Fault::damaged(format!("{values} entries leave a dictionary of {} bytes", bytes.len()));
        match self.kind {
            Kind::Bytes { utf8 } => {
                // Every entry has four bytes of length.
                if values > bytes.len() / 4 {
                    return Err(short());
                }
                let held = (bytes.len() + values * ENTRY_BYTES) as u64;
                if held > limits.buffer_bytes {
                    return Err(Fault::limit("memory of a dictionary", held, limits.buffer_bytes));
                }
                let mut entries = Vec::with_capacity(values);
                let mut at = 0;
                for _ in 0..values {
                    let length = bytes[at..].first_chunk::<4>().ok_or_else(short)?;
                    let length = u32::from_le_bytes(*length);
                    let start = at + 4;
                    at = start.checked_add(length as usize).filter(|end| *end <= bytes.len()).ok_or_else(short)?;
                    // Also those that no row has.
                    if utf8 && simdutf8::basic::from_utf8(&bytes[start..at]).is_err() {
                        return Err(Fault::damaged(format!("entry {} is not valid UTF-8", entries.len())));
                    }
                    entries.push((start as u32, length));
                }
                Ok(Dictionary::Bytes { bytes, entries })
            }
            Kind::Int { bytes: width, .. } => {
                let width = usize::from(width);
                if values > bytes.len() / width {
                    return Err(short());
                }
                Ok(Dictionary::Ints { bytes: bytes.slice(..values * width), width })
            }
            Kind::Other => Err(Fault::unsupported("a dictionary of another type")),
        }
    }
}

/// Four or eight bytes, the sign extended.
fn stored_int(bytes: &[u8]) -> i64 {
    let mut eight = [0; 8];
    eight[..bytes.len()].copy_from_slice(bytes);
    let shift = 64 - 8 * bytes.len();
    i64::from_le_bytes(eight) << shift >> shift
}

/// The integer that the stored one means.
fn int(value: i64, kind: Kind) -> i128 {
    match kind {
        Kind::Int { bytes: 4, signed: true } => i128::from(value as i32),
        Kind::Int { bytes: 4, signed: false } => i128::from((value as i32).cast_unsigned()),
        Kind::Int { signed: false, .. } => i128::from(value.cast_unsigned()),
        _ => i128::from(value),
    }
}
