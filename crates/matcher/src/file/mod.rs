//! Files of named arrays: what a compiled library is stored in. What the arrays mean is left to those who write them.
//!
//! ```text
//! header    128 bytes       magic, version, byte order, length, number of sections, digest of the tables of this build,
//!                           digest of all before it and of the table
//! table     80 a section    name, first byte, length, digest
//! sections                  each at a multiple of 64, in the order of the table, zeros between
//! ```
//!
//! Numbers are stored as they are in memory, so that a mapped file is used where it lies; on a machine of another byte order
//! it is refused. A digest finds damage. It does not stop a forger, so whoever takes an array also checks every number
//! that something else is looked up by.

mod array;
mod error;
mod memory;

use std::collections::HashMap;
use std::io::Write as _;
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::{fs, process};

use zerocopy::IntoBytes as _;

pub(crate) use self::array::{Array, Number};
pub use self::error::{Fault, FileError};
use self::memory::Memory;

/// No text begins so, and a transfer that changes line ends is found at once.
pub(crate) const MAGIC: [u8; 16] = *b"CORPUSGATELIB\r\n\x1a";

/// Changes with the layout of the header, with the meaning of a section, and with every change of what is compiled: a
/// hash, an anchor's choice, the numbers of a table. A test compares the digest of one library, so none is forgotten.
pub(crate) const VERSION: u32 = 2;

/// Reads as this number only on machines that order bytes alike.
const BYTE_ORDER: u32 = 0x0102_0304;

const HEADER: usize = 128;
/// Header bytes that the digest behind them covers.
const COVERED: usize = HEADER - 32;
const ROW: usize = 80;
const NAME: usize = 32;
/// Sections start at a multiple of this, a cache line.
const ALIGNMENT: usize = 64;
/// Most sections of a file; a library has about forty.
const MAX_SECTIONS: usize = 256;

/// What the compiled form depends on beside its source: the tables that text is folded by.
static ENGINE: LazyLock<[u8; 32]> = LazyLock::new(|| {
    let mut hasher = blake3::Hasher::new();
    for file in normalize::table_files() {
        hasher.update(&(file.len() as u64).to_le_bytes());
        hasher.update(file);
    }
    *hasher.finalize().as_bytes()
});

/// Collects sections.
#[derive(Default)]
pub(crate) struct Writer {
    sections: Vec<(String, Vec<u8>)>,
}

impl Writer {
    /// Adds a section of numbers.
    pub(crate) fn put<T: Number>(&mut self, name: impl Into<String>, numbers: &[T]) {
        let name = name.into();
        debug_assert!(name.len() <= NAME, "{name}");
        self.sections.push((name, numbers.as_bytes().to_vec()));
    }

    /// The file.
    pub(crate) fn finish(self) -> Vec<u8> {
        let table_end = HEADER + ROW * self.sections.len();
        let mut bytes = vec![0; table_end];
        for (at, (name, section)) in self.sections.iter().enumerate() {
            bytes.resize(bytes.len().next_multiple_of(ALIGNMENT), 0);
            let first = bytes.len();
            bytes.extend_from_slice(section);
            let row = &mut bytes[HEADER + at * ROW..][..ROW];
            row[..name.len()].copy_from_slice(name.as_bytes());
            row[32..40].copy_from_slice(&(first as u64).to_ne_bytes());
            row[40..48].copy_from_slice(&(section.len() as u64).to_ne_bytes());
            row[48..80].copy_from_slice(blake3::hash(section).as_bytes());
        }
        let length = bytes.len() as u64;
        bytes[..16].copy_from_slice(&MAGIC);
        bytes[16..20].copy_from_slice(&VERSION.to_ne_bytes());
        bytes[20..24].copy_from_slice(&BYTE_ORDER.to_ne_bytes());
        bytes[24..32].copy_from_slice(&length.to_ne_bytes());
        bytes[32..36].copy_from_slice(&(self.sections.len() as u32).to_ne_bytes());
        bytes[40..72].copy_from_slice(&*ENGINE);
        let digest = digest_of_header(&bytes[..table_end]);
        bytes[COVERED..HEADER].copy_from_slice(&digest);
        bytes
    }
}

/// The digest of header and table: the table has those of the sections, so it stands for the whole file.
fn digest_of_header(bytes: &[u8]) -> [u8; 32] {
    *blake3::Hasher::new().update(&bytes[..COVERED]).update(&bytes[HEADER..]).finalize().as_bytes()
}

/// Puts a file in the place of another, if there is one, in one step: those that have mapped the other keep it.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let name = path.display().to_string();
    let refuse = |source| FileError { file: name.clone(), fault: Fault::Io { action: "write", source } };
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}.tmp", process::id()));
    let written = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&beside)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        // What is left of it is of no use, and the first error is the one to tell.
        let _ = fs::remove_file(&beside);
    }
    written.map_err(refuse)
}

/// A file that is read. Each section is taken once, and its digest is compared then.
pub(crate) struct Reader {
    /// For messages.
    file: Arc<str>,
    memory: Arc<Memory>,
    sections: Sections,
    digest: [u8; 32],
}

impl Reader {
    /// Maps a file and reads its header.
    pub(crate) fn open(path: &Path) -> Result<Self, FileError> {
        let name = path.display().to_string();
        match Memory::map(path) {
            Ok(memory) => Self::new(&name, memory),
            Err(source) => Err(FileError { file: name, fault: Fault::Io { action: "open", source } }),
        }
    }

    /// Reads the header of a file in memory, which is copied.
    pub(crate) fn of_bytes(name: &str, bytes: &[u8]) -> Result<Self, FileError> {
        Self::new(name, Memory::copy(bytes))
    }

    fn new(name: &str, memory: Memory) -> Result<Self, FileError> {
        let (sections, digest) =
            read_header(memory.bytes()).map_err(|fault| FileError { file: name.to_owned(), fault })?;
        Ok(Self { file: name.into(), memory: Arc::new(memory), sections, digest })
    }

    /// The digest that stands for the whole file.
    pub(crate) fn digest(&self) -> [u8; 32] {
        self.digest
    }

    /// Whether a section is there and was not taken.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.sections.get(name).is_some_and(|row| !row.is_taken)
    }

    /// Takes a section of numbers.
    pub(crate) fn take<T: Number>(&mut self, name: impl Into<String>) -> Result<Section<T>, FileError> {
        let name = name.into();
        let Some(row) = self.sections.get_mut(&name).filter(|row| !row.is_taken) else {
            return Err(self.error(Fault::Missing { section: name }));
        };
        row.is_taken = true;
        let (range, digest) = (row.bytes.clone(), row.digest);
        if *blake3::hash(&self.memory.bytes()[range.clone()]).as_bytes() != digest {
            return Err(self.error(Fault::Digest { section: name }));
        }
        let (offset, length) = (range.start as u64, range.len());
        match Array::within(&self.memory, range) {
            Some(array) => Ok(Section { array, name, offset, file: Arc::clone(&self.file) }),
            None => Err(self.error(Fault::Value {
                section: name,
                offset,
                what: "number of bytes",
                value: length.to_string(),
                limit: format!("it must be a multiple of {}", size_of::<T>()),
            })),
        }
    }

    /// Takes a section of as many numbers as are named.
    pub(crate) fn take_exactly<T: Number, const COUNT: usize>(
        &mut self,
        name: &str,
    ) -> Result<(Section<T>, [T; COUNT]), FileError> {
        let section = self.take::<T>(name)?;
        match <[T; COUNT]>::try_from(&*section) {
            Ok(numbers) => Ok((section, numbers)),
            Err(_) => Err(section.refuse(0, "number of values", section.len(), format!("it must be {COUNT}"))),
        }
    }

    /// Refuses a file with a section that nothing asked for.
    pub(crate) fn finish(self) -> Result<(), FileError> {
        let left = self.sections.iter().filter(|(_, row)| !row.is_taken);
        match left.min_by_key(|(_, row)| row.bytes.start) {
            Some((name, _)) => Err(self.refuse(name, "the section", "there")),
            None => Ok(()),
        }
    }

    /// An error about a section as a whole.
    #[expect(clippy::needless_pass_by_value, reason = "numbers and errors come as they are")]
    pub(crate) fn refuse(&self, section: &str, what: &'static str, value: impl ToString) -> FileError {
        self.error(Fault::Value {
            section: section.to_owned(),
            offset: self.sections.get(section).map_or(0, |row| row.bytes.start as u64),
            what,
            value: value.to_string(),
            limit: "no library is stored so".to_owned(),
        })
    }

    fn error(&self, fault: Fault) -> FileError {
        FileError { file: self.file.to_string(), fault }
    }
}

type Sections = HashMap<String, Row>;

/// A section as the table has it.
struct Row {
    bytes: Range<usize>,
    digest: [u8; 32],
    is_taken: bool,
}

fn read_header(bytes: &[u8]) -> Result<(Sections, [u8; 32]), Fault> {
    let four = |at: usize| bytes[at..].first_chunk().map_or(0, |four| u32::from_ne_bytes(*four));
    let eight = |at: usize| bytes[at..].first_chunk().map_or(0, |eight| u64::from_ne_bytes(*eight));
    if bytes.len() < HEADER || bytes[..16] != MAGIC {
        return Err(Fault::NotALibrary);
    }
    if four(20) != BYTE_ORDER {
        return Err(Fault::ByteOrder);
    }
    if four(16) != VERSION {
        return Err(Fault::Version { found: four(16), supported: VERSION });
    }
    if eight(24) != bytes.len() as u64 {
        return Err(Fault::Length { found: bytes.len() as u64, stated: eight(24) });
    }
    let refuse = |offset: usize, what, value: String, limit: String| Fault::Value {
        section: "header".to_owned(),
        offset: offset as u64,
        what,
        value,
        limit,
    };
    let count = four(32) as usize;
    let most = MAX_SECTIONS.min((bytes.len() - HEADER) / ROW);
    if count > most {
        return Err(refuse(32, "number of sections", count.to_string(), format!("the limit is {most}")));
    }
    let table_end = HEADER + ROW * count;
    let digest = digest_of_header(&bytes[..table_end]);
    if bytes[COVERED..HEADER] != digest {
        return Err(Fault::Digest { section: "header".to_owned() });
    }
    if bytes[40..72] != *ENGINE {
        let first = |digest: &[u8]| digest[..6].iter().map(|byte| format!("{byte:02x}")).collect();
        return Err(Fault::Engine { found: first(&bytes[40..72]), own: first(&*ENGINE) });
    }
    let mut sections = HashMap::new();
    let mut end = table_end;
    for (at, row) in (HEADER..).step_by(ROW).zip(bytes[HEADER..table_end].as_chunks::<ROW>().0) {
        let name = row[..NAME].split(|byte| *byte == 0).next().unwrap_or_default();
        let is_name = !name.is_empty() && name.iter().all(u8::is_ascii_graphic);
        if !is_name || row[name.len()..NAME].iter().any(|byte| *byte != 0) {
            let value = String::from_utf8_lossy(&row[..NAME]).escape_debug().to_string();
            return Err(refuse(at, "name of a section", value, "it must be ASCII, then zeros".to_owned()));
        }
        let (first, length) = (eight(at + 32), eight(at + 40));
        let expected = end.next_multiple_of(ALIGNMENT);
        if first != expected as u64 {
            return Err(refuse(
                at + 32,
                "first byte of a section",
                first.to_string(),
                format!("it must be {expected}"),
            ));
        }
        let most = bytes.len().saturating_sub(expected);
        let Some(length) = usize::try_from(length).ok().filter(|length| *length <= most) else {
            return Err(refuse(at + 40, "length of a section", length.to_string(), format!("the limit is {most}")));
        };
        if let Some(byte) = (end..expected).find(|byte| bytes[*byte] != 0) {
            return Err(refuse(byte, "a byte between sections", bytes[byte].to_string(), "it must be 0".to_owned()));
        }
        end = expected + length;
        let name = String::from_utf8_lossy(name).into_owned();
        let digest = std::array::from_fn(|byte| row[48 + byte]);
        if sections.insert(name.clone(), Row { bytes: expected..end, digest, is_taken: false }).is_some() {
            return Err(refuse(at, "name of a section", name, "it is used before".to_owned()));
        }
    }
    if end != bytes.len() {
        return Err(refuse(
            end,
            "end of the last section",
            end.to_string(),
            format!("the file ends at {}", bytes.len()),
        ));
    }
    Ok((sections, digest))
}

/// A section that was taken: its numbers, and what messages about them name.
pub(crate) struct Section<T: 'static> {
    array: Array<T>,
    name: String,
    offset: u64,
    file: Arc<str>,
}

impl<T> std::ops::Deref for Section<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.array
    }
}

impl<T: Number> Section<T> {
    /// The numbers, where they lie.
    pub(crate) fn array(&self) -> Array<T> {
        self.array.clone()
    }

    /// An error about the number at `index`.
    #[expect(clippy::needless_pass_by_value, reason = "numbers and errors come as they are")]
    pub(crate) fn refuse(
        &self,
        index: usize,
        what: &'static str,
        value: impl ToString,
        limit: impl Into<String>,
    ) -> FileError {
        let fault = Fault::Value {
            section: self.name.clone(),
            offset: self.offset + (index * size_of::<T>()) as u64,
            what,
            value: value.to_string(),
            limit: limit.into(),
        };
        FileError { file: self.file.to_string(), fault }
    }

    /// An error unless there are `count` numbers.
    pub(crate) fn expect_count(&self, count: usize) -> Result<(), FileError> {
        if self.len() == count {
            return Ok(());
        }
        Err(self.refuse(0, "number of values", self.len(), format!("it must be {count}")))
    }

    /// An error unless all numbers are below a limit.
    pub(crate) fn expect_below(&self, limit: usize, what: &'static str) -> Result<(), FileError> {
        // One pass without branches says that all is well, which is the rule.
        let most = self.iter().fold(0_u64, |most, &number| most.max(number.into()));
        if self.is_empty() || most < limit as u64 {
            return Ok(());
        }
        let at = self.iter().position(|&number| number.into() >= limit as u64).unwrap_or(0);
        let value: u64 = self[at].into();
        Err(self.refuse(at, what, value, format!("the limit is {limit}, exclusive")))
    }
}

/// Makes the digests of changed bytes fit, as a forger would: then only the checks of values stand between them and the
/// search. Gives the bytes of each section.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn forge(bytes: &mut [u8]) -> Vec<Range<usize>> {
    let mut sections = Vec::new();
    if bytes.len() < HEADER {
        return sections;
    }
    let count = u32::from_ne_bytes(std::array::from_fn(|at| bytes[32 + at])) as usize;
    let table_end = HEADER + ROW * count.min((bytes.len() - HEADER) / ROW);
    for row in (HEADER..table_end).step_by(ROW) {
        let number = |at: usize| u64::from_ne_bytes(std::array::from_fn(|byte| bytes[row + at + byte])) as usize;
        let range = number(32)..number(32).saturating_add(number(40));
        if let Some(section) = bytes.get(range.clone()) {
            let digest = *blake3::hash(section).as_bytes();
            bytes[row + 48..row + ROW].copy_from_slice(&digest);
            sections.push(range);
        }
    }
    let digest = digest_of_header(&bytes[..table_end]);
    bytes[COVERED..HEADER].copy_from_slice(&digest);
    sections
}

/// The names of the sections, in their order.
#[cfg(test)]
pub(crate) fn names(bytes: &[u8]) -> Vec<String> {
    let Ok((sections, _)) = read_header(bytes) else { return Vec::new() };
    // Sections without bytes start where the next one does.
    let mut rows: Vec<_> = sections.into_iter().map(|(name, row)| (row.bytes.start, row.bytes.end, name)).collect();
    rows.sort();
    rows.into_iter().map(|(_, _, name)| name).collect()
}
