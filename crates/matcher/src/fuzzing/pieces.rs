//! Keywords, and texts made to be hard for them: pieces of keywords, disguised and not, beside everything that separates,
//! repeats, marks, hides or escapes.

use super::input::Input;

/// Keywords that have parts in common with each other and with [`PIECES`].
const WORDS: [&str; 54] = [
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
    "★",
    "一一一",
    "十二",
    "aaa",
    "ﬁne",
    "⑩",
    "new york new",
    "e-mail",
    "走私走私",
    "一二八",
    "五四三",
    "走。私",
    "二手",
    "대출",
    "값",
];

const PIECES: [&str; 157] = [
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
    "一",
    "十",
    "二",
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
    "ㄷ",
    "ㅐ",
    "ㅊㅜㄹ",
    "ㄱㅏㅂ",
    "ㅅ",
    "ㅏ",
    "ㅋ",
    "ﾡ",
    "★",
    "\u{200B}",
    "\u{FE00}",
    "\u{20E3}",
    "\u{AD}",
    "\u{E0041}",
    " ",
    "  ",
    "\n",
    "\n\n",
    "\r\n",
    "\r",
    "\t",
    "，",
    "。",
    "、",
    "：",
    ",",
    ", ",
    ".",
    ". ",
    "'",
    "_",
    "/",
    ":",
    "·",
    "…",
    "“",
    "”",
    "&#36208;",
    "&amp;",
    "&lt;",
    "&nvlt;",
    "&shy;",
    "&ad;",
    "&#x61;",
    "&#97",
    "%E7%A7%81",
    "%61d",
    "%61",
    "%u8d70",
    "\\u8d70",
    "\\u{61}",
    "\\x61",
    "\\U00008d70",
    "\\uD83D\\uDE00",
    "\\",
    "%",
    "&",
    "#",
    ";",
    "{",
    "}",
    "(",
    ")",
    "!",
    "?",
    "$",
    "|",
    "*",
    "😀",
    "🇧🇴",
    "🇦",
    "i",
    "s",
    "is",
    "it",
    "http://",
    "www.",
    ".com",
    "\0",
];

const MARKUP: [&str; 28] = [
    "<b>",
    "</b>",
    "<p>",
    "</p>",
    "<br>",
    "<br/>",
    "<!-- ",
    "-->",
    "<script>",
    "</script>",
    "<style>",
    "<a href='x>y'>",
    "<a",
    "<",
    ">",
    "\"",
    "'",
    "=",
    "**",
    "__",
    "`",
    "[",
    "](x)",
    "](",
    "][",
    "![",
    "\\*",
    "~~",
];

/// Stretches in which nothing is to be found, of one and of several bytes a character, plain and not.
const FILLERS: [&str; 16] = [
    "天地玄黄",
    "the quick brown fox ",
    "，",
    "1234 ",
    "x",
    "Привет ",
    "😀",
    "“天” ",
    "\u{200B}",
    "\u{301}",
    "a",
    "走",
    ". ",
    "<i>",
    "&#97;",
    "ab-",
];

const SEPARATORS: [&str; 20] = [
    " ", "-", ".", "·", "/", "_", "，", "\n", "\u{200B}", "\u{301}", "*", "  ", " - ", "+", "@", "、", "😀", "1",
    "<b>", "\n\n",
];

/// Keywords: of the list, put together of pieces, made of others, or of any characters. `fewest..=most` of them.
pub(super) fn words(input: &mut Input, fewest: usize, most: usize) -> Vec<String> {
    let count = fewest + input.below(most - fewest + 1);
    let mut words: Vec<String> = Vec::with_capacity(count);
    for _ in 0..count {
        let word = match input.byte() % 8 {
            0..4 => input.pick(&WORDS).to_owned(),
            4 => (0..=input.below(4)).map(|_| input.pick(&PIECES)).collect(),
            5 => (0..=input.below(6)).map(|_| input.char()).collect(),
            6 => part_of_one(input, &words),
            _ => {
                let one = one_of(input, &words).to_owned();
                one.repeat(1 + input.below(3)) + input.pick(&PIECES)
            }
        };
        words.push(word);
    }
    words
}

fn one_of<'w>(input: &mut Input, words: &'w [String]) -> &'w str {
    let at = input.below(words.len().max(1));
    words.get(at).map_or("走私", String::as_str)
}

/// The beginning or the end of a keyword.
fn part_of_one(input: &mut Input, words: &[String]) -> String {
    let chars: Vec<char> = one_of(input, words).chars().collect();
    let at = input.below(chars.len() + 1);
    let (head, tail) = chars.split_at(at);
    if input.one_in(2) { tail.iter().collect() } else { head.iter().collect() }
}

/// A text of what is left of the input, about `most` bytes at most, with markup in it if asked for.
pub(super) fn text(input: &mut Input, words: &[String], most: usize, with_markup: bool) -> String {
    let mut text = String::new();
    while !input.is_empty() && text.len() < most {
        let left = most - text.len();
        match input.byte() % 16 {
            0..5 => text.push_str(input.pick(&PIECES)),
            5 => text.push_str(one_of(input, words)),
            6..9 => disguise(input, words, &mut text),
            9 => text.push(input.char()),
            10 => {
                let c = input.char();
                escape(input, c, &mut text);
            }
            11 => {
                let filler = input.pick(&FILLERS);
                // A long text is long by its fillers.
                let times = input.below(32) * (1 + most / 4096);
                text.push_str(&filler.repeat(times.min(left / filler.len())));
            }
            12 => {
                let times = [2, 3, 4, 9, 65, 130, 257, 300][input.below(8)];
                if let Some(c) = text.chars().next_back() {
                    text.extend(std::iter::repeat_n(c, times.min(left / c.len_utf8())));
                }
            }
            13 if with_markup => text.push_str(input.pick(&MARKUP)),
            13 => text.push_str(&part_of_one(input, words)),
            14 => {
                // What comes next stands at an edge of a step or block of some route, or just before.
                let edge = [16, 64, 1024, 4096, 8192][input.below(5)];
                let ahead = input.below(16);
                let missing = (edge - (text.len() + ahead) % edge) % edge;
                let filler = ["x", ".", " ", "a"][input.below(4)];
                text.push_str(&filler.repeat(missing.min(left)));
            }
            _ => text.push_str(input.pick(&SEPARATORS)),
        }
    }
    text
}

/// Writes a keyword so that it may still be seen.
fn disguise(input: &mut Input, words: &[String], text: &mut String) {
    let word = one_of(input, words).to_owned();
    let way = input.byte() % 11;
    let separator = input.pick(&SEPARATORS);
    let times = 1 + input.below(10);
    let characters = word.chars().count();
    for (at, c) in word.chars().enumerate() {
        let way = if way == 10 { input.byte() % 10 } else { way };
        let is_last = at + 1 == characters;
        match way {
            0 => text.push(c),
            1 => escape(input, c, text),
            2 => text.push(full_width(c)),
            3 => text.extend(c.to_uppercase()),
            4 => text.extend(std::iter::repeat_n(c, times)),
            5 => text.push(lookalike(c)),
            // Cut short.
            6 if is_last => {}
            7 => {
                text.push(c);
                text.push_str(&"\u{200B}".repeat(if is_last { 0 } else { times }));
            }
            8 => spell_out(c, text),
            _ => {
                text.push(c);
                text.push_str(&separator.repeat(if is_last { 0 } else { times.min(5) }));
            }
        }
    }
}

/// A syllable of Hangul by the letters of a keyboard; another character as it is.
fn spell_out(c: char, text: &mut String) {
    const LEADS: &str = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ";
    const FINALS: &str = "ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ";
    let Some(syllable) = (c as usize).checked_sub(0xAC00).filter(|&syllable| syllable < 11_172) else {
        return text.push(c);
    };
    text.extend(LEADS.chars().nth(syllable / 588));
    text.extend(char::from_u32(0x314F + (syllable / 28 % 21) as u32));
    text.extend((syllable % 28).checked_sub(1).and_then(|last| FINALS.chars().nth(last)));
}

fn full_width(c: char) -> char {
    let value = u32::from(c);
    if ('!'..='~').contains(&c) { char::from_u32(value + 0xFEE0).unwrap_or(c) } else { c }
}

fn lookalike(c: char) -> char {
    match c {
        'a' => '@',
        'b' => '8',
        'c' => '(',
        'e' => '3',
        'i' | '一' => '1',
        'l' => '|',
        'o' => '0',
        's' => '$',
        't' => '+',
        'x' => '×',
        'r' => 'г',
        'p' => 'р',
        'n' => 'п',
        'k' => 'к',
        'm' => 'м',
        '六' => '6',
        '走' => '⾛',
        '私' => '厶',
        c => c,
    }
}

/// Spells a character by one of the escapes that the reader knows.
fn escape(input: &mut Input, c: char, text: &mut String) {
    let value = u32::from(c);
    let bytes = |spell: fn(u8) -> String| c.encode_utf8(&mut [0; 4]).bytes().map(spell).collect();
    let units = |spell: fn(&u16) -> String| c.encode_utf16(&mut [0; 2]).iter().map(spell).collect();
    let spelled: String = match input.byte() % 8 {
        0 => format!("&#{value};"),
        1 => format!("&#x{value:x};"),
        2 => format!("&#{value}"),
        3 => bytes(|byte| format!("%{byte:02X}")),
        4 => units(|unit| format!("\\u{unit:04x}")),
        5 => units(|unit| format!("%u{unit:04X}")),
        6 => format!("\\u{{{value:x}}}"),
        _ => bytes(|byte| format!("\\x{byte:02x}")),
    };
    text.push_str(&spelled);
}
