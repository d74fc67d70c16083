//! The scan of one shard: read → match → classify → judge → sample → count, a batch at a time.
//!
//! Scores come from outside, so a batch has two halves: [`ShardScan::next_batch`] reads it, matches it and hands out what
//! the classifier needs; [`ShardScan::score`] brings the sums and counts its verdicts. Batches may be scored in any
//! order; nothing that is counted depends on it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow_schema::ArrowError;
use corpus::{CorpusError, Identity, Reason, RowState, ShardReader, TextBatch};
use matcher::Library;
use serde::Serialize;
use xxhash_rust::xxh3::xxh3_64;

use crate::error::ScanError;
use crate::evidence::{Evidence, EvidenceWriter, Names, positions_with_risks};
use crate::judge::{Judge, Judged, Matched, RowText};
use crate::key::{Key, Keys, leading};
use crate::packs::Pack;
use crate::tally::SourceTally;
use crate::task::ShardTask;

/// Rows of evidence that are held back, over all sources, because a later key may take their place; where there would be
/// more they are written, needed or not, so that memory does not grow with the sources of a shard.
const ROWS_HELD: usize = 32_768;
/// Records without a verdict whose places are kept, per shard: enough to find the trouble.
const PLACES_KEPT: usize = 20;
/// The source of records that name none.
const UNREGISTERED: &str = "unregistered";

/// A shard that is being scanned. One thread, and where the task asks one that decompresses before it; bounded memory:
/// the batches that wait for scores, and the evidence rows with the smallest keys.
pub struct ShardScan {
    task: ShardTask,
    identity: Identity,
    judge: Judge,
    /// Of a redraw, positions of the records in which something was found before; ascending.
    found_before: Vec<u64>,
    /// `None` when the file turned out to be damaged as it was opened.
    reader: Option<ShardReader>,
    keys: Keys,
    sources: BTreeMap<Arc<str>, SourceState>,
    evidence: EvidenceWriter,
    /// Rows that `smallest` holds, at most: those that gave way since the last count are still in the number.
    rows_held: usize,
    pending: HashMap<u32, Pending>,
    next_batch: u32,
    damage: Option<Damage>,
    places: Vec<Place>,
}

#[derive(Default)]
struct SourceState {
    tally: SourceTally,
    /// The smallest keys seen, each with its row once it is judged, unless the row was written already.
    smallest: BTreeMap<Key, Option<Box<Evidence>>>,
}

/// A batch that waits for its scores.
struct Pending {
    text: TextBatch,
    /// What the shard knows of each record of `matched`.
    records: Vec<Record>,
    matched: Matched,
}

/// A record of a batch that is to be judged.
struct Record {
    row: usize,
    source: Arc<str>,
    key: Key,
}

/// What [`ShardScan::next_batch`] gives for one batch.
#[derive(Debug)]
pub struct Step {
    /// Names the batch when its scores come.
    pub batch: u32,
    /// Records read.
    pub records: usize,
    /// Bytes of text read.
    pub bytes: usize,
    /// Records flagged; those of a batch that waits for scores come with the scores.
    pub flagged: usize,
    /// Records that could not be read.
    pub unread: usize,
    /// What the classifier is to score; empty when nothing waits.
    pub packs: Vec<Pack>,
}

/// Damage that ended the reading of a file.
#[derive(Debug, Clone, Serialize)]
pub struct Damage {
    /// Reason under which the rows count that could not be read: `file-damaged` or `unreadable`.
    pub reason: &'static str,
    /// What is wrong and where, without the path of the file.
    pub detail: String,
}

impl Damage {
    /// What a file's content did; an error of the machine or of the caller is given back.
    fn of(error: CorpusError) -> Result<Self, ScanError> {
        match (&error, error.reason()) {
            // An object that could be read when the plan was made is no damage when it is refused later.
            (CorpusError::Io { .. } | CorpusError::Changed { .. } | CorpusError::Store { .. }, _) | (_, None) => {
                Err(error.into())
            }
            (_, Some(reason)) => Ok(Self { reason: reason.as_str(), detail: detail_of(&error) }),
        }
    }
}

/// The message of an error without the path that it starts with: reports name files as the plan does.
pub fn detail_of(error: &CorpusError) -> String {
    let message = error.to_string();
    let path = format!("{}: ", error.path().display());
    message.strip_prefix(&path).unwrap_or(&message).to_owned()
}

#[derive(Debug, Serialize)]
struct Place {
    reason: &'static str,
    position: u64,
}

/// What the scan of a shard found, but for the evidence.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ShardResult<'s> {
    sources: BTreeMap<&'s str, &'s SourceTally>,
    damage: Option<&'s Damage>,
    places: &'s [Place],
    evidence_rows: u64,
}

impl ShardScan {
    /// Opens the file and the evidence. `entry_ids` are the ids of the library's entries, by index.
    ///
    /// # Errors
    ///
    /// [`ScanError`] when the file is not the one that the plan saw, the evidence cannot be created, or the model's
    /// features are not ones that this engine computes.
    pub fn open(task: ShardTask, library: Arc<Library>, entry_ids: Arc<[String]>) -> Result<Self, ScanError> {
        let (identity, options) = (task.identity.identity()?, task.read.options()?);
        let (reader, damage) = match ShardReader::open(task.location()?, &options, &task.range.into(), Some(&identity))
        {
            Ok(reader) => (Some(reader), None),
            Err(error) => (None, Some(Damage::of(error)?)),
        };
        let judge =
            Judge::new(library, task.rules.clone(), task.keywords, task.classifier.as_ref(), task.stage_missing)?;
        let names = Names {
            risks: task.risk_names.clone(),
            entries: entry_ids,
            outputs: task.classifier.as_ref().map_or_else(Vec::new, |classifier| classifier.names.clone()),
        };
        let found_before = if task.redraw {
            let path = &task.evidence;
            positions_with_risks(path).map_err(|source| ScanError::Redraw { path: path.clone(), source })?
        } else {
            Vec::new()
        };
        let evidence =
            EvidenceWriter::create(&task.evidence, names).map_err(ScanError::evidence(&task.evidence, "written"))?;
        Ok(Self {
            keys: Keys::new(&task.seed, &task.file),
            task,
            identity,
            judge,
            found_before,
            reader,
            sources: BTreeMap::new(),
            evidence,
            rows_held: 0,
            pending: HashMap::new(),
            next_batch: 0,
            damage,
            places: Vec::new(),
        })
    }

    /// Reads and matches the next batch; `None` at the end of the shard, or where the file turns out to be damaged,
    /// which the tally then says.
    ///
    /// # Errors
    ///
    /// [`ScanError`] when the file cannot be read on for a reason that is not its content.
    pub fn next_batch(&mut self) -> Result<Option<Step>, ScanError> {
        let Some(reader) = &mut self.reader else { return Ok(None) };
        let text = match reader.next_batch(self.task.batch_bytes) {
            Ok(Some(text)) => text,
            Ok(None) => return Ok(None),
            Err(error) => {
                self.damage = Some(Damage::of(error)?);
                self.reader = None;
                return Ok(None);
            }
        };
        let mut pending = Pending { text, records: Vec::new(), matched: Matched::default() };
        let mut bytes = 0;
        for row in 0..pending.text.len() {
            bytes += self.read_row(&mut pending, row);
        }
        let records = pending.text.len();
        let rows = pending.text.rows().iter();
        let unread = rows.filter(|row| matches!(row.state, RowState::NotAssessed(_))).count();
        let batch = self.next_batch;
        self.next_batch += 1;
        let packs = pending.matched.pack(self.task.pack_ids);
        if packs.is_empty() {
            let flagged = self.judge(&pending, &[])?;
            return Ok(Some(Step { batch, records, bytes, flagged, unread, packs }));
        }
        self.pending.insert(batch, pending);
        Ok(Some(Step { batch, records, bytes, flagged: 0, unread, packs }))
    }

    /// Brings the sums of a batch, per pack row-major `[rows, outputs]`, and counts its verdicts. Returns the number
    /// of flagged records.
    ///
    /// # Errors
    ///
    /// [`ScanError::Task`] for a batch that does not wait, or sums of another shape.
    pub fn score(&mut self, batch: u32, sums: &[&[i32]]) -> Result<usize, ScanError> {
        let waiting =
            self.pending.get(&batch).ok_or_else(|| ScanError::Task(format!("batch {batch} waits for no scores")))?;
        // A batch leaves only with all its scores: what waits at the end is an error, so no record is lost.
        let scores = self.judge.scores(&waiting.matched, sums)?;
        let Some(pending) = self.pending.remove(&batch) else { unreachable!("it was found above") };
        self.judge(&pending, &scores)
    }

    /// Writes the evidence and gives the tally as JSON.
    ///
    /// # Errors
    ///
    /// [`ScanError`] when a batch still waits, the file is no longer the one that the plan saw, the evidence cannot be
    /// written, or the counts do not add up.
    pub fn finish(mut self) -> Result<String, ScanError> {
        if !self.pending.is_empty() {
            return Err(ScanError::Task(format!("{} batches wait for scores", self.pending.len())));
        }
        // Each batch looked at size and time of the file that is open; another one may lie in its place by now.
        self.identity.verify(&self.task.location()?, &(&self.task.read.storage).into())?;
        let fault = ScanError::evidence(&self.task.evidence, "written");
        for (source, state) in &mut self.sources {
            if let Some(broken) = state.tally.broken_identity() {
                return Err(ScanError::Identity(format!("source {source} of {}: {broken}", self.task.file)));
            }
            write_held(&mut self.evidence, state).map_err(&fault)?;
        }
        let evidence_rows = self.evidence.finish(self.task.durable).map_err(&fault)?;
        let result = ShardResult {
            sources: self.sources.iter().map(|(source, state)| (source.as_ref(), &state.tally)).collect(),
            damage: self.damage.as_ref(),
            places: &self.places,
            evidence_rows,
        };
        Ok(serde_json::to_string(&result).expect("counts and texts have a JSON form"))
    }

    /// Counts a row, or queues it to be judged. Returns its bytes of text.
    fn read_row(&mut self, pending: &mut Pending, row: usize) -> usize {
        let source = self.source_of(&pending.text, row);
        let state = self.sources.entry(Arc::clone(&source)).or_default();
        let position = pending.text.rows()[row].position;
        let text = match RowText::of(&pending.text, row) {
            RowText::Record(text) => text,
            RowText::Empty(bytes) => {
                state.tally.add_empty();
                return bytes;
            }
            RowText::NotAssessed(reason) => {
                state.tally.add_not_assessed(reason);
                if self.places.len() < PLACES_KEPT {
                    self.places.push(Place { reason: reason.as_str(), position });
                }
                return 0;
            }
        };
        let id = pending.text.id(row);
        if !self.task.redraw {
            state.tally.text_bytes += text.len() as u64;
            state.tally.distinct.add(xxh3_64(text.as_bytes()));
            if let Some(id) = id {
                state.tally.ids.add(xxh3_64(id.as_bytes()));
            }
        }
        let key = self.keys.key(&source, id.unwrap_or_default(), position);
        let is_small = keep_smallest(&mut state.smallest, key, self.task.keep_smallest);
        if self.task.sample_only || self.task.redraw {
            // The draw over all shards decides which of these are assessed, until then none is; or they were before.
            state.tally.add_not_assessed(Reason::StageMissing);
            let is_wanted = is_small
                || !self.task.sample_only
                    && (is_in(key, self.task.key_space) || self.found_before.binary_search(&position).is_ok());
            if !is_wanted {
                return text.len();
            }
        }
        let same_as = pending.text.rows()[row].same_as();
        self.judge.read(&mut pending.matched, row, same_as, text);
        pending.records.push(Record { row, source, key });
        text.len()
    }

    fn source_of(&self, text: &TextBatch, row: usize) -> Arc<str> {
        let named = match &self.task.source {
            Some(source) => Some(source.as_str()),
            None => text.source(row).filter(|source| !source.is_empty()),
        };
        let name = named.unwrap_or(UNREGISTERED);
        // One shared string per source, not one per record.
        self.sources.get_key_value(name).map_or_else(|| Arc::from(name), |(source, _)| Arc::clone(source))
    }

    /// Judges the records of a batch. `scores` holds one row of outputs per record, or nothing.
    fn judge(&mut self, pending: &Pending, scores: &[f64]) -> Result<usize, ScanError> {
        let mut flagged = 0;
        for (number, record) in pending.records.iter().enumerate() {
            let rules = self.judge.rules();
            let judged = self.judge.judged(&pending.matched, number, scores);
            let verdict = judged.verdict;
            let state = self.sources.get_mut(&record.source).expect("a record's source was entered when it was read");
            if !self.task.sample_only && !self.task.redraw {
                if self.task.stage_missing {
                    state.tally.add_not_assessed(Reason::StageMissing);
                } else {
                    state.tally.add_assessed(verdict, rules);
                }
            }
            flagged += usize::from(!self.task.stage_missing && verdict.risks & rules.flagged_mask != 0);
            let sampled = is_in(record.key, self.task.key_space);
            let found = verdict.risks & (rules.flagged_mask | rules.unqualified_mask) != 0;
            let kept = state.smallest.contains_key(&record.key);
            let write_now = !self.task.sample_only && (sampled || found);
            if !write_now && !kept {
                continue;
            }
            let row = evidence_row(pending, record, &judged);
            if write_now {
                self.evidence.push(&row).map_err(ScanError::evidence(&self.task.evidence, "written"))?;
            } else if let Some(slot) = state.smallest.get_mut(&record.key) {
                *slot = Some(Box::new(row));
                self.rows_held += 1;
            }
        }
        if self.rows_held > ROWS_HELD {
            self.rows_held = self.sources.values().map(SourceState::rows_held).sum();
        }
        if self.rows_held > ROWS_HELD {
            for state in self.sources.values_mut() {
                write_held(&mut self.evidence, state).map_err(ScanError::evidence(&self.task.evidence, "written"))?;
            }
            self.rows_held = 0;
        }
        Ok(flagged)
    }
}

fn evidence_row(pending: &Pending, record: &Record, judged: &Judged<'_>) -> Evidence {
    let Judged { name, reason, verdict, hits, hit_count, scores } = *judged;
    Evidence {
        key: record.key,
        source: Arc::clone(&record.source),
        id: pending.text.id(record.row).map(str::to_owned),
        position: pending.text.rows()[record.row].position,
        digest: blake3::hash(pending.text.bytes(record.row)).into(),
        verdict: name,
        reason: reason.map(Reason::as_str),
        stage: match (verdict.keyword, verdict.classifier) {
            (true, false) => "keywordOnly",
            (false, true) => "classifierOnly",
            (true, true) => "both",
            (false, false) => "neither",
        },
        risks: verdict.risks,
        hits: hits.to_vec(),
        hit_count,
        scores: scores.to_vec(),
    }
}

impl SourceState {
    fn rows_held(&self) -> usize {
        self.smallest.values().flatten().count()
    }
}

/// Writes the rows that a source holds back, by position. Their keys stay.
fn write_held(evidence: &mut EvidenceWriter, state: &mut SourceState) -> Result<(), ArrowError> {
    let mut rows: Vec<Box<Evidence>> = state.smallest.values_mut().filter_map(Option::take).collect();
    rows.sort_by_key(|row| row.position);
    rows.iter().try_for_each(|row| evidence.push(row))
}

/// Whether a key lies in the first `key_space` parts of 2^32 of all keys.
fn is_in(key: Key, key_space: u64) -> bool {
    leading(&key) >> 32 < key_space
}

/// Enters a key among the `limit` smallest; whether it is one of them for now.
fn keep_smallest(smallest: &mut BTreeMap<Key, Option<Box<Evidence>>>, key: Key, limit: u64) -> bool {
    if smallest.len() as u64 >= limit {
        match smallest.last_key_value() {
            Some((last, _)) if key < *last => smallest.pop_last(),
            _ => return false,
        };
    }
    smallest.insert(key, None);
    true
}
