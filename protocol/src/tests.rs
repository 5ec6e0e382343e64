//! The bytes on the wire, to the letter, and what a forger can do: nothing.

use proptest::prelude::*;
use rcgen::{PublicKeyData, SigningKey as _};

use crate::*;

fn key() -> SigningKey {
    SigningKey::from_seed("k1", &[7; 32])
}

fn pinned() -> VerifyingKeys {
    VerifyingKeys(vec![key().verifying_key()])
}

fn gate() -> GateId {
    GateId::parse("gate_7").unwrap()
}

fn open(deadline_ms: u64) -> Command {
    let order = Order::Open { leg: Leg::Entry, deadline_ms };
    Command::signed(&key(), CommandId([1; 16]), &gate(), 3, order)
}

#[test]
fn a_command_stands_on_the_wire_as_documented() {
    let json: serde_json::Value = serde_json::from_slice(&open(8000).to_bytes()).unwrap();
    let sig = json["sig"].clone();
    let expected = serde_json::json!({
        "v": 1, "id": "01010101010101010101010101010101", "gate": "gate_7", "epoch": 3,
        "order": "open", "leg": "entry", "deadline_ms": 8000, "kid": "k1", "sig": sig,
    });
    assert_eq!(json, expected);
}

#[test]
fn every_body_reads_back_as_itself() {
    let nonce = Nonce([9; 16]);
    let hello = Hello::new(nonce, "sim 1");
    assert_eq!(Hello::from_bytes(&hello.to_bytes()).unwrap(), hello);
    let welcome = Welcome::signed(&key(), &gate(), nonce, 4, 1_700_000_000_000, MIN_PULSE_GAP);
    for greeting in [Greeting::Welcome(welcome), Greeting::HelloAgain] {
        assert_eq!(Greeting::from_bytes(&greeting.to_bytes()).unwrap(), greeting);
    }
    let ready = Ready::new(nonce, 4, vec![CommandId([1; 16]); LEDGER_LENGTH]);
    let ready = Signed::new(ready, &[0xff; 72]);
    assert_eq!(Signed::from_bytes(&ready.to_bytes()).unwrap(), ready);
    assert!(ready.to_bytes().len() < MAX_BODY_BYTES, "a full ledger fits into one packet");
    for outcome in [Outcome::Executed, Outcome::NotExecuted { why: NotExecuted::TooLate }] {
        let status = Signed::new(Status::new(CommandId([1; 16]), 4, outcome), b"sig");
        assert_eq!(Signed::from_bytes(&status.to_bytes()).unwrap(), status);
    }
    let gone = Presence::gone(nonce);
    assert_eq!(Presence::from_bytes(&gone.to_bytes()).unwrap(), gone);
}

#[test]
fn a_body_that_is_too_long_or_of_another_version_is_not_read() {
    let padded = |length: usize| {
        let mut body = Presence::gone(Nonce([9; 16])).to_bytes();
        body.resize(length, b' ');
        Presence::from_bytes(&body)
    };
    assert!(padded(MAX_BODY_BYTES).is_ok());
    for length in [MAX_BODY_BYTES + 1, 2 * MAX_BODY_BYTES] {
        assert!(matches!(padded(length), Err(InvalidBody::TooLong)));
    }
    let tomorrow = Greeting::from_bytes(br#"{"v": 2, "hello_again": true}"#);
    assert!(matches!(tomorrow, Err(InvalidBody::Version(2))));
}

#[test]
fn a_report_of_another_version_is_not_read() {
    let nonce = "09".repeat(16);
    let ready = format!(r#"{{"v": 2, "nonce": "{nonce}", "epoch": 4, "ledger": [], "sig": ""}}"#);
    assert!(matches!(Signed::<Ready>::from_bytes(ready.as_bytes()), Err(InvalidBody::Version(2))));
    let status =
        format!(r#"{{"v": 2, "id": "{nonce}", "epoch": 4, "outcome": "executed", "sig": ""}}"#);
    assert!(matches!(
        Signed::<Status>::from_bytes(status.as_bytes()),
        Err(InvalidBody::Version(2))
    ));
}

/// The lines of the contract, letter by letter: a gate of another make writes them, too.
#[test]
fn the_times_that_a_gate_tells_are_signed_as_lines_in_their_order() {
    let status = Status::new(CommandId([1; 16]), 4, Outcome::Executed);
    let (received_ms, pulsed_ms) = (Some(90_210), Some(90_260));
    let first = Status { received_ms, pulsed_ms, ..status };
    let id = "01".repeat(16);
    let said = format!("fluss/v1/status\ngate_7\n{id}\n4\nexecuted\n");
    assert_eq!(first.to_sign(&gate()), format!("{said}received 90210\npulsed 90260\n"));
    let (moved, still) =
        (Status { moved_ms: Some(91_560), ..status }, Status { still_ms: Some(100_260), ..status });
    assert_eq!(moved.to_sign(&gate()), format!("{said}moved 91560\n"));
    assert_eq!(still.to_sign(&gate()), format!("{said}still 100260\n"));
    let body = serde_json::json!({ "v": 1, "id": id, "epoch": 4, "outcome": "executed" });
    for (status, name, ms) in [(moved, "moved_ms", 91_560), (still, "still_ms", 100_260)] {
        let mut body = body.clone();
        body[name] = ms.into();
        assert_eq!(serde_json::to_value(status).unwrap(), body);
    }
}

/// What is signed is what is said: the same word in the lines as in the body.
#[test]
fn the_reason_that_a_gate_signs_is_the_one_that_it_gives() {
    for (why, word) in [
        (NotExecuted::TooLate, "too_late"),
        (NotExecuted::TooSoon, "too_soon"),
        (NotExecuted::StaleEpoch, "stale_epoch"),
        (NotExecuted::Cancelled, "cancelled"),
        (NotExecuted::NeverArrived, "never_arrived"),
        (NotExecuted::LedgerFailed, "ledger_failed"),
    ] {
        let status = Status::new(CommandId([1; 16]), 4, Outcome::NotExecuted { why });
        let id = "01".repeat(16);
        let expected = format!("fluss/v1/status\ngate_7\n{id}\n4\nnot_executed\n{word}\n");
        assert_eq!(status.to_sign(&gate()), expected);
        assert_eq!(serde_json::to_value(status).unwrap()["why"], word);
    }
}

#[test]
fn only_an_opening_has_a_deadline() {
    let order = Order::Open { leg: Leg::Entry, deadline_ms: 8000 };
    assert_eq!(order.deadline(), Some(std::time::Duration::from_secs(8)));
    assert_eq!(Order::Cancel.deadline(), None);
    assert_eq!(Order::Query.deadline(), None);
}

#[test]
fn a_key_tells_its_name_and_nothing_of_itself() {
    assert_eq!(format!("{:?}", key()), "SigningKey(k1)");
    assert_eq!(gate().as_str(), "gate_7");
}

#[test]
fn a_signed_command_is_believed_and_any_change_is_not() {
    let command = open(8000);
    assert_eq!(command.verify(&pinned()), Ok(()));
    let other = GateId::parse("gate_8").unwrap();
    let exit = Order::Open { leg: Leg::Exit, deadline_ms: 8000 };
    let later = Order::Open { leg: Leg::Entry, deadline_ms: 8001 };
    for forged in [
        Command { id: CommandId([2; 16]), ..command.clone() },
        Command { gate: other, ..command.clone() },
        Command { epoch: 4, ..command.clone() },
        Command { order: exit, ..command.clone() },
        Command { order: later, ..command.clone() },
        Command { order: Order::Cancel, ..command.clone() },
        Command { kid: "k2".to_owned(), ..command.clone() },
        Command { sig: String::new(), ..command.clone() },
    ] {
        assert_eq!(forged.verify(&pinned()), Err(Forged), "{forged:?}");
    }
}

#[test]
fn a_welcome_is_believed_only_as_it_was_signed() {
    let welcome = Welcome::signed(&key(), &gate(), Nonce([9; 16]), 4, 0, MIN_PULSE_GAP);
    assert_eq!(welcome.verify(&pinned()), Ok(()));
    assert_eq!(Welcome { epoch: 3, ..welcome.clone() }.verify(&pinned()), Err(Forged));
    assert_eq!(Welcome { pulse_gap_ms: 0, ..welcome.clone() }.verify(&pinned()), Err(Forged));
    assert_eq!(Welcome { nonce: Nonce([8; 16]), ..welcome }.verify(&pinned()), Err(Forged));
}

#[test]
fn another_key_under_the_same_name_is_a_forger() {
    let stranger = SigningKey::from_seed("k1", &[8; 32]);
    let command = Command::signed(&stranger, CommandId([1; 16]), &gate(), 3, Order::Query);
    assert_eq!(command.verify(&pinned()), Err(Forged));
}

#[test]
fn a_renewal_names_the_gate_and_the_request() {
    // SHA-256 of nothing.
    let digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let expected = format!("fluss/v1/renewal\ngate_7\n{digest}\n");
    assert_eq!(renewal_to_sign(&gate(), b""), expected);
}

#[test]
fn a_report_is_believed_only_as_its_gate_signed_it() {
    for kind in [&rcgen::PKCS_ECDSA_P256_SHA256, &rcgen::PKCS_ED25519] {
        let [key, stranger] = [(); 2].map(|()| rcgen::KeyPair::generate_for(kind).unwrap());
        let [own, strangers] = [&key, &stranger].map(PublicKeyData::subject_public_key_info);
        let sign = |said: String| key.sign(said.as_bytes()).unwrap();
        let status = Status::new(CommandId([1; 16]), 4, Outcome::Executed);
        let signed = Signed::new(status, &sign(status.to_sign(&gate())));
        assert_eq!(signed.verify(&gate(), &[&strangers, &own]), Ok(()), "one of two keys");
        let other = GateId::parse("gate_8").unwrap();
        assert_eq!(signed.verify(&other, &[&own]), Err(Forged), "another gate's word");
        assert_eq!(signed.verify(&gate(), &[&strangers]), Err(Forged), "another's key");
        assert_eq!(signed.verify::<Vec<u8>>(&gate(), &[]), Err(Forged), "no key at all");
        let why = NotExecuted::TooLate;
        for said in [
            Status { id: CommandId([2; 16]), ..status },
            Status { epoch: 5, ..status },
            Status { outcome: Outcome::NotExecuted { why }, ..status },
            Status { received_ms: Some(1), ..status },
            Status { pulsed_ms: Some(1), ..status },
            Status { moved_ms: Some(1), ..status },
            Status { still_ms: Some(1), ..status },
        ] {
            let forged = Signed { said, ..signed.clone() };
            assert_eq!(forged.verify(&gate(), &[&own]), Err(Forged), "{forged:?}");
        }
        let unsigned = Signed { sig: String::new(), ..signed };
        assert_eq!(unsigned.verify(&gate(), &[&own]), Err(Forged));

        let ready = Ready::new(Nonce([9; 16]), 4, vec![CommandId([1; 16]), CommandId([2; 16])]);
        let signed = Signed::new(ready.clone(), &sign(ready.to_sign(&gate())));
        assert_eq!(signed.verify(&gate(), &[&own]), Ok(()));
        for said in [
            Ready { nonce: Nonce([8; 16]), ..ready.clone() },
            Ready { epoch: 5, ..ready.clone() },
            Ready { ledger: vec![], ..ready.clone() },
            Ready { ledger: ready.ledger.iter().rev().copied().collect(), ..ready.clone() },
        ] {
            let forged = Signed { said, ..signed.clone() };
            assert_eq!(forged.verify(&gate(), &[&own]), Err(Forged), "{forged:?}");
        }
    }
}

#[test]
fn an_unknown_version_is_named() {
    let error = Hello::from_bytes(br#"{"v":2,"nonce":"00000000000000000000000000000000"}"#);
    assert_eq!(error.unwrap_err().to_string(), "version 2 is not spoken here");
}

proptest! {
    #[test]
    fn no_bytes_make_a_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = Hello::from_bytes(&bytes);
        let _ = Greeting::from_bytes(&bytes);
        let _ = Signed::<Ready>::from_bytes(&bytes);
        let _ = Command::from_bytes(&bytes);
        let _ = Signed::<Status>::from_bytes(&bytes);
        let _ = Presence::from_bytes(&bytes);
        let _ = Topic::parse(&String::from_utf8_lossy(&bytes));
    }
}
