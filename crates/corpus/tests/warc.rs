//! WARC and WET: which records are rows, what their text is, and what a damaged one costs.

mod reading;

use std::io::Write;

use corpus::{CorpusError, Encoding, Format, ReadOptions, ShardRange, ShardReader, inspect};
use proptest::prelude::*;
use reading::{Folder, Record, gz, options, read_all, read_range, texts, zst};

/// A record with the fields that every one has.
fn record(kind: &str, fields: &str, block: impl AsRef<[u8]>) -> Vec<u8> {
    let block = block.as_ref();
    let mut record = format!(
        "WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Record-ID: <urn:uuid:{kind}-{}>\r\nWARC-Date: 2026-11-21T08:00:00Z\r\n\
         {fields}Content-Length: {}\r\n\r\n",
        block.len(),
        block.len()
    )
    .into_bytes();
    record.extend_from_slice(block);
    record.extend_from_slice(b"\r\n\r\n");
    record
}

fn response(http_head: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let fields = "Content-Type: application/http; msgtype=response\r\nWARC-Target-URI: http://Example.com:80/a?b\r\n";
    record("response", fields, [format!("HTTP/1.1 200 OK\r\n{http_head}\r\n").as_bytes(), body.as_ref()].concat())
}

fn page(content_type: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    response(&format!("Content-Type: {content_type}\r\n"), body)
}

fn conversion(text: &str) -> Vec<u8> {
    record("conversion", "Content-Type: text/plain\r\nWARC-Target-URI: https://a.example/x\r\n", text)
}

fn read(bytes: impl AsRef<[u8]>) -> Vec<Record> {
    read_with(bytes, &ReadOptions::default())
}

fn read_with(bytes: impl AsRef<[u8]>, options: &ReadOptions) -> Vec<Record> {
    let folder = Folder::new();
    read_all(&folder.write("a.warc", bytes), options).unwrap()
}

/// State and text of a file's only row.
fn only(bytes: impl AsRef<[u8]>) -> (&'static str, Option<String>) {
    let mut records = read(bytes);
    let record = records.pop().unwrap();
    assert!(records.is_empty());
    (record.state, record.text)
}

fn text(text: &str) -> (&'static str, Option<String>) {
    ("text", Some(text.to_owned()))
}

fn encoded(write: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(&mut bytes);
    bytes
}

fn brotli(text: &[u8]) -> Vec<u8> {
    encoded(|out| brotli::CompressorWriter::new(out, 4096, 5, 22).write_all(text).unwrap())
}

fn zlib(text: &[u8]) -> Vec<u8> {
    encoded(|out| flate2::write::ZlibEncoder::new(out, flate2::Compression::fast()).write_all(text).unwrap())
}

fn deflate(text: &[u8]) -> Vec<u8> {
    encoded(|out| flate2::write::DeflateEncoder::new(out, flate2::Compression::fast()).write_all(text).unwrap())
}

fn chunked(bytes: &[u8], size: usize) -> Vec<u8> {
    let mut out = Vec::new();
    for chunk in bytes.chunks(size) {
        write!(out, "{:x}\r\n", chunk.len()).unwrap();
        out.extend_from_slice(chunk);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"0\r\n\r\n");
    out
}

#[test]
fn rows_are_what_holds_text() {
    let parts = [
        record("warcinfo", "Content-Type: application/warc-fields\r\n", "software: test\r\n"),
        record("request", "Content-Type: application/http\r\n", "GET / HTTP/1.1\r\n\r\n"),
        page("text/html", "<p>汉字</p>"),
        record("metadata", "Content-Type: application/warc-fields\r\n", "x: y"),
        page("image/png", "\u{89}PNG"),
        record("revisit", "Content-Type: application/http\r\n", "HTTP/1.1 304\r\n\r\n"),
        conversion("plain words"),
        record("resource", "Content-Type: text/plain; charset=gbk\r\n", b"\xBA\xBA"),
        record("resource", "Content-Type: application/pdf\r\n", "%PDF"),
        record("resource", "", "what is it"),
        record("response", "Content-Type: text/dns\r\n", "a. 300 IN A 127.0.0.1"),
        record("unheard-of", "Content-Type: text/plain\r\n", "words"),
        page("application/xhtml+xml; charset=utf-8", ""),
        page("image/png", ""),
        record("response", "Content-Type: application/http\r\n", ""),
    ];
    let records = read(parts.concat());
    let found: Vec<_> = records.iter().map(|record| (record.state, record.text.as_deref())).collect();
    assert_eq!(
        found,
        [
            ("text", Some("<p>汉字</p>")),
            ("modality", None),
            ("text", Some("plain words")),
            ("text", Some("汉")),
            ("modality", None),
            ("modality", None),
            ("modality", None),
            ("empty", None),
            ("empty", None),
            ("empty", None),
        ]
    );
    assert_eq!(records[2].id.as_deref(), Some("<urn:uuid:conversion-11>"));
    // Positions are where records begin.
    let offset = |part: usize| parts[..part].iter().map(Vec::len).sum::<usize>() as u64;
    let positions: Vec<_> = records.iter().map(|record| record.position).collect();
    assert_eq!(positions, [2, 4, 6, 7, 8, 9, 10, 12, 13, 14].map(offset));
}

#[test]
fn every_way_of_compressing_gives_the_same() {
    let parts: Vec<_> = (0..50)
        .map(|i| if i % 3 == 0 { conversion(&format!("words {i}")) } else { page("text/html", format!("<b>{i}</b>")) })
        .collect();
    let expected = read(parts.concat());
    assert_eq!(expected.len(), 50);
    let folder = Folder::new();
    for (name, format, bytes) in [
        ("crawl.warc.gz", Format::WarcGz, gz(&parts.concat())),
        ("members.warc.wet.gz", Format::WarcGz, parts.iter().flat_map(|part| gz(part)).collect()),
        // Told by what is in it.
        ("nameless", Format::WarcGz, parts.iter().flat_map(|part| gz(part)).collect()),
        ("crawl.warc.zst", Format::WarcZst, zst(&parts.concat())),
        ("frames.warc.zst", Format::WarcZst, parts.iter().flat_map(|part| zst(part)).collect()),
        ("plain", Format::Warc, parts.concat()),
    ] {
        let path = folder.write(name, bytes);
        let file = inspect(&path, &ReadOptions::default()).unwrap();
        assert_eq!(
            (file.format, file.rows, file.blocks.len(), file.is_splittable()),
            (format, None, 1, false),
            "{name}"
        );
        assert_eq!(file.schema_columns, ["text", "id", "uri", "host", "date"]);
        for max_bytes in [1, 64, 1 << 20] {
            let (records, error) = read_range(&path, &ReadOptions::default(), &ShardRange::All, max_bytes);
            assert!(error.is_none(), "{name}");
            assert_eq!(records, expected, "{name}");
        }
    }
}

#[test]
fn columns_are_fields_of_the_header() {
    let bytes =
        [page("text/html", "a"), conversion("b"), record("resource", "Content-Type: text/plain\r\n", "c")].concat();
    let labels = |column: &str| {
        let records = read_with(&bytes, &options(|options| options.source_column = Some(column.into())));
        records.into_iter().map(|record| record.source).collect::<Vec<_>>()
    };
    let some = |labels: [&str; 3]| labels.map(|label| Some(label).filter(|label| !label.is_empty()).map(str::to_owned));
    assert_eq!(labels("host"), some(["example.com", "a.example", ""]));
    assert_eq!(labels("uri"), some(["http://Example.com:80/a?b", "https://a.example/x", ""]));
    assert_eq!(labels("date"), some(["2026-11-21T08:00:00Z"; 3]));
    let by_uri = read_with(&bytes, &options(|options| options.id_column = Some("uri".into())));
    assert_eq!(by_uri[1].id.as_deref(), Some("https://a.example/x"));
    // As writers of version 1.0 put it.
    let bracketed = record("conversion", "WARC-Target-URI: <http://b.example/>\r\n", "d");
    let records = read_with(bracketed, &options(|options| options.source_column = Some("uri".into())));
    assert_eq!(records[0].source.as_deref(), Some("http://b.example/"));
    // Labels have a limit, and must be text.
    let long = record("conversion", &format!("WARC-Target-URI: http://c.example/{}\r\n", "x".repeat(5_000)), "e");
    let records = read_with(&long, &options(|options| options.source_column = Some("uri".into())));
    assert_eq!(records[0].source, None);
    let records = read_with(&long, &options(|options| options.source_column = Some("host".into())));
    assert_eq!(records[0].source.as_deref(), Some("c.example"));
    let folder = Folder::new();
    let path = folder.write("a.warc", &bytes);
    for (column, says) in [("site", "does not exist"), ("uri", "holds a field of the header")] {
        let asked = options(|options| options.text_column = Some(column.into()));
        let error = inspect(&path, &asked).unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
        assert!(ShardReader::open(&path, &asked, &ShardRange::All, None).is_err());
    }
}

#[test]
fn heads_may_be_written_in_many_ways() {
    let tolerated = [
        "WARC/1.1\nwarc-type:conversion\ncontent-length:  5  \n\nwords\n\n",
        "WARC/1.0\r\nWARC-Type: conversion\r\nX-Long: a\r\n  b\r\n\tc\r\nContent-Length: 5\r\n\r\nwords\r\n\r\n",
        // No line end behind the last record; more of them before and between.
        "WARC/1.0\r\nWARC-Type: conversion\r\nContent-Length: 5\r\n\r\nwords",
        "\r\n\r\nWARC/1.0\r\nWARC-Type: conversion\r\nContent-Length: 5\r\n\r\nwords\r\n\r\n\r\n\r\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n",
        "WARC/1.0\r\nWARC-Type: conversion\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nwords\r\n\r\n",
    ];
    for bytes in tolerated {
        assert_eq!(only(bytes), text("words"), "{bytes}");
    }
    let twice = "WARC/1.0\r\nWARC-Type: conversion\r\nContent-Length: 5\r\n\r\nwords".repeat(2);
    assert_eq!(texts(&read(twice)), [Some("words"); 2]);
    // An HTTP head of a kind that browsers take.
    let block = "HTTP/1.0 200\ncontent-type:TEXT/HTML\nnonsense\nX: a\n\n<p>a";
    assert_eq!(only(record("response", "Content-Type: application/http\r\n", block)), text("<p>a"));
    assert_eq!(only(record("response", "", block)), text("<p>a"));
    // Without a type the crawler's finding counts; a head without an end has no body.
    let fields = "Content-Type: application/http\r\nWARC-Identified-Payload-Type: text/html\r\n";
    assert_eq!(only(record("response", fields, "HTTP/1.1 200 OK\r\n\r\n<p>b")), text("<p>b"));
    assert_eq!(only(record("response", fields, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n")), ("empty", None));
    assert_eq!(only(record("response", fields, "ICY 200 OK\r\n\r\n<p>b")), ("modality", None));
    let endless = format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\nwords", "x".repeat(70_000));
    assert_eq!(only(record("response", fields, endless)), ("too-long", None));
}

#[test]
fn bodies_are_decoded() {
    let words = "汉字 and words. ".repeat(40);
    let plain = words.as_bytes();
    let html = "Content-Type: text/html\r\n";
    for (head, body) in [
        ("", plain.to_vec()),
        ("Transfer-Encoding: chunked\r\n", chunked(plain, 100)),
        ("Content-Encoding: gzip\r\n", gz(plain)),
        ("Content-Encoding: x-gzip\r\nTransfer-Encoding: chunked\r\n", chunked(&gz(plain), 7)),
        ("Transfer-Encoding: gzip, chunked\r\n", chunked(&gz(plain), 1_000)),
        ("Content-Encoding: deflate\r\n", zlib(plain)),
        ("Content-Encoding: deflate\r\n", deflate(plain)),
        ("Content-Encoding: br\r\n", brotli(plain)),
        ("Content-Encoding: zstd\r\n", zst(plain)),
        ("Content-Encoding: br, gzip\r\n", gz(&brotli(plain))),
        ("Content-Encoding: gzip\r\n", [gz(&plain[..300]), gz(&plain[300..])].concat()),
        ("Content-Encoding: identity\r\n", plain.to_vec()),
        // Undone by the crawler, and still in the head.
        ("Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n", plain.to_vec()),
        ("Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n", gz(plain)),
        ("Content-Encoding: zstd\r\n", plain.to_vec()),
    ] {
        assert_eq!(only(response(&format!("{html}{head}"), body)), text(&words), "{head}");
    }
    for (head, body) in [
        ("Content-Encoding: gzip\r\n", [&gz(plain)[..40], &[0xA5; 60]].concat()),
        ("Content-Encoding: br\r\n", vec![0xFF; 100]),
        ("Content-Encoding: deflate\r\n", vec![0xFF; 100]),
        ("Content-Encoding: aes128gcm\r\n", plain.to_vec()),
        ("Content-Encoding: gzip, gzip, gzip, gzip\r\n", gz(&gz(&gz(&gz(plain))))),
        ("Transfer-Encoding: chunked\r\n", b"3\r\nabc\r\nzz\r\nabc\r\n0\r\n\r\n".to_vec()),
    ] {
        assert_eq!(only(response(&format!("{html}{head}"), body)), ("invalid-utf8", None), "{head}");
    }
}

#[test]
fn texts_that_a_crawler_cut_off() {
    let words = "汉字".repeat(1_000);
    let truncated = |head: &str, body: &[u8]| {
        let fields = "Content-Type: application/http\r\nWARC-Truncated: length\r\n";
        let block = [format!("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n{head}\r\n").as_bytes(), body].concat();
        only(record("response", fields, block))
    };
    // Within a character: it is left out, and the rest is there.
    assert_eq!(truncated("", &words.as_bytes()[..2_999]), text(&words[..2_997]));
    assert_eq!(only(page("text/html", &words.as_bytes()[..2_999])), ("invalid-utf8", None));
    let chunks = chunked(words.as_bytes(), 2_000);
    assert_eq!(
        only(response("Content-Type: text/html\r\nTransfer-Encoding: chunked\r\n", &chunks[..1_006])),
        text(&words[..999])
    );
    let (state, found) = truncated("Content-Encoding: gzip\r\n", &gz(words.as_bytes())[..30]);
    assert_eq!(state, "text");
    assert!(words.starts_with(&found.unwrap()));
    // In the middle nothing is let pass.
    let broken = [&words.as_bytes()[..2], words.as_bytes()].concat();
    assert_eq!(truncated("", &broken), ("invalid-utf8", None));
}

#[test]
fn pages_of_many_encodings() {
    let japanese = b"\x93\xFA\x96\x7B";
    for (content_type, body, expected) in [
        ("text/html; charset=gb2312", &b"\xBA\xBA\xD7\xD6"[..], "汉字"),
        ("text/html; charset=Shift_JIS", japanese, "日本"),
        ("text/html; charset=\"windows-1252\"", b"caf\xE9 \x80", "café €"),
        ("text/plain; charset=utf-16", b"\xFF\xFEa\0b\0", "ab"),
        ("text/plain; charset=big5", b"\xBA\x7E", "漢"),
        ("text/html; charset=nonsense", "汉".as_bytes(), "汉"),
        ("text/html", "\u{FEFF}汉".as_bytes(), "汉"),
        ("text/html; charset=gbk", "\u{FEFF}汉".as_bytes(), "汉"),
    ] {
        assert_eq!(only(page(content_type, body)), text(expected), "{content_type}");
    }
    let with_meta = [&b"<meta http-equiv=content-type content='text/html; charset=shift_jis'>"[..], japanese].concat();
    assert!(only(page("text/html", &with_meta)).1.unwrap().ends_with("日本"));
    // Only HTML names its encoding itself.
    assert_eq!(only(page("text/plain", &with_meta)), ("invalid-utf8", None));
    for (content_type, body) in [
        ("text/html", &b"\xBA\xBA\xD7\xD6"[..]),
        ("text/html; charset=utf-8", b"a\xFF"),
        ("text/html; charset=gb2312", b"\xBA"),
        ("text/html; charset=shift_jis", b"\x93"),
        ("text/html; charset=iso-2022-kr", b"abc"),
    ] {
        assert_eq!(only(page(content_type, body)), ("invalid-utf8", None), "{content_type}");
    }
    // What the register says holds for pages that say nothing.
    let chinese = options(|options| options.encoding = Encoding::Gb18030);
    let records =
        read_with([page("text/html", b"\xBA\xBA"), page("text/html; charset=utf-8", "字")].concat(), &chinese);
    assert_eq!(texts(&records), [Some("汉"), Some("字")]);
}

#[test]
fn limits_of_records() {
    let limits = options(|options| {
        options.limits.record_bytes = 1_000;
        options.limits.line_bytes = 10_000;
    });
    let long = |bytes: usize| "a".repeat(bytes);
    let gzip =
        |bytes: usize| response("Content-Type: text/html\r\nContent-Encoding: gzip\r\n", gz(long(bytes).as_bytes()));
    let utf16 = |bytes: usize| page("text/html; charset=utf-16le", long(bytes).replace('a', "a\0"));
    let parts = [
        conversion(&long(1_000)),
        conversion(&long(1_001)),
        conversion(&long(3_000_000)),
        gzip(1_000),
        gzip(1_001),
        gzip(50_000_000),
        utf16(1_000),
        utf16(1_001),
        page("image/png", long(3_000_000)),
        record("metadata", "", long(3_000_000)),
        record("conversion", "WARC-Segment-Number: 1\r\n", "the first part"),
        record("continuation", "WARC-Segment-Number: 2\r\n", "the second part"),
        conversion("after all"),
    ];
    let expected = [
        "text", "too-long", "too-long", "text", "too-long", "too-long", "text", "too-long", "modality", "too-long",
        "text",
    ];
    for bytes in [parts.concat(), gz(&parts.concat())] {
        let states: Vec<_> = read_with(bytes, &limits).iter().map(|record| record.state).collect();
        assert_eq!(states, expected);
    }
}

#[test]
fn bombs_within_bombs_are_limited() {
    let limits = options(|options| {
        options.limits.expansion_free_bytes = 1 << 20;
        options.limits.expansion = 20;
    });
    let bomb = response("Content-Type: text/html\r\nContent-Encoding: gzip\r\n", gz(&vec![b'a'; 200_000]));
    let folder = Folder::new();
    // Plain, so that only the records are bombs.
    let path = folder.write("a.warc", bomb.repeat(50));
    let (records, error) = read_range(&path, &limits, &ShardRange::All, 1);
    let error = error.unwrap();
    assert!(matches!(error, CorpusError::Limit { .. }), "{error}");
    assert!(error.to_string().contains("record at byte"), "{error}");
    assert!(records.len() >= 5 && records.len() < 50 && records.iter().all(|record| record.state == "text"));
    assert_eq!(read_range(&path, &ReadOptions::default(), &ShardRange::All, 1).0.len(), 50);
}

/// A damaged record costs itself and what follows; those before it count.
#[test]
fn damage_ends_a_file() {
    let good = [conversion("one"), page("text/html", "two")].concat();
    let folder = Folder::new();
    let after = |bytes: &[u8]| {
        let path = folder.write("a.warc", [&good[..], bytes].concat());
        let (records, error) = read_range(&path, &ReadOptions::default(), &ShardRange::All, 1 << 20);
        let error = error.expect("the file is damaged");
        assert_eq!(texts(&records), [Some("one"), Some("two")], "{error}");
        assert!(error.to_string().contains(&format!("record at byte {}", good.len())), "{error}");
        error
    };
    let sound = String::from_utf8(conversion("three words")).unwrap();
    for (bytes, says) in [
        ("GARBAGE\r\n".to_owned(), "version line is missing"),
        (sound.replace("WARC/1.0", "WARC/1.0 "), ""),
        (sound.replace("Content-Length: 11", "Content-Length: 10"), "Content-Length is 10"),
        (sound.replace("Content-Length: 11", "Content-Length: 5"), "Content-Length is 5"),
        (sound.replace("Content-Length: 11", "Content-Length: 5000"), "cut off"),
        (sound.replace("Content-Length: 11", &format!("Content-Length: {}", u64::MAX)), "cut off"),
        (sound.replace("Content-Length: 11", "Content-Length: eleven"), "\"eleven\""),
        (sound.replace("Content-Length: 11\r\n", ""), "no Content-Length"),
        (sound.replace("WARC-Type: conversion\r\n", ""), "no WARC-Type"),
        (format!("WARC/1.0\r\nX: {}", "x".repeat(100_000)), "header"),
    ] {
        if says.is_empty() {
            // A space behind the version is let pass.
            let path = folder.write("b.warc", [&good[..], bytes.as_bytes()].concat());
            assert_eq!(read_all(&path, &ReadOptions::default()).unwrap().len(), 3);
            continue;
        }
        let error = after(bytes.as_bytes());
        assert!(error.to_string().contains(says), "{error}");
        let code = if says == "header" { "limit" } else { "damaged" };
        assert_eq!(error.code(), code);
    }
    assert_eq!(after(sound.replace("WARC/1.0", "WARC/3.0").as_bytes()).code(), "unsupported");
    // A length that is too large by another record: its text would be the other's head.
    let swallowed = sound.replace("Content-Length: 11", "Content-Length: 20") + &sound;
    assert!(after(swallowed.as_bytes()).to_string().contains("no record ends there"));
}

#[test]
fn every_cut_keeps_the_records_before_it() {
    let parts = [
        record("warcinfo", "", "x"),
        conversion("one"),
        response("Content-Type: text/html\r\nTransfer-Encoding: chunked\r\n", chunked("two".as_bytes(), 2)),
        page("text/html; charset=gbk", b"\xBA\xBA"),
        response("Content-Type: text/html\r\nContent-Encoding: gzip\r\n", gz(b"four")),
    ];
    let whole = read(parts.concat());
    let folder = Folder::new();
    let plain = parts.concat();
    // Where the block of each row ends: from there on it counts.
    let mut ends = Vec::new();
    let mut offset = 0;
    for part in &parts {
        offset += part.len();
        ends.push(offset - 4);
    }
    for cut in 0..=plain.len() {
        let path = folder.write("a.warc", &plain[..cut]);
        let (records, error) = read_range(&path, &ReadOptions::default(), &ShardRange::All, 1 << 20);
        let rows = ends[1..].iter().filter(|end| **end <= cut).count();
        assert_eq!(records, whole[..rows], "cut at {cut}");
        // A cut between records can't be told from the end.
        let between = cut == 0 || ends.iter().any(|end| (*end..=*end + 4).contains(&cut));
        assert_eq!(error.is_none(), between, "cut at {cut}: {error:?}");
        assert!(error.is_none_or(|error| error.code() == "damaged"));
    }
    let members: Vec<_> = parts.iter().map(|part| gz(part)).collect();
    let zipped = members.concat();
    for cut in 1..zipped.len() {
        let path = folder.write("a.warc.gz", &zipped[..cut]);
        let (records, error) = read_range(&path, &ReadOptions::default(), &ShardRange::All, 1 << 20);
        let (mut end, mut least) = (0, 0);
        for (index, member) in members.iter().enumerate() {
            end += member.len();
            if end <= cut {
                least = index;
            }
        }
        assert!(records.len() >= least, "cut at {cut}: {} rows", records.len());
        assert_eq!(records, whole[..records.len()], "cut at {cut}");
        let mut boundary = 0;
        let between = members.iter().any(|member| {
            boundary += member.len();
            boundary == cut
        });
        assert_eq!(error.is_none(), between, "cut at {cut}: {error:?}");
    }
}

#[test]
fn a_zstandard_dictionary_is_not_supported() {
    // As the WARC specification has it: the dictionary in a skippable frame, then frames that name it. This one has the
    // dictionary 7 and a block of five bytes as they are.
    let mut bytes = vec![0x5D, 0x2A, 0x4D, 0x18, 4, 0, 0, 0, 1, 2, 3, 4];
    bytes.extend_from_slice(&[0x28, 0xB5, 0x2F, 0xFD, 0x21, 7, 5, 5 << 3 | 1, 0, 0]);
    bytes.extend_from_slice(b"words");
    let folder = Folder::new();
    let path = folder.write("a.warc.zst", bytes);
    let error = read_all(&path, &ReadOptions::default()).unwrap_err();
    assert_eq!(error.code(), "unsupported", "{error}");
    assert!(error.to_string().contains("dictionary"), "{error}");
}

#[test]
fn files_without_records() {
    let folder = Folder::new();
    let file = inspect(&folder.write("a.warc", ""), &ReadOptions::default()).unwrap();
    assert_eq!((file.format, file.rows, file.blocks.len()), (Format::Warc, Some(0), 0));
    assert!(read(record("warcinfo", "", "x")).is_empty());
    assert!(read("\r\n\r\n").is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Any bytes in the place of some: rows or an error, in time, and every row before the first change as it was.
    #[test]
    fn any_damage_ends_in_rows_or_an_error(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        is_gz in any::<bool>(),
    ) {
        let parts = [
            conversion("one"),
            response("Content-Type: text/html\r\nTransfer-Encoding: chunked\r\n", chunked(&[b'a'; 300], 100)),
            response("Content-Type: text/html\r\nContent-Encoding: br\r\n", brotli(&[b'b'; 300])),
            page("text/html", "<meta charset=shift_jis>words"),
            conversion("last"),
        ];
        let whole = read(parts.concat());
        let plain = parts.concat();
        let mut changed = plain.clone();
        let mut first = plain.len();
        for (at, byte) in &changes {
            let at = at.index(plain.len());
            changed[at] = *byte;
        }
        if let Some(at) = (0..plain.len()).find(|at| plain[*at] != changed[*at]) {
            first = at;
        }
        let folder = Folder::new();
        let options = options(|options| options.format = Some(if is_gz { Format::WarcGz } else { Format::Warc }));
        let path = folder.write("a", if is_gz { gz(&changed) } else { changed });
        // A first byte of another format is another test's matter.
        prop_assume!(inspect(&path, &options).is_ok());
        let (records, error) = read_range(&path, &options, &ShardRange::All, 64);
        let mut end = 0;
        let untouched = parts.iter().take_while(|part| { end += part.len(); end <= first }).count();
        prop_assert!(records.len() >= untouched);
        prop_assert_eq!(&records[..untouched], &whole[..untouched]);
        prop_assert!(records.windows(2).all(|pair| pair[0].position < pair[1].position));
        if let Some(error) = error {
            prop_assert!(error.reason().is_some() && !error.to_string().contains("panicked"), "{}", error);
        }
    }
}
