//! What a process uses, from `/proc` (proc(5)).

use std::fs;
use std::time::Duration;

use jiff::Timestamp;

use crate::{Error, Result};

/// Resident memory in MiB.
pub(super) fn resident_mib(pid: u32) -> Result<f64> {
    mib(&read(pid, "status")?, "VmRSS:")
}

/// What the line `name` of a process's `status` has, in MiB.
pub(super) fn mib(status: &str, name: &str) -> Result<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kib.map(|kib| kib / 1024.0)
        .ok_or_else(|| Error::Unexpected(format!("no {name} in {status}")))
}

/// When the process began whose `stat` this is, to a hundredth of a second.
pub(super) fn started(stat: &str) -> Result<Timestamp> {
    let path = "/proc/uptime";
    let uptime = fs::read_to_string(path).map_err(Error::io(|| format!("read {path}")))?;
    let age = age(stat, &uptime);
    let age = age.ok_or_else(|| Error::Unexpected(format!("no start in {stat}")))?;
    Ok(Timestamp::now() - age)
}

fn age(stat: &str, uptime: &str) -> Option<Duration> {
    // The program's name may hold blanks. The twentieth field behind it is the start, in hundredths of a second since the machine's own.
    let ticks = stat.rsplit(')').next()?.split_whitespace().nth(19)?;
    let began = Duration::from_millis(ticks.parse::<u64>().ok()? * 10);
    let uptime = uptime.split_whitespace().next()?.parse().ok()?;
    Duration::from_secs_f64(uptime).checked_sub(began)
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

    #[test]
    fn the_age_of_a_process_is_the_machines_less_its_start() {
        let stat = "4711 (a name) S 1 4711 4711 0 -1 4194560 1 0 0 0 2 1 0 0 20 0 8 0 12345 1000 100 18446744073709551615";
        assert_eq!(age(stat, "130.45 200.00"), Some(Duration::from_secs(7)));
        assert_eq!(age("4711 (a name) S", "130.45 200.00"), None);
    }
}
