//! The key that decides whether a record is drawn: a hash of what the record is, never of when or where it was read.

use sha2::{Digest, Sha256};

/// A record's place in the order of the draw: the smaller, the earlier it is drawn.
pub type Key = [u8; 32];

/// Makes the keys of one file of one plan.
///
/// Key = SHA-256(seed ‖ NUL ‖ source ‖ NUL ‖ id ‖ NUL ‖ file ‖ NUL ‖ position): the seed as 64 lower-case hexadecimal
/// digits, the source and record ids as UTF-8 (no id: nothing), the file as the path of the plan, the position as
/// decimal digits.
#[derive(Clone)]
pub struct Keys {
    prefix: Sha256,
    file: String,
}

impl Keys {
    /// `seed` is the plan's seed in hexadecimal, `file` the path that the plan names.
    pub fn new(seed: &str, file: &str) -> Self {
        let mut prefix = Sha256::new();
        prefix.update(seed.as_bytes());
        prefix.update([0]);
        Self { prefix, file: file.to_owned() }
    }

    /// The key of one record; `position` is its row number, or the byte offset of its line.
    pub fn key(&self, source: &str, id: &str, position: u64) -> Key {
        let mut hash = self.prefix.clone();
        hash.update(source.as_bytes());
        hash.update([0]);
        hash.update(id.as_bytes());
        hash.update([0]);
        hash.update(self.file.as_bytes());
        hash.update([0]);
        let mut digits = [0; 20];
        hash.update(decimal(position, &mut digits));
        hash.finalize().into()
    }
}

/// The first 64 bits of a key, for comparing with a share of the key space.
pub fn leading(key: &Key) -> u64 {
    u64::from_be_bytes([key[0], key[1], key[2], key[3], key[4], key[5], key[6], key[7]])
}

fn decimal(mut value: u64, digits: &mut [u8; 20]) -> &[u8] {
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (value % 10) as u8;
        value /= 10;
        if value == 0 {
            return &digits[at..];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        use std::fmt::Write;
        bytes.iter().fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").expect("a string takes any text");
            text
        })
    }

    /// The vector can be made with `printf 'SEED\0laws\0a-1\0laws.parquet\0%s' 42 | sha256sum`.
    #[test]
    fn a_key_is_the_hash_of_the_joined_fields() {
        let keys = Keys::new(&"ab".repeat(32), "laws.parquet");
        let joined = format!("{}\0laws\0a-1\0laws.parquet\x0042", "ab".repeat(32));
        let expected: Key = Sha256::digest(joined.as_bytes()).into();
        assert_eq!(keys.key("laws", "a-1", 42), expected);
        assert_eq!(hex(&expected), "f7479f87b11068ba5b024e0f3660be310a9ae4a9c4593d08e2a445890563a66d");
    }

    #[test]
    fn positions_are_decimal() {
        let text = |value| String::from_utf8(decimal(value, &mut [0; 20]).to_vec()).expect("digits");
        assert_eq!([0, 7, 10, 4096, u64::MAX].map(text), ["0", "7", "10", "4096", "18446744073709551615"]);
    }
}
