//! A thousand runs keep every promise; what is built wrong is found out; a seed plays again.
//!
//! ```text
//! SEEDS=100000 cargo test --release -p simulation no_seed -- --nocapture
//! SEED=42 cargo test -p simulation no_seed -- --nocapture
//! ```

use std::env;
use std::thread::available_parallelism;
use std::time::Instant;

use simulation::{Variant, play, play_all, tell};

#[test]
fn no_seed_breaks_a_promise() {
    if let Some(seed) = number_in("SEED") {
        let played = tell(seed, Variant::Real).unwrap_or_else(|broken| panic!("{broken}"));
        println!("{} {:?}", played.digest, played.tally);
        return;
    }
    let (first, seeds) = (number_in("FIRST").unwrap_or(0), number_in("SEEDS").unwrap_or(1_000));
    let begun = Instant::now();
    let tally = play_all(first, seeds, threads(), Variant::Real);
    let tally = tally.unwrap_or_else(|broken| panic!("{broken}"));
    for (what, times) in &tally {
        println!("{times:>10} {what}");
    }
    println!("{seeds:>10} seeds from {first} on, in {:.0?}: every promise kept", begun.elapsed());
    assert!(seeds < tally["pulses"], "hardly anything happened: {tally:?}");
}

#[test]
fn a_seed_plays_the_same_again() {
    for seed in [0, 1, 7, 42, 4_711] {
        let first = play(seed, Variant::Real).unwrap_or_else(|broken| panic!("{broken}"));
        let again = play(seed, Variant::Real).unwrap_or_else(|broken| panic!("{broken}"));
        assert_eq!(first, again, "seed {seed}");
    }
}

#[test]
fn each_wrong_variant_is_found_out() {
    for variant in Variant::WRONG {
        let broken = play_all(0, 1_000, threads(), variant).expect_err("it is wrong");
        println!("{variant:?} by seed {}: {}", broken.seed, broken.complaint);
        let promise = match variant {
            Variant::NoDeadline => "INV5: ",
            Variant::Real
            | Variant::ReleaseOnTimeout
            | Variant::LedgerLost
            | Variant::NoTombstone => "INV1b: ",
        };
        assert!(broken.complaint.starts_with(promise), "for another reason: {variant:?}");
    }
}

fn threads() -> usize {
    available_parallelism().map_or(2, Into::into)
}

fn number_in(variable: &str) -> Option<u64> {
    let number = env::var(variable).ok()?;
    Some(number.parse().unwrap_or_else(|_| panic!("{variable} is no number: {number}")))
}
