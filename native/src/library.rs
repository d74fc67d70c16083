//! Compiled libraries: one per process, found by the digest of what they were compiled from.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use matcher::{
    EntrySpec, Hit, Library, LibraryFile, LibrarySpec, MatchOptions, Scratch, first_of_each, is_compiled as has_magic,
};
use napi::bindgen_prelude::{BigInt64Array, Either, Int32Array, Uint8Array, Uint32Array};
use napi_derive::napi;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::error;
use crate::unit::{Places, Unit};

thread_local! {
    /// Memory for single texts, of which many are matched one after the other.
    static MEMORY: RefCell<(Scratch, Vec<Hit>)> = RefCell::default();
}

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
    /// Number of distinct patterns in normal form: keywords, parts of combinations, allow words.
    pub patterns: u32,
    /// The ways in which patterns are found.
    pub routes: Vec<LibraryRoute>,
    /// Bytes of the compiled patterns.
    pub heap_bytes: f64,
}

/// A way in which patterns of a library are found.
#[napi(object)]
pub struct LibraryRoute {
    /// Its name.
    pub name: String,
    /// The kind of processor that its inner loop was written for.
    pub kernel: String,
    /// Patterns that are found by it.
    pub patterns: u32,
}

/// Hits as columns of one length.
#[napi(object)]
pub struct HitColumns {
    /// Row of the column.
    pub rows: Uint32Array,
    /// Index of the entry.
    pub entries: Uint32Array,
    /// First byte of the hit in its row.
    pub starts: Uint32Array,
    /// Byte behind the hit.
    pub ends: Uint32Array,
    /// What was needed to see it.
    pub levels: Uint8Array,
}

/// Compiles a library from its JSON, or finds it compiled. The lock is not held while it compiles.
#[napi(catch_unwind)]
pub fn compile_library(spec: String) -> napi::Result<CompiledLibrary> {
    let key = hex(&Sha256::digest(spec.as_bytes()));
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
    Ok(described(key, &compiled))
}

fn described(key: String, Compiled { library, .. }: &Compiled) -> CompiledLibrary {
    CompiledLibrary {
        key,
        entries: library.entries().len() as u32,
        patterns: library.pattern_count() as u32,
        routes: library
            .routes()
            .into_iter()
            .map(|route| LibraryRoute {
                name: route.name.to_owned(),
                kernel: route.kernel.to_owned(),
                patterns: route.patterns as u32,
            })
            .collect(),
        heap_bytes: library.heap_bytes() as f64,
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A file that holds a compiled library.
#[napi(object)]
pub struct LibraryFileHead {
    /// Digest that every byte of the file counts for.
    pub digest: String,
    /// What was put beside the library when it was saved: JSON of its source.
    pub source: String,
}

/// Whether a file begins as a compiled library does. A file that cannot be read does not.
#[napi(catch_unwind)]
pub fn is_compiled(path: String) -> bool {
    has_magic(Path::new(&path))
}

/// Reads what a compiled library was made of, and not yet the library.
#[napi(catch_unwind)]
pub fn read_library_file(path: String) -> napi::Result<LibraryFileHead> {
    let file = LibraryFile::open(Path::new(&path)).map_err(|error| error::library_file(&error))?;
    let refuse = |error| error::argument(format!("{path}: section source: {error}"));
    let source = String::from_utf8(file.source().to_vec()).map_err(refuse)?;
    Ok(LibraryFileHead { digest: hex(&file.digest()), source })
}

/// Opens a compiled library, or finds it open, to match under options (JSON). Null where it would compile to another
/// library under them. A file with another digest than the one that was read is an error.
#[napi(catch_unwind)]
pub fn open_library_file(path: String, digest: String, options: String) -> napi::Result<Option<CompiledLibrary>> {
    #[derive(Deserialize)]
    struct Source {
        ids: Vec<String>,
    }
    let key = hex(&Sha256::digest(format!("{digest} {options}").as_bytes()));
    let options: MatchOptions = serde_json::from_str(&options).map_err(error::argument)?;
    let known = libraries().get(&key).cloned();
    if let Some(compiled) = known {
        return Ok(Some(described(key, &compiled)));
    }
    let file = LibraryFile::open(Path::new(&path)).map_err(|error| error::library_file(&error))?;
    if hex(&file.digest()) != digest {
        let found = hex(&file.digest());
        return Err(error::argument(format!("{path}: changed since it was read: its digest is {found}, not {digest}")));
    }
    if !file.options().compiles_as(&options) {
        return Ok(None);
    }
    let refuse = |error| error::argument(format!("{path}: section source: {error}"));
    let Source { ids } = serde_json::from_slice(file.source()).map_err(refuse)?;
    let library = file.library_with(options).map_err(|error| error::library_file(&error))?;
    if ids.len() != library.entries().len() {
        let message = format!("{path}: {} ids for {} entries", ids.len(), library.entries().len());
        return Err(error::argument(message));
    }
    let compiled = Compiled { library: Arc::new(library), ids: ids.into() };
    let compiled = libraries().entry(key.clone()).or_insert(compiled).clone();
    Ok(Some(described(key, &compiled)))
}

/// Writes a library to a file, with JSON of its source beside it, in the place of an older file. Gives the number of bytes.
#[napi(catch_unwind)]
pub fn save_library(key: String, path: String, source: String) -> napi::Result<f64> {
    let Compiled { library, .. } = find(&key)?;
    let path = Path::new(&path);
    library.save(path, source.as_bytes()).map_err(|error| error::library_file(&error))?;
    let bytes = std::fs::metadata(path).map_err(error::argument)?.len();
    Ok(bytes as f64)
}

/// Forgets a library; scans that use it keep it until they end.
#[napi(catch_unwind)]
pub fn release_library(key: String) {
    libraries().remove(&key);
}

/// Finds the entries in one text. Gives six numbers a hit: entry, level, start and end in `unit` (`byte` of its UTF-8,
/// `utf16` or `codepoint`), start and end in UTF-16 units, to cut the hit out of the string; null when there is no hit.
///
/// Half a surrogate pair counts as U+FFFD: one unit of UTF-16, one code point, three bytes.
#[napi(catch_unwind)]
pub fn match_text(key: String, text: String, unit: String) -> napi::Result<Option<Uint32Array>> {
    let library = find(&key)?.library;
    let unit = Unit::named(&unit)?;
    MEMORY.with_borrow_mut(|(scratch, hits)| {
        library.find(&text, scratch, hits);
        if hits.is_empty() {
            return Ok(None);
        }
        let places = Places::new(&text, hits);
        let mut packed = Vec::with_capacity(6 * hits.len());
        for hit in &*hits {
            packed.extend([hit.entry, u32::from(hit.level as u8)]);
            packed.extend([places.of(hit.start, unit), places.of(hit.end, unit)]);
            packed.extend([places.of(hit.start, Unit::Utf16), places.of(hit.end, Unit::Utf16)]);
        }
        Ok(Some(packed.into()))
    })
}

/// Finds the entries in a column: row `i` is `values[offsets[i]..offsets[i + 1]]`, null where bit
/// `validity_offset + i` of `validity` is 0. Positions are bytes of the row; a hit lies within its row.
///
/// Offsets that descend or leave the buffer, and rows that are not UTF-8, are errors that name the row.
#[napi(catch_unwind)]
pub fn match_column(
    key: String,
    values: &[u8],
    offsets: Either<Int32Array, BigInt64Array>,
    validity: Option<&[u8]>,
    validity_offset: u32,
) -> napi::Result<HitColumns> {
    let library = find(&key)?.library;
    let offsets: Vec<usize> = match &offsets {
        Either::A(offsets) => ascending(offsets, values.len()),
        Either::B(offsets) => ascending(offsets, values.len()),
    }?;
    let mut columns = Columns::default();
    let (Some(&first), Some(&last)) = (offsets.first(), offsets.last()) else { return Ok(columns.finish()) };
    // One pass over the whole buffer is several times as fast as one a row. What is there for rows that are null may be
    // anything, so a buffer that fails is looked at row by row.
    let all = simdutf8::basic::from_utf8(&values[first..last]).ok();
    let (mut scratch, mut hits) = (Scratch::default(), Vec::new());
    for (row, bounds) in offsets.windows(2).enumerate() {
        let bit = row + validity_offset as usize;
        if validity.is_some_and(|bits| bits.get(bit / 8).is_none_or(|byte| byte >> (bit % 8) & 1 == 0)) {
            continue;
        }
        let (start, end) = (bounds[0], bounds[1]);
        let text = match all.and_then(|all| all.get(start - first..end - first)) {
            Some(text) => text,
            None => std::str::from_utf8(&values[start..end])
                .map_err(|error| error::argument(format!("row {row} is not UTF-8: {error}")))?,
        };
        if u32::try_from(text.len()).is_err() {
            let bytes = text.len();
            return Err(error::argument(format!("row {row} is {bytes} bytes; the limit is {}", u32::MAX)));
        }
        library.find(text, &mut scratch, &mut hits);
        for hit in &hits {
            columns.push(row as u32, hit);
        }
    }
    Ok(columns.finish())
}

/// Offsets that are known to ascend within `0..=len`.
fn ascending<T: Copy + std::fmt::Display + TryInto<usize>>(offsets: &[T], len: usize) -> napi::Result<Vec<usize>> {
    let mut checked = Vec::with_capacity(offsets.len());
    for (at, &offset) in offsets.iter().enumerate() {
        let before = checked.last().copied().unwrap_or(0);
        let known = offset.try_into().ok().filter(|offset| (before..=len).contains(offset));
        let refuse =
            || error::argument(format!("offset {at} is {offset}: not from {before} to {len}, where the bytes end"));
        checked.push(known.ok_or_else(refuse)?);
    }
    Ok(checked)
}

/// Keywords in normal form, as columns of one length.
#[napi(object)]
pub struct NormalForms {
    /// Index of the first keyword with the same normal form; 4294967295 where nothing of the keyword is left.
    pub firsts: Uint32Array,
    /// Characters that a text must show, white space left out; of a combination, of the shortest part.
    pub characters: Uint32Array,
    /// 1 where all of them are letters of an alphabetic script.
    pub alphabetic: Uint8Array,
}

/// Reads keywords (a JSON array of `[text, is a combination]`) in normal form: equal ones are one keyword.
#[napi(catch_unwind)]
pub fn normal_forms(keywords: String) -> napi::Result<NormalForms> {
    let keywords: Vec<(String, bool)> = serde_json::from_str(&keywords).map_err(error::argument)?;
    let (mut firsts, mut characters, mut alphabetic) = (Vec::new(), Vec::new(), Vec::new());
    first_of_each(keywords.iter().map(|(text, is_combo)| (text.as_str(), *is_combo)), |form| {
        firsts.push(form.map_or(u32::MAX, |(first, _)| first));
        characters.push(form.map_or(0, |(_, form)| form.characters() as u32));
        alphabetic.push(u8::from(form.is_some_and(|(_, form)| form.is_alphabetic())));
    });
    Ok(NormalForms { firsts: firsts.into(), characters: characters.into(), alphabetic: alphabetic.into() })
}

/// Explains a text (JSON): the entries that are found in it, and those of `asked`, by index, that are not.
#[napi(catch_unwind)]
pub fn explain_text(key: String, text: String, asked: Vec<u32>) -> napi::Result<String> {
    let library = find(&key)?.library;
    if let Some(entry) = asked.iter().find(|entry| **entry as usize >= library.entries().len()) {
        return Err(error::argument(format!("entry {entry} of {}", library.entries().len())));
    }
    let explanation = library.explain(&text, &asked).map_err(error::argument)?;
    Ok(serde_json::to_string(&explanation).expect("names and numbers have a JSON form"))
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

#[derive(Default)]
struct Columns {
    rows: Vec<u32>,
    entries: Vec<u32>,
    starts: Vec<u32>,
    ends: Vec<u32>,
    levels: Vec<u8>,
}

impl Columns {
    fn push(&mut self, row: u32, hit: &Hit) {
        self.rows.push(row);
        self.entries.push(hit.entry);
        self.starts.push(hit.start);
        self.ends.push(hit.end);
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
