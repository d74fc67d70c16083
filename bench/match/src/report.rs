//! What a run found out, as the driver reads it. Sizes are bytes, times seconds of processor time.

use serde::Serialize;

use crate::plan::Mode;
use crate::tally::Tally;

/// All of a run.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// What counted as a hit.
    pub mode: Mode,
    /// The word list.
    pub words: WordsReport,
    /// The text.
    pub text: TextReport,
    /// What every engine must count in the whole text; in mode standard, every engine but the peers.
    pub expected: Count,
    /// What peers search in mode standard.
    pub keys: Option<KeysReport>,
    /// The engines, in the order of the table.
    pub engines: Vec<EngineReport>,
    /// What was written for processes of their own.
    pub beginning: Option<Beginning>,
}

/// The word list.
#[derive(Debug, Serialize)]
pub struct WordsReport {
    /// Distinct words.
    pub count: usize,
    /// Bytes of all words.
    pub bytes: u64,
    /// SHA-256 of the words, each followed by a line feed.
    pub sha256: String,
}

/// The text.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TextReport {
    /// Searched in a round.
    pub bytes: usize,
    /// How often `copy_bytes` stand in it.
    pub copies: u64,
    /// Distinct text.
    pub copy_bytes: usize,
    /// Documents of a copy.
    pub documents: usize,
    /// Records of the files that hold no text that can be read.
    pub unreadable: u64,
    /// SHA-256 of one copy.
    pub sha256: String,
}

/// The keys of a text's records: what is left for engines of literals, once case, width, separators and look-alikes are
/// out of the way. Where a word's keys stand, a hit of it may be.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct KeysReport {
    /// Distinct keys of the words.
    pub count: usize,
    /// Bytes of the keys of one copy, a line feed behind each record's.
    pub copy_bytes: usize,
    /// What every peer must count in the whole text, record by record.
    pub candidates: Count,
    /// Processor time of making the keys of all records, of each round.
    pub rounds: Vec<f64>,
}

/// Hits and their checksum; as text, for 64 bits do not fit a JSON reader's numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Count {
    /// Hits.
    pub hits: u64,
    /// 16 hexadecimal digits.
    pub checksum: String,
}

impl From<Tally> for Count {
    fn from(tally: Tally) -> Self {
        Self { hits: tally.hits, checksum: format!("{:016x}", tally.checksum) }
    }
}

/// An engine's row.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EngineReport {
    /// Its name.
    pub name: &'static str,
    /// Whether ours is compared with it.
    pub is_peer: bool,
    /// Its version, where it ran.
    pub version: Option<String>,
    /// Why it did not run.
    pub missing: Option<String>,
    /// How its count differs from the expected one. Such an engine is not timed.
    pub differs: Option<String>,
    /// Bytes of its tables, by its own account.
    pub table_bytes: Option<usize>,
    /// What its build took.
    pub build: Option<BuildCost>,
    /// Processor time of each round, in their order.
    pub rounds: Vec<f64>,
    /// Of peers in mode standard: of each round, but of the keys of all records, which were made before, in one call.
    pub alone: Vec<f64>,
}

/// What a build took, measured in a process of its own.
#[derive(Debug, Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BuildCost {
    /// Processor time of each build.
    pub cpu: Vec<f64>,
    /// Highest resident memory of the first build, without what was resident before it.
    pub peak_bytes: u64,
}

/// The text's beginning, written for processes of their own.
#[derive(Debug, Serialize)]
pub struct Beginning {
    /// Bytes of text.
    pub bytes: usize,
    /// Hits in it.
    pub hits: u64,
    /// Lines of it with a hit.
    pub lines: u64,
}
