use std::time::Duration;

use super::*;
use crate::attempt::{Evidence, Settlement, WhyNot};
use crate::gate::{MAX_SINCE_UNSETTLED, MAX_UNSETTLED, PulseGap};
use crate::{ApiKeyId, GateId, UserId};

const NOON: Timestamp = Timestamp::from_millis(1_780_000_000_000);
const GAP: Duration = Duration::from_secs(3);
const SECOND: Duration = Duration::from_secs(1);

fn target() -> Target {
    let id = GateId::from_bytes([3; 16]);
    let gate = Gate {
        id,
        epoch: 7,
        hello_at: NOON,
        ready_at: Some(NOON),
        barred: None,
        hardware_since: 1,
        pulse_gap: PulseGap::default(),
    };
    Target { gate, unsettled: 0, since_unsettled: 0 }
}

fn presser() -> Press {
    Press { user: UserId::from_bytes([4; 16]), api_key: None }
}

fn id(n: u8) -> AttemptId {
    AttemptId::from_bytes([n; 16])
}

fn pressed(last: Option<&Attempt>, n: u8, now: Timestamp) -> Pressed {
    press(presser(), target(), last.cloned(), id(n), now).unwrap()
}

fn first() -> Attempt {
    let Pressed::New(attempt) = pressed(None, 1, NOON) else { panic!("nothing was before") };
    attempt
}

#[test]
fn a_press_makes_a_command_for_the_gates_epoch_and_for_eight_seconds() {
    let attempt = first();
    assert_eq!((attempt.epoch, attempt.deadline), (7, NOON + 8 * SECOND));
    assert_eq!((attempt.press(), attempt.visit()), (Some(presser()), None));
    assert_eq!((attempt.leg(), attempt.ends_with_the_code()), (None, false));
}

#[test]
fn a_press_while_one_is_open_is_that_one_however_long_the_gate_keeps_silent() {
    let mut attempt = first();
    assert_eq!(pressed(Some(&attempt), 2, NOON), Pressed::Before(attempt.clone()));
    attempt.claim(false, Some(7), NOON).unwrap();
    let much_later = NOON + Duration::from_mins(50);
    assert_eq!(pressed(Some(&attempt), 2, much_later), Pressed::Before(attempt));
}

#[test]
fn a_press_within_the_gap_after_an_opening_is_that_opening_and_a_later_one_is_not() {
    let mut attempt = first();
    attempt.claim(false, Some(7), NOON).unwrap();
    let opened_at = NOON + SECOND;
    assert_eq!(attempt.settle(Evidence::Executed, 1, opened_at), Settlement::News);
    let last_moment = Timestamp::from_millis((opened_at + GAP).as_millis() - 1);
    assert_eq!(pressed(Some(&attempt), 2, last_moment), Pressed::Before(attempt.clone()));
    assert!(matches!(pressed(Some(&attempt), 2, opened_at + GAP), Pressed::New(_)));
}

#[test]
fn an_opening_that_was_told_late_does_not_stand_for_a_press_of_today() {
    let mut attempt = first();
    attempt.claim(false, Some(7), NOON).unwrap();
    let told_at = NOON + Duration::from_mins(1);
    attempt.settle(Evidence::Executed, 1, told_at);
    assert!(matches!(pressed(Some(&attempt), 2, told_at), Pressed::New(_)));
}

#[test]
fn a_clock_that_was_set_back_keeps_nobody_from_pressing() {
    let mut attempt = first();
    attempt.claim(false, Some(7), NOON).unwrap();
    attempt.settle(Evidence::Executed, 1, NOON);
    for before in [NOON - Duration::from_mins(10), NOON - GAP] {
        assert!(matches!(pressed(Some(&attempt), 2, before), Pressed::New(_)));
    }
    let within = Timestamp::from_millis((NOON - GAP).as_millis() + 1);
    assert_eq!(pressed(Some(&attempt), 2, within), Pressed::Before(attempt));
}

#[test]
fn who_was_refused_may_press_again_at_once() {
    let mut attempt = first();
    attempt.claim(false, Some(7), NOON).unwrap();
    attempt.settle(Evidence::NotExecuted(WhyNot::TooSoon), 1, NOON);
    assert!(matches!(pressed(Some(&attempt), 2, NOON), Pressed::New(_)));
}

#[test]
fn what_other_hardware_was_sent_keeps_nobody_from_pressing() {
    let mut attempt = first();
    attempt.claim(false, Some(7), NOON).unwrap();
    let mut target = target();
    (target.gate.epoch, target.gate.hardware_since) = (9, 8);
    let again = press(presser(), target, Some(attempt), id(2), NOON);
    assert!(matches!(again, Ok(Pressed::New(attempt)) if attempt.epoch == 9));
}

#[test]
fn a_gate_that_is_not_there_or_has_its_hands_full_is_sent_nothing() {
    let mut gone = target();
    gone.gate.ready_at = None;
    let full = Target { unsettled: MAX_UNSETTLED, ..target() };
    let silent = Target { unsettled: 1, since_unsettled: MAX_SINCE_UNSETTLED, ..target() };
    for target in [gone, full, silent] {
        assert_eq!(press(presser(), target, None, id(1), NOON), Err(GateOffline));
    }
    let busy = MAX_SINCE_UNSETTLED - 1;
    let target = Target { unsettled: MAX_UNSETTLED - 1, since_unsettled: busy, ..target() };
    assert!(press(presser(), target, None, id(1), NOON).is_ok());
}

#[test]
fn a_press_whose_right_is_gone_is_not_sent() {
    let by_key = Press { api_key: Some(ApiKeyId::from_bytes([5; 16])), ..presser() };
    for presser in [presser(), by_key] {
        let made = press(presser, target(), None, id(1), NOON);
        let Ok(Pressed::New(mut attempt)) = made else { panic!("nothing was before") };
        assert_eq!(attempt.claim(true, Some(7), NOON), Err(WhyNot::AccessRemoved));
        let why = WhyNot::AccessRemoved;
        assert_eq!(attempt.state, State::NotExecuted { at: NOON, why });
    }
}
