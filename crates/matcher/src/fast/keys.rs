//! A set of hashed keys that is asked about nearly every character of a text: a Bloom filter of one word a key, and behind
//! it the lists of what has each key.
//!
//! A key has two hashes: `place` chooses the word of the filter, `key` is what is looked for in it. Keys that extend one
//! another (a window of three characters and its first two) share the place, so one load answers for both.

use crate::file::{Array, FileError, Reader, Writer};
use crate::groups::Groups;

/// Bits of the filter for each key, for small sets and for large ones: what fits the caches close to the core is worth
/// more than the last false alarm.
const BITS_SMALL: usize = 32;
const BITS_LARGE: usize = 24;
/// Keys from which a set is large.
const LARGE: usize = 32 * 1024;
const SLOT: u32 = 0x27D4_EB2F;
/// Words of the smallest filter, and of one for more keys than a library can have.
const LEAST_WORDS: usize = 64;
const MOST_WORDS: usize = 1 << 28;
/// Slots for five keys: the free ones between end what has to be compared.
const SLOTS_FOR_FIVE: usize = 8;

/// Multipliers of the hashes of windows: of two codes in one number, and of a third one as a number of 16 bits with a
/// sign, as vectors multiply it.
pub(crate) const PAIR: u32 = 0x9E37_79B1;
pub(crate) const THIRD: i32 = 0x6B4B;
/// That of the last two of six letters.
const LAST_TWO: u32 = 0x85EB_CA6B;

/// The hash of two codes.
#[inline]
pub(crate) fn hash2(a: u16, b: u16) -> u32 {
    (u32::from(a) | u32::from(b) << 16).wrapping_mul(PAIR)
}

/// The hash of three codes, by that of the first two.
#[inline]
pub(crate) fn hash3(two: u32, c: u16) -> u32 {
    two.wrapping_add((i32::from(c.cast_signed()) * THIRD).cast_unsigned())
}

/// The hashes of a window of letters, of one, two, three, four or six: the last ones of `word`, a byte each, the last
/// lowest. Windows of four and of six letters share their place.
#[inline]
pub(crate) fn hash_letters(word: u64, length: usize) -> Hashed {
    if length == 6 {
        let place = ((word >> 16) as u32).wrapping_mul(PAIR);
        return Hashed { place, key: place.wrapping_add((word as u32 & 0xFFFF).wrapping_mul(LAST_TWO)) };
    }
    let place = (word as u32 & u32::MAX >> (32 - 8 * length as u32)).wrapping_mul(PAIR);
    Hashed { place, key: place }
}

/// The two hashes of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Hashed {
    pub(crate) place: u32,
    pub(crate) key: u32,
}

/// Lists by hashed key. Different keys may have one hash: what is in a list is still to be compared.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    pub(crate) bloom: Array<u32>,
    pub(crate) bloom_shift: u32,
    /// Open addressing: what tells keys apart, zero where free, and the lists.
    fingers: Array<u16>,
    lists: Array<u32>,
}

/// The two bits of a key in its word of the filter.
#[inline]
fn bits(key: u32) -> u32 {
    let folded = key ^ (key >> 15);
    0x0000_0201_u32.rotate_left(folded & 31) | 0x0020_0001_u32.rotate_left((folded >> 5) & 31)
}

/// How far places are shifted to choose one of so many words, a power of two.
fn shift_of(words: usize) -> u32 {
    32 - words.trailing_zeros()
}

/// The slot of so many from which on a key is looked for, and what tells it from others there.
#[inline]
fn slot_of(key: u32, slots: usize) -> (usize, u16) {
    let slot = (u64::from(key.wrapping_mul(SLOT)) * slots as u64) >> 32;
    (slot as usize, ((key ^ (key >> 16)) as u16).max(1))
}

impl Keys {
    /// Groups items by key. Gives the keys, and the items of each list.
    pub(crate) fn new(items: Vec<(Hashed, u32)>) -> (Self, Groups) {
        let (hashes, lists) = Groups::by_key(items);
        let bits_per_key = if hashes.len() < LARGE { BITS_SMALL } else { BITS_LARGE };
        let words = (hashes.len() * bits_per_key / 32).next_power_of_two().max(LEAST_WORDS);
        let slots = hashes.len() * SLOTS_FOR_FIVE / 5 + 1;
        let bloom_shift = shift_of(words);
        let mut bloom = vec![0; words];
        let (mut fingers, mut numbers) = (vec![0; slots], vec![0; slots]);
        for (hashed, list) in hashes.iter().zip(0_u32..) {
            bloom[(hashed.place >> bloom_shift) as usize] |= bits(hashed.key);
            let (mut slot, finger) = slot_of(hashed.key, slots);
            while fingers[slot] != 0 {
                slot = if slot + 1 == slots { 0 } else { slot + 1 };
            }
            (fingers[slot], numbers[slot]) = (finger, list);
        }
        (Self { bloom: bloom.into(), bloom_shift, fingers: fingers.into(), lists: numbers.into() }, lists)
    }

    /// Gives every list another number.
    pub(crate) fn renumber(&mut self, mut number_of: impl FnMut(u32) -> u32) {
        let number = |(&finger, &list): (&u16, &u32)| if finger == 0 { 0 } else { number_of(list) };
        self.lists = self.fingers.iter().zip(&*self.lists).map(number).collect::<Vec<u32>>().into();
    }

    /// The slot from which on a key is looked for, and what tells it from others there.
    #[inline]
    fn slot(&self, key: u32) -> (usize, u16) {
        slot_of(key, self.fingers.len())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bloom.is_empty()
    }

    /// Whether every place is inside the filter: what kernels rely on.
    pub(crate) fn is_whole(&self) -> bool {
        self.bloom_shift < 32 && self.bloom.len() == 1 << (32 - self.bloom_shift)
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

    /// The lists that a key may have: its own is among them, and rarely that of another.
    #[inline]
    pub(crate) fn lists(&self, key: u32) -> impl Iterator<Item = u32> {
        let (mut slot, finger) = self.slot(key);
        std::iter::from_fn(move || {
            loop {
                let (found, list) = (self.fingers[slot], self.lists[slot]);
                slot = if slot + 1 == self.fingers.len() { 0 } else { slot + 1 };
                if found == finger {
                    return Some(list);
                }
                if found == 0 {
                    return None;
                }
            }
        })
    }

    /// The same, by the filter first. Not for an empty set.
    #[inline]
    pub(crate) fn find(&self, hashed: Hashed) -> impl Iterator<Item = u32> {
        let may_have = Self::may_have(self.word(hashed.place), hashed.key);
        may_have.then(|| self.lists(hashed.key)).into_iter().flatten()
    }

    pub(crate) fn store(&self, name: &str, out: &mut Writer) {
        out.put(format!("{name}.bloom"), &self.bloom);
        out.put(format!("{name}.fingers"), &self.fingers);
        out.put(format!("{name}.lists"), &self.lists);
    }

    /// Reads keys, each of whose lists is one that `is_list`; `limit` says which are.
    pub(crate) fn restore(
        name: &str,
        is_list: impl Fn(u32) -> bool,
        limit: &str,
        file: &mut Reader,
    ) -> Result<Self, FileError> {
        let bloom = file.take::<u32>(format!("{name}.bloom"))?;
        let fingers = file.take::<u16>(format!("{name}.fingers"))?;
        let lists = file.take::<u32>(format!("{name}.lists"))?;
        lists.expect_count(fingers.len())?;
        if bloom.is_empty() {
            fingers.expect_count(0)?;
            return Ok(Self::default());
        }
        let words = bloom.len();
        if !words.is_power_of_two() || !(LEAST_WORDS..=MOST_WORDS).contains(&words) {
            let limit = format!("it must be a power of two from {LEAST_WORDS} to {MOST_WORDS}");
            return Err(bloom.refuse(0, "words of the filter", words, limit));
        }
        // A search of the slots ends at a free one.
        if !fingers.contains(&0) {
            return Err(fingers.refuse(0, "number of free slots", 0, "at least one must be free"));
        }
        let is_wrong = |(finger, list): (&u16, &u32)| *finger != 0 && !is_list(*list);
        if let Some(at) = fingers.iter().zip(&*lists).position(is_wrong) {
            return Err(lists.refuse(at, "place of a list", lists[at], limit));
        }
        let (bloom_shift, bloom) = (shift_of(words), bloom.array());
        Ok(Self { bloom, bloom_shift, fingers: fingers.array(), lists: lists.array() })
    }

    /// Reads keys whose lists are those of groups.
    pub(crate) fn restore_lists(name: &str, lists: &Groups, file: &mut Reader) -> Result<Self, FileError> {
        let count = lists.len();
        Self::restore(name, |list| (list as usize) < count, &format!("the limit is {count}, exclusive"), file)
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        size_of_val(&*self.bloom) + size_of_val(&*self.fingers) + size_of_val(&*self.lists)
    }
}
