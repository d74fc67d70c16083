//! What the tests share: reading a whole file into plain values.
#![allow(dead_code)] // Each test binary uses a part of it.

use std::io::Write;
use std::path::{Path, PathBuf};

use corpus::{CorpusError, MAX_BATCH_ROWS, ReadOptions, RowState, ShardRange, ShardReader, inspect};
use flate2::{Compression, write::GzEncoder};

/// A row as plain values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub position: u64,
    /// "text", "empty", or the reason.
    pub state: &'static str,
    pub text: Option<String>,
    pub id: Option<String>,
    pub source: Option<String>,
}

/// Reads a range in batches of `max_bytes`; gives what came before the error, and the error. Checks what holds for every
/// batch.
pub fn read_range(
    path: &Path,
    options: &ReadOptions,
    range: &ShardRange,
    max_bytes: usize,
) -> (Vec<Record>, Option<CorpusError>) {
    let mut records = Vec::new();
    let mut reader = match ShardReader::open(path, options, range, None) {
        Ok(reader) => reader,
        Err(error) => return (records, Some(error)),
    };
    loop {
        let batch = match reader.next_batch(max_bytes) {
            Ok(Some(batch)) => batch,
            Ok(None) => return (records, None),
            Err(error) => {
                assert!(matches!(reader.next_batch(max_bytes), Ok(None)), "an error ends the reading");
                return (records, Some(error));
            }
        };
        assert!(!batch.is_empty() && batch.len() <= MAX_BATCH_ROWS);
        let mut bytes = 0;
        for (i, row) in batch.rows().iter().enumerate() {
            let state = match row.state {
                RowState::Text => "text",
                RowState::Empty => "empty",
                RowState::NotAssessed(reason) => reason.as_str(),
            };
            let text = batch.text(i).map(str::to_owned);
            assert_eq!(text.is_some(), row.state == RowState::Text, "row {i}: text is valid UTF-8");
            assert_eq!(row.len > 0, row.state == RowState::Text, "row {i}: only text has bytes");
            if let Some(first) = row.same_as() {
                assert!(first < i);
                assert_eq!(batch.rows()[first].same_as(), None);
                assert_eq!(batch.rows()[first].range(), row.range());
            } else {
                assert!(bytes < max_bytes, "row {i} is over the batch's size");
                bytes += row.len as usize;
            }
            let (id, source) = (batch.id(i).map(str::to_owned), batch.source(i).map(str::to_owned));
            records.push(Record { position: row.position, state, text, id, source });
        }
    }
}

/// Reads a whole file.
pub fn read_all(path: &Path, options: &ReadOptions) -> Result<Vec<Record>, CorpusError> {
    match read_range(path, options, &ShardRange::All, 1 << 20) {
        (records, None) => Ok(records),
        (_, Some(error)) => Err(error),
    }
}

/// Texts of all rows, `None` where there is none.
pub fn texts(records: &[Record]) -> Vec<Option<&str>> {
    records.iter().map(|record| record.text.as_deref()).collect()
}

/// Reads a file that may be anything. Whatever comes must come in order: an error, or rows that were announced. Gives
/// the number of rows, or the error.
pub fn read_hostile(path: &Path, options: &ReadOptions) -> Result<u64, CorpusError> {
    let file = inspect(path, options)?;
    let (records, error) = read_range(path, options, &ShardRange::All, 1 << 20);
    if let Some(error) = file.damage.or(error) {
        assert!(!error.to_string().contains("panicked"), "{error}");
        return Err(error);
    }
    if let Some(rows) = file.rows {
        assert_eq!(rows, records.len() as u64, "{}", path.display());
    }
    Ok(records.len() as u64)
}

/// A folder for the files of a test.
pub struct Folder(tempfile::TempDir);

impl Folder {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

/// The options, changed.
pub fn options(change: impl FnOnce(&mut ReadOptions)) -> ReadOptions {
    let mut options = ReadOptions::default();
    change(&mut options);
    options
}

/// A member of gzip.
pub fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A frame of Zstandard, with a checksum, as the command does by default: without one, damage within the text can't be
/// told from text.
pub fn zst(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 3).unwrap();
    encoder.include_checksum(true).unwrap();
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
