//! Dictionaries: entries decoded once, referred to by the rows of many batches.

use arrow_ipc::RecordBatch;
use bytes::{Bytes, BytesMut};

use super::body::{Body, Pool};
use super::column::{Cell, Decoded, append_limited};
use super::layout::{Column, Kind, Layout};
use super::walk::{DictionaryAt, message, metadata};
use crate::batch::Reason;
use crate::error::{Fault, Outcome, Place};
use crate::file::Store;
use crate::options::{Encoding, Limits};
use crate::text::decode_gb18030;

/// One entry.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Entry {
    Null,
    Text { start: usize, len: usize },
    Bad(Reason),
}

/// All entries of a dictionary at one point of the file.
#[derive(Default)]
pub(crate) struct Dictionary {
    data: Bytes,
    pub(crate) entries: Vec<Entry>,
    /// Dictionary messages of the file that were looked at, from the first.
    passed: usize,
    /// Whether one of them was this dictionary.
    is_there: bool,
    /// Whether `data` is ours, and not a part of the file.
    owned: bool,
}

/// What loading needs to know of the file.
pub(crate) struct Source<'a> {
    pub(crate) store: &'a Store,
    pub(crate) all: &'a [DictionaryAt],
    pub(crate) limits: &'a Limits,
    pub(crate) encoding: Encoding,
}

impl Dictionary {
    pub(crate) fn data(&self) -> &Bytes {
        &self.data
    }

    /// Brings the dictionary to what it is after the first `seen` dictionary messages: the last one that is not an
    /// addition, and the additions behind it. Only messages that are new since the last call are looked at, so that
    /// many batches and many additions cost no more than their sum.
    pub(crate) fn advance(&mut self, source: &Source<'_>, id: i64, kind: Kind, seen: usize) -> Outcome<()> {
        let mut fresh: Vec<usize> = Vec::new();
        for position in self.passed..seen {
            let found = &source.all[position];
            if found.id != id {
                continue;
            }
            if !found.is_delta {
                fresh.clear();
                *self = Self { is_there: true, ..Self::default() };
            } else if !self.is_there {
                return Err(Fault::damaged(format!("an addition to dictionary {id}, which is missing")));
            }
            fresh.push(position);
        }
        // One that is not there yet has no entries: until a row has one, a stream may leave it out.
        self.passed = seen;
        for position in fresh {
            self.append(source, position, kind).place(|| format!("dictionary {id}"))?;
        }
        Ok(())
    }

    /// Takes a message of a stream, the only one of its source: in a stream each comes once and in order.
    pub(crate) fn take(&mut self, source: &Source<'_>, id: i64, kind: Kind) -> Outcome<()> {
        self.passed = 0;
        self.advance(source, id, kind, 1)
    }

    fn append(&mut self, source: &Source<'_>, position: usize, kind: Kind) -> Outcome<()> {
        let at = source.all[position].at;
        let metadata = metadata(source.store, at, source.limits)?;
        let message = message(&metadata, at)?;
        let batch: RecordBatch<'_> = message
            .header_as_dictionary_batch()
            .and_then(|dictionary| dictionary.data())
            .ok_or_else(|| Fault::damaged("a dictionary message without data"))?;
        let body = Body::new(source.store, at, batch, &Layout::single(kind), source.limits)?;
        // Not pooled: it lives as long as the dictionary.
        let values = Decoded::new(&body, &Column::single(kind), &mut Pool::default())?;
        let decodes = source.encoding == Encoding::Gb18030 && !kind.is_utf8();
        let bytes = values.data();
        let in_place = self.entries.is_empty() && !decodes;
        let mut own = if in_place { BytesMut::new() } else { self.take_own() };
        let entries = (self.entries.len() as u64).saturating_add(values.rows as u64);
        if entries > source.limits.dictionary_entries {
            return Err(Fault::limit("entries of a dictionary", entries, source.limits.dictionary_entries));
        }
        // A reader notes the row of each entry beside it.
        let held = ((self.entries.len() + values.rows) * (size_of::<Entry>() + 8)) as u64;
        if held > source.limits.buffer_bytes {
            return Err(Fault::limit("memory of a dictionary's entries", held, source.limits.buffer_bytes));
        }
        self.entries.reserve(values.rows);
        for row in 0..values.rows {
            let entry = match values.cell(row)? {
                Cell::Null => Entry::Null,
                Cell::Bytes { start, len } if in_place => checked(&bytes, start, len, kind, row)?,
                Cell::Bytes { start, len } => {
                    let from = own.len();
                    let text = &bytes[start..start + len];
                    let utf8 = if decodes { decode_gb18030(text) } else { Some(text.into()) };
                    match utf8 {
                        None => Entry::Bad(Reason::InvalidUtf8),
                        Some(text) => {
                            append_limited(&mut own, &text, "dictionary", source.limits.buffer_bytes)?;
                            checked(&own, from, text.len(), kind, row)?
                        }
                    }
                }
                Cell::Int(_) => return Err(Fault::unsupported("a dictionary of integers")),
            };
            self.entries.push(entry);
        }
        (self.data, self.owned) = if in_place { (bytes, false) } else { (own.freeze(), true) };
        Ok(())
    }

    /// The data as a buffer that can grow; copied only while a batch still holds it, or the file does.
    fn take_own(&mut self) -> BytesMut {
        let data = std::mem::take(&mut self.data);
        if !self.owned {
            return BytesMut::from(&data[..]);
        }
        data.try_into_mut().unwrap_or_else(|data| BytesMut::from(&data[..]))
    }
}

fn checked(bytes: &[u8], start: usize, len: usize, kind: Kind, row: usize) -> Outcome<Entry> {
    if simdutf8::basic::from_utf8(&bytes[start..start + len]).is_ok() {
        return Ok(Entry::Text { start, len });
    }
    if kind.is_utf8() {
        return Err(Fault::damaged("a string is not valid UTF-8").at(format_args!("entry {row}")));
    }
    Ok(Entry::Bad(Reason::InvalidUtf8))
}
