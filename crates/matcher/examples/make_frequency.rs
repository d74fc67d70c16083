//! Counts how often windows occur in ordinary text, and writes the table that chooses the anchors of patterns.
//!
//! ```text
//! cargo run --release -p matcher --example make_frequency -- --out crates/matcher/src/gram/frequency.bin zh.txt en.txt
//! ```
//!
//! The inputs are plain UTF-8 text. Only levels of counts are written, no text.

use std::path::PathBuf;
use std::process::ExitCode;

/// 2^20 cells of four bits.
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
        eprintln!("usage: make_frequency --out TABLE TEXT...");
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

fn run(out: &PathBuf, inputs: &[PathBuf]) -> std::io::Result<()> {
    let texts = inputs.iter().map(std::fs::read).collect::<Result<Vec<_>, _>>()?;
    let table = matcher::gram::make_table(texts.iter().map(Vec::as_slice), TABLE_BYTES);
    std::fs::write(out, table)
}
