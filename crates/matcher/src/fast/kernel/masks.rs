//! What the words of a text can be known from without looking at its characters: where its letters, signs and spaces are,
//! 64 bytes at a time, a bit for each.

use crate::align::{MAX_SEPARATORS, MAX_SEPARATORS_WIDE};
use crate::fast::words::Sink;

/// Bytes of a step.
pub(crate) const STEP: usize = 64;

/// Where the kinds of characters are in a step.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Masks {
    pub(crate) letters: u64,
    /// What may be read as a letter, or left out: digits, some signs, most of what is beyond ASCII, control characters.
    pub(crate) readable: u64,
    /// The digits and signs of ASCII among them.
    pub(crate) numerals: u64,
    /// What ends chunks: white space of ASCII, ideographs.
    pub(crate) spaces: u64,
    pub(crate) escapes: u64,
    /// Letters that are the same as the one before.
    pub(crate) repeats: u64,
}

/// Bytes beyond ASCII of which a step has many.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Beyond {
    /// First bytes of the ideographs from U+5000 to U+9FFF.
    pub(crate) ideographs: u64,
    /// `E2`, `80` and `90` to `9F`: in this order a dash or quotation mark, U+2010 to U+201F.
    pub(crate) quote_bytes: [u64; 3],
}

impl Masks {
    /// Takes what beyond ASCII is known for sure from what may be read as letters. `previous`: the step before.
    pub(crate) fn settle(&mut self, beyond: Beyond, previous: Beyond) {
        let all = |leads: u64, previous: u64| leads | before(leads, previous, 1) | before(leads, previous, 2);
        let ideographs = all(beyond.ideographs, previous.ideographs);
        // Marks that go over from step to step stay unknown.
        let [first, second, third] = beyond.quote_bytes;
        let last = first << 2 & second << 1 & third;
        let quotes = last | last >> 1 | last >> 2;
        self.readable &= !(ideographs | quotes);
        self.spaces |= ideographs;
    }
}

/// `mask` moved by `by` bytes to the left or right, with what comes in from the steps around it.
pub(crate) fn before(mask: u64, previous: u64, by: u32) -> u64 {
    mask << by | previous >> (64 - by)
}

pub(crate) fn behind(mask: u64, next: u64, by: u32) -> u64 {
    mask >> by | next << (64 - by)
}

/// Looks for chunks that may show another word than letters in a row, step by step. At least one byte of each is told:
/// `words.rs` says which do.
#[derive(Debug)]
pub(crate) struct Suspects {
    pub(crate) has_numerals: bool,
    /// Most bytes from a character that stands by itself to the next.
    farthest: u32,
    previous: Masks,
    /// Letters of the step before that stand by themselves, and what may be read as one.
    alone: u64,
    /// Whether a run of what is neither letter nor space goes on that started behind a letter, or has something readable.
    is_behind_letter: bool,
    is_behind_readable: bool,
    /// What was found readable behind letters.
    found: u64,
}

impl Suspects {
    pub(crate) fn new(has_numerals: bool, is_wide: bool) -> Self {
        Self {
            has_numerals,
            // A separator has three bytes at most, but for those that are readable.
            farthest: 3 * if is_wide { MAX_SEPARATORS_WIDE } else { MAX_SEPARATORS } as u32 + 1,
            previous: Masks { spaces: u64::MAX, ..Masks::default() },
            alone: 0,
            is_behind_letter: false,
            is_behind_readable: false,
            found: 0,
        }
    }

    /// Looks at the step at byte `at`, which follows the one before.
    pub(crate) fn step(&mut self, at: usize, here: &Masks, next: &Masks, sink: &mut impl Sink) {
        each_bit(here.escapes, |bit| sink.escape(at + bit));
        let Masks { letters, readable, spaces, repeats, .. } = *here;
        let between = !(letters | spaces);
        // Adding a bit to a run of ones clears those from it on and sets the one behind.
        let behind_letter = before(letters, self.previous.letters, 1) & between;
        let (sum, over) = between.overflowing_add(behind_letter);
        let (sum, over_too) = sum.overflowing_add(u64::from(self.is_behind_letter));
        self.is_behind_letter = over | over_too;
        let (from_readable, over) = between.overflowing_add(between & readable);
        let (from_readable, over_too) = from_readable.overflowing_add(u64::from(self.is_behind_readable));
        self.is_behind_readable = over | over_too;
        // Letters behind what is readable, and what is readable behind letters; one of a group is enough.
        let read = between & !sum & readable;
        let mut suspects = from_readable & !between & letters | read & !before(read, self.found, 1);
        self.found = read;
        // The third of three equal letters.
        suspects |= repeats & before(repeats, self.previous.repeats, 1);
        suspects |= self.spelled(here, next);
        if self.has_numerals {
            suspects |= here.numerals;
        }
        let joined = sum & !between & letters & !suspects;
        // In the order of the text, in which the sink keeps what it has seen.
        each_bit(suspects | joined, |bit| {
            let pair = if joined >> bit & 1 != 0 { Pair::at(bit as u32, [&self.previous, here, next]) } else { None };
            match pair {
                Some(Pair { first, gap, second }) => {
                    let start = at + bit - gap - first;
                    sink.pair((start, start + first), (at + bit, at + bit + second));
                }
                None => sink.suspect(at + bit),
            }
        });
        self.previous = *here;
    }

    /// Letters by themselves, between others by themselves or near something readable.
    fn spelled(&mut self, here: &Masks, next: &Masks) -> u64 {
        let alone_in = |letters: u64, previous: u64, next: u64| {
            letters & !before(letters, previous, 1) & !behind(letters, next, 1)
        };
        let single = alone_in(here.letters, self.previous.letters, next.letters);
        let alone = single | here.readable;
        let previous = std::mem::replace(&mut self.alone, alone);
        if single == 0 {
            return 0;
        }
        let following = alone_in(next.letters, here.letters, 0) | next.readable;
        let is_behind = |alone: u64, previous: u64| {
            let near = spread(u128::from(alone) << 64 | u128::from(previous), self.farthest, |near, by| near << by);
            (near >> 64) as u64
        };
        let is_before = |alone: u64, next: u64| {
            let near = spread(u128::from(next) << 64 | u128::from(alone), self.farthest, |near, by| near >> by);
            near as u64
        };
        let is_between = is_behind(alone, previous) & is_before(alone, following);
        let is_near_readable =
            is_behind(here.readable, self.previous.readable) | is_before(here.readable, next.readable);
        single & (is_between | is_near_readable)
    }
}

/// The bits that are one to `farthest` places from one of `mask`.
fn spread(mask: u128, farthest: u32, shift: impl Fn(u128, u32) -> u128) -> u128 {
    let mut near = shift(mask, 1);
    let mut reach = 1;
    while reach < farthest {
        let by = reach.min(farthest - reach);
        near |= shift(near, by);
        reach += by;
    }
    near
}

/// A chunk of two pieces of letters and plain signs: the bytes of the first piece, of what joins them, of the second.
#[derive(Debug)]
struct Pair {
    first: usize,
    gap: usize,
    second: usize,
}

impl Pair {
    /// The pair whose second piece starts at `bit` of the middle one of three steps, if its chunk is nothing else.
    #[inline]
    fn at(bit: u32, [previous, here, next]: [&Masks; 3]) -> Option<Self> {
        let on = |here: u64, next: u64| (u128::from(next) << 64 | u128::from(here)) >> bit;
        let back = |here: u64, previous: u64| (u128::from(here) << 64 | u128::from(previous)) << (64 - bit);
        let (letters, end) = (on(here.letters, next.letters), on(here.spaces, next.spaces).trailing_zeros());
        let second = (!letters).trailing_zeros();
        let is_second = letters & ((1_u128.checked_shl(end)?) - 1) == (1 << second) - 1;
        let (letters, start) =
            (back(here.letters, previous.letters), back(here.spaces, previous.spaces).leading_zeros());
        let gap = letters.leading_zeros();
        // Nothing but signs may be in front as far as is seen.
        let first = (!letters.checked_shl(gap)?).leading_zeros();
        // What is in front of the first piece up to the space.
        let rest = letters.checked_shl(gap + first)? & !u128::MAX.checked_shr(start.checked_sub(gap + first)?)?;
        let is_plain = on(here.readable, next.readable) & (1_u128.checked_shl(end)? - 1) == 0
            && back(here.readable, previous.readable) & !u128::MAX.checked_shr(start)? == 0;
        (is_second && rest == 0 && is_plain).then_some(Self {
            first: first as usize,
            gap: gap as usize,
            second: second as usize,
        })
    }
}

/// Calls `on_bit` with the place of each bit that is set.
#[inline]
pub(crate) fn each_bit(mut mask: u64, mut on_bit: impl FnMut(usize)) {
    while mask != 0 {
        on_bit(mask.trailing_zeros() as usize);
        mask &= mask - 1;
    }
}

#[cfg(test)]
pub(super) mod tests {
    use normalize::{Class, tables};

    use super::*;
    use crate::fast::kernel::tests::texts;
    use crate::fast::words::{kinds, kinds_of_ascii};
    use crate::letters::leet;

    /// The kinds of all steps of a text, byte by byte, up to the one behind its end.
    pub(crate) fn plain_masks(text: &[u8]) -> Vec<Masks> {
        let of_ascii = kinds_of_ascii();
        let byte_at = |at: usize| text.get(at).copied().unwrap_or(b' ');
        let mut before = Beyond::default();
        let masks_at = |at: usize| {
            let mask = |is: &dyn Fn(usize, u8) -> bool| {
                (0..STEP).map(|bit| u64::from(is(at + bit, byte_at(at + bit))) << bit).sum::<u64>()
            };
            let any = |kinds: u8| mask(&|_, byte| byte.is_ascii() && of_ascii[usize::from(byte)] & kinds != 0);
            let numerals = any(kinds::DIGIT | kinds::LEET);
            let mut masks = Masks {
                letters: any(kinds::LETTER),
                readable: numerals | any(kinds::HIDDEN) | mask(&|_, byte| !byte.is_ascii()),
                numerals,
                spaces: mask(&|_, byte| byte.is_ascii() && of_ascii[usize::from(byte)] == 0),
                escapes: any(kinds::ESCAPE),
                repeats: mask(&|at, byte| {
                    byte.is_ascii_alphabetic() && at > 0 && byte_at(at - 1).eq_ignore_ascii_case(&byte)
                }),
            };
            let beyond = Beyond {
                ideographs: mask(&|_, byte| matches!(byte, 0xE5..=0xE9)),
                quote_bytes: [
                    mask(&|_, byte| byte == 0xE2),
                    mask(&|_, byte| byte == 0x80),
                    mask(&|_, byte| matches!(byte, 0x90..=0x9F)),
                ],
            };
            masks.settle(beyond, std::mem::replace(&mut before, beyond));
            masks
        };
        (0..=text.len()).step_by(STEP).map(masks_at).collect()
    }

    /// A kernel reads the kinds of every step as they are read byte by byte. `read`: those of a whole text.
    pub(crate) fn reads_plain_masks(read: impl Fn(&[u8]) -> Vec<Masks>) {
        for text in texts() {
            assert_eq!(read(text.as_bytes()), plain_masks(text.as_bytes()), "{text:?}");
        }
    }

    #[test]
    fn what_is_settled_by_its_bytes_is_of_that_class() {
        for c in '\u{5000}'..='\u{9FFF}' {
            assert_eq!(tables().info(c).class(), Class::Free, "{c}");
        }
        for c in '\u{2010}'..='\u{201F}' {
            assert!(tables().info(c).class() == Class::Symbol && leet(c).is_empty(), "{c}");
        }
    }
}
