//! Compiled libraries: one per process, found by the digest of what they were compiled from.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use matcher::{EntrySpec, Hit, Library, LibrarySpec, MatchOptions, Scratch};
use napi::bindgen_prelude::{Int32Array, Uint8Array, Uint32Array};
use napi_derive::napi;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::error;

/// Libraries by key. The addon's image is loaded once per process, so worker threads see the same ones.
static LIBRARIES: LazyLock<Mutex<HashMap<String, Compiled>>> = LazyLock::new(Mutex::default);

/// A compiled library with the ids of its entries.
#[derive(Clone)]
pub(crate) struct Compiled {
    pub(crate) library: Arc<Library>,
    pub(crate) ids: Arc<[String]>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Spec {
    ids: Vec<String>,
    entries: Vec<EntrySpec>,
    options: MatchOptions,
}

/// A compiled library, as JavaScript sees it.
#[napi(object)]
pub struct CompiledLibrary {
    /// Finds the library again, from any thread of the process.
    pub key: String,
    /// Number of entries.
    pub entries: u32,
    /// Number of distinct folded texts.
    pub patterns: u32,
    /// Name of the engine.
    pub engine: String,
    /// Bytes of the compiled patterns.
    pub heap_bytes: f64,
}

/// Hits as columns of one length.
#[napi(object)]
pub struct HitColumns {
    /// Row of the column; 0 for a single text.
    pub rows: Uint32Array,
    /// Index of the entry.
    pub entries: Uint32Array,
    /// First position of the hit.
    pub starts: Uint32Array,
    /// Position behind the hit.
    pub ends: Uint32Array,
    /// What was needed to see it.
    pub levels: Uint8Array,
}

/// Compiles a library from its JSON, or finds it compiled. The lock is not held while it compiles.
#[napi(catch_unwind)]
pub fn compile_library(spec: String) -> napi::Result<CompiledLibrary> {
    let key = Sha256::digest(spec.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let known = libraries().get(&key).cloned();
    let compiled = if let Some(compiled) = known {
        compiled
    } else {
        let Spec { ids, entries, options } = serde_json::from_str(&spec).map_err(error::argument)?;
        if ids.len() != entries.len() {
            return Err(error::argument(format!("{} ids for {} entries", ids.len(), entries.len())));
        }
        let library = Library::compile(LibrarySpec { entries, options }).map_err(|error| error::library(&error))?;
        let compiled = Compiled { library: Arc::new(library), ids: ids.into() };
        libraries().entry(key.clone()).or_insert(compiled).clone()
    };
    let library = &compiled.library;
    Ok(CompiledLibrary {
        key,
        entries: library.entries().len() as u32,
        patterns: library.pattern_count() as u32,
        engine: library.engine_name().to_owned(),
        heap_bytes: library.heap_bytes() as f64,
    })
}

/// Forgets a library; scans that use it keep it until they end.
#[napi(catch_unwind)]
pub fn release_library(key: String) {
    libraries().remove(&key);
}

/// Finds the entries in one text; positions in `unit`: `byte` (of its UTF-8), `utf16` or `codepoint`.
#[napi(catch_unwind)]
pub fn match_text(key: String, text: String, unit: String) -> napi::Result<HitColumns> {
    let library = find(&key)?.library;
    let mut hits = Vec::new();
    library.find(&text, &mut Scratch::default(), &mut hits);
    let width: fn(char) -> u32 = match unit.as_str() {
        "byte" => |c| c.len_utf8() as u32,
        "utf16" => |c| c.len_utf16() as u32,
        "codepoint" => |_| 1,
        _ => return Err(error::argument(format!("unit {unit:?} is not byte, utf16 or codepoint"))),
    };
    let positions = Positions::new(&text, &hits, width);
    let mut columns = Columns::default();
    for hit in &hits {
        columns.push(0, hit, positions.of(hit.start), positions.of(hit.end));
    }
    Ok(columns.finish())
}

/// Finds the entries in a column: row `i` is `values[offsets[i]..offsets[i + 1]]`, null where bit
/// `validity_offset + i` of `validity` is 0. Positions are bytes of the row. A row that is not UTF-8 is an error.
#[napi(catch_unwind)]
pub fn match_column(
    key: String,
    values: &[u8],
    offsets: Int32Array,
    validity: Option<&[u8]>,
    validity_offset: u32,
) -> napi::Result<HitColumns> {
    let library = find(&key)?.library;
    let (mut scratch, mut hits, mut columns) = (Scratch::default(), Vec::new(), Columns::default());
    for (row, bounds) in offsets.windows(2).enumerate() {
        let bit = row + validity_offset as usize;
        if validity.is_some_and(|bits| bits.get(bit / 8).is_none_or(|byte| byte >> (bit % 8) & 1 == 0)) {
            continue;
        }
        let bytes = usize::try_from(bounds[0])
            .ok()
            .zip(usize::try_from(bounds[1]).ok())
            .and_then(|(start, end)| values.get(start..end))
            .ok_or_else(|| {
                let [start, end] = [bounds[0], bounds[1]];
                error::argument(format!("row {row} is bytes {start} to {end} of {} bytes", values.len()))
            })?;
        let text =
            std::str::from_utf8(bytes).map_err(|error| error::argument(format!("row {row} is not UTF-8: {error}")))?;
        library.find(text, &mut scratch, &mut hits);
        for hit in &hits {
            columns.push(row as u32, hit, hit.start, hit.end);
        }
    }
    Ok(columns.finish())
}

/// The library with this key.
pub(crate) fn find(key: &str) -> napi::Result<Compiled> {
    libraries()
        .get(key)
        .cloned()
        .ok_or_else(|| error::argument(format!("no library {key} is compiled in this process")))
}

fn libraries() -> std::sync::MutexGuard<'static, HashMap<String, Compiled>> {
    // A panic while the lock was held left whole entries only: inserts and removals are single steps.
    LIBRARIES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Byte positions of one text in another unit, for the positions that hits need: one walk over the text.
struct Positions(HashMap<u32, u32>);

impl Positions {
    fn new(text: &str, hits: &[Hit], width: fn(char) -> u32) -> Self {
        let mut wanted: Vec<u32> = hits.iter().flat_map(|hit| [hit.start, hit.end]).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let mut positions = HashMap::with_capacity(wanted.len());
        let (mut byte, mut unit) = (0, 0);
        for target in wanted {
            unit += text[byte..target as usize].chars().map(width).sum::<u32>();
            byte = target as usize;
            positions.insert(target, unit);
        }
        Self(positions)
    }

    fn of(&self, byte: u32) -> u32 {
        self.0[&byte]
    }
}

#[derive(Default)]
struct Columns {
    rows: Vec<u32>,
    entries: Vec<u32>,
    starts: Vec<u32>,
    ends: Vec<u32>,
    levels: Vec<u8>,
}

impl Columns {
    fn push(&mut self, row: u32, hit: &Hit, start: u32, end: u32) {
        self.rows.push(row);
        self.entries.push(hit.entry);
        self.starts.push(start);
        self.ends.push(end);
        self.levels.push(hit.level as u8);
    }

    fn finish(self) -> HitColumns {
        HitColumns {
            rows: self.rows.into(),
            entries: self.entries.into(),
            starts: self.starts.into(),
            ends: self.ends.into(),
            levels: self.levels.into(),
        }
    }
}
