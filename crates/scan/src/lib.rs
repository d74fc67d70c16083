//! The scan of one shard: bytes in, a tally and its evidence out; and the draw of the samples from the evidence.
//!
//! This crate knows bytes and integers. Risks are bits, severities numbers, thresholds values that come with the task;
//! what they mean stands in the policy and the standard, which this crate does not know.

mod draw;
mod error;
mod evidence;
mod key;
mod packs;
mod shard;
mod sketch;
mod tally;
mod task;
mod verdict;

pub use draw::{Draw, DrawSpec, EvidenceFile, SourceDraw, draw};
pub use error::ScanError;
pub use evidence::HITS_KEPT;
pub use key::{Key, Keys};
pub use packs::Pack;
pub use shard::{Damage, ShardScan, Step, detail_of};
pub use task::{Classifier, IdentitySpec, RangeSpec, ReadSpec, ShardTask, StorageSpec};
pub use verdict::{Output, Rules, Verdict};
