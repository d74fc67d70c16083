//! What can go wrong with a file: [`CorpusError`] for callers, `Fault` inside the crate (the same without the path).
//!
//! A bad *record* is not an error; it is a row with a [`Reason`]. An error means that rows of the file can't be read.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::batch::Reason;
use crate::format::Format;

/// Why a file, or the rest of it, can't be read. The text names the file, the place, and the value with its limit.
#[derive(Debug)]
#[non_exhaustive]
pub enum CorpusError {
    /// The operating system refused: the file is missing, unreadable, a folder, or the disk failed.
    Io {
        /// The file.
        path: PathBuf,
        /// What was tried: "open", "read", "map".
        action: &'static str,
        /// The system's answer.
        source: io::Error,
    },
    /// Neither the first bytes nor the extension tell a format that is read here.
    UnknownFormat {
        /// The file.
        path: PathBuf,
        /// What was found instead, in words.
        found: String,
    },
    /// The caller named a format and the first bytes are those of another.
    FormatMismatch {
        /// The file.
        path: PathBuf,
        /// The format that was asked for.
        asked: Format,
        /// The format of the bytes.
        found: Format,
    },
    /// A column that was asked for is not there, or holds something else.
    Column {
        /// The file.
        path: PathBuf,
        /// What the column was wanted for: "text", "id" or "source".
        role: &'static str,
        /// The name that was asked for.
        column: String,
        /// What is wrong with it.
        problem: String,
        /// The columns that exist.
        available: Vec<String>,
    },
    /// The file breaks its format. All rows of an Arrow, Parquet or text file are then `file-damaged`;
    /// of JSONL and WARC those before the place count.
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where, such as "record batch 3, column \"text\"".
        place: String,
        /// What is wrong there.
        detail: String,
    },
    /// The file is well formed as far as it was read, and uses something that is not read here.
    Unsupported {
        /// The file.
        path: PathBuf,
        /// Where.
        place: String,
        /// What it uses.
        detail: String,
    },
    /// The file is not the one that was inspected: its size, time, or first or last bytes differ.
    Changed {
        /// The file.
        path: PathBuf,
        /// What differs: "size", "modification time", "first 64 KiB", "last 64 KiB", or "file" where it is gone; of an
        /// object also "`ETag`" and "version".
        what: &'static str,
        /// The value at inspection.
        expected: String,
        /// The value now.
        found: String,
    },
    /// Reading on would need more memory, time or depth than the [`Limits`](crate::Limits) allow.
    Limit {
        /// The file.
        path: PathBuf,
        /// Where.
        place: String,
        /// What is too large.
        what: &'static str,
        /// Its value.
        value: u64,
        /// The limit.
        limit: u64,
    },
    /// The range of blocks or bytes does not fit the file.
    Range {
        /// The file.
        path: PathBuf,
        /// What was asked and what there is.
        detail: String,
    },
    /// The object store refused, or did not answer.
    Store {
        /// The URL of the object.
        path: PathBuf,
        /// Whose fault it is.
        problem: StoreProblem,
        /// What it answered and what to do about it.
        detail: String,
    },
}

/// What an object store's answer means for a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreProblem {
    /// There is no such object.
    Missing,
    /// This object may not be read, and others perhaps may.
    Denied,
    /// Credentials, bucket, region, address or build are not what reading any object needs.
    Setting,
    /// The store cannot be reached, or failed again and again.
    Unreachable,
    /// The caller asked to stop.
    Stopped,
}

impl CorpusError {
    /// The file that the error is about.
    pub fn path(&self) -> &Path {
        match self {
            Self::Io { path, .. }
            | Self::UnknownFormat { path, .. }
            | Self::FormatMismatch { path, .. }
            | Self::Column { path, .. }
            | Self::Damaged { path, .. }
            | Self::Unsupported { path, .. }
            | Self::Changed { path, .. }
            | Self::Limit { path, .. }
            | Self::Range { path, .. }
            | Self::Store { path, .. } => path,
        }
    }

    /// A stable name for machines, in kebab-case.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Io { .. } => "io",
            Self::UnknownFormat { .. } => "unknown-format",
            Self::FormatMismatch { .. } => "format-mismatch",
            Self::Column { .. } => "column",
            Self::Damaged { .. } => "damaged",
            Self::Unsupported { .. } => "unsupported",
            Self::Changed { .. } => "changed",
            Self::Limit { .. } => "limit",
            Self::Range { .. } => "range",
            Self::Store { .. } => "store",
        }
    }

    /// The reason under which the file's rows are counted as not assessed, or `None` where the caller made the
    /// mistake (wrong format, column or range), or a store is out of reach, and nothing should be counted.
    pub fn reason(&self) -> Option<Reason> {
        match self {
            Self::Damaged { .. } => Some(Reason::FileDamaged),
            Self::UnknownFormat { .. } => Some(Reason::UnknownFormat),
            Self::Io { .. }
            | Self::Unsupported { .. }
            | Self::Changed { .. }
            | Self::Limit { .. }
            | Self::Store { problem: StoreProblem::Missing | StoreProblem::Denied, .. } => Some(Reason::Unreadable),
            Self::FormatMismatch { .. } | Self::Column { .. } | Self::Range { .. } | Self::Store { .. } => None,
        }
    }
}

impl fmt::Display for CorpusError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.path().display())?;
        match self {
            Self::Io { action, source, .. } => write!(f, "cannot {action}: {source}"),
            Self::UnknownFormat { found, .. } => {
                write!(f, "not an Arrow IPC, Parquet, JSONL, WARC or text file (gz and zst included): {found}")
            }
            Self::FormatMismatch { asked, found, .. } => {
                write!(f, "format \"{asked}\" was asked for, and the first bytes are those of \"{found}\"")
            }
            Self::Column { role, column, problem, available, .. } => {
                write!(f, "{role} column \"{column}\" {problem}; the file has ")?;
                if available.is_empty() {
                    return write!(f, "no columns");
                }
                // A schema may be hostile: thousands of long names don't belong in a message.
                for (i, name) in available.iter().take(20).enumerate() {
                    let name: String = name.chars().take(60).collect();
                    write!(f, "{}\"{name}\"", if i == 0 { "" } else { ", " })?;
                }
                if available.len() > 20 {
                    write!(f, " and {} more", available.len() - 20)?;
                }
                Ok(())
            }
            Self::Damaged { place, detail, .. } => write!(f, "damaged at {place}: {detail}"),
            Self::Unsupported { place, detail, .. } => write!(f, "not supported at {place}: {detail}"),
            Self::Changed { what, expected, found, .. } => {
                write!(f, "changed since it was inspected: {what} was {expected} and is {found}")
            }
            Self::Limit { place, what, value, limit, .. } => {
                write!(f, "{what} at {place} is {value}; the limit is {limit}")
            }
            Self::Range { detail, .. } | Self::Store { detail, .. } => write!(f, "{detail}"),
        }
    }
}

impl std::error::Error for CorpusError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}

/// What an object store did instead of giving bytes. It passes through readers and decoders inside an [`io::Error`], and
/// comes out of [`Fault::in_file`] as what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StoreFault {
    #[cfg_attr(not(feature = "s3"), expect(dead_code, reason = "no store is there to tell of it"))]
    Changed {
        what: &'static str,
        expected: String,
        found: String,
    },
    Refused {
        problem: StoreProblem,
        detail: String,
    },
}

impl StoreFault {
    pub(crate) fn new(problem: StoreProblem, detail: impl Into<String>) -> Self {
        Self::Refused { problem, detail: detail.into() }
    }

    /// Whether an error of a stream is one of the store, and not of what decodes it.
    pub(crate) fn is_in(error: &io::Error) -> bool {
        error.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<Self>)
    }

    pub(crate) fn at(self, path: PathBuf) -> CorpusError {
        match self {
            Self::Changed { what, expected, found } => CorpusError::Changed { path, what, expected, found },
            Self::Refused { problem, detail } => CorpusError::Store { path, problem, detail },
        }
    }
}

impl fmt::Display for StoreFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Changed { what, .. } => write!(f, "{what} changed"),
            Self::Refused { detail, .. } => f.write_str(detail),
        }
    }
}

impl std::error::Error for StoreFault {}

impl From<StoreFault> for io::Error {
    fn from(fault: StoreFault) -> Self {
        Self::other(fault)
    }
}

/// An error of a reader, which does not know the path. `place` grows from the inside out.
#[derive(Debug)]
pub(crate) enum Fault {
    Io { action: &'static str, source: io::Error },
    Damaged { place: String, detail: String },
    Unsupported { place: String, detail: String },
    Limit { place: String, what: &'static str, value: u64, limit: u64 },
    Range { detail: String },
    Column { role: &'static str, column: String, problem: String, available: Vec<String> },
}

/// Result of a reader's step.
pub(crate) type Outcome<T> = Result<T, Fault>;

impl Fault {
    pub(crate) fn damaged(detail: impl Into<String>) -> Self {
        Self::Damaged { place: String::new(), detail: detail.into() }
    }

    pub(crate) fn unsupported(detail: impl Into<String>) -> Self {
        Self::Unsupported { place: String::new(), detail: detail.into() }
    }

    pub(crate) fn limit(what: &'static str, value: u64, limit: u64) -> Self {
        Self::Limit { place: String::new(), what, value, limit }
    }

    /// Puts an outer place before the one that is known.
    pub(crate) fn at(mut self, outer: impl fmt::Display) -> Self {
        if let Self::Damaged { place, .. } | Self::Unsupported { place, .. } | Self::Limit { place, .. } = &mut self {
            *place = if place.is_empty() { outer.to_string() } else { format!("{outer}, {place}") };
        }
        self
    }

    pub(crate) fn in_file(self, path: &Path) -> CorpusError {
        let path = path.to_path_buf();
        let whole = |place: String| if place.is_empty() { "the file".to_string() } else { place };
        match self {
            Self::Io { action, source } => match source.downcast::<StoreFault>() {
                Ok(fault) => fault.at(path),
                Err(source) => CorpusError::Io { path, action, source },
            },
            Self::Damaged { place, detail } => CorpusError::Damaged { path, place: whole(place), detail },
            Self::Unsupported { place, detail } => CorpusError::Unsupported { path, place: whole(place), detail },
            Self::Limit { place, what, value, limit } => {
                CorpusError::Limit { path, place: whole(place), what, value, limit }
            }
            Self::Range { detail } => CorpusError::Range { path, detail },
            Self::Column { role, column, problem, available } => {
                CorpusError::Column { path, role, column, problem, available }
            }
        }
    }
}

/// Adds the place to an outcome's fault; the text is only made when there is one.
pub(crate) trait Place<T> {
    fn place<D: fmt::Display>(self, outer: impl FnOnce() -> D) -> Outcome<T>;
}

impl<T> Place<T> for Outcome<T> {
    fn place<D: fmt::Display>(self, outer: impl FnOnce() -> D) -> Self {
        self.map_err(|fault| fault.at(outer()))
    }
}
