//! A stream from its first byte to its answer, as arrow-rs reads it: their columns are what they were, whatever their type,
//! and the verdicts are those of a shard.

use std::collections::HashMap;
use std::io::Cursor;
use std::sync::Arc;

use arrow_array::builder::{ArrayBuilder, StringDictionaryBuilder};
use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, UInt32Type};
use arrow_array::{
    Array, ArrayRef, BooleanArray, Decimal128Array, FixedSizeBinaryArray, Int32Array, ListArray, NullArray,
    RecordBatch, StringArray, StringViewArray, StructArray, UnionArray,
};
use arrow_ipc::reader::StreamReader;
use arrow_ipc::writer::{DictionaryHandling, IpcWriteOptions, StreamWriter};
use arrow_ipc::{CompressionType, MetadataVersion};
use arrow_schema::{DataType, Field, Schema, UnionFields};
use matcher::{EntrySpec, Library, LibrarySpec, MatchOptions, Overlap};
use scan::{ScanError, StreamEvent, StreamScan, StreamTask};
use serde_json::{Value, json};

const TEXTS: [Option<&str>; 6] =
    [Some("有人走私香烟"), Some("a RANSOM note"), Some("a harmless line"), None, Some(" \u{200b} "), Some("走私走私")];

fn open(changes: &[(&str, Value)]) -> StreamScan {
    let entry = |text: &str, bit: u32, severity| EntrySpec {
        text: text.to_owned(),
        mask: 1 << bit,
        severity,
        ..EntrySpec::default()
    };
    let entries = vec![entry("走私", 0, 2), entry("ransom", 1, 1)];
    let options = MatchOptions { overlap: Overlap::All, ..MatchOptions::default() };
    let library = Library::compile(LibrarySpec { entries, options }).expect("compiles");
    let mut task = json!({
        "textColumn": null, "idColumn": null, "prefix": "cg_", "onlyVerdicts": false,
        "rules": { "blockSeverity": 2, "reviewSeverity": 1, "flaggedMask": 0b011, "unqualifiedMask": 0b111,
                   "outputs": [{ "mask": 0b100, "flag": 0.9, "review": 0.5 }, { "mask": 0, "flag": 1.0, "review": 0.6 }] },
        "keywords": true,
        "classifier": { "features": { "version": 1, "buckets": 1024, "windowChars": 512 },
                        "outputs": [{ "scale": 1.0, "bias": 0.0 }, { "scale": 1.0, "bias": -0.1 }],
                        "names": ["c", "any"] },
        "stageMissing": false, "riskNames": ["R0", "R1", "R2"], "batchBytes": 20, "packIds": 1 << 18, "messageBytes": 1 << 20,
    });
    for (field, value) in changes {
        task[*field] = value.clone();
    }
    let task: StreamTask = serde_json::from_value(task).expect("the task is one");
    StreamScan::open(task, Arc::new(library), vec!["smuggling".to_owned(), "ransom".to_owned()].into()).expect("opens")
}

/// Scans a stream with a device that gives every window these sums, after all slices of a batch were read.
fn scan(scan: &mut StreamScan, bytes: &[u8], sums: [i32; 2]) -> Result<Vec<u8>, ScanError> {
    let (mut out, mut waiting) = (Vec::new(), Vec::new());
    for mut rest in bytes.chunks(1000) {
        loop {
            match scan.advance()? {
                StreamEvent::Wanting if rest.is_empty() => break,
                StreamEvent::Wanting => rest = &rest[scan.push(rest)?..],
                StreamEvent::Output(bytes) => out.extend(bytes),
                StreamEvent::Slice(step) => {
                    let packs: Vec<Vec<i32>> = step.packs.iter().map(|pack| sums.repeat(pack.rows)).collect();
                    waiting.push((step.batch, packs));
                }
                StreamEvent::Answer => {
                    // Scores may come in any order.
                    for (slice, packs) in waiting.drain(..).rev() {
                        let sums: Vec<&[i32]> = packs.iter().map(Vec::as_slice).collect();
                        if !sums.is_empty() {
                            scan.score(slice, &sums)?;
                        }
                    }
                    out.extend(scan.answer()?);
                }
            }
        }
    }
    out.extend(scan.finish()?);
    Ok(out)
}

fn stream(batches: &[RecordBatch], options: IpcWriteOptions) -> Vec<u8> {
    let mut writer = StreamWriter::try_new_with_options(Vec::new(), &batches[0].schema(), options).unwrap();
    for batch in batches {
        writer.write(batch).unwrap();
    }
    writer.into_inner().unwrap()
}

fn read(bytes: &[u8]) -> Vec<RecordBatch> {
    StreamReader::try_new(Cursor::new(bytes), None).expect("a stream").map(|batch| batch.expect("a batch")).collect()
}

/// Columns of many types beside the text, with metadata of all sorts.
fn batch(text: ArrayRef) -> RecordBatch {
    let rows = text.len();
    let numbers = (0_i32..).take(rows).map(|i| (i != 2).then_some(i)).collect::<Int32Array>();
    let list = ListArray::from_iter_primitive::<Int32Type, _, _>((0..rows).map(|i| Some(vec![Some(1); i])));
    let fields =
        UnionFields::try_new([0, 1], [Field::new("a", DataType::Int32, true), Field::new("b", DataType::Utf8, true)])
            .unwrap();
    let union = UnionArray::try_new(
        fields,
        vec![0; rows].into(),
        None,
        vec![Arc::new(numbers.clone()), Arc::new(StringArray::from(vec!["u"; rows]))],
    )
    .unwrap();
    let view: ArrayRef = Arc::new(StringViewArray::from(vec!["a view of more than twelve bytes"; rows]));
    let decimal = Decimal128Array::from(vec![7; rows]).with_precision_and_scale(10, 2).unwrap();
    let inner = StructArray::from(vec![(Arc::new(Field::new("v", DataType::Utf8View, true)), Arc::clone(&view))]);
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("flag", Arc::new(BooleanArray::from(vec![true; rows]))),
        ("none", Arc::new(NullArray::new(rows))),
        ("list", Arc::new(list)),
        ("union", Arc::new(union)),
        ("decimal", Arc::new(decimal)),
        ("view", view),
        ("text", text),
        ("inner", Arc::new(inner)),
        ("bytes", Arc::new(FixedSizeBinaryArray::try_from_iter((0..rows).map(|i| [i as u8; 3])).unwrap())),
        ("n", Arc::new(numbers)),
    ];
    let fields = columns.iter().map(|(name, column)| {
        let metadata: HashMap<_, _> = [("unit".to_owned(), format!("of {name}"))].into();
        Field::new(*name, column.data_type().clone(), true).with_metadata(metadata)
    });
    let metadata: HashMap<_, _> = [("pandas".to_owned(), "{}".to_owned())].into();
    let schema = Schema::new(fields.collect::<Vec<_>>()).with_metadata(metadata);
    RecordBatch::try_new(Arc::new(schema), columns.into_iter().map(|(_, column)| column).collect()).unwrap()
}

fn texts() -> ArrayRef {
    Arc::new(StringArray::from(TEXTS.to_vec()))
}

fn strings<'a>(batch: &'a RecordBatch, name: &str) -> Vec<Option<&'a str>> {
    batch[name].as_string::<i32>().iter().collect()
}

fn lists(batch: &RecordBatch, name: &str) -> Vec<Vec<String>> {
    let lists = batch[name].as_list::<i32>();
    (0..lists.len())
        .map(|row| lists.value(row).as_string::<i32>().iter().flatten().map(str::to_owned).collect())
        .collect()
}

#[test]
fn verdicts_say_what_was_found_in_each_row() {
    let mut stream_scan = open(&[]);
    let answer = scan(&mut stream_scan, &stream(&[batch(texts())], IpcWriteOptions::default()), [0, 0]).unwrap();
    let [batch] = &read(&answer)[..] else { panic!("one batch") };
    let verdicts = ["flagged", "clean", "clean", "empty", "empty", "flagged"];
    assert_eq!(strings(batch, "cg_verdict"), verdicts.map(Some));
    assert!(strings(batch, "cg_reason").iter().all(Option::is_none));
    assert_eq!(lists(batch, "cg_risks"), [vec!["R0"], vec![], vec![], vec![], vec![], vec!["R0"]]);
    let entries = [vec!["smuggling"], vec!["ransom"], vec![], vec![], vec![], vec!["smuggling"]];
    assert_eq!(lists(batch, "cg_entries"), entries);
    assert_eq!(batch["cg_hits"].as_primitive::<UInt32Type>().values(), &[1, 1, 0, 0, 0, 2]);
    let spans = batch["cg_spans"].as_list::<i32>();
    let last = spans.value(5);
    let column = |name: &str| last.as_struct()[name].as_primitive::<UInt32Type>().values().to_vec();
    assert_eq!((column("start"), column("end")), (vec![0, 6], vec![6, 12]));
    assert_eq!(strings(batch, "cg_output"), [Some("c"), Some("c"), Some("c"), None, None, Some("c")]);
    let summary: Value = serde_json::from_str(&stream_scan.summary()).unwrap();
    assert_eq!(summary["rows"], 6);
    assert_eq!((&summary["assessed"], &summary["empty"], &summary["flagged"]), (&json!(4), &json!(2), &json!(2)));
    assert_eq!((&summary["risks"], &summary["endMarker"]), (&json!({ "R0": 2 }), &json!(true)));
}

#[test]
fn columns_of_every_type_go_on_as_they_came() {
    let dictionary: ArrayRef = Arc::new(TEXTS.into_iter().collect::<arrow_array::DictionaryArray<Int32Type>>());
    let kinds = [texts(), Arc::new(StringViewArray::from(TEXTS.to_vec())), dictionary];
    for (kind, text) in kinds.into_iter().enumerate() {
        let batch = batch(text);
        let batches = [batch.slice(0, 0), batch.clone(), batch.slice(2, 3), batch.slice(5, 1)];
        for codec in [None, Some(CompressionType::LZ4_FRAME), Some(CompressionType::ZSTD)] {
            let write = IpcWriteOptions::default().try_with_compression(codec).unwrap();
            let bytes = stream(&batches, write);
            let found = read(&scan(&mut open(&[]), &bytes, [0, 0]).unwrap());
            assert_eq!(found.len(), batches.len());
            let theirs = batch.num_columns();
            for (found, expected) in found.iter().zip(&read(&bytes)) {
                let fields: Vec<usize> = (0..theirs).collect();
                assert_eq!(found.project(&fields).unwrap(), *expected, "{kind} {codec:?}");
                assert_eq!(found.num_columns(), theirs + 8);
                assert_eq!(found.schema().metadata(), expected.schema().metadata());
            }
            let verdicts: Vec<_> = found.iter().flat_map(|batch| strings(batch, "cg_verdict")).flatten().collect();
            let expected =
                ["flagged", "clean", "clean", "empty", "empty", "flagged", "clean", "empty", "empty", "flagged"];
            assert_eq!(verdicts, expected, "{kind} {codec:?}");
        }
    }
}

#[test]
fn the_metadata_of_version_4_stays_what_it_is() {
    // Unions are laid out in another way in version 4, and the writer has none there.
    let batch = batch(texts()).project(&[0, 1, 2, 4, 5, 6]).unwrap();
    let write = IpcWriteOptions::try_new(8, false, MetadataVersion::V4).unwrap();
    let [found] = &read(&scan(&mut open(&[]), &stream(std::slice::from_ref(&batch), write), [0, 0]).unwrap())[..]
    else {
        panic!("one batch")
    };
    assert_eq!(found.project(&[0, 1, 2, 3, 4, 5]).unwrap(), batch);
    assert_eq!(strings(found, "cg_verdict")[0], Some("flagged"));
}

#[test]
fn dictionaries_that_grow_and_that_are_replaced_go_on() {
    let mut words = StringDictionaryBuilder::<Int32Type>::new();
    let batches: Vec<RecordBatch> = (0..4)
        .map(|number| {
            words.append_value(format!("走私 {number}"));
            words.append_value("harmless");
            let (text, other) = (words.finish_preserve_values(), [format!("o{number}")]);
            let other: arrow_array::DictionaryArray<Int32Type> =
                vec![other[0].as_str(); text.len()].into_iter().collect();
            let columns: [(&str, ArrayRef); 2] = [("other", Arc::new(other)), ("text", Arc::new(text))];
            RecordBatch::try_from_iter(columns).unwrap()
        })
        .collect();
    for handling in [DictionaryHandling::Delta, DictionaryHandling::Resend] {
        let write = IpcWriteOptions::default().with_dictionary_handling(handling);
        let named = [("textColumn", json!("text"))];
        let found = read(&scan(&mut open(&named), &stream(&batches, write), [0, 0]).unwrap());
        for (found, expected) in found.iter().zip(&batches) {
            let text = |batch: &RecordBatch, name: &str| -> Vec<String> {
                let column = batch[name].as_dictionary::<Int32Type>().downcast_dict::<StringArray>().unwrap();
                column.into_iter().map(|text| text.unwrap().to_owned()).collect()
            };
            assert_eq!(text(found, "text"), text(expected, "text"));
            assert_eq!(text(found, "other"), text(expected, "other"));
            assert_eq!(strings(found, "cg_verdict"), [Some("flagged"), Some("clean")]);
        }
        assert_eq!(found.len(), 4);
    }
}

#[test]
fn verdicts_alone_come_with_the_id_that_was_asked_for() {
    let changes = [("onlyVerdicts", json!(true)), ("idColumn", json!("n")), ("prefix", json!(""))];
    let bytes = stream(&[batch(texts()), batch(texts()).slice(4, 2)], IpcWriteOptions::default());
    let found = read(&scan(&mut open(&changes), &bytes, [0, 0]).unwrap());
    let names: Vec<_> = found[0].schema().fields().iter().map(|field| field.name().clone()).collect();
    assert_eq!(names, ["id", "verdict", "reason", "risks", "entries", "spans", "hits", "score", "output"]);
    assert_eq!(strings(&found[0], "id"), [Some("0"), Some("1"), None, Some("3"), Some("4"), Some("5")]);
    assert_eq!(strings(&found[1], "verdict"), [Some("empty"), Some("flagged")]);
}

#[test]
fn columns_that_do_not_fit_are_the_callers_fault() {
    let bytes = stream(&[batch(texts())], IpcWriteOptions::default());
    for (changes, expected) in [
        (
            vec![("textColumn", json!("body"))],
            "text column \"body\" does not exist; the columns are \"flag\", \"none\", ",
        ),
        (vec![("textColumn", json!("n"))], "text column \"n\" holds Int; the columns are "),
        (vec![("idColumn", json!("flag"))], "id column \"flag\" holds Bool; the columns are "),
        (vec![("prefix", json!("v")), ("idColumn", json!("n"))], ""),
    ] {
        let outcome = scan(&mut open(&changes), &bytes, [0, 0]);
        match outcome {
            Err(ScanError::Columns(message)) => assert!(message.starts_with(expected), "{message}"),
            Ok(_) => assert_eq!(expected, "", "nothing is named vid"),
            Err(error) => panic!("{error}"),
        }
    }
    let columns: [(&str, ArrayRef); 2] =
        [("cg_hits", Arc::new(Int32Array::from(vec![1]))), ("text", Arc::new(StringArray::from(vec!["a"])))];
    let clash = stream(&[RecordBatch::try_from_iter(columns).unwrap()], IpcWriteOptions::default());
    let error = scan(&mut open(&[]), &clash, [0, 0]).unwrap_err();
    assert!(error.to_string().starts_with("there is a column \"cg_hits\", as one of the verdicts is named"), "{error}");
    assert!(scan(&mut open(&[("onlyVerdicts", json!(true))]), &clash, [0, 0]).is_ok());
    let columns: [(&str, ArrayRef); 1] = [("n", Arc::new(Int32Array::from(vec![1])))];
    let none = stream(&[RecordBatch::try_from_iter(columns).unwrap()], IpcWriteOptions::default());
    let error = scan(&mut open(&[]), &none, [0, 0]).unwrap_err();
    assert!(error.to_string().ends_with("so the text column must be named; the columns are \"n\""), "{error}");
    assert!(matches!(scan(&mut open(&[]), &[], [0, 0]), Err(ScanError::NoStream)));
}

#[test]
fn a_batch_waits_for_all_its_scores() {
    let bytes = stream(&[batch(texts())], IpcWriteOptions::default());
    let mut scan = open(&[("batchBytes", json!(1))]);
    let (mut rest, mut slices) = (&bytes[..], Vec::new());
    loop {
        match scan.advance().unwrap() {
            StreamEvent::Wanting => rest = &rest[scan.push(rest).unwrap()..],
            StreamEvent::Output(_) => {}
            StreamEvent::Slice(step) => {
                assert!(scan.answer().is_err(), "slices are to come");
                slices.push(step);
            }
            StreamEvent::Answer => break,
        }
    }
    assert_eq!(slices.iter().map(|step| step.records).sum::<usize>(), TEXTS.len());
    let error = scan.answer().unwrap_err().to_string();
    assert!(error.contains("no record batch is ready to be answered"), "{error}");
    for step in slices.iter().filter(|step| !step.packs.is_empty()) {
        let short = scan.score(step.batch, &[&[1]]).unwrap_err().to_string();
        assert!(short.contains("came in sizes [1]; [2] wait"), "{short}");
        scan.score(step.batch, &[&[0, 0]]).unwrap();
        assert!(scan.score(step.batch, &[&[0, 0]]).is_err(), "it waits no more");
    }
    assert_eq!(read(&[&stream_head(&bytes), &scan.answer().unwrap()[..]].concat())[0].num_rows(), TEXTS.len());
}

/// The schema of an answer.
fn stream_head(bytes: &[u8]) -> Vec<u8> {
    let mut scan = open(&[]);
    scan.push(bytes).unwrap();
    let StreamEvent::Output(head) = scan.advance().unwrap() else { panic!("the schema comes first") };
    head
}

#[test]
fn damage_ends_the_answer_behind_the_batches_before_it() {
    let whole = stream(&[batch(texts()), batch(texts())], IpcWriteOptions::default());
    // The last batch's text, made no UTF-8.
    let at = whole.windows(6).rposition(|window| window == "走私".as_bytes()).unwrap();
    let mut bytes = whole.clone();
    bytes[at] = 0xFF;
    let mut scan = open(&[("classifier", Value::Null)]);
    let (mut rest, mut answers) = (&bytes[..], 0);
    let error = loop {
        match scan.advance() {
            Ok(StreamEvent::Wanting) => rest = &rest[scan.push(rest).unwrap()..],
            Ok(StreamEvent::Answer) => answers += 1,
            Ok(_) => {}
            Err(error) => break error.to_string(),
        }
    };
    assert!(error.starts_with("stream: damaged at record batch 1, column \"text\""), "{error}");
    assert_eq!(answers, 1);
    assert!(scan.answer().is_ok());
    assert!(scan.answer().is_err());
}

#[test]
fn verdicts_are_limited_in_their_bytes() {
    // One text for ten thousand rows: small to send, large to answer.
    let texts = ["走私 ".repeat(70)];
    let text: arrow_array::DictionaryArray<Int32Type> = vec![texts[0].as_str(); 10_000].into_iter().collect();
    let columns: [(&str, ArrayRef); 1] = [("text", Arc::new(text))];
    let bytes = stream(&[RecordBatch::try_from_iter(columns).unwrap()], IpcWriteOptions::default());
    let error = scan(&mut open(&[("classifier", Value::Null)]), &bytes, [0, 0]).unwrap_err().to_string();
    assert!(error.contains("bytes of the verdicts at record batch 0 is 10"), "{error}");
    assert!(error.ends_with("the limit is 1048576"), "{error}");
}

/// The streams of `test/data/streams`, by their names: five texts twice, the first time and the second in their own record
/// batch, then none, then the first text.
fn made() -> Vec<(&'static str, Vec<u8>)> {
    const LINES: [Option<&str>; 5] =
        [Some("有人走 私香烟"), Some("a ransom note"), Some("nothing to see"), None, Some(" \u{200b} ")];
    let four = |text: &dyn Fn() -> ArrayRef, write: IpcWriteOptions| {
        let whole = RecordBatch::try_from_iter_with_nullable([("text", text(), true)]).unwrap();
        stream(&[whole.clone(), whole.clone(), whole.slice(0, 0), whole.slice(0, 1)], write)
    };
    let plain = || -> ArrayRef { Arc::new(StringArray::from(LINES.to_vec())) };
    let large = || -> ArrayRef { Arc::new(arrow_array::LargeStringArray::from(LINES.to_vec())) };
    let view = || -> ArrayRef { Arc::new(StringViewArray::from(LINES.to_vec())) };
    let compressed = |codec| IpcWriteOptions::default().try_with_compression(Some(codec)).unwrap();
    let dictionaries = |handling| {
        let mut words = StringDictionaryBuilder::<Int32Type>::new();
        let rows: [&[Option<&str>]; 4] = [&LINES, &LINES, &[], &LINES[..1]];
        let batches: Vec<RecordBatch> = rows
            .iter()
            .enumerate()
            .map(|(number, rows)| {
                // An entry that no row has makes each dictionary larger than the one before.
                words.append(format!("entry {number}")).unwrap();
                let before = words.len();
                words.extend(rows.iter().copied());
                let text = words.finish_preserve_values();
                let text = text.slice(before, text.len() - before);
                RecordBatch::try_from_iter_with_nullable([("text", Arc::new(text) as ArrayRef, true)]).unwrap()
            })
            .collect();
        stream(&batches, IpcWriteOptions::default().with_dictionary_handling(handling))
    };
    vec![
        ("dictionary-grows", dictionaries(DictionaryHandling::Delta)),
        ("dictionary-replaced", dictionaries(DictionaryHandling::Resend)),
        ("large", four(&large, IpcWriteOptions::default())),
        ("lz4", four(&plain, compressed(CompressionType::LZ4_FRAME))),
        ("view", four(&view, IpcWriteOptions::default())),
        ("zstd", four(&plain, compressed(CompressionType::ZSTD))),
    ]
}

/// Written with `CORPUSGATE_WRITE_STREAMS=1`.
#[test]
fn the_streams_of_other_tests_are_as_they_are_made() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../test/data/streams");
    for (name, bytes) in made() {
        let path = folder.join(format!("{name}.arrows"));
        if std::env::var_os("CORPUSGATE_WRITE_STREAMS").is_some() {
            std::fs::write(&path, &bytes).unwrap();
        }
        // Compressors differ from release to release; what they hold does not.
        assert_eq!(read(&std::fs::read(&path).unwrap()), read(&bytes), "{name}");
    }
}
