//! Text in other encodings, and labels.

use std::borrow::Cow;

use encoding_rs::GB18030;

/// GB 18030 as UTF-8, `None` where the bytes are neither. Nothing is replaced: a record is read as it is or not at all.
pub(crate) fn decode_gb18030(bytes: &[u8]) -> Option<Cow<'_, [u8]>> {
    match GB18030.decode_without_bom_handling_and_without_replacement(bytes)? {
        Cow::Borrowed(text) => Some(Cow::Borrowed(text.as_bytes())),
        Cow::Owned(text) => Some(Cow::Owned(text.into_bytes())),
    }
}
