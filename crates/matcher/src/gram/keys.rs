//! What a window of bytes is turned into: hashes, bit patterns, classes. Kernels compute the same functions in vectors, so
//! a change here is a change in every kernel.
//!
//! Two families, used one after the other:
//!
//! * **Filter keys** (32 bits, cheap in vector lanes) decide whether a position is worth a look. They may let strangers
//!   pass, never lose a window.
//! * **Table keys** (64 bits, scalar) find the entries of a window. Strangers that pass are stopped by the comparison
//!   of all bytes of the pattern.

/// Reads four bytes, little-endian.
#[inline(always)]
pub(crate) fn load32(bytes: &[u8], at: usize) -> u32 {
    let mut word = [0; 4];
    word.copy_from_slice(&bytes[at..at + 4]);
    u32::from_le_bytes(word)
}

/// Reads eight bytes, little-endian.
#[inline(always)]
pub(crate) fn load64(bytes: &[u8], at: usize) -> u64 {
    let mut word = [0; 8];
    word.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(word)
}

/// Odd multipliers of the filter hashes. Any odd numbers with well spread bits do.
pub(crate) const MUL_LOW: u32 = 0x9E37_79B1;
pub(crate) const MUL_HIGH: u32 = 0x85EB_CA6B;

/// Weights of the bytes 6, 7 and 8 of a long window in [`extend`]. Below 64, so that the sum of two products fits the
/// 16-bit lanes of AVX2; odd, so that the low bits of every byte count.
pub(crate) const EXTEND: [u8; 4] = [61, 37, 53, 0];

/// The bit patterns of a filter key: four bits, chosen so that any two of their 256 rotations share at most two.
pub(crate) const BASES: [u32; 8] =
    [0x0000_C011, 0x0080_1011, 0x0500_8001, 0x0000_4481, 0x0000_4025, 0x0040_0061, 0x0800_0181, 0x0200_0241];

/// Hash of six bytes by two overlapping words of four, of which the second lies two bytes behind the first: no mask is
/// needed. Four bytes are hashed with a second word of 0.
#[inline(always)]
pub(crate) fn filter_hash(low: u32, high: u32) -> u32 {
    low.wrapping_mul(MUL_LOW).wrapping_add(high.wrapping_mul(MUL_HIGH))
}

/// Mixes the good upper bits of a product into the poor lower ones, of which the bit pattern is made.
#[inline(always)]
pub(crate) fn spread(hash: u32) -> u32 {
    hash ^ (hash >> 15)
}

/// Makes the key of a long window from the spread hash of its first six bytes and the word that begins with its seventh,
/// of which three bytes count. ASCII windows have two more bytes, so the third is cleared.
#[inline(always)]
pub(crate) fn extend(spread: u32, word: u32) -> u32 {
    let bytes = word.to_le_bytes();
    let product = |index: usize| u32::from(bytes[index]) * u32::from(EXTEND[index]);
    spread.wrapping_add(product(0) + product(1) + product(2))
}

/// The bits of a key in its filter word.
#[inline(always)]
pub(crate) fn pattern(spread: u32) -> u32 {
    BASES[(spread & 7) as usize].rotate_left(spread >> 3 & 31)
}

/// How the window of a pattern is keyed. The numbers are part of the stored form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Class {
    /// One to four bytes that [`Route::Short`](super::Route) looks for.
    Short1 = 0,
    Short2 = 1,
    Short3 = 2,
    Short4 = 3,
    /// Four ASCII bytes.
    Quad = 4,
    /// Six bytes.
    Middle = 5,
    /// Nine bytes (three characters) for the filter, of which the table takes eight; eight bytes of ASCII.
    Long = 6,
    /// A whole word of ASCII letters: its first eight bytes and its length.
    Word = 7,
}

impl Class {
    pub(crate) const ALL: [Self; 8] =
        [Self::Short1, Self::Short2, Self::Short3, Self::Short4, Self::Quad, Self::Middle, Self::Long, Self::Word];

    /// Bytes of the window that the table key holds.
    pub(crate) const fn key_bytes(self) -> usize {
        match self {
            Self::Short1 => 1,
            Self::Short2 => 2,
            Self::Short3 => 3,
            Self::Short4 | Self::Quad => 4,
            Self::Middle => 6,
            Self::Long | Self::Word => 8,
        }
    }

    /// Multipliers of the two halves of a key: a pair for each class keeps their keys apart.
    pub(crate) const fn multipliers(self) -> [u32; 2] {
        let step = (self as u32).wrapping_mul(0x2545_F492);
        [0xC2B2_AE35_u32.wrapping_add(step), 0x27D4_EB2F_u32.wrapping_add(step.rotate_left(13) & !1)]
    }

    /// Masks of the bytes that belong to the key, as two words of four.
    pub(crate) const fn masks(self) -> [u32; 2] {
        let mask = u64::MAX >> (64 - 8 * self.key_bytes());
        [mask as u32, (mask >> 32) as u32]
    }

    /// The table key of the eight bytes at a window; those behind the window do not count.
    #[inline(always)]
    pub(crate) const fn table_key(self, eight: u64) -> u32 {
        let ([low, high], [low_mask, high_mask]) = (self.multipliers(), self.masks());
        let low = (eight as u32 & low_mask).wrapping_mul(low);
        let high = ((eight >> 32) as u32 & high_mask).wrapping_mul(high);
        let sum = low.wrapping_add(high);
        sum ^ (sum >> 15)
    }
}

/// Bytes of a long window that begins at a character of several bytes.
pub(crate) const WIDE_LONG_BYTES: usize = 9;

/// Words of more letters than this are keyed as if they had this many: enough to tell words apart, and few enough to be
/// seen within one vector.
pub(crate) const WORD_LETTERS: usize = 32;

/// The first eight bytes of a word with those behind its end cleared.
#[inline(always)]
pub(crate) fn word_bytes(eight: u64, letters: usize) -> u64 {
    if letters >= 8 { eight } else { eight & ((1 << (8 * letters)) - 1) }
}

/// Filter hash of a word, by [`word_bytes`] and its number of letters (at most [`WORD_LETTERS`]).
#[inline(always)]
pub(crate) fn word_filter_hash(bytes: u64, letters: usize) -> u32 {
    filter_hash(bytes as u32 ^ (letters as u32).wrapping_mul(0x0101_0101), (bytes >> 32) as u32)
}

/// Table key of a word.
#[inline(always)]
pub(crate) fn word_table_key(bytes: u64, letters: usize) -> u32 {
    Class::Word.table_key(bytes ^ (letters as u64).wrapping_mul(0x0101_0101_0101_0101))
}
