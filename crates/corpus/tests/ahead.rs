//! Decompressing ahead on another thread: the same batches as without, the same errors, and nothing left behind.

mod reading;

use std::io::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use corpus::{Format, ReadOptions, RowState, ShardRange, ShardReader};
use proptest::prelude::*;
use reading::{Folder, gz, options, zst};

/// One test at a time has readers with threads, so that one can count them.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// All that is seen of a file: each batch as its rows and texts, then the error.
fn batches(path: &std::path::Path, options: &ReadOptions, max_bytes: usize) -> (Vec<String>, Option<String>) {
    let mut reader = match ShardReader::open(path, options, &ShardRange::All, None) {
        Ok(reader) => reader,
        Err(error) => return (Vec::new(), Some(error.to_string())),
    };
    let mut seen = Vec::new();
    loop {
        match reader.next_batch(max_bytes) {
            Ok(Some(batch)) => seen.push(format!(
                "{:?} {:?}",
                batch.rows(),
                (0..batch.len()).map(|row| (batch.text(row), batch.id(row), batch.source(row))).collect::<Vec<_>>()
            )),
            Ok(None) => return (seen, None),
            Err(error) => return (seen, Some(error.to_string())),
        }
    }
}

/// Lines that don't compress, so that the stored bytes are worth a thread.
fn noise(seed: u64, bytes: usize) -> Vec<u8> {
    let mut state = seed | 1;
    let mut text = Vec::new();
    while text.len() < bytes {
        write!(text, "{{\"id\":{},\"text\":\"", text.len()).unwrap();
        for _ in 0..=state % 40 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            write!(text, "{:x}", state >> 20).unwrap();
        }
        text.extend_from_slice(b"\"}\n");
    }
    text
}

fn here_and_ahead(change: impl Fn(&mut ReadOptions)) -> [ReadOptions; 2] {
    [false, true].map(|ahead| {
        options(|options| {
            change(options);
            options.inflate_ahead = ahead;
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn both_ways_give_the_same(
        seed in any::<u64>(),
        size in 600_000_usize..1_500_000,
        batch in prop_oneof![Just(1_000_usize), Just(65_536), Just(4 << 20)],
        members in 1_usize..4,
        harm in prop_oneof![
            Just(None),
            any::<prop::sample::Index>().prop_map(|at| Some((at, true))),
            any::<prop::sample::Index>().prop_map(|at| Some((at, false))),
        ],
        is_gz in any::<bool>(),
        is_tight in any::<bool>(),
    ) {
        let _alone = alone();
        let text = noise(seed, size);
        let compress = if is_gz { gz } else { zst };
        let mut bytes: Vec<u8> = text.chunks(size.div_ceil(members)).flat_map(compress).collect();
        prop_assert!(bytes.len() > 256 << 10, "worth a thread");
        match harm {
            Some((at, true)) => bytes.truncate(at.index(bytes.len()).max(300 << 10)),
            Some((at, false)) => {
                let at = at.index(bytes.len());
                bytes[at] ^= 0x5A;
            }
            None => {}
        }
        let folder = Folder::new();
        let format = if is_gz { Format::JsonlGz } else { Format::JsonlZst };
        let path = folder.write("a", bytes);
        let [here, ahead] = here_and_ahead(|options| {
            options.format = Some(format);
            options.text_column = Some("text".into());
            options.id_column = Some("id".into());
            if is_tight {
                // The second chunk or a later one is over it.
                options.limits.expansion = 1;
                options.limits.expansion_free_bytes = 300 << 10;
            }
        });
        let expected = batches(&path, &here, batch);
        prop_assert_eq!(&batches(&path, &ahead, batch), &expected);
        if harm.is_none() && !is_tight {
            prop_assert_eq!(expected.1, None);
        }
    }

    #[test]
    fn a_reader_may_be_dropped_at_any_time(seed in any::<u64>(), reads in 0_usize..6, batch in 1_usize..500_000) {
        let _alone = alone();
        let folder = Folder::new();
        let path = folder.write("a.jsonl.gz", gz(&noise(seed, 1_500_000)));
        let [_, ahead] = here_and_ahead(|_| {});
        let mut reader = ShardReader::open(&path, &ahead, &ShardRange::All, None).unwrap();
        let mut rows = 0;
        for _ in 0..reads {
            rows += reader.next_batch(batch).unwrap().map_or(0, |batch| batch.len());
        }
        prop_assert_eq!(rows > 0, reads > 0);
        drop(reader);
        prop_assert_eq!(threads_that_inflate(), 0);
    }
}

/// Threads of this process that decompress, once those that have ended are gone from the system's list. Linux only;
/// elsewhere none.
fn threads_that_inflate() -> usize {
    let count = || {
        let Ok(tasks) = std::fs::read_dir("/proc/self/task") else { return 0 };
        let names = tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok());
        names.filter(|name| name.trim() == "inflate").count()
    };
    let patience = Instant::now() + Duration::from_secs(5);
    while count() > 0 && Instant::now() < patience {
        std::thread::sleep(Duration::from_millis(1));
    }
    count()
}

#[test]
fn text_and_warc_as_well() {
    let _alone = alone();
    let folder = Folder::new();
    let words = String::from_utf8(noise(7, 900_000)).unwrap();
    let record = format!("WARC/1.0\r\nWARC-Type: conversion\r\nContent-Length: {}\r\n\r\n{words}\r\n\r\n", words.len());
    for (name, text, compress) in [
        ("a.txt.gz", format!("# {words}"), gz as fn(&[u8]) -> Vec<u8>),
        ("a.md.zst", format!("# {words}"), zst),
        ("a.warc.gz", record.repeat(3), gz),
        ("a.warc.zst", record.repeat(3), zst),
    ] {
        let path = folder.write(name, compress(text.as_bytes()));
        let [here, ahead] = here_and_ahead(|_| {});
        let expected = batches(&path, &here, 1 << 20);
        assert_eq!(expected.1, None);
        assert!(!expected.0.is_empty());
        assert_eq!(batches(&path, &ahead, 1 << 20), expected, "{name}");
    }
}

#[test]
fn a_reader_with_a_thread_can_move_to_another() {
    let _alone = alone();
    let folder = Folder::new();
    let path = folder.write("a.jsonl.gz", gz(&noise(3, 1_500_000)));
    let [_, ahead] = here_and_ahead(|_| {});
    let mut reader = ShardReader::open(&path, &ahead, &ShardRange::All, None).unwrap();
    let first = reader.next_batch(10_000).unwrap().unwrap();
    let rest = std::thread::spawn(move || {
        let mut rows = 0;
        while let Some(batch) = reader.next_batch(10_000).unwrap() {
            assert!(batch.rows().iter().all(|row| row.state == RowState::Text));
            rows += batch.len();
        }
        rows
    });
    let lines = noise(3, 1_500_000).split(|byte| *byte == b'\n').count() - 1;
    assert_eq!(first.len() + rest.join().unwrap(), lines);
}
