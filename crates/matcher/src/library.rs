//! A compiled keyword library: folding, matching, boundaries, allow words, overlaps.

use std::collections::HashMap;

use normalize::{FoldedText, fold_str, fold_text};

use crate::boundary::is_bounded;
use crate::daac::DaacMatcher;
use crate::spec::{LibraryError, LibrarySpec, MatchOptions, Overlap, limits};
use crate::{Matcher, spec::EntrySpec};

/// What was needed to see the keyword in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Level {
    /// The stored bytes are the keyword.
    Plain = 0,
    /// Case or width differ.
    Folded = 1,
}

/// One entry found in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hit {
    /// Index of the entry in the library.
    pub entry: u32,
    /// First byte of the hit in the text as stored.
    pub start: u32,
    /// Byte behind the hit.
    pub end: u32,
    /// What was needed to see it.
    pub level: Level,
}

/// Memory that a thread keeps between texts.
#[derive(Debug, Default)]
pub struct Scratch {
    folded: FoldedText,
    found: Vec<Hit>,
    allowed: Vec<Allowed>,
}

/// An allow word in the text: it excuses hits of `entry`, or of any entry.
#[derive(Debug, Clone, Copy)]
struct Allowed {
    entry: Option<u32>,
    start: u32,
    end: u32,
}

/// Who asked for a pattern. Several entries may share one folded text.
#[derive(Debug, Clone, Copy)]
enum Owner {
    Entry(u32),
    Allow(Option<u32>),
}

/// A keyword library, compiled: immutable, shared by all threads.
pub struct Library {
    entries: Vec<EntrySpec>,
    options: MatchOptions,
    patterns: Vec<String>,
    /// Owners of pattern `p`: `owners[owner_starts[p]..owner_starts[p + 1]]`.
    owners: Vec<Owner>,
    owner_starts: Vec<u32>,
    engine: Option<Box<dyn Matcher>>,
}

impl Library {
    /// Compiles a library. A library without entries is allowed and finds nothing.
    ///
    /// # Errors
    ///
    /// [`LibraryError`] names the first entry that cannot be matched, its size and the limit.
    pub fn compile(spec: LibrarySpec) -> Result<Self, LibraryError> {
        Self::compile_with(spec, |patterns| Ok(Box::new(DaacMatcher::new(patterns)?)))
    }

    fn compile_with(
        spec: LibrarySpec,
        engine: impl FnOnce(&[String]) -> Result<Box<dyn Matcher>, LibraryError>,
    ) -> Result<Self, LibraryError> {
        let LibrarySpec { entries, options } = spec;
        if entries.len() > limits::ENTRIES {
            return Err(LibraryError::TooMany { entries: entries.len() });
        }
        let mut owners_of: HashMap<String, Vec<Owner>> = HashMap::with_capacity(entries.len());
        let mut patterns = Vec::with_capacity(entries.len());
        let mut add = |text: &str, entry: Option<usize>, owner: Owner| {
            let folded = fold_keyword(text, entry)?;
            let owners = owners_of.entry(folded.clone()).or_default();
            if owners.is_empty() {
                patterns.push(folded);
            }
            owners.push(owner);
            Ok(())
        };
        for (index, entry) in entries.iter().enumerate() {
            let id = index as u32;
            add(&entry.text, Some(index), Owner::Entry(id))?;
            for word in &entry.allow {
                add(word, Some(index), Owner::Allow(Some(id)))?;
            }
        }
        for word in &options.allow {
            add(word, None, Owner::Allow(None))?;
        }
        let mut owners = Vec::with_capacity(patterns.len());
        let mut owner_starts = vec![0];
        for pattern in &patterns {
            owners.extend_from_slice(&owners_of[pattern]);
            owner_starts.push(owners.len() as u32);
        }
        let engine = if patterns.is_empty() { None } else { Some(engine(&patterns)?) };
        Ok(Self { entries, options, patterns, owners, owner_starts, engine })
    }

    /// The entries, in the order of their indices.
    pub fn entries(&self) -> &[EntrySpec] {
        &self.entries
    }

    /// Number of distinct folded texts: keywords and allow words.
    pub fn pattern_count(&self) -> usize {
        self.patterns.len()
    }

    /// Name of the engine that was chosen.
    pub fn engine_name(&self) -> &'static str {
        self.engine.as_ref().map_or("none", |engine| engine.name())
    }

    /// Bytes of memory that the compiled patterns take.
    pub fn heap_bytes(&self) -> usize {
        self.engine.as_ref().map_or(0, |engine| engine.heap_bytes())
    }

    /// How the library matches.
    pub fn options(&self) -> &MatchOptions {
        &self.options
    }

    /// Finds the entries in `text` and writes them to `hits`, which is emptied first: ordered by start, then longest
    /// first, then entry. Linear in the text and the number of hits.
    ///
    /// The text must be shorter than 4 GiB, which the limit on records (16 MiB) sees to.
    pub fn find(&self, text: &str, scratch: &mut Scratch, hits: &mut Vec<Hit>) {
        hits.clear();
        let Some(engine) = &self.engine else { return };
        debug_assert!(u32::try_from(text.len()).is_ok());
        let Scratch { folded, found, allowed } = scratch;
        fold_text(text, folded);
        found.clear();
        allowed.clear();
        engine.find_all(folded.as_str(), &mut |pattern, folded_start, folded_end| {
            let (start, end) = folded.stored_range(folded_start, folded_end);
            if self.options.word_boundary && !is_bounded(text, start, end) {
                return;
            }
            let (start, end) = (start as u32, end as u32);
            for owner in self.owners_of(pattern) {
                match *owner {
                    Owner::Allow(entry) => allowed.push(Allowed { entry, start, end }),
                    Owner::Entry(entry) => {
                        let stored = &text.as_bytes()[start as usize..end as usize];
                        let plain = stored == self.entries[entry as usize].text.as_bytes();
                        let level = if plain { Level::Plain } else { Level::Folded };
                        found.push(Hit { entry, start, end, level });
                    }
                }
            }
        });
        found.sort_unstable_by_key(|hit| (hit.start, std::cmp::Reverse(hit.end), hit.entry));
        allowed.sort_unstable_by_key(|word| word.start);
        let kept = found.iter().filter(|hit| !is_excused(hit, allowed)).copied();
        match self.options.overlap {
            Overlap::All => hits.extend(kept),
            Overlap::LeftmostLongest => {
                let mut free_from = 0;
                let mut last = (u32::MAX, u32::MAX);
                for hit in kept {
                    // Entries that share one text are one hit with several names, not an overlap.
                    if hit.start >= free_from || (hit.start, hit.end) == last {
                        hits.push(hit);
                        free_from = hit.end;
                        last = (hit.start, hit.end);
                    }
                }
            }
        }
    }

    fn owners_of(&self, pattern: u32) -> &[Owner] {
        let pattern = pattern as usize;
        &self.owners[self.owner_starts[pattern] as usize..self.owner_starts[pattern + 1] as usize]
    }
}

/// Whether one allow word covers all of the hit. `allowed` is sorted by start.
fn is_excused(hit: &Hit, allowed: &[Allowed]) -> bool {
    let reach = allowed.partition_point(|word| word.start <= hit.start);
    // No allow word is longer than the limit, so those that start further back cannot reach the hit.
    let farthest = hit.start.saturating_sub((limits::KEYWORD_BYTES * 4) as u32);
    allowed[..reach]
        .iter()
        .rev()
        .take_while(|word| word.start >= farthest)
        .any(|word| word.end >= hit.end && word.entry.is_none_or(|entry| entry == hit.entry))
}

fn fold_keyword(text: &str, entry: Option<usize>) -> Result<String, LibraryError> {
    let folded = fold_str(text.trim());
    if folded.is_empty() {
        return Err(LibraryError::Empty { entry });
    }
    if folded.len() > limits::KEYWORD_BYTES {
        return Err(LibraryError::TooLong { entry, bytes: folded.len() });
    }
    Ok(folded)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::brute::BruteMatcher;

    fn spec(words: &[&str], options: MatchOptions) -> LibrarySpec {
        let entries = words
            .iter()
            .map(|text| EntrySpec { text: (*text).to_owned(), mask: 1, severity: 1, allow: Vec::new() })
            .collect();
        LibrarySpec { entries, options }
    }

    fn find(library: &Library, text: &str) -> Vec<Hit> {
        let mut hits = Vec::new();
        library.find(text, &mut Scratch::default(), &mut hits);
        hits
    }

    fn matched<'t>(library: &Library, text: &'t str) -> Vec<&'t str> {
        find(library, text).iter().map(|hit| &text[hit.start as usize..hit.end as usize]).collect()
    }

    #[test]
    fn overlaps_are_resolved_from_the_left_or_all_reported() {
        let words = ["走私", "走私香烟", "香烟", "烟"];
        let leftmost = Library::compile(spec(&words, MatchOptions::default())).expect("compiles");
        assert_eq!(matched(&leftmost, "有人走私香烟"), ["走私香烟"]);
        let all = MatchOptions { overlap: Overlap::All, ..MatchOptions::default() };
        let all = Library::compile(spec(&words, all)).expect("compiles");
        assert_eq!(matched(&all, "有人走私香烟"), ["走私香烟", "走私", "香烟", "烟"]);
    }

    #[test]
    fn an_allow_word_excuses_only_what_it_covers() {
        let options =
            MatchOptions { allow: vec!["反走私".into()], overlap: Overlap::All, ..MatchOptions::default() };
        let library = Library::compile(spec(&["走私", "私货"], options)).expect("compiles");
        assert_eq!(matched(&library, "反走私货物"), ["私货"]);
        assert_eq!(matched(&library, "走私，反走私"), ["走私"]);
    }

    #[test]
    fn an_allow_word_of_an_entry_excuses_that_entry_alone() {
        let mut spec = spec(&["走私", "走私"], MatchOptions::default());
        spec.entries[0].allow.push("反走私".into());
        let library = Library::compile(spec).expect("compiles");
        assert_eq!(find(&library, "反走私").iter().map(|hit| hit.entry).collect::<Vec<_>>(), [1]);
    }

    #[test]
    fn levels_tell_stored_from_folded() {
        let library = Library::compile(spec(&["Trojan", "木马"], MatchOptions::default())).expect("compiles");
        let levels: Vec<_> = find(&library, "Trojan TROJAN ｔｒｏｊａｎ 木马").iter().map(|hit| hit.level).collect();
        assert_eq!(levels, [Level::Plain, Level::Folded, Level::Folded, Level::Plain]);
    }

    #[test]
    fn unusable_entries_are_named() {
        let error = |words: &[&str]| {
            Library::compile(spec(words, MatchOptions::default())).err().expect("is refused").to_string()
        };
        assert_eq!(error(&["ok", " \u{3000}"]), "entry 1 has no text");
        assert_eq!(error(&[&"长".repeat(400)]), "entry 0 is 1200 bytes long; the limit is 1024");
    }

    proptest! {
        #[test]
        fn the_engine_agrees_with_brute_force(
            words in proptest::collection::vec("[aAb走私ＡßK]{1,4}", 1..12),
            text in "[aAbB走私香 ＡßſKÉ1_\u{200B}]{0,60}",
            word_boundary: bool,
        ) {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let options = MatchOptions { word_boundary, overlap: Overlap::All, ..MatchOptions::default() };
            let engine = Library::compile(spec(&words, options.clone())).expect("compiles");
            let brute = Library::compile_with(spec(&words, options), |patterns| {
                Ok(Box::new(BruteMatcher(patterns.to_vec())))
            }).expect("compiles");
            prop_assert_eq!(find(&engine, &text), find(&brute, &text));
        }

        #[test]
        fn spans_are_character_boundaries_and_fold_to_the_keyword(text in "\\PC{0,40}", word in "\\PC{1,2}") {
            prop_assume!(!fold_str(word.trim()).is_empty());
            let options = MatchOptions { word_boundary: false, overlap: Overlap::All, ..MatchOptions::default() };
            let library = Library::compile(spec(&[&word], options)).expect("compiles");
            let text = format!("{text}{word}{text}");
            for hit in find(&library, &text) {
                let stored = &text[hit.start as usize..hit.end as usize];
                prop_assert!(fold_str(stored).contains(&fold_str(word.trim())));
            }
        }
    }
}
