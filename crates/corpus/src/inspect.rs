//! [`inspect`]: what a file is, how many rows it has and where it can be cut, without reading its text.

use std::path::Path;

use crate::columns::{Columns, choose};
use crate::error::{CorpusError, Fault};
use crate::file::{Identity, Opened, Store, open};
use crate::format::{Format, by_bytes, by_extension};
use crate::location::Location;
use crate::options::ReadOptions;
use crate::parquet::Footer;
use crate::reader::guard;
use crate::{ipc, jsonl};

/// A part of a file that is read as one: a record batch (Arrow), a row group (Parquet), or the whole file (JSONL).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// Its first byte in the file.
    pub offset: u64,
    /// Its bytes in the file.
    pub length: u64,
    /// Its rows, where they can be known without reading them.
    pub rows: Option<u64>,
    /// Number of its first row in the file; without meaning behind a block whose rows are unknown.
    pub first_row: u64,
}

/// What [`inspect`] finds.
#[derive(Debug)]
pub struct Inspection {
    /// The format.
    pub format: Format,
    /// Size, time, and digests of both ends; give it to [`ShardReader::open`](crate::ShardReader::open).
    pub identity: Identity,
    /// Rows of the file; `None` for JSONL, and where damage makes them uncountable.
    pub rows: Option<u64>,
    /// Blocks in the order of the file. None where the file is empty or its outline is damaged.
    pub blocks: Vec<Block>,
    /// The columns that will be read.
    pub columns: Columns,
    /// All columns: of the schema, or of the first 100 objects of JSONL.
    pub schema_columns: Vec<String>,
    /// Why rows can't be read, as far as it shows without reading them: all rows of the file then count under its
    /// [`reason`](CorpusError::reason). Reading may find more.
    pub damage: Option<CorpusError>,
}

impl Inspection {
    /// Whether the file may be cut at any byte (plain JSONL) instead of at blocks only.
    pub fn is_splittable(&self) -> bool {
        self.format == Format::Jsonl
    }
}

/// Looks at a file.
///
/// # Errors
///
/// What makes the file no part of the corpus: it can't be opened, is of no known or of another format than was asked
/// for, or lacks a column that was asked for. A damaged file is no error here; see [`Inspection::damage`].
pub fn inspect(location: impl Into<Location>, options: &ReadOptions) -> Result<Inspection, CorpusError> {
    let location = location.into();
    let path = &location.to_path();
    let Opened { file, identity, head } = open(&location, &options.storage)?;
    let format = decide(path, &head, options)?;
    guard(path, || {
        let size = identity.size;
        if !format.is_columnar() {
            let candidates = jsonl::sample(file, format, options)?;
            let columns = choose(&candidates, options, false)?;
            let block = Block { offset: 0, length: size, rows: None, first_row: 0 };
            return Ok(Inspection {
                format,
                identity,
                rows: (size == 0).then_some(0),
                blocks: if size == 0 { Vec::new() } else { vec![block] },
                columns,
                schema_columns: candidates.into_iter().map(|candidate| candidate.name).collect(),
                damage: None,
            });
        }
        let store = Store::new(file, size, options.map_files)?;
        let outline = if format == Format::Parquet {
            Footer::read(&store, &options.limits).map(|footer| (footer.candidates(), footer.blocks(), None))
        } else {
            ipc::outline(&store, format, &options.limits)
                .map(|mut outline| (outline.candidates(), outline.blocks(), outline.damage.take()))
        };
        let (candidates, blocks, damage) = match outline {
            Ok((_, _, Some(fault @ Fault::Io { .. }))) | Err(fault @ Fault::Io { .. }) => return Err(fault),
            Ok(found) => found,
            Err(fault) => {
                let damage = Some(fault.in_file(path));
                let (blocks, schema_columns) = (Vec::new(), Vec::new());
                let columns = Columns::default();
                return Ok(Inspection { format, identity, rows: None, blocks, columns, schema_columns, damage });
            }
        };
        let columns = choose(&candidates, options, true)?;
        let rows = blocks.iter().try_fold(0_u64, |sum, block| sum.checked_add(block.rows?));
        Ok(Inspection {
            format,
            identity,
            rows: if damage.is_some() { None } else { rows },
            blocks,
            columns,
            schema_columns: candidates.into_iter().map(|candidate| candidate.name).collect(),
            damage: damage.map(|fault| fault.in_file(path)),
        })
    })
}

/// The format: told by the bytes, else asked for, else told by the name.
pub(crate) fn decide(path: &Path, head: &[u8], options: &ReadOptions) -> Result<Format, CorpusError> {
    let found = by_bytes(head);
    if let (Some(asked), Some(found)) = (options.format, found)
        && asked != found
    {
        return Err(CorpusError::FormatMismatch { path: path.to_path_buf(), asked, found });
    }
    found.or(options.format).or_else(|| by_extension(path)).ok_or_else(|| {
        let found = if head.is_empty() {
            "it is empty".to_string()
        } else {
            let bytes: Vec<_> = head.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
            format!("it begins with the bytes {}", bytes.join(" "))
        };
        CorpusError::UnknownFormat { path: path.to_path_buf(), found }
    })
}
