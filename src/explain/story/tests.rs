//! Each way in which an attempt can end, or not end, with the hop that is named and the words that
//! say why.

use domain::access_code::Refusal;
use domain::attempt::{AskedBy, Occasion, Press, Visit};
use domain::gate::{Barred, Gate, PulseGap};
use domain::{Attempt, AttemptId, CodeId, GateId, UserId};
use store::{RefusedTap, Traced};

use super::*;

const TAP: i64 = 1_780_000_000_000;

fn at(after_ms: i64) -> Timestamp {
    Timestamp::from_millis(TAP + after_ms)
}

/// An attempt in this state; the gate is connected in the attempt's epoch.
fn trace(state: State) -> Trace {
    let gate = GateId::from_bytes([3; 16]);
    Trace {
        attempt: Attempt {
            id: AttemptId::from_bytes([1; 16]),
            occasion: visit(AskedBy::Guest),
            gate,
            epoch: 4,
            reserved_at: at(0),
            deadline: at(8_000),
            state,
        },
        host: None,
        claimed_at: None,
        hops: Hops::default(),
        cut: None,
        asked_at: None,
        channel: None,
        contradicted_at: None,
        revoked_at: None,
        gate: Gate {
            id: gate,
            epoch: 4,
            hello_at: at(-1_000),
            ready_at: Some(at(-900)),
            barred: None,
            hardware_since: 0,
            pulse_gap: PulseGap::default(),
        },
    }
}

fn visit(asked_by: AskedBy) -> Occasion {
    Occasion::Visit(Visit { code: CodeId::from_bytes([2; 16]), leg: Leg::Entry, asked_by })
}

/// The same for somebody who pressed without a code.
fn pressed(mut trace: Trace) -> Trace {
    let (user, api_key) = (UserId::from_bytes([4; 16]), None);
    trace.attempt.occasion = Occasion::Press(Press { user, api_key });
    trace.host = Some(user);
    trace
}

fn claimed(state: State) -> Trace {
    Trace { claimed_at: Some(at(12)), ..trace(state) }
}

fn sent() -> Trace {
    claimed(State::Sent { at: at(12) })
}

fn denied(why: WhyNot, after_ms: i64) -> Trace {
    let channel = Some(Channel::Report);
    Trace { channel, ..claimed(State::NotExecuted { at: at(after_ms), why }) }
}

fn executed(after_ms: i64, channel: Channel) -> Trace {
    Trace { channel: Some(channel), ..claimed(State::Executed { at: at(after_ms) }) }
}

fn never_claimed(why: WhyNot, after_ms: i64) -> Trace {
    trace(State::NotExecuted { at: at(after_ms), why })
}

fn cut(trace: Trace, after_ms: i64, by: CutBy) -> Trace {
    Trace { cut: Some((at(after_ms), by)), ..trace }
}

#[track_caller]
fn tells(trace: &Trace, now_ms: i64, failed_at: Option<Stage>, words: &str) {
    let story = Story::of(trace, at(now_ms));
    assert_eq!(story.failed_at, failed_at, "{}", story.told);
    assert!(story.told.contains(words), "{words:?} is missing in {:?}", story.told);
}

#[test]
fn an_opening_names_no_failure_and_how_long_it_took() {
    tells(&executed(243, Channel::Report), 9_000, None, "its report came 243 ms after the tap");
}

#[test]
fn under_way_nothing_has_failed() {
    tells(&trace(State::Pending), 5, None, "waits for the bridge");
    tells(&sent(), 8_000, None, "on its way");
}

#[test]
fn before_the_claim_it_is_the_bridge_or_the_gates_connection() {
    let stage = Some(Stage::Claim);
    tells(&trace(State::Pending), 8_001, stage, "no bridge runs");
    let why = WhyNot::NotSentInTime;
    tells(&never_claimed(why, 9_000), 60_000, stage, "A bridge ran but could not send");
    tells(&never_claimed(why, 95_000), 99_000, stage, "until 95 s after the tap");
    let restarted = cut(never_claimed(why, 9_000), 7, CutBy::Bridge);
    tells(&restarted, 60_000, stage, "started anew or lost the broker 7 ms after the tap");
    let left = cut(never_claimed(WhyNot::GateWentAway, 40), 30, CutBy::Gate);
    tells(&left, 60_000, stage, "the gate left or said hello anew 30 ms after the tap");
}

#[test]
fn between_bridge_and_gate_it_is_lost_late_or_stale() {
    let stage = Some(Stage::Wire);
    tells(&denied(WhyNot::NeverArrived, 8_200), 9_000, stage, "had not reached it");
    tells(&denied(WhyNot::TooLate, 9_500), 9_600, stage, "too slow");
    let renewed = cut(denied(WhyNot::StaleEpoch, 200), 90, CutBy::Gate);
    tells(&renewed, 9_000, stage, "another epoch already (the gate left or said hello anew 78 ms");
}

/// A gate that tells its times, and a bridge that remembers when it sent.
fn on_its_way(trace: Trace, ms: [i64; 2], pulsed_ms: Option<i64>) -> Trace {
    let [published_at, received_at] = ms.map(|ms| Some(at(ms)));
    let pulsed_at = pulsed_ms.map(at);
    Trace { hops: Hops { published_at, received_at, pulsed_at, ..Hops::default() }, ..trace }
}

#[test]
fn each_hop_that_is_known_is_told_with_its_time() {
    let mut told = on_its_way(executed(243, Channel::Report), [30, 90], Some(120));
    told.hops.committed_at = Some(at(5));
    told.hops.taken_at = Some(at(33));
    told.hops.moved_at = Some(at(1_500));
    let hops = Story::of(&told, at(9_000)).hops;
    let hops: Vec<_> = hops.iter().map(|hop| (hop.name, hop.at)).collect();
    let expected = [
        ("tap", 0),
        ("commit", 5),
        ("claim", 12),
        ("publish", 30),
        ("broker", 33),
        ("receipt", 90),
        ("pulse", 120),
        ("word", 243),
        ("sensor", 1_500),
    ];
    assert_eq!(hops, expected.map(|(name, ms)| (name, at(ms))));
}

#[test]
fn what_came_too_late_was_held_up_where_it_took_longest() {
    let late = |ms| on_its_way(denied(WhyNot::TooLate, 9_500), ms, None);
    let stage = Some(Stage::Wire);
    let inside = "needed 9000 ms to send it, 12 until the bridge could take it up and 8988 until";
    tells(&late([9_000, 9_400]), 9_600, Some(Stage::Claim), inside);
    tells(&late([20, 9_400]), 9_600, stage, "broker and network took 9380 ms");
    tells(&denied(WhyNot::TooLate, 9_500), 9_600, stage, "or broker and network");
    let seen = |ms, committed_at, taken_at| {
        let mut trace = late(ms);
        trace.hops.committed_at = Some(at(committed_at));
        trace.hops.taken_at = Some(at(taken_at));
        trace
    };
    let told = "2 until the reservation was committed, 10 until the bridge could take it up";
    tells(&seen([9_000, 9_400], 2, 9_010), 9_600, Some(Stage::Claim), told);
    let told = "12 until the reservation was committed, 0 until the bridge could take it up";
    tells(&seen([9_000, 9_400], 14, 9_010), 9_600, Some(Stage::Claim), told);
    let told = "took 9380 ms, 13 until the broker had taken it and 9367 from there to the gate";
    tells(&seen([20, 9_400], 2, 33), 9_600, stage, told);
    let told = "9380 until the broker had taken it and 0 from there to the gate";
    tells(&seen([20, 9_400], 2, 9_500), 9_600, stage, told);
    // The broker was away between the claim and the sending, or before both.
    let away = |ms| cut(late([9_000, 9_400]), ms, CutBy::Bridge);
    tells(&away(400), 9_600, stage, "lost the broker and could send it 8988 ms after");
    tells(&away(5), 9_600, Some(Stage::Claim), inside);
    tells(&cut(late([9_000, 9_400]), 400, CutBy::Gate), 9_600, Some(Stage::Claim), inside);
    // Nothing is under way for an hour.
    tells(&late([20, 3_608_500]), 3_609_000, stage, "clock was set ahead");
    tells(&late([20, 60_020]), 61_000, stage, "took 60000 ms");
}

#[test]
fn what_a_gate_names_comes_in_its_order_though_its_clock_is_a_little_slower() {
    let mut told = on_its_way(executed(243, Channel::Report), [30, 5], Some(25));
    told.hops.moved_at = Some(at(20));
    let hops = Story::of(&told, at(9_000)).hops;
    let hops: Vec<_> = hops.iter().map(|hop| (hop.name, hop.at)).collect();
    let gates = [("receipt", 30), ("pulse", 30), ("sensor", 30)];
    let expected = [("tap", 0), ("claim", 12), ("publish", 30)].into_iter().chain(gates);
    let expected = expected.chain([("word", 243)]).map(|(name, ms)| (name, at(ms)));
    assert_eq!(hops, expected.collect::<Vec<_>>());
}

#[test]
fn what_the_sensor_saw_is_believed_where_the_times_of_the_pulse_are_lost() {
    let moved = |mut trace: Trace| {
        trace.hops.moved_at = Some(at(900));
        trace
    };
    let stage = Some(Stage::Report);
    let words = "The gate opened: its sensor saw it move. Its report was lost";
    tells(&moved(executed(20_000, Channel::Ledger)), 21_000, stage, words);
    let words =
        "opened in time: its sensor saw it move. Its report took until 20000 ms after the tap";
    tells(&moved(executed(20_000, Channel::Report)), 21_000, stage, words);
    let told = moved(on_its_way(executed(1_200, Channel::Report), [20, 60], None));
    tells(&told, 9_000, None, "The gate opened; its report");
    assert_eq!(Story::of(&told, at(9_000)).outcome, Outcome::Opened);
}

#[test]
fn who_stands_before_a_gate_that_stayed_shut_is_helped_by_what_they_came_for() {
    let held_back = |change: fn(&mut Trace)| {
        let mut told = on_its_way(executed(8_300, Channel::Report), [20, 60], None);
        change(&mut told);
        Story::of(&told, at(9_000)).told
    };
    let exit = held_back(|trace| {
        let code = CodeId::from_bytes([2; 16]);
        let visit = Visit { code, leg: Leg::Exit, asked_by: AskedBy::Guest };
        trace.attempt.occasion = Occasion::Visit(visit);
    });
    assert!(exit.contains("open the gate for the guest") && !exit.contains("new code"), "{exit}");
    let revoked = held_back(|trace| trace.revoked_at = Some(at(100)));
    assert!(!revoked.contains("new code"), "{revoked}");
}

#[test]
fn a_command_that_was_lost_got_as_far_as_the_broker_or_not() {
    let stage = Some(Stage::Wire);
    let published = |mut trace: Trace| {
        trace.hops.published_at = Some(at(20));
        trace
    };
    let taken = |trace: Trace| {
        let mut trace = published(trace);
        trace.hops.taken_at = Some(at(33));
        trace
    };
    let denied_by_ledger = State::NotExecuted { at: at(3_000), why: WhyNot::NotInLedger };
    let away = Trace { channel: Some(Channel::Ledger), ..claimed(denied_by_ledger) };
    let restarted = cut(away.clone(), 25, CutBy::Bridge);
    for lost in [denied(WhyNot::NeverArrived, 8_200), away, restarted, sent()] {
        let unknown = Story::of(&lost, at(9_000)).told;
        assert!(!unknown.contains("broker had"), "{unknown}");
        tells(&published(lost.clone()), 9_000, stage, "The broker had not confirmed that it took");
        tells(&taken(lost), 9_000, stage, "The broker had taken it 33 ms after the tap");
    }
}

#[test]
fn a_gate_that_pulsed_and_stood_still_did_not_open() {
    let mut told = on_its_way(executed(243, Channel::Report), [30, 90], Some(120));
    told.hops.still_at = Some(at(10_120));
    tells(&told, 11_000, Some(Stage::Gate), "its sensor saw nothing move");
    tells(&told, 11_000, Some(Stage::Gate), "give the guest a new code");
    let story = Story::of(&told, at(11_000));
    assert_eq!(story.outcome, Outcome::NotOpened);
    assert_eq!(story.hops.last().unwrap().name, "sensor");
    let press = Story::of(&pressed(told.clone()), at(11_000)).told;
    assert!(!press.contains("new code"), "{press}");
    told.hops.moved_at = Some(at(9_000));
    assert_eq!(Story::of(&told, at(11_000)).outcome, Outcome::Opened);
}

#[test]
fn a_gate_that_held_back_did_not_open_though_the_use_is_spent() {
    let told = on_its_way(executed(8_300, Channel::Report), [20, 60], None);
    tells(&told, 9_000, Some(Stage::Gate), "give the guest a new code");
    assert_eq!(Story::of(&told, at(9_000)).outcome, Outcome::NotOpened);
    tells(&pressed(told), 9_000, Some(Stage::Gate), "Press again");
    // What tells no times, or only its ledger, may have opened.
    let silent = executed(8_300, Channel::Report);
    tells(&silent, 9_000, Some(Stage::Report), "or wrote the command down too slowly");
    assert_eq!(Story::of(&silent, at(9_000)).outcome, Outcome::Opened);
}

#[test]
fn a_report_that_was_held_up_does_not_make_the_opening_late() {
    let told = on_its_way(executed(11_000, Channel::Report), [20, 60], Some(80));
    let words = "opened 80 ms after the tap, but its report took until 11000 ms";
    tells(&told, 12_000, Some(Stage::Report), words);
}

#[test]
fn a_clock_that_was_set_ahead_meanwhile_is_named() {
    let hour = 3_600_000;
    let told = on_its_way(executed(hour + 243, Channel::Report), [20, hour + 60], Some(hour + 80));
    tells(&told, hour + 900, Some(Stage::Report), "clock was set ahead meanwhile, by 3592 s");
}

#[test]
fn what_a_gate_was_asked_last_is_told_by_when_it_was_asked() {
    let asked = |trace: Trace, asked_ms: i64| Trace { asked_at: Some(at(asked_ms)), ..trace };
    let hop = |trace: &Trace| {
        let hops = Story::of(trace, at(9_000_000)).hops;
        hops.into_iter().find(|hop| hop.name == "ask").unwrap().what
    };
    let revoked = |ms: i64| Trace { revoked_at: Some(at(ms)), ..sent() };
    let (cancel, query) =
        ("the gate was last told to cancel it", "the gate was last asked about it");
    assert_eq!(hop(&asked(revoked(300), 310)), cancel);
    assert_eq!(hop(&asked(revoked(3_600_000), 9_000)), query, "long before the revoke");
    assert_eq!(hop(&asked(sent(), 9_000)), query);
    assert_eq!(hop(&asked(pressed(sent()), 400)), cancel, "access was taken away");
    assert_eq!(hop(&asked(pressed(sent()), 9_000)), query);
}

/// Killed after the claim: whether it was published nobody knows; that the gate did not act, its
/// ledger shows.
#[test]
fn a_bridge_that_died_after_the_claim_is_named() {
    let state = State::NotExecuted { at: at(3_000), why: WhyNot::NotInLedger };
    let restarted = cut(claimed(state), 2_500, CutBy::Bridge);
    let restarted = Trace { channel: Some(Channel::Ledger), ..restarted };
    tells(&restarted, 9_000, Some(Stage::Wire), "may never have left the service (the bridge");
    let mut taken = restarted.clone();
    taken.hops.taken_at = Some(at(33));
    tells(&taken, 9_000, Some(Stage::Wire), "was lost with the broker (the bridge");
    let power = Trace { cut: Some((at(400), CutBy::Gate)), ..restarted };
    tells(&power, 9_000, Some(Stage::Wire), "had not acted before it went away (the gate left");
}

#[test]
fn a_silent_gate_keeps_the_leg_and_the_words_say_what_is_awaited() {
    let stage = Some(Stage::Wire);
    let kept = "so the leg stays reserved";
    tells(&sent(), 8_001, stage, kept);
    let asked = |after_ms| Trace { asked_at: Some(at(after_ms)), ..sent() };
    tells(&asked(9_000), 10_000, stage, "asked every two seconds");
    tells(&asked(9_000), 60_000, stage, "no bridge runs");
    let mut gone = sent();
    gone.gate.ready_at = None;
    tells(&gone, 60_000, stage, "its ledger tells when it is back");
    gone.gate.barred = Some(Barred::Quarantined { at: at(20_000) });
    tells(&gone, 60_000, stage, "barred");
}

#[test]
fn other_hardware_cannot_tell() {
    let mut replaced = sent();
    replaced.gate.hardware_since = 5;
    tells(&replaced, 60_000, Some(Stage::Report), "Give the guest a new code");
}

#[test]
fn at_the_gate_it_is_the_gap_or_the_flash() {
    tells(&denied(WhyNot::TooSoon, 200), 9_000, Some(Stage::Gate), "minimum gap");
    tells(&denied(WhyNot::LedgerFailed, 200), 9_000, Some(Stage::Gate), "flash");
}

#[test]
fn a_report_that_was_lost_or_late_is_told_though_it_opened() {
    let stage = Some(Stage::Report);
    let lost = cut(executed(31_000, Channel::Ledger), 300, CutBy::Gate);
    tells(&lost, 60_000, stage, "Its report was lost (the gate left or said hello anew 288 ms");
    tells(&executed(11_000, Channel::Report), 60_000, stage, "took until 11000 ms");
}

#[test]
fn a_revoke_is_told_whichever_side_of_the_opening_it_was_on() {
    let revoked = |trace| Trace { revoked_at: Some(at(100)), ..trace };
    let before = revoked(never_claimed(WhyNot::Revoked, 100));
    tells(&before, 9_000, Some(Stage::Revoke), "before the command was sent");
    let cancelled = revoked(denied(WhyNot::Cancelled, 300));
    tells(&cancelled, 9_000, Some(Stage::Revoke), "in time");
    tells(&revoked(executed(300, Channel::Report)), 9_000, None, "the guest may be inside");
    let mut let_out = Trace { revoked_at: Some(at(-5_000)), ..executed(300, Channel::Report) };
    let_out.attempt.occasion = visit(AskedBy::HostDespiteEnd);
    assert!(!Story::of(&let_out, at(9_000)).told.contains("revoked"), "the host knew");
    let earlier = Trace { revoked_at: Some(at(5_000)), ..executed(300, Channel::Report) };
    assert!(!Story::of(&earlier, at(9_000)).told.contains("revoked"));
}

#[test]
fn a_press_without_a_code_is_told_without_legs_and_codes() {
    let removed = pressed(never_claimed(WhyNot::AccessRemoved, 100));
    tells(&removed, 9_000, Some(Stage::Access), "access to the gate was taken from who pressed");
    let cancelled = pressed(denied(WhyNot::Cancelled, 300));
    tells(&cancelled, 9_000, Some(Stage::Access), "the cancel reached the gate in time");
    let mut silent = pressed(Trace { asked_at: Some(at(59_000)), ..sent() });
    silent.hops.taken_at = Some(at(33));
    tells(&silent, 60_000, Some(Stage::Wire), "had taken it 33 ms after the press");
    tells(&silent, 60_000, Some(Stage::Wire), "no other press of theirs is sent");
    let mut replaced = pressed(sent());
    replaced.gate.hardware_since = 5;
    tells(&replaced, 60_000, Some(Stage::Report), "Another press is sent as ever");
    let unclaimed = pressed(trace(State::Pending));
    tells(&unclaimed, 9_000, Some(Stage::Claim), "no bridge runs");
    for trace in [removed, cancelled, silent, replaced, unclaimed] {
        let (user, found) = (trace.host.unwrap(), Traced { attempts: vec![trace], refused: None });
        let text = crate::explain::text(&found, at(60_000)).unwrap();
        assert!(text.contains("opened from the app") && text.contains(&user.to_string()), "{text}");
        for word in ["leg", "guest", "tap", "the host"] {
            assert!(!text.contains(word), "{word}: {text}");
        }
    }
}

#[test]
fn a_contradiction_is_added_and_changes_nothing() {
    let contradicted_at = Some(at(60_000));
    let trace = Trace { contradicted_at, ..executed(243, Channel::Report) };
    tells(&trace, 90_000, None, "said the opposite");
    assert_eq!(Story::of(&trace, at(90_000)).outcome, Outcome::Opened);
}

#[test]
fn the_hops_are_in_order_with_the_time_between_them() {
    let asked_at = Some(at(8_100));
    let trace = Trace { asked_at, ..denied(WhyNot::NeverArrived, 8_180) };
    let trace = cut(trace, 300, CutBy::Gate);
    let hops = Story::of(&trace, at(9_000)).hops;
    let told: Vec<_> =
        hops.iter().map(|hop| (hop.name, hop.after.map(|after| after.as_millis()))).collect();
    let expected = [
        ("tap", None),
        ("claim", Some(12)),
        ("cut", Some(288)),
        ("ask", Some(7_800)),
        ("word", Some(80)),
    ];
    assert_eq!(told, expected);
}

#[test]
fn every_reason_has_a_stage_and_words_of_its_own() {
    let mut all = std::collections::HashSet::new();
    for why in WhyNot::ALL {
        let story = Story::of(&denied(*why, 200), at(60_000));
        assert!(story.failed_at.is_some(), "{why:?}");
        assert!(all.insert(story.told.clone()), "{why:?}: {}", story.told);
    }
}

#[test]
fn every_refusal_of_a_tap_has_words_of_its_own() {
    let until = at(0);
    let mut all = std::collections::HashSet::from([refused("")]);
    for refusal in [
        Refusal::Revoked,
        Refusal::Expired,
        Refusal::Used,
        Refusal::NotEnteredYet,
        Refusal::AlreadyOpening,
        Refusal::ScanRequired,
        Refusal::WrongIntercom,
        Refusal::LinkLocked,
        Refusal::Wait { until },
        Refusal::WrongCode { tries_left: 1 },
        Refusal::TooManyAttempts,
        Refusal::GateOffline,
        Refusal::Suspended,
    ] {
        assert!(all.insert(refused(refusal.as_str())), "{refusal:?}");
    }
}

#[test]
fn for_people_it_is_a_column_of_moments_and_a_verdict() {
    let asked_at = Some(at(8_100));
    let trace = Trace { asked_at, ..denied(WhyNot::NeverArrived, 8_180) };
    let id = trace.attempt.id;
    let gate = trace.attempt.gate;
    let refused = RefusedTap { at: at(-5), leg: Leg::Entry, why: "code_wrong".to_owned() };
    let found = Traced { attempts: vec![trace], refused: Some(refused) };
    let expected = format!(
        "{id}  entry, {gate} in epoch 4
  2026-05-28T20:26:40.000Z                the tap came in; its way was reserved
  2026-05-28T20:26:40.012Z        +12 ms  the bridge claimed the command, to publish it at once
  2026-05-28T20:26:48.100Z      +8088 ms  the gate was last asked about it
  2026-05-28T20:26:48.180Z        +80 ms  the gate's report arrived: it did not open and will not
It failed between the bridge and the gate. The gate did not open. The gate was there and answered \
when it was asked, but the command had not reached it.

The last tap without an attempt
  2026-05-28T20:26:39.995Z  entry: The digits were wrong.
"
    );
    assert_eq!(crate::explain::text(&found, at(9_000)).unwrap(), expected);
}
