//! Who may publish, subscribe and leave a will where: every pair, in both versions.

use broker::Cause;
use protocol::{Down, GateId, Topic, Up};

use crate::house::{House, gate};
use crate::raw::{BOTH, Raw, connect, packet, publish, subscribe};

fn topic_id(number: u8) -> GateId {
    GateId::parse(&gate(number).to_string()).expect("an id")
}

fn ups(number: u8) -> Vec<String> {
    Up::ALL.map(|up| Topic::Up(topic_id(number), up).to_string()).to_vec()
}

fn downs(number: u8) -> Vec<String> {
    Down::ALL.map(|down| Topic::Down(topic_id(number), down).to_string()).to_vec()
}

/// Topics and filters that nobody may use.
fn wild() -> Vec<String> {
    let own = &downs(1)[1];
    let mut wild = vec![format!("$share/g/{own}"), format!("{own}/x"), format!("/{own}")];
    let id = gate(1);
    wild.push(format!("fluss/v1/gates/{id}/#"));
    wild.push(format!("fluss/v1/gates/{id}/+"));
    wild.extend(["", "#", "+", "+/#", "$SYS/#", "edge/echo", "é/x"].map(str::to_owned));
    wild
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gate_publishes_its_own_topics_and_is_sent_away_for_any_other() {
    let house = House::open().await;
    for version in BOTH {
        for topic in ups(1) {
            let mut gate = Raw::gate(&house, 1, version).await;
            gate.send(&publish(version, &topic, b"x", 1, false)).await;
            assert_eq!(gate.packet().await, [0x40, 2, 0, 7], "{topic}");
        }
        let refused = house.count_of(Cause::Topic);
        let others = [downs(1), ups(2), downs(2), wild()].concat();
        for topic in &others {
            let mut gate = Raw::gate(&house, 1, version).await;
            gate.send(&publish(version, topic, b"x", 1, false)).await;
            gate.is_disconnected(0x87, topic).await;
        }
        assert_eq!(house.count_of(Cause::Topic), refused + others.len() as u64);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gate_subscribes_to_its_own_topics_and_stays_when_refused() {
    let house = House::open().await;
    for version in BOTH {
        let mut gate = Raw::gate(&house, 1, version).await;
        let others = [ups(1), ups(2), downs(2), wild()].concat();
        let filters = [downs(1), others.clone()].concat();
        let filters: Vec<_> = filters.into_iter().map(|filter| (filter, 2)).collect();
        gate.send(&subscribe(version, 9, &filters)).await;
        let suback = gate.packet().await;
        let codes = &suback[suback.len() - filters.len()..];
        let no = if version == 5 { 0x87 } else { 0x80 };
        assert_eq!(codes[..2], [1, 1], "QoS 2 becomes 1");
        assert_eq!(codes[2..], vec![no; others.len()]);
        gate.ping().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_hears_all_gates_and_publishes_down_only() {
    let house = House::open().await;
    for version in BOTH {
        let mut service = Raw::service(&house, version).await;
        for topic in [downs(1), downs(2)].concat() {
            service.send(&publish(version, &topic, b"x", 1, false)).await;
            assert_eq!(service.packet().await, [0x40, 2, 0, 7], "{topic}");
        }
        let filters = [ups(1), downs(1), wild()].concat();
        let filters: Vec<_> = filters.into_iter().map(|filter| (filter, 1)).collect();
        service.send(&subscribe(version, 9, &filters)).await;
        let suback = service.packet().await;
        let no = if version == 5 { 0x87 } else { 0x80 };
        assert_eq!(suback[suback.len() - filters.len()..], vec![no; filters.len()]);
        for topic in [ups(1), wild()].concat() {
            let mut service = Raw::service(&house, version).await;
            service.send(&publish(version, &topic, b"x", 1, false)).await;
            service.is_disconnected(0x87, &topic).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn retained_qos_2_and_aliased_publishes_end_the_connection() {
    let house = House::open().await;
    let own = &ups(1)[0];
    for version in BOTH {
        let mut gate = Raw::gate(&house, 1, version).await;
        gate.send(&publish(version, own, b"x", 1, true)).await;
        gate.is_disconnected(0x9A, "retain").await;
        let mut gate = Raw::gate(&house, 1, version).await;
        gate.send(&publish(version, own, b"x", 2, false)).await;
        gate.is_disconnected(0x9B, "QoS 2").await;
        let mut gate = Raw::gate(&house, 1, version).await;
        gate.send(&[0x30, 3, 0, 1, 0xFF]).await;
        // Without its properties the MQTT 5 packet is malformed before its topic is looked at.
        gate.is_disconnected(0x81, "not UTF-8").await;
    }
    let mut gate = Raw::gate(&house, 1, 5).await;
    let mut aliased = [&[0, u8::try_from(own.len()).expect("short")], own.as_bytes()].concat();
    aliased.extend([3, 0x23, 0, 1, b'x']);
    gate.send(&packet(0x30, &aliased)).await;
    gate.is_disconnected(0x94, "topic alias").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_will_is_for_the_gate_s_own_presence_only() {
    let house = House::open().await;
    let ups_of_1 = ups(1);
    let presence = ups_of_1[3].as_str();
    let id = gate(1).to_string();
    for version in BOTH {
        let other = [downs(1), ups(2), ups(1)[..3].to_vec(), wild()].concat();
        let refused = other.iter().map(|topic| ((topic.as_str(), 1, false), 0x87));
        let refused = refused.chain([((presence, 1, true), 0x9A), ((presence, 2, false), 0x9B)]);
        for ((topic, qos, retain), code) in refused {
            let mut gate = Raw::dial(&house, &house.gate(1), version).await;
            gate.send(&connect(version, &id, 20, Some((topic, b"x", qos, retain)))).await;
            let code = if version == 5 { code } else { 5 };
            assert_eq!(gate.packet().await[3], code, "{topic}");
            assert!(gate.rest().await.is_empty());
        }
        let mut gate = Raw::dial(&house, &house.gate(1), version).await;
        gate.send(&connect(version, &id, 20, Some((presence, b"x", 1, false)))).await;
        assert_eq!(gate.packet().await[3], 0);
    }
}
