//! Speed of extraction alone: megabytes of text a second on one thread.
//!
//!     cargo run --release -p ngram --example throughput < texts.jsonl

use std::error::Error;
use std::io::BufRead;
use std::time::Instant;

use ngram::{Extractor, FeatureSpec};

#[derive(serde::Deserialize)]
struct Line {
    text: String,
}

const ROUNDS: usize = 7;

fn main() -> Result<(), Box<dyn Error>> {
    let mut extractor = Extractor::new(FeatureSpec { version: 1, buckets: 1 << 18, window_chars: 512 })?;
    let mut texts = Vec::new();
    for line in std::io::stdin().lock().lines() {
        texts.push(serde_json::from_str::<Line>(&line?)?.text);
    }
    let bytes: usize = texts.iter().map(String::len).sum();
    let mut seconds = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let (mut windows, mut ids, mut check) = (0_usize, 0_usize, 0_u64);
        let start = Instant::now();
        for text in &texts {
            extractor.windows(text, |window| {
                windows += 1;
                ids += window.len();
                // Every id is looked at, so that none is optimised away.
                check = window.iter().fold(check, |sum, &id| sum.wrapping_add(u64::from(id)));
            });
        }
        let elapsed = start.elapsed().as_secs_f64();
        seconds.push(elapsed);
        println!("{windows} windows, {ids} ids (checksum {check:x}), {:.1} MB/s", bytes as f64 / elapsed / 1e6);
    }
    seconds.sort_by(f64::total_cmp);
    println!("median {:.1} MB/s of {bytes} bytes", bytes as f64 / seconds[ROUNDS / 2] / 1e6);
    Ok(())
}
