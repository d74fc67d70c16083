//! What can stop the scan of a shard or of a stream. Bytes of the corpus never do: they are counted.

use std::fmt;

use arrow_schema::ArrowError;
use corpus::CorpusError;

/// Why a shard could not be scanned.
#[derive(Debug)]
#[non_exhaustive]
pub enum ScanError {
    /// The file cannot be read, or is not the one that the plan saw.
    Corpus(CorpusError),
    /// Evidence or a sample cannot be written.
    Evidence(ArrowError),
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
            Self::Evidence(error) => write!(f, "evidence cannot be written: {error}"),
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

impl From<ArrowError> for ScanError {
    fn from(error: ArrowError) -> Self {
        Self::Evidence(error)
    }
}
