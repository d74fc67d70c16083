//! Counts of distinct things in bounded memory. Both sketches merge by union, so any sharding gives the same one.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

/// Registers of a [`DistinctRecords`] sketch: standard error 1.04 / sqrt(4096) = 1.6 %.
pub const REGISTERS: usize = 4096;
const REGISTER_BITS: u32 = REGISTERS.trailing_zeros();
/// Ids that a [`RepeatedIds`] sketch keeps; with fewer distinct ids its counts are exact.
pub const IDS: usize = 4096;

/// `HyperLogLog` (Flajolet et al. 2007) over the hashes of record texts.
#[derive(Debug, Clone)]
pub struct DistinctRecords {
    registers: Vec<u8>,
}

impl Default for DistinctRecords {
    fn default() -> Self {
        Self { registers: vec![0; REGISTERS] }
    }
}

impl DistinctRecords {
    /// Adds a record by the 64-bit hash of its text.
    pub fn add(&mut self, hash: u64) {
        let register = (hash >> (64 - REGISTER_BITS)) as usize;
        // The guard bit bounds the rank by the bits that are left.
        let rank = ((hash << REGISTER_BITS) | (1 << (REGISTER_BITS - 1))).leading_zeros() as u8 + 1;
        self.registers[register] = self.registers[register].max(rank);
    }

    /// The registers as text: base64, after `d:` all of them, after `s:` those that are set as (index, rank) in three
    /// bytes, whichever is shorter.
    pub fn encode(&self) -> String {
        let set = self.registers.iter().filter(|&&rank| rank > 0).count();
        if set * 3 >= REGISTERS {
            return format!("d:{}", BASE64.encode(&self.registers));
        }
        let mut bytes = Vec::with_capacity(set * 3);
        for (index, &rank) in (0_u16..).zip(&self.registers) {
            if rank > 0 {
                bytes.extend_from_slice(&index.to_le_bytes());
                bytes.push(rank);
            }
        }
        format!("s:{}", BASE64.encode(bytes))
    }
}

/// How often record ids repeat: the smallest id hashes with their counts (k minimum values, Beyer et al. 2007).
#[derive(Debug, Clone, Default)]
pub struct RepeatedIds {
    counts: BTreeMap<u64, u32>,
}

impl RepeatedIds {
    /// Adds an id by its 64-bit hash.
    pub fn add(&mut self, hash: u64) {
        if self.counts.len() == IDS && self.counts.last_key_value().is_some_and(|(&last, _)| hash > last) {
            return;
        }
        *self.counts.entry(hash).or_default() += 1;
        if self.counts.len() > IDS {
            self.counts.pop_last();
        }
    }

    /// The kept hashes and counts as base64: 8 bytes of hash, 4 of count, little endian, ascending.
    pub fn encode(&self) -> String {
        let mut bytes = Vec::with_capacity(self.counts.len() * 12);
        for (hash, count) in &self.counts {
            bytes.extend_from_slice(&hash.to_le_bytes());
            bytes.extend_from_slice(&count.to_le_bytes());
        }
        BASE64.encode(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_count_the_leading_zeros_behind_the_register() {
        let mut sketch = DistinctRecords::default();
        sketch.add(0);
        sketch.add(1 << 63);
        sketch.add((1 << 63) | (1 << 51));
        assert_eq!(sketch.registers[0], 53);
        assert_eq!(sketch.registers[2048], 53);
        let mut half = DistinctRecords::default();
        half.add((1 << 63) | (1 << 51));
        assert_eq!(half.registers[2048], 1);
    }

    #[test]
    fn ids_keep_the_smallest_hashes_and_all_their_counts() {
        let mut sketch = RepeatedIds::default();
        for round in 0..3_u64 {
            for hash in 0..2 * IDS as u64 {
                // Visit in an order that differs between rounds: the counts must not depend on it.
                sketch.add((hash * (2 * round + 1)) % (2 * IDS as u64));
            }
        }
        assert_eq!(sketch.counts.len(), IDS);
        assert_eq!(sketch.counts.last_key_value(), Some((&(IDS as u64 - 1), &3)));
        assert!(sketch.counts.values().all(|&count| count == 3));
    }
}
