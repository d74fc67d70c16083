//! From positions to matches: screen, directory, entries, bytes. The same behind every kernel.
//!
//! The steps are separate loops over the candidates of one block, each of which asks the CPU for the memory that the next
//! one reads. A chain of dependent cache misses for each candidate becomes a few that overlap.

use super::Route;
use super::found::{Candidates, Lookup, Output, Scratch};
use super::kernel::{Block, Kernel, prefetch};
use super::keys::{Class, WORD_LETTERS, load64, word_bytes, word_table_key};
use super::table::{ClassSet, Entry, Table};

/// Text in which positions are looked up: all of it, or a padded copy of a part.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View<'v> {
    /// The text, and at least [`PAD`](super::kernel::PAD) bytes behind the last position that is looked at.
    pub(crate) bytes: &'v [u8],
    /// End of the text in `bytes`: matches end here at the latest.
    pub(crate) limit: usize,
    /// Position of `bytes[0]` in the text that the caller gave.
    pub(crate) origin: usize,
}

/// Entries that may be compared in one block for one route, half an entry a byte. Text that needs more (anchors of many
/// patterns, repeated) is given to the automaton, so that the time for a block has a bound.
pub(crate) const WORK_LIMIT: usize = 2048;

/// Looks up the positions of a block that a kernel left in `scratch`, and reports the matches. `false`, and nothing
/// reported, when that would compare more than [`WORK_LIMIT`] entries.
pub(crate) fn verify(
    kernel: Kernel,
    table: &Table,
    route: Route,
    short: ClassSet,
    view: View,
    block: &Block,
    scratch: &mut Scratch,
    output: &mut Output,
) -> bool {
    let Scratch { positions: [positions, long], candidates, lookups, .. } = scratch;
    lookups.clear();
    let mut work = 0;
    let mut screen = |class: Class, positions: &[u16]| {
        kernel.screen(class, table, block, positions, candidates);
        work += look_up(table, class, block, candidates, lookups);
    };
    match route {
        Route::Wide | Route::Ascii => {
            screen(Class::Middle, positions.as_slice());
            screen(Class::Long, long.as_slice());
        }
        Route::Quad => screen(Class::Quad, positions.as_slice()),
        Route::Short => {
            for class in [Class::Short1, Class::Short2, Class::Short3, Class::Short4] {
                if short.has(class) {
                    screen(class, positions.as_slice());
                }
            }
        }
        Route::Word => {
            screen_words(table, block, positions.as_slice(), candidates);
            work += look_up(table, Class::Word, block, candidates, lookups);
        }
    }
    if work > WORK_LIMIT {
        return false;
    }
    for lookup in lookups.iter() {
        for entry in &table.entries()[lookup.from as usize..lookup.to as usize] {
            if (entry.class, entry.tag) == (lookup.class, lookup.tag) {
                compare(table, entry, view, lookup.position as usize, output);
            }
        }
    }
    true
}

/// Finds the entries of candidates. Returns their number.
#[inline(always)]
fn look_up(table: &Table, class: Class, block: &Block, candidates: &Candidates, lookups: &mut Vec<Lookup>) -> usize {
    let Candidates { positions, keys, length } = candidates;
    for &key in &keys[..*length] {
        prefetch(table.directory(), table.bucket(key) as usize);
    }
    let mut work = 0;
    for (&position, &key) in positions[..*length].iter().zip(&keys[..*length]) {
        let (from, to) = table.range(table.bucket(key));
        if from < to {
            prefetch(table.entries(), from as usize);
            work += (to - from) as usize;
            let position = (block.start() + usize::from(position)) as u32;
            lookups.push(Lookup { position, from, to, class: class as u8, tag: key as u8 });
        }
    }
    work
}

fn screen_words(table: &Table, block: &Block, positions: &[u16], out: &mut Candidates) {
    out.length = 0;
    for &position in positions {
        let at = block.start() + usize::from(position);
        let letters = block.bytes()[at..at + WORD_LETTERS].iter();
        let letters = letters.take_while(|byte| byte.is_ascii_alphabetic()).count();
        let key = word_table_key(word_bytes(load64(block.bytes(), at), letters), letters);
        out.push_if(table.may_have(key), position, key);
    }
}

/// Reports the entry if its pattern stands around the window at `position`.
#[inline(always)]
fn compare(table: &Table, entry: &Entry, view: View, position: usize, output: &mut Output) {
    let length = usize::from(entry.length);
    let Some(start) = position.checked_sub(usize::from(entry.offset)) else { return };
    let end = start + length;
    if end > view.limit {
        return;
    }
    let unused = 64 - 8 * length.min(8) as u32;
    if (load64(view.bytes, start) ^ entry.first) << unused != 0 {
        return;
    }
    if length > 8 {
        if load64(view.bytes, end - 8) != entry.last {
            return;
        }
        if length > 16 && view.bytes[start + 8..end - 8] != *table.middle(entry) {
            return;
        }
    }
    if entry.edges == 0 || stands_alone(entry.edges, view, start, end) {
        output.push(entry.id, view.origin + start, view.origin + end);
    }
}

/// Whether the edges that must not touch an ASCII letter do not.
pub(crate) fn stands_alone(edges: u8, view: View, start: usize, end: usize) -> bool {
    let letter_before = start > 0 && view.bytes[start - 1].is_ascii_alphabetic();
    let letter_behind = end < view.limit && view.bytes[end].is_ascii_alphabetic();
    !(edges & Entry::WORD_START != 0 && letter_before) && !(edges & Entry::WORD_END != 0 && letter_behind)
}
