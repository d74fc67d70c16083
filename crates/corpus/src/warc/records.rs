//! The records of a WARC file, one after the other: where each begins, its head, and its block within limits.
//!
//! Nothing but its own length says where a record ends, so that one whose length is wrong ends the file: what follows
//! it can't be told from its block.

use super::head::{self, HEAD_BYTES, Head};
use crate::error::{Fault, Outcome};
use crate::window::Window;

/// Bytes behind a block that are looked at: two line ends and the next version line's beginning, with room to spare.
const TAIL_BYTES: usize = 16;
const BEGIN: &[u8] = b"WARC/";

/// Reads records in order. For each: [`next_head`](Self::next_head), then any [`peek`](Self::peek), then
/// [`finish`](Self::finish).
pub(super) struct Records {
    window: Window,
    /// Why no more can be read; told once what came before it was used.
    broken: Option<Fault>,
    /// Offset of the record in hand, length of its block, and how much of it was not passed yet.
    offset: u64,
    length: u64,
    left: u64,
}

impl Records {
    pub(super) fn new(window: Window) -> Self {
        Self { window, broken: None, offset: 0, length: 0, left: 0 }
    }

    /// Offset of the record's first byte in the (decompressed) file.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// Stored bytes behind what was read so far.
    pub(super) fn stored(&self) -> u64 {
        self.window.stored()
    }

    /// Puts the head of the next record into `head`; `false` at the end of the file.
    ///
    /// # Errors
    ///
    /// Damage, a limit, or a version that is not read. The record is then not counted.
    pub(super) fn next_head(&mut self, head: &mut Vec<u8>) -> Outcome<bool> {
        loop {
            let bytes = self.window.bytes();
            let blank = line_ends(bytes);
            let is_all = blank == bytes.len();
            self.window.take(blank);
            if !is_all {
                break;
            }
            if !self.read_more(HEAD_BYTES) {
                return self.broken.take().map_or(Ok(false), Err);
            }
        }
        self.offset = self.window.offset();
        let length = loop {
            let bytes = self.window.bytes();
            if !begins_like_record(bytes) {
                return Err(self.at_record(Fault::damaged("no record begins here: the version line is missing")));
            }
            if let Some(length) = head::length(&bytes[..bytes.len().min(HEAD_BYTES)]) {
                break length;
            }
            let length = bytes.len();
            if length > HEAD_BYTES {
                return Err(self.at_record(Fault::limit("header", length as u64, HEAD_BYTES as u64)));
            }
            if !self.read_more(HEAD_BYTES) {
                return Err(self.cut_off());
            }
        };
        head.clear();
        head.extend_from_slice(&self.window.bytes()[..length]);
        self.window.take(length);
        Ok(true)
    }

    /// Tells the length of the block, which the head says.
    ///
    /// # Errors
    ///
    /// Those of [`Head::parse`].
    pub(super) fn parse<'h>(&mut self, head: &'h [u8]) -> Outcome<Head<'h>> {
        let head = Head::parse(head).map_err(|fault| self.at_record(fault))?;
        self.length = head.length;
        self.left = head.length;
        Ok(head)
    }

    /// The first `bytes` of the block; fewer where the block, or the file, has no more.
    pub(super) fn peek(&mut self, bytes: u64) -> &[u8] {
        let wanted = bytes.min(self.left) as usize;
        while self.window.bytes().len() < wanted && self.read_more(wanted) {}
        let bytes = self.window.bytes();
        &bytes[..wanted.min(bytes.len())]
    }

    /// Passes over the block and sees that it ended where it said.
    ///
    /// # Errors
    ///
    /// Damage or a limit: the record is then not counted.
    pub(super) fn finish(&mut self) -> Outcome<()> {
        loop {
            let here = self.left.min(self.window.bytes().len() as u64);
            self.window.take(here as usize);
            self.left -= here;
            if self.left == 0 {
                break;
            }
            if !self.read_more(0) {
                return Err(self.cut_off());
            }
        }
        // What can't be read behind a whole record does not undo it.
        while self.window.bytes().len() < TAIL_BYTES && self.read_more(TAIL_BYTES) {}
        let tail = self.window.bytes();
        let tail = &tail[..tail.len().min(TAIL_BYTES)];
        let (ends, next) = tail.split_at(line_ends(tail));
        // Two line ends say so, whatever is wrong with the next record; some writers put fewer before it.
        if memchr::memchr_iter(b'\n', ends).count() >= 2 || begins_like_record(next) {
            return Ok(());
        }
        let length = self.length;
        Err(self.at_record(Fault::damaged(format!("its Content-Length is {length}, and no record ends there"))))
    }

    fn read_more(&mut self, most: usize) -> bool {
        self.window.fill(most).unwrap_or_else(|fault| {
            self.broken = Some(fault);
            false
        })
    }

    fn cut_off(&mut self) -> Fault {
        self.broken.take().unwrap_or_else(|| self.at_record(Fault::damaged("the file is cut off within it")))
    }

    pub(super) fn at_record(&self, fault: Fault) -> Fault {
        fault.at(format_args!("record at byte {}", self.offset))
    }
}

fn line_ends(bytes: &[u8]) -> usize {
    bytes.iter().position(|byte| !matches!(byte, b'\r' | b'\n')).unwrap_or(bytes.len())
}

/// Whether the bytes, of which there may be few, can be the beginning of a record.
fn begins_like_record(bytes: &[u8]) -> bool {
    let length = bytes.len().min(BEGIN.len());
    bytes[..length] == BEGIN[..length]
}
