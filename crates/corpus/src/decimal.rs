//! Whether a decimal has no more digits than its type allows: for columns that are only checked.

/// The magnitude that a decimal of some digits stays below, as 256 bits, lowest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Digits([u64; 4]);

impl Digits {
    /// At most 76 digits, as many as fit 256 bits; `None` for more, or for none.
    pub(crate) fn new(precision: u32) -> Option<Self> {
        if !(1..=76).contains(&precision) {
            return None;
        }
        let mut limbs = [1, 0, 0, 0];
        for _ in 0..precision {
            let mut carry = 0;
            for limb in &mut limbs {
                let product = u128::from(*limb) * 10 + carry;
                *limb = product as u64;
                carry = product >> 64;
            }
        }
        Some(Self(limbs))
    }

    /// A number in two's complement, lowest byte first. More than 32 bytes fit no decimal.
    pub(crate) fn fit_le(self, bytes: impl DoubleEndedIterator<Item = u8> + ExactSizeIterator) -> bool {
        let length = bytes.len();
        if length > 32 {
            return false;
        }
        let mut stored = [0; 32];
        for (target, byte) in stored.iter_mut().zip(bytes) {
            *target = byte;
        }
        let negative = length > 0 && stored[length - 1] & 0x80 != 0;
        if negative {
            stored[length..].fill(0xFF);
        }
        let mut limbs = [0; 4];
        for (limb, eight) in limbs.iter_mut().zip(stored.as_chunks::<8>().0) {
            *limb = u64::from_le_bytes(*eight);
        }
        if negative {
            let mut carry = true;
            for limb in &mut limbs {
                (*limb, carry) = (!*limb).overflowing_add(u64::from(carry));
            }
        }
        limbs.iter().rev().lt(self.0.iter().rev())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_counted() {
        let two = Digits::new(2).unwrap();
        for (number, fits) in [(0_i64, true), (99, true), (100, false), (-99, true), (-100, false), (i64::MIN, false)] {
            assert_eq!(two.fit_le(number.to_le_bytes().into_iter()), fits, "{number}");
            assert_eq!(two.fit_le(number.to_be_bytes().into_iter().rev()), fits, "{number}");
            assert_eq!(two.fit_le(i128::from(number).to_le_bytes().into_iter()), fits, "{number}");
        }
        let most = Digits::new(38).unwrap();
        assert!(most.fit_le((10_i128.pow(38) - 1).to_le_bytes().into_iter()));
        assert!(!most.fit_le(10_i128.pow(38).to_le_bytes().into_iter()));
        assert!(!most.fit_le(i128::MIN.to_le_bytes().into_iter()));
        assert!(Digits::new(76).unwrap().fit_le([0xFF; 32].into_iter()));
        assert!(!Digits::new(76).unwrap().fit_le([0x7F; 32].into_iter()));
        assert!(!Digits::new(76).unwrap().fit_le([0; 33].into_iter()));
        assert!(Digits::new(76).unwrap().fit_le([].into_iter()));
        assert_eq!(Digits::new(0), None);
        assert_eq!(Digits::new(77), None);
    }
}
