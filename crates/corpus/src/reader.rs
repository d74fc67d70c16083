//! [`ShardReader`]: the rows of a part of a file, batch by batch.

use std::any::Any;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use crate::batch::TextBatch;
use crate::columns::{Columns, choose};
use crate::document::{self, DocumentReader};
use crate::error::{CorpusError, Fault, Outcome};
use crate::file::{Identity, Opened, Store, Watch, open, open_again};
use crate::format::{Content, Format, decide};
use crate::ipc::{self, IpcReader};
use crate::jsonl::{self, JsonlReader};
use crate::location::Location;
use crate::options::ReadOptions;
use crate::parquet::{Footer, ParquetReader};
use crate::warc::{self, WarcReader};

/// Largest batch that may be asked for; ranges in labels have 32 bits.
pub(crate) const MAX_BATCH_BYTES: usize = 1 << 30;

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
    Document(Box<DocumentReader>),
    Warc(Box<WarcReader>),
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
        let Opened { file, identity, head } = match expected {
            Some(expected) => open_again(&location, &options.storage, expected)?,
            None => open(&location, &options.storage)?,
        };
        let format = decide(path, &head, options)?;
        let watch = Watch::new(&file, identity.clone(), path)?;
        guard(path, || {
            let size = identity.size;
            let (columns, rows) = match format.content() {
                Content::Jsonl => {
                    let bytes = lines_of(format, size, range)?;
                    let columns = if options.text_column.is_some() && options.id_column.is_some() {
                        choose(&[], None, options)?
                    } else {
                        let again = file.again()?;
                        choose(&jsonl::sample(again, format, options)?, None, options)?
                    };
                    file.expect(bytes.clone().unwrap_or(0..size));
                    let reader = JsonlReader::new(file, format, bytes, &columns, options)?;
                    (columns, Rows::Jsonl(Box::new(reader)))
                }
                Content::Text => {
                    whole_of(1, range)?;
                    file.expect(0..size);
                    let reader = DocumentReader::new(file, format, options)?;
                    (document::columns(), Rows::Document(Box::new(reader)))
                }
                Content::Warc => {
                    whole_of(usize::from(size > 0), range)?;
                    let columns = choose(&warc::candidates(), Some(&warc::candidate), options)?;
                    file.expect(0..size);
                    let reader = WarcReader::new(file, format, &columns, options)?;
                    (columns, Rows::Warc(Box::new(reader)))
                }
                Content::Parquet => {
                    let store = Store::new(file, size, options.map_files)?;
                    let footer = Footer::read(&store, &options.limits)?;
                    let columns = choose(&footer.candidates(), Some(&|name| footer.candidate(name)), options)?;
                    let range = blocks_of(footer.groups.len(), range)?;
                    let reader = ParquetReader::new(store, footer, range, &columns, options);
                    (columns, Rows::Parquet(Box::new(reader)))
                }
                Content::ArrowFile | Content::ArrowStream => {
                    let store = Store::new(file, size, options.map_files)?;
                    let mut outline = ipc::outline(&store, format, &options.limits)?;
                    if let Some(damage) = outline.damage.take() {
                        return Err(damage);
                    }
                    let columns = choose(&outline.candidates(), Some(&|name| outline.candidate(name)), options)?;
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
    /// Damage, a limit, or a change of the file. Rows that were handed out before an error are good in JSONL and WARC; in
    /// the other formats the damage makes all rows of the file `file-damaged`, which only the caller can settle.
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
            Rows::Document(reader) => reader.next_batch(max_bytes),
            Rows::Warc(reader) => reader.next_batch(max_bytes),
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
    let blocks = usize::from(size > 0);
    match range {
        range if format != Format::Jsonl => whole_of(blocks, range).map(|()| None),
        ShardRange::Bytes(range) if range.start <= range.end && range.end <= size => Ok(Some(range.clone())),
        ShardRange::Bytes(range) => {
            Err(Fault::Range { detail: format!("bytes {} to {} of {size}", range.start, range.end) })
        }
        // No block of a file that has one: an empty shard.
        range => Ok(Some(if blocks_of(blocks, range)?.len() == blocks { 0..size } else { 0..0 })),
    }
}

/// Checks that the range is all of a file that is one block, or none where it is empty.
fn whole_of(blocks: usize, range: &ShardRange) -> Outcome<()> {
    if blocks_of(blocks, range)?.len() == blocks {
        return Ok(());
    }
    Err(Fault::Range { detail: "a file that can't be cut is read as a whole".into() })
}

/// Runs a reader's step; a panic in it, or in a library below, is damage. Unwinding is safe: the reader is not used again
/// after an error.
pub(crate) fn guard<T>(path: &Path, step: impl FnOnce() -> Outcome<T>) -> Result<T, CorpusError> {
    let outcome = catch_unwind(AssertUnwindSafe(step)).unwrap_or_else(|panic| Err(panic_fault(panic.as_ref())));
    outcome.map_err(|fault| fault.in_file(path))
}

/// What a panic while decoding means.
pub(crate) fn panic_fault(panic: &(dyn Any + Send)) -> Fault {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without a message");
    Fault::damaged(format!("decoding it panicked: {text}"))
}
