//! What a process uses, from `/proc` (proc(5)).

use std::fs;
use std::time::Duration;

use crate::{Error, Result};

/// Resident memory in MiB.
pub(super) fn resident_mib(pid: u32) -> Result<f64> {
    let status = read(pid, "status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kib.map(|kib| kib / 1024.0)
        .ok_or_else(|| Error::Unexpected(format!("no VmRSS of process {pid}")))
}

/// Processor time so far, user and system, of all threads that live. The kernel counts it in nanoseconds per thread
/// (`/proc/PID/task/TID/schedstat`, first field), and in hundredths of a second per process: too coarse for a window of one.
pub(super) fn processor_time(pid: u32) -> Result<Duration> {
    let folder = format!("/proc/{pid}/task");
    let threads = fs::read_dir(&folder).map_err(Error::io(|| format!("read {folder}")))?;
    let nanoseconds = threads.flatten().filter_map(|thread| {
        // A thread that ends meanwhile has no file.
        let text = fs::read_to_string(thread.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse::<u64>().ok()
    });
    Ok(Duration::from_nanos(nanoseconds.sum()))
}

fn read(pid: u32, file: &str) -> Result<String> {
    let path = format!("/proc/{pid}/{file}");
    fs::read_to_string(&path).map_err(Error::io(|| format!("read {path}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_and_processor_time_of_this_process_are_plausible() {
        let pid = std::process::id();
        assert!((1.0..10_000.0).contains(&resident_mib(pid).unwrap()));
        let before = processor_time(pid).unwrap();
        while processor_time(pid).unwrap() < before + Duration::from_millis(1) {
            std::hint::spin_loop();
        }
    }
}
