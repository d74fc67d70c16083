//! The bytes of an object, fetched in pieces of up to 4 MiB, ahead of the reader where it says what it will read.
//!
//! A piece is kept until others need its room; what is in memory of one open object, and under way, stays within
//! [`HELD_BYTES`] and one piece, whatever is expected. Slices that were handed out keep their piece alive.

use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::{Bytes, BytesMut};

use super::client::{Expected, Pending};
use super::s3::Object;
use crate::error::StoreFault;

/// Largest piece. At 30 ms an answer and 100 MB/s a connection, waiting is under a half of the time for one, and two under
/// way hide it.
const PIECE_BYTES: u64 = 4 << 20;
/// Smallest piece: a header and what is near it. Reading on doubles it.
const LEAST_BYTES: u64 = 64 << 10;
/// What is fetched ahead of the place that is read, and in how many requests.
const AHEAD_BYTES: u64 = 8 << 20;
const AHEAD_REQUESTS: usize = 8;
/// Pieces that are kept.
const HELD_BYTES: u64 = 16 << 20;
/// Ranges that are expected and closer than this are fetched as one.
const GAP_BYTES: u64 = 128 << 10;

enum State {
    Here(Bytes),
    Coming(Pending<(Expected, Bytes)>),
}

struct Piece {
    range: Range<u64>,
    state: State,
    /// When it was last touched.
    used: u64,
}

#[derive(Default)]
struct Cache {
    pieces: Vec<Piece>,
    /// What will be read, in this order.
    expected: Vec<Range<u64>>,
    /// Size of the next piece that nobody expected, and where it would begin.
    next: (u64, u64),
    clock: u64,
}

/// Random access to an open object.
pub(crate) struct Ranges {
    object: Arc<Object>,
    cache: Mutex<Cache>,
}

impl Ranges {
    pub(crate) fn new(object: Arc<Object>) -> Self {
        Self { object, cache: Mutex::default() }
    }

    /// The same object with pieces of its own.
    pub(crate) fn again(&self) -> Self {
        Self::new(Arc::clone(&self.object))
    }

    pub(crate) fn len(&self) -> u64 {
        self.object.is.size
    }

    /// See [`Store::content`](crate::file::Store::content): address, key, `ETag`, version, time and size.
    pub(crate) fn content(&self) -> Option<String> {
        let Object { client, key, is, .. } = &*self.object;
        // A weak one may stand for other bytes that mean the same.
        let is_named = is.etag.as_ref().is_some_and(|etag| !etag.starts_with("W/"));
        is_named.then(|| format!("{}\0{key}\0{is:?}", client.place()))
    }

    /// Says what will be read next, in about this order, and begins to fetch it. What was said before is forgotten.
    pub(crate) fn expect(&self, ranges: &[Range<u64>]) {
        let mut cache = self.lock();
        cache.expected = joined(ranges, self.len());
        if let Some(first) = cache.expected.first().map(|range| range.start) {
            // A request that cannot be begun fails where its bytes are asked for.
            let _ = self.fetch_ahead(&mut cache, first);
        }
    }

    /// The bytes `offset..offset + length`, which must lie in the object.
    pub(crate) fn read(&self, offset: u64, length: u64) -> Result<Bytes, StoreFault> {
        let end = offset + length;
        if length == 0 {
            return Ok(Bytes::new());
        }
        let first = self.piece(offset, end)?;
        if first.len() as u64 >= length {
            return Ok(first.slice(..length as usize));
        }
        let mut bytes = BytesMut::with_capacity(length as usize);
        bytes.extend_from_slice(&first);
        while (bytes.len() as u64) < length {
            let at = offset + bytes.len() as u64;
            let piece = self.piece(at, end)?;
            let rest = (end - at).min(piece.len() as u64) as usize;
            bytes.extend_from_slice(&piece[..rest]);
        }
        Ok(bytes.freeze())
    }

    /// Bytes from `at`, which must lie in the object, as far as one piece has them; `end` is how far will be read. At
    /// least one byte.
    pub(crate) fn piece(&self, at: u64, end: u64) -> Result<Bytes, StoreFault> {
        if let Some(bytes) = self.edge(at) {
            return Ok(bytes);
        }
        let mut cache = self.lock();
        cache.clock += 1;
        let index = if let Some(index) = cache.pieces.iter().position(|piece| piece.range.contains(&at)) {
            index
        } else {
            let range = self.unforeseen(&mut cache, at, end);
            self.fetch(&mut cache, range)?
        };
        cache.pieces[index].used = cache.clock;
        self.fetch_ahead(&mut cache, at)?;
        // Pieces are only added behind it, so the index still holds.
        let piece = &mut cache.pieces[index];
        if let State::Coming(pending) = &piece.state {
            match pending.wait() {
                Ok((_, bytes)) => piece.state = State::Here(bytes),
                Err(fault) => {
                    cache.pieces.remove(index);
                    return Err(fault);
                }
            }
        }
        let State::Here(bytes) = &piece.state else { unreachable!("it was waited for") };
        let found = bytes.slice((at - piece.range.start) as usize..);
        cache.make_room();
        Ok(found)
    }

    /// The first and the last bytes are there since the object was opened.
    fn edge(&self, at: u64) -> Option<Bytes> {
        let Object { head, foot, is, .. } = &*self.object;
        if at < head.len() as u64 {
            return Some(head.slice(at as usize..));
        }
        let foot_at = is.size - foot.len() as u64;
        (at >= foot_at).then(|| foot.slice((at - foot_at) as usize..))
    }

    /// The piece to fetch for a place that nobody expected: larger from one to the next where they are read in order.
    fn unforeseen(&self, cache: &mut Cache, at: u64, end: u64) -> Range<u64> {
        let (length, next) = cache.next;
        let grown = if next == at { (length * 2).min(PIECE_BYTES) } else { LEAST_BYTES };
        let limit = match cache.expected.iter().find(|range| range.contains(&at)) {
            Some(range) => range.end.min(at + PIECE_BYTES),
            None => at + grown.max((end - at).min(PIECE_BYTES)),
        };
        let limit = self.up_to_next(cache, at, limit);
        cache.next = (grown, limit);
        at..limit
    }

    /// `limit`, or where bytes begin before it that are there or coming.
    fn up_to_next(&self, cache: &Cache, at: u64, limit: u64) -> u64 {
        let foot_at = self.len() - self.object.foot.len() as u64;
        let starts = cache.pieces.iter().map(|piece| piece.range.start).chain([foot_at, self.len()]);
        starts.filter(|start| *start > at).fold(limit, u64::min)
    }

    fn fetch(&self, cache: &mut Cache, range: Range<u64>) -> Result<usize, StoreFault> {
        let Object { client, key, is, stop, .. } = &*self.object;
        let pending = client.get(key, range.clone(), Some(is.clone()), *stop)?;
        cache.pieces.push(Piece { range, state: State::Coming(pending), used: cache.clock });
        Ok(cache.pieces.len() - 1)
    }

    /// Begins to fetch what is expected from `at` on, as far as that is near.
    fn fetch_ahead(&self, cache: &mut Cache, at: u64) -> Result<(), StoreFault> {
        let Some(first) = cache.expected.iter().position(|range| range.contains(&at)) else {
            return Ok(());
        };
        let mut ahead = 0;
        let mut requests = cache.coming();
        for index in first..cache.expected.len() {
            let range = cache.expected[index].clone();
            let mut place = range.start.max(if index == first { at } else { 0 });
            while place < range.end {
                if ahead >= AHEAD_BYTES {
                    return Ok(());
                }
                let end = if let Some(bytes) = self.edge(place) {
                    place + bytes.len() as u64
                } else if let Some(piece) = cache.pieces.iter_mut().find(|piece| piece.range.contains(&place)) {
                    // Kept: it will be read soon.
                    piece.used = cache.clock;
                    piece.range.end
                } else {
                    if requests >= AHEAD_REQUESTS {
                        return Ok(());
                    }
                    requests += 1;
                    let end = self.up_to_next(cache, place, range.end.min(place + PIECE_BYTES));
                    self.fetch(cache, place..end)?;
                    end
                };
                ahead += end.min(range.end) - place;
                place = end;
            }
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cache {
    fn coming(&self) -> usize {
        self.pieces.iter().filter(|piece| matches!(piece.state, State::Coming(_))).count()
    }

    /// Lets go of the pieces that were touched longest ago. One that is coming and that nobody expects any more is given
    /// up with them.
    fn make_room(&mut self) {
        let mut held: u64 = self.pieces.iter().map(|piece| piece.range.end - piece.range.start).sum();
        while held > HELD_BYTES {
            let oldest = self.pieces.iter().enumerate().filter(|(_, piece)| piece.used < self.clock);
            let Some((index, _)) = oldest.min_by_key(|(_, piece)| piece.used) else { return };
            let piece = self.pieces.remove(index);
            held -= piece.range.end - piece.range.start;
        }
    }
}

/// Ranges within the object, those close behind each other as one.
fn joined(ranges: &[Range<u64>], size: u64) -> Vec<Range<u64>> {
    let mut joined: Vec<Range<u64>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        let range = range.start..range.end.min(size);
        if range.is_empty() {
            continue;
        }
        match joined.last_mut() {
            Some(last) if range.start >= last.start && range.start <= last.end + GAP_BYTES => {
                last.end = last.end.max(range.end);
            }
            _ => joined.push(range),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_that_are_near_become_one() {
        let gap = GAP_BYTES;
        let of = |ranges: &[(u64, u64)], size| {
            let ranges: Vec<_> = ranges.iter().map(|&(start, end)| start..end).collect();
            joined(&ranges, size).into_iter().map(|range| (range.start, range.end)).collect::<Vec<_>>()
        };
        let size = 1 << 30;
        assert_eq!(of(&[(0, 10), (10, 20), (20 + gap, 30 + gap)], size), [(0, 30 + gap)]);
        assert_eq!(of(&[(0, 10), (11 + gap, 30 + gap)], size), [(0, 10), (11 + gap, 30 + gap)]);
        // Backwards: two columns that lie in another order than they are read.
        assert_eq!(of(&[(500, 900), (0, 10)], size), [(500, 900), (0, 10)]);
        assert_eq!(of(&[(0, 100), (20, 30), (5, 5)], size), [(0, 100)]);
        // What a hostile file claims ends with the object.
        assert_eq!(of(&[(10, u64::MAX), (200, 300)], 100), [(10, 100)]);
    }
}
