//! From the errors of the crates to JavaScript errors: `code: message`. The one place where they are converted.

use std::fmt::Display;

use corpus::CorpusError;
use matcher::{FileError, LibraryError};
use scan::ScanError;

/// A fault of the caller: arguments that are not what the declarations say.
pub(crate) fn argument(error: impl Display) -> napi::Error {
    napi::Error::new(napi::Status::InvalidArg, format!("argument: {error}"))
}

pub(crate) fn library(error: &LibraryError) -> napi::Error {
    napi::Error::from_reason(error.to_string())
}

pub(crate) fn library_file(error: &FileError) -> napi::Error {
    napi::Error::from_reason(error.to_string())
}

pub(crate) fn scan(error: &ScanError) -> napi::Error {
    let code = match error {
        ScanError::Corpus(CorpusError::Changed { .. }) => "corpus-changed",
        ScanError::Corpus(_) | ScanError::Evidence { .. } => "environment",
        ScanError::Redraw { .. } => "redraw",
        ScanError::Task(_) => "task",
        _ => "internal",
    };
    napi::Error::from_reason(format!("{code}: {error}"))
}
