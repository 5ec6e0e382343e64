//! How connections end, who hears of it, and what the client is told.

use std::time::{Duration, Instant};

use broker::{Cause, Health};
use protocol::{Hello, Nonce, Presence, Topic, Up};
use tokio::time::timeout;

use crate::house::{Answer, House, gate, until, within};
use crate::raw::{BOTH, Raw, connect, publish, subscribe};

const NONCE: Nonce = Nonce([7; 16]);

fn topic(up: Up) -> String {
    Topic::Up(protocol::GateId::parse(&gate(1).to_string()).expect("an id"), up).to_string()
}

/// Gate 1, after its hello was heard by the service.
async fn greeted(house: &House, service: &mut Raw, version: u8) -> Raw {
    let mut gate = Raw::gate(house, 1, version).await;
    says_hello(&mut gate, service).await;
    gate
}

async fn says_hello(gate: &mut Raw, service: &mut Raw) {
    let hello = Hello::new(NONCE, "test").to_bytes();
    gate.send(&publish(gate.version, &topic(Up::Hello), &hello, 1, false)).await;
    assert_eq!(gate.packet().await, [0x40, 2, 0, 7]);
    assert_eq!(service.message().await, (topic(Up::Hello), hello));
}

async fn hears_gone(service: &mut Raw) {
    let gone = Presence::gone(NONCE).to_bytes();
    assert_eq!(service.message().await, (topic(Up::Presence), gone));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_edge_says_that_a_gate_is_gone_however_it_went() {
    let house = House::open();
    for version in BOTH {
        let mut service = Raw::service(&house, version).await;
        greeted(&house, &mut service, version).await.vanish();
        hears_gone(&mut service).await;

        let mut gate = greeted(&house, &mut service, version).await;
        gate.send(&[0xE0, 0]).await;
        hears_gone(&mut service).await;

        let mut gate = greeted(&house, &mut service, version).await;
        gate.send(&publish(version, "elsewhere", b"x", 0, false)).await;
        hears_gone(&mut service).await;
        gate.is_disconnected(0x87, "a wrong topic").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_connection_ends_the_older_at_once() {
    let house = House::open();
    for version in BOTH {
        let mut service = Raw::service(&house, version).await;
        let mut older = greeted(&house, &mut service, version).await;
        let mut newer = Raw::gate(&house, 1, 9 - version).await;
        hears_gone(&mut service).await;
        older.is_disconnected(0x8E, "taken over").await;
        newer.ping().await;
        assert_eq!(house.door.connected(), 2, "the newer one and the service");
    }
    assert!(2 <= house.count_of(Cause::TakenOver));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_will_is_published_unless_the_gate_says_goodbye() {
    let house = House::open();
    let presence = topic(Up::Presence);
    let id = gate(1).to_string();
    for version in BOTH {
        let mut service = Raw::service(&house, version).await;
        let endings: &[(&[u8], bool)] =
            &[(b"", true), (&[0xE0, 0], false), (&[0xE0, 1, 4], true), (&[0xE0, 2, 4, 0], true)];
        // The last two exist in MQTT 5 only; before, they are malformed, which is no goodbye.
        for (goodbye, will_is_heard) in endings {
            let mut gate = Raw::dial(&house, &house.gate(1), version).await;
            gate.send(&connect(version, &id, 20, Some((&presence, b"will", 1, false)))).await;
            assert_eq!(gate.packet().await[3], 0);
            says_hello(&mut gate, &mut service).await;
            gate.send(goodbye).await;
            if goodbye.is_empty() {
                gate.vanish();
            }
            if *will_is_heard {
                assert_eq!(service.message().await, (presence.clone(), b"will".to_vec()));
            }
            hears_gone(&mut service).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_gate_is_gone_within_a_second_and_stays_out() {
    let house = House::open();
    for version in BOTH {
        let mut service = Raw::service(&house, version).await;
        let mut other = Raw::gate(&house, 2, version).await;
        let certificate = house.gate(1);
        let mut raw = Raw::connect(&house, &certificate, version, &gate(1).to_string()).await;
        says_hello(&mut raw, &mut service).await;
        let before = Instant::now();
        house.table.revoke(&certificate);
        hears_gone(&mut service).await;
        assert!(before.elapsed() < Duration::from_secs(1), "after {:?}", before.elapsed());
        raw.is_disconnected(0x98, "revoked").await;
        let mut again = Raw::dial(&house, &certificate, version).await;
        again.send(&connect(version, &gate(1).to_string(), 20, None)).await;
        let code = if version == 5 { 0x87 } else { 5 };
        assert_eq!(again.packet().await[3], code);
        other.ping().await;
        // A newer certificate of the same gate is another matter.
        Raw::gate(&house, 1, version).await.ping().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_between_look_up_and_seat_is_not_overlooked() {
    let house = House::open();
    for version in BOTH {
        let certificate = house.registered(Answer::EndedMeanwhile(gate(1)));
        let mut raw = Raw::dial(&house, &certificate, version).await;
        raw.send(&connect(version, &gate(1).to_string(), 20, None)).await;
        assert_eq!(raw.packet().await[0], 0x20);
        raw.is_disconnected(0x98, "revoked").await;
    }
    assert_eq!(house.count_of(Cause::Revoked), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_living_holders_of_one_key_put_the_gate_into_quarantine() {
    let house = House::open();
    let certificate = house.gate(1);
    let mut other = Raw::gate(&house, 2, 5).await;
    let mut holder = Raw::connect(&house, &certificate, 5, &gate_id()).await;
    for takeover in 1..=3 {
        assert_eq!(house.table.quarantined(), [], "before takeover {takeover}");
        let newer = Raw::connect(&house, &certificate, 5, &gate_id()).await;
        holder.is_disconnected(0x8E, "taken over").await;
        if takeover == 1 {
            holder.close().await;
        }
        // Otherwise the line is just closed, as most clients do.
        holder = newer;
    }
    holder.is_disconnected(0x98, "quarantined").await;
    assert_eq!(house.table.quarantined(), [gate(1)]);
    for (version, code) in [(4, 5), (5, 0x8A)] {
        let mut again = Raw::dial(&house, &certificate, version).await;
        again.send(&connect(version, &gate_id(), 20, None)).await;
        assert_eq!(again.packet().await[3], code);
    }
    other.ping().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gate_that_lost_its_lines_may_take_over_its_own_old_connections() {
    let house = House::open();
    let certificate = house.gate(1);
    let mut silent = Vec::new();
    for _ in 0..8 {
        // The older connections answer no more: their other ends neither read nor close.
        silent.push(Raw::connect(&house, &certificate, 4, &gate_id()).await);
    }
    until(|| house.count_of(Cause::TakenOver) == 7).await;
    // Longer than the edge waits for an answer to its goodbyes.
    let contested = until(|| !house.table.quarantined().is_empty());
    assert!(timeout(Duration::from_millis(1_500), contested).await.is_err(), "in quarantine");
    silent.last_mut().expect("eight of them").ping().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopping_broker_says_goodbye_and_ends() {
    let house = House::open();
    let mut clients = [Raw::gate(&house, 1, 4).await, Raw::gate(&house, 2, 5).await];
    let silent = tokio::net::TcpStream::connect(house.address).await.expect("the port is open");
    assert_eq!(house.door.health(), Health::Good);
    let before = Instant::now();
    house.stop.cancel();
    for client in &mut clients {
        client.is_disconnected(0x8B, "stopping").await;
    }
    assert_eq!(within(house.running).await.expect("no panic"), Ok(()));
    assert!(before.elapsed() < Duration::from_millis(2_500), "{:?}", before.elapsed());
    assert!(tokio::net::TcpStream::connect(house.address).await.is_err());
    drop(silent);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_gate_is_dead_even_while_it_is_spoken_to() {
    let house = House::open();
    let trigger = topic(Up::Hello).replace("hello", "trigger");
    for version in BOTH {
        let mut service = Raw::service(&house, version).await;
        let mut gate = Raw::dial(&house, &house.gate(1), version).await;
        gate.send(&connect(version, &gate_id(), 1, None)).await;
        assert_eq!(gate.packet().await[3], 0);
        // Silence counts from when this is read, which is not before it is sent.
        let before = Instant::now();
        gate.send(&subscribe(version, 1, &[(trigger.clone(), 0)])).await;
        assert_eq!(gate.packet().await[0], 0x90);
        let seen = house.count_of(Cause::Silent);
        let mut heard = vec![0x30];
        // It hears everything and says nothing.
        while heard[0] == 0x30 {
            service.send(&publish(version, &trigger, b"x", 1, false)).await;
            assert_eq!(service.packet().await, [0x40, 2, 0, 7]);
            heard = gate.packet_if_any().await.unwrap_or(vec![0]);
        }
        assert_eq!(house.count_of(Cause::Silent), seen + 1);
        let silence = before.elapsed();
        assert!(Duration::from_millis(1_400) < silence, "after {silence:?}");
        until(|| house.door.connected() == 1).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keep_alive_is_bounded_and_mqtt_5_is_told() {
    let house = House::open();
    for (asked, told) in [(0, Some(60)), (61, Some(60)), (60, None), (20, None)] {
        let mut gate = Raw::dial(&house, &house.gate(1), 5).await;
        gate.send(&connect(5, &gate_id(), asked, None)).await;
        let connack = gate.packet().await;
        let mut expected = vec![0x11, 0, 0, 0, 0, 0x21, 0, 8, 0x24, 1, 0x25, 0, 0x27, 0, 0, 16, 0];
        expected.extend([0x22, 0, 0, 0x28, 0, 0x29, 0, 0x2A, 0]);
        expected.extend(told.into_iter().flat_map(|told| [0x13, 0, told]));
        assert_eq!(connack[3], 0);
        assert_eq!(connack[5..], expected, "keep-alive {asked}");
    }
}

fn gate_id() -> String {
    gate(1).to_string()
}
