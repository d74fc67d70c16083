//! The binding against every library that the host has: the one the loader finds, and those that
//! `VECTORSCAN_TEST_LIBRARIES` names (paths, separated by colons). Without any, each test says that it was skipped.

use std::ops::ControlFlow::{self, Break, Continue};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;

use vectorscan::{CompileError, Flags, Literals, LoadError, Pattern, Regexes, ScanError, Scratch, Vectorscan, limits};

/// The libraries to test; a named one that can't be loaded fails the test.
fn libraries() -> &'static [&'static Vectorscan] {
    static LIBRARIES: OnceLock<Vec<&'static Vectorscan>> = OnceLock::new();
    LIBRARIES.get_or_init(|| {
        let named = std::env::var("VECTORSCAN_TEST_LIBRARIES").unwrap_or_default();
        let mut libraries: Vec<_> = named
            .split(':')
            .filter(|path| !path.is_empty())
            .map(|path| Vectorscan::load_from(path).unwrap_or_else(|error| panic!("{error}")))
            .collect();
        match Vectorscan::load() {
            Ok(library) => libraries.push(library),
            Err(error) => println!("the host's library is not tested: {error}"),
        }
        libraries
    })
}

/// Runs a test on each library, or says that there is none.
fn on_each(test: impl Fn(&'static Vectorscan)) {
    if libraries().is_empty() {
        println!("skipped: no Vectorscan or Hyperscan on this host");
    }
    for library in libraries() {
        println!("{}", library.name());
        test(library);
    }
}

fn occurrences(literals: &Literals, scratch: &mut Scratch, text: &[u8]) -> Vec<(u32, usize, usize)> {
    let mut found = Vec::new();
    let end = literals.scan(scratch, text, |pattern, start, end| {
        found.push((pattern, start, end));
        Continue(())
    });
    assert_eq!(end, Ok(Continue(())));
    found.sort_unstable();
    found
}

fn ends(regexes: &Regexes, scratch: &mut Scratch, text: &str) -> Vec<(u32, usize)> {
    let mut found = Vec::new();
    let end = regexes.scan(scratch, text.as_bytes(), |pattern, end| {
        found.push((pattern, end));
        Continue(())
    });
    assert_eq!(end, Ok(Continue(())));
    found.sort_unstable();
    found.dedup();
    found
}

#[test]
fn literals_are_found_with_their_starts() {
    on_each(|library| {
        let patterns: [&[u8]; 6] = [b"a", b"aa", "\u{8bed}\u{6599}".as_bytes(), b"n\0l", b"l\0", b"\xff\xfe"];
        let literals = Literals::compile(library, &patterns, false).unwrap();
        assert_eq!(literals.len(), 6);
        let mut scratch = literals.scratch().unwrap();
        let text = b"aaa \xe8\xaf\xad\xe6\x96\x99 n\0l\0 \xff\xfe A";
        let expected: Vec<_> = patterns
            .iter()
            .enumerate()
            .flat_map(|(pattern, bytes)| {
                let starts = (0..text.len()).filter(|&at| text[at..].starts_with(bytes));
                starts.map(move |at| (pattern as u32, at, at + bytes.len()))
            })
            .collect();
        assert_eq!(expected.len(), 3 + 2 + 1 + 1 + 1 + 1);
        assert_eq!(occurrences(&literals, &mut scratch, text), expected);
        assert_eq!(occurrences(&literals, &mut scratch, b""), []);
    });
}

#[test]
fn caseless_literals_fold_ascii_only() {
    on_each(|library| {
        let literals = Literals::compile(library, &[b"Gate", "\u{c9}t\u{e9}".as_bytes()], true).unwrap();
        let mut scratch = literals.scratch().unwrap();
        let text = "gATE \u{c9}T\u{e9} \u{e9}t\u{c9}";
        assert_eq!(occurrences(&literals, &mut scratch, text.as_bytes()), [(0, 0, 4), (1, 5, 10)]);
    });
}

#[test]
fn equal_literals_are_reported_each() {
    on_each(|library| {
        let literals = Literals::compile(library, &[b"ab", b"ab", b"b"], false).unwrap();
        let mut scratch = literals.scratch().unwrap();
        assert_eq!(occurrences(&literals, &mut scratch, b"ab"), [(0, 0, 2), (1, 0, 2), (2, 1, 2)]);
    });
}

#[test]
fn many_literals_equal_a_plain_search() {
    on_each(|library| {
        // Words over two letters, so that nearly all of them occur and overlap.
        let words: Vec<Vec<u8>> =
            (0..500u32).map(|word| (0..=word % 9).map(|bit| b'a' + (word >> bit & 1) as u8).collect()).collect();
        let patterns: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
        let literals = Literals::compile(library, &patterns, false).unwrap();
        let mut scratch = literals.scratch().unwrap();
        let mut state = 1u32;
        let text: Vec<u8> = (0..400)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                b'a' + (state >> 31) as u8
            })
            .collect();
        let mut expected = Vec::new();
        for (pattern, word) in words.iter().enumerate() {
            for start in (0..text.len()).filter(|&start| text[start..].starts_with(word)) {
                expected.push((pattern as u32, start, start + word.len()));
            }
        }
        assert!(expected.len() > 1000);
        assert_eq!(occurrences(&literals, &mut scratch, &text), expected);
    });
}

#[test]
fn regexes_report_every_end_or_one() {
    on_each(|library| {
        let pattern = |expression, flags| Pattern { expression, flags };
        let regexes = Regexes::compile(
            library,
            &[
                pattern("ab+", Flags::NONE),
                pattern("ab+", Flags::SINGLEMATCH),
                pattern("[\\x{4e00}-\\x{9fff}]{2}", Flags::UTF8),
                pattern("x.y", Flags::CASELESS | Flags::DOTALL),
                pattern("^z", Flags::MULTILINE),
            ],
        )
        .unwrap();
        let mut scratch = regexes.scratch().unwrap();
        assert_eq!(
            ends(&regexes, &mut scratch, "abbb \u{8bed}\u{6599} X\ny\nz"),
            [(0, 2), (0, 3), (0, 4), (1, 2), (2, 11), (3, 15), (4, 17)]
        );
    });
}

#[test]
fn a_prefilter_matches_more_never_less() {
    on_each(|library| {
        let backward = |flags| [Pattern { expression: r"(\w)\1", flags }];
        let refused = Regexes::compile(library, &backward(Flags::NONE)).unwrap_err();
        assert_eq!(refused.pattern(), Some(0), "{refused}");
        let regexes = Regexes::compile(library, &backward(Flags::PREFILTER)).unwrap();
        let mut scratch = regexes.scratch().unwrap();
        assert!(ends(&regexes, &mut scratch, "-aa-").contains(&(0, 3)));
    });
}

#[test]
fn bad_patterns_are_refused_with_their_index() {
    on_each(|library| {
        let compile = |patterns: &[&[u8]]| Literals::compile(library, patterns, false).map(|_| ());
        assert_eq!(compile(&[]), Err(CompileError::NoPatterns));
        assert_eq!(compile(&[b"a", b""]), Err(CompileError::Empty { pattern: 1 }));
        assert_eq!(compile(&[b"a", b"\0b"]), Err(CompileError::LeadingNul { pattern: 1 }));
        assert_eq!(compile(&[&vec![b'a'; limits::PATTERN_BYTES]]), Ok(()));
        let long = vec![b'a'; limits::PATTERN_BYTES + 1];
        let error = compile(&[b"a", &long]).unwrap_err();
        assert_eq!(error, CompileError::TooLong { pattern: 1, bytes: 16_001 });
        assert_eq!(error.to_string(), "pattern 1 is 16001 bytes; the limit is 16000");

        let compile = |expressions: &[&str]| {
            let patterns: Vec<_> =
                expressions.iter().map(|expression| Pattern { expression, flags: Flags::NONE }).collect();
            Regexes::compile(library, &patterns).map(|_| ()).map_err(|error| (error.pattern(), error.to_string()))
        };
        assert_eq!(
            compile(&["a", "b\0c"]),
            Err((Some(1), "pattern 1 has a NUL at byte 1; an expression writes it as \\x00".into()))
        );
        for bad in ["(", "[z-a]", "a**", "(?<=x)y", "x*", "a{70000}"] {
            let (pattern, message) = compile(&["fine", bad]).unwrap_err();
            assert_eq!(pattern, Some(1), "{bad}: {message}");
            assert!(message.starts_with("pattern 1: ") && message.len() > 15, "{bad}: {message}");
        }
    });
}

#[test]
fn a_scan_stops_when_told() {
    on_each(|library| {
        let literals = Literals::compile(library, &[b"a"], false).unwrap();
        let mut scratch = literals.scratch().unwrap();
        let mut seen = 0;
        let end = literals.scan(&mut scratch, b"aaaa", |_, _, _| {
            seen += 1;
            if seen == 2 { Break(()) } else { Continue(()) }
        });
        assert_eq!((end, seen), (Ok(Break(())), 2));
        assert_eq!(occurrences(&literals, &mut scratch, b"aaaa").len(), 4, "the scratch is usable again");
    });
}

#[test]
fn a_panic_stops_the_scan_and_goes_on() {
    on_each(|library| {
        let literals = Literals::compile(library, &[b"a"], false).unwrap();
        let mut scratch = literals.scratch().unwrap();
        let mut seen = 0;
        let caught = catch_unwind(AssertUnwindSafe(|| {
            literals.scan(&mut scratch, b"aaaa", |_, _, _| -> ControlFlow<()> {
                seen += 1;
                panic!("told to")
            })
        }));
        assert_eq!(caught.unwrap_err().downcast_ref::<&str>(), Some(&"told to"));
        assert_eq!(seen, 1);
        assert_eq!(occurrences(&literals, &mut scratch, b"aaaa").len(), 4, "the scratch is usable again");
    });
}

#[test]
fn a_scratch_serves_what_it_was_fitted_to() {
    on_each(|library| {
        let small = Literals::compile(library, &[b"a"], false).unwrap();
        let expressions: Vec<String> = (0..200).map(|n| format!("[a-f]{{1,8}}x{n}.{{0,20}}y")).collect();
        let patterns: Vec<_> =
            expressions.iter().map(|expression| Pattern { expression, flags: Flags::NONE }).collect();
        let large = Regexes::compile(library, &patterns).unwrap();
        let mut scratch = small.scratch().unwrap();
        let scan = large.scan(&mut scratch, b"abcx17y", |_, _| Continue(()));
        assert_eq!(scan, Err(ScanError::Scratch));

        let before = scratch.heap_bytes();
        large.fit(&mut scratch).unwrap();
        assert!(scratch.heap_bytes() > before, "{before}");
        assert_eq!(ends(&large, &mut scratch, "abcx17y"), [(1, 7), (17, 7)]);
        assert_eq!(occurrences(&small, &mut scratch, b"a"), [(0, 0, 1)]);

        let mut clone = scratch.try_clone().unwrap();
        drop(scratch);
        assert_eq!(ends(&large, &mut clone, "abcx17y"), [(1, 7), (17, 7)]);
    });
}

#[test]
fn a_scratch_is_not_lent_to_another_library() {
    let [first, second, ..] = libraries() else {
        println!("skipped: needs two libraries");
        return;
    };
    let ours = Literals::compile(first, &[b"a"], false).unwrap();
    let theirs = Literals::compile(second, &[b"a"], false).unwrap();
    let mut scratch = ours.scratch().unwrap();
    assert_eq!(theirs.fit(&mut scratch), Err(ScanError::Scratch));
    assert_eq!(theirs.scan(&mut scratch, b"a", |_, _, _| Continue(())), Err(ScanError::Scratch));
}

#[test]
fn threads_share_patterns_with_a_scratch_each() {
    on_each(|library| {
        let literals = Literals::compile(library, &[b"needle"], false).unwrap();
        let scratch = literals.scratch().unwrap();
        let text = b"hay needle ".repeat(1000);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                let mut scratch = scratch.try_clone().unwrap();
                let (literals, text) = (&literals, &text);
                scope.spawn(move || {
                    for _ in 0..20 {
                        assert_eq!(occurrences(literals, &mut scratch, text).len(), 1000);
                    }
                });
            }
        });
    });
}

#[test]
fn a_library_describes_itself() {
    on_each(|library| {
        assert!(library.name().ends_with(library.version()), "{}", library.name());
        let literals = Literals::compile(library, &[b"a"], false).unwrap();
        let info = literals.info();
        assert!(info.contains(library.version()) && info.contains("BLOCK"), "{info}");
        assert!(literals.heap_bytes() > 100);
        println!("{info}");
    });
}

#[test]
fn faults_are_told() {
    on_each(|library| {
        println!("{:?}", library.fault());
        // Hyperscan has none; Vectorscan has known ones up to 5.4.12, and may have others behind that.
        if library.name().starts_with("hyperscan") {
            assert_eq!(library.fault(), None);
        } else if library.version() == "5.4.9" {
            assert!(library.fault().unwrap().contains("5.4.13"), "{:?}", library.fault());
        }
    });
}

#[test]
fn other_libraries_are_refused() {
    // The C library is on every host, and is another library.
    match Vectorscan::load_from("libc.so.6") {
        Err(LoadError::Symbol { symbol, .. }) => assert_eq!(symbol, "hs_valid_platform"),
        Err(LoadError::NotFound { .. }) => println!("skipped: no libc.so.6 on this host"),
        other => panic!("{other:?}"),
    }
    let error = Vectorscan::load_from("/dev/null/libhs.so.5").unwrap_err();
    assert!(matches!(error, LoadError::NotFound { .. }), "{error:?}");
    assert!(error.to_string().contains("/dev/null/libhs.so.5"), "{error}");
}
