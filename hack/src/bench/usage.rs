//! What a process uses, from `/proc` (proc(5)).

use std::fs;

use crate::{Error, Result};

/// Kernel clock ticks are hundredths of a second wherever Linux runs today (`getconf CLK_TCK`).
const MILLISECONDS_PER_TICK: u64 = 10;

/// Resident memory in MiB.
pub(super) fn resident_mib(pid: u32) -> Result<f64> {
    let status = read(pid, "status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kib.map(|kib| kib / 1024.0)
        .ok_or_else(|| Error::Unexpected(format!("no VmRSS of process {pid}")))
}

/// Processor time so far, user and system, in milliseconds.
pub(super) fn cpu_milliseconds(pid: u32) -> Result<u64> {
    let stat = read(pid, "stat")?;
    // Fields 14 and 15, counted behind the second one, which is in parentheses.
    let fields = stat
        .rsplit_once(')')
        .map(|(_, rest)| rest.split_whitespace());
    let ticks = fields.map(|fields| {
        fields
            .skip(11)
            .take(2)
            .filter_map(|field| field.parse::<u64>().ok())
            .sum::<u64>()
    });
    ticks
        .map(|ticks| ticks * MILLISECONDS_PER_TICK)
        .ok_or_else(|| Error::Unexpected(format!("no processor time of process {pid}")))
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
        let before = cpu_milliseconds(pid).unwrap();
        while cpu_milliseconds(pid).unwrap() == before {
            std::hint::spin_loop();
        }
    }
}
