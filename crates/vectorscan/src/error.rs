//! What can go wrong: loading the library, compiling patterns, scanning.

use std::fmt;
use std::path::PathBuf;

use crate::limits;

/// Why no library is used.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum LoadError {
    /// The loader of the system opened none of the names.
    NotFound {
        /// Each name that was tried, and the loader's answer.
        tried: Vec<(PathBuf, String)>,
    },
    /// The library lacks a function: it is another one, or only the runtime half (`libhs_runtime`).
    Symbol {
        /// The library.
        library: PathBuf,
        /// The function.
        symbol: &'static str,
    },
    /// The library says that this CPU lacks an instruction set that it needs (SSE4.2 on x86-64).
    Platform {
        /// The library.
        library: PathBuf,
        /// Its error code.
        code: i32,
    },
    /// Not a version whose interface and licence are known.
    Version {
        /// The library.
        library: PathBuf,
        /// What `hs_version` said.
        version: String,
    },
    /// It loses matches.
    Faulty {
        /// Name and version of the library.
        name: String,
        /// How that is known.
        fault: String,
    },
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound { tried } => {
                f.write_str("no Vectorscan or Hyperscan found; tried")?;
                for (at, (name, answer)) in tried.iter().enumerate() {
                    write!(f, "{} {} ({answer})", if at == 0 { "" } else { "," }, name.display())?;
                }
                Ok(())
            }
            Self::Symbol { library, symbol } => {
                write!(
                    f,
                    "{} has no function {symbol}; Vectorscan or Hyperscan 5.2 to 5.4 is needed",
                    library.display()
                )
            }
            Self::Platform { library, code } => {
                write!(f, "{} can't run on this CPU (hs_valid_platform: {code})", library.display())
            }
            Self::Version { library, version } => {
                write!(f, "{} is version {version:?}; versions 5.2 to 5.4 are used", library.display())
            }
            Self::Faulty { name, fault } => write!(f, "{name} is not used: {fault}"),
        }
    }
}

impl std::error::Error for LoadError {}

/// Why patterns were not compiled. `pattern` is the index of the first one at fault.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CompileError {
    /// There is nothing to compile.
    NoPatterns,
    /// More patterns than [`limits::PATTERNS`].
    TooMany {
        /// How many there are.
        patterns: usize,
    },
    /// A pattern without a byte would match everywhere.
    Empty {
        /// Index of the pattern.
        pattern: usize,
    },
    /// Longer than [`limits::PATTERN_BYTES`].
    TooLong {
        /// Index of the pattern.
        pattern: usize,
        /// Its length.
        bytes: usize,
    },
    /// The library takes a literal that begins with a NUL for an empty one; elsewhere a NUL is fine.
    LeadingNul {
        /// Index of the pattern.
        pattern: usize,
    },
    /// An expression is passed as a C string and can't hold a NUL; `\x00` means one.
    Nul {
        /// Index of the pattern.
        pattern: usize,
        /// Byte at which the NUL stands.
        at: usize,
    },
    /// The library does not support the pattern, or not all of them together.
    Refused {
        /// Index of the pattern, when the library blames one.
        pattern: Option<usize>,
        /// The library's words.
        message: String,
    },
    /// The library failed without words, or gave no database.
    Library {
        /// Its error code (`hs_common.h`).
        code: i32,
    },
}

impl CompileError {
    /// Index of the pattern at fault, when it is known.
    pub fn pattern(&self) -> Option<usize> {
        match *self {
            Self::Empty { pattern }
            | Self::LeadingNul { pattern }
            | Self::TooLong { pattern, .. }
            | Self::Nul { pattern, .. } => Some(pattern),
            Self::Refused { pattern, .. } => pattern,
            Self::NoPatterns | Self::TooMany { .. } | Self::Library { .. } => None,
        }
    }
}

impl fmt::Display for CompileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoPatterns => f.write_str("there are no patterns to compile"),
            Self::TooMany { patterns } => write!(f, "{patterns} patterns; the limit is {}", limits::PATTERNS),
            Self::Empty { pattern } => write!(f, "pattern {pattern} is empty"),
            Self::TooLong { pattern, bytes } => {
                write!(f, "pattern {pattern} is {bytes} bytes; the limit is {}", limits::PATTERN_BYTES)
            }
            Self::LeadingNul { pattern } => write!(f, "pattern {pattern} begins with a NUL, which is not supported"),
            Self::Nul { pattern, at } => {
                write!(f, "pattern {pattern} has a NUL at byte {at}; an expression writes it as \\x00")
            }
            Self::Refused { pattern: Some(pattern), message } => write!(f, "pattern {pattern}: {message}"),
            Self::Refused { pattern: None, message } => f.write_str(message),
            Self::Library { code } => write!(f, "the library failed to compile the patterns (error {code})"),
        }
    }
}

impl std::error::Error for CompileError {}

/// Why a text was not scanned, or a scratch not made.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ScanError {
    /// Longer than [`limits::TEXT_BYTES`].
    TextTooLong {
        /// Length of the text.
        bytes: usize,
    },
    /// The scratch was made for other patterns, or by another library.
    Scratch,
    /// The library ran out of memory or found its data damaged.
    Library {
        /// Its error code (`hs_common.h`).
        code: i32,
    },
}

impl fmt::Display for ScanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TextTooLong { bytes } => write!(f, "the text is {bytes} bytes; the limit is {}", limits::TEXT_BYTES),
            Self::Scratch => f.write_str("the scratch was not fitted to these patterns"),
            Self::Library { code } => write!(f, "the library failed (error {code})"),
        }
    }
}

impl std::error::Error for ScanError {}
