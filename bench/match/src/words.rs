//! The words of a run: read, made distinct, described.

use std::collections::HashSet;
use std::io::Read;
use std::path::{Path, PathBuf};

use matcher::measure::keys_of_keyword;
use sha2::{Digest, Sha256};

use crate::plan::Halves;
use crate::{Result, hex};

/// Distinct words; a word's number is its place.
pub struct Words(Vec<String>);

impl Words {
    /// Reads word lists. Of two halves every second word is taken, so that lists in an order (by frequency, by length)
    /// keep their mixture, and as many from either.
    pub fn read(from: &Halves) -> Result<Self> {
        let mut seen = HashSet::new();
        let mut words: Vec<String> = Vec::new();
        let mut take = |list: Vec<String>| words.extend(list.into_iter().filter(|word| seen.insert(word.clone())));
        if from.other.is_empty() {
            take(read_lists(&from.files)?);
        } else {
            let (first, second) = (read_lists(&from.files)?, read_lists(&from.other)?);
            let each = first.len().min(second.len()).div_ceil(2);
            take(first.into_iter().step_by(2).take(each).collect());
            take(second.into_iter().step_by(2).take(each).collect());
        }
        if words.is_empty() {
            return Err(format!("no word in {:?}", from.files));
        }
        u32::try_from(words.len()).map_err(|_| format!("{} words; word numbers have 32 bits", words.len()))?;
        Ok(Self(words))
    }

    /// The keys of the words, each once: what engines of literals look for in the keys of a text. Words of nothing but
    /// signs have none.
    pub fn keys(&self) -> Result<Self> {
        let mut seen = HashSet::new();
        let keys = self.0.iter().filter_map(|word| keys_of_keyword(word));
        let keys: Vec<String> = keys.filter(|keys| seen.insert(keys.clone())).collect();
        if keys.is_empty() { Err("no word has keys: all are signs".into()) } else { Ok(Self(keys)) }
    }

    /// All words, in their order.
    pub fn all(&self) -> &[String] {
        &self.0
    }

    /// Bytes of all words.
    pub fn bytes(&self) -> u64 {
        self.0.iter().map(|word| word.len() as u64).sum()
    }

    /// SHA-256 of the words, each followed by a line feed.
    pub fn sha256(&self) -> String {
        let mut hash = Sha256::new();
        for word in &self.0 {
            hash.update(word);
            hash.update("\n");
        }
        hex(&hash.finalize())
    }

    /// One word a line.
    pub fn to_lines(&self) -> String {
        self.0.iter().flat_map(|word| [word.as_str(), "\n"]).collect()
    }
}

fn read_lists(files: &[PathBuf]) -> Result<Vec<String>> {
    let mut words = Vec::new();
    for file in files {
        let text = read_list(file)?;
        words.extend(
            text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).map(Into::into),
        );
    }
    Ok(words)
}

fn read_list(file: &Path) -> Result<String> {
    let failed = |error: std::io::Error| format!("{}: {error}", file.display());
    let bytes = std::fs::read(file).map_err(failed)?;
    let mut text = String::new();
    if bytes.starts_with(&[0x1F, 0x8B]) {
        flate2::read::MultiGzDecoder::new(&bytes[..]).read_to_string(&mut text).map_err(failed)?;
    } else {
        text = String::from_utf8(bytes).map_err(|error| format!("{}: {error}", file.display()))?;
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(folder: &tempfile::TempDir, name: &str, text: &str) -> PathBuf {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    #[test]
    fn comments_blanks_and_repeats_are_no_words() {
        let folder = tempfile::tempdir().unwrap();
        let files = vec![list(&folder, "a.txt", "# list\nalpha\n\n beta \r\nalpha\n")];
        let words = Words::read(&Halves { files, other: vec![] }).unwrap();
        assert_eq!(words.all(), ["alpha", "beta"]);
        assert_eq!(words.bytes(), 9);
    }

    #[test]
    fn halves_give_as_many_each() {
        let folder = tempfile::tempdir().unwrap();
        let files = vec![list(&folder, "a.txt", "a1\na2\na3\na4\n")];
        let other = vec![list(&folder, "b.txt", "b1\nb2\nb3\nb4\nb5\nb6\nb7\nb8\n")];
        let words = Words::read(&Halves { files, other }).unwrap();
        assert_eq!(words.all(), ["a1", "a3", "b1", "b3"]);
    }

    #[test]
    fn words_that_read_the_same_have_the_same_keys() {
        let folder = tempfile::tempdir().unwrap();
        let files = vec![list(&folder, "a.txt", "Alpha\nａｌｐｈａ\n東京\n☆☆\n")];
        let keys = Words::read(&Halves { files, other: vec![] }).unwrap().keys().unwrap();
        assert_eq!(keys.all().len(), 2, "{:?}", keys.all());
        let signs = vec![list(&folder, "b.txt", "☆☆\n")];
        assert!(Words::read(&Halves { files: signs, other: vec![] }).unwrap().keys().is_err());
    }

    #[test]
    fn a_list_without_words_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let files = vec![list(&folder, "a.txt", "# nothing\n")];
        assert!(Words::read(&Halves { files, other: vec![] }).is_err());
    }
}
