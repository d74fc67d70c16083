//! The scan of one shard: read → match → classify → judge → sample → count, a batch at a time.
//!
//! Scores come from outside, so a batch has two halves: [`ShardScan::next_batch`] reads it, matches it and hands out what
//! the classifier needs; [`ShardScan::score`] brings the sums and counts its verdicts. Batches may be scored in any
//! order; nothing that is counted depends on it.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::Arc;

use corpus::{CorpusError, Reason, Row, RowState, ShardReader, TextBatch};
use matcher::{Hit, Library, Scratch};
use ngram::{Extractor, Linear};
use normalize::has_visible;
use serde::Serialize;
use xxhash_rust::xxh3::xxh3_64;

use crate::error::ScanError;
use crate::evidence::{Evidence, EvidenceHit, EvidenceWriter, HITS_KEPT, Names};
use crate::key::{Key, Keys, leading};
use crate::packs::{Pack, Windows};
use crate::tally::SourceTally;
use crate::task::ShardTask;
use crate::verdict::{Keywords, Verdict};

/// Records without a verdict whose places are kept, per shard: enough to find the trouble.
const PLACES_KEPT: usize = 20;
/// The source of records that name none.
const UNREGISTERED: &str = "unregistered";

/// A shard that is being scanned. One thread, bounded memory: the batches that wait for scores, and the evidence rows
/// with the smallest keys.
pub struct ShardScan {
    task: ShardTask,
    library: Arc<Library>,
    /// `None` when the file turned out to be damaged as it was opened.
    reader: Option<ShardReader>,
    keys: Keys,
    extractor: Option<Extractor>,
    linear: Option<Linear>,
    scratch: Scratch,
    found: Vec<Hit>,
    sources: BTreeMap<Arc<str>, SourceState>,
    evidence: EvidenceWriter,
    pending: HashMap<u32, Pending>,
    next_batch: u32,
    damage: Option<Damage>,
    places: Vec<Place>,
}

#[derive(Default)]
struct SourceState {
    tally: SourceTally,
    /// The smallest keys seen, each with its row once it is judged, unless the row was written already.
    smallest: BTreeMap<Key, Option<Evidence>>,
}

/// A batch that waits for its scores.
struct Pending {
    text: TextBatch,
    records: Vec<Record>,
    /// Records that later rows with the same bytes may take their result from, by row.
    record_of_row: HashMap<usize, u32>,
    hits: Vec<Hit>,
    windows: Windows,
    /// Windows of each pack, in the order that the packs were handed out.
    packed: Vec<Vec<u32>>,
}

/// A record of a batch that is to be judged.
struct Record {
    row: usize,
    source: Arc<str>,
    key: Key,
    keywords: Keywords,
    /// The first [`HITS_KEPT`] hits, and the number of all: memory must not grow with a text that repeats a keyword.
    hits: Range<usize>,
    hit_count: u32,
    /// The record of the batch whose scores it takes: itself, or an earlier one with the very same bytes.
    scored_as: u32,
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
        let (extractor, linear) = match &task.classifier {
            Some(classifier) => (
                Some(Extractor::new(classifier.features.clone()).map_err(|error| ScanError::Task(error.to_string()))?),
                Some(Linear::new(classifier.outputs.clone()).map_err(|error| ScanError::Task(error.to_string()))?),
            ),
            None => (None, None),
        };
        let names = Names {
            risks: task.risk_names.clone(),
            entries: entry_ids,
            outputs: task.classifier.as_ref().map_or_else(Vec::new, |classifier| classifier.names.clone()),
        };
        let evidence = EvidenceWriter::create(&task.evidence, names)?;
        Ok(Self {
            keys: Keys::new(&task.seed, &task.file),
            task,
            library,
            reader,
            extractor,
            linear,
            scratch: Scratch::default(),
            found: Vec::new(),
            sources: BTreeMap::new(),
            evidence,
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
        let mut pending = Pending {
            records: Vec::new(),
            record_of_row: HashMap::new(),
            hits: Vec::new(),
            windows: Windows::default(),
            packed: Vec::new(),
            text,
        };
        let mut bytes = 0;
        for row in 0..pending.text.len() {
            bytes += self.read_row(&mut pending, row);
        }
        let records = pending.text.len();
        let rows = pending.text.rows().iter();
        let unread = rows.filter(|row| matches!(row.state, RowState::NotAssessed(_))).count();
        let batch = self.next_batch;
        self.next_batch += 1;
        if pending.windows.len() == 0 {
            let flagged = self.judge(&pending, &[])?;
            return Ok(Some(Step { batch, records, bytes, flagged, unread, packs: Vec::new() }));
        }
        let packs: Vec<Pack> = pending.windows.pack().into();
        pending.packed = packs.iter().map(|pack| pack.windows.clone()).collect();
        pending.windows.drop_ids();
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
        let Some(linear) = &self.linear else {
            return Err(ScanError::Task("scores came for a scan without a classifier".to_owned()));
        };
        let outputs = linear.outputs().len();
        let waiting =
            self.pending.get(&batch).ok_or_else(|| ScanError::Task(format!("batch {batch} waits for no scores")))?;
        // A batch leaves only with all its scores: what waits at the end is an error, so no record is lost.
        let expected: Vec<usize> = waiting.packed.iter().map(|windows| windows.len() * outputs).collect();
        let came: Vec<usize> = sums.iter().map(|sums| sums.len()).collect();
        if came != expected {
            return Err(ScanError::Task(format!("sums of packs came in sizes {came:?}; {expected:?} wait")));
        }
        let Some(pending) = self.pending.remove(&batch) else { unreachable!("it was found above") };
        let mut scores = vec![0.0_f64; pending.records.len() * outputs];
        for (windows, sums) in pending.packed.iter().zip(sums) {
            for (&window, sums) in windows.iter().zip(sums.chunks_exact(outputs)) {
                let record = pending.windows.record(window);
                let count = pending.windows.count(window);
                let best = &mut scores[record * outputs..][..outputs];
                for (output, (best, &sum)) in best.iter_mut().zip(sums).enumerate() {
                    *best = best.max(linear.score(output, sum, count));
                }
            }
        }
        self.judge(&pending, &scores)
    }

    /// Writes the evidence and gives the tally as JSON.
    ///
    /// # Errors
    ///
    /// [`ScanError`] when a batch still waits, the evidence cannot be written, or the counts do not add up.
    pub fn finish(mut self) -> Result<String, ScanError> {
        if !self.pending.is_empty() {
            return Err(ScanError::Task(format!("{} batches wait for scores", self.pending.len())));
        }
        for (source, state) in &mut self.sources {
            if let Some(broken) = state.tally.broken_identity() {
                return Err(ScanError::Identity(format!("source {source} of {}: {broken}", self.task.file)));
            }
            let mut rows: Vec<Evidence> = std::mem::take(&mut state.smallest).into_values().flatten().collect();
            rows.sort_by_key(|row| row.position);
            for row in &rows {
                self.evidence.push(row)?;
            }
        }
        let evidence_rows = self.evidence.finish()?;
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
        let Row { state: row_state, position, .. } = pending.text.rows()[row];
        let text = match row_state {
            RowState::Text => pending.text.text(row).unwrap_or_default(),
            RowState::Empty => "",
            RowState::NotAssessed(reason) => {
                state.tally.add_not_assessed(reason);
                if self.places.len() < PLACES_KEPT {
                    self.places.push(Place { reason: reason.as_str(), position });
                }
                return 0;
            }
        };
        if !has_visible(text) {
            state.tally.add_empty();
            return text.len();
        }
        let id = pending.text.id(row);
        state.tally.text_bytes += text.len() as u64;
        state.tally.distinct.add(xxh3_64(text.as_bytes()));
        if let Some(id) = id {
            state.tally.ids.add(xxh3_64(id.as_bytes()));
        }
        let key = self.keys.key(&source, id.unwrap_or_default(), position);
        let is_small = keep_smallest(&mut state.smallest, key, self.task.keep_smallest);
        if self.task.sample_only {
            // The draw over all shards decides which of these are assessed; until then none is.
            state.tally.add_not_assessed(Reason::StageMissing);
            if !is_small {
                return text.len();
            }
        }
        let index = pending.records.len() as u32;
        let same = pending.text.rows()[row].same_as().and_then(|row| pending.record_of_row.get(&row).copied());
        let bytes = text.len();
        let record = if let Some(earlier) = same {
            // A small file may hold one text a million times (dictionaries, views): it is matched once a batch.
            let Record { keywords, ref hits, hit_count, scored_as, .. } = pending.records[earlier as usize];
            Record { row, source, key, keywords, hits: hits.clone(), hit_count, scored_as }
        } else {
            self.found.clear();
            if self.task.keywords {
                self.library.find(text, &mut self.scratch, &mut self.found);
            }
            if let Some(extractor) = &mut self.extractor {
                extractor.windows(text, |ids| pending.windows.push(index, ids));
            }
            pending.record_of_row.insert(row, index);
            let keywords = self.task.rules.keywords(&self.found, self.library.entries());
            let first = pending.hits.len();
            pending.hits.extend(self.found.iter().take(HITS_KEPT));
            let (hits, hit_count) = (first..pending.hits.len(), self.found.len() as u32);
            Record { row, source, key, keywords, hits, hit_count, scored_as: index }
        };
        pending.records.push(record);
        bytes
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
        let outputs = self.linear.as_ref().map_or(0, |linear| linear.outputs().len());
        let mut flagged = 0;
        for record in &pending.records {
            let scores =
                if scores.is_empty() { &[] } else { &scores[record.scored_as as usize * outputs..][..outputs] };
            let rules = &self.task.rules;
            let verdict = rules.judge(record.keywords, scores);
            let state = self.sources.get_mut(&record.source).expect("a record's source was entered when it was read");
            if self.task.stage_missing {
                if !self.task.sample_only {
                    state.tally.add_not_assessed(Reason::StageMissing);
                }
            } else if !self.task.sample_only {
                state.tally.add_assessed(verdict, rules);
            }
            flagged += usize::from(!self.task.stage_missing && verdict.risks & rules.flagged_mask != 0);
            let sampled = leading(&record.key) >> 32 < self.task.key_space;
            let found = verdict.risks & (rules.flagged_mask | rules.unqualified_mask) != 0;
            let kept = state.smallest.contains_key(&record.key);
            let write_now = !self.task.sample_only && (sampled || found);
            if !write_now && !kept {
                continue;
            }
            let row = evidence_row(&self.task, pending, record, scores, verdict);
            if write_now {
                self.evidence.push(&row)?;
            } else if let Some(slot) = state.smallest.get_mut(&record.key) {
                *slot = Some(row);
            }
        }
        Ok(flagged)
    }
}

fn evidence_row(task: &ShardTask, pending: &Pending, record: &Record, scores: &[f64], verdict: Verdict) -> Evidence {
    let (name, reason) = if task.stage_missing {
        ("not-assessed", Some(Reason::StageMissing.as_str()))
    } else if verdict.risks & task.rules.flagged_mask != 0 {
        ("flagged", None)
    } else if verdict.risks & task.rules.unqualified_mask != 0 {
        ("unqualified", None)
    } else {
        ("clean", None)
    };
    Evidence {
        key: record.key,
        source: Arc::clone(&record.source),
        id: pending.text.id(record.row).map(str::to_owned),
        position: pending.text.rows()[record.row].position,
        digest: blake3::hash(pending.text.bytes(record.row)).into(),
        verdict: name,
        reason,
        stage: match (verdict.keyword, verdict.classifier) {
            (true, false) => "keywordOnly",
            (false, true) => "classifierOnly",
            (true, true) => "both",
            (false, false) => "neither",
        },
        risks: verdict.risks,
        hits: pending.hits[record.hits.clone()]
            .iter()
            .map(|hit| EvidenceHit { entry: hit.entry, start: hit.start, end: hit.end })
            .collect(),
        hit_count: record.hit_count,
        scores: scores.to_vec(),
    }
}

/// Enters a key among the `limit` smallest; whether it is one of them for now.
fn keep_smallest(smallest: &mut BTreeMap<Key, Option<Evidence>>, key: Key, limit: u64) -> bool {
    if smallest.len() as u64 >= limit {
        match smallest.last_key_value() {
            Some((last, _)) if key < *last => smallest.pop_last(),
            _ => return false,
        };
    }
    smallest.insert(key, None);
    true
}
