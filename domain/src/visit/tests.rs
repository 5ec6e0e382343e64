use std::time::Duration;

use crate::access_code::{End, MAX_WRONG_TRIES, NotActive, Refusal, Revocation, Standing};
use crate::attempt::AskedBy;
use crate::settings::ExitGrace;
use crate::tests::{NOON, code, inside, try_at, vouch_at};
use crate::visit::{Alert, ENDING_NOTICE};
use crate::{AccessCode, Leg, Timestamp};

const TWO_HOURS: Duration = Duration::from_hours(2);

fn with_grace(code: AccessCode) -> AccessCode {
    AccessCode { exit_grace: ExitGrace::from_minutes(120).unwrap(), ..code }
}

fn just_before(at: Timestamp) -> Timestamp {
    at - Duration::from_millis(1)
}

#[test]
fn g_15_the_way_out_stays_open_until_the_grace_is_over_and_the_way_in_never() {
    let mut guest = with_grace(inside());
    let (end, until) = (guest.expires_at, guest.expires_at + TWO_HOURS);
    assert_eq!(guest.standing(just_before(end)), Standing::Inside { since: NOON });
    assert_eq!(guest.standing(end), Standing::InGrace { since: NOON, until });
    assert!(try_at(&mut guest.clone(), Leg::Exit, "0427", 2, just_before(until)).is_ok());
    assert_eq!(try_at(&mut guest, Leg::Exit, "0427", 2, until), Err(Refusal::Expired));
    assert_eq!(guest.standing(until), Standing::Expired { at: end, inside: true });
    let mut late = with_grace(code());
    assert_eq!(try_at(&mut late, Leg::Entry, "0427", 1, end), Err(Refusal::Expired));
    assert_eq!(try_at(&mut late, Leg::Exit, "0427", 1, end), Err(Refusal::Expired));
    assert_eq!(late.standing(end), Standing::Expired { at: end, inside: false });
}

#[test]
fn g_15_whoever_leaves_within_the_grace_has_been_in_and_out() {
    let mut guest = with_grace(inside());
    let late = guest.expires_at + Duration::from_hours(1);
    assert_eq!(try_at(&mut guest, Leg::Exit, "9876", 2, late), Err(wrong(4)), "digits count");
    let exit = try_at(&mut guest, Leg::Exit, "0427", 3, late).unwrap();
    assert_eq!(exit.visit().map(|visit| visit.asked_by), Some(AskedBy::Guest));
    assert!(guest.opened(Leg::Exit, exit.id, late));
    assert_eq!(guest.standing(late), Standing::Completed { at: late });
    assert_eq!(try_at(&mut guest, Leg::Exit, "0427", 4, late), Err(Refusal::Used));
}

/// X11: a code is active, and holds its slot, until its end and no longer. What it still opens is
/// the host's to close.
#[test]
fn a_code_in_its_grace_holds_no_slot_and_can_be_revoked_until_it_opens_nothing_more() {
    let mut guest = with_grace(inside());
    let end = guest.expires_at;
    assert!(guest.is_in_grace(end) && !guest.is_active(end));
    assert_eq!(guest.clone().revoke(None, end + TWO_HOURS), Err(NotActive::Expired));
    assert_eq!(guest.revoke(None, end), Ok(Revocation::Clean));
    assert_eq!(try_at(&mut guest, Leg::Exit, "0427", 2, end), Err(Refusal::Revoked));
}

#[test]
fn the_grace_holds_though_the_end_was_noted_and_no_clock_gives_one_to_a_code_without() {
    let noted =
        |code: AccessCode| AccessCode { end: Some(End::Expired { at: code.expires_at }), ..code };
    let mut guest = noted(with_grace(inside()));
    let end = guest.expires_at;
    assert!(try_at(&mut guest, Leg::Exit, "0427", 2, end).is_ok());
    let back = just_before(end);
    assert_eq!(try_at(&mut noted(inside()), Leg::Exit, "0427", 2, back), Err(Refusal::Expired));
    assert_eq!(
        try_at(&mut noted(with_grace(code())), Leg::Entry, "0427", 2, back),
        Err(Refusal::Expired)
    );
}

#[test]
fn g_16_a_revoke_takes_the_grace_too() {
    let mut guest = with_grace(inside());
    guest.revoke(None, NOON).unwrap();
    let late = guest.expires_at;
    for now in [NOON, late] {
        assert_eq!(try_at(&mut guest, Leg::Exit, "0427", 2, now), Err(Refusal::Revoked));
        assert!(!guest.is_in_grace(now));
    }
}

#[test]
fn o_10_a_host_hears_half_an_hour_before_the_end_and_at_the_end() {
    for guest in [inside(), with_grace(inside())] {
        let end = guest.expires_at;
        assert_eq!(guest.alert(None, just_before(end - ENDING_NOTICE)), None);
        assert_eq!(guest.alert(None, end - ENDING_NOTICE), Some(Alert::Ending));
        assert_eq!(guest.alert(None, just_before(end)), Some(Alert::Ending));
        assert_eq!(guest.alert(None, end), Some(Alert::Overstay));
        assert_eq!(guest.alert(None, end + TWO_HOURS), Some(Alert::Overstay));
    }
}

#[test]
fn o_10_nobody_is_alarmed_about_who_is_not_inside() {
    let never_in = code();
    let mut left = inside();
    let exit = try_at(&mut left, Leg::Exit, "0427", 2, NOON).unwrap();
    left.opened(Leg::Exit, exit.id, NOON);
    for now in [never_in.expires_at - ENDING_NOTICE, never_in.expires_at] {
        assert_eq!(never_in.alert(None, now), None);
        assert_eq!(left.alert(None, now), None);
    }
    let mut let_out = inside();
    let end = let_out.expires_at;
    let exit = vouch_at(&mut let_out, Leg::Exit, 2, end).unwrap();
    let_out.opened(Leg::Exit, exit.id, end);
    assert_eq!(let_out.alert(None, end), None);
}

#[test]
fn g_16_a_host_who_revokes_hears_that_the_guest_is_inside() {
    let mut guest = inside();
    guest.revoke(None, NOON).unwrap();
    assert_eq!(guest.alert(None, NOON), Some(Alert::Overstay));
}

#[test]
fn who_is_on_the_way_out_alarms_nobody_before_the_gate_can_open_no_more() {
    let mut guest = inside();
    let last = just_before(guest.expires_at);
    let exit = try_at(&mut guest, Leg::Exit, "0427", 2, last).unwrap();
    assert_eq!(guest.alert(Some(&exit), exit.deadline), None);
    let silent = exit.deadline + Duration::from_millis(1);
    assert_eq!(guest.alert(Some(&exit), silent), Some(Alert::Overstay));
}

#[test]
fn g_7_a_locked_link_is_given_five_more_tries_and_a_second_tap_gives_none() {
    let mut code = code();
    let mut now = NOON;
    for left in (0..MAX_WRONG_TRIES).rev() {
        assert_eq!(try_at(&mut code, Leg::Entry, "9876", 1, now), Err(wrong(left)));
        now = now + Duration::from_secs(15);
    }
    assert_eq!(try_at(&mut code, Leg::Entry, "0427", 1, now), Err(Refusal::LinkLocked));
    assert_eq!(code.allow_more(now), Ok(true));
    assert_eq!(try_at(&mut code, Leg::Entry, "9876", 1, now), Err(wrong(4)));
    assert_eq!(code.allow_more(now), Ok(false));
    assert_eq!(try_at(&mut code, Leg::Entry, "9876", 1, now), Err(wrong(3)), "not five again");
    assert!(try_at(&mut code, Leg::Entry, "0427", 1, now).is_ok());
}

#[test]
fn g_7_a_code_that_has_ended_is_not_unlocked() {
    let locked = |code: AccessCode| {
        let mut code = code;
        code.guard.locked_at = Some(NOON);
        code
    };
    let end = code().expires_at;
    assert_eq!(locked(code()).allow_more(end), Err(NotActive::Expired));
    assert_eq!(locked(inside()).allow_more(end), Err(NotActive::Expired));
    assert_eq!(locked(with_grace(inside())).allow_more(end), Ok(true), "the way out is open");
    let mut revoked = locked(code());
    revoked.revoke(None, NOON).unwrap();
    assert_eq!(revoked.allow_more(NOON), Err(NotActive::Revoked));
    let mut left = inside();
    let exit = try_at(&mut left, Leg::Exit, "0427", 2, NOON).unwrap();
    left.opened(Leg::Exit, exit.id, NOON);
    assert_eq!(locked(left).allow_more(NOON), Err(NotActive::Completed));
}

#[test]
fn a_guest_may_turn_to_the_host_until_a_day_after_the_grace() {
    let guest = with_grace(inside());
    let end = guest.exit_until() + crate::access_code::HELP_LASTS;
    assert!(guest.may_ask_for_help(just_before(end)) && !guest.may_ask_for_help(end));
}

fn wrong(tries_left: u8) -> Refusal {
    Refusal::WrongCode { tries_left }
}
