//! Clients that send too much, too fast, or do not read.

use std::sync::Arc;
use std::time::{Duration, Instant};

use broker::{Cause, Config, Health};
use protocol::{Down, GateId, Topic, Up};
use tokio::net::TcpSocket;
use tokio::task::JoinSet;

use crate::house::{House, gate, until, within};
use crate::raw::{BOTH, Raw, connect, packet, publish, subscribe};

fn id(number: u8) -> GateId {
    GateId::parse(&gate(number).to_string()).expect("an id")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_packet_above_4096_bytes_ends_the_connection() {
    let house = House::open();
    let topic = Topic::Up(id(1), Up::Status).to_string();
    for version in BOTH {
        let overhead = publish(version, &topic, &[0; 2000], 1, false).len() - 2000;
        let mut gate = Raw::gate(&house, 1, version).await;
        gate.send(&publish(version, &topic, &vec![b'x'; 4096 - overhead], 1, false)).await;
        assert_eq!(gate.packet().await, [0x40, 2, 0, 7]);
        gate.send(&publish(version, &topic, &vec![b'x'; 4097 - overhead], 1, false)).await;
        gate.is_disconnected(0x95, "4097 bytes").await;
        let mut gate = Raw::dial(&house, &house.gate(1), version).await;
        gate.try_send(&connect(version, &"x".repeat(5000), 20, None)).await;
        assert!(gate.rest().await.is_empty(), "a CONNECT of 5 kB has no answer");
    }
    house.counted(&[(Cause::TooLarge, 4)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gate_that_sends_too_fast_is_disconnected() {
    let house = House::open_with(Config::default());
    let pings: Vec<u8> = [0xC0, 0].repeat(200);
    for version in BOTH {
        let mut gate = Raw::gate(&house, version, version).await;
        gate.send(&pings).await;
        let answers = gate.rest().await;
        let expected = if version == 5 { &[0xE0, 2, 0x96, 0][..] } else { &[0xD0, 0] };
        assert!(answers.ends_with(expected), "v{version}");
        assert!(answers.len() < 100, "about 20 of 200 were answered");
    }
    house.counted(&[(Cause::TooFast, 2)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gate_that_connects_too_fast_is_told_so_and_comes_back_when_it_slows_down() {
    let config = Config { gate_packets_per_second: 4, ..Config::default() };
    let house = House::open_with(config);
    for (version, code) in [(4, 3), (5, 0x9F)] {
        let certificate = house.gate(version);
        let told = within(async {
            loop {
                let mut raw = Raw::dial(&house, &certificate, version).await;
                raw.send(&connect(version, &crate::house::gate(version).to_string(), 20, None))
                    .await;
                let code = raw.packet().await[3];
                if code != 0 {
                    return code;
                }
            }
        });
        assert_eq!(told.await, code);
        // What was refused is not held against it: a quarter of a second pays for the next.
        within(async {
            loop {
                let mut raw = Raw::dial(&house, &certificate, version).await;
                raw.send(&connect(version, &crate::house::gate(version).to_string(), 20, None))
                    .await;
                if raw.packet().await[3] == 0 {
                    return;
                }
            }
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_is_slowed_down_and_loses_nothing() {
    let config = Config { service_packets_per_second: 500, ..Config::default() };
    let house = House::open_with(config);
    let mut service = Raw::connect(&house, &house.service(), 5, "service-1").await;
    let topic = Topic::Down(id(1), Down::Trigger).to_string();
    let all: Vec<u8> = publish(5, &topic, b"x", 1, false).repeat(1_000);
    let before = Instant::now();
    service.send(&all).await;
    for _ in 0..1_000 {
        assert_eq!(service.packet().await, [0x40, 2, 0, 7]);
    }
    assert!(Duration::from_millis(800) < before.elapsed(), "half of them came at once");
    service.ping().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_all_gates_say_reaches_the_service_even_when_it_lags() {
    let house = House::open();
    let mut service = Raw::service(&house, 4).await;
    let topic = Topic::Up(id(1), Up::Status).to_string();
    let mut said = 0_u32;
    for _ in 0..30 {
        let mut gate = Raw::gate(&house, 1, 4).await;
        for _ in 0..18 {
            gate.send(&publish(4, &topic, &said.to_be_bytes(), 1, false)).await;
            assert_eq!(gate.packet().await, [0x40, 2, 0, 7]);
            said += 1;
        }
    }
    for number in 0..said {
        let packet = service.packet().await;
        let (_, id, payload) = crate::raw::publish_parts(4, &packet);
        assert_eq!(payload, number.to_be_bytes());
        service.send(&crate::raw::puback(id.expect("QoS 1"))).await;
    }
}

/// Its window of TCP is small, so that the broker's own buffers are full after a few messages.
/// Gate 1, which hears its triggers and has room for few bytes of them.
async fn deaf_gate(house: &House, trigger: &str) -> Raw {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(4_096).expect("it takes a size");
    let mut deaf = Raw::dial_from(house, socket, &house.gate(1), 4).await;
    deaf.send(&connect(4, &gate(1).to_string(), 0, None)).await;
    assert_eq!(deaf.packet().await, [0x20, 2, 0, 0]);
    deaf.send(&subscribe(4, 1, &[(trigger.to_owned(), 0)])).await;
    assert_eq!(deaf.packet().await[0], 0x90);
    deaf
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_does_not_read_is_let_go_when_too_much_waits_for_it() {
    let house = House::open();
    let mut service = Raw::connect(&house, &house.service(), 4, "service-1").await;
    let trigger = Topic::Down(id(1), Down::Trigger).to_string();
    let _deaf = deaf_gate(&house, &trigger).await;
    let flood = publish(4, &trigger, &[0; 3_900], 1, false);
    // 20 MB are more than any system keeps for one connection.
    for _ in 0..5_000 {
        service.send(&flood).await;
        assert_eq!(service.packet().await, [0x40, 2, 0, 7], "the service is not kept waiting");
        if house.count_of(Cause::SlowReader) == 1 {
            break;
        }
    }
    until(|| house.door.connected() == 1).await;
    service.ping().await;
    house.counted(&[(Cause::SlowReader, 1)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_does_not_read_is_let_go_after_five_seconds() {
    let house = House::open();
    let mut service = Raw::connect(&house, &house.service(), 4, "service-1").await;
    let trigger = Topic::Down(id(1), Down::Trigger).to_string();
    let _deaf = deaf_gate(&house, &trigger).await;
    // Less than its mailbox holds, and more than its line: one write does not end.
    for _ in 0..200 {
        service.send(&publish(4, &trigger, &[0; 3_900], 1, false)).await;
        assert_eq!(service.packet().await, [0x40, 2, 0, 7]);
    }
    assert_eq!(house.count_of(Cause::SlowReader), 0);
    let before = Instant::now();
    until(|| house.count_of(Cause::SlowReader) == 1).await;
    let waited = before.elapsed();
    assert!(Duration::from_secs(3) < waited && waited < Duration::from_secs(8), "{waited:?}");
    until(|| house.door.connected() == 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn forbidden_packets_in_mid_connection_end_it_and_only_it() {
    let house = House::open();
    let mut other = Raw::gate(&house, 2, 4).await;
    for version in BOTH {
        let connect = connect(version, &gate(1).to_string(), 20, None);
        // What only a server sends, the packets of QoS 2, an authentication.
        let rest = [0x20, 0x50, 0x62, 0x70, 0x90, 0xB0, 0xD0, 0xF0];
        let rest = rest.map(|first| packet(first, &[0, 1, 0]));
        for bytes in rest.into_iter().chain([connect]) {
            let mut gate = Raw::gate(&house, 1, version).await;
            gate.send(&bytes).await;
            gate.is_disconnected(0x82, &format!("{bytes:?}")).await;
        }
        for bytes in [vec![0x00, 0], vec![0x30, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]] {
            let mut gate = Raw::gate(&house, 1, version).await;
            gate.send(&bytes).await;
            gate.is_disconnected(0x81, &format!("{bytes:?}")).await;
        }
    }
    other.ping().await;
    house.counted(&[(Cause::Protocol, 18), (Cause::Malformed, 4)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_of_comings_and_goings_harms_no_bystander() {
    let house = Arc::new(House::open());
    let trigger = Topic::Down(id(200), Down::Trigger).to_string();
    let mut service = Raw::connect(&house, &house.service(), 5, "service-1").await;
    let mut bystander = Raw::gate(&house, 200, 4).await;
    bystander.send(&subscribe(4, 1, &[(trigger.clone(), 1)])).await;
    assert_eq!(bystander.packet().await[0], 0x90);
    let mut storm = JoinSet::new();
    for number in 0..16_u8 {
        let house = Arc::clone(&house);
        storm.spawn(async move {
            // Two tasks share each gate, so they also take over from one another.
            let own = number / 2;
            let topic = Topic::Up(id(own), Up::Status).to_string();
            for round in 0..15 {
                let mut gate = Raw::dial(&house, &house.gate(own), 4).await;
                let mut bytes = connect(4, &crate::house::gate(own).to_string(), 20, None);
                bytes.extend(publish(4, &topic, b"x", 1, false));
                bytes.extend(match round % 3 {
                    0 => vec![0xE0, 0],
                    1 => publish(4, "elsewhere", b"x", 1, false),
                    _ => vec![],
                });
                gate.try_send(&bytes).await;
                gate.vanish();
            }
        });
    }
    while !storm.is_empty() {
        service.send(&publish(5, &trigger, b"open", 1, false)).await;
        assert_eq!(service.packet().await, [0x40, 2, 0, 7]);
        let packet = bystander.packet().await;
        let (_, id, payload) = crate::raw::publish_parts(4, &packet);
        assert_eq!(payload, b"open");
        bystander.send(&crate::raw::puback(id.expect("QoS 1"))).await;
        while storm.try_join_next().is_some_and(|done| done.is_ok()) {}
    }
    until(|| house.door.connected() == 2).await;
    assert_eq!((house.count_of(Cause::Fault), house.door.health()), (0, Health::Good));
}
