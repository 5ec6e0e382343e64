//! Packets in a stream: how they are cut, what may stand where, and goodbyes.

use broker::Cause;

use super::{gate_id, is_sent_away_for, status, trigger, user_property};
use crate::house::House;
use crate::raw::{BOTH, Raw, connect, packet, properties, publish, subscribe, text};

#[tokio::test(flavor = "multi_thread")]
async fn what_follows_connect_at_once_is_served() {
    let house = House::open();
    for version in BOTH {
        let mut service = Raw::service(&house, version).await;
        let mut gate = Raw::dial(&house, &house.gate(1), version).await;
        // All in one record of TLS, before there is a CONNACK.
        let stream = [
            connect(version, gate_id().as_str(), 20, None),
            subscribe(version, 1, &[(trigger(), 1)]),
            publish(version, &status(), b"here", 1, false),
            vec![0xC0, 0],
        ];
        gate.send(&stream.concat()).await;
        for expected in [0x20, 0x90, 0x40, 0xD0] {
            assert_eq!(gate.packet().await[0], expected);
        }
        assert_eq!(service.message().await, (status(), b"here".to_vec()));
    }
    house.counted(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_may_come_one_by_one() {
    let house = House::open();
    for version in BOTH {
        let mut service = Raw::service(&house, version).await;
        let mut gate = Raw::dial(&house, &house.gate(1), version).await;
        for byte in connect(version, gate_id().as_str(), 20, None) {
            gate.send(&[byte]).await;
        }
        assert_eq!(gate.packet().await[..4][2..], [0, 0]);
        for byte in publish(version, &status(), &[b'x'; 200], 1, false) {
            gate.send(&[byte]).await;
        }
        assert_eq!(gate.packet().await, [0x40, 2, 0, 7]);
        assert_eq!(service.message().await, (status(), vec![b'x'; 200]));
    }
    house.counted(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_length_has_four_bytes_at_most_and_may_be_longer_than_it_must() {
    let house = House::open();
    for version in BOTH {
        let mut gate = Raw::gate(&house, 1, version).await;
        for ping in [&[0xC0, 0][..], &[0xC0, 0x80, 0], &[0xC0, 0x80, 0x80, 0x80, 0]] {
            gate.send(ping).await;
            assert_eq!(gate.packet().await, [0xD0, 0]);
        }
        gate.send(&[0xC0, 0x80, 0x80, 0x80, 0x80, 0]).await;
        gate.is_disconnected(0x81, "five bytes of length").await;
        is_sent_away_for(&house, version, &[0xC0, 1, 0], 0x81).await;
    }
    house.counted(&[(Cause::Malformed, 4)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reserved_flags_end_the_connection() {
    let house = House::open();
    for version in BOTH {
        for first in [0x41, 0x80, 0x83, 0xA0, 0xC1, 0xE8, 0x60, 0x00] {
            is_sent_away_for(&house, version, &[first, 0], 0x81).await;
        }
    }
    house.counted(&[(Cause::Malformed, 16)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_goodbye_may_carry_a_reason_and_properties_in_mqtt_5() {
    let house = House::open();
    let words = [&[0x11, 0, 0, 0, 0, 0x1F][..], &text("bye"), &user_property()].concat();
    let own = properties(5, &words);
    for body in [&[][..], &[0], &[4], &[0x80], &[0, 0], &[&[0], &own[..]].concat()] {
        let mut gate = Raw::gate(&house, 1, 5).await;
        gate.send(&packet(0xE0, body)).await;
        assert!(gate.rest().await.is_empty(), "no last word to {body:?}");
    }
    house.counted(&[]).await;
    is_sent_away_for(&house, 4, &[0xE0, 1, 0], 0x81).await;
    is_sent_away_for(&house, 5, &[0xE0, 3, 0, 1, 0x11], 0x81).await;
    house.counted(&[(Cause::Malformed, 2)]).await;
}
