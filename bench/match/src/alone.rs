//! Parts of a scan by themselves, in one thread: what a whole scan of the same file cannot exceed.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;
use std::time::Instant;

use corpus::{ReadOptions, ShardRange, ShardReader, TextBatch};
use flate2::bufread::MultiGzDecoder;
use matcher::{Library, LibrarySpec, Scratch};
use serde::Serialize;

use crate::Result;
use crate::column::{LibraryFile, process_seconds, read_json};

/// Bytes of text in one batch, as scans ask for.
const BATCH_BYTES: usize = 1 << 20;
/// Text that is held at a time to be matched: far beyond the caches, and no more than any machine has.
const HELD_BYTES: usize = 256 << 20;
/// Bytes that an unpacker is asked for at a time.
const CHUNK_BYTES: usize = 1 << 20;

/// What a part did, and what that took.
#[derive(Debug, Serialize)]
pub struct Part {
    /// Records read, records with a hit, or bytes unpacked.
    count: u64,
    /// Bytes of text read or matched, or bytes unpacked.
    bytes: u64,
    /// Processor time of the process, in seconds.
    cpu: f64,
    /// Seconds that passed.
    wall: f64,
}

/// Unpacks a gzip or zstd file, as our reader does, and keeps nothing.
pub fn unpack(path: &str) -> Result<Part> {
    let failed = |error: std::io::Error| format!("{path}: {error}");
    let mut clock = Clock::default();
    let bytes = clock.time(|| {
        let file = BufReader::with_capacity(CHUNK_BYTES, File::open(path)?);
        let mut unpacked: Box<dyn Read> = if Path::new(path).extension().is_some_and(|extension| extension == "gz") {
            Box::new(MultiGzDecoder::new(file))
        } else {
            Box::new(zstd::Decoder::with_buffer(file)?)
        };
        let (mut chunk, mut bytes) = (vec![0; CHUNK_BYTES], 0);
        loop {
            match unpacked.read(&mut chunk)? {
                0 => return Ok(bytes),
                read => bytes += read as u64,
            }
        }
    });
    let bytes = bytes.map_err(failed)?;
    Ok(clock.part(bytes, bytes))
}

/// Reads a file into batches of checked text, which is all.
pub fn decode(path: &str) -> Result<Part> {
    let mut clock = Clock::default();
    let (mut records, mut bytes) = (0, 0);
    clock.time(|| {
        let mut reader = open(path)?;
        while let Some(batch) = next_batch(&mut reader)? {
            records += batch.len() as u64;
            bytes += batch.rows().iter().map(|row| u64::from(row.len)).sum::<u64>();
        }
        Ok::<(), String>(())
    })?;
    Ok(clock.part(records, bytes))
}

/// Finds the entries of a library in each record of a file. Only matching is timed: text is read before, as much of it at
/// a time as is held.
pub fn find(path: &str, library: &str) -> Result<Part> {
    let LibraryFile { entries, options, .. } = read_json(library.as_ref())?;
    let library = Library::compile(LibrarySpec { entries, options }).map_err(|error| error.to_string())?;
    let (mut scratch, mut hits) = (Scratch::default(), Vec::new());
    let mut clock = Clock::default();
    let (mut flagged, mut bytes) = (0, 0);
    let mut reader = open(path)?;
    let mut held = Held::default();
    loop {
        let more = held.fill(&mut reader)?;
        clock.time(|| {
            for text in held.records() {
                library.find(text, &mut scratch, &mut hits);
                flagged += u64::from(!hits.is_empty());
            }
        });
        bytes += held.text.len() as u64;
        if !more {
            return Ok(clock.part(flagged, bytes));
        }
    }
}

fn open(path: &str) -> Result<ShardReader> {
    ShardReader::open(Path::new(path), &ReadOptions::default(), &ShardRange::All, None)
        .map_err(|error| error.to_string())
}

fn next_batch(reader: &mut ShardReader) -> Result<Option<TextBatch>> {
    reader.next_batch(BATCH_BYTES).map_err(|error| error.to_string())
}

/// Records in memory, one behind the other.
#[derive(Default)]
struct Held {
    text: String,
    ends: Vec<usize>,
}

impl Held {
    /// Takes the next records in place of those that it holds; whether there may be more of them.
    fn fill(&mut self, reader: &mut ShardReader) -> Result<bool> {
        self.text.clear();
        self.ends.clear();
        while self.text.len() < HELD_BYTES {
            let Some(batch) = next_batch(reader)? else { return Ok(false) };
            for row in 0..batch.len() {
                self.text.push_str(batch.text(row).unwrap_or_default());
                self.ends.push(self.text.len());
            }
        }
        Ok(true)
    }

    fn records(&self) -> impl Iterator<Item = &str> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, &end)| &self.text[start..end])
    }
}

/// Adds up what pieces of work take.
#[derive(Default)]
struct Clock {
    cpu: f64,
    wall: f64,
}

impl Clock {
    fn time<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let (cpu, wall) = (process_seconds(), Instant::now());
        let done = work();
        self.cpu += process_seconds() - cpu;
        self.wall += wall.elapsed().as_secs_f64();
        done
    }

    fn part(&self, count: u64, bytes: u64) -> Part {
        Part { count, bytes, cpu: self.cpu, wall: self.wall }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::path::PathBuf;

    use super::*;

    fn corpus_of(folder: &tempfile::TempDir, texts: &[&str]) -> (PathBuf, usize) {
        let lines: String = texts.iter().map(|text| format!("{}\n", serde_json::json!({ "text": text }))).collect();
        let path = folder.path().join("a.jsonl");
        std::fs::write(&path, &lines).unwrap();
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        gz.write_all(lines.as_bytes()).unwrap();
        std::fs::write(folder.path().join("a.jsonl.gz"), gz.finish().unwrap()).unwrap();
        std::fs::write(folder.path().join("a.jsonl.zst"), zstd::encode_all(lines.as_bytes(), 1).unwrap()).unwrap();
        (path, lines.len())
    }

    #[test]
    fn the_parts_see_all_of_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let (path, stored) = corpus_of(&folder, &["一二三", "four", "a 二 b"]);
        let path = path.to_str().unwrap();
        let library = folder.path().join("library.json");
        let spec = r#"{"ids":["w"],"entries":[{"text":"二"}],"options":{"profile":"exact","overlap":"all"}}"#;
        std::fs::write(&library, spec).unwrap();
        let counts = |part: Part| (part.count, part.bytes);
        assert_eq!(counts(decode(path).unwrap()), (3, 9 + 4 + 7));
        assert_eq!(counts(find(path, library.to_str().unwrap()).unwrap()), (2, 9 + 4 + 7));
        for packed in ["gz", "zst"] {
            let packed = format!("{path}.{packed}");
            assert_eq!(counts(unpack(&packed).unwrap()), (stored as u64, stored as u64), "{packed}");
            assert_eq!(counts(decode(&packed).unwrap()), (3, 9 + 4 + 7), "{packed}");
        }
    }

    #[test]
    fn a_file_that_is_cut_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let (path, _) = corpus_of(&folder, &["some text that is long enough to be cut"; 20]);
        for packed in ["gz", "zst"] {
            let packed = format!("{}.{packed}", path.display());
            let whole = std::fs::read(&packed).unwrap();
            std::fs::write(&packed, &whole[..whole.len() - 10]).unwrap();
            assert!(unpack(&packed).is_err(), "{packed}");
        }
    }
}
