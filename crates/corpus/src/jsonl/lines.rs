//! Lines of a file that may be compressed, within a range of it, none held longer than allowed.

use std::ops::Range;

use crate::error::Outcome;
use crate::file::Source;
use crate::format::Format;
use crate::options::Limits;
use crate::stream::Stream;
use crate::window::Window;

/// A line without its newline, as a range of [`Lines::bytes`].
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line {
    Whole(Range<usize>),
    /// Longer than the limit; it was passed over.
    TooLong,
}

/// Reads lines. A range owns the lines whose first byte lies in it, so ranges that tile a file give each line once.
pub(crate) struct Lines {
    window: Window,
    limits: Limits,
    /// First offset at which no line of this range begins.
    end: u64,
}

impl Lines {
    /// Lines of a whole file, compressed or not, from its beginning. `ahead` decompresses on another thread.
    pub(crate) fn new(file: Source, format: Format, limits: Limits, ahead: bool) -> Outcome<Self> {
        let stream = Stream::open(file, format.compression(), limits, ahead)?;
        Ok(Self { window: Window::new(stream, 0), limits, end: u64::MAX })
    }

    /// Lines of a part of a plain file.
    pub(crate) fn in_range(file: Source, range: Range<u64>, limits: Limits) -> Outcome<Self> {
        // From the byte before: if it ends a line, a line begins right at the start of the range.
        let start = range.start.saturating_sub(1);
        let window = Window::new(Stream::from_offset(file, start)?, start);
        let mut lines = Self { window, limits, end: range.end };
        if range.start > 0 {
            lines.skip_line()?;
        }
        Ok(lines)
    }

    /// The bytes of a line that was just handed out.
    pub(crate) fn bytes(&self, line: Range<usize>) -> &[u8] {
        self.window.taken(line)
    }

    /// The next line of the range and the offset of its first byte.
    ///
    /// # Errors
    ///
    /// Damage or a limit; a line that was begun is then not counted.
    pub(crate) fn next_line(&mut self) -> Outcome<Option<(u64, Line)>> {
        let mut searched = 0;
        loop {
            let offset = self.window.offset();
            // Before the first byte is asked for: a range that begins within a long line must not read to its end.
            if offset >= self.end {
                return Ok(None);
            }
            let bytes = self.window.bytes();
            if let Some(found) = memchr::memchr(b'\n', &bytes[searched..]) {
                let length = searched + found;
                let line = self.window.take(length + 1);
                let too_long = length as u64 > self.limits.line_bytes;
                let line = if too_long { Line::TooLong } else { Line::Whole(line.start..line.end - 1) };
                return Ok(Some((offset, line)));
            }
            searched = bytes.len();
            if searched as u64 > self.limits.line_bytes {
                self.skip_line()?;
                return Ok(Some((offset, Line::TooLong)));
            }
            if !self.window.fill(self.limits.line_bytes as usize)? {
                if searched == 0 {
                    return Ok(None);
                }
                return Ok(Some((offset, Line::Whole(self.window.take(searched)))));
            }
        }
    }

    /// Passes over everything up to and with the next newline, or up to the end of the range where a longer line
    /// covers it.
    fn skip_line(&mut self) -> Outcome<()> {
        loop {
            let bytes = self.window.bytes();
            if let Some(found) = memchr::memchr(b'\n', bytes) {
                self.window.take(found + 1);
                return Ok(());
            }
            self.window.take(bytes.len());
            if self.window.offset() >= self.end || !self.window.fill(0)? {
                return Ok(());
            }
        }
    }
}
