//! What a process costs, as Linux counts it.

use std::fs;

/// Memory that is really there, in kB.
pub(crate) fn rss_kb(pid: u32) -> u64 {
    let status = read(pid, "status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a VmRSS");
    line.trim().trim_end_matches(" kB").parse().expect("kB")
}

/// Open files and sockets.
pub(crate) fn open_files(pid: u32) -> usize {
    fs::read_dir(format!("/proc/{pid}/fd")).expect("the process runs").count()
}

/// A file of a process that runs.
pub(crate) fn read(pid: u32, file: &str) -> String {
    fs::read_to_string(format!("/proc/{pid}/{file}")).expect("the process runs")
}
