//! What a caller hands over to be compiled, and what is wrong with it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Sizes that a library may have. They keep positions in 32 bits and compile time in seconds.
pub mod limits {
    /// Longest keyword or allow word, in bytes.
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
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EntrySpec {
    /// The keyword, in any of its forms, or the expression of a combination.
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
    /// The text is an expression `A&B~C`: all parts behind `&` are present, none behind `~` is.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub combo: bool,
}

/// How a library matches.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct MatchOptions {
    /// Which ways of writing a keyword are seen.
    pub profile: Profile,
    /// Keywords of alphabetic scripts match whole words only.
    pub word_boundary: bool,
    /// What to report where hits overlap.
    pub overlap: Overlap,
    /// Words that excuse any hit that they cover wholly; a hit that they cover partly stays.
    pub allow: Vec<String>,
    /// Every entry is an expression.
    pub combo: bool,
    /// Most code points between neighbouring parts of a combination.
    pub within: Option<u32>,
    /// Where the parts of a combination must stand.
    pub scope: Scope,
    /// What may stand between two characters of a keyword.
    pub gap: Gap,
    /// Characters to skip inside keywords.
    pub noise: String,
    /// Markup of the text, which is not text.
    pub markup: MarkupKind,
    /// The initials of a keyword's syllables stand for it.
    pub pinyin_initials: bool,
    /// Most edits (insertion, deletion, substitution of a letter) that a keyword may have suffered.
    pub fuzzy: u32,
    /// Whether hits that cut the words of Chinese text are dropped.
    pub cjk_boundary: CjkBoundary,
}

impl Default for MatchOptions {
    fn default() -> Self {
        Self {
            profile: Profile::Standard,
            word_boundary: true,
            overlap: Overlap::LeftmostLongest,
            allow: Vec::new(),
            combo: false,
            within: None,
            scope: Scope::Text,
            gap: Gap::Narrow,
            noise: String::new(),
            markup: MarkupKind::None,
            pinyin_initials: false,
            fuzzy: 0,
            cjk_boundary: CjkBoundary::None,
        }
    }
}

impl MatchOptions {
    /// Whether a library compiles to the same under other options: what they differ in counts only when hits are put
    /// together.
    pub fn compiles_as(&self, other: &Self) -> bool {
        let Self { overlap, within, scope, cjk_boundary, .. } = *self;
        Self { overlap, within, scope, cjk_boundary, ..other.clone() } == *self
    }
}

/// Which ways of writing a keyword are seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// The very bytes of the keyword. Word boundaries hold as in the other profiles.
    Exact,
    /// All forms that mean the same to a reader: case, width, script, look-alikes, separators, repeats, escapes.
    Standard,
    /// And forms that must be guessed: Pinyin, homophones, similar shapes, split characters, emoji, reversal, masks.
    Aggressive,
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

/// Where the parts of a combination must stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// Anywhere in the text.
    Text,
    /// In one sentence.
    Sentence,
}

/// What may stand between two characters of a keyword.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gap {
    /// Separators, but no clause mark and no blank line.
    Narrow,
    /// Clause marks and blank lines too.
    Wide,
}

/// Markup of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum MarkupKind {
    /// None: the text is what it shows.
    None,
    /// HTML: tags, comments, scripts and styles are not text.
    Html,
    /// Markdown: as HTML, and link targets, emphasis and backslash escapes are not text.
    Markdown,
}

impl From<MarkupKind> for normalize::Markup {
    fn from(kind: MarkupKind) -> Self {
        match kind {
            MarkupKind::None => Self::None,
            MarkupKind::Html => Self::Html,
            MarkupKind::Markdown => Self::Markdown,
        }
    }
}

/// Whether a hit must be made of whole words of Chinese text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CjkBoundary {
    /// It need not.
    None,
    /// It must not cut a word of the text's most probable segmentation.
    Lexicon,
}

/// What was needed to see a keyword in a text: of several, the last of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Level {
    /// The stored characters are the keyword.
    Plain = 0,
    /// Another form of the same characters: case, width, accents, script variants, invisible characters dropped.
    Folded = 1,
    /// Letters of other scripts, digits or symbols that look like the keyword's.
    Lookalike = 2,
    /// Separators between its characters.
    Spaced = 3,
    /// Characters repeated.
    Repeated = 4,
    /// Entities, percent sequences, `\u`.
    Escaped = 5,
    /// Several keywords together.
    Combo = 6,
    /// A form that had to be guessed.
    Aggressive = 7,
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
        /// Its length in bytes.
        bytes: usize,
    },
    /// The library has too many entries.
    TooMany {
        /// How many it has.
        entries: usize,
    },
    /// The expression of a combination is not one.
    Combo {
        /// Index of the entry.
        entry: usize,
        /// What is wrong with it.
        detail: String,
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
            Self::Combo { entry, detail } => write!(f, "entry {entry} is no combination: {detail}"),
            Self::Engine { detail } => write!(f, "the keywords cannot be compiled: {detail}"),
        }
    }
}

impl std::error::Error for LibraryError {}
