//! The daachorse crate: double arrays over bytes, and over characters, which is the strongest automaton for CJK.

use daachorse::{CharwiseDoubleArrayAhoCorasick, DoubleArrayAhoCorasick};

use super::{locked_version, searcher};
use crate::Result;
use crate::engine::{Engine, Find};
use crate::plan::Plan;
use crate::words::Words;

/// Over bytes.
pub fn bytewise(words: &Words, plan: &Plan) -> Result<Box<dyn Engine>> {
    let automaton = DoubleArrayAhoCorasick::new(words.all()).map_err(|error| error.to_string())?;
    Ok(searcher(Bytewise(automaton), words, plan))
}

/// Over characters.
pub fn charwise(words: &Words, plan: &Plan) -> Result<Box<dyn Engine>> {
    let automaton = CharwiseDoubleArrayAhoCorasick::new(words.all()).map_err(|error| error.to_string())?;
    Ok(searcher(Charwise(automaton), words, plan))
}

struct Bytewise(DoubleArrayAhoCorasick<u32>);

impl Find for Bytewise {
    fn find(&mut self, text: &str, mut on_hit: impl FnMut(u32, usize)) {
        for hit in self.0.find_overlapping_iter(text) {
            on_hit(hit.value(), hit.end());
        }
    }

    fn table_bytes(&self) -> usize {
        self.0.heap_bytes()
    }

    fn version(&self) -> &str {
        locked_version("daachorse")
    }
}

struct Charwise(CharwiseDoubleArrayAhoCorasick<u32>);

impl Find for Charwise {
    fn find(&mut self, text: &str, mut on_hit: impl FnMut(u32, usize)) {
        for hit in self.0.find_overlapping_iter(text) {
            on_hit(hit.value(), hit.end());
        }
    }

    fn table_bytes(&self) -> usize {
        self.0.heap_bytes()
    }

    fn version(&self) -> &str {
        locked_version("daachorse")
    }
}
