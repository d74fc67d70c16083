//! Pages of a column chunk: found, checked, decompressed.

use std::io::Read;

use bytes::Bytes;
use flate2::Crc;
use flate2::read::MultiGzDecoder;

use super::footer::Chunk;
use super::thrift::{PageHeader, PageKind, page_header};
use crate::error::{Fault, Outcome};
use crate::file::Store;
use crate::options::Limits;

/// Bytes that are looked at for a header at first, and at most: statistics make some long.
const HEADER_BYTES: u64 = 8 << 10;
const MAX_HEADER_BYTES: u64 = 16 << 20;

/// A page with its values decompressed.
pub(crate) struct Page {
    pub(crate) kind: PageKind,
    /// Levels of a version 2 page.
    pub(crate) levels: Bytes,
    /// Everything else.
    pub(crate) bytes: Bytes,
}

/// The pages of one chunk, in order.
pub(crate) struct Pages {
    at: u64,
    end: u64,
    codec: i32,
    /// Decompressed bytes of all pages so far.
    pub(crate) expanded: u64,
}

impl Pages {
    pub(crate) fn new(chunk: &Chunk) -> Self {
        Self { at: chunk.offset, end: chunk.offset + chunk.length, codec: chunk.codec, expanded: 0 }
    }

    /// The next page of data or dictionary; `None` at the end of the chunk.
    pub(crate) fn next(&mut self, store: &Store, limits: &Limits) -> Outcome<Option<Page>> {
        while self.at < self.end {
            let at = self.at;
            let page = self.page(store, limits).map_err(|fault| fault.at(format_args!("page at byte {at}")))?;
            if page.kind != PageKind::Other {
                return Ok(Some(page));
            }
        }
        Ok(None)
    }

    fn header(&self, store: &Store) -> Outcome<(PageHeader, u64)> {
        let left = self.end - self.at;
        let mut window = HEADER_BYTES;
        loop {
            let bytes = store.read(self.at, left.min(window))?;
            if let Some((header, length)) = page_header(&bytes)? {
                return Ok((header, length as u64));
            }
            if window >= left.min(MAX_HEADER_BYTES) {
                return Err(Fault::damaged(format!("a page header does not end within {} bytes", left.min(window))));
            }
            window *= 16;
        }
    }

    fn page(&mut self, store: &Store, limits: &Limits) -> Outcome<Page> {
        let (header, length) = self.header(store)?;
        let at = self.at + length;
        let left = self.end - at;
        let (stored, expanded) = (u64::from(header.stored), u64::from(header.expanded));
        if stored > left {
            return Err(Fault::damaged(format!("a page claims {stored} bytes; the column has {left} left")));
        }
        self.at = at + stored;
        if header.kind == PageKind::Other {
            return Ok(Page { kind: header.kind, levels: Bytes::new(), bytes: Bytes::new() });
        }
        if expanded > limits.buffer_bytes {
            return Err(Fault::limit("decompressed page", expanded, limits.buffer_bytes));
        }
        if !limits.allows_expansion(stored, expanded) {
            let allowed = stored.saturating_mul(limits.expansion).max(limits.expansion_free_bytes);
            return Err(Fault::limit("decompressed page", expanded, allowed));
        }
        let bytes = store.read(at, stored)?;
        if let Some(expected) = header.crc {
            let mut crc = Crc::new();
            crc.update(&bytes);
            if crc.sum() != expected {
                return Err(Fault::damaged(format!("checksum {:08x}; {expected:08x} is stored", crc.sum())));
            }
        }
        self.expanded += expanded;
        // Version 2 keeps the levels in front, never compressed.
        let (levels, compressed) = match header.kind {
            PageKind::DataV2 { levels, repetition, compressed, .. } => {
                (u64::from(levels) + u64::from(repetition), compressed)
            }
            _ => (0, true),
        };
        if levels > stored || levels > expanded {
            return Err(Fault::damaged(format!("levels of {levels} bytes in a page of {stored}")));
        }
        let (levels, values) = (bytes.slice(..levels as usize), bytes.slice(levels as usize..));
        let expanded = expanded as usize - levels.len();
        let codec = if compressed { self.codec } else { 0 };
        let bytes = decompress(codec, values, expanded)?;
        if bytes.len() != expanded {
            return Err(Fault::damaged(format!("a page has {} bytes instead of {expanded}", bytes.len())));
        }
        Ok(Page { kind: header.kind, levels, bytes })
    }
}

/// Decompresses to `expanded` bytes; the caller compares, since some codecs notice less. Never takes more memory.
fn decompress(codec: i32, stored: Bytes, expanded: usize) -> Outcome<Bytes> {
    // A page of nothing but nulls has no values, compressed or not.
    if expanded == 0 {
        return Ok(Bytes::new());
    }
    let broken = |error: &dyn std::fmt::Display| Fault::damaged(format!("a compressed page is broken ({error})"));
    let read = |reader: &mut dyn Read| {
        let mut out = Vec::with_capacity(expanded);
        // One more than there should be shows that there is more.
        reader.take(expanded as u64 + 1).read_to_end(&mut out).map_err(|error| broken(&error))?;
        Ok(out)
    };
    Ok(match codec {
        0 => stored,
        1 => {
            let claimed = snap::raw::decompress_len(&stored).map_err(|error| broken(&error))?;
            if claimed != expanded {
                return Err(broken(&format_args!("{claimed} bytes instead of {expanded}")));
            }
            let mut out = vec![0; expanded];
            snap::raw::Decoder::new().decompress(&stored, &mut out).map_err(|error| broken(&error))?;
            out.into()
        }
        2 => read(&mut MultiGzDecoder::new(&stored[..]))?.into(),
        4 => read(&mut brotli::Decompressor::new(&stored[..], 64 << 10))?.into(),
        5 => lz4(&stored, expanded)?,
        6 => zstd::bulk::decompress(&stored, expanded).map_err(|error| broken(&error))?.into(),
        7 => {
            let mut out = vec![0; expanded];
            let found = lz4_flex::block::decompress_into(&stored, &mut out).map_err(|error| broken(&error))?;
            out.truncate(found);
            out.into()
        }
        other => return Err(Fault::unsupported(format!("compression codec {other}"))),
    })
}

/// The codec that is called just LZ4 was written in three ways: Hadoop's blocks, LZ4 frames, and bare blocks.
fn lz4(stored: &[u8], expanded: usize) -> Outcome<Bytes> {
    let mut out = vec![0; expanded];
    if hadoop(stored, &mut out).is_some() {
        return Ok(out.into());
    }
    let mut decoder = lz4_flex::frame::FrameDecoder::new(stored);
    if decoder.read_exact(&mut out).is_ok() && decoder.read(&mut [0]).is_ok_and(|more| more == 0) {
        return Ok(out.into());
    }
    match lz4_flex::block::decompress_into(stored, &mut out) {
        Ok(found) if found == expanded => Ok(out.into()),
        _ => Err(Fault::damaged("a compressed page is broken (LZ4)")),
    }
}

/// Blocks of: length, compressed length (both big-endian), bytes.
fn hadoop(mut stored: &[u8], mut out: &mut [u8]) -> Option<()> {
    while !stored.is_empty() {
        let (expanded, rest) = stored.split_first_chunk::<4>()?;
        let (length, rest) = rest.split_first_chunk::<4>()?;
        let (block, rest) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
        let (target, behind) = out.split_at_mut_checked(u32::from_be_bytes(*expanded) as usize)?;
        if lz4_flex::block::decompress_into(block, target).ok()? != target.len() {
            return None;
        }
        (stored, out) = (rest, behind);
    }
    out.is_empty().then_some(())
}
