//! What must hold for any bytes in any format: shared by the seeded tests and the fuzz targets.
//!
//! A file ends in rows or in an error, never in a panic; rows that were announced come. An Arrow or Parquet file that the
//! judge refuses gives no rows; one that gives rows gives the texts that the judge reads.

use std::path::Path;

use corpus::{CorpusError, Encoding, Format, ReadOptions, ShardRange, inspect};

use super::judge::judge;
use super::reading::{Record, read_range};

/// What came of a file.
pub struct Read {
    pub records: Vec<Record>,
    pub text: Option<String>,
}

/// Reads bytes as a file of a format, by mapping it or not. A finding is a panic.
///
/// # Errors
///
/// What the reader says of the file.
pub fn check(path: &Path, bytes: &[u8], format: Format) -> Result<Read, CorpusError> {
    std::fs::write(path, bytes).unwrap();
    let limits = ReadOptions::default().limits;
    let odd = bytes.len() % 2 == 1;
    let options = ReadOptions {
        format: Some(format),
        map_files: odd,
        encoding: if !format.is_columnar() && bytes.len().is_multiple_of(8) {
            Encoding::Gb18030
        } else {
            Encoding::Utf8
        },
        limits,
        ..ReadOptions::default()
    };
    let read = read(path, &options)?;
    if format.is_columnar() {
        compare(bytes, &read);
    }
    Ok(read)
}

fn read(path: &Path, options: &ReadOptions) -> Result<Read, CorpusError> {
    let calm = |error: CorpusError| {
        assert!(!error.to_string().contains("panicked"), "{error}");
        error
    };
    let file = inspect(path, options).map_err(calm)?;
    let (records, error) = read_range(path, options, &ShardRange::All, 1 << 16);
    if let Some(error) = file.damage.or(error) {
        return Err(calm(error));
    }
    if let Some(rows) = file.rows {
        assert_eq!(rows, records.len() as u64, "rows that were announced");
    }
    Ok(Read { records, text: file.columns.text })
}

/// Holds what was read against the judge.
fn compare(bytes: &[u8], read: &Read) {
    // Without rows nothing is assessed, whatever else is in the file.
    if read.records.is_empty() {
        return;
    }
    let judged = match judge(bytes) {
        Ok(judged) => judged,
        Err(error) => {
            assert!(
                is_beside_the_point(&error),
                "{} rows of a file that the judge refuses: {error}",
                read.records.len()
            );
            return;
        }
    };
    assert_eq!(judged.rows, read.records.len(), "rows");
    let Some(texts) = read.text.as_ref().and_then(|text| judged.texts(text)) else {
        return;
    };
    for (row, (record, text)) in read.records.iter().zip(texts).enumerate() {
        let agrees = match record.state {
            "text" => record.text.as_ref().map(String::as_bytes) == text.as_deref(),
            "empty" => text.is_none_or(|text| text.is_empty()),
            "invalid-utf8" => text.is_some_and(|text| std::str::from_utf8(&text).is_err()),
            _ => true,
        };
        assert!(agrees, "row {row}: {record:?}");
    }
}

/// What the judge refuses and a corpus is none the worse for: each says why no value can be wrong by it.
fn is_beside_the_point(error: &str) -> bool {
    const REASONS: [&str; 29] = [
        // Views of null rows: a null may hold anything, and pyarrow reads them.
        "non-zero padding for string",
        "Invalid buffer slice",
        "Invalid buffer index",
        "Mismatch between embedded prefix",
        // A fault of the judge: values of no width that are not aligned.
        "prefix.is_empty() && suffix.is_empty()",
        // Messages of versions 4 and 5 differ in unions only, and are told apart there.
        "metadata versions mismatch",
        // A name changed in one of the two schemas of a Parquet file. pyarrow reads them: tools copy this metadata.
        "incompatible arrow schema",
        // Strings of metadata that no value depends on.
        "invalid utf-8",
        "invalid utf8",
        // Statistics, orders, lists of encodings and other parts of the metadata that are passed over.
        "Expected list element type",
        "Unexpected struct field type",
        "Unexpected Encoding",
        "from remote ColumnOrder",
        "Unexpected EOF",
        "from remote LogicalType",
        "from remote {}LogicalType",
        "incompatible with converted type",
        "must match self.scale",
        "Statistics ",
        "min statistic",
        "max statistic",
        "Empty struct has fields",
        "Unexpected list/set element type",
        "Required field",
        "Invalid decimal scale",
        // Without one, the format says, keys have 32 bits.
        "dictionary index type",
        "Unexpected PageType",
        "Unexpected BoundaryOrder",
        "Unexpected ConvertedType",
    ];
    REASONS.iter().any(|reason| error.contains(reason))
}
