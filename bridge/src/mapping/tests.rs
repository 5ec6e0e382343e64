use domain::CodeId;
use domain::attempt::State;
use domain::gate::ReadyEpoch;
use protocol::VerifyingKeys;
use serde_json::{Value, json};

use super::*;

const ID: &str = "01010101010101010101010101010101";
const GATE: &str = "gate_0707070707070707070707070r";

fn key() -> SigningKey {
    SigningKey::from_seed("k1", &[7; 32])
}

/// Reserved 90 s after the hello of epoch 4, so due 98 s after it.
fn attempt() -> Attempt {
    let hello_at = Timestamp::from_millis(1_780_000_000_000);
    Attempt {
        id: AttemptId::from_bytes([1; 16]),
        code: CodeId::from_bytes([2; 16]),
        leg: Leg::Entry,
        gate: gate(),
        epoch: ReadyEpoch { number: 4, hello_at },
        reserved_at: Timestamp::from_millis(1_780_000_090_000),
        deadline: Timestamp::from_millis(1_780_000_098_000),
        state: State::Pending,
    }
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
    let letter = command(&attempt(), Errand::Open, &key());
    assert_eq!(letter.topic, format!("fluss/v1/gates/{GATE}/trigger"));
    let expected = json!({
        "v": 1, "id": ID, "gate": GATE, "epoch": 4,
        "order": "open", "leg": "entry", "deadline_ms": 98_000, "kid": "k1",
    });
    assert_eq!(signed_body(&letter), expected);
}

#[test]
fn a_way_out_says_so() {
    let letter = command(&Attempt { leg: Leg::Exit, ..attempt() }, Errand::Open, &key());
    assert_eq!(signed_body(&letter)["leg"], "exit");
}

#[test]
fn a_cancel_and_a_query_name_the_same_command() {
    for (errand, order) in [(Errand::Cancel, "cancel"), (Errand::Query, "query")] {
        let letter = command(&attempt(), errand, &key());
        assert_eq!(letter.topic, format!("fluss/v1/gates/{GATE}/trigger"));
        let expected =
            json!({"v": 1, "id": ID, "gate": GATE, "epoch": 4, "order": order, "kid": "k1"});
        assert_eq!(signed_body(&letter), expected);
    }
}

#[test]
fn sent_again_it_is_the_same_command_to_the_last_byte() {
    let sent = Attempt { state: State::Sent { at: attempt().reserved_at }, ..attempt() };
    let [first, again] = [attempt(), sent].map(|it| command(&it, Errand::Open, &key()));
    assert_eq!(first, again);
}

#[test]
fn a_deadline_before_the_hello_is_none_at_all() {
    let deadline = Timestamp::from_millis(1_779_999_999_999);
    let letter = command(&Attempt { deadline, ..attempt() }, Errand::Open, &key());
    assert_eq!(signed_body(&letter)["deadline_ms"], 0);
}

#[test]
fn greetings_go_to_the_gates_welcome() {
    let now = Timestamp::from_millis(1_780_000_000_000);
    let letter = welcome(gate(), Nonce([9; 16]), 5, &key(), now);
    assert_eq!(letter.topic, format!("fluss/v1/gates/{GATE}/welcome"));
    let Greeting::Welcome(welcome) = Greeting::from_bytes(&letter.body).unwrap() else {
        panic!("expected a welcome")
    };
    assert_eq!((welcome.nonce, welcome.epoch), (Nonce([9; 16]), 5));
    assert_eq!(welcome.server_time_ms, 1_780_000_000_000);
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
