//! A text as engines get it, and what is to be found in it.

use matcher::measure::{Normaliser, compile_automaton};
use matcher::{LibraryError, Scratch};

use crate::Result;
use crate::engine::{Engine, Searcher};
use crate::engines::{nfa, spec_of};
use crate::plan::Mode;
use crate::tally::Tally;
use crate::text::{Text, chunks};
use crate::words::Words;

/// How a text is handed over.
#[derive(Clone, Copy, Debug)]
pub enum Handing {
    /// In one call.
    Whole,
    /// In pieces of about this size, cut at line ends.
    Chunks(usize),
    /// Record by record.
    Records,
    /// Record by record, its keys in place of it: making them is part of it.
    Keys,
}

/// A text, the way in which it is handed over, and what every engine that gets it so must count.
pub struct Course<'t> {
    text: &'t Text,
    handing: Handing,
    /// What is to be found.
    pub expected: Expected,
    /// Says in messages what is searched.
    pub name: &'static str,
}

/// Hits of one copy and of all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    /// In one copy.
    pub copy: Tally,
    /// In the whole text.
    pub whole: Tally,
}

/// What is to be found in the beginning of a text, which other processes get.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExpectedBeginning {
    /// Hits.
    pub found: Tally,
    /// Lines with a hit.
    pub lines: u64,
}

impl<'t> Course<'t> {
    /// The occurrences of words, as `mode` counts them. Found by an engine that is compared with nothing: the
    /// aho-corasick crate, whose automaton says exactly what its words say. `beginning` is the length of the part whose
    /// lines count on their own.
    pub fn of_words(
        words: &Words,
        mode: Mode,
        text: &'t Text,
        handing: Handing,
        beginning: usize,
    ) -> Result<(Self, ExpectedBeginning)> {
        let mut reference = Searcher::new(nfa(words)?, words, mode);
        let (mut expected, mut first) = (Expected::default(), ExpectedBeginning::default());
        // Ends come in order from an automaton, so the line of a hit is never before that of the last one.
        let (mut line_end, bytes) = (0, text.copy().as_bytes());
        reference.hits(text.copy(), |word, end| {
            expected.add(text, |tally, shift| tally.add(word, shift + end as u64));
            if end <= beginning {
                first.found.add(word, end as u64);
                if end > line_end {
                    first.lines += 1;
                    line_end = bytes[end..].iter().position(|&byte| byte == b'\n').map_or(bytes.len(), |at| end + at);
                }
            }
        });
        Ok((Self { text, handing, expected, name: "the text" }, first))
    }

    /// The hits of a keyword library in records. Found by the route that reads every character, which is tested against
    /// brute force.
    pub fn of_library(words: &Words, text: &'t Text) -> Result<Self> {
        let library = compile_automaton(spec_of(words)).map_err(|error: LibraryError| error.to_string())?;
        let (mut scratch, mut hits) = (Scratch::default(), Vec::new());
        let mut expected = Expected::default();
        for (start, record) in text.records_of(1) {
            library.find(record, &mut scratch, &mut hits);
            for hit in &hits {
                let place = |at: u32| start as u64 + u64::from(at);
                expected.add(text, |tally, shift| {
                    tally.add_span(hit.entry, shift + place(hit.start), shift + place(hit.end));
                });
            }
        }
        Ok(Self { text, handing: Handing::Records, expected, name: "the text" })
    }

    /// The occurrences of keys in the keys of records.
    pub fn of_keys(keys: &Words, text: &'t Text) -> Result<Self> {
        let mut reference = Searcher::new(nfa(keys)?, keys, Mode::Exact);
        let mut normaliser = Normaliser::default();
        let mut expected = Expected::default();
        for (start, record) in text.records_of(1) {
            reference.hits(normaliser.keys(record), |word, end| {
                let place = (start + end) as u64;
                expected.add(text, |tally, shift| tally.add(word, shift + place));
            });
        }
        Ok(Self { text, handing: Handing::Keys, expected, name: "the text" })
    }

    /// The same course, called otherwise in messages.
    pub fn named(self, name: &'static str) -> Self {
        Self { name, ..self }
    }

    /// Searches one copy.
    pub fn search_copy(&self, engine: &mut dyn Engine) -> Tally {
        self.search(engine, 1)
    }

    /// Searches the whole text.
    pub fn search_whole(&self, engine: &mut dyn Engine) -> Tally {
        self.search(engine, self.text.copies())
    }

    fn search(&self, engine: &mut dyn Engine, copies: u64) -> Tally {
        let text = self.text.copies_of(copies);
        let mut tally = Tally::default();
        match self.handing {
            Handing::Whole => tally = engine.count(text, 0),
            Handing::Chunks(bytes) => {
                for (start, chunk) in chunks(text, bytes) {
                    tally.merge(engine.count(chunk, start as u64));
                }
            }
            Handing::Records => {
                for (start, record) in self.text.records_of(copies) {
                    tally.merge(engine.count(record, start as u64));
                }
            }
            Handing::Keys => {
                let mut normaliser = Normaliser::default();
                for (start, record) in self.text.records_of(copies) {
                    tally.merge(engine.count(normaliser.keys(record), start as u64));
                }
            }
        }
        tally
    }
}

impl Expected {
    /// Counts a hit of the copy, which is one hit in each copy. `add` adds it, moved by so many bytes.
    fn add(&mut self, text: &Text, add: impl Fn(&mut Tally, u64)) {
        add(&mut self.copy, 0);
        for copy in 0..text.copies() {
            add(&mut self.whole, copy * text.copy().len() as u64);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Halves;

    fn read(folder: &tempfile::TempDir, words: &str, records: &[&str], copies: usize) -> (Words, Text) {
        let (list, shard) = (folder.path().join("words.txt"), folder.path().join("text.jsonl"));
        std::fs::write(&list, words).unwrap();
        let lines: String = records.iter().map(|text| format!("{}\n", serde_json::json!({ "text": text }))).collect();
        std::fs::write(&shard, lines).unwrap();
        let bytes: usize = records.iter().map(|text| text.len() + 1).sum();
        let halves = |file| Halves { files: vec![file], other: vec![] };
        (Words::read(&halves(list)).unwrap(), Text::read(&halves(shard), false, 1, (copies * bytes) as u64).unwrap())
    }

    #[test]
    fn what_is_expected_of_all_copies_is_what_they_hold() {
        let folder = tempfile::tempdir().unwrap();
        let record = "abcab 字\nnone\nb, ab\n字";
        let (words, text) = read(&folder, "ab\nb\nabc\n字\n", &[record], 5);
        assert_eq!(text.copies(), 5);
        for mode in [Mode::Exact, Mode::WholeWord] {
            let beginning = "abcab 字\nnone\nb, ab\n".len();
            let (course, first) = Course::of_words(&words, mode, &text, Handing::Whole, beginning).unwrap();
            let mut search = Searcher::new(nfa(&words).unwrap(), &words, mode);
            assert_eq!(course.expected.whole, search.count(text.whole(), 0));
            assert_eq!(course.expected.copy, search.count(text.copy(), 0));
            assert_eq!(first.found, search.count(&text.copy()[..beginning], 0));
            assert_eq!(first.lines, 2);
            assert_eq!(course.search_whole(&mut search), course.expected.whole);
            let (chunked, _) = Course::of_words(&words, mode, &text, Handing::Chunks(7), 0).unwrap();
            assert_eq!(chunked.search_whole(&mut search), course.expected.whole);
        }
    }

    #[test]
    fn records_have_hits_and_their_keys_candidates() {
        let folder = tempfile::tempdir().unwrap();
        // Written plainly, spaced out, in full width; and within another word, where only the keys have it.
        let records = ["有人走私香烟", "走-私, ＭＡＬＷＡＲＥ", "no malwares", "私走"];
        let (words, text) = read(&folder, "走私\nmalware\n", &records, 3);
        let hits = Course::of_library(&words, &text).unwrap();
        assert_eq!((hits.expected.copy.hits, hits.expected.whole.hits), (3, 9));
        let mut ours = crate::engines::library(&words).unwrap();
        assert_eq!(hits.search_copy(ours.as_mut()), hits.expected.copy);
        assert_eq!(hits.search_whole(ours.as_mut()), hits.expected.whole);

        let keys = words.keys().unwrap();
        let candidates = Course::of_keys(&keys, &text).unwrap();
        assert_eq!(candidates.expected.whole.hits, 12);
        let mut peer = Searcher::new(nfa(&keys).unwrap(), &keys, Mode::Standard);
        assert_eq!(candidates.search_copy(&mut peer), candidates.expected.copy);
        assert_eq!(candidates.search_whole(&mut peer), candidates.expected.whole);

        let made_before = text.keys().unwrap();
        let (alone, _) = Course::of_words(&keys, Mode::Standard, &made_before, Handing::Whole, 0).unwrap();
        assert_eq!(alone.search_whole(&mut peer).hits, 12);
    }
}
