//! The two integer encodings of Parquet that text needs: runs and bit-packed groups (levels, keys), and deltas (lengths).

use bytes::Bytes;

use crate::error::{Fault, Outcome};

/// Runs and bit-packed groups of integers of up to 32 bits.
pub(crate) struct Hybrid {
    bytes: Bytes,
    at: usize,
    width: u32,
    /// Values left of the present run, and which.
    repeat: u64,
    value: u32,
    /// Values left of the present packed groups, and the next one's first bit.
    packed: u64,
    bit: usize,
}

impl Hybrid {
    /// `width` bits per value, 0 to 32.
    pub(crate) fn new(bytes: Bytes, width: u32) -> Self {
        Self { bytes, at: 0, width, repeat: 0, value: 0, packed: 0, bit: 0 }
    }

    pub(crate) fn next(&mut self) -> Outcome<u32> {
        loop {
            if self.repeat > 0 {
                self.repeat -= 1;
                return Ok(self.value);
            }
            if self.packed > 0 {
                self.packed -= 1;
                let value = bits(&self.bytes, self.bit, self.width).ok_or_else(short)?;
                self.bit += self.width as usize;
                if self.packed == 0 {
                    self.at = self.bit.div_ceil(8);
                }
                return Ok(value as u32);
            }
            self.head()?;
        }
    }

    /// Starts the next run or group.
    fn head(&mut self) -> Outcome<()> {
        let head = varint(&self.bytes, &mut self.at)?;
        if head & 1 == 1 {
            // The last group may be cut short where no value is left; running past the end is noticed there.
            self.packed = (head >> 1).checked_mul(8).ok_or_else(short)?;
            self.bit = self.at * 8;
        } else {
            self.repeat = head >> 1;
            let width = self.width.div_ceil(8) as usize;
            let stored = self.bytes.get(self.at..self.at + width).ok_or_else(short)?;
            let mut four = [0; 4];
            four[..width].copy_from_slice(stored);
            self.value = u32::from_le_bytes(four);
            self.at += width;
        }
        Ok(())
    }
}

/// Integers as differences, in blocks of miniblocks (`DELTA_BINARY_PACKED`).
pub(crate) struct Deltas {
    bytes: Bytes,
    at: usize,
    miniblock_values: u64,
    widths: Vec<u8>,
    miniblocks: usize,
    /// The miniblock in use, values left of it, and the next one's first bit.
    miniblock: usize,
    left_in_miniblock: u64,
    bit: usize,
    min_delta: i64,
    value: i64,
    left: u64,
    first: bool,
}

impl Deltas {
    /// `most` is how many values the page can have: the stream's own count is not trusted beyond it.
    pub(crate) fn new(bytes: Bytes, most: u64) -> Outcome<Self> {
        let mut at = 0;
        let block = varint(&bytes, &mut at)?;
        let miniblocks = varint(&bytes, &mut at)?;
        let left = varint(&bytes, &mut at)?;
        let value = zigzag(varint(&bytes, &mut at)?);
        if miniblocks == 0
            || block == 0
            || block % 128 != 0
            || block % miniblocks != 0
            || (block / miniblocks) % 32 != 0
        {
            return Err(Fault::damaged(format!("blocks of {block} deltas in {miniblocks} parts")));
        }
        // The widths of a block take a byte each.
        if miniblocks > bytes.len() as u64 && left > 1 {
            return Err(short());
        }
        if left > most {
            return Err(Fault::damaged(format!("{left} deltas for {most} values")));
        }
        Ok(Self {
            bytes,
            at,
            miniblock_values: block / miniblocks,
            widths: Vec::new(),
            miniblocks: miniblocks as usize,
            miniblock: 0,
            left_in_miniblock: 0,
            bit: 0,
            min_delta: 0,
            value,
            left,
            first: true,
        })
    }

    pub(crate) fn left(&self) -> u64 {
        self.left
    }

    pub(crate) fn next(&mut self) -> Outcome<i64> {
        if self.left == 0 {
            return Err(Fault::damaged("the page has fewer deltas than values"));
        }
        self.left -= 1;
        if self.first {
            self.first = false;
            return Ok(self.value);
        }
        if self.left_in_miniblock == 0 {
            self.open_miniblock()?;
        }
        self.left_in_miniblock -= 1;
        let width = u32::from(self.widths[self.miniblock]);
        let delta = bits(&self.bytes, self.bit, width).ok_or_else(short)?;
        self.bit += width as usize;
        // Writers rely on overflow: differences of any two integers must be possible.
        self.value = self.value.wrapping_add(self.min_delta).wrapping_add(delta.cast_signed());
        Ok(self.value)
    }

    fn open_miniblock(&mut self) -> Outcome<()> {
        self.miniblock += 1;
        if self.miniblock >= self.widths.len() {
            self.min_delta = zigzag(varint(&self.bytes, &mut self.at)?);
            let widths = self.bytes.get(self.at..self.at + self.miniblocks).ok_or_else(short)?;
            // Widths of miniblocks without values may be anything; they are checked when they are used.
            self.widths.clear();
            self.widths.extend_from_slice(widths);
            self.at += self.miniblocks;
            self.miniblock = 0;
        }
        let width = self.widths[self.miniblock];
        if width > 64 {
            return Err(Fault::damaged(format!("deltas of {width} bits")));
        }
        self.bit = self.at * 8;
        self.left_in_miniblock = self.miniblock_values;
        let length = (self.miniblock_values * u64::from(width)).div_ceil(8);
        self.at = usize::try_from(length).ok().and_then(|length| self.at.checked_add(length)).ok_or_else(short)?;
        Ok(())
    }

    /// The bytes behind the stream. Everything that is left is read for it.
    pub(crate) fn rest(mut self) -> Outcome<Bytes> {
        while self.left > 0 {
            self.next()?;
        }
        // The last miniblock in use is stored whole.
        let end = self.at.min(self.bytes.len());
        Ok(self.bytes.slice(end..))
    }

    /// The stream from its beginning again, and the bytes behind it.
    pub(crate) fn split(bytes: &Bytes, most: u64) -> Outcome<(Self, Bytes)> {
        let rest = Self::new(bytes.clone(), most)?.rest()?;
        Ok((Self::new(bytes.clone(), most)?, rest))
    }
}

fn short() -> Fault {
    Fault::damaged("a page ends within its values")
}

fn zigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -((value & 1).cast_signed())
}

pub(super) fn varint(bytes: &[u8], at: &mut usize) -> Outcome<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = *bytes.get(*at).ok_or_else(short)?;
        *at += 1;
        value |= u64::from(byte & 0x7F) << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(Fault::damaged("an integer of more than 64 bits"))
}

/// `width` bits (up to 64) from the bit `from` on, lowest first.
pub(super) fn bits(bytes: &[u8], from: usize, width: u32) -> Option<u64> {
    if width == 0 {
        return Some(0);
    }
    let first = from / 8;
    let shift = (from % 8) as u32;
    let needed = (shift + width).div_ceil(8) as usize;
    let mut sixteen = [0; 16];
    sixteen[..needed].copy_from_slice(bytes.get(first..first.checked_add(needed)?)?);
    let value = (u128::from_le_bytes(sixteen) >> shift) as u64;
    Some(if width == 64 { value } else { value & ((1 << width) - 1) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_and_groups() {
        // Four times 5 in a run of width 3, then 0 to 7 packed (the example of the format's text).
        let mut hybrid = Hybrid::new(Bytes::from_static(&[8, 5, 3, 0b1000_1000, 0b1100_0110, 0b1111_1010]), 3);
        let values: Vec<_> = (0..12).map(|_| hybrid.next().unwrap()).collect();
        assert_eq!(values, [5, 5, 5, 5, 0, 1, 2, 3, 4, 5, 6, 7]);
        assert!(hybrid.next().is_err());
        // A width of 0 needs no bytes.
        let mut zeros = Hybrid::new(Bytes::from_static(&[6]), 0);
        assert_eq!((0..3).map(|_| zeros.next().unwrap()).sum::<u32>(), 0);
        assert!(zeros.next().is_err());
        // A group of 2^60 values in one byte ends at the bytes, not at the claim.
        let mut claim = Hybrid::new(Bytes::from_static(&[0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x1F, 1]), 8);
        assert_eq!(claim.next().unwrap(), 1);
        assert!(claim.next().is_err());
    }

    #[test]
    fn deltas() {
        // 7, 5, 3, 1, 2, 3, 4, 5: the example of the format's text, in blocks of 128 with 4 parts.
        let packed = [128, 1, 4, 8, 14, 3, 2, 0, 0, 0, 0b1100_0000, 0b0011_1111, 0, 0, 0, 0, 0, 0, b'x'];
        let (mut deltas, rest) = Deltas::split(&Bytes::copy_from_slice(&packed), 8).unwrap();
        let values: Vec<_> = (0..8).map(|_| deltas.next().unwrap()).collect();
        assert_eq!(values, [7, 5, 3, 1, 2, 3, 4, 5]);
        assert!(deltas.next().is_err());
        assert_eq!(&rest[..], b"x");
        assert!(Deltas::new(Bytes::copy_from_slice(&packed), 7).is_err());
        assert!(Deltas::new(Bytes::from_static(&[128, 1, 0, 8, 14]), 8).is_err());
        // Blocks of no deltas.
        assert!(Deltas::new(Bytes::from_static(&[0, 4, 8, 14, 3, 2, 0, 0, 0]), 8).is_err());
    }

    #[test]
    fn bits_of_any_width() {
        let bytes: Vec<u8> = (1..=16).collect();
        let whole = u128::from_le_bytes(bytes.clone().try_into().unwrap());
        for from in 0..20 {
            for width in 1..=64_u32 {
                let expected = (whole >> from) & ((1_u128 << width) - 1);
                assert_eq!(bits(&bytes, from, width).map(u128::from), Some(expected), "{from} {width}");
            }
        }
        assert_eq!(bits(&bytes, 121, 8), None);
        assert_eq!(bits(&bytes, 500, 0), Some(0));
    }
}
