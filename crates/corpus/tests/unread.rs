//! Damage in columns that are not read: each kind of it is found, and only where all columns are checked.
#![expect(clippy::cast_possible_wrap, reason = "the columns have a few hundred rows")]

mod reading;

use std::sync::Arc;

use arrow_array::builder::{ListBuilder, StringBuilder, UnionBuilder};
use arrow_array::types::{Int32Type, UInt16Type};
use arrow_array::{
    Array, ArrayRef, BinaryArray, BooleanArray, Date64Array, Decimal128Array, DictionaryArray, Int32Array, Int64Array,
    LargeStringArray, ListArray, RecordBatch, RunArray, StringArray, StringViewArray, StructArray,
    Time32MillisecondArray, Time32SecondArray, Time64MicrosecondArray, UInt16Array,
};
use arrow_buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow_ipc::CompressionType;
use arrow_ipc::writer::{FileWriter, IpcWriteOptions, StreamWriter};
use arrow_schema::{DataType, Field};
use corpus::{CorpusError, ReadOptions, Validate};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder, WriterVersion};
use reading::{Folder, options, read_hostile};

const ROWS: usize = 303;

fn batch(other: ArrayRef, nullable: bool) -> RecordBatch {
    assert_eq!(other.len(), ROWS);
    let text = StringArray::from_iter_values((0..ROWS).map(|row| format!("text {row}")));
    RecordBatch::try_from_iter_with_nullable([("text", Arc::new(text) as ArrayRef, true), ("other", other, nullable)])
        .unwrap()
}

/// Puts bytes in the place of others, which must be there; the last of them.
fn replace(bytes: &mut [u8], find: &[u8], with: &[u8], what: &str) {
    let at = bytes.windows(find.len()).rposition(|window| window == find);
    let at = at.unwrap_or_else(|| panic!("{what}: not found"));
    bytes[at..at + with.len()].copy_from_slice(with);
}

/// A damaged file is refused with its column, and read where only the text is asked for.
fn assert_found(folder: &Folder, name: &str, bytes: &[u8], what: &str) {
    let path = folder.write(name, bytes);
    let error = read_hostile(&path, &ReadOptions::default()).unwrap_err();
    assert!(matches!(error, CorpusError::Damaged { .. }), "{what}: {error}");
    let text = error.to_string();
    assert!(!text.contains("column \"text\"") && text.contains("column \""), "{what}: {text}");
    let projected = options(|options| options.validate = Validate::Projected);
    assert_eq!(read_hostile(&path, &projected).unwrap(), ROWS as u64, "{what}");
}

fn i32s(numbers: impl IntoIterator<Item = i32>) -> Vec<u8> {
    numbers.into_iter().flat_map(i32::to_le_bytes).collect()
}

/// Columns, bytes of them, and what comes in their place: each breaks one promise.
fn damages() -> Vec<(&'static str, ArrayRef, Vec<u8>, Vec<u8>)> {
    let rows = 0..ROWS;
    let numbered = |row: usize| format!("needle number {row}, longer than twelve");
    let last = numbered(ROWS - 1).into_bytes();
    let strings = StringArray::from_iter_values(rows.clone().map(numbered));
    let large = LargeStringArray::from_iter_values(rows.clone().map(numbered));
    let ends = |strings: &StringArray| i32s(strings.value_offsets()[150..153].iter().copied());
    let found = ends(&strings);
    let lists_of = |lengths: [usize; ROWS]| {
        let items = Int32Array::from_iter_values(0..lengths.iter().sum::<usize>() as i32);
        let item = Arc::new(Field::new_list_field(DataType::Int32, true));
        ListArray::new(item, OffsetBuffer::from_lengths(lengths), Arc::new(items), None)
    };
    let threes = lists_of([3; ROWS]);
    let mut of_strings = ListBuilder::new(StringBuilder::new());
    for row in rows.clone() {
        of_strings.values().append_value(numbered(row));
        of_strings.append(true);
    }
    let keys = UInt16Array::from_iter_values(rows.clone().map(|row| row as u16));
    let dictionary = DictionaryArray::<UInt16Type>::new(keys, Arc::new(strings.clone()));
    let mut union = UnionBuilder::new_dense();
    for row in rows.clone() {
        if row % 3 == 0 {
            union.append::<Int32Type>("a", row as i32).unwrap();
        } else {
            union.append::<Int32Type>("b", row as i32).unwrap();
        }
    }
    let runs = RunArray::try_new(&Int32Array::from(vec![101, 202, 303]), &Int32Array::from(vec![1, 2, 3])).unwrap();
    let validity: NullBuffer = rows.clone().map(|row| [true, false, true, true, false, true, true][row % 7]).collect();
    let bits = validity.inner().values()[..16].to_vec();
    let nulls = Int64Array::new((0..ROWS as i64).collect::<ScalarBuffer<_>>(), Some(validity));
    let inner = StructArray::from(vec![(
        Arc::new(Field::new("inner", DataType::Utf8, true)),
        Arc::new(strings.clone()) as ArrayRef,
    )]);
    let spread = |bytes: &[u8]| bytes.to_vec();
    let decimals = Decimal128Array::from_iter_values((0..ROWS as i128).map(|row| row + 1_000));
    let decimals = decimals.with_precision_and_scale(4, 0).unwrap();
    let dates = Date64Array::from_iter_values((0..ROWS as i64).map(|day| day * 86_400_000));
    let micros = Time64MicrosecondArray::from_iter_values((0..ROWS as i64).map(|row| 40_000_000_000 + row));
    let bad = [&last[..7], &[0xFF]].concat();
    vec![
        ("a string that is no UTF-8", Arc::new(strings.clone()), last.clone(), bad.clone()),
        ("a large one", Arc::new(large), last.clone(), bad.clone()),
        (
            "one in a view",
            Arc::new(StringViewArray::from_iter_values(rows.clone().map(numbered))),
            last.clone(),
            bad.clone(),
        ),
        ("one in a list", Arc::new(of_strings.finish()), last.clone(), bad.clone()),
        ("one in a struct", Arc::new(inner), last.clone(), bad.clone()),
        ("one in a dictionary", Arc::new(dictionary.clone()), last.clone(), bad),
        (
            "the first bytes of a view",
            Arc::new(StringViewArray::from_iter_values(rows.clone().map(numbered))),
            last,
            spread(b"X"),
        ),
        ("offsets of strings that descend", Arc::new(strings), found.clone(), spread(&[0xFF; 3])),
        (
            "offsets of bytes that leave them",
            Arc::new(BinaryArray::from_iter_values(rows.clone().map(numbered))),
            found,
            i32s([i32::MAX]),
        ),
        ("offsets of lists that descend", Arc::new(threes), i32s([600, 603, 606]), i32s([600, 12, 606])),
        ("a key beyond the dictionary", Arc::new(dictionary), [44, 1, 45, 1, 46, 1].into(), spread(&[48, 1])),
        (
            "the type of a value of a union",
            Arc::new(union.build().unwrap()),
            [0, 1, 1, 0, 1, 1, 0, 1].into(),
            spread(&[9]),
        ),
        ("run ends that descend", Arc::new(runs), i32s([101, 202, 303]), i32s([101, 99, 303])),
        ("nulls that are not counted", Arc::new(nulls), bits, spread(&[0])),
        (
            "a time of day",
            Arc::new(Time32SecondArray::from_iter_values((0..ROWS as i32).map(|row| 70_000 + row))),
            i32s([70_300, 70_301, 70_302]),
            i32s([86_400]),
        ),
        (
            "a time of day in microseconds",
            Arc::new(micros),
            40_000_000_302_i64.to_le_bytes().into(),
            spread(&[0xFF; 8]),
        ),
        ("a decimal of too many digits", Arc::new(decimals), 1_302_i128.to_le_bytes().into(), i32s([10_000])),
        ("milliseconds of a day", Arc::new(dates), (302 * 86_400_000_i64).to_le_bytes().into(), spread(&[1])),
    ]
}

fn to_file(batch: &RecordBatch, options: IpcWriteOptions) -> Vec<u8> {
    let mut writer = FileWriter::try_new_with_options(Vec::new(), &batch.schema(), options).unwrap();
    writer.write(batch).unwrap();
    writer.into_inner().unwrap()
}

fn to_stream(batch: &RecordBatch) -> Vec<u8> {
    let mut writer = StreamWriter::try_new(Vec::new(), &batch.schema()).unwrap();
    writer.write(batch).unwrap();
    writer.into_inner().unwrap()
}

#[test]
fn values_of_arrow() {
    let folder = Folder::new();
    for (what, column, find, with) in damages() {
        let batch = batch(column, true);
        for (name, mut bytes) in
            [("a.arrow", to_file(&batch, IpcWriteOptions::default())), ("a.arrows", to_stream(&batch))]
        {
            assert_eq!(
                read_hostile(&folder.write(name, &bytes), &ReadOptions::default()).unwrap(),
                ROWS as u64,
                "{what}"
            );
            replace(&mut bytes, &find, &with, what);
            assert_found(&folder, name, &bytes, what);
        }
    }
}

#[test]
fn compressed_buffers_of_arrow() {
    let folder = Folder::new();
    // Numbers, which may be any bytes: only decompressing them tells.
    let numbers = Int64Array::from_iter_values((0..ROWS as i64).map(|row| row * row * 7_919));
    for codec in [CompressionType::LZ4_FRAME, CompressionType::ZSTD] {
        let options = IpcWriteOptions::default().try_with_compression(Some(codec)).unwrap();
        let good = to_file(&batch(Arc::new(numbers.clone()), true), options);
        let length = ((ROWS * 8) as i64).to_le_bytes();
        let at = good.windows(8).rposition(|window| window == length).unwrap();
        // The claimed length, the frame's magic number, and its content.
        for (place, value) in [(at, 0x79), (at + 8, 0), (at + 40, !good[at + 40])] {
            let mut bytes = good.clone();
            bytes[place] = value;
            let path = folder.write("a.arrow", &bytes);
            if let Ok(rows) = read_hostile(&path, &ReadOptions::default()) {
                // A changed literal is another number, of which nothing tells without a checksum.
                assert!(place > at + 8 && rows == ROWS as u64, "{codec:?} {place}");
                continue;
            }
            assert_found(&folder, "a.arrow", &bytes, "a compressed buffer");
        }
    }
}

#[test]
fn a_column_without_nulls_has_none() {
    let folder = Folder::new();
    let numbers: Int64Array = (0..ROWS as i64).map(|row| (row != 7).then_some(row)).collect();
    let mut bytes = to_file(&batch(Arc::new(numbers), true), IpcWriteOptions::default());
    assert!(read_hostile(&folder.write("a.arrow", &bytes), &ReadOptions::default()).is_ok());
    // The null count of the node of the second column, behind those of the first: 303 and 0, then 303 and 1.
    let nodes: Vec<u8> = [303_i64, 0, 303, 1].into_iter().flat_map(i64::to_le_bytes).collect();
    let two: Vec<u8> = [303_i64, 0, 303, 2].into_iter().flat_map(i64::to_le_bytes).collect();
    replace(&mut bytes, &nodes, &two, "nodes");
    assert_found(&folder, "a.arrow", &bytes, "a null too many");
}

fn to_parquet(column: ArrayRef, properties: WriterPropertiesBuilder) -> Vec<u8> {
    let batch = batch(column, true);
    // Statistics hold values too, behind those of the pages.
    let properties = properties.set_statistics_enabled(EnabledStatistics::None).build();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}

#[test]
fn values_of_parquet() {
    let folder = Folder::new();
    let numbered = |row: usize| format!("needle number {row}, longer than twelve");
    let last = numbered(ROWS - 1).into_bytes();
    let strings: ArrayRef = Arc::new(StringArray::from_iter_values((0..ROWS).map(numbered)));
    let plain = || WriterProperties::builder().set_dictionary_enabled(false);
    let bad = [&last[..7], &[0xFF]].concat();
    let length = (last.len() as u32).to_le_bytes();
    let value = [&length[..], &last].concat();
    let times: ArrayRef = Arc::new(Time32MillisecondArray::from_iter_values((0..ROWS as i32).map(|row| 70_000 + row)));
    for (what, column, properties, find, with) in [
        ("plain", &strings, plain(), &last, bad.clone()),
        ("in a dictionary", &strings, WriterProperties::builder(), &last, bad.clone()),
        ("by lengths", &strings, plain().set_encoding(Encoding::DELTA_LENGTH_BYTE_ARRAY), &last, bad.clone()),
        ("a length", &strings, plain(), &value, vec![0xFF, 0xFF]),
        ("a time of day", &times, plain(), &i32s([70_302]), i32s([-1])),
    ] {
        let mut bytes = to_parquet(Arc::clone(column), properties);
        let good = read_hostile(&folder.write("a.parquet", &bytes), &ReadOptions::default());
        assert_eq!(good.unwrap(), ROWS as u64, "{what}");
        replace(&mut bytes, find, &with, what);
        assert_found(&folder, "a.parquet", &bytes, what);
    }
}

#[test]
fn pages_of_parquet() {
    let folder = Folder::new();
    let flags: ArrayRef = Arc::new((0..ROWS).map(|row| Some(row * row % 7 < 3)).collect::<BooleanArray>());
    let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values((0..ROWS as i64).map(|row| row * row * 7_919)));
    for (column, codec) in [
        (&numbers, Compression::SNAPPY),
        (&numbers, Compression::ZSTD(ZstdLevel::default())),
        (&numbers, Compression::LZ4_RAW),
        (&flags, Compression::UNCOMPRESSED),
    ] {
        let properties = WriterProperties::builder().set_dictionary_enabled(false).set_compression(codec);
        let good = to_parquet(Arc::clone(column), properties);
        let file = folder.write("a.parquet", &good);
        let group = corpus::inspect(&file, &ReadOptions::default()).unwrap().blocks[0];
        // The end of the second column's page, overwritten.
        let end = (group.offset + group.length) as usize;
        let mut bytes = good.clone();
        for (i, byte) in bytes[end - 30..end].iter_mut().enumerate() {
            *byte = 0xF0 | i as u8;
        }
        if codec == Compression::UNCOMPRESSED {
            // Any bits are flags.
            assert!(read_hostile(&folder.write("a.parquet", &bytes), &ReadOptions::default()).is_ok());
        } else {
            assert_found(&folder, "a.parquet", &bytes, &format!("{codec:?}"));
        }
    }
}

#[test]
fn columns_of_nulls_are_good() {
    let folder = Folder::new();
    let encodings =
        [Encoding::PLAIN, Encoding::DELTA_BINARY_PACKED, Encoding::DELTA_LENGTH_BYTE_ARRAY, Encoding::DELTA_BYTE_ARRAY];
    for encoding in encodings {
        for version in [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0] {
            let column: ArrayRef = match encoding {
                Encoding::DELTA_BINARY_PACKED => Arc::new(Int64Array::new_null(ROWS)),
                _ => Arc::new(StringArray::new_null(ROWS)),
            };
            let properties = WriterProperties::builder().set_writer_version(version).set_dictionary_enabled(false);
            let properties = properties.set_column_encoding("other".into(), encoding);
            let path = folder.write("a.parquet", to_parquet(column, properties));
            assert_eq!(read_hostile(&path, &ReadOptions::default()).unwrap(), ROWS as u64, "{encoding} {version:?}");
        }
    }
}
