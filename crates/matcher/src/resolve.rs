//! From occurrences to hits: allow words, overlaps, order.

use crate::library::Hit;

/// An allow word in the text: it excuses hits of `entry`, or of any entry.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Allowed {
    pub(crate) entry: Option<u32>,
    pub(crate) start: u32,
    pub(crate) end: u32,
}

/// Puts hits in text order, each once, and drops those that an allow word covers.
pub(crate) fn keep_unexcused(hits: &mut Vec<Hit>, allowed: &mut [Allowed]) {
    // The same entry may be seen at a place in several ways; the plainest counts.
    hits.sort_unstable_by_key(|hit| (hit.start, hit.end, hit.entry, hit.level));
    hits.dedup_by_key(|hit| (hit.start, hit.end, hit.entry));
    if !allowed.is_empty() {
        allowed.sort_unstable_by_key(|word| word.start);
        let longest = allowed.iter().map(|word| word.end - word.start).max().unwrap_or(0);
        hits.retain(|hit| !is_excused(hit, allowed, longest));
    }
}

/// Keeps hits that do not overlap: from left to right the one that starts first, and of those the longest.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct LeftmostLongest {
    /// The last hit that was kept, in bytes of the whole text.
    last: Option<(u64, u64)>,
}

impl LeftmostLongest {
    /// Takes the next hits, in text order; their offsets count from byte `base` of the whole text.
    pub(crate) fn keep(&mut self, hits: &mut Vec<Hit>, base: u64) {
        let mut kept = 0;
        let mut at = 0;
        while at < hits.len() {
            // Of the hits that start here only the longest can stay: the last ones of the group.
            let start = hits[at].start;
            let group = hits[at..].iter().take_while(|hit| hit.start == start).count();
            let end = hits[at + group - 1].end;
            let span = (base + u64::from(start), base + u64::from(end));
            if self.last.is_none_or(|last| span.0 >= last.1) {
                self.last = Some(span);
                // Entries that share one text are one hit with several names, not an overlap.
                for index in at..at + group {
                    if hits[index].end == end {
                        hits[kept] = hits[index];
                        kept += 1;
                    }
                }
            }
            at += group;
        }
        hits.truncate(kept);
    }
}

/// Whether one allow word covers all of the hit. `allowed` is sorted by start; none is longer than `longest`.
fn is_excused(hit: &Hit, allowed: &[Allowed], longest: u32) -> bool {
    let reach = allowed.partition_point(|word| word.start <= hit.start);
    let farthest = hit.end.saturating_sub(longest);
    allowed[..reach]
        .iter()
        .rev()
        .take_while(|word| word.start >= farthest)
        .any(|word| word.end >= hit.end && word.entry.is_none_or(|entry| entry == hit.entry))
}
