//! What a shard's scan is told: where the bytes are, by which rules to judge, where the evidence goes.

use std::path::PathBuf;
use std::time::Duration;

use corpus::{Encoding, Format, Identity, Location, ReadOptions, ShardRange, Storage, Validate};
use ngram::{FeatureSpec, LinearOutput};
use serde::Deserialize;

use crate::error::ScanError;
use crate::verdict::Rules;

/// One shard to scan.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[allow(clippy::struct_excessive_bools)] // a task as it comes from JavaScript; each is a field of its own
pub struct ShardTask {
    /// Where the file is: a path, or the URL of an object.
    pub path: String,
    /// The file as the plan names it: part of every key.
    pub file: String,
    /// How to read it.
    pub read: ReadSpec,
    /// The file that the plan saw; another one is refused.
    pub identity: IdentitySpec,
    /// Which part of it.
    pub range: RangeSpec,
    /// Source of all its records; `None` when a column names it.
    pub source: Option<String>,
    /// Seed of the plan, 64 hexadecimal digits.
    pub seed: String,
    /// Records whose key is under this share of the key space go into the evidence, in parts of 2^32.
    pub key_space: u64,
    /// Records per source that go into the evidence whatever their keys: the smallest ones.
    pub keep_smallest: u64,
    /// Whether only the `keep_smallest` records of each source are assessed.
    pub sample_only: bool,
    /// Whether the counts of the shard are known from a scan under another seed, whose evidence lies at `evidence`: then
    /// only records are assessed that belong into the evidence, and all are counted as if no stage had run.
    pub redraw: bool,
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
    /// Most bytes of text in one batch.
    pub batch_bytes: usize,
    /// Most ids in one pack for the classifier, padding with them.
    pub pack_ids: usize,
    /// Where the evidence goes.
    pub evidence: PathBuf,
    /// Whether the evidence is to be durable when the shard is finished. Of many small shards the caller sees to it once
    /// for all ([`sync_files`](crate::sync_files)), before it takes any of them for done.
    #[serde(default = "yes")]
    pub durable: bool,
}

fn yes() -> bool {
    true
}

impl ShardTask {
    /// Where the file is.
    ///
    /// # Errors
    ///
    /// [`ScanError::Task`] for a URL that names no object.
    pub fn location(&self) -> Result<Location, ScanError> {
        Location::parse(&self.path).map_err(ScanError::Task)
    }
}

/// What turns a text into ids and sums into scores.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Classifier {
    /// How text becomes ids.
    pub features: FeatureSpec,
    /// Scale and bias per output.
    pub outputs: Vec<LinearOutput>,
    /// Names of the outputs, for the evidence.
    pub names: Vec<String>,
}

/// How a file is read, as data.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReadSpec {
    /// Name of the format; `None` tells it from the bytes.
    pub format: Option<String>,
    /// `utf-8` or `gb18030`.
    pub encoding: String,
    /// `full` or `projected`; `None` is full.
    #[serde(default)]
    pub validate: Option<String>,
    /// Column of the text; `None` lets the reader choose.
    pub text_column: Option<String>,
    /// Column of the record id.
    pub id_column: Option<String>,
    /// Column of the source.
    pub source_column: Option<String>,
    /// Whether a compressed file is decompressed on a thread of its own.
    #[serde(default)]
    pub inflate_ahead: bool,
    /// How objects are reached; nothing of it for files.
    #[serde(default)]
    pub storage: StorageSpec,
}

/// How objects are reached, as data.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[allow(missing_docs)] // the fields of `corpus::Storage`
pub struct StorageSpec {
    pub endpoint: Option<String>,
    pub region: Option<String>,
    pub timeout_seconds: Option<u32>,
    pub retries: Option<usize>,
    pub stop: Option<u32>,
}

impl From<&StorageSpec> for Storage {
    fn from(spec: &StorageSpec) -> Self {
        let timeout =
            spec.timeout_seconds.map_or(Self::default().timeout, |seconds| Duration::from_secs(seconds.into()));
        let StorageSpec { endpoint, region, retries, stop, .. } = spec.clone();
        Self { endpoint, region, timeout, retries, stop }
    }
}

impl ReadSpec {
    /// The reader's options.
    ///
    /// # Errors
    ///
    /// [`ScanError::Task`] for a format, an encoding or a way to validate that does not exist.
    pub fn options(&self) -> Result<ReadOptions, ScanError> {
        let format = match &self.format {
            None => None,
            Some(name) => Some(
                Format::ALL
                    .into_iter()
                    .find(|format| format.as_str() == name)
                    .ok_or_else(|| ScanError::Task(format!("format {name:?} does not exist")))?,
            ),
        };
        let encoding = match self.encoding.as_str() {
            "utf-8" => Encoding::Utf8,
            "gb18030" => Encoding::Gb18030,
            name => return Err(ScanError::Task(format!("encoding {name:?} is not utf-8 or gb18030"))),
        };
        let validate = match &self.validate {
            None => Validate::Full,
            Some(name) => Validate::ALL
                .into_iter()
                .find(|validate| validate.as_str() == name)
                .ok_or_else(|| ScanError::Task(format!("validate {name:?} is not full or projected")))?,
        };
        Ok(ReadOptions {
            format,
            encoding,
            validate,
            text_column: self.text_column.clone(),
            id_column: self.id_column.clone(),
            source_column: self.source_column.clone(),
            inflate_ahead: self.inflate_ahead,
            storage: (&self.storage).into(),
            ..ReadOptions::default()
        })
    }
}

/// The identity of a file, as data: digests in hexadecimal, time in decimal.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[allow(missing_docs)] // the fields of `corpus::Identity`
pub struct IdentitySpec {
    pub size: u64,
    pub modified_ns: String,
    pub head: String,
    pub foot: String,
    #[serde(default)]
    pub etag: Option<String>,
    #[serde(default)]
    pub version: Option<String>,
}

impl IdentitySpec {
    /// The identity that a reader compares.
    ///
    /// # Errors
    ///
    /// [`ScanError::Task`] for a digest or a time that is not one.
    pub fn identity(&self) -> Result<Identity, ScanError> {
        let digest = |text: &str| {
            blake3::Hash::from_hex(text).map(Into::into).map_err(|_| ScanError::Task(format!("{text:?} is no digest")))
        };
        let modified_ns =
            self.modified_ns.parse().map_err(|_| ScanError::Task(format!("{:?} is no time", self.modified_ns)))?;
        Ok(Identity {
            size: self.size,
            modified_ns,
            head: digest(&self.head)?,
            foot: digest(&self.foot)?,
            etag: self.etag.clone(),
            version: self.version.clone(),
        })
    }
}

/// Which part of a file, as data.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(tag = "unit", rename_all = "camelCase", deny_unknown_fields)]
#[allow(missing_docs)] // the variants of `corpus::ShardRange`
pub enum RangeSpec {
    Blocks { start: usize, end: usize },
    Bytes { start: u64, end: u64 },
}

impl From<RangeSpec> for ShardRange {
    fn from(range: RangeSpec) -> Self {
        match range {
            RangeSpec::Blocks { start, end } => Self::Blocks(start..end),
            RangeSpec::Bytes { start, end } => Self::Bytes(start..end),
        }
    }
}
