//! An Arrow IPC file against what its reader promises, and against arrow-rs.

#![no_main]

mod shared;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| shared::check(bytes, corpus::Format::ArrowFile));
