//! Renewals against the small authority that enrolments are tested with.

use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;
use crate::enrol;
use crate::identity::Server;
use crate::identity::tests::{Service, certifies};

#[tokio::test]
async fn the_next_key_is_certified_on_the_proof_of_the_present_one() {
    let gate = Gate::enrolled().await;
    let present = gate.file("certificate.pem");
    let service = Service::answering(certifies).await;
    ask(gate.folder(), &gate.enrolment_at(&service)).await.unwrap();

    let asked = service.asked.await.unwrap();
    assert!(asked.head.starts_with("POST /v1/renewals HTTP/1.1\r\n"), "{}", asked.head);
    let text = |name: &str| asked.body[name].as_str().unwrap().as_bytes();
    assert_eq!(text("certificate"), present);
    let canonical = renewal_to_sign(&gate.identity.enrolment.gate_id, &der(text("csr")));
    let signature = BASE64URL_NOPAD.decode(text("signature")).unwrap();
    let certificate = der(&present).into();
    let certificate = webpki::EndEntityCert::try_from(&certificate).unwrap();
    let p256 = webpki::ring::ECDSA_P256_SHA256;
    certificate.verify_signature(p256, canonical.as_bytes(), &signature).unwrap();
    assert_eq!(
        gate.file("certificate.pem"),
        present,
        "the present one is in use until the next is"
    );
    assert!(load(gate.folder()).unwrap().is_some());
}

#[tokio::test]
async fn a_loss_of_power_at_any_moment_of_the_change_leaves_an_identity_that_works() {
    let names = ["key.pem", "certificate.pem", "ca.pem", "enrolment.json"];
    for replaced in 0..=names.len() {
        let gate = Gate::enrolled().await;
        let present = names.map(|name| gate.file(name));
        let service = Service::answering(certifies).await;
        ask(gate.folder(), &gate.enrolment_at(&service)).await.unwrap();
        let next = gate.file(FILE);
        adopt(gate.folder()).unwrap();
        let adopted = names.map(|name| gate.file(name));
        assert_ne!(adopted[1], present[1]);

        // As if the power had gone after so many files.
        for (name, content) in names.iter().zip(&present).skip(replaced) {
            fs::write(gate.folder().join(name), content).unwrap();
        }
        fs::write(gate.folder().join(FILE), next).unwrap();
        assert!(Identity::load(gate.folder()).unwrap().is_some(), "{replaced} files");
        assert!(load(gate.folder()).unwrap().is_some());
        adopt(gate.folder()).unwrap();
        assert_eq!(names.map(|name| gate.file(name)), adopted);
        assert!(load(gate.folder()).unwrap().is_none());
    }
}

#[tokio::test]
async fn a_renewal_that_is_refused_changes_nothing() {
    let gate = Gate::enrolled().await;
    let service = Service::answering(|_| {
        let problem = json!({"title": "This certificate is young.", "code": "renewal_too_early"});
        ("409 Conflict", problem.to_string())
    });
    let refused = ask(gate.folder(), &gate.enrolment_at(&service.await)).await.unwrap_err();
    let expected = "the service refuses: This certificate is young. (renewal_too_early)";
    assert_eq!(refused.to_string(), expected);
    assert!(load(gate.folder()).unwrap().is_none());
}

#[tokio::test]
async fn a_certificate_for_another_key_is_no_renewal() {
    let gate = Gate::enrolled().await;
    let service = Service::answering(|_: &Value| {
        let other = signing_request("gate_7", &KeyPair::generate().unwrap()).unwrap();
        certifies(&json!({ "csr": other.pem().unwrap() }))
    });
    let refused = ask(gate.folder(), &gate.enrolment_at(&service.await)).await.unwrap_err();
    assert_eq!(refused.to_string(), "key.pem and certificate.pem do not belong together");
    assert!(load(gate.folder()).unwrap().is_none());
}

#[test]
fn the_pause_after_a_renewal_that_failed_doubles_up_to_a_day() {
    let minutes = [1, 2, 3, 8, 9, u32::MAX].map(|failures| pause(failures).as_secs() / 60);
    assert_eq!(minutes, [10, 20, 40, 1280, 1440, 1440]);
}

struct Gate {
    folder: TempDir,
    identity: Identity,
}

impl Gate {
    async fn enrolled() -> Self {
        let folder = TempDir::new().unwrap();
        let service = Service::answering(certifies).await;
        let identity = enrol(&service.claim(), folder.path()).await.unwrap();
        Self { folder, identity }
    }

    fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn file(&self, name: &str) -> Vec<u8> {
        fs::read(self.folder().join(name)).unwrap()
    }

    /// Each of the small authorities answers once, at an address of its own.
    fn enrolment_at(&self, service: &Service) -> Enrolment {
        let server = Server { url: service.url.clone(), ca: None };
        Enrolment { server: Some(server), ..self.identity.enrolment.clone() }
    }
}

fn der(pem: &[u8]) -> Vec<u8> {
    let text = std::str::from_utf8(pem).unwrap();
    let body: String = text.lines().filter(|line| !line.starts_with("-----")).collect();
    data_encoding::BASE64.decode(body.as_bytes()).unwrap()
}
