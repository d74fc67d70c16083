//! Writes a rule as an expression that Vectorscan reads in the same way.
//!
//! The libraries' dialect and that of rules disagree about much: which characters `\w` holds (their editions of Unicode
//! differ), how case folds, what `$` means. So a rule's text is never handed over. It was parsed by the parser that
//! defines it, and what came out is written down again in the few constructs that mean the same everywhere: characters
//! by number, sets of them, sequence, alternation, repetition. Whether an engine prefers the first or the longest match
//! does not matter, because the library reports every end of a match.

use std::fmt::Write;

use regex_syntax::hir::{Class, ClassUnicode, Hir, HirKind};

/// Why a rule has no such expression.
pub(crate) type Unsupported = &'static str;

/// The expression for a rule without assertions.
pub(crate) fn expression(hir: &Hir) -> Result<String, Unsupported> {
    let mut out = String::new();
    write(hir, &mut out)?;
    Ok(out)
}

fn write(hir: &Hir, out: &mut String) -> Result<(), Unsupported> {
    match hir.kind() {
        HirKind::Empty => out.push_str("(?:)"),
        HirKind::Look(_) => return Err("it has an assertion"),
        HirKind::Literal(literal) => {
            let text = std::str::from_utf8(&literal.0).map_err(|_| "it has bytes that are not UTF-8")?;
            for character in text.chars() {
                write_character(character as u32, out);
            }
        }
        HirKind::Class(Class::Unicode(class)) => write_class(class, out)?,
        HirKind::Class(Class::Bytes(class)) => {
            let class = class.to_unicode_class().ok_or("it has a set of bytes that are not UTF-8")?;
            write_class(&class, out)?;
        }
        HirKind::Repetition(repetition) => {
            out.push_str("(?:");
            write(&repetition.sub, out)?;
            out.push(')');
            match (repetition.min, repetition.max) {
                (0, None) => out.push('*'),
                (1, None) => out.push('+'),
                (0, Some(1)) => out.push('?'),
                (min, None) => _ = write!(out, "{{{min},}}"),
                (min, Some(max)) => _ = write!(out, "{{{min},{max}}}"),
            }
        }
        HirKind::Capture(capture) => write(&capture.sub, out)?,
        HirKind::Concat(parts) => {
            for part in parts {
                write(part, out)?;
            }
        }
        HirKind::Alternation(branches) => {
            out.push_str("(?:");
            for (at, branch) in branches.iter().enumerate() {
                if at > 0 {
                    out.push('|');
                }
                write(branch, out)?;
            }
            out.push(')');
        }
    }
    Ok(())
}

/// One character by its number. ASCII letters and digits stand for themselves, which keeps patterns readable and short.
fn write_character(number: u32, out: &mut String) {
    match u8::try_from(number) {
        Ok(byte) if byte.is_ascii_alphanumeric() => out.push(byte as char),
        _ => _ = write!(out, "\\x{{{number:x}}}"),
    }
}

fn write_class(class: &ClassUnicode, out: &mut String) -> Result<(), Unsupported> {
    if class.ranges().is_empty() {
        return Err("it has an empty set of characters");
    }
    out.push('[');
    for range in class.iter() {
        // Ranges of the parser go around the surrogates or over them; a range written down must not.
        for (first, last) in [(0, 0xd7ff), (0xe000, 0x0010_ffff)] {
            let (first, last) = (first.max(range.start() as u32), last.min(range.end() as u32));
            if first <= last {
                write_character(first, out);
                if first < last {
                    out.push('-');
                    write_character(last, out);
                }
            }
        }
    }
    out.push(']');
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_use_few_constructs() {
        let cases = [
            ("abc", "abc"),
            (r"a.b", r"a[\x{0}-\x{9}\x{b}-\x{d7ff}\x{e000}-\x{10ffff}]b"),
            ("id: ", r"id\x{3a}\x{20}"),
            ("a+?|(b)*", "(?:(?:a)+|(?:b)*)"),
            (r"(?i)k", r"[Kk\x{212a}]"),
            (r"(ab|c){2,5}", "(?:(?:ab|c)){2,5}"),
            (r"x{3,}y{4}z?", "(?:x){3,}(?:y){4,4}(?:z)?"),
            (r"(?-u:\d)", "[0-9]"),
            (r"(?:|b)c", "(?:(?:)|b)c"),
            ("\u{8bed}", r"\x{8bed}"),
        ];
        for (rule, expected) in cases {
            assert_eq!(expression(&regex_syntax::parse(rule).unwrap()).unwrap(), expected, "{rule}");
        }
    }

    #[test]
    fn what_has_no_expression_is_refused() {
        for rule in [r"\ba", r"a|[^\s\S]"] {
            assert!(expression(&regex_syntax::parse(rule).unwrap()).is_err(), "{rule}");
        }
    }
}
