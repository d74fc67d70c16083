//! Lines, plain or compressed as the first bytes say, against what their reader promises.

#![no_main]

mod shared;

use corpus::Format;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let format = match bytes {
        [0x1F, 0x8B, ..] => Format::JsonlGz,
        [0x28, 0xB5, 0x2F, 0xFD, ..] => Format::JsonlZst,
        _ => Format::Jsonl,
    };
    shared::check(bytes, format);
});
