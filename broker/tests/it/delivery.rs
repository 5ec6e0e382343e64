//! Messages on their way: both versions, both QoS, and acknowledgements of every kind.

use std::sync::Arc;
use std::time::Duration;

use broker::Cause;
use protocol::{Down, GateId, Topic, Up};
use rumqttc::mqttbytes::v4;
use rumqttc::v5::mqttbytes::v5;
use rumqttc::{TlsConfiguration, Transport};
use rustls::ALL_VERSIONS;

use crate::house::{House, gate, until, within};
use crate::raw::{
    BOTH, Raw, client_config, puback, publish, publish_parts, subscribe, unsubscribe,
};

fn trigger() -> String {
    Topic::Down(GateId::parse(&gate(1).to_string()).expect("an id"), Down::Trigger).to_string()
}

fn status() -> String {
    Topic::Up(GateId::parse(&gate(1).to_string()).expect("an id"), Up::Status).to_string()
}

fn gate_id(number: u8) -> String {
    gate(number).to_string()
}

async fn listening_gate(house: &House, version: u8, qos: u8) -> Raw {
    let mut gate = Raw::gate(house, 1, version).await;
    gate.send(&subscribe(version, 1, &[(trigger(), qos)])).await;
    assert_eq!(gate.packet().await.last(), Some(&qos));
    gate
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_arrives_with_the_lower_qos_of_the_two() {
    let house = House::open();
    for version in BOTH {
        let mut service = Raw::service(&house, 9 - version).await;
        for (sent, granted) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            let mut gate = listening_gate(&house, version, granted).await;
            service.send(&publish(service.version, &trigger(), b"open", sent, false)).await;
            if sent == 1 {
                assert_eq!(service.packet().await, [0x40, 2, 0, 7]);
            }
            let packet = gate.packet().await;
            assert_eq!(packet[0], 0x30 | sent.min(granted) << 1);
            let (topic, _, payload) = publish_parts(version, &packet);
            assert_eq!((topic, payload), (trigger(), b"open".to_vec()));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_messages_are_open_at_most_and_wrong_acks_disturb_nobody() {
    let house = House::open();
    for version in BOTH {
        let mut service = Raw::service(&house, version).await;
        let mut gate = listening_gate(&house, version, 1).await;
        for number in 0..12_u8 {
            service.send(&publish(version, &trigger(), &[number], 1, false)).await;
            service.packet().await;
        }
        let mut open = Vec::new();
        for number in 0..8_u8 {
            let (_, id, payload) = publish_parts(version, &gate.packet().await);
            assert_eq!(payload, [number]);
            open.push(id.expect("QoS 1"));
        }
        gate.ping().await;
        let stray = house.count_of(Cause::StrayAck);
        for id in [0, 999, u16::MAX] {
            gate.send(&puback(id)).await;
        }
        gate.ping().await;
        assert_eq!(house.count_of(Cause::StrayAck), stray + 3);
        // Out of order, and one twice.
        for id in [open[7], open[2], open[2], open[5], open[0]] {
            gate.send(&puback(id)).await;
        }
        for number in 8..12_u8 {
            let (_, id, payload) = publish_parts(version, &gate.packet().await);
            assert_eq!(payload, [number]);
            assert!(!open.iter().any(|open| Some(*open) == id) || id.is_some_and(|id| id != 0));
        }
        gate.ping().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn subscribing_twice_delivers_once_and_unsubscribing_is_always_answered() {
    let house = House::open();
    for version in BOTH {
        let mut service = Raw::service(&house, version).await;
        let mut gate = listening_gate(&house, version, 0).await;
        let mut witness = Raw::gate(&house, 2, version).await;
        let to_witness = trigger().replace(&gate_id(1), &gate_id(2));
        witness.send(&subscribe(version, 1, &[(to_witness.clone(), 0)])).await;
        assert_eq!(witness.packet().await[0], 0x90);
        gate.send(&subscribe(version, 2, &[(trigger(), 1), (trigger(), 0)])).await;
        assert_eq!(gate.packet().await[0], 0x90);
        service.send(&publish(version, &trigger(), b"once", 0, false)).await;
        assert_eq!(gate.message().await.1, b"once");
        for (filter, code) in [(trigger(), 0), (trigger(), 0x11), ("#".to_owned(), 0x11)] {
            gate.send(&unsubscribe(version, 3, &filter)).await;
            let expected =
                if version == 5 { vec![0xB0, 4, 0, 3, 0, code] } else { vec![0xB0, 2, 0, 3] };
            assert_eq!(gate.packet().await, expected);
        }
        service.send(&publish(version, &trigger(), b"nobody", 0, false)).await;
        // What the witness hears, the router took after what nobody hears.
        service.send(&publish(version, &to_witness, b"witness", 0, false)).await;
        assert_eq!(witness.message().await.1, b"witness");
        gate.send(&subscribe(version, 4, &[(trigger(), 0)])).await;
        assert_eq!(gate.packet().await[0], 0x90);
        service.send(&publish(version, &trigger(), b"again", 0, false)).await;
        assert_eq!(gate.message().await.1, b"again");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rumqttc_of_both_versions_talks_across() {
    let house = House::open();
    let [gate_tls, service_tls] = [house.gate(1), house.service()]
        .map(|issued| client_config(&house.ca, Some(&issued), ALL_VERSIONS));
    let transport = |config| Transport::Tls(TlsConfiguration::Rustls(Arc::new(config)));

    let mut options =
        rumqttc::MqttOptions::new(gate(1).to_string(), "127.0.0.1", house.address.port());
    options.set_transport(transport(gate_tls)).set_keep_alive(Duration::from_secs(20));
    let (gate, mut gate_loop) = rumqttc::AsyncClient::new(options, 8);
    gate.subscribe(trigger(), rumqttc::QoS::AtLeastOnce).await.expect("queued");

    let mut options = rumqttc::v5::MqttOptions::new("service-1", "127.0.0.1", house.address.port());
    options.set_transport(transport(service_tls)).set_keep_alive(Duration::from_secs(20));
    let (service, mut service_loop) = rumqttc::v5::AsyncClient::new(options, 8);
    let qos = rumqttc::v5::mqttbytes::QoS::AtLeastOnce;
    service.subscribe(Up::Status.of_all_gates(), qos).await.expect("queued");

    within(async {
        until_v4(&mut gate_loop, |packet| matches!(packet, v4::Packet::SubAck(_))).await;
        until_v5(&mut service_loop, |packet| matches!(packet, v5::Packet::SubAck(_))).await;
        service.publish(trigger(), qos, false, "open").await.expect("queued");
        until_v5(&mut service_loop, |packet| matches!(packet, v5::Packet::PubAck(_))).await;
        let opens = |packet: &v4::Packet| {
            matches!(packet, v4::Packet::Publish(p) if p.topic == trigger() && p.payload == "open")
        };
        until_v4(&mut gate_loop, opens).await;
        gate.publish(status(), rumqttc::QoS::AtLeastOnce, false, "done").await.expect("queued");
        until_v4(&mut gate_loop, |packet| matches!(packet, v4::Packet::PubAck(_))).await;
        let done = |packet: &v5::Packet| {
            matches!(packet, v5::Packet::Publish(p) if p.topic == status() && p.payload == "done")
        };
        until_v5(&mut service_loop, done).await;
    })
    .await;
    assert_eq!(house.door.connected(), 2);
    drop((gate_loop, service_loop));
    until(|| house.door.connected() == 0).await;
}

async fn until_v4(events: &mut rumqttc::EventLoop, wanted: impl Fn(&v4::Packet) -> bool) {
    loop {
        let event = events.poll().await.expect("the line is open");
        if matches!(event, rumqttc::Event::Incoming(packet) if wanted(&packet)) {
            return;
        }
    }
}

async fn until_v5(events: &mut rumqttc::v5::EventLoop, wanted: impl Fn(&v5::Packet) -> bool) {
    loop {
        let event = events.poll().await.expect("the line is open");
        if matches!(event, rumqttc::v5::Event::Incoming(packet) if wanted(&packet)) {
            return;
        }
    }
}
