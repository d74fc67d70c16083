//! What can stop the scan of a shard or of a stream. Bytes of the corpus never do: they are counted.

use std::fmt;
use std::path::{Path, PathBuf};

use arrow_schema::ArrowError;
use corpus::CorpusError;

/// Why a shard could not be scanned.
#[derive(Debug)]
#[non_exhaustive]
pub enum ScanError {
    /// The file cannot be read, or is not the one that the plan saw.
    Corpus(CorpusError),
    /// Evidence or a sample cannot be written, or read again.
    Evidence {
        /// The file.
        path: PathBuf,
        /// What was tried: "read" or "written".
        action: &'static str,
        /// The system's answer, or what is wrong with the file.
        source: ArrowError,
    },
    /// The evidence of the scan under another seed is not what it was: the shard is to be scanned anew.
    Redraw {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: ArrowError,
    },
    /// Verdicts cannot be made a message of a stream: a fault of ours.
    Answer(ArrowError),
    /// The task cannot be carried out: a fault of the caller.
    Task(String),
    /// The columns of a stream are not such that it could be answered: a fault of the caller.
    Columns(String),
    /// Not a byte of a stream came.
    NoStream,
    /// Counts or messages that do not add up: a fault of ours.
    Identity(String),
}

impl fmt::Display for ScanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Corpus(error) => error.fmt(f),
            Self::Evidence { path, action, source } => {
                write!(f, "{} cannot be {action}: {source}", path.display())
            }
            Self::Redraw { path, source } => write!(f, "{} cannot be used again: {source}", path.display()),
            Self::Answer(source) => write!(f, "verdicts cannot be answered: {source}"),
            Self::Task(detail) => write!(f, "the task cannot be carried out: {detail}"),
            Self::Columns(detail) => f.write_str(detail),
            Self::NoStream => f.write_str("no byte came; an Arrow IPC stream was expected"),
            Self::Identity(detail) => write!(f, "counts do not add up: {detail}"),
        }
    }
}

impl std::error::Error for ScanError {}

impl From<CorpusError> for ScanError {
    fn from(error: CorpusError) -> Self {
        Self::Corpus(error)
    }
}

impl ScanError {
    /// What went wrong while a file of the run folder was written, or read.
    pub(crate) fn evidence(path: &Path, action: &'static str) -> impl Fn(ArrowError) -> Self {
        move |source| Self::Evidence { path: path.to_path_buf(), action, source }
    }
}
