//! P-11: one CA follows another while gates come and stay, and who is revoked does not come in.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use device_sim::{Options, Simulation};
use rcgen::{CertificateParams, KeyPair};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, Stream};
use serde_json::json;

use crate::house::{House, Label, PATIENCE};

#[tokio::test]
async fn p_11_one_ca_follows_another_and_no_standing_connection_ends() {
    let mut house = House::start().await;
    let standing = house.mounts(&gate(&house, "Standing")).await;
    let epoch = standing.ready().await.unwrap();
    let knows_old = Papers::of(&gate(&house, "Knows the old CA alone"), &house).await;
    assert_eq!(knows_old.authorities(), 1);

    house.takes("add").unwrap();
    house.reloads().await;
    let knows_both = Papers::of(&gate(&house, "Knows both"), &house).await;
    assert_eq!(knows_both.authorities(), 2);
    assert_eq!(knows_old.knock(&house), Ok(ACCEPTED), "nothing has changed for it");
    assert_eq!(knows_both.knock(&house), Ok(ACCEPTED));
    let refused = house.takes("switch").unwrap_err();
    assert!(refused.contains("gates that may know the old CA alone: 3;"), "{refused}");

    house.takes("switch --force").unwrap();
    house.reloads().await;
    let new = gate(&house, "New");
    let certified_by_new = house.mounts(&new).await;
    assert_eq!(knows_both.knock(&house), Ok(ACCEPTED), "the old CA is still believed");
    let lost = knows_old.knock(&house).unwrap_err();
    assert!(lost.contains("UnknownIssuer"), "it cannot know the broker any more: {lost}");
    let refused = house.takes("drop").unwrap_err();
    assert!(refused.contains("gates that may have a certificate of the old CA: 4;"), "{refused}");

    house.takes("drop --force").unwrap();
    house.reloads().await;
    knows_both.knock(&house).unwrap_err();
    assert_eq!(standing.journal().epoch, Some(epoch), "it was never disconnected");
    certified_by_new.stop().await;
    let folder = house.gate_folder(&new);
    let back = Simulation::start(&folder, Options::default()).unwrap();
    back.ready().await.expect("broker, bridge and gate are all of the new CA");

    // Bridge and broker, too, find each other again under the new CA alone.
    let before = back.ready().await.unwrap();
    house.dies_and_starts(&[]).await;
    back.until(|journal| journal.epoch.is_some_and(|now| before < now)).await.unwrap();
}

#[tokio::test]
async fn a_revoked_certificate_ends_at_the_handshake_from_the_next_list_on() {
    let house = House::start().await;
    let label = gate(&house, "Main Gate");
    let revoked = Papers::of(&label, &house).await;
    // Asked again before its first hello, a label gets another certificate and voids the first.
    let good = Papers::of(&label, &house).await;
    assert_eq!(revoked.knock(&house), Ok(NOT_AUTHORISED), "the registry refuses it at once");

    house.reloads().await;
    revoked.knock(&house).expect_err("the revocation list ends it before MQTT begins");
    assert_eq!(good.knock(&house), Ok(ACCEPTED));
    let read = |name: &str| std::fs::read_to_string(house.data.join(name)).unwrap();
    assert!(read("crl.pem").starts_with("-----BEGIN X509 CRL-----"));
    assert_eq!(read("ca-bundle.pem"), good.ca);
}

fn gate(house: &House, name: &str) -> Label {
    house.makes("gate", &["--name", name])
}

/// What a CONNACK says.
const ACCEPTED: u8 = 0;
const NOT_AUTHORISED: u8 = 5;

/// What a gate has after its enrolment.
struct Papers {
    gate: String,
    key: KeyPair,
    certificate: String,
    ca: String,
}

impl Papers {
    /// Enrols by the label, and says nothing to the broker yet.
    async fn of(label: &Label, house: &House) -> Self {
        let key = KeyPair::generate().expect("a key");
        let csr = CertificateParams::default().serialize_request(&key).expect("a request");
        let body = json!({
            "serial": label.serial,
            "secret": label.enrolment_secret,
            "csr": csr.pem().expect("PEM"),
        });
        let enrolled = house.post("/v1/enrolments", &body).await.ok();
        let text = |name: &str| enrolled[name].as_str().expect("a text").to_owned();
        Self { gate: text("gate_id"), key, certificate: text("certificate"), ca: text("ca") }
    }

    /// How many CAs it believes.
    fn authorities(&self) -> usize {
        self.ca.matches("BEGIN CERTIFICATE").count()
    }

    /// Connects to the broker: the code of the CONNACK, or why there is none.
    fn knock(&self, house: &House) -> Result<u8, String> {
        let told = |error: std::io::Error| error.to_string();
        let mut tcp = TcpStream::connect(house.mqtt()).map_err(told)?;
        tcp.set_read_timeout(Some(PATIENCE)).map_err(told)?;
        let name = ServerName::try_from("localhost").expect("a name");
        let mut tls = ClientConnection::new(Arc::new(self.tls()), name).expect("a client");
        let mut tls = Stream::new(&mut tls, &mut tcp);
        tls.write_all(&self.connect()).map_err(told)?;
        let mut connack = [0; 4];
        tls.read_exact(&mut connack).map_err(told)?;
        assert_eq!(connack[0], 0x20, "a CONNACK");
        Ok(connack[3])
    }

    /// CONNECT of MQTT 3.1.1: clean session, keep-alive 20 s.
    fn connect(&self) -> Vec<u8> {
        let length = |text: &str| u8::try_from(text.len()).expect("a short text");
        let mut packet = vec![0x10, 12 + length(&self.gate)];
        packet.extend(b"\0\x04MQTT\x04\x02\0\x14\0");
        packet.push(length(&self.gate));
        packet.extend(self.gate.as_bytes());
        packet
    }

    fn tls(&self) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        for ca in CertificateDer::pem_slice_iter(self.ca.as_bytes()) {
            roots.add(ca.expect("PEM")).expect("a CA");
        }
        let own = CertificateDer::from_pem_slice(self.certificate.as_bytes()).expect("PEM");
        let key = PrivateKeyDer::from_pem_slice(self.key.serialize_pem().as_bytes());
        ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots)
            .with_client_auth_cert(vec![own], key.expect("PEM"))
            .expect("they fit")
    }
}
