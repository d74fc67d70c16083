//! Reads training corpora: Arrow IPC files and streams, Parquet; JSONL, plain text and WARC (plain, gz, zst); as batches
//! of validated text.
//!
//! [`inspect`] says what a file is and where it can be cut; [`ShardReader`] reads a part of it; [`StreamReader`] reads an
//! Arrow IPC stream that arrives in pieces. What comes out is a [`TextBatch`] whatever the format: rows as ranges of one
//! buffer, each with a state, a position, an id and a source. Normalizing, matching and counting are the business of
//! others.
//!
//! # Columns and paths
//!
//! A column is named by its name, and what lies inside columns by a path: `meta.id`, `messages[].content`,
//! `a.b[].c[].d`, where `.` goes into a struct (an object) and `[]` into each item of a list (of a map: into its entries,
//! `m[].key` and `m[].value`; JSON has objects instead). A column whose whole name is what was asked for goes before
//! the path. Text may lie in lists: the text of a row is then the strings at the end of the path, in order, joined by one
//! line feed. Nulls among them, or above them, are left out; a row of nothing but nulls, or of empty lists, is `Empty`.
//! Ids and sources are one a row, so their paths go through structs only.
//!
//! In JSONL, where no schema says what must be there, a row is `missing-text` when a part of the path is missing in it,
//! also in one item of a list; when something other than null stands where the path needs an object or a list; and when
//! what it ends at is neither string nor null.
//!
//! # What is promised about bad files
//!
//! - A record that can't be read is a row with a [`Reason`]; a file that can't be read is a [`CorpusError`]. Nothing is
//!   skipped, and no row is `Text` unless its bytes are valid UTF-8.
//! - Arrow and Parquet: any damage is an error, after which all rows of the file count as `file-damaged`. Columns that
//!   are not read are checked value by value all the same, unless [`Validate::Projected`] asks for their places only.
//!   JSONL: each line stands for itself; of a truncated gz or zst the lines before the break are handed out, then the error.
//!   WARC likewise, but a record without a sound header or length ends the file: nothing else says where the next begins.
//! - Memory is bounded by a few times the batch and by [`Limits`], whatever the file claims: sizes are compared with the
//!   limits and with the bytes that are there before anything is reserved. Work is bounded by the file's size and the
//!   allowed expansion.
//! - There is no unchecked access: offsets, keys, views and levels are checked where they are used. The one `unsafe` is
//!   the mapping of the file. A panic below is caught and becomes damage.
//! - A mapped file that another program truncates raises SIGBUS in the process that reads it, which nothing here can
//!   prevent; [`ReadOptions::map_files`]` = false` reads instead. Only Arrow and Parquet are mapped. Every batch is followed by a
//!   look at size and time of the file, so a change is an error and not a wrong count.
//!
//! # Objects
//!
//! A [`Location`] is a path or `s3://bucket/key` (feature `s3`). An object is read by ranges, each asked for under the
//! object's `ETag`, so that a replaced object is [`CorpusError::Changed`] and never mixed bytes; broken connections, 5xx and
//! stalls are tried again within bounds. What of an object is in memory is bounded by 16 MiB, whatever is read ahead.
//!
//! # Example
//!
//! ```
//! use corpus::{ReadOptions, ShardRange, ShardReader, inspect};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let path = std::env::temp_dir().join(format!("corpus-doc-{}.jsonl", std::process::id()));
//! std::fs::write(&path, "{\"id\":7,\"text\":\"汉字\"}\n{\"text\":null}\n")?;
//! let options = ReadOptions::default();
//! let file = inspect(&path, &options)?;
//! let mut reader = ShardReader::open(&path, &options, &ShardRange::All, Some(&file.identity))?;
//! while let Some(batch) = reader.next_batch(4 << 20)? {
//!     assert_eq!(batch.text(0), Some("汉字"));
//!     assert_eq!(batch.id(0), Some("7"));
//!     assert_eq!(batch.rows()[1].state, corpus::RowState::Empty);
//! }
//! # std::fs::remove_file(&path)?;
//! # Ok(())
//! # }
//! ```

mod batch;
mod columns;
mod decimal;
mod document;
mod error;
mod file;
mod format;
mod inspect;
mod ipc;
mod join;
mod jsonl;
mod location;
mod object;
mod options;
mod parquet;
mod path;
mod reader;
mod stream;
mod text;
mod warc;
mod window;

pub use batch::{Labels, MAX_BATCH_ROWS, Reason, Row, RowState, TextBatch};
pub use columns::Columns;
pub use error::{CorpusError, StoreProblem};
pub use file::Identity;
pub use format::Format;
pub use inspect::{Block, Inspection, inspect};
pub use ipc::{StreamMessage, StreamPart, StreamReader};
pub use location::{Location, ObjectUrl};
pub use object::{Listed, list_objects, stop_reads};
pub use options::{Encoding, Limits, ReadOptions, Storage, Validate};
pub use reader::{ShardRange, ShardReader};
