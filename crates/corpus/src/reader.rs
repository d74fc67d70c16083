//! [`ShardReader`]: the rows of a part of a file, batch by batch.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use crate::batch::TextBatch;
use crate::columns::{Columns, choose};
use crate::error::{CorpusError, Fault, Outcome};
use crate::file::{Identity, Opened, Store, Watch, open};
use crate::format::Format;
use crate::inspect::decide;
use crate::ipc::{self, IpcReader};
use crate::jsonl::{self, JsonlReader};
use crate::location::Location;
use crate::options::ReadOptions;
use crate::parquet::{Footer, ParquetReader};

/// Largest batch that may be asked for; ranges in labels have 32 bits.
const MAX_BATCH_BYTES: usize = 1 << 30;

/// Which part of a file to read. Parts that tile a file give each row exactly once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShardRange {
    /// Everything.
    All,
    /// Blocks of the inspection, by number.
    Blocks(Range<usize>),
    /// Bytes of a plain JSONL file: the lines whose first byte lies in the range.
    Bytes(Range<u64>),
}

enum Rows {
    Jsonl(Box<JsonlReader>),
    Ipc(Box<IpcReader>),
    Parquet(Box<ParquetReader>),
}

/// Reads a part of a file.
pub struct ShardReader {
    path: PathBuf,
    format: Format,
    columns: Columns,
    watch: Watch,
    rows: Rows,
    ended: bool,
}

impl std::fmt::Debug for ShardReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ShardReader")
            .field("path", &self.path)
            .field("format", &self.format)
            .field("columns", &self.columns)
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}

impl ShardReader {
    /// Opens a part of a file. With `expected` the file must be the one that was inspected. The columns are chosen as
    /// [`inspect`](crate::inspect) chooses them; naming those of the inspection in `options` saves a look at JSONL.
    ///
    /// # Errors
    ///
    /// Those of [`inspect`](crate::inspect); [`CorpusError::Changed`]; [`CorpusError::Range`]; and every damage that
    /// shows in the outline, which spoils all shards of a columnar file alike.
    pub fn open(
        location: impl Into<Location>,
        options: &ReadOptions,
        range: &ShardRange,
        expected: Option<&Identity>,
    ) -> Result<Self, CorpusError> {
        let location = location.into();
        let path = &location.to_path();
        let Opened { file, identity, head } = open(&location, &options.storage)?;
        if let Some(expected) = expected {
            expected.check(&identity, path)?;
        }
        let format = decide(path, &head, options)?;
        let watch = Watch::new(&file, identity.clone(), path)?;
        guard(path, || {
            let size = identity.size;
            let (columns, rows) = match format {
                Format::Jsonl | Format::JsonlGz | Format::JsonlZst => {
                    let bytes = lines_of(format, size, range)?;
                    let columns = if options.text_column.is_some() && options.id_column.is_some() {
                        choose(&[], options, false)?
                    } else {
                        let again = file.again()?;
                        choose(&jsonl::sample(again, format, options)?, options, false)?
                    };
                    file.expect(bytes.clone().unwrap_or(0..size));
                    let reader = JsonlReader::new(file, format, bytes, columns.clone(), options)?;
                    (columns, Rows::Jsonl(Box::new(reader)))
                }
                Format::Parquet => {
                    let store = Store::new(file, size, options.map_files)?;
                    let footer = Footer::read(&store, &options.limits)?;
                    let columns = choose(&footer.candidates(), options, true)?;
                    let range = blocks_of(footer.groups.len(), range)?;
                    let reader = ParquetReader::new(store, footer, range, &columns, options);
                    (columns, Rows::Parquet(Box::new(reader)))
                }
                Format::ArrowFile | Format::ArrowStream => {
                    let store = Store::new(file, size, options.map_files)?;
                    let mut outline = ipc::outline(&store, format, &options.limits)?;
                    if let Some(damage) = outline.damage.take() {
                        return Err(damage);
                    }
                    let columns = choose(&outline.candidates(), options, true)?;
                    let range = blocks_of(outline.batches.len(), range)?;
                    let reader = IpcReader::new(store, outline, range, &columns, options);
                    (columns, Rows::Ipc(Box::new(reader)))
                }
            };
            Ok(Self { path: path.clone(), format, columns, watch, rows, ended: false })
        })
    }

    /// The format that is read.
    pub fn format(&self) -> Format {
        self.format
    }

    /// The columns that are read.
    pub fn columns(&self) -> &Columns {
        &self.columns
    }

    /// The next rows: at least one, at most [`MAX_BATCH_ROWS`](crate::MAX_BATCH_ROWS). A batch ends with the row that
    /// brings its text and labels to `max_bytes` (clamped to 1 B..1 GiB), so it has up to one record more than that.
    /// `None` at the end, and after an error. Drop a batch before asking for the next one: its memory is then used again.
    ///
    /// # Errors
    ///
    /// Damage, a limit, or a change of the file. Rows that were handed out before an error are good in JSONL; in the
    /// other formats the damage makes all rows of the file `file-damaged`, which only the caller can settle.
    pub fn next_batch(&mut self, max_bytes: usize) -> Result<Option<TextBatch>, CorpusError> {
        if self.ended {
            return Ok(None);
        }
        let max_bytes = max_bytes.clamp(1, MAX_BATCH_BYTES);
        let rows = &mut self.rows;
        let batch = guard(&self.path, || match rows {
            Rows::Jsonl(reader) => reader.next_batch(max_bytes),
            Rows::Ipc(reader) => reader.next_batch(max_bytes),
            Rows::Parquet(reader) => reader.next_batch(max_bytes),
        });
        // After reading: a file that was changed meanwhile may have given anything, also the error.
        let batch = self.watch.check(&self.path).and(batch);
        self.ended = !matches!(batch, Ok(Some(_)));
        batch
    }
}

fn blocks_of(blocks: usize, range: &ShardRange) -> Outcome<Range<usize>> {
    match range {
        ShardRange::All => Ok(0..blocks),
        ShardRange::Blocks(range) if range.start <= range.end && range.end <= blocks => Ok(range.clone()),
        ShardRange::Blocks(range) => {
            Err(Fault::Range { detail: format!("blocks {} to {} of {blocks}", range.start, range.end) })
        }
        ShardRange::Bytes(_) => Err(Fault::Range { detail: "only plain JSONL can be cut at bytes".into() }),
    }
}

/// The bytes to read of a file of lines; `None` for all of a compressed one.
fn lines_of(format: Format, size: u64, range: &ShardRange) -> Outcome<Option<Range<u64>>> {
    let whole = (format == Format::Jsonl).then_some(0..size);
    match range {
        ShardRange::Bytes(range) if format == Format::Jsonl => {
            if range.start <= range.end && range.end <= size {
                return Ok(Some(range.clone()));
            }
            Err(Fault::Range { detail: format!("bytes {} to {} of {size}", range.start, range.end) })
        }
        range => {
            let blocks = blocks_of(usize::from(size > 0), range)?;
            // No block of a file that has one: an empty shard.
            if blocks.is_empty() && size > 0 {
                if format != Format::Jsonl {
                    return Err(Fault::Range { detail: "a compressed file is read as a whole".into() });
                }
                return Ok(Some(0..0));
            }
            Ok(whole)
        }
    }
}

/// Runs a reader's step; a panic in it, or in a library below, is damage. Unwinding is safe: the reader is not used again
/// after an error.
pub(crate) fn guard<T>(path: &Path, step: impl FnOnce() -> Outcome<T>) -> Result<T, CorpusError> {
    let outcome = catch_unwind(AssertUnwindSafe(step)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without a message");
        Err(Fault::damaged(format!("decoding it panicked: {text}")))
    });
    outcome.map_err(|fault| fault.in_file(path))
}
