//! Files that broke other readers (`test/data/hostile`): each ends in rows or an error, in time and without memory.

mod reading;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use corpus::{CorpusError, MAX_BATCH_ROWS, ReadOptions, ShardRange, ShardReader, inspect};
use reading::{options, read_hostile};

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../test/data/hostile").join(folder);
    let mut files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// Highest resident memory of the process so far, in bytes. `None` where the system does not say.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? << 10)
}

/// Reads every file of a folder; gives how many gave rows and how many an error.
fn read_folder(folder: &str) -> (usize, usize) {
    let (mut read, mut refused) = (0, 0);
    for path in files(folder) {
        for map_files in [true, false] {
            let start = Instant::now();
            let outcome = read_hostile(&path, &options(|options| options.map_files = map_files));
            let taken = start.elapsed();
            assert!(taken < Duration::from_secs(5), "{}: {taken:?}", path.display());
            match outcome {
                Ok(_) => read += 1,
                Err(error) => {
                    assert!(error.reason().is_some(), "{error}");
                    refused += 1;
                }
            }
        }
    }
    assert!(peak_memory().is_none_or(|bytes| bytes < 512 << 20), "{:?} bytes", peak_memory());
    (read, refused)
}

#[test]
fn arrow_files_that_broke_others() {
    let (read, refused) = read_folder("arrow-ipc-file");
    assert_eq!(read + refused, 2 * 27);
    // pyarrow reads the same two, and refuses the other 25 as well.
    assert_eq!(read, 2 * 2);
}

#[test]
fn arrow_streams_that_broke_others() {
    let (read, refused) = read_folder("arrow-ipc-stream");
    assert_eq!(read + refused, 2 * 40);
    // The one that is read has a decimal of no digits in its schema, which nobody reads, and no rows.
    assert_eq!(read, 2);
    assert_eq!(read_folder("arrow-ipc-tensor-stream"), (0, 2));
}

#[test]
fn parquet_files_that_broke_others() {
    for folder in ["parquet-fuzzing", "parquet-bad-data", "parquet-encoding-fuzzing"] {
        let (read, refused) = read_folder(folder);
        assert!(read + refused > 0);
    }
}

/// Reads the columns of any name that the file has, one by one, as text and as id: the choice of columns must not be what
/// saves us.
#[test]
fn every_column_of_every_file() {
    for folder in ["arrow-ipc-file", "arrow-ipc-stream", "parquet-fuzzing", "parquet-bad-data"] {
        for path in files(folder) {
            let Ok(file) = inspect(&path, &ReadOptions::default()) else {
                continue;
            };
            for name in &file.schema_columns {
                for as_text in [true, false] {
                    let options = options(|options| {
                        *(if as_text { &mut options.text_column } else { &mut options.id_column }) = Some(name.clone());
                    });
                    let start = Instant::now();
                    let _ = read_hostile(&path, &options);
                    assert!(start.elapsed() < Duration::from_secs(5), "{} {name}", path.display());
                }
            }
        }
    }
}

fn made(name: &str) -> PathBuf {
    files("made").into_iter().find(|path| path.ends_with(name)).unwrap()
}

#[test]
fn claims_of_memory_are_refused() {
    for (name, code) in [
        ("ipc-lying-length-1TiB.arrow", "limit"),
        ("ipc-zstd-512MiB.arrow", "limit"),
        ("one-line-1GiB.jsonl.zst", "limit"),
        ("ipc-negative-length.arrows", "damaged"),
    ] {
        let error = read_hostile(&made(name), &ReadOptions::default()).unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        if let CorpusError::Limit { value, limit, .. } = error {
            assert!(value > limit);
        }
    }
    assert!(peak_memory().is_none_or(|bytes| bytes < 512 << 20));
}

#[test]
fn rows_that_share_bytes_cost_nothing() {
    for (name, rows) in [("dict-256GiB.parquet", 262_144), ("rle-20M-rows.parquet", 20_000_000_usize)] {
        let mut reader = ShardReader::open(&made(name), &ReadOptions::default(), &ShardRange::All, None).unwrap();
        let (mut found, mut batches, mut bytes) = (0, 0, 0);
        while let Some(batch) = reader.next_batch(4 << 20).unwrap() {
            found += batch.len();
            batches += 1;
            let own = batch.rows().iter().filter(|row| row.same_as().is_none());
            bytes += own.map(|row| row.len as usize).sum::<usize>();
        }
        assert_eq!((found, batches), (rows, rows.div_ceil(MAX_BATCH_ROWS)), "{name}");
        assert!(bytes <= 4 << 20, "{name}: {bytes} bytes to look at");
    }
    assert!(peak_memory().is_none_or(|bytes| bytes < 512 << 20));
}
