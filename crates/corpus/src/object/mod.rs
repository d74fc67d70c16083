//! Objects of S3 and of stores that speak its protocol, read by ranges.
//!
//! Requests run on one thread of their own (`client.rs`); a reader waits for what it asked for, and asks ahead
//! (`ranges.rs`). What a store answers becomes one of few problems, each with what to do about it (`fault.rs`).
//! Without the feature `s3` every object is refused with how to build it in (`absent.rs`).

#[cfg(feature = "s3")]
mod answer;
#[cfg(feature = "s3")]
mod client;
#[cfg(feature = "s3")]
mod fault;
#[cfg(feature = "s3")]
mod ranges;
#[cfg(feature = "s3")]
mod s3;
#[cfg(feature = "s3")]
pub(crate) use self::{ranges::Ranges, s3::open};

#[cfg(not(feature = "s3"))]
mod absent;
#[cfg(not(feature = "s3"))]
pub(crate) use self::absent::{Ranges, open};

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::error::CorpusError;
use crate::location::ObjectUrl;
use crate::options::Storage;

/// An object of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its key.
    pub key: String,
    /// Its length in bytes.
    pub size: u64,
    /// What the store calls its content.
    pub etag: Option<String>,
    /// When it was written, in nanoseconds since 1970.
    pub modified_ns: i128,
}

/// Lists the objects whose keys begin with the URL's key; with `flat` only those without a further `/` behind it.
/// In the order of their keys.
///
/// # Errors
///
/// [`CorpusError::Store`] where the bucket is missing, may not be listed, holds more keys than a plan can, or a key that
/// cannot be read.
pub fn list_objects(prefix: &ObjectUrl, flat: bool, storage: &Storage) -> Result<Vec<Listed>, CorpusError> {
    #[cfg(feature = "s3")]
    let listed = s3::list(prefix, flat, storage);
    #[cfg(not(feature = "s3"))]
    let listed = absent::list(prefix, flat, storage);
    listed.map_err(|fault| fault.at(prefix.to_string().into()))
}

static STOPPED: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());

/// Ends the reads that wait for an object store and have this number in [`Storage::stop`], now and later: they fail with
/// [`StoreProblem::Stopped`](crate::StoreProblem::Stopped). A scan that is asked to end must not wait for a store that
/// does not answer.
pub fn stop_reads(stop: u32) {
    stopped().insert(stop);
}

fn stopped() -> MutexGuard<'static, BTreeSet<u32>> {
    STOPPED.lock().unwrap_or_else(PoisonError::into_inner)
}
