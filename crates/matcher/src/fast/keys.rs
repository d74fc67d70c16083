//! A set of hashed keys that is asked about nearly every character of a text: a Bloom filter of one word a key, and behind
//! it the lists of what has each key.
//!
//! A key has two hashes: `place` chooses the word of the filter, `key` is what is looked for in it. Keys that extend one
//! another (a window of three characters and its first two) share the place, so one load answers for both.

use crate::groups::Groups;

/// Bits of the filter for each key, for small sets and for large ones: what fits the caches close to the core is worth
/// more than the last false alarm.
const BITS_SMALL: usize = 64;
const BITS_LARGE: usize = 24;
/// Keys from which a set is large.
const LARGE: usize = 32 * 1024;
const SLOT: u32 = 0x27D4_EB2F;

/// The two hashes of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Hashed {
    pub(crate) place: u32,
    pub(crate) key: u32,
}

/// Lists by hashed key. Different keys may have one hash: what is in a list is still to be compared.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    pub(crate) bloom: Vec<u32>,
    pub(crate) bloom_shift: u32,
    /// `(key, list + 1)`, zero where free; open addressing.
    slots: Vec<(u32, u32)>,
    slot_shift: u32,
}

/// The two bits of a key in its word of the filter.
#[inline]
fn bits(key: u32) -> u32 {
    let folded = key ^ (key >> 15);
    0x0000_0201_u32.rotate_left(folded & 31) | 0x0020_0001_u32.rotate_left((folded >> 5) & 31)
}

impl Keys {
    /// Groups items by key. Gives the keys, and the items of each list.
    pub(crate) fn new(items: Vec<(Hashed, u32)>) -> (Self, Groups) {
        let (hashes, lists) = Groups::by_key(items);
        let bits_per_key = if hashes.len() < LARGE { BITS_SMALL } else { BITS_LARGE };
        let words = (hashes.len() * bits_per_key / 32).next_power_of_two().max(64);
        let slots = (hashes.len() * 2).next_power_of_two().max(64);
        let mut keys = Self {
            bloom: vec![0; words],
            bloom_shift: 32 - words.trailing_zeros(),
            slots: vec![(0, 0); slots],
            slot_shift: 32 - slots.trailing_zeros(),
        };
        for (hashed, list) in hashes.iter().zip(0_u32..) {
            keys.bloom[(hashed.place >> keys.bloom_shift) as usize] |= bits(hashed.key);
            let mut slot = (hashed.key.wrapping_mul(SLOT) >> keys.slot_shift) as usize;
            while keys.slots[slot].1 != 0 {
                slot = (slot + 1) & (slots - 1);
            }
            keys.slots[slot] = (hashed.key, list + 1);
        }
        (keys, lists)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bloom.is_empty()
    }

    /// The word of the filter for a place.
    #[inline]
    pub(crate) fn word(&self, place: u32) -> u32 {
        self.bloom[(place >> self.bloom_shift) as usize]
    }

    /// Whether a key may be among them, by the word of its place.
    #[inline]
    pub(crate) fn may_have(word: u32, key: u32) -> bool {
        let bits = bits(key);
        word & bits == bits
    }

    /// The list of a key.
    #[inline]
    pub(crate) fn list(&self, key: u32) -> Option<u32> {
        let mut slot = (key.wrapping_mul(SLOT) >> self.slot_shift) as usize;
        loop {
            let (found, list) = self.slots[slot];
            if list == 0 {
                return None;
            }
            if found == key {
                return Some(list - 1);
            }
            slot = (slot + 1) & (self.slots.len() - 1);
        }
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        size_of_val(&*self.bloom) + size_of_val(&*self.slots)
    }
}
