//! Good files to be broken: small, of many types, by the writers of arrow-rs.

use std::io::Write as _;
use std::sync::Arc;

use arrow_array::builder::{
    FixedSizeListBuilder, Int32Builder, ListBuilder, MapBuilder, StringBuilder, StringDictionaryBuilder, UnionBuilder,
};
use arrow_array::types::{Float64Type, Int8Type, Int16Type, Int32Type};
use arrow_array::{
    ArrayRef, BinaryViewArray, BooleanArray, Date64Array, Decimal128Array, FixedSizeBinaryArray, Int64Array,
    LargeStringArray, RecordBatch, RunArray, StringArray, StringViewArray, StructArray, Time32SecondArray,
};
use arrow_ipc::CompressionType;
use arrow_ipc::writer::{FileWriter, IpcWriteOptions, StreamWriter};
use arrow_schema::{DataType, Field};
use corpus::Format;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::properties::{WriterProperties, WriterVersion};

/// A name, a format and the bytes of each.
pub fn seeds() -> Vec<(&'static str, Format, Vec<u8>)> {
    let mut seeds = Vec::new();
    let plain = IpcWriteOptions::default;
    let packed = |codec| IpcWriteOptions::default().try_with_compression(Some(codec)).unwrap();
    let all = [batch(true), batch(true)];
    seeds.push(("plain.arrow", Format::ArrowFile, to_file(&all, plain())));
    seeds.push(("lz4.arrow", Format::ArrowFile, to_file(&all, packed(CompressionType::LZ4_FRAME))));
    seeds.push(("text.arrow", Format::ArrowFile, to_file(&[batch(true).project(&[0, 1]).unwrap()], plain())));
    for (column, name) in
        ["list.arrow", "struct.arrow", "keys.arrow", "runs.arrow", "union.arrow"].into_iter().enumerate()
    {
        let some = batch(true).project(&[0, [4, 5, 6, 13, 14][column]]).unwrap();
        seeds.push((name, Format::ArrowFile, to_file(&[some], plain())));
    }
    seeds.push(("plain.arrows", Format::ArrowStream, to_stream(&all, plain())));
    seeds.push(("zstd.arrows", Format::ArrowStream, to_stream(&all, packed(CompressionType::ZSTD))));
    seeds.push(("text.arrows", Format::ArrowStream, to_stream(&[batch(true).project(&[0, 6]).unwrap()], plain())));
    let flat = [batch(false)];
    let properties = WriterProperties::builder;
    let v2 = || properties().set_writer_version(WriterVersion::PARQUET_2_0);
    for (name, properties) in [
        ("v1.parquet", properties().set_compression(Compression::SNAPPY)),
        ("plain.parquet", properties().set_dictionary_enabled(false)),
        ("v2.parquet", v2().set_compression(Compression::ZSTD(ZstdLevel::default()))),
        ("deltas.parquet", v2().set_dictionary_enabled(false)),
        ("fronts.parquet", properties().set_dictionary_enabled(false).set_encoding(Encoding::DELTA_BYTE_ARRAY)),
    ] {
        let some = if name.starts_with("fronts") { vec![flat[0].project(&[0]).unwrap()] } else { flat.to_vec() };
        seeds.push((name, Format::Parquet, to_parquet(&some, properties.build())));
    }
    let lines =
        "{\"id\":1,\"text\":\"one 汉字\\n\\u6c49\"}\n\n{\"text\":null,\"a\":[1,2.5e3,{\"b\":true}]}\n{\"text\":\"x\"}";
    let lines = lines.repeat(20).into_bytes();
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gz.write_all(&lines).unwrap();
    seeds.push(("lines.jsonl.gz", Format::JsonlGz, gz.finish().unwrap()));
    seeds.push(("lines.jsonl.zst", Format::JsonlZst, zstd::encode_all(&lines[..], 1).unwrap()));
    seeds.push(("lines.jsonl", Format::Jsonl, lines));
    seeds
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

fn to_parquet(batches: &[RecordBatch], properties: WriterProperties) -> Vec<u8> {
    let mut writer = ArrowWriter::try_new(Vec::new(), batches[0].schema(), Some(properties)).unwrap();
    for batch in batches {
        writer.write(batch).unwrap();
    }
    writer.into_inner().unwrap()
}

/// Eight rows of many types; those that Parquet has not only where `all` is set.
fn batch(all: bool) -> RecordBatch {
    let texts = [
        Some("one"),
        None,
        Some(""),
        Some("汉字汉字汉字, longer than twelve"),
        Some("one"),
        Some("two"),
        Some("é"),
        None,
    ];
    let ids = Int64Array::from_iter_values(0..8);
    let mut list = ListBuilder::new(StringBuilder::new());
    let mut fixed = FixedSizeListBuilder::new(Int32Builder::new(), 2);
    let mut map = MapBuilder::new(None, StringBuilder::new(), Int32Builder::new());
    let mut keys = StringDictionaryBuilder::<Int8Type>::new();
    let mut union = UnionBuilder::new_dense();
    for (row, text) in (0..).zip(texts) {
        if let Some(text) = text {
            list.values().append_value(text);
            map.keys().append_value(text);
            map.values().append_value(row);
        }
        list.append(row != 2);
        map.append(true).unwrap();
        fixed.values().append_value(row);
        fixed.values().append_option((row != 3).then_some(7));
        fixed.append(row != 1);
        keys.append_option(text);
        if row % 2 == 0 {
            union.append::<Int32Type>("a", row).unwrap();
        } else {
            union.append::<Float64Type>("b", f64::from(row)).unwrap();
        }
    }
    let structs = StructArray::from(vec![
        (Arc::new(Field::new("a", DataType::Int64, false)), Arc::new(ids.clone()) as ArrayRef),
        (
            Arc::new(Field::new("b", DataType::Utf8View, true)),
            Arc::new(StringViewArray::from(texts.to_vec())) as ArrayRef,
        ),
    ]);
    let bytes = texts.map(|text| text.map(str::as_bytes)).to_vec();
    let decimals =
        Decimal128Array::from_iter_values([1, 2, -99, 4, 5, 6, 7, 8]).with_precision_and_scale(4, 2).unwrap();
    let fixed_bytes = FixedSizeBinaryArray::try_from_iter((0..8_u8).map(|row| [row; 3])).unwrap();
    let mut columns: Vec<(&str, ArrayRef)> = vec![
        ("text", Arc::new(StringArray::from(texts.to_vec()))),
        ("id", Arc::new(ids)),
        ("flag", Arc::new((0..8).map(|row| (row != 5).then_some(row % 2 == 0)).collect::<BooleanArray>())),
        ("large", Arc::new(LargeStringArray::from(texts.to_vec()))),
        ("list", Arc::new(list.finish())),
        ("struct", Arc::new(structs)),
        ("keys", Arc::new(keys.finish())),
        ("decimal", Arc::new(decimals)),
        ("time", Arc::new(Time32SecondArray::from_iter_values(0..8))),
        ("bytes", Arc::new(BinaryViewArray::from(bytes))),
        ("map", Arc::new(map.finish())),
        ("fixed", Arc::new(fixed_bytes)),
        ("date", Arc::new(Date64Array::from_iter_values((0..8).map(|day| day * 86_400_000)))),
    ];
    if all {
        let runs = RunArray::<Int16Type>::from_iter(texts);
        columns.push(("runs", Arc::new(runs)));
        columns.push(("union", Arc::new(union.build().unwrap())));
        columns.push(("pairs", Arc::new(fixed.finish())));
    }
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, column)| (name, column, name != "id")))
        .unwrap()
}
