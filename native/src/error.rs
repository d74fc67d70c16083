//! From the errors of the crates to JavaScript errors: `code: message`. The one place where they are converted.

use std::fmt::Display;

use corpus::{CorpusError, StoreProblem};
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
        ScanError::Corpus(CorpusError::Store { problem, .. }) => match problem {
            // It was there when the plan was made.
            StoreProblem::Missing => "corpus-changed",
            problem => store(*problem),
        },
        ScanError::Corpus(_) | ScanError::Evidence(_) => "environment",
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
