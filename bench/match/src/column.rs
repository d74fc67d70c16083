//! The Rust side of the model `column`: writes shards, and does on request what Node does beside it, on the same files.
//!
//! Requests and answers are JSON, one a line, so that a driver can let two processes take turns.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::{Array, RecordBatch, StringArray};
use arrow_ipc::reader::FileReader;
use arrow_ipc::writer::FileWriter;
use arrow_schema::{DataType, Field, Schema};
use corpus::{ReadOptions, ShardReader};
use matcher::{EntrySpec, Hit, Library, LibrarySpec, MatchOptions, Scratch};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use parquet::schema::types::ColumnPath;
use rustix::time::{ClockId, clock_gettime};
use scan::{ShardScan, ShardTask};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::plan::Halves;
use crate::text::Text;
use crate::words::Words;
use crate::{Result, hex};

/// Rows of a record batch, and of a row group: some 20 MB of ordinary records.
const BATCH_ROWS: usize = 8192;

/// Shards to write.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ShardPlan {
    /// Word lists, of which distinct words are given back.
    words: Halves,
    /// Texts.
    text: Halves,
    /// Seed of the order of records.
    seed: u64,
    /// Bytes of text at least.
    size_bytes: u64,
    /// Where the shards go.
    folder: PathBuf,
    /// Formats: `arrow` (not compressed) and `parquet` (zstd, plain encoding).
    storage: Vec<String>,
}

/// What was written.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Shards {
    words: Vec<String>,
    words_sha256: String,
    text_sha256: String,
    /// Records of one shard; all shards hold the same.
    records: usize,
    /// Bytes of text of one shard.
    bytes: usize,
    copies: u64,
    files: Vec<Shard>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Shard {
    storage: String,
    path: PathBuf,
    stored_bytes: u64,
}

/// Writes shards with the columns `id` and `text`.
pub fn write_shards(plan_path: &str) -> Result<Shards> {
    let bytes = std::fs::read(plan_path).map_err(|error| format!("{plan_path}: {error}"))?;
    let plan: ShardPlan = serde_json::from_slice(&bytes).map_err(|error| format!("{plan_path}: {error}"))?;
    let words = Words::read(&plan.words)?;
    let text = Text::read(&plan.text, false, plan.seed, plan.size_bytes)?;
    let mut files = Vec::new();
    for storage in plan.storage {
        let path = plan.folder.join(format!("text.{storage}"));
        let failed = |error: String| format!("{}: {error}", path.display());
        write_shard(&storage, &path, &text).map_err(failed)?;
        let stored_bytes = std::fs::metadata(&path).map_err(|error| failed(error.to_string()))?.len();
        files.push(Shard { storage, path, stored_bytes });
    }
    Ok(Shards {
        words: words.all().to_vec(),
        words_sha256: words.sha256(),
        text_sha256: text.sha256(),
        records: text.records_of(text.copies()).count(),
        bytes: text.records_of(text.copies()).map(|(_, record)| record.len()).sum(),
        copies: text.copies(),
        files,
    })
}

fn write_shard(storage: &str, path: &Path, text: &Text) -> Result<()> {
    let failed = |error: &dyn std::fmt::Display| error.to_string();
    let fields = vec![Field::new("id", DataType::Utf8, false), Field::new("text", DataType::Utf8, false)];
    let schema = Arc::new(Schema::new(fields));
    let records: Vec<&str> = text.records_of(text.copies()).map(|(_, record)| record).collect();
    let batches = records.chunks(BATCH_ROWS).enumerate().map(|(at, chunk)| {
        let ids: StringArray = (0..chunk.len()).map(|row| Some((at * BATCH_ROWS + row).to_string())).collect();
        let texts: StringArray = chunk.iter().copied().map(Some).collect();
        RecordBatch::try_new(Arc::clone(&schema), vec![Arc::new(ids), Arc::new(texts)])
    });
    let file = File::create(path).map_err(|error| failed(&error))?;
    match storage {
        "arrow" => {
            let mut writer = FileWriter::try_new(file, &schema).map_err(|error| failed(&error))?;
            for batch in batches {
                batch.and_then(|batch| writer.write(&batch)).map_err(|error| failed(&error))?;
            }
            writer.finish().map_err(|error| failed(&error))
        }
        "parquet" => {
            // A dictionary of texts would let equal ones be matched once a batch, which is not what is measured.
            let properties = WriterProperties::builder()
                .set_compression(Compression::ZSTD(ZstdLevel::try_new(3).map_err(|error| failed(&error))?))
                .set_column_dictionary_enabled(ColumnPath::from("text"), false)
                .set_max_row_group_row_count(Some(BATCH_ROWS))
                .build();
            let mut writer =
                ArrowWriter::try_new(file, Arc::clone(&schema), Some(properties)).map_err(|error| failed(&error))?;
            for batch in batches {
                writer.write(&batch.map_err(|error| failed(&error))?).map_err(|error| failed(&error))?;
            }
            writer.close().map(drop).map_err(|error| failed(&error))
        }
        _ => Err(format!("storage {storage}; arrow and parquet are written")),
    }
}

/// What to do. Paths are those of JSON files that Node reads too.
#[derive(Debug, Deserialize)]
#[serde(tag = "do", rename_all = "camelCase", deny_unknown_fields)]
enum Request {
    /// Reads the shard of a task and finds the entries in each record, which is all.
    Read { task: PathBuf, library: PathBuf },
    /// Scans the shard of a task: hits, keys, tallies, evidence.
    Scan { task: PathBuf, library: PathBuf },
    /// Finds the entries in the column `text` of an Arrow file that was read before.
    Match { file: PathBuf, library: PathBuf },
}

/// What it took and what came of it.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    /// Processor time of the process, in seconds.
    cpu: f64,
    /// Hits; not known of a scan.
    #[serde(skip_serializing_if = "Option::is_none")]
    hits: Option<u64>,
    /// Records with a hit; not known of a batch.
    #[serde(skip_serializing_if = "Option::is_none")]
    flagged: Option<u64>,
    /// SHA-256 of the tally and the evidence, or of the columns of hits.
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
}

/// A library as the addon takes it; this program needs no ids but for the evidence.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LibraryFile {
    /// Ids of the entries.
    ids: Vec<String>,
    /// The entries.
    pub entries: Vec<EntrySpec>,
    /// How they match.
    pub options: MatchOptions,
}

#[derive(Clone)]
struct Compiled {
    library: Arc<Library>,
    ids: Arc<[String]>,
}

/// Answers requests until its input ends.
pub fn serve() -> Result<()> {
    let mut server = Server::default();
    let (stdin, mut stdout) = (std::io::stdin().lock(), std::io::stdout().lock());
    for line in stdin.lines() {
        let line = line.map_err(|error| format!("a request: {error}"))?;
        let request: Request = serde_json::from_str(&line).map_err(|error| format!("{line}: {error}"))?;
        let answer = server.answer(request)?;
        let json = serde_json::to_string(&answer).map_err(|error| error.to_string())?;
        writeln!(stdout, "{json}").and_then(|()| stdout.flush()).map_err(|error| format!("an answer: {error}"))?;
    }
    Ok(())
}

/// What is read and compiled once, outside of all clocks.
#[derive(Default)]
struct Server {
    libraries: HashMap<PathBuf, Compiled>,
    columns: HashMap<PathBuf, Vec<StringArray>>,
}

impl Server {
    fn answer(&mut self, request: Request) -> Result<Answer> {
        match request {
            Request::Read { task, library } => read(&read_json(&task)?, &self.library(&library)?.library),
            Request::Scan { task, library } => {
                let Compiled { library, ids } = self.library(&library)?;
                scan_shard(&task, library, ids)
            }
            Request::Match { file, library } => {
                let library = self.library(&library)?.library;
                let column = match self.columns.entry(file) {
                    std::collections::hash_map::Entry::Occupied(known) => known.into_mut(),
                    std::collections::hash_map::Entry::Vacant(new) => {
                        let column = read_column(new.key())?;
                        new.insert(column)
                    }
                };
                Ok(match_column(column, &library))
            }
        }
    }

    fn library(&mut self, path: &Path) -> Result<Compiled> {
        if let Some(known) = self.libraries.get(path) {
            return Ok(known.clone());
        }
        let LibraryFile { ids, entries, options } = read_json(path)?;
        let library = Library::compile(LibrarySpec { entries, options }).map_err(|error| error.to_string())?;
        let compiled = Compiled { library: Arc::new(library), ids: ids.into() };
        self.libraries.insert(path.to_owned(), compiled.clone());
        Ok(compiled)
    }
}

fn read(task: &ShardTask, library: &Library) -> Result<Answer> {
    let failed = |error: &dyn std::fmt::Display| error.to_string();
    let start = process_seconds();
    let (identity, options): (_, ReadOptions) = (
        task.identity.identity().map_err(|error| failed(&error))?,
        task.read.options().map_err(|error| failed(&error))?,
    );
    let location = task.location().map_err(|error| failed(&error))?;
    let mut reader =
        ShardReader::open(location, &options, &task.range.into(), Some(&identity)).map_err(|error| failed(&error))?;
    let (mut scratch, mut hits) = (Scratch::default(), Vec::new());
    let (mut found, mut flagged) = (0, 0);
    while let Some(batch) = reader.next_batch(task.batch_bytes).map_err(|error| failed(&error))? {
        for row in 0..batch.len() {
            if let Some(text) = batch.text(row) {
                library.find(text, &mut scratch, &mut hits);
                found += hits.len() as u64;
                flagged += u64::from(!hits.is_empty());
            }
        }
    }
    let cpu = process_seconds() - start;
    Ok(Answer { cpu, hits: Some(found), flagged: Some(flagged), sha256: None })
}

fn scan_shard(task: &Path, library: Arc<Library>, ids: Arc<[String]>) -> Result<Answer> {
    let failed = |error: scan::ScanError| error.to_string();
    let json = std::fs::read_to_string(task).map_err(|error| format!("{}: {error}", task.display()))?;
    let start = process_seconds();
    let task: ShardTask = serde_json::from_str(&json).map_err(|error| error.to_string())?;
    let evidence = task.evidence.clone();
    let mut scan = ShardScan::open(task, library, ids).map_err(failed)?;
    let mut flagged = 0;
    while let Some(step) = scan.next_batch().map_err(failed)? {
        flagged += step.flagged as u64;
    }
    let tally = scan.finish().map_err(failed)?;
    let cpu = process_seconds() - start;
    let evidence = std::fs::read(&evidence).map_err(|error| format!("{}: {error}", evidence.display()))?;
    let sha256 = hex(&Sha256::new().chain_update(tally).chain_update(evidence).finalize());
    Ok(Answer { cpu, hits: None, flagged: Some(flagged), sha256: Some(sha256) })
}

fn read_column(path: &Path) -> Result<Vec<StringArray>> {
    let failed = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let file = File::open(path).map_err(|error| failed(&error))?;
    let reader = FileReader::try_new(file, None).map_err(|error| failed(&error))?;
    let mut column = Vec::new();
    for batch in reader {
        let batch = batch.map_err(|error| failed(&error))?;
        let text = batch.column_by_name("text").and_then(|text| text.as_any().downcast_ref::<StringArray>());
        column.push(text.ok_or_else(|| failed(&"no column of strings has the name text"))?.clone());
    }
    Ok(column)
}

/// Each batch as a caller of the library in Rust would have it matched: bytes that are text for sure, then row by row.
fn match_column(column: &[StringArray], library: &Library) -> Answer {
    let start = process_seconds();
    let (mut scratch, mut hits): (Scratch, Vec<Hit>) = (Scratch::default(), Vec::new());
    let mut batches = Vec::with_capacity(column.len());
    for texts in column {
        let _ = std::hint::black_box(simdutf8::basic::from_utf8(texts.value_data()));
        let mut found: [Vec<u32>; 4] = Default::default();
        for row in 0..texts.len() {
            library.find(texts.value(row), &mut scratch, &mut hits);
            for hit in &hits {
                for (column, value) in found.iter_mut().zip([row as u32, hit.entry, hit.start, hit.end]) {
                    column.push(value);
                }
            }
        }
        batches.push(found);
    }
    let cpu = process_seconds() - start;
    let mut digest = Sha256::new();
    let mut hits = 0;
    for found in &batches {
        hits += found[0].len() as u64;
        for column in found {
            let bytes: Vec<u8> = column.iter().flat_map(|value| value.to_le_bytes()).collect();
            digest.update(&bytes);
        }
    }
    Answer { cpu, hits: Some(hits), flagged: None, sha256: Some(hex(&digest.finalize())) }
}

/// Processor time of the whole process: what Node can tell of itself too.
pub fn process_seconds() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

/// Reads a file of JSON.
pub fn read_json<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<T> {
    let bytes = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    serde_json::from_slice(&bytes).map_err(|error| format!("{}: {error}", path.display()))
}
