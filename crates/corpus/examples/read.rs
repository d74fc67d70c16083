//! Reads files and says what came out, how fast, and with how much memory:
//! `read [--batch BYTES] [--no-map] [--ahead] FILE…`. With `--ahead` the CPU time is that of the reading thread, without
//! the one that decompresses.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

use corpus::{ReadOptions, RowState, ShardRange, ShardReader, inspect};

/// Highest resident memory of this process so far, in MiB, and the part of it that is no file. Linux only.
fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim_start_matches(':').trim().trim_end_matches(" kB").parse::<u64>().ok()
    };
    let mib = |name: &str| field(name).map_or("?".into(), |kib| (kib / 1024).to_string());
    format!("peak {} MiB, now {} MiB of it {} MiB anonymous", mib("VmHWM"), mib("VmRSS"), mib("RssAnon"))
}

/// Seconds that this thread ran. Linux only.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    stat.split(' ').next().and_then(|ns| ns.parse::<f64>().ok()).unwrap_or(f64::NAN) / 1e9
}

fn main() {
    let mut options = ReadOptions::default();
    let mut batch_bytes = 4 << 20;
    let mut args = std::env::args().skip(1);
    let mut paths = Vec::new();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--batch" => batch_bytes = args.next().and_then(|value| value.parse().ok()).unwrap_or(batch_bytes),
            "--no-map" => options.map_files = false,
            "--ahead" => options.inflate_ahead = true,
            _ => paths.push(PathBuf::from(arg)),
        }
    }
    for path in paths {
        let start = Instant::now();
        let cpu_start = cpu_seconds();
        let (mut rows, mut bytes, mut batches) = (0, 0, 0);
        let (mut text, mut same, mut empty) = (0, 0, 0);
        let mut not_assessed: BTreeMap<&str, u64> = BTreeMap::new();
        let mut read = || {
            let file = inspect(&path, &options)?;
            if let Some(damage) = file.damage {
                return Err(damage);
            }
            let mut reader = ShardReader::open(&path, &options, &ShardRange::All, Some(&file.identity))?;
            while let Some(batch) = reader.next_batch(batch_bytes)? {
                batches += 1;
                rows += batch.len();
                for row in batch.rows() {
                    bytes += row.len as usize;
                    match row.state {
                        RowState::Text if row.same_as().is_some() => same += 1,
                        RowState::Text => text += 1,
                        RowState::Empty => empty += 1,
                        RowState::NotAssessed(reason) => *not_assessed.entry(reason.as_str()).or_default() += 1,
                    }
                }
            }
            Ok::<_, corpus::CorpusError>(file.format)
        };
        let outcome = read();
        let (seconds, cpu) = (start.elapsed().as_secs_f64(), cpu_seconds() - cpu_start);
        let outcome = match outcome {
            Ok(format) => format.to_string(),
            Err(error) => format!("{} ({error})", error.code()),
        };
        println!(
            "{}: {outcome}; {rows} rows ({text} text, {same} the same as others, {empty} empty, not assessed \
             {not_assessed:?}), {bytes} bytes of text in {batches} batches; {seconds:.3} s, {cpu:.3} s of CPU, \
             {:.2} GB/CPU-s of text; {}",
            path.file_name().unwrap_or_default().to_string_lossy(),
            bytes as f64 / cpu / 1e9,
            memory()
        );
    }
}
