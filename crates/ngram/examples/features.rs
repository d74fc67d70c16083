//! Feature ids of many texts, for training: the one implementation of the hash, outside the scanner.
//!
//! Reads lines `{"text": …}` from stdin and writes two files of little-endian u32: all ids one after another, and for
//! each window the number of its line (from 0) and the number of its ids.
//!
//!     cargo run --release -p ngram --example features -- BUCKETS WINDOW_CHARS IDS WINDOWS < texts.jsonl

use std::error::Error;
use std::fs::File;
use std::io::{BufRead, BufWriter, Write};

use ngram::{Extractor, FeatureSpec};

#[derive(serde::Deserialize)]
struct Line {
    text: String,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [buckets, window_chars, ids_path, windows_path] = arguments.as_slice() else {
        return Err("usage: features BUCKETS WINDOW_CHARS IDS WINDOWS < texts.jsonl".into());
    };
    let spec = FeatureSpec { version: 1, buckets: buckets.parse()?, window_chars: window_chars.parse()? };
    let mut extractor = Extractor::new(spec)?;
    let mut ids_file = BufWriter::new(File::create(ids_path)?);
    let mut windows_file = BufWriter::new(File::create(windows_path)?);
    for (number, line) in std::io::stdin().lock().lines().enumerate() {
        let line: Line = serde_json::from_str(&line?).map_err(|error| format!("line {}: {error}", number + 1))?;
        let mut written = Ok(());
        extractor.windows(&line.text, |ids| {
            let head = [u32::try_from(number).unwrap_or(u32::MAX), ids.len() as u32];
            let result = write_all(&mut windows_file, &head).and_then(|()| write_all(&mut ids_file, ids));
            if written.is_ok() {
                written = result;
            }
        });
        written?;
    }
    ids_file.flush()?;
    windows_file.flush()?;
    Ok(())
}

fn write_all(out: &mut impl Write, values: &[u32]) -> std::io::Result<()> {
    values.iter().try_for_each(|value| out.write_all(&value.to_le_bytes()))
}
