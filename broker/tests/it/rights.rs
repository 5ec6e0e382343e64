//! Who may publish, subscribe and leave a will where: every name that stands near a right one,
//! for every client, in both versions. What is refused reaches nobody.

use authority::Issued;
use broker::{Cause, Config};
use protocol::{Down, GateId, Topic, Up};

use crate::house::{House, gate, until};
use crate::raw::{BOTH, Raw, connect, puback, publish, publish_parts, publish_with, subscribe};

/// The gates of this story: the one that tries, its victim, and a third that tells when it is over.
const SELF: u8 = 1;
const VICTIM: u8 = 2;
const THIRD: u8 = 3;

fn id(number: u8) -> GateId {
    GateId::parse(&gate(number).to_string()).expect("an id")
}

fn ups(id: &GateId) -> Vec<String> {
    Up::ALL.map(|up| Topic::Up(id.clone(), up).to_string()).to_vec()
}

fn downs(id: &GateId) -> Vec<String> {
    Down::ALL.map(|down| Topic::Down(id.clone(), down).to_string()).to_vec()
}

/// The topics of both gates, and of one whose name begins like the first one's.
fn topics() -> Vec<String> {
    let longer = GateId::parse(&format!("{}x", gate(SELF))).expect("an id");
    [id(SELF), id(VICTIM), longer].iter().flat_map(|id| [ups(id), downs(id)].concat()).collect()
}

/// All names that are tried: the topics, what can be made of each, and what is no topic at all.
fn names() -> Vec<String> {
    let mut names = topics();
    for topic in topics() {
        let (gate, word) = topic.rsplit_once('/').expect("a word");
        names.extend([
            format!("{topic}/x"),
            format!("{topic}/"),
            format!("{topic}/#"),
            format!("/{topic}"),
            format!("$share/g/{topic}"),
            format!("$SYS/{topic}"),
            format!("{gate}/+"),
            format!("{gate}/#"),
            format!("{gate}/{}", word.to_uppercase()),
            format!("{gate}/{word}é"),
            format!("é{topic}"),
        ]);
    }
    let all_gates = Up::ALL.map(Up::of_all_gates);
    let all_gates_down = Down::ALL.map(|down| format!("fluss/v1/gates/+/{}", down.as_str()));
    names.extend(all_gates.into_iter().chain(all_gates_down));
    let none = ["", "#", "+", "+/#", "$SYS/#", "$SYS/broker/uptime", "$share/g/#", "edge/echo"];
    names.extend(none.map(str::to_owned));
    names.extend(["é/x", "fluss", "fluss/v1/gates/#"].map(str::to_owned));
    names.sort();
    names.dedup();
    names
}

/// What must have been counted when all was tried.
#[derive(Default)]
struct Expected(Vec<(Cause, u64)>);

impl Expected {
    fn add(&mut self, cause: Cause) {
        match self.0.iter_mut().find(|(of, _)| *of == cause) {
            Some((_, count)) => *count += 1,
            None => self.0.push((cause, 1)),
        }
    }
}

/// The victim and the service, who listen all the time.
struct Listeners {
    victim: Raw,
    third: Raw,
    service: Raw,
}

impl Listeners {
    async fn of(house: &House, version: u8) -> Self {
        let service = Raw::service(house, version).await;
        let mut victim = Raw::gate(house, VICTIM, version).await;
        let filters: Vec<_> = downs(&id(VICTIM)).into_iter().map(|topic| (topic, 1)).collect();
        victim.send(&subscribe(version, 1, &filters)).await;
        assert_eq!(victim.packet().await[0], 0x90);
        Self { victim, third: Raw::gate(house, THIRD, version).await, service }
    }

    /// The first that they hear is what the third gate says now, and the service to the victim.
    async fn heard_nothing(&mut self) {
        let said = &ups(&id(THIRD))[0];
        self.third.send(&publish(self.third.version, said, b"over", 0, false)).await;
        assert_eq!(self.service.message().await, (said.clone(), b"over".to_vec()));
        let told = &downs(&id(VICTIM))[0];
        self.service.send(&publish(self.service.version, told, b"over", 0, false)).await;
        assert_eq!(self.victim.message().await, (told.clone(), b"over".to_vec()));
    }
}

async fn sends(house: &House, who: &Issued, client_id: &str, version: u8, bytes: &[u8]) -> Raw {
    let mut raw = Raw::connect(house, who, version, client_id).await;
    raw.send(bytes).await;
    raw
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gate_publishes_its_own_topics_and_is_sent_away_for_any_other() {
    let house = House::open();
    let (certificate, client_id) = (house.gate(SELF), gate(SELF).to_string());
    let mut expected = Expected::default();
    for version in BOTH {
        let mut listeners = Listeners::of(&house, version).await;
        for name in names().iter().filter(|name| !ups(&id(SELF)).contains(name)) {
            for qos in [0, 1] {
                let bytes = publish(version, name, b"never", qos, false);
                let mut gate = sends(&house, &certificate, &client_id, version, &bytes).await;
                gate.is_disconnected(0x87, name).await;
                expected.add(Cause::Topic);
            }
        }
        listeners.heard_nothing().await;
        for topic in ups(&id(SELF)) {
            for qos in [0, 1] {
                let bytes = publish(version, &topic, b"mine", qos, false);
                let mut gate = sends(&house, &certificate, &client_id, version, &bytes).await;
                if qos == 1 {
                    assert_eq!(gate.packet().await, [0x40, 2, 0, 7], "{topic}");
                }
                gate.send(&[0xE0, 0]).await;
                let heard = listeners.service.packet().await;
                let (from, packet_id, payload) = publish_parts(version, &heard);
                assert_eq!((from, payload), (topic.clone(), b"mine".to_vec()));
                if let Some(packet_id) = packet_id {
                    listeners.service.send(&puback(packet_id)).await;
                }
            }
        }
        listeners.heard_nothing().await;
        drop(listeners);
        until(|| house.door.connected() == 0).await;
    }
    house.counted(&expected.0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn retained_qos_2_and_aliased_publishes_end_the_connection_whatever_their_topic() {
    let house = House::open();
    let (certificate, client_id) = (house.gate(SELF), gate(SELF).to_string());
    let mut expected = Expected::default();
    for version in BOTH {
        let mut listeners = Listeners::of(&house, version).await;
        for topic in topics() {
            let mut wrong = vec![
                (0x31, &[][..], 0x9A, Cause::Retain),
                (0x33, &[], 0x9A, Cause::Retain),
                (0x34, &[], 0x9B, Cause::Qos),
            ];
            if version == 5 {
                wrong.push((0x30, &[0x23, 0, 1], 0x94, Cause::TopicAlias));
            }
            for (first, properties, code, cause) in wrong {
                let bytes = publish_with(version, first, topic.as_bytes(), properties, b"never");
                let mut gate = sends(&house, &certificate, &client_id, version, &bytes).await;
                gate.is_disconnected(code, &topic).await;
                expected.add(cause);
            }
        }
        listeners.heard_nothing().await;
        drop(listeners);
        until(|| house.door.connected() == 0).await;
    }
    house.counted(&expected.0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gate_subscribes_to_its_own_topics_and_stays_when_refused() {
    let config = Config { gate_packets_per_second: 1_000, ..Config::default() };
    let house = House::open_with(config);
    let mut expected = Expected::default();
    for version in BOTH {
        let mut gate = Raw::gate(&house, SELF, version).await;
        let no = if version == 5 { 0x87 } else { 0x80 };
        for qos in 0..=2 {
            for filters in names().chunks(20) {
                let asked: Vec<_> = filters.iter().map(|name| (name.clone(), qos)).collect();
                gate.send(&subscribe(version, 9, &asked)).await;
                let suback = gate.packet().await;
                let codes = &suback[suback.len() - filters.len()..];
                for (filter, code) in filters.iter().zip(codes) {
                    let is_own = downs(&id(SELF)).contains(filter);
                    assert_eq!(*code, if is_own { qos.min(1) } else { no }, "{filter}");
                    if !is_own {
                        expected.add(Cause::Filter);
                    }
                }
            }
        }
        // What is said to others and by others does not come here; what is said to it does.
        let mut listeners = Listeners::of(&house, version).await;
        listeners.heard_nothing().await;
        gate.ping().await;
        for topic in downs(&id(SELF)) {
            listeners.service.send(&publish(version, &topic, b"for you", 0, false)).await;
            assert_eq!(gate.message().await, (topic, b"for you".to_vec()));
        }
        drop((gate, listeners));
        until(|| house.door.connected() == 0).await;
    }
    house.counted(&expected.0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_hears_all_gates_and_publishes_down_only() {
    let house = House::open();
    let certificate = house.service();
    let mut expected = Expected::default();
    let all_down: Vec<_> = topics()
        .into_iter()
        .filter(|topic| Down::ALL.iter().any(|down| topic.ends_with(down.as_str())))
        .collect();
    for version in BOTH {
        let mut listeners = Listeners::of(&house, version).await;
        let mut service = Raw::connect(&house, &certificate, version, "service-2").await;
        for topic in &all_down {
            service.send(&publish(version, topic, b"x", 1, false)).await;
            assert_eq!(service.packet().await, [0x40, 2, 0, 7], "{topic}");
        }
        for topic in downs(&id(VICTIM)) {
            let (heard, packet_id, _) = publish_parts(version, &listeners.victim.packet().await);
            assert_eq!(heard, topic);
            listeners.victim.send(&puback(packet_id.expect("QoS 1"))).await;
        }
        let no = if version == 5 { 0x87 } else { 0x80 };
        for filters in names().chunks(20) {
            let asked: Vec<_> = filters.iter().map(|name| (name.clone(), 1)).collect();
            service.send(&subscribe(version, 9, &asked)).await;
            let suback = service.packet().await;
            let codes = &suback[suback.len() - filters.len()..];
            for (filter, code) in filters.iter().zip(codes) {
                let may = Up::ALL.iter().any(|up| up.of_all_gates() == *filter);
                assert_eq!(*code, if may { 1 } else { no }, "{filter}");
                if !may {
                    expected.add(Cause::Filter);
                }
            }
        }
        for name in names().iter().filter(|name| !all_down.contains(name)) {
            let bytes = publish(version, name, b"never", 1, false);
            let mut service = sends(&house, &certificate, "service-3", version, &bytes).await;
            service.is_disconnected(0x87, name).await;
            expected.add(Cause::Topic);
        }
        listeners.heard_nothing().await;
        drop((service, listeners));
        until(|| house.door.connected() == 0).await;
    }
    house.counted(&expected.0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_will_is_for_the_gate_s_own_presence_only() {
    let house = House::open();
    let own = Topic::Up(id(SELF), Up::Presence).to_string();
    let clients =
        [(house.gate(SELF), gate(SELF).to_string()), (house.service(), "service-2".to_owned())];
    let mut expected = Expected::default();
    for version in BOTH {
        let mut listeners = Listeners::of(&house, version).await;
        for (certificate, client_id) in &clients {
            for name in &names() {
                let is_own = *name == own && !client_id.starts_with("service");
                let refused: &[_] = if is_own {
                    &[(0, true, 0x9A, Cause::Retain), (2, false, 0x9B, Cause::Qos)]
                } else {
                    &[(1, false, 0x87, Cause::Will)]
                };
                for &(qos, retain, code, cause) in refused {
                    let mut raw = Raw::dial(&house, certificate, version).await;
                    let will = Some((name.as_str(), &b"never"[..], qos, retain));
                    raw.send(&connect(version, client_id, 20, will)).await;
                    let told: &[u8] =
                        if version == 5 { &[0x20, 3, 0, code, 0] } else { &[0x20, 2, 0, 5] };
                    assert_eq!(raw.rest().await, told, "{name}");
                    expected.add(cause);
                }
            }
        }
        listeners.heard_nothing().await;
        for qos in [0, 1] {
            let (certificate, client_id) = &clients[0];
            let mut gate = Raw::dial(&house, certificate, version).await;
            let will = Some((own.as_str(), &b"gone"[..], qos, false));
            gate.send(&connect(version, client_id, 20, will)).await;
            assert_eq!(gate.packet().await[3], 0);
            gate.vanish();
            let heard = listeners.service.packet().await;
            assert_eq!(heard[0], 0x30 | qos << 1);
        }
        drop(listeners);
        until(|| house.door.connected() == 0).await;
    }
    house.counted(&expected.0).await;
}
