//! The gram engine against brute force, on every kernel of this CPU.

mod gram_brute;

use gram_brute::{Checker, Random, brute, check, found_by};
use matcher::gram::{Gram, GramError, Kernel, Options, Scratch};
use proptest::prelude::*;

fn lower_case() -> [u8; 128] {
    std::array::from_fn(|byte| (byte as u8).to_ascii_lowercase())
}

/// Patterns of every route: long and short, ASCII and not, and mixtures; few letters, so that they overlap and repeat.
fn patterns() -> impl Strategy<Value = Vec<String>> {
    let pattern = prop_oneof![
        "[ab]{1,12}",
        "[a-d]{1,9}",
        "[ab ]{1,20}",
        "[走私香烟]{1,6}",
        "[走私ab]{1,6}",
        "[é走a😀]{1,4}",
        "[а-г]{1,6}",
        "[AaBb1 ']{1,9}",
        "[ab]{30,40}",
        "[走a]{300,340}",
    ];
    proptest::collection::btree_set(pattern, 1..40).prop_map(|set| set.into_iter().collect())
}

/// Text that contains the patterns, whole and cut, with bytes that are no UTF-8 between them.
fn text(patterns: &[String]) -> impl Strategy<Value = Vec<u8>> + use<> {
    let mut pieces: Vec<Vec<u8>> = patterns.iter().map(|pattern| pattern.as_bytes().to_vec()).collect();
    pieces.extend([vec![0xE8], vec![0x80, 0x81], vec![0xFF, 0xC3], b" ".to_vec(), b"a".to_vec(), "走".into()]);
    let piece = (proptest::sample::select(pieces), 0_usize..12, 0_usize..6).prop_map(|(piece, from, cut)| {
        let from = if from < 4 { from.min(piece.len()) } else { 0 };
        let to = piece.len() - if cut < 3 { cut.min(piece.len() - from) } else { 0 };
        piece[from..to].to_vec()
    });
    proptest::collection::vec(piece, 0..80).prop_map(|pieces| pieces.concat())
}

proptest! {
    // Fewer without optimisation; the fuzz targets and their seeded loop have many more.
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 48 } else { 320 }))]

    #[test]
    fn every_kernel_finds_what_brute_force_finds(
        (patterns, text) in patterns().prop_flat_map(|patterns| {
            let text = text(&patterns);
            (Just(patterns), text)
        }),
        whole_words: bool,
        folded: bool,
    ) {
        let map = lower_case();
        let options = Options { whole_words, fold: folded.then_some(&map), sample: None };
        check(&patterns, &text, &options);
    }

    #[test]
    fn random_bytes_are_searched(text in proptest::collection::vec(any::<u8>(), 0..300), at in 0_usize..250) {
        // A pattern that is in the text, if there is one of valid UTF-8 at that place.
        let mut patterns = vec!["a".to_owned(), "\u{7}b".to_owned()];
        let from = text.get(at..).unwrap_or_default();
        for length in [1, 2, 3, 4, 5, 6, 9, 17] {
            if let Some(Ok(part)) = from.get(..length).map(std::str::from_utf8) {
                patterns.push(part.to_owned());
            }
        }
        patterns.sort();
        patterns.dedup();
        check(&patterns, &text, &Options::default());
    }
}

#[test]
fn patterns_are_found_at_every_edge_of_blocks_and_vectors() {
    let patterns =
        ["a", "走", "ab", "abcd", "abcdef", "abcdefghi", "走私香", "走私", "abcdefghijklmnopqrstuvwxyz", "é"];
    let engines =
        [false, true].map(|whole_words| Checker::new(&patterns, Options { whole_words, ..Options::default() }));
    for edge in [0, 1, 16, 32, 63, 64, 65, 128, 255, 256, 257, 4032, 4095, 4096, 4097] {
        for before in 0..=10 {
            // All patterns at one edge, then the next; the text ends with the pattern, within its padding, or far behind.
            for pattern in patterns {
                let mut text = vec![b'.'; edge - before.min(edge).min(pattern.len())];
                text.extend_from_slice(pattern.as_bytes());
                let behind = [0, 1, 300][(edge + before) % 3];
                text.resize(text.len() + behind, b'.');
                for engine in &engines {
                    engine.check(&text);
                }
            }
        }
    }
}

#[test]
fn short_runs_of_ascii_are_found_across_vectors() {
    let patterns = ["abcd", "abcdef", "bcdefghi"];
    let checker = Checker::new(&patterns, Options::default());
    for at in (20..140).chain(8180..8200) {
        for pattern in patterns {
            let mut text = vec![0xFF; at];
            text.extend_from_slice(pattern.as_bytes());
            text.resize(at + 300, 0xFF);
            checker.check(&text);
        }
    }
}

#[test]
fn patterns_of_all_lengths_are_found() {
    let mut random = Random(7);
    for alphabet in [&["a", "b"][..], &["走", "私"], &["a", "é", "走", "😀"]] {
        let mut patterns: Vec<String> = Vec::new();
        for length in (1..=64).chain([100, 255, 256, 257, 500, 1000, 1024]) {
            let mut pattern = String::new();
            loop {
                let next = random.pick(alphabet);
                if pattern.len() + next.len() > length {
                    break;
                }
                pattern.push_str(next);
            }
            if !pattern.is_empty() {
                patterns.push(pattern);
            }
        }
        patterns.sort();
        patterns.dedup();
        let text: String = (0..60).map(|_| random.pick(&patterns).clone()).collect();
        check(&patterns, text.as_bytes(), &Options::default());
    }
}

#[test]
fn a_text_of_many_blocks_is_searched_as_one() {
    let mut random = Random(11);
    let words: Vec<String> = (0..3000)
        .map(|_| {
            let (letters, count) = if random.below(2) == 0 {
                (&["a", "b", "c", "d", "e", "n", "o", "t"][..], 1 + random.below(9))
            } else {
                (&["走", "私", "香", "烟", "的", "一"][..], 1 + random.below(4))
            };
            (0..count).map(|_| *random.pick(letters)).collect()
        })
        .collect();
    let separators: [&str; 3] = ["", " ", "，"];
    let text: String = (0..6000).map(|_| random.pick(&words).clone() + *random.pick(&separators)).collect();
    let mut patterns = words[..1500].to_vec();
    patterns.sort();
    patterns.dedup();
    let map = lower_case();
    for whole_words in [false, true] {
        for fold in [None, Some(&map)] {
            let sample = Some(&text.as_bytes()[..2000]);
            check(&patterns, text.as_bytes(), &Options { whole_words, fold, sample });
        }
    }
}

#[test]
fn whole_words_touch_no_letter() {
    let options = Options { whole_words: true, ..Options::default() };
    let patterns = ["ass", "new york", "c++", "x", "走私ab", "internationalization"];
    let matched = |text: &str| {
        let mut found: Vec<&str> = Vec::new();
        let gram = Gram::compile(&patterns, &options).expect("compiles");
        for (_, start, end) in found_by(&gram, text.as_bytes()) {
            found.push(&text[start as usize..end as usize]);
        }
        found.join("|")
    };
    assert_eq!(matched("an ass, a class, assets, ass"), "ass|ass");
    assert_eq!(matched("in new york, anew york, new yorker"), "new york");
    assert_eq!(matched("c++11 abc++ c++"), "c++|c++");
    assert_eq!(matched("x xx 走x走 x1"), "x|x|x");
    assert_eq!(matched("走私ab走私abc"), "走私ab");
    assert_eq!(matched("internationalization internationalizations"), "internationalization");
}

#[test]
fn words_may_stand_close() {
    let patterns = ["a", "b", "ab", "abc", "b a", "abcabcabc"];
    let checker = Checker::new(&patterns, Options { whole_words: true, ..Options::default() });
    // Up to 32 words in 64 bytes, twice as many as a vector takes.
    let mut random = Random(3);
    for _ in 0..40 {
        let words: String = (0..200).map(|_| *random.pick(&["a ", "b ", "a ", "b-", "ab ", "abc ", "c "])).collect();
        checker.check(words.as_bytes());
    }
}

#[test]
fn neighbours_are_seen_across_the_copies_that_are_searched() {
    // Found by its second word; the letter before the first must be seen even when it is not in the same block or copy.
    let patterns = ["a zyzzyva", "zyzzyva q", "走私a"];
    let map = lower_case();
    for (fold, length, edges) in [(None, 1000, 400..800), (Some(&map), 66_000, 65_500..65_560)] {
        let checker = Checker::new(&patterns, Options { whole_words: true, fold, sample: None });
        for at in edges {
            for piece in ["ba zyzzyva q", "-a zyzzyva qq", "走私a走私ab"] {
                let mut text = vec![b'.'; at];
                text.extend_from_slice(piece.as_bytes());
                text.resize(length, b'.');
                checker.check(&text);
            }
        }
    }
}

#[test]
fn folding_is_that_of_the_map() {
    let mut map = lower_case();
    map[usize::from(b'0')] = b'o';
    let gram = Gram::compile(&["foo", "走私a"], &Options { fold: Some(&map), ..Options::default() }).expect("compiles");
    assert_eq!(found_by(&gram, "F0o 走私A".as_bytes()), [(0, 0, 3), (1, 4, 11)]);
}

#[test]
fn unusable_patterns_are_named() {
    let error = |patterns: &[&[u8]]| Gram::compile(patterns, &Options::default()).expect_err("is refused").to_string();
    assert_eq!(error(&[b"a", b""]), "pattern 1 is empty");
    assert_eq!(error(&[&[b'a'; 1025]]), "pattern 0 is 1025 bytes; the limit is 1024");
    assert_eq!(error(&[b"a", b"\xE8\xB5"]), "pattern 1 is not UTF-8");
    assert_eq!(error(&[b"ab", b"c", b"ab"]), "patterns 0 and 2 are the same");
    let mut map = lower_case();
    map[65] = 0xC3;
    let refused = Gram::compile(&["a"], &Options { fold: Some(&map), ..Options::default() });
    assert_eq!(refused.err(), Some(GramError::Fold { byte: 65, to: 0xC3 }));
}

#[test]
fn no_pattern_and_no_text_find_nothing() {
    let none: [&str; 0] = [];
    let empty = Gram::compile(&none, &Options::default()).expect("compiles");
    assert_eq!(found_by(&empty, b"abc"), []);
    let one = Gram::compile(&["a"], &Options::default()).expect("compiles");
    assert_eq!(found_by(&one, b""), []);
}

#[test]
fn matches_come_in_blocks() {
    let gram = Gram::compile(&["a"], &Options::default()).expect("compiles");
    let (mut blocks, mut total) = (0, 0);
    gram.find_all(&vec![b'a'; 100_000], &mut Scratch::default(), &mut |found| {
        assert!(found.len() <= matcher::gram::Found::BLOCK);
        assert_eq!((found.len(), found.len()), (found.starts().len(), found.ends().len()));
        blocks += 1;
        total += found.len();
    });
    assert_eq!((total, blocks), (100_000, 100_000_usize.div_ceil(matcher::gram::Found::BLOCK)));
}

#[test]
fn the_brute_force_of_the_tests_is_right_on_a_text_of_two_matches() {
    let expected = brute(&["aa", "b"], b"aaab", &Options::default());
    assert_eq!(expected, [(0, 0, 2), (0, 1, 3), (1, 3, 4)]);
    assert!(!Kernel::available().is_empty());
}
