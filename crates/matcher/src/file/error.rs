//! What is wrong with a file that should be a compiled library.

use std::fmt;
use std::io;

/// Why a file is not used as a compiled library. Its text names the file, the section, the byte of the file, the value that
/// stands there and what is allowed.
#[derive(Debug)]
pub struct FileError {
    /// The file as its user named it, or what stands for one.
    pub file: String,
    /// What is wrong.
    pub fault: Fault,
}

/// What is wrong with a file.
#[derive(Debug)]
#[non_exhaustive]
pub enum Fault {
    /// The system refused.
    Io {
        /// What was tried: `open`, `write`.
        action: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The file does not begin as a compiled library does.
    NotALibrary,
    /// The file is of another version of the format.
    Version {
        /// The version found.
        found: u32,
        /// The version that can be read.
        supported: u32,
    },
    /// The file was written on a machine with another order of bytes.
    ByteOrder,
    /// The file was compiled with another engine or other tables: compile it again from its source.
    Engine {
        /// The first digits of the digest in the file.
        found: String,
        /// Those of this build.
        own: String,
    },
    /// The file is longer or shorter than it says.
    Length {
        /// Its bytes.
        found: u64,
        /// What it says.
        stated: u64,
    },
    /// Bytes were changed after they were written.
    Digest {
        /// The section, or `header`.
        section: String,
    },
    /// A section is not there.
    Missing {
        /// Its name.
        section: String,
    },
    /// A value is not one that is written.
    Value {
        /// The section that it is in, or `header`.
        section: String,
        /// Its byte in the file.
        offset: u64,
        /// What it is: `entry of an owner`.
        what: &'static str,
        /// The value.
        value: String,
        /// What is allowed.
        limit: String,
    },
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.file)?;
        match &self.fault {
            Fault::Io { action, source } => write!(f, "cannot {action}: {source}"),
            Fault::NotALibrary => write!(f, "not a compiled library"),
            Fault::Version { found, supported } => {
                write!(f, "format {found} of compiled libraries; this version reads {supported}: build it again")
            }
            Fault::ByteOrder => write!(f, "written on a machine with another byte order: build it again on this one"),
            Fault::Engine { found, own } => {
                write!(f, "compiled by another version (engine {found}…, this is {own}…): build it again")
            }
            Fault::Length { found, stated } => {
                write!(f, "{found} bytes long; its header says {stated}: the file was cut or something was added")
            }
            Fault::Digest { section } => write!(f, "section {section}: damaged: the digest of its bytes differs"),
            Fault::Missing { section } => write!(f, "section {section} is missing"),
            Fault::Value { section, offset, what, value, limit } => {
                write!(f, "section {section}, byte {offset}: {what} is {value}; {limit}")
            }
        }
    }
}

impl std::error::Error for FileError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.fault {
            Fault::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}
