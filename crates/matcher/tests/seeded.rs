//! The entry points of the fuzz targets on random bytes: the same cases on every machine, in seconds. What a fuzzer finds
//! in hours (`fuzz/README.md`) is more, but this runs with every change.

use std::panic::catch_unwind;

use matcher::fuzzing;

/// Marsaglia's xorshift.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// Up to `most` bytes, of which some are the same as the one before: decisions that are made alike again.
    fn bytes(&mut self, most: u64) -> Vec<u8> {
        let count = self.next() % (most + 1);
        let mut bytes: Vec<u8> = Vec::new();
        for _ in 0..count {
            let byte = self.next() >> 32;
            let last = bytes.last().copied().filter(|_| byte & 0x700 == 0);
            bytes.push(last.unwrap_or(byte as u8));
        }
        bytes
    }
}

/// Runs cases of up to `most` bytes; a case that fails is named so that it can be run by itself.
fn run(target: fn(&[u8]), cases: u64, most: u64) {
    // More cases when asked for, and a few where every instruction is interpreted.
    let times: u64 = std::env::var("CORPUSGATE_SEEDED_TIMES").ok().and_then(|times| times.parse().ok()).unwrap_or(1);
    for case in 1..=if cfg!(miri) { cases / 50 } else { cases * times } {
        let bytes = Random(case.wrapping_mul(0x9E37_79B9_7F4A_7C15)).bytes(most);
        assert!(catch_unwind(|| target(&bytes)).is_ok(), "case {case} of up to {most} bytes: {bytes:?}");
    }
}

#[test]
fn gram() {
    run(fuzzing::gram, 200, 300);
}

#[test]
fn routes() {
    run(fuzzing::routes, 200, 120);
}

#[test]
fn reader() {
    run(fuzzing::reader, 1200, 160);
}

#[test]
fn library() {
    run(fuzzing::library, 100, 150);
}

#[test]
fn stored() {
    run(fuzzing::stored, 300, 300);
}

#[test]
fn no_bytes_are_a_case() {
    for target in [fuzzing::gram, fuzzing::routes, fuzzing::reader, fuzzing::library, fuzzing::stored] {
        target(&[]);
    }
}
