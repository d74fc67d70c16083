//! Plain text and Markdown: a file is one row, whatever is in it.

mod reading;

use corpus::{CorpusError, Encoding, Format, ReadOptions, ShardRange, ShardReader, inspect};
use reading::{Folder, gz, options, read_all, read_range, zst};

/// State and text of the one row.
fn row(name: &str, bytes: impl AsRef<[u8]>, options: &ReadOptions) -> (&'static str, Option<String>) {
    let folder = Folder::new();
    let path = folder.write(name, bytes);
    let file = inspect(&path, options).unwrap();
    assert_eq!((file.rows, file.blocks.len(), file.is_splittable()), (Some(1), 1, false));
    assert_eq!(file.columns.text.as_deref(), Some("text"));
    let mut records = read_all(&path, options).unwrap();
    let record = records.pop().unwrap();
    assert!(records.is_empty());
    assert_eq!((record.position, record.id, record.source), (0, None, None));
    (record.state, record.text)
}

fn text(text: &str) -> (&'static str, Option<String>) {
    ("text", Some(text.to_owned()))
}

#[test]
fn a_file_is_a_record() {
    let plain = ReadOptions::default();
    for name in ["a.txt", "a.md", "A.MARKDOWN", "a.text"] {
        assert_eq!(row(name, "# 汉字\r\n\nline\n", &plain), text("# 汉字\r\n\nline\n"), "{name}");
    }
    assert_eq!(row("a.txt.gz", gz("汉字".as_bytes()), &plain), text("汉字"));
    assert_eq!(row("a.md.gz", [gz(b"one "), gz(b"two")].concat(), &plain), text("one two"));
    assert_eq!(row("a.md.zst", zst("汉字".as_bytes()), &plain), text("汉字"));
    // Without a name that says so, the caller must.
    let asked = options(|options| options.format = Some(Format::Text));
    assert_eq!(
        row("LICENSE", "{\"text\":\"a\"}\n{\"text\":\"b\"}\n", &asked),
        text("{\"text\":\"a\"}\n{\"text\":\"b\"}\n")
    );
    // Columns are no matter of texts: a folder may hold others beside them.
    let columns = options(|options| {
        options.text_column = Some("content".into());
        options.id_column = Some("nr".into());
        options.source_column = Some("site".into());
    });
    assert_eq!(row("a.md", "words", &columns), text("words"));
}

#[test]
fn files_without_words() {
    let plain = ReadOptions::default();
    assert_eq!(row("a.txt", "", &plain), ("empty", None));
    assert_eq!(row("a.txt", "\u{FEFF}", &plain), ("empty", None));
    assert_eq!(row("a.txt.gz", gz(b""), &plain), ("empty", None));
    // What is invisible is for others to judge: the bytes are text.
    assert_eq!(row("a.txt", "\n \u{200B}\n", &plain), text("\n \u{200B}\n"));
}

#[test]
fn encodings_and_marks() {
    let plain = ReadOptions::default();
    let chinese = options(|options| options.encoding = Encoding::Gb18030);
    assert_eq!(row("a.txt", "\u{FEFF}汉\u{FEFF}", &plain), text("汉\u{FEFF}"));
    assert_eq!(row("a.txt", b"\xBA\xBA\xD7\xD6\x94\x39\xFC\x36", &chinese), text("汉字😀"));
    // The mark in GB 18030, and that of UTF-8, which says more than the caller.
    assert_eq!(row("a.txt", b"\x84\x31\x95\x33\xBA\xBA", &chinese), text("汉"));
    assert_eq!(row("a.txt", "\u{FEFF}汉字".as_bytes(), &chinese), text("汉字"));
    assert_eq!(row("a.txt.gz", gz(b"\xBA\xBA"), &chinese), text("汉"));
    for bytes in [&b"a\xFF"[..], b"\xBA\xBA", "汉".as_bytes()[..2].as_ref(), b"a\0b", b"\xFF\xFEa\0b\0", b"\0"] {
        assert_eq!(row("a.txt", bytes, &plain), ("invalid-utf8", None), "{bytes:?}");
    }
    for bytes in [&b"\xBA"[..], b"\xFF\xFF", b"\xBA\xBA\0", b"\xEF\xBB\xBF\xBA\xBA"] {
        assert_eq!(row("a.txt", bytes, &chinese), ("invalid-utf8", None), "{bytes:?}");
    }
}

#[test]
fn long_files() {
    let limits = |encoding| {
        options(|options| {
            options.limits.record_bytes = 999;
            options.encoding = encoding;
        })
    };
    let plain = limits(Encoding::Utf8);
    assert_eq!(row("a.txt", "a".repeat(999), &plain).0, "text");
    assert_eq!(row("a.txt", format!("\u{FEFF}{}", "a".repeat(999)), &plain).0, "text");
    assert_eq!(row("a.txt", "a".repeat(1_000), &plain).0, "too-long");
    assert_eq!(row("a.txt.gz", gz(&vec![b'a'; 10 << 20]), &plain).0, "too-long");
    // Lengths are those of UTF-8: 汉 has two bytes in GB 18030 and three there, £ four and two.
    let chinese = limits(Encoding::Gb18030);
    assert_eq!(row("a.txt", b"\xBA\xBA".repeat(333), &chinese).0, "text");
    assert_eq!(row("a.txt", b"\xBA\xBA".repeat(334), &chinese).0, "too-long");
    assert_eq!(row("a.txt", b"\x81\x30\x84\x35".repeat(499), &chinese), text(&"£".repeat(499)));
    assert_eq!(row("a.txt", b"\x81\x30\x84\x35".repeat(500), &chinese).0, "too-long");
}

#[test]
fn damage_spoils_the_record() {
    let folder = Folder::new();
    let bytes = gz("words ".repeat(1_000).as_bytes());
    for cut in 1..bytes.len() {
        let path = folder.write("a.txt.gz", &bytes[..cut]);
        let (records, error) = read_range(&path, &ReadOptions::default(), &ShardRange::All, 1 << 20);
        // One byte is not even the signature of gzip; the name says what it should be.
        assert!(records.is_empty(), "{cut}");
        assert_eq!(error.unwrap().code(), "damaged", "{cut}");
    }
    let free = options(|options| options.limits.expansion_free_bytes = 1_000);
    let path = folder.write("a.txt.gz", gz(&vec![b'a'; 5 << 20]));
    let tight = options(|options| {
        options.limits = free.limits;
        options.limits.expansion = 10;
    });
    let (records, error) = read_range(&path, &tight, &ShardRange::All, 1 << 20);
    assert!(records.is_empty());
    assert_eq!(error.unwrap().reason().unwrap().as_str(), "unreadable");
}

#[test]
fn what_is_no_text_is_called_by_its_name() {
    let folder = Folder::new();
    for (bytes, says) in [
        (&b"PK\x03\x04\x14\0\0\0"[..], "zip"),
        (b"\x89PNG\r\n\x1A\n\0\0\0\rIHDR", "PNG"),
        (b"%PDF-1.7\n%\xE2\xE3", "PDF"),
        (b"\xFF\xD8\xFF\xE0\0\x10JFIF", "JPEG"),
        (b"\x7FELF\x02\x01\x01", "ELF"),
    ] {
        for path in [folder.write("a.txt", bytes), folder.write("a.txt.gz", gz(bytes))] {
            let error = inspect(&path, &ReadOptions::default()).unwrap_err();
            assert!(matches!(error, CorpusError::UnknownFormat { .. }), "{error}");
            assert!(error.to_string().contains(says), "{error}");
            assert!(ShardReader::open(&path, &ReadOptions::default(), &ShardRange::All, None).is_err());
        }
    }
}

#[test]
fn a_text_is_read_as_a_whole() {
    let folder = Folder::new();
    for path in [folder.write("a.txt", "words"), folder.write("b.txt", "")] {
        let read = |range| ShardReader::open(&path, &ReadOptions::default(), &range, None);
        assert!(read(ShardRange::Blocks(0..1)).unwrap().next_batch(1).unwrap().is_some());
        for range in [ShardRange::Blocks(0..0), ShardRange::Blocks(0..2), ShardRange::Bytes(0..1)] {
            assert!(matches!(read(range), Err(CorpusError::Range { .. })));
        }
    }
}
