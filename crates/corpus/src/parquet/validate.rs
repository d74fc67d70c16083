//! Checks of the columns that are not read: every page of a chunk is decompressed, and its levels and values are decoded
//! as far as they could be wrong. Nothing is kept but counts.
//!
//! Runs are taken whole, never value by value: a run of a few bytes may stand for any number of values.

use std::collections::HashMap;
use std::ops::Range;

use bytes::Bytes;

use super::footer::{Chunk, Element};
use super::levels::{Deltas, bits, varint};
use super::page::{Page, Pages};
use super::thrift::PageKind;
use super::values::{
    BIT_PACKED, BYTE_STREAM_SPLIT, DELTA_BINARY_PACKED, DELTA_BYTE_ARRAY, DELTA_LENGTH_BYTE_ARRAY, PLAIN,
    PLAIN_DICTIONARY, RLE, RLE_DICTIONARY,
};
use crate::decimal::Digits;
use crate::error::{Fault, Outcome, Place};
use crate::file::Store;
use crate::options::Limits;

/// Deepest nesting of a schema: what the limits ask of JSON by default.
const MAX_DEPTH: usize = 64;

const BOOLEAN: i32 = 0;
const INT32: i32 = 1;
const INT64: i32 = 2;
const BYTE_ARRAY: i32 = 6;
const FIXED_LEN_BYTE_ARRAY: i32 = 7;

/// What values must be beyond their physical type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rule {
    Any,
    Utf8,
    /// A time of day, below this.
    Below(i64),
    Digits(Digits),
}

/// A leaf of the schema: a column as it is stored.
#[derive(Clone, Debug)]
pub(crate) struct Leaf {
    name: String,
    pub(crate) physical: i32,
    /// Bytes of a value, where all have as many.
    width: usize,
    definition: u32,
    pub(super) repetition: u32,
    /// Of each list around it, from the outside: the list's number in the schema, and the level at which it has an item.
    lists: Box<[(u32, u32)]>,
    rule: Rule,
}

/// The leaves of a schema that is known to be a tree, in order.
pub(crate) fn leaves(elements: &[Element]) -> Outcome<Vec<Leaf>> {
    let mut leaves = Vec::new();
    let Some((root, elements)) = elements.split_first() else {
        return Ok(leaves);
    };
    // Of each group that is open: elements still to come, and the level and the lists around them.
    let mut open = vec![(root.children, 0_u32, Vec::<(u32, u32)>::new())];
    for (number, element) in (0..).zip(elements) {
        while open.last().is_some_and(|(left, ..)| *left == 0) {
            open.pop();
        }
        if open.len() > MAX_DEPTH {
            return Err(Fault::limit("nesting of the schema", open.len() as u64, MAX_DEPTH as u64));
        }
        let Some((left, definition, lists)) = open.last_mut() else {
            return Err(Fault::damaged("the schema is no tree"));
        };
        *left -= 1;
        let definition = match element.repetition {
            0 => *definition,
            1 | 2 => *definition + 1,
            other => return Err(Fault::damaged(format!("repetition {other}")).at(named(&element.name))),
        };
        let mut lists = lists.clone();
        if element.repetition == 2 {
            lists.push((number, definition));
        }
        if element.children > 0 {
            open.push((element.children, definition, lists));
        } else if let Some(physical) = element.physical {
            let (width, rule) = kind(element, physical).place(|| named(&element.name))?;
            let (name, repetition) = (element.name.clone(), lists.len() as u32);
            leaves.push(Leaf { name, physical, width, definition, repetition, lists: lists.into(), rule });
        }
    }
    Ok(leaves)
}

fn named(name: &str) -> String {
    format!("column \"{name}\"")
}

fn kind(element: &Element, physical: i32) -> Outcome<(usize, Rule)> {
    let width = match physical {
        BOOLEAN | BYTE_ARRAY => 0,
        INT32 | 4 => 4,
        INT64 | 5 => 8,
        3 => 12,
        FIXED_LEN_BYTE_ARRAY => usize::try_from(element.length)
            .ok()
            .filter(|length| *length > 0)
            .ok_or_else(|| Fault::damaged(format!("values of {} bytes", element.length)))?,
        other => return Err(Fault::damaged(format!("physical type {other}"))),
    };
    // Logical types: 1 string, 4 enum, 5 decimal, 7 time, 12 JSON. Converted: 0 UTF8, 4 enum, 5 decimal, 7 and 8 time,
    // 19 JSON.
    let (text, decimal) = match element.logical {
        Some((id, _)) => (matches!(id, 1 | 4 | 12), id == 5),
        None => (matches!(element.converted, Some(0 | 4 | 19)), element.converted == Some(5)),
    };
    let time = match (element.logical, element.converted) {
        (Some((7, _)), _) => true,
        (None, converted) => matches!(converted, Some(7 | 8)),
        _ => false,
    };
    let rule = if text && physical == BYTE_ARRAY {
        Rule::Utf8
    } else if decimal && matches!(physical, INT32 | INT64 | BYTE_ARRAY | FIXED_LEN_BYTE_ARRAY) {
        let digits = u32::try_from(element.precision).ok().and_then(Digits::new);
        Rule::Digits(digits.ok_or_else(|| Fault::damaged(format!("a decimal of {} digits", element.precision)))?)
    } else if time && physical == INT32 {
        Rule::Below(86_400_000)
    } else if time && physical == INT64 {
        Rule::Below(if element.nanoseconds { 86_400_000_000_000 } else { 86_400_000_000 })
    } else {
        Rule::Any
    };
    Ok((width, rule))
}

/// Items of each list of a schema in one row group, as the first of its leaves has them.
pub(crate) type Items = HashMap<u32, u64>;

/// Checks a chunk of a row group that has `rows` rows. Leaves of one list must agree how many items it has.
pub(crate) fn check(
    store: &Store,
    leaf: &Leaf,
    chunk: &Chunk,
    rows: u64,
    items: &mut Items,
    limits: &Limits,
) -> Outcome<()> {
    let mut check = || {
        if leaf.repetition == 0 && chunk.values != rows {
            return Err(Fault::damaged(format!("{} values for {rows} rows", chunk.values)));
        }
        let (left, pages) = (chunk.values, Pages::new(chunk));
        let mut chunk = Chunked { leaf, left, records: 0, items: vec![0; leaf.lists.len()], entries: None, pages };
        while let Some(page) = chunk.pages.next(store, limits)? {
            chunk.page(page)?;
        }
        if chunk.left > 0 {
            return Err(Fault::damaged(format!("the pages end {} values early", chunk.left)));
        }
        if chunk.records != rows {
            return Err(Fault::damaged(format!("the pages hold {} rows; there are {rows}", chunk.records)));
        }
        for ((list, _), found) in leaf.lists.iter().zip(&chunk.items) {
            let expected = *items.entry(*list).or_insert(*found);
            if expected != *found {
                return Err(Fault::damaged(format!("{found} items; a column beside it has {expected}")));
            }
        }
        Ok(())
    };
    check().place(|| named(&leaf.name))
}

/// A chunk that is being checked.
struct Chunked<'a> {
    leaf: &'a Leaf,
    /// Values that no page has given yet, nulls included.
    left: u64,
    /// Rows that began so far.
    records: u64,
    /// Items of each list so far.
    items: Vec<u64>,
    /// Entries of the dictionary, once it came.
    entries: Option<u32>,
    pages: Pages,
}

impl Chunked<'_> {
    fn page(&mut self, page: Page) -> Outcome<()> {
        let leaf = self.leaf;
        let (values, encoding) = match page.kind {
            PageKind::Dictionary { values, encoding } => {
                if self.entries.is_some() {
                    return Err(Fault::damaged("a second dictionary"));
                }
                if !matches!(encoding, PLAIN | PLAIN_DICTIONARY) {
                    return Err(Fault::unsupported(format!("a dictionary in encoding {encoding}")));
                }
                self.entries = Some(values);
                return plain(leaf, &page.bytes, u64::from(values));
            }
            PageKind::DataV2 { values, nulls, .. } if nulls > values => {
                return Err(Fault::damaged(format!("{nulls} nulls in a page of {values} values")));
            }
            PageKind::Data { values, encoding, .. } | PageKind::DataV2 { values, encoding, .. } => {
                (u64::from(values), encoding)
            }
            PageKind::Other => return Ok(()),
        };
        if values > self.left {
            return Err(Fault::damaged(format!("a page of {values} values where {} are left", self.left)));
        }
        self.left -= values;
        let (repetition, definition, bytes) = self.split(page, values)?;
        let present = self.levels(&repetition, &definition, values)?;
        self.encoded(&bytes, encoding, present)
    }

    /// Repetition levels, definition levels, and values.
    fn split(&self, page: Page, values: u64) -> Outcome<(Levels, Levels, Bytes)> {
        let (repetition, definition) = (self.leaf.repetition, self.leaf.definition);
        match page.kind {
            PageKind::DataV2 { repetition: length, .. } => {
                let length = length as usize;
                if length > 0 && repetition == 0 {
                    return Err(Fault::damaged("repetition levels in a column without lists"));
                }
                let levels =
                    |range: Range<usize>, most| Levels { bytes: page.levels.slice(range), most, packed: false };
                let all = page.levels.len();
                Ok((levels(0..length, repetition), levels(length..all, definition), page.bytes.clone()))
            }
            PageKind::Data { level_encoding, repetition_encoding, .. } => {
                let mut bytes = page.bytes;
                let mut levels = |most, encoding| {
                    let (levels, rest) = split_levels(&bytes, most, encoding, values)?;
                    bytes = rest;
                    Ok::<_, Fault>(levels)
                };
                let repetition = levels(repetition, repetition_encoding)?;
                let definition = levels(definition, level_encoding)?;
                Ok((repetition, definition, bytes))
            }
            PageKind::Dictionary { .. } | PageKind::Other => Err(Fault::damaged("a page without levels")),
        }
    }

    /// Counts the rows that begin; gives how many values are there.
    fn levels(&mut self, repetition: &Levels, definition: &Levels, values: u64) -> Outcome<u64> {
        let whole = definition.most;
        let mut present = 0;
        if repetition.most == 0 {
            self.records += values;
            definition.runs(values, |level, count| present += if level == whole { count } else { 0 })?;
            return Ok(present);
        }
        let (mut repetitions, mut definitions) = (repetition.pairs(), definition.pairs());
        let (mut repeated, mut defined) = ((0, 0), (0, 0));
        let mut left = values;
        while left > 0 {
            for (run, next) in [(&mut repeated, &mut repetitions), (&mut defined, &mut definitions)] {
                if run.1 == 0 {
                    *run = next.next(left)?;
                }
            }
            let count = repeated.1.min(defined.1);
            let (depth, level) = (repeated.0, defined.0);
            if depth == 0 {
                self.records += count;
            } else if self.records == 0 {
                return Err(Fault::damaged("the first row begins within a list"));
            }
            for ((_, item), found) in self.leaf.lists.iter().zip(&mut self.items).skip(depth.saturating_sub(1) as usize)
            {
                *found += if level >= *item { count } else { 0 };
            }
            present += if level == whole { count } else { 0 };
            (repeated.1, defined.1, left) = (repeated.1 - count, defined.1 - count, left - count);
        }
        Ok(present)
    }

    fn encoded(&self, bytes: &Bytes, encoding: i32, present: u64) -> Outcome<()> {
        let leaf = self.leaf;
        // A page of nothing but nulls may leave out even the head of its encoding. One of deltas must be whole where it is
        // there: values behind it are those that changed levels hide.
        let has_heads = matches!(encoding, DELTA_BINARY_PACKED | DELTA_LENGTH_BYTE_ARRAY | DELTA_BYTE_ARRAY);
        if present == 0 && (bytes.is_empty() || !has_heads) {
            return Ok(());
        }
        let is_int = matches!(leaf.physical, INT32 | INT64);
        let is_bytes = matches!(leaf.physical, BYTE_ARRAY | FIXED_LEN_BYTE_ARRAY);
        match encoding {
            PLAIN => {
                // What is left over is values that levels hide; of other types writers may pad.
                if leaf.physical == FIXED_LEN_BYTE_ARRAY && bytes.len() as u64 > present * leaf.width as u64 {
                    return Err(Fault::damaged(format!(
                        "{present} values do not fill a page of {} bytes",
                        bytes.len()
                    )));
                }
                plain(leaf, bytes, present)
            }
            PLAIN_DICTIONARY | RLE_DICTIONARY => self.keys(bytes, present),
            RLE if leaf.physical == BOOLEAN => {
                let (levels, _) = split_levels(bytes, 1, RLE, present)?;
                levels.runs(present, |_, _| ())
            }
            DELTA_BINARY_PACKED if is_int => {
                work(bytes, present)?;
                let mut deltas = Deltas::new(bytes.clone(), present)?;
                let is_32 = leaf.physical == INT32;
                for _ in 0..present {
                    let value = deltas.next()?;
                    rule(leaf, if is_32 { i64::from(value as i32) } else { value })?;
                }
                Ok(())
            }
            DELTA_LENGTH_BYTE_ARRAY if leaf.physical == BYTE_ARRAY => {
                work(bytes, present)?;
                let (mut lengths, rest) = Deltas::split(bytes, present)?;
                let mut at = 0;
                for _ in 0..present {
                    bytes_rule(leaf, cut(&rest, &mut at, lengths.next()?)?)?;
                }
                Ok(())
            }
            DELTA_BYTE_ARRAY if is_bytes => {
                work(bytes, present)?;
                self.fronts(bytes, present)
            }
            BYTE_STREAM_SPLIT if leaf.width > 0 => {
                // The bytes of a value lie apart, so a rule can't be asked without putting them together.
                let count = bytes.len() / leaf.width;
                if !bytes.len().is_multiple_of(leaf.width) || (count as u64) < present {
                    return Err(short(present, bytes.len()));
                }
                if leaf.rule == Rule::Any {
                    return Ok(());
                }
                let mut value = vec![0; leaf.width];
                for index in 0..present as usize {
                    for (part, byte) in value.iter_mut().enumerate() {
                        *byte = bytes[part * count + index];
                    }
                    fixed_rule(leaf, &value)?;
                }
                Ok(())
            }
            other => Err(Fault::unsupported(format!("values in encoding {other}"))),
        }
    }

    fn keys(&self, bytes: &Bytes, present: u64) -> Outcome<()> {
        let Some(entries) = self.entries else {
            return Err(Fault::damaged("keys without a dictionary"));
        };
        let width = bytes.first().copied().map_or(0, u32::from);
        if bytes.is_empty() || width > 32 {
            return Err(Fault::damaged(format!("keys of {width} bits in {} bytes", bytes.len())));
        }
        let mut highest = 0;
        runs(&bytes[1..], width, present, |key, _| highest = highest.max(key))?;
        if highest >= entries {
            return Err(Fault::damaged(format!("key {highest} in a dictionary of {entries} entries")));
        }
        Ok(())
    }

    /// Strings that begin with a part of the one before.
    fn fronts(&self, bytes: &Bytes, present: u64) -> Outcome<()> {
        let (mut prefixes, rest) = Deltas::split(bytes, present)?;
        let (mut suffixes, rest) = Deltas::split(&rest, present)?;
        if prefixes.left() != suffixes.left() {
            return Err(Fault::damaged("as many prefixes as suffixes are needed"));
        }
        let mut joined: Vec<u8> = Vec::new();
        let mut checked = 0_u64;
        let mut at = 0;
        for _ in 0..present {
            let prefix = prefixes.next()?;
            let suffix = cut(&rest, &mut at, suffixes.next()?)?;
            match usize::try_from(prefix) {
                Ok(prefix) if prefix <= joined.len() => joined.truncate(prefix),
                _ => {
                    let detail = format!("{prefix} bytes of a value of {} come again", joined.len());
                    return Err(Fault::damaged(detail));
                }
            }
            joined.extend_from_slice(suffix);
            // Each value may repeat nearly all of a long one at the cost of a bit: the whole is only looked at where that
            // is cheap. What else is new stands in the suffix.
            checked += joined.len() as u64;
            let allowed = self.pages.expanded.saturating_mul(1_000).max(1 << 26);
            if checked > allowed {
                return Err(Fault::limit("text of shared prefixes", checked, allowed));
            }
            bytes_rule(self.leaf, &joined)?;
        }
        Ok(())
    }
}

/// Deltas of no bits are values without bytes. Writers put a head of five bytes or more before each 128.
fn work(bytes: &[u8], values: u64) -> Outcome<()> {
    let allowed = 4_096 + (bytes.len() as u64) * 1_024;
    if values > allowed { Err(Fault::limit("values of a page", values, allowed)) } else { Ok(()) }
}

/// Levels of one kind of a page.
struct Levels {
    bytes: Bytes,
    /// The highest level.
    most: u32,
    /// In the old encoding, bits from the top.
    packed: bool,
}

impl Levels {
    fn runs(&self, values: u64, mut run: impl FnMut(u32, u64)) -> Outcome<()> {
        if self.most == 0 {
            run(0, values);
            return Ok(());
        }
        let width = u32::BITS - self.most.leading_zeros();
        let mut highest = 0;
        let mut seen = |level, count| {
            highest = highest.max(level);
            run(level, count);
        };
        if self.packed {
            for index in 0..values as usize {
                let bits = (0..width as usize).map(|bit| index * width as usize + bit);
                seen(bits.fold(0, |level, at| level << 1 | u32::from(self.bytes[at / 8] >> (7 - at % 8) & 1)), 1);
            }
        } else {
            runs(&self.bytes, width, values, seen)?;
        }
        if highest > self.most {
            return Err(Fault::damaged(format!("level {highest}; the schema has {}", self.most)));
        }
        Ok(())
    }
}

/// Levels in order, as values and how often each comes.
struct Pairs<'a> {
    levels: &'a Levels,
    width: u32,
    at: usize,
    /// Values left of the present packed groups, and the next one's first bit.
    packed: u64,
    bit: usize,
}

impl Levels {
    fn pairs(&self) -> Pairs<'_> {
        let width = u32::BITS - self.most.leading_zeros();
        // In the old encoding everything is one group.
        Pairs { levels: self, width, at: 0, packed: if self.packed { u64::MAX } else { 0 }, bit: 0 }
    }
}

impl Pairs<'_> {
    /// At most `left` values, at least one.
    fn next(&mut self, left: u64) -> Outcome<(u32, u64)> {
        let ends = || Fault::damaged("a page ends within its levels");
        let Levels { bytes, most, packed } = self.levels;
        if self.width == 0 {
            return Ok((0, left));
        }
        let (level, count) = loop {
            if self.packed > 0 {
                self.packed -= 1;
                let at = self.bit;
                self.bit += self.width as usize;
                self.at = self.bit.div_ceil(8);
                let level = if *packed {
                    (at..self.bit)
                        .try_fold(0, |level, at| Some(level << 1 | u64::from(bytes.get(at / 8)? >> (7 - at % 8) & 1)))
                } else {
                    bits(bytes, at, self.width)
                };
                break (level.ok_or_else(ends)? as u32, 1);
            }
            let head = varint(bytes, &mut self.at)?;
            if head & 1 == 1 {
                self.packed = (head >> 1).saturating_mul(8);
                self.bit = self.at * 8;
                continue;
            }
            let length = self.width.div_ceil(8) as usize;
            let stored = bytes.get(self.at..self.at + length).ok_or_else(ends)?;
            let mut four = [0; 4];
            four[..length].copy_from_slice(stored);
            self.at += length;
            if head > 1 {
                break (u32::from_le_bytes(four), (head >> 1).min(left));
            }
        };
        if level > *most {
            return Err(Fault::damaged(format!("level {level}; the schema has {most}")));
        }
        Ok((level, count))
    }
}

/// Splits the levels off a page of version 1.
fn split_levels(bytes: &Bytes, most: u32, encoding: i32, values: u64) -> Outcome<(Levels, Bytes)> {
    if most == 0 {
        return Ok((Levels { bytes: Bytes::new(), most, packed: false }, bytes.clone()));
    }
    let leave = || Fault::damaged(format!("levels leave their page of {} bytes", bytes.len()));
    let (start, end) = match encoding {
        RLE => {
            let length = bytes.first_chunk::<4>().ok_or_else(leave)?;
            (4, 4 + u64::from(u32::from_le_bytes(*length)))
        }
        BIT_PACKED => (0, (values * u64::from(u32::BITS - most.leading_zeros())).div_ceil(8)),
        other => return Err(Fault::unsupported(format!("levels in encoding {other}"))),
    };
    if end > bytes.len() as u64 {
        return Err(leave());
    }
    let levels = Levels { bytes: bytes.slice(start..end as usize), most, packed: encoding == BIT_PACKED };
    Ok((levels, bytes.slice(end as usize..)))
}

/// Calls `run` with values and how often each comes, in order but for single bits, which are counted together.
fn runs(bytes: &[u8], width: u32, values: u64, mut run: impl FnMut(u32, u64)) -> Outcome<()> {
    let (mut left, mut at) = (values, 0);
    let ends = || Fault::damaged("a page ends within its values");
    while left > 0 {
        let head = varint(bytes, &mut at)?;
        if head & 1 == 0 {
            let length = width.div_ceil(8) as usize;
            let stored = bytes.get(at..at + length).ok_or_else(ends)?;
            let mut four = [0; 4];
            four[..length].copy_from_slice(stored);
            at += length;
            let count = (head >> 1).min(left);
            if count > 0 {
                run(u32::from_le_bytes(four), count);
            }
            left -= count;
            continue;
        }
        let groups = head >> 1;
        let count = groups.saturating_mul(8).min(left);
        let packed = bytes.get(at..).unwrap_or_default();
        if (packed.len() as u64) < (u128::from(count) * u128::from(width)).div_ceil(8) as u64 {
            return Err(ends());
        }
        left -= count;
        match width {
            0 if count > 0 => run(0, count),
            0 => {}
            1 => {
                let (whole, rest) = (count / 8, count % 8);
                let mut ones: u64 = packed[..whole as usize].iter().map(|byte| u64::from(byte.count_ones())).sum();
                if rest > 0 {
                    ones += u64::from((packed[whole as usize] & ((1 << rest) - 1)).count_ones());
                }
                // The value that comes first is told first.
                let first = packed.first().map_or(0, |byte| u32::from(byte & 1));
                let counts = if first == 1 { [ones, count - ones] } else { [count - ones, ones] };
                for (value, count) in [first, 1 - first].into_iter().zip(counts).filter(|(_, count)| *count > 0) {
                    run(value, count);
                }
            }
            _ => {
                for index in 0..count as usize {
                    run(bits(packed, index * width as usize, width).ok_or_else(ends)? as u32, 1);
                }
            }
        }
        // The last group may be cut short where no value is left.
        let length = u128::from(groups) * u128::from(width);
        at = usize::try_from(length).ok().and_then(|length| at.checked_add(length)).unwrap_or(usize::MAX);
        at = at.min(bytes.len());
    }
    Ok(())
}

fn short(values: u64, bytes: usize) -> Fault {
    Fault::damaged(format!("{values} values leave a page of {bytes} bytes"))
}

/// Values one behind the other.
fn plain(leaf: &Leaf, bytes: &[u8], values: u64) -> Outcome<()> {
    if leaf.physical == BYTE_ARRAY {
        let mut at = 0;
        // Every value has four bytes of length, which bounds the loop.
        for _ in 0..values {
            let length = bytes[at..].first_chunk::<4>().ok_or_else(|| short(values, bytes.len()))?;
            at += 4;
            bytes_rule(leaf, cut(bytes, &mut at, i64::from(u32::from_le_bytes(*length)))?)?;
        }
        return Ok(());
    }
    let needed = match leaf.physical {
        BOOLEAN => u128::from(values.div_ceil(8)),
        _ => u128::from(values) * leaf.width as u128,
    };
    if needed > bytes.len() as u128 {
        return Err(short(values, bytes.len()));
    }
    if leaf.rule != Rule::Any {
        for value in bytes.chunks_exact(leaf.width).take(values as usize) {
            fixed_rule(leaf, value)?;
        }
    }
    Ok(())
}

/// `length` bytes from `at` on, if they are there.
fn cut<'a>(bytes: &'a [u8], at: &mut usize, length: i64) -> Outcome<&'a [u8]> {
    let end = usize::try_from(length).ok().and_then(|length| at.checked_add(length));
    let found = end
        .and_then(|end| bytes.get(*at..end))
        .ok_or_else(|| Fault::damaged(format!("a value of {length} bytes leaves its page of {} bytes", bytes.len())))?;
    *at += found.len();
    Ok(found)
}

fn fixed_rule(leaf: &Leaf, value: &[u8]) -> Outcome<()> {
    match leaf.physical {
        INT32 | INT64 => {
            let mut eight = [0; 8];
            eight[..value.len()].copy_from_slice(value);
            let shift = 64 - 8 * value.len();
            rule(leaf, i64::from_le_bytes(eight) << shift >> shift)
        }
        _ => bytes_rule(leaf, value),
    }
}

fn rule(leaf: &Leaf, value: i64) -> Outcome<()> {
    match leaf.rule {
        Rule::Below(end) if !(0..end).contains(&value) => {
            Err(Fault::damaged(format!("{value} is no time of a day of {end} units")))
        }
        Rule::Digits(digits) if !digits.fit_le(value.to_le_bytes().into_iter()) => {
            Err(Fault::damaged(format!("the decimal {value} has too many digits")))
        }
        _ => Ok(()),
    }
}

fn bytes_rule(leaf: &Leaf, value: &[u8]) -> Outcome<()> {
    if leaf.physical == FIXED_LEN_BYTE_ARRAY && value.len() != leaf.width {
        return Err(Fault::damaged(format!("{} bytes where all values have {}", value.len(), leaf.width)));
    }
    match leaf.rule {
        Rule::Utf8 if simdutf8::basic::from_utf8(value).is_err() => Err(Fault::damaged("a string is not valid UTF-8")),
        Rule::Digits(digits) if !digits.fit_le(value.iter().rev().copied()) => {
            Err(Fault::damaged("a decimal has too many digits"))
        }
        _ => Ok(()),
    }
}
