//! Packets on the wire: cut out of the stream, judged by their first byte, then read by
//! rumqttd's codec for the version that the client speaks.
//!
//! The codec panics on packets that only a server may send, so those never reach it.

use bytes::{Bytes, BytesMut};
use rumqttd::protocol::v4::V4;
use rumqttd::protocol::v5::V5;
use rumqttd::protocol::{
    Connect, Filter, LastWill, Packet, Protocol, PubAck, PubAckReason, Subscribe, Unsubscribe,
};

use crate::cause::Cause;
use crate::config::MAX_PACKET_BYTES;
use crate::router::{self, Message};

const PUBLISH: u8 = 3;
const PUBACK: u8 = 4;
const SUBSCRIBE: u8 = 8;
const UNSUBSCRIBE: u8 = 10;
const PINGREQ: u8 = 12;
const DISCONNECT: u8 = 14;

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
    pub(crate) will: Option<LastWill>,
    pub(crate) receive_maximum: Option<u16>,
    pub(crate) max_packet_bytes: Option<u32>,
}

/// A packet of a connected client.
#[derive(Debug)]
pub(crate) enum Received {
    Publish { topic: Bytes, payload: Bytes, qos: u8, id: u16 },
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
        // The lowest connect flag is reserved, and the codec does not look.
        let flags = lengths(&packet)?.and_then(|(header, _)| packet.get(header + 7));
        if flags.is_none_or(|flags| flags & 1 == 1) {
            return Err(Cause::Malformed);
        }
        let Packet::Connect(connect, properties, will, _, _) = self.decode(packet)? else {
            return Err(Cause::Malformed);
        };
        let Connect { keep_alive, client_id, .. } = connect;
        let properties = properties.as_ref();
        if properties.is_some_and(|p| p.authentication_method.is_some()) {
            return Err(Cause::Authentication);
        }
        let receive_maximum = properties.and_then(|p| p.receive_maximum);
        let max_packet_bytes = properties.and_then(|p| p.max_packet_size);
        if receive_maximum == Some(0) || max_packet_bytes == Some(0) {
            return Err(Cause::Malformed);
        }
        let keep_alive_seconds = keep_alive;
        Ok(Hail { client_id, keep_alive_seconds, will, receive_maximum, max_packet_bytes })
    }

    /// Reads a packet that was cut out of the stream.
    pub(crate) fn read(self, packet: BytesMut) -> Result<Received, Cause> {
        match packet.first().map(|first| first >> 4) {
            Some(PUBLISH) => self.read_publish(packet),
            Some(PUBACK) => self.read_ack(packet),
            Some(SUBSCRIBE) => self.read_subscribe(packet),
            Some(UNSUBSCRIBE) => self.read_unsubscribe(packet),
            Some(PINGREQ) => Ok(Received::Ping),
            Some(DISCONNECT) => self.read_disconnect(&packet),
            _ => Err(Cause::Malformed),
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

    fn read_publish(self, packet: BytesMut) -> Result<Received, Cause> {
        let Packet::Publish(publish, properties) = self.decode(packet)? else {
            return Err(Cause::Malformed);
        };
        let properties = properties.as_ref();
        if properties.is_some_and(|p| p.topic_alias.is_some()) {
            return Err(Cause::TopicAlias);
        }
        if properties.is_some_and(|p| !p.subscription_identifiers.is_empty()) {
            return Err(Cause::Malformed);
        }
        let (qos, id) = router::qos_and_id(&publish);
        Ok(Received::Publish { topic: publish.topic, payload: publish.payload, qos, id })
    }

    fn read_ack(self, packet: BytesMut) -> Result<Received, Cause> {
        let Packet::PubAck(ack, _) = self.decode(packet)? else { return Err(Cause::Malformed) };
        Ok(Received::Ack { id: ack.pkid })
    }

    fn read_subscribe(self, packet: BytesMut) -> Result<Received, Cause> {
        let Packet::Subscribe(Subscribe { pkid: id, filters }, properties) = self.decode(packet)?
        else {
            return Err(Cause::Malformed);
        };
        if properties.is_some_and(|p| p.id.is_some()) {
            return Err(Cause::SubscriptionId);
        }
        if id == 0 { Err(Cause::Malformed) } else { Ok(Received::Subscribe { id, filters }) }
    }

    fn read_unsubscribe(self, packet: BytesMut) -> Result<Received, Cause> {
        let Packet::Unsubscribe(Unsubscribe { pkid: id, filters }, _) = self.decode(packet)? else {
            return Err(Cause::Malformed);
        };
        if id == 0 || filters.is_empty() {
            return Err(Cause::Malformed);
        }
        Ok(Received::Unsubscribe { id, filters })
    }

    /// Reads a DISCONNECT by hand: the codec refuses the short form of MQTT 5.
    fn read_disconnect(self, packet: &[u8]) -> Result<Received, Cause> {
        match (self, packet) {
            (_, [_, 0]) | (Self::V5, [_, _, 0, ..]) => {
                Ok(Received::Disconnect { with_will: false })
            }
            (Self::V5, [_, _, _, ..]) => Ok(Received::Disconnect { with_will: true }),
            (Self::V4 | Self::V5, _) => Err(Cause::Malformed),
        }
    }

    fn decode(self, mut packet: BytesMut) -> Result<Packet, Cause> {
        let max = usize::from(MAX_PACKET_BYTES);
        let packet = match self {
            Self::V4 => V4.read_mut(&mut packet, max),
            Self::V5 => V5.read_mut(&mut packet, max),
        };
        packet.map_err(|_| Cause::Malformed)
    }
}

#[cfg(test)]
#[path = "codec_tests.rs"]
mod tests;
