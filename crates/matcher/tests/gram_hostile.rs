//! Text and libraries that are made to cost much: the matches are the same, and the automaton takes over.

mod gram_brute;

use gram_brute::{Checker, Random, check, found_by};
use matcher::gram::{Gram, Kernel, Options, Scratch, Work};

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

/// Patterns, what is repeated to be a text, whether words are whole.
type Hostile = (&'static str, Vec<String>, String, bool);

fn hostile_cases() -> Vec<Hostile> {
    let nested: Vec<String> = (1..=64).map(|length| "a".repeat(length)).collect();
    let words: Vec<String> = (0..10_000)
        .map(|number: u32| {
            let ending = number.to_string().bytes().map(|digit| char::from(digit - b'0' + b'a')).collect::<String>();
            format!("internat{ending:x<8}")
        })
        .collect();
    // Long patterns whose first and last bytes are the same, and which differ from the text where it is noticed last.
    let long: Vec<String> = (0..40)
        .map(|number| format!("{}the{}{}", "qz".repeat(480 - number), "zq".repeat(number), "qz".repeat(8)))
        .chain([20, 500, 510, 511, 512].map(|count| "qz".repeat(count)))
        .collect();
    // Few windows, and much to compare at each; and short patterns, which are not to be found twice.
    let sentence = "qzvvqzwx j7kx, !";
    let few = [&*sentence.repeat(60), &*sentence.repeat(61), "j7kx", "vvqzwx", "x"].map(str::to_owned).to_vec();
    vec![
        ("few long patterns", few.clone(), sentence.to_owned(), false),
        ("few long patterns of whole words", few, sentence.to_owned(), true),
        ("nested runs", nested.clone(), "a".to_owned(), false),
        ("nested runs, broken", nested, format!("{}b", "a".repeat(60)), false),
        ("10,000 patterns of one anchor", one_anchor_of_many(), "走私".to_owned(), false),
        ("one anchor, found", one_anchor_of_many(), "走私!! ".to_owned(), false),
        ("words that share a key", words, "internatzzzzzzzz ".to_owned(), true),
        ("long patterns of one window", long.clone(), "qz".to_owned(), false),
        ("long patterns, cut", long, format!("{}the", "qz".repeat(520)), false),
    ]
}

/// Ten thousand patterns that have no window but "走私".
fn one_anchor_of_many() -> Vec<String> {
    let printable: Vec<char> = (b'!'..=b'~').map(char::from).collect();
    let mut patterns = one_anchor(printable.len() * printable.len());
    patterns.extend(printable.iter().flat_map(|a| printable.iter().map(move |b| format!("{a}走私{b}"))));
    patterns.truncate(10_000);
    patterns
}

#[test]
fn work_is_linear_in_the_text_whatever_it_is() {
    for (name, patterns, unit, whole_words) in hostile_cases() {
        let compiled = Gram::compile(&patterns, &Options { whole_words, ..Options::default() }).expect("compiles");
        let stored = compiled.to_bytes();
        for kernel in Kernel::available() {
            let gram = Gram::from_bytes(&stored).expect("is read").with_kernel(kernel);
            let work_on = |bytes: usize| {
                let text = unit.repeat(bytes.div_ceil(unit.len()));
                let mut scratch = Scratch::default();
                gram.find_all(text.as_bytes(), &mut scratch, &mut |_| {});
                scratch.work()
            };
            let mut before = work_on(20_000);
            for bytes in [40_000, 80_000] {
                let work = work_on(bytes);
                let context = format!("{name}, {}, {bytes} bytes: {work:?}", kernel.name());
                let per_byte = |steps: u64| steps as f64 / bytes as f64;
                assert!(work != Work::default(), "{context}: nothing was counted");
                assert!(per_byte(work.candidates) <= 2.0, "{context}");
                assert!(per_byte(work.patterns) <= 2.0, "{context}");
                assert!(per_byte(work.bytes) <= 16.0, "{context}");
                // A block is read with what a pattern can reach around it.
                assert!(per_byte(work.automaton_bytes) <= 1.5, "{context}");
                // Twice the text is twice the work, give or take a block.
                let block = 20_000;
                assert!(work.candidates <= 2 * before.candidates + block, "{context}, before {before:?}");
                assert!(work.patterns <= 2 * before.patterns + block, "{context}, before {before:?}");
                assert!(work.bytes <= 2 * before.bytes + 16 * block, "{context}, before {before:?}");
                before = work;
            }
        }
    }
}

#[test]
fn hostile_texts_give_what_brute_force_gives() {
    for (_, patterns, unit, whole_words) in hostile_cases() {
        let few: Vec<String> = patterns.iter().step_by(patterns.len().div_ceil(100)).cloned().collect();
        let text = unit.repeat(3000_usize.div_ceil(unit.len()));
        check(&few, text.as_bytes(), &Options { whole_words, ..Options::default() });
    }
}
