//! Each rule of the contract, one promise a test.

use protocol::SigningKey;

use super::*;

const HELLO_AT: Duration = Duration::from_secs(100);
const GAP: Duration = Duration::from_secs(3);

#[test]
fn a_connection_begins_with_a_hello_and_a_welcome_makes_it_ready() {
    let mut gate = switched_on(&[id(9)]);
    let hello = gate.step(Input::Connected { nonce: nonce(1) }, HELLO_AT);
    assert_eq!(hello, [Output::Publish(Message::Hello(Hello::new(nonce(1), "test")))]);
    let ready = gate.step(welcome(nonce(1), 4), HELLO_AT);
    assert_eq!(ready, [Output::Publish(Message::Ready(Ready::new(nonce(1), 4, vec![id(9)])))]);
}

#[test]
fn an_opening_is_written_then_pulsed_then_reported() {
    let mut gate = ready_in(4);
    assert_eq!(gate.step(open(4, 1, 8000), at(10)), [Output::WriteLedger(id(1))]);
    assert_eq!(gate.step(Input::LedgerWritten, at(20)), [pulse(1), executed_at(1, 10, Some(20))]);
}

#[test]
fn a_command_works_until_the_last_millisecond_of_its_deadline() {
    assert_eq!(ready_in(4).step(open(4, 1, 8000), at(8000)), [Output::WriteLedger(id(1))]);
    assert_eq!(
        ready_in(4).step(open(4, 1, 8000), at(8001)),
        [refused_at(1, NotExecuted::TooLate, 8001)]
    );
}

#[test]
fn a_deadline_that_passes_during_the_write_means_no_pulse_but_executed() {
    let mut gate = ready_in(4);
    gate.step(open(4, 1, 8000), at(8000));
    let after = gate.step(Input::LedgerWritten, at(8001));
    assert_eq!(after, [Output::Withhold(id(1)), executed_at(1, 8000, None)]);
    assert_eq!(gate.step(query(4, 1), at(8002)), [executed(1)]);
}

#[test]
fn a_cancel_during_the_write_means_no_pulse_but_executed() {
    let mut gate = ready_in(4);
    gate.step(open(4, 1, 8000), at(10));
    assert_eq!(gate.step(cancel(4, 1), at(11)), []);
    let after = gate.step(Input::LedgerWritten, at(12));
    assert_eq!(after, [Output::Withhold(id(1)), executed_at(1, 10, None)]);
}

#[test]
fn a_query_or_duplicate_during_the_write_waits_for_the_report() {
    let mut gate = ready_in(4);
    gate.step(open(4, 1, 8000), at(10));
    assert_eq!(gate.step(query(4, 1), at(11)), []);
    assert_eq!(gate.step(open(4, 1, 8000), at(11)), []);
    assert_eq!(gate.step(Input::LedgerWritten, at(12)), [pulse(1), executed_at(1, 10, Some(12))]);
}

#[test]
fn a_connection_lost_during_the_write_means_no_pulse_and_the_next_ready_tells_it() {
    let mut gate = ready_in(4);
    gate.step(open(4, 1, 8000), at(10));
    gate.step(Input::ConnectionLost, at(11));
    assert_eq!(gate.step(Input::LedgerWritten, at(12)), [Output::Withhold(id(1))]);
    gate.step(Input::Connected { nonce: nonce(2) }, at(13));
    let ready = gate.step(welcome(nonce(2), 5), at(14));
    assert_eq!(ready, [Output::Publish(Message::Ready(Ready::new(nonce(2), 5, vec![id(1)])))]);
}

#[test]
fn a_welcome_during_the_write_is_not_adopted_and_a_new_hello_is_due_at_once() {
    let mut gate = ready_in(4);
    let later = HELLO_AT + HELLO_RENEWAL;
    gate.step(Input::HelloDue { nonce: nonce(2) }, later);
    gate.step(open(4, 1, u64::MAX), later);
    let answer = gate.step(welcome(nonce(2), 5), later + Duration::from_secs(2));
    assert_eq!(answer, [Output::Ignore(Ignored::MidWrite)]);
    assert_eq!(gate.hello_due(), Some(later + Duration::from_secs(2)));
    let after_ms = u64::try_from(HELLO_RENEWAL.as_millis()).unwrap();
    // The open hello is the one before; the epoch's own is what counts.
    let told = executed_at(1, after_ms, Some(after_ms));
    assert_eq!(gate.step(Input::LedgerWritten, later), [pulse(1), told]);
}

#[test]
fn a_duplicate_is_answered_executed_without_a_second_pulse() {
    let mut gate = ready_in(4);
    opened(&mut gate, open(4, 1, 8000), at(10));
    for order in [open(4, 1, 8000), query(4, 1), cancel(4, 1)] {
        assert_eq!(gate.step(order, at(5000)), [executed(1)]);
    }
}

#[test]
fn a_command_of_the_ledger_is_executed_after_a_reboot_too_in_whatever_epoch_it_was() {
    let mut gate = switched_on(&[id(1)]);
    join(&mut gate, 1, 5, HELLO_AT);
    for order in [open(4, 1, 8000), open(5, 1, 8000), cancel(5, 1), query(5, 1)] {
        let told = Status::new(id(1), 5, Outcome::Executed);
        assert_eq!(gate.step(order, at(1)), [Output::Publish(Message::Status(told))]);
    }
}

#[test]
fn a_cancelled_command_never_opens_and_keeps_its_reason() {
    let mut gate = ready_in(4);
    for order in [cancel(4, 1), open(4, 1, 8000), query(4, 1)] {
        assert_eq!(gate.step(order, at(10)), [refused(1, NotExecuted::Cancelled)]);
    }
}

#[test]
fn a_query_kills_what_has_not_arrived() {
    let mut gate = ready_in(4);
    for order in [query(4, 1), open(4, 1, 8000), cancel(4, 1)] {
        assert_eq!(gate.step(order, at(10)), [refused(1, NotExecuted::NeverArrived)]);
    }
}

#[test]
fn a_refused_opening_does_not_open_when_it_comes_again_at_a_better_time() {
    let mut gate = ready_in(4);
    opened(&mut gate, open(4, 1, 8000), at(10));
    assert_eq!(gate.step(open(4, 2, 8000), at(20)), [refused_at(2, NotExecuted::TooSoon, 20)]);
    // As it was refused once.
    assert_eq!(gate.step(open(4, 2, 8000), at(3500)), [refused(2, NotExecuted::TooSoon)]);
}

#[test]
fn two_pulses_are_at_least_the_gap_apart_across_epochs() {
    let mut gate = ready_in(4);
    opened(&mut gate, open(4, 1, 8000), at(10));
    assert_eq!(gate.step(open(4, 2, 8000), at(3009)), [refused_at(2, NotExecuted::TooSoon, 3009)]);
    gate.step(Input::ConnectionLost, at(3009));
    join(&mut gate, 2, 5, at(3009));
    assert_eq!(gate.step(open(5, 3, 8000), at(3010)), [Output::WriteLedger(id(3))]);
    let busy = Status::new(id(4), 5, Outcome::NotExecuted { why: NotExecuted::TooSoon });
    let busy = Output::Publish(Message::Status(Status { received_ms: Some(1), ..busy }));
    assert_eq!(gate.step(open(5, 4, 8000), at(3010)), [busy]);
}

#[test]
fn what_a_sensor_saw_is_reported_after_what_was_opened_and_changes_nothing() {
    let mut gate = ready_in(4);
    let sensed = |n, moved| Input::Sensed { command: id(n), moved };
    assert_eq!(gate.step(sensed(1, true), at(10)), [], "it never opened");
    opened(&mut gate, open(4, 1, 8000), at(10));
    let before = gate.state().clone();
    let status = Status::new(id(1), 4, Outcome::Executed);
    let moved = Output::Publish(Message::Status(Status { moved_ms: Some(1_200), ..status }));
    let still = Output::Publish(Message::Status(Status { still_ms: Some(9_000), ..status }));
    assert_eq!(gate.step(sensed(1, true), at(1_200)), [moved]);
    assert_eq!(gate.step(sensed(1, false), at(9_000)), [still]);
    assert_eq!(gate.state(), &before);
    gate.step(Input::ConnectionLost, at(9_100));
    assert_eq!(gate.step(sensed(1, true), at(9_200)), [], "in no epoch");
}

#[test]
fn without_its_ledger_a_gate_does_not_open() {
    let mut gate = ready_in(4);
    gate.step(open(4, 1, 8000), at(10));
    assert_eq!(
        gate.step(Input::LedgerFailed, at(11)),
        [refused_at(1, NotExecuted::LedgerFailed, 10)]
    );
    assert_eq!(gate.step(open(4, 1, 8000), at(12)), [refused(1, NotExecuted::LedgerFailed)]);
    assert_eq!(gate.step(open(4, 2, 8000), at(12)), [Output::WriteLedger(id(2))]);
}

#[test]
fn a_command_of_an_older_epoch_is_dead() {
    let mut gate = ready_in(4);
    for order in [open(3, 1, u64::MAX), cancel(3, 1), query(3, 1)] {
        assert_eq!(gate.step(order, at(10)), [refused(1, NotExecuted::StaleEpoch)]);
    }
}

#[test]
fn a_command_of_an_epoch_to_come_is_met_with_silence() {
    let mut gate = ready_in(4);
    for order in [open(5, 1, 8000), cancel(5, 1), query(5, 1)] {
        assert_eq!(gate.step(order, at(10)), [Output::Ignore(Ignored::EpochAhead)]);
    }
}

#[test]
fn before_the_first_welcome_of_a_connection_no_command_counts() {
    let mut gate = ready_in(4);
    gate.step(Input::ConnectionLost, at(10));
    assert_eq!(gate.step(open(4, 1, 8000), at(11)), [Output::Ignore(Ignored::NoEpoch)]);
    gate.step(Input::Connected { nonce: nonce(2) }, at(12));
    assert_eq!(gate.step(open(4, 1, 8000), at(13)), [Output::Ignore(Ignored::NoEpoch)]);
}

#[test]
fn strangers_forgers_and_keepers_are_met_with_silence() {
    let mut gate = ready_in(4);
    let stranger = SigningKey::from_seed("k1", &[8; 32]);
    let order = Order::Open { leg: Leg::Entry, deadline_ms: 8000 };
    let forged = Command::signed(&stranger, id(1), &own(), 4, order);
    let foreign = Command::signed(&service(), id(1), &GateId::parse("gate_8").unwrap(), 4, order);
    let genuine = Command::signed(&service(), id(1), &own(), 4, order);
    for (command, retained, why) in [
        (forged, false, Ignored::Forged),
        (foreign, false, Ignored::Foreign),
        (genuine, true, Ignored::Retained),
    ] {
        let answer = gate.step(Input::Commanded { command, retained }, at(10));
        assert_eq!(answer, [Output::Ignore(why)]);
    }
    assert_eq!(gate.step(open(4, 1, 8000), at(11)), [Output::WriteLedger(id(1))]);
}

#[test]
fn only_a_genuine_welcome_to_the_open_hello_into_a_newer_epoch_is_adopted() {
    let mut gate = ready_in(4);
    gate.step(Input::ConnectionLost, at(10));
    gate.step(Input::Connected { nonce: nonce(2) }, at(10));
    let forger = SigningKey::from_seed("k1", &[8; 32]);
    let other = GateId::parse("gate_8").unwrap();
    for (welcome, retained, why) in [
        (Welcome::signed(&forger, &own(), nonce(2), 5, 0, GAP), false, Ignored::Forged),
        (Welcome::signed(&service(), &other, nonce(2), 5, 0, GAP), false, Ignored::Foreign),
        (Welcome::signed(&service(), &own(), nonce(2), 5, 0, GAP), true, Ignored::Retained),
        (Welcome::signed(&service(), &own(), nonce(1), 5, 0, GAP), false, Ignored::StaleWelcome),
        (Welcome::signed(&service(), &own(), nonce(2), 4, 0, GAP), false, Ignored::StaleWelcome),
    ] {
        let greeting = Greeting::Welcome(welcome);
        let answer = gate.step(Input::Greeted { greeting, retained }, at(11));
        assert_eq!(answer, [Output::Ignore(why)]);
    }
    assert_eq!(gate.step(welcome(nonce(2), 5), at(12)).len(), 1);
    let again = gate.step(welcome(nonce(2), 6), at(13));
    assert_eq!(again, [Output::Ignore(Ignored::StaleWelcome)], "one hello, one welcome");
}

#[test]
fn deadlines_count_from_the_hello_that_was_answered_and_not_from_the_welcome() {
    let mut gate = switched_on(&[]);
    gate.step(Input::Connected { nonce: nonce(1) }, HELLO_AT);
    gate.step(welcome(nonce(1), 4), at(5000));
    assert_eq!(gate.step(open(4, 1, 8000), at(8001)), [refused_at(1, NotExecuted::TooLate, 8001)]);
}

#[test]
fn a_renewed_hello_leaves_the_epoch_in_force_until_its_welcome() {
    let mut gate = ready_in(4);
    let renewal = HELLO_AT + HELLO_RENEWAL;
    assert_eq!(gate.hello_due(), Some(renewal));
    let hello = gate.step(Input::HelloDue { nonce: nonce(2) }, renewal);
    assert_eq!(hello, [Output::Publish(Message::Hello(Hello::new(nonce(2), "test")))]);
    let in_ms = u64::try_from(HELLO_RENEWAL.as_millis()).unwrap() + 8000;
    assert_eq!(gate.step(open(4, 1, in_ms), renewal), [Output::WriteLedger(id(1))]);
    gate.step(Input::LedgerWritten, renewal);
    gate.step(welcome(nonce(2), 5), renewal);
    let stale = Status::new(id(2), 5, Outcome::NotExecuted { why: NotExecuted::StaleEpoch });
    let answer = gate.step(open(4, 2, in_ms), renewal + GAP);
    assert_eq!(answer, [Output::Publish(Message::Status(stale))]);
}

#[test]
fn asked_for_a_hello_again_it_says_at_most_one_a_second() {
    let mut gate = ready_in(4);
    assert_eq!(gate.step(hello_again(), at(10)), []);
    assert_eq!(gate.hello_due(), Some(at(1000)));
    assert_eq!(gate.step(Input::HelloDue { nonce: nonce(2) }, at(999)), []);
    assert_eq!(gate.step(Input::HelloDue { nonce: nonce(2) }, at(1000)).len(), 1);
    assert_eq!(gate.step(hello_again(), at(5000)), []);
    assert_eq!(gate.hello_due(), Some(at(5000)), "a second has passed: now");
}

#[test]
fn an_unanswered_hello_is_repeated_ever_more_slowly() {
    let mut gate = switched_on(&[]);
    let mut now = HELLO_AT;
    gate.step(Input::Connected { nonce: nonce(0) }, now);
    let pauses: Vec<_> = (1..=9)
        .map(|n| {
            let due = gate.hello_due().unwrap();
            let pause = due.saturating_sub(now);
            now = due;
            gate.step(Input::HelloDue { nonce: nonce(n) }, now);
            pause.as_secs()
        })
        .collect();
    assert_eq!(pauses, [10, 20, 40, 80, 160, 320, 640, 1280, 1800]);
    let late = gate.step(welcome(nonce(8), 4), now);
    assert_eq!(late, [Output::Ignore(Ignored::StaleWelcome)], "only the last hello is open");
    gate.step(welcome(nonce(9), 4), now);
    assert_eq!(gate.hello_due(), Some(now + HELLO_RENEWAL));
}

#[test]
fn a_gate_that_cannot_remember_one_more_refusal_gives_none_and_asks_for_a_new_epoch() {
    let mut gate = ready_in(4);
    for n in 0..MAX_TOMBSTONES {
        assert_eq!(gate.step(query(4, n), at(10)), [refused(n, NotExecuted::NeverArrived)]);
    }
    let one_more = gate.step(cancel(4, MAX_TOMBSTONES), at(2000));
    assert_eq!(one_more, [Output::Ignore(Ignored::TombstonesFull)]);
    assert_eq!(gate.hello_due(), Some(at(2000)));
    assert_eq!(gate.step(query(4, 0), at(2000)), [refused(0, NotExecuted::NeverArrived)]);

    gate.step(Input::HelloDue { nonce: nonce(2) }, at(2000));
    gate.step(welcome(nonce(2), 5), at(2001));
    let room = Status::new(id(0), 5, Outcome::NotExecuted { why: NotExecuted::Cancelled });
    assert_eq!(gate.step(cancel(5, 0), at(2002)), [Output::Publish(Message::Status(room))]);
}

#[test]
fn the_ready_carries_the_last_64_executed_commands() {
    let mut gate = ready_in(4);
    for n in 0..=LEDGER_LENGTH {
        opened(&mut gate, open(4, n, u64::MAX), HELLO_AT + GAP * u32::try_from(n).unwrap());
    }
    gate.step(Input::ConnectionLost, at(0));
    let ready = join(&mut gate, 2, 5, at(0));
    let last = (1..=LEDGER_LENGTH).map(id).collect();
    assert_eq!(ready, [Output::Publish(Message::Ready(Ready::new(nonce(2), 5, last)))]);
}

#[test]
fn a_gate_that_leaves_says_goodbye_for_its_last_hello() {
    let mut gate = ready_in(4);
    let goodbye = Presence::gone(nonce(1));
    let leaving = gate.step(Input::Leaving, at(10));
    assert_eq!(leaving, [Output::Publish(Message::Goodbye(goodbye))]);
    gate.step(Input::ConnectionLost, at(11));
    assert_eq!(gate.step(Input::Leaving, at(12)), []);
    assert_eq!(gate.hello_due(), None);
}

#[test]
fn answers_that_nobody_waits_for_change_nothing() {
    let mut gate = ready_in(4);
    let before = gate.state().clone();
    assert_eq!(gate.step(Input::LedgerWritten, at(10)), []);
    assert_eq!(gate.step(Input::LedgerFailed, at(10)), []);
    assert_eq!(gate.state(), &before);
}

fn service() -> SigningKey {
    SigningKey::from_seed("k1", &[7; 32])
}

fn own() -> GateId {
    GateId::parse("gate_7").unwrap()
}

fn id(n: usize) -> CommandId {
    CommandId((n as u128).to_be_bytes())
}

fn nonce(n: u8) -> Nonce {
    Nonce([n; 16])
}

/// So many milliseconds after the first hello.
fn at(ms: u64) -> Duration {
    HELLO_AT + Duration::from_millis(ms)
}

fn switched_on(ledger: &[CommandId]) -> Gate {
    let keys = VerifyingKeys(vec![service().verifying_key()]);
    let firmware = "test".to_owned();
    Gate::new(Arc::new(Pinned { gate: own(), keys, keeps_gap: true, firmware }), ledger)
}

fn ready_in(epoch: u64) -> Gate {
    let mut gate = switched_on(&[]);
    join(&mut gate, 1, epoch, HELLO_AT);
    gate
}

fn join(gate: &mut Gate, n: u8, epoch: u64, now: Duration) -> Vec<Output> {
    gate.step(Input::Connected { nonce: nonce(n) }, now);
    gate.step(welcome(nonce(n), epoch), now)
}

fn opened(gate: &mut Gate, open: Input, now: Duration) {
    assert!(matches!(gate.step(open, now)[..], [Output::WriteLedger(_)]));
    assert!(matches!(gate.step(Input::LedgerWritten, now)[..], [Output::Pulse { .. }, _]));
}

fn welcome(nonce: Nonce, epoch: u64) -> Input {
    let welcome = Welcome::signed(&service(), &own(), nonce, epoch, 0, GAP);
    Input::Greeted { greeting: Greeting::Welcome(welcome), retained: false }
}

fn hello_again() -> Input {
    Input::Greeted { greeting: Greeting::HelloAgain, retained: false }
}

fn command(epoch: u64, n: usize, order: Order) -> Input {
    let command = Command::signed(&service(), id(n), &own(), epoch, order);
    Input::Commanded { command, retained: false }
}

fn open(epoch: u64, n: usize, deadline_ms: u64) -> Input {
    command(epoch, n, Order::Open { leg: Leg::Entry, deadline_ms })
}

fn cancel(epoch: u64, n: usize) -> Input {
    command(epoch, n, Order::Cancel)
}

fn query(epoch: u64, n: usize) -> Input {
    command(epoch, n, Order::Query)
}

fn pulse(n: usize) -> Output {
    Output::Pulse { command: id(n), leg: Leg::Entry }
}

/// The report of epoch 4.
fn executed(n: usize) -> Output {
    Output::Publish(Message::Status(Status::new(id(n), 4, Outcome::Executed)))
}

/// The first report of epoch 4, with its times in ms after the hello.
fn executed_at(n: usize, received_ms: u64, pulsed_ms: Option<u64>) -> Output {
    let status = Status::new(id(n), 4, Outcome::Executed);
    let received_ms = Some(received_ms);
    Output::Publish(Message::Status(Status { received_ms, pulsed_ms, ..status }))
}

/// The first report of epoch 4, with when the command came in ms after the hello.
fn refused_at(n: usize, why: NotExecuted, received_ms: u64) -> Output {
    let status = Status::new(id(n), 4, Outcome::NotExecuted { why });
    Output::Publish(Message::Status(Status { received_ms: Some(received_ms), ..status }))
}

/// The report of epoch 4.
fn refused(n: usize, why: NotExecuted) -> Output {
    Output::Publish(Message::Status(Status::new(id(n), 4, Outcome::NotExecuted { why })))
}
