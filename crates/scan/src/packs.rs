//! Windows of feature ids, packed for the device: grouped by length, so that little is padding.

use std::collections::VecDeque;

/// Windows of one batch, padded to one length.
#[derive(Debug, PartialEq, Eq)]
pub struct Pack {
    /// Number of windows.
    pub rows: usize,
    /// Ids per window; shorter ones end in zeros.
    pub length: usize,
    /// Row-major `[rows, length]`.
    pub ids: Vec<i32>,
    /// Which windows: indices into the batch's [`Windows`].
    pub windows: Vec<u32>,
}

/// The windows of one batch: ids in one vector.
#[derive(Debug, Default)]
pub struct Windows {
    ids: Vec<i32>,
    spans: Vec<Span>,
}

#[derive(Debug, Clone, Copy)]
struct Span {
    start: usize,
    count: u32,
    record: u32,
}

impl Windows {
    /// Adds a window of the record with this index in the batch.
    pub fn push(&mut self, record: u32, ids: &[u32]) {
        self.spans.push(Span { start: self.ids.len(), count: ids.len() as u32, record });
        self.ids.extend(ids.iter().map(|&id| id.cast_signed()));
    }

    /// Number of windows.
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// Record of a window.
    pub fn record(&self, window: u32) -> usize {
        self.spans[window as usize].record as usize
    }

    /// Number of ids of a window.
    pub fn count(&self, window: u32) -> u32 {
        self.spans[window as usize].count
    }

    /// Gives the memory of the ids back once they are packed; counts and records stay.
    pub fn drop_ids(&mut self) {
        self.ids = Vec::new();
    }

    fn ids_of(&self, window: u32) -> &[i32] {
        let Span { start, count, .. } = self.spans[window as usize];
        &self.ids[start..][..count as usize]
    }

    /// Packs all windows, shortest first, with up to `most_ids` in each, padding with them: that bounds the memory of
    /// one device call. A window that is longer is a pack of its own. O(n log n) in the number of windows.
    pub fn pack(&self, most_ids: usize) -> VecDeque<Pack> {
        let mut order: Vec<u32> = (0..self.len() as u32).collect();
        order.sort_by_key(|&window| self.count(window));
        let mut packs = VecDeque::new();
        let mut at = 0;
        while at < order.len() {
            // The longest window that still fits decides the length of the pack.
            let mut end = at + 1;
            while end < order.len() && self.count(order[end]) as usize * (end + 1 - at) <= most_ids {
                // Padding more than a quarter of a window costs more than another call.
                if self.count(order[end]) > self.count(order[at]) + self.count(order[at]) / 4 + 16 {
                    break;
                }
                end += 1;
            }
            let windows = order[at..end].to_vec();
            let length = self.count(order[end - 1]) as usize;
            let mut ids = vec![0; windows.len() * length];
            for (row, &window) in ids.chunks_exact_mut(length.max(1)).zip(&windows) {
                let from = self.ids_of(window);
                row[..from.len()].copy_from_slice(from);
            }
            packs.push_back(Pack { rows: windows.len(), length, ids, windows });
            at = end;
        }
        packs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST_IDS: usize = 10_000;

    #[test]
    fn every_window_is_packed_once_and_padded_with_zeros() {
        let mut windows = Windows::default();
        for record in 0..500_u32 {
            let length = 1 + record * 7919 % 1500;
            let ids: Vec<u32> = (0..length).map(|i| 1 + (record + i) % 1000).collect();
            windows.push(record, &ids);
        }
        let mut seen = vec![false; windows.len()];
        for pack in windows.pack(MOST_IDS) {
            assert!(pack.ids.len() <= MOST_IDS);
            assert_eq!(pack.ids.len(), pack.rows * pack.length);
            for (row, &window) in pack.ids.chunks_exact(pack.length).zip(&pack.windows) {
                assert!(!std::mem::replace(&mut seen[window as usize], true));
                let (ids, padding) = row.split_at(windows.count(window) as usize);
                assert_eq!(ids, windows.ids_of(window));
                assert!(padding.iter().all(|&id| id == 0));
            }
        }
        assert!(seen.iter().all(|&seen| seen));
    }
}
