//! [`inspect`]: what a file is, how many rows it has and where it can be cut, without reading its text.

use crate::columns::{Candidate, Columns, choose};
use crate::error::{CorpusError, Fault};
use crate::file::{Identity, Opened, Store, open};
use crate::format::{Content, Format, decide};
use crate::location::Location;
use crate::options::ReadOptions;
use crate::parquet::Footer;
use crate::reader::guard;
use crate::{document, ipc, jsonl, warc};

/// A part of a file that is read as one: a record batch (Arrow), a row group (Parquet), or the whole file (JSONL,
/// text, WARC).
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
    /// Rows of the file; `None` for JSONL and WARC, and where damage makes them uncountable.
    pub rows: Option<u64>,
    /// Blocks in the order of the file. None where the file is empty or its outline is damaged.
    pub blocks: Vec<Block>,
    /// The columns that will be read.
    pub columns: Columns,
    /// All columns, and the paths to what lies in them: of the schema, or of the first 100 objects of JSONL. Of paths
    /// the first 1,000 that are no longer than 1 KiB. None of a text file.
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
        let names = |candidates: Vec<Candidate>| candidates.into_iter().map(|candidate| candidate.name).collect();
        let as_one = |rows: Option<u64>, columns, schema_columns| {
            let blocks =
                if rows == Some(0) { Vec::new() } else { vec![Block { offset: 0, length: size, rows, first_row: 0 }] };
            Inspection { format, identity: identity.clone(), rows, blocks, columns, schema_columns, damage: None }
        };
        let no_rows = (size == 0).then_some(0);
        match format.content() {
            Content::Jsonl => {
                let candidates = jsonl::sample(file, format, options)?;
                let columns = choose(&candidates, None, options)?;
                return Ok(as_one(no_rows, columns, names(candidates)));
            }
            Content::Warc => {
                let candidates = warc::candidates();
                let columns = choose(&candidates, Some(&warc::candidate), options)?;
                return Ok(as_one(no_rows, columns, names(candidates)));
            }
            // Also an empty file is a record.
            Content::Text => return Ok(as_one(Some(1), document::columns(), Vec::new())),
            Content::ArrowFile | Content::ArrowStream | Content::Parquet => {}
        }
        let store = Store::new(file, size, options.map_files)?;
        // Chosen where the schema is at hand.
        let outline = if format == Format::Parquet {
            Footer::read(&store, &options.limits).map(|footer| {
                let candidates = footer.candidates();
                let columns = choose(&candidates, Some(&|name| footer.candidate(name)), options);
                (candidates, columns, footer.blocks(), None)
            })
        } else {
            ipc::outline(&store, format, &options.limits).map(|mut outline| {
                let candidates = outline.candidates();
                let columns = choose(&candidates, Some(&|name| outline.candidate(name)), options);
                (candidates, columns, outline.blocks(), outline.damage.take())
            })
        };
        let (candidates, columns, blocks, damage) = match outline {
            Ok((_, _, _, Some(fault @ Fault::Io { .. }))) | Err(fault @ Fault::Io { .. }) => return Err(fault),
            Ok(found) => found,
            Err(fault) => {
                let damage = Some(fault.in_file(path));
                let (blocks, schema_columns) = (Vec::new(), Vec::new());
                let columns = Columns::default();
                return Ok(Inspection { format, identity, rows: None, blocks, columns, schema_columns, damage });
            }
        };
        let columns = columns?;
        let rows = blocks.iter().try_fold(0_u64, |sum, block| sum.checked_add(block.rows?));
        Ok(Inspection {
            format,
            identity,
            rows: if damage.is_some() { None } else { rows },
            blocks,
            columns,
            schema_columns: names(candidates),
            damage: damage.map(|fault| fault.in_file(path)),
        })
    })
}
