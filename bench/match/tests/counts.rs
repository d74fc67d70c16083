//! The program as its drivers run it: every engine that is here counts the same, in every mode, whole and in chunks; and
//! reading, scanning and matching a shard come out with the same hits.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use corpus::ReadOptions;

use serde_json::{Value, json};

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples")
}

fn files_of(folder: &str, extension: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(examples().join(folder)).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|found| found == extension));
    files.sort();
    assert!(!files.is_empty(), "no {extension} in {folder}");
    files
}

fn run(plan: &Value) -> Result<Value, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plan.json");
    std::fs::write(&path, plan.to_string()).unwrap();
    let done = Command::new(env!("CARGO_BIN_EXE_bench-match")).arg(&path).output().unwrap();
    if !done.status.success() {
        return Err(String::from_utf8(done.stderr).unwrap());
    }
    Ok(serde_json::from_slice(&done.stdout).unwrap())
}

/// The report of a run in which no engine differs, and at least the automata ran.
fn agreed(plan: &Value) -> Value {
    let report = run(plan).unwrap();
    let mut ran = 0;
    for engine in report["engines"].as_array().unwrap() {
        assert_eq!(engine["differs"], Value::Null, "{engine}");
        ran += usize::from(engine["missing"].is_null());
    }
    assert!(ran >= 3, "only {ran} engines ran: {report}");
    report
}

#[test]
fn all_engines_count_the_same_in_the_examples() {
    let plan = |mode: &str, chunk: Value| {
        json!({
            "words": { "files": files_of("library/lists", "txt") },
            "text": { "files": files_of("corpus", "jsonl"), "other": files_of("corpus", "arrow") },
            "mode": mode, "seed": 7, "sizeBytes": 400_000, "chunkBytes": chunk, "rounds": 0,
        })
    };
    let exact = agreed(&plan("exact", Value::Null));
    assert!(exact["expected"]["hits"].as_u64().unwrap() > 0, "the examples hold words of their library");
    assert_eq!(exact["expected"], agreed(&plan("exact", json!(10_000)))["expected"]);
    let whole_words = agreed(&plan("whole-word", Value::Null));
    assert!(whole_words["expected"]["hits"].as_u64() < exact["expected"]["hits"].as_u64());
}

#[test]
fn hits_of_a_library_and_candidates_of_keys_agree() {
    let folder = tempfile::tempdir().unwrap();
    let (words, text) = (folder.path().join("words.txt"), folder.path().join("text.jsonl"));
    std::fs::write(&words, "走私\n走私香烟\nmalware\nＭａｌｗａｒｅ\n☆☆\n").unwrap();
    // Plain; spaced out; in full width, and with a letter of Cyrillic; within another word, where only the keys have it; as signs.
    let records = ["有人走私香烟", "走-私", "ｍａｌｗａｒｅ, m\u{430}lware", "malwares", "☆☆", "nothing"];
    let lines: String = records.iter().map(|text| format!("{}\n", json!({ "text": text }))).collect();
    std::fs::write(&text, lines).unwrap();
    let mut plan = json!({
        "words": { "files": [&words] }, "text": { "files": [&text] },
        "mode": "standard", "seed": 1, "sizeBytes": 200, "rounds": 1,
    });
    let report = agreed(&plan);
    let copies = report["text"]["copies"].as_u64().unwrap();
    assert!(copies > 1, "{report}");
    // 走私, 走私香烟; 走私; malware by two entries, twice; ☆☆.
    assert_eq!(report["expected"]["hits"], copies * (2 + 1 + 4 + 1));
    // Both writings of malware have the same keys, and signs have none; malwares holds them.
    assert_eq!((&report["keys"]["count"], &report["keys"]["candidates"]["hits"]), (&json!(3), &json!(copies * 6)));
    for engine in report["engines"].as_array().unwrap().iter().filter(|engine| engine["missing"].is_null()) {
        let timed = |key: &str| engine[key].as_array().unwrap().len();
        let is_peer = engine["isPeer"].as_bool().unwrap();
        assert_eq!((timed("rounds"), timed("alone")), (1, usize::from(is_peer)), "{engine}");
    }

    plan["chunkBytes"] = json!(100);
    assert!(run(&plan).unwrap_err().contains("chunkBytes"));
}

#[test]
fn a_library_finds_the_same_in_the_examples_by_every_route() {
    let report = agreed(&json!({
        "words": { "files": files_of("library/lists", "txt") }, "text": { "files": files_of("corpus", "jsonl") },
        "mode": "standard", "seed": 7, "sizeBytes": 60_000, "rounds": 0,
    }));
    assert!(report["expected"]["hits"].as_u64() > Some(0), "the examples hold words of their library");
    assert!(report["keys"]["candidates"]["hits"].as_u64() >= report["expected"]["hits"].as_u64());
}

/// Writes shards of examples, and asks for what `column` asks for.
#[test]
fn reading_scanning_and_matching_find_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, value: &Value| {
        let path = folder.path().join(name);
        std::fs::write(&path, value.to_string()).unwrap();
        path
    };
    let list = folder.path().join("words.txt");
    std::fs::write(&list, "the\nfree\ncall\n").unwrap();
    let plan = write(
        "plan.json",
        &json!({
            "words": { "files": [list] }, "text": { "files": [examples().join("corpus/sms-en.jsonl")] },
            "seed": 1, "sizeBytes": 100_000, "folder": folder.path(), "storage": ["arrow", "parquet"],
        }),
    );
    let made = Command::new(env!("CARGO_BIN_EXE_bench-match")).arg("--shards").arg(&plan).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let shards: Value = serde_json::from_slice(&made.stdout).unwrap();
    let words = shards["words"].as_array().unwrap();
    let entries: Vec<Value> = words.iter().map(|text| json!({ "text": text, "mask": 1, "severity": 2 })).collect();
    let options = json!({ "profile": "standard", "overlap": "all" });
    let library = write("library.json", &json!({ "ids": words, "entries": entries, "options": options }));

    let mut requests = Vec::new();
    for file in shards["files"].as_array().unwrap() {
        let (path, storage) = (file["path"].as_str().unwrap(), file["storage"].as_str().unwrap());
        let task = write(&format!("{storage}.json"), &task_of(Path::new(path), folder.path()));
        for action in ["read", "scan"] {
            requests.push(json!({ "do": action, "task": task, "library": library }));
        }
        if storage == "arrow" {
            requests.push(json!({ "do": "match", "file": path, "library": library }));
        }
    }
    let answers = answers(&requests);
    let [arrow_read, arrow_scan, matched, parquet_read, parquet_scan] = &answers[..] else { panic!("{answers:?}") };
    let records = shards["records"].as_u64().unwrap();
    assert!((1..records).contains(&arrow_read["flagged"].as_u64().unwrap()), "{arrow_read} of {records}");
    for read in [arrow_read, parquet_read] {
        assert_eq!((&read["flagged"], &read["hits"]), (&arrow_scan["flagged"], &matched["hits"]));
    }
    assert_eq!(arrow_scan["flagged"], parquet_scan["flagged"]);
    // Keys are of places in the file, so the evidence of two files differs, and only its presence is known here.
    assert!(arrow_scan["sha256"].is_string());
    assert!(matched["sha256"].is_string());
}

fn task_of(path: &Path, folder: &Path) -> Value {
    let file = corpus::inspect(path, &ReadOptions::default()).unwrap();
    let digest = |bytes: [u8; 32]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let identity = &file.identity;
    json!({
        "path": path, "file": "text",
        "read": {
            "format": null, "encoding": "utf-8", "textColumn": "text", "idColumn": "id", "sourceColumn": null,
        },
        "identity": {
            "size": identity.size, "modifiedNs": identity.modified_ns.to_string(),
            "head": digest(identity.head), "foot": digest(identity.foot),
        },
        "range": { "unit": "blocks", "start": 0, "end": file.blocks.len() },
        "source": "test", "seed": "0".repeat(64), "keySpace": 1u64 << 28, "keepSmallest": 10, "sampleOnly": false,
        "rules": {
            "blockSeverity": 2, "reviewSeverity": 1, "flaggedMask": 1, "unqualifiedMask": 1, "outputs": [],
        },
        "keywords": true, "classifier": null, "stageMissing": false, "riskNames": ["A1"], "batchBytes": 1 << 16,
        "packIds": 1 << 18, "redraw": false,
        "evidence": folder.join("evidence.arrow"),
    })
}

/// What the program answers, request by request.
fn answers(requests: &[Value]) -> Vec<Value> {
    let mut program = Command::new(env!("CARGO_BIN_EXE_bench-match"));
    let mut served = program.arg("--serve").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let (mut stdin, stdout) = (served.stdin.take().unwrap(), served.stdout.take().unwrap());
    let mut lines = BufReader::new(stdout).lines();
    let answers = requests.iter().map(|request| {
        writeln!(stdin, "{request}").unwrap();
        let line = lines.next().unwrap_or_else(|| panic!("no answer to {request}")).unwrap();
        serde_json::from_str(&line).unwrap()
    });
    let answers = answers.collect();
    drop(stdin);
    assert!(served.wait().unwrap().success());
    answers
}

#[test]
fn counts_are_those_of_a_reader() {
    let folder = tempfile::tempdir().unwrap();
    let (words, text) = (folder.path().join("words.txt"), folder.path().join("text.txt"));
    std::fs::write(&words, "# from a textbook\nhe\nshe\nhers\nhis\n他们\n").unwrap();
    std::fs::write(&text, "ushers, his\nshe 他们他们\nnothing").unwrap();
    let plan = |mode: &str, rounds: u32| {
        json!({
            "words": { "files": [&words] }, "text": { "files": [&text] },
            "mode": mode, "seed": 1, "sizeBytes": 100, "rounds": rounds,
            "export": { "folder": folder.path().join("own"), "bytes": 20 },
        })
    };
    // "ushers": she, he, hers; "his"; "she": she, he; and 他们 twice. 37 bytes with the last line feed, three times.
    let exact = agreed(&plan("exact", 1));
    assert_eq!((&exact["text"]["copyBytes"], &exact["text"]["copies"]), (&json!(37), &json!(3)));
    assert_eq!(exact["expected"]["hits"], 3 * 8);
    // Of these stand alone: his, she, and 他们 twice.
    assert_eq!(agreed(&plan("whole-word", 0))["expected"]["hits"], 3 * 4);

    // 20 bytes end within the second line: the first is exported, with a hit in one line.
    assert_eq!(exact["beginning"], json!({ "bytes": 12, "hits": 4, "lines": 1 }));
    let own = |name: &str| std::fs::read_to_string(folder.path().join("own").join(name)).unwrap();
    assert_eq!((own("text.txt").as_str(), own("words.txt").as_str()), ("ushers, his\n", "he\nshe\nhers\nhis\n他们\n"));

    for engine in exact["engines"].as_array().unwrap().iter().filter(|engine| engine["missing"].is_null()) {
        assert_eq!(engine["rounds"].as_array().unwrap().len(), 1, "{engine}");
        assert!(engine["tableBytes"].as_u64().unwrap() > 0, "{engine}");
        assert!(engine["build"]["peakBytes"].as_u64().is_some(), "{engine}");
    }
}

#[test]
fn bad_plans_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("words.txt");
    std::fs::write(&path, "word\n").unwrap();
    let plan = |text: &str, size: u64| {
        json!({
            "words": { "files": [&path] }, "text": { "files": [text] },
            "mode": "exact", "seed": 1, "sizeBytes": size, "rounds": 0,
        })
    };
    let told = |plan: &Value, words: &str| {
        let message = run(plan).unwrap_err();
        assert!(message.contains(words), "{message}");
    };
    told(&plan("/nowhere/text.jsonl", 10), "/nowhere/text.jsonl");
    told(&plan("/nowhere/text.jsonl", 0), "sizeBytes is 0");
    told(&plan("/nowhere/text.jsonl", 1 << 33), "8589934592");
    let mut unknown = plan("x", 10);
    unknown["sizebytes"] = json!(1);
    told(&unknown, "sizebytes");
}
