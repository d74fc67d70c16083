//! From positions to matches: screen, directory, entries, bytes. The same behind every kernel.
//!
//! Every step reads memory that is probably not in a cache, so a block goes through them in turns: while it is filtered and
//! screened, the block before it has its entries looked up, and the one before that is compared. Each step asks the CPU for
//! what the next one reads, and there are thousands of cycles until then.

use super::fallback::Fallback;
use super::found::{Batch, Candidates, Lookup, Lookups, Output, Work};
use super::kernel::{Block, ByteMaps, Kernel, bits_from, prefetch};
use super::keys::{Class, WORD_LETTERS, load64, word_bytes, word_table_key};
use super::table::{Entry, Table};

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

impl Batch {
    /// Begins a block.
    pub(crate) fn begin(&mut self, block: &Block) {
        (self.start, self.end) = (block.start(), block.end());
        self.candidates.length = 0;
        self.classes.clear();
        self.lookups.length = 0;
        self.is_hostile = false;
    }

    /// First step: keeps the positions whose window may have entries of this class.
    pub(crate) fn screen(&mut self, kernel: Kernel, class: Class, table: &Table, block: &Block, positions: &[u16]) {
        if positions.is_empty() || self.is_hostile {
            return;
        }
        let from = self.candidates.length;
        kernel.screen(class, table, block, positions, &mut self.candidates);
        self.end_class(class, table, from);
    }

    /// [`Batch::screen`] for starts of words.
    pub(crate) fn screen_words(&mut self, table: &Table, block: &Block, maps: &ByteMaps, positions: &[u16]) {
        let from = self.candidates.length;
        for &position in positions {
            let letters = bits_from(&maps.letters, usize::from(position)).trailing_ones() as usize;
            let letters = letters.min(WORD_LETTERS);
            let eight = load64(block.bytes(), block.start() + usize::from(position));
            let key = word_table_key(word_bytes(eight, letters), letters);
            self.candidates.push_if(table.may_have(key), position, key);
        }
        self.end_class(Class::Word, table, from);
    }

    fn end_class(&mut self, class: Class, table: &Table, from: usize) {
        let Candidates { keys, length, .. } = &self.candidates;
        for &key in &keys[from..*length] {
            prefetch(table.directory(), table.bucket(key) as usize);
        }
        self.classes.push((class, *length));
        self.is_hostile = *length > Candidates::LIMIT;
    }

    /// Second step: finds the entries of the candidates.
    pub(crate) fn look_up(&mut self, table: &Table) {
        let Self { start, candidates: Candidates { positions, keys, .. }, classes, lookups, is_hostile, .. } = self;
        if *is_hostile {
            return;
        }
        let (mut from, mut length) = (0, 0);
        for &(class, to) in &*classes {
            for (&position, &key) in positions[from..to].iter().zip(&keys[from..to]) {
                let position = (*start + usize::from(position)) as u32;
                let mark = Entry::mark_of(class, key);
                let (first, end) = table.range(table.bucket(key));
                let count = (end - first) as usize;
                // Two are written, and as many kept as there are: the number is foreseen badly.
                let room: &mut [Lookup; 2] = lookups.list[length..].first_chunk_mut().expect("room for two");
                *room = [0, 1].map(|next| Lookup { position, entry: first + next, mark });
                prefetch(table.entries(), first as usize);
                prefetch(table.entries(), first as usize + 1);
                if count > 2 {
                    if length + count > Lookups::ENTRY_LIMIT {
                        *is_hostile = true;
                        return;
                    }
                    for (lookup, entry) in lookups.list[length..].iter_mut().zip(first..end) {
                        *lookup = Lookup { position, entry, mark };
                        prefetch(table.entries(), entry as usize);
                    }
                }
                length += count;
            }
            from = to;
        }
        lookups.length = length;
    }

    /// Last step: reports the matches whose window begins in the block.
    #[expect(clippy::needless_bitwise_bool, reason = "a lazy operator would be a branch")]
    pub(crate) fn compare(
        &mut self,
        table: &Table,
        fallback: &Fallback,
        view: View,
        output: &mut Output,
        work: &mut Work,
    ) {
        work.candidates += self.candidates.length as u64;
        if self.is_hostile {
            work.automaton_bytes += fallback.find(table, view, self.start, self.end, false, output);
            return;
        }
        let lookups = &mut self.lookups.list[..self.lookups.length];
        work.patterns += lookups.len() as u64;
        let (mut long, mut long_bytes) = (0, 0);
        for at in 0..lookups.len() {
            let lookup = lookups[at];
            let entry = &table.entries()[lookup.entry as usize];
            let fits = ends_fit(entry, lookup, view);
            let is_settled = (entry.middle_bytes() == 0) & (entry.edges == 0);
            // Where the entry does not fit, these may be no positions at all, and are not kept.
            let start = lookup.position.wrapping_sub(u32::from(entry.offset));
            let end = start.wrapping_add(u32::from(entry.length));
            let [from, to] = [start, end].map(|at| at.wrapping_add(view.origin as u32));
            output.push_if(fits & is_settled, entry.id, from, to);
            if fits & !is_settled {
                if entry.middle_bytes() == 0 {
                    output.push_if(stands_alone(entry.edges, view, start as usize, end as usize), entry.id, from, to);
                } else {
                    lookups[long] = lookup;
                    long += 1;
                    long_bytes += entry.middle_bytes();
                }
            }
        }
        if long_bytes > Lookups::BYTE_LIMIT {
            work.automaton_bytes += fallback.find(table, view, self.start, self.end, true, output);
            return;
        }
        work.bytes += long_bytes as u64;
        for lookup in &lookups[..long] {
            let entry = &table.entries()[lookup.entry as usize];
            let start = lookup.position as usize - usize::from(entry.offset);
            let end = start + usize::from(entry.length);
            let fits = view.bytes[start + 8..end - 8] == *table.middle(entry);
            let is_match = fits && stands_alone(entry.edges, view, start, end);
            output.push_if(is_match, entry.id, (view.origin + start) as u32, (view.origin + end) as u32);
        }
    }
}

/// Whether the entry is of the right class, and its pattern's first and last eight bytes stand around the window. All of
/// it is computed and no part branched on, for most branches would be foreseen badly.
#[inline(always)]
#[expect(clippy::needless_bitwise_bool, reason = "a lazy operator would be a branch")]
fn ends_fit(entry: &Entry, lookup: Lookup, view: View) -> bool {
    let (position, offset, length) = (lookup.position as usize, usize::from(entry.offset), usize::from(entry.length));
    let is_inside = (position >= offset) & (position + length <= view.limit + offset);
    // Outside, any place of the text will do: the answer is no.
    let (start, length) = if is_inside { (position - offset, length) } else { (0, 8) };
    let unused = 64 - 8 * length.min(8) as u32;
    let first = (load64(view.bytes, start) ^ entry.first) << unused;
    let last = load64(view.bytes, start + length.max(8) - 8) ^ entry.last;
    let last = if length > 8 { last } else { 0 };
    is_inside & (entry.mark() == lookup.mark) & (first | last == 0)
}

/// Whether the edges that must not touch an ASCII letter do not.
pub(crate) fn stands_alone(edges: u8, view: View, start: usize, end: usize) -> bool {
    let letter_before = start > 0 && view.bytes[start - 1].is_ascii_alphabetic();
    let letter_behind = end < view.limit && view.bytes[end].is_ascii_alphabetic();
    let touches = (edges & Entry::WORD_START != 0 && letter_before) || (edges & Entry::WORD_END != 0 && letter_behind);
    !touches
}
