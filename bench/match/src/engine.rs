//! What all engines have in common: they are built from words, and count hits in text.

use crate::plan::Mode;
use crate::tally::Tally;
use crate::words::Words;

/// A compiled engine, as the clock sees it.
///
/// The clock stands around [`Engine::count`] and what hands the text over; see [`crate::course::Course`].
pub trait Engine {
    /// Counts the hits in a text. `base` is where it starts in the whole, so that the ends of chunks agree with those
    /// of one call.
    fn count(&mut self, text: &str, base: u64) -> Tally;

    /// Bytes that the compiled words take, by the engine's own account.
    fn table_bytes(&self) -> usize;

    /// Version of the engine or of the library it is bound to.
    fn version(&self) -> &str;
}

/// A search for all occurrences of all words, overlapping ones too, in any order.
pub trait Find {
    /// Calls `on_hit` with the word and the end of each occurrence.
    fn find(&mut self, text: &str, on_hit: impl FnMut(u32, usize));

    /// See [`Engine::table_bytes`].
    fn table_bytes(&self) -> usize;

    /// See [`Engine::version`].
    fn version(&self) -> &str;
}

/// An engine that knows occurrences only: what a hit is by [`Mode`] is decided hit by hit.
pub struct Searcher<F> {
    find: F,
    mode: Mode,
    lengths: Vec<u32>,
}

impl<F: Find> Searcher<F> {
    /// Puts the mode's decision behind a search.
    pub fn new(find: F, words: &Words, mode: Mode) -> Self {
        // A word is a line of a file that was read into memory, and its number fits 32 bits; so does its length.
        let lengths = words.all().iter().map(|word| word.len() as u32).collect();
        Self { find, mode, lengths }
    }

    /// Calls `on_hit` with the word and the end of each hit.
    pub fn hits(&mut self, text: &str, mut on_hit: impl FnMut(u32, usize)) {
        match self.mode {
            // What `standard` means beyond the occurrence of keys is not for an engine of literals.
            Mode::Exact | Mode::Standard => self.find.find(text, on_hit),
            Mode::WholeWord => {
                let (bytes, lengths) = (text.as_bytes(), &self.lengths);
                self.find.find(text, |word, end| {
                    if is_whole_word(bytes, end - lengths[word as usize] as usize, end) {
                        on_hit(word, end);
                    }
                });
            }
        }
    }
}

impl<F: Find> Engine for Searcher<F> {
    fn count(&mut self, text: &str, base: u64) -> Tally {
        let mut tally = Tally::default();
        self.hits(text, |word, end| tally.add(word, base + end as u64));
        tally
    }

    fn table_bytes(&self) -> usize {
        self.find.table_bytes()
    }

    fn version(&self) -> &str {
        self.find.version()
    }
}

/// Whether no end of `start..end` that is an ASCII letter touches another ASCII letter. Other characters, CJK with
/// them, are free: the mode is about words between spaces, and the same for every engine.
fn is_whole_word(text: &[u8], start: usize, end: usize) -> bool {
    let letter = |at: usize| text.get(at).is_some_and(u8::is_ascii_alphabetic);
    let joined_before = start > 0 && letter(start) && letter(start - 1);
    let joined_behind = letter(end - 1) && letter(end);
    !joined_before && !joined_behind
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_ends_where_letters_end() {
        let whole = |text: &str, word: &str| {
            let start = text.find(word).unwrap();
            is_whole_word(text.as_bytes(), start, start + word.len())
        };
        assert!(whole("an ass.", "ass"));
        assert!(whole("ass", "ass"));
        assert!(whole("3ass汉", "ass"));
        assert!(!whole("class", "ass"));
        assert!(!whole("assert", "ass"));
        assert!(whole("一个汉字", "汉"));
        // Each end stands for itself: "c++" ends with no letter.
        assert!(whole("in c++x", "c++"));
        assert!(!whole("abc++x", "c++"));
    }
}
