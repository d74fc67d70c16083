//! In what the positions of a hit are counted.

use matcher::Hit;

use crate::error;

/// A unit of positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Bytes of UTF-8.
    Byte,
    /// Units of UTF-16, as JavaScript counts.
    Utf16,
    /// Code points.
    Codepoint,
}

impl Unit {
    pub(crate) fn named(name: &str) -> napi::Result<Self> {
        match name {
            "byte" => Ok(Self::Byte),
            "utf16" => Ok(Self::Utf16),
            "codepoint" => Ok(Self::Codepoint),
            _ => Err(error::argument(format!("unit {name:?} is not byte, utf16 or codepoint"))),
        }
    }
}

/// One place of a text.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    byte: u32,
    utf16: u32,
    codepoint: u32,
}

/// The places of one text that hits need, in all units: found in one walk over the text.
pub(crate) struct Places(Vec<Place>);

impl Places {
    pub(crate) fn new(text: &str, hits: &[Hit]) -> Self {
        let mut wanted: Vec<u32> = hits.iter().flat_map(|hit| [hit.start, hit.end]).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let mut at = Place::default();
        Self(
            wanted
                .into_iter()
                .map(|byte| {
                    let passed = &text[at.byte as usize..byte as usize];
                    at.byte = byte;
                    at.utf16 += passed.chars().map(|c| c.len_utf16() as u32).sum::<u32>();
                    at.codepoint += passed.chars().count() as u32;
                    at
                })
                .collect(),
        )
    }

    /// A byte position, which is an edge of a hit, in another unit.
    pub(crate) fn of(&self, byte: u32, unit: Unit) -> u32 {
        let place = self.0[self.0.partition_point(|place| place.byte < byte)];
        match unit {
            Unit::Byte => place.byte,
            Unit::Utf16 => place.utf16,
            Unit::Codepoint => place.codepoint,
        }
    }
}
