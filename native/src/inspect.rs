//! A look at a file: what the planner needs to cut it into shards. And which objects there are.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use corpus::{Columns, CorpusError, Inspection, Listed, Location, ObjectUrl, ReadOptions, Storage, StoreProblem};
use napi::bindgen_prelude::AsyncTask;
use napi::{Env, Task};
use napi_derive::napi;
use scan::{ReadSpec, StorageSpec, Survey, detail_of};
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
    etag: Option<String>,
    version: Option<String>,
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
struct Surveyed {
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
    Ok(look(&path, &options_of(&options)?))
}

/// Looks at a file without holding up the thread: a store may be far away. As `inspectFile`.
#[napi(catch_unwind, ts_return_type = "Promise<string>")]
pub fn inspect_object(url: String, options: String) -> napi::Result<AsyncTask<Look>> {
    Ok(AsyncTask::new(Look::Object(url, Box::new(options_of(&options)?))))
}

/// Lists the objects whose URLs begin with this one, with `flat` only those without a further slash (settings and
/// answer as JSON).
#[napi(catch_unwind, ts_return_type = "Promise<string>")]
pub fn list_objects(prefix: String, flat: bool, storage: String) -> napi::Result<AsyncTask<Look>> {
    let storage: StorageSpec = serde_json::from_str(&storage).map_err(error::argument)?;
    Ok(AsyncTask::new(Look::Prefix(prefix, flat, (&storage).into())))
}

/// Ends the reads of object stores that were given this number, now and later.
#[napi(catch_unwind)]
pub fn stop_reads(stop: u32) {
    corpus::stop_reads(stop);
}

fn options_of(options: &str) -> napi::Result<ReadOptions> {
    let spec: ReadSpec = serde_json::from_str(options).map_err(error::argument)?;
    spec.options().map_err(|error| error::scan(&error))
}

/// A look that waits for a network, on a thread for such.
pub enum Look {
    /// At an object.
    Object(String, Box<ReadOptions>),
    /// At what a prefix holds.
    Prefix(String, bool, Storage),
}

impl Task for Look {
    type Output = String;
    type JsValue = String;

    fn compute(&mut self) -> napi::Result<String> {
        // A panic here would end the process: nothing above catches it.
        catch_unwind(AssertUnwindSafe(|| match self {
            Self::Object(url, options) => look(url, options),
            Self::Prefix(prefix, flat, storage) => list(prefix, *flat, storage),
        }))
        .map_err(|_| napi::Error::from_reason("internal: the look at an object store panicked"))
    }

    fn resolve(&mut self, _: Env, answer: String) -> napi::Result<String> {
        Ok(answer)
    }
}

fn look(path: &str, options: &ReadOptions) -> String {
    let answer = match Location::parse(path) {
        Err(message) => Answer { error: Some(Problem { code: "usage", message }), ..Answer::default() },
        Ok(location) => match corpus::inspect(location, options) {
            Ok(inspection) => Answer::of(inspection),
            Err(error) => Answer { error: Some(Problem::of(&error)), ..Answer::default() },
        },
    };
    serde_json::to_string(&answer).expect("an answer has a JSON form")
}

#[derive(Serialize, Default)]
struct Listing {
    error: Option<Problem>,
    objects: Vec<Object>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Object {
    key: String,
    size: u64,
    etag: Option<String>,
    modified_ns: String,
}

fn list(prefix: &str, flat: bool, storage: &Storage) -> String {
    let failed = |error| Listing { error: Some(error), ..Listing::default() };
    let listing = match ObjectUrl::parse(prefix) {
        Err(message) => failed(Problem { code: "usage", message }),
        Ok(prefix) => match corpus::list_objects(&prefix, flat, storage) {
            Err(error) => failed(Problem::of(&error)),
            Ok(listed) => {
                let object = |Listed { key, size, etag, modified_ns }| Object {
                    key,
                    size,
                    etag,
                    modified_ns: modified_ns.to_string(),
                };
                Listing { error: None, objects: listed.into_iter().map(object).collect() }
            }
        },
    };
    serde_json::to_string(&listing).expect("a listing has a JSON form")
}

/// Looks at a file and at its first records: their columns, and in what letters they are. Text is counted, not given.
#[napi(catch_unwind)]
pub fn survey_file(path: String, options: String) -> napi::Result<String> {
    let options = options_of(&options)?;
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
            Surveyed { answer, all_columns, survey }
        }
        Err(error) => {
            let answer = Answer { error: Some(Problem::of(&error)), ..Answer::default() };
            Surveyed { answer, all_columns: Vec::new(), survey: None }
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
            etag: inspection.identity.etag.clone(),
            version: inspection.identity.version.clone(),
            rows: inspection.rows,
            splittable: inspection.is_splittable(),
            blocks: inspection.blocks.iter().map(|block| Block { length: block.length, rows: block.rows }).collect(),
            columns: ColumnNames { text, id, source },
        }
    }
}

impl Problem {
    /// The reason under which the file's rows count. The code of an error where nothing of the corpus can be read, and
    /// `usage` where the register asks for what the file is not: then with the path in the message.
    fn of(problem: &CorpusError) -> Self {
        let whole = |code| Self { code, message: problem.to_string() };
        match (problem, problem.reason()) {
            (CorpusError::Store { problem: StoreProblem::Missing, .. }, _) => {
                Self { code: "missing", message: detail_of(problem) }
            }
            (CorpusError::Changed { .. }, _) => whole("corpus-changed"),
            (_, Some(reason)) => Self { code: reason.as_str(), message: detail_of(problem) },
            (CorpusError::Store { problem, .. }, None) => whole(error::store(*problem)),
            (_, None) => whole("usage"),
        }
    }
}
