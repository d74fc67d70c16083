//! What an engine found, small enough to compare and to keep out of the way of the clock.

/// Number of hits, and a checksum over them that does not depend on their order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Hits.
    pub hits: u64,
    /// Sum of a hash of (word, end), or of (word, start, end), over all hits.
    pub checksum: u64,
}

const FIRST: u64 = 0x9E37_79B9_7F4A_7C15;
const SECOND: u64 = 0xD6E8_FEB8_6659_FD93;

impl Tally {
    /// Counts a hit of `word` that ends before byte `end` of the whole text.
    #[inline]
    pub fn add(&mut self, word: u32, end: u64) {
        self.add_hash((u64::from(word) << 32 | end).wrapping_mul(FIRST));
    }

    /// Counts a hit of `word` from byte `start` to before byte `end` of the whole text: where a word may be written in
    /// several ways, its end does not tell its start.
    #[inline]
    pub fn add_span(&mut self, word: u32, start: u64, end: u64) {
        let hash = (u64::from(word) << 32 | end).wrapping_mul(FIRST);
        self.add_hash((hash ^ hash >> 32 ^ start).wrapping_mul(FIRST));
    }

    /// Folds and multiplies: sums of products alone would not see two words that swap their ends.
    #[inline]
    fn add_hash(&mut self, hash: u64) {
        self.hits += 1;
        self.checksum = self.checksum.wrapping_add((hash ^ hash >> 32).wrapping_mul(SECOND));
    }

    /// Adds the hits of another part of the text.
    pub fn merge(&mut self, other: Self) {
        self.hits += other.hits;
        self.checksum = self.checksum.wrapping_add(other.checksum);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(hits: &[(u32, u64)]) -> Tally {
        let mut tally = Tally::default();
        for &(word, end) in hits {
            tally.add(word, end);
        }
        tally
    }

    #[test]
    fn order_does_not_count() {
        assert_eq!(tally(&[(1, 10), (2, 20)]), tally(&[(2, 20), (1, 10)]));
    }

    #[test]
    fn word_and_end_belong_together() {
        assert_ne!(tally(&[(1, 10), (2, 20)]), tally(&[(2, 10), (1, 20)]));
        assert_ne!(tally(&[(1, 10), (1, 20)]), tally(&[(1, 11), (1, 19)]));
    }

    #[test]
    fn a_span_is_word_start_and_end() {
        let spans = |hits: &[(u32, u64, u64)]| {
            let mut tally = Tally::default();
            for &(word, start, end) in hits {
                tally.add_span(word, start, end);
            }
            tally
        };
        let hits = [(1, 5, 10), (2, 17, 20)];
        assert_eq!(spans(&hits), spans(&[hits[1], hits[0]]));
        for others in [[(2, 5, 10), (1, 17, 20)], [(1, 17, 10), (2, 5, 20)], [(1, 5, 20), (2, 17, 10)]] {
            assert_ne!(spans(&hits), spans(&others));
        }
    }

    #[test]
    fn merged_parts_are_the_whole() {
        let mut first = tally(&[(1, 10)]);
        first.merge(tally(&[(2, 20), (3, 30)]));
        assert_eq!(first, tally(&[(1, 10), (2, 20), (3, 30)]));
    }
}
