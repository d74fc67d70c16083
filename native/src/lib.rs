//! The Node-API addon: converts arguments, calls `scan`, `matcher`, `corpus` and `vectorscan`, converts results. No logic.
//!
//! Every export catches panics: a panic becomes a JavaScript error, and the process lives.

// Arguments come by value from JavaScript, whether or not they are used up.
#![allow(clippy::needless_pass_by_value)]

mod error;
mod inspect;
mod library;
mod machine;
mod shard;
mod stream;
mod unit;
mod verdicts;

use napi_derive::napi;

/// Hash of the sources that this addon was built from.
#[napi(catch_unwind)]
pub fn source_hash() -> &'static str {
    env!("CORPUSGATE_SOURCE_HASH")
}
