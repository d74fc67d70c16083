//! Which ASCII windows are chosen so that few positions of a text need a look: a cover of all patterns by few and rare
//! pairs of bytes.
//!
//! The [`Sieve`](super::kernel::Sieve) lets a position pass when its pairs are those of some window. Each pattern needs
//! one window only, so a common pair can be closed when every pattern has another window without it. Pairs are closed
//! from the most common one on, as long as what the sieve saves is more than what the rarer choice of windows costs.

use super::frequency::Frequency;

/// A window that a pattern may be found by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Choice {
    /// Its pattern; choices of one pattern are neighbours.
    pub(crate) pattern: u32,
    /// Expected looks at entries because of it, in [`Frequency`] units.
    pub(crate) cost: u32,
    /// Its pairs, as row * 32 + bit.
    pub(crate) pairs: [u16; 3],
    /// Whether its pairs are open.
    pub(crate) open: bool,
}

/// The number of a pair of bytes.
pub(crate) fn pair(first: u8, second: u8) -> u16 {
    u16::from(first & 31) << 5 | u16::from(second & 31)
}

/// Looks at entries that take as long as the probe of one position.
const PROBES_PER_LOOK: u64 = 64;

/// More choices than this (about a quarter of a million patterns) leave hardly a pair to close.
const MOST_CHOICES: usize = 1 << 21;

/// Closes pairs: choices with a closed pair are no longer open. Each pattern keeps an open choice.
pub(crate) fn close_pairs(choices: &mut [Choice], tables: usize, frequency: &Frequency) {
    if choices.len() > MOST_CHOICES {
        return;
    }
    let pattern_starts = starts_of(choices);
    // The share of ASCII positions that each table lets pass, in 1/1024.
    let mut passing = [1024_u64; 3];
    for _ in 0..2 {
        for table in 0..tables {
            let others: u64 = (0..tables).filter(|other| *other != table).map(|other| passing[other]).product();
            let others_scale = 1024_u64.pow(tables as u32 - 1);
            passing[table] = close_in(choices, &pattern_starts, table, frequency, others.max(1), others_scale);
        }
    }
}

/// Closes pairs of one table. Returns the share of positions that it lets pass, in 1/1024.
fn close_in(
    choices: &mut [Choice],
    pattern_starts: &[u32],
    table: usize,
    frequency: &Frequency,
    others: u64,
    others_scale: u64,
) -> u64 {
    let mut members: Vec<Vec<u32>> = vec![Vec::new(); 1024];
    for (index, choice) in (0..).zip(choices.iter()).filter(|(_, choice)| choice.open) {
        members[usize::from(choice.pairs[table])].push(index);
    }
    let mut by_frequency: Vec<u16> = (0..1024).collect();
    by_frequency.sort_by_key(|&pair| std::cmp::Reverse(frequency.pair(pair)));
    let (mut passing, mut all) = (0, 1);
    for pair in by_frequency {
        let members = &members[usize::from(pair)];
        all += frequency.pair(pair);
        if members.is_empty() {
            continue;
        }
        let saved = frequency.pair(pair) * others / others_scale / PROBES_PER_LOOK;
        if cost_of_closing(choices, pattern_starts, members, table, saved) <= saved {
            for &member in members {
                choices[member as usize].open = false;
            }
        } else {
            passing += frequency.pair(pair);
        }
    }
    passing * 1024 / all
}

/// How much rarer choices cost when a pair is closed; more than `limit` means any number above it.
fn cost_of_closing(choices: &[Choice], pattern_starts: &[u32], members: &[u32], table: usize, limit: u64) -> u64 {
    let mut cost = 0;
    let mut last = None;
    for &member in members {
        let Choice { pattern, pairs, .. } = choices[member as usize];
        if last.replace(pattern) == Some(pattern) {
            continue;
        }
        let from = pattern_starts[pattern as usize] as usize;
        let to = pattern_starts[pattern as usize + 1] as usize;
        let (mut with, mut without) = (u32::MAX, u32::MAX);
        for choice in choices[from..to].iter().filter(|choice| choice.open) {
            with = with.min(choice.cost);
            if choice.pairs[table] != pairs[table] {
                without = without.min(choice.cost);
            }
        }
        if without == u32::MAX {
            return u64::MAX;
        }
        cost += u64::from(without - with);
        if cost > limit {
            break;
        }
    }
    cost
}

/// Where the choices of each pattern begin, and the end of the last.
fn starts_of(choices: &[Choice]) -> Vec<u32> {
    let patterns = choices.last().map_or(0, |choice| choice.pattern as usize + 1);
    let mut starts = vec![0; patterns + 1];
    for choice in choices {
        starts[choice.pattern as usize + 1] += 1;
    }
    let mut sum = 0;
    for start in &mut starts {
        sum += *start;
        *start = sum;
    }
    starts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_pairs_are_closed_and_every_pattern_keeps_a_window() {
        let words = ["theology", "otherness", "leather", "thethethe", "quiet"];
        let mut choices = Vec::new();
        for (pattern, word) in (0..).zip(words) {
            for window in word.as_bytes().windows(4) {
                let pairs = [pair(window[0], window[1]), pair(window[2], window[3]), 0];
                choices.push(Choice { pattern, cost: 1, pairs, open: true });
            }
        }
        close_pairs(&mut choices, 2, &Frequency::shipped());
        for pattern in 0..words.len() as u32 {
            assert!(choices.iter().any(|choice| choice.pattern == pattern && choice.open), "{pattern}");
        }
        let open =
            |first: u8, second: u8| choices.iter().any(|choice| choice.open && choice.pairs[0] == pair(first, second));
        assert!(!open(b't', b'h') || !open(b'h', b'e'), "a common pair that is not needed is closed");
        assert!(choices.iter().filter(|choice| choice.open).count() < choices.len());
    }
}
