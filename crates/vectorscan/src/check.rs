//! Whether a library finds what is there.
//!
//! The libraries search with vector instructions, picked by CPU, and the ends of a text need care in each of them.
//! Vectorscan before 5.4.13 gets some wrong on x86: with AVX-512 it loses matches near the end of a text, such as that
//! of `[a-z]+@` in 65 letters with an `@` behind them, some occurrences of literals too, and it reads behind some
//! texts. Its authors know of such bugs and have fixed those for 5.4.13. A record whose match is lost counts as clean,
//! so a library that loses matches must not be used to judge.

use std::ops::ControlFlow;

use crate::{Flags, Pattern, Regexes, Vectorscan};

/// Versions with known bugs, whatever the CPU; else what a search for planted matches finds missing.
pub(crate) fn fault(library: &'static Vectorscan) -> Option<String> {
    known_fault(library.version()).map(str::to_owned).or_else(|| lost_match(library))
}

/// What is known of a version of Vectorscan. The vector code in question is its own, not Hyperscan's.
fn known_fault(version: &str) -> Option<&'static str> {
    let patch: u32 = version.strip_prefix("5.4.")?.parse().ok()?;
    (3..=12).contains(&patch).then_some("Vectorscan before 5.4.13 loses matches near the end of a text on some CPUs")
}

/// Expressions that make the library skip ahead in different ways, each with a match of its own.
const PLANTED: [(&str, &str); 9] = [
    ("b", "b"),
    ("[a-z]+@", "z@"),
    ("[0-9]+-", "1-"),
    ("[bB]", "B"),
    ("[b-f]{2}", "cd"),
    ("b.{0,3}c", "bxc"),
    ("[^a]{3}", "xyz"),
    ("(?:bc|xyz|12)", "12"),
    ("bcdefgh", "bcdefgh"),
];

/// Longer than two of the longest vectors, so that each way through a text is taken.
const LONGEST_TEXT: usize = 160;

/// Looks for each planted match in texts of all lengths, at each place. The first that is not found is told.
fn lost_match(library: &'static Vectorscan) -> Option<String> {
    PLANTED.iter().find_map(|(expression, planted)| {
        [Flags::NONE, Flags::SINGLEMATCH]
            .into_iter()
            .find_map(|flags| lost_match_of(library, expression, planted, flags))
    })
}

fn lost_match_of(library: &'static Vectorscan, expression: &str, planted: &str, flags: Flags) -> Option<String> {
    let patterns = [Pattern { expression, flags }];
    let compiled = Regexes::compile(library, &patterns).map_err(|error| error.to_string());
    let prepared = compiled.and_then(|regexes| match regexes.scratch() {
        Ok(scratch) => Ok((regexes, scratch)),
        Err(error) => Err(error.to_string()),
    });
    let (regexes, mut scratch) = match prepared {
        Ok(prepared) => prepared,
        Err(error) => return Some(format!("it does not compile {expression:?}: {error}")),
    };
    let mut text = [b'a'; LONGEST_TEXT];
    for start in 0..=LONGEST_TEXT - planted.len() {
        let end = start + planted.len();
        text[start..end].copy_from_slice(planted.as_bytes());
        for length in end..=LONGEST_TEXT {
            let mut found = false;
            let scan = regexes.scan(&mut scratch, &text[..length], |_, at| {
                found |= at == end;
                ControlFlow::Continue(())
            });
            if scan.is_err() || !found {
                return Some(format!("it does not find {planted:?} at byte {start} of {length} by {expression:?}"));
            }
        }
        text[start..end].fill(b'a');
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_faults_are_those_of_vectorscan_before_5_4_13() {
        for (version, faulty) in
            [("5.4.0", false), ("5.4.2", false), ("5.4.9", true), ("5.4.12", true), ("5.4.13", false), ("5.3.0", false)]
        {
            assert_eq!(known_fault(version).is_some(), faulty, "{version}");
        }
    }
}
