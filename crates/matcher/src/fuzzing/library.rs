//! A library of any entries and options: compiling, finding, explaining and streaming.

use std::sync::Arc;

use super::input::Input;
use super::pieces;
use crate::library::{Hit, Library, Scratch};
use crate::spec::{
    CjkBoundary, EntrySpec, Gap, Level, LibrarySpec, MarkupKind, MatchOptions, Overlap, Profile, Scope, limits,
};
use crate::stream::{Stream, StreamHit};

/// Longest text that is explained, and entries that are asked for: each is looked for under many options, every time by a
/// library of its own.
pub(super) const MAX_EXPLAINED: usize = 400;
const ASKED: usize = 2;

pub(super) fn run(input: &mut Input) {
    let words = pieces::words(input, 0, 8);
    let spec = LibrarySpec { options: options(input, &words), entries: entries(input, &words) };
    let mut texts = Vec::new();
    while texts.is_empty() || !input.is_empty() {
        // A stream holds back tens of kilobytes: only a text of more is matched in several pieces.
        let most = if input.one_in(32) { 150_000 } else { 500 };
        let cuts: Vec<usize> = (0..3).map(|_| [1, 2, 7, 100, 1500, 5000, 20_000, 70_000][input.below(8)]).collect();
        let mut text_input = Input::new(input.bytes(64));
        let text = pieces::text(&mut text_input, &words, most, spec.options.markup != MarkupKind::None);
        texts.push((text, cuts));
    }
    check(spec, &texts);
}

/// Compiles a library and has it find, explain and stream texts, each of which comes in pieces of the sizes beside it, in
/// turn (at least one size, none zero).
///
/// # Panics
///
/// Where a hit is not one, or the ways to it differ.
pub fn check(spec: LibrarySpec, texts: &[(String, Vec<usize>)]) {
    let shown = format!("{spec:?}");
    let library = match Library::compile(spec) {
        Ok(library) => Arc::new(library),
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    let mut scratch = Scratch::default();
    for (at, (text, cuts)) in texts.iter().enumerate() {
        let mut hits = Vec::new();
        library.find(text, &mut scratch, &mut hits);
        are_sound(&library, text, &hits, &shown);
        streams_the_same(&library, text, cuts, &hits, &shown);
        if at == 0 && text.len() <= MAX_EXPLAINED {
            explains_the_same(&library, text, &hits, &shown);
        }
    }
}

/// Hits are in order, each once, on characters, and do not overlap where they must not.
fn are_sound(library: &Library, text: &str, hits: &[Hit], shown: &str) {
    let key = |hit: &Hit| (hit.start, hit.end, hit.entry);
    for hit in hits {
        let is_text = text.get(hit.start as usize..hit.end as usize).is_some_and(|text| !text.is_empty());
        assert!(is_text && (hit.entry as usize) < library.entries().len(), "{hit:?}\n{shown}\n{text:?}");
    }
    for pair in hits.windows(2) {
        let is_combo = pair.iter().any(|hit| hit.level == Level::Combo);
        assert!(key(&pair[0]) < key(&pair[1]), "{pair:?}\n{shown}\n{text:?}");
        if library.options().overlap == Overlap::LeftmostLongest && !is_combo {
            let is_same = (pair[0].start, pair[0].end) == (pair[1].start, pair[1].end);
            assert!(is_same || pair[0].end <= pair[1].start, "{pair:?}\n{shown}\n{text:?}");
        }
    }
}

/// A text in pieces has the hits of the whole, at the same places in every way of counting.
fn streams_the_same(library: &Arc<Library>, text: &str, cuts: &[usize], hits: &[Hit], shown: &str) {
    let mut stream = Stream::new(Arc::clone(library));
    // The second time, the stream was used before.
    for turn in 0..2 {
        let mut streamed: Vec<StreamHit> = Vec::new();
        let mut rest = text;
        for cut in cuts.iter().cycle() {
            let cut = (*cut.min(&rest.len())..=rest.len()).find(|at| rest.is_char_boundary(*at)).unwrap_or(rest.len());
            let (piece, behind) = rest.split_at(cut);
            stream.push(piece, &mut streamed);
            rest = behind;
            if rest.is_empty() {
                break;
            }
        }
        stream.end(&mut streamed);
        // Combinations come when they are certain, not in text order.
        streamed.sort_by_key(|hit| (hit.start.bytes, hit.end.bytes, hit.entry));
        let found: Vec<Hit> = streamed
            .iter()
            .map(|hit| Hit {
                entry: hit.entry,
                start: hit.start.bytes as u32,
                end: hit.end.bytes as u32,
                level: hit.level,
            })
            .collect();
        if found != hits {
            let missing: Vec<_> = hits.iter().filter(|hit| !found.contains(hit)).take(5).collect();
            let extra: Vec<_> = found.iter().filter(|hit| !hits.contains(hit)).take(5).collect();
            panic!("turn {turn}, pieces of {cuts:?}: missing {missing:?}, extra {extra:?}\n{shown}\n{text:?}");
        }
        let (mut at, mut codepoints, mut utf16) = (0, 0, 0);
        for hit in &streamed {
            let (start, end) = (hit.start.bytes as usize, hit.end.bytes as usize);
            codepoints += text[at..start].chars().count() as u64;
            utf16 += text[at..start].encode_utf16().count() as u64;
            at = start;
            assert_eq!((hit.start.codepoints, hit.start.utf16), (codepoints, utf16), "{hit:?}\n{shown}\n{text:?}");
            let matched = hit.matched.as_deref();
            let is_shown = matched.map_or(hit.level == Level::Combo, |matched| matched == &text[start..end]);
            assert!(is_shown, "{hit:?}\n{shown}\n{text:?}");
        }
    }
}

/// An explanation tells the hits that are found, and something of every entry that is asked for.
fn explains_the_same(library: &Library, text: &str, hits: &[Hit], shown: &str) {
    let asked: Vec<u32> = (0..library.entries().len() as u32).rev().take(ASKED).collect();
    let explained = library.explain(text, &asked).expect("is short");
    let points = |byte: u32| text[..byte as usize].chars().count() as u32;
    let mut expected: Vec<_> =
        hits.iter().map(|hit| (hit.entry, points(hit.start), points(hit.end), hit.level as u8)).collect();
    expected.sort_unstable();
    let mut told = Vec::new();
    for entry in &explained.entries {
        assert_ne!(entry.hits.is_empty(), entry.misses.is_empty(), "entry {}\n{shown}\n{text:?}", entry.entry);
        told.extend(entry.hits.iter().map(|hit| (entry.entry, hit.start, hit.end, hit.level)));
    }
    told.sort_unstable();
    assert_eq!(told, expected, "{shown}\n{text:?}");
    assert!(asked.iter().all(|id| explained.entries.iter().any(|entry| entry.entry == *id)), "{shown}\n{text:?}");
}

pub(super) fn entries(input: &mut Input, words: &[String]) -> Vec<EntrySpec> {
    let mut entries: Vec<EntrySpec> = Vec::new();
    for word in words {
        let mut entry = EntrySpec { text: word.clone(), ..EntrySpec::default() };
        if input.one_in(4) {
            entry.combo = !input.one_in(8);
            for _ in 0..=input.below(3) {
                entry.text.push_str(input.pick(&["&", "~", "&", " & "]));
                entry.text.push_str(words.get(input.below(words.len())).map_or("", String::as_str));
            }
        }
        if input.one_in(8) {
            entry.text = entry.text.repeat([2, 40, limits::KEYWORD_BYTES / entry.text.len().max(1)][input.below(3)]);
        }
        entry.allow = allow(input, words);
        (entry.mask, entry.severity) = (u32::from(input.byte()), input.byte() % 3);
        entries.push(entry);
    }
    entries
}

/// Words around keywords, as those that excuse them are.
fn allow(input: &mut Input, words: &[String]) -> Vec<String> {
    if !input.one_in(5) {
        return Vec::new();
    }
    (0..=input.below(2))
        .map(|_| {
            let word = words.get(input.below(words.len())).map_or("", String::as_str);
            format!("{}{word}{}", input.pick(&["", "反", "x", " "]), input.pick(&["", "人", "s", "-"]))
        })
        .collect()
}

pub(super) fn options(input: &mut Input, words: &[String]) -> MatchOptions {
    let profile = match input.byte() % 4 {
        2 => Profile::Exact,
        3 => Profile::Aggressive,
        _ => Profile::Standard,
    };
    MatchOptions {
        profile,
        word_boundary: !input.one_in(3),
        overlap: if input.one_in(2) { Overlap::All } else { Overlap::LeftmostLongest },
        allow: allow(input, words),
        combo: input.one_in(8),
        within: input.one_in(3).then(|| input.below(30) as u32),
        scope: if input.one_in(3) { Scope::Sentence } else { Scope::Text },
        gap: if input.one_in(4) { Gap::Wide } else { Gap::Narrow },
        noise: if input.one_in(6) { (0..=input.below(2)).map(|_| input.char()).collect() } else { String::new() },
        markup: [MarkupKind::None, MarkupKind::None, MarkupKind::Html, MarkupKind::Markdown][input.below(4)],
        pinyin_initials: input.one_in(4),
        fuzzy: [0, 0, 0, 1, 2, 3][input.below(6)],
        cjk_boundary: if input.one_in(4) { CjkBoundary::Lexicon } else { CjkBoundary::None },
    }
}
