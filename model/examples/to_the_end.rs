//! Plays all games within wider bounds than the tests do, and says what it met:
//!
//! ```text
//! cargo run --release -p model --example to_the_end
//! ```
//!
//! 22,391,138 states in a few minutes and 1.8 GB, every promise kept in each. With `-- broken` two
//! faults may follow on one another: 4,904,747 states.

use std::process::ExitCode;
use std::time::Instant;
use std::{env, fs};

use model::{Bounds, Promise, Variant, explore};

/// In and out in two tries, any one fault, a slow clock, a revoke and the end of the code's time.
const WIDE: Bounds = Bounds {
    attempts: 2,
    ticks: 3,
    expires: 3,
    grace: false,
    hellos: 2,
    epochs: 2,
    faults: 1,
    slow_clock: true,
    exit: true,
};

/// Two faults on one another, and no time to lose.
const BROKEN: Bounds =
    Bounds { ticks: 1, hellos: 3, epochs: 3, faults: 2, slow_clock: false, exit: false, ..WIDE };

fn main() -> ExitCode {
    let bounds = if env::args().nth(1).as_deref() == Some("broken") { BROKEN } else { WIDE };
    let begun = Instant::now();
    match explore(Variant::Real, bounds, &Promise::ALL) {
        Ok(explored) => {
            println!("{bounds:?}\n{explored:?}, {:.0?}, {}", begun.elapsed(), peak_memory());
            ExitCode::SUCCESS
        }
        Err(broken) => {
            println!("{broken}");
            ExitCode::FAILURE
        }
    }
}

fn peak_memory() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    peak.map_or("memory unknown".to_owned(), |peak| peak.trim().to_owned())
}
