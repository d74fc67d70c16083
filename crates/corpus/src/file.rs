//! The file, on disk or in an object store: opening it, its identity, and its bytes, in ranges or from front to back. The
//! only place that maps memory.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;
use std::time::UNIX_EPOCH;

use bytes::Bytes;
use memmap2::{Advice, Mmap};

use crate::error::{CorpusError, Fault, Outcome};
use crate::location::Location;
use crate::object::{self, Ranges};
use crate::options::Storage;

/// Bytes at either end that belong to a file's identity.
pub(crate) const EDGE_BYTES: u64 = 64 << 10;

/// What makes a file the same file: a resume and every shard trust these instead of reading it all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Length in bytes.
    pub size: u64,
    /// Time of the last change, in nanoseconds since 1970; negative before.
    pub modified_ns: i128,
    /// BLAKE3 of the first 64 KiB, or of all where there is less.
    pub head: [u8; 32],
    /// BLAKE3 of the last 64 KiB, or of all where there is less.
    pub foot: [u8; 32],
    /// What an object store calls this content, and its version where the bucket keeps versions; `None` of a file.
    pub etag: Option<String>,
    /// See `etag`.
    pub version: Option<String>,
}

impl Identity {
    /// Fails with what differs first.
    pub(crate) fn check(&self, now: &Self, path: &Path) -> Result<(), CorpusError> {
        let hex = |digest: &[u8; 32]| blake3::Hash::from_bytes(*digest).to_hex().to_string();
        let (what, expected, found) = if self.size != now.size {
            ("size", self.size.to_string(), now.size.to_string())
        } else if self.head != now.head {
            ("first 64 KiB", hex(&self.head), hex(&now.head))
        } else if self.foot != now.foot {
            ("last 64 KiB", hex(&self.foot), hex(&now.foot))
        } else if self.etag != now.etag {
            ("ETag", shown(self.etag.as_ref()), shown(now.etag.as_ref()))
        } else if self.version != now.version {
            ("version", shown(self.version.as_ref()), shown(now.version.as_ref()))
        } else if self.modified_ns != now.modified_ns {
            ("modification time", self.modified_ns.to_string(), now.modified_ns.to_string())
        } else {
            return Ok(());
        };
        Err(CorpusError::Changed { path: path.to_path_buf(), what, expected, found })
    }
}

/// A name that a store may not have given.
pub(crate) fn shown(name: Option<&String>) -> String {
    name.map_or_else(|| "none".to_owned(), Clone::clone)
}

/// An open file with its identity and its first bytes.
pub(crate) struct Opened {
    pub(crate) file: Stream,
    pub(crate) identity: Identity,
    pub(crate) head: Vec<u8>,
}

/// Opens a file or an object.
pub(crate) fn open(location: &Location, storage: &Storage) -> Result<Opened, CorpusError> {
    match location {
        Location::File(path) => open_file(path),
        Location::Object(url) => object::open(url, storage).map_err(|fault| fault.at(location.to_path())),
    }
}

/// Opens a regular file. Anything else (folder, pipe, device) is refused before it is opened: opening a pipe would wait
/// for a writer.
fn open_file(path: &Path) -> Result<Opened, CorpusError> {
    let io =
        |action: &'static str| move |source: io::Error| CorpusError::Io { path: path.to_path_buf(), action, source };
    let kind = std::fs::metadata(path).map_err(io("open"))?;
    if !kind.is_file() {
        let what = if kind.is_dir() { "it is a folder" } else { "it is not a regular file" };
        return Err(io("open")(io::Error::new(io::ErrorKind::InvalidInput, what)));
    }
    let mut file = File::open(path).map_err(io("open"))?;
    let (size, modified_ns) = stamp(&file).map_err(io("open"))?;
    let mut head = Vec::new();
    (&file).take(EDGE_BYTES).read_to_end(&mut head).map_err(io("read"))?;
    let head_digest = blake3::hash(&head);
    let foot_digest = if size <= EDGE_BYTES {
        head_digest
    } else {
        let mut foot = Vec::new();
        file.seek(SeekFrom::Start(size - EDGE_BYTES)).map_err(io("read"))?;
        (&file).take(EDGE_BYTES).read_to_end(&mut foot).map_err(io("read"))?;
        blake3::hash(&foot)
    };
    let (head_digest, foot_digest) = (head_digest.into(), foot_digest.into());
    let identity = Identity { size, modified_ns, head: head_digest, foot: foot_digest, etag: None, version: None };
    Ok(Opened { file: Stream::File(file), identity, head })
}

/// Size and modification time of an open file.
fn stamp(file: &File) -> io::Result<(u64, i128)> {
    let metadata = file.metadata()?;
    let modified = metadata.modified()?;
    let modified_ns = match modified.duration_since(UNIX_EPOCH) {
        Ok(after) => after.as_nanos().cast_signed(),
        Err(before) => -before.duration().as_nanos().cast_signed(),
    };
    Ok((metadata.len(), modified_ns))
}

/// Notices that a file was replaced or cut while it is read.
pub(crate) struct Watch {
    /// `None` for an object: every request for its bytes names the content that it wants.
    file: Option<File>,
    identity: Identity,
}

impl Watch {
    pub(crate) fn new(file: &Stream, identity: Identity, path: &Path) -> Result<Self, CorpusError> {
        let Stream::File(file) = file else { return Ok(Self { file: None, identity }) };
        let file =
            file.try_clone().map_err(|source| CorpusError::Io { path: path.to_path_buf(), action: "open", source })?;
        Ok(Self { file: Some(file), identity })
    }

    /// Compares size and time only: cheap enough for every batch.
    pub(crate) fn check(&self, path: &Path) -> Result<(), CorpusError> {
        let Some(file) = &self.file else { return Ok(()) };
        let (size, modified_ns) =
            stamp(file).map_err(|source| CorpusError::Io { path: path.to_path_buf(), action: "read", source })?;
        self.identity.check(&Identity { size, modified_ns, ..self.identity.clone() }, path)
    }
}

/// The bytes of an open file from front to back.
pub(crate) enum Stream {
    File(File),
    Object { ranges: Ranges, at: u64 },
}

impl Stream {
    /// The same file, to be read at a place of its own where it is an object.
    pub(crate) fn again(&self) -> Outcome<Self> {
        match self {
            Self::File(file) => {
                Ok(Self::File(file.try_clone().map_err(|source| Fault::Io { action: "open", source })?))
            }
            Self::Object { ranges, .. } => Ok(Self::Object { ranges: ranges.again(), at: 0 }),
        }
    }

    /// Says that these bytes will be read in order, so that an object's can be fetched ahead.
    pub(crate) fn expect(&self, bytes: Range<u64>) {
        if let Self::Object { ranges, .. } = self {
            ranges.expect(&[bytes]);
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.read(buffer),
            Self::Object { ranges, at } => {
                let end = ranges.len().min(at.saturating_add(buffer.len() as u64));
                if *at >= end {
                    return Ok(0);
                }
                let piece = ranges.piece(*at, end)?;
                let length = piece.len().min(buffer.len());
                buffer[..length].copy_from_slice(&piece[..length]);
                *at += length as u64;
                Ok(length)
            }
        }
    }
}

impl Seek for Stream {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match (self, to) {
            (Self::File(file), to) => file.seek(to),
            (Self::Object { at, .. }, SeekFrom::Start(to)) => {
                *at = to;
                Ok(to)
            }
            (Self::Object { .. }, _) => Err(io::Error::from(io::ErrorKind::Unsupported)),
        }
    }
}

/// Random access to the bytes of a file.
pub(crate) enum Store {
    Mapped(Bytes),
    File { file: File, size: u64 },
    Object(Ranges),
}

impl Store {
    pub(crate) fn new(file: Stream, size: u64, map: bool) -> Outcome<Self> {
        let file = match file {
            Stream::File(file) => file,
            Stream::Object { ranges, .. } => return Ok(Self::Object(ranges)),
        };
        // A mapping of no bytes is refused by the system.
        if !map || size == 0 {
            return Ok(Self::File { file, size });
        }
        // SAFETY: a mapping is only sound while nobody writes to or cuts the file. We hold it read-only, every decoder
        // checks its bytes where it uses them and re-reads none that it has checked for memory safety (there is no
        // unchecked access in this crate), so a foreign write can give wrong text but no wild access. A foreign
        // truncation raises SIGBUS, which `ReadOptions::map_files = false` avoids; `Watch` notices it between batches.
        let map = unsafe { Mmap::map(&file) }.map_err(|source| Fault::Io { action: "map", source })?;
        // Read-ahead is a hint; a system that has none is as good.
        let _ = map.advise(Advice::Sequential);
        Ok(Self::Mapped(Bytes::from_owner(map)))
    }

    pub(crate) fn len(&self) -> u64 {
        match self {
            Self::Mapped(bytes) => bytes.len() as u64,
            Self::File { size, .. } => *size,
            Self::Object(ranges) => ranges.len(),
        }
    }

    /// A name for exactly these bytes, where a store gives one.
    pub(crate) fn content(&self) -> Option<String> {
        match self {
            Self::Object(object) => object.content(),
            _ => None,
        }
    }

    /// Says which ranges will be read next, in about this order, so that an object's can be fetched ahead.
    pub(crate) fn expect(&self, ranges: &[Range<u64>]) {
        if let Self::Object(object) = self {
            object.expect(ranges);
        }
    }

    pub(crate) fn is_mapped(&self) -> bool {
        matches!(self, Self::Mapped(_))
    }

    /// The bytes `offset..offset + length`, which must lie in the file: checked before memory is taken.
    pub(crate) fn read(&self, offset: u64, length: u64) -> Outcome<Bytes> {
        let size = self.len();
        if offset.checked_add(length).is_none_or(|end| end > size) {
            return Err(Fault::damaged(format!("{length} bytes at offset {offset} leave the file of {size} bytes")));
        }
        match self {
            Self::Mapped(bytes) => Ok(bytes.slice(offset as usize..(offset + length) as usize)),
            Self::File { file, .. } => {
                let mut bytes = vec![0; length as usize];
                read_exact_at(file, &mut bytes, offset).map_err(|source| Fault::Io { action: "read", source })?;
                Ok(bytes.into())
            }
            Self::Object(ranges) => {
                ranges.read(offset, length).map_err(|fault| Fault::Io { action: "read", source: fault.into() })
            }
        }
    }
}

fn read_exact_at(mut file: &File, bytes: &mut [u8], offset: u64) -> io::Result<()> {
    file.seek(SeekFrom::Start(offset))?;
    file.read_exact(bytes)
}
