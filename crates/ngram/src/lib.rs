//! The fast classifier's two exact ends: text becomes feature ids ([`Extractor`]), and the integer sums that a model
//! gives for those ids become scores ([`Linear`]). The weights in between are a model's own, run elsewhere today; they
//! are integers, so a sum is the same number on every machine, in any batch and in any order.
//!
//! ```
//! use ngram::{Extractor, FeatureSpec, Linear, LinearOutput};
//!
//! let mut extractor = Extractor::new(FeatureSpec { version: 1, buckets: 1 << 18, window_chars: 512 })?;
//! let mut windows = Vec::new();
//! extractor.windows("今天天气很好", |ids| windows.push(ids.to_vec()));
//! assert_eq!(windows.len(), 1);
//! assert_eq!(windows[0].len(), 11); // six characters and five pairs of neighbours
//!
//! let linear = Linear::new(vec![LinearOutput { scale: 0.25, bias: -1.0 }])?;
//! assert_eq!(linear.score(0, 12, 9), 0.5); // σ(-1 + 0.25 · 12 / √9)
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! How features are defined, and why so: `README.md` of this crate.

mod extract;
mod linear;
mod spec;
mod symbols;

pub use extract::Extractor;
pub use linear::{Linear, LinearError, LinearOutput};
pub use spec::{FeatureError, FeatureSpec};
