//! The bytes of a file from its beginning, decompressed where it is compressed: here, or ahead on a thread of its own.
//!
//! Both ways give the same bytes in the same pieces and end with the same error at the same place, because both fill
//! the same chunks with the same code; a thread only moves where that is done.

use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Builder, JoinHandle};

use flate2::bufread::MultiGzDecoder;

use crate::error::{Fault, Outcome, StoreFault};
use crate::file::Source;
use crate::options::{Limits, ZSTD_WINDOW_LOG};
use crate::reader::panic_fault;

/// Decompressed bytes that are handed over at once: few enough for the cache of a core, and so many that handing them
/// over costs a thousandth of making them.
const CHUNK_BYTES: usize = 256 << 10;
/// Chunks that may wait to be read. With the one that is filled and the one that is read, a reader holds four.
const CHUNKS_WAITING: usize = 2;
/// Stored bytes from which on a thread is worth its start.
const AHEAD_FROM_BYTES: u64 = 256 << 10;
/// Stored bytes that are read at once.
const STORED_BYTES: usize = 128 << 10;

/// How a file is compressed as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compression {
    None,
    Gz,
    Zst,
}

/// Decompresses a source: all members of gzip, all frames of Zstandard. A source that ends early gives an error of kind
/// [`io::ErrorKind::UnexpectedEof`] behind what it held.
pub(crate) fn decoder<'a>(
    source: impl BufRead + Send + 'a,
    compression: Compression,
) -> io::Result<Box<dyn Read + Send + 'a>> {
    Ok(match compression {
        Compression::None => Box::new(source),
        Compression::Gz => Box::new(MultiGzDecoder::new(source)),
        Compression::Zst => {
            let mut decoder = zstd::stream::read::Decoder::with_buffer(source)?;
            decoder.window_log_max(ZSTD_WINDOW_LOG)?;
            Box::new(decoder)
        }
    })
}

/// Reads a file to its end.
pub(crate) enum Stream {
    Plain { file: Source, stored: u64 },
    Compressed(Box<Compressed>),
}

/// The chunk that is read, as far as `at`, and where more come from.
pub(crate) struct Compressed {
    chunks: Chunks,
    chunk: Chunk,
    at: usize,
}

/// Where chunks are made.
enum Chunks {
    Here(Inflater),
    Ahead(Ahead),
}

impl Stream {
    /// A stream of the whole file. With `ahead` a compressed one is decompressed on another thread, a few chunks before
    /// what is read; the thread ends with the stream.
    pub(crate) fn open(file: Source, compression: Compression, limits: Limits, ahead: bool) -> Outcome<Self> {
        if compression == Compression::None {
            return Self::from_offset(file, 0);
        }
        let is_worth_it = || file.len().is_ok_and(|size| size >= AHEAD_FROM_BYTES);
        if ahead && is_worth_it() {
            let own = file.again()?;
            // A system that gives no more threads can still read.
            if let Ok(ahead) = Ahead::start(Inflater::of_file(own, compression, limits)?) {
                return Ok(Self::of(Chunks::Ahead(ahead)));
            }
        }
        Ok(Self::of(Chunks::Here(Inflater::of_file(file, compression, limits)?)))
    }

    fn of(chunks: Chunks) -> Self {
        Self::Compressed(Box::new(Compressed { chunks, chunk: Chunk::default(), at: 0 }))
    }

    /// A stream of the rest of a plain file.
    pub(crate) fn from_offset(mut file: Source, offset: u64) -> Outcome<Self> {
        file.seek(SeekFrom::Start(offset)).map_err(|source| Fault::Io { action: "read", source })?;
        Ok(Self::Plain { file, stored: 0 })
    }

    /// Stored bytes that were taken in for what was handed out so far; of compressed ones for a chunk at a time.
    pub(crate) fn stored(&self) -> u64 {
        match self {
            Self::Plain { stored, .. } => *stored,
            Self::Compressed(compressed) => compressed.chunk.stored,
        }
    }

    /// The next bytes, 0 at the end and after a fault.
    ///
    /// # Errors
    ///
    /// The system's, damage of the compressed data, or the limit of expansion; what came before was handed out.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> Outcome<usize> {
        match self {
            Self::Plain { file, stored } => loop {
                match file.read(buffer) {
                    Ok(read) => {
                        *stored += read as u64;
                        return Ok(read);
                    }
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(source) => return Err(Fault::Io { action: "read", source }),
                }
            },
            Self::Compressed(compressed) => compressed.read(buffer),
        }
    }
}

impl Compressed {
    fn read(&mut self, buffer: &mut [u8]) -> Outcome<usize> {
        loop {
            let rest = &self.chunk.bytes[self.at..self.chunk.len];
            if !rest.is_empty() {
                let read = buffer.len().min(rest.len());
                buffer[..read].copy_from_slice(&rest[..read]);
                self.at += read;
                return Ok(read);
            }
            if let Some(end) = self.chunk.end.take() {
                self.chunk.end = Some(Ok(()));
                return end.map(|()| 0);
            }
            self.at = 0;
            match &mut self.chunks {
                Chunks::Here(inflater) => inflater.fill(&mut self.chunk),
                Chunks::Ahead(ahead) => ahead.exchange(&mut self.chunk),
            }
        }
    }
}

/// Decompressed bytes on their way.
#[derive(Debug, Default)]
struct Chunk {
    bytes: Vec<u8>,
    len: usize,
    /// Stored bytes that the decoder took in so far.
    stored: u64,
    /// Set when nothing follows, with why.
    end: Option<Outcome<()>>,
}

/// Fills chunks from a decoder, within the limits of expansion.
struct Inflater {
    decoder: Box<dyn Read + Send>,
    stored: Arc<AtomicU64>,
    produced: u64,
    limits: Limits,
}

/// Counts what the decoder takes in, to compare it with what comes out.
struct Counted {
    file: Source,
    bytes: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        // One thread reads and asks; what other threads know comes with the chunks.
        self.bytes.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

impl Inflater {
    fn of_file(mut file: Source, compression: Compression, limits: Limits) -> Outcome<Self> {
        let io = |source| Fault::Io { action: "read", source };
        file.seek(SeekFrom::Start(0)).map_err(io)?;
        let stored = Arc::new(AtomicU64::new(0));
        let source = Counted { file, bytes: Arc::clone(&stored) };
        let decoder = decoder(BufReader::with_capacity(STORED_BYTES, source), compression).map_err(io)?;
        Ok(Self { decoder, stored, produced: 0, limits })
    }

    /// Fills a chunk, or as much of it as there is before the end. A panic of the decoder ends the bytes like damage.
    fn fill(&mut self, chunk: &mut Chunk) {
        chunk.bytes.resize(CHUNK_BYTES, 0);
        chunk.len = 0;
        chunk.end = None;
        while chunk.len < CHUNK_BYTES && chunk.end.is_none() {
            let room = &mut chunk.bytes[chunk.len..];
            let read = catch_unwind(AssertUnwindSafe(|| self.decoder.read(room)));
            match read {
                Ok(Ok(0)) => chunk.end = Some(Ok(())),
                Ok(Ok(read)) => match self.account(read) {
                    Ok(()) => chunk.len += read,
                    Err(fault) => chunk.end = Some(Err(fault)),
                },
                Ok(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(Err(error)) => chunk.end = Some(Err(self.fault(error))),
                Err(panic) => chunk.end = Some(Err(panic_fault(panic.as_ref()))),
            }
        }
        chunk.stored = self.stored.load(Ordering::Relaxed);
    }

    fn account(&mut self, read: usize) -> Outcome<()> {
        let stored = self.stored.load(Ordering::Relaxed);
        self.produced += read as u64;
        if self.limits.allows_expansion(stored, self.produced) {
            return Ok(());
        }
        let allowed = stored.saturating_mul(self.limits.expansion).max(self.limits.expansion_free_bytes);
        Err(Fault::limit("decompressed size", self.produced, allowed)
            .at(format_args!("byte {stored} of the compressed file")))
    }

    fn fault(&self, source: io::Error) -> Fault {
        // Errors of the system carry its number, those of a decoder don't.
        if source.raw_os_error().is_some() || StoreFault::is_in(&source) {
            return Fault::Io { action: "read", source };
        }
        let place = format!("byte {} of the decompressed text", self.produced);
        let detail = source.to_string();
        if detail.contains("too much memory") {
            return Fault::unsupported(format!("a Zstandard window over {} MiB", 1 << (ZSTD_WINDOW_LOG - 20)))
                .at(place);
        }
        if detail.contains("Dictionary mismatch") {
            return Fault::unsupported("Zstandard frames that need a dictionary").at(place);
        }
        let detail = match source.kind() {
            io::ErrorKind::UnexpectedEof => "the compressed data is cut off".to_string(),
            _ => format!("the compressed data is broken ({detail})"),
        };
        Fault::damaged(detail).at(place)
    }
}

/// An inflater on its own thread. It waits when enough chunks do, and ends when nobody takes them any more.
struct Ahead {
    /// `None` only while it is dropped.
    filled: Option<Receiver<Chunk>>,
    used: SyncSender<Chunk>,
    thread: Option<JoinHandle<()>>,
}

impl Ahead {
    fn start(mut inflater: Inflater) -> io::Result<Self> {
        let (filled_end, filled) = sync_channel::<Chunk>(CHUNKS_WAITING);
        // Room for every chunk there is, so that giving one back never waits.
        let (used, used_end) = sync_channel::<Chunk>(CHUNKS_WAITING + 2);
        let thread = Builder::new().name("inflate".into()).spawn(move || {
            loop {
                let mut chunk = used_end.try_recv().unwrap_or_default();
                inflater.fill(&mut chunk);
                let is_last = chunk.end.is_some();
                if filled_end.send(chunk).is_err() || is_last {
                    return;
                }
            }
        })?;
        Ok(Self { filled: Some(filled), used, thread: Some(thread) })
    }

    /// Gives a chunk that was read for the next one.
    fn exchange(&mut self, chunk: &mut Chunk) {
        // The thread may have ended; then nobody needs the chunk.
        let _ = self.used.try_send(std::mem::take(chunk));
        let next = self.filled.as_ref().and_then(|filled| filled.recv().ok());
        *chunk = next.unwrap_or_else(|| Chunk {
            end: Some(Err(Fault::damaged("the thread that decompresses it ended"))),
            ..Chunk::default()
        });
    }
}

impl Drop for Ahead {
    /// Ends the thread: it fails to hand over the chunk in hand, at the latest. So no thread outlives its reader.
    fn drop(&mut self) {
        self.filled = None;
        if let Some(thread) = self.thread.take() {
            // It catches the panics of the decoder; another one concerns nobody any more.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;
    use std::time::Duration;

    use super::*;

    /// Gives numbers as bytes, then ends, fails or panics; tells when it is dropped.
    struct Source {
        given: u64,
        end_at: u64,
        end: fn() -> io::Result<usize>,
        dropped: Arc<AtomicBool>,
    }

    impl Read for Source {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            // Uneven pieces, as decoders give them.
            let most = (self.end_at - self.given).min(1 + self.given % 70_001) as usize;
            if most == 0 {
                return (self.end)();
            }
            let read = most.min(buffer.len());
            for (byte, at) in buffer[..read].iter_mut().zip(self.given..) {
                *byte = (at % 251) as u8;
            }
            self.given += read as u64;
            Ok(read)
        }
    }

    impl Drop for Source {
        fn drop(&mut self) {
            self.dropped.store(true, Ordering::SeqCst);
        }
    }

    fn inflater(end_at: u64, end: fn() -> io::Result<usize>) -> (Inflater, Arc<AtomicBool>) {
        let dropped = Arc::new(AtomicBool::new(false));
        let decoder = Box::new(Source { given: 0, end_at, end, dropped: Arc::clone(&dropped) });
        let stored = Arc::new(AtomicU64::new(1 << 20));
        (Inflater { decoder, stored, produced: 0, limits: Limits::default() }, dropped)
    }

    /// Reads to the end; the bytes and the fault.
    fn read(stream: &mut Stream) -> (u64, Option<String>) {
        let mut buffer = vec![0; 100_000];
        let mut total = 0_u64;
        loop {
            match stream.read(&mut buffer) {
                Ok(0) => return (total, None),
                Ok(read) => {
                    assert!(buffer[..read].iter().zip(total..).all(|(&byte, at)| u64::from(byte) == at % 251));
                    total += read as u64;
                }
                Err(fault) => {
                    assert_eq!(stream.read(&mut buffer).unwrap(), 0, "a fault ends the bytes");
                    return (total, Some(format!("{fault:?}")));
                }
            }
        }
    }

    #[test]
    fn both_ways_end_alike() {
        let ends: [fn() -> io::Result<usize>; 3] =
            [|| Ok(0), || Err(io::ErrorKind::UnexpectedEof.into()), || panic!("the decoder is broken")];
        for end_at in [0, 1, CHUNK_BYTES as u64 - 1, CHUNK_BYTES as u64, 3_000_017] {
            for (index, end) in ends.into_iter().enumerate() {
                let here = read(&mut Stream::of(Chunks::Here(inflater(end_at, end).0)));
                let ahead = Ahead::start(inflater(end_at, end).0).unwrap();
                assert_eq!(read(&mut Stream::of(Chunks::Ahead(ahead))), here);
                assert_eq!(here.0, end_at);
                let says = [None, Some("cut off"), Some("the decoder is broken")][index];
                assert_eq!(here.1.is_some(), says.is_some());
                assert!(here.1.unwrap_or_default().contains(says.unwrap_or_default()));
            }
        }
    }

    #[test]
    fn a_stream_that_is_dropped_early_ends_its_thread() {
        // More than could ever be read: only a drop can end it. A thread that has filled all chunks waits.
        for reads in [0, 1, 7] {
            let (inflater, dropped) = inflater(u64::MAX, || Ok(0));
            let unlimited = Limits { expansion: u64::MAX, ..Limits::default() };
            let ahead = Ahead::start(Inflater { limits: unlimited, ..inflater }).unwrap();
            let mut stream = Stream::of(Chunks::Ahead(ahead));
            for _ in 0..reads {
                assert!(stream.read(&mut [0; 10]).unwrap() > 0);
            }
            std::thread::sleep(Duration::from_millis(20));
            drop(stream);
            assert!(dropped.load(Ordering::SeqCst), "the thread and what it owned are gone");
        }
    }

    #[test]
    fn an_end_that_nobody_reads_is_no_trouble() {
        for end in [(|| Ok(0)) as fn() -> io::Result<usize>, || panic!("unseen")] {
            let (inflater, dropped) = inflater(10, end);
            drop(Stream::of(Chunks::Ahead(Ahead::start(inflater).unwrap())));
            assert!(dropped.load(Ordering::SeqCst));
        }
    }

    #[test]
    fn expansion_is_measured_at_the_same_place() {
        let limits = Limits { expansion_free_bytes: 1 << 20, expansion: 2, ..Limits::default() };
        let make = || Inflater { limits, ..inflater(10 << 20, || Ok(0)).0 };
        let here = read(&mut Stream::of(Chunks::Here(make())));
        let ahead = read(&mut Stream::of(Chunks::Ahead(Ahead::start(make()).unwrap())));
        assert_eq!(here, ahead);
        assert!(here.0 > 1 << 20 && here.0 <= 2 << 20, "{}", here.0);
        assert!(here.1.unwrap().contains("Limit"));
    }
}
