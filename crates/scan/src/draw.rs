//! The draw of the samples from the evidence of all shards: the smallest keys, per source and over the corpus.
//!
//! Keys are read twice and never all held: a first pass counts them by their leading bits, a second one orders only
//! those around the k-th. Memory is 16 KiB per source and the manual sample.

use std::collections::{BTreeMap, BinaryHeap};
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::builder::{ArrayBuilder, FixedSizeBinaryBuilder, StringBuilder, UInt64Builder};
use arrow_array::cast::AsArray;
use arrow_array::types::UInt64Type;
use arrow_array::{Array, ArrayRef, FixedSizeBinaryArray, RecordBatch};
use arrow_ipc::reader::FileReader;
use arrow_ipc::writer::FileWriter;
use arrow_schema::{ArrowError, DataType, Field, Schema};
use serde::{Deserialize, Serialize};

use crate::error::ScanError;
use crate::key::Key;

const CELLS: usize = 4096;
/// Rows of a sample that are gathered before they are written.
const ROWS_PER_BATCH: usize = 16_384;

/// What to draw, and from which evidence.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DrawSpec {
    /// The evidence files, each with the file of the corpus that it is about.
    pub evidence: Vec<EvidenceFile>,
    /// Records to draw per source: the smallest keys of each.
    pub per_source: BTreeMap<String, u64>,
    /// Records to draw over the sources of `per_source`: the smallest keys of all.
    pub overall: u64,
    /// Where to write the rows drawn per source, and those drawn over all with them.
    pub per_source_path: PathBuf,
    /// Where to write the rows drawn over all.
    pub overall_path: PathBuf,
}

/// One evidence file.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EvidenceFile {
    /// Where it is.
    pub path: PathBuf,
    /// The file of the corpus that its rows are in, as the plan names it.
    pub file: String,
}

/// What was drawn.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Draw {
    /// Per source, in the order of their names.
    pub sources: BTreeMap<String, SourceDraw>,
    /// Rows drawn over all sources.
    pub overall: u64,
}

/// The rows drawn of one source, counted by their verdicts.
#[derive(Debug, Default, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SourceDraw {
    /// Rows that the draw of this source alone takes.
    pub smallest: u64,
    /// Rows drawn: those, and the source's part of the draw over all.
    pub drawn: u64,
    /// Drawn rows with a verdict.
    pub assessed: u64,
    /// Drawn rows that count as illegal.
    pub flagged: u64,
    /// Drawn rows with any risk of the profile.
    pub unqualified: u64,
    /// Drawn rows per risk id.
    pub risks: BTreeMap<String, u64>,
    /// Drawn rows by which stage found something.
    pub stages: BTreeMap<String, u64>,
}

/// Draws the samples and writes their rows.
///
/// # Errors
///
/// When an evidence file cannot be read or a sample cannot be written; the message names the file.
pub fn draw(spec: &DrawSpec) -> Result<Draw, ScanError> {
    let lasts = last_keys(spec)?;
    let overall = smallest_overall(spec)?;
    let mut result = Draw { overall: overall.len() as u64, ..Draw::default() };
    let (technical_fault, manual_fault) =
        (ScanError::evidence(&spec.per_source_path, "written"), ScanError::evidence(&spec.overall_path, "written"));
    let mut technical = SampleWriter::create(&spec.per_source_path).map_err(&technical_fault)?;
    let mut manual = SampleWriter::create(&spec.overall_path).map_err(&manual_fault)?;
    let last_overall = overall.peek().copied();
    for file in &spec.evidence {
        read(&file.path, |batch| {
            let columns = Columns::of(batch);
            for row in 0..batch.num_rows() {
                let (key, source) = (columns.key(row), columns.source(row));
                let Some(last) = lasts.get(source) else { continue };
                let in_source = last.is_some_and(|last| key <= last);
                let in_overall = last_overall.is_some_and(|last| key <= last);
                if in_overall {
                    manual.push(&columns, row, &file.file).map_err(&manual_fault)?;
                }
                if in_source || in_overall {
                    technical.push(&columns, row, &file.file).map_err(&technical_fault)?;
                    let drawn = result.sources.entry(source.to_owned()).or_default();
                    drawn.smallest += u64::from(in_source);
                    drawn.add(&columns, row);
                }
            }
            Ok(())
        })?;
    }
    technical.finish().map_err(&technical_fault)?;
    manual.finish().map_err(&manual_fault)?;
    Ok(result)
}

/// The largest key that is drawn of each source; `None` where nothing is.
fn last_keys(spec: &DrawSpec) -> Result<BTreeMap<&str, Option<Key>>, ScanError> {
    let mut cells: BTreeMap<&str, Vec<u32>> = spec.per_source.keys().map(|s| (s.as_str(), vec![0; CELLS])).collect();
    for file in &spec.evidence {
        read(&file.path, |batch| {
            let columns = Columns::of(batch);
            for row in 0..batch.num_rows() {
                if let Some(cells) = cells.get_mut(columns.source(row)) {
                    cells[cell(&columns.key(row))] += 1;
                }
            }
            Ok(())
        })?;
    }
    // The cell in which the last drawn key lies, how many keys it gives, and those keys.
    let mut edges: BTreeMap<&str, (usize, u64, BinaryHeap<Key>)> = BTreeMap::new();
    for (source, cells) in &cells {
        let wanted = spec.per_source[*source];
        let mut before = 0;
        for (index, &count) in cells.iter().enumerate() {
            if count > 0 && before < wanted {
                edges.insert(source, (index, wanted - before, BinaryHeap::new()));
            }
            before += u64::from(count);
        }
    }
    for file in &spec.evidence {
        read(&file.path, |batch| {
            let columns = Columns::of(batch);
            for row in 0..batch.num_rows() {
                let key = columns.key(row);
                if let Some((edge, wanted, heap)) = edges.get_mut(columns.source(row))
                    && cell(&key) == *edge
                {
                    push_bounded(heap, key, *wanted);
                }
            }
            Ok(())
        })?;
    }
    Ok(spec
        .per_source
        .keys()
        .map(|source| (source.as_str(), edges.get(source.as_str()).and_then(|(_, _, heap)| heap.peek().copied())))
        .collect())
}

fn smallest_overall(spec: &DrawSpec) -> Result<BinaryHeap<Key>, ScanError> {
    let mut heap = BinaryHeap::new();
    for file in &spec.evidence {
        read(&file.path, |batch| {
            let columns = Columns::of(batch);
            for row in 0..batch.num_rows() {
                if spec.per_source.contains_key(columns.source(row)) {
                    push_bounded(&mut heap, columns.key(row), spec.overall);
                }
            }
            Ok(())
        })?;
    }
    Ok(heap)
}

/// Keeps the `limit` smallest keys.
pub(crate) fn push_bounded<T: Ord>(heap: &mut BinaryHeap<T>, value: T, limit: u64) {
    if (heap.len() as u64) < limit {
        heap.push(value);
    } else if let Some(mut largest) = heap.peek_mut()
        && value < *largest
    {
        *largest = value;
    }
}

fn cell(key: &Key) -> usize {
    usize::from(u16::from_be_bytes([key[0], key[1]]) >> 4)
}

fn read(path: &Path, mut each: impl FnMut(&RecordBatch) -> Result<(), ScanError>) -> Result<(), ScanError> {
    let fault = ScanError::evidence(path, "read");
    let file = File::open(path).map_err(|error| fault(error.into()))?;
    for batch in FileReader::try_new_buffered(file, None).map_err(&fault)? {
        each(&batch.map_err(&fault)?)?;
    }
    Ok(())
}

/// The columns of an evidence batch that a draw looks at.
struct Columns<'b> {
    batch: &'b RecordBatch,
    keys: &'b FixedSizeBinaryArray,
}

impl<'b> Columns<'b> {
    fn of(batch: &'b RecordBatch) -> Self {
        Self { batch, keys: batch["key"].as_fixed_size_binary() }
    }

    fn key(&self, row: usize) -> Key {
        self.keys.value(row).try_into().expect("the schema says 32 bytes")
    }

    fn text(&self, column: &str, row: usize) -> &'b str {
        self.batch[column].as_string::<i32>().value(row)
    }

    fn source(&self, row: usize) -> &'b str {
        self.text("source", row)
    }
}

impl SourceDraw {
    fn add(&mut self, columns: &Columns<'_>, row: usize) {
        self.drawn += 1;
        let verdict = columns.text("verdict", row);
        if verdict == "not-assessed" {
            return;
        }
        self.assessed += 1;
        self.flagged += u64::from(verdict == "flagged");
        self.unqualified += u64::from(verdict != "clean");
        let risks = columns.batch["risks"].as_list::<i32>().value(row);
        for risk in risks.as_string::<i32>().iter().flatten() {
            *self.risks.entry(risk.to_owned()).or_default() += 1;
        }
        *self.stages.entry(columns.text("stage", row).to_owned()).or_default() += 1;
    }
}

struct SampleWriter {
    writer: FileWriter<BufWriter<File>>,
    key: FixedSizeBinaryBuilder,
    texts: [StringBuilder; 4],
    position: UInt64Builder,
}

impl SampleWriter {
    const TEXTS: [&'static str; 3] = ["source", "file", "verdict"];

    fn create(path: &Path) -> Result<Self, ArrowError> {
        let text = |name: &str, nullable| Field::new(name, DataType::Utf8, nullable);
        let [source, file, verdict] = Self::TEXTS;
        let schema = Schema::new(vec![
            Field::new("key", DataType::FixedSizeBinary(32), false),
            text(source, false),
            text(file, false),
            text(verdict, false),
            text("id", true),
            Field::new("position", DataType::UInt64, false),
        ]);
        Ok(Self {
            writer: FileWriter::try_new(BufWriter::new(File::create(path)?), &schema)?,
            key: FixedSizeBinaryBuilder::new(32),
            texts: std::array::from_fn(|_| StringBuilder::new()),
            position: UInt64Builder::new(),
        })
    }

    fn push(&mut self, columns: &Columns<'_>, row: usize, file: &str) -> Result<(), ArrowError> {
        let [source, in_file, verdict, id] = &mut self.texts;
        self.key.append_value(columns.key(row))?;
        source.append_value(columns.source(row));
        in_file.append_value(file);
        verdict.append_value(columns.text("verdict", row));
        let ids = columns.batch["id"].as_string::<i32>();
        id.append_option((!ids.is_null(row)).then(|| ids.value(row)));
        self.position.append_value(columns.batch["position"].as_primitive::<UInt64Type>().value(row));
        if self.position.len() >= ROWS_PER_BATCH {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), ArrowError> {
        let mut columns: Vec<ArrayRef> = vec![Arc::new(self.key.finish())];
        columns.extend(self.texts.iter_mut().map(|text| Arc::new(text.finish()) as ArrayRef));
        columns.push(Arc::new(self.position.finish()));
        let batch = RecordBatch::try_new(Arc::clone(self.writer.schema()), columns)?;
        self.writer.write(&batch)
    }

    fn finish(mut self) -> Result<(), ArrowError> {
        self.flush()?;
        self.writer.finish()?;
        let file = self.writer.into_inner()?.into_inner().map_err(|error| ArrowError::from(error.into_error()))?;
        file.sync_all()?;
        Ok(())
    }
}
