//! Arrow IPC: every layout of text, in files and streams, whole and damaged.

mod reading;

use std::sync::Arc;

use arrow_array::builder::{BinaryBuilder, StringDictionaryBuilder, StringViewBuilder};
use arrow_array::types::{Int8Type, Int32Type, UInt16Type};
use arrow_array::{
    ArrayRef, BinaryArray, BinaryViewArray, DictionaryArray, Int32Array, LargeBinaryArray, LargeStringArray, ListArray,
    NullArray, RecordBatch, StringArray, StringViewArray, UInt64Array,
};
use arrow_ipc::CompressionType;
use arrow_ipc::writer::{DictionaryHandling, FileWriter, IpcWriteOptions, StreamWriter};
use corpus::{CorpusError, Encoding, Format, ReadOptions, ShardRange, ShardReader, inspect};
use proptest::prelude::*;
use reading::{Folder, options, read_all, read_hostile, read_range, texts};

const TEXTS: [Option<&str>; 7] = [
    Some("one"),
    None,
    Some(""),
    Some("汉字汉字汉字, longer than twelve bytes"),
    Some("one"),
    Some("汉字汉字汉字, longer than twelve bytes"),
    Some("twelve bytes"),
];

fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, column)| (name, column, true))).unwrap()
}

fn to_file(batches: &[RecordBatch], options: IpcWriteOptions) -> Vec<u8> {
    let mut writer = FileWriter::try_new_with_options(Vec::new(), &batches[0].schema(), options).unwrap();
    for batch in batches {
        writer.write(batch).unwrap();
    }
    writer.into_inner().unwrap()
}

fn to_stream(batches: &[RecordBatch], options: IpcWriteOptions) -> Vec<u8> {
    let mut writer = StreamWriter::try_new_with_options(Vec::new(), &batches[0].schema(), options).unwrap();
    for batch in batches {
        writer.write(batch).unwrap();
    }
    writer.into_inner().unwrap()
}

fn plain() -> IpcWriteOptions {
    IpcWriteOptions::default()
}

/// Every kind of text column with the same texts.
fn kinds() -> Vec<(&'static str, ArrayRef)> {
    let bytes = TEXTS.map(|text| text.map(str::as_bytes));
    let sliced = StringArray::from([&[Some("before")][..], &TEXTS, &[None]].concat()).slice(1, TEXTS.len());
    let kinds: [(_, ArrayRef); 9] = [
        ("utf8", Arc::new(StringArray::from(TEXTS.to_vec()))),
        ("large", Arc::new(LargeStringArray::from(TEXTS.to_vec()))),
        ("view", Arc::new(StringViewArray::from(TEXTS.to_vec()))),
        ("binary", Arc::new(BinaryArray::from(bytes.to_vec()))),
        ("large binary", Arc::new(LargeBinaryArray::from(bytes.to_vec()))),
        ("binary view", Arc::new(BinaryViewArray::from(bytes.to_vec()))),
        ("dictionary", Arc::new(TEXTS.into_iter().collect::<DictionaryArray<Int8Type>>())),
        ("dictionary of u16", Arc::new(TEXTS.into_iter().collect::<DictionaryArray<UInt16Type>>())),
        ("slice", Arc::new(sliced)),
    ];
    kinds.into()
}

/// The texts as a reader gives them: what is empty has none.
fn expected() -> Vec<Option<&'static str>> {
    TEXTS.into_iter().map(|text| text.filter(|text| !text.is_empty())).collect()
}

#[test]
fn every_layout_reads_the_same() {
    let folder = Folder::new();
    for (kind, text) in kinds() {
        let ids: ArrayRef = Arc::new((0..7).map(|i| (i != 3).then_some(u64::MAX - i)).collect::<UInt64Array>());
        // Columns in front, so that the counting of buffers matters: a list, a view and one of no type.
        let list = ListArray::from_iter_primitive::<Int32Type, _, _>((0..7).map(|i| Some(vec![Some(1); i])));
        let view: ArrayRef = Arc::new(StringViewArray::from(vec!["a view of more than twelve bytes"; 7]));
        let batch = batch(vec![
            ("list", Arc::new(list)),
            ("none", Arc::new(NullArray::new(7))),
            ("other", view),
            ("text", text),
            ("id", ids),
        ]);
        let batches = [batch.clone(), batch.slice(0, 0), batch];
        for compression in [None, Some(CompressionType::LZ4_FRAME), Some(CompressionType::ZSTD)] {
            let write = plain().try_with_compression(compression).unwrap();
            for (format, bytes) in [
                (Format::ArrowFile, to_file(&batches, write.clone())),
                (Format::ArrowStream, to_stream(&batches, write.clone())),
            ] {
                // The bytes tell the format, whatever the name says.
                let path = folder.write("a.jsonl", bytes);
                for map_files in [true, false] {
                    let options = options(|options| options.map_files = map_files);
                    let what = format!("{kind} {compression:?} {format} {map_files}");
                    let file = inspect(&path, &options).unwrap();
                    assert_eq!((file.format, file.rows), (format, Some(14)), "{what}");
                    assert_eq!(
                        file.blocks.iter().map(|block| block.first_row).collect::<Vec<_>>(),
                        [0, 7, 7],
                        "{what}"
                    );
                    for max_bytes in [1, 20, 1 << 20] {
                        let (records, error) = read_range(&path, &options, &ShardRange::All, max_bytes);
                        assert!(error.is_none(), "{what}: {error:?}");
                        assert_eq!(texts(&records), [expected(), expected()].concat(), "{what}");
                        assert!(records.iter().enumerate().all(|(i, record)| record.position == i as u64));
                        assert_eq!(records[1].state, "empty");
                        assert_eq!(records[9].id.as_deref(), Some("18446744073709551613"));
                        assert_eq!(records[10].id, None);
                    }
                    let (records, _) = read_range(&path, &options, &ShardRange::Blocks(2..3), 1 << 20);
                    assert_eq!((records.len(), records[0].position), (7, 7), "{what}");
                }
            }
        }
    }
}

#[test]
fn shared_texts_are_named() {
    let folder = Folder::new();
    let keys = (0..100_000).map(|i| ["a text that many rows have", "another one"][i % 2]);
    let dictionary: ArrayRef = Arc::new(keys.collect::<DictionaryArray<Int32Type>>());
    // Views of the same bytes, as deduplicating builders write them.
    let mut builder = StringViewBuilder::new().with_deduplicate_strings();
    (0..1_000)
        .for_each(|i| builder.append_value(["a text that many rows have", "another, also of some length"][i % 2]));
    for (text, max_batches) in [(dictionary, 2), (Arc::new(builder.finish()) as ArrayRef, 1)] {
        let path = folder.write("a.arrow", to_file(&[batch(vec![("text", text)])], plain()));
        let mut reader = ShardReader::open(&path, &ReadOptions::default(), &ShardRange::All, None).unwrap();
        let mut batches = 0;
        while let Some(batch) = reader.next_batch(1_000).unwrap() {
            batches += 1;
            assert!(batch.rows().iter().enumerate().all(|(i, row)| row.same_as() == (i > 1).then_some(i % 2)));
        }
        assert_eq!(batches, max_batches);
    }
}

#[test]
fn dictionaries_that_grow_and_change() {
    let folder = Folder::new();
    let dictionary = |values: &[&str]| -> ArrayRef {
        let mut builder = StringDictionaryBuilder::<Int32Type>::new();
        for value in values {
            builder.append_value(value);
        }
        Arc::new(builder.finish())
    };
    let batches = [
        batch(vec![("text", dictionary(&["a", "b"]))]),
        batch(vec![("text", dictionary(&["a", "b", "c"]))]),
        batch(vec![("text", dictionary(&["a", "b", "c", "d", "a"]))]),
        batch(vec![("text", dictionary(&["x", "y"]))]),
    ];
    let all = ["a", "b", "a", "b", "c", "a", "b", "c", "d", "a", "x", "y"].map(Some);
    for handling in [DictionaryHandling::Delta, DictionaryHandling::Resend] {
        let write = plain().with_dictionary_handling(handling);
        let path = folder.write("a.arrows", to_stream(&batches, write.clone()));
        for map_files in [true, false] {
            let options = options(|options| options.map_files = map_files);
            assert_eq!(texts(&read_all(&path, &options).unwrap()), all);
            let (records, _) = read_range(&path, &options, &ShardRange::Blocks(2..4), 1 << 20);
            assert_eq!(texts(&records), all[5..]);
        }
    }
    // A file may have additions and no changes.
    let write = plain().with_dictionary_handling(DictionaryHandling::Delta);
    let path = folder.write("a.arrow", to_file(&batches[..3], write));
    assert_eq!(texts(&read_all(&path, &ReadOptions::default()).unwrap()), all[..10]);
}

#[test]
fn bytes_that_are_no_text() {
    let folder = Folder::new();
    let mut builder = BinaryBuilder::new();
    for value in [&b"good"[..], b"\xFF", "汉字".as_bytes(), b"\xE6\xB1", b"\xBA\xBA", b""] {
        builder.append_value(value);
    }
    let bytes = builder.finish();
    let view = bytes.iter().collect::<BinaryViewArray>();
    let as_dictionary = DictionaryArray::new(Int32Array::from_iter_values(0..6), Arc::new(bytes.clone()));
    let columns: [ArrayRef; 3] = [Arc::new(bytes), Arc::new(view), Arc::new(as_dictionary)];
    for column in columns {
        let path = folder.write("a.arrow", to_file(&[batch(vec![("text", column)])], plain()));
        let records = read_all(&path, &ReadOptions::default()).unwrap();
        assert_eq!(texts(&records), [Some("good"), None, Some("汉字"), None, None, None]);
        let states: Vec<_> = records.iter().map(|record| record.state).collect();
        assert_eq!(states, ["text", "invalid-utf8", "text", "invalid-utf8", "invalid-utf8", "empty"]);
        let options = options(|options| options.encoding = Encoding::Gb18030);
        let records = read_all(&path, &options).unwrap();
        assert_eq!(records[4].text.as_deref(), Some("汉"));
        assert_eq!((records[0].text.as_deref(), records[1].state), (Some("good"), "invalid-utf8"));
    }
}

#[test]
fn strings_that_are_no_text_are_damage() {
    let folder = Folder::new();
    for (kind, column) in kinds() {
        if kind.contains("binary") {
            continue;
        }
        let mut bytes = to_file(&[batch(vec![("text", column)])], plain());
        let needle = "汉字汉".as_bytes();
        let at = bytes.windows(needle.len()).rposition(|window| window == needle).unwrap();
        bytes[at + 4] = 0xFF;
        let path = folder.write("a.arrow", bytes);
        let error = read_all(&path, &ReadOptions::default()).unwrap_err();
        assert!(matches!(error, CorpusError::Damaged { .. }), "{kind}: {error}");
        let text = error.to_string();
        assert!(text.contains("record batch 0, ") && text.contains("column \"text\""), "{kind}: {text}");
    }
}

#[test]
fn long_records_are_not_assessed() {
    let folder = Folder::new();
    let texts = ["short", "1234567890123456789012345678901", "汉", "123456789012345678901234567890"];
    let columns: [ArrayRef; 3] = [
        Arc::new(StringArray::from(texts.to_vec())),
        Arc::new(StringViewArray::from(texts.to_vec())),
        Arc::new(texts.into_iter().collect::<DictionaryArray<Int32Type>>()),
    ];
    for column in columns {
        let path = folder.write("a.arrow", to_file(&[batch(vec![("text", column)])], plain()));
        let options = options(|options| options.limits.record_bytes = 30);
        let states: Vec<_> = read_all(&path, &options).unwrap().iter().map(|record| record.state).collect();
        assert_eq!(states, ["text", "too-long", "text", "text"]);
    }
}

#[test]
fn columns_must_be_there_and_fit() {
    let folder = Folder::new();
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("n", Arc::new(Int32Array::from(vec![-5]))),
        ("title", Arc::new(StringArray::from(vec!["t"]))),
        ("body", Arc::new(StringArray::from(vec!["b"]))),
    ];
    let path = folder.write("a.arrow", to_file(&[batch(columns)], plain()));
    assert_eq!(read_all(&path, &ReadOptions::default()).unwrap()[0].state, "missing-text");
    let ask = |text: &str, id: &str| {
        options(|options| {
            options.text_column = Some(text.into());
            options.id_column = Some(id.into());
            options.source_column = Some("title".into());
        })
    };
    let record = &read_all(&path, &ask("body", "n")).unwrap()[0];
    assert_eq!((record.id.as_deref(), record.source.as_deref()), (Some("-5"), Some("t")));
    for (asked, text) in [(ask("nix", "n"), "\"n\", \"title\", \"body\""), (ask("n", "n"), "holds Int")] {
        for error in [inspect(&path, &asked).unwrap_err(), read_all(&path, &asked).unwrap_err()] {
            assert!(matches!(error, CorpusError::Column { .. }));
            assert!(error.to_string().contains(text), "{error}");
            assert_eq!(error.reason(), None);
        }
    }
}

#[test]
fn ends_of_streams() {
    let folder = Folder::new();
    let batch = batch(vec![("text", Arc::new(StringArray::from(vec!["a"])))]);
    let bytes = to_stream(&[batch.clone(), batch], plain());
    let read = |bytes: &[u8]| read_all(&folder.write("a.arrows", bytes), &ReadOptions::default());
    // Without the marker, as `datasets` leaves its files; with padding behind it.
    assert_eq!(read(&bytes[..bytes.len() - 8]).unwrap().len(), 2);
    assert_eq!(read(&[&bytes[..], &[0; 24]].concat()).unwrap().len(), 2);
    // A second stream behind the first would go unread.
    let error = read(&[&bytes[..], &bytes].concat()).unwrap_err();
    assert!(error.to_string().contains("follow the end of the stream"), "{error}");
}

#[test]
fn every_truncation_is_damage() {
    let folder = Folder::new();
    let (_, text) = kinds().remove(0);
    let batch = batch(vec![("text", text)]);
    let file = to_file(&[batch.clone(), batch.clone()], plain());
    for cut in 8..file.len() {
        let path = folder.write("a.arrow", &file[..cut]);
        let found = inspect(&path, &ReadOptions::default()).unwrap();
        assert!(matches!(found.damage, Some(CorpusError::Damaged { .. })), "{cut}");
        assert_eq!(found.rows, None);
        assert!(read_all(&path, &ReadOptions::default()).is_err());
    }
    let stream = to_stream(&[batch.clone(), batch], plain());
    let whole = [2, stream.len() - 8, stream.len()];
    let mut complete = Vec::new();
    for cut in 4..stream.len() {
        let path = folder.write("a.arrows", &stream[..cut]);
        let read = read_all(&path, &ReadOptions::default());
        if read.is_ok() {
            complete.push(cut);
        }
        assert_eq!(read.is_ok(), inspect(&path, &ReadOptions::default()).unwrap().damage.is_none(), "{cut}");
    }
    // Behind the schema, each batch, and the marker's first word a stream may end; nowhere else.
    assert_eq!(complete.len(), 3, "{complete:?} {whole:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    /// Whatever is overwritten: an end, no panic, no memory, and text that is text (`read_range` looks).
    #[test]
    fn overwritten_files_end(
        kind in 0..9_usize,
        compression in 0..3_usize,
        stream in any::<bool>(),
        map_files in any::<bool>(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 1..9_usize), 1..4),
    ) {
        let compression = [None, Some(CompressionType::LZ4_FRAME), Some(CompressionType::ZSTD)][compression];
        let (_, text) = kinds().remove(kind);
        let id: ArrayRef = Arc::new(Int32Array::from_iter_values(0..7));
        let batch = batch(vec![("id", id), ("text", text)]);
        let write = plain().try_with_compression(compression).unwrap();
        let mut bytes = if stream { to_stream(&[batch], write) } else { to_file(&[batch], write) };
        for (at, value, length) in edits {
            let at = at.index(bytes.len());
            let end = (at + length).min(bytes.len());
            bytes[at..end].fill(value);
        }
        let folder = Folder::new();
        let path = folder.write("a.arrow", bytes);
        // Either is fine; what is not fine fails inside.
        let _ = read_hostile(&path, &options(|options| options.map_files = map_files));
    }
}
