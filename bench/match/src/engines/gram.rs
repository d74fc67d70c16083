//! The engine of this repository, one row per kernel. A row whose instructions the CPU lacks is missing.

use matcher::gram::{Found, Gram, Kernel, Options, Scratch};

use crate::Result;
use crate::engine::Engine;
use crate::plan::{Mode, Plan};
use crate::tally::Tally;
use crate::words::Words;

/// With AVX-512.
pub fn avx512(words: &Words, plan: &Plan) -> Result<Box<dyn Engine>> {
    build(words, plan, "avx512")
}

/// With AVX2.
pub fn avx2(words: &Words, plan: &Plan) -> Result<Box<dyn Engine>> {
    build(words, plan, "avx2")
}

/// Without instructions that only some CPUs have.
pub fn portable(words: &Words, plan: &Plan) -> Result<Box<dyn Engine>> {
    build(words, plan, "portable")
}

/// Whole words are the engine's own business: it looks for them only where words start, so no hit is checked again.
struct Compiled {
    gram: Gram,
    scratch: Scratch,
}

fn build(words: &Words, plan: &Plan, kernel: &str) -> Result<Box<dyn Engine>> {
    let available = Kernel::available().into_iter().find(|available| available.name() == kernel);
    let kernel =
        available.ok_or_else(|| format!("this CPU has no {kernel}, or not all of it that the kernel needs"))?;
    let options = Options { whole_words: plan.mode == Mode::WholeWord, ..Options::default() };
    let gram = Gram::compile(words.all(), &options).map_err(|error| error.to_string())?;
    Ok(Box::new(Compiled { gram: gram.with_kernel(kernel), scratch: Scratch::default() }))
}

impl Engine for Compiled {
    fn count(&mut self, text: &str, base: u64) -> Tally {
        let mut tally = Tally::default();
        self.gram.find_all(text.as_bytes(), &mut self.scratch, &mut |found: &Found| {
            for (word, _, end) in found.iter() {
                tally.add(word, base + u64::from(end));
            }
        });
        tally
    }

    fn table_bytes(&self) -> usize {
        let stats = self.gram.stats();
        // What hostile text needs is compiled when it comes.
        stats.table_bytes + stats.fallback_bytes
    }

    fn version(&self) -> &'static str {
        env!("CARGO_PKG_VERSION")
    }
}
