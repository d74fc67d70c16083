//! The scan of a shard, and the draw of the samples.

use std::path::Path;

use napi::bindgen_prelude::{BufferSlice, Int32Array};
use napi_derive::napi;
use scan::{DrawSpec, ShardTask};

use crate::{error, library};

/// A shard that is being scanned, on one thread.
#[napi]
pub struct ShardScan {
    scan: Option<scan::ShardScan>,
    ids: WaitingIds,
}

/// One batch.
#[napi(object)]
pub struct Step {
    /// Names the batch when its scores come.
    pub batch: u32,
    /// Records read.
    pub records: u32,
    /// Bytes of text read.
    pub bytes: f64,
    /// Records flagged so far in this batch.
    pub flagged: u32,
    /// Records that could not be read.
    pub unread: u32,
    /// What the classifier is to score.
    pub packs: Vec<Pack>,
}

/// Windows of one length, padded with zeros; `fillIds` gives their ids.
#[napi(object)]
pub struct Pack {
    /// Number of windows.
    pub rows: u32,
    /// Ids per window.
    pub length: u32,
}

/// Packs of the last batch, until their ids are asked for.
#[derive(Default)]
pub(crate) struct WaitingIds(Vec<scan::Pack>);

impl WaitingIds {
    /// The step as it is told; its ids wait here.
    pub(crate) fn hold(&mut self, step: scan::Step) -> Step {
        let packs = step.packs.iter().map(|pack| Pack { rows: pack.rows as u32, length: pack.length as u32 }).collect();
        self.0 = step.packs;
        Step {
            batch: step.batch,
            records: step.records as u32,
            bytes: step.bytes as f64,
            flagged: step.flagged as u32,
            unread: step.unread as u32,
            packs,
        }
    }

    /// Writes the ids and forgets them.
    pub(crate) fn fill(&mut self, target: &mut [u8]) -> napi::Result<()> {
        let packs = std::mem::take(&mut self.0);
        let size: usize = packs.iter().map(|pack| pack.ids.len() * 4).sum();
        if size != target.len() {
            return Err(error::argument(format!("the ids take {size} bytes; there is room for {}", target.len())));
        }
        let ids = packs.iter().flat_map(|pack| &pack.ids);
        for (bytes, id) in target.chunks_exact_mut(4).zip(ids) {
            bytes.copy_from_slice(&id.to_ne_bytes());
        }
        Ok(())
    }
}

#[napi]
impl ShardScan {
    /// Opens the shard of a task (JSON); the library must be compiled in this process.
    #[napi(constructor, catch_unwind)]
    pub fn new(library_key: String, task: String) -> napi::Result<Self> {
        let task: ShardTask = serde_json::from_str(&task).map_err(error::argument)?;
        let compiled = library::find(&library_key)?;
        let scan = scan::ShardScan::open(task, compiled.library, compiled.ids).map_err(|error| error::scan(&error))?;
        Ok(Self { scan: Some(scan), ids: WaitingIds::default() })
    }

    /// Reads and matches the next batch; null at the end.
    #[napi(catch_unwind)]
    pub fn next(&mut self) -> napi::Result<Option<Step>> {
        let step = self.open()?.next_batch().map_err(|error| error::scan(&error))?;
        Ok(step.map(|step| self.ids.hold(step)))
    }

    /// Writes the ids of the last batch's packs, one behind the other, each row-major `[rows, length]`, four bytes each in
    /// the order of the machine. They are then forgotten: the caller's buffer, which it uses again, is the only place of them.
    #[napi(catch_unwind)]
    pub fn fill_ids(&mut self, mut target: BufferSlice<'_>) -> napi::Result<()> {
        self.ids.fill(&mut target)
    }

    /// Brings the sums of a batch, one array per pack. Returns the number of flagged records.
    #[napi(catch_unwind)]
    pub fn score(&mut self, batch: u32, sums: Vec<Int32Array>) -> napi::Result<u32> {
        let sums: Vec<&[i32]> = sums.iter().map(AsRef::as_ref).collect();
        let flagged = self.open()?.score(batch, &sums).map_err(|error| error::scan(&error))?;
        Ok(flagged as u32)
    }

    /// Writes the evidence and gives the tally as JSON. The shard is closed by it.
    #[napi(catch_unwind)]
    pub fn finish(&mut self) -> napi::Result<String> {
        self.open()?;
        let scan = self.scan.take().expect("the line above saw it open");
        scan.finish().map_err(|error| error::scan(&error))
    }

    fn open(&mut self) -> napi::Result<&mut scan::ShardScan> {
        self.scan.as_mut().ok_or_else(|| error::argument("the shard is finished"))
    }
}

/// Makes all that was written to the file system of a folder durable.
#[napi(catch_unwind)]
pub fn sync_files(folder: String) -> napi::Result<()> {
    scan::sync_files(Path::new(&folder))
        .map_err(|error| napi::Error::from_reason(format!("environment: {folder} cannot be synchronised: {error}")))
}

/// Draws the samples from the evidence (JSON in, JSON out).
#[napi(catch_unwind)]
pub fn draw_samples(spec: String) -> napi::Result<String> {
    let spec: DrawSpec = serde_json::from_str(&spec).map_err(error::argument)?;
    let draw = scan::draw(&spec).map_err(|error| error::scan(&error))?;
    Ok(serde_json::to_string(&draw).expect("counts have a JSON form"))
}
