//! What to measure, as the driver writes it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::Result;

/// Longest text of a run. The C libraries count bytes in 32 bits.
pub const MAX_TEXT_BYTES: u64 = u32::MAX as u64;

/// One run: a word list, a text, and the engines that search it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Plan {
    /// Word lists: one word a line, `#` starts a comment line; `.gz` is unpacked.
    pub words: Halves,
    /// Texts: every format that corpusgate reads, and `.txt` as one document.
    pub text: Halves,
    /// Takes the second, fourth, sixth ... document of each file: where what an engine knows of ordinary text was counted
    /// in the others, this text is new to it.
    #[serde(default)]
    pub every_second: bool,
    /// What counts as a hit.
    pub mode: Mode,
    /// Seed of the order of documents.
    pub seed: u64,
    /// Bytes of text to search at least, reached by repeating the text; a longer text is cut after a document.
    pub size_bytes: u64,
    /// Hands the text over in pieces of about this size, cut at line ends; without it in one call. [`Mode::Standard`]
    /// goes record by record, and has no pieces.
    #[serde(default)]
    pub chunk_bytes: Option<usize>,
    /// Rounds that are timed. With 0 the engines only count.
    pub rounds: usize,
    /// Names of engines, or their beginnings; without it all run.
    #[serde(default)]
    pub engines: Option<Vec<String>>,
    /// Where the C libraries are, if not where the system looks.
    #[serde(default)]
    pub libraries: Libraries,
    /// Writes words and the text's beginning to files, for engines that run as processes of their own.
    #[serde(default)]
    pub export: Option<Export>,
}

/// Files to take everything from; or, with `other`, half from these and half from the others.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Halves {
    /// The files, or those of the first half.
    pub files: Vec<PathBuf>,
    /// Those of the second half.
    #[serde(default)]
    pub other: Vec<PathBuf>,
}

/// What counts as a hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Every occurrence of every word, overlapping ones too.
    Exact,
    /// Of these, the ones where no end that is an ASCII letter touches another ASCII letter.
    WholeWord,
    /// What a keyword library finds with its default options, all overlapping hits: the words however they are written.
    /// Other engines get the keys of records, and count the places where a hit may be.
    Standard,
}

/// Paths of shared libraries.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Libraries {
    /// Vectorscan's `libhs.so.5`.
    #[serde(default)]
    pub vectorscan: Option<PathBuf>,
    /// Hyperscan's `libhs.so.5`.
    #[serde(default)]
    pub hyperscan: Option<PathBuf>,
}

/// Where to write what other processes search.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Export {
    /// Gets `words.txt` and `text.txt`.
    pub folder: PathBuf,
    /// Bytes of text at most, cut at a line's end.
    pub bytes: usize,
}

impl Plan {
    /// Reads and checks a plan.
    pub fn read(path: &str) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(|error| format!("{path}: {error}"))?;
        let plan: Self = serde_json::from_slice(&bytes).map_err(|error| format!("{path}: {error}"))?;
        if plan.size_bytes == 0 || plan.size_bytes > MAX_TEXT_BYTES {
            return Err(format!("sizeBytes is {}; 1 to {MAX_TEXT_BYTES} can be measured", plan.size_bytes));
        }
        if plan.chunk_bytes == Some(0) {
            return Err("chunkBytes is 0; a chunk has at least 1 byte".into());
        }
        if plan.chunk_bytes.is_some() && plan.mode == Mode::Standard {
            return Err("chunkBytes is set; in mode standard records are handed over one by one".into());
        }
        Ok(plan)
    }

    /// Whether an engine was asked for.
    pub fn wants(&self, engine: &str) -> bool {
        self.engines.as_ref().is_none_or(|names| names.iter().any(|name| engine.starts_with(name.as_str())))
    }
}
