//! The evasion cases of `test/data/evasion`: what is found in each text, where, and nothing else. The addon runs the
//! same files.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use matcher::{EntrySpec, Hit, Library, LibrarySpec, MatchOptions, Scratch};
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    id: String,
    kind: String,
    text: String,
    keywords: Vec<String>,
    options: serde_json::Map<String, serde_json::Value>,
    #[serde(default)]
    expect: Vec<Expected>,
    #[serde(default)]
    expect_none: bool,
}

#[derive(Deserialize)]
struct Expected {
    keyword: String,
    start: usize,
    end: usize,
}

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../test/data/evasion");
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)
        .expect("the cases are there")
        .map(|file| file.expect("can be listed").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "jsonl"))
        .collect();
    files.sort();
    files
}

fn cases() -> Vec<Case> {
    files()
        .iter()
        .flat_map(|path| {
            let text = fs::read_to_string(path).expect("can be read");
            text.lines()
                .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
                .collect::<Vec<Case>>()
        })
        .collect()
}

fn compile(case: &Case) -> Library {
    let mut options = case.options.clone();
    options.remove("chunks");
    let options: MatchOptions = serde_json::from_value(options.into()).expect("options of a case");
    let entries = case.keywords.iter().map(|text| EntrySpec { text: text.clone(), ..EntrySpec::default() }).collect();
    Library::compile(LibrarySpec { entries, options }).unwrap_or_else(|error| panic!("{}: {error}", case.id))
}

/// The library, stored and read again.
fn stored(case: &Case, library: &Library) -> Library {
    Library::from_bytes(&library.to_bytes(&[])).unwrap_or_else(|error| panic!("{}: {error}", case.id))
}

/// Hits as `(keyword, start, end)` in code points.
fn shown<'c>(case: &'c Case, hits: &[Hit]) -> Vec<(&'c str, usize, usize)> {
    let points = |byte: u32| case.text[..byte as usize].chars().count();
    hits.iter().map(|hit| (case.keywords[hit.entry as usize].as_str(), points(hit.start), points(hit.end))).collect()
}

#[test]
fn every_case_gives_what_it_expects_and_nothing_else() {
    let mut failures: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let (mut count, mut failed) = (0, 0);
    for case in cases() {
        count += 1;
        assert_ne!(case.expect.is_empty(), !case.expect_none, "{} expects something or nothing", case.id);
        let library = compile(&case);
        let mut hits = Vec::new();
        library.find(&case.text, &mut Scratch::default(), &mut hits);
        let mut of_stored = Vec::new();
        stored(&case, &library).find(&case.text, &mut Scratch::default(), &mut of_stored);
        assert_eq!(of_stored, hits, "{}, of the library as it is stored", case.id);
        let found = shown(&case, &hits);
        let expected: Vec<(&str, usize, usize)> =
            case.expect.iter().map(|hit| (hit.keyword.as_str(), hit.start, hit.end)).collect();
        if found != expected {
            failed += 1;
            failures.entry(case.kind.clone()).or_default().push(format!(
                "{}: {:?} {:?}\n    found {found:?}\n    expected {expected:?}",
                case.id, case.text, case.options
            ));
        }
    }
    assert!(count > 0);
    let report: String =
        failures.iter().map(|(kind, lines)| format!("{kind}: {}\n  {}\n", lines.len(), lines.join("\n  "))).collect();
    assert!(failures.is_empty(), "{failed} of {count} cases fail\n{report}");
}
