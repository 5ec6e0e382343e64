//! The opening as it is built keeps every promise; each of seven wrong ones is found out.
//!
//! The bounds here are such that all tests together take less than a minute. Wider ones are played by
//! `model/examples/to_the_end.rs`.

use model::{Bounds, Promise, Variant, explore};

/// Two tries, one fault of any kind, and time for a command to die.
const FAULTY: Bounds = Bounds {
    attempts: 2,
    ticks: 2,
    expires: 2,
    grace: false,
    hellos: 2,
    epochs: 2,
    faults: 1,
    slow_clock: false,
    exit: false,
};

/// The same for longer: a command dies, and something happens after.
const LONG: Bounds = Bounds { ticks: 3, expires: 3, ..FAULTY };

/// Nothing breaks, but the gate's clock is behind and words come late.
const LATE: Bounds = Bounds { ticks: 3, expires: 4, faults: 0, slow_clock: true, ..FAULTY };

/// One fault, and hardly time to notice it.
const HASTY: Bounds = Bounds { ticks: 1, ..FAULTY };

#[test]
fn no_single_fault_breaks_a_promise() {
    assert!(200_000 < keeps_all_promises(FAULTY), "the game has become smaller");
}

/// The largest game that each run of the tests bears: half a minute and 0.4 GB. Among the promises is
/// that every reserved leg is settled once faults end.
#[test]
fn millions_of_states_break_no_promise() {
    assert!(2_700_000 <= keeps_all_promises(LONG), "the game has become smaller");
}

#[test]
fn no_delay_and_no_slow_clock_breaks_a_promise() {
    let in_and_out = Bounds { exit: true, ..LATE };
    assert!(10_000 < keeps_all_promises(in_and_out), "the game has become smaller");
}

/// G-15: the code ends at the first moment, and who is inside may leave all the same.
#[test]
fn a_way_out_after_the_end_breaks_no_promise() {
    let strict = Bounds { exit: true, expires: 1, ..LATE };
    let strict_states = keeps_all_promises(strict);
    let states = keeps_all_promises(Bounds { grace: true, ..strict });
    assert!(strict_states < states, "somebody leaves after the end");
}

#[test]
fn n1_a_leg_freed_on_timeout_is_found_out() {
    is_found_out(Variant::ReleaseOnTimeout, LATE, &[Promise::FreeIsUnused, Promise::OnePulse]);
}

#[test]
fn n2_commands_that_wait_for_the_gate_are_found_out() {
    let stale = [Promise::InTime, Promise::RevokedIsShut];
    is_found_out(Variant::NeitherEpochNorDeadline, LATE, &stale);
    let twice = [Promise::FreeIsUnused, Promise::OnePulse];
    is_found_out(Variant::NeitherEpochNorDeadline, HASTY, &twice);
}

#[test]
fn n2b_a_gate_without_deadlines_is_found_out() {
    is_found_out(Variant::NoDeadline, LATE, &[Promise::InTime, Promise::RevokedIsShut]);
}

#[test]
fn n2c_a_gate_without_epochs_is_found_out() {
    is_found_out(Variant::NoEpoch, HASTY, &[Promise::FreeIsUnused, Promise::OnePulse]);
}

#[test]
fn n3_a_ledger_lost_with_the_power_is_found_out() {
    is_found_out(Variant::LedgerLost, HASTY, &[Promise::FreeIsUnused, Promise::OnePulse]);
}

#[test]
fn n4_publishing_before_the_claim_is_found_out() {
    let broken = [Promise::FreeIsUnused, Promise::RevokedIsShut, Promise::OnePulse];
    is_found_out(Variant::PublishBeforeClaim, LATE, &broken);
}

#[test]
fn n5_an_answer_without_tombstone_is_found_out() {
    is_found_out(Variant::NoTombstone, LATE, &[Promise::FreeIsUnused]);
}

/// Says how many states there are.
fn keeps_all_promises(bounds: Bounds) -> usize {
    match explore(Variant::Real, bounds, &Promise::ALL) {
        Ok(explored) => {
            println!("{explored:?}");
            explored.states
        }
        Err(broken) => panic!("{broken}"),
    }
}

/// Each of the promises is broken, and the search tells how, as shortly as can be.
fn is_found_out(variant: Variant, bounds: Bounds, promises: &[Promise]) {
    for promise in promises {
        match explore(variant, bounds, &[*promise]) {
            Err(broken) => println!("{variant:?}, {broken}"),
            Ok(explored) => panic!("{variant:?} keeps {promise}: {explored:?}"),
        }
    }
}
