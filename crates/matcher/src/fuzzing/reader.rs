//! The reader of units against what it promises.

use normalize::{Class, FoldedText, Markup, Reader, Reading, Unit, fold_str, fold_text, is_escape, tables};

use super::input::Input;
use super::pieces;

pub(super) fn run(input: &mut Input) {
    let escapes = !input.one_in(4);
    let markup = match input.byte() % 4 {
        2 => Markup::Html,
        3 => Markup::Markdown,
        _ => Markup::None,
    };
    let reading = Reading { escapes, markup };
    let steps = input.bytes(6);
    let text = if input.one_in(4) {
        String::from_utf8_lossy(input.bytes(usize::MAX)).into_owned()
    } else {
        let words = pieces::words(input, 0, 3);
        pieces::text(input, &words, 1500, markup != Markup::None)
    };
    let units = read(&text, 0, reading);
    ascend(&text, &units);
    fold_once(&units);
    in_steps(&text, reading, steps, &units);
    if markup == Markup::None {
        cover(&text, &units, reading);
        from_any_unit(&text, reading, &units);
    }
    folded_text(&text);
    for at in 0..text.len() {
        let may_be = matches!(text.as_bytes()[at], b'&' | b'%' | b'\\');
        assert!(may_be || !is_escape(&text, at), "an escape at {at} of {text:?}");
    }
}

fn read(text: &str, at: usize, reading: Reading) -> Vec<Unit> {
    let mut units = Vec::new();
    assert!(!Reader::new(text, at, reading).read(&mut units, usize::MAX, usize::MAX), "all was read");
    units
}

/// The reader's own unit, which cuts text with too many characters left out.
fn is_barrier(unit: &Unit) -> bool {
    unit.raw == '\0' && unit.class == Class::Clause
}

/// Spans are in order and on edges of characters.
fn ascend(text: &str, units: &[Unit]) {
    let (mut start, mut end) = (0, 0);
    for (at, unit) in units.iter().enumerate() {
        let is_new = if unit.is_part() { unit.start >= start } else { unit.start >= end };
        assert!(is_new && unit.start >= start && unit.end >= end, "unit {at} of {text:?}: {unit:?}");
        assert!(unit.start <= unit.end && unit.end <= unit.tail, "unit {at} of {text:?}: {unit:?}");
        let edges = [unit.start, unit.end, unit.tail].map(|edge| text.is_char_boundary(edge as usize));
        assert_eq!(edges, [true; 3], "unit {at} of {text:?}: {unit:?}");
        (start, end) = (unit.start, unit.end);
    }
}

/// What was folded folds to itself, and what is of a keyword stays the same kind of character. What separates may not: a
/// clause mark in full width ends a clause, the comma that it folds to does so only with a space behind it.
fn fold_once(units: &[Unit]) {
    let plain = Reading { escapes: false, markup: Markup::None };
    for unit in units.iter().filter(|unit| !is_barrier(unit) && !unit.is_regional()) {
        assert_eq!(tables().fold_one(unit.fold), unit.fold, "{unit:?}");
        let again = read(unit.fold.encode_utf8(&mut [0; 4]), 0, plain);
        let [again] = again.as_slice() else { panic!("{unit:?} is read again as {again:?}") };
        assert_eq!(again.fold, unit.fold, "{unit:?} is read again as {again:?}");
        let is_same_kind = again.class == unit.class || unit.is_part();
        assert!(is_same_kind || !(unit.is_content() || again.is_content()), "{unit:?} is read again as {again:?}");
    }
}

/// Between units there is nothing but what cannot be seen.
fn cover(text: &str, units: &[Unit], reading: Reading) {
    let mut end = 0;
    let edges = units.iter().filter(|unit| !is_barrier(unit)).map(|unit| (unit.start as usize, unit.tail as usize));
    for (start, tail) in edges.chain([(text.len(), text.len())]) {
        if start > end {
            let between = &text[end..start];
            let seen = read(between, 0, reading);
            assert!(seen.iter().all(is_barrier), "{between:?} has no unit in {text:?}, but is {seen:?}");
        }
        end = end.max(tail);
    }
}

/// However far the reader is let go at a time, the units are the same.
fn in_steps(text: &str, reading: Reading, steps: &[u8], expected: &[Unit]) {
    let mut reader = Reader::new(text, 0, reading);
    let mut units = Vec::new();
    for &step in steps.iter().cycle() {
        let many = usize::from(step / 2);
        let has_more = if step % 2 == 0 {
            reader.read(&mut units, reader.position() + 1 + many, usize::MAX)
        } else {
            let most = units.len() + 1 + many;
            reader.read(&mut units, usize::MAX, most)
        };
        if !has_more {
            assert_eq!(units, expected, "{text:?} in steps of {steps:?}");
            return;
        }
    }
}

/// A reader that starts at a unit gives the same units from there on, but for what the first says of text before it.
fn from_any_unit(text: &str, reading: Reading, units: &[Unit]) {
    let is_start = |unit: &Unit| !(unit.is_part() || unit.is_regional() || is_barrier(unit));
    // Every start of a short text, of a long one so many that the time stays linear.
    let step = 1 + units.len() / 64;
    for (at, unit) in units.iter().enumerate().filter(|(_, unit)| is_start(unit)).step_by(step) {
        let again = read(text, unit.start as usize, reading);
        let is_same = again.len() == units.len() - at
            && again.iter().skip(1).eq(&units[at + 1..])
            && again.first().is_some_and(|first| shows_the_same(first, unit));
        assert!(is_same, "{text:?} from {unit:?}:\n{again:?}\n{:?}", &units[at..]);
    }
}

fn shows_the_same(a: &Unit, b: &Unit) -> bool {
    let shown = |unit: &Unit| {
        let flags = (unit.is_escaped(), unit.is_part());
        (unit.start, unit.end, unit.tail, unit.fold, unit.raw, unit.class, unit.digit, flags)
    };
    shown(a) == shown(b)
}

/// The folding of the classifier: twice is once, and each folded character comes from the stored one it is the fold of.
fn folded_text(text: &str) {
    let mut folded = FoldedText::default();
    fold_text(text, &mut folded);
    assert_eq!(fold_str(folded.as_str()), folded.as_str(), "{text:?} folds further");
    assert_eq!(folded.stored_len(), text.len());
    let mut last = (0, 0);
    for (at, c) in folded.as_str().char_indices() {
        let (start, end) = folded.stored_range(at, at + c.len_utf8());
        assert!(last.0 <= start && start < end, "{c:?} at {at} of {text:?} comes from {start}..{end}");
        let stored = text.get(start..end).unwrap_or_else(|| panic!("{start}..{end} cuts a character of {text:?}"));
        assert!(fold_str(stored).contains(c), "{c:?} at {at} of {text:?} comes from {stored:?}");
        last = (start, end);
    }
    assert!(last.1 == text.len() || text.is_empty(), "the end of {text:?} comes from nowhere");
}
