//! The reader of units against what it promises.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| matcher::fuzzing::reader(bytes));
