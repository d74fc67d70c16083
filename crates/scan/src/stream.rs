//! The scan of an Arrow IPC stream that arrives in pieces: each record batch is answered with its verdicts, in order.
//!
//! A record batch is read in slices. Scores come from outside, so a slice has two halves, as a batch of a
//! [`ShardScan`](crate::ShardScan) has; a batch is answered when all its slices have their scores, and the next ones may
//! be read meanwhile.

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;

use arrow_ipc::CompressionType;
use arrow_ipc::writer::{DictionaryTracker, IpcDataGenerator, IpcWriteContext, IpcWriteOptions};
use arrow_schema::SchemaRef;
use corpus::{CorpusError, Limits, ReadOptions, Reason, RowState, StreamMessage, StreamPart, StreamReader, TextBatch};
use matcher::Library;
use serde::{Deserialize, Serialize};

use crate::answer::{self, VerdictColumns};
use crate::error::ScanError;
use crate::evidence::Names;
use crate::judge::{Judge, Matched, RowText};
use crate::shard::Step;
use crate::splice::{self, Encoded};
use crate::tally::{SourceTally, Stages};
use crate::task::Classifier;
use crate::verdict::Rules;

/// How a stream is scanned.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StreamTask {
    /// Column of the text; `None` lets the reader choose.
    pub text_column: Option<String>,
    /// Column of the record id, which then stands beside the verdicts.
    pub id_column: Option<String>,
    /// What the names of the verdict columns begin with.
    pub prefix: String,
    /// Whether the columns that came are left out of the answer.
    pub only_verdicts: bool,
    /// How hits and scores are judged.
    pub rules: Rules,
    /// Whether the keyword stage runs.
    pub keywords: bool,
    /// Features and scales of the fast classifier; `None` when the stage does not run.
    pub classifier: Option<Classifier>,
    /// A stage that a verdict needs does not run: no record is assessed.
    pub stage_missing: bool,
    /// Risk ids by bit.
    pub risk_names: Vec<String>,
    /// Most bytes of text in one slice.
    pub batch_bytes: usize,
    /// Most ids in one call of the classifier.
    pub pack_ids: usize,
    /// Longest message, and most bytes of verdicts on one record batch.
    pub message_bytes: u64,
}

/// What [`StreamScan::advance`] comes to.
#[derive(Debug)]
pub enum StreamEvent {
    /// Bytes are wanted: [`StreamScan::push`], or [`StreamScan::finish`] when there are none.
    Wanting,
    /// Bytes of the answer that wait for nothing.
    Output(Vec<u8>),
    /// A slice of a record batch was matched. Scores are wanted if there are packs.
    Slice(Step),
    /// All slices of a record batch came: [`StreamScan::answer`] once they have their scores.
    Answer,
}

/// A stream that is being scanned. One thread. Memory is bounded by the longest message, times the record batches that
/// wait to be answered, and by the slices that wait for scores.
pub struct StreamScan {
    reader: StreamReader,
    judge: Judge,
    names: Names,
    verdicts: SchemaRef,
    only_verdicts: bool,
    batch_bytes: usize,
    pack_ids: usize,
    message_bytes: u64,
    /// Record batches that are not answered yet, in order.
    waiting: VecDeque<Waiting>,
    /// Whether slices of the last of them are to come.
    reading: bool,
    next_slice: u32,
    answered: u64,
    tally: SourceTally,
    encoder: IpcWriteContext,
}

/// A record batch that waits to be answered.
struct Waiting {
    /// The message that came, when its columns go on.
    message: Option<StreamMessage>,
    codec: Option<CompressionType>,
    columns: VerdictColumns,
    slices: Vec<Slice>,
    number: u64,
    /// About how many bytes the verdicts will take at least.
    bytes: usize,
}

/// Rows of a record batch that were read at once.
struct Slice {
    number: u32,
    rows: Vec<SliceRow>,
    matched: Matched,
    /// `None` while scores are wanted; empty where none are.
    scores: Option<Vec<f64>>,
    /// Bytes of text of its records.
    text_bytes: u64,
}

impl Slice {
    fn scores(&self) -> &[f64] {
        self.scores.as_deref().unwrap_or_default()
    }
}

/// A row, which is the next record of its slice or none.
#[derive(Clone, Copy)]
enum SliceRow {
    Record,
    Empty,
    NotAssessed(Reason),
}

/// What a stream came to.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Summary<'s> {
    batches: u64,
    rows: u64,
    empty: u64,
    records: u64,
    assessed: u64,
    not_assessed: &'s BTreeMap<&'static str, u64>,
    flagged: u64,
    unqualified: u64,
    risks: BTreeMap<&'s str, u64>,
    stages: Stages,
    text_bytes: u64,
    /// Whether the stream said that it ends.
    end_marker: bool,
}

impl StreamScan {
    /// Opens a stream before its first byte. `entry_ids` are the ids of the library's entries, by index.
    ///
    /// # Errors
    ///
    /// [`ScanError::Task`] for features of a model that this engine does not compute.
    pub fn open(task: StreamTask, library: Arc<Library>, entry_ids: Arc<[String]>) -> Result<Self, ScanError> {
        let limits = Limits::default();
        let options = ReadOptions {
            text_column: task.text_column,
            id_column: task.id_column,
            limits: Limits { buffer_bytes: limits.buffer_bytes.min(task.message_bytes), ..limits },
            ..ReadOptions::default()
        };
        let verdicts = Arc::new(answer::schema(&task.prefix, options.id_column.is_some()));
        let outputs = task.classifier.as_ref().map_or_else(Vec::new, |classifier| classifier.names.clone());
        Ok(Self {
            reader: StreamReader::new(options, task.message_bytes),
            judge: Judge::new(library, task.rules, task.keywords, task.classifier.as_ref(), task.stage_missing)?,
            names: Names { risks: task.risk_names, entries: entry_ids, outputs },
            verdicts,
            only_verdicts: task.only_verdicts,
            batch_bytes: task.batch_bytes,
            pack_ids: task.pack_ids,
            message_bytes: task.message_bytes,
            waiting: VecDeque::new(),
            reading: false,
            next_slice: 0,
            answered: 0,
            tally: SourceTally::default(),
            encoder: IpcWriteContext::default(),
        })
    }

    /// Takes bytes of the stream, as far as the end of a message, and gives how many it took; [`advance`](Self::advance)
    /// until it is wanting, then the rest.
    ///
    /// # Errors
    ///
    /// [`ScanError::Corpus`] for bytes that cannot be of a stream. What waits can still be answered.
    pub fn push(&mut self, bytes: &[u8]) -> Result<usize, ScanError> {
        Ok(self.reader.push(bytes)?)
    }

    /// Does the next piece of work.
    ///
    /// # Errors
    ///
    /// [`ScanError::Corpus`] for a message that is damaged, over a limit, or of a kind that is not read; the record
    /// batches before it can still be answered. [`ScanError::Columns`] for a schema without a text column, or with one
    /// that is named as a verdict is.
    pub fn advance(&mut self) -> Result<StreamEvent, ScanError> {
        loop {
            if self.reading {
                match self.reader.next_batch(self.batch_bytes) {
                    Ok(Some(text)) => {
                        let step = self.read(&text);
                        // Told before all of a batch that cannot be answered is read and kept.
                        let (batch, bytes) = self.waiting.back().map_or((0, 0), |last| (last.number, last.bytes));
                        self.limit(batch, bytes).inspect_err(|_| self.drop_last())?;
                        return Ok(StreamEvent::Slice(step));
                    }
                    Ok(None) => {
                        self.reading = false;
                        return Ok(StreamEvent::Answer);
                    }
                    Err(error) => {
                        self.drop_last();
                        return Err(error.into());
                    }
                }
            }
            match self.reader.next_part().map_err(of_schema)? {
                None | Some(StreamPart::End) => return Ok(StreamEvent::Wanting),
                Some(StreamPart::Schema(message)) => return self.schema(&message).map(StreamEvent::Output),
                Some(StreamPart::Dictionary(_)) if self.only_verdicts => {}
                Some(StreamPart::Dictionary(message)) => {
                    let message = Encoded { metadata: message.metadata(), body: message.body() };
                    return Ok(StreamEvent::Output(splice::framed(&message)));
                }
                Some(StreamPart::Batch(message, _)) => {
                    let codec = splice::codec(message.metadata()).map_err(ScanError::Identity)?;
                    let (message, codec) = if self.only_verdicts { (None, None) } else { (Some(message), codec) };
                    let columns = VerdictColumns::new(self.reader.columns().id.is_some());
                    let number = self.reader.batches() - 1;
                    self.waiting.push_back(Waiting { message, codec, columns, slices: Vec::new(), number, bytes: 0 });
                    self.reading = true;
                }
            }
        }
    }

    /// Brings the sums of a slice, per pack row-major `[rows, outputs]`.
    ///
    /// # Errors
    ///
    /// [`ScanError::Task`] for a slice that does not wait, or sums of another shape.
    pub fn score(&mut self, slice: u32, sums: &[&[i32]]) -> Result<(), ScanError> {
        let mut slices = self.waiting.iter_mut().flat_map(|waiting| &mut waiting.slices);
        let found = slices.find(|found| found.number == slice && found.scores.is_none());
        let found = found.ok_or_else(|| ScanError::Task(format!("slice {slice} waits for no scores")))?;
        found.scores = Some(self.judge.scores(&found.matched, sums)?);
        Ok(())
    }

    /// The answer to the first record batch that waits: a message of the stream that goes back.
    ///
    /// # Errors
    ///
    /// [`ScanError::Task`] when its slices are not all there with their scores; [`ScanError::Corpus`] for verdicts that
    /// take more than the limit.
    pub fn answer(&mut self) -> Result<Vec<u8>, ScanError> {
        let whole = self.waiting.len() > usize::from(self.reading);
        let is_scored = |waiting: &Waiting| waiting.slices.iter().all(|slice| slice.scores.is_some());
        let is_ready = whole && self.waiting.front().is_some_and(is_scored);
        let first = if is_ready { self.waiting.pop_front() } else { None };
        let Some(Waiting { message, codec, mut columns, slices, number, .. }) = first else {
            return Err(ScanError::Task("no record batch is ready to be answered".to_owned()));
        };
        for slice in &slices {
            self.push_slice(slice, &mut columns, number)?;
        }
        let batch = columns.finish(&self.verdicts).map_err(ScanError::Answer)?;
        let options = IpcWriteOptions::default().try_with_compression(codec).map_err(ScanError::Answer)?;
        let tracker = &mut DictionaryTracker::new(false);
        let (_, ours) = IpcDataGenerator::default()
            .encode(&batch, tracker, &options, &mut self.encoder)
            .map_err(ScanError::Answer)?;
        let ours = Encoded { metadata: &ours.ipc_message, body: &ours.arrow_data };
        let answer = match &message {
            None => splice::framed(&ours),
            Some(message) => {
                let theirs = Encoded { metadata: message.metadata(), body: message.body() };
                splice::batch(&theirs, &ours).map_err(ScanError::Identity)?
            }
        };
        self.answered += 1;
        for slice in &slices {
            self.count_slice(slice);
        }
        Ok(answer)
    }

    /// Says that no more bytes come; gives the end of the answer. Everything that waits must be answered before.
    ///
    /// # Errors
    ///
    /// [`ScanError::NoStream`] when no byte came; [`ScanError::Corpus`] when the stream is cut off within a message;
    /// [`ScanError::Task`] when something waits.
    pub fn finish(&mut self) -> Result<Vec<u8>, ScanError> {
        if self.reader.is_untouched() {
            return Err(ScanError::NoStream);
        }
        self.reader.finish()?;
        if !self.waiting.is_empty() {
            return Err(ScanError::Task(format!("{} record batches wait for their answer", self.waiting.len())));
        }
        if let Some(broken) = self.tally.broken_identity() {
            return Err(ScanError::Identity(format!("the stream: {broken}")));
        }
        Ok(splice::END.to_vec())
    }

    /// Counts of the record batches that were answered, as JSON.
    pub fn summary(&self) -> String {
        let tally = &self.tally;
        let risk = |(bit, count): (&u32, &u64)| (self.names.risks[*bit as usize].as_str(), *count);
        let summary = Summary {
            batches: self.answered,
            rows: tally.rows,
            empty: tally.empty,
            records: tally.records,
            assessed: tally.assessed,
            not_assessed: &tally.not_assessed,
            flagged: tally.flagged,
            unqualified: tally.unqualified,
            risks: tally.risks.iter().map(risk).collect(),
            stages: tally.stages,
            text_bytes: tally.text_bytes,
            end_marker: self.reader.is_ended(),
        };
        serde_json::to_string(&summary).expect("counts have a JSON form")
    }

    /// The schema of the answer, on the wire.
    fn schema(&mut self, message: &StreamMessage) -> Result<Vec<u8>, ScanError> {
        let names = self.reader.names();
        if self.reader.columns().text.is_none() {
            return Err(ScanError::Columns(format!(
                "no column is \"text\", \"content\" or the only one of strings, so the text column must be named; the \
                 columns are {}",
                listed(names)
            )));
        }
        let taken = self.verdicts.fields().iter().find(|field| names.contains(field.name()));
        if let Some(taken) = taken
            && !self.only_verdicts
        {
            return Err(ScanError::Columns(format!(
                "there is a column \"{}\", as one of the verdicts is named: it can be answered with verdicts alone",
                taken.name(),
            )));
        }
        let tracker = &mut DictionaryTracker::new(false);
        let options = IpcWriteOptions::default();
        let ours =
            IpcDataGenerator::default().schema_to_bytes_with_dictionary_tracker(&self.verdicts, tracker, &options);
        if self.only_verdicts {
            return Ok(splice::framed(&Encoded { metadata: &ours.ipc_message, body: &[] }));
        }
        splice::schema(message.metadata(), &ours.ipc_message).map_err(ScanError::Identity)
    }

    /// Matches the rows of a slice.
    fn read(&mut self, text: &TextBatch) -> Step {
        let waiting = self.waiting.back_mut().expect("the record batch that is read waits");
        let (mut matched, mut rows) = (Matched::default(), Vec::with_capacity(text.len()));
        let (mut bytes, mut text_bytes) = (0, 0);
        for (row, found) in text.rows().iter().enumerate() {
            waiting.columns.push_id(text.id(row));
            rows.push(match RowText::of(text, row) {
                RowText::NotAssessed(reason) => SliceRow::NotAssessed(reason),
                RowText::Empty(length) => {
                    bytes += length;
                    SliceRow::Empty
                }
                RowText::Record(text) => {
                    bytes += text.len();
                    text_bytes += text.len() as u64;
                    self.judge.read(&mut matched, row, found.same_as(), text);
                    SliceRow::Record
                }
            });
        }
        let unread = text.rows().iter().filter(|row| matches!(row.state, RowState::NotAssessed(_))).count();
        waiting.bytes += text.len() * answer::ROW_BYTES + matched.hits() * answer::ITEM_BYTES;
        let (number, packs) = (self.next_slice, matched.pack(self.pack_ids));
        self.next_slice = self.next_slice.wrapping_add(1);
        let scores = packs.is_empty().then(Vec::new);
        waiting.slices.push(Slice { number, rows, matched, scores, text_bytes });
        Step { batch: number, records: text.len(), bytes, flagged: 0, unread, packs }
    }

    /// Adds the rows of a slice to the verdicts on record batch `batch`.
    fn push_slice(&self, slice: &Slice, columns: &mut VerdictColumns, batch: u64) -> Result<(), ScanError> {
        let mut record = 0;
        for row in &slice.rows {
            match row {
                SliceRow::Empty => columns.push_unjudged("empty", None),
                SliceRow::NotAssessed(reason) => columns.push_unjudged("not-assessed", Some(reason.as_str())),
                SliceRow::Record => {
                    columns.push_judged(&self.judge.judged(&slice.matched, record, slice.scores()), &self.names);
                    record += 1;
                }
            }
            self.limit(batch, columns.bytes())?;
        }
        Ok(())
    }

    /// Counts the rows of a slice, once they are answered.
    fn count_slice(&mut self, slice: &Slice) {
        let mut record = 0;
        for row in &slice.rows {
            match row {
                SliceRow::Empty => self.tally.add_empty(),
                SliceRow::NotAssessed(reason) => self.tally.add_not_assessed(*reason),
                SliceRow::Record => {
                    let judged = self.judge.judged(&slice.matched, record, slice.scores());
                    record += 1;
                    match judged.reason {
                        Some(reason) => self.tally.add_not_assessed(reason),
                        None => self.tally.add_assessed(judged.verdict, self.judge.rules()),
                    }
                }
            }
        }
        self.tally.text_bytes += slice.text_bytes;
    }

    /// Refuses verdicts that take too much memory: a small record batch may hold one text a million times.
    fn limit(&self, batch: u64, bytes: usize) -> Result<(), ScanError> {
        if bytes as u64 <= self.message_bytes {
            return Ok(());
        }
        Err(ScanError::Corpus(CorpusError::Limit {
            path: PathBuf::from("stream"),
            place: format!("record batch {batch}"),
            what: "bytes of the verdicts",
            value: bytes as u64,
            limit: self.message_bytes,
        }))
    }

    /// Leaves the record batch that is being read: it is answered whole or not at all.
    fn drop_last(&mut self) {
        self.reading = false;
        self.waiting.pop_back();
    }
}

/// A column that was asked for and is not there is told in terms of a stream.
fn of_schema(error: CorpusError) -> ScanError {
    match error {
        CorpusError::Column { role, column, problem, available, .. } => {
            ScanError::Columns(format!("{role} column \"{column}\" {problem}; the columns are {}", listed(&available)))
        }
        error => error.into(),
    }
}

/// Names for a message; a schema may be hostile.
fn listed(names: &[String]) -> String {
    if names.is_empty() {
        return "none".to_owned();
    }
    let shown: Vec<String> =
        names.iter().take(20).map(|name| format!("\"{}\"", name.chars().take(60).collect::<String>())).collect();
    let more = names.len().saturating_sub(20);
    if more == 0 { shown.join(", ") } else { format!("{} and {more} more", shown.join(", ")) }
}
