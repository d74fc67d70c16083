//! A look at a file: what the planner needs to cut it into shards.

use std::path::Path;

use corpus::{Columns, CorpusError, Inspection};
use napi_derive::napi;
use scan::{ReadSpec, Survey, detail_of};
use serde::Serialize;

use crate::error;

#[derive(Serialize, Default)]
#[serde(rename_all = "camelCase")]
struct Answer {
    error: Option<Problem>,
    damage: Option<Problem>,
    format: Option<&'static str>,
    size: u64,
    modified_ns: String,
    head: String,
    foot: String,
    rows: Option<u64>,
    splittable: bool,
    blocks: Vec<Block>,
    columns: ColumnNames,
}

#[derive(Serialize)]
struct Problem {
    code: &'static str,
    message: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Block {
    length: u64,
    rows: Option<u64>,
}

#[derive(Serialize, Default)]
struct ColumnNames {
    text: Option<String>,
    id: Option<String>,
    source: Option<String>,
}

/// What a look at the first records of a file tells beside its inspection.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Look {
    #[serde(flatten)]
    answer: Answer,
    /// All columns, as far as they show.
    all_columns: Vec<String>,
    /// None where no record can be read.
    survey: Option<Survey>,
}

/// Looks at a file (options and answer as JSON). A file that cannot be read is an answer, not an error.
#[napi(catch_unwind)]
pub fn inspect_file(path: String, options: String) -> napi::Result<String> {
    let spec: ReadSpec = serde_json::from_str(&options).map_err(error::argument)?;
    let options = spec.options().map_err(|error| error::scan(&error))?;
    let answer = match corpus::inspect(Path::new(&path), &options) {
        Ok(inspection) => Answer::of(inspection),
        Err(error) => Answer { error: Some(Problem::of(&error)), ..Answer::default() },
    };
    Ok(serde_json::to_string(&answer).expect("an answer has a JSON form"))
}

/// Looks at a file and at its first records: their columns, and in what letters they are. Text is counted, not given.
#[napi(catch_unwind)]
pub fn survey_file(path: String, options: String) -> napi::Result<String> {
    let spec: ReadSpec = serde_json::from_str(&options).map_err(error::argument)?;
    let options = spec.options().map_err(|error| error::scan(&error))?;
    let path = Path::new(&path);
    let look = match corpus::inspect(path, &options) {
        Ok(inspection) => {
            let found = scan::survey(path, &options, &inspection);
            let all_columns = inspection.schema_columns.clone();
            let mut answer = Answer::of(inspection);
            let survey = match found {
                Ok(survey) => Some(survey),
                Err(error) => {
                    answer.damage.get_or_insert(Problem::of(&error));
                    None
                }
            };
            Look { answer, all_columns, survey }
        }
        Err(error) => {
            let answer = Answer { error: Some(Problem::of(&error)), ..Answer::default() };
            Look { answer, all_columns: Vec::new(), survey: None }
        }
    };
    Ok(serde_json::to_string(&look).expect("an answer has a JSON form"))
}

impl Answer {
    fn of(inspection: Inspection) -> Self {
        let Columns { text, id, source } = inspection.columns.clone();
        let hex = |digest: [u8; 32]| digest.iter().map(|byte| format!("{byte:02x}")).collect();
        Self {
            error: None,
            damage: inspection.damage.as_ref().map(Problem::of),
            format: Some(inspection.format.as_str()),
            size: inspection.identity.size,
            modified_ns: inspection.identity.modified_ns.to_string(),
            head: hex(inspection.identity.head),
            foot: hex(inspection.identity.foot),
            rows: inspection.rows,
            splittable: inspection.is_splittable(),
            blocks: inspection.blocks.iter().map(|block| Block { length: block.length, rows: block.rows }).collect(),
            columns: ColumnNames { text, id, source },
        }
    }
}

impl Problem {
    /// The reason under which the file's rows count; `usage` where the register asks for what the file is not, with
    /// the path in the message, because nothing of the file then counts.
    fn of(error: &CorpusError) -> Self {
        match error.reason() {
            Some(reason) => Self { code: reason.as_str(), message: detail_of(error) },
            None => Self { code: "usage", message: error.to_string() },
        }
    }
}
