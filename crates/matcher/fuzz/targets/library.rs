//! Libraries of any entries and options: compile, find, explain, stream. Bytes that begin as JSON does are a library as
//! a caller hands it over, and behind a line break the text; all others are decisions.

#![no_main]

use libfuzzer_sys::fuzz_target;
use matcher::fuzzing;

fuzz_target!(|bytes: &[u8]| {
    let Some(b'{') = bytes.first() else { return fuzzing::library(bytes) };
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    if let Ok(spec) = serde_json::from_slice(&bytes[..end]) {
        let text = String::from_utf8_lossy(&bytes[end..]).into_owned();
        fuzzing::check_library(spec, &[(text, vec![1, 30])]);
    }
});
