//! JSONL, plain and compressed: every line gives exactly one row or none, whatever is in it and wherever files are cut.

mod reading;

use std::io::Write;

use corpus::{CorpusError, Encoding, Format, ReadOptions, ShardRange, ShardReader, inspect};
use proptest::prelude::*;
use reading::{Folder, gz, options, read_all, read_range, texts, zst};

fn states(name: &str, bytes: impl AsRef<[u8]>, options: &ReadOptions) -> Vec<&'static str> {
    let folder = Folder::new();
    let path = folder.write(name, bytes);
    read_all(&path, options).unwrap().iter().map(|record| record.state).collect()
}

#[test]
fn each_line_for_itself() {
    let folder = Folder::new();
    let path = folder.write(
        "a.jsonl",
        b"\xEF\xBB\xBF{\"id\":\"a\",\"text\":\"\xE6\xB1\x89\\n\"}\r\n\
          \n  \r\n\
          {\"text\":null,\"id\":12}\n\
          {\"text\":\"\",\"id\":1.5}\n\
          {\"id\":\"x\"}\n\
          {\"text\":[\"a\"]}\n\
          {\"text\":\"\xFF\"}\n\
          {\"text\":\"a\"\n\
          [1]\n\
          {\"text\":\"\\ud83d\"}\n\
          {\"meta\":\"\\ud83d\",\"text\":\"ok\"}\n\
          {\"text\":\"first\",\"te\\u0078t\":\"last\"}",
    );
    let records = read_all(&path, &ReadOptions::default()).unwrap();
    let found: Vec<_> = records.iter().map(|record| (record.state, record.id.as_deref())).collect();
    assert_eq!(
        found,
        [
            ("text", Some("a")),
            ("empty", Some("12")),
            ("empty", None),
            ("missing-text", Some("x")),
            ("missing-text", None),
            ("invalid-utf8", None),
            ("invalid-json", None),
            ("invalid-json", None),
            ("invalid-json", None),
            ("text", None),
            ("text", None),
        ]
    );
    assert_eq!(records[0].text.as_deref(), Some("汉\n"));
    assert_eq!(records[10].text.as_deref(), Some("last"));
    let bytes = std::fs::read(&path).unwrap();
    for record in &records[1..] {
        assert_eq!(bytes[record.position as usize - 1], b'\n');
    }
    assert_eq!(records[0].position, 0);
}

#[test]
fn every_cut_gives_each_line_once() {
    let folder = Folder::new();
    let mut all =
        b"\xEF\xBB\xBF{\"text\":\"one\"}\n\n{\"text\":\"two\"}\r\n   \nbroken\n{\"text\":\"three\"}\n".to_vec();
    for end in [&b""[..], b"\n", b"{\"text\":\"no newline\"}"] {
        all.extend_from_slice(end);
        let path = folder.write("a.jsonl", &all);
        let size = all.len() as u64;
        let whole = read_all(&path, &ReadOptions::default()).unwrap();
        for first in 0..=size {
            for second in [first, u64::midpoint(first, size), size] {
                let mut records = Vec::new();
                for range in [0..first, first..second, second..size] {
                    let (part, error) =
                        read_range(&path, &ReadOptions::default(), &ShardRange::Bytes(range.clone()), 1);
                    assert!(error.is_none());
                    assert!(part.iter().all(|record| range.contains(&record.position)));
                    records.extend(part);
                }
                assert_eq!(records, whole, "cut at {first} and {second}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_cuts_of_any_lines(
        lines in prop::collection::vec("[ -~汉\\r]{0,30}", 0..20),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..5),
    ) {
        let folder = Folder::new();
        let bytes = lines.join("\n").into_bytes();
        let path = folder.write("a.jsonl", &bytes);
        let options = options(|options| options.format = Some(Format::Jsonl));
        // A line that happens to begin like another format is another test's matter.
        prop_assume!(inspect(&path, &options).is_ok());
        let whole = read_all(&path, &options).unwrap();
        let blank = |line: &&String| line.trim_matches([' ', '\t', '\r']).is_empty();
        prop_assert_eq!(whole.len(), lines.len() - lines.iter().filter(blank).count());
        let mut cuts: Vec<u64> = cuts.iter().map(|cut| cut.index(bytes.len() + 1) as u64).collect();
        cuts.extend([0, bytes.len() as u64]);
        cuts.sort_unstable();
        let mut records = Vec::new();
        for pair in cuts.windows(2) {
            records.extend(read_range(&path, &options, &ShardRange::Bytes(pair[0]..pair[1]), 64).0);
        }
        prop_assert_eq!(records, whole);
    }
}

#[test]
fn ranges_must_fit() {
    let folder = Folder::new();
    let path = folder.write("a.jsonl", "{}\n");
    let zipped = folder.write("a.jsonl.gz", gz(b"{}\n"));
    let open = |path, range| ShardReader::open(path, &ReadOptions::default(), &range, None).map(drop);
    assert!(open(&path, ShardRange::Blocks(0..1)).is_ok());
    assert!(open(&zipped, ShardRange::Blocks(0..1)).is_ok());
    for (path, range) in [
        (&path, ShardRange::Bytes(0..4)),
        (&path, ShardRange::Blocks(0..2)),
        (&zipped, ShardRange::Bytes(0..1)),
        (&zipped, ShardRange::Blocks(1..1)),
    ] {
        assert!(matches!(open(path, range), Err(CorpusError::Range { .. })));
    }
}

#[test]
fn long_lines_are_passed_over() {
    let limits = options(|options| {
        options.limits.record_bytes = 100;
        options.limits.line_bytes = 1_000;
    });
    let line = |text: &str| format!("{{\"text\":\"{text}\"}}\n");
    let (fits, long, huge) = (line(&"a".repeat(100)), line(&"a".repeat(101)), line(&"a".repeat(3_000_000)));
    let all = [&fits, &long, &huge, &fits, &huge].map(String::as_str).concat();
    let expected = ["text", "too-long", "too-long", "text", "too-long"];
    assert_eq!(states("a.jsonl", &all, &limits), expected);
    assert_eq!(states("a.jsonl.gz", gz(all.as_bytes()), &limits), expected);
    assert_eq!(states("a.jsonl.zst", zst(all.as_bytes()), &limits), expected);
    // The last line without its newline.
    assert_eq!(states("a.jsonl", &all[..all.len() - 1], &limits), expected);
    // Lengths are those of the text, not of its escapes.
    let escaped = line(&"\\u6c49".repeat(33));
    assert_eq!(states("a.jsonl", &escaped, &limits), ["text"]);
    assert_eq!(states("a.jsonl", line(&"\\u6c49".repeat(34)), &limits), ["too-long"]);
}

#[test]
fn nesting_is_limited() {
    let nested = |levels: usize| format!("{{\"a\":{}{},\"text\":\"x\"}}\n", "[".repeat(levels), "]".repeat(levels));
    let all = format!("{}{}{}", nested(63), nested(64), "[".repeat(100_000));
    assert_eq!(states("a.jsonl", all, &ReadOptions::default()), ["text", "too-deep", "too-deep"]);
}

#[test]
fn members_and_frames() {
    let (one, two) = (b"{\"text\":\"one\"}\n{\"te", b"xt\":\"two\"}\n");
    for (name, bytes) in [
        ("a.jsonl.gz", [gz(one), gz(two)].concat()),
        ("a.jsonl.zst", [zst(one), vec![0x50, 0x2A, 0x4D, 0x18, 2, 0, 0, 0, 9, 9], zst(two)].concat()),
    ] {
        let folder = Folder::new();
        let path = folder.write(name, bytes);
        let records = read_all(&path, &ReadOptions::default()).unwrap();
        assert_eq!(texts(&records), [Some("one"), Some("two")]);
        assert_eq!(records[1].position, 15);
    }
}

#[test]
fn lines_before_a_break_count() {
    let mut text = Vec::new();
    for i in 0..20_000_u32 {
        let noise = i.wrapping_mul(2_654_435_761);
        writeln!(text, "{{\"text\":\"{noise:x} {i}\"}}").unwrap();
    }
    for (name, bytes) in [("a.jsonl.gz", gz(&text)), ("a.jsonl.zst", zst(&text))] {
        let folder = Folder::new();
        for cut in [bytes.len() / 2, bytes.len() - 1] {
            let path = folder.write(name, &bytes[..cut]);
            let (records, error) = read_range(&path, &ReadOptions::default(), &ShardRange::All, 1 << 16);
            let error = error.expect("a cut file is damaged");
            assert!(matches!(error, CorpusError::Damaged { .. }), "{error}");
            assert_eq!(error.reason().unwrap().as_str(), "file-damaged");
            assert!(error.to_string().contains("cut off"), "{error}");
            assert!(records.len() > 1_000, "{}", records.len());
            assert!(
                records.iter().enumerate().all(|(i, record)| record.text.as_ref().unwrap().ends_with(&format!(" {i}")))
            );
        }
        // Broken in the middle.
        let mut broken = bytes.clone();
        let middle = broken.len() / 2;
        broken[middle..middle + 64].fill(0xA5);
        let path = folder.write(name, &broken);
        let (_, error) = read_range(&path, &ReadOptions::default(), &ShardRange::All, 1 << 16);
        assert!(matches!(error, Some(CorpusError::Damaged { .. })), "{name}: {error:?}");
        // Something else behind the end.
        let path = folder.write(name, [&bytes[..], b"garbage"].concat());
        let (records, error) = read_range(&path, &ReadOptions::default(), &ShardRange::All, 1 << 16);
        assert_eq!((records.len(), error.map(|error| error.code())), (20_000, Some("damaged")));
    }
}

#[test]
fn expansion_is_limited() {
    let options = options(|options| options.limits.expansion_free_bytes = 1 << 20);
    let line = format!("{{\"text\":\"{}\"}}\n", "a".repeat(1_000));
    let few = line.repeat(1_000);
    let many = line.repeat(20_000);
    assert_eq!(states("a.jsonl.zst", zst(few.as_bytes()), &options).len(), 1_000);
    let folder = Folder::new();
    let path = folder.write("a.jsonl.zst", zst(many.as_bytes()));
    let (_, error) = read_range(&path, &options, &ShardRange::All, 1 << 16);
    assert!(matches!(error, Some(CorpusError::Limit { .. })), "{error:?}");
    assert_eq!(error.unwrap().reason().unwrap().as_str(), "unreadable");
}

#[test]
fn gb18030_lines() {
    let options = options(|options| options.encoding = Encoding::Gb18030);
    // 汉字 and 😀; then a lone lead byte; then a character whose second byte is a backslash (許 = D4 53, 怽 = 90 5C).
    let mut bytes =
        b"{\"text\":\"\xBA\xBA\xD7\xD6\x94\x39\xFC\x36\"}\n{\"text\":\"\xFF\"}\n{\"text\":\"\x90\x5C\"}\n".to_vec();
    let folder = Folder::new();
    let path = folder.write("a.jsonl", &bytes);
    let records = read_all(&path, &options).unwrap();
    assert_eq!(texts(&records), [Some("汉字😀"), None, Some("怽")]);
    assert_eq!(records[1].state, "invalid-utf8");
    bytes.truncate(0);
    // The mark at the beginning in GB 18030.
    bytes.extend_from_slice(b"\x84\x31\x95\x33{\"text\":\"a\"}");
    assert_eq!(texts(&read_all(&folder.write("b.jsonl", &bytes), &options).unwrap()), [Some("a")]);
}

#[test]
fn columns_are_chosen_from_the_first_lines() {
    let folder = Folder::new();
    let inspect = |bytes: &str| inspect(&folder.write("a.jsonl", bytes), &ReadOptions::default()).unwrap();
    let file = inspect("nonsense\n{\"id\":1,\"meta\":{},\"body\":\"a\"}\n{\"body\":null,\"extra\":5}\n");
    assert_eq!(file.columns.text.as_deref(), Some("body"));
    assert_eq!(file.columns.id.as_deref(), Some("id"));
    assert_eq!(file.schema_columns, ["id", "meta", "body", "extra"]);
    assert!(file.is_splittable() && file.rows.is_none() && file.damage.is_none());
    assert_eq!(inspect("{\"title\":\"a\",\"content\":\"b\"}").columns.text.as_deref(), Some("content"));
    assert_eq!(inspect("{\"title\":\"a\",\"body\":\"b\"}").columns.text, None);
    let path = folder.write("b.jsonl", "{\"title\":\"a\",\"body\":\"b\",\"from\":3}\n{}\n");
    assert_eq!(read_all(&path, &ReadOptions::default()).unwrap()[0].state, "missing-text");
    let asked = options(|options| {
        options.text_column = Some("body".into());
        options.id_column = Some("title".into());
        options.source_column = Some("from".into());
    });
    let records = read_all(&path, &asked).unwrap();
    assert_eq!(records[0].text.as_deref(), Some("b"));
    assert_eq!((records[0].id.as_deref(), records[0].source.as_deref()), (Some("a"), Some("3")));
    assert_eq!((records[1].state, records[1].id.as_deref()), ("missing-text", None));
}

#[test]
fn empty_and_other_files() {
    let folder = Folder::new();
    let file = inspect(&folder.write("a.jsonl", ""), &ReadOptions::default()).unwrap();
    assert_eq!((file.format, file.rows, file.blocks.len()), (Format::Jsonl, Some(0), 0));
    assert!(read_all(&folder.path("a.jsonl"), &ReadOptions::default()).unwrap().is_empty());
    for (name, bytes) in [("a.csv", "a,b\n"), ("empty", ""), ("a.log", "hello")] {
        let error = inspect(&folder.write(name, bytes), &ReadOptions::default()).unwrap_err();
        assert!(matches!(error, CorpusError::UnknownFormat { .. }));
        assert_eq!(error.reason().unwrap().as_str(), "unknown-format");
    }
    let asked = options(|options| options.format = Some(Format::Parquet));
    let error = inspect(&folder.write("b.jsonl", "{}\n"), &asked).unwrap_err();
    assert!(error.to_string().contains("\"parquet\"") && error.to_string().contains("\"jsonl\""), "{error}");
    let error = inspect(&folder.path("none.jsonl"), &ReadOptions::default()).unwrap_err();
    assert!(matches!(error, CorpusError::Io { .. }));
    let error = inspect(&folder.path("."), &ReadOptions::default()).unwrap_err();
    assert!(error.to_string().contains("folder"), "{error}");
}

#[test]
fn a_changed_file_is_noticed() {
    let folder = Folder::new();
    let path = folder.write("a.jsonl", "{\"text\":\"a\"}\n");
    let identity = inspect(&path, &ReadOptions::default()).unwrap().identity;
    let open = || ShardReader::open(&path, &ReadOptions::default(), &ShardRange::All, Some(&identity));
    assert!(open().is_ok());
    let mut reader = open().unwrap();
    folder.write("a.jsonl", "{\"text\":\"b\"}\n");
    assert!(matches!(open(), Err(CorpusError::Changed { what: "first 64 KiB", .. })));
    folder.write("a.jsonl", "{\"text\":\"a\"}\n{}\n");
    assert!(matches!(open(), Err(CorpusError::Changed { what: "size", .. })));
    assert!(matches!(reader.next_batch(1), Err(CorpusError::Changed { .. })));
    assert!(matches!(reader.next_batch(1), Ok(None)));
}

#[test]
fn readers_can_move_to_other_threads() {
    fn moves<T: Send>() {}
    moves::<ShardReader>();
    moves::<corpus::TextBatch>();
}
