//! The parts of a combination in a text: where they are, or why they are not a hit together.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Explainer;
use super::miss::{Miss, Obstacle};
use crate::combo::{Expression, Part};
use crate::cursor::{Cursor, places};
use crate::library::{FoundPart, Hit};
use crate::spec::{EntrySpec, Scope};

/// A part of a combination in the text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PartFound {
    /// The part, as the expression has it.
    pub part: String,
    /// First code point.
    pub start: u32,
    /// Code point behind it.
    pub end: u32,
}

/// A part at a place, in bytes and in code points.
#[derive(Clone, Copy)]
struct Place {
    found: FoundPart,
    start: Cursor,
    end: Cursor,
}

impl Explainer<'_> {
    /// The parts that must be present, where they stand within a hit.
    pub(super) fn parts_within(&self, hit: Hit, spec: &EntrySpec) -> Vec<PartFound> {
        let expression = Self::expression(spec, hit.entry);
        let within = self.scratch.parts.iter().filter(|part| {
            part.entry == hit.entry && part.part != Part::ABSENT && hit.start <= part.start && part.end <= hit.end
        });
        within
            .map(|found| PartFound {
                part: expression.present[found.part as usize].clone(),
                start: self.read.codepoint(found.start),
                end: self.read.codepoint(found.end),
            })
            .collect()
    }

    /// Why a combination is not found: the parts that are missing, or else what keeps those that are there apart.
    pub(super) fn combo_misses(&self, id: u32, spec: &EntrySpec) -> Vec<Miss> {
        let expression = Self::expression(spec, id);
        let is_there = |number: u32| self.scratch.parts.iter().any(|part| part.entry == id && part.part == number);
        let missing: Vec<Miss> = expression
            .present
            .iter()
            .zip(0_u32..)
            .filter(|(_, number)| !is_there(*number))
            .map(|(part, _)| Miss { part: Some(part.clone()), ..self.nearest_miss(part, spec) })
            .collect();
        if missing.is_empty() { vec![self.apart(id, &expression)] } else { missing }
    }

    /// What keeps the parts of a combination apart, all of which are there.
    fn apart(&self, id: u32, expression: &Expression) -> Miss {
        let count = expression.present.len();
        let options = self.library.options();
        let mut groups: BTreeMap<u64, Vec<Place>> = BTreeMap::new();
        for place in self.places(id) {
            let group = if options.scope == Scope::Sentence { place.start.sentence } else { 0 };
            groups.entry(group).or_default().push(place);
        }
        groups.retain(|_, places| (0..count as u32).all(|part| places.iter().any(|place| place.found.part == part)));
        let all: Vec<Place> = groups.values().flatten().copied().collect();
        let present = || all.iter().filter(|place| place.found.part != Part::ABSENT);
        let why = if groups.is_empty() {
            Obstacle::OtherSentence
        } else if let Some(absent) = all.iter().find(|place| place.found.part == Part::ABSENT) {
            Obstacle::Forbidden {
                word: self.slice(absent.found.start, absent.found.end),
                start: absent.start.position.codepoints as u32,
                end: absent.end.position.codepoints as u32,
            }
        } else {
            let gap = groups.values().filter_map(|places| least_gap(places, count)).min().unwrap_or(0);
            Obstacle::TooFar { gap, limit: options.within.unwrap_or(0) }
        };
        Miss {
            part: None,
            found: count as u32,
            of: count as u32,
            start: present().map(|place| place.start.position.codepoints as u32).min(),
            end: present().map(|place| place.end.position.codepoints as u32).max(),
            why,
        }
    }

    fn places(&self, id: u32) -> Vec<Place> {
        let parts: Vec<FoundPart> = self.scratch.parts.iter().filter(|part| part.entry == id).copied().collect();
        let mut offsets: Vec<u32> = parts.iter().flat_map(|part| [part.start, part.end]).collect();
        offsets.sort_unstable();
        offsets.dedup();
        let cursors = places(self.read.stored, Cursor::default(), &offsets);
        let cursor = |offset: u32| cursors[offsets.partition_point(|known| *known < offset)];
        parts.iter().map(|&found| Place { found, start: cursor(found.start), end: cursor(found.end) }).collect()
    }
}

/// Of all ways to choose one place of each part by ending at some place, the least of their widest gaps.
fn least_gap(places: &[Place], count: usize) -> Option<u32> {
    let mut latest: Vec<Option<Place>> = vec![None; count];
    let mut least = None;
    for place in places.iter().filter(|place| place.found.part != Part::ABSENT) {
        latest[place.found.part as usize] = Some(*place);
        let Some(mut chosen) = latest.iter().copied().collect::<Option<Vec<_>>>() else { continue };
        chosen.sort_unstable_by_key(|place| place.start.position);
        let gaps = chosen
            .windows(2)
            .map(|pair| pair[1].start.position.codepoints.saturating_sub(pair[0].end.position.codepoints) as u32);
        let widest = gaps.max().unwrap_or(0);
        least = Some(least.map_or(widest, |least: u32| least.min(widest)));
    }
    least
}
