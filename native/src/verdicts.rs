//! The scan of an Arrow IPC stream that comes in pieces.

use napi::bindgen_prelude::{BufferSlice, Int32Array, Uint8Array};
use napi_derive::napi;
use scan::StreamTask;

use crate::shard::{Step, WaitingIds};
use crate::{error, library};

/// A stream whose record batches are answered with verdicts, on one thread.
#[napi]
pub struct StreamScan {
    scan: scan::StreamScan,
    ids: WaitingIds,
}

/// What one step of a stream came to.
#[napi(object)]
pub struct StreamEvent {
    /// `wanting` more bytes, `output` for the answer, a `slice` that was matched, or an `answer` that can be taken once
    /// all slices before it have their scores.
    #[napi(ts_type = "'wanting' | 'output' | 'slice' | 'answer'")]
    pub kind: String,
    /// Of `output`.
    pub bytes: Option<Uint8Array>,
    /// Of `slice`.
    pub slice: Option<Step>,
}

#[napi]
impl StreamScan {
    /// Opens a stream of a task (JSON) before its first byte; the library must be compiled in this process.
    #[napi(constructor, catch_unwind)]
    pub fn new(library_key: String, task: String) -> napi::Result<Self> {
        let task: StreamTask = serde_json::from_str(&task).map_err(error::argument)?;
        let compiled = library::find(&library_key)?;
        let scan =
            scan::StreamScan::open(task, compiled.library, compiled.ids).map_err(|error| error::stream(&error))?;
        Ok(Self { scan, ids: WaitingIds::default() })
    }

    /// Takes bytes, as far as the end of a message, and gives how many; `advance` until it is wanting, then the rest.
    #[napi(catch_unwind)]
    pub fn push(&mut self, bytes: &[u8]) -> napi::Result<f64> {
        let taken = self.scan.push(bytes).map_err(|error| error::stream(&error))?;
        Ok(taken as f64)
    }

    /// Does the next piece of work.
    #[napi(catch_unwind)]
    pub fn advance(&mut self) -> napi::Result<StreamEvent> {
        let event = |kind: &str| StreamEvent { kind: kind.to_owned(), bytes: None, slice: None };
        Ok(match self.scan.advance().map_err(|error| error::stream(&error))? {
            scan::StreamEvent::Wanting => event("wanting"),
            scan::StreamEvent::Output(bytes) => StreamEvent { bytes: Some(bytes.into()), ..event("output") },
            scan::StreamEvent::Slice(step) => StreamEvent { slice: Some(self.ids.hold(step)), ..event("slice") },
            scan::StreamEvent::Answer => event("answer"),
        })
    }

    /// Writes the ids of the last slice's packs, as those of a shard's batch.
    #[napi(catch_unwind)]
    pub fn fill_ids(&mut self, mut target: BufferSlice<'_>) -> napi::Result<()> {
        self.ids.fill(&mut target)
    }

    /// Brings the sums of a slice, one array per pack.
    #[napi(catch_unwind)]
    pub fn score(&mut self, slice: u32, sums: Vec<Int32Array>) -> napi::Result<()> {
        let sums: Vec<&[i32]> = sums.iter().map(AsRef::as_ref).collect();
        self.scan.score(slice, &sums).map_err(|error| error::stream(&error))
    }

    /// The message that answers the first record batch that waits.
    #[napi(catch_unwind)]
    pub fn answer(&mut self) -> napi::Result<Uint8Array> {
        Ok(self.scan.answer().map_err(|error| error::stream(&error))?.into())
    }

    /// Says that no more bytes come; gives the end of the answer.
    #[napi(catch_unwind)]
    pub fn finish(&mut self) -> napi::Result<Uint8Array> {
        Ok(self.scan.finish().map_err(|error| error::stream(&error))?.into())
    }

    /// Counts of the record batches that were answered (JSON).
    #[napi(catch_unwind)]
    pub fn summary(&self) -> String {
        self.scan.summary()
    }
}
