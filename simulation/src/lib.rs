//! The whole service and its gates in one thread, with a time and a luck of their own.
//!
//! What runs is what production runs: the rules of `domain`, the storage on SQLite, the bridge but
//! for its socket, the gate's state machine, and between them the bytes of `protocol`. What is
//! played here is what surrounds them: people, the network, power, flash, clocks, crashes.
//!
//! Nothing but the seed decides what happens, so a seed plays the same again, line by line.
//!
//! In reading order: `world` (the main loop, and the list of what can go wrong), `people`,
//! `service`, `gate`, `network`, and the `oracle` that watches all of them. [`Variant`] names ways
//! to build it wrong, each of which the oracle must find out.

mod house;
mod luck;
mod network;
mod oracle;
mod people;
mod presses;
mod service;
mod trace;
mod variant;
mod world;

mod gate;

use std::collections::BTreeMap;
use std::fmt;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

pub use variant::Variant;

use world::World;

/// What a run met that broke no promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Played {
    /// SHA-256 of all that happened.
    pub digest: String,
    /// How often what happened.
    pub tally: Tally,
}

/// How often what happened, by its name.
pub type Tally = BTreeMap<&'static str, u64>;

/// A run that broke a promise.
#[derive(Clone, Debug)]
pub struct Broken {
    /// Plays it again.
    pub seed: u64,
    /// How it was built.
    pub variant: Variant,
    /// After how many lines of the trace.
    pub line: u64,
    /// Which promise, and how.
    pub complaint: String,
    /// The last lines of the trace.
    pub story: String,
}

/// Plays one run.
pub fn play(seed: u64, variant: Variant) -> Result<Played, Box<Broken>> {
    house::runtime().block_on(World::play(seed, variant, false))
}

/// Plays one run and prints each line of it.
pub fn tell(seed: u64, variant: Variant) -> Result<Played, Box<Broken>> {
    house::runtime().block_on(World::play(seed, variant, true))
}

/// Plays so many seeds from the first on, on so many threads, to the end or to the first that
/// breaks a promise.
pub fn play_all(
    first: u64,
    seeds: u64,
    threads: usize,
    variant: Variant,
) -> Result<Tally, Box<Broken>> {
    let next = AtomicU64::new(first);
    let work = || {
        let (runtime, mut all) = (house::runtime(), Tally::new());
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if first + seeds <= seed {
                return Ok(all);
            }
            let played = runtime.block_on(World::play(seed, variant, false));
            match played {
                Ok(played) => {
                    add(&mut all, played.tally);
                }
                Err(broken) => {
                    next.store(u64::MAX / 2, Ordering::Relaxed);
                    return Err(broken);
                }
            }
        }
    };
    let mut sum = Tally::new();
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            let ended = worker.join().unwrap_or_else(|panic| resume_unwind(panic));
            add(&mut sum, ended?);
        }
        Ok(sum)
    })
}

fn add(sum: &mut Tally, tally: Tally) {
    for (what, times) in tally {
        *sum.entry(what).or_default() += times;
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, variant, line, complaint, story } = self;
        write!(
            f,
            "{story}seed {seed}, line {line}, {variant:?}: {complaint}\n\
             again: SEED={seed} cargo test -p simulation no_seed -- --nocapture"
        )
    }
}
