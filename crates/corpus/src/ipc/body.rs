//! The body of one message: its nodes and buffers, checked against the layout, decompressed within the limits.

use std::io::Read;

use arrow_ipc::{BodyCompressionMethod, CompressionType, RecordBatch};
use bytes::{Bytes, BytesMut};

use super::layout::Layout;
use super::walk::MessageAt;
use crate::error::{Fault, Outcome};
use crate::file::Store;
use crate::options::{Limits, ZSTD_WINDOW_LOG};

/// Most memory that is kept to be used again.
const KEPT_BYTES: usize = 64 << 20;

/// Buffers that were decompressed, used again once nobody holds them.
#[derive(Default)]
pub(crate) struct Pool {
    lent: Vec<Bytes>,
    free: Vec<BytesMut>,
    /// Bytes that were lent since the last [`reclaim`](Self::reclaim).
    held: u64,
}

impl Pool {
    /// Takes back what was lent, as far as it was dropped.
    pub(crate) fn reclaim(&mut self) {
        self.free.extend(self.lent.drain(..).filter_map(|bytes| bytes.try_into_mut().ok()));
        // A batch has few buffers of the columns that are read; more would only hold memory.
        self.free.truncate(8);
        let mut kept = 0;
        self.free.retain(|bytes| {
            kept += bytes.capacity();
            kept <= KEPT_BYTES
        });
        self.held = 0;
    }

    /// All buffers of a batch together may take half as much again as the largest one may.
    fn check_room(&self, length: u64, limits: &Limits) -> Outcome<()> {
        if length > limits.buffer_bytes {
            // Too large even alone, which is what the caller says.
            return Ok(());
        }
        let (total, room) = (self.held.saturating_add(length), limits.buffer_bytes.saturating_mul(3) / 2);
        if total > room { Err(Fault::limit("decompressed buffers of a batch", total, room)) } else { Ok(()) }
    }

    pub(crate) fn take(&mut self) -> BytesMut {
        let mut bytes = self.free.pop().unwrap_or_default();
        bytes.clear();
        bytes
    }

    pub(crate) fn lend(&mut self, bytes: BytesMut) -> Bytes {
        let bytes = bytes.freeze();
        self.held += bytes.len() as u64;
        self.lent.push(bytes.clone());
        bytes
    }
}

/// One record batch, or the one within a dictionary.
pub(crate) struct Body<'a> {
    pub(crate) store: &'a Store,
    pub(crate) at: MessageAt,
    pub(crate) limits: &'a Limits,
    batch: RecordBatch<'a>,
    compression: Option<CompressionType>,
    /// Number of variable buffers of each view column.
    variadic: Vec<usize>,
}

impl<'a> Body<'a> {
    /// Checks that nodes and buffers are as many as the layout says and that all lie in the body, also those of columns
    /// that nobody reads.
    pub(crate) fn new(
        store: &'a Store,
        at: MessageAt,
        batch: RecordBatch<'a>,
        layout: &Layout,
        limits: &'a Limits,
    ) -> Outcome<Self> {
        let compression = match batch.compression() {
            None => None,
            Some(compression) => {
                if compression.method() != BodyCompressionMethod::BUFFER {
                    return Err(Fault::unsupported(format!("compression method {}", compression.method().0)));
                }
                match compression.codec() {
                    codec @ (CompressionType::LZ4_FRAME | CompressionType::ZSTD) => Some(codec),
                    other => return Err(Fault::unsupported(format!("compression codec {}", other.0))),
                }
            }
        };
        let variadic: Option<Vec<usize>> =
            batch.variadicBufferCounts().into_iter().flatten().map(|count| usize::try_from(count).ok()).collect();
        let variadic = variadic.ok_or_else(|| Fault::damaged("a negative number of variable buffers"))?;
        let same = |what: &str, found: usize, expected: usize| {
            if found == expected {
                return Ok(());
            }
            Err(Fault::damaged(format!("{found} {what}; the schema makes {expected}")))
        };
        if batch.nodes().is_none() || batch.buffers().is_none() {
            return Err(Fault::damaged("a batch without nodes or buffers"));
        }
        same("counts of variable buffers", variadic.len(), layout.views)?;
        let extra = variadic.iter().try_fold(0_usize, |sum, count| sum.checked_add(*count));
        let buffers = extra.and_then(|extra| extra.checked_add(layout.buffers)).unwrap_or(usize::MAX);
        same("nodes", batch.nodes().map_or(0, |nodes| nodes.len()), layout.nodes)?;
        same("buffers", batch.buffers().map_or(0, |buffers| buffers.len()), buffers)?;
        for (i, buffer) in batch.buffers().into_iter().flatten().enumerate() {
            let (offset, length) = (buffer.offset(), buffer.length());
            let fits = u64::try_from(offset)
                .ok()
                .zip(u64::try_from(length).ok())
                .and_then(|(offset, length)| offset.checked_add(length))
                .is_some_and(|end| end <= at.body);
            if !fits {
                return Err(Fault::damaged(format!(
                    "buffer {i} of {length} bytes at offset {offset} does not lie in a body of {} bytes",
                    at.body
                )));
            }
        }
        Ok(Self { store, at, limits, batch, compression, variadic })
    }

    /// Rows and nulls of a node.
    pub(crate) fn node(&self, index: usize) -> Outcome<(usize, usize)> {
        let node = self.batch.nodes().filter(|nodes| index < nodes.len()).map(|nodes| *nodes.get(index));
        let node = node.ok_or_else(|| Fault::damaged(format!("node {index} is missing")))?;
        match (usize::try_from(node.length()), usize::try_from(node.null_count())) {
            (Ok(rows), Ok(nulls)) if nulls <= rows => Ok((rows, nulls)),
            _ => Err(Fault::damaged(format!("{} rows with {} nulls", node.length(), node.null_count()))),
        }
    }

    /// Position of a column's first buffer, and the number of its variable ones if it is a view column.
    pub(crate) fn first_buffer(&self, buffer: usize, views_before: usize) -> (usize, usize) {
        let before: usize = self.variadic[..views_before].iter().sum();
        (buffer + before, self.variadic.get(views_before).copied().unwrap_or(0))
    }

    pub(crate) fn is_compressed(&self) -> bool {
        self.compression.is_some()
    }

    /// Place of a buffer in the body, as stored.
    pub(crate) fn stored(&self, index: usize) -> Outcome<(u64, u64)> {
        let buffer = self.batch.buffers().filter(|buffers| index < buffers.len()).map(|buffers| *buffers.get(index));
        // Both were checked to be positive and within the body.
        buffer
            .map(|buffer| (buffer.offset().unsigned_abs(), buffer.length().unsigned_abs()))
            .ok_or_else(|| Fault::damaged(format!("buffer {index} is missing")))
    }

    /// The whole body as stored.
    pub(crate) fn whole(&self) -> Outcome<Bytes> {
        self.store.read(self.at.body_offset(), self.at.body)
    }

    /// A buffer, decompressed.
    pub(crate) fn buffer(&self, index: usize, pool: &mut Pool) -> Outcome<Bytes> {
        let (offset, length) = self.stored(index)?;
        // What is mapped takes no memory of ours; what is read does.
        if !self.store.is_mapped() && length > self.limits.buffer_bytes {
            return Err(Fault::limit("buffer of a file that is not mapped", length, self.limits.buffer_bytes));
        }
        let stored = self.store.read(self.at.body_offset() + offset, length)?;
        let Some(codec) = self.compression else {
            return Ok(stored);
        };
        match split_length(&stored)? {
            None => Ok(stored.slice(stored.len().min(8)..)),
            Some(length) => {
                pool.check_room(length, self.limits)?;
                let mut out = pool.take();
                decompress(codec, &stored[8..], length, self.limits, &mut out)?;
                Ok(pool.lend(out))
            }
        }
    }

    /// Length of a buffer after decompression, which is done piece by piece: nothing of it is held.
    pub(crate) fn measure(&self, index: usize) -> Outcome<u64> {
        let (offset, length) = self.stored(index)?;
        let Some(codec) = self.compression else {
            return Ok(length);
        };
        if !self.store.is_mapped() && length > self.limits.buffer_bytes {
            return Err(Fault::limit("buffer of a file that is not mapped", length, self.limits.buffer_bytes));
        }
        let stored = self.store.read(self.at.body_offset() + offset, length)?;
        let Some(claimed) = split_length(&stored)? else {
            return Ok(length.saturating_sub(8));
        };
        check_expansion(stored.len() as u64, claimed, self.limits)?;
        let packed = &stored[8..];
        let mut decoder: Box<dyn Read + '_> = if codec == CompressionType::ZSTD {
            let mut decoder = zstd::stream::read::Decoder::with_buffer(packed).map_err(|error| broken(&error))?;
            decoder.window_log_max(ZSTD_WINDOW_LOG).map_err(|error| broken(&error))?;
            Box::new(decoder)
        } else if claimed == 0 {
            return Ok(0);
        } else {
            Box::new(lz4_flex::frame::FrameDecoder::new(packed))
        };
        // One more than there should be shows that there is more.
        let found = std::io::copy(&mut decoder.by_ref().take(claimed.saturating_add(1)), &mut std::io::sink());
        match found.map_err(|error| broken(&error))? {
            found if found == claimed => Ok(claimed),
            found => Err(broken(&format_args!("{found} bytes instead of {claimed}"))),
        }
    }

    /// A buffer, decompressed onto the end of `out`, where all together may take what one buffer may.
    pub(crate) fn append_buffer(&self, index: usize, out: &mut BytesMut) -> Outcome<()> {
        let (offset, length) = self.stored(index)?;
        let room = self.limits.buffer_bytes.saturating_sub(out.len() as u64);
        let whole = |added: u64| {
            if added > room {
                let total = out.len() as u64 + added;
                return Err(Fault::limit("buffers of a view column", total, self.limits.buffer_bytes));
            }
            Ok(())
        };
        let Some(codec) = self.compression else {
            whole(length)?;
            out.extend_from_slice(&self.store.read(self.at.body_offset() + offset, length)?);
            return Ok(());
        };
        let stored = self.store.read(self.at.body_offset() + offset, length)?;
        match split_length(&stored)? {
            None => {
                whole(length)?;
                out.extend_from_slice(&stored[stored.len().min(8)..]);
                Ok(())
            }
            Some(length) => {
                whole(length)?;
                decompress(codec, &stored[8..], length, self.limits, out)
            }
        }
    }
}

/// The length that a compressed buffer claims; `None` where it is stored as it is (-1) or empty.
fn split_length(stored: &[u8]) -> Outcome<Option<u64>> {
    let Some((length, _)) = stored.split_first_chunk::<8>() else {
        if stored.is_empty() {
            return Ok(None);
        }
        return Err(Fault::damaged(format!("a compressed buffer of {} bytes has no length", stored.len())));
    };
    match i64::from_le_bytes(*length) {
        -1 => Ok(None),
        length => match u64::try_from(length) {
            Ok(length) => Ok(Some(length)),
            Err(_) => Err(Fault::damaged(format!("a compressed buffer claims {length} bytes"))),
        },
    }
}

fn broken(error: &dyn std::fmt::Display) -> Fault {
    Fault::damaged(format!("a compressed buffer is broken ({error})"))
}

fn check_expansion(stored: u64, length: u64, limits: &Limits) -> Outcome<()> {
    if limits.allows_expansion(stored, length) {
        return Ok(());
    }
    let allowed = stored.saturating_mul(limits.expansion).max(limits.expansion_free_bytes);
    Err(Fault::limit("decompressed buffer", length, allowed))
}

fn decompress(codec: CompressionType, stored: &[u8], length: u64, limits: &Limits, out: &mut BytesMut) -> Outcome<()> {
    if length > limits.buffer_bytes {
        return Err(Fault::limit("decompressed buffer", length, limits.buffer_bytes));
    }
    check_expansion(stored.len() as u64, length, limits)?;
    let start = out.len();
    out.resize(start + length as usize, 0);
    let target = &mut out[start..];
    if codec == CompressionType::ZSTD {
        let found = zstd::bulk::decompress_to_buffer(stored, target).map_err(|error| broken(&error))?;
        if found != target.len() {
            return Err(broken(&format_args!("{found} bytes instead of {length}")));
        }
    } else if length > 0 {
        let mut decoder = lz4_flex::frame::FrameDecoder::new(stored);
        decoder.read_exact(target).map_err(|error| broken(&error))?;
        if decoder.read(&mut [0]).map_err(|error| broken(&error))? != 0 {
            return Err(broken(&format_args!("more than {length} bytes")));
        }
    }
    Ok(())
}
