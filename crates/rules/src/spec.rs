//! What a rule is before it is compiled, and what can be wrong with it.

use std::fmt;

/// Largest sizes that are accepted.
pub mod limits {
    /// Rules of one set.
    pub const RULES: usize = 1_000;
    /// Bytes of one pattern.
    pub const PATTERN_BYTES: usize = 4_096;
    /// Bytes of memory of one compiled rule: of its states, as the engine counts them.
    pub const COMPILED_BYTES: usize = 8 << 20;
    /// Bytes of memory of all compiled rules together.
    pub const SET_BYTES: usize = 64 << 20;
}

/// One rule, as written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleSpec {
    /// A regular expression in the syntax of the `regex` crate: Unicode, no look-around but anchors and word
    /// boundaries, no back-references.
    pub pattern: String,
    /// Letters match in either case, as `(?i)` at its start would have it.
    pub caseless: bool,
}

/// Why rules are refused. `rule` is the index of the first one at fault.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RulesError {
    /// More rules than [`limits::RULES`].
    TooMany {
        /// How many there are.
        rules: usize,
    },
    /// The pattern is longer than [`limits::PATTERN_BYTES`].
    PatternTooLong {
        /// Index of the rule.
        rule: usize,
        /// Length of its pattern.
        bytes: usize,
    },
    /// The pattern is not a regular expression.
    Syntax {
        /// Index of the rule.
        rule: usize,
        /// Byte of the pattern at which the fault begins.
        at: usize,
        /// The text at fault; empty where something is missing.
        found: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The rule takes more than [`limits::COMPILED_BYTES`] when compiled, mostly because of large repeat counts.
    TooLarge {
        /// Index of the rule.
        rule: usize,
    },
    /// All rules together take more than [`limits::SET_BYTES`] when compiled.
    SetTooLarge {
        /// Index of the rule that went over.
        rule: usize,
        /// Bytes with that rule.
        bytes: usize,
    },
    /// The pattern matches the empty text, and so would hit everywhere.
    MatchesEmpty {
        /// Index of the rule.
        rule: usize,
    },
    /// No text can match the pattern.
    MatchesNothing {
        /// Index of the rule.
        rule: usize,
    },
}

impl fmt::Display for RulesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooMany { rules } => write!(f, "{rules} rules; the limit is {}", limits::RULES),
            Self::PatternTooLong { rule, bytes } => {
                write!(f, "rule {rule}: the pattern is {bytes} bytes; the limit is {}", limits::PATTERN_BYTES)
            }
            Self::Syntax { rule, at, found, problem } if found.is_empty() => {
                write!(f, "rule {rule}, byte {at}: {problem}")
            }
            Self::Syntax { rule, at, found, problem } => write!(f, "rule {rule}, byte {at}, {found:?}: {problem}"),
            Self::TooLarge { rule } => {
                write!(
                    f,
                    "rule {rule} takes more than {} bytes when compiled, which is the limit",
                    limits::COMPILED_BYTES
                )
            }
            Self::SetTooLarge { rule, bytes } => {
                write!(f, "rules 0 to {rule} take {bytes} bytes when compiled; the limit is {}", limits::SET_BYTES)
            }
            Self::MatchesEmpty { rule } => write!(f, "rule {rule} matches the empty text, so it would hit everywhere"),
            Self::MatchesNothing { rule } => write!(f, "rule {rule} can't match any text"),
        }
    }
}

impl std::error::Error for RulesError {}
