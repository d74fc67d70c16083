//! Lines of a file that may be compressed, within a range of it, none held longer than allowed.

use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::ops::Range;

use flate2::read::MultiGzDecoder;

use crate::error::{Fault, Outcome, StoreFault};
use crate::file::Stream;
use crate::format::Format;
use crate::options::Limits;

const READ_BYTES: usize = 256 << 10;

/// Largest window of a Zstandard frame, as a power of two: 128 MiB, the format's own recommendation for decoders.
const ZSTD_WINDOW_LOG: u32 = 27;

/// Counts what the decoder takes in, to compare it with what comes out.
struct Counted {
    file: Stream,
    bytes: u64,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.bytes += read as u64;
        Ok(read)
    }
}

enum Input {
    Plain(Stream),
    Gz(Box<MultiGzDecoder<BufReader<Counted>>>),
    Zst(Box<zstd::stream::read::Decoder<'static, BufReader<Counted>>>),
}

impl Input {
    /// Decompressed bytes, and compressed bytes taken in so far (`None` where nothing is compressed).
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<(usize, Option<u64>)> {
        Ok(match self {
            Self::Plain(file) => (file.read(buffer)?, None),
            Self::Gz(gz) => (gz.read(buffer)?, Some(gz.get_ref().get_ref().bytes)),
            Self::Zst(zst) => (zst.read(buffer)?, Some(zst.get_ref().get_ref().bytes)),
        })
    }
}

/// A line without its newline, as a range of [`Lines::bytes`].
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line {
    Whole(Range<usize>),
    /// Longer than the limit; it was passed over.
    TooLong,
}

/// Reads lines. A range owns the lines whose first byte lies in it, so ranges that tile a file give each line once.
pub(crate) struct Lines {
    input: Input,
    limits: Limits,
    buffer: Vec<u8>,
    /// Bytes of the buffer: `at..filled` were read and not yet handed out.
    at: usize,
    filled: usize,
    /// Offset in the (decompressed) file of the byte at `at`.
    offset: u64,
    /// First offset at which no line of this range begins.
    end: u64,
    ended: bool,
}

impl Lines {
    /// Lines of a whole file, compressed or not, from its beginning.
    pub(crate) fn new(mut file: Stream, format: Format, limits: Limits) -> Outcome<Self> {
        file.seek(SeekFrom::Start(0)).map_err(|source| Fault::Io { action: "read", source })?;
        let counted = |file| BufReader::with_capacity(128 << 10, Counted { file, bytes: 0 });
        let input = match format {
            Format::JsonlGz => Input::Gz(Box::new(MultiGzDecoder::new(counted(file)))),
            Format::JsonlZst => {
                let io = |source| Fault::Io { action: "read", source };
                let mut decoder = zstd::stream::read::Decoder::with_buffer(counted(file)).map_err(io)?;
                decoder.window_log_max(ZSTD_WINDOW_LOG).map_err(io)?;
                Input::Zst(Box::new(decoder))
            }
            _ => Input::Plain(file),
        };
        Ok(Self { input, limits, buffer: Vec::new(), at: 0, filled: 0, offset: 0, end: u64::MAX, ended: false })
    }

    /// Lines of a part of a plain file.
    pub(crate) fn in_range(file: Stream, range: Range<u64>, limits: Limits) -> Outcome<Self> {
        let mut lines = Self::new(file, Format::Jsonl, limits)?;
        lines.end = range.end;
        if range.start > 0
            && let Input::Plain(file) = &mut lines.input
        {
            // From the byte before: if it ends a line, a line begins right at the start of the range.
            lines.offset = range.start - 1;
            file.seek(SeekFrom::Start(lines.offset)).map_err(|source| Fault::Io { action: "read", source })?;
            lines.skip_line()?;
        }
        Ok(lines)
    }

    /// The bytes of a line that was just handed out.
    pub(crate) fn bytes(&self, line: Range<usize>) -> &[u8] {
        &self.buffer[line]
    }

    /// The next line of the range and the offset of its first byte.
    ///
    /// # Errors
    ///
    /// Damage or a limit; a line that was begun is then not counted.
    pub(crate) fn next_line(&mut self) -> Outcome<Option<(u64, Line)>> {
        let mut searched = 0;
        loop {
            // Before the first byte is asked for: a range that begins within a long line must not read to its end.
            if self.offset >= self.end {
                return Ok(None);
            }
            let unsearched = self.at + searched;
            if let Some(found) = memchr::memchr(b'\n', &self.buffer[unsearched..self.filled]) {
                let line = self.at..unsearched + found;
                let offset = self.take(line.len() + 1);
                let too_long = line.len() as u64 > self.limits.line_bytes;
                return Ok(Some((offset, if too_long { Line::TooLong } else { Line::Whole(line) })));
            }
            searched = self.filled - self.at;
            if searched as u64 > self.limits.line_bytes {
                let offset = self.offset;
                self.skip_line()?;
                return Ok(Some((offset, Line::TooLong)));
            }
            if !self.fill()? {
                if searched == 0 {
                    return Ok(None);
                }
                let line = self.at..self.filled;
                return Ok(Some((self.take(searched), Line::Whole(line))));
            }
        }
    }

    fn take(&mut self, bytes: usize) -> u64 {
        let offset = self.offset;
        self.at += bytes;
        self.offset += bytes as u64;
        offset
    }

    /// Passes over everything up to and with the next newline, or up to the end of the range where a longer line
    /// covers it.
    fn skip_line(&mut self) -> Outcome<()> {
        loop {
            if let Some(found) = memchr::memchr(b'\n', &self.buffer[self.at..self.filled]) {
                self.take(found + 1);
                return Ok(());
            }
            self.take(self.filled - self.at);
            if self.offset >= self.end || !self.fill()? {
                return Ok(());
            }
        }
    }

    /// Reads more behind what is there; `false` at the end.
    fn fill(&mut self) -> Outcome<bool> {
        if self.ended {
            return Ok(false);
        }
        if self.at > 0 {
            self.buffer.copy_within(self.at..self.filled, 0);
            self.filled -= self.at;
            self.at = 0;
        }
        if self.buffer.len() < self.filled + READ_BYTES {
            // Doubling, so that a long line is not copied again for every read, but not past what a line may take.
            let enough = (self.limits.line_bytes as usize).saturating_add(READ_BYTES);
            self.buffer.resize((self.filled * 2).min(enough).max(self.filled + READ_BYTES), 0);
        }
        let read = loop {
            match self.input.read(&mut self.buffer[self.filled..]) {
                Ok((read, stored)) => {
                    let produced = self.offset + (self.filled + read) as u64;
                    if let Some(stored) = stored
                        && !self.limits.allows_expansion(stored, produced)
                    {
                        self.ended = true;
                        let allowed = stored.saturating_mul(self.limits.expansion);
                        let allowed = allowed.max(self.limits.expansion_free_bytes);
                        return Err(Fault::limit("decompressed size", produced, allowed)
                            .at(format_args!("byte {stored} of the compressed file")));
                    }
                    break read;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.ended = true;
                    return Err(self.fault(error));
                }
            }
        };
        self.filled += read;
        self.ended = read == 0;
        Ok(read > 0)
    }

    fn fault(&self, source: io::Error) -> Fault {
        // Errors of the system carry its number, those of a decoder don't.
        if source.raw_os_error().is_some() || StoreFault::is_in(&source) || matches!(self.input, Input::Plain(_)) {
            return Fault::Io { action: "read", source };
        }
        let place = format!("byte {} of the decompressed text", self.offset + (self.filled - self.at) as u64);
        let detail = source.to_string();
        if detail.contains("too much memory") {
            return Fault::unsupported(format!("a Zstandard window over {} MiB", 1 << (ZSTD_WINDOW_LOG - 20)))
                .at(place);
        }
        let detail = match source.kind() {
            io::ErrorKind::UnexpectedEof => "the compressed data is cut off".to_string(),
            _ => format!("the compressed data is broken ({detail})"),
        };
        Fault::damaged(detail).at(place)
    }
}
