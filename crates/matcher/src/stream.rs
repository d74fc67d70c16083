//! Matches a text that arrives in pieces: the hits are those of the whole text.

use std::sync::Arc;

use normalize::{Reader, Unit};

use crate::automaton::Settings;
use crate::cursor::{Cursor, Position, places};
use crate::library::{Combinations, Hit, Library, Scratch};
use crate::resolve::{LeftmostLongest, keep_unexcused};
use crate::spec::{Level, MarkupKind, Overlap};

/// Bytes that are gathered before they are matched, so that small pieces cost little.
const GATHERED: usize = 32 * 1024;
/// Bytes that a tag may take: text is settled only where no `<` before it can still turn out to open one.
const MAX_TAG: usize = 16 * 1024;

/// A hit with its place in the whole text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamHit {
    /// Index of the entry in the library.
    pub entry: u32,
    /// Where it starts.
    pub start: Position,
    /// Where it ends, exclusive.
    pub end: Position,
    /// What was needed to see it.
    pub level: Level,
    /// The hit as it stands in the text. Nothing for a combination whose first part has gone by.
    pub matched: Option<String>,
}

/// A text in the making. Holds back as much of it as a hit, a word that excuses it and their surroundings can reach,
/// and hands out a hit when nothing that is still to come can change it; combinations that a later word may undo come
/// at the end. Memory does not grow with the text.
pub struct Stream {
    library: Arc<Library>,
    settings: Settings,
    combinations: Combinations,
    buffer: String,
    /// The place of the buffer's start in the whole text.
    base: Cursor,
    /// Byte of the buffer before which all that starts there was handed out.
    settled: usize,
    leftmost_longest: LeftmostLongest,
    scratch: Scratch,
    hits: Vec<Hit>,
    units: Vec<Unit>,
}

impl Stream {
    /// A stream of the library's hits.
    pub fn new(library: Arc<Library>) -> Self {
        Self {
            settings: Settings::new(library.options()),
            combinations: Combinations::default(),
            library,
            buffer: String::new(),
            base: Cursor::default(),
            settled: 0,
            leftmost_longest: LeftmostLongest::default(),
            scratch: Scratch::default(),
            hits: Vec::new(),
            units: Vec::new(),
        }
    }

    /// Takes the next piece. Appends the hits that are certain by now, in text order but for combinations.
    pub fn push(&mut self, text: &str, out: &mut Vec<StreamHit>) {
        self.buffer.push_str(text);
        if self.buffer.len() - self.settled >= GATHERED + 8 * self.library.reach() {
            self.settle(false, out);
        }
    }

    /// Ends the text and appends the hits that were held back. The stream is then as new.
    pub fn end(&mut self, out: &mut Vec<StreamHit>) {
        self.settle(true, out);
        *self = Self::new(Arc::clone(&self.library));
    }

    fn settle(&mut self, is_end: bool, out: &mut Vec<StreamHit>) {
        let (limit, keep) = if is_end { (self.buffer.len(), self.buffer.len()) } else { self.certain() };
        if limit <= self.settled && !is_end {
            return;
        }
        let library = Arc::clone(&self.library);
        let mut hits = std::mem::take(&mut self.hits);
        library.collect(&self.buffer, &mut self.scratch, &mut hits);
        let is_new =
            |start: u32| (self.settled..limit).contains(&(start as usize)) || (is_end && start as usize >= limit);
        // Overlaps are resolved over all of the text, which the buffer does not hold.
        keep_unexcused(&mut hits, &mut self.scratch.allowed);
        hits.retain(|hit| is_new(hit.start));
        if library.options().overlap == Overlap::LeftmostLongest {
            self.leftmost_longest.keep(&mut hits, self.base.position.bytes);
        }
        self.hand_out(&hits, out);
        self.scratch.parts.retain(|part| is_new(part.start));
        let mut spans = Vec::new();
        self.combinations.see(&library, &self.buffer, self.base, &self.scratch.parts, &mut spans);
        if is_end {
            self.combinations.end(&mut spans);
        }
        out.extend(spans.into_iter().map(|(entry, (start, end))| {
            let offset = |place: Position| place.bytes.checked_sub(self.base.position.bytes).map(|at| at as usize);
            let held = offset(start).zip(offset(end)).map(|(start, end)| self.buffer[start..end].to_owned());
            StreamHit { entry, start, end, level: Level::Combo, matched: held }
        }));
        self.base.step(&self.buffer[..keep]);
        self.buffer.drain(..keep);
        self.settled = limit - keep;
        hits.clear();
        self.hits = hits;
    }

    /// The byte before which nothing that is still to come changes what starts there, and the byte before which nothing
    /// is needed any more. Both are edges of units, so that reading can start there again.
    fn certain(&mut self) -> (usize, usize) {
        self.units.clear();
        Reader::new(&self.buffer, 0, self.settings.reading).read(&mut self.units, usize::MAX, usize::MAX);
        let open = if self.library.options().markup == MarkupKind::None { 0 } else { 2 * MAX_TAG };
        let closed = self.buffer.len().saturating_sub(open);
        let reach = self.library.reach();
        let count = self.units.partition_point(|unit| (unit.start as usize) < closed);
        let edge = |unit: usize| {
            let edge = self.units[..unit].iter().rev().find(|unit| !unit.is_part() && !unit.is_regional());
            edge.map_or(0, |unit| unit.start as usize)
        };
        let limit = edge(count.saturating_sub(2 * reach));
        let keep = edge(count.saturating_sub(3 * reach)).min(limit);
        (limit.max(self.settled), keep.min(self.settled.max(limit)))
    }

    fn hand_out(&self, hits: &[Hit], out: &mut Vec<StreamHit>) {
        let mut offsets: Vec<u32> = hits.iter().flat_map(|hit| [hit.start, hit.end]).collect();
        offsets.sort_unstable();
        offsets.dedup();
        let places = places(&self.buffer, self.base, &offsets);
        let place = |offset: u32| places[offsets.partition_point(|known| *known < offset)].position;
        out.extend(hits.iter().map(|hit| StreamHit {
            entry: hit.entry,
            start: place(hit.start),
            end: place(hit.end),
            level: hit.level,
            matched: Some(self.buffer[hit.start as usize..hit.end as usize].to_owned()),
        }));
    }
}
