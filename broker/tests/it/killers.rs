//! What kills, blocks or confuses a stock rumqttd 0.20, each once against this broker.
//!
//! All of it was measured on the stock server. What other tests of this folder show stands there:
//! silent sockets (`silent_and_half_open_clients_keep_nobody_out`), keep-alive while only the
//! broker talks (`a_silent_gate_is_dead_even_while_it_is_spoken_to`) and of zero
//! (`a_keep_alive_of_zero_is_let_in`), takeover without a word
//! (`a_newer_connection_ends_the_older_at_once`), no UNSUBACK
//! (`subscribing_twice_delivers_once_and_unsubscribing_is_always_answered`), receive maximum
//! (`a_client_s_receive_maximum_is_kept`), QoS 2 that is kept for ever
//! (`retained_qos_2_and_aliased_publishes_end_the_connection_whatever_their_topic`), readers that
//! do not read (`a_client_that_does_not_read_is_let_go_after_five_seconds`). What the router never
//! forgets, and what ends its thread when a link leaves, cannot happen any more: it has one link.

use std::sync::Arc;

use broker::{Cause, Config, Health};
use protocol::{Down, GateId, Topic, Up};
use rustls::ALL_VERSIONS;
use store::Peer;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::house::{Answer, House, certificates, client_certificate, gate, new_ca, until, within};
use crate::raw::{
    BOTH, Connecting, Raw, client_config, connect, handshake, packet, puback, publish,
    publish_parts, publish_with, subscribe, text,
};

fn id(number: u8) -> GateId {
    GateId::parse(&gate(number).to_string()).expect("an id")
}

fn trigger(number: u8) -> String {
    Topic::Down(id(number), Down::Trigger).to_string()
}

fn status(number: u8) -> String {
    Topic::Up(id(number), Up::Status).to_string()
}

/// Gate `number`, listening to its triggers.
async fn listening(house: &House, number: u8, version: u8) -> Raw {
    let mut gate = Raw::gate(house, number, version).await;
    gate.send(&subscribe(version, 1, &[(trigger(number), 1)])).await;
    assert_eq!(gate.packet().await.last(), Some(&1));
    gate
}

/// A trigger reaches the gate, and the broker has no fault to report.
async fn still_opens(house: &House, service: &mut Raw, gate: &mut Raw, number: u8) {
    service.send(&publish(service.version, &trigger(number), b"open", 1, false)).await;
    assert_eq!(service.packet().await, [0x40, 2, 0, 7]);
    let (topic, packet_id, payload) = publish_parts(gate.version, &gate.packet().await);
    assert_eq!((topic, payload), (trigger(number), b"open".to_vec()));
    gate.send(&puback(packet_id.expect("QoS 1"))).await;
    assert_eq!((house.count_of(Cause::Fault), house.door.health()), (0, Health::Good));
}

/// The service, only to publish.
async fn speaker(house: &House) -> Raw {
    Raw::connect(house, &house.service(), 4, "service-1").await
}

/// Stock: only the first certificate of a bundle is believed.
#[tokio::test(flavor = "multi_thread")]
async fn both_cas_of_a_bundle_are_believed_in_either_order() {
    let house = House::open();
    let second = new_ca();
    let of_second = client_certificate(&second);
    house.table.set(&of_second, Answer::Known(Peer::Gate(gate(2))));
    for bundle in [[&house.ca, &second], [&second, &house.ca]] {
        house.tls.reload(&certificates(&house.ca, &bundle)).expect("it fits");
        Raw::gate(&house, 1, 4).await.ping().await;
        Raw::connect(&house, &of_second, 5, &gate(2).to_string()).await.ping().await;
    }
}

/// Stock: two of them, and nobody comes in any more.
#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_resets_between_connect_and_connack_keep_nobody_out() {
    let house = House::open();
    let own = house.gate(1);
    for round in 0..100 {
        let version = BOTH[round % 2];
        let mut raw = Raw::dial(&house, &own, version).await;
        raw.send(&connect(version, &gate(1).to_string(), 20, None)).await;
        raw.vanish();
    }
    let mut service = speaker(&house).await;
    let mut gate = listening(&house, 1, 4).await;
    still_opens(&house, &mut service, &mut gate, 1).await;
    until(|| house.door.connected() == 2).await;
}

/// Stock: the second time, and nobody comes in any more.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_id_with_a_slash_keeps_nobody_out() {
    let house = House::open();
    for version in BOTH.repeat(2) {
        let mut raw = Raw::dial(&house, &house.gate(1), version).await;
        raw.send(&connect(version, "a/b", 20, None)).await;
        assert_ne!(raw.packet().await[3], 0);
        assert!(raw.rest().await.is_empty());
    }
    house.counted(&[(Cause::ClientId, 4)]).await;
    Raw::gate(&house, 1, 4).await.ping().await;
}

/// Stock: the same id twice while it is full, and nobody comes in any more.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_broker_lets_in_again_when_somebody_left() {
    let house = House::open_with(Config { max_connections: 2, ..Config::default() });
    let [first, _second] = [Raw::gate(&house, 1, 4).await, Raw::gate(&house, 2, 5).await];
    let third = house.gate(3);
    for _ in 0..5 {
        let mut tcp = TcpStream::connect(house.address).await.expect("the port is open");
        assert_eq!(within(tcp.read(&mut [0])).await.unwrap_or(0), 0);
        assert!(handshake(house.address, &house.ca, Some(&third)).await.is_err());
    }
    house.counted(&[(Cause::Crowded, 10)]).await;
    first.vanish();
    until(|| house.door.connected() == 1).await;
    Raw::connect(&house, &third, 4, &gate(3).to_string()).await.ping().await;
}

/// Stock: the router's thread ends, and the process lives on without it.
#[tokio::test(flavor = "multi_thread")]
async fn a_topic_or_will_that_begins_beyond_ascii_does_not_end_the_router() {
    let house = House::open();
    let mut service = speaker(&house).await;
    let mut good = listening(&house, 2, 4).await;
    for version in BOTH {
        for topic in ["é", "é/x", "門", "𝕏/trigger"] {
            let mut bad = Raw::gate(&house, 1, version).await;
            bad.send(&publish(version, topic, b"x", 1, false)).await;
            bad.is_disconnected(0x87, topic).await;
            let mut bad = Raw::dial(&house, &house.gate(1), version).await;
            let will = Some((topic, &b"x"[..], 1, false));
            bad.send(&connect(version, &gate(1).to_string(), 20, will)).await;
            assert_ne!(bad.packet().await[3], 0);
            let mut bad = Raw::gate(&house, 1, version).await;
            bad.send(&subscribe(version, 1, &[(topic.to_owned(), 1)])).await;
            assert!(0x80 <= *bad.packet().await.last().expect("a code"));
            still_opens(&house, &mut service, &mut good, 2).await;
        }
    }
}

/// Stock: the router's thread ends at the disconnect.
#[tokio::test(flavor = "multi_thread")]
async fn a_shared_subscription_with_an_open_message_does_not_end_the_router() {
    let house = House::open();
    let mut service = speaker(&house).await;
    let mut good = listening(&house, 2, 4).await;
    let own = house.gate(1);
    for version in BOTH {
        let unclean = Connecting { flags: 0, ..Connecting::of(version, id(1).as_str()) }.bytes();
        let mut bad = Raw::dial(&house, &own, version).await;
        bad.send(&unclean).await;
        assert_eq!(bad.packet().await[2..4], [0, 0]);
        let shared = format!("$share/group/{}", trigger(1));
        bad.send(&subscribe(version, 1, &[(shared, 1), (trigger(1), 1)])).await;
        let suback = bad.packet().await;
        assert!(0x80 <= suback[suback.len() - 2], "no group");
        service.send(&publish(4, &trigger(1), b"open", 1, false)).await;
        assert_eq!(service.packet().await, [0x40, 2, 0, 7]);
        assert_eq!(bad.packet().await[0], 0x32);
        // Not acknowledged.
        bad.vanish();
        still_opens(&house, &mut service, &mut good, 2).await;
    }
}

/// Stock: the task of the receiving connection panics.
#[tokio::test(flavor = "multi_thread")]
async fn properties_of_mqtt_5_do_not_hurt_a_subscriber_of_3_1_1() {
    let house = House::open();
    let mut service = Raw::connect(&house, &house.service(), 5, "service-1").await;
    let mut gate = listening(&house, 1, 4).await;
    let properties = [&[1, 1, 2, 0, 0, 0, 60, 0x26][..], &text("key"), &text("value")].concat();
    let bytes = publish_with(5, 0x30, trigger(1).as_bytes(), &properties, b"open");
    service.send(&bytes).await;
    assert_eq!(gate.message().await, (trigger(1), b"open".to_vec()));
    still_opens(&house, &mut service, &mut gate, 1).await;
}

/// Stock: each one panics and keeps its place for ever.
#[tokio::test(flavor = "multi_thread")]
async fn packets_of_a_server_take_no_place_away() {
    let house = House::open_with(Config { max_connections: 4, ..Config::default() });
    let mut service = speaker(&house).await;
    let mut good = listening(&house, 2, 4).await;
    for version in BOTH {
        for first in [0x20, 0xB0].repeat(3) {
            let bytes = packet(first, &[0, 1, 0]);
            let mut early = Raw::dial(&house, &house.gate(1), version).await;
            early.send(&bytes).await;
            assert!(early.rest().await.is_empty());
            until(|| house.door.connected() == 2).await;
            let mut late = Raw::gate(&house, 1, version).await;
            late.send(&bytes).await;
            late.is_disconnected(0x82, "a server's packet").await;
        }
    }
    house.counted(&[(Cause::Malformed, 12), (Cause::Protocol, 12)]).await;
    still_opens(&house, &mut service, &mut good, 2).await;
}

/// Stock: acknowledging 3 before 2 drops the client and loses 2.
#[tokio::test(flavor = "multi_thread")]
async fn a_skipped_ack_loses_nothing() {
    let house = House::open();
    let mut service = speaker(&house).await;
    for version in BOTH {
        let mut gate = listening(&house, 1, version).await;
        let mut open = Vec::new();
        for number in 0..8_u8 {
            service.send(&publish(4, &trigger(1), &[number], 1, false)).await;
            assert_eq!(service.packet().await, [0x40, 2, 0, 7]);
            let (_, packet_id, payload) = publish_parts(version, &gate.packet().await);
            assert_eq!(payload, [number]);
            open.push(packet_id.expect("QoS 1"));
        }
        // The last seven; the first stays open, and is not taken for done.
        for packet_id in open.drain(1..).rev() {
            gate.send(&puback(packet_id)).await;
        }
        for _ in 0..7 {
            still_opens(&house, &mut service, &mut gate, 1).await;
        }
        gate.send(&puback(open[0])).await;
        still_opens(&house, &mut service, &mut gate, 1).await;
    }
    assert_eq!(house.count_of(Cause::StrayAck), 0);
}

/// Stock: an empty message deletes a retained one. Here it is a message like any.
#[tokio::test(flavor = "multi_thread")]
async fn an_empty_payload_is_a_message() {
    let house = House::open();
    for version in BOTH {
        let mut service = Raw::service(&house, version).await;
        let mut gate = Raw::gate(&house, 1, version).await;
        gate.send(&publish(version, &status(1), b"", 1, false)).await;
        assert_eq!(gate.packet().await, [0x40, 2, 0, 7]);
        let (topic, _, payload) = publish_parts(version, &service.packet().await);
        assert_eq!((topic, payload), (status(1), Vec::new()));
    }
}

/// Stock: two groups' filters of one name share their messages out, and 10,000 filters stay in
/// memory for ever. Here none of them gets as far as the router.
#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_filters_are_refused_one_by_one_and_kept_nowhere() {
    let config = Config { gate_packets_per_second: 1_000, ..Config::default() };
    let house = House::open_with(config);
    let mut service = speaker(&house).await;
    let mut good = listening(&house, 2, 4).await;
    let mut bad = Raw::gate(&house, 1, 5).await;
    for round in 0..100 {
        let filters: Vec<_> =
            (0..100).map(|number| (format!("$share/g/{round}/{number}"), 1)).collect();
        bad.send(&subscribe(5, 1, &filters)).await;
        let suback = bad.packet().await;
        assert_eq!(suback[suback.len() - 100..], [0x87; 100]);
    }
    still_opens(&house, &mut service, &mut good, 2).await;
    house.counted(&[(Cause::Filter, 10_000)]).await;
}

/// Stock: a late disconnect hits whoever got the place since; of 3,000 clients up to 8 were
/// dropped who had done nothing.
#[tokio::test(flavor = "multi_thread")]
async fn of_three_thousand_comings_and_goings_none_hits_an_innocent() {
    const WORKERS: u8 = 4;
    const ROUNDS: usize = 750;
    let house = Arc::new(House::open());
    let mut bystanders = Vec::new();
    for number in 100..120 {
        let mut bystander = Raw::dial(&house, &house.gate(number), 4).await;
        let patient = connect(4, &gate(number).to_string(), 60, None);
        bystander.send(&[patient, subscribe(4, 1, &[(trigger(number), 1)])].concat()).await;
        assert_eq!(bystander.packet().await, [0x20, 2, 0, 0]);
        assert_eq!(bystander.packet().await[0], 0x90);
        bystanders.push((number, bystander));
    }
    let mut churn = JoinSet::new();
    for number in 0..WORKERS {
        let house = Arc::clone(&house);
        churn.spawn(async move {
            let tls = client_config(&house.ca, Some(&house.gate(number)), ALL_VERSIONS);
            for round in 0..ROUNDS {
                let version = BOTH[round % 2];
                let mut gate = Raw::dial_with(&house, tls.clone(), version).await;
                gate.send(&connect(version, id(number).as_str(), 20, None)).await;
                assert_eq!(gate.packet().await[3], 0, "let in");
                gate.send(&subscribe(version, 1, &[(trigger(number), 1)])).await;
                assert_eq!(gate.packet().await[0], 0x90);
                gate.ping().await;
                match round % 3 {
                    0 => gate.vanish(),
                    1 => gate.send(&[0xE0, 0]).await,
                    _ => gate.send(&publish(version, "elsewhere", b"x", 1, false)).await,
                }
            }
        });
    }
    while let Some(worker) = churn.join_next().await {
        worker.expect("nobody new was dropped either");
    }
    until(|| house.door.connected() == bystanders.len()).await;
    let mut service = speaker(&house).await;
    for (number, bystander) in &mut bystanders {
        bystander.ping().await;
        still_opens(&house, &mut service, bystander, *number).await;
    }
}
