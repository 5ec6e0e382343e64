//! A gate whose certificate grows old, and others who would like one.

use std::time::Duration;

use authority::Issued;
use axum::http::{Method, StatusCode};
use domain::secret::EnrolmentSecret;
use rcgen::{CertificateParams, KeyPair, PKCS_ED25519, SigningKey};
use serde_json::{Value, json};
use store::{Certificate, Peer};

use super::*;
use crate::guest::tests::world::{Seen, World};

const DAY: Duration = Duration::from_hours(24);

#[tokio::test]
async fn a_gate_gets_a_certificate_for_its_next_key_and_the_present_one_still_holds() {
    let (world, gate) = World::with_a_certified_gate().await;
    world.later(60 * DAY);
    let next = KeyPair::generate_for(&PKCS_ED25519).unwrap();
    let renewed = gate.asks(&world, &gate.renewal(&next)).await.is(StatusCode::CREATED);

    let answer: Value = serde_json::from_str(&renewed.body).unwrap();
    assert_eq!(answer["gate_id"], gate.id.to_string());
    assert_eq!(answer["broker"], json!({"host": "localhost", "port": 8883}));
    let renew_from = (world.now() + 60 * DAY).as_millis();
    assert_eq!(answer["renew_from_ms"], renew_from);
    let certificate = answer["certificate"].as_str().unwrap();
    let new = Issued::from_pem(certificate, &next.serialize_pem()).unwrap();
    for fingerprint in [gate.present.fingerprint, new.fingerprint] {
        let identified = world.store.registry().identify(Fingerprint(fingerprint), world.now());
        assert_eq!(identified.await.unwrap(), Ok(Peer::Gate(gate.id)));
    }
}

#[tokio::test]
async fn a_young_certificate_is_not_renewed_and_the_answer_says_from_when_on() {
    let (world, gate) = World::with_a_certified_gate().await;
    let renew_from = (world.now() + 60 * DAY).as_millis();
    world.later(59 * DAY);
    let early = gate.asks(&world, &gate.renewal(&key())).await;
    let early = early.refuses(StatusCode::CONFLICT, "renewal_too_early");
    let told: Value = serde_json::from_str(&early.body).unwrap();
    assert_eq!(told["renew_from_ms"], renew_from);
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_again_but_not_in_a_hurry() {
    let (world, gate) = World::with_a_certified_gate().await;
    world.later(60 * DAY);
    gate.asks(&world, &gate.renewal(&key())).await.is(StatusCode::CREATED);
    let hurry = gate.asks(&world, &gate.renewal(&key())).await;
    let hurry = hurry.refuses(StatusCode::TOO_MANY_REQUESTS, "too_many_requests");
    assert_eq!(hurry.header("retry-after"), "600");
    world.later(Duration::from_mins(10));
    gate.asks(&world, &gate.renewal(&key())).await.is(StatusCode::CREATED);
}

#[tokio::test]
async fn only_who_holds_the_present_key_gets_a_next_one_certified() {
    let (world, gate) = World::with_a_certified_gate().await;
    world.later(60 * DAY);
    let good = gate.renewal(&key());
    let thief = json!({ "signature": gate.signs(&key(), &csr(&key())) });
    let other_request = json!({ "csr": csr(&key()) });
    let garbled = json!({ "signature": "AAAA" });
    for wrong in [thief, other_request, garbled] {
        let mut asked = good.clone();
        asked.as_object_mut().unwrap().extend(wrong.as_object().unwrap().clone());
        let refused = gate.asks(&world, &asked).await;
        refused.refuses(StatusCode::UNPROCESSABLE_ENTITY, "invalid_request").says("signature");
    }
    gate.asks(&world, &good).await.is(StatusCode::CREATED);
}

#[tokio::test]
async fn what_cannot_be_read_is_named_and_an_unknown_certificate_is_not_found() {
    let (world, gate) = World::with_a_certified_gate().await;
    let good = gate.renewal(&key());
    for (field, bad) in [("certificate", "x"), ("csr", "x"), ("signature", "=")] {
        let mut asked = good.clone();
        asked[field] = json!(bad);
        let refused = gate.asks(&world, &asked).await;
        refused.refuses(StatusCode::UNPROCESSABLE_ENTITY, "invalid_request").says(field);
    }
    let foreign = authority::Authority::create("other", world.now().as_millis()).unwrap();
    let foreign = gate.certified_by(&foreign, &world);
    let asked = foreign.asks(&world, &foreign.renewal(&key())).await;
    asked.refuses(StatusCode::NOT_FOUND, "not_found");
}

#[tokio::test]
async fn a_gate_that_is_kept_out_gets_no_certificate() {
    let (world, gate) = World::with_a_certified_gate().await;
    world.later(60 * DAY);
    let refused = async |why| {
        let refused = gate.asks(&world, &gate.renewal(&key())).await;
        refused.refuses(StatusCode::FORBIDDEN, "certificate_refused").says(why);
    };
    world.store.registry().quarantine(gate.id, world.now()).await.unwrap();
    refused("quarantined").await;
    let release = format!("/v1/devices/{}/quarantine", gate.id);
    world.owner_asks(Method::DELETE, &release, "").await.is(StatusCode::OK);
    gate.asks(&world, &gate.renewal(&key())).await.is(StatusCode::CREATED);
    let revoke = format!("/v1/devices/{}/certificates", gate.id);
    let revoked = world.owner_asks(Method::DELETE, &revoke, "").await.is(StatusCode::OK);
    revoked.says(r#""barred":"revoked""#);
    refused("revoked").await;
}

#[tokio::test]
async fn who_has_guessed_too_often_may_not_try_certificates() {
    let (world, gate) = World::with_a_certified_gate().await;
    world.has_guessed_too_often().await;
    let refused = gate.asks(&world, &gate.renewal(&key())).await;
    refused.refuses(StatusCode::TOO_MANY_REQUESTS, "too_many_requests");
}

/// A gate with its present certificate and the key of it.
struct Gate {
    id: GateId,
    present: Issued,
}

impl World {
    async fn with_a_certified_gate() -> (Self, Gate) {
        let world = Self::new().await;
        let (serial, secret, id) = world.makes_another_gate().await;
        let gate = Gate { id, present: present(&world.authority, id, &world) };
        let certificate = Certificate {
            fingerprint: Fingerprint(gate.present.fingerprint),
            serial: [1; 16],
            public_key: Vec::new(),
            expires_at: world.now() + 90 * DAY,
        };
        let devices = world.store.devices();
        let secret = EnrolmentSecret::parse(&secret).unwrap();
        devices.enrolled(serial, secret, certificate, world.now()).await.unwrap().unwrap();
        (world, gate)
    }
}

impl Gate {
    fn certified_by(&self, authority: &authority::Authority, world: &World) -> Self {
        Self { id: self.id, present: present(authority, self.id, world) }
    }

    fn renewal(&self, next: &KeyPair) -> Value {
        let csr = csr(next);
        let key = KeyPair::from_pem(&self.present.key_pem).unwrap();
        let signature = self.signs(&key, &csr);
        json!({
            "certificate": self.present.certificate_pem, "csr": csr, "signature": signature,
        })
    }

    fn signs(&self, key: &KeyPair, csr: &str) -> String {
        let canonical = canonical(self.id, &request_der(csr).unwrap()).unwrap();
        BASE64URL_NOPAD.encode(&key.sign(canonical.as_bytes()).unwrap())
    }

    async fn asks(&self, world: &World, body: &Value) -> Seen {
        world.owner_asks(Method::POST, "/v1/renewals", &body.to_string()).await
    }
}

fn present(authority: &authority::Authority, id: GateId, world: &World) -> Issued {
    let (from, to) = (world.now().as_millis(), (world.now() + 90 * DAY).as_millis());
    authority.client(&id.to_string(), from, to).unwrap()
}

fn key() -> KeyPair {
    KeyPair::generate().unwrap()
}

fn csr(key: &KeyPair) -> String {
    CertificateParams::default().serialize_request(key).unwrap().pem().unwrap()
}
