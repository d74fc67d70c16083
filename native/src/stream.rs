//! Matching of a text that arrives in pieces.

use matcher::{Position, StreamHit};
use napi::bindgen_prelude::{Float64Array, Uint8Array, Uint32Array};
use napi_derive::napi;

use crate::library;
use crate::unit::Unit;

/// A stream of one library's hits. Takes whole characters: a piece must not end within a surrogate pair.
#[napi]
pub struct MatchStream {
    stream: matcher::Stream,
    unit: Unit,
}

/// Hits of a stream as columns of one length. Positions count from the start of the whole text and may exceed 32 bits.
#[napi(object)]
pub struct StreamColumns {
    /// Index of the entry.
    pub entries: Uint32Array,
    /// First position of the hit.
    pub starts: Float64Array,
    /// Position behind the hit.
    pub ends: Float64Array,
    /// What was needed to see it.
    pub levels: Uint8Array,
    /// The hit as it stands in the text; null for a combination whose first part has gone by.
    pub matched: Vec<Option<String>>,
}

#[napi]
impl MatchStream {
    /// A stream of the library's hits, in text order; positions in `unit`.
    #[napi(constructor, catch_unwind)]
    pub fn new(key: String, unit: String) -> napi::Result<Self> {
        let unit = Unit::named(&unit)?;
        Ok(Self { stream: matcher::Stream::new(library::find(&key)?.library), unit })
    }

    /// Takes the next piece. Gives the hits that are certain by now; null for none.
    #[napi(catch_unwind)]
    pub fn push(&mut self, text: String) -> Option<StreamColumns> {
        let mut hits = Vec::new();
        self.stream.push(&text, &mut hits);
        self.columns(hits)
    }

    /// Ends the text. Gives the hits that were held back; null for none. The stream is then as new.
    #[napi(catch_unwind)]
    pub fn end(&mut self) -> Option<StreamColumns> {
        let mut hits = Vec::new();
        self.stream.end(&mut hits);
        self.columns(hits)
    }

    fn columns(&self, mut hits: Vec<StreamHit>) -> Option<StreamColumns> {
        if hits.is_empty() {
            return None;
        }
        // Combinations come behind the hits among which they belong.
        hits.sort_by_key(|hit| (hit.start, hit.end, hit.entry));
        let place = |position: Position| {
            let count = match self.unit {
                Unit::Byte => position.bytes,
                Unit::Utf16 => position.utf16,
                Unit::Codepoint => position.codepoints,
            };
            count as f64
        };
        Some(StreamColumns {
            entries: hits.iter().map(|hit| hit.entry).collect::<Vec<u32>>().into(),
            starts: hits.iter().map(|hit| place(hit.start)).collect::<Vec<f64>>().into(),
            ends: hits.iter().map(|hit| place(hit.end)).collect::<Vec<f64>>().into(),
            levels: hits.iter().map(|hit| hit.level as u8).collect::<Vec<u8>>().into(),
            matched: hits.into_iter().map(|hit| hit.matched).collect(),
        })
    }
}
