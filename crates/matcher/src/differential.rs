//! All routes give what the oracle gives, on texts made to be hard: pieces of keywords, disguised and not, side by side
//! with everything that separates, repeats, marks or escapes.

use proptest::prelude::*;

use crate::automaton::{Automaton, Settings};
use crate::brute::Brute;
use crate::fast::Kernel;
use crate::library::{Hit, Library, Scratch, routes_on};
use crate::matcher::Matcher;
use crate::spec::{EntrySpec, Gap, LibrarySpec, MarkupKind, MatchOptions, Overlap};

const WORDS: [&str; 64] = [
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
    "рана foot",
    "ab cd",
    "ab12",
    "x1y",
    "foot 走私",
    "go to it",
    "m\u{430}lware",
    "六四 boot",
    "all",
    "10 bot",
    "bo",
    "to",
    "走走私",
    "b@d",
    "走。私",
    "烟!私",
    "四，走私",
    "cat&dog",
    "一二八",
    "五四三",
    "二手",
];

const PIECES: [&str; 113] = [
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
    "128",
    "5.4.3",
    "-",
];

/// Some texts are of ASCII alone: routes pass over these in another way.
fn text() -> impl Strategy<Value = String> {
    let pieces = proptest::collection::vec(proptest::sample::select(&PIECES[..]), 0..40);
    (pieces, prop::bool::weighted(0.2)).prop_map(|(pieces, is_ascii)| {
        pieces.into_iter().filter(|piece| !is_ascii || piece.is_ascii()).collect::<String>()
    })
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

/// Makes choices from a seed, so that one number of the test case stands for a whole disguise.
struct Choices(u64);

impl Choices {
    fn below(&mut self, count: usize) -> usize {
        self.0 = self.0.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(0x1405_7B7E_F767_814F);
        ((self.0 >> 33) % count as u64) as usize
    }

    fn of<'a, T: ?Sized>(&mut self, items: &[&'a T]) -> &'a T {
        items[self.below(items.len())]
    }
}

/// A keyword as someone may write it who does not want it found, or nearly so: each character in one of its forms, with
/// something between the characters or not.
fn disguised(word: &str, seed: u64) -> String {
    const BETWEEN: [&str; 22] = [
        "", " ", ".", "-", "\u{200B}", "，", "@", "!", "'", "”", "…", "  ", "\n", "(", "/", "\u{301}", "_", ", ",
        "*-*", "—", "\u{3000}", "1",
    ];
    let mut choices = Choices(seed);
    // How often a character is changed, and how often something stands between two.
    let (change, separate) = (choices.below(4), choices.below(5));
    let own = choices.of(&BETWEEN);
    let mut text = choices.of(&["", "", " ", "x", "(", "1", "走", "é", "“", "-", "a "]).to_owned();
    for c in word.chars() {
        let forms: &[&str] = match c {
            'o' => &["0", "O", "о", "ο", "ооо", "ｏ", "&#111;", "0o"],
            'a' => &["4", "@", "A", "а", "á", "%61", "aaa", "４"],
            's' => &["5", "$", "S", "ѕ", "ss", "\\u0073"],
            'i' => &["1", "!", "|", "І", "і", "iii", "①"],
            'l' => &["1", "|", "L", "ⅼ", "l\u{200D}"],
            't' => &["7", "+", "T", "t\u{FE00}", "ttt"],
            'b' => &["8", "6", "B", "ｂ", "в"],
            'e' => &["3", "é", "е", "€"],
            'c' => &["(", "©", "с", "C"],
            '走' => &["赱", "走走走", "&#36208;", "走\u{FE00}"],
            '私' => &["私私私", "%E7%A7%81", "私。"],
            '六' => &["6", "⑥", "陸", "陆", "６"],
            '四' => &["4", "④", "肆", "４"],
            '1' => &["一", "①", "１", "111"],
            '2' => &["二", "貳", "２", "²"],
            '一' => &["1", "１", "壹", "①"],
            '二' => &["2", "２", "②"],
            '三' => &["3", "③"],
            '五' => &["5", "伍", "５"],
            '八' => &["8", "捌", "８", "⑧"],
            ' ' => &["  ", "-", "", ".", " - ", "\n"],
            'r' => &["R", "®", "r\u{AD}"],
            'm' => &["M", "м", "ｍ", "mm"],
            _ => &["", "-", "x"],
        };
        match choices.below(12) {
            at if at < change => text.push_str(choices.of(forms)),
            _ => text.push(c),
        }
        if separate > 1 && choices.below(4) < separate {
            text.push_str(if separate == 4 { own } else { choices.of(&BETWEEN) });
        }
    }
    text + choices.of(&["", "", " ", "x", "!", "1", "私", "é", "”", "'s", " i", "2 "])
}

fn disguises(words: &[&str], seeds: &[(u8, u64)]) -> String {
    let mut text = String::new();
    for &(filler, seed) in seeds {
        let mut choices = Choices(seed);
        text.push_str(&FILLERS[usize::from(filler) % FILLERS.len()].repeat(choices.below(9).saturating_sub(4)));
        text.push_str(&disguised(words[choices.below(words.len())], seed));
        text.push_str(choices.of(&PIECES));
    }
    text
}

/// What prose is made of, and words that may be read from it.
const PROSE: [&str; 66] = [
    "the",
    "day-to-day",
    "soo...there's",
    "that's!",
    "(so",
    "it's",
    "I'm",
    "“don’t",
    "go”",
    "24th",
    "1950's",
    "a",
    "I",
    "b",
    "U.S.",
    "(see",
    "well—known",
    "co-operate",
    "co_op",
    "word!",
    "she'll",
    "A-1",
    "o'clock",
    "e.g.",
    "x=y+1",
    "http://a.b/c-d?e=f",
    "aaah",
    "no.5",
    "50%",
    "AT&T",
    "中文",
    "用iPhone手机",
    "，",
    "“天”",
    "3.14",
    "10,000",
    "naïve",
    "résumé,",
    "Straße",
    "к",
    "Привет",
    "😀",
    "t o d a y",
    "m.e",
    "s-o",
    "2day",
    "l33t",
    "c00l",
    "$ave",
    "h@s",
    "&amp;",
    "it&#39;s",
    "%20",
    "\u{200B}",
    "the\u{200B}re",
    "I’d",
    "we'd",
    "to",
    "day",
    "x",
    "128",
    "AES_128_C",
    "-128",
    "5.4.3",
    "v5.4.31",
    "64",
];
const PROSE_WORDS: [&str; 37] = [
    "today",
    "theres",
    "thats",
    "so",
    "its",
    "im",
    "dont",
    "go",
    "th",
    "s",
    "a",
    "day to",
    "us",
    "csee",
    "wellknown",
    "coop",
    "operate",
    "wordi",
    "shell",
    "al",
    "oclock",
    "eg",
    "xyi",
    "no s",
    "att",
    "手机",
    "iphone手机",
    "naive",
    "resume",
    "me",
    "leet",
    "cool",
    "save",
    "has",
    "一二八",
    "五四三",
    "六四",
];

/// Words that are looked for inside others.
const INNER_WORDS: [&str; 32] = [
    "malware",
    "ransomware",
    "casino",
    "boot",
    "foot",
    "bo",
    "x",
    "ing",
    "the",
    "day to day",
    "рана",
    "café",
    "naïve",
    "jackpot",
    "is it",
    "xxx",
    "aab",
    "aaa",
    "mississippi",
    "oo",
    "l33t",
    "c++",
    "a1b2",
    "k粉",
    "m\u{430}lice",
    "essence",
    "abcabcabd",
    "λόγος",
    "b",
    "straße",
    "tobacco",
    "boss",
];

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

/// The library as it is compiled for every kernel that this processor has.
fn kernels(words: &[&str], options: &MatchOptions) -> impl Iterator<Item = (&'static str, Library)> {
    Kernel::available().into_iter().map(|kernel| {
        let routes = |patterns, options: &_| routes_on(kernel, patterns, options);
        (kernel.name(), Library::compile_with(spec(words, options), routes).expect("compiles"))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn routes_agree_with_the_oracle(words in words(), text in text(), word_boundary in prop::bool::weighted(0.7), wide in prop::bool::weighted(0.2)) {
        let gap = if wide { Gap::Wide } else { Gap::Narrow };
        let options = MatchOptions { word_boundary, gap, overlap: Overlap::All, ..MatchOptions::default() };
        let oracle = find(&brute(&words, &options), &text);
        prop_assert_eq!(&find(&automaton(&words, &options), &text), &oracle, "automaton, {:?}", text);
        for (kernel, library) in kernels(&words, &options) {
            prop_assert_eq!(&find(&library, &text), &oracle, "{}, {:?}", kernel, text);
        }
    }

    #[test]
    fn routes_agree_with_the_oracle_on_longer_texts(words in words(), text in long_text(), word_boundary in prop::bool::weighted(0.7)) {
        let options = MatchOptions { word_boundary, overlap: Overlap::All, ..MatchOptions::default() };
        let oracle = find(&brute(&words, &options), &text);
        prop_assert_eq!(&find(&automaton(&words, &options), &text), &oracle, "automaton, {:?}", text);
        for (kernel, library) in kernels(&words, &options) {
            prop_assert_eq!(&find(&library, &text), &oracle, "{}, {:?}", kernel, text);
        }
    }

    #[test]
    fn routes_agree_with_the_oracle_on_disguised_words(words in words(), seeds in proptest::collection::vec(any::<(u8, u64)>(), 1..12), word_boundary in prop::bool::weighted(0.7), wide in prop::bool::weighted(0.2)) {
        let gap = if wide { Gap::Wide } else { Gap::Narrow };
        let options = MatchOptions { word_boundary, gap, overlap: Overlap::All, ..MatchOptions::default() };
        let text = disguises(&words, &seeds);
        let oracle = find(&brute(&words, &options), &text);
        prop_assert_eq!(&find(&automaton(&words, &options), &text), &oracle, "automaton, {:?}", text);
        for (kernel, library) in kernels(&words, &options) {
            prop_assert_eq!(&find(&library, &text), &oracle, "{}, {:?}", kernel, text);
        }
    }

    #[test]
    fn routes_agree_with_the_automaton_on_prose(
        words in proptest::sample::subsequence(&PROSE_WORDS[..], 1..12),
        tokens in proptest::collection::vec((prop::sample::select(&PROSE[..]), prop::sample::select(&[" ", " ", " ", ", ", "\n", "", "-"][..])), 0..120),
        word_boundary in prop::bool::weighted(0.8),
    ) {
        let options = MatchOptions { word_boundary, overlap: Overlap::All, ..MatchOptions::default() };
        let text: String = tokens.into_iter().flat_map(|(token, behind)| [token, behind]).collect();
        let expected = find(&automaton(&words, &options), &text);
        for (kernel, library) in kernels(&words, &options) {
            prop_assert_eq!(&find(&library, &text), &expected, "{}, {:?}", kernel, text);
        }
    }

    #[test]
    fn routes_agree_with_the_oracle_on_letters_inside_words(
        words in proptest::sample::subsequence(&INNER_WORDS[..], 1..8),
        seeds in proptest::collection::vec((any::<u64>(), prop::sample::select(&PROSE[..]), prop::sample::select(&["", "", "", " ", "-", "x"][..])), 1..12),
        wide in prop::bool::weighted(0.2),
    ) {
        let gap = if wide { Gap::Wide } else { Gap::Narrow };
        let options = MatchOptions { word_boundary: false, gap, overlap: Overlap::All, ..MatchOptions::default() };
        let text: String = seeds
            .into_iter()
            .map(|(seed, prose, between)| {
                let word = INNER_WORDS[Choices(seed).below(INNER_WORDS.len())];
                let word = if seed % 3 == 0 { word.to_owned() } else { disguised(word, seed) };
                [prose, between, &word, between].concat()
            })
            .collect();
        let oracle = find(&brute(&words, &options), &text);
        for (kernel, library) in kernels(&words, &options) {
            prop_assert_eq!(&find(&library, &text), &oracle, "{}, {:?}", kernel, text);
        }
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
