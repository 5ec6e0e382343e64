use domain::attempt::{AskedBy, Occasion, Press, State, Visit};
use domain::{CodeId, UserId};
use protocol::VerifyingKeys;
use serde_json::{Value, json};

use super::*;

const ID: &str = "01010101010101010101010101010101";
const GATE: &str = "gate_0707070707070707070707070r";

fn key() -> SigningKey {
    SigningKey::from_seed("k1", &[7; 32])
}

/// An hour, on which no wall clock has a say.
const HELLO_AGE: Duration = Duration::from_hours(1);

/// Reserved and to be acted on within 8 s.
fn attempt() -> Attempt {
    Attempt {
        id: AttemptId::from_bytes([1; 16]),
        occasion: visit(Leg::Entry),
        gate: gate(),
        epoch: 4,
        reserved_at: Timestamp::from_millis(1_780_000_090_000),
        deadline: Timestamp::from_millis(1_780_000_098_000),
        state: State::Pending,
    }
}

fn visit(leg: Leg) -> Occasion {
    let code = CodeId::from_bytes([2; 16]);
    Occasion::Visit(Visit { code, leg, asked_by: AskedBy::Guest })
}

fn gate() -> GateId {
    GateId::parse(GATE).unwrap()
}

/// The body without its signature, which is checked and then left out.
fn signed_body(letter: &Letter) -> Value {
    let command = Command::from_bytes(&letter.body).unwrap();
    command.verify(&VerifyingKeys(vec![key().verifying_key()])).unwrap();
    let mut body: Value = serde_json::from_slice(&letter.body).unwrap();
    body.as_object_mut().unwrap().remove("sig").unwrap();
    body
}

#[test]
fn an_opening_goes_to_the_gates_trigger_with_its_deadline_counted_from_the_hello() {
    let a_second_later = Timestamp::from_millis(1_780_000_091_000);
    let letter = open(&attempt(), HELLO_AGE, a_second_later, &key());
    assert_eq!(letter.topic, format!("fluss/v1/gates/{GATE}/trigger"));
    let expected = json!({
        "v": 1, "id": ID, "gate": GATE, "epoch": 4,
        "order": "open", "leg": "entry", "deadline_ms": 3_607_000, "kid": "k1",
    });
    assert_eq!(signed_body(&letter), expected);
}

#[test]
fn a_way_out_says_so() {
    let way_out = Attempt { occasion: visit(Leg::Exit), ..attempt() };
    let letter = open(&way_out, HELLO_AGE, attempt().reserved_at, &key());
    assert_eq!(signed_body(&letter)["leg"], "exit");
}

#[test]
fn a_press_without_a_code_comes_in() {
    let occasion = Occasion::Press(Press { user: UserId::from_bytes([4; 16]), api_key: None });
    let press = Attempt { occasion, ..attempt() };
    let letter = open(&press, HELLO_AGE, press.reserved_at, &key());
    assert_eq!(letter, open(&attempt(), HELLO_AGE, press.reserved_at, &key()));
}

#[test]
fn a_cancel_and_a_query_name_the_same_command() {
    for (letter, order) in
        [(cancel(&attempt(), &key()), "cancel"), (query(&attempt(), &key()), "query")]
    {
        assert_eq!(letter.topic, format!("fluss/v1/gates/{GATE}/trigger"));
        let expected =
            json!({"v": 1, "id": ID, "gate": GATE, "epoch": 4, "order": order, "kid": "k1"});
        assert_eq!(signed_body(&letter), expected);
    }
}

#[test]
fn sent_again_a_second_later_it_has_the_same_deadline() {
    let second = Duration::from_secs(1);
    let sent = Attempt { state: State::Sent { at: attempt().reserved_at }, ..attempt() };
    let first = open(&attempt(), HELLO_AGE, sent.reserved_at, &key());
    let later = sent.reserved_at + second;
    let again = open(&sent, HELLO_AGE + second, later, &key());
    assert_eq!(first, again);
}

#[test]
fn no_wall_clock_makes_a_command_live_longer() {
    // Set back by an hour between the reservation and the sending.
    let now = attempt().reserved_at - Duration::from_hours(1);
    let letter = open(&attempt(), HELLO_AGE, now, &key());
    assert_eq!(signed_body(&letter)["deadline_ms"], 3_608_000);
    // Set forward by an hour: it is over at once.
    let now = attempt().reserved_at + Duration::from_hours(1);
    let letter = open(&attempt(), HELLO_AGE, now, &key());
    assert_eq!(signed_body(&letter)["deadline_ms"], 0);
}

#[test]
fn what_is_published_after_its_deadline_is_dead_on_every_clock() {
    let deadline = attempt().deadline;
    let just_in_time = open(&attempt(), HELLO_AGE, deadline, &key());
    assert_eq!(signed_body(&just_in_time)["deadline_ms"], 3_600_000);
    let too_late = open(&attempt(), HELLO_AGE, deadline + Duration::from_millis(1), &key());
    assert_eq!(signed_body(&too_late)["deadline_ms"], 0);
}

#[test]
fn greetings_go_to_the_gates_welcome() {
    let now = Timestamp::from_millis(1_780_000_000_000);
    let gap = PulseGap::from_ms(4_500).unwrap();
    let letter = welcome(gate(), Nonce([9; 16]), 5, gap, &key(), now);
    assert_eq!(letter.topic, format!("fluss/v1/gates/{GATE}/welcome"));
    let Greeting::Welcome(welcome) = Greeting::from_bytes(&letter.body).unwrap() else {
        panic!("expected a welcome")
    };
    assert_eq!((welcome.nonce, welcome.epoch), (Nonce([9; 16]), 5));
    assert_eq!(welcome.server_time_ms, 1_780_000_000_000);
    assert_eq!(welcome.pulse_gap_ms, 4_500);
    welcome.verify(&VerifyingKeys(vec![key().verifying_key()])).unwrap();

    let again = hello_again(gate());
    assert_eq!(again.topic, letter.topic);
    assert_eq!(again.body, br#"{"v":1,"hello_again":true}"#);
}

#[test]
fn every_report_is_evidence_of_the_same_name() {
    assert_eq!(evidence(Outcome::Executed), Evidence::Executed);
    for word in
        ["too_late", "too_soon", "stale_epoch", "cancelled", "never_arrived", "ledger_failed"]
    {
        let outcome = serde_json::from_value(json!({"outcome": "not_executed", "why": word}));
        let expected = Evidence::NotExecuted(WhyNot::parse(word).unwrap());
        assert_eq!(evidence(outcome.unwrap()), expected, "{word}");
    }
    assert_eq!(attempt_id(CommandId([1; 16])), attempt().id);
}
