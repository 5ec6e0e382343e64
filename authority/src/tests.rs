use std::io::ErrorKind;
use std::sync::Arc;

use data_encoding::BASE64;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P384_SHA384, PKCS_ED25519, SigningKey,
};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{
    CertificateDer, CertificateRevocationListDer, PrivateKeyDer, ServerName, UnixTime,
};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::time_provider::TimeProvider;
use rustls::{
    CertificateError, ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection,
};

use super::*;

const NOW: i64 = 1_750_000_000_000;
const DAY: i64 = 24 * 60 * 60 * 1000;
const NOT_BEFORE: i64 = NOW - DAY;
const NOT_AFTER: i64 = NOW + 90 * DAY;

#[test]
fn a_server_and_a_client_of_one_authority_meet() {
    let ca = ca();
    let server = ca.server(&names(&["gates.example"]), NOT_BEFORE, NOT_AFTER).unwrap();
    let client = ca.client("bridge", NOT_BEFORE, NOT_AFTER).unwrap();
    let seen = handshake(&ca, &server, &client).unwrap();
    assert_eq!(seen, client.fingerprint);
}

#[test]
fn a_client_of_another_authority_is_turned_away() {
    let ca = ca();
    let server = ca.server(&names(&["gates.example"]), NOT_BEFORE, NOT_AFTER).unwrap();
    let stranger = Authority::create("Fluss CA", NOW).unwrap();
    let client = stranger.client("bridge", NOT_BEFORE, NOT_AFTER).unwrap();
    assert!(handshake(&ca, &server, &client).is_err());
}

#[test]
fn a_server_answers_to_its_names_and_addresses_and_to_no_other() {
    let ca = ca();
    let named = names(&["localhost", "127.0.0.1", "::1"]);
    let server = ca.server(&named, NOT_BEFORE, NOT_AFTER).unwrap().certificate_pem;
    assert!(ca.vouches_for_server(&server, &named, NOW));
    assert!(!ca.vouches_for_server(&server, &names(&["localhost", "10.0.0.1"]), NOW));
    assert!(!ca.vouches_for_server(&server, &names(&["example.com"]), NOW));
}

#[test]
fn what_is_no_name_is_no_servers_name() {
    for bad in ["", "two words", "a/b", "ümlaut.example", "1.2.3"] {
        let refused = ca().server(&names(&[bad]), NOT_BEFORE, NOT_AFTER);
        assert!(matches!(refused, Err(Fault::InvalidName(name)) if name == bad), "{bad}");
    }
}

#[test]
fn a_server_is_no_client_and_a_client_no_server() {
    let ca = ca();
    let named = names(&["localhost"]);
    let server = ca.server(&named, NOT_BEFORE, NOT_AFTER).unwrap().certificate_pem;
    let client = ca.client("localhost", NOT_BEFORE, NOT_AFTER).unwrap().certificate_pem;
    assert!(ca.vouches_for_client(&client, NOW));
    assert!(!ca.vouches_for_client(&server, NOW));
    assert!(!ca.vouches_for_server(&client, &named, NOW));
}

#[test]
fn a_certificate_lives_from_its_first_to_its_last_second() {
    let ca = ca();
    let client = ca.client("bridge", NOT_BEFORE, NOT_AFTER).unwrap().certificate_pem;
    assert!(!ca.vouches_for_client(&client, NOT_BEFORE - 1000));
    assert!(ca.vouches_for_client(&client, NOT_BEFORE));
    assert!(ca.vouches_for_client(&client, NOT_AFTER));
    assert!(!ca.vouches_for_client(&client, NOT_AFTER + 1000));
}

#[test]
fn an_authority_reads_back_as_itself() {
    let ca = ca();
    let again = Authority::from_pem(ca.ca_pem(), &ca.key_pem()).unwrap();
    let client = again.client("bridge", NOT_BEFORE, NOT_AFTER).unwrap();
    assert!(ca.vouches_for_client(&client.certificate_pem, NOW));
    assert_eq!(again.ca_pem(), ca.ca_pem());
}

#[test]
fn an_authority_is_not_read_with_anothers_key_nor_from_a_mere_client() {
    let ca = ca();
    let mixed = Authority::from_pem(ca.ca_pem(), &self::ca().key_pem());
    assert!(matches!(mixed, Err(Fault::InvalidPair(_))));
    let garbage = Authority::from_pem("garbage", &ca.key_pem());
    assert!(matches!(garbage, Err(Fault::InvalidPair(_))));
    let client = ca.client("bridge", NOT_BEFORE, NOT_AFTER).unwrap();
    let lowly = Authority::from_pem(&client.certificate_pem, &client.key_pem);
    assert!(matches!(lowly, Err(Fault::NotAuthority)));
}

#[test]
fn a_pair_reads_back_with_its_fingerprint() {
    let issued = ca().client("bridge", NOT_BEFORE, NOT_AFTER).unwrap();
    let again = Issued::from_pem(&issued.certificate_pem, &issued.key_pem).unwrap();
    assert_eq!(again.fingerprint, issued.fingerprint);
}

#[test]
fn a_request_with_either_kind_of_key_gets_a_clients_certificate() {
    let ca = ca();
    for key in [KeyPair::generate().unwrap(), KeyPair::generate_for(&PKCS_ED25519).unwrap()] {
        let csr = CertificateParams::default().serialize_request(&key).unwrap().pem().unwrap();
        let certified = ca.certify(&csr, "gate_1", NOT_BEFORE, NOT_AFTER + 999).unwrap();
        assert!(ca.vouches_for_client(&certified.certificate_pem, NOW));
        assert!(Issued::from_pem(&certified.certificate_pem, &key.serialize_pem()).is_ok());
        assert_eq!(certified.not_after_ms, NOT_AFTER);
    }
}

#[test]
fn a_request_for_more_gets_no_more() {
    let ca = ca();
    let (key, csr) = greedy_request();
    let certified = ca.certify(&csr, "gate_1", NOT_BEFORE, NOT_AFTER).unwrap();
    let certificate = der(&certified.certificate_pem);

    assert!(ca.vouches_for_client(&certified.certificate_pem, NOW));
    assert!(!ca.vouches_for_server(&certified.certificate_pem, &names(&["evil.example"]), NOW));
    assert!(contains(&certificate, b"gate_1"));
    assert!(!contains(&certificate, b"evil"));

    // What the gate signs in the CA's manner, nobody believes.
    let issuer = Issuer::from_ca_cert_der(&certificate, key).unwrap();
    let child = client("forged", NOT_BEFORE, NOT_AFTER);
    let child = child.signed_by(&KeyPair::generate().unwrap(), &issuer).unwrap();
    let verifier = client_verifier(&ca);
    let at = UnixTime::since_unix_epoch(since_1970(NOW));
    assert!(verifier.verify_client_cert(child.der(), &[certificate], at).is_err());
}

#[test]
fn a_gate_that_renews_with_its_key_gets_another_serial_number() {
    let ca = ca();
    let (_, csr) = greedy_request();
    let first = ca.certify(&csr, "gate_1", NOT_BEFORE, NOT_AFTER).unwrap();
    let second = ca.certify(&csr, "gate_1", NOT_BEFORE + DAY, NOT_AFTER + DAY).unwrap();
    assert_ne!(serial_of(&first), serial_of(&second));
}

#[test]
fn a_serial_number_is_told_as_it_stands_in_the_certificate() {
    let ca = ca();
    let (_, csr) = greedy_request();
    // Every 256th hash begins with a zero byte, which the encoding would drop.
    for day in 0..1000 {
        let params = client("gate_1", NOT_BEFORE, NOT_AFTER + day * DAY);
        assert_ne!(serial(&params, &KeyPair::generate().unwrap())[0], 0);
    }
    let certified = ca.certify(&csr, "gate_1", NOT_BEFORE, NOT_AFTER).unwrap();
    assert_eq!(serial_of(&certified), certified.serial);
}

#[test]
fn a_revoked_certificate_is_refused_and_no_other() {
    let ca = ca();
    let server = ca.server(&names(&["gates.example"]), NOT_BEFORE, NOT_AFTER).unwrap();
    let [(listed, revoked), (other, _)] = [1, 2].map(|_| certified(&ca));
    let believed = Authorities { signing: ca, other: None };
    let verifier = |crls: &str| verifier_of(&believed, crls);

    let nobody = believed.crls(&[], NOW, NOW + DAY).unwrap();
    assert!(handshake_with(verifier(&nobody), &believed.signing, &server, &listed).is_ok());
    let crls = believed.crls(&[revoked], NOW, NOW + DAY).unwrap();
    let refused = handshake_with(verifier(&crls), &believed.signing, &server, &listed);
    let expected = rustls::Error::InvalidCertificate(CertificateError::Revoked);
    assert_eq!(refused.unwrap_err(), expected);
    assert!(handshake_with(verifier(&crls), &believed.signing, &server, &other).is_ok());
}

#[test]
fn of_two_authorities_each_has_its_list_and_both_are_believed() {
    let [old, new] = ["Old CA", "New CA"].map(|name| Authority::create(name, NOW).unwrap());
    let server = new.server(&names(&["gates.example"]), NOT_BEFORE, NOT_AFTER).unwrap();
    let [(listed, revoked), (unlisted, _)] = [1, 2].map(|_| certified(&old));
    let (new_listed, new_revoked) = certified(&new);
    let (new_unlisted, _) = certified(&new);
    let both = Authorities { signing: new, other: Some(old) };
    for client in [&unlisted, &new_unlisted] {
        assert!(both.vouches_for_client(&client.certificate_pem, NOW));
    }
    assert!(!both.vouches_for_client(&certified(&ca()).0.certificate_pem, NOW));
    let crls = both.crls(&[revoked, new_revoked], NOW, NOW + DAY).unwrap();
    // Here a certificate whose CA had no list would be refused.
    let greeted = |client: &Issued| {
        handshake_with(verifier_of(&both, &crls), &both.signing, &server, client).is_ok()
    };
    assert!(greeted(&unlisted) && greeted(&new_unlisted));
    assert!(!greeted(&listed) && !greeted(&new_listed));
}

#[test]
fn an_authority_tells_its_name_its_fingerprint_and_its_end() {
    let ca = ca();
    let again = Authority::from_pem(ca.ca_pem(), &ca.key_pem()).unwrap();
    for ca in [&ca, &again] {
        assert_eq!(ca.name(), "Fluss CA");
        assert_eq!(ca.not_after(), NOW + millis(CA_LIFETIME));
        assert_eq!(ca.fingerprint(), *digest(&SHA256, &der(ca.ca_pem())).as_ref());
    }
}

#[test]
fn a_request_with_another_kind_of_key_is_refused() {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).unwrap();
    let csr = CertificateParams::default().serialize_request(&key).unwrap().pem().unwrap();
    let refused = ca().certify(&csr, "gate_1", NOT_BEFORE, NOT_AFTER);
    assert_eq!(refused, Err(InvalidRequest::WrongKey));
}

#[test]
fn a_request_that_its_key_did_not_sign_is_refused() {
    let csr = CertificateParams::default().serialize_request(&Forger::new()).unwrap();
    let refused = ca().certify(&csr.pem().unwrap(), "gate_1", NOT_BEFORE, NOT_AFTER);
    assert_eq!(refused, Err(InvalidRequest::Forged));
}

#[test]
fn garbage_is_no_request() {
    let ca = ca();
    let certificate = ca.ca_pem().to_owned();
    let empty = "-----BEGIN CERTIFICATE REQUEST-----\n-----END CERTIFICATE REQUEST-----\n";
    for garbage in ["", "garbage", empty, &certificate, &"A".repeat(20_000)] {
        let refused = ca.certify(garbage, "gate_1", NOT_BEFORE, NOT_AFTER);
        assert_eq!(refused, Err(InvalidRequest::Unreadable));
    }
}

#[test]
fn no_byte_changed_on_the_way_gets_another_key_certified() {
    let ca = ca();
    let key = KeyPair::generate().unwrap();
    let csr = CertificateParams::default().serialize_request(&key).unwrap();
    for place in 0..csr.der().len() {
        let mut der = csr.der().to_vec();
        der[place] ^= 0x10;
        let pem = pem_of("CERTIFICATE REQUEST", &der);
        if let Ok(certified) = ca.certify(&pem, "gate_1", NOT_BEFORE, NOT_AFTER) {
            let pair = Issued::from_pem(&certified.certificate_pem, &key.serialize_pem());
            assert!(pair.is_ok(), "byte {place}");
        }
    }
}

#[test]
fn private_keys_stay_out_of_debug() {
    let ca = ca();
    let issued = ca.client("bridge", NOT_BEFORE, NOT_AFTER).unwrap();
    let told = format!("{ca:?} {issued:?}");
    for secret in [ca.key_pem(), issued.key_pem] {
        assert!(secret.lines().all(|line| !told.contains(line)));
    }
    assert!(!told.contains("PRIVATE"));
}

fn ca() -> Authority {
    Authority::create("Fluss CA", NOW).unwrap()
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().copied().map(String::from).collect()
}

/// Asks to be a CA, a server and somebody else, all at once.
fn greedy_request() -> (KeyPair, String) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(names(&["evil.example"])).unwrap();
    params.distinguished_name.push(DnType::CommonName, "evil");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let csr = params.serialize_request(&key).unwrap().pem().unwrap();
    (key, csr)
}

/// Names one key in its requests and signs with another.
struct Forger {
    shown: KeyPair,
    used: KeyPair,
}

impl Forger {
    fn new() -> Self {
        Self { shown: KeyPair::generate().unwrap(), used: KeyPair::generate().unwrap() }
    }
}

impl PublicKeyData for Forger {
    fn der_bytes(&self) -> &[u8] {
        self.shown.der_bytes()
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        PublicKeyData::algorithm(&self.shown)
    }
}

impl SigningKey for Forger {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        self.used.sign(message)
    }
}

/// A client's certificate as a device gets it, and how a list would name it.
fn certified(ca: &Authority) -> (Issued, Revoked) {
    let key = KeyPair::generate().unwrap();
    let csr = CertificateParams::default().serialize_request(&key).unwrap().pem().unwrap();
    let certified = ca.certify(&csr, "gate_1", NOT_BEFORE, NOT_AFTER).unwrap();
    let issued = Issued::from_pem(&certified.certificate_pem, &key.serialize_pem()).unwrap();
    (issued, Revoked { serial: certified.serial.to_vec(), at: NOW })
}

fn handshake(
    ca: &Authority,
    server: &Issued,
    client: &Issued,
) -> std::result::Result<[u8; 32], rustls::Error> {
    handshake_with(client_verifier(ca), ca, server, client)
}

/// Shakes hands in memory, both sides showing certificates; returns what the server saw.
fn handshake_with(
    verifier: Arc<dyn ClientCertVerifier>,
    ca: &Authority,
    server: &Issued,
    client: &Issued,
) -> std::result::Result<[u8; 32], rustls::Error> {
    let provider = Arc::new(default_provider());
    let clock = Arc::new(StandingClock);
    let server = ServerConfig::builder_with_details(provider.clone(), clock.clone())
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![der(&server.certificate_pem)], key(&server.key_pem))?;
    let client = ClientConfig::builder_with_details(provider, clock)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots(ca))
        .with_client_auth_cert(vec![der(&client.certificate_pem)], key(&client.key_pem))?;
    let name = ServerName::try_from("gates.example").unwrap();
    let mut server = ServerConnection::new(Arc::new(server))?;
    let mut client = ClientConnection::new(Arc::new(client), name)?;
    while client.is_handshaking() || server.is_handshaking() {
        let mut wire = Vec::new();
        client.write_tls(&mut wire).unwrap();
        server.read_tls(&mut wire.as_slice()).unwrap();
        server.process_new_packets()?;
        let mut wire = Vec::new();
        match server.write_tls(&mut wire) {
            Ok(_) => {}
            Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
        }
        client.read_tls(&mut wire.as_slice()).unwrap();
        client.process_new_packets()?;
    }
    let seen = server.peer_certificates().unwrap();
    Ok(digest(&SHA256, &seen[0]).as_ref().try_into().unwrap())
}

#[derive(Debug)]
struct StandingClock;

impl TimeProvider for StandingClock {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(since_1970(NOW)))
    }
}

fn roots(ca: &Authority) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add(der(ca.ca_pem())).unwrap();
    roots
}

fn client_verifier(ca: &Authority) -> Arc<dyn ClientCertVerifier> {
    let provider = Arc::new(default_provider());
    WebPkiClientVerifier::builder_with_provider(Arc::new(roots(ca)), provider).build().unwrap()
}

/// Believes all of them, and refuses whom their lists name.
fn verifier_of(authorities: &Authorities, crls: &str) -> Arc<dyn ClientCertVerifier> {
    let mut roots = RootCertStore::empty();
    for ca in CertificateDer::pem_slice_iter(authorities.bundle_pem().as_bytes()) {
        roots.add(ca.unwrap()).unwrap();
    }
    let crls = CertificateRevocationListDer::pem_slice_iter(crls.as_bytes());
    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::new(default_provider()))
        .with_crls(crls.map(|crl| crl.unwrap()))
        .only_check_end_entity_revocation()
        .build()
        .unwrap()
}

fn der(pem: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()
}

fn key(pem: &str) -> PrivateKeyDer<'static> {
    PrivateKeyDer::from_pem_slice(pem.as_bytes()).unwrap()
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// The serial number stands after the two sequence heads and the version: `02 10 …` or shorter.
fn serial_of(certified: &Certified) -> Vec<u8> {
    let der = der(&certified.certificate_pem);
    let version = [0xa0, 3, 2, 1, 2];
    let at = der.windows(5).position(|window| window == version).unwrap() + 5;
    let length = usize::from(der[at + 1]);
    der[at + 2..at + 2 + length].to_vec()
}

fn pem_of(label: &str, der: &[u8]) -> String {
    let body = BASE64.encode(der);
    format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
}
