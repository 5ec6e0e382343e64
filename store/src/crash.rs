//! Named moments at which a debug build can be told to die; a release build knows none of them.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// Names the moment: `claimed`, or `claimed:3` for the third time that it comes.
const VARIABLE: &str = "FLUSSD_CRASH_AT";

/// Dies here as by kill -9, with one word on where, if a debug build was told to.
pub fn crash_point(moment: &str) {
    static TOLD: OnceLock<Option<(String, AtomicU64)>> = OnceLock::new();
    if !cfg!(debug_assertions) {
        return;
    }
    if let Some((told, times)) = TOLD.get_or_init(told)
        && told == moment
        && times.fetch_sub(1, Ordering::Relaxed) == 1
    {
        eprintln!("dies at {moment}");
        std::process::abort();
    }
}

fn told() -> Option<(String, AtomicU64)> {
    let told = std::env::var(VARIABLE).ok()?;
    let (moment, times) = told.split_once(':').unwrap_or((&told, "1"));
    Some((moment.to_owned(), AtomicU64::new(times.parse().unwrap_or(1))))
}
