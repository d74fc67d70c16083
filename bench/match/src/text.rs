//! The text of a run: documents in a seeded order, joined by line feeds, repeated up to a size.

use std::ops::Range;
use std::path::{Path, PathBuf};

use corpus::{ReadOptions, RowState, ShardRange, ShardReader};
use matcher::measure::Normaliser;
use sha2::{Digest, Sha256};

use crate::plan::{Halves, MAX_TEXT_BYTES};
use crate::{Result, hex};

/// One text, several times over.
///
/// A copy ends with a line feed, and no word holds one, so no hit lies in two copies: what is found in one copy is
/// found in each.
pub struct Text {
    whole: String,
    copy_bytes: usize,
    /// The documents of a copy, without the line feeds behind them.
    records: Vec<Range<usize>>,
    /// Records of the files that hold no text that can be read.
    pub unreadable: u64,
}

impl Text {
    /// Reads documents, brings them into the order of `seed`, and repeats them up to `size` bytes. More text than that
    /// is cut after the document that reaches it. Of two halves as many bytes are taken from either. `every_second` takes
    /// the second, fourth, sixth ... document of each file only.
    pub fn read(from: &Halves, every_second: bool, seed: u64, size: u64) -> Result<Self> {
        let mut random = Random(seed);
        let mut unreadable = 0;
        let mut read = |files: &[PathBuf]| -> Result<Vec<String>> {
            if !every_second {
                return read_documents(files, &mut unreadable);
            }
            let mut documents = Vec::new();
            for file in files {
                let of_file = read_documents(std::slice::from_ref(file), &mut unreadable)?;
                documents.extend(of_file.into_iter().skip(1).step_by(2));
            }
            Ok(documents)
        };
        let mut documents = read(&from.files)?;
        random.shuffle(&mut documents);
        if from.other.is_empty() {
            cut(&mut documents, size);
        } else {
            let mut other = read(&from.other)?;
            random.shuffle(&mut other);
            let half = bytes_of(&documents).min(bytes_of(&other)).min(size / 2);
            cut(&mut documents, half);
            cut(&mut other, half);
            documents.append(&mut other);
            random.shuffle(&mut documents);
        }
        let mut copy = String::with_capacity(usize::try_from(bytes_of(&documents)).unwrap_or(0));
        let mut records = Vec::with_capacity(documents.len());
        for document in &documents {
            records.push(copy.len()..copy.len() + document.len());
            copy.push_str(document);
            copy.push('\n');
        }
        if copy.is_empty() {
            return Err(format!("no text in {:?}", from.files));
        }
        let copies = size.div_ceil(copy.len() as u64).max(1);
        Self::repeated(&copy, records, copies, unreadable)
    }

    fn repeated(copy: &str, records: Vec<Range<usize>>, copies: u64, unreadable: u64) -> Result<Self> {
        let bytes = copies * copy.len() as u64;
        if bytes > MAX_TEXT_BYTES {
            return Err(format!("{copies} copies are {bytes} bytes of text; at most {MAX_TEXT_BYTES} can be measured"));
        }
        let whole = copy.repeat(usize::try_from(copies).unwrap_or(1));
        Ok(Self { whole, copy_bytes: copy.len(), records, unreadable })
    }

    /// The keys of each record in its place.
    pub fn keys(&self) -> Result<Self> {
        let mut normaliser = Normaliser::default();
        let (mut copy, mut records) = (String::with_capacity(self.copy_bytes), Vec::with_capacity(self.records.len()));
        for (_, record) in self.records_of(1) {
            let start = copy.len();
            copy.push_str(normaliser.keys(record));
            records.push(start..copy.len());
            copy.push('\n');
        }
        Self::repeated(&copy, records, self.copies(), 0)
    }

    /// All copies.
    pub fn whole(&self) -> &str {
        &self.whole
    }

    /// One copy.
    pub fn copy(&self) -> &str {
        &self.whole[..self.copy_bytes]
    }

    /// So many copies.
    pub fn copies_of(&self, copies: u64) -> &str {
        &self.whole[..usize::try_from(copies).map_or(self.whole.len(), |copies| copies * self.copy_bytes)]
    }

    /// Documents of a copy.
    pub fn documents(&self) -> usize {
        self.records.len()
    }

    /// The documents of so many copies, each with its place in the whole text.
    pub fn records_of(&self, copies: u64) -> impl Iterator<Item = (usize, &str)> {
        let starts = (0..self.copies_of(copies).len()).step_by(self.copy_bytes);
        starts.flat_map(move |start| {
            self.records.iter().map(move |at| (start + at.start, &self.whole[start + at.start..start + at.end]))
        })
    }

    /// How often the copy stands in the whole.
    pub fn copies(&self) -> u64 {
        (self.whole.len() / self.copy_bytes) as u64
    }

    /// SHA-256 of one copy.
    pub fn sha256(&self) -> String {
        hex(&Sha256::digest(self.copy()))
    }
}

/// The beginning of a text up to the last line's end within `bytes`; the first line, when that is longer.
pub fn lines_within(text: &str, bytes: usize) -> &str {
    let within = &text.as_bytes()[..bytes.min(text.len())];
    let end = within.iter().rposition(|&byte| byte == b'\n').or_else(|| text.bytes().position(|byte| byte == b'\n'));
    &text[..end.map_or(text.len(), |at| at + 1)]
}

/// Pieces of a text of about `bytes` each, cut at line ends, with their places.
pub fn chunks(text: &str, bytes: usize) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let chunk = lines_within(&text[at..], bytes);
        at += chunk.len();
        (!chunk.is_empty()).then_some((at - chunk.len(), chunk))
    })
}

fn bytes_of(documents: &[String]) -> u64 {
    documents.iter().map(|document| document.len() as u64 + 1).sum()
}

/// Keeps the first documents, up to the one that reaches `bytes`.
fn cut(documents: &mut Vec<String>, bytes: u64) {
    let mut total = 0;
    let keep = documents.iter().take_while(|document| {
        let before = total;
        total += document.len() as u64 + 1;
        before < bytes
    });
    let keep = keep.count();
    documents.truncate(keep);
}

fn read_documents(files: &[PathBuf], unreadable: &mut u64) -> Result<Vec<String>> {
    let mut documents = Vec::new();
    for file in files {
        if file.extension().is_some_and(|extension| extension == "txt") {
            let text = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
            documents.push(text);
        } else {
            read_shard(file, &mut documents, unreadable).map_err(|error| error.to_string())?;
        }
    }
    Ok(documents)
}

fn read_shard(
    file: &Path,
    documents: &mut Vec<String>,
    unreadable: &mut u64,
) -> std::result::Result<(), corpus::CorpusError> {
    let mut reader = ShardReader::open(file, &ReadOptions::default(), &ShardRange::All, None)?;
    while let Some(batch) = reader.next_batch(4 << 20)? {
        for (at, row) in batch.rows().iter().enumerate() {
            match batch.text(at) {
                Some(text) => documents.push(text.to_owned()),
                None => *unreadable += u64::from(row.state != RowState::Empty),
            }
        }
    }
    Ok(())
}

/// `SplitMix64`: the order of documents needs no more.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ z >> 31
    }

    /// Fisher and Yates. The bias of a remainder is below 2⁻³² for any list that fits memory.
    fn shuffle<T>(&mut self, items: &mut [T]) {
        for at in (1..items.len()).rev() {
            let other = self.next() % (at as u64 + 1);
            items.swap(at, usize::try_from(other).unwrap_or(at));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(folder: &tempfile::TempDir, name: &str, texts: &[&str]) -> PathBuf {
        let path = folder.path().join(name);
        let lines: String = texts.iter().map(|text| format!("{}\n", serde_json::json!({ "text": text }))).collect();
        std::fs::write(&path, lines).unwrap();
        path
    }

    #[test]
    fn a_text_is_repeated_in_whole_copies() {
        let folder = tempfile::tempdir().unwrap();
        let files = vec![file(&folder, "a.jsonl", &["one", "two", "汉字"])];
        let text = Text::read(&Halves { files, other: vec![] }, false, 1, 40).unwrap();
        assert_eq!((text.copy().len(), text.copies(), text.documents()), (15, 3, 3));
        let records: String = text.records_of(3).map(|(_, record)| format!("{record}\n")).collect();
        assert_eq!(records, text.whole());
        assert!(text.records_of(2).all(|(at, record)| text.whole()[at..].starts_with(record)));
        assert_eq!(text.records_of(2).count(), 6);
        assert_eq!(text.whole(), text.copy().repeat(3));
    }

    #[test]
    fn the_seed_decides_the_order() {
        let folder = tempfile::tempdir().unwrap();
        let texts: Vec<String> = (0..50).map(|at| at.to_string()).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let from = Halves { files: vec![file(&folder, "a.jsonl", &texts)], other: vec![] };
        let copy = |seed| Text::read(&from, false, seed, 100).unwrap().copy().to_owned();
        assert_eq!(copy(1), copy(1));
        assert_ne!(copy(1), copy(2));
    }

    #[test]
    fn every_second_document_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        // Each file is counted by itself.
        let files = vec![file(&folder, "a.jsonl", &["a1", "a2", "a3"]), file(&folder, "b.jsonl", &["b1", "b2"])];
        let text = Text::read(&Halves { files, other: vec![] }, true, 1, 4).unwrap();
        let mut documents: Vec<&str> = text.records_of(1).map(|(_, record)| record).collect();
        documents.sort_unstable();
        assert_eq!(documents, ["a2", "b2"]);
    }

    #[test]
    fn halves_give_as_many_bytes_each() {
        let folder = tempfile::tempdir().unwrap();
        let files = vec![file(&folder, "a.jsonl", &["aaaa"; 100])];
        let other = vec![file(&folder, "b.jsonl", &["bbbb"; 20])];
        let both = |size| {
            let text = Text::read(&Halves { files: files.clone(), other: other.clone() }, false, 1, size).unwrap();
            ["a", "b", "\n"].map(|letter| text.copy().matches(letter).count())
        };
        // The shorter half decides; without need of all, either half reaches its bytes with a whole document.
        assert_eq!(both(1000), [80, 80, 40]);
        assert_eq!(both(12), [8, 8, 4]);
    }

    #[test]
    fn chunks_end_with_lines_and_are_the_text() {
        let text = "one\ntwo\nthree is longer than a chunk\nfour";
        let parts: Vec<(usize, &str)> = chunks(text, 8).collect();
        assert_eq!(parts, [(0, "one\ntwo\n"), (8, "three is longer than a chunk\n"), (37, "four")]);
    }
}
