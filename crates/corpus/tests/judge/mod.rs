//! The judge: arrow-rs and its parquet crate reading a whole file, every column of it, and validating in full.
#![allow(dead_code)] // Each test binary uses a part of it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use arrow_array::cast::AsArray;
use arrow_array::{Array, RecordBatch};
use arrow_ipc::reader::{FileReader, StreamReader};
use arrow_schema::DataType;
use bytes::Bytes;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

/// What the judge says of a file.
pub struct Judged {
    pub rows: usize,
    batches: Vec<RecordBatch>,
}

impl Judged {
    /// The bytes of a column of strings, row by row; `None` where it is no such column.
    pub fn texts(&self, column: &str) -> Option<Vec<Option<Vec<u8>>>> {
        let mut texts = Vec::with_capacity(self.rows);
        for batch in &self.batches {
            let array = batch.column_by_name(column)?;
            for row in 0..array.len() {
                texts.push(cell(array.as_ref(), row)?);
            }
        }
        Some(texts)
    }
}

/// The bytes of one row.
#[expect(clippy::option_option, reason = "the outer says whether there are strings, the inner whether the row is null")]
fn cell(array: &dyn Array, row: usize) -> Option<Option<Vec<u8>>> {
    if array.is_null(row) {
        return Some(None);
    }
    Some(Some(match array.data_type() {
        DataType::Utf8 => array.as_string::<i32>().value(row).into(),
        DataType::LargeUtf8 => array.as_string::<i64>().value(row).into(),
        DataType::Utf8View => array.as_string_view().value(row).into(),
        DataType::Binary => array.as_binary::<i32>().value(row).into(),
        DataType::LargeBinary => array.as_binary::<i64>().value(row).into(),
        DataType::BinaryView => array.as_binary_view().value(row).into(),
        DataType::Dictionary(..) => {
            let dictionary = array.as_any_dictionary();
            return cell(dictionary.values().as_ref(), dictionary.normalized_keys()[row]);
        }
        _ => return None,
    }))
}

/// Reads an Arrow IPC file, a stream, or Parquet, as the first bytes say.
///
/// # Errors
///
/// What the judge refuses, a panic included.
pub fn judge(bytes: &[u8]) -> Result<Judged, String> {
    let read = || -> Result<Judged, String> {
        let text = |error: &dyn std::fmt::Display| error.to_string();
        let batches: Vec<RecordBatch> = if bytes.starts_with(b"PAR1") {
            let builder = ParquetRecordBatchReaderBuilder::try_new(Bytes::copy_from_slice(bytes));
            let reader = builder.and_then(ParquetRecordBatchReaderBuilder::build).map_err(|error| text(&error))?;
            reader.collect::<Result<_, _>>().map_err(|error| text(&error))?
        } else if bytes.starts_with(b"ARROW1") {
            let reader = FileReader::try_new(std::io::Cursor::new(bytes), None).map_err(|error| text(&error))?;
            reader.collect::<Result<_, _>>().map_err(|error| text(&error))?
        } else {
            let reader = StreamReader::try_new(bytes, None).map_err(|error| text(&error))?;
            reader.collect::<Result<_, _>>().map_err(|error| text(&error))?
        };
        for column in batches.iter().flat_map(RecordBatch::columns) {
            column.to_data().validate_full().map_err(|error| text(&error))?;
        }
        Ok(Judged { rows: batches.iter().map(RecordBatch::num_rows).sum(), batches })
    };
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        Err(format!(
            "panic: {}",
            text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string)).unwrap_or_default()
        ))
    })
}
