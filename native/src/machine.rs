//! What the machine offers to the native code, for `corpusgate doctor`.

use napi_derive::napi;
use serde::Serialize;
use vectorscan::{LoadError, Vectorscan};

#[derive(Serialize)]
struct Machine {
    /// Inner loops of the matcher that this processor can run, the fastest first; that one is used.
    kernels: Vec<&'static str>,
    vectorscan: Library,
}

/// Vectorscan or Hyperscan, as the host has it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Library {
    /// Name and version; none where no library is found that has one.
    name: Option<String>,
    /// What was asked of the loader.
    path: Option<String>,
    is_used: bool,
    /// Why it is not used.
    why: Option<String>,
}

/// What the machine offers, as JSON. A library that cannot be used is an answer, not an error.
#[napi(catch_unwind)]
pub fn machine() -> String {
    let vectorscan = match Vectorscan::load() {
        Ok(library) => Library {
            name: Some(library.name().to_owned()),
            path: Some(library.path().display().to_string()),
            is_used: true,
            why: None,
        },
        Err(error) => Library {
            name: match &error {
                LoadError::Faulty { name, .. } => Some(name.clone()),
                _ => None,
            },
            path: match &error {
                LoadError::Symbol { library, .. }
                | LoadError::Platform { library, .. }
                | LoadError::Version { library, .. } => Some(library.display().to_string()),
                _ => None,
            },
            is_used: false,
            why: Some(error.to_string()),
        },
    };
    serde_json::to_string(&Machine { kernels: matcher::kernels(), vectorscan }).expect("names have a JSON form")
}
