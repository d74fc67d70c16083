//! Texts that are made of several strings: the leaves of a path through lists, joined in the batch's buffer.

use bytes::BytesMut;

use crate::batch::{BadText, Collector, Reason, RowState};
use crate::error::{Fault, Outcome};
use crate::options::{Encoding, Limits};
use crate::text::decode_gb18030;

/// What stands between two leaves. A character of its own: a leaf that is cut inside one stays broken when it is joined.
pub(crate) const SEPARATOR: u8 = b'\n';

/// Bytes of text that were handed out of bytes that may be shared by any number of rows.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Shared {
    /// Bytes that the text comes from.
    pub(crate) stored: u64,
    handed_out: u64,
}

impl Shared {
    pub(crate) fn of(stored: u64) -> Self {
        Self { stored, handed_out: 0 }
    }

    /// Notes text that was handed out, or looked at in vain.
    pub(crate) fn add(&mut self, bytes: u64, limits: &Limits) -> Outcome<()> {
        self.handed_out = self.handed_out.saturating_add(bytes);
        if limits.allows_expansion(self.stored, self.handed_out) {
            return Ok(());
        }
        let allowed = self.stored.saturating_mul(limits.expansion);
        Err(Fault::limit("text that shares bytes", self.handed_out, allowed))
    }
}

/// How the leaves of a column become text.
#[derive(Clone, Copy)]
pub(crate) struct Leaves<'a> {
    /// Whether the schema promises UTF-8: a string that is not is then damage.
    utf8: bool,
    decodes: bool,
    limit: u64,
    limits: &'a Limits,
}

impl<'a> Leaves<'a> {
    pub(crate) fn new(utf8: bool, encoding: Encoding, limits: &'a Limits) -> Self {
        let decodes = !utf8 && encoding == Encoding::Gb18030;
        Self { utf8, decodes, limit: limits.record_bytes.min(u64::from(u32::MAX)), limits }
    }

    /// What bytes that are not UTF-8 mean.
    pub(crate) fn bad(self) -> BadText {
        BadText::of(self.utf8)
    }

    fn check(self, bytes: &[u8]) -> Outcome<()> {
        if self.utf8 && simdutf8::basic::from_utf8(bytes).is_err() {
            return Err(Fault::damaged("a string is not valid UTF-8"));
        }
        Ok(())
    }
}

/// The text of one row while its leaves are met. Whether it is UTF-8 is looked at with the whole batch, but for leaves
/// that do not come into it.
pub(crate) struct Joined<'a> {
    arena: &'a mut BytesMut,
    leaves: Leaves<'a>,
    /// Each of a million leaves may be the same long text, which is looked at again when it is not taken in.
    shared: &'a mut Shared,
    start: usize,
    is_first: bool,
    refused: Option<Reason>,
}

impl<'a> Joined<'a> {
    pub(crate) fn new(arena: &'a mut BytesMut, leaves: Leaves<'a>, shared: &'a mut Shared) -> Self {
        let start = arena.len();
        Self { arena, leaves, shared, start, is_first: true, refused: None }
    }

    /// Adds a leaf that is not null, as it is stored.
    pub(crate) fn push(&mut self, leaf: &[u8]) -> Outcome<()> {
        if !self.leaves.decodes {
            return self.push_decoded(leaf);
        }
        // No GB 18030 text shrinks below half when it becomes UTF-8.
        if self.refused.is_none() && leaf.len() as u64 > self.leaves.limit.saturating_mul(2) {
            self.refuse(Reason::TooLong);
        }
        if self.refused.is_some() {
            return Ok(());
        }
        if let Some(text) = decode_gb18030(leaf) {
            return self.push_decoded(&text);
        }
        self.refuse(Reason::InvalidUtf8);
        Ok(())
    }

    /// Adds a leaf that needs no decoding.
    pub(crate) fn push_decoded(&mut self, leaf: &[u8]) -> Outcome<()> {
        if self.refused.is_some() {
            return self.pass(leaf);
        }
        let joined = self.arena.len() - self.start + usize::from(!self.is_first) + leaf.len();
        if joined as u64 > self.leaves.limit {
            self.leaves.check(&self.arena[self.start..])?;
            self.refuse(Reason::TooLong);
            return self.pass(leaf);
        }
        if !self.is_first {
            self.arena.extend_from_slice(&[SEPARATOR]);
        }
        self.is_first = false;
        self.arena.extend_from_slice(leaf);
        Ok(())
    }

    /// Looks at a leaf of a row that is not assessed: what the schema promises holds there too.
    fn pass(&mut self, leaf: &[u8]) -> Outcome<()> {
        if !self.leaves.utf8 {
            return Ok(());
        }
        self.shared.add(leaf.len() as u64, self.leaves.limits)?;
        self.leaves.check(leaf)
    }

    /// Makes the row one that is not assessed; the first reason counts.
    pub(crate) fn refuse(&mut self, reason: Reason) {
        if self.refused.is_none() {
            self.arena.truncate(self.start);
            self.refused = Some(reason);
        }
    }

    /// Adds the row.
    pub(crate) fn finish(self, rows: &mut Collector, position: u64) {
        let length = self.arena.len() - self.start;
        match self.refused {
            Some(reason) => rows.push_state(RowState::NotAssessed(reason), position),
            None if length == 0 => rows.push_state(RowState::Empty, position),
            None => rows.push_text(self.start, length as u32, position),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn join(leaves: &[&[u8]], utf8: bool, encoding: Encoding) -> (RowState, Vec<u8>) {
        let limits = Limits { record_bytes: 10, expansion: 1, expansion_free_bytes: 0, ..Limits::default() };
        let mut arena = BytesMut::from(&b"before"[..]);
        let mut rows = Collector::new(100);
        let mut shared = Shared::of(20);
        let mut text = Joined::new(&mut arena, Leaves::new(utf8, encoding, &limits), &mut shared);
        for leaf in leaves {
            text.push(leaf).unwrap();
        }
        text.finish(&mut rows, 7);
        assert!(rows.rows[0].state == RowState::Text || arena == b"before"[..]);
        (rows.rows[0].state, arena[6..].to_vec())
    }

    #[test]
    fn leaves_and_their_limit() {
        let utf8 = |leaves: &[&[u8]]| join(leaves, true, Encoding::Utf8);
        assert_eq!(utf8(&[b"a", b"", b"b"]), (RowState::Text, b"a\n\nb".to_vec()));
        assert_eq!(utf8(&[]).0, RowState::Empty);
        assert_eq!(utf8(&[b""]).0, RowState::Empty);
        assert_eq!(utf8(&[b"", b""]), (RowState::Text, b"\n".to_vec()));
        assert_eq!(utf8(&[b"12345", b"6789"]).0, RowState::Text);
        assert_eq!(utf8(&[b"12345", b"67890"]).0, RowState::NotAssessed(Reason::TooLong));
        let gb = |leaves: &[&[u8]]| join(leaves, false, Encoding::Gb18030);
        assert_eq!(gb(&[b"\xBA\xBA", b"\xD7\xD6"]), (RowState::Text, "汉\n字".as_bytes().to_vec()));
        assert_eq!(gb(&[b"\xBA\xBA\xBA\xBA", b"\xBA\xBA\xBA\xBA"]).0, RowState::NotAssessed(Reason::TooLong));
        assert_eq!(gb(&[b"a", b"\xFF", &[b'a'; 30]]).0, RowState::NotAssessed(Reason::InvalidUtf8));
        assert_eq!(gb(&[&[b'a'; 30], b"\xFF"]).0, RowState::NotAssessed(Reason::TooLong));
    }

    #[test]
    fn what_is_promised_holds_in_rows_that_are_too_long() {
        let limits = Limits { record_bytes: 3, expansion: 1, expansion_free_bytes: 0, ..Limits::default() };
        let outcome = |leaves: &[&[u8]], utf8: bool| {
            let (mut arena, mut shared) = (BytesMut::new(), Shared::of(12));
            let mut text = Joined::new(&mut arena, Leaves::new(utf8, Encoding::Utf8, &limits), &mut shared);
            leaves.iter().try_for_each(|leaf| text.push(leaf))
        };
        for leaves in [[&b"\xFF"[..], b"1234", b"a"], [b"a", b"1234\xFF", b"a"], [b"a", b"1234", b"\xFF"]] {
            assert!(matches!(outcome(&leaves, true), Err(Fault::Damaged { .. })));
            assert!(outcome(&leaves, false).is_ok());
        }
        // A long text that comes again and again is not looked at without end.
        let again: [&[u8]; 4] = [b"1234"; 4];
        assert!(outcome(&again[..3], true).is_ok());
        assert!(matches!(outcome(&again, true), Err(Fault::Limit { value: 16, limit: 12, .. })));
    }
}
