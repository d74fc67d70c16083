//! Which columns hold text, id and source: one rule for every format.

use crate::error::{Fault, Outcome};
use crate::options::ReadOptions;

/// The columns that a file is read by, after the rule was applied.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Columns {
    /// The text column; `None` makes every row `missing-text`.
    pub text: Option<String>,
    /// The id column.
    pub id: Option<String>,
    /// The source column.
    pub source: Option<String>,
}

/// What the rule needs to know of a column.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    pub(crate) name: String,
    /// Strings, or binary.
    pub(crate) is_text: bool,
    /// Strings, binary or integers.
    pub(crate) is_label: bool,
    /// Whether strings are the declared type; binary is text only when it is asked for or named so.
    pub(crate) is_string: bool,
    /// The type in words, for messages.
    pub(crate) kind: String,
}

/// Applies the rule. With `strict` (a schema) a column that was asked for must be there and fit; without (JSONL, where
/// each line may have other fields) it is taken at its word.
pub(crate) fn choose(candidates: &[Candidate], options: &ReadOptions, strict: bool) -> Outcome<Columns> {
    let asked = |role: &'static str, name: &Option<String>, fits: fn(&Candidate) -> bool| {
        let Some(name) = name else {
            return Ok(None);
        };
        let found = candidates.iter().find(|candidate| candidate.name == *name);
        let problem = match found {
            _ if !strict => return Ok(Some(name.clone())),
            Some(column) if fits(column) => return Ok(Some(name.clone())),
            Some(column) => format!("holds {}", column.kind),
            None => "does not exist".to_string(),
        };
        let available = candidates.iter().map(|candidate| candidate.name.clone()).collect();
        Err(Fault::Column { role, column: name.clone(), problem, available })
    };
    let named = |name: &str, fits: fn(&Candidate) -> bool| {
        candidates.iter().find(|candidate| candidate.name == name && fits(candidate)).map(|found| found.name.clone())
    };
    let source = asked("source", &options.source_column, |column| column.is_label)?;
    let id = match asked("id", &options.id_column, |column| column.is_label)? {
        Some(id) => Some(id),
        None => named("id", |column| column.is_label).filter(|id| Some(id) != options.text_column.as_ref()),
    };
    let text = match asked("text", &options.text_column, |column| column.is_text)? {
        Some(text) => Some(text),
        None => {
            named("text", |column| column.is_text).or_else(|| named("content", |column| column.is_text)).or_else(|| {
                let mut strings = candidates.iter().filter(|column| {
                    column.is_string && Some(&column.name) != id.as_ref() && Some(&column.name) != source.as_ref()
                });
                match (strings.next(), strings.next()) {
                    (Some(only), None) => Some(only.name.clone()),
                    _ => None,
                }
            })
        }
    };
    Ok(Columns { text, id, source })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, kind: &str) -> Candidate {
        let is_string = kind == "string";
        let is_text = is_string || kind == "binary";
        Candidate { name: name.into(), is_text, is_label: is_text || kind == "integer", is_string, kind: kind.into() }
    }

    fn text_of(columns: &[(&str, &str)]) -> Option<String> {
        let columns: Vec<_> = columns.iter().map(|(name, kind)| column(name, kind)).collect();
        choose(&columns, &ReadOptions::default(), true).unwrap().text
    }

    #[test]
    fn the_text_column() {
        assert_eq!(text_of(&[("content", "string"), ("text", "string")]).as_deref(), Some("text"));
        assert_eq!(text_of(&[("content", "string"), ("title", "string")]).as_deref(), Some("content"));
        assert_eq!(text_of(&[("n", "integer"), ("body", "string")]).as_deref(), Some("body"));
        assert_eq!(text_of(&[("id", "string"), ("body", "string")]).as_deref(), Some("body"));
        assert_eq!(text_of(&[("title", "string"), ("body", "string")]), None);
        assert_eq!(text_of(&[("text", "integer"), ("body", "string")]).as_deref(), Some("body"));
        assert_eq!(text_of(&[("text", "binary"), ("body", "string")]).as_deref(), Some("text"));
        assert_eq!(text_of(&[("image", "binary")]), None);
    }

    #[test]
    fn an_asked_column_must_fit() {
        let columns = [column("text", "integer"), column("body", "string")];
        let ask = |name: &str| {
            let options = ReadOptions { text_column: Some(name.into()), ..ReadOptions::default() };
            choose(&columns, &options, true)
        };
        assert_eq!(ask("body").unwrap().text.as_deref(), Some("body"));
        assert!(matches!(ask("text"), Err(Fault::Column { problem, .. }) if problem == "holds integer"));
        assert!(matches!(ask("nix"), Err(Fault::Column { available, .. }) if available == ["text", "body"]));
    }
}
