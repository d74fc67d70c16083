//! Thrift's compact encoding, and page headers in it.
//!
//! Readers of Parquet tend to take counts and sizes at their word, so that a few bytes can make them ask for terabytes or
//! recurse without end, which ends the process. Here nothing is reserved: lists grow as their elements are met.

use crate::error::{Fault, Outcome};

/// Deepest nesting of what is skipped; real metadata has six levels.
const MAX_DEPTH: usize = 16;

/// Types of the encoding that are met by name.
pub(crate) const INT32: u8 = 5;
pub(crate) const INT64: u8 = 6;
pub(crate) const BINARY: u8 = 8;
pub(crate) const LIST: u8 = 9;
pub(crate) const STRUCT: u8 = 12;

/// What a page holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PageKind {
    Data {
        values: u32,
        encoding: i32,
        /// Encodings of definition and repetition levels.
        level_encoding: i32,
        repetition_encoding: i32,
    },
    DataV2 {
        values: u32,
        nulls: u32,
        encoding: i32,
        levels: u32,
        repetition: u32,
        compressed: bool,
    },
    Dictionary {
        values: u32,
        encoding: i32,
    },
    /// An index or something newer; passed over, as the format asks.
    Other,
}

/// A page header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PageHeader {
    pub(crate) kind: PageKind,
    /// Bytes of the page in the file.
    pub(crate) stored: u32,
    /// Bytes of it after decompression.
    pub(crate) expanded: u32,
    pub(crate) crc: Option<u32>,
}

/// Reads a header; gives it with its length, or `None` if it does not end within `bytes`.
pub(crate) fn page_header(bytes: &[u8]) -> Outcome<Option<(PageHeader, usize)>> {
    let mut input = Input::new(bytes);
    match input.header() {
        Ok(header) => Ok(Some((header, input.at))),
        Err(Stop::End) => Ok(None),
        Err(Stop::Broken(what) | Stop::Unsupported(what) | Stop::Limit(what, _)) => {
            Err(Fault::damaged(format!("a page header is broken ({what})")))
        }
    }
}

/// Why reading stopped.
pub(crate) enum Stop {
    /// The bytes end.
    End,
    /// They can't be right.
    Broken(&'static str),
    /// They are right and mean something that is not read here.
    Unsupported(&'static str),
    /// There are more of these than are allowed.
    Limit(&'static str, u64),
}

/// Bytes that are being read.
pub(crate) struct Input<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Input<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    fn byte(&mut self) -> Result<u8, Stop> {
        let byte = *self.bytes.get(self.at).ok_or(Stop::End)?;
        self.at += 1;
        Ok(byte)
    }

    fn varint(&mut self) -> Result<u64, Stop> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7F) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(Stop::Broken("an integer of more than 64 bits"))
    }

    pub(crate) fn int(&mut self) -> Result<i64, Stop> {
        let value = self.varint()?;
        Ok((value >> 1).cast_signed() ^ -((value & 1).cast_signed()))
    }

    pub(crate) fn i32(&mut self) -> Result<i32, Stop> {
        i32::try_from(self.int()?).map_err(|_| Stop::Broken("an integer of more than 32 bits"))
    }

    pub(crate) fn count(&mut self) -> Result<u32, Stop> {
        u32::try_from(self.int()?).map_err(|_| Stop::Broken("a count below 0 or over 32 bits"))
    }

    /// Calls `field` with number and type of each field of a struct; it must take the value in.
    pub(crate) fn fields(&mut self, mut field: impl FnMut(&mut Self, i16, u8) -> Result<(), Stop>) -> Result<(), Stop> {
        let mut id = 0_i16;
        loop {
            let head = self.byte()?;
            if head == 0 {
                return Ok(());
            }
            let next = match head >> 4 {
                0 => i16::try_from(self.int()?).ok(),
                delta => id.checked_add(i16::from(delta)),
            };
            id = next.ok_or(Stop::Broken("a field number over 16 bits"))?;
            field(self, id, head & 0x0F)?;
        }
    }

    pub(crate) fn skip(&mut self, kind: u8, depth: usize) -> Result<(), Stop> {
        if depth > MAX_DEPTH {
            return Err(Stop::Broken("nesting"));
        }
        match kind {
            // Booleans are in the type itself.
            1 | 2 => Ok(()),
            3 => self.byte().map(drop),
            4..=6 => self.varint().map(drop),
            7 => self.advance(8),
            8 => self.binary().map(drop),
            9 | 10 => {
                let head = self.byte()?;
                let length = if head >> 4 == 15 { self.varint()? } else { u64::from(head >> 4) };
                for _ in 0..length {
                    // In lists a boolean has a byte of its own.
                    if matches!(head & 0x0F, 1 | 2) {
                        self.byte()?;
                    } else {
                        self.skip(head & 0x0F, depth + 1)?;
                    }
                }
                Ok(())
            }
            12 => self.fields(|input, _, kind| input.skip(kind, depth + 1)),
            _ => Err(Stop::Broken("an unknown type")),
        }
    }

    /// Strings are bytes here; the caller knows what is text.
    pub(crate) fn binary(&mut self) -> Result<&'a [u8], Stop> {
        let length = usize::try_from(self.varint()?).map_err(|_| Stop::End)?;
        let start = self.at;
        self.advance(length)?;
        Ok(&self.bytes[start..self.at])
    }

    /// Calls `element` for each element of a list, which must be of the type `kind`.
    pub(crate) fn list(
        &mut self,
        kind: u8,
        mut element: impl FnMut(&mut Self) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        let head = self.byte()?;
        let length = if head >> 4 == 15 { self.varint()? } else { u64::from(head >> 4) };
        if length > 0 && head & 0x0F != kind {
            return Err(Stop::Broken("a list of another type"));
        }
        for _ in 0..length {
            element(self)?;
        }
        Ok(())
    }

    fn advance(&mut self, bytes: usize) -> Result<(), Stop> {
        let at = self.at.checked_add(bytes).filter(|at| *at <= self.bytes.len());
        self.at = at.ok_or(Stop::End)?;
        Ok(())
    }

    fn header(&mut self) -> Result<PageHeader, Stop> {
        const INT: u8 = INT32;
        let (mut kind, mut expanded, mut stored, mut crc) = (None, None, None, None);
        let (mut data, mut dictionary, mut data_v2) = (None, None, None);
        self.fields(|input, id, field| {
            match (id, field) {
                (1, INT) => kind = Some(input.i32()?),
                (2, INT) => expanded = Some(input.count()?),
                (3, INT) => stored = Some(input.count()?),
                (4, INT) => crc = Some(input.i32()?.cast_unsigned()),
                (5, STRUCT) => {
                    let (mut values, mut encoding, mut level_encoding, mut repetition) = (None, None, None, None);
                    input.fields(|input, id, field| {
                        match (id, field) {
                            (1, INT) => values = Some(input.count()?),
                            (2, INT) => encoding = Some(input.i32()?),
                            (3, INT) => level_encoding = Some(input.i32()?),
                            (4, INT) => repetition = Some(input.i32()?),
                            _ => input.skip(field, 2)?,
                        }
                        Ok(())
                    })?;
                    data = values.zip(encoding).zip(level_encoding.zip(repetition));
                }
                (7, STRUCT) => {
                    let (mut values, mut encoding) = (None, None);
                    input.fields(|input, id, field| {
                        match (id, field) {
                            (1, INT) => values = Some(input.count()?),
                            (2, INT) => encoding = Some(input.i32()?),
                            _ => input.skip(field, 2)?,
                        }
                        Ok(())
                    })?;
                    dictionary = values.zip(encoding);
                }
                (8, STRUCT) => {
                    let (mut values, mut encoding, mut levels, mut repetition) = (None, None, None, None);
                    let (mut nulls, mut rows) = (None, None);
                    let mut compressed = true;
                    input.fields(|input, id, field| {
                        match (id, field) {
                            (1, INT) => values = Some(input.count()?),
                            (2, INT) => nulls = Some(input.count()?),
                            (3, INT) => rows = Some(input.count()?),
                            (4, INT) => encoding = Some(input.i32()?),
                            (5, INT) => levels = Some(input.count()?),
                            (6, INT) => repetition = Some(input.count()?),
                            (7, 1 | 2) => compressed = field == 1,
                            _ => input.skip(field, 2)?,
                        }
                        Ok(())
                    })?;
                    // The number of rows says no more than the levels do, but must be there.
                    let counts = values.zip(nulls).zip(rows).map(|(counts, _)| counts);
                    data_v2 = counts.zip(encoding).zip(levels.zip(repetition)).map(|found| (found, compressed));
                }
                _ => input.skip(field, 1)?,
            }
            Ok(())
        })?;
        let kind =
            match kind.ok_or(Stop::Broken("no type"))? {
                0 => data.map(|((values, encoding), (level_encoding, repetition_encoding))| PageKind::Data {
                    values,
                    encoding,
                    level_encoding,
                    repetition_encoding,
                }),
                2 => dictionary.map(|(values, encoding)| PageKind::Dictionary { values, encoding }),
                3 => data_v2.map(|((((values, nulls), encoding), (levels, repetition)), compressed)| {
                    PageKind::DataV2 { values, nulls, encoding, levels, repetition, compressed }
                }),
                _ => Some(PageKind::Other),
            };
        Ok(PageHeader {
            kind: kind.ok_or(Stop::Broken("the part for its type is missing"))?,
            stored: stored.ok_or(Stop::Broken("no stored size"))?,
            expanded: expanded.ok_or(Stop::Broken("no decompressed size"))?,
            crc,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A data page of 3 plain values with 10 stored and 12 decompressed bytes.
    const HEADER: [u8; 17] = [0x15, 0, 0x15, 24, 0x15, 20, 0x2C, 0x15, 6, 0x15, 0, 0x15, 6, 0x15, 6, 0, 0];

    #[test]
    fn a_header() {
        let (header, length) = page_header(&HEADER).ok().flatten().unwrap();
        assert_eq!(length, HEADER.len());
        let kind = PageKind::Data { values: 3, encoding: 0, level_encoding: 3, repetition_encoding: 3 };
        assert_eq!(header, PageHeader { kind, stored: 10, expanded: 12, crc: None });
        for cut in 0..HEADER.len() {
            assert!(matches!(page_header(&HEADER[..cut]), Ok(None)), "{cut}");
        }
    }

    #[test]
    fn broken_headers_end() {
        // Structs in structs without end; a list of 2^63 bytes; a field number that overflows.
        assert!(page_header(&[0x9C; 64]).is_err());
        assert!(matches!(page_header(&[&[0x99, 0xF3][..], &[0xFF; 8], &[0x7F, 1]].concat()), Ok(None)));
        assert!(page_header(&[0x05, 0xFE, 0xFF, 0x03, 0, 0x15, 0]).is_err());
        assert!(page_header(&[0x15, 0, 0x15, 23, 0]).is_err());
    }
}
