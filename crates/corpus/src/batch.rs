//! [`TextBatch`]: rows of text as ranges of one buffer. Every reader ends here and nothing of a format goes further.

use std::ops::Range;

use bytes::{Bytes, BytesMut};

use crate::error::{Fault, Outcome};

/// Rows in a batch at most, whatever their length: it bounds the memory that empty or tiny rows can take.
pub const MAX_BATCH_ROWS: usize = 65_536;

/// Why a record was not assessed. The list is closed (CONTRACTS, Counting); the last five are given by other layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Reason {
    /// The bytes are not text in the expected encoding.
    InvalidUtf8,
    /// The line is not a JSON object, or its text holds half a surrogate pair.
    InvalidJson,
    /// There is no text column, or the row has no such field, or the field is neither string nor null.
    MissingText,
    /// The record or its line is over the limit.
    TooLong,
    /// The JSON is nested deeper than the limit.
    TooDeep,
    /// The file breaks its format somewhere.
    FileDamaged,
    /// The file can't be read: refused by the system, over a limit, or using what is not supported.
    Unreadable,
    /// The file is of no known format.
    UnknownFormat,
    /// Images, audio or video; of web pages every media type that is not text.
    Modality,
    /// A stage that the policy needs was not run.
    StageMissing,
    /// The worker that had the record ended.
    WorkerDied,
    /// The record took too long.
    Timeout,
}

impl Reason {
    /// All reasons, in the order of the contract.
    pub const ALL: [Self; 12] = [
        Self::InvalidUtf8,
        Self::InvalidJson,
        Self::MissingText,
        Self::TooLong,
        Self::TooDeep,
        Self::FileDamaged,
        Self::Unreadable,
        Self::UnknownFormat,
        Self::Modality,
        Self::StageMissing,
        Self::WorkerDied,
        Self::Timeout,
    ];

    /// The name in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidUtf8 => "invalid-utf8",
            Self::InvalidJson => "invalid-json",
            Self::MissingText => "missing-text",
            Self::TooLong => "too-long",
            Self::TooDeep => "too-deep",
            Self::FileDamaged => "file-damaged",
            Self::Unreadable => "unreadable",
            Self::UnknownFormat => "unknown-format",
            Self::Modality => "modality",
            Self::StageMissing => "stage-missing",
            Self::WorkerDied => "worker-died",
            Self::Timeout => "timeout",
        }
    }
}

/// What a row holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowState {
    /// Text of at least one byte; its bytes are valid UTF-8.
    Text,
    /// Null or a string of no bytes.
    Empty,
    /// Nothing that can be assessed. The row's range is empty.
    NotAssessed(Reason),
}

const NO_ROW: u32 = u32::MAX;

/// One row of a [`TextBatch`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// First byte in [`TextBatch::values`].
    pub start: usize,
    /// Bytes; 0 unless the state is [`RowState::Text`].
    pub len: u32,
    same_as: u32,
    /// Row number in the file (Arrow, Parquet, text), or the byte offset of the decompressed line or record (JSONL, WARC).
    pub position: u64,
    /// What the row holds.
    pub state: RowState,
}

impl Row {
    pub(crate) fn text(start: usize, len: u32, position: u64) -> Self {
        Self { start, len, same_as: NO_ROW, position, state: RowState::Text }
    }

    pub(crate) fn without_text(state: RowState, position: u64) -> Self {
        Self { start: 0, len: 0, same_as: NO_ROW, position, state }
    }

    /// The row's bytes in [`TextBatch::values`].
    pub fn range(&self) -> Range<usize> {
        self.start..self.start + self.len as usize
    }

    /// An earlier row of this batch with the very same bytes (dictionaries, shared views), whose result can be taken
    /// over. Without this a small file could ask for the scan of terabytes.
    pub fn same_as(&self) -> Option<usize> {
        (self.same_as != NO_ROW).then_some(self.same_as as usize)
    }
}

/// Short strings beside the rows (ids, sources), stored once for runs of equal neighbours.
#[derive(Clone, Debug, Default)]
pub struct Labels {
    text: String,
    spans: Vec<(u32, u32)>,
}

impl Labels {
    const NONE: (u32, u32) = (u32::MAX, 0);

    /// The label of a row; `None` where the row has none, or where there is no such column.
    pub fn get(&self, row: usize) -> Option<&str> {
        let &(start, len) = self.spans.get(row)?;
        if (start, len) == Self::NONE {
            return None;
        }
        Some(&self.text[start as usize..(start + len) as usize])
    }

    /// Whether no row was given a label or the lack of one, which means that there is no such column.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    pub(crate) fn push(&mut self, label: Option<&str>) {
        let span = match label {
            None => Self::NONE,
            Some(label) => match self.spans.last() {
                // The length first: neighbours with the same source are common, with the same id they are not.
                Some(&last) if last != Self::NONE && last.1 as usize == label.len() && self.is_at(last, label) => last,
                _ => {
                    let start = self.text.len() as u32;
                    self.text.push_str(label);
                    (start, label.len() as u32)
                }
            },
        };
        self.spans.push(span);
    }

    fn is_at(&self, (start, len): (u32, u32), label: &str) -> bool {
        self.text.as_bytes()[start as usize..(start + len) as usize] == *label.as_bytes()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.text.len()
    }
}

/// Rows of text and the buffer that they are ranges of.
///
/// The buffer is a part of the mapped file where the format allows it, and may hold bytes that belong to no row.
/// Ranges of rows may overlap. A `Text` row is valid UTF-8.
#[derive(Clone, Debug)]
pub struct TextBatch {
    values: Bytes,
    rows: Vec<Row>,
    ids: Labels,
    sources: Labels,
}

impl TextBatch {
    pub(crate) fn new(values: Bytes, rows: Vec<Row>, ids: Labels, sources: Labels) -> Self {
        Self { values, rows, ids, sources }
    }

    /// Rows in the batch, 1 to [`MAX_BATCH_ROWS`].
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no row; readers never hand out such a batch.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The rows, in the order of the file.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The buffer that rows are ranges of.
    pub fn values(&self) -> &[u8] {
        &self.values
    }

    /// The bytes of a row: valid UTF-8 for `Text`, nothing otherwise.
    pub fn bytes(&self, row: usize) -> &[u8] {
        &self.values[self.rows[row].range()]
    }

    /// The text of a row, `None` unless its state is `Text`. Checks the bytes again; use [`bytes`](Self::bytes) where
    /// speed matters.
    pub fn text(&self, row: usize) -> Option<&str> {
        if self.rows[row].state != RowState::Text {
            return None;
        }
        simdutf8::basic::from_utf8(self.bytes(row)).ok()
    }

    /// The id of a row: a string, or an integer in decimal.
    pub fn id(&self, row: usize) -> Option<&str> {
        self.ids.get(row)
    }

    /// The source that a row names.
    pub fn source(&self, row: usize) -> Option<&str> {
        self.sources.get(row)
    }

    /// The source labels of all rows.
    pub fn sources(&self) -> &Labels {
        &self.sources
    }
}

/// Text that a reader puts together itself, with a buffer that is used again once the last batch was dropped.
#[derive(Debug, Default)]
pub(crate) struct Arena {
    bytes: BytesMut,
    lent: Option<Bytes>,
}

impl Arena {
    /// The empty buffer for the next batch.
    pub(crate) fn start(&mut self) -> &mut BytesMut {
        if let Some(Ok(bytes)) = self.lent.take().map(Bytes::try_into_mut) {
            self.bytes = bytes;
        }
        self.bytes.clear();
        &mut self.bytes
    }

    pub(crate) fn bytes(&mut self) -> &mut BytesMut {
        &mut self.bytes
    }

    /// Lends the buffer to a batch.
    pub(crate) fn lend(&mut self) -> Bytes {
        let bytes = std::mem::take(&mut self.bytes).freeze();
        self.lent = Some(bytes.clone());
        bytes
    }
}

/// What bytes that are not UTF-8 mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BadText {
    /// The schema promised UTF-8: the file is damaged.
    Damage,
    /// The column is binary: the row is not assessed.
    Row,
}

impl BadText {
    /// Whether the schema promises UTF-8.
    pub(crate) fn of(utf8: bool) -> Self {
        if utf8 { Self::Damage } else { Self::Row }
    }
}

/// Whether `values` is valid UTF-8 and no `Text` row is cut inside a character. One pass over the whole is several times
/// faster than one per row; it needs a look at the first byte of each row, because valid text can be cut anywhere.
pub(crate) fn is_utf8(values: &[u8], rows: &[Row]) -> bool {
    let is_boundary = |at: usize| values.get(at).is_none_or(|byte| byte & 0xC0 != 0x80);
    let is_whole = |row: &Row| is_boundary(row.start) && is_boundary(row.start + row.len as usize);
    simdutf8::basic::from_utf8(values).is_ok() && rows.iter().all(|row| row.state != RowState::Text || is_whole(row))
}

/// Checks the `Text` rows, of which `values` holds little else: all at once, and one by one where that fails.
pub(crate) fn check_utf8(values: &[u8], rows: &mut [Row], bad: BadText) -> Outcome<()> {
    if is_utf8(values, rows) { Ok(()) } else { check_utf8_rows(values, rows, bad) }
}

/// Checks the `Text` rows one by one; rows that are the same as an earlier one take its state.
pub(crate) fn check_utf8_rows(values: &[u8], rows: &mut [Row], bad: BadText) -> Outcome<()> {
    for index in 0..rows.len() {
        let row = rows[index];
        if row.state != RowState::Text {
            continue;
        }
        let valid = match row.same_as() {
            Some(first) => rows[first].state == RowState::Text,
            None => simdutf8::basic::from_utf8(&values[row.range()]).is_ok(),
        };
        if !valid {
            if bad == BadText::Damage {
                return Err(Fault::damaged("a string is not valid UTF-8").at(format_args!("row {}", row.position)));
            }
            rows[index] = Row::without_text(RowState::NotAssessed(Reason::InvalidUtf8), row.position);
        }
    }
    Ok(())
}

/// Collects rows until a batch is full: `max_bytes` of text and labels that were not there before, or
/// [`MAX_BATCH_ROWS`]. The record that reaches the limit is still taken, so a batch is never without rows.
#[derive(Debug)]
pub(crate) struct Collector {
    pub(crate) rows: Vec<Row>,
    pub(crate) ids: Labels,
    pub(crate) sources: Labels,
    text_bytes: usize,
    max_bytes: usize,
}

impl Collector {
    pub(crate) fn new(max_bytes: usize) -> Self {
        Self { rows: Vec::new(), ids: Labels::default(), sources: Labels::default(), text_bytes: 0, max_bytes }
    }

    pub(crate) fn is_full(&self) -> bool {
        self.text_bytes + self.ids.bytes() + self.sources.bytes() >= self.max_bytes || self.rows.len() >= MAX_BATCH_ROWS
    }

    pub(crate) fn push_text(&mut self, start: usize, len: u32, position: u64) {
        self.text_bytes += len as usize;
        self.rows.push(Row::text(start, len, position));
    }

    /// A row with the bytes of the row `first`, whose state it shares.
    pub(crate) fn push_same(&mut self, first: u32, position: u64) {
        let earlier = self.rows[first as usize];
        let same_as = if earlier.state == RowState::Text { first } else { NO_ROW };
        self.rows.push(Row { same_as, position, ..earlier });
    }

    pub(crate) fn push_state(&mut self, state: RowState, position: u64) {
        self.rows.push(Row::without_text(state, position));
    }

    pub(crate) fn text_bytes(&self) -> usize {
        self.text_bytes
    }

    pub(crate) fn into_batch(self, values: Bytes) -> Option<TextBatch> {
        (!self.rows.is_empty()).then(|| TextBatch::new(values, self.rows, self.ids, self.sources))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_inside_a_character_is_seen() {
        let values = "汉字".as_bytes();
        let mut rows = vec![Row::text(0, 2, 0), Row::text(2, 4, 1)];
        check_utf8(values, &mut rows, BadText::Row).unwrap();
        assert_eq!(rows[0].state, RowState::NotAssessed(Reason::InvalidUtf8));
        assert_eq!(rows[1].state, RowState::NotAssessed(Reason::InvalidUtf8));
        let mut rows = vec![Row::text(0, 2, 0), Row::text(2, 4, 1)];
        assert!(check_utf8(values, &mut rows, BadText::Damage).is_err());
    }

    #[test]
    fn a_row_that_ends_inside_the_last_character_is_seen() {
        let values = "汉".as_bytes();
        let mut rows = vec![Row::text(0, 2, 0)];
        check_utf8(values, &mut rows, BadText::Row).unwrap();
        assert_eq!(rows[0].state, RowState::NotAssessed(Reason::InvalidUtf8));
    }

    #[test]
    fn labels_keep_runs_once() {
        let mut labels = Labels::default();
        for label in [Some("a"), Some("a"), None, Some("a"), Some(""), Some("b")] {
            labels.push(label);
        }
        assert_eq!(labels.text, "aab");
        let all: Vec<_> = (0..7).map(|i| labels.get(i)).collect();
        assert_eq!(all, [Some("a"), Some("a"), None, Some("a"), Some(""), Some("b"), None]);
    }

    #[test]
    fn reasons_are_the_contract() {
        let names: Vec<_> = Reason::ALL.iter().map(|reason| reason.as_str()).collect();
        assert_eq!(
            names.join(" "),
            "invalid-utf8 invalid-json missing-text too-long too-deep file-damaged unreadable unknown-format modality \
             stage-missing worker-died timeout"
        );
    }
}
