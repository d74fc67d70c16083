//! What building an engine costs: processor time and memory, in a process that builds nothing else.

use std::process::{Command, Stdio};

use rustix::time::{ClockId, clock_gettime};

use crate::Result;
use crate::engines::rows;
use crate::plan::{Mode, Plan};
use crate::report::BuildCost;
use crate::words::Words;

/// Quick builds are repeated so often, for their time is near what disturbs it.
const MAX_BUILDS: usize = 5;
/// No further build is begun after so many seconds.
const ENOUGH_SECONDS: f64 = 1.0;

/// Processor time of this thread in seconds.
pub fn thread_seconds() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

/// Builds an engine in a new process, and says what that took.
pub fn build_apart(engine: &str, plan_path: &str) -> Result<BuildCost> {
    // Not its path: a build of the program may have replaced it meanwhile.
    let mut program = Command::new("/proc/self/exe");
    let child = program.args(["--build", engine, plan_path]).stderr(Stdio::inherit()).output();
    let child = child.map_err(|error| format!("building {engine}: {error}"))?;
    if !child.status.success() {
        return Err(format!("building {engine} ended with {}", child.status));
    }
    serde_json::from_slice(&child.stdout).map_err(|error| format!("building {engine}: {error}"))
}

/// Builds an engine in this process, which has done nothing but read the words.
pub fn build_here(engine: &str, plan: &Plan) -> Result<BuildCost> {
    let row =
        rows(plan.mode).find(|row| row.name == engine).ok_or_else(|| format!("no engine has the name {engine}"))?;
    let words = Words::read(&plan.words)?;
    let words = if plan.mode == Mode::Standard && row.is_peer { words.keys()? } else { words };
    forget_peak();
    let before = memory("VmRSS:")?;
    let mut cost = BuildCost { cpu: Vec::new(), peak_bytes: 0 };
    while cost.cpu.len() < MAX_BUILDS && cost.cpu.iter().sum::<f64>() < ENOUGH_SECONDS {
        let start = thread_seconds();
        let built = (row.build)(&words, plan)?;
        cost.cpu.push(thread_seconds() - start);
        if cost.peak_bytes == 0 {
            cost.peak_bytes = memory("VmHWM:")?.saturating_sub(before);
        }
        drop(built);
    }
    Ok(cost)
}

/// Sets the highest resident memory to that of now, see proc(5). Where the kernel refuses, the peak is that of reading
/// the words at least, a few megabytes.
fn forget_peak() {
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

/// A field of this process's status, in bytes.
fn memory(field: &str) -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status").map_err(|error| format!("/proc/self/status: {error}"))?;
    let kib = status.lines().find_map(|line| line.strip_prefix(field)?.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    kib.map(|kib| kib * 1024).ok_or_else(|| format!("/proc/self/status has no {field}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_that_is_written_counts() {
        forget_peak();
        let before = memory("VmRSS:").unwrap();
        // Optimized builds would leave out a block that is hardly used.
        let block = std::hint::black_box(vec![1u8; 64 << 20]);
        assert!(memory("VmHWM:").unwrap() >= before + (32 << 20));
        assert_eq!(block[block.len() / 2], 1);
    }

    #[test]
    fn time_is_that_of_work() {
        let start = thread_seconds();
        std::thread::sleep(std::time::Duration::from_millis(50));
        assert!(thread_seconds() - start < 0.04);
    }
}
