//! A look at the first records of a file: how many can be read, and in what letters. No text leaves.

use std::path::Path;

use corpus::{CorpusError, Format, Inspection, ReadOptions, RowState, ShardRange, ShardReader};
use normalize::has_visible;
use serde::Serialize;

/// Bytes of text that are looked at.
const TEXT_BYTES: usize = 256 << 10;

/// What the first records of a file show.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Survey {
    /// Rows that were read.
    pub rows: u64,
    /// Rows with visible text.
    pub texts: u64,
    /// Rows that could not be read.
    pub unread: u64,
    /// Ideographs.
    pub han: u64,
    /// Letters of scripts that stand between ideographs in Japanese and Korean: kana and Hangul.
    pub kana: u64,
    /// ASCII letters, and Latin letters with marks.
    pub latin: u64,
    /// Letters of other scripts.
    pub other: u64,
}

/// Looks at the first batch of a file that was inspected.
///
/// # Errors
///
/// [`CorpusError`] when the file cannot be read so far.
pub fn survey(path: &Path, options: &ReadOptions, inspection: &Inspection) -> Result<Survey, CorpusError> {
    let mut survey = Survey::default();
    let range = match inspection.format {
        _ if inspection.blocks.is_empty() => return Ok(survey),
        Format::Jsonl => ShardRange::Bytes(0..inspection.identity.size.min(TEXT_BYTES as u64)),
        _ => ShardRange::Blocks(0..1),
    };
    let mut reader = ShardReader::open(path, options, &range, Some(&inspection.identity))?;
    let Some(batch) = reader.next_batch(TEXT_BYTES)? else { return Ok(survey) };
    for (row, state) in batch.rows().iter().map(|row| row.state).enumerate() {
        survey.rows += 1;
        match state {
            RowState::Empty => {}
            RowState::NotAssessed(_) => survey.unread += 1,
            RowState::Text => {
                let text = batch.text(row).unwrap_or_default();
                survey.texts += u64::from(has_visible(text));
                survey.count_letters(text);
            }
        }
    }
    Ok(survey)
}

impl Survey {
    fn count_letters(&mut self, text: &str) {
        for char in text.chars().filter(|char| char.is_alphabetic()) {
            match char {
                'A'..='Z' | 'a'..='z' | '\u{C0}'..='\u{24F}' | '\u{1E00}'..='\u{1EFF}' => self.latin += 1,
                '\u{3400}'..='\u{4DBF}'
                | '\u{4E00}'..='\u{9FFF}'
                | '\u{F900}'..='\u{FAFF}'
                | '\u{20000}'..='\u{3FFFF}' => self.han += 1,
                '\u{3040}'..='\u{30FF}' | '\u{1100}'..='\u{11FF}' | '\u{AC00}'..='\u{D7AF}' => self.kana += 1,
                _ => self.other += 1,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_counted_by_script_and_nothing_else_is() {
        let mut survey = Survey::default();
        survey.count_letters("走私，abc é 12 ｡ かなカナ 한 Привет \u{20000}!");
        assert_eq!(survey, Survey { han: 3, kana: 5, latin: 4, other: 6, ..Survey::default() });
    }

    #[test]
    fn a_file_is_read_as_far_as_a_look_needs() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.jsonl");
        let line = "{\"text\":\"走私 boot\"}\n{\"text\":\" \"}\nnot json\n";
        std::fs::write(&path, line.repeat(100_000)).expect("writes");
        let options = ReadOptions::default();
        let inspection = corpus::inspect(&path, &options).expect("inspects");
        let Survey { rows, texts, unread, han, latin, .. } = survey(&path, &options, &inspection).expect("reads");
        assert!((15_000..30_000).contains(&rows), "{rows} rows");
        assert!(texts.abs_diff(rows / 3) <= 1 && unread.abs_diff(rows / 3) <= 1, "{texts} texts, {unread} unread");
        assert_eq!((han, latin), (texts * 2, texts * 4));
    }
}
