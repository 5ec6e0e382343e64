//! Who gets in, and who cannot keep others out.

use std::sync::Arc;
use std::time::{Duration, Instant};

use authority::{Authority, Issued};
use broker::{Broker, Cause, Config, Health, Tls};
use rcgen::{
    CertificateRevocationListParams, Issuer, KeyIdMethod, KeyPair, RevokedCertParams, SerialNumber,
    date_time_ymd,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::version::{TLS12, TLS13};
use store::Unwelcome;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::house::{
    Answer, House, Stopped, Table, certificates, client_certificate, gate, new_ca, until, within,
};
use crate::raw::{BOTH, Raw, client_config, connect, handshake, handshake_with, packet};

/// Sends a CONNECT and tells the code of the refusal.
async fn refusal(house: &House, certificate: &Issued, version: u8, id: &str) -> u8 {
    let mut raw = Raw::dial(house, certificate, version).await;
    raw.send(&connect(version, id, 20, None)).await;
    let connack = raw.packet().await;
    assert_eq!((connack[0], connack[2]), (0x20, 0));
    assert!(raw.rest().await.is_empty());
    connack[3]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_id_must_be_the_certificate_s_identity() {
    let house = House::open();
    let (own, service) = (house.gate(1), house.service());
    for (version, code) in BOTH.into_iter().zip([2, 0x85]) {
        for id in ["", "service-1", "gate", &gate(2).to_string(), &format!("{}x", gate(1))] {
            assert_eq!(refusal(&house, &own, version, id).await, code, "gate as {id:?}");
        }
        for id in ["", "service", &gate(1).to_string()] {
            assert_eq!(refusal(&house, &service, version, id).await, code, "service as {id:?}");
        }
    }
    house.counted(&[(Cause::ClientId, 16)]).await;
    assert_eq!(house.door.connected(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_registry_has_the_last_word() {
    let house = House::open();
    let unknown = client_certificate(&house.ca);
    let revoked = house.registered(Answer::Refused(Unwelcome::Revoked));
    let unclear = house.registered(Answer::Unavailable);
    let id = gate(1).to_string();
    for (version, no, fault) in [(4, 5, 3), (5, 0x87, 0x88)] {
        assert_eq!(refusal(&house, &unknown, version, &id).await, no);
        assert_eq!(refusal(&house, &revoked, version, &id).await, no);
        assert_eq!(refusal(&house, &unclear, version, &id).await, fault);
    }
    house.counted(&[(Cause::Unknown, 2), (Cause::Revoked, 2), (Cause::Fault, 2)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_versions_and_other_protocols_are_refused() {
    let house = House::open();
    let certificate = house.gate(1);
    assert_eq!(refusal(&house, &certificate, 3, "x").await, 1);
    assert_eq!(refusal(&house, &certificate, 6, "x").await, 0x84);
    let mut raw = Raw::dial(&house, &certificate, 4).await;
    raw.send(b"\x10\x0D\0\x06MQIsdp\x03\x02\0\x14\0\x01x").await;
    assert_eq!(raw.rest().await, [0x20, 2, 0, 1]);
    let stranger = packet(0x10, b"\0\x04MQTt\x04\x02\0\x14\0\x01x");
    for bytes in [b"GET / HTTP/1.1\r\n\r\n", &[0xC0, 0][..], &packet(0x20, &[0, 0]), &stranger] {
        let mut raw = Raw::dial(&house, &certificate, 4).await;
        raw.send(bytes).await;
        assert!(raw.rest().await.is_empty());
    }
    house.counted(&[(Cause::Version, 3), (Cause::Malformed, 4)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_certificate_and_a_foreign_one_do_not_pass_the_handshake() {
    let house = House::open();
    let foreign = client_certificate(&new_ca());
    for certificate in [None, Some(&foreign)] {
        // With TLS 1.3 the client learns of its refusal when it reads.
        if let Ok(mut stream) = handshake(house.address, &house.ca, certificate).await {
            assert!(within(stream.read_u8()).await.is_err());
        }
    }
    until(|| house.count_of(Cause::Handshake) == 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_1_2_and_1_3_are_both_spoken() {
    let house = House::open();
    let certificate = house.gate(1);
    for version in [&TLS12, &TLS13] {
        let config = client_config(&house.ca, Some(&certificate), &[version]);
        let stream = handshake_with(house.address, config).await.expect("the handshake succeeds");
        assert_eq!(stream.get_ref().1.protocol_version(), Some(version.version));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_list_keeps_its_certificates_out_and_no_others() {
    let house = House::open();
    let [listed, other] = [house.gate(1), house.gate(2)];
    let mut renewed = certificates(&house.ca, &[&house.ca, &new_ca()]);
    renewed.crls = crl(&house.ca, &listed);
    house.tls.reload(&renewed).expect("it fits");
    if let Ok(mut stream) = handshake(house.address, &house.ca, Some(&listed)).await {
        assert!(within(stream.read_u8()).await.is_err());
    }
    Raw::connect(&house, &other, 5, &gate(2).to_string()).await;
}

/// A revocation list that names one certificate.
fn crl(ca: &Authority, revoked: &Issued) -> String {
    let key = KeyPair::from_pem(&ca.key_pem()).expect("a key");
    let issuer = Issuer::from_ca_cert_pem(ca.ca_pem(), key).expect("a CA");
    let der = CertificateDer::from_pem_slice(revoked.certificate_pem.as_bytes()).expect("DER");
    let list = CertificateRevocationListParams {
        this_update: date_time_ymd(2020, 1, 1),
        next_update: date_time_ymd(2099, 1, 1),
        crl_number: SerialNumber::from(1),
        issuing_distribution_point: None,
        revoked_certs: vec![RevokedCertParams {
            serial_number: SerialNumber::from(serial(&der)),
            revocation_time: date_time_ymd(2020, 1, 1),
            reason_code: None,
            invalidity_date: None,
        }],
        key_identifier_method: KeyIdMethod::Sha256,
    };
    list.signed_by(&issuer).and_then(|list| list.pem()).expect("it is signed")
}

/// The serial number of a certificate: the first integer after its version.
fn serial(der: &[u8]) -> Vec<u8> {
    let version = der.windows(5).position(|bytes| bytes == [0xA0, 3, 2, 1, 2]).expect("X.509 v3");
    let [2, length, serial @ ..] = &der[version + 5..] else { panic!("no serial number") };
    serial[..usize::from(*length)].to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_lets_a_second_ca_in_and_a_bad_one_changes_nothing() {
    let house = House::open();
    let second = new_ca();
    let certificate = client_certificate(&second);
    house.table.set(&certificate, Answer::Known(store::Peer::Gate(gate(1))));
    let mut broken = certificates(&house.ca, &[&house.ca, &second]);
    broken.key = house.gate(2).key_pem;
    assert!(house.tls.reload(&broken).is_err());
    Raw::gate(&house, 2, 4).await;
    house.tls.reload(&certificates(&house.ca, &[&house.ca, &second])).expect("it fits");
    Raw::connect(&house, &certificate, 5, &gate(1).to_string()).await;
    Raw::gate(&house, 2, 4).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn silent_and_half_open_clients_keep_nobody_out() {
    let config = Config { max_newcomers_per_address: 1_000, ..Config::default() };
    let house = House::open_with(Config { max_concurrent_handshakes: 4, ..config });
    let mut idle = Vec::new();
    for number in 0..100 {
        let mut tcp = TcpStream::connect(house.address).await.expect("the port is open");
        if number % 2 == 0 {
            // The beginning of a TLS client hello.
            tcp.write_all(&[0x16, 3, 1, 2, 0, 1]).await.expect("the line is open");
        }
        idle.push(tcp);
    }
    let mut halves = Vec::new();
    for number in 0..20 {
        let mut half = Raw::dial(&house, &house.gate(number), 4).await;
        half.send(&connect(4, "x", 20, None)[..5]).await;
        halves.push(half);
    }
    let before = Instant::now();
    Raw::gate(&house, 1, 5).await;
    assert!(before.elapsed() < Duration::from_secs(2), "it took {:?}", before.elapsed());
    for half in &mut halves {
        assert!(half.rest().await.is_empty());
    }
    for mut tcp in idle {
        let _ = within(tcp.read_to_end(&mut Vec::new())).await;
    }
    until(|| house.count_of(Cause::NoConnect) == 20).await;
    until(|| house.count_of(Cause::Handshake) == 100).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handshake_has_five_seconds_however_it_is_drawn_out() {
    let house = House::open();
    let mut tcp = TcpStream::connect(house.address).await.expect("the port is open");
    let before = Instant::now();
    // One byte of a client hello each half second, for as long as it is taken.
    let mut ticks = tokio::time::interval(Duration::from_millis(500));
    let drawn_out = async {
        for byte in [0x16, 3, 1, 2, 0, 1, 0, 1, 0xFC, 3, 3].into_iter().chain([0; 30]) {
            ticks.tick().await;
            if tcp.write_all(&[byte]).await.is_err() {
                break;
            }
        }
    };
    tokio::select! {
        () = drawn_out => {}
        () = until(|| house.count_of(Cause::Handshake) == 1) => {}
    }
    let took = before.elapsed();
    assert!(Duration::from_secs(4) < took && took < Duration::from_secs(7), "{took:?}");
}

/// How long the good ones take is shown by `benches/siege.rs`.
#[tokio::test(flavor = "multi_thread")]
async fn a_gate_gets_in_past_three_thousand_who_keep_the_broker_waiting() {
    const EACH: usize = 1_000;
    rlimit::increase_nofile_limit(10_000).expect("files enough");
    let config = Config {
        max_newcomers_per_address: 3 * EACH + 10,
        gate_packets_per_second: 10_000,
        ..Config::default()
    };
    let house = House::open_with(config);
    let certificate = house.gate(2);
    let mut waiting = Vec::new();
    let mut halves = Vec::new();
    for _ in 0..EACH {
        let mut half = Raw::dial(&house, &certificate, 4).await;
        half.try_send(&connect(4, "x", 20, None)[..5]).await;
        halves.push(half);
        let silent = TcpStream::connect(house.address).await.expect("the port is open");
        let mut hello = TcpStream::connect(house.address).await.expect("the port is open");
        // The beginning of a TLS client hello.
        let _ = hello.write_all(&[0x16, 3, 1, 2, 0, 1]).await;
        waiting.extend([silent, hello]);
        if halves.len() % 100 == 0 {
            Raw::gate(&house, 1, 5).await.ping().await;
        }
    }
    assert_eq!((house.count_of(Cause::Fault), house.door.health()), (0, Health::Good));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_cannot_take_all_places_but_hold_any_number_of_gates() {
    let config = Config { max_newcomers_per_address: 2, ..Config::default() };
    let house = House::open_with(config);
    let _gates = [Raw::gate(&house, 1, 4).await, Raw::gate(&house, 2, 4).await];
    let first = TcpStream::connect(house.address).await.expect("the port is open");
    let _second = TcpStream::connect(house.address).await.expect("the port is open");
    let mut third = TcpStream::connect(house.address).await.expect("the port is open");
    assert_eq!(within(third.read(&mut [0])).await.unwrap_or(0), 0);
    assert_eq!(house.count_of(Cause::CrowdedAddress), 1);
    drop(first);
    until(|| house.count_of(Cause::Handshake) == 1).await;
    Raw::gate(&house, 3, 4).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_keeps_a_full_house_waiting_makes_room_for_a_gate() {
    let config = Config { max_newcomers_per_address: 20, ..Config::default() };
    let house = House::open_with(config);
    let mut silent = Vec::new();
    for _ in 0..20 {
        silent.push(TcpStream::connect(house.address).await.expect("the port is open"));
    }
    let certificate = house.gate(1);
    // Refused until the first of the silent ones has had its second.
    let before = Instant::now();
    while handshake(house.address, &house.ca, Some(&certificate)).await.is_err() {
        assert!(before.elapsed() < Duration::from_secs(4), "before they are reaped anyway");
    }
    assert!(1 <= house.count_of(Cause::Evicted));
    assert_eq!(house.count_of(Cause::Handshake), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn gates_come_over_ipv6_too_and_a_network_of_them_counts_as_one_address() {
    let listen = (std::net::Ipv6Addr::LOCALHOST, 0).into();
    let config = Config { listen, max_newcomers_per_address: 1, ..Config::default() };
    let house = House::open_with(config);
    Raw::gate(&house, 1, 5).await.ping().await;
    let _silent = TcpStream::connect(house.address).await.expect("the port is open");
    let mut second = TcpStream::connect(house.address).await.expect("the port is open");
    assert_eq!(within(second.read(&mut [0])).await.unwrap_or(0), 0);
    assert_eq!(house.count_of(Cause::CrowdedAddress), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_port_is_an_error_that_names_it() {
    let house = House::open();
    let config = Config { listen: house.address, ..Config::default() };
    let tls = Tls::new(&certificates(&house.ca, &[&house.ca])).expect("it fits");
    let second = Broker::bind(config, tls, Table::default(), Arc::new(Stopped));
    let error = second.err().expect("the port is taken").to_string();
    assert!(error.starts_with(&format!("cannot listen on {}: ", house.address)), "{error}");
}
