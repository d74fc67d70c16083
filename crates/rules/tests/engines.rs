//! Every engine gives what the `regex` crate gives. Vectorscan is tested where the host has it, and with the libraries
//! that `VECTORSCAN_TEST_LIBRARIES` names (paths, separated by colons); else the tests say that it was skipped.

use std::ops::ControlFlow::{Break, Continue};
use std::sync::OnceLock;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError};
use rules::{Engine, Hit, RuleSet, RuleSpec, RulesError, Scratch, limits};
use vectorscan::Vectorscan;

fn engines() -> &'static [Engine] {
    static ENGINES: OnceLock<Vec<Engine>> = OnceLock::new();
    ENGINES.get_or_init(|| {
        let named = std::env::var("VECTORSCAN_TEST_LIBRARIES").unwrap_or_default();
        let mut engines = vec![Engine::Regex];
        engines.extend(
            named
                .split(':')
                .filter(|path| !path.is_empty())
                .map(|path| Engine::Vectorscan(Vectorscan::load_from(path).unwrap_or_else(|error| panic!("{error}")))),
        );
        match Engine::of_host() {
            Engine::Regex => {}
            found @ Engine::Vectorscan(_) => engines.push(found),
        }
        if engines.len() == 1 {
            println!("skipped for Vectorscan: {}", Vectorscan::load().unwrap_err());
        }
        engines
    })
}

/// The library of an engine, unless it loses matches and so is not used.
fn trusted(engine: Engine) -> Option<&'static Vectorscan> {
    match engine {
        Engine::Vectorscan(library) if library.fault().is_none() => Some(library),
        _ => None,
    }
}

fn specs(patterns: &[&str]) -> Vec<RuleSpec> {
    patterns.iter().map(|&pattern| RuleSpec { pattern: pattern.to_owned(), caseless: false }).collect()
}

fn find(set: &RuleSet, scratch: &mut Scratch, text: &str) -> Vec<Hit> {
    let mut found = Vec::new();
    let end = set.find(scratch, text, |hit| {
        found.push(hit);
        Continue(())
    });
    assert_eq!(end, Continue(()));
    found
}

/// What is found by definition: each rule alone, by the `regex` crate.
fn defined(specs: &[RuleSpec], text: &str) -> Vec<Hit> {
    let mut found = Vec::new();
    for (rule, spec) in specs.iter().enumerate() {
        let mut builder = regex::RegexBuilder::new(&spec.pattern);
        let regex = builder.case_insensitive(spec.caseless).size_limit(64 << 20).build().unwrap();
        let hit = |found: regex::Match<'_>| Hit { start: found.start(), rule: rule as u32, end: found.end() };
        found.extend(regex.find_iter(text).map(hit));
    }
    found.sort_unstable_by_key(|hit| (hit.start, hit.rule));
    found
}

#[test]
fn hits_come_in_the_order_of_start_and_rule() {
    for &engine in engines() {
        let set = RuleSet::compile(&specs(&["a+", "ab", "[ab]{2}", "zz"]), engine).unwrap();
        let hits: Vec<_> =
            find(&set, &mut set.scratch(), "aab-ab").iter().map(|hit| (hit.rule, hit.start, hit.end)).collect();
        assert_eq!(hits, [(0, 0, 2), (2, 0, 2), (1, 1, 3), (0, 4, 5), (1, 4, 6), (2, 4, 6)], "{engine:?}");
    }
}

/// What the engines would disagree about if a rule's text were handed over: word boundaries, lines, case, Unicode,
/// laziness, priorities, and context on the far side of a window.
const RULES: [&str; 26] = [
    r"\b[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,24}\b",
    r"\w+@\w+\.com",
    r"\b1[3-9]\d{9}\b",
    r"\b\d{17}[\dXx]\b",
    r"https?://[^\s<>]+",
    r"(?:\d{1,3}\.){3}\d{1,3}",
    r"(?i)stra\u{df}e|k\u{3a3}",
    r"(?m)^\d+$",
    r"^start",
    r"end$",
    r"\Bx\B",
    r"a|ab|abc",
    r"(?:ab|a)(?:c|bcd)",
    r"<.*?>",
    r"(?s)<<.{0,20}>>",
    r"\u{8eab}\u{4efd}\u{8bc1}\s*[:\u{ff1a}]?\s*\d{15}",
    r"\p{Han}{2,4}\u{516c}\u{53f8}",
    r"[^\w\s]{3}",
    r"\b\p{Lu}\w*\b",
    r"(?-u:\b)id(?-u:\b)",
    r"\x{200d}",
    r"\s{2,}",
    r"(?:a{0,3}b){2}",
    r"[\p{Nd}&&[^0-9]]+",
    r"\x00",
    r"(?R)(?m)y$",
];

#[test]
fn engines_agree_on_chosen_rules() {
    let texts = [
        "",
        "start a.b-c@x.y.example.com, 13800138000 x13800138000x 138001380001 end",
        "11010519491231002X 110105194912310021 id id\u{8bed} \u{8bed}id \u{e9}id\u{e9}",
        "http://a.b/c?d=e \u{8bed}https://\u{8bed}\u{6599}.cn\u{3002} 1.2.3.4 255.255.255.2555",
        "STRASSE Stra\u{1e9e}e stra\u{df}e K\u{3c3} \u{212a}\u{3c2} k\u{3a3}",
        "1\n22\r\n333\n4a\ny\r\ny\n\ny",
        "axx xxx x xabcx abcd abc ab a bcd",
        "<a><b>< <<\n\n>> <<\u{8bed}\u{6599}\u{8bed}\u{6599}\u{8bed}\u{6599}>> >",
        "\u{8eab}\u{4efd}\u{8bc1}\u{ff1a} 110105491231002 \u{8eab}\u{4efd}\u{8bc1}\u{ff11}\u{ff12}",
        "\u{5317}\u{4eac}\u{67d0}\u{516c}\u{53f8}\u{516c}\u{53f8} \u{3002}\u{ff0c}! \u{c9}cole \u{10400}\u{10428}",
        "\u{1d7d8}\u{1d7d9}\u{ff11}\u{0661}1 \u{200d}\0\u{feff}\u{3000}\u{3000}\u{a0}\u{a0}",
        "aabab abb bb aaaab",
        "a@b.com\u{8bed}@\u{6599}.com @.com \u{16f00}@\u{1e900}.com",
    ];
    let specs = specs(&RULES);
    for &engine in engines() {
        let set = RuleSet::compile(&specs, engine).unwrap();
        let mut scratch = set.scratch();
        let mut hits = vec![0; RULES.len()];
        for text in texts {
            let found = find(&set, &mut scratch, text);
            assert_eq!(found, defined(&specs, text), "{engine:?} on {text:?}");
            for hit in found {
                hits[hit.rule as usize] += 1;
            }
        }
        let idle: Vec<_> = (0..RULES.len()).filter(|&rule| hits[rule] == 0).map(|rule| RULES[rule]).collect();
        assert_eq!(idle, [""; 0], "rules that the texts do not test");
        if let Some(library) = trusted(engine) {
            let stats = set.stats();
            assert_eq!(stats.library.as_deref(), Some(library.name()));
            assert_eq!((stats.by_library.len(), &stats.refused), (RULES.len(), &vec![]), "{}", library.name());
        }
    }
}

#[test]
fn engines_agree_on_long_texts_with_many_candidates() {
    // More candidates than windows are kept, matches that touch windows' ends, and a rule of unbounded length.
    let specs = specs(&[r"\d{3}-\d{2}", r"\b\d{3}\b", r"[a-c]+x", r"x.{0,900}y"]);
    let mut text = String::new();
    for at in 0..3000 {
        let part = match at % 7 {
            0 => "123-45 ",
            1 => "1234-567 ",
            2 => "\u{8bed}\u{6599} 999",
            3 => "abcabcx",
            4 => "x\u{8bed}y",
            _ => "--------------------",
        };
        text.push_str(part);
    }
    let expected = defined(&specs, &text);
    assert!(expected.len() > 1500);
    for &engine in engines() {
        let set = RuleSet::compile(&specs, engine).unwrap();
        let mut scratch = set.scratch();
        assert_eq!(find(&set, &mut scratch, &text), expected, "{engine:?}");
        assert_eq!(find(&set, &mut scratch, "none"), [], "{engine:?}: nothing is left of the text before");
        assert_eq!(find(&set, &mut scratch, &text), expected, "{engine:?}, with a used scratch");
    }
}

#[test]
fn rules_that_no_prefilter_takes_are_found_all_the_same() {
    let specs = specs(&[
        "needle",
        // An empty set of characters can't be written for the library.
        r"[0-9]{3}|[^\s\S]",
        // Too large for the library unless it may simplify it.
        r"\b.{100,200}x.{100,200}\b",
        // Too large for every prefilter.
        r"(?:(?:.{16}){16}){16}y",
    ]);
    let text = format!("needle 123 {}x{} {}y", "a\u{8bed}".repeat(60), "b ".repeat(80), "-".repeat(4_100));
    let expected = defined(&specs, &text);
    assert_eq!(expected.iter().map(|hit| hit.rule).collect::<std::collections::BTreeSet<_>>().len(), specs.len());
    for &engine in engines() {
        let set = RuleSet::compile(&specs, engine).unwrap();
        assert_eq!(find(&set, &mut set.scratch(), &text), expected, "{engine:?}");
        let stats = set.stats();
        assert_eq!(stats.unfiltered, [3], "{engine:?}");
        if trusted(engine).is_some() {
            assert_eq!(stats.by_library, [0, 2], "{stats:?}");
            let refused: Vec<_> = stats.refused.iter().map(|(rule, _)| *rule).collect();
            assert_eq!(refused, [1, 3], "{stats:?}");
            assert_eq!(stats.refused[0].1, "it has an empty set of characters");
            assert_eq!(stats.refused[1].1, "its size is 20481; the limit is 4000");
        } else {
            assert!(stats.library.is_none() && stats.by_library.is_empty() && stats.refused.is_empty());
        }
    }
}

#[test]
fn a_library_that_loses_matches_is_not_used() {
    let faulty = engines().iter().filter_map(|&engine| match engine {
        Engine::Vectorscan(library) => library.fault().map(|fault| (engine, library, fault)),
        Engine::Regex => None,
    });
    for (engine, library, fault) in faulty {
        // One that Vectorscan 5.4.9 loses with AVX-512.
        let specs = specs(&["[a-z]+@"]);
        let text = format!("{}z@", "a".repeat(64));
        let set = RuleSet::compile(&specs, engine).unwrap();
        assert_eq!(set.stats().distrusted.as_deref(), Some(format!("{}: {fault}", library.name()).as_str()));
        assert!(set.stats().library.is_none() && set.stats().by_library.is_empty());
        assert_eq!(find(&set, &mut set.scratch(), &text).len(), 1);
    }
}

#[test]
fn a_find_stops_when_told_and_starts_afresh() {
    for &engine in engines() {
        let set = RuleSet::compile(&specs(&["a", "b"]), engine).unwrap();
        let mut scratch = set.scratch();
        let mut seen = Vec::new();
        let end = set.find(&mut scratch, "abab", |hit| {
            seen.push(hit.start);
            if seen.len() == 3 { Break(()) } else { Continue(()) }
        });
        assert_eq!((end, seen), (Break(()), vec![0, 1, 2]));
        assert_eq!(find(&set, &mut scratch, "b").len(), 1, "{engine:?}");
    }
}

#[test]
#[should_panic(expected = "the scratch is of another set of rules")]
fn a_scratch_serves_its_own_set() {
    let set = || RuleSet::compile(&specs(&["a"]), Engine::Regex).unwrap();
    let _ = set().find(&mut set().scratch(), "a", |_| Continue(()));
}

#[test]
fn a_set_without_rules_finds_nothing() {
    for &engine in engines() {
        let set = RuleSet::compile(&[], engine).unwrap();
        assert!(set.is_empty());
        assert_eq!(find(&set, &mut set.scratch(), "text"), []);
    }
}

#[test]
fn caseless_rules_fold_as_unicode_does() {
    let specs = [RuleSpec { pattern: "\u{430}k\u{3c2}".to_owned(), caseless: true }];
    for &engine in engines() {
        let set = RuleSet::compile(&specs, engine).unwrap();
        let text = "\u{410}\u{212a}\u{3a3} \u{430}k\u{3c3} \u{410}x\u{3a3}";
        assert_eq!(find(&set, &mut set.scratch(), text).len(), 2, "{engine:?}");
    }
}

#[test]
fn bad_rules_are_refused_with_place_and_limit() {
    let long = "a".repeat(limits::PATTERN_BYTES + 1);
    let cases = [
        ("(a", "rule 1, byte 0, \"(\": unclosed group"),
        (r"a\1", "rule 1, byte 1, \"\\\\1\": backreferences are not supported"),
        (
            "\u{8bed}(?=a)",
            "rule 1, byte 3, \"(?=\": look-around, including look-ahead and look-behind, is not supported",
        ),
        (r"(?-u:\xff)", "rule 1, byte 5, \"\\\\xff\": pattern can match invalid UTF-8"),
        ("a*", "rule 1 matches the empty text, so it would hit everywhere"),
        (r"\b", "rule 1 matches the empty text, so it would hit everywhere"),
        (r"(?:a|b?)c*", "rule 1 matches the empty text, so it would hit everywhere"),
        (r"[^\s\S]", "rule 1 can't match any text"),
        (r"(?:a[^\s\S]|[^\s\S]b)c", "rule 1 can't match any text"),
        (r"\w{1000}\w{1000}", "rule 1 takes more than 8388608 bytes when compiled, which is the limit"),
        (long.as_str(), "rule 1: the pattern is 4097 bytes; the limit is 4096"),
    ];
    for &engine in engines() {
        for (pattern, message) in cases {
            let error = RuleSet::compile(&specs(&["fine", pattern]), engine).unwrap_err();
            assert_eq!(error.to_string(), message, "{engine:?}");
        }
        let many = vec![RuleSpec { pattern: "a".to_owned(), caseless: false }; limits::RULES + 1];
        assert_eq!(RuleSet::compile(&many, engine).unwrap_err(), RulesError::TooMany { rules: 1001 });
    }
    let large = specs(&[r"\w{100}"; 200]);
    let error = RuleSet::compile(&large, Engine::Regex).unwrap_err();
    assert!(matches!(error, RulesError::SetTooLarge { bytes, .. } if bytes > limits::SET_BYTES), "{error}");
}

#[test]
fn threads_share_a_set() {
    let specs = specs(&RULES);
    let text = "start a@b.com 13800138000 http://x \u{8bed}\u{6599}\u{516c}\u{53f8} end ".repeat(50);
    let expected = defined(&specs, &text);
    for &engine in engines() {
        let set = RuleSet::compile(&specs, engine).unwrap();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let mut scratch = set.scratch();
                    for _ in 0..3 {
                        assert_eq!(find(&set, &mut scratch, &text), expected, "{engine:?}");
                    }
                });
            }
        });
    }
}

/// Patterns over a few characters of one to four bytes, so that random texts match them.
fn patterns() -> impl Strategy<Value = String> {
    let atom = prop_oneof![
        4 => prop::sample::select(vec!["a", "b", "\u{e9}", "\u{8bed}", "\u{1f600}", "1", "-", "(?i:K)"]).prop_map(str::to_owned),
        3 => prop::sample::select(vec![".", r"\w", r"\d", r"\s", r"\W", "[ab]", "[^a]", "[a\u{8bed}]", r"\p{Han}"])
            .prop_map(str::to_owned),
        1 => prop::sample::select(vec![r"\b", r"\B", "^", "$", "(?m:^)", "(?m:$)", r"(?-u:\b)", r"\b{start}"])
            .prop_map(str::to_owned),
    ];
    atom.prop_recursive(4, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(|parts| parts.concat()),
            prop::collection::vec(inner.clone(), 1..4).prop_map(|parts| format!("(?:{})", parts.join("|"))),
            (inner, prop::sample::select(vec!["*", "+", "?", "*?", "+?", "??", "{2}", "{1,3}", "{0,2}?", "{2,}"]))
                .prop_map(|(of, repeat)| format!("(?:{of}){repeat}")),
        ]
    })
}

fn texts() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "a",
        "b",
        "\u{e9}",
        "\u{8bed}",
        "\u{6599}",
        "\u{1f600}",
        "1",
        "\u{ff11}",
        "-",
        " ",
        "\n",
        "k",
        "\u{212a}",
        "ab",
        "aa",
    ]);
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

/// Random cases per run; more by `RULES_TEST_CASES`.
fn cases() -> u32 {
    std::env::var("RULES_TEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(128)
}

#[test]
fn engines_agree_on_random_rules() {
    let mut runner = proptest::test_runner::TestRunner::new(Config { cases: cases(), ..Config::default() });
    let case = (prop::collection::vec((patterns(), any::<bool>()), 1..6), prop::collection::vec(texts(), 8));
    runner
        .run(&case, |(patterns, texts)| {
            let specs: Vec<_> = patterns
                .into_iter()
                .map(|(pattern, caseless)| RuleSpec { pattern, caseless })
                // Those that match the empty text are refused, which has its own test.
                .filter(|spec| RuleSet::compile(std::slice::from_ref(spec), Engine::Regex).is_ok())
                .collect();
            for &engine in engines() {
                let set = RuleSet::compile(&specs, engine).map_err(|error| TestCaseError::fail(error.to_string()))?;
                let mut scratch = set.scratch();
                for text in &texts {
                    prop_assert_eq!(
                        find(&set, &mut scratch, text),
                        defined(&specs, text),
                        "{:?} {:?} {:?}",
                        engine,
                        text,
                        set.stats()
                    );
                }
            }
            Ok(())
        })
        .unwrap();
}
