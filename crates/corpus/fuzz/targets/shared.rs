//! What every target does: bytes become a file in memory, and the file is held to the promises.

#[path = "../../tests/invariants/mod.rs"]
mod invariants;
#[path = "../../tests/judge/mod.rs"]
mod judge;
#[path = "../../tests/reading/mod.rs"]
mod reading;

use std::cell::OnceCell;
use std::panic::{catch_unwind, set_hook};
use std::path::PathBuf;

use corpus::Format;

thread_local! {
    static FOLDER: OnceCell<(tempfile::TempDir, PathBuf)> = const { OnceCell::new() };
}

/// Checks the bytes as a file of a format. A finding is a panic.
pub fn check(bytes: &[u8], format: Format) {
    FOLDER.with(|folder| {
        let (_, path) = folder.get_or_init(|| {
            // In memory where the system has such a folder: a run writes thousands of files a second.
            let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
            let path = folder.path().join("bytes");
            // libFuzzer's own ends the process at a panic, also at one of the judge that is caught and only a verdict.
            set_hook(Box::new(|_| ()));
            (folder, path)
        });
        if let Err(panic) = catch_unwind(|| drop(invariants::check(path, bytes, format))) {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            eprintln!("{}", text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic"));
            std::process::abort();
        }
    });
}
