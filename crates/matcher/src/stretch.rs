//! Reads a text in stretches of units, so that memory is bounded whatever the record.

use std::ops::Range;

use normalize::{Reader, Reading, Unit};

/// Units that are held at a time, beside what an occurrence may reach.
const SEGMENT: usize = 64 * 1024;

/// Calls `on_stretch(units, bounds)` so that every unit of the text is within the bounds of one call, and all units that
/// an occurrence starting there may reach, and as many before it, are among those of the call.
pub(crate) fn for_each_stretch(
    text: &str,
    reading: Reading,
    reach: usize,
    units: &mut Vec<Unit>,
    mut on_stretch: impl FnMut(&[Unit], Range<usize>),
) {
    units.clear();
    let mut reader = Reader::new(text, 0, reading);
    let mut from = 0;
    loop {
        let has_more = reader.read(units, usize::MAX, SEGMENT + 2 * reach);
        // What starts near the end is left to the next stretch, which holds all that decides about it.
        let limit = if has_more { units.len() - reach } else { units.len() };
        on_stretch(units, from..limit);
        if !has_more {
            return;
        }
        let keep = limit - reach.min(limit);
        units.drain(..keep);
        from = limit - keep;
    }
}
