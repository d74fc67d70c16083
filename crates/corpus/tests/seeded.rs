//! Bytes of good and of hostile files, changed at random and always in the same way: what the fuzz targets look for, in
//! seconds and with every run of the tests. `CORPUS_CASES` and `CORPUS_SEED` make it longer, or another.

mod invariants;
mod judge;
mod memory;
mod reading;
mod seeds;

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use corpus::Format;
use memory::peak_of;
use reading::Folder;

/// Numbers that look random and are the same every time (splitmix64).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }
}

/// Changes bytes as damage and forgers do: bits, bytes, lengths, blocks moved, the end cut off.
fn mutate(bytes: &mut Vec<u8>, numbers: &mut Numbers) {
    for _ in 0..=numbers.below(3) {
        let length = bytes.len();
        if length < 16 {
            return;
        }
        let at = numbers.below(length - 8);
        match numbers.below(10) {
            0..4 => bytes[at] ^= 1 << numbers.below(8),
            4 => bytes[at] = numbers.next() as u8,
            5 => {
                let odd = [0, 1, -1, i64::MAX, i64::MIN, 0x7FFF_FFFF, -0x8000_0000, 1 << 40][numbers.below(8)];
                let width = [4, 8][numbers.below(2)];
                bytes[at..at + width].copy_from_slice(&odd.to_le_bytes()[..width]);
            }
            6 => {
                // A length that is a little wrong.
                let mut four = [0; 4];
                four.copy_from_slice(&bytes[at..at + 4]);
                let near = u32::from_le_bytes(four).wrapping_add(numbers.below(17) as u32).wrapping_sub(8);
                bytes[at..at + 4].copy_from_slice(&near.to_le_bytes());
            }
            7 | 8 => {
                let run = 1 + numbers.below(32.min(length - at));
                let from = numbers.below(length - run);
                bytes.copy_within(from..from + run, at.min(length - run));
            }
            _ => {
                if numbers.below(4) == 0 {
                    bytes.truncate(at);
                }
            }
        }
    }
}

/// The judge in a process of its own: what it takes at its word can end a process or run without end.
struct Judge {
    child: Child,
    answers: Receiver<String>,
}

impl Judge {
    fn start() -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["judges_for_another_process", "--exact", "--ignored", "--nocapture", "--test-threads=1"]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let (sender, answers) = channel();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                // The harness writes lines too, and may not end its own before ours.
                let Some((_, answer)) = line.split_once("judged: ") else { continue };
                if sender.send(answer.to_string()).is_err() {
                    return;
                }
            }
        });
        Self { child, answers }
    }

    /// Whether the judge reads the file. Where it dies or takes too long it does not.
    fn reads(&mut self, path: &Path) -> bool {
        let asked = self.child.stdin.as_mut().is_some_and(|stdin| writeln!(stdin, "{}", path.display()).is_ok());
        match self.answers.recv_timeout(Duration::from_secs(10)) {
            Ok(answer) if asked => answer == "read",
            _ => {
                self.stop();
                *self = Self::start();
                false
            }
        }
    }

    fn stop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Judge {
    fn drop(&mut self) {
        self.stop();
    }
}

#[test]
#[ignore = "the other half of the seeded test, which starts it"]
fn judges_for_another_process() {
    std::panic::set_hook(Box::new(|_| ()));
    for path in std::io::stdin().lines().map_while(Result::ok) {
        let judged = std::fs::read(path).map_err(|error| error.to_string()).and_then(|bytes| judge::judge(&bytes));
        println!("\njudged: {}", if judged.is_ok() { "read" } else { "refused" });
    }
}

#[test]
#[ignore = "writes the seeds of the fuzz targets: see fuzz/README.md"]
fn write_seeds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds");
    for (name, format, bytes) in all_seeds() {
        let folder = folder.join(target(format));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(name), bytes).unwrap();
    }
}

/// The fuzz target of a format.
fn target(format: Format) -> &'static str {
    match format {
        Format::ArrowFile => "ipc_file",
        Format::ArrowStream => "ipc_stream",
        Format::Parquet => "parquet",
        _ => "jsonl",
    }
}

fn all_seeds() -> Vec<(String, Format, Vec<u8>)> {
    let mut all: Vec<_> =
        seeds::seeds().into_iter().map(|(name, format, bytes)| (name.to_string(), format, bytes)).collect();
    for (folder, format) in [
        ("arrow-ipc-file", Format::ArrowFile),
        ("arrow-ipc-stream", Format::ArrowStream),
        ("parquet-fuzzing", Format::Parquet),
        ("parquet-bad-data", Format::Parquet),
        ("parquet-encoding-fuzzing", Format::Parquet),
    ] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../test/data/hostile").join(folder);
        let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        for file in files {
            let name = file.file_name().unwrap().to_string_lossy().into_owned();
            let bytes = std::fs::read(file).unwrap();
            // Changes of a large file seldom meet what matters.
            if bytes.len() < 32 << 10 {
                all.push((name, format, bytes));
            }
        }
    }
    all
}

/// What we refuse and the judge reads, each for a reason that the file gives: see `fuzz/README.md`.
fn is_stricter(error: &str) -> bool {
    const STRICTER: [&str; 47] = [
        // Values out of what their type allows, and counts below zero; pyarrow refuses them too.
        "a decimal of ",
        "are no whole days",
        "is no time of a day",
        " nulls",
        "; the schema has ",
        "in a column that may have none",
        "values for ",
        "type ids of a union",
        "come again",
        "the pages end ",
        "values leave a page",
        "values where ",
        "has too many digits",
        "in the length of a message",
        " overlap in ",
        "before the footer",
        "precision ",
        "behind ",
        "does not end within",
        "deltas for ",
        // Metadata that contradicts itself.
        "the body claims ",
        "metadata claims ",
        "the metadata is broken",
        "a message of kind ",
        "nodes; the schema makes ",
        "buffers; the schema makes ",
        "its row groups differ",
        "follow the end of the stream",
        "bytes instead of ",
        "the schema is no tree",
        "a broken Arrow schema",
        "fields in a type that has",
        "a list of another type",
        // Thrift that breaks its encoding, in parts that the judge passes over or gives a default.
        "an unknown type",
        "the part for its type is missing",
        "(no type)",
        "(no stored size)",
        "(no decompressed size)",
        "orders of ",
        "a column without a name",
        "without its ",
        "a negative count",
        "it ends within a field",
        "more than 64 bits",
        "a count below 0",
        "a field number over",
        "a field that must be there",
    ];
    STRICTER.iter().any(|reason| error.contains(reason))
}

#[test]
fn changed_bytes_keep_the_promises() {
    let number = |name: &str| std::env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
    let cases = number("CORPUS_CASES").unwrap_or(1_500);
    let mut numbers = Numbers(number("CORPUS_SEED").unwrap_or(1));
    let folder = Folder::new();
    let path = folder.path("changed");
    let mut judge = Judge::start();
    let seeds = all_seeds();
    let good = seeds::seeds().len();
    let (mut read, mut refused) = (0, 0);
    std::panic::set_hook(Box::new(|_| ()));
    let mut findings = Vec::new();
    for case in 0..cases {
        // Half of the cases begin with a good file, in which one change is one fault.
        let end = if case % 2 == 0 { good } else { seeds.len() };
        let (name, format, bytes) = &seeds[numbers.below(end)];
        let mut bytes = bytes.clone();
        mutate(&mut bytes, &mut numbers);
        let start = Instant::now();
        let (outcome, peak) = peak_of(|| {
            let check = || invariants::check(&path, &bytes, *format).map(|read| read.records.len());
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(check))
        });
        let taken = start.elapsed();
        let finding = match outcome {
            Err(panic) => panic.downcast_ref::<String>().cloned().unwrap_or_else(|| "a panic".into()),
            Ok(_) if peak > 512 << 20 => format!("{peak} bytes of memory"),
            Ok(_) if taken > Duration::from_secs(5) => format!("{taken:?}"),
            Ok(Ok(_)) => {
                read += 1;
                continue;
            }
            Ok(Err(error)) => {
                refused += 1;
                let is_damage = matches!(error, corpus::CorpusError::Damaged { .. });
                if !is_damage || !format.is_columnar() || is_stricter(&error.to_string()) || !judge.reads(&path) {
                    continue;
                }
                format!("the judge reads it: {error}")
            }
        };
        let kept = std::env::temp_dir().join(format!("corpus-case-{case}-{name}"));
        std::fs::write(&kept, &bytes).unwrap();
        findings.push(format!("case {case} of {name}, kept in {}: {finding}", kept.display()));
    }
    let _ = std::panic::take_hook();
    assert!(findings.is_empty(), "{} findings:\n{}", findings.len(), findings.join("\n"));
    assert!(read > cases / 20 && refused > cases / 20, "{read} read, {refused} refused: the changes are no test");
}
