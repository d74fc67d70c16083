//! Files that broke other readers (`test/data/hostile`): each ends in rows or an error, in time and without memory.

mod judge;
mod memory;
mod reading;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use corpus::{CorpusError, MAX_BATCH_ROWS, ReadOptions, ShardRange, ShardReader, Validate, inspect};
use memory::peak_of;
use reading::{options, read_hostile};

/// Most memory that reading any file may take, and the time.
const MEMORY: u64 = 512 << 20;
const TIME: Duration = Duration::from_secs(5);

/// The files that pyarrow 26 reads and validates in full; it refuses all others.
const GOOD: [&str; 2] = [
    "clusterfuzz-testcase-minimized-arrow-ipc-file-fuzz-6088759971217408",
    "clusterfuzz-testcase-minimized-arrow-ipc-file-fuzz-6295340960776192",
];

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../test/data/hostile").join(folder);
    let mut files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// Reads a file in time and memory, mapped or not.
fn read(path: &Path, options: &ReadOptions) -> Result<u64, CorpusError> {
    let start = Instant::now();
    let (outcome, peak) = peak_of(|| read_hostile(path, options));
    assert!(start.elapsed() < TIME, "{}: {:?}", path.display(), start.elapsed());
    assert!(peak < MEMORY, "{}: {peak} bytes", path.display());
    if let Err(error) = &outcome {
        assert!(error.reason().is_some(), "{error}");
    }
    outcome
}

#[test]
fn files_that_broke_others() {
    let mut good = Vec::new();
    let mut seen = 0;
    for folder in [
        "arrow-ipc-file",
        "arrow-ipc-stream",
        "arrow-ipc-tensor-stream",
        "csv-fuzzing",
        "parquet-bad-data",
        "parquet-encoding-fuzzing",
        "parquet-fuzzing",
    ] {
        for path in files(folder) {
            let outcomes = [true, false].map(|map| read(&path, &options(|options| options.map_files = map)));
            let [mapped, unmapped] = &outcomes;
            assert_eq!(mapped.is_ok(), unmapped.is_ok(), "{}", path.display());
            if outcomes.into_iter().all(|outcome| outcome.is_ok()) {
                good.push(path.file_name().unwrap().to_string_lossy().into_owned());
            }
            seen += 1;
        }
    }
    assert_eq!(seen, 147);
    // Both judges refuse what is not here; see also `what_others_refuse_gives_no_rows`.
    assert_eq!(good, GOOD);
}

/// pyarrow's verdicts are known; those of arrow-rs are asked for, where asking can't end the process.
#[test]
fn what_others_refuse_gives_no_rows() {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| ()));
    let mut judged = 0;
    for folder in ["arrow-ipc-file", "arrow-ipc-stream", "parquet-bad-data", "parquet-fuzzing"] {
        for path in files(folder) {
            let verdict = judge::judge(&std::fs::read(&path).unwrap()).map(|judged| judged.rows as u64);
            let ours = read_hostile(&path, &ReadOptions::default());
            match (&verdict, &ours) {
                (Err(_), Ok(rows)) => assert_eq!(*rows, 0, "{}: {verdict:?}", path.display()),
                (Ok(rows), Ok(ours)) => assert_eq!(rows, ours, "{}", path.display()),
                // A decimal of no digits in a schema, without rows; pyarrow refuses it.
                (Ok(rows), Err(error)) => assert!(*rows == 0, "{error}"),
                (Err(_), Err(_)) => {}
            }
            judged += 1;
        }
    }
    std::panic::set_hook(hook);
    assert_eq!(judged, 140);
}

/// What changing good files at random found: each was once read, or took other words than these.
#[test]
fn found_files_are_refused_for_what_is_wrong_in_them() {
    let expected = [
        ("blocks-of-no-deltas.parquet", "damaged", "column \"key\": blocks of 0 deltas"),
        ("broken-arrow-schema.parquet", "damaged", "a broken Arrow schema"),
        ("lists-that-disagree.parquet", "damaged", "column \"value\": 4 items; a column beside it has 6"),
        ("negative-nulls.parquet", "damaged", "page at byte 740: a page header is broken (a count below 0"),
        ("no-encodings.parquet", "damaged", "a field that must be there is missing"),
        ("nulls-that-hide-deltas.parquet", "damaged", "column \"bytes\": blocks of 0 deltas"),
        ("old-version.arrow", "unsupported", "metadata version 1, older than 4"),
        ("orders-of-columns.parquet", "damaged", "orders of 13 columns; there are 15"),
        ("unsigned-run-ends.arrow", "damaged", "column \"runs\": run ends that are no signed integers"),
        ("values-left-over.parquet", "damaged", "column \"fixed\": 1 values do not fill a page of 24 bytes"),
    ];
    let found = files("found");
    assert_eq!(found.len(), expected.len());
    for (path, (name, code, words)) in found.iter().zip(expected) {
        let error = read(path, &ReadOptions::default()).unwrap_err();
        assert!(path.ends_with(name), "{}", path.display());
        assert_eq!(error.code(), code, "{error}");
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[test]
fn files_of_other_kinds_are_of_no_known_format() {
    for path in files("csv-fuzzing").into_iter().chain([made("zip-slip.zip")]) {
        assert_eq!(read(&path, &ReadOptions::default()).unwrap_err().code(), "unknown-format");
    }
}

/// Where only the columns that are read are checked, damage in others is found only in their places.
#[test]
fn columns_that_are_not_read_may_be_left_unchecked() {
    let path = files("parquet-bad-data").into_iter().find(|path| path.ends_with("ARROW-GH-47662.parquet")).unwrap();
    let error = read(&path, &ReadOptions::default()).unwrap_err();
    assert!(error.to_string().contains("row group 0, column \"flba_field\""), "{error}");
    assert_eq!(read(&path, &options(|options| options.validate = Validate::Projected)).unwrap(), 1_000);
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
                        options.validate = Validate::Projected;
                    });
                    let start = Instant::now();
                    let (_, peak) = peak_of(|| read_hostile(&path, &options));
                    assert!(start.elapsed() < TIME && peak < MEMORY, "{} {name}", path.display());
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
        let error = read(&made(name), &ReadOptions::default()).unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        if let CorpusError::Limit { value, limit, .. } = error {
            assert!(value > limit);
        }
    }
}

#[test]
fn rows_that_share_bytes_cost_nothing() {
    for (name, rows) in [("dict-256GiB.parquet", 262_144), ("rle-20M-rows.parquet", 20_000_000_usize)] {
        let ((found, batches, bytes), peak) = peak_of(|| {
            let mut reader = ShardReader::open(&made(name), &ReadOptions::default(), &ShardRange::All, None).unwrap();
            let (mut found, mut batches, mut bytes) = (0, 0, 0);
            while let Some(batch) = reader.next_batch(4 << 20).unwrap() {
                found += batch.len();
                batches += 1;
                let own = batch.rows().iter().filter(|row| row.same_as().is_none());
                bytes += own.map(|row| row.len as usize).sum::<usize>();
            }
            (found, batches, bytes)
        });
        assert_eq!((found, batches), (rows, rows.div_ceil(MAX_BATCH_ROWS)), "{name}");
        assert!(bytes <= 4 << 20, "{name}: {bytes} bytes to look at");
        assert!(peak < MEMORY, "{name}: {peak} bytes");
    }
}
