//! The bytes of a compiled library: a file that is mapped, or memory.

use std::fs::File;
use std::io;
use std::path::Path;

use memmap2::Mmap;
use zerocopy::IntoBytes;

/// Bytes that start at a multiple of eight.
pub(crate) enum Memory {
    Mapped(Mmap),
    Owned { words: Vec<u64>, length: usize },
}

impl Memory {
    /// Maps a file: all that open it share its pages, and what is not looked at is not read.
    pub(super) fn map(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        // A mapping of no bytes is refused by the system, as is one of a folder.
        if file.metadata()?.len() == 0 {
            return Ok(Self::copy(&[]));
        }
        // SAFETY: a mapping is only sound while nobody writes to or cuts the file. It is mapped read-only, and `save` never
        // changes a file: it puts a new one in its place, which leaves the mapped one as it is. Should another program write
        // to it in place, kernels still gather only by places that are computed from lengths, which are held outside of the
        // file, and every number that is read from the file is used with a bounds check; so foreign writes give wrong hits
        // or a panic, no wild access. A foreign truncation raises SIGBUS, which no mapping can prevent.
        let map = unsafe { Mmap::map(&file)? };
        Ok(Self::Mapped(map))
    }

    /// A copy of bytes that lie anywhere.
    pub(super) fn copy(bytes: &[u8]) -> Self {
        let mut words = vec![0_u64; bytes.len().div_ceil(8)];
        words.as_mut_bytes()[..bytes.len()].copy_from_slice(bytes);
        Self::Owned { words, length: bytes.len() }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Self::Mapped(map) => map,
            Self::Owned { words, length } => &words.as_bytes()[..*length],
        }
    }
}
