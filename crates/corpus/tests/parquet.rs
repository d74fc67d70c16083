//! Parquet: every encoding and codec of text, in pages of both versions, whole and damaged.

mod reading;

use std::sync::Arc;

use arrow_array::{
    ArrayRef, BinaryArray, Int32Array, ListArray, RecordBatch, StringArray, StringViewArray, UInt32Array, UInt64Array,
    types::Int32Type,
};
use corpus::{CorpusError, Encoding as TextEncoding, Format, ReadOptions, ShardRange, inspect};
use parquet::arrow::ArrowWriter;
use parquet::basic::{BrotliLevel, Compression, Encoding, GzipLevel, ZstdLevel};
use parquet::file::properties::{WriterProperties, WriterPropertiesBuilder, WriterVersion};
use proptest::prelude::*;
use reading::{Folder, options, read_all, read_hostile, read_range, texts};

const ROWS: usize = 500;

fn text(i: usize) -> Option<String> {
    match i % 7 {
        0 => None,
        1 => Some(String::new()),
        2 | 3 => Some("文 that comes again and again".into()),
        _ => Some(format!("第 {i} 行, {}", "一二三四五六七八九十 ".repeat(i % 11))),
    }
}

fn batch() -> RecordBatch {
    let list = ListArray::from_iter_primitive::<Int32Type, _, _>((0..ROWS).map(|i| Some(vec![Some(1); i % 3])));
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("list", Arc::new(list)),
        ("text", Arc::new((0..ROWS).map(text).collect::<StringArray>())),
        ("id", Arc::new(UInt64Array::from_iter_values((0..ROWS as u64).map(|i| u64::MAX - i)))),
        ("small", Arc::new(UInt32Array::from_iter_values((0..ROWS as u32).map(|i| u32::MAX - i)))),
        ("signed", Arc::new((0..500).map(|i| (i % 5 != 0).then_some(-i)).collect::<Int32Array>())),
        ("site", Arc::new(StringArray::from_iter_values((0..ROWS).map(|i| format!("site {}", i / 100))))),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, column)| (name, column, name != "site")))
        .unwrap()
}

fn write(batch: &RecordBatch, properties: WriterPropertiesBuilder) -> Vec<u8> {
    let properties = properties.set_max_row_group_row_count(Some(200)).build();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).unwrap();
    writer.write(batch).unwrap();
    writer.into_inner().unwrap()
}

fn expected() -> Vec<Option<String>> {
    (0..ROWS).map(|i| text(i).filter(|text| !text.is_empty())).collect()
}

#[test]
fn every_encoding_reads_the_same() {
    let folder = Folder::new();
    let codecs = [
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::GZIP(GzipLevel::default()),
        Compression::BROTLI(BrotliLevel::default()),
        Compression::LZ4,
        Compression::LZ4_RAW,
        Compression::ZSTD(ZstdLevel::default()),
    ];
    let encodings =
        [None, Some(Encoding::PLAIN), Some(Encoding::DELTA_LENGTH_BYTE_ARRAY), Some(Encoding::DELTA_BYTE_ARRAY)];
    let expected = expected();
    for version in [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0] {
        for codec in codecs {
            for encoding in encodings {
                let mut properties = WriterProperties::builder()
                    .set_writer_version(version)
                    .set_compression(codec)
                    // Several pages a chunk, and dictionaries that are given up halfway.
                    .set_data_page_row_count_limit(64)
                    .set_write_batch_size(32)
                    .set_dictionary_page_size_limit(2_000);
                if let Some(encoding) = encoding {
                    properties = properties
                        .set_column_dictionary_enabled("text".into(), false)
                        .set_column_encoding("text".into(), encoding)
                        .set_column_dictionary_enabled("small".into(), false)
                        .set_column_encoding("small".into(), Encoding::DELTA_BINARY_PACKED);
                }
                let path = folder.write("a.parquet", write(&batch(), properties));
                for (map_files, id) in [(true, "id"), (false, "small"), (true, "signed")] {
                    let what = format!("{version:?} {codec:?} {encoding:?} {map_files}");
                    let options = options(|options| {
                        options.map_files = map_files;
                        options.id_column = Some(id.into());
                        options.source_column = Some("site".into());
                    });
                    let file = inspect(&path, &options).unwrap();
                    assert_eq!((file.format, file.rows), (Format::Parquet, Some(ROWS as u64)), "{what}");
                    assert_eq!(file.blocks.iter().map(|block| block.first_row).collect::<Vec<_>>(), [0, 200, 400]);
                    for max_bytes in [1_000, 1 << 20] {
                        let (records, error) = read_range(&path, &options, &ShardRange::All, max_bytes);
                        assert!(error.is_none(), "{what}: {error:?}");
                        assert_eq!(
                            texts(&records),
                            expected.iter().map(Option::as_deref).collect::<Vec<_>>(),
                            "{what}"
                        );
                        for (i, record) in records.iter().enumerate() {
                            let id = match id {
                                "id" => Some((u64::MAX - i as u64).to_string()),
                                "small" => Some((u32::MAX - i as u32).to_string()),
                                _ => (i % 5 != 0).then(|| format!("-{i}")),
                            };
                            assert_eq!(record.position, i as u64);
                            assert_eq!(record.id, id, "{what}");
                            assert_eq!(record.source, Some(format!("site {}", i / 100)));
                        }
                    }
                    let (records, _) = read_range(&path, &options, &ShardRange::Blocks(1..2), 1 << 20);
                    assert_eq!((records.len(), records[0].position), (200, 200), "{what}");
                }
            }
        }
    }
}

#[test]
fn other_types_of_text() {
    let folder = Folder::new();
    let values: [&[u8]; 4] = [b"good", b"\xFF", "汉字".as_bytes(), b"\xBA\xBA"];
    let binary: ArrayRef = Arc::new(BinaryArray::from(values.to_vec()));
    let bytes = write(&RecordBatch::try_from_iter([("text", binary)]).unwrap(), WriterProperties::builder());
    let path = folder.write("a.parquet", bytes);
    let records = read_all(&path, &ReadOptions::default()).unwrap();
    assert_eq!(texts(&records), [Some("good"), None, Some("汉字"), None]);
    assert_eq!(records[1].state, "invalid-utf8");
    let options = options(|options| options.encoding = TextEncoding::Gb18030);
    assert_eq!(read_all(&path, &options).unwrap()[3].text.as_deref(), Some("汉"));
    let view: ArrayRef = Arc::new(StringViewArray::from(vec!["a", "b"]));
    let bytes = write(&RecordBatch::try_from_iter([("body", view)]).unwrap(), WriterProperties::builder());
    let records = read_all(&folder.write("b.parquet", bytes), &ReadOptions::default()).unwrap();
    assert_eq!(texts(&records), [Some("a"), Some("b")]);
}

#[test]
fn strings_that_are_no_text_are_damage() {
    let folder = Folder::new();
    let properties = WriterProperties::builder().set_dictionary_enabled(false);
    let mut bytes = write(&batch(), properties);
    let needle = "第 300 行".as_bytes();
    let at = bytes.windows(needle.len()).position(|window| window == needle).unwrap();
    bytes[at] = 0xFF;
    let error = read_all(&folder.write("a.parquet", bytes), &ReadOptions::default()).unwrap_err();
    assert!(matches!(error, CorpusError::Damaged { .. }), "{error}");
}

#[test]
fn long_records_and_missing_columns() {
    let folder = Folder::new();
    let path = folder.write("a.parquet", write(&batch(), WriterProperties::builder()));
    let short = options(|options| options.limits.record_bytes = 100);
    let records = read_all(&path, &short).unwrap();
    for (record, text) in records.iter().zip(expected()) {
        let long = text.is_some_and(|text| text.len() > 100);
        assert_eq!(record.state == "too-long", long);
    }
    for name in ["list", "nix", "id"] {
        let asked = options(|options| options.text_column = Some(name.into()));
        assert!(matches!(inspect(&path, &asked), Err(CorpusError::Column { .. })), "{name}");
    }
}

#[test]
fn shared_texts_are_named_and_prefixes_are_limited() {
    let folder = Folder::new();
    let long = "x".repeat(100_000);
    let same: ArrayRef = Arc::new(StringArray::from_iter_values((0..3_000).map(|_| &long)));
    let batch = RecordBatch::try_from_iter([("text", same)]).unwrap();
    let path = folder.write("a.parquet", write(&batch, WriterProperties::builder()));
    let options = options(|options| options.limits.expansion_free_bytes = 1 << 20);
    let (records, error) = read_range(&path, &options, &ShardRange::All, 1 << 20);
    assert!(error.is_none());
    assert_eq!(records.len(), 3_000);
    // The same rows as prefixes of each other are 300 MB of different text in a few hundred bytes.
    let properties = WriterProperties::builder()
        .set_dictionary_enabled(false)
        .set_column_encoding("text".into(), Encoding::DELTA_BYTE_ARRAY);
    let path = folder.write("b.parquet", write(&batch, properties));
    let tight = reading::options(|options| {
        options.limits.expansion_free_bytes = 1 << 20;
        options.limits.expansion = 100;
    });
    let (_, error) = read_range(&path, &tight, &ShardRange::All, 1 << 20);
    assert!(matches!(error, Some(CorpusError::Limit { .. })), "{error:?}");
}

#[test]
fn every_truncation_is_damage() {
    let folder = Folder::new();
    let bytes = write(&batch().slice(0, 20), WriterProperties::builder());
    for cut in (4..bytes.len()).step_by(7) {
        let path = folder.write("a.parquet", &bytes[..cut]);
        let found = inspect(&path, &ReadOptions::default()).unwrap();
        assert!(found.damage.is_some() && found.rows.is_none(), "{cut}");
        assert!(read_all(&path, &ReadOptions::default()).is_err());
    }
}

#[test]
fn encrypted_files_say_so() {
    let folder = Folder::new();
    let found = inspect(&folder.write("a.parquet", b"PARE\0\0\0\0\0\0\0\0PARE"), &ReadOptions::default()).unwrap();
    assert!(found.damage.unwrap().to_string().contains("encrypted"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn overwritten_files_end(
        encoding in 0..4_usize,
        codec in 0..4_usize,
        version in any::<bool>(),
        map_files in any::<bool>(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 1..5_usize), 1..4),
        in_footer in any::<bool>(),
    ) {
        let encodings = [Encoding::PLAIN, Encoding::DELTA_LENGTH_BYTE_ARRAY, Encoding::DELTA_BYTE_ARRAY];
        let codecs = [
            Compression::UNCOMPRESSED,
            Compression::SNAPPY,
            Compression::LZ4_RAW,
            Compression::ZSTD(ZstdLevel::default()),
        ];
        let mut properties = WriterProperties::builder().set_compression(codecs[codec]).set_writer_version(
            if version { WriterVersion::PARQUET_1_0 } else { WriterVersion::PARQUET_2_0 });
        if let Some(encoding) = encodings.get(encoding) {
            properties = properties.set_dictionary_enabled(false).set_column_encoding("text".into(), *encoding);
        }
        let batch = batch().slice(0, 40).project(&[1, 3]).unwrap();
        let mut bytes = write(&batch, properties);
        let footer = bytes.len() - 8 - u32::from_le_bytes(bytes[bytes.len() - 8..][..4].try_into().unwrap()) as usize;
        for (at, value, length) in edits {
            let at = if in_footer { footer + at.index(bytes.len() - footer) } else { at.index(footer) };
            let end = (at + length).min(bytes.len());
            bytes[at..end].fill(value);
        }
        let folder = Folder::new();
        let path = folder.write("a.parquet", bytes);
        let asked = options(|options| {
            options.map_files = map_files;
            options.id_column = Some("small".into());
        });
        let _ = read_hostile(&path, &asked);
    }
}
