//! The gram engine against brute force.

use std::collections::HashSet;

use super::input::Input;
use crate::gram::{Gram, GramError, Kernel, Options, Scratch};

/// Pattern, start and end.
type Match = (u32, u32, u32);

pub(super) fn run(input: &mut Input) {
    match input.byte() % 8 {
        0 => forged(input),
        1 => refused(input),
        _ => searched(input),
    }
}

/// Patterns that can be compiled, and a text that has them.
fn searched(input: &mut Input) {
    let whole_words = input.one_in(2);
    let map = fold(input);
    let sample = input.one_in(4).then(|| input.bytes(24).repeat(40));
    let patterns = patterns(input);
    let is_stored = input.one_in(4);
    let texts = [text(input, &patterns, 200), text(input, &patterns, 1), text(input, &patterns, 20_000)];

    let options = Options { whole_words, fold: map.as_ref(), sample: sample.as_deref() };
    let mut gram = Gram::compile(&patterns, &options).unwrap_or_else(|error| panic!("{patterns:?}: {error}"));
    if is_stored {
        let bytes = gram.to_bytes();
        let read = Gram::from_bytes(&bytes).expect("what was stored is read");
        assert_eq!(read.to_bytes(), bytes, "stored again, the library is other bytes");
        assert_eq!(read.stats(), gram.stats());
        gram = read;
    }
    // One memory for all texts and kernels: what one leaves in it must not reach the next.
    let mut scratch = Scratch::default();
    for text in &texts {
        let expected = brute(&patterns, text, &options);
        for kernel in Kernel::available() {
            gram = gram.with_kernel(kernel);
            let found = find(&gram, text, &mut scratch);
            if found != expected {
                let missing: Vec<_> = expected.iter().filter(|it| !found.contains(it)).take(5).collect();
                let extra: Vec<_> = found.iter().filter(|it| !expected.contains(it)).take(5).collect();
                panic!(
                    "{}: missing {missing:?}, extra {extra:?}, {} found, {} expected\n{:?}\npatterns {patterns:?}\n\
                     whole words {whole_words}, fold {map:?}\ntext {:?}",
                    kernel.name(),
                    found.len(),
                    expected.len(),
                    gram.stats(),
                    String::from_utf8_lossy(text),
                );
            }
        }
    }
}

/// Sorted, so that one match that is found twice is seen as a difference.
fn find(gram: &Gram, text: &[u8], scratch: &mut Scratch) -> Vec<Match> {
    // A text of its own length, so that a sanitizer sees a read behind its end.
    let text: Box<[u8]> = text.into();
    let mut matches = Vec::new();
    gram.find_all(&text, scratch, &mut |found| matches.extend(found.iter()));
    matches.sort_unstable();
    matches
}

/// Every pattern at every byte of the folded text, with the edges that whole words need.
fn brute(patterns: &[String], text: &[u8], options: &Options) -> Vec<Match> {
    let fold = |&byte: &u8| options.fold.and_then(|map| map.get(usize::from(byte)).copied()).unwrap_or(byte);
    let text: Vec<u8> = text.iter().map(fold).collect();
    let is_letter = |at: Option<usize>| at.and_then(|at| text.get(at)).is_some_and(u8::is_ascii_alphabetic);
    let mut found = Vec::new();
    for (id, pattern) in (0..).zip(patterns) {
        let (first, last) = (pattern.as_bytes()[0], pattern.as_bytes()[pattern.len() - 1]);
        for (start, window) in text.windows(pattern.len()).enumerate() {
            if window[0] != first || window != pattern.as_bytes() {
                continue;
            }
            let end = start + pattern.len();
            let continues = first.is_ascii_alphabetic() && is_letter(start.checked_sub(1));
            let goes_on = last.is_ascii_alphabetic() && is_letter(Some(end));
            if !(options.whole_words && (continues || goes_on)) {
                found.push((id, start as u32, end as u32));
            }
        }
    }
    found.sort_unstable();
    found
}

/// No fold, lower case, or a map of which some bytes are any.
fn fold(input: &mut Input) -> Option<[u8; 128]> {
    let mut map = std::array::from_fn(|byte| (byte as u8).to_ascii_lowercase());
    match input.byte() % 4 {
        2 => {}
        3 => {
            for _ in 0..=input.below(16) {
                map[input.below(128)] = input.byte() & 0x7F;
            }
        }
        _ => return None,
    }
    Some(map)
}

/// Distinct patterns that are not empty, valid and short enough: of few letters, so that they nest, overlap and repeat.
fn patterns(input: &mut Input) -> Vec<String> {
    const LETTERS: [&[&str]; 8] = [
        &["a", "b"],
        &["a", "b", "c", "d", " "],
        &["走", "私", "香", "烟"],
        &["走", "私", "a", "b"],
        &["é", "走", "a", "😀"],
        &["а", "б", "в"],
        &["A", "a", "1", "'", " ", "z", "Z", "[", "`", "{", "@"],
        &["e", "t", "a", "o", "in", "th", "er", "on", " "],
    ];
    let count = 1 + if input.one_in(8) { input.below(300) } else { input.below(24) };
    let mut patterns: Vec<String> = Vec::with_capacity(count);
    for _ in 0..count {
        let letters = LETTERS[input.below(LETTERS.len())];
        let mut pattern = String::new();
        match input.byte() % 16 {
            0 => pattern.extend((0..=input.below(6)).map(|_| input.char())),
            1 | 2 => pattern = letters[input.below(letters.len())].repeat(1 + input.below(20)),
            3..6 if !patterns.is_empty() => {
                // A part of another, or that and more.
                let chars: Vec<char> = patterns[input.below(patterns.len())].chars().collect();
                let from = input.below(chars.len());
                let to = from + 1 + input.below(chars.len() - from);
                pattern.extend(&chars[from..to]);
                pattern.extend((0..input.below(3)).map(|_| letters[input.below(letters.len())]));
            }
            6 => {
                let long = [16, 17, 40, 64, 255, 256, 257, 1024][input.below(8)];
                while pattern.len() < long && !input.is_empty() {
                    let unit: String = (0..=input.below(5)).map(|_| letters[input.below(letters.len())]).collect();
                    pattern.push_str(&unit.repeat(1 + input.below(16)));
                }
                while pattern.len() > long {
                    pattern.pop();
                }
            }
            _ => pattern.extend((0..=input.below(12)).map(|_| letters[input.below(letters.len())])),
        }
        patterns.push(pattern);
    }
    let mut seen = HashSet::new();
    patterns.retain(|pattern| {
        !pattern.is_empty() && pattern.len() <= Gram::MAX_PATTERN_BYTES && seen.insert(pattern.clone())
    });
    if patterns.is_empty() {
        patterns.push("a".to_owned());
    }
    patterns
}

/// Text of about `most` bytes at most, made of at most 400 bytes of the input: patterns whole, cut and damaged, any
/// bytes, and filler that puts what follows at an edge of a vector, block or piece.
fn text(input: &mut Input, patterns: &[String], most: usize) -> Vec<u8> {
    let mut input = Input::new(input.bytes(if most > 1000 { usize::MAX } else { 40 }));
    let mut text = Vec::new();
    while !input.is_empty() && text.len() < most {
        let left = most - text.len();
        let pattern = patterns[input.below(patterns.len())].as_bytes();
        let from = text.len();
        match input.byte() % 16 {
            0..5 => text.extend_from_slice(pattern),
            5 => text.extend_from_slice(&pattern[input.below(pattern.len())..]),
            6 => text.extend_from_slice(&pattern[..input.below(pattern.len())]),
            7 => {
                text.extend_from_slice(pattern);
                text[from + input.below(pattern.len())] = input.byte();
            }
            8 => {
                text.extend_from_slice(pattern);
                text[from..].make_ascii_uppercase();
            }
            9 => text.extend_from_slice(pattern.repeat(input.below(64)).get(..left).unwrap_or(pattern)),
            10 => {
                let count = input.below(16);
                text.extend_from_slice(input.bytes(count));
            }
            11 => text.push([0xE8, 0x80, 0xFF, 0xC3, 0xF0, 0x00, b'\n', 0xBF][input.below(8)]),
            12 => text.extend_from_slice(input.char().encode_utf8(&mut [0; 4]).as_bytes()),
            13 => {
                let edge = [16, 32, 64, 128, 4096, 32_768][input.below(6)];
                let ahead = input.below(24);
                let missing = (edge - (text.len() + ahead) % edge) % edge;
                text.resize(from + missing.min(left), *b".a\xE8 x".get(input.below(5)).unwrap_or(&b'.'));
            }
            14 => text.extend_from_slice(&pattern.repeat(1 + left / pattern.len() / 2)),
            _ => text.push(b" .,a-1zZ"[input.below(8)]),
        }
    }
    text
}

/// Patterns of which some cannot be compiled: they are refused, exactly those.
fn refused(input: &mut Input) {
    let mut patterns: Vec<Vec<u8>> = Vec::new();
    for _ in 0..=input.below(6) {
        let pattern = match input.byte() % 4 {
            0 => vec![b'a'; [1023, 1024, 1025, 70_000][input.below(4)]],
            1 if !patterns.is_empty() => patterns[input.below(patterns.len())].clone(),
            _ => {
                let count = input.below(8);
                input.bytes(count).to_vec()
            }
        };
        patterns.push(pattern);
    }
    let distinct: HashSet<_> = patterns.iter().collect();
    let is_sound = |pattern: &Vec<u8>| {
        !pattern.is_empty() && pattern.len() <= Gram::MAX_PATTERN_BYTES && std::str::from_utf8(pattern).is_ok()
    };
    let result = Gram::compile(&patterns, &Options::default());
    let can_be_compiled = distinct.len() == patterns.len() && patterns.iter().all(is_sound);
    assert_eq!(result.is_ok(), can_be_compiled, "{:?}", result.err());
    match result {
        Ok(gram) => assert_eq!(gram.patterns(), patterns.len()),
        Err(GramError::Empty { pattern }) => assert!(patterns[pattern].is_empty()),
        Err(GramError::TooLong { pattern, bytes }) => assert_eq!(patterns[pattern].len(), bytes),
        Err(GramError::NotUtf8 { pattern }) => assert!(std::str::from_utf8(&patterns[pattern]).is_err()),
        Err(GramError::Duplicate { patterns: (first, second) }) => {
            assert!(first < second && patterns[first] == patterns[second]);
        }
        Err(error) => panic!("{error}"),
    }
}

/// Bytes that say they are a compiled library: any bytes, or those of a library with some changed and the checksum made
/// to fit. They are refused, or the library is searched and keeps to the text and to its patterns.
fn forged(input: &mut Input) {
    if input.one_in(4) {
        let count = input.below(64);
        assert!(Gram::from_bytes(input.bytes(count)).is_err());
    }
    let options = Options { whole_words: input.one_in(2), ..Options::default() };
    let patterns = patterns(input);
    let mut bytes = Gram::compile(&patterns, &options).expect("compiles").to_bytes();
    let [sum, body] = [16..24, 24..bytes.len()];
    let checksum_of = |bytes: &[u8]| checksum(&bytes[body.clone()]).to_le_bytes();
    assert_eq!(bytes[sum.clone()], checksum_of(&bytes), "the checksum of this file is not that of the format");
    // What indices are checked for stands at the two ends; between them there are mostly words of filters, in which
    // nothing can be wrong.
    let tail = 2048.min(bytes.len() - 24);
    for _ in 0..=input.below(4) {
        let at = match input.byte() % 4 {
            0 => 24 + input.below(64),
            1 => 24 + (input.below(65_536) * 256 + input.below(256)) % (bytes.len() - 24),
            _ => bytes.len() - 1 - input.below(tail),
        };
        if let Some(byte) = bytes.get_mut(at) {
            *byte = match input.byte() % 4 {
                0 => input.byte(),
                1 => byte.wrapping_add(1),
                2 => byte.wrapping_sub(1),
                _ => 0xFF,
            };
        }
    }
    if input.one_in(8) {
        bytes.truncate(24 + input.below(bytes.len() - 24));
    }
    let fits = checksum(&bytes[24..]).to_le_bytes();
    bytes[sum].copy_from_slice(&fits);
    let text = text(input, &patterns, 20_000);
    let mut scratch = Scratch::default();
    for kernel in Kernel::available() {
        let Ok(gram) = Gram::from_bytes(&bytes) else { return };
        let gram = gram.with_kernel(kernel);
        for (pattern, start, end) in find(&gram, &text, &mut scratch) {
            let is_within = start <= end && end as usize <= text.len() && (pattern as usize) < gram.patterns();
            assert!(is_within, "{}: pattern {pattern} of {} at {start}..{end}", kernel.name(), gram.patterns());
        }
    }
}

/// The checksum of the stored form, which finds damage and does not stop a forger: this is one.
fn checksum(bytes: &[u8]) -> u64 {
    let mut chunks: Vec<[u8; 8]> = bytes.chunks_exact(8).map(|chunk| chunk.try_into().expect("of eight")).collect();
    let rest = bytes.chunks_exact(8).remainder();
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    chunks.push(last);
    chunks.iter().fold(bytes.len() as u64, |sum, chunk| {
        (sum ^ u64::from_le_bytes(*chunk)).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29)
    })
}
