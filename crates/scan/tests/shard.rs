//! A shard from bytes to tally, evidence and draw: real files, a small library, scores as a device would send them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_ipc::reader::FileReader;
use corpus::{CorpusError, ReadOptions};
use matcher::{EntrySpec, Library, LibrarySpec, MatchOptions, Overlap};
use scan::{DrawSpec, EvidenceFile, Keys, ScanError, ShardScan, ShardTask, draw};
use serde_json::{Value, json};

const SEED: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

struct Fixture {
    folder: tempfile::TempDir,
    library: Arc<Library>,
    ids: Arc<[String]>,
}

/// How a test scans: the range of the file, batch size, and what differs from the usual task.
struct Scan<'a> {
    range: (u64, u64),
    batch_bytes: usize,
    changes: &'a [(&'a str, Value)],
}

impl Fixture {
    fn new() -> Self {
        let entry = |text: &str, bit: u32, severity| EntrySpec {
            text: text.to_owned(),
            mask: 1 << bit,
            severity,
            ..EntrySpec::default()
        };
        let entries = vec![entry("走私", 0, 2), entry("ransom", 1, 1)];
        let options = MatchOptions { overlap: Overlap::All, ..MatchOptions::default() };
        let library = Library::compile(LibrarySpec { entries, options }).expect("compiles");
        Self {
            folder: tempfile::tempdir().expect("a folder"),
            library: Arc::new(library),
            ids: vec!["smuggling".to_owned(), "ransom".to_owned()].into(),
        }
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).expect("writes");
        path
    }

    fn task(&self, path: &Path, evidence: &str, scan: &Scan<'_>) -> ShardTask {
        let identity = corpus::inspect(path, &ReadOptions::default()).expect("inspects").identity;
        let hex = |digest: [u8; 32]| digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let mut task = json!({
            "path": path, "file": "a.jsonl", "source": "a", "seed": SEED,
            "read": { "format": "jsonl", "encoding": "utf-8", "textColumn": "text", "idColumn": "id", "sourceColumn": null },
            "identity": { "size": identity.size, "modifiedNs": identity.modified_ns.to_string(),
                          "head": hex(identity.head), "foot": hex(identity.foot) },
            "range": { "unit": "bytes", "start": scan.range.0, "end": scan.range.1.min(identity.size) },
            "keySpace": 1_u64 << 32, "keepSmallest": 4000, "sampleOnly": false, "redraw": false,
            "rules": { "blockSeverity": 2, "reviewSeverity": 1, "flaggedMask": 0b011, "unqualifiedMask": 0b111,
                       "outputs": [{ "mask": 0b100, "flag": 0.9, "review": 0.5 }, { "mask": 0, "flag": 1.0, "review": 0.6 }] },
            "keywords": true,
            "classifier": { "features": { "version": 1, "buckets": 1024, "windowChars": 512 },
                            "outputs": [{ "scale": 1.0, "bias": 0.0 }, { "scale": 1.0, "bias": 0.0 }],
                            "names": ["c", "any"] },
            "stageMissing": false, "riskNames": ["R0", "R1", "R2"], "batchBytes": scan.batch_bytes, "packIds": 1 << 18,
            "evidence": self.folder.path().join(evidence),
        });
        for (field, value) in scan.changes {
            task[*field] = value.clone();
        }
        serde_json::from_value(task).expect("the task is one")
    }

    /// Scans with a device that gives every window these sums.
    fn scan(&self, path: &Path, evidence: &str, scan: &Scan<'_>, sums: [i32; 2]) -> Value {
        let task = self.task(path, evidence, scan);
        let mut shard = ShardScan::open(task, Arc::clone(&self.library), Arc::clone(&self.ids)).expect("opens");
        let mut waiting = Vec::new();
        while let Some(step) = shard.next_batch().expect("reads") {
            let packs: Vec<Vec<i32>> = step.packs.iter().map(|pack| sums.repeat(pack.rows)).collect();
            if !packs.is_empty() {
                waiting.push((step.batch, packs));
            }
        }
        // Scores may come in any order.
        for (batch, packs) in waiting.iter().rev() {
            let sums: Vec<&[i32]> = packs.iter().map(Vec::as_slice).collect();
            shard.score(*batch, &sums).expect("scores");
        }
        serde_json::from_str(&shard.finish().expect("finishes")).expect("JSON")
    }

    fn rows(&self, evidence: &str) -> Vec<RecordBatch> {
        let file = std::fs::File::open(self.folder.path().join(evidence)).expect("evidence");
        FileReader::try_new(file, None).expect("an Arrow file").map(|batch| batch.expect("a batch")).collect()
    }
}

const ALL: Scan<'_> = Scan { range: (0, u64::MAX), batch_bytes: 1 << 20, changes: &[] };

const LINES: &str = concat!(
    "{\"id\":\"1\",\"text\":\"有人走私香烟\"}\n",
    "{\"id\":\"2\",\"text\":\"a RANSOM note\"}\n",
    "{\"id\":\"3\",\"text\":\"a harmless line\"}\n",
    "{\"id\":\"3\",\"text\":\" \\u200b \"}\n",
    "{\"id\":\"4\"}\n",
    "not json\n",
    "{\"id\":\"5\",\"text\":null}\n",
);

#[test]
fn a_shard_counts_every_row_once() {
    let fixture = Fixture::new();
    let path = fixture.file("a.jsonl", LINES);
    // Sums of zero are scores of one half: they confirm no keyword of an untrained risk and flag nothing.
    let result = fixture.scan(&path, "e.arrow", &ALL, [0, 0]);
    let tally = &result["sources"]["a"];
    assert_eq!(tally["rows"], 7);
    assert_eq!(tally["empty"], 2);
    assert_eq!(tally["records"], 5);
    assert_eq!(tally["assessed"], 3);
    assert_eq!(tally["notAssessed"], json!({ "invalid-json": 1, "missing-text": 1 }));
    assert_eq!((&tally["flagged"], &tally["unqualified"]), (&json!(1), &json!(1)));
    assert_eq!(tally["risks"], json!({ "0": 1 }));
    assert_eq!(tally["stages"], json!({ "keywordOnly": 2, "classifierOnly": 0, "both": 0, "neither": 1 }));
    let position = |line: &str| LINES.find(line).expect("the line is there");
    let places = json!([
        { "reason": "missing-text", "position": position("{\"id\":\"4\"}") },
        { "reason": "invalid-json", "position": position("not json") },
    ]);
    assert_eq!(result["places"], places);
}

#[test]
fn scores_confirm_keywords_and_flag_alone() {
    let fixture = Fixture::new();
    let path = fixture.file("a.jsonl", LINES);
    let result = fixture.scan(&path, "e.arrow", &ALL, [1_000, 1_000]);
    let tally = &result["sources"]["a"];
    // Risk 1 has no output of its own, so the common one confirms it; risk 2 is the classifier's alone.
    assert_eq!(tally["risks"], json!({ "0": 1, "1": 1, "2": 3 }));
    assert_eq!((&tally["flagged"], &tally["unqualified"]), (&json!(2), &json!(3)));
}

#[test]
fn evidence_says_where_what_and_why() {
    let fixture = Fixture::new();
    let path = fixture.file("a.jsonl", LINES);
    fixture.scan(&path, "e.arrow", &ALL, [0, 0]);
    let [batch] = &fixture.rows("e.arrow")[..] else { panic!("one batch") };
    assert_eq!(batch.num_rows(), 3);
    let row = batch["id"].as_string::<i32>().iter().position(|id| id == Some("1")).expect("record 1 is flagged");
    assert_eq!(batch["verdict"].as_string::<i32>().value(row), "flagged");
    assert_eq!(batch["key"].as_fixed_size_binary().value(row), Keys::new(SEED, "a.jsonl").key("a", "1", 0));
    assert_eq!(batch["digest"].as_fixed_size_binary().value(row), blake3::hash("有人走私香烟".as_bytes()).as_bytes());
    let hits = batch["hits"].as_list::<i32>().value(row);
    let hits = hits.as_struct();
    assert_eq!(hits["entry"].as_string::<i32>().value(0), "smuggling");
    let span = ["start", "end"].map(|name| hits[name].as_primitive::<arrow_array::types::UInt32Type>().value(0));
    assert_eq!(span, [6, 12]);
}

#[test]
fn any_cut_and_batch_size_gives_the_same_counts_and_draw() {
    let fixture = Fixture::new();
    let text: String = (0..400)
        .map(|i| {
            let word = ["走私", "ransom", "nothing", "ＲＡＮＳＯＭ"][i % 4];
            format!("{{\"id\":\"{}\",\"text\":\"line {i} {word} {}\"}}\n", i / 2, "x".repeat(i % 50))
        })
        .collect();
    let path = fixture.file("a.jsonl", &text);
    let size = text.len() as u64;
    let mut seen = Vec::new();
    for (cuts, batch_bytes, key_space) in
        [(1, 1 << 20, 1_u64 << 32), (7, 300, 1 << 32), (60, 1, 0), (3, 5_000, 1 << 29)]
    {
        let (mut counts, mut files) = (BTreeMap::<String, u64>::new(), Vec::new());
        for cut in 0..cuts {
            let name = format!("e-{cuts}-{cut}.arrow");
            let changes = [("keySpace", json!(key_space))];
            let range = (size * cut / cuts, size * (cut + 1) / cuts);
            let result = fixture.scan(&path, &name, &Scan { range, batch_bytes, changes: &changes }, [0, 0]);
            if let Some(tally) = result["sources"].get("a") {
                for field in ["rows", "assessed", "flagged", "textBytes"] {
                    *counts.entry(field.to_owned()).or_default() += tally[field].as_u64().expect("a count");
                }
            }
            files.push(EvidenceFile { path: fixture.folder.path().join(&name), file: "a.jsonl".to_owned() });
        }
        let spec = DrawSpec {
            evidence: files,
            per_source: [("a".to_owned(), 40)].into(),
            overall: 25,
            per_source_path: fixture.folder.path().join("technical.arrow"),
            overall_path: fixture.folder.path().join("manual.arrow"),
        };
        let drawn = serde_json::to_value(draw(&spec).expect("draws")).expect("JSON");
        let mut keys: Vec<Vec<u8>> = fixture
            .rows("technical.arrow")
            .iter()
            .flat_map(|batch| {
                batch["key"].as_fixed_size_binary().iter().flatten().map(<[u8]>::to_vec).collect::<Vec<_>>()
            })
            .collect();
        keys.sort();
        assert_eq!(keys.len(), 40);
        seen.push((counts, drawn, keys));
    }
    assert!(seen.windows(2).all(|pair| pair[0] == pair[1]), "{:?}", seen.iter().map(|one| &one.0).collect::<Vec<_>>());
    let keys = Keys::new(SEED, "a.jsonl");
    let mut position = 0;
    let mut expected: Vec<Vec<u8>> = text
        .split_inclusive('\n')
        .enumerate()
        .map(|(i, line)| {
            let key = keys.key("a", &(i / 2).to_string(), position).to_vec();
            position += line.len() as u64;
            key
        })
        .collect();
    expected.sort();
    assert_eq!(seen[0].2, expected[..40]);
}

#[test]
fn a_sample_is_assessed_and_the_rest_waits() {
    let fixture = Fixture::new();
    let text: String = (0..100).map(|i| format!("{{\"id\":\"{i}\",\"text\":\"走私 {i}\"}}\n")).collect();
    let path = fixture.file("a.jsonl", &text);
    let changes = [("sampleOnly", json!(true)), ("keepSmallest", json!(10))];
    let result = fixture.scan(&path, "e.arrow", &Scan { changes: &changes, ..ALL }, [0, 0]);
    let tally = &result["sources"]["a"];
    assert_eq!((&tally["assessed"], &tally["notAssessed"]), (&json!(0), &json!({ "stage-missing": 100 })));
    assert_eq!(fixture.rows("e.arrow").iter().map(RecordBatch::num_rows).sum::<usize>(), 10);
}

#[test]
fn a_missing_stage_leaves_records_without_a_verdict() {
    let fixture = Fixture::new();
    let path = fixture.file("a.jsonl", LINES);
    let changes = [
        ("stageMissing", json!(true)),
        ("classifier", Value::Null),
        (
            "rules",
            json!({
                "blockSeverity": 2, "reviewSeverity": 1, "flaggedMask": 1, "unqualifiedMask": 1, "outputs": [],
            }),
        ),
    ];
    let result = fixture.scan(&path, "e.arrow", &Scan { changes: &changes, ..ALL }, [0, 0]);
    let tally = &result["sources"]["a"];
    assert_eq!((&tally["assessed"], &tally["flagged"]), (&json!(0), &json!(0)));
    assert_eq!(tally["notAssessed"]["stage-missing"], 3);
}

/// Counts are known from the scan under another seed, so only what the new draw may take is assessed; the evidence is
/// that of a whole scan, byte for byte.
#[test]
fn a_redraw_leaves_the_evidence_of_a_whole_scan() {
    let fixture = Fixture::new();
    let text: String = (0..3000)
        .map(|i| {
            let words = if i % 50 == 0 {
                "走私"
            } else if i % 7 == 0 {
                "ransom"
            } else {
                "fine"
            };
            format!("{{\"id\":\"{i}\",\"text\":\"{words} {i}\"}}\nno json {i}\n{{\"text\":\" \"}}\n")
        })
        .collect();
    let path = fixture.file("a.jsonl", &text);
    let seed = json!("ff".repeat(32));
    let common = [("keySpace", json!((1_u64 << 32) / 10)), ("keepSmallest", json!(20))];
    let under = |more: &[(&'static str, Value)]| -> Vec<(&'static str, Value)> {
        common.iter().chain(more).map(|(field, value)| (*field, value.clone())).collect()
    };
    let scan = |evidence: &str, changes: &[(&'static str, Value)]| {
        fixture.scan(&path, evidence, &Scan { changes, batch_bytes: 4096, ..ALL }, [0, 0])
    };
    let bytes = |evidence: &str| std::fs::read(fixture.folder.path().join(evidence)).expect("evidence");

    let first = scan("e.arrow", &under(&[]));
    let under_first_seed = bytes("e.arrow");
    let whole = scan("whole.arrow", &under(&[("seed", seed.clone())]));
    let redrawn = scan("e.arrow", &under(&[("seed", seed), ("redraw", json!(true))]));
    assert_ne!(under_first_seed, bytes("whole.arrow"));
    assert_eq!(bytes("e.arrow"), bytes("whole.arrow"));
    assert_eq!(redrawn["evidenceRows"], whole["evidenceRows"]);
    assert!(whole["evidenceRows"].as_u64().expect("a number") < 600);
    let counts = |result: &Value| ["rows", "empty", "records"].map(|field| result["sources"]["a"][field].clone());
    assert_eq!(counts(&redrawn), counts(&first));
    assert_eq!(redrawn["places"], first["places"]);
    let expected = json!({ "invalid-json": 3000, "stage-missing": 3000 });
    assert_eq!(redrawn["sources"]["a"]["notAssessed"], expected);
}

/// Rows that may still give way are held back; with many sources they are written before they are too many.
#[test]
fn evidence_of_many_sources_is_written_before_the_end() {
    let fixture = Fixture::new();
    let rows = 80_000;
    let text: String = (0..rows).map(|i| format!("{{\"text\":\"fine\",\"s\":\"s{}\"}}\n", i % 5000)).collect();
    let path = fixture.file("a.jsonl", &text);
    let read =
        json!({ "format": "jsonl", "encoding": "utf-8", "textColumn": "text", "idColumn": null, "sourceColumn": "s" });
    let mut seen = Vec::new();
    for batch_bytes in [4096, 1 << 20] {
        let changes = [
            ("read", read.clone()),
            ("source", Value::Null),
            ("classifier", Value::Null),
            ("keySpace", json!(0)),
            ("keepSmallest", json!(10)),
        ];
        let result = fixture.scan(&path, "e.arrow", &Scan { changes: &changes, batch_bytes, ..ALL }, [0, 0]);
        assert_eq!(result["sources"].as_object().expect("sources").len(), 5000);
        // Ten of sixteen of each source are wanted; some more were written before it was known.
        let evidence_rows = result["evidenceRows"].as_u64().expect("a number");
        assert!((50_000..rows).contains(&evidence_rows), "{evidence_rows}");
        let spec = DrawSpec {
            evidence: vec![EvidenceFile { path: fixture.folder.path().join("e.arrow"), file: "a.jsonl".to_owned() }],
            per_source: (0..5000).map(|i| (format!("s{i}"), 10)).collect(),
            overall: 0,
            per_source_path: fixture.folder.path().join("technical.arrow"),
            overall_path: fixture.folder.path().join("manual.arrow"),
        };
        let drawn = draw(&spec).expect("draws");
        assert!(drawn.sources.values().all(|source| source.drawn == 10));
        let mut keys: Vec<Vec<u8>> = fixture
            .rows("technical.arrow")
            .iter()
            .flat_map(|batch| {
                batch["key"].as_fixed_size_binary().iter().flatten().map(<[u8]>::to_vec).collect::<Vec<_>>()
            })
            .collect();
        keys.sort();
        seen.push(keys);
    }
    assert_eq!(seen[0], seen[1]);
}

#[test]
fn a_redraw_needs_the_evidence_of_before() {
    let fixture = Fixture::new();
    let path = fixture.file("a.jsonl", LINES);
    let changes = [("redraw", json!(true))];
    for content in [None, Some("no evidence"), Some("")] {
        if let Some(content) = content {
            fixture.file("e.arrow", content);
        }
        let task = fixture.task(&path, "e.arrow", &Scan { changes: &changes, ..ALL });
        let opened = ShardScan::open(task, Arc::clone(&fixture.library), Arc::clone(&fixture.ids));
        let error = opened.err().expect("is refused");
        assert!(matches!(error, ScanError::Redraw { .. }), "{error}");
        assert!(error.to_string().contains("e.arrow cannot be used again: "), "{error}");
    }
}

/// What is open may be read to its end though another file lies in its place: nothing of it counts.
#[test]
fn a_file_that_was_replaced_while_it_was_scanned_is_refused() {
    let fixture = Fixture::new();
    for (gone, expected) in [(false, "first 64 KiB was"), (true, "file was there and is gone")] {
        let path = fixture.file("a.jsonl", LINES);
        let changes = [("classifier", Value::Null)];
        let task = fixture.task(&path, "e.arrow", &Scan { changes: &changes, ..ALL });
        let mut shard = ShardScan::open(task, Arc::clone(&fixture.library), Arc::clone(&fixture.ids)).expect("opens");
        while shard.next_batch().expect("reads").is_some() {}
        let other = fixture.file("other.jsonl", &LINES.replace("harmless", "careless"));
        if gone {
            std::fs::remove_file(&path).expect("removes");
        } else {
            std::fs::rename(other, &path).expect("renames");
        }
        let error = shard.finish().expect_err("is refused");
        assert!(matches!(error, ScanError::Corpus(CorpusError::Changed { .. })), "{error}");
        let text = error.to_string();
        assert!(text.contains("a.jsonl: changed since it was inspected: ") && text.contains(expected), "{text}");
        assert!(!fixture.folder.path().join("e.arrow").exists());
    }
}

#[test]
fn another_file_than_the_planned_one_is_refused() {
    let fixture = Fixture::new();
    let path = fixture.file("a.jsonl", LINES);
    let task = fixture.task(&path, "e.arrow", &ALL);
    std::fs::write(&path, format!("{LINES}{{\"text\":\"one more\"}}\n")).expect("writes");
    let error =
        ShardScan::open(task, Arc::clone(&fixture.library), Arc::clone(&fixture.ids)).err().expect("is refused");
    assert!(error.to_string().contains("changed since it was inspected: size was"), "{error}");
}

#[test]
fn sums_of_another_shape_are_refused() {
    let fixture = Fixture::new();
    let path = fixture.file("a.jsonl", LINES);
    let task = fixture.task(&path, "e.arrow", &ALL);
    let mut shard = ShardScan::open(task, Arc::clone(&fixture.library), Arc::clone(&fixture.ids)).expect("opens");
    let step = shard.next_batch().expect("reads").expect("a batch");
    let error = shard.score(step.batch, &[&[1, 2, 3]]).expect_err("is refused").to_string();
    assert!(error.contains("came in sizes [3]; [6] wait"), "{error}");
    let error = shard.finish().expect_err("records that wait are not lost").to_string();
    assert!(error.contains("1 batches wait"), "{error}");
}
