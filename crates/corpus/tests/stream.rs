//! Arrow IPC streams that arrive in pieces: the same rows as from a file, whatever the pieces, and an end to bad ones.

mod reading;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::builder::StringDictionaryBuilder;
use arrow_array::types::Int32Type;
use arrow_array::{ArrayRef, BinaryArray, Int32Array, RecordBatch, StringArray, StringViewArray};
use arrow_ipc::CompressionType;
use arrow_ipc::writer::{DictionaryHandling, IpcWriteOptions, StreamWriter};
use corpus::{CorpusError, ReadOptions, RowState, StreamPart, StreamReader, Validate};
use reading::{Folder, Record, options, read_all};

/// Longest message of the tests.
const MESSAGE_BYTES: u64 = 64 << 20;

/// What came of a stream: its rows, the parts in order, and how it ended.
#[derive(Debug)]
struct Read {
    records: Vec<Record>,
    parts: String,
    error: Option<CorpusError>,
}

/// Reads a stream that comes in pieces of so many bytes. Rows of a record batch count when it was read to its end.
fn read(bytes: &[u8], piece: usize, options: &ReadOptions, message_bytes: u64) -> Read {
    let mut reader = StreamReader::new(options.clone(), message_bytes);
    let mut read = Read { records: Vec::new(), parts: String::new(), error: None };
    read.error = step(&mut reader, bytes, piece, &mut read).err();
    read
}

fn step(reader: &mut StreamReader, bytes: &[u8], piece: usize, read: &mut Read) -> Result<(), CorpusError> {
    for mut rest in bytes.chunks(piece) {
        while !rest.is_empty() {
            let taken = reader.push(rest)?;
            rest = &rest[taken..];
            let Some(part) = reader.next_part()? else {
                assert!(rest.is_empty(), "a reader that has no message takes what there is");
                continue;
            };
            read.parts.push(match part {
                StreamPart::Schema(_) => 's',
                StreamPart::Dictionary(_) => 'd',
                StreamPart::Batch(..) => 'b',
                StreamPart::End => 'e',
            });
            if let StreamPart::Batch(_, rows) = part {
                let mut records = Vec::new();
                while let Some(batch) = reader.next_batch(20)? {
                    records.extend((0..batch.len()).map(|i| {
                        let row = batch.rows()[i];
                        let state = match row.state {
                            RowState::Text => "text",
                            RowState::Empty => "empty",
                            RowState::NotAssessed(reason) => reason.as_str(),
                        };
                        let (text, id) = (batch.text(i).map(str::to_owned), batch.id(i).map(str::to_owned));
                        Record { position: row.position, state, text, id, source: None }
                    }));
                }
                assert_eq!(rows, records.len() as u64);
                read.records.append(&mut records);
            }
        }
    }
    reader.finish()
}

fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, column)| (name, column, true))).unwrap()
}

fn stream(batches: &[RecordBatch], options: IpcWriteOptions) -> Vec<u8> {
    let mut writer = StreamWriter::try_new_with_options(Vec::new(), &batches[0].schema(), options).unwrap();
    for batch in batches {
        writer.write(batch).unwrap();
    }
    writer.into_inner().unwrap()
}

/// Record batches of a dictionary that grows, or is replaced where it does not.
fn batches(grows: bool) -> Vec<RecordBatch> {
    let mut words = StringDictionaryBuilder::<Int32Type>::new();
    (0..4)
        .map(|number| {
            let mut append = |word: &str| words.append_value(word);
            append(&format!("entry {number} of a dictionary"));
            append("汉字");
            words.append_null();
            let text: ArrayRef = if grows {
                Arc::new(words.finish_preserve_values())
            } else {
                let values = StringArray::from(vec![format!("whole {number}"), "汉字".to_owned()]);
                let keys = Int32Array::from(vec![Some(1), Some(0), None]);
                Arc::new(arrow_array::DictionaryArray::new(keys, Arc::new(values)))
            };
            let other: ArrayRef = Arc::new(StringViewArray::from(vec!["a view of more than twelve bytes"; 3]));
            let id: ArrayRef = Arc::new(Int32Array::from(vec![Some(number), None, Some(-1)]));
            batch(vec![("other", other), ("text", text), ("id", id)])
        })
        .collect()
}

fn by_id() -> ReadOptions {
    options(|options| options.id_column = Some("id".into()))
}

/// Streams of all sorts: plain, compressed, with dictionaries that grow and that are replaced.
fn streams() -> Vec<(String, Vec<u8>)> {
    let plain = |text: ArrayRef| {
        batch(vec![("id", Arc::new(Int32Array::from(vec![1; text.len()])) as ArrayRef), ("text", text)])
    };
    let words = plain(Arc::new(StringArray::from(vec![Some("one"), None, Some(""), Some("汉字")])));
    let mut streams = Vec::new();
    for codec in [None, Some(CompressionType::LZ4_FRAME), Some(CompressionType::ZSTD)] {
        let write = || IpcWriteOptions::default().try_with_compression(codec).unwrap();
        streams.push((
            format!("plain {codec:?}"),
            stream(&[words.clone(), words.slice(0, 0), words.slice(1, 1)], write()),
        ));
        let delta = write().with_dictionary_handling(DictionaryHandling::Delta);
        streams.push((format!("grows {codec:?}"), stream(&batches(true), delta)));
        streams.push((format!("replaced {codec:?}"), stream(&batches(false), write())));
    }
    let binary = plain(Arc::new(BinaryArray::from(vec![&b"text"[..], &b"\xFF\xFE"[..]])));
    streams.push(("binary".to_owned(), stream(&[binary], IpcWriteOptions::default())));
    streams
}

#[test]
fn pieces_of_any_size_read_as_the_file_does() {
    let folder = Folder::new();
    for (what, bytes) in streams() {
        let expected = read_all(&folder.write("a.arrows", &bytes), &by_id()).unwrap();
        for piece in [1, 7, 64, bytes.len()] {
            let found = read(&bytes, piece, &by_id(), MESSAGE_BYTES);
            assert!(found.error.is_none(), "{what}: {:?}", found.error);
            assert_eq!(found.records, expected, "{what} in pieces of {piece}");
            assert!(found.parts.starts_with('s') && found.parts.ends_with('e'), "{what}: {}", found.parts);
        }
    }
    let grows = read(&streams()[1].1, 100, &by_id(), MESSAGE_BYTES);
    assert_eq!(grows.parts, "sdbdbdbdbe");
}

#[test]
fn a_row_has_an_id_only_when_one_is_asked_for() {
    let (_, bytes) = &streams()[0];
    let found = read(bytes, 1000, &ReadOptions::default(), MESSAGE_BYTES);
    assert!(found.records.iter().all(|record| record.id.is_none()));
}

#[test]
fn a_stream_that_is_cut_gives_the_batches_before_the_cut() {
    for (what, bytes) in streams() {
        let whole = read(&bytes, bytes.len(), &by_id(), MESSAGE_BYTES);
        let (mut last, mut unmarked) = (0, 0);
        for length in 0..bytes.len() {
            let found = read(&bytes[..length], 61, &by_id(), MESSAGE_BYTES);
            assert_eq!(found.records, whole.records[..found.records.len()], "{what} cut at {length}");
            assert!(found.records.len() >= last, "{what} cut at {length}: rows are lost");
            last = found.records.len();
            match found.error {
                Some(CorpusError::Damaged { detail, .. }) => {
                    assert!(detail.contains("cut off in") || detail.contains("before its schema"), "{what}: {detail}");
                }
                // Between two messages a stream may end.
                None => unmarked += 1,
                other => panic!("{what} cut at {length}: {other:?}"),
            }
        }
        assert_eq!(last, whole.records.len(), "{what}");
        assert_eq!(unmarked, whole.parts.len() - 1, "{what}");
    }
}

#[test]
fn a_byte_that_is_inverted_ends_in_rows_or_in_an_error() {
    for (number, (what, bytes)) in streams().into_iter().enumerate() {
        // Every third byte of each, and with three streams of a kind each of the metadata.
        for at in (number % 3..bytes.len()).step_by(3) {
            let mut bytes = bytes.clone();
            bytes[at] = !bytes[at];
            let found = read(&bytes, 509, &by_id(), 1 << 20);
            if let Some(error) = found.error {
                assert!(error.reason().is_some() || error.code() == "column", "{what} at {at}: {error}");
                assert!(!error.to_string().contains("panicked"), "{what} at {at}: {error}");
            }
        }
    }
}

#[test]
fn claims_are_refused_before_their_bytes_come() {
    let metadata = |length: i32| [&[0xFF; 4][..], &length.to_le_bytes()].concat();
    let (_, whole) = &streams()[0];
    let refused = |bytes: &[u8], limit| {
        let found = read(bytes, bytes.len(), &ReadOptions::default(), limit);
        found.error.expect("it is refused").to_string()
    };
    assert_eq!(
        refused(&metadata(i32::MAX), MESSAGE_BYTES),
        "stream: metadata at schema, byte 0 is 2147483647; the limit is 16777216"
    );
    assert_eq!(refused(&metadata(-1), MESSAGE_BYTES), "stream: damaged at schema, byte 0: metadata of -1 bytes");
    assert!(refused(whole, 100).contains("metadata at schema, byte 0 is "));
    assert!(refused(whole, 300).contains("bytes of a message at record batch 0, byte "), "{}", refused(whole, 300));
    assert!(refused(&[&whole[..], &[0; 65]].concat(), MESSAGE_BYTES).contains("bytes follow the end of the stream"));
    assert!(refused(&[&whole[..], &whole[..]].concat(), MESSAGE_BYTES).contains("bytes follow the end of the stream"));
    let padded = [&whole[..], &[0; 64]].concat();
    assert!(read(&padded, 9, &ReadOptions::default(), MESSAGE_BYTES).error.is_none());
}

#[test]
fn a_dictionary_is_limited_in_its_entries() {
    let (_, bytes) = &streams()[1];
    let options = options(|options| options.limits.dictionary_entries = 3);
    let found = read(bytes, 1000, &options, MESSAGE_BYTES);
    // One entry comes with each batch, two with the first.
    assert_eq!(found.records.len(), 6);
    let error = found.error.expect("the fourth entry is refused").to_string();
    assert!(error.contains("entries of a dictionary at record batch 2, dictionary 0 is 4; the limit is 3"), "{error}");
}

/// The stream without its dictionaries.
fn without_dictionaries(bytes: &[u8]) -> Vec<u8> {
    let (mut reader, mut out, mut rest) = (StreamReader::new(by_id(), MESSAGE_BYTES), Vec::new(), bytes);
    loop {
        rest = &rest[reader.push(rest).unwrap()..];
        match reader.next_part().unwrap() {
            Some(StreamPart::Schema(message) | StreamPart::Batch(message, _)) => {
                out.extend([0xFF; 4]);
                out.extend((message.metadata().len() as u32).to_le_bytes());
                out.extend([message.metadata(), message.body()].concat());
            }
            Some(StreamPart::Dictionary(_)) => {}
            Some(StreamPart::End) | None => return out,
        }
        // A batch is opened when it comes, and the reader goes on whether or not its rows are read.
    }
}

#[test]
fn a_dictionary_may_come_when_a_row_needs_it() {
    let column = |keys: Vec<Option<i32>>| -> ArrayRef {
        let values = Arc::new(StringArray::from(vec!["one"]));
        Arc::new(arrow_array::DictionaryArray::new(Int32Array::from(keys), values))
    };
    let of = |keys: Vec<Option<i32>>| {
        let ids: ArrayRef = Arc::new(Int32Array::from(vec![7; keys.len()]));
        without_dictionaries(&stream(&[batch(vec![("id", ids), ("text", column(keys))])], IpcWriteOptions::default()))
    };
    let nulls = read(&of(vec![None, None]), 1000, &by_id(), MESSAGE_BYTES);
    assert!(nulls.error.is_none(), "{:?}", nulls.error);
    assert_eq!(nulls.records.iter().map(|record| record.state).collect::<Vec<_>>(), ["empty", "empty"]);
    let error = read(&of(vec![None, Some(0)]), 1000, &by_id(), MESSAGE_BYTES).error.expect("a row is without its text");
    assert!(error.to_string().ends_with("row 1 of the batch: key 0 in a dictionary of 0 entries"), "{error}");
}

#[test]
fn streams_that_broke_others() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../test/data/hostile");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder.join("arrow-ipc-stream"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .chain([folder.join("made/ipc-negative-length.arrows")])
        .collect();
    files.sort();
    assert_eq!(files.len(), 41);
    for path in files {
        let bytes = std::fs::read(&path).unwrap();
        // Columns that are not read go on as they are.
        let from_file = read_all(&path, &ReadOptions { validate: Validate::Projected, ..ReadOptions::default() });
        for piece in [1, bytes.len()] {
            let found = read(&bytes, piece, &ReadOptions::default(), MESSAGE_BYTES);
            match (&from_file, &found.error) {
                (Ok(records), None) => assert_eq!(found.records.len(), records.len(), "{}", path.display()),
                (Err(_), Some(error)) => {
                    assert!(!error.to_string().contains("panicked"), "{}: {error}", path.display());
                }
                other => panic!("{}: {other:?}", path.display()),
            }
        }
    }
}
