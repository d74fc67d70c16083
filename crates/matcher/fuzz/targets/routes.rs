//! The routes of profile `standard` against the oracle.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| matcher::fuzzing::routes(bytes));
