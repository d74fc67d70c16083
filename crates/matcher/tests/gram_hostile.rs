//! Text and libraries that are made to cost much: the matches are the same, and the automaton takes over.

mod gram_brute;

use gram_brute::{Checker, Random, check, found_by};
use matcher::gram::{Gram, Options};

#[test]
fn nested_patterns_in_a_run_of_one_letter() {
    let patterns: Vec<String> = (1..=64).map(|length| "a".repeat(length)).collect();
    let gram = Gram::compile(&patterns, &Options::default()).expect("compiles");
    let text = [b'a'; 10_000];
    let found = found_by(&gram, &text);
    let expected: usize = (1..=64).map(|length| text.len() - length + 1).sum();
    assert_eq!(found.len(), expected);
    assert!(found.windows(2).all(|pair| pair[0] < pair[1]), "each match is reported once");
    assert!(found.iter().all(|(pattern, start, end)| end - start == pattern + 1));
    check(&patterns, &text[..5000], &Options::default());
}

/// Patterns that have no window but "走私": they cannot be told apart before all bytes are compared.
fn one_anchor(count: usize) -> Vec<String> {
    let printable: Vec<char> = (b'!'..=b'~').map(char::from).collect();
    let endings = printable.iter().flat_map(|first| printable.iter().map(move |second| (first, second)));
    endings.take(count).map(|(first, second)| format!("走私{first}{second}")).collect()
}

#[test]
fn thousands_of_patterns_under_one_window() {
    let patterns = one_anchor(1500);
    let checker = Checker::new(&patterns, Options::default());
    // The window everywhere, a match at some places, over more than two blocks.
    let mut random = Random(5);
    let text: String = (0..1500)
        .map(|_| if random.below(5) == 0 { random.pick(&patterns).clone() } else { "走私".to_owned() })
        .collect();
    checker.check(text.as_bytes());

    let gram = Gram::compile(&patterns, &Options::default()).expect("compiles");
    assert_eq!(gram.stats().fallback_bytes, 0, "no automaton before it is needed");
    found_by(&gram, "走私".as_bytes());
    assert_eq!(gram.stats().fallback_bytes, 0, "one look at all patterns is cheaper than an automaton");
    found_by(&gram, text.as_bytes());
    assert!(gram.stats().fallback_bytes > 0, "the automaton took over");
}

#[test]
fn matches_that_cross_into_and_out_of_a_hostile_block() {
    let mut patterns = one_anchor(300);
    patterns.push(format!("{}走私香烟", "前".repeat(150)));
    patterns.push(format!("走私香烟{}", "后".repeat(150)));
    patterns.push("abcdefgh".to_owned());
    let checker = Checker::new(&patterns, Options::default());
    let hostile = "走私".repeat(1200);
    for shift in [0, 1, 64, 400, 500] {
        let text = format!(
            "{}{}{hostile}{}abcdefgh{hostile}{}",
            "x".repeat(shift),
            patterns[300],
            patterns[301],
            patterns[300]
        );
        checker.check(text.as_bytes());
    }
}

#[test]
fn whole_words_and_other_routes_in_hostile_blocks() {
    // Words that share their first eight letters and their length, and phrases that have no other word.
    let endings: Vec<String> =
        (b'a'..=b'z').flat_map(|a| (b'a'..=b'z').map(move |b| format!("{}{}", a as char, b as char))).collect();
    let mut patterns: Vec<String> = endings.iter().map(|ending| format!("internat{ending}")).collect();
    patterns.extend((0..500).map(|number| format!("!{number} x")));
    let checker = Checker::new(&patterns, Options { whole_words: true, ..Options::default() });
    let mut text = "internatzz internatzzz x!1 x ".repeat(400);
    text.push_str("internataa !499 x");
    checker.check(text.as_bytes());
}
