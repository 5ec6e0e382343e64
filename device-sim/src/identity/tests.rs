//! Enrolment against a small authority that speaks real HTTP on loopback.

use std::os::unix::fs::PermissionsExt;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::*;

#[tokio::test]
async fn a_gate_makes_its_key_and_keeps_what_the_service_says() {
    let folder = TempDir::new().unwrap();
    let service = Service::answering(certifies).await;

    let claim = service.claim();
    let identity = enrol(&claim, folder.path()).await.unwrap();

    assert_eq!(identity.enrolment.gate_id.as_str(), "gate_7");
    let asked = service.asked.await.unwrap();
    assert!(asked.head.starts_with("POST /v1/enrolments HTTP/1.1\r\n"), "{}", asked.head);
    assert_eq!((&asked.body["serial"], &asked.body["secret"]), (&json!("FL-1"), &json!("s3cret")));
    let mode = fs::metadata(folder.path().join("key.pem")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let read = Identity::load(folder.path()).unwrap().unwrap();
    let broker = Broker { host: "127.0.0.1".to_owned(), port: 8883 };
    assert_eq!(read.enrolment.broker, broker);
    assert_eq!(read.enrolment.command_keys.0[0].kid, "k1");
    assert_eq!(read.enrolment.renew_from_ms, Some(5));
    assert_eq!(read.enrolment.server.unwrap().url, claim.server);
}

#[tokio::test]
async fn an_enrolled_folder_is_used_as_it_is() {
    let folder = TempDir::new().unwrap();
    let service = Service::answering(certifies).await;
    let claim = service.claim();
    enrol(&claim, folder.path()).await.unwrap();
    service.asked.await.unwrap();

    // The service is gone; whoever asked it again would fail.
    let identity = enrol(&claim, folder.path()).await.unwrap();
    assert_eq!(identity.enrolment.gate_id.as_str(), "gate_7");
}

#[tokio::test]
async fn a_refusal_is_told_in_the_services_words_and_the_key_is_kept_for_the_next_try() {
    let folder = TempDir::new().unwrap();
    let service = Service::answering(|_| {
        let problem = json!({"title": "This secret was used before", "code": "secret_used"});
        ("409 Conflict", problem.to_string())
    });
    let refused = enrol(&service.await.claim(), folder.path()).await.unwrap_err();
    let expected = "the service refuses: This secret was used before (secret_used)";
    assert_eq!(refused.to_string(), expected);
    assert!(Identity::load(folder.path()).unwrap().is_none());
    let key = fs::read(folder.path().join("key.pem")).unwrap();

    enrol(&Service::answering(certifies).await.claim(), folder.path()).await.unwrap();
    assert_eq!(fs::read(folder.path().join("key.pem")).unwrap(), key);
}

#[tokio::test]
async fn an_answer_that_is_no_problem_document_is_told_by_its_status() {
    let folder = TempDir::new().unwrap();
    let service = Service::answering(|_| ("502 Bad Gateway", "<html>".to_owned())).await;
    let error = enrol(&service.claim(), folder.path()).await.unwrap_err();
    assert!(error.to_string().ends_with("/v1/enrolments answers 502 Bad Gateway"), "{error}");
}

#[tokio::test]
async fn a_certificate_for_another_key_is_no_enrolment() {
    let folder = TempDir::new().unwrap();
    let service = Service::answering(|_| {
        let other = signing_request("FL-1", &KeyPair::generate().unwrap()).unwrap();
        let other = other.pem().unwrap();
        certifies(&json!({ "csr": other }))
    });
    let error = enrol(&service.await.claim(), folder.path()).await.unwrap_err();
    assert_eq!(error.to_string(), "key.pem and certificate.pem do not belong together");
    assert!(Identity::load(folder.path()).unwrap().is_none());
}

#[tokio::test]
async fn a_service_that_is_not_there_is_said_to_be_out_of_reach() {
    let folder = TempDir::new().unwrap();
    let claim = Service::answering(certifies).await.claim_of_nobody().await;
    let error = enrol(&claim, folder.path()).await.unwrap_err();
    assert!(error.to_string().starts_with("cannot reach http://127.0.0.1:"), "{error}");
}

pub(crate) type Reply = (&'static str, String);

pub(crate) struct Asked {
    pub(crate) head: String,
    pub(crate) body: Value,
}

/// Answers one request.
pub(crate) struct Service {
    pub(crate) url: String,
    pub(crate) asked: JoinHandle<Asked>,
}

impl Service {
    pub(crate) async fn answering(reply: impl Fn(&Value) -> Reply + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            drop(listener);
            let asked = read_request(&mut stream).await;
            let (status, body) = reply(&asked.body);
            let length = body.len();
            let head = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n");
            stream.write_all((head + &body).as_bytes()).await.unwrap();
            asked
        });
        Self { url, asked }
    }

    pub(crate) fn claim(&self) -> Claim {
        let (serial, secret) = ("FL-1".to_owned(), "s3cret".to_owned());
        Claim { server: self.url.clone(), serial, secret, server_ca: None }
    }

    async fn claim_of_nobody(self) -> Claim {
        let claim = self.claim();
        self.asked.abort();
        let _ = self.asked.await;
        claim
    }
}

async fn read_request(stream: &mut TcpStream) -> Asked {
    let mut bytes = vec![];
    loop {
        assert_ne!(stream.read_buf(&mut bytes).await.unwrap(), 0, "a request cut short");
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        if let Ok(body) = serde_json::from_str(body) {
            return Asked { head: head.to_owned(), body };
        }
    }
}

pub(crate) fn certifies(request: &Value) -> Reply {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let csr = request["csr"].as_str().unwrap();
    let csr = rcgen::CertificateSigningRequestParams::from_pem(csr).unwrap();
    let certificate = csr.signed_by(&ca).unwrap();
    let answer = json!({
        "gate_id": "gate_7",
        "certificate": certificate.pem(),
        "ca": ca.pem(),
        "broker": {"host": "127.0.0.1", "port": 8883},
        "command_keys": [{"kid": "k1", "key": "AAAA"}],
        "renew_from_ms": 5,
    });
    ("201 Created", answer.to_string())
}
