//! A compiled library as a file, and back: what takes long to compile is stored, what is soon made again is made.
//!
//! Stored are the entries and options, the patterns of each route with who asked for them, and the index of the fast route,
//! whose tables are used where they lie when the file is mapped. Made again are the automaton of the plain route (a stored
//! one could not be trusted without as much work), the starts of guessed forms, and the tables that depend on options
//! alone. Nothing of a file is believed: a number that leads somewhere is compared with what it leads into, so that a file
//! that was made to harm finds wrong things at worst.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use normalize::{Class, tables};

use crate::automaton::{Automaton, Settings};
use crate::combo::{Expression, Part, Shape};
use crate::exact::Exact;
use crate::fast::Fast;
use crate::file::{self, Array, FileError, Reader, Section, Writer};
use crate::groups::Groups;
use crate::guess::{self, Fuzzy, Guess};
use crate::library::{Library, Numbered, Owner};
use crate::matcher::Matcher;
use crate::pattern::{self, Pattern, reach_of};
use crate::spec::{EntrySpec, MarkupKind, MatchOptions, Profile, limits};

/// Most edits of a stored library: the forms of a word grow with the power of them.
const MAX_EDITS: u32 = 3;

/// A file that holds a compiled library, and what its maker put beside it.
pub struct LibraryFile {
    reader: Reader,
    source: Array<u8>,
    options: MatchOptions,
}

/// Whether a file begins as a compiled library does. What cannot be read does not, nor what is no file: of a pipe the first
/// bytes would be lost.
pub fn is_compiled(path: &Path) -> bool {
    let mut first = [0; file::MAGIC.len()];
    path.is_file() && File::open(path).and_then(|mut file| file.read_exact(&mut first)).is_ok() && first == file::MAGIC
}

impl LibraryFile {
    /// Maps a file and reads its header, its source and its options. All that open it share its pages.
    ///
    /// A file that is open must not be changed in place; [`Library::save`] puts another one in its place.
    ///
    /// # Errors
    ///
    /// [`FileError`] names the file and what of it is not as this version writes it.
    pub fn open(path: &Path) -> Result<Self, FileError> {
        Self::new(Reader::open(path)?)
    }

    /// As [`open`](Self::open), of bytes that are copied; `name` stands for the file in messages.
    pub fn from_bytes(name: &str, bytes: &[u8]) -> Result<Self, FileError> {
        Self::new(Reader::of_bytes(name, bytes)?)
    }

    fn new(mut reader: Reader) -> Result<Self, FileError> {
        let source = reader.take("source")?.array();
        let stored = reader.take::<u8>("options")?;
        let options: MatchOptions = serde_json::from_slice(&stored)
            .map_err(|error| stored.refuse(0, "the options", error, "they are as this version writes them"))?;
        if options.fuzzy > MAX_EDITS {
            return Err(stored.refuse(0, "fuzzy", options.fuzzy, format!("the limit is {MAX_EDITS}")));
        }
        Ok(Self { reader, source, options })
    }

    /// The digest of the file, which its every byte counts for.
    pub fn digest(&self) -> [u8; 32] {
        self.reader.digest()
    }

    /// What its maker put beside the library: what it was compiled from, as far as this crate does not know it.
    pub fn source(&self) -> &[u8] {
        &self.source
    }

    /// The options that it was compiled with.
    pub fn options(&self) -> &MatchOptions {
        &self.options
    }

    /// The library.
    ///
    /// # Errors
    ///
    /// [`FileError`] names the section, the byte, the value there and the limit.
    pub fn library(self) -> Result<Library, FileError> {
        let Self { mut reader, options, .. } = self;
        let file = &mut reader;
        let entries = restore_entries(file)?;
        let combos = combinations(&entries, &options, file)?;
        let stored_owners = file.take::<u32>("owners")?;
        let owners = restore_owners(&stored_owners, &entries, &combos)?;
        let owners_of_pattern = Groups::restore("owners_of_pattern", owners.len(), "owner of a pattern", file)?;
        let pattern_count = owners_of_pattern.len();
        let (stored_reach, [reach]) = file.take_exactly::<u32, 1>("reach")?;
        let (matchers, least) = restore_matchers(pattern_count, &options, file)?;
        // Streams hold back as much as a hit may take: more would only cost memory, less would lose hits.
        let (reach, most) = (reach as usize, reach_of(pattern::MAX_ELEMENTS) + guess::MORE_REACH);
        if !(least..=most).contains(&reach) {
            return Err(stored_reach.refuse(0, "reach of a hit", reach, format!("it must be from {least} to {most}")));
        }
        reader.finish()?;
        Ok(Library { entries, options, owners, owners_of_pattern, combos, matchers, pattern_count, reach })
    }

    /// The library, matching under other options.
    ///
    /// # Errors
    ///
    /// As [`library`](Self::library).
    ///
    /// # Panics
    ///
    /// When a library does not compile to the same under these options ([`MatchOptions::compiles_as`]).
    pub fn library_with(self, options: MatchOptions) -> Result<Library, FileError> {
        assert!(self.options.compiles_as(&options), "{options:?} compile to another library than {:?}", self.options);
        let mut library = self.library()?;
        library.options = options;
        Ok(library)
    }
}

impl Library {
    /// The library as the bytes of a file, and beside it what its caller wants back with it.
    pub fn to_bytes(&self, source: &[u8]) -> Vec<u8> {
        let mut out = Writer::default();
        out.put("source", source);
        let options = serde_json::to_vec(&self.options).expect("options have a JSON form");
        out.put("options", &options);
        store_entries(&self.entries, &mut out);
        let owner = |owner: &Owner| match *owner {
            Owner::Entry(entry) => [ENTRY, entry, 0],
            Owner::Allow(None) => [ALLOW_ALL, 0, 0],
            Owner::Allow(Some(entry)) => [ALLOW, entry, 0],
            Owner::Part(entry, part) => [PART, entry, part],
            Owner::Alias(entry) => [ALIAS, entry, 0],
        };
        out.put("owners", &self.owners.iter().flat_map(owner).collect::<Vec<u32>>());
        self.owners_of_pattern.store("owners_of_pattern", &mut out);
        out.put("reach", &[self.reach as u32]);
        for matcher in &self.matchers {
            matcher.store(&mut out);
        }
        out.finish()
    }

    /// Writes the library to a file, in one step and in the place of another if there is one: who has that open keeps it.
    ///
    /// # Errors
    ///
    /// [`FileError`] when the system refuses.
    pub fn save(&self, path: &Path, source: &[u8]) -> Result<(), FileError> {
        file::write(path, &self.to_bytes(source))
    }

    /// Opens a library that was saved.
    ///
    /// # Errors
    ///
    /// As [`LibraryFile::open`] and [`LibraryFile::library`].
    pub fn open(path: &Path) -> Result<Self, FileError> {
        LibraryFile::open(path)?.library()
    }

    /// Reads a library from the bytes of a file.
    ///
    /// # Errors
    ///
    /// As [`LibraryFile::from_bytes`] and [`LibraryFile::library`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FileError> {
        LibraryFile::from_bytes("compiled library", bytes)?.library()
    }
}

/// Numbers of the kinds of owners.
const ENTRY: u32 = 0;
const ALLOW_ALL: u32 = 1;
const ALLOW: u32 = 2;
const PART: u32 = 3;
const ALIAS: u32 = 4;

fn restore_owners(
    stored: &Section<u32>,
    entries: &[EntrySpec],
    combos: &HashMap<u32, Shape>,
) -> Result<Vec<Owner>, FileError> {
    stored.expect_count(stored.len() / 3 * 3)?;
    let mut owners = Vec::with_capacity(stored.len() / 3);
    for (at, &[kind, entry, part]) in (0..).step_by(3).zip(stored.as_chunks::<3>().0) {
        if entry as usize >= entries.len() && kind != ALLOW_ALL {
            let limit = format!("the limit is {}, exclusive", entries.len());
            return Err(stored.refuse(at + 1, "entry of an owner", entry, limit));
        }
        owners.push(match kind {
            ENTRY => Owner::Entry(entry),
            ALLOW_ALL => Owner::Allow(None),
            ALLOW => Owner::Allow(Some(entry)),
            PART => {
                let Some(shape) = combos.get(&entry) else {
                    return Err(stored.refuse(at + 1, "entry of a part", entry, "it must be a combination"));
                };
                if part != Part::ABSENT && part >= shape.present {
                    let limit = format!("the limit is {}, exclusive", shape.present);
                    return Err(stored.refuse(at + 2, "number of a part", part, limit));
                }
                Owner::Part(entry, part)
            }
            ALIAS => Owner::Alias(entry),
            kind => return Err(stored.refuse(at, "kind of an owner", kind, format!("the limit is {ALIAS}"))),
        });
    }
    Ok(owners)
}

/// The matchers that are stored, and the least reach of a hit that they may find.
fn restore_matchers(
    patterns: usize,
    options: &MatchOptions,
    file: &mut Reader,
) -> Result<(Vec<Box<dyn Matcher>>, usize), FileError> {
    let settings = Settings::new(options);
    let mut matchers: Vec<Box<dyn Matcher>> = Vec::new();
    let mut known: Vec<Numbered> = Vec::new();
    let mut least = 1;
    let is_aggressive = options.profile == Profile::Aggressive;
    if options.profile == Profile::Exact {
        if patterns > 0 {
            matchers.push(Box::new(Exact::restore(patterns, options.word_boundary, file)?));
        }
    } else {
        let has_fast = options.markup == MarkupKind::None && options.noise.is_empty() && file.has("fast.ids");
        if has_fast {
            let fast = pattern::restore("fast", patterns, file)?;
            if is_aggressive {
                known.extend(fast.iter().cloned());
            }
            least = least.max(most_reach(&fast));
            matchers.push(Box::new(Fast::restore(fast, settings.clone(), file)?));
        }
        if file.has("automaton.ids") {
            let rest = pattern::restore("automaton", patterns, file)?;
            if is_aggressive {
                known.extend(rest.iter().cloned());
            }
            least = least.max(most_reach(&rest));
            let automaton = Automaton::new(rest, options);
            let refuse = |error| file.refuse("automaton.elements", "the patterns", error);
            matchers.push(Box::new(automaton.map_err(refuse)?));
        }
    }
    if is_aggressive {
        let ids = file.take::<u32>("guess.ids")?;
        let mut by_id: HashMap<u32, Pattern> = known.into_iter().collect();
        let mut guessed = Vec::with_capacity(ids.len().min(by_id.len()));
        for (at, id) in ids.iter().enumerate() {
            let Some(pattern) = by_id.remove(id) else {
                return Err(ids.refuse(at, "number of a pattern", id, "it must be that of a pattern, once"));
            };
            guessed.push((*id, pattern));
        }
        matchers.push(Box::new(Guess::new(guessed.into_iter(), settings.clone())));
    }
    if options.fuzzy > 0 {
        matchers.push(Box::new(Fuzzy::restore(patterns, options.fuzzy as usize, settings, file)?));
    }
    Ok((matchers, least + guess::MORE_REACH))
}

fn most_reach(patterns: &[Numbered]) -> usize {
    patterns.iter().map(|(_, pattern)| pattern.reach()).max().unwrap_or(0)
}

fn store_entries(entries: &[EntrySpec], out: &mut Writer) {
    store_texts("entries", entries.iter().map(|entry| entry.text.as_str()), out);
    out.put("entries.masks", &entries.iter().map(|entry| entry.mask).collect::<Vec<u32>>());
    out.put("entries.severities", &entries.iter().map(|entry| entry.severity).collect::<Vec<u8>>());
    out.put("entries.combos", &entries.iter().map(|entry| u8::from(entry.combo)).collect::<Vec<u8>>());
    out.put("entries.allow", &entries.iter().map(|entry| entry.allow.len() as u32).collect::<Vec<u32>>());
    store_texts("allow", entries.iter().flat_map(|entry| &entry.allow).map(String::as_str), out);
}

fn store_texts<'t>(name: &str, texts: impl Iterator<Item = &'t str>, out: &mut Writer) {
    let (mut lengths, mut all) = (Vec::new(), Vec::new());
    for text in texts {
        lengths.push(text.len() as u32);
        all.extend_from_slice(text.as_bytes());
    }
    out.put(format!("{name}.lengths"), &lengths);
    out.put(format!("{name}.texts"), &all);
}

fn restore_entries(file: &mut Reader) -> Result<Vec<EntrySpec>, FileError> {
    let (section, texts) = restore_texts("entries", file)?;
    if texts.len() > limits::ENTRIES {
        return Err(section.refuse(0, "number of entries", texts.len(), format!("the limit is {}", limits::ENTRIES)));
    }
    let masks = file.take::<u32>("entries.masks")?;
    let severities = file.take::<u8>("entries.severities")?;
    let combos = file.take::<u8>("entries.combos")?;
    let counts = file.take::<u32>("entries.allow")?;
    let (words_section, words) = restore_texts("allow", file)?;
    for section in [&severities, &combos] {
        section.expect_count(texts.len())?;
    }
    for section in [&masks, &counts] {
        section.expect_count(texts.len())?;
    }
    combos.expect_below(2, "a flag")?;
    let mut words = words.into_iter();
    let mut entries = Vec::with_capacity(texts.len());
    for (at, text) in texts.into_iter().enumerate() {
        let count = counts[at] as usize;
        if count > words.len() {
            let limit = format!("{} are left", words.len());
            return Err(counts.refuse(at, "number of allow words", count, limit));
        }
        entries.push(EntrySpec {
            text,
            mask: masks[at],
            severity: severities[at],
            allow: words.by_ref().take(count).collect(),
            combo: combos[at] == 1,
        });
    }
    words_section.expect_count(words_section.len() - words.len())?;
    Ok(entries)
}

/// Texts, and the section of their lengths.
fn restore_texts(name: &str, file: &mut Reader) -> Result<(Section<u32>, Vec<String>), FileError> {
    let lengths = file.take::<u32>(format!("{name}.lengths"))?;
    let bytes = file.take::<u8>(format!("{name}.texts"))?;
    // None is empty, so that there is not more to allocate than the file has bytes.
    if lengths.len() > bytes.len() {
        return Err(lengths.refuse(0, "number of texts", lengths.len(), format!("the limit is {}", bytes.len())));
    }
    let all = match std::str::from_utf8(&bytes) {
        Ok(all) => all,
        Err(error) => return Err(bytes.refuse(error.valid_up_to(), "a text", error, "texts are UTF-8")),
    };
    let mut texts = Vec::with_capacity(lengths.len());
    let mut rest = all;
    for (at, &length) in lengths.iter().enumerate() {
        let Some((text, behind)) = rest.split_at_checked(length as usize) else {
            let limit = format!("{} bytes are left, and it must end with a character", rest.len());
            return Err(lengths.refuse(at, "length of a text", length, limit));
        };
        texts.push(text.to_owned());
        rest = behind;
    }
    bytes.expect_count(bytes.len() - rest.len())?;
    Ok((lengths, texts))
}

/// The shapes of the entries that are combinations. What else the search takes for granted of entries is checked here:
/// that each has a pattern.
fn combinations(
    entries: &[EntrySpec],
    options: &MatchOptions,
    file: &Reader,
) -> Result<HashMap<u32, Shape>, FileError> {
    let mut combos = HashMap::new();
    for (entry, id) in entries.iter().zip(0_u32..) {
        let refuse = |what| file.refuse("entries.texts", what, format!("{:?} of entry {id}", entry.text));
        if !(entry.combo || options.combo) {
            if !has_pattern(&entry.text) {
                return Err(refuse("a text without a character"));
            }
            continue;
        }
        let expression = Expression::parse(&entry.text, id as usize);
        let Ok(Expression { present, absent }) = expression else {
            return Err(refuse("a text that is no combination"));
        };
        if !present.iter().chain(&absent).all(|part| has_pattern(part)) {
            return Err(refuse("a part without a character"));
        }
        combos.insert(id, Shape { present: present.len() as u32, has_absent: !absent.is_empty() });
    }
    Ok(combos)
}

/// Whether a text has a pattern, which nearly all show with their first character.
fn has_pattern(text: &str) -> bool {
    let is_content = |c| matches!(tables().info(c).class(), Class::Letter | Class::Free | Class::Digit);
    text.chars().next().is_some_and(is_content) || Pattern::new(text).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::Fault;
    use crate::library::Scratch;
    use crate::spec::LibrarySpec;

    const TEXT: &str = "有人走 私香烟，打击走私 & 毒 r\u{430}nsom, r-a-n-s-o-m zousi 100 元 +++ m*lware";

    fn compiled(options: MatchOptions) -> Library {
        let texts = ["走私", "走私香烟", "打击走私", "毒", "ransom", "malware note", "100元", "+++", "走私&香烟~毒"];
        let entry = |text: &str| EntrySpec {
            text: text.to_owned(),
            combo: text.contains('&'),
            allow: vec!["打击".to_owned()],
            ..EntrySpec::default()
        };
        Library::compile(LibrarySpec { entries: texts.map(entry).to_vec(), options }).expect("compiles")
    }

    fn fault(bytes: &[u8]) -> Option<Fault> {
        match LibraryFile::from_bytes("forged", bytes).and_then(LibraryFile::library) {
            Ok(library) => {
                let mut hits = Vec::new();
                library.find(TEXT, &mut Scratch::default(), &mut hits);
                None
            }
            Err(error) => Some(error.fault),
        }
    }

    /// The digests of a forger fit: a number that leads too far is refused with its place, all others do no harm.
    #[test]
    fn numbers_that_lead_nowhere_are_refused_in_every_section() {
        let aggressive = MatchOptions { profile: Profile::Aggressive, fuzzy: 1, ..MatchOptions::default() };
        let exact = MatchOptions { profile: Profile::Exact, ..MatchOptions::default() };
        let mut refused = std::collections::BTreeSet::new();
        let (mut read, mut all) = (0, 0);
        for options in [aggressive, exact] {
            let mut genuine = compiled(options).to_bytes(b"source");
            let names = file::names(&genuine);
            let sections = file::forge(&mut genuine);
            assert!(fault(&genuine).is_none(), "{:?}", fault(&genuine));
            for (name, section) in names.iter().zip(&sections) {
                let step = (section.len() / 12).next_multiple_of(4).max(4);
                for at in section.clone().step_by(step) {
                    for value in [[0xFF; 4], [0xFF, 0xFF, 0, 0], [0, 0, 0, 0x80]] {
                        let mut forged = genuine.clone();
                        let end = section.end.min(at + 4);
                        forged[at..end].copy_from_slice(&value[..end - at]);
                        file::forge(&mut forged);
                        all += 1;
                        match fault(&forged) {
                            None => read += 1,
                            Some(Fault::Value { section, offset, value, limit, .. }) => {
                                assert!(
                                    (128..genuine.len() as u64).contains(&offset),
                                    "{name} {at}: {section} {offset}"
                                );
                                assert!(!value.is_empty() && !limit.is_empty(), "{name} {at}");
                                refused.insert(name.clone());
                            }
                            Some(other) => panic!("{name} {at}: {other:?}"),
                        }
                    }
                }
            }
        }
        // What only counts as it is, such as a mask or a word of a filter, cannot lead anywhere.
        assert!(read > all / 10, "{read} of {all} were read");
        let leading = [
            "options",
            "entries.lengths",
            "entries.texts",
            "entries.combos",
            "entries.allow",
            "allow.lengths",
            "owners",
            "owners_of_pattern.starts",
            "owners_of_pattern.items",
            "reach",
            "fast.ids",
            "fast.lengths",
            "fast.elements",
            "fast.flags",
            "fast.parts",
            "fast.shapes",
            "fast.windows.lists",
            "fast.singles.codes",
            "fast.singles.places",
            "fast.words.lists",
            "fast.of_word.starts",
            "fast.of_word.items",
            "fast.near.windows.lists",
            "fast.near.of_window.starts",
            "fast.near.of_window.items",
            "fast.near.words.lists",
            "automaton.ids",
            "automaton.lengths",
            "automaton.elements",
            "guess.ids",
            "fuzzy.ids",
            "fuzzy.lengths",
            "fuzzy.letters",
            "exact.gram",
        ];
        let missing: Vec<_> = leading.iter().filter(|name| !refused.contains(**name)).collect();
        assert!(missing.is_empty(), "never refused: {missing:?}\nrefused: {refused:?}");
    }

    /// Lengths of the table are compared with the file before anything is allocated or read.
    #[test]
    fn sections_do_not_leave_the_file() {
        let genuine = compiled(MatchOptions::default()).to_bytes(b"source");
        for (at, value) in [(32, u64::MAX), (32, 0), (40, u64::MAX), (40, 1 << 40), (40, 0)] {
            let mut forged = genuine.clone();
            forged[128 + at..][..8].copy_from_slice(&value.to_ne_bytes());
            file::forge(&mut forged);
            let Some(Fault::Value { section, offset, .. }) = fault(&forged) else { panic!("{at} {value} is read") };
            assert_eq!(section, "header");
            // A section that ends early moves the place at which the next must start.
            assert!(offset >= 128 + at as u64, "{at} {value}: {offset}");
        }
    }

    #[test]
    fn a_section_that_is_missing_or_too_many_is_named() {
        let mut out = Writer::default();
        out.put("source", b"");
        out.put("options", b"{}");
        let bytes = out.finish();
        assert!(matches!(fault(&bytes), Some(Fault::Missing { section }) if section == "entries.lengths"));
        let none = Library::compile(LibrarySpec::default()).expect("compiles").to_bytes(&[]);
        let mut forged = none.clone();
        let name = file::names(&none).iter().position(|name| name == "reach").expect("is there");
        forged[128 + 80 * name..][..5].copy_from_slice(b"other");
        file::forge(&mut forged);
        assert!(matches!(fault(&forged), Some(Fault::Missing { section }) if section == "reach"));
    }
}
