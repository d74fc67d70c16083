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
    registers: Registers,
}

/// A shard may have many sources of few records.
#[derive(Debug, Clone)]
enum Registers {
    /// Those that are set, by index.
    Few(BTreeMap<u16, u8>),
    All(Vec<u8>),
}

/// Registers that are set before all of them are kept: about what a map of them takes.
const FEW: usize = 256;

impl Default for DistinctRecords {
    fn default() -> Self {
        Self { registers: Registers::Few(BTreeMap::new()) }
    }
}

impl DistinctRecords {
    /// Adds a record by the 64-bit hash of its text.
    pub fn add(&mut self, hash: u64) {
        let register = (hash >> (64 - REGISTER_BITS)) as usize;
        // The guard bit bounds the rank by the bits that are left.
        let rank = ((hash << REGISTER_BITS) | (1 << (REGISTER_BITS - 1))).leading_zeros() as u8 + 1;
        match &mut self.registers {
            Registers::Few(few) => {
                let kept = few.entry(register as u16).or_default();
                *kept = rank.max(*kept);
                if few.len() > FEW {
                    let mut all = vec![0; REGISTERS];
                    for (&register, &rank) in &*few {
                        all[usize::from(register)] = rank;
                    }
                    self.registers = Registers::All(all);
                }
            }
            Registers::All(all) => all[register] = rank.max(all[register]),
        }
    }

    /// The registers as text: base64, after `d:` all of them, after `s:` those that are set as (index, rank) in three
    /// bytes, whichever is shorter.
    pub fn encode(&self) -> String {
        let set: Vec<(u16, u8)> = match &self.registers {
            Registers::Few(few) => few.iter().map(|(&register, &rank)| (register, rank)).collect(),
            Registers::All(all) => (0..).zip(all.iter().copied()).filter(|&(_, rank)| rank > 0).collect(),
        };
        if let Registers::All(all) = &self.registers
            && set.len() * 3 >= REGISTERS
        {
            return format!("d:{}", BASE64.encode(all));
        }
        let mut bytes = Vec::with_capacity(set.len() * 3);
        for (register, rank) in set {
            bytes.extend_from_slice(&register.to_le_bytes());
            bytes.push(rank);
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
        assert_eq!(sketch.encode(), format!("s:{}", BASE64.encode([0, 0, 53, 0, 8, 53])));
        let mut half = DistinctRecords::default();
        half.add((1 << 63) | (1 << 51));
        assert_eq!(half.encode(), format!("s:{}", BASE64.encode([0, 8, 1])));
    }

    #[test]
    fn few_and_all_registers_are_one_sketch() {
        let hashes = |count: u64| (0..count).map(|n| (n + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        for count in [10, 255, 256, 257, 300, 2000, 20_000] {
            let mut registers = vec![0; REGISTERS];
            let mut sketch = DistinctRecords::default();
            for hash in hashes(count) {
                sketch.add(hash);
                let rank = ((hash << REGISTER_BITS) | (1 << (REGISTER_BITS - 1))).leading_zeros() as u8 + 1;
                let register = &mut registers[(hash >> (64 - REGISTER_BITS)) as usize];
                *register = rank.max(*register);
            }
            let all = DistinctRecords { registers: Registers::All(registers) };
            assert_eq!(sketch.encode(), all.encode(), "{count} records");
        }
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
