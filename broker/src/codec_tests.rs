//! What is cut out of a stream, what is refused before the codec sees it, and what we write.

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
            (1 | 2 | 5 | 7 | 9 | 11 | 13 | 15, 0) | (6, 2) => Err(Cause::Protocol),
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

/// MQTT 3.1.1, table 3.1; MQTT 5, tables 3-1 and 3-13, as far as a server may send them.
#[test]
fn every_cause_has_codes_that_its_packet_may_carry() {
    use rumqttd::protocol::ConnAck;
    let may_refuse = |version, code: u8| match version {
        Version::V4 => matches!(code, 1..=5),
        Version::V5 => {
            matches!(code, 0x80..=0x8A | 0x8C | 0x90 | 0x95 | 0x97 | 0x99..=0x9D | 0x9F)
        }
    };
    let may_end =
        |code: u8| matches!(code, 0x80..=0x83 | 0x87 | 0x89 | 0x8B | 0x8D..=0x90 | 0x93..=0xA2);
    for (version, cause) in BOTH.into_iter().flat_map(|v| Cause::ALL.map(|cause| (v, cause))) {
        let mut out = BytesMut::new();
        match cause.connack(version) {
            Some(code) => {
                let refusal = ConnAck { session_present: false, code };
                version.write(Packet::ConnAck(refusal, None), &mut out);
                assert_eq!((out[0], out[2]), (0x20, 0), "{cause}");
                assert!(may_refuse(version, out[3]), "{cause}: {:#x}", out[3]);
            }
            None => assert_eq!((version, cause), (Version::V4, Cause::Malformed)),
        }
        assert!(may_end(cause.disconnect()), "{cause}: {:#x}", cause.disconnect());
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

#[test]
fn a_body_ends_where_its_lengths_say() {
    let read = |version: Version, bytes: &[u8]| version.read(BytesMut::from(bytes));
    let refused = [
        (Version::V4, &[0xC0, 1, 0][..]),
        (Version::V4, &[0x40, 3, 0, 1, 0]),
        (Version::V4, &[0x30, 3, 0, 2, b'a']),
        // A second byte of options, and options of MQTT 5.
        (Version::V4, &[0x82, 7, 0, 1, 0, 1, b'a', 1, 0]),
        (Version::V4, &[0x82, 6, 0, 1, 0, 1, b'a', 4]),
        (Version::V5, &[0x82, 7, 0, 1, 0, 0, 1, b'a', 0x41]),
        (Version::V5, &[0x82, 7, 0, 1, 0, 0, 1, b'a', 0x30]),
        // Properties that reach into the payload, and one that is cut by their end.
        (Version::V5, &[0x30, 6, 0, 1, b'a', 9, 1, 1]),
        (Version::V5, &[0x30, 6, 0, 1, b'a', 1, 1, 1]),
        // A property of CONNECT.
        (Version::V5, &[0x30, 7, 0, 1, b'a', 3, 33, 0, 1]),
        (Version::V5, &[0xE0, 3, 0, 2, 31]),
    ];
    for (version, packet) in refused {
        assert_eq!(read(version, packet).unwrap_err(), Cause::Malformed, "{packet:?}");
    }
    let twice = [0x30, 8, 0, 1, b'a', 4, 1, 1, 1, 1];
    assert_eq!(read(Version::V5, &twice).unwrap_err(), Cause::Protocol);
}
