//! A part of a stream in one piece: what was read and not yet taken.

use std::ops::Range;

use crate::error::Outcome;
use crate::stream::Stream;

const READ_BYTES: usize = 256 << 10;

/// Bytes of a stream that grow at one end and are taken at the other.
pub(crate) struct Window {
    stream: Stream,
    buffer: Vec<u8>,
    /// Bytes of the buffer: `at..filled` were read and not yet taken.
    at: usize,
    filled: usize,
    /// Offset in the (decompressed) file of the byte at `at`.
    offset: u64,
    ended: bool,
}

impl Window {
    /// A window at the beginning of a stream that begins at `offset` of its file.
    pub(crate) fn new(stream: Stream, offset: u64) -> Self {
        Self { stream, buffer: Vec::new(), at: 0, filled: 0, offset, ended: false }
    }

    /// What was read and not yet taken.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.buffer[self.at..self.filled]
    }

    /// Offset in the (decompressed) file of the first of these bytes.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// Stored bytes behind what was read so far.
    pub(crate) fn stored(&self) -> u64 {
        self.stream.stored()
    }

    /// Takes bytes that were read. They stay readable by [`taken`](Self::taken) until more is read.
    pub(crate) fn take(&mut self, bytes: usize) -> Range<usize> {
        let start = self.at;
        self.at += bytes;
        self.offset += bytes as u64;
        start..self.at
    }

    /// Bytes that were just taken.
    pub(crate) fn taken(&self, range: Range<usize>) -> &[u8] {
        &self.buffer[range]
    }

    /// Reads more behind what is there; `false` at the end. `most` is what the caller will ever hold at once: memory
    /// grows with what was read, and not past that.
    pub(crate) fn fill(&mut self, most: usize) -> Outcome<bool> {
        if self.ended {
            return Ok(false);
        }
        if self.at > 0 {
            self.buffer.copy_within(self.at..self.filled, 0);
            self.filled -= self.at;
            self.at = 0;
        }
        if self.buffer.len() < self.filled + READ_BYTES {
            // Doubling, so that what is held is not copied again for every read.
            let enough = most.saturating_add(READ_BYTES);
            self.buffer.resize((self.filled * 2).min(enough).max(self.filled + READ_BYTES), 0);
        }
        let read = self.stream.read(&mut self.buffer[self.filled..]);
        self.ended = !matches!(read, Ok(1..));
        self.filled += *read.as_ref().unwrap_or(&0);
        read.map(|read| read > 0)
    }
}
