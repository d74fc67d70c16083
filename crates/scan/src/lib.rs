//! The scan of one shard: bytes in, a tally and its evidence out; the draw of the samples from the evidence; and the scan
//! of a stream: record batches in, verdicts out.
//!
//! This crate knows bytes and integers. Risks are bits, severities numbers, thresholds values that come with the task;
//! what they mean stands in the policy and the standard, which this crate does not know.

mod answer;
mod draw;
mod error;
mod evidence;
mod judge;
mod key;
mod packs;
mod shard;
mod sketch;
mod splice;
mod stream;
mod survey;
mod tally;
mod task;
mod verdict;

pub use draw::{Draw, DrawSpec, EvidenceFile, SourceDraw, draw};
pub use error::ScanError;
pub use evidence::{HITS_KEPT, sync_files};
pub use key::{Key, Keys};
pub use packs::Pack;
pub use shard::{Damage, ShardScan, Step, detail_of};
pub use stream::{StreamEvent, StreamScan, StreamTask};
pub use survey::{Survey, survey};
pub use task::{Classifier, IdentitySpec, RangeSpec, ReadSpec, ShardTask, StorageSpec};
pub use verdict::{Output, Rules, Verdict};
