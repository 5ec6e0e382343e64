//! Noise on the wire: no packet, right or broken, makes the codec or the broker stumble.
//!
//! The seed is fixed, and printed when something fails; `FUZZ_SEED` and `FUZZ_PACKETS` vary it.

use std::env;
use std::fmt::Display;
use std::fs;
use std::path::Path;
use std::str::FromStr;

use broker::fuzzing::{feed, read_connect, read_packets};
use broker::{Cause, Config, Health};
use protocol::{Down, GateId, Topic, Up};

use crate::house::{House, gate};
use crate::noise::Noise;
use crate::raw::{BOTH, Raw, client_config, puback, publish, publish_parts, subscribe};

/// A number that the environment may set.
fn setting<T: FromStr + Display>(name: &str, default: T) -> T {
    let number = env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default);
    println!("{name}={number}");
    number
}

fn topics(number: u8) -> Vec<String> {
    let id = GateId::parse(&gate(number).to_string()).expect("an id");
    let ups = Up::ALL.map(|up| Topic::Up(id.clone(), up).to_string());
    let downs = Down::ALL.map(|down| Topic::Down(id.clone(), down).to_string());
    ups.into_iter().chain(downs).collect()
}

#[test]
fn a_million_packets_by_chance_are_taken_or_refused_and_never_panic() {
    let (seed, count) = (setting("FUZZ_SEED", 1), setting("FUZZ_PACKETS", 1_000_000));
    let mut noise = Noise::new(seed);
    let names = [topics(1), ["", "#", "é/x", "$share/g/a"].map(str::to_owned).to_vec()].concat();
    let mut taken = 0;
    for _ in 0..count {
        let version = noise.pick(&BOTH);
        let is_connect = noise.one_in(8);
        let whole = if is_connect {
            let id = noise.name(&names);
            noise.connect(version, id, &names)
        } else {
            noise.packet(version, &names)
        };
        let is_broken = noise.one_in(2);
        let bytes = if is_broken { noise.broken(whole) } else { whole };
        let read = if is_connect {
            read_connect(&bytes).map(usize::from)
        } else {
            let read = read_packets(version == 5, [&bytes[..]]);
            let pieces = read_packets(version == 5, bytes.chunks(1 + noise.below(8)));
            assert_eq!(read, pieces, "in pieces, v{version}: {bytes:?}");
            read
        };
        assert!(is_broken || read == Ok(1), "v{version}: {read:?} for {bytes:?}");
        taken += usize::from(read.is_ok());
    }
    assert!(count / 2 <= taken && taken < count, "{taken} of {count} were taken");
}

/// One gate sends noise over one connection after the other, while another is opened and asked.
#[tokio::test(flavor = "multi_thread")]
async fn a_gate_that_sends_noise_disturbs_no_other() {
    let (seed, count) = (setting("FUZZ_SEED", 1), setting("FUZZ_PACKETS", 1_000_000) / 40);
    let config = Config { gate_packets_per_second: 1_000_000, ..Config::default() };
    let house = House::open_with(config);
    let mut service = Raw::connect(&house, &house.service(), 4, "service-1").await;
    let trigger = Topic::Down(GateId::parse(&gate(2).to_string()).expect("an id"), Down::Trigger);
    let trigger = trigger.to_string();
    let mut good = Raw::gate(&house, 2, 5).await;
    good.send(&subscribe(5, 1, &[(trigger.clone(), 1)])).await;
    assert_eq!(good.packet().await[0], 0x90);

    let mut noise = Noise::new(seed);
    let certificate = house.gate(1);
    let tls = client_config(&house.ca, Some(&certificate), rustls::ALL_VERSIONS);
    let (id, own) = (gate(1).to_string(), topics(1));
    let presence = [Topic::Up(GateId::parse(&id).expect("an id"), Up::Presence).to_string()];
    let mut sent = 0;
    while sent < count {
        let version = noise.pick(&BOTH);
        let mut stream = noise.connect(version, &id, &presence);
        if noise.one_in(8) {
            stream = noise.broken(stream);
        }
        for _ in 0..10 {
            let packet = noise.packet(version, &own);
            stream.extend(if noise.one_in(10) { noise.broken(packet) } else { packet });
            sent += 1;
        }
        let mut bad = Raw::dial_with(&house, tls.clone(), version).await;
        bad.try_send(&stream).await;
        bad.hang_up().await;
        // The good gate is there and can be opened.
        service.send(&publish(4, &trigger, b"open", 1, false)).await;
        assert_eq!(service.packet().await, [0x40, 2, 0, 7]);
        let (_, packet_id, payload) = publish_parts(5, &good.packet().await);
        assert_eq!(payload, b"open");
        good.send(&puback(packet_id.expect("QoS 1"))).await;
        good.ping().await;
    }
    assert_eq!((house.count_of(Cause::Fault), house.door.health()), (0, Health::Good));
    // It got as far as to be refused for all kinds of things.
    for cause in [Cause::Malformed, Cause::Protocol, Cause::Topic, Cause::Filter, Cause::StrayAck] {
        assert!(0 < house.count_of(cause), "{cause}");
    }
}

/// What the fuzzer found interesting stays read, see `fuzz/README.md`.
#[test]
fn the_fuzzer_s_corpus_is_read_without_a_panic() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus/codec");
    let mut inputs = 0;
    for entry in fs::read_dir(&folder).expect("the corpus is there") {
        feed(&fs::read(entry.expect("a file").path()).expect("it is readable"));
        inputs += 1;
    }
    assert!(20 <= inputs, "only {inputs} inputs");
}
