//! A code and its attempts by examples; what they make of every history is in `histories`.

mod histories;

use std::sync::Mutex;
use std::time::Duration;

use crate::access_code::*;
use crate::attempt::{AskedBy, Evidence, Settlement, State, WhyNot};
use crate::gate::{Gate, PulseGap};
use crate::settings::ExitGrace;
use crate::*;

/// Dice that fall the same way for the same seed (xorshift64*).
pub(crate) struct Seeded(Mutex<u64>);

impl Seeded {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Mutex::new(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1))
    }
}

impl Dice for Seeded {
    fn roll(&self, into: &mut [u8]) {
        let mut state = self.0.lock().unwrap();
        for byte in into {
            *state ^= *state >> 12;
            *state ^= *state << 25;
            *state ^= *state >> 27;
            *byte = (state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 56) as u8;
        }
    }
}

pub(crate) const NOON: Timestamp = Timestamp::from_millis(1_780_000_000_000);

const TWELVE_HOURS: Duration = Duration::from_hours(12);

pub(crate) fn code() -> AccessCode {
    let passcode = Passcode::parse("0427").unwrap();
    let (id, intercom) = (CodeId::from_bytes([1; 16]), board());
    AccessCode::issue(id, intercom, passcode, TWELVE_HOURS, ExitGrace::default(), NOON)
}

fn board() -> IntercomId {
    IntercomId::from_bytes([2; 16])
}

fn attempt_id(n: u8) -> AttemptId {
    AttemptId::from_bytes([n; 16])
}

fn ready_gate(epoch: u64, now: Timestamp) -> Target {
    let id = GateId::from_bytes([3; 16]);
    let gate = Gate {
        id,
        epoch,
        hello_at: now,
        ready_at: Some(now),
        barred: None,
        hardware_since: 1,
        pulse_gap: PulseGap::default(),
    };
    Target { gate, unsettled: 0, since_unsettled: 0 }
}

fn ask(leg: Leg, typed: &Passcode) -> Request<'_> {
    Request { leg, typed, scanned: Some(board()), recent_attempts: 0 }
}

pub(crate) fn try_at(
    code: &mut AccessCode,
    leg: Leg,
    digits: &str,
    n: u8,
    now: Timestamp,
) -> Result<Attempt, Refusal> {
    let typed = Passcode::parse(digits).unwrap();
    code.redeem(&ask(leg, &typed), Some(ready_gate(1, now)), attempt_id(n), now)
}

pub(crate) fn inside() -> AccessCode {
    let mut code = code();
    let attempt = try_at(&mut code, Leg::Entry, "0427", 1, NOON).unwrap();
    assert!(!code.opened(Leg::Entry, attempt.id, NOON));
    code
}

#[test]
fn a_guest_goes_once_in_and_once_out() {
    let mut code = inside();
    assert_eq!(code.standing(NOON), Standing::Inside { since: NOON });
    assert_eq!(try_at(&mut code, Leg::Entry, "0427", 2, NOON), Err(Refusal::Used));
    let exit = try_at(&mut code, Leg::Exit, "0427", 3, NOON).unwrap();
    assert!(code.opened(Leg::Exit, exit.id, NOON));
    assert_eq!(code.standing(NOON), Standing::Completed { at: NOON });
    for leg in [Leg::Entry, Leg::Exit] {
        assert_eq!(try_at(&mut code, leg, "0427", 4, NOON), Err(Refusal::Used));
    }
}

#[test]
fn nobody_leaves_before_entering() {
    let mut code = code();
    assert_eq!(try_at(&mut code, Leg::Exit, "0427", 1, NOON), Err(Refusal::NotEnteredYet));
    try_at(&mut code, Leg::Entry, "0427", 1, NOON).unwrap();
    assert_eq!(try_at(&mut code, Leg::Exit, "0427", 2, NOON), Err(Refusal::NotEnteredYet));
}

#[test]
fn a_code_works_until_its_last_millisecond() {
    let end = code().expires_at;
    let last = Timestamp::from_millis(end.as_millis() - 1);
    assert!(try_at(&mut code(), Leg::Entry, "0427", 1, last).is_ok());
    assert_eq!(try_at(&mut code(), Leg::Entry, "0427", 1, end), Err(Refusal::Expired));
    assert!(code().is_active(last) && !code().is_active(end));
}

#[test]
fn an_expired_code_lets_nobody_out() {
    let mut code = inside();
    let end = code.expires_at;
    assert_eq!(try_at(&mut code, Leg::Exit, "0427", 2, end), Err(Refusal::Expired));
    assert_eq!(code.standing(end), Standing::Expired { at: end, inside: true });
}

#[test]
fn a_guest_may_turn_to_the_host_until_a_day_after_the_end() {
    let mut code = code();
    assert!(code.may_ask_for_help(NOON));
    let day_after = code.expires_at + HELP_LASTS;
    assert!(code.may_ask_for_help(day_after - Duration::from_millis(1)));
    assert!(!code.may_ask_for_help(day_after));
    code.revoke(None, NOON).unwrap();
    assert!(!code.may_ask_for_help(NOON + HELP_LASTS), "the end is the revoke, then");
}

#[test]
fn the_same_leg_is_reserved_once() {
    let mut code = code();
    try_at(&mut code, Leg::Entry, "0427", 1, NOON).unwrap();
    assert_eq!(try_at(&mut code, Leg::Entry, "0427", 2, NOON), Err(Refusal::AlreadyOpening));
}

#[test]
fn an_offline_gate_uses_nothing_up_and_looks_at_no_digits() {
    let mut code = code();
    let wrong = Passcode::parse("9876").unwrap();
    let right = Passcode::parse("0427").unwrap();
    let mut silent = ready_gate(1, NOON);
    silent.gate.ready_at = None;
    for typed in [&wrong, &right] {
        let refusal = code.redeem(&ask(Leg::Entry, typed), Some(silent), attempt_id(1), NOON);
        assert_eq!(refusal, Err(Refusal::GateOffline));
        let refusal = code.redeem(&ask(Leg::Entry, typed), None, attempt_id(1), NOON);
        assert_eq!(refusal, Err(Refusal::Suspended), "no gate to open");
    }
    assert_eq!(code, super::tests::code());
}

#[test]
fn a_gate_whose_hello_is_old_is_offline() {
    let (mut code, right) = (code(), Passcode::parse("0427").unwrap());
    let stale = Some(ready_gate(1, NOON));
    let later = NOON + gate::HELLO_LIFETIME;
    let refusal = code.redeem(&ask(Leg::Entry, &right), stale, attempt_id(1), later);
    assert_eq!(refusal, Err(Refusal::GateOffline));
}

#[test]
fn entry_needs_the_right_board_and_exit_needs_none() {
    let mut code = code();
    let right = Passcode::parse("0427").unwrap();
    let without = Request { scanned: None, ..ask(Leg::Entry, &right) };
    let other = Request { scanned: Some(IntercomId::from_bytes([9; 16])), ..without.clone() };
    let refused = |code: &mut AccessCode, request: &Request<'_>| {
        code.redeem(request, Some(ready_gate(1, NOON)), attempt_id(1), NOON)
    };
    assert_eq!(refused(&mut code, &without), Err(Refusal::ScanRequired));
    assert_eq!(refused(&mut code, &other), Err(Refusal::WrongIntercom));
    let mut code = inside();
    let out = Request { leg: Leg::Exit, ..without };
    assert!(code.redeem(&out, Some(ready_gate(1, NOON)), attempt_id(2), NOON).is_ok());
}

#[test]
fn five_wrong_codes_lock_the_link_with_waits_before_the_fourth_and_fifth() {
    let mut code = code();
    let mut now = NOON;
    for (tries_left, wait) in [(4, 0), (3, 0), (2, 5), (1, 15), (0, 0)] {
        let refusal = try_at(&mut code, Leg::Entry, "9876", 1, now);
        assert_eq!(refusal, Err(Refusal::WrongCode { tries_left }));
        let until = now + Duration::from_secs(wait);
        if 0 < wait {
            let too_soon = Timestamp::from_millis(until.as_millis() - 1);
            let right = try_at(&mut code, Leg::Entry, "0427", 1, too_soon);
            assert_eq!(right, Err(Refusal::Wait { until }));
        }
        now = until;
    }
    assert_eq!(try_at(&mut code, Leg::Entry, "0427", 1, now), Err(Refusal::LinkLocked));
}

#[test]
fn the_right_code_resets_the_tries() {
    let mut code = code();
    for _ in 0..2 {
        let _ = try_at(&mut code, Leg::Entry, "9876", 1, NOON);
    }
    let attempt = try_at(&mut code, Leg::Entry, "0427", 1, NOON).unwrap();
    assert_eq!(code.guard, LinkGuard::default());
    code.not_opened(Leg::Entry, attempt.id, NOON);
}

#[test]
fn a_revoke_before_the_command_is_sent_withdraws_it_at_once() {
    let mut code = code();
    let mut attempt = try_at(&mut code, Leg::Entry, "0427", 1, NOON).unwrap();
    assert_eq!(code.revoke(Some(&attempt), NOON), Ok(Revocation::Withdrawn(attempt.id)));
    assert_eq!(code.end, Some(End::Revoked { at: NOON, effective_at: NOON }));
    assert!(attempt.ends_with_the_code());
    assert_eq!(attempt.claim(true, None, NOON), Err(WhyNot::Revoked));
}

#[test]
fn a_revoke_after_sending_names_the_instant_after_which_nothing_opens() {
    let mut code = code();
    let mut attempt = try_at(&mut code, Leg::Entry, "0427", 1, NOON).unwrap();
    attempt.claim(false, Some(attempt.epoch), NOON).unwrap();
    assert_eq!(code.revoke(Some(&attempt), NOON), Ok(Revocation::Cancelling(attempt.id)));
    let effective_at = NOON + TRIGGER_LIFETIME;
    assert_eq!(code.end, Some(End::Revoked { at: NOON, effective_at }));
    let soon = NOON + Duration::from_millis(300);
    code.not_opened(Leg::Entry, attempt.id, soon);
    assert_eq!(code.end, Some(End::Revoked { at: NOON, effective_at: soon }));
}

#[test]
fn revoking_twice_changes_nothing_and_what_has_ended_is_not_revoked() {
    let mut code = code();
    code.revoke(None, NOON).unwrap();
    let once = code.clone();
    assert_eq!(code.revoke(None, NOON + Duration::from_secs(9)), Ok(Revocation::Again));
    assert_eq!(code, once);
    let mut expired = super::tests::code();
    let end = expired.expires_at;
    assert_eq!(expired.revoke(None, end), Err(NotActive::Expired));
    let mut left = inside();
    let exit = try_at(&mut left, Leg::Exit, "0427", 2, NOON).unwrap();
    left.opened(Leg::Exit, exit.id, NOON);
    assert_eq!(left.revoke(None, NOON), Err(NotActive::Completed));
}

#[test]
fn a_gate_that_opened_before_the_revoke_leaves_the_guest_inside_and_revoked() {
    let mut code = code();
    let mut attempt = try_at(&mut code, Leg::Entry, "0427", 1, NOON).unwrap();
    attempt.claim(false, Some(attempt.epoch), NOON).unwrap();
    code.revoke(Some(&attempt), NOON).unwrap();
    code.opened(Leg::Entry, attempt.id, NOON);
    assert_eq!(code.standing(NOON), Standing::Revoked { at: NOON, inside: true });
    assert_eq!(try_at(&mut code, Leg::Exit, "0427", 2, NOON), Err(Refusal::Revoked));
}

#[test]
fn a_clock_set_forward_does_not_shorten_what_a_revoke_promises() {
    let mut code = code();
    let mut attempt = try_at(&mut code, Leg::Entry, "0427", 1, NOON).unwrap();
    attempt.claim(false, Some(attempt.epoch), NOON).unwrap();
    let an_hour_on = NOON + Duration::from_hours(1);
    code.revoke(Some(&attempt), an_hour_on).unwrap();
    // By its own clock the gate may still act for eight seconds.
    let effective_at = an_hour_on + TRIGGER_LIFETIME;
    assert_eq!(code.end, Some(End::Revoked { at: an_hour_on, effective_at }));
}

#[test]
fn a_revoke_never_claims_to_be_earlier_than_what_it_found() {
    let mut code = inside();
    let earlier = Timestamp::from_millis(NOON.as_millis() - 3000);
    code.revoke(None, earlier).unwrap();
    assert_eq!(code.end, Some(End::Revoked { at: NOON, effective_at: NOON }));
}

#[test]
fn a_code_that_was_seen_to_end_does_not_revive_when_the_clock_is_set_back() {
    let mut code = code();
    code.end = Some(End::Expired { at: code.expires_at });
    assert_eq!(try_at(&mut code, Leg::Entry, "0427", 1, NOON), Err(Refusal::Expired));
    assert_eq!(code.revoke(None, NOON), Err(NotActive::Expired));
    assert!(!code.is_active(NOON));
}

pub(crate) fn vouch_at(
    code: &mut AccessCode,
    leg: Leg,
    n: u8,
    now: Timestamp,
) -> Result<Attempt, Refusal> {
    code.vouch(leg, 0, Some(ready_gate(1, now)), attempt_id(n), now)
}

#[test]
fn o_10_the_host_lets_in_without_digits_and_even_with_a_locked_link() {
    let mut code = code();
    code.guard.locked_at = Some(NOON);
    assert_eq!(code.way_on_hosts_word(NOON), Some(Leg::Entry));
    let attempt = vouch_at(&mut code, Leg::Entry, 1, NOON).unwrap();
    assert_eq!(attempt.visit().unwrap().asked_by, AskedBy::Host);
    assert_eq!(code.entry, LegState::Reserved(attempt.id));
    assert_eq!(code.way_on_hosts_word(NOON), None);
    assert_eq!(vouch_at(&mut code, Leg::Entry, 2, NOON), Err(Refusal::AlreadyOpening));
    code.opened(Leg::Entry, attempt.id, NOON);
    assert_eq!(code.way_on_hosts_word(NOON), Some(Leg::Exit));
    assert_eq!(vouch_at(&mut code, Leg::Entry, 3, NOON), Err(Refusal::Used));
    assert_eq!(code.vouch(Leg::Exit, 0, None, attempt_id(4), NOON), Err(Refusal::Suspended));
    let target = Some(ready_gate(1, NOON));
    let too_many = code.vouch(Leg::Exit, MAX_ATTEMPTS, target, attempt_id(5), NOON);
    assert_eq!(too_many, Err(Refusal::TooManyAttempts));
}

#[test]
fn o_10_who_is_inside_is_let_out_once_though_the_code_has_ended() {
    let revoked = {
        let mut code = inside();
        code.revoke(None, NOON).unwrap();
        code
    };
    let seen_to_expire = AccessCode { end: Some(End::Expired { at: NOON }), ..inside() };
    let late = inside().expires_at;
    for (mut code, now) in [(inside(), late), (revoked, NOON), (seen_to_expire, NOON)] {
        assert!(try_at(&mut code, Leg::Exit, "0427", 2, now).is_err());
        assert_eq!(code.way_on_hosts_word(now), Some(Leg::Exit));
        let mut attempt = vouch_at(&mut code, Leg::Exit, 3, now).unwrap();
        assert_eq!(attempt.visit().unwrap().asked_by, AskedBy::HostDespiteEnd);
        assert!(!attempt.ends_with_the_code());
        let is_revoked = matches!(code.end, Some(End::Revoked { .. }));
        assert_eq!(attempt.claim(is_revoked, Some(1), now), Ok(()));
        let completed = code.opened(Leg::Exit, attempt.id, now);
        assert_eq!(completed, !is_revoked, "a revoked code stays revoked");
        assert!(vouch_at(&mut code, Leg::Exit, 4, now).is_err(), "once");
    }
}

#[test]
fn o_10_nobody_is_let_in_with_a_code_that_has_ended_nor_out_before_in() {
    let mut expired = code();
    let late = expired.expires_at;
    assert_eq!(vouch_at(&mut expired, Leg::Entry, 1, late), Err(Refusal::Expired));
    assert_eq!(vouch_at(&mut expired, Leg::Exit, 1, late), Err(Refusal::NotEnteredYet));
    assert_eq!(expired.way_on_hosts_word(late), None);
    let mut revoked = code();
    revoked.revoke(None, NOON).unwrap();
    assert_eq!(vouch_at(&mut revoked, Leg::Entry, 1, NOON), Err(Refusal::Revoked));
    assert_eq!(vouch_at(&mut revoked, Leg::Exit, 1, NOON), Err(Refusal::NotEnteredYet));
}

#[test]
fn a_revoke_stops_what_the_host_asked_for_before_it() {
    let mut code = inside();
    let mut attempt = vouch_at(&mut code, Leg::Exit, 2, NOON).unwrap();
    let revocation = code.revoke(Some(&attempt), NOON);
    assert_eq!(revocation, Ok(Revocation::Withdrawn(attempt.id)));
    assert_eq!(attempt.claim(true, Some(1), NOON), Err(WhyNot::Revoked));
}

#[test]
fn a_command_is_not_sent_late_nor_into_another_epoch() {
    let attempt = try_at(&mut code(), Leg::Entry, "0427", 1, NOON).unwrap();
    let late = Timestamp::from_millis(attempt.deadline.as_millis() + 1);
    let ready = Some(attempt.epoch);
    assert_eq!(attempt.clone().claim(false, ready, late), Err(WhyNot::NotSentInTime));
    let next = ready_gate(2, NOON).gate.ready(NOON);
    assert_eq!(attempt.clone().claim(false, next, NOON), Err(WhyNot::GateWentAway));
    assert_eq!(attempt.clone().claim(false, None, NOON), Err(WhyNot::GateWentAway));
    assert_eq!(attempt.clone().claim(false, ready, attempt.deadline), Ok(()));
}

#[test]
fn only_a_later_epoch_proves_that_a_command_was_not_executed() {
    let attempt = try_at(&mut code(), Leg::Entry, "0427", 1, NOON).unwrap();
    let gone = Some(Evidence::NotExecuted(WhyNot::NotInLedger));
    assert_eq!(attempt.evidence_in_ledger(1, false), None);
    assert_eq!(attempt.evidence_in_ledger(2, false), gone);
    assert_eq!(attempt.evidence_in_ledger(1, true), Some(Evidence::Executed));
}

#[test]
fn other_hardware_cannot_deny_what_it_was_never_sent() {
    let mut attempt = try_at(&mut code(), Leg::Entry, "0427", 1, NOON).unwrap();
    attempt.claim(false, Some(attempt.epoch), NOON).unwrap();
    let sent = attempt.clone();
    for why in [WhyNot::NotInLedger, WhyNot::NeverArrived, WhyNot::StaleEpoch] {
        assert_eq!(attempt.settle(Evidence::NotExecuted(why), 2, NOON), Settlement::Hearsay);
        assert_eq!(attempt, sent, "it stays reserved");
    }
    assert_eq!(attempt.clone().settle(Evidence::Executed, 2, NOON), Settlement::News);
    let denied = Evidence::NotExecuted(WhyNot::NotInLedger);
    assert_eq!(attempt.settle(denied, 1, NOON), Settlement::News);
}

#[test]
fn evidence_settles_once_and_its_opposite_is_a_contradiction() {
    let mut attempt = try_at(&mut code(), Leg::Entry, "0427", 1, NOON).unwrap();
    attempt.claim(false, Some(attempt.epoch), NOON).unwrap();
    assert_eq!(attempt.settle(Evidence::Executed, 1, NOON), Settlement::News);
    assert_eq!(attempt.settle(Evidence::Executed, 1, NOON), Settlement::Known);
    let denied = Evidence::NotExecuted(WhyNot::TooLate);
    assert_eq!(attempt.settle(denied, 1, NOON), Settlement::Contradiction);
    assert_eq!(attempt.state, State::Executed { at: NOON });
}

#[test]
fn only_what_was_not_sent_is_withdrawn() {
    let mut attempt = try_at(&mut code(), Leg::Entry, "0427", 1, NOON).unwrap();
    let mut sent = attempt.clone();
    attempt.withdraw(NOON);
    assert_eq!(attempt.state, State::NotExecuted { at: NOON, why: WhyNot::Revoked });
    sent.claim(false, Some(sent.epoch), NOON).unwrap();
    let before = sent.clone();
    sent.withdraw(NOON);
    assert_eq!(sent, before, "what may be on the wire is settled by the gate alone");
}

#[test]
fn a_command_is_sent_again_only_while_it_is_open_in_time_and_in_its_epoch() {
    let mut attempt = try_at(&mut code(), Leg::Entry, "0427", 1, NOON).unwrap();
    let (ready, deadline) = (Some(attempt.epoch), attempt.deadline);
    let late = Timestamp::from_millis(deadline.as_millis() + 1);
    assert!(!attempt.may_be_resent(ready, NOON), "it was not sent yet");
    attempt.claim(false, ready, NOON).unwrap();
    assert!(attempt.may_be_resent(ready, NOON) && attempt.may_be_resent(ready, deadline));
    assert!(!attempt.may_be_resent(ready, late));
    assert!(!attempt.may_be_resent(Some(attempt.epoch + 1), NOON));
    assert!(!attempt.may_be_resent(None, NOON));
    assert_eq!(attempt.settle(Evidence::Executed, 1, NOON), Settlement::News);
    assert!(!attempt.may_be_resent(ready, NOON), "it is settled");
}

#[test]
fn g_12_silence_after_the_deadline_is_unconfirmed_and_nothing_else_is() {
    let mut attempt = try_at(&mut code(), Leg::Entry, "0427", 1, NOON).unwrap();
    let late = Timestamp::from_millis(attempt.deadline.as_millis() + 1);
    assert!(!attempt.is_unconfirmed(late), "it was never sent");
    attempt.claim(false, Some(attempt.epoch), NOON).unwrap();
    assert!(!attempt.is_unconfirmed(attempt.deadline) && !attempt.is_unconfirmed(NOON));
    assert!(attempt.is_unconfirmed(late));
    assert_eq!(attempt.settle(Evidence::Executed, 1, late), Settlement::News);
    assert!(!attempt.is_unconfirmed(late));
}

#[test]
fn a_code_names_the_attempt_that_holds_one_of_its_legs() {
    let mut code = code();
    assert_eq!(code.reserved_attempt(), None);
    try_at(&mut code, Leg::Entry, "0427", 1, NOON).unwrap();
    assert_eq!(code.reserved_attempt(), Some(attempt_id(1)));
    let mut inside = inside();
    assert_eq!(inside.reserved_attempt(), None);
    try_at(&mut inside, Leg::Exit, "0427", 2, NOON + Duration::from_mins(1)).unwrap();
    assert_eq!(inside.reserved_attempt(), Some(attempt_id(2)));
}

#[test]
fn who_never_came_in_is_not_inside_when_the_code_ends() {
    let mut revoked = code();
    revoked.revoke(None, NOON).unwrap();
    assert_eq!(revoked.standing(NOON), Standing::Revoked { at: NOON, inside: false });
    let mut guest_inside = inside();
    guest_inside.revoke(None, NOON).unwrap();
    assert_eq!(guest_inside.standing(NOON), Standing::Revoked { at: NOON, inside: true });
}

/// These words stand in the books of years ago: a new one may come, none may change.
#[test]
fn the_words_of_refusals_in_the_books_are_kept() {
    let until = NOON;
    let words = [
        (Refusal::Revoked, "pass_revoked"),
        (Refusal::Expired, "pass_expired"),
        (Refusal::Used, "pass_used"),
        (Refusal::NotEnteredYet, "not_entered_yet"),
        (Refusal::AlreadyOpening, "already_opening"),
        (Refusal::ScanRequired, "scan_required"),
        (Refusal::WrongIntercom, "wrong_intercom"),
        (Refusal::LinkLocked, "link_locked"),
        (Refusal::WrongCode { tries_left: 1 }, "code_wrong"),
        (Refusal::Wait { until }, "code_wait"),
        (Refusal::TooManyAttempts, "too_many_requests"),
        (Refusal::GateOffline, "gate_offline"),
        (Refusal::Suspended, "pass_suspended"),
    ];
    for (refusal, word) in words {
        assert_eq!(refusal.as_str(), word);
    }
}

#[test]
fn a_gates_certificate_holds_for_90_days_and_is_renewed_from_the_60th_on() {
    let days = |count: u64| Duration::from_secs(count * 24 * 60 * 60);
    assert_eq!(crate::gate::CERTIFICATE_LIFETIME, days(90));
    assert_eq!(crate::gate::RENEWAL_AGE, days(60));
}

/// Dice that fall as told.
struct Loaded(Mutex<Vec<u32>>);

impl Dice for Loaded {
    fn roll(&self, into: &mut [u8]) {
        let value = self.0.lock().unwrap().remove(0);
        into.copy_from_slice(&value.to_be_bytes());
    }
}

#[test]
fn a_number_that_would_favour_some_is_drawn_again() {
    let draw = |values: &[u32], bound| roll_below(&Loaded(Mutex::new(values.to_vec())), bound);
    assert_eq!(draw(&[27], 10), 7);
    // 4,294,967,290 is the last whole multiple of ten: what lies above would favour 0 to 5.
    assert_eq!(draw(&[4_294_967_289], 10), 9);
    assert_eq!(draw(&[4_294_967_290, 23], 10), 3);
    assert_eq!(draw(&[u32::MAX, 4_294_967_291, 11], 10), 1);
    assert_eq!(roll::<4>(&Loaded(Mutex::new(vec![0x0102_0304]))), [1, 2, 3, 4]);
}
