//! What a caller hands over to be compiled, and what is wrong with it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Sizes that a library may have. They keep positions in 32 bits and compile time in seconds.
pub mod limits {
    /// Longest keyword or allow word, in bytes of its folded form.
    pub const KEYWORD_BYTES: usize = 1024;
    /// Most entries of one library.
    pub const ENTRIES: usize = 4_000_000;
}

/// A keyword library as data: entries, words that excuse a hit, and how to match.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LibrarySpec {
    /// The entries; a hit names one by its index here.
    pub entries: Vec<EntrySpec>,
    /// How to match.
    #[serde(default)]
    pub options: MatchOptions,
}

/// One entry of a library.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EntrySpec {
    /// The keyword, in any case and width.
    pub text: String,
    /// Label mask: one bit per risk.
    #[serde(default)]
    pub mask: u32,
    /// Severity, a number that the caller defines.
    #[serde(default)]
    pub severity: u8,
    /// Words that excuse a hit of this entry when they cover all of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allow: Vec<String>,
}

/// How a library matches.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct MatchOptions {
    /// Keywords of alphabetic scripts match whole words only.
    pub word_boundary: bool,
    /// What to report where hits overlap.
    pub overlap: Overlap,
    /// Words that excuse any hit that they cover wholly; a hit that they cover partly stays.
    pub allow: Vec<String>,
}

impl Default for MatchOptions {
    fn default() -> Self {
        Self { word_boundary: true, overlap: Overlap::LeftmostLongest, allow: Vec::new() }
    }
}

/// What to report where hits overlap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Overlap {
    /// From left to right, the longest hit that starts first; hits do not overlap.
    LeftmostLongest,
    /// Every hit.
    All,
}

/// Why a library cannot be compiled.
#[derive(Debug)]
#[non_exhaustive]
pub enum LibraryError {
    /// A keyword or allow word is empty, or nothing is left of it after folding.
    Empty {
        /// Index of the entry; `None` for an allow word of the options.
        entry: Option<usize>,
    },
    /// A keyword or allow word is too long.
    TooLong {
        /// Index of the entry; `None` for an allow word of the options.
        entry: Option<usize>,
        /// Its folded length in bytes.
        bytes: usize,
    },
    /// The library has too many entries.
    TooMany {
        /// How many it has.
        entries: usize,
    },
    /// The engine refused the patterns.
    Engine {
        /// What it said.
        detail: String,
    },
}

impl fmt::Display for LibraryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = |entry: &Option<usize>| match entry {
            Some(index) => format!("entry {index}"),
            None => "an allow word".to_owned(),
        };
        match self {
            Self::Empty { entry } => write!(f, "{} has no text", place(entry)),
            Self::TooLong { entry, bytes } => {
                write!(f, "{} is {bytes} bytes long; the limit is {}", place(entry), limits::KEYWORD_BYTES)
            }
            Self::TooMany { entries } => write!(f, "{entries} entries; the limit is {}", limits::ENTRIES),
            Self::Engine { detail } => write!(f, "the keywords cannot be compiled: {detail}"),
        }
    }
}

impl std::error::Error for LibraryError {}
