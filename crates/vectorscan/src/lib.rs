//! Binds Vectorscan, or Hyperscan up to 5.4, **loaded at run time** where the host has it.
//!
//! Nothing is linked: a host without the library builds and runs everything else, and [`Vectorscan::load`] says why
//! there is none. Patterns are compiled in block mode: [`Literals`] report where each occurrence starts and ends,
//! [`Regexes`] only where matches end. What the matches mean is for the caller.
//!
//! [`Vectorscan::load`] also refuses a library that loses matches, as Vectorscan before 5.4.13 does on some CPUs
//! ([`Vectorscan::fault`]).
//!
//! This is the only crate that calls C. What makes that sound:
//!
//! - a loaded library is never unloaded, so its functions live as long as the process;
//! - a database is read-only and shared by threads; a [`Scratch`] is borrowed mutably by a scan, so that no two scans
//!   use it at once, and it remembers which databases it was made large enough for;
//! - a panic in the caller's closure stops the scan and goes on behind it, never through C frames.
//!
//! ```
//! use std::ops::ControlFlow;
//! use vectorscan::{Literals, Vectorscan};
//!
//! let Ok(library) = Vectorscan::load() else { return Ok(()) }; // not on this host
//! let words = Literals::compile(library, &[b"gate", b"corpus"], false)?;
//! let mut scratch = words.scratch()?;
//! let mut found = Vec::new();
//! let _ = words.scan(&mut scratch, b"corpusgate", |word, start, end| {
//!     found.push((word, start, end));
//!     ControlFlow::Continue(())
//! })?;
//! assert_eq!(found, [(1, 0, 6), (0, 6, 10)]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![warn(clippy::undocumented_unsafe_blocks)]

mod check;
mod database;
mod error;
mod ffi;
mod scratch;

use std::error::Error;
use std::ffi::CStr;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

pub use database::{Flags, Literals, Pattern, Regexes};
pub use error::{CompileError, LoadError, ScanError};
pub use scratch::Scratch;

/// Largest sizes that are accepted.
pub mod limits {
    /// Patterns of one database. The library itself stops at 8,000,000.
    pub const PATTERNS: usize = 1_000_000;
    /// Bytes of one pattern; the library's own limit.
    pub const PATTERN_BYTES: usize = 16_000;
    /// Bytes of one text: the library counts in 32 bits.
    pub const TEXT_BYTES: usize = u32::MAX as usize;
}

/// Names under which distributions install the library. The runtime half alone (`libhs_runtime`) can't compile.
const NAMES: [&str; 2] = ["libhs.so.5", "libhs.so"];

/// A loaded library. It stays loaded until the process ends.
pub struct Vectorscan {
    pub(crate) api: ffi::Api,
    path: PathBuf,
    version: String,
    name: String,
    fault: OnceLock<Option<String>>,
}

impl Vectorscan {
    /// The library of the host, found by the system's loader; looked for once per process. Where one was loaded by
    /// [`Vectorscan::load_from`] before, the system's loader takes that one for the host's.
    ///
    /// # Errors
    ///
    /// [`LoadError`] when there is none, or none that can be used; the first that was found is the one described.
    /// A library that is known or seen to lose matches ([`Vectorscan::fault`]) can't be used.
    pub fn load() -> Result<&'static Self, LoadError> {
        static LOADED: OnceLock<Result<Vectorscan, LoadError>> = OnceLock::new();
        let library = LOADED.get_or_init(|| Self::open_any(&NAMES)).as_ref().map_err(Clone::clone)?;
        match library.fault() {
            None => Ok(library),
            Some(fault) => Err(LoadError::Faulty { name: library.name.clone(), fault: fault.to_owned() }),
        }
    }

    /// The library in one file, for comparing several in one process, faulty ones too. Each call keeps one more table
    /// of functions until the process ends, so call it once per file.
    ///
    /// # Errors
    ///
    /// [`LoadError`] when the file can't be opened or is not a library that can be used.
    pub fn load_from(path: impl AsRef<Path>) -> Result<&'static Self, LoadError> {
        Ok(Box::leak(Box::new(Self::open_any(&[path])?)))
    }

    fn open_any(names: &[impl AsRef<Path>]) -> Result<Self, LoadError> {
        let mut tried = Vec::new();
        let mut unusable = None;
        for name in names.iter().map(AsRef::as_ref) {
            match open(name) {
                Ok(library) => return Ok(library),
                Err(LoadError::NotFound { tried: one }) => tried.extend(one),
                Err(error) => unusable = unusable.or(Some(error)),
            }
        }
        Err(unusable.unwrap_or(LoadError::NotFound { tried }))
    }

    /// What the library says of its version, such as "5.4.9".
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Name and version for reports, such as "vectorscan 5.4.9" or "hyperscan 5.4.0".
    ///
    /// The libraries don't name themselves and have the same functions. Hyperscan's last version under the BSD licence
    /// is 5.4.2; the Vectorscan that distributions carry starts above it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Why its results must not be relied on, if so: its version is known to lose matches, or it does not find some
    /// that were planted. The search takes some milliseconds, once.
    pub fn fault(&'static self) -> Option<&'static str> {
        self.fault.get_or_init(|| check::fault(self)).as_deref()
    }

    /// What was asked of the loader: a bare name, or a path.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl fmt::Debug for Vectorscan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vectorscan").field("name", &self.name).field("path", &self.path).finish_non_exhaustive()
    }
}

fn open(path: &Path) -> Result<Vectorscan, LoadError> {
    // SAFETY: opening a library runs its initialisers. These names and the paths that a caller gives on purpose are
    // those of Vectorscan and Hyperscan, whose initialisers only look at the CPU.
    let library = unsafe { libloading::Library::new(path) }.map_err(|error| {
        // The loader's own words are in the source: "libhs.so.5: cannot open shared object file: …".
        let answer = error.source().map_or_else(|| error.to_string(), ToString::to_string);
        LoadError::NotFound { tried: vec![(path.to_path_buf(), answer)] }
    })?;
    // SAFETY: a library with these names has the interface of `hs.h`; its version is checked below before any function
    // with arguments is called. It is forgotten before it is used, so it stays loaded.
    let api = unsafe { ffi::Api::look_up(&library) }
        .map_err(|symbol| LoadError::Symbol { library: path.to_path_buf(), symbol })?;
    std::mem::forget(library);

    // SAFETY: takes nothing, looks at the CPU, and is the one function that may be called on any CPU.
    let code = unsafe { (api.valid_platform)() };
    if code != ffi::SUCCESS {
        return Err(LoadError::Platform { library: path.to_path_buf(), code });
    }
    // SAFETY: takes nothing and returns a string constant of the library, which stays loaded.
    let text = unsafe { CStr::from_ptr((api.version)()) }.to_string_lossy();
    // "5.4.0 2021-01-26", or "5.4.9 " from a build without a date.
    let version = text.split_whitespace().next().unwrap_or_default();
    let name = name_of(version)
        .ok_or_else(|| LoadError::Version { library: path.to_path_buf(), version: text.trim_end().to_owned() })?;
    Ok(Vectorscan {
        api,
        path: path.to_path_buf(),
        version: version.to_owned(),
        name: format!("{name} {version}"),
        fault: OnceLock::new(),
    })
}

/// Tells the two libraries apart by version; `None` for versions that are not used: before 5.2 there are no literals,
/// and behind 5.4 Hyperscan is not free software.
fn name_of(version: &str) -> Option<&'static str> {
    let mut numbers = version.split('.').map(str::parse::<u32>);
    let (Some(Ok(5)), Some(Ok(minor)), Some(Ok(patch)), None) =
        (numbers.next(), numbers.next(), numbers.next(), numbers.next())
    else {
        return None;
    };
    match (minor, patch) {
        (2 | 3, _) | (4, 0..=2) => Some("hyperscan"),
        (4, _) => Some("vectorscan"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_tell_the_libraries_apart() {
        let cases = [
            ("5.4.0", Some("hyperscan")),
            ("5.4.2", Some("hyperscan")),
            ("5.4.9", Some("vectorscan")),
            ("5.4.12", Some("vectorscan")),
            ("5.2.1", Some("hyperscan")),
            ("5.1.0", None),
            ("5.6.2", None),
            ("6.0.0", None),
            ("5.4", None),
            ("5.4.x", None),
            ("", None),
        ];
        for (version, name) in cases {
            assert_eq!(name_of(version), name, "{version}");
        }
    }

    #[test]
    fn what_was_tried_is_told() {
        let error = Vectorscan::open_any(&["/nowhere/libhs.so.5", "/nowhere/libhs.so"]).unwrap_err().to_string();
        assert!(error.contains("/nowhere/libhs.so.5 (") && error.contains(", /nowhere/libhs.so ("), "{error}");
    }
}
