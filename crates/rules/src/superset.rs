//! A rougher rule: it matches at least where the rule does, and is cheaper to look for.
//!
//! A prefilter may report too much, never too little. So assertions are left out, large sets of characters are rounded
//! up, and high repeat counts lose their upper bound: each of these can only add matches. What is left are plain
//! regular expressions over characters, which every engine understands in the same way.

use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, Hir, HirKind, Repetition};

/// How much is rounded up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Roughness {
    /// Most ranges of characters that a set keeps outside of ASCII; at least 1.
    pub(crate) ranges: usize,
    /// Highest repeat count that is kept. A higher one means "any number from here".
    pub(crate) repeats: u32,
}

/// The rougher form of a rule: every match of `hir` is a match of it, with the same start and end.
pub(crate) fn superset(hir: &Hir, rough: Roughness) -> Hir {
    let all = |parts: &[Hir]| parts.iter().map(|part| superset(part, rough)).collect();
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => Hir::empty(),
        HirKind::Literal(literal) => Hir::literal(literal.0.clone()),
        HirKind::Class(Class::Unicode(class)) => Hir::class(Class::Unicode(round_up(class, rough.ranges))),
        // Bytes stand in a rule only where all of them are ASCII.
        HirKind::Class(class @ Class::Bytes(_)) => Hir::class(class.clone()),
        HirKind::Repetition(repetition) => Hir::repetition(Repetition {
            min: repetition.min.min(rough.repeats),
            max: repetition.max.filter(|&max| max <= rough.repeats),
            greedy: true,
            sub: Box::new(superset(&repetition.sub, rough)),
        }),
        HirKind::Capture(capture) => superset(&capture.sub, rough),
        HirKind::Concat(parts) => Hir::concat(all(parts)),
        HirKind::Alternation(branches) => Hir::alternation(all(branches)),
    }
}

/// How large a rule is with its repeats written out: about the number of sets of bytes that a match can walk through.
/// What a prefilter costs to compile grows with it, and for the libraries faster than that.
pub(crate) fn size(hir: &Hir) -> usize {
    let sum = |parts: &[Hir]| parts.iter().map(size).fold(0, usize::saturating_add);
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => 0,
        HirKind::Literal(literal) => literal.0.len(),
        HirKind::Class(Class::Bytes(_)) => 1,
        // All of ASCII is one set of bytes; what lies behind it takes a sequence of such sets for each range.
        HirKind::Class(Class::Unicode(class)) => {
            1 + class.iter().filter(|range| !range.end().is_ascii()).map(|range| range.end().len_utf8()).sum::<usize>()
        }
        HirKind::Repetition(repetition) => {
            let times = repetition.max.unwrap_or(repetition.min).max(1);
            size(&repetition.sub).saturating_mul(times as usize)
        }
        HirKind::Capture(capture) => size(&capture.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => sum(parts),
    }
}

/// Fills the smallest gaps between ranges outside of ASCII until at most `most` of those are left.
///
/// Small gaps are unassigned characters between related scripts; large ones separate scripts from each other. So a
/// rounded `\d` takes in some Indic letters, and no Chinese or Latin ones.
fn round_up(class: &ClassUnicode, most: usize) -> ClassUnicode {
    let (ascii, mut other): (Vec<_>, Vec<_>) = class.iter().copied().partition(|range| range.start().is_ascii());
    if other.len() > most {
        let gap = |pair: &[ClassUnicodeRange]| pair[1].start() as u32 - pair[0].end() as u32;
        let mut gaps: Vec<u32> = other.windows(2).map(gap).collect();
        gaps.sort_unstable_by(|a, b| b.cmp(a));
        // Gaps at least this large stay; where several are as large, all of them are filled, which gives fewer ranges.
        let smallest_kept = gaps[most - 1] + 1;
        let mut rounded: Vec<ClassUnicodeRange> = Vec::with_capacity(most);
        for range in other {
            match rounded.last_mut() {
                Some(last) if gap(&[*last, range]) < smallest_kept => {
                    *last = ClassUnicodeRange::new(last.start(), range.end());
                }
                _ => rounded.push(range),
            }
        }
        other = rounded;
    }
    ClassUnicode::new(ascii.into_iter().chain(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(rule: &str, ranges: usize, repeats: u32) -> Hir {
        superset(&regex_syntax::parse(rule).unwrap(), Roughness { ranges, repeats })
    }

    #[test]
    fn assertions_and_high_counts_are_dropped() {
        let cases = [
            (r"\bid\b", "id"),
            (r"^a+?$", "a+"),
            (r"[a-f]{3,20}x{7}", "[a-f]{3,}x{7}"),
            (r"a{20,30}", "a{8,}"),
            (r"(?:(b)c){9}", "(?:bc){8,}"),
            (r"a{2,8}", "a{2,8}"),
        ];
        for (rule, expected) in cases {
            assert_eq!(of(rule, 32, 8), regex_syntax::parse(expected).unwrap(), "{rule}");
        }
    }

    #[test]
    fn sizes_count_repeats() {
        let sizes = [("abc", 3), ("[a-z]{3,5}x*", 6), (r"(?:\x{e9}|b){4}", 12), ("(?:(?:a{9}){9}){9}", 729)];
        for (rule, expected) in sizes {
            assert_eq!(size(&regex_syntax::parse(rule).unwrap()), expected, "{rule}");
        }
        // Sets of characters cost more than sets of bytes, and rounding makes them cheaper.
        assert!(size(&of(r"\w", 32, 1)) < size(&of(r"\w", usize::MAX, 1)));
    }

    #[test]
    fn rounding_up_adds_characters_and_keeps_ascii() {
        for most in [1, 4, 32] {
            for rule in [r"\w", r"\d", r"\pL", r"\s", r"[^\w]", r"\p{Han}"] {
                let hir = regex_syntax::parse(rule).unwrap();
                let HirKind::Class(Class::Unicode(exact)) = hir.kind() else { panic!("{rule} is a set") };
                let rounded = round_up(exact, most);
                let beyond = rounded.iter().filter(|range| !range.start().is_ascii()).count();
                assert!(beyond <= most, "{rule}, {most}: {beyond}");
                let mut missing = exact.clone();
                missing.difference(&rounded);
                assert!(missing.ranges().is_empty(), "{rule}, {most}: {missing:?}");
                let mut added = rounded.clone();
                added.difference(exact);
                assert!(added.iter().all(|range| !range.start().is_ascii()), "{rule}, {most}: {added:?}");
            }
        }
    }

    #[test]
    fn rounded_digits_are_not_letters_of_common_scripts() {
        let Ok(hir) = regex_syntax::parse(r"\d") else { unreachable!() };
        let HirKind::Class(Class::Unicode(digits)) = hir.kind() else { unreachable!() };
        let rounded = round_up(digits, 32);
        for letter in ['a', '\u{e9}', '\u{448}', '\u{4e00}', '\u{8bed}', '\u{3042}', '\u{ac00}', '\u{3002}'] {
            assert!(rounded.iter().all(|range| letter < range.start() || range.end() < letter), "{letter}");
        }
    }
}
