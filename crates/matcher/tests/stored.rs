//! Compiled libraries as files: what is stored finds the same, and a file that was damaged, cut or forged is refused by name.

use std::error::Error as _;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use matcher::{
    EntrySpec, Fault, FileError, Hit, Library, LibraryFile, LibrarySpec, MarkupKind, MatchOptions, Overlap, Profile,
    Scope, Scratch, Stream, is_compiled,
};

const TEXT: &str =
    "有人走 私香烟，r\u{430}ns\u{43e}m n0te, m*lware zousi 100 元 走私 & 香烟。打击走私！<b>走</b>私 +++ ransom";

fn spec(options: MatchOptions) -> LibrarySpec {
    let entry = |text: &str| EntrySpec { text: text.to_owned(), mask: 5, severity: 2, ..EntrySpec::default() };
    let mut entries: Vec<EntrySpec> =
        ["走私", "走私香烟", "ransom", "malware note", "100元", "+++", "毒", "打"].map(entry).to_vec();
    entries[0].allow = vec!["打击走私".to_owned()];
    entries.push(EntrySpec { combo: true, ..entry("走私&香烟~毒品") });
    LibrarySpec { entries, options }
}

/// Options under which every route and every kind of owner is there.
fn all_options() -> Vec<MatchOptions> {
    let base = MatchOptions { allow: vec!["走私犯".to_owned()], ..MatchOptions::default() };
    vec![
        base.clone(),
        MatchOptions { overlap: Overlap::All, word_boundary: false, ..base.clone() },
        MatchOptions { markup: MarkupKind::Html, noise: "*".to_owned(), ..base.clone() },
        MatchOptions { profile: Profile::Exact, ..base.clone() },
        MatchOptions { profile: Profile::Exact, fuzzy: 2, ..base.clone() },
        MatchOptions { profile: Profile::Aggressive, fuzzy: 1, pinyin_initials: true, ..base.clone() },
        MatchOptions { profile: Profile::Aggressive, markup: MarkupKind::Markdown, ..base },
    ]
}

fn hits(library: &Library, text: &str) -> Vec<Hit> {
    let mut hits = Vec::new();
    library.find(text, &mut Scratch::default(), &mut hits);
    hits
}

fn stored() -> Vec<u8> {
    Library::compile(spec(MatchOptions::default())).expect("compiles").to_bytes(b"{\"name\":\"a\"}")
}

fn refused(bytes: &[u8]) -> FileError {
    match Library::from_bytes(bytes) {
        Ok(_) => panic!("is read"),
        Err(error) => error,
    }
}

#[test]
fn what_is_saved_is_opened_and_finds_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    for (at, options) in all_options().into_iter().enumerate() {
        let compiled = Library::compile(spec(options.clone())).expect("compiles");
        let path = folder.path().join(format!("{at}.cglib"));
        compiled.save(&path, b"about").expect("is written");
        assert!(is_compiled(&path));
        let file = LibraryFile::open(&path).expect("is opened");
        assert_eq!((file.source(), file.options()), (&b"about"[..], &options));
        let opened = file.library().expect("is opened");
        let found = hits(&opened, TEXT);
        assert_eq!(found, hits(&compiled, TEXT), "{options:?}");
        assert!(found.len() > 2, "{options:?}: {found:?}");
        assert_eq!(opened.routes(), compiled.routes());
        assert_eq!(opened.pattern_count(), compiled.pattern_count());
        let entries = |library: &Library| format!("{:?}", library.entries());
        assert_eq!(entries(&opened), entries(&compiled));
        let mut stream = Stream::new(Arc::new(opened));
        let mut streamed = Vec::new();
        stream.push(TEXT, &mut streamed);
        stream.end(&mut streamed);
        assert_eq!(streamed.len(), found.len(), "{options:?}");
    }
}

#[test]
fn options_that_count_when_hits_are_put_together_may_be_others() {
    let bytes = stored();
    let compiled = |options| Library::compile(spec(options)).expect("compiles");
    let all =
        MatchOptions { overlap: Overlap::All, scope: Scope::Sentence, within: Some(3), ..MatchOptions::default() };
    let file = || LibraryFile::from_bytes("stored", &bytes).expect("is read");
    assert!(file().options().compiles_as(&all));
    let opened = file().library_with(all.clone()).expect("is read");
    assert_eq!(hits(&opened, TEXT), hits(&compiled(all), TEXT));
    assert_ne!(hits(&opened, TEXT), hits(&compiled(MatchOptions::default()), TEXT));
    for options in &all_options()[1..] {
        assert!(!file().options().compiles_as(options), "{options:?}");
    }
}

#[test]
fn a_library_without_entries_is_stored_too() {
    for profile in [Profile::Exact, Profile::Standard, Profile::Aggressive] {
        let options = MatchOptions { profile, fuzzy: 1, ..MatchOptions::default() };
        let empty = Library::compile(LibrarySpec { entries: Vec::new(), options }).expect("compiles");
        assert!(hits(&Library::from_bytes(&empty.to_bytes(&[])).expect("is read"), TEXT).is_empty());
    }
}

/// The digest of one library: when it changes, files of earlier versions would be misread, so `VERSION` of `file/mod.rs`
/// must change with it.
#[test]
fn the_compiled_form_is_that_of_its_version() {
    let mut sum = 0xCBF2_9CE4_8422_2325_u64;
    for options in all_options() {
        // The header has a digest of the tables, which tells by itself when they change.
        for byte in &Library::compile(spec(options)).expect("compiles").to_bytes(&[])[128..] {
            sum = (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3);
        }
    }
    assert_eq!(format!("{sum:016x}"), "e8091c2b11ced353", "raise VERSION in file/mod.rs, then put the new digest here");
}

#[test]
fn every_byte_counts() {
    let bytes = stored();
    let mut damaged = bytes.clone();
    for at in 0..bytes.len() {
        damaged[at] ^= 0x10;
        let error = refused(&damaged).to_string();
        assert!(error.starts_with("compiled library: "), "byte {at}: {error}");
        damaged[at] = bytes[at];
    }
    for end in (0..bytes.len()).step_by(61) {
        let error = refused(&bytes[..end]);
        let is_named = matches!(error.fault, Fault::NotALibrary | Fault::Length { .. });
        assert!(is_named, "cut at {end}: {error}");
    }
    let mut longer = bytes;
    longer.push(0);
    assert!(matches!(refused(&longer).fault, Fault::Length { .. }));
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    let bytes = stored();
    let changed = |at: usize, value: &[u8]| {
        let mut bytes = bytes.clone();
        bytes[at..at + value.len()].copy_from_slice(value);
        refused(&bytes).to_string()
    };
    assert_eq!(refused(b"version: 1").to_string(), "compiled library: not a compiled library");
    assert_eq!(changed(13, b"\n\n"), "compiled library: not a compiled library");
    let version = changed(16, &77_u32.to_ne_bytes());
    assert!(version.starts_with("compiled library: format 77 of compiled libraries; this version reads"), "{version}");
    assert!(changed(20, &0x0403_0201_u32.to_ne_bytes()).contains("another byte order"));
    assert!(changed(24, &u64::MAX.to_ne_bytes()).contains("its header says 18446744073709551615"));
    assert!(changed(32, &u32::MAX.to_ne_bytes()).contains("number of sections is 4294967295; the limit is"));
    assert!(changed(128, b"S").contains("section header: damaged"));
    let last = bytes.len() - 1;
    let damaged = changed(last, &[!bytes[last]]);
    assert!(damaged.contains("section automaton.elements: damaged"), "{damaged}");
}

#[test]
fn files_that_cannot_be_used_are_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("none.cglib");
    let told = |path: &Path| match Library::open(path) {
        Ok(_) => panic!("is opened"),
        Err(error) => error,
    };
    let error = told(&path);
    assert!(error.to_string().starts_with(&format!("{}: cannot open: ", path.display())), "{error}");
    assert!(error.source().is_some());
    assert!(!is_compiled(&path) && !is_compiled(folder.path()));
    assert!(matches!(told(folder.path()).fault, Fault::Io { .. }));
    fs::write(&path, b"").expect("is written");
    assert!(matches!(told(&path).fault, Fault::NotALibrary));
    let library = Library::compile(spec(MatchOptions::default())).expect("compiles");
    let error = library.save(&folder.path().join("no/such.cglib"), &[]).expect_err("is refused");
    assert!(error.to_string().contains("cannot write"), "{error}");
    assert_eq!(fs::read_dir(folder.path()).expect("is listed").count(), 1, "nothing is left beside");
}

/// A file that others have open is not changed by saving over it.
#[test]
fn what_is_open_stays_as_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.cglib");
    let library = Library::compile(spec(MatchOptions::default())).expect("compiles");
    library.save(&path, &[]).expect("is written");
    let opened = Library::open(&path).expect("is opened");
    let none = Library::compile(LibrarySpec::default()).expect("compiles");
    none.save(&path, &[]).expect("is written");
    assert_eq!(hits(&opened, TEXT), hits(&library, TEXT));
    assert!(hits(&Library::open(&path).expect("is opened"), TEXT).is_empty());
}
