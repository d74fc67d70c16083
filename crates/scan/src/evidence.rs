//! The evidence of one shard: an Arrow file with a row for each record that is flagged or may be drawn. It holds
//! where a record is, what was found in it and its digest; never its text.

use std::collections::HashMap;
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::builder::{
    ArrayBuilder, FixedSizeBinaryBuilder, Float64Builder, ListBuilder, StringBuilder, StructBuilder, UInt32Builder,
    UInt64Builder,
};
use arrow_array::cast::AsArray;
use arrow_array::types::UInt64Type;
use arrow_array::{ArrayRef, RecordBatch};
use arrow_ipc::reader::FileReader;
use arrow_ipc::writer::FileWriter;
use arrow_schema::{ArrowError, DataType, Field, Fields, Schema};
use matcher::Hit;

use crate::key::Key;

/// Hits of one record that are written out; `hits` counts all of them.
pub const HITS_KEPT: usize = 64;
/// Rows that are gathered before they are written, and hits: they bound the memory of what waits.
const ROWS_PER_BATCH: usize = 16_384;
const HITS_PER_BATCH: usize = 131_072;

/// One row of evidence.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// The record's place in the draw.
    pub key: Key,
    /// Source of the record.
    pub source: Arc<str>,
    /// The record's own id, when it has one.
    pub id: Option<String>,
    /// Row number, or byte offset of the line.
    pub position: u64,
    /// BLAKE3 of the text.
    pub digest: [u8; 32],
    /// `clean`, `flagged` or `unqualified`; `not-assessed` when a stage is missing.
    pub verdict: &'static str,
    /// What kept the record from a verdict.
    pub reason: Option<&'static str>,
    /// Which stage found something.
    pub stage: &'static str,
    /// Risk mask.
    pub risks: u32,
    /// The first [`HITS_KEPT`] hits.
    pub hits: Vec<Hit>,
    /// All hits.
    pub hit_count: u32,
    /// One score per output of the classifier.
    pub scores: Vec<f64>,
}

/// Names that the numbers of a row stand for.
#[derive(Debug, Clone)]
pub struct Names {
    /// Risk ids by bit.
    pub risks: Vec<String>,
    /// Entry ids by index.
    pub entries: Arc<[String]>,
    /// Names of the classifier's outputs, in the order of the scores.
    pub outputs: Vec<String>,
}

/// Writes an evidence file under a temporary name and gives it its own when it is whole.
pub struct EvidenceWriter {
    path: PathBuf,
    partial: PathBuf,
    writer: FileWriter<BufWriter<File>>,
    names: Names,
    rows: Columns,
    written: u64,
}

impl EvidenceWriter {
    /// Creates the file beside `path`.
    pub fn create(path: &Path, names: Names) -> Result<Self, ArrowError> {
        let partial = path.with_extension("partial");
        let schema = schema(&names);
        let writer = FileWriter::try_new(BufWriter::new(File::create(&partial)?), &schema)?;
        Ok(Self { path: path.to_owned(), partial, writer, names, rows: Columns::new(), written: 0 })
    }

    /// Adds a row.
    pub fn push(&mut self, row: &Evidence) -> Result<(), ArrowError> {
        self.rows.push(row, &self.names);
        if self.rows.len() >= ROWS_PER_BATCH || self.rows.hits.values().len() >= HITS_PER_BATCH {
            self.flush()?;
        }
        Ok(())
    }

    /// Writes what is left, makes it durable, if it is to be, and gives the file its name. Returns the number of rows.
    pub fn finish(mut self, durable: bool) -> Result<u64, ArrowError> {
        self.flush()?;
        self.writer.finish()?;
        let file = self.writer.into_inner()?.into_inner().map_err(|error| ArrowError::from(error.into_error()))?;
        if durable {
            file.sync_all()?;
        }
        std::fs::rename(&self.partial, &self.path)?;
        Ok(self.written)
    }

    fn flush(&mut self) -> Result<(), ArrowError> {
        let rows = self.rows.len();
        if rows > 0 {
            let batch = RecordBatch::try_new(Arc::clone(self.writer.schema()), self.rows.finish())?;
            self.writer.write(&batch)?;
            self.written += rows as u64;
        }
        Ok(())
    }
}

/// Makes all that was written to the file system of `folder` durable, with its names: once for many files, where one by
/// one costs milliseconds each.
///
/// # Errors
///
/// The system's answer.
pub fn sync_files(folder: &Path) -> std::io::Result<()> {
    Ok(rustix::fs::syncfs(File::open(folder)?)?)
}

/// Positions of the rows of an evidence file that have a risk, ascending: of every record in which something was found,
/// whatever was drawn.
pub fn positions_with_risks(path: &Path) -> Result<Vec<u64>, ArrowError> {
    let mut positions = Vec::new();
    for batch in FileReader::try_new_buffered(File::open(path)?, None)? {
        let batch = batch?;
        let column = |name: &str| {
            batch.column_by_name(name).ok_or_else(|| ArrowError::SchemaError(format!("there is no column {name:?}")))
        };
        let (risks, position) = (column("risks")?, column("position")?);
        let (Some(risks), Some(position)) = (risks.as_list_opt::<i32>(), position.as_primitive_opt::<UInt64Type>())
        else {
            return Err(ArrowError::SchemaError("risks or position is of another type".to_owned()));
        };
        positions
            .extend((0..batch.num_rows()).filter(|&row| risks.value_length(row) > 0).map(|row| position.value(row)));
    }
    positions.sort_unstable();
    Ok(positions)
}

fn schema(names: &Names) -> Schema {
    let text = |name: &str| Field::new(name, DataType::Utf8, false);
    let fields = vec![
        Field::new("key", DataType::FixedSizeBinary(32), false),
        text("source"),
        Field::new("id", DataType::Utf8, true),
        Field::new("position", DataType::UInt64, false),
        Field::new("digest", DataType::FixedSizeBinary(32), false),
        text("verdict"),
        Field::new("reason", DataType::Utf8, true),
        text("stage"),
        Field::new("risks", list_of(DataType::Utf8), false),
        Field::new("hits", list_of(DataType::Struct(hit_fields())), false),
        Field::new("hitCount", DataType::UInt32, false),
        Field::new("scores", list_of(DataType::Float64), false),
    ];
    let metadata = HashMap::from([("corpusgate.outputs".to_owned(), names.outputs.join(","))]);
    Schema::new(fields).with_metadata(metadata)
}

/// A list as its builder makes it.
pub fn list_of(item: DataType) -> DataType {
    DataType::List(Arc::new(Field::new("item", item, true)))
}

/// The fields of one hit.
pub fn hit_fields() -> Fields {
    Fields::from(vec![
        Field::new("entry", DataType::Utf8, false),
        Field::new("start", DataType::UInt32, false),
        Field::new("end", DataType::UInt32, false),
    ])
}

/// Adds a row: the ids of the risks of a mask.
pub fn append_risks(column: &mut ListBuilder<StringBuilder>, mut mask: u32, names: &Names) {
    while mask != 0 {
        column.values().append_value(&names.risks[mask.trailing_zeros() as usize]);
        mask &= mask - 1;
    }
    column.append(true);
}

/// Adds a row: hits as [`hit_fields`], spans in bytes of the record as stored.
pub fn append_hits(column: &mut ListBuilder<StructBuilder>, hits: &[Hit], names: &Names) {
    const FIELD: &str = "the fields are those of hit_fields";
    for hit in hits {
        let item = column.values();
        let entry = &names.entries[hit.entry as usize];
        item.field_builder::<StringBuilder>(0).expect(FIELD).append_value(entry);
        item.field_builder::<UInt32Builder>(1).expect(FIELD).append_value(hit.start);
        item.field_builder::<UInt32Builder>(2).expect(FIELD).append_value(hit.end);
        item.append(true);
    }
    column.append(true);
}

struct Columns {
    key: FixedSizeBinaryBuilder,
    source: StringBuilder,
    id: StringBuilder,
    position: UInt64Builder,
    digest: FixedSizeBinaryBuilder,
    verdict: StringBuilder,
    reason: StringBuilder,
    stage: StringBuilder,
    risks: ListBuilder<StringBuilder>,
    hits: ListBuilder<StructBuilder>,
    hit_count: UInt32Builder,
    scores: ListBuilder<Float64Builder>,
    len: usize,
}

impl Columns {
    fn new() -> Self {
        Self {
            key: FixedSizeBinaryBuilder::new(32),
            source: StringBuilder::new(),
            id: StringBuilder::new(),
            position: UInt64Builder::new(),
            digest: FixedSizeBinaryBuilder::new(32),
            verdict: StringBuilder::new(),
            reason: StringBuilder::new(),
            stage: StringBuilder::new(),
            risks: ListBuilder::new(StringBuilder::new()),
            hits: ListBuilder::new(StructBuilder::from_fields(hit_fields(), 0)),
            hit_count: UInt32Builder::new(),
            scores: ListBuilder::new(Float64Builder::new()),
            len: 0,
        }
    }

    fn len(&self) -> usize {
        self.len
    }

    fn push(&mut self, row: &Evidence, names: &Names) {
        const WIDTH: &str = "a key and a digest have 32 bytes";
        self.key.append_value(row.key).expect(WIDTH);
        self.source.append_value(&row.source);
        self.id.append_option(row.id.as_deref());
        self.position.append_value(row.position);
        self.digest.append_value(row.digest).expect(WIDTH);
        self.verdict.append_value(row.verdict);
        self.reason.append_option(row.reason);
        self.stage.append_value(row.stage);
        append_risks(&mut self.risks, row.risks, names);
        append_hits(&mut self.hits, &row.hits, names);
        self.hit_count.append_value(row.hit_count);
        self.scores.values().append_slice(&row.scores);
        self.scores.append(true);
        self.len += 1;
    }

    fn finish(&mut self) -> Vec<ArrayRef> {
        self.len = 0;
        vec![
            Arc::new(self.key.finish()),
            Arc::new(self.source.finish()),
            Arc::new(self.id.finish()),
            Arc::new(self.position.finish()),
            Arc::new(self.digest.finish()),
            Arc::new(self.verdict.finish()),
            Arc::new(self.reason.finish()),
            Arc::new(self.stage.finish()),
            Arc::new(self.risks.finish()),
            Arc::new(self.hits.finish()),
            Arc::new(self.hit_count.finish()),
            Arc::new(self.scores.finish()),
        ]
    }
}
