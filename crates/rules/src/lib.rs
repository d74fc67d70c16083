//! Finds regular-expression rules in text.
//!
//! **What is found.** For each rule: all leftmost-first matches that do not overlap, exactly as `find_iter` of the
//! `regex` crate gives them. Rules don't see each other; their matches are reported together, in the order of start and
//! then of rule. A rule that matches the empty text, or no text, is refused.
//!
//! **How.** Spans always come from the same engine, that of the `regex` crate. In front of it stands a prefilter that
//! says, for all rules in one pass, in which parts of a text which rules *may* match; the engine then looks at those
//! parts alone. The prefilter is Vectorscan where the host has it, and an automaton of Rust elsewhere and for rules
//! that Vectorscan refuses. `superset.rs` says why neither loses a match. So the results are the same with the library
//! and without, and only the time differs.
//!
//! Whether a hit means anything (check digits, context) is for the caller.
//!
//! ```
//! use std::ops::ControlFlow;
//! use rules::{Engine, RuleSet, RuleSpec};
//!
//! let rule = |pattern: &str| RuleSpec { pattern: pattern.into(), caseless: false };
//! let set = RuleSet::compile(&[rule(r"\b1[3-9][0-9]{9}\b"), rule(r"[a-z]+@[a-z.]+")], Engine::Regex)?;
//! let mut scratch = set.scratch();
//! let mut found = Vec::new();
//! let _ = set.find(&mut scratch, "mail a@b.cn or call 13800138000", |hit| {
//!     found.push((hit.rule, hit.start, hit.end));
//!     ControlFlow::Continue(())
//! });
//! assert_eq!(found, [(1, 5, 11), (0, 20, 31)]);
//! # Ok::<(), rules::RulesError>(())
//! ```

#![forbid(unsafe_code)]

mod expression;
mod prefilter;
mod set;
mod spec;
mod superset;
mod window;

pub use set::{Engine, Hit, RuleSet, Scratch, Stats};
pub use spec::{RuleSpec, RulesError, limits};
