//! Outlines of objects that this process has read: the plan walks an object, and each of its shards opens it again.
//!
//! Headers lie behind each other, and from a store every step to the next is a request. What a name of a store stands for
//! never changes, so an outline is as good the second time. A damaged one is not kept: what broke it may have been the
//! network.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Outline;
use crate::error::Outcome;
use crate::file::Store;
use crate::options::Limits;

/// Outlines that are kept: some for each file that is being scanned.
const KEPT: usize = 32;
/// What they take together. A record batch takes some 50 bytes.
const KEPT_BYTES: usize = 32 << 20;

/// What an outline depends on.
type Key = (String, Limits);

/// The outlines, those used last in front.
#[derive(Default)]
struct Known {
    outlines: VecDeque<(Key, Outline)>,
}

/// The outline of a store's content: the one that is known of it, or what `read` finds.
pub(super) fn outline_of(store: &Store, limits: &Limits, read: impl FnOnce() -> Outcome<Outline>) -> Outcome<Outline> {
    let Some(content) = store.content() else { return read() };
    let key = (content, *limits);
    let found = known().find(&key);
    if let Some(outline) = found {
        return Ok(outline);
    }
    // Others go on meanwhile; two that come at the same time both read.
    let outline = read()?;
    known().keep(key, &outline);
    Ok(outline)
}

fn known() -> MutexGuard<'static, Known> {
    static KNOWN: Mutex<Known> = Mutex::new(Known { outlines: VecDeque::new() });
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Known {
    fn find(&mut self, key: &Key) -> Option<Outline> {
        let index = self.outlines.iter().position(|(other, _)| other == key)?;
        let found = self.outlines.remove(index)?;
        let outline = found.1.again();
        self.outlines.push_front(found);
        outline
    }

    /// Keeps an outline that is whole and not too large, at the cost of those that were used longest ago.
    fn keep(&mut self, key: Key, outline: &Outline) {
        if outline.bytes() > KEPT_BYTES {
            return;
        }
        let Some(outline) = outline.again() else { return };
        self.outlines.retain(|(other, _)| *other != key);
        self.outlines.push_front((key, outline));
        while self.outlines.len() > KEPT || self.bytes() > KEPT_BYTES {
            self.outlines.pop_back();
        }
    }

    fn bytes(&self) -> usize {
        self.outlines.iter().map(|(_, outline)| outline.bytes()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::super::layout::{Column, Kind, Layout};
    use super::super::walk::{BatchAt, MessageAt};
    use super::*;
    use crate::error::Fault;

    fn outline(batches: usize, damage: Option<Fault>) -> Outline {
        let at = MessageAt { offset: 8, metadata: 8, body: 8 };
        let batches = vec![BatchAt { at, rows: Some(1), dictionaries: 0 }; batches];
        Outline { layout: Layout::default(), batches, dictionaries: Vec::new(), damage }
    }

    fn key(name: usize) -> Key {
        (name.to_string(), Limits::default())
    }

    #[test]
    fn an_outline_is_that_of_its_name_and_limits() {
        let mut known = Known::default();
        known.keep(key(1), &outline(1, None));
        known.keep(key(2), &outline(2, None));
        assert_eq!(known.find(&key(1)).map(|outline| outline.batches.len()), Some(1));
        assert_eq!(known.find(&key(2)).map(|outline| outline.batches.len()), Some(2));
        assert!(known.find(&key(3)).is_none());
        assert!(known.find(&(key(1).0, Limits { metadata_bytes: 1, ..Limits::default() })).is_none());
        known.keep(key(1), &outline(1, None));
        assert_eq!(known.outlines.len(), 2);
    }

    #[test]
    fn damage_is_looked_for_again() {
        let mut known = Known::default();
        known.keep(key(1), &outline(1, Some(Fault::damaged("cut"))));
        assert!(known.find(&key(1)).is_none());
    }

    #[test]
    fn the_number_is_bounded() {
        let mut known = Known::default();
        known.keep(key(0), &outline(1, None));
        for name in 1..2 * KEPT {
            known.keep(key(name), &outline(1, None));
            // What is used stays.
            assert!(known.find(&key(0)).is_some(), "{name}");
        }
        assert_eq!(known.outlines.len(), KEPT);
        assert!(known.find(&key(1)).is_none());
    }

    #[test]
    fn the_memory_is_bounded() {
        let mut known = Known::default();
        let third = KEPT_BYTES / 3 / size_of::<BatchAt>();
        for name in 0..4 {
            known.keep(key(name), &outline(third, None));
            assert!(known.bytes() <= KEPT_BYTES);
        }
        assert!(known.find(&key(0)).is_none() && known.find(&key(3)).is_some());
        known.keep(key(9), &outline(3 * third + 10, None));
        assert!(known.find(&key(9)).is_none() && known.find(&key(3)).is_some());
        // Names of columns count too: a schema may have 16 MiB of them.
        let column = Column { name: "n".repeat(KEPT_BYTES), ..Column::single(Kind::Other) };
        let mut wide = outline(1, None);
        wide.layout.columns.push(column);
        known.keep(key(8), &wide);
        assert!(known.find(&key(8)).is_none());
    }
}
