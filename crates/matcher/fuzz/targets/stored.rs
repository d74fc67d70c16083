//! Files of compiled libraries. Bytes that begin as such a file does are one, with digests that are made to fit; all others
//! are decisions.

#![no_main]

use libfuzzer_sys::fuzz_target;
use matcher::fuzzing;

fuzz_target!(|bytes: &[u8]| {
    if bytes.starts_with(b"CORPUSGATELIB") {
        fuzzing::check_stored(&mut bytes.to_vec(), "有人走 私香烟, r-a-n-s-o-m m*lware &#36208;私 zousi");
    } else {
        fuzzing::stored(bytes);
    }
});
