//! From a text to its verdict: what every way of scanning does with a record. Files, streams and what becomes of a
//! verdict are left to others.
//!
//! Scores come from outside, so it has two halves: [`Judge::read`] matches a record and cuts its windows,
//! [`Judge::judged`] is the verdict once [`Judge::scores`] has made scores of the sums that came.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use corpus::{Reason, RowState, TextBatch};
use matcher::{Hit, Library, Scratch};
use ngram::{Extractor, Linear};
use normalize::has_visible;

use crate::error::ScanError;
use crate::evidence::HITS_KEPT;
use crate::packs::{Pack, Windows};
use crate::task::Classifier;
use crate::verdict::{Keywords, Rules, Verdict};

/// What decides the verdicts of a scan. One thread.
pub(crate) struct Judge {
    library: Arc<Library>,
    rules: Rules,
    keywords: bool,
    stage_missing: bool,
    extractor: Option<Extractor>,
    linear: Option<Linear>,
    scratch: Scratch,
    found: Vec<Hit>,
}

/// The records of one batch, matched; they wait for their scores, where a classifier runs.
#[derive(Default)]
pub(crate) struct Matched {
    records: Vec<Record>,
    /// Records that later rows with the same bytes may take their result from, by the first row with these bytes.
    record_of_row: HashMap<usize, u32>,
    hits: Vec<Hit>,
    windows: Windows,
    /// Windows of each pack, in the order that the packs were handed out.
    packed: Vec<Vec<u32>>,
}

/// A record of a batch that is to be judged.
struct Record {
    keywords: Keywords,
    /// The first [`HITS_KEPT`] hits, and the number of all: memory must not grow with a text that repeats a keyword.
    hits: Range<usize>,
    hit_count: u32,
    /// The record of the batch whose scores it takes: itself, or an earlier one with the very same bytes.
    scored_as: u32,
}

/// What a row of a batch is before it is judged.
pub(crate) enum RowText<'t> {
    /// A record without a verdict.
    NotAssessed(Reason),
    /// No visible character, in this many bytes.
    Empty(usize),
    /// A record to judge.
    Record(&'t str),
}

impl<'t> RowText<'t> {
    pub(crate) fn of(batch: &'t TextBatch, row: usize) -> Self {
        let text = match batch.rows()[row].state {
            RowState::Text => batch.text(row).unwrap_or_default(),
            RowState::Empty => "",
            RowState::NotAssessed(reason) => return Self::NotAssessed(reason),
        };
        if has_visible(text) { Self::Record(text) } else { Self::Empty(text.len()) }
    }
}

/// The verdict on a record, and what it rests on.
pub(crate) struct Judged<'m> {
    /// `clean`, `flagged` or `unqualified`; `not-assessed` when a stage is missing.
    pub(crate) name: &'static str,
    /// What kept the record from a verdict.
    pub(crate) reason: Option<Reason>,
    pub(crate) verdict: Verdict,
    /// The first [`HITS_KEPT`] hits.
    pub(crate) hits: &'m [Hit],
    /// All hits.
    pub(crate) hit_count: u32,
    /// One score per output of the classifier; none when it did not run.
    pub(crate) scores: &'m [f64],
}

impl Judge {
    /// # Errors
    ///
    /// [`ScanError::Task`] for features or outputs that this engine does not compute.
    pub(crate) fn new(
        library: Arc<Library>,
        rules: Rules,
        keywords: bool,
        classifier: Option<&Classifier>,
        stage_missing: bool,
    ) -> Result<Self, ScanError> {
        let (extractor, linear) = match classifier {
            Some(classifier) => (
                Some(Extractor::new(classifier.features.clone()).map_err(|error| ScanError::Task(error.to_string()))?),
                Some(Linear::new(classifier.outputs.clone()).map_err(|error| ScanError::Task(error.to_string()))?),
            ),
            None => (None, None),
        };
        let (scratch, found) = (Scratch::default(), Vec::new());
        Ok(Self { library, rules, keywords, stage_missing, extractor, linear, scratch, found })
    }

    pub(crate) fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Matches the text of a row and adds it to the batch. A row that is the same as an earlier one of the batch takes
    /// over what was found there.
    pub(crate) fn read(&mut self, batch: &mut Matched, row: usize, same_as: Option<usize>, text: &str) {
        let index = batch.records.len() as u32;
        // The first row with these bytes may be one that is not judged.
        let first_row = same_as.unwrap_or(row);
        let same = batch.record_of_row.get(&first_row).copied();
        let record = if let Some(earlier) = same {
            // A small file may hold one text a million times (dictionaries, views): it is matched once a batch.
            let Record { keywords, ref hits, hit_count, scored_as } = batch.records[earlier as usize];
            Record { keywords, hits: hits.clone(), hit_count, scored_as }
        } else {
            self.found.clear();
            if self.keywords {
                self.library.find(text, &mut self.scratch, &mut self.found);
            }
            if let Some(extractor) = &mut self.extractor {
                extractor.windows(text, |ids| batch.windows.push(index, ids));
            }
            batch.record_of_row.insert(first_row, index);
            let keywords = self.rules.keywords(&self.found, self.library.entries());
            let first = batch.hits.len();
            batch.hits.extend(self.found.iter().take(HITS_KEPT));
            let (hits, hit_count) = (first..batch.hits.len(), self.found.len() as u32);
            Record { keywords, hits, hit_count, scored_as: index }
        };
        batch.records.push(record);
    }

    /// The scores of a batch from the sums of its packs: one row of outputs per record.
    ///
    /// # Errors
    ///
    /// [`ScanError::Task`] for sums of another shape: a batch is judged with all its scores, so that no record is lost.
    pub(crate) fn scores(&self, batch: &Matched, sums: &[&[i32]]) -> Result<Vec<f64>, ScanError> {
        let Some(linear) = &self.linear else {
            return Err(ScanError::Task("scores came for a scan without a classifier".to_owned()));
        };
        let outputs = linear.outputs().len();
        let expected: Vec<usize> = batch.packed.iter().map(|windows| windows.len() * outputs).collect();
        let came: Vec<usize> = sums.iter().map(|sums| sums.len()).collect();
        if came != expected {
            return Err(ScanError::Task(format!("sums of packs came in sizes {came:?}; {expected:?} wait")));
        }
        let mut scores = vec![0.0_f64; batch.records.len() * outputs];
        for (windows, sums) in batch.packed.iter().zip(sums) {
            for (&window, sums) in windows.iter().zip(sums.chunks_exact(outputs)) {
                let record = batch.windows.record(window);
                let count = batch.windows.count(window);
                let best = &mut scores[record * outputs..][..outputs];
                for (output, (best, &sum)) in best.iter_mut().zip(sums).enumerate() {
                    *best = best.max(linear.score(output, sum, count));
                }
            }
        }
        Ok(scores)
    }

    /// The verdict on a record of a batch, by its number there. `scores` are those of the batch, or nothing.
    pub(crate) fn judged<'m>(&self, batch: &'m Matched, record: usize, scores: &'m [f64]) -> Judged<'m> {
        let outputs = self.linear.as_ref().map_or(0, |linear| linear.outputs().len());
        let Record { keywords, hits, hit_count, scored_as } = &batch.records[record];
        let scores = if scores.is_empty() { &[] } else { &scores[*scored_as as usize * outputs..][..outputs] };
        let verdict = self.rules.judge(*keywords, scores);
        let (name, reason) = if self.stage_missing {
            ("not-assessed", Some(Reason::StageMissing))
        } else if verdict.risks & self.rules.flagged_mask != 0 {
            ("flagged", None)
        } else if verdict.risks & self.rules.unqualified_mask != 0 {
            ("unqualified", None)
        } else {
            ("clean", None)
        };
        Judged { name, reason, verdict, hits: &batch.hits[hits.clone()], hit_count: *hit_count, scores }
    }
}

impl Matched {
    /// Number of hits that are kept, those of repeated rows once.
    pub(crate) fn hits(&self) -> usize {
        self.hits.len()
    }

    /// What the classifier is to score, up to `most_ids` at once; empty where nothing is. The ids are gone from here
    /// afterwards.
    pub(crate) fn pack(&mut self, most_ids: usize) -> Vec<Pack> {
        if self.windows.len() == 0 {
            return Vec::new();
        }
        let packs: Vec<Pack> = self.windows.pack(most_ids).into();
        self.packed = packs.iter().map(|pack| pack.windows.clone()).collect();
        self.windows.drop_ids();
        packs
    }
}
