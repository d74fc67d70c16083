//! From the errors of the crates to JavaScript errors: `code: message`. The one place where they are converted.

use std::fmt::Display;

use corpus::{CorpusError, StoreProblem};
use matcher::{FileError, LibraryError};
use scan::{ScanError, detail_of};

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
        ScanError::Corpus(CorpusError::Store { problem, .. }) => match problem {
            // It was there when the plan was made.
            StoreProblem::Missing => "corpus-changed",
            problem => store(*problem),
        },
        ScanError::Corpus(_) | ScanError::Evidence { .. } => "environment",
        ScanError::Redraw { .. } => "redraw",
        ScanError::Task(_) => "task",
        _ => "internal",
    };
    napi::Error::from_reason(format!("{code}: {error}"))
}

/// The code of what an object store did, apart from a file that is missing or refused.
pub(crate) fn store(problem: StoreProblem) -> &'static str {
    match problem {
        StoreProblem::Setting => "config",
        StoreProblem::Stopped => "interrupted",
        StoreProblem::Missing | StoreProblem::Denied | StoreProblem::Unreachable => "environment",
    }
}

/// An error of a scan whose data comes from the caller: what it holds is then the caller's business.
pub(crate) fn stream(error: &ScanError) -> napi::Error {
    match error {
        ScanError::Columns(_) | ScanError::NoStream => napi::Error::from_reason(format!("usage: {error}")),
        ScanError::Corpus(corpus) if corpus.reason().is_some() => {
            napi::Error::from_reason(format!("data: {}", detail_of(corpus)))
        }
        error => scan(error),
    }
}
