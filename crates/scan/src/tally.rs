//! Counts of one shard, per source. Tallies add: the sum over any sharding of a file is the same.

use std::collections::BTreeMap;

use corpus::Reason;
use serde::{Serialize, Serializer};

use crate::sketch::{DistinctRecords, RepeatedIds};
use crate::verdict::{Rules, Verdict};

/// Counts of the records of one source.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SourceTally {
    /// Rows of the files, empty ones with them.
    pub rows: u64,
    /// Rows without a visible character.
    pub empty: u64,
    /// Rows that are records: `rows - empty`.
    pub records: u64,
    /// Records for which every stage that the policy needs ended with a verdict.
    pub assessed: u64,
    /// Records without a verdict, by reason.
    pub not_assessed: BTreeMap<&'static str, u64>,
    /// Assessed records with a risk that counts as illegal.
    pub flagged: u64,
    /// Assessed records with any risk of the profile.
    pub unqualified: u64,
    /// Assessed records per risk, by the bit of the risk.
    pub risks: BTreeMap<u32, u64>,
    /// Assessed records by which stage found something.
    pub stages: Stages,
    /// Bytes of text of the records, UTF-8.
    pub text_bytes: u64,
    /// Sketch of the distinct texts.
    #[serde(serialize_with = "encode_records")]
    pub distinct: DistinctRecords,
    /// Sketch of the record ids.
    #[serde(serialize_with = "encode_ids")]
    pub ids: RepeatedIds,
}

/// Assessed records by which stage found something.
#[derive(Debug, Clone, Copy, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)] // the names say it
pub struct Stages {
    pub keyword_only: u64,
    pub classifier_only: u64,
    pub both: u64,
    pub neither: u64,
}

impl SourceTally {
    /// Counts a row without a visible character.
    pub fn add_empty(&mut self) {
        self.rows += 1;
        self.empty += 1;
    }

    /// Counts a record that got no verdict.
    pub fn add_not_assessed(&mut self, reason: Reason) {
        self.rows += 1;
        self.records += 1;
        *self.not_assessed.entry(reason.as_str()).or_default() += 1;
    }

    /// Counts a record with its verdict.
    pub fn add_assessed(&mut self, verdict: Verdict, rules: &Rules) {
        self.rows += 1;
        self.records += 1;
        self.assessed += 1;
        self.flagged += u64::from(verdict.risks & rules.flagged_mask != 0);
        self.unqualified += u64::from(verdict.risks & rules.unqualified_mask != 0);
        let mut left = verdict.risks;
        while left != 0 {
            *self.risks.entry(left.trailing_zeros()).or_default() += 1;
            left &= left - 1;
        }
        match (verdict.keyword, verdict.classifier) {
            (true, false) => self.stages.keyword_only += 1,
            (false, true) => self.stages.classifier_only += 1,
            (true, true) => self.stages.both += 1,
            (false, false) => self.stages.neither += 1,
        }
    }

    /// The first identity that the counts break, in words; `None` when they add up.
    pub fn broken_identity(&self) -> Option<String> {
        let not_assessed: u64 = self.not_assessed.values().sum();
        let stages = self.stages.keyword_only + self.stages.classifier_only + self.stages.both + self.stages.neither;
        [
            ("rows = empty + records", self.rows, self.empty + self.records),
            ("records = assessed + not assessed", self.records, self.assessed + not_assessed),
            ("assessed = sum of stage outcomes", self.assessed, stages),
        ]
        .into_iter()
        .find(|(_, left, right)| left != right)
        .map(|(identity, left, right)| format!("{identity}: {left} is not {right}"))
    }
}

fn encode_records<S: Serializer>(sketch: &DistinctRecords, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&sketch.encode())
}

fn encode_ids<S: Serializer>(sketch: &RepeatedIds, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&sketch.encode())
}
