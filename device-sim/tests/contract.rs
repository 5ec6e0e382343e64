//! The examples in docs/device-contract.md are what the contract's types read and write.

use data_encoding::{BASE64, BASE64URL_NOPAD};
use protocol::{
    Command, GateId, Greeting, Hello, Presence, Ready, Report, Signed, Status, VerifyingKey,
    VerifyingKeys, renewal_to_sign,
};
use ring::signature::{ED25519, UnparsedPublicKey};
use serde_json::Value;

const PAGE: &str = include_str!("../../docs/device-contract.md");

#[test]
fn every_example_reads_and_writes_back_as_it_stands() {
    let mut seen = vec![];
    for (kind, example) in examples("json ") {
        let bytes = example.as_bytes();
        let written = match kind {
            "key" | "renewal" => continue,
            "hello" => Hello::from_bytes(bytes).map(|body| body.to_bytes()),
            "greeting" => Greeting::from_bytes(bytes).map(|body| body.to_bytes()),
            "ready" => Signed::<Ready>::from_bytes(bytes).map(|body| body.to_bytes()),
            "command" => Command::from_bytes(bytes).map(|body| body.to_bytes()),
            "status" => Signed::<Status>::from_bytes(bytes).map(|body| body.to_bytes()),
            "presence" => Presence::from_bytes(bytes).map(|body| body.to_bytes()),
            other => panic!("an example of nothing known: {other}"),
        };
        let written: Value = serde_json::from_slice(&written.unwrap()).unwrap();
        assert_eq!(written, serde_json::from_str::<Value>(example).unwrap(), "{kind}");
        seen.push(kind);
    }
    let expected = [
        "presence", "hello", "greeting", "ready", "greeting", "command", "command", "command",
        "status", "status",
    ];
    assert_eq!(seen, expected);
}

#[test]
fn every_signed_example_is_genuine() {
    let pinned = VerifyingKeys(vec![key()]);
    for (_, example) in examples("json command") {
        assert_eq!(Command::from_bytes(example.as_bytes()).unwrap().verify(&pinned), Ok(()));
    }
    let Greeting::Welcome(welcome) = first_greeting() else { panic!("a welcome comes first") };
    assert_eq!(welcome.verify(&pinned), Ok(()));
}

#[test]
fn the_worked_examples_are_the_very_bytes_that_are_signed() {
    let (_, open) = examples("json command")[0];
    let Greeting::Welcome(welcome) = first_greeting() else { panic!("a welcome comes first") };
    let signatures = [Command::from_bytes(open.as_bytes()).unwrap().sig, welcome.sig];
    let worked: Vec<_> =
        examples("text canonical").into_iter().filter(|(kind, _)| kind.is_empty()).collect();
    let public = BASE64URL_NOPAD.decode(key().key.as_bytes()).unwrap();
    let public = UnparsedPublicKey::new(&ED25519, public);
    assert_eq!(worked.len(), signatures.len());
    for ((_, canonical), sig) in worked.iter().zip(signatures) {
        let sig = BASE64URL_NOPAD.decode(sig.as_bytes()).unwrap();
        assert!(public.verify(canonical.as_bytes(), &sig).is_ok(), "{canonical}");
    }
    assert!(PAGE.contains(&format!("exactly these {} bytes", worked[0].1.len())));
}

#[test]
fn every_report_is_signed_by_the_gate_over_the_lines_that_stand_for_it() {
    let ready: Vec<Signed<Ready>> = reports("json ready");
    let statuses: Vec<Signed<Status>> = reports("json status");
    let said = ready.iter().map(genuine).chain(statuses.iter().map(genuine));
    let lines: Vec<_> = examples("text canonical report").into_iter().map(|(_, it)| it).collect();
    assert_eq!(said.collect::<Vec<_>>(), lines);
}

#[test]
fn the_renewal_is_signed_by_the_present_key_over_the_lines_below_it() {
    let renewal: Value = serde_json::from_str(examples("json renewal")[0].1).unwrap();
    let text = |name: &str| renewal[name].as_str().unwrap();
    let gate = GateId::parse("gate_7").unwrap();
    let canonical = renewal_to_sign(&gate, &der(text("csr")));
    assert_eq!(canonical, examples("text canonical renewal")[0].1);
    let certificate = der(text("certificate")).into();
    let certificate = webpki::EndEntityCert::try_from(&certificate).unwrap();
    let signature = BASE64URL_NOPAD.decode(text("signature").as_bytes()).unwrap();
    let p256 = webpki::ring::ECDSA_P256_SHA256;
    certificate.verify_signature(p256, canonical.as_bytes(), &signature).unwrap();
}

fn reports<T: Report>(fence: &str) -> Vec<Signed<T>> {
    let read = |(_, example): (_, &str)| Signed::from_bytes(example.as_bytes()).expect("a report");
    examples(fence).into_iter().map(read).collect()
}

/// What the gate of the page says, having checked that it signed it.
fn genuine<T: Report>(report: &Signed<T>) -> String {
    let gate = GateId::parse("gate_7").expect("an id");
    let key = examples("text gate key")[0].1.trim();
    let key = BASE64URL_NOPAD.decode(key.as_bytes()).expect("base64url");
    report.verify(&gate, &[key]).expect("the gate signed it");
    report.said.to_sign(&gate)
}

/// The fenced blocks whose fence begins like this: the rest of the fence, and the block.
fn examples(fence: &str) -> Vec<(&'static str, &'static str)> {
    let blocks = PAGE.split("```").skip(1).step_by(2);
    let blocks = blocks.filter_map(|block| block.split_once('\n'));
    blocks.filter_map(|(kind, body)| Some((kind.strip_prefix(fence)?, body))).collect()
}

fn der(pem: &str) -> Vec<u8> {
    let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    BASE64.decode(body.as_bytes()).expect("base64")
}

fn key() -> VerifyingKey {
    serde_json::from_str(examples("json key")[0].1).expect("a key")
}

fn first_greeting() -> Greeting {
    Greeting::from_bytes(examples("json greeting")[0].1.as_bytes()).expect("a greeting")
}
