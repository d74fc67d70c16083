//! All routes give what the oracle gives, on texts made to be hard: pieces of keywords, disguised and not, side by side
//! with everything that separates, repeats, marks or escapes.

use proptest::prelude::*;

use crate::automaton::{Automaton, Settings};
use crate::brute::Brute;
use crate::library::{Hit, Library, Scratch, routes};
use crate::matcher::Matcher;
use crate::spec::{EntrySpec, Gap, LibrarySpec, MarkupKind, MatchOptions, Overlap};

const WORDS: [&str; 43] = [
    "走私",
    "走私香烟",
    "香烟",
    "私",
    "骗保",
    "六四",
    "66778",
    "8964",
    "6",
    "vpn翻墙",
    "k粉",
    "粉",
    "ransom",
    "som",
    "malware",
    "boot",
    "bot",
    "foot",
    "hello world",
    "a b",
    "c++",
    "t-shirt",
    "café",
    "рана",
    "pana",
    "λόγος",
    "straße",
    "あか",
    "が",
    "한국",
    "★★",
    "b2b",
    "走·私",
    "x",
    "amp",
    "d",
    "u",
    "ad",
    "is it",
    "#走私",
    "★私",
    "+b",
    "- k",
];

const PIECES: [&str; 110] = [
    "走",
    "私",
    "走私",
    "香",
    "烟",
    "香烟",
    "骗",
    "騙",
    "保",
    "六",
    "四",
    "6",
    "4",
    "7",
    "8",
    "9",
    "①",
    "⑩",
    "⑥",
    "vpn",
    "翻",
    "墙",
    "k",
    "粉",
    "ran",
    "som",
    "Ransom",
    "ransom",
    "m",
    "a",
    "l",
    "w",
    "r",
    "e",
    "4",
    "@",
    "3",
    "malware",
    "b",
    "o",
    "t",
    "oo",
    "ooo",
    "boot",
    "bot",
    "f",
    "hello",
    "world",
    "c",
    "+",
    "++",
    "-",
    "shirt",
    "caf",
    "é",
    "e\u{301}",
    "\u{301}",
    "р",
    "а",
    "н",
    "р\u{430}na",
    "p",
    "n",
    "λόγος",
    "strasse",
    "ß",
    "あ",
    "か",
    "が",
    "\u{3099}",
    "ﾞ",
    "한",
    "국",
    "ᄒ",
    "ᅡ",
    "ᆫ",
    "★",
    "\u{200B}",
    "\u{FE00}",
    "\u{20E3}",
    " ",
    "  ",
    "\n",
    "\r\n",
    "，",
    "。",
    ",",
    ".",
    "'",
    "_",
    "&#36208;",
    "&amp;",
    "%E7%A7%81",
    "\\u8d70",
    "😀",
    "🇧🇴",
    "&#x61;",
    "%61d",
    "\\u{61}",
    "&ad;",
    "#",
    "%",
    "&",
    "(",
    ")",
    "!",
    "i",
    "s",
    "is",
    "it",
];

fn text() -> impl Strategy<Value = String> {
    proptest::collection::vec(proptest::sample::select(&PIECES[..]), 0..40).prop_map(|pieces| pieces.concat())
}

/// Texts of several steps of every kernel, with clean stretches of several kinds between the pieces.
fn long_text() -> impl Strategy<Value = String> {
    let filler = proptest::sample::select(&FILLERS[..]);
    let piece = proptest::sample::select(&PIECES[..]);
    let pieces = proptest::collection::vec(piece, 1..12);
    proptest::collection::vec((filler, 0_usize..20, pieces), 1..16).prop_map(|parts| {
        let part = |(filler, times, pieces): (&str, usize, Vec<&str>)| filler.repeat(times) + &pieces.concat();
        parts.into_iter().map(part).collect()
    })
}

const FILLERS: [&str; 8] = ["天地玄黄", "the quick brown fox ", "，", "1234 ", "x", "Привет ", "😀", "“天” "];

fn words() -> impl Strategy<Value = Vec<&'static str>> {
    proptest::sample::subsequence(&WORDS[..], 1..10)
}

fn spec(words: &[&str], options: &MatchOptions) -> LibrarySpec {
    let entries = words.iter().map(|word| EntrySpec { text: (*word).to_owned(), ..EntrySpec::default() }).collect();
    LibrarySpec { entries, options: options.clone() }
}

fn find(library: &Library, text: &str) -> Vec<Hit> {
    let mut hits = Vec::new();
    library.find(text, &mut Scratch::default(), &mut hits);
    hits
}

fn brute(words: &[&str], options: &MatchOptions) -> Library {
    let brute = |patterns: Vec<_>, options: &MatchOptions| {
        Ok(vec![Box::new(Brute { patterns, settings: Settings::new(options) }) as Box<dyn Matcher>])
    };
    Library::compile_with(spec(words, options), brute).expect("compiles")
}

fn automaton(words: &[&str], options: &MatchOptions) -> Library {
    let automaton = |patterns: Vec<_>, options: &MatchOptions| {
        Ok(vec![Box::new(Automaton::new(patterns, options)?) as Box<dyn Matcher>])
    };
    Library::compile_with(spec(words, options), automaton).expect("compiles")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn routes_agree_with_the_oracle(words in words(), text in text(), word_boundary in prop::bool::weighted(0.7), wide in prop::bool::weighted(0.2)) {
        let gap = if wide { Gap::Wide } else { Gap::Narrow };
        let options = MatchOptions { word_boundary, gap, overlap: Overlap::All, ..MatchOptions::default() };
        let oracle = find(&brute(&words, &options), &text);
        prop_assert_eq!(&find(&automaton(&words, &options), &text), &oracle, "automaton, {:?}", text);
        let fast = Library::compile_with(spec(&words, &options), routes).expect("compiles");
        prop_assert_eq!(&find(&fast, &text), &oracle, "routes, {:?}", text);
    }

    #[test]
    fn routes_agree_with_the_oracle_on_longer_texts(words in words(), text in long_text(), word_boundary in prop::bool::weighted(0.7)) {
        let options = MatchOptions { word_boundary, overlap: Overlap::All, ..MatchOptions::default() };
        let oracle = find(&brute(&words, &options), &text);
        prop_assert_eq!(&find(&automaton(&words, &options), &text), &oracle, "automaton, {:?}", text);
        let fast = Library::compile_with(spec(&words, &options), routes).expect("compiles");
        prop_assert_eq!(&find(&fast, &text), &oracle, "routes, {:?}", text);
    }

    #[test]
    fn markup_and_noise_agree_with_the_oracle(words in words(), text in text(), tags in proptest::collection::vec((0_usize..40, prop::sample::select(&["<b>", "</p>", "<br>", "**", "](x)", "<!-- ", "-->", "x", "xx"][..])), 0..8)) {
        let mut text = text;
        for (at, tag) in tags {
            let at = text.char_indices().map(|(at, _)| at).nth(at).unwrap_or(text.len());
            text.insert_str(at, tag);
        }
        for (markup, noise) in [(MarkupKind::Html, ""), (MarkupKind::Markdown, ""), (MarkupKind::None, "x")] {
            let options = MatchOptions { markup, noise: noise.to_owned(), overlap: Overlap::All, ..MatchOptions::default() };
            let oracle = find(&brute(&words, &options), &text);
            prop_assert_eq!(&find(&automaton(&words, &options), &text), &oracle, "{:?} {:?}", options, text);
        }
    }
}

/// More cases when asked for: the tests of every day are short.
fn cases() -> u32 {
    std::env::var("CORPUSGATE_DIFFERENTIAL_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(400)
}
