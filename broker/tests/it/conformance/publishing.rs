//! PUBLISH and PUBACK.

use broker::Cause;

use super::{is_sent_away_for, status, trigger, user_property};
use crate::house::House;
use crate::raw::{BOTH, Raw, packet, publish, publish_parts, publish_with, subscribe, text};

#[tokio::test(flavor = "multi_thread")]
async fn a_publish_is_acknowledged_and_passed_on_each_time_it_comes() {
    let house = House::open();
    for version in BOTH {
        let mut service = Raw::service(&house, version).await;
        let mut gate = Raw::gate(&house, 1, version).await;
        // The same id again, first anew and then as a duplicate; and a duplicate with QoS 0.
        for first in [0x32, 0x32, 0x3A, 0x38] {
            gate.send(&publish_with(version, first, status().as_bytes(), &[], b"x")).await;
            if first != 0x38 {
                assert_eq!(gate.packet().await, [0x40, 2, 0, 7]);
            }
            let packet = service.packet().await;
            assert_eq!(packet[0], first & 0x32, "not passed on as a duplicate");
            assert_eq!(publish_parts(version, &packet).2, b"x");
        }
    }
    house.counted(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_publishes_at_once_than_the_window_are_all_acknowledged() {
    let house = House::open();
    for version in BOTH {
        let mut gate = Raw::gate(&house, 1, version).await;
        gate.send(&publish(version, &status(), b"x", 1, false).repeat(16)).await;
        for _ in 0..16 {
            assert_eq!(gate.packet().await, [0x40, 2, 0, 7]);
        }
    }
    house.counted(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_s_properties_are_taken_and_not_passed_on() {
    let house = House::open();
    let properties = [
        &[1, 1, 2, 0, 0, 0, 9, 3][..],
        &text("text/plain"),
        &[8],
        &text("a/b"),
        &[9, 0, 2, 0xFF, 0],
        &user_property(),
        &user_property(),
    ]
    .concat();
    for version in BOTH {
        let mut service = Raw::service(&house, version).await;
        let mut gate = Raw::gate(&house, 1, 5).await;
        gate.send(&publish_with(5, 0x32, status().as_bytes(), &properties, b"body")).await;
        assert_eq!(gate.packet().await, [0x40, 2, 0, 7]);
        assert_eq!(service.packet().await[..1], [0x32]);
        // `message` makes sure that there are none.
        gate.send(&publish_with(5, 0x30, status().as_bytes(), &properties, b"body")).await;
        assert_eq!(service.message().await, (status(), b"body".to_vec()));
    }
    house.counted(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_publish_that_cannot_be_read_ends_the_connection() {
    let house = House::open();
    for version in BOTH {
        let to = |topic: &[u8]| publish_with(version, 0x30, topic, &[], b"x");
        let id_zero = {
            let mut bytes = publish(version, &status(), b"x", 1, false);
            let id = bytes.windows(2).position(|pair| pair == [0, 7]).expect("the id");
            bytes[id + 1] = 0;
            bytes
        };
        // No UTF-8, half a surrogate pair, NUL, QoS 3, no topic at all.
        let malformed =
            [to(b"\xFF"), to(b"\xED\xA0\x80"), to(b"a\0b"), vec![0x36, 3, 0, 1, b'a'], id_zero];
        for bytes in malformed {
            is_sent_away_for(&house, version, &bytes, 0x81).await;
        }
        is_sent_away_for(&house, version, &[0x30, 0], 0x81).await;
        is_sent_away_for(&house, version, &to(b""), 0x87).await;
    }
    is_sent_away_for(&house, 5, &publish_with(5, 0x30, b"", &[0x23, 0, 1], b"x"), 0x94).await;
    // A subscription identifier is the broker's to send.
    let topic = status();
    is_sent_away_for(&house, 5, &publish_with(5, 0x30, topic.as_bytes(), &[11, 1], b""), 0x81)
        .await;
    house.counted(&[(Cause::Malformed, 13), (Cause::Topic, 2), (Cause::TopicAlias, 1)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ack_may_carry_a_reason_and_properties_in_mqtt_5() {
    let house = House::open();
    let mut service = Raw::service(&house, 4).await;
    let mut gate = Raw::gate(&house, 1, 5).await;
    gate.send(&subscribe(5, 1, &[(trigger(), 1)])).await;
    assert_eq!(gate.packet().await[0], 0x90);
    let why = [vec![0x1F], text("why"), user_property()].concat();
    let long = [&[0x80, u8::try_from(why.len()).expect("short")], &why[..]].concat();
    for reason in [&[][..], &[0], &[0x10], &[0x80], &[0, 0], &long] {
        service.send(&publish(4, &trigger(), b"x", 1, false)).await;
        assert_eq!(service.packet().await, [0x40, 2, 0, 7]);
        let (_, id, _) = publish_parts(5, &gate.packet().await);
        let id = id.expect("QoS 1").to_be_bytes();
        gate.send(&packet(0x40, &[&id, reason].concat())).await;
    }
    gate.ping().await;
    house.counted(&[]).await;
    is_sent_away_for(&house, 4, &packet(0x40, &[0, 1, 0]), 0x81).await;
    is_sent_away_for(&house, 5, &packet(0x40, &[0]), 0x81).await;
    house.counted(&[(Cause::Malformed, 2), (Cause::TakenOver, 1)]).await;
}
