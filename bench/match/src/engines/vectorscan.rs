//! Vectorscan and Hyperscan: C libraries that are loaded where the host has them. Block mode, without the start of
//! matches, which literals don't need and which would only cost.

use std::ops::ControlFlow;
use std::path::Path;

use vectorscan::{Literals, LoadError, Scratch, Vectorscan};

use super::searcher;
use crate::Result;
use crate::engine::{Engine, Find};
use crate::plan::Plan;
use crate::words::Words;

/// Vectorscan, from the plan's path, or the system's if that is what the system has.
pub fn vectorscan(words: &Words, plan: &Plan) -> Result<Box<dyn Engine>> {
    build("vectorscan", plan.libraries.vectorscan.as_deref(), words, plan)
}

/// Hyperscan, from the plan's path, or the system's if that is what the system has.
pub fn hyperscan(words: &Words, plan: &Plan) -> Result<Box<dyn Engine>> {
    build("hyperscan", plan.libraries.hyperscan.as_deref(), words, plan)
}

fn build(name: &str, path: Option<&Path>, words: &Words, plan: &Plan) -> Result<Box<dyn Engine>> {
    let library = match path {
        Some(path) => Vectorscan::load_from(path),
        None => Vectorscan::load(),
    };
    let library = library.map_err(|error| match error {
        LoadError::NotFound { .. } if path.is_none() => format!("apt install lib{name}5, or --{name} FILE"),
        error => error.to_string(),
    })?;
    // Both have the same file name and functions, and only one of them can be installed.
    if !library.name().starts_with(name) {
        return Err(format!("{} is {}", library.path().display(), library.name()));
    }
    let patterns: Vec<&[u8]> = words.all().iter().map(String::as_bytes).collect();
    let literals = Literals::compile(library, &patterns, false).map_err(|error| error.to_string())?;
    let scratch = literals.scratch().map_err(|error| error.to_string())?;
    let version = format!("{}{}", library.version(), features_of(&literals.info()));
    Ok(searcher(Database { literals, scratch, version }, words, plan))
}

/// The CPU features that a database was compiled for: they decide its speed, and the library chooses them.
fn features_of(info: &str) -> String {
    let features = info.split_once("Features:").and_then(|(_, after)| after.split_once("Mode:"));
    features
        .map(|(features, _)| features.trim())
        .filter(|text| !text.is_empty())
        .map_or(String::new(), |text| format!(" ({text})"))
}

struct Database {
    literals: Literals,
    scratch: Scratch,
    version: String,
}

impl Find for Database {
    fn find(&mut self, text: &str, mut on_hit: impl FnMut(u32, usize)) {
        let scanned = self.literals.scan(&mut self.scratch, text.as_bytes(), |word, _, end| {
            on_hit(word, end);
            ControlFlow::Continue(())
        });
        // Plans are limited to texts that fit, and the scratch is of these literals: what is left is lost memory.
        scanned.map(|_| ()).expect("a scan of a text of less than 4 GiB");
    }

    fn table_bytes(&self) -> usize {
        self.literals.heap_bytes()
    }

    fn version(&self) -> &str {
        &self.version
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_are_told() {
        assert_eq!(features_of("Version: 5.4.9 Features: AVX512 Mode: BLOCK"), " (AVX512)");
        assert_eq!(features_of("Version: 5.4.0 Features:  Mode: BLOCK"), "");
    }
}
