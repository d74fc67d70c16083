//! The gram engine: every kernel against brute force; stored and forged libraries.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| matcher::fuzzing::gram(bytes));
