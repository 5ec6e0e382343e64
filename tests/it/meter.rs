//! What a process costs, as Linux counts it.

use std::fs;
use std::time::Duration;

/// The kernel counts a process's time in these, whatever it ticks by.
const TICK: Duration = Duration::from_millis(10);

/// Memory that is really there, in kB.
pub(crate) fn rss_kb(pid: u32) -> u64 {
    let status = read(pid, "status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a VmRSS");
    line.trim().trim_end_matches(" kB").parse().expect("kB")
}

/// Processor time so far, of all threads, for itself and in the kernel.
pub(crate) fn cpu(pid: u32) -> Duration {
    let stat = read(pid, "stat");
    // The name before the bracket may hold blanks; user and system time come 12th after it.
    let (_, fields) = stat.rsplit_once(") ").expect("a name in brackets");
    let ticks =
        fields.split(' ').skip(11).take(2).map(|field| field.parse::<u32>().expect("ticks"));
    TICK * ticks.sum::<u32>()
}

/// Open files and sockets.
pub(crate) fn open_files(pid: u32) -> usize {
    fs::read_dir(format!("/proc/{pid}/fd")).expect("the process runs").count()
}

fn read(pid: u32, file: &str) -> String {
    fs::read_to_string(format!("/proc/{pid}/{file}")).expect("the process runs")
}
