//! CONNECT and CONNACK.

use broker::Cause;
use protocol::{Topic, Up};

use super::{answer_to, gate_id, let_in, trigger, user_property};
use crate::house::House;
use crate::raw::{BOTH, Connecting, Raw, packet, puback, publish, publish_parts, subscribe, text};

#[tokio::test(flavor = "multi_thread")]
async fn a_client_id_that_is_no_text_or_not_the_gate_s_is_refused() {
    let house = House::open();
    let own = gate_id().to_string();
    let long = "x".repeat(4_000);
    for version in BOTH {
        let upper = own.to_uppercase();
        // Without a clean session, too: an id is never made up for a client.
        for (id, flags) in [("", 2), ("", 0), ("é", 2), (&*long, 2), (&*upper, 2)] {
            let refused = answer_to(&house, Connecting { flags, ..Connecting::of(version, id) });
            let expected: &[u8] =
                if version == 5 { &[0x20, 3, 0, 0x85, 0] } else { &[0x20, 2, 0, 2] };
            assert_eq!(refused.await, expected, "v{version}: {id:.9?}");
        }
        for id in [&b"\xFF\xFE"[..], b"\xED\xA0\x80", b"gate\0"] {
            let refused = answer_to(&house, Connecting { id, ..Connecting::of(version, "") });
            let expected: &[u8] = if version == 5 { &[0x20, 3, 0, 0x81, 0] } else { &[] };
            assert_eq!(refused.await, expected, "v{version}: {id:?}");
        }
    }
    house.counted(&[(Cause::ClientId, 10), (Cause::Malformed, 6)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connect_that_cannot_be_read_has_an_answer_in_mqtt_5_only() {
    let house = House::open();
    let id = gate_id().to_string();
    let presence = text(&Topic::Up(gate_id(), Up::Presence).to_string());
    for version in BOTH {
        let no_properties = if version == 5 { &[0][..] } else { &[] };
        let will = [no_properties, &presence, &text("will")].concat();
        let of = Connecting::of(version, &id);
        let broken = [
            // A reserved flag, details of no will, a will with QoS 3.
            Connecting { flags: 3, ..Connecting::of(version, &id) },
            Connecting { flags: 2 | 0x08, ..Connecting::of(version, &id) },
            Connecting { flags: 2 | 0x20, ..Connecting::of(version, &id) },
            Connecting { flags: 2 | 0x1C, rest: &will, ..Connecting::of(version, &id) },
            // A will, a user name and a password that are not there, and something that is.
            Connecting { flags: 2 | 0x04, ..Connecting::of(version, &id) },
            Connecting { flags: 2 | 0x80, ..Connecting::of(version, &id) },
            Connecting { flags: 2 | 0xC0, rest: &text("name"), ..Connecting::of(version, &id) },
            Connecting { rest: &[0], ..of },
        ];
        let expected: &[u8] = if version == 5 { &[0x20, 3, 0, 0x81, 0] } else { &[] };
        for connecting in broken {
            assert_eq!(answer_to(&house, connecting).await, expected, "{:?}", connecting.bytes());
        }
    }
    house.counted(&[(Cause::Malformed, 16)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn user_name_and_password_are_read_and_decide_nothing() {
    let house = House::open();
    let id = gate_id().to_string();
    for version in BOTH {
        let binary = [&text("somebody else")[..], &[0, 2, 0xFF, 0]].concat();
        for (flags, rest) in [(0x82, &text("name")[..]), (0xC2, &binary)] {
            let named = Connecting { flags, rest, ..Connecting::of(version, &id) };
            let_in(&house, named).await.ping().await;
        }
    }
    let password = text("password");
    let alone =
        |version| Connecting { flags: 0x42, rest: &password, ..Connecting::of(version, &id) };
    let_in(&house, alone(5)).await.ping().await;
    assert!(answer_to(&house, alone(4)).await.is_empty(), "MQTT 3.1.1 wants a name with it");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_session_outlives_its_connection() {
    let house = House::open();
    let id = gate_id().to_string();
    for version in BOTH {
        let mut service = Raw::service(&house, version).await;
        // Session expiry: an hour.
        let asked = [0x11, 0, 0, 0x0E, 0x10];
        let of = Connecting::of(version, &id);
        let unclean = Connecting { flags: 0, properties: &asked, ..of };
        let mut gate = let_in(&house, unclean).await;
        gate.send(&subscribe(version, 1, &[(trigger(), 1)])).await;
        assert_eq!(gate.packet().await[0], 0x90);
        gate.send(&[0xE0, 0]).await;
        assert!(gate.rest().await.is_empty());
        let mut gate = let_in(&house, unclean).await;
        service.send(&publish(version, &trigger(), b"for nobody", 1, false)).await;
        assert_eq!(service.packet().await, [0x40, 2, 0, 7]);
        gate.ping().await;
    }
    house.counted(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keep_alive_of_zero_is_let_in() {
    let house = House::open();
    for version in BOTH {
        let id = gate_id().to_string();
        let patient = Connecting { keep_alive: 0, ..Connecting::of(version, &id) };
        let_in(&house, patient).await.ping().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn properties_of_connect_are_taken_and_wrong_ones_named() {
    let house = House::open();
    let id = gate_id().to_string();
    let of = |properties| Connecting { properties, ..Connecting::of(5, &id) };
    let all = [
        &[0x11, 0xFF, 0xFF, 0xFF, 0xFF, 0x17, 0, 0x19, 1, 0x21, 0, 9, 0x22, 0, 5][..],
        &[0x27, 0, 0, 0x10, 0],
        &user_property(),
        &user_property(),
    ]
    .concat();
    let mut gate = Raw::dial(&house, &house.gate(1), 5).await;
    gate.send(&of(&all).bytes()).await;
    let connack = gate.packet().await;
    assert_eq!(connack[3], 0);
    // No session, no alias, and no response information though it was asked for.
    assert_eq!(connack[5..10], [0x11, 0, 0, 0, 0]);
    assert!(connack.windows(3).any(|property| property == [0x22, 0, 0]));
    assert_eq!(connack.len(), 5 + 26, "nothing else");
    gate.ping().await;

    let method = [vec![0x15], text("SCRAM-SHA-1")].concat();
    for (properties, code) in [
        (&method[..], 0x8C),
        // Data of no method, a window of none, packets of no size, the same twice, a flag of 2.
        (&[0x16, 0, 1, 7], 0x82),
        (&[0x21, 0, 0], 0x82),
        (&[0x27, 0, 0, 0, 0], 0x82),
        (&[0x21, 0, 1, 0x21, 0, 1], 0x82),
        (&[0x17, 2], 0x82),
        // No room for our CONNACK.
        (&[0x27, 0, 0, 0, 63], 0x95),
        // A property of PUBLISH, of nobody, and cut.
        (&[0x23, 0, 1], 0x81),
        (&[0x7F], 0x81),
        (&[0x21, 0], 0x81),
    ] {
        let refused = answer_to(&house, of(properties)).await;
        assert_eq!(refused, [0x20, 3, 0, code, 0], "{properties:?}");
    }
    let counts = [
        (Cause::Authentication, 1),
        (Cause::Protocol, 5),
        (Cause::TooLargeForClient, 1),
        (Cause::Malformed, 3),
    ];
    house.counted(&counts).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_s_receive_maximum_is_kept() {
    let house = House::open();
    let id = gate_id().to_string();
    let mut service = Raw::service(&house, 4).await;
    for (maximum, window) in [(1, 1), (3, 3), (255, 8)] {
        let properties = [0x21, 0, maximum];
        let of = Connecting::of(5, &id);
        let mut gate = let_in(&house, Connecting { properties: &properties, ..of }).await;
        gate.send(&subscribe(5, 1, &[(trigger(), 1)])).await;
        assert_eq!(gate.packet().await[0], 0x90);
        for number in 0..10 {
            service.send(&publish(4, &trigger(), &[number], 1, false)).await;
            assert_eq!(service.packet().await, [0x40, 2, 0, 7]);
        }
        let mut open = Vec::new();
        for number in 0..10_u8 {
            if open.len() == window {
                // Were there more, it would come before the answer.
                gate.ping().await;
                gate.send(&puback(open.remove(0))).await;
            }
            let (_, packet_id, payload) = publish_parts(5, &gate.packet().await);
            assert_eq!(payload, [number], "nothing is lost");
            open.push(packet_id.expect("QoS 1"));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_s_maximum_packet_size_is_kept() {
    let house = House::open();
    let id = gate_id().to_string();
    let mut service = Raw::service(&house, 5).await;
    let smallest = Connecting { properties: &[0x27, 0, 0, 0, 200], ..Connecting::of(5, &id) };
    let mut gate = let_in(&house, smallest).await;
    gate.send(&subscribe(5, 1, &[(trigger(), 1)])).await;
    assert_eq!(gate.packet().await[0], 0x90);
    let overhead = packet(0x32, &publish(5, &trigger(), b"", 1, false)[2..]).len() + 1;
    for fits in [true, false, true] {
        let payload = vec![b'x'; 200 - overhead + usize::from(!fits)];
        service.send(&publish(5, &trigger(), &payload, 1, false)).await;
        assert_eq!(service.packet().await, [0x40, 2, 0, 7]);
        if fits {
            let packet = gate.packet().await;
            assert_eq!(packet.len(), 200);
        }
    }
    gate.ping().await;
    house.counted(&[(Cause::TooLargeForClient, 1)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_will_with_a_delay_and_properties_is_said_at_once_and_without_them() {
    let house = House::open();
    let id = gate_id().to_string();
    let presence = Topic::Up(gate_id(), Up::Presence).to_string();
    let mut service = Raw::service(&house, 5).await;
    // A delay of an hour, text, an expiry; the session ends with its connection, and so the delay.
    let properties =
        [&[0x18, 0, 0, 0x0E, 0x10, 1, 1, 2, 0, 0, 0, 9][..], &user_property()].concat();
    let rest = [
        &[u8::try_from(properties.len()).expect("short")],
        &properties[..],
        &text(&presence),
        &text("will"),
    ]
    .concat();
    let of = Connecting::of(5, &id);
    let_in(&house, Connecting { flags: 2 | 4 | 8, rest: &rest, ..of }).await.vanish();
    assert_eq!(service.message().await, (presence, b"will".to_vec()));
}

#[tokio::test(flavor = "multi_thread")]
async fn wildcards_are_on_offer_to_the_service_alone() {
    let house = House::open();
    let clients = [(house.gate(1), gate_id().to_string()), (house.service(), "service-1".into())];
    for ((certificate, id), on_offer) in clients.into_iter().zip([0, 1]) {
        let mut raw = Raw::dial(&house, &certificate, 5).await;
        raw.send(&Connecting::of(5, &id).bytes()).await;
        let connack = raw.packet().await;
        assert!(connack.windows(4).any(|properties| properties == [0x28, on_offer, 0x29, 0]));
    }
}
