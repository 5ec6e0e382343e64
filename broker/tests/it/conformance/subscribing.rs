//! SUBSCRIBE, UNSUBSCRIBE and their answers.

use broker::Cause;

use super::{is_sent_away_for, trigger, user_property};
use crate::house::House;
use crate::raw::{BOTH, Raw, packet, properties, publish, subscribe_with, text};

#[tokio::test(flavor = "multi_thread")]
async fn options_of_a_subscription_are_taken_and_reserved_ones_are_not() {
    let house = House::open();
    let mut service = Raw::service(&house, 5).await;
    let mut gate = Raw::gate(&house, 1, 5).await;
    // No local, retain as published, and when to send retained messages, of which there are none.
    for options in [0x00, 0x04, 0x08, 0x10, 0x20, 0x2C] {
        gate.send(&subscribe_with(5, 1, &user_property(), &[(trigger(), options | 2)])).await;
        assert_eq!(gate.packet().await, [0x90, 4, 0, 1, 0, 1]);
    }
    service.send(&publish(5, &trigger(), b"once", 0, false)).await;
    assert_eq!(gate.message().await.1, b"once");
    gate.ping().await;
    for (version, options) in [(5, 0x30), (5, 0x40), (5, 0x80), (5, 3), (4, 3), (4, 4), (4, 0x80)] {
        let bytes = subscribe_with(version, 1, &[], &[(trigger(), options)]);
        is_sent_away_for(&house, version, &bytes, 0x81).await;
    }
    house.counted(&[(Cause::Malformed, 7), (Cause::TakenOver, 1)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_identifier_ends_the_connection() {
    let house = House::open();
    let bytes = subscribe_with(5, 1, &[11, 1], &[(trigger(), 1)]);
    is_sent_away_for(&house, 5, &bytes, 0xA1).await;
    house.counted(&[(Cause::SubscriptionId, 1)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscribe_or_unsubscribe_of_nothing_ends_the_connection() {
    let house = House::open();
    for version in BOTH {
        for first in [0x82, 0xA2] {
            let no_properties = properties(version, &[]);
            let nothing = packet(first, &[&[0, 1], &no_properties[..]].concat());
            is_sent_away_for(&house, version, &nothing, 0x82).await;
            let options = if first == 0x82 { &[1][..] } else { &[] };
            let id_zero = [&[0, 0], &no_properties[..], &text(&trigger()), options].concat();
            is_sent_away_for(&house, version, &packet(first, &id_zero), 0x81).await;
            is_sent_away_for(&house, version, &packet(first, &[]), 0x81).await;
        }
    }
    house.counted(&[(Cause::Protocol, 4), (Cause::Malformed, 8)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unsubscribe_may_carry_user_properties_and_many_filters() {
    let house = House::open();
    let mut gate = Raw::gate(&house, 1, 5).await;
    gate.send(&subscribe_with(5, 1, &[], &[(trigger(), 1)])).await;
    assert_eq!(gate.packet().await[0], 0x90);
    let own = properties(5, &user_property());
    let body = [&[0, 2], &own[..], &text(&trigger()), &text("unknown")].concat();
    gate.send(&packet(0xA2, &body)).await;
    assert_eq!(gate.packet().await, [0xB0, 5, 0, 2, 0, 0, 0x11]);
    house.counted(&[]).await;
}
