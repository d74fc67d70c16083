//! Counts how often windows occur in ordinary text, and writes the table that chooses the anchors of patterns.
//!
//! ```text
//! cargo run --release -p matcher --example make_frequency -- --out crates/matcher/src/gram/frequency.bin zh.jsonl en.jsonl
//! ```
//!
//! The inputs are JSON lines with a field `text`. Every second record is counted, from the first on, so that the others
//! are left to measure with. Only levels of counts are written, no text; the order of the files does not matter.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Pairs, and about 2^20 cells of four bits.
const TABLE_BYTES: usize = 512 * 1024;

fn main() -> ExitCode {
    let mut out = None;
    let mut inputs = Vec::new();
    let mut arguments = std::env::args_os().skip(1);
    while let Some(argument) = arguments.next() {
        if argument == "--out" {
            out = arguments.next().map(PathBuf::from);
        } else {
            inputs.push(PathBuf::from(argument));
        }
    }
    let (Some(out), false) = (out, inputs.is_empty()) else {
        eprintln!("usage: make_frequency --out TABLE FILE.jsonl...");
        return ExitCode::FAILURE;
    };
    match run(&out, &inputs) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("make_frequency: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(out: &Path, inputs: &[PathBuf]) -> Result<(), String> {
    let texts = inputs.iter().map(|path| every_second_text(path)).collect::<Result<Vec<_>, _>>()?;
    let table = matcher::gram::make_table(texts.iter().map(String::as_bytes), TABLE_BYTES);
    std::fs::write(out, table).map_err(|error| format!("{}: {error}", out.display()))
}

/// The texts of the records 1, 3, 5 and so on of a file, a line break behind each.
fn every_second_text(path: &Path) -> Result<String, String> {
    let lines = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut texts = String::new();
    for (line, number) in lines.lines().zip(1..).step_by(2) {
        let record: serde_json::Value =
            serde_json::from_str(line).map_err(|error| format!("{}, line {number}: {error}", path.display()))?;
        let text = record["text"].as_str();
        texts.push_str(
            text.ok_or_else(|| format!("{}, line {number}: no field \"text\" that is a string", path.display()))?,
        );
        texts.push('\n');
    }
    Ok(texts)
}
