//! Redemptions and commands: reserved, claimed, settled; never twice, never for nothing.

use std::time::Duration;

use domain::access_code::{
    ATTEMPT_WINDOW, LegState, MAX_ATTEMPTS, Refusal, Revocation, Standing, TRIGGER_LIFETIME,
};
use domain::attempt::{Evidence, Settlement, State, WhyNot};
use domain::secret::LinkToken;
use domain::settings::ExitGate;
use domain::{Attempt, GateId, Leg, Passcode, Settings};
use store::{Errand, Hop, Hops, Redeem, Refused, VouchRefusal};

use crate::world::World;

crate::on_both_databases![
    g_1_once_in_once_out,
    g_3_looking_changes_nothing,
    g_4_the_same_press_is_the_same_attempt,
    one_key_for_both_ways_is_two_attempts,
    g_7_five_wrong_codes_lock_the_link_for_good,
    g_11_an_offline_gate_reserves_nothing,
    g_12_silence_keeps_the_leg_reserved_until_the_gate_answers,
    the_hops_of_a_command_are_kept_beside_the_gates_word,
    a_first_report_that_comes_after_an_answer_still_tells_its_times,
    a_command_that_was_asked_about_or_never_sent_keeps_its_hops_too,
    a_gate_that_comes_back_settles_what_is_open,
    a_gate_that_comes_back_frees_what_a_dead_process_never_sent,
    a_command_that_was_not_sent_in_time_frees_the_leg,
    o_8_the_gate_is_the_one_of_the_settings_now,
    six_tries_of_a_way_in_ten_minutes_are_enough_and_the_host_can_still_help,
    g_2_a_reference_leads_to_its_link_at_its_own_board_alone,
    r_1_a_revoke_before_the_redeem_wins,
    r_2_a_revoke_before_the_command_is_sent_stops_it,
    r_3_a_revoke_after_sending_makes_a_cancel_due,
    a_contradiction_changes_nothing_and_is_written_down,
    another_gates_word_counts_nothing,
    due_lists_a_command_once_it_is_reserved_and_no_more_once_settled,
];

async fn g_1_once_in_once_out(world: World) {
    let world = world.ready().await;
    let issued = world.issues_and_lets_in().await;
    assert_eq!(world.refused(world.asks_in(&issued)).await, Refusal::Used);
    let exit = world.redeems(world.asks_out(&issued)).await.unwrap();
    world.gate_opens(&exit).await;
    let pass = world.look(&issued.pass.link).await.pass;
    assert_eq!(pass.code.standing(world.now()), Standing::Completed { at: world.now() });
    assert_eq!(world.refused(world.asks_out(&issued)).await, Refusal::Used);
    let events = world.store.events().of_code(pass.code.id).await.unwrap();
    let story: Vec<_> = events.iter().map(|event| event.kind.as_str()).collect();
    let expected = [
        "pass.issued",
        "attempt.reserved",
        "attempt.sent",
        "attempt.opened",
        "attempt.reserved",
        "attempt.sent",
        "attempt.opened",
        "pass.completed",
    ];
    assert_eq!(sorted(story), sorted(expected.to_vec()), "events of one ms have no order");
}

fn sorted(mut words: Vec<&str>) -> Vec<&str> {
    words.sort_unstable();
    words
}

async fn g_3_looking_changes_nothing(world: World) {
    let world = world.ready().await;
    let issued = world.issues().await;
    for _ in 0..50 {
        assert_eq!(world.look(&issued.pass.link).await.pass.code, issued.pass.code);
    }
    let stranger = LinkToken::random(&*world.dice);
    let nothing = world.store.redemptions().by_link(&stranger, world.now()).await.unwrap();
    assert!(nothing.is_none());
}

async fn g_4_the_same_press_is_the_same_attempt(world: World) {
    let world = world.ready().await;
    let issued = world.issues().await;
    let press = world.asks_in(&issued);
    let first = world.redeems(press.clone()).await.unwrap();
    let second = world.redeems(press.clone()).await.unwrap();
    assert_eq!(first, second);
    assert_eq!(world.refused(world.asks_in(&issued)).await, Refusal::AlreadyOpening);
    world.gate_opens(&first).await;
    // G-6: replayed after the success, it is still the entry of before, never an exit.
    assert_eq!(world.redeems(press).await.unwrap().id, first.id);
}

async fn one_key_for_both_ways_is_two_attempts(world: World) {
    let world = world.ready().await;
    let issued = world.issues().await;
    let press = world.asks_in(&issued);
    let entry = world.redeems(press.clone()).await.unwrap();
    world.gate_opens(&entry).await;
    let exit = Redeem { leg: Leg::Exit, scanned: None, ..press };
    assert_ne!(world.redeems(exit).await.unwrap().id, entry.id);
}

async fn g_7_five_wrong_codes_lock_the_link_for_good(world: World) {
    let world = world.ready().await;
    let (issued, other) = (world.issues().await, world.issues().await);
    let right = issued.pass.code.passcode.reveal();
    let wrong = Passcode::parse(if right == "9876" { "9875" } else { "9876" }).unwrap();
    for tries_left in [4, 3, 2, 1, 0] {
        let guess = Redeem { typed: wrong.clone(), ..world.asks_in(&issued) };
        assert_eq!(world.refused(guess).await, Refusal::WrongCode { tries_left });
        world.later(Duration::from_secs(15));
    }
    assert_eq!(world.refused(world.asks_in(&issued)).await, Refusal::LinkLocked);
    assert!(world.redeems(world.asks_in(&other)).await.is_ok(), "other guests are unaffected");
    let stranger = Redeem { link: LinkToken::random(&*world.dice), ..world.asks_in(&issued) };
    assert_eq!(world.redeems(stranger).await, Err(Refused::UnknownLink));
}

async fn g_11_an_offline_gate_reserves_nothing(world: World) {
    world.saves(world.settings()).await.unwrap();
    let issued = world.issues().await;
    assert!(!world.look(&issued.pass.link).await.gate_is_there);
    assert_eq!(world.refused(world.asks_in(&issued)).await, Refusal::GateOffline);
    world.gate_is_ready(world.gate, &[]).await;
    assert!(world.look(&issued.pass.link).await.gate_is_there);
    assert!(world.redeems(world.asks_in(&issued)).await.is_ok());
}

async fn g_12_silence_keeps_the_leg_reserved_until_the_gate_answers(world: World) {
    let world = world.ready().await;
    let issued = world.issues().await;
    let attempt = world.redeems(world.asks_in(&issued)).await.unwrap();
    world.bridge_sends(&attempt).await.unwrap();
    world.later(TRIGGER_LIFETIME + Duration::from_millis(1));
    assert_eq!(world.refused(world.asks_in(&issued)).await, Refusal::AlreadyOpening);
    let due = world.store.attempts().due(world.now()).await.unwrap();
    assert_eq!((due[0].attempt.id, due[0].errand), (attempt.id, Errand::Query));
    world.store.attempts().asked(attempt.id, world.now()).await.unwrap();
    assert!(world.store.attempts().due(world.now()).await.unwrap().is_empty(), "asked just now");
    let denied = Evidence::NotExecuted(WhyNot::NeverArrived);
    let settled = world.store.attempts().settle(world.gate, attempt.id, denied, world.now()).await;
    assert_eq!(settled.unwrap(), Some(Settlement::News));
    assert!(world.redeems(world.asks_in(&issued)).await.is_ok(), "the pass is not used up");
}

async fn the_hops_of_a_command_are_kept_beside_the_gates_word(world: World) {
    let world = world.ready().await;
    let attempts = world.store.attempts();
    let issued = world.issues().await;
    let attempt = world.redeems(world.asks_in(&issued)).await.unwrap();
    let after = |ms| Some(attempt.reserved_at + Duration::from_millis(ms));
    attempts.was_seen(&attempt, after(7).unwrap());
    attempts.was_seen(&attempt, after(5).unwrap());
    let claimed = world.bridge_sends(&attempt).await.expect("claims");
    attempts.was_seen(&claimed, after(1).unwrap());
    attempts.passed(attempt.id, Hop::Taken, after(30).unwrap());
    attempts.passed(attempt.id, Hop::Published, after(20).unwrap());
    let kept = async || world.store.events().trace(attempt.id).await.unwrap().unwrap().hops;
    assert_eq!(kept().await, Hops::default(), "nothing is written for their sake");
    let told = async |named: Hops| {
        let (id, opened) = (attempt.id, Evidence::Executed);
        attempts.settle_told(world.gate, id, opened, named, world.now()).await.unwrap()
    };
    let named = Hops { received_at: after(40), pulsed_at: after(50), ..Hops::default() };
    assert_eq!(told(named).await, Some(Settlement::News));
    let known = Hops {
        committed_at: after(5),
        published_at: after(20),
        taken_at: after(30),
        received_at: after(40),
        pulsed_at: after(50),
        ..Hops::default()
    };
    assert_eq!(kept().await, known);
    // A sensor tells later, and what was known stays.
    for (moved_at, still_at) in [(None, None), (None, after(9_000)), (after(9_500), after(9_600))] {
        let named = Hops { moved_at, still_at, pulsed_at: after(60), ..Hops::default() };
        assert_eq!(told(named).await, Some(Settlement::Known));
    }
    let (moved_at, still_at) = (after(9_500), after(9_000));
    assert_eq!(kept().await, Hops { moved_at, still_at, ..known });
}

async fn a_first_report_that_comes_after_an_answer_still_tells_its_times(world: World) {
    let world = world.ready().await;
    let attempts = world.store.attempts();
    let attempt = world.redeems(world.asks_in(&world.issues().await)).await.unwrap();
    world.bridge_sends(&attempt).await.unwrap();
    let after = |ms| Some(attempt.reserved_at + Duration::from_millis(ms));
    let named = Hops { received_at: after(40), pulsed_at: after(50), ..Hops::default() };
    let opened = Evidence::Executed;
    for (hops, expected) in [(Hops::default(), Settlement::News), (named, Settlement::Known)] {
        let settled = attempts.settle_told(world.gate, attempt.id, opened, hops, world.now());
        assert_eq!(settled.await.unwrap(), Some(expected));
    }
    let denied = Evidence::NotExecuted(WhyNot::TooLate);
    let other = Hops { moved_at: after(60), ..Hops::default() };
    let settled = attempts.settle_told(world.gate, attempt.id, denied, other, world.now());
    assert_eq!(settled.await.unwrap(), Some(Settlement::Contradiction));
    let trace = world.store.events().trace(attempt.id).await.unwrap().unwrap();
    assert_eq!(trace.hops, named);
}

async fn a_command_that_was_asked_about_or_never_sent_keeps_its_hops_too(world: World) {
    let world = world.ready().await;
    let attempts = world.store.attempts();
    let hops = async |id| world.store.events().trace(id).await.unwrap().unwrap().hops;
    let seen = async |attempt: &Attempt| {
        let at = attempt.reserved_at + Duration::from_millis(3);
        attempts.was_seen(attempt, at);
        Hops { committed_at: Some(at), ..Hops::default() }
    };
    let asked = world.redeems(world.asks_in(&world.issues().await)).await.unwrap();
    let known = seen(&asked).await;
    world.bridge_sends(&asked).await.unwrap();
    attempts.asked(asked.id, world.now()).await.unwrap();
    assert_eq!(hops(asked.id).await, known);
    // The way was cut at the gate's end, and at the bridge's.
    let absent = world.redeems(world.asks_in(&world.issues().await)).await.unwrap();
    let known = seen(&absent).await;
    world.bridge_sends(&absent).await.unwrap();
    let hello = world.store.gates().hello(world.gate, [77; 16], String::new(), world.now());
    let epoch = hello.await.unwrap().expect("a known gate").epoch;
    assert_eq!(hops(absent.id).await, known);
    // It was on its way into the connection meanwhile.
    attempts.passed(absent.id, Hop::Published, world.now());
    let ready = world.store.gates().ready(world.gate, [77; 16], epoch, vec![], world.now());
    assert!(ready.await.unwrap());
    assert_eq!(hops(absent.id).await, Hops { published_at: Some(world.now()), ..known });
    let lost = world.redeems(world.asks_in(&world.issues().await)).await.unwrap();
    let known = seen(&lost).await;
    world.bridge_sends(&lost).await.unwrap();
    world.store.gates().forget_who_is_ready(world.now()).await.unwrap();
    assert_eq!(hops(lost.id).await, known);
    world.gate_is_ready(world.gate, &[]).await;
    let unsent = world.redeems(world.asks_in(&world.issues().await)).await.unwrap();
    let known = seen(&unsent).await;
    world.later(TRIGGER_LIFETIME + Duration::from_millis(1));
    assert_eq!(attempts.claim(unsent.id, world.now()).await.unwrap(), None);
    assert_eq!(hops(unsent.id).await, known);
}

async fn a_gate_that_comes_back_settles_what_is_open(world: World) {
    let world = world.ready().await;
    let (opened, lost) = (world.issues().await, world.issues().await);
    let executed = world.redeems(world.asks_in(&opened)).await.unwrap();
    let never = world.redeems(world.asks_in(&lost)).await.unwrap();
    for attempt in [&executed, &never] {
        world.bridge_sends(attempt).await.unwrap();
    }
    world.gate_is_ready(world.gate, &[executed.id]).await;
    let standing = |pass: store::GuestPass| pass.pass.code.standing(world.now());
    let since = world.now();
    assert_eq!(standing(world.look(&opened.pass.link).await), Standing::Inside { since });
    assert_eq!(standing(world.look(&lost.pass.link).await), Standing::Issued);
}

async fn a_gate_that_comes_back_frees_what_a_dead_process_never_sent(world: World) {
    let world = world.ready().await;
    let issued = world.issues().await;
    let unsent = world.redeems(world.asks_in(&issued)).await.unwrap();
    world.gate_is_ready(world.gate, &[]).await;
    let pass = world.look(&issued.pass.link).await;
    assert_eq!(pass.pass.code.entry, LegState::Free);
    let (at, why) = (world.now(), WhyNot::GateWentAway);
    assert_eq!(pass.latest.unwrap().state, State::NotExecuted { at, why });
    assert_eq!(world.bridge_sends(&unsent).await, None);
}

async fn a_command_that_was_not_sent_in_time_frees_the_leg(world: World) {
    let world = world.ready().await;
    let issued = world.issues().await;
    let attempt = world.redeems(world.asks_in(&issued)).await.unwrap();
    world.later(TRIGGER_LIFETIME + Duration::from_millis(1));
    assert_eq!(world.bridge_sends(&attempt).await, None);
    let pass = world.look(&issued.pass.link).await;
    assert_eq!(pass.pass.code.entry, LegState::Free);
    let why = WhyNot::NotSentInTime;
    let at = world.now();
    assert_eq!(pass.latest.unwrap().state, State::NotExecuted { at, why });
}

async fn o_8_the_gate_is_the_one_of_the_settings_now(world: World) {
    let world = world.ready().await;
    let side = world.makes_gate(world.owner, "Side Gate").await;
    world.gate_is_ready(side, &[]).await;
    let issued = world.issues_and_lets_in().await;
    // O-8: the exit gate changes while the guest is inside.
    let exit_gate = ExitGate::Gate(side);
    world.saves(Settings { exit_gate, ..world.settings() }).await.unwrap();
    let exit = world.redeems(world.asks_out(&issued)).await.unwrap();
    assert_eq!(exit.gate, side);
    // O-8a: "same as entry" follows the entry gate.
    let settings = Settings { entry_gate: side, ..world.settings() };
    world.saves(settings).await.unwrap();
    let other = world.issues().await;
    let entry = world.redeems(world.asks_in(&other)).await.unwrap();
    world.gate_opens(&entry).await;
    assert_eq!(entry.gate, side);
    let exit: GateId = world.redeems(world.asks_out(&other)).await.unwrap().gate;
    assert_eq!(exit, side);
}

/// Safety 2.2: who presses for ever does not wear out a motor, nor its ledger.
async fn six_tries_of_a_way_in_ten_minutes_are_enough_and_the_host_can_still_help(world: World) {
    let world = world.ready().await;
    let issued = world.issues().await;
    let begun = world.now();
    let denied = Evidence::NotExecuted(WhyNot::TooSoon);
    for _ in 0..MAX_ATTEMPTS {
        let attempt = world.redeems(world.asks_in(&issued)).await.unwrap();
        world.bridge_sends(&attempt).await.unwrap();
        world.store.attempts().settle(world.gate, attempt.id, denied, world.now()).await.unwrap();
        world.later(Duration::from_secs(30));
    }
    assert_eq!(world.refused(world.asks_in(&issued)).await, Refusal::TooManyAttempts);
    for _ in 0..MAX_ATTEMPTS {
        let attempt = world.lets_through(world.vouches(&issued, Leg::Entry)).await.unwrap();
        world.bridge_sends(&attempt).await.unwrap();
        world.store.attempts().settle(world.gate, attempt.id, denied, world.now()).await.unwrap();
    }
    let tired = world.lets_through(world.vouches(&issued, Leg::Entry)).await;
    assert_eq!(tired.unwrap_err(), VouchRefusal::Rule(Refusal::TooManyAttempts));
    // Until the window has passed for all of them.
    world.later(begun.until(begun + ATTEMPT_WINDOW));
    assert!(world.lets_through(world.vouches(&issued, Leg::Entry)).await.is_ok());
}

async fn g_2_a_reference_leads_to_its_link_at_its_own_board_alone(world: World) {
    let world = world.ready().await;
    let issued = world.issues().await;
    let elsewhere = world.makes_intercom(world.owner, "Unit 9").await;
    let redemptions = world.store.redemptions();
    let found = redemptions.link_for(&issued.pass.reference, world.intercom).await.unwrap();
    assert!(found == Some(issued.pass.link));
    assert!(redemptions.link_for(&issued.pass.reference, elsewhere).await.unwrap().is_none());
}

async fn r_1_a_revoke_before_the_redeem_wins(world: World) {
    let world = world.ready().await;
    let issued = world.issues().await;
    let id = issued.pass.code.id;
    world.store.codes().revoke(world.owner, id, world.now()).await.unwrap().unwrap();
    assert_eq!(world.refused(world.asks_in(&issued)).await, Refusal::Revoked);
    assert!(world.store.attempts().due(world.now()).await.unwrap().is_empty());
}

async fn r_2_a_revoke_before_the_command_is_sent_stops_it(world: World) {
    let world = world.ready().await;
    let issued = world.issues().await;
    let attempt = world.redeems(world.asks_in(&issued)).await.unwrap();
    let id = issued.pass.code.id;
    let revoked = world.store.codes().revoke(world.owner, id, world.now()).await.unwrap().unwrap();
    assert_eq!(revoked.revocation, Revocation::Withdrawn(attempt.id));
    let stands = world.look(&issued.pass.link).await.latest.unwrap().state;
    let (at, why) = (world.now(), WhyNot::Revoked);
    assert_eq!(stands, State::NotExecuted { at, why }, "at once, and not when it would be sent");
    assert_eq!(world.store.attempts().unsettled().await.unwrap(), 0);
    assert_eq!(world.bridge_sends(&attempt).await, None, "nothing may go out any more");
    let latest = world.look(&issued.pass.link).await.latest.unwrap();
    assert_eq!(latest.state, State::NotExecuted { at, why });
}

async fn r_3_a_revoke_after_sending_makes_a_cancel_due(world: World) {
    let world = world.ready().await;
    let issued = world.issues().await;
    let attempt = world.redeems(world.asks_in(&issued)).await.unwrap();
    world.bridge_sends(&attempt).await.unwrap();
    let id = issued.pass.code.id;
    let revoked = world.store.codes().revoke(world.owner, id, world.now()).await.unwrap().unwrap();
    assert_eq!(revoked.revocation, Revocation::Cancelling(attempt.id));
    assert_eq!(world.store.attempts().unsettled().await.unwrap(), 1);
    let effective_at = attempt.deadline;
    let at = world.now();
    let end = domain::access_code::End::Revoked { at, effective_at };
    assert_eq!(revoked.code.end, Some(end));
    let due = world.store.attempts().due(world.now()).await.unwrap();
    assert_eq!((due[0].attempt.id, due[0].errand), (attempt.id, Errand::Cancel));
    assert!(world.store.attempts().to_resend(world.now()).await.unwrap().is_empty());
    world.later(Duration::from_millis(200));
    let denied = Evidence::NotExecuted(WhyNot::Cancelled);
    world.store.attempts().settle(world.gate, attempt.id, denied, world.now()).await.unwrap();
    let pulled = domain::access_code::End::Revoked { at, effective_at: world.now() };
    assert_eq!(world.look(&issued.pass.link).await.pass.code.end, Some(pulled));
}

async fn a_contradiction_changes_nothing_and_is_written_down(world: World) {
    let world = world.ready().await;
    let issued = world.issues_and_lets_in().await;
    let attempt = world.look(&issued.pass.link).await.latest.unwrap();
    let denied = Evidence::NotExecuted(WhyNot::TooLate);
    for _ in 0..3 {
        let settled = world.store.attempts().settle(world.gate, attempt.id, denied, world.now());
        assert_eq!(settled.await.unwrap(), Some(Settlement::Contradiction));
        world.later(Duration::from_secs(1));
    }
    let after = world.look(&issued.pass.link).await;
    assert_eq!(after.latest.unwrap(), attempt);
    assert!(matches!(after.pass.code.entry, LegState::Used { .. }));
    let events = world.store.events().of_code(issued.pass.code.id).await.unwrap();
    let told = events.iter().filter(|event| event.kind == "attempt.contradicted").count();
    assert_eq!(told, 1, "once, however often it is repeated");
    let trace = world.store.events().trace(attempt.id).await.unwrap().unwrap();
    assert_eq!(trace.contradicted_at, Some(world.now() - Duration::from_secs(3)), "the first");
}

async fn another_gates_word_counts_nothing(world: World) {
    let world = world.ready().await;
    let issued = world.issues().await;
    let attempt = world.redeems(world.asks_in(&issued)).await.unwrap();
    world.bridge_sends(&attempt).await.unwrap();
    let other = world.makes_gate(world.owner, "Side Gate").await;
    let settle = world.store.attempts().settle(other, attempt.id, Evidence::Executed, world.now());
    assert_eq!(settle.await.unwrap(), None);
    assert_eq!(world.look(&issued.pass.link).await.pass.code.entry, LegState::Reserved(attempt.id));
}

async fn due_lists_a_command_once_it_is_reserved_and_no_more_once_settled(world: World) {
    let world = world.ready().await;
    let issued = world.issues().await;
    let attempt = world.redeems(world.asks_in(&issued)).await.unwrap();
    let due = || async { world.store.attempts().due(world.now()).await.unwrap() };
    assert_eq!(due().await[0].errand, Errand::Open);
    world.bridge_sends(&attempt).await.unwrap();
    assert!(due().await.is_empty(), "on the wire, still in time");
    let again = world.store.attempts().to_resend(world.now()).await.unwrap();
    assert_eq!(again[0].id, attempt.id);
    assert_eq!(world.bridge_sends(&attempt).await, None, "claimed once");
    let opened = Evidence::Executed;
    world.store.attempts().settle(world.gate, attempt.id, opened, world.now()).await.unwrap();
    assert!(due().await.is_empty());
    let attempts = world.store.attempts();
    let read = attempts.read(world.owner, attempt.id, world.now()).await.unwrap().unwrap();
    assert_eq!((read.leg(), read.state), (Some(Leg::Entry), State::Executed { at: world.now() }));
}
