//! Packets on the wire: cut out of the stream, judged by their first byte, then read as the
//! version that the client speaks has them.
//!
//! Reading is by hand: rumqttd's codec panics on packets that only a server may send, and takes
//! properties beyond their end, reserved bits and bytes after the end. Writing is rumqttd's.

use bytes::{Buf, Bytes, BytesMut};
use rumqttd::protocol::v4::V4;
use rumqttd::protocol::v5::V5;
use rumqttd::protocol::{Packet, Protocol, PubAck, PubAckReason};

use crate::cause::Cause;
use crate::config::MAX_PACKET_BYTES;
use crate::reader::{Properties, Reader, property};
use crate::router::{self, Message};

const CONNECT: u8 = 1;
const CONNACK: u8 = 2;
const PUBLISH: u8 = 3;
const PUBACK: u8 = 4;
const PUBREC: u8 = 5;
const PUBREL: u8 = 6;
const PUBCOMP: u8 = 7;
const SUBSCRIBE: u8 = 8;
const SUBACK: u8 = 9;
const UNSUBSCRIBE: u8 = 10;
const UNSUBACK: u8 = 11;
const PINGREQ: u8 = 12;
const PINGRESP: u8 = 13;
const DISCONNECT: u8 = 14;
const AUTH: u8 = 15;

/// What a client must take at least: our CONNACK.
const SMALLEST_MAX_PACKET: u32 = 64;

/// The version of MQTT that a client speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    V4,
    V5,
}

/// A CONNECT, as far as it matters here.
#[derive(Debug)]
pub(crate) struct Hail {
    pub(crate) client_id: String,
    pub(crate) keep_alive_seconds: u16,
    pub(crate) will: Option<Will>,
    pub(crate) receive_maximum: Option<u16>,
    pub(crate) max_packet_bytes: Option<u32>,
}

/// What a client wants to be said when it is gone.
#[derive(Debug)]
pub(crate) struct Will {
    pub(crate) topic: String,
    pub(crate) payload: Bytes,
    pub(crate) qos: u8,
    pub(crate) retain: bool,
}

/// A filter to subscribe to, and the QoS that is asked for.
#[derive(Debug)]
pub(crate) struct Filter {
    pub(crate) path: String,
    pub(crate) qos: u8,
}

/// A packet of a connected client.
#[derive(Debug)]
pub(crate) enum Received {
    Publish { topic: String, payload: Bytes, qos: u8, id: u16 },
    Ack { id: u16 },
    Subscribe { id: u16, filters: Vec<Filter> },
    Unsubscribe { id: u16, filters: Vec<String> },
    Ping,
    Disconnect { with_will: bool },
}

/// Cuts the CONNECT out of the stream, once it is complete.
pub(crate) fn cut_connect(stream: &mut BytesMut) -> Result<Option<BytesMut>, Cause> {
    match stream.first() {
        Some(0x10) => cut(stream),
        Some(_) => Err(Cause::Malformed),
        None => Ok(None),
    }
}

/// Cuts the next packet out of the stream, once it is complete.
pub(crate) fn cut_packet(stream: &mut BytesMut) -> Result<Option<BytesMut>, Cause> {
    let Some(first) = stream.first() else { return Ok(None) };
    let (kind, flags) = (first >> 4, first & 0xF);
    match (kind, flags) {
        (PUBLISH, flags) if flags & 1 == 1 => Err(Cause::Retain),
        (PUBLISH, flags) if flags & 6 == 4 => Err(Cause::Qos),
        (PUBLISH, flags) if flags & 6 == 6 => Err(Cause::Malformed),
        (PUBLISH, _) | (PUBACK | PINGREQ | DISCONNECT, 0) | (SUBSCRIBE | UNSUBSCRIBE, 2) => {
            cut(stream)
        }
        // A second CONNECT, what only a server sends, QoS 2, an authentication that was not agreed.
        (CONNECT | CONNACK | PUBREC | PUBCOMP | SUBACK | UNSUBACK | PINGRESP | AUTH, 0)
        | (PUBREL, 2) => Err(Cause::Protocol),
        _ => Err(Cause::Malformed),
    }
}

fn cut(stream: &mut BytesMut) -> Result<Option<BytesMut>, Cause> {
    let Some((header, body)) = lengths(stream)? else { return Ok(None) };
    if usize::from(MAX_PACKET_BYTES) < header + body {
        return Err(Cause::TooLarge);
    }
    Ok((header + body <= stream.len()).then(|| stream.split_to(header + body)))
}

/// The lengths of the header and of what follows it; nothing while more bytes are needed.
fn lengths(packet: &[u8]) -> Result<Option<(usize, usize)>, Cause> {
    let mut body = 0;
    for (place, byte) in packet.iter().skip(1).take(4).enumerate() {
        body |= usize::from(byte & 0x7F) << (7 * place);
        if byte & 0x80 == 0 {
            return Ok(Some((2 + place, body)));
        }
    }
    if 4 < packet.len() { Err(Cause::Malformed) } else { Ok(None) }
}

/// The version of a CONNECT; an unknown one is answered in the words of the nearest known one.
pub(crate) fn version_of(connect: &[u8]) -> Result<Version, (Cause, Option<Version>)> {
    const NAME: &[u8] = b"\0\x04MQTT";
    const OLD_NAME: &[u8] = b"\0\x06MQIsdp";
    let body = match lengths(connect) {
        Ok(Some((header, _))) => connect.get(header..).unwrap_or_default(),
        Ok(None) | Err(_) => return Err((Cause::Malformed, None)),
    };
    if body.starts_with(OLD_NAME) {
        return Err((Cause::Version, Some(Version::V4)));
    }
    match body.strip_prefix(NAME).and_then(|rest| rest.first()) {
        Some(4) => Ok(Version::V4),
        Some(5) => Ok(Version::V5),
        Some(0..4) => Err((Cause::Version, Some(Version::V4))),
        Some(_) => Err((Cause::Version, Some(Version::V5))),
        None => Err((Cause::Malformed, None)),
    }
}

impl Version {
    /// Reads a CONNECT of this version.
    pub(crate) fn read_connect(self, packet: BytesMut) -> Result<Hail, Cause> {
        const RESERVED: u8 = 1;
        const WILL: u8 = 4;
        const WILL_DETAILS: u8 = 0x38;
        const PASSWORD: u8 = 0x40;
        const USER_NAME: u8 = 0x80;
        let (_, mut body) = open(packet)?;
        // The protocol's name and level, by which this version was chosen.
        let _ = (body.text()?, body.byte()?);
        let flags = body.byte()?;
        let has = |flag| flags & flag != 0;
        let password_alone = has(PASSWORD) && !has(USER_NAME);
        if has(RESERVED) || !has(WILL) && has(WILL_DETAILS) || self == Self::V4 && password_alone {
            return Err(Cause::Malformed);
        }
        let keep_alive_seconds = body.two_bytes()?;
        let properties = self.read_properties(&mut body, property::OF_CONNECT)?;
        let client_id = body.text()?;
        let will = has(WILL).then(|| self.read_will(flags, &mut body)).transpose()?;
        // The certificate alone says who it is, but these must be what they say.
        if has(USER_NAME) {
            body.text()?;
        }
        if has(PASSWORD) {
            body.binary()?;
        }
        body.end()?;
        if properties.has(property::AUTHENTICATION_METHOD) {
            return Err(Cause::Authentication);
        }
        let receive_maximum = properties.number(property::RECEIVE_MAXIMUM);
        let receive_maximum = receive_maximum.and_then(|max| u16::try_from(max).ok());
        let max_packet_bytes = properties.number(property::MAXIMUM_PACKET_SIZE);
        if receive_maximum == Some(0)
            || max_packet_bytes == Some(0)
            || properties.has(property::AUTHENTICATION_DATA)
        {
            return Err(Cause::Protocol);
        }
        if max_packet_bytes.is_some_and(|max| max < SMALLEST_MAX_PACKET) {
            return Err(Cause::TooLargeForClient);
        }
        Ok(Hail { client_id, keep_alive_seconds, will, receive_maximum, max_packet_bytes })
    }

    /// Reads a packet that was cut out of the stream.
    pub(crate) fn read(self, packet: BytesMut) -> Result<Received, Cause> {
        let (first, body) = open(packet)?;
        match first >> 4 {
            PUBLISH => self.read_publish(first >> 1 & 3, body),
            PUBACK => self.read_ack(body),
            SUBSCRIBE => self.read_subscribe(body),
            UNSUBSCRIBE => self.read_unsubscribe(body),
            PINGREQ => body.end().map(|()| Received::Ping),
            DISCONNECT => self.read_disconnect(body),
            _ => Err(Cause::Protocol),
        }
    }

    /// Writes a packet; none that we make can fail.
    pub(crate) fn write(self, packet: Packet, to: &mut BytesMut) {
        let written = match self {
            Self::V4 => V4.write(packet, to),
            Self::V5 => V5.write(packet, to),
        };
        debug_assert!(written.is_ok(), "a packet of ours is not encodable");
    }

    pub(crate) fn write_publish(self, message: &Message, qos: u8, id: u16, to: &mut BytesMut) {
        self.write(Packet::Publish(router::publish(message, qos, id), None), to);
    }

    pub(crate) fn write_puback(self, pkid: u16, to: &mut BytesMut) {
        let reason = PubAckReason::Success;
        self.write(Packet::PubAck(PubAck { pkid, reason }, None), to);
    }

    /// Tells an MQTT 5 client why it is disconnected; older ones just see the line close.
    pub(crate) fn write_disconnect(self, cause: Cause, to: &mut BytesMut) {
        match self {
            Self::V4 => {}
            // By hand: the codec's own DISCONNECT is a byte too long or has lost its reason.
            Self::V5 => to.extend_from_slice(&[0xE0, 2, cause.disconnect(), 0]),
        }
    }

    fn read_will(self, flags: u8, body: &mut Reader) -> Result<Will, Cause> {
        self.read_properties(body, property::OF_WILL)?;
        let (topic, payload) = (body.text()?, body.binary()?);
        let (qos, retain) = (flags >> 3 & 3, flags & 0x20 != 0);
        if qos == 3 { Err(Cause::Malformed) } else { Ok(Will { topic, payload, qos, retain }) }
    }

    fn read_publish(self, qos: u8, mut body: Reader) -> Result<Received, Cause> {
        let topic = body.text()?;
        let id = if qos == 0 { 0 } else { body.packet_id()? };
        let properties = self.read_properties(&mut body, property::OF_PUBLISH)?;
        if properties.has(property::TOPIC_ALIAS) {
            return Err(Cause::TopicAlias);
        }
        Ok(Received::Publish { topic, payload: body.rest(), qos, id })
    }

    fn read_ack(self, mut body: Reader) -> Result<Received, Cause> {
        let id = body.two_bytes()?;
        self.read_reason(body, property::OF_PUBACK)?;
        Ok(Received::Ack { id })
    }

    fn read_subscribe(self, mut body: Reader) -> Result<Received, Cause> {
        let id = body.packet_id()?;
        let properties = self.read_properties(&mut body, property::OF_SUBSCRIBE)?;
        let mut filters = Vec::new();
        while !body.is_empty() {
            let (path, options) = (body.text()?, body.byte()?);
            let (qos, retain_handling) = (options & 3, options >> 4 & 3);
            let reserved = match self {
                Self::V4 => options & 0xFC,
                Self::V5 => options & 0xC0,
            };
            if qos == 3 || retain_handling == 3 || reserved != 0 {
                return Err(Cause::Malformed);
            }
            filters.push(Filter { path, qos });
        }
        if filters.is_empty() {
            return Err(Cause::Protocol);
        }
        if properties.has(property::SUBSCRIPTION_ID) {
            return Err(Cause::SubscriptionId);
        }
        Ok(Received::Subscribe { id, filters })
    }

    fn read_unsubscribe(self, mut body: Reader) -> Result<Received, Cause> {
        let id = body.packet_id()?;
        self.read_properties(&mut body, property::OF_UNSUBSCRIBE)?;
        let mut filters = Vec::new();
        while !body.is_empty() {
            filters.push(body.text()?);
        }
        if filters.is_empty() {
            Err(Cause::Protocol)
        } else {
            Ok(Received::Unsubscribe { id, filters })
        }
    }

    fn read_disconnect(self, body: Reader) -> Result<Received, Cause> {
        let reason = self.read_reason(body, property::OF_DISCONNECT)?;
        Ok(Received::Disconnect { with_will: reason != 0 })
    }

    /// What ends a packet: nothing, or in MQTT 5 a reason, or a reason and properties.
    fn read_reason(self, mut body: Reader, allowed: &[u8]) -> Result<u8, Cause> {
        if self == Self::V4 || body.is_empty() {
            return body.end().map(|()| 0);
        }
        let reason = body.byte()?;
        if !body.is_empty() {
            body.properties(allowed)?;
        }
        body.end().map(|()| reason)
    }

    fn read_properties(self, body: &mut Reader, allowed: &[u8]) -> Result<Properties, Cause> {
        match self {
            Self::V4 => Ok(Properties::default()),
            Self::V5 => body.properties(allowed),
        }
    }
}

/// The first byte of a packet that was cut out of the stream, and its body.
fn open(mut packet: BytesMut) -> Result<(u8, Reader), Cause> {
    let first = *packet.first().ok_or(Cause::Malformed)?;
    let (header, body) = lengths(&packet)?.ok_or(Cause::Malformed)?;
    if packet.len() != header + body {
        return Err(Cause::Malformed);
    }
    packet.advance(header);
    Ok((first, Reader::new(packet.freeze())))
}

#[cfg(test)]
#[path = "codec_tests.rs"]
mod tests;
