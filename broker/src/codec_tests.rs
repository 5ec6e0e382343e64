//! What is cut out of a stream, what is refused before the codec sees it, and what we write.

use bytes::BufMut;

use super::*;

const BOTH: [Version; 2] = [Version::V4, Version::V5];

fn cut_all(bytes: &[u8]) -> Result<Option<BytesMut>, Cause> {
    cut_packet(&mut BytesMut::from(bytes))
}

#[test]
fn a_packet_is_cut_only_when_it_is_complete() {
    let whole = [0x30, 4, 0, 1, b'a', b'x', 0xC0, 0];
    for end in 0..6 {
        assert_eq!(cut_all(&whole[..end]), Ok(None));
    }
    let mut stream = BytesMut::from(&whole[..]);
    assert_eq!(cut_packet(&mut stream).unwrap().unwrap(), whole[..6]);
    assert_eq!(cut_packet(&mut stream).unwrap().unwrap(), whole[6..]);
}

#[test]
fn what_no_client_may_send_is_refused_by_its_first_byte() {
    for first in 0..=0xFF_u8 {
        let expected = match (first >> 4, first & 0xF) {
            (3, flags) if flags & 1 == 1 => Err(Cause::Retain),
            (3, flags) if flags & 6 == 4 => Err(Cause::Qos),
            (3, flags) if flags & 6 == 6 => Err(Cause::Malformed),
            (3, _) | (4 | 12 | 14, 0) | (8 | 10, 2) => Ok(None),
            _ => Err(Cause::Malformed),
        };
        assert_eq!(cut_all(&[first]), expected, "{first:#x}");
    }
}

#[test]
fn a_packet_of_4096_bytes_passes_and_one_more_does_not() {
    let mut largest = vec![0x30, 0xFD, 0x1F];
    largest.resize(4096, 0);
    assert_eq!(cut_all(&largest).unwrap().unwrap().len(), 4096);
    assert_eq!(cut_all(&[0x30, 0xFE, 0x1F]), Err(Cause::TooLarge));
    assert_eq!(cut_all(&[0x30, 0xFF, 0xFF, 0xFF, 0xFF, 1]), Err(Cause::Malformed));
}

#[test]
fn the_level_decides_the_version() {
    let connect = |level| [0x10, 12, 0, 4, b'M', b'Q', b'T', b'T', level, 2, 0, 0, 0, 0];
    assert_eq!(version_of(&connect(4)), Ok(Version::V4));
    assert_eq!(version_of(&connect(5)), Ok(Version::V5));
    assert_eq!(version_of(&connect(3)), Err((Cause::Version, Some(Version::V4))));
    assert_eq!(version_of(&connect(6)), Err((Cause::Version, Some(Version::V5))));
    let old = b"\x10\x0e\0\x06MQIsdp\x03\x02\0\0\0\0";
    assert_eq!(version_of(old), Err((Cause::Version, Some(Version::V4))));
    assert_eq!(version_of(b"\x10\x06GET / "), Err((Cause::Malformed, None)));
}

#[test]
fn a_goodbye_may_be_short() {
    let read = |version: Version, bytes: &[u8]| version.read(BytesMut::from(bytes));
    for version in BOTH {
        let goodbye = read(version, &[0xE0, 0]);
        assert!(matches!(goodbye, Ok(Received::Disconnect { with_will: false })));
    }
    for with_will in [&[0xE0, 1, 4][..], &[0xE0, 2, 4, 0]] {
        let goodbye = read(Version::V5, with_will);
        assert!(matches!(goodbye, Ok(Received::Disconnect { with_will: true })));
        assert_eq!(read(Version::V4, with_will).unwrap_err(), Cause::Malformed);
    }
}

#[test]
fn every_refusal_of_a_connect_can_be_written() {
    use rumqttd::protocol::ConnAck;
    for (version, cause) in BOTH.into_iter().flat_map(|v| Cause::ALL.map(|cause| (v, cause))) {
        let mut out = BytesMut::new();
        let refusal = ConnAck { session_present: false, code: cause.connack(version) };
        version.write(Packet::ConnAck(refusal, None), &mut out);
        assert_eq!((out[0], out[2]), (0x20, 0), "{cause}");
        assert_ne!(out[3], 0, "{cause}");
    }
}

#[test]
fn packet_id_zero_is_malformed() {
    let subscribe = [0x82, 6, 0, 0, 0, 1, b'a', 1];
    let unsubscribe = [0xA2, 5, 0, 0, 0, 1, b'a'];
    let publish = [0x32, 6, 0, 1, b'a', 0, 0, b'x'];
    for packet in [&subscribe[..], &unsubscribe, &publish] {
        let read = Version::V4.read(BytesMut::from(packet));
        assert_eq!(read.unwrap_err(), Cause::Malformed);
    }
}

/// A cheap generator of noise: the tests must be the same every time.
fn noise(seed: &mut u64) -> u8 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    seed.to_be_bytes()[0]
}

#[test]
fn no_noise_makes_the_codec_panic() {
    let mut seed = 7;
    for round in 0..200_000_u32 {
        let first = [0x10, 0x30, 0x32, 0x40, 0x82, 0xA2, 0xC0, 0xE0][round as usize % 8];
        let length = noise(&mut seed) % 40;
        let mut packet = BytesMut::from(&[first, length][..]);
        let known: &[u8] = if first == 0x10 { b"\0\x04MQTT\x05\x06\0\x14" } else { b"\0\x01a" };
        packet.extend(known.iter().copied().take(length.into()));
        while packet.len() < 2 + usize::from(length) {
            let small = !noise(&mut seed).is_multiple_of(3);
            let byte = noise(&mut seed);
            packet.put_u8(if small { byte % 45 } else { byte });
        }
        for version in BOTH {
            if first == 0x10 {
                let _ = version.read_connect(packet.clone());
            } else {
                let _ = version.read(packet.clone());
            }
        }
    }
}
