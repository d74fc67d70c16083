//! Times literal engines on one text and one word list, in one thread, once they count the same.
//!
//! `bench-match PLAN.json` runs a [`plan::Plan`] and prints a [`report::Report`] as JSON; `bench/match/run.mjs` writes
//! plans and makes tables of reports. `bench-match --build ENGINE PLAN.json` only compiles one engine and prints what
//! that took: the program starts itself so, because memory is measured best in a process that does nothing else.
//!
//! `bench-match --shards PLAN.json` writes shards for the model `column`, and `bench-match --serve` is its Rust side; see
//! [`column`]. `bench-match --alone PART FILE` does one part of a scan by itself, for the model `scan`; see [`alone`].

mod alone;
mod column;
mod cost;
mod course;
mod engine;
mod engines;
mod measure;
mod plan;
mod report;
mod tally;
mod text;
mod words;

use std::process::ExitCode;

use plan::Plan;

/// What stops a run: bad plans, files that cannot be read. A sentence for a person; nothing acts on its kind.
type Result<T> = std::result::Result<T, String>;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    if args == ["--serve"] {
        return ended(column::serve());
    }
    let printed = match args[..] {
        [path] => Plan::read(path).and_then(|plan| measure::run(&plan, path)).and_then(|report| json(&report)),
        ["--build", engine, path] => {
            Plan::read(path).and_then(|plan| cost::build_here(engine, &plan)).and_then(|cost| json(&cost))
        }
        ["--shards", path] => column::write_shards(path).and_then(|shards| json(&shards)),
        ["--alone", "unpack", file] => alone::unpack(file).and_then(|part| json(&part)),
        ["--alone", "decode", file] => alone::decode(file).and_then(|part| json(&part)),
        ["--alone", "match", file, library] => alone::find(file, library).and_then(|part| json(&part)),
        _ => Err("usage: bench-match [--build ENGINE | --shards] PLAN.json, bench-match --serve, \
            or bench-match --alone unpack|decode FILE, --alone match FILE LIBRARY.json; \
            `npm run bench` writes plans and libraries"
            .into()),
    };
    ended(printed.map(|json| println!("{json}")))
}

fn ended(result: Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("bench-match: {message}");
            ExitCode::FAILURE
        }
    }
}

fn json(value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| format!("the report does not fit JSON: {error}"))
}

/// A digest in hexadecimal.
fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
