//! A client that sends exactly the bytes it is told to, in both versions of MQTT.

use std::net::SocketAddr;
use std::sync::Arc;

use authority::{Authority, Issued};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ALL_VERSIONS, ClientConfig, RootCertStore, SupportedProtocolVersion};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::house::{House, gate, within};

/// The versions of MQTT, as they stand in CONNECT.
pub(crate) const BOTH: [u8; 2] = [4, 5];

pub(crate) struct Raw {
    stream: TlsStream<TcpStream>,
    pub(crate) version: u8,
}

impl Raw {
    /// Does the TLS handshake only.
    pub(crate) async fn dial(house: &House, certificate: &Issued, version: u8) -> Self {
        let stream = handshake(house.address, &house.ca, Some(certificate)).await;
        Self { stream: stream.expect("the handshake succeeds"), version }
    }

    /// Does the TLS handshake only, with this configuration of TLS.
    pub(crate) async fn dial_with(house: &House, config: ClientConfig, version: u8) -> Self {
        let stream = handshake_with(house.address, config).await;
        Self { stream: stream.expect("the handshake succeeds"), version }
    }

    /// Does the TLS handshake only, over this socket.
    pub(crate) async fn dial_from(
        house: &House,
        socket: TcpSocket,
        certificate: &Issued,
        version: u8,
    ) -> Self {
        let config = client_config(&house.ca, Some(certificate), ALL_VERSIONS);
        let stream = handshake_over(socket, house.address, config).await;
        Self { stream: stream.expect("the handshake succeeds"), version }
    }

    /// Connects gate `number`.
    pub(crate) async fn gate(house: &House, number: u8, version: u8) -> Self {
        let certificate = house.gate(number);
        Self::connect(house, &certificate, version, &gate(number).to_string()).await
    }

    /// Connects as the service and hears all gates.
    pub(crate) async fn service(house: &House, version: u8) -> Self {
        let mut raw = Self::connect(house, &house.service(), version, "service-1").await;
        let filters = protocol::Up::ALL.map(|up| (up.of_all_gates(), 1));
        raw.send(&subscribe(version, 1, &filters)).await;
        assert_eq!(raw.packet().await[0], 0x90);
        raw
    }

    pub(crate) async fn connect(
        house: &House,
        certificate: &Issued,
        version: u8,
        id: &str,
    ) -> Self {
        let mut raw = Self::dial(house, certificate, version).await;
        raw.send(&connect(version, id, 20, None)).await;
        let connack = raw.packet().await;
        assert_eq!(connack[..1], [0x20]);
        assert_eq!(connack[2..4], [0, 0], "{id} is let in, without a session");
        raw
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        within(self.stream.write_all(bytes)).await.expect("the line is open");
        within(self.stream.flush()).await.expect("the line is open");
    }

    /// Sends what may not arrive any more.
    pub(crate) async fn try_send(&mut self, bytes: &[u8]) {
        let _ = within(self.stream.write_all(bytes)).await;
    }

    /// The next packet.
    pub(crate) async fn packet(&mut self) -> Vec<u8> {
        within(self.next()).await.expect("a packet")
    }

    /// The next packet, unless the line is closed.
    pub(crate) async fn packet_if_any(&mut self) -> Option<Vec<u8>> {
        within(self.next()).await
    }

    /// The next message: its topic and payload.
    pub(crate) async fn message(&mut self) -> (String, Vec<u8>) {
        let packet = self.packet().await;
        assert_eq!(packet[0] >> 4, 3, "a publish: {packet:?}");
        let (topic, _, payload) = publish_parts(self.version, &packet);
        (topic, payload)
    }

    /// All that comes until the line is closed.
    pub(crate) async fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        while let Some(packet) = within(self.next()).await {
            rest.extend(packet);
        }
        rest
    }

    /// The line is closed, and an MQTT 5 client is told why.
    pub(crate) async fn is_disconnected(&mut self, code: u8, why: &str) {
        let expected = if self.version == 5 { vec![0xE0, 2, code, 0] } else { Vec::new() };
        assert_eq!(self.rest().await, expected, "v{}: {why}", self.version);
    }

    /// Ends its own half of the line, then reads until the other half ends.
    pub(crate) async fn hang_up(mut self) {
        let _ = within(self.stream.shutdown()).await;
        let _ = within(self.stream.read_to_end(&mut Vec::new())).await;
    }

    /// Breaks the line without a word.
    pub(crate) fn vanish(self) {
        let (tcp, _) = self.stream.into_inner();
        tcp.set_zero_linger().expect("a socket");
    }

    /// Closes in order, as a living client does.
    pub(crate) async fn close(&mut self) {
        let _ = within(self.stream.shutdown()).await;
    }

    /// Everything sent before was handled.
    pub(crate) async fn ping(&mut self) {
        self.send(&[0xC0, 0]).await;
        assert_eq!(self.packet().await, [0xD0, 0]);
    }

    async fn next(&mut self) -> Option<Vec<u8>> {
        let mut packet = vec![self.stream.read_u8().await.ok()?];
        let (mut length, mut shift) = (0, 0);
        loop {
            let byte = self.stream.read_u8().await.ok()?;
            packet.push(byte);
            length |= usize::from(byte & 0x7F) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                break;
            }
        }
        let start = packet.len();
        packet.resize(start + length, 0);
        self.stream.read_exact(&mut packet[start..]).await.ok()?;
        Some(packet)
    }
}

/// A TLS handshake, as far as the client can tell.
pub(crate) async fn handshake(
    address: SocketAddr,
    ca: &Authority,
    certificate: Option<&Issued>,
) -> std::io::Result<TlsStream<TcpStream>> {
    handshake_with(address, client_config(ca, certificate, ALL_VERSIONS)).await
}

pub(crate) async fn handshake_with(
    address: SocketAddr,
    config: ClientConfig,
) -> std::io::Result<TlsStream<TcpStream>> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() };
    handshake_over(socket?, address, config).await
}

async fn handshake_over(
    socket: TcpSocket,
    address: SocketAddr,
    config: ClientConfig,
) -> std::io::Result<TlsStream<TcpStream>> {
    let tcp = socket.connect(address).await?;
    tcp.set_nodelay(true)?;
    let name = ServerName::from(address.ip());
    within(TlsConnector::from(Arc::new(config)).connect(name, tcp)).await
}

/// TLS as a client of this CA speaks it.
pub(crate) fn client_config(
    ca: &Authority,
    certificate: Option<&Issued>,
    versions: &[&'static SupportedProtocolVersion],
) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(der(ca.ca_pem())).expect("a CA");
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(versions)
        .expect("ring speaks them")
        .with_root_certificates(roots);
    match certificate {
        Some(issued) => {
            let key = PrivateKeyDer::from_pem_slice(issued.key_pem.as_bytes()).expect("a key");
            config.with_client_auth_cert(vec![der(&issued.certificate_pem)], key).expect("fits")
        }
        None => config.with_no_client_auth(),
    }
}

fn der(pem: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(pem.as_bytes()).expect("a certificate")
}

/// A will: topic, payload, QoS, retain.
pub(crate) type Will<'a> = (&'a str, &'a [u8], u8, bool);

pub(crate) fn connect(version: u8, id: &str, keep_alive: u16, will: Option<Will<'_>>) -> Vec<u8> {
    let flags = will.map_or(0, |(_, _, qos, retain)| 4 | qos << 3 | u8::from(retain) << 5);
    let mut body = text("MQTT");
    body.extend([version, 2 | flags]);
    body.extend(keep_alive.to_be_bytes());
    body.extend(no_properties(version));
    body.extend(text(id));
    if let Some((topic, payload, _, _)) = will {
        body.extend(no_properties(version));
        body.extend(text(topic));
        body.extend(length(payload));
        body.extend(payload);
    }
    packet(0x10, &body)
}

/// A CONNECT in all its parts.
#[derive(Clone, Copy)]
pub(crate) struct Connecting<'a> {
    pub(crate) version: u8,
    pub(crate) flags: u8,
    pub(crate) keep_alive: u16,
    pub(crate) properties: &'a [u8],
    pub(crate) id: &'a [u8],
    /// What follows the client id: will, user name, password.
    pub(crate) rest: &'a [u8],
}

impl<'a> Connecting<'a> {
    pub(crate) fn of(version: u8, id: &'a str) -> Self {
        Self { version, flags: 2, keep_alive: 20, properties: &[], id: id.as_bytes(), rest: &[] }
    }

    pub(crate) fn bytes(self) -> Vec<u8> {
        let mut body = text("MQTT");
        body.extend([self.version, self.flags]);
        body.extend(self.keep_alive.to_be_bytes());
        body.extend(properties(self.version, self.properties));
        body.extend(length(self.id));
        body.extend(self.id);
        body.extend(self.rest);
        packet(0x10, &body)
    }
}

/// A publish with packet id 7, if it has one.
pub(crate) fn publish(version: u8, topic: &str, payload: &[u8], qos: u8, retain: bool) -> Vec<u8> {
    publish_with(version, 0x30 | qos << 1 | u8::from(retain), topic.as_bytes(), &[], payload)
}

/// A publish with this first byte and these properties.
pub(crate) fn publish_with(
    version: u8,
    first: u8,
    topic: &[u8],
    own_properties: &[u8],
    payload: &[u8],
) -> Vec<u8> {
    let mut body = [&length(topic), topic].concat();
    if first & 6 != 0 {
        body.extend([0, 7]);
    }
    body.extend(properties(version, own_properties));
    body.extend(payload);
    packet(first, &body)
}

pub(crate) fn subscribe(version: u8, id: u16, filters: &[(String, u8)]) -> Vec<u8> {
    subscribe_with(version, id, &[], filters)
}

/// A subscribe with these properties; each filter with its byte of options.
pub(crate) fn subscribe_with(
    version: u8,
    id: u16,
    own_properties: &[u8],
    filters: &[(String, u8)],
) -> Vec<u8> {
    let mut body = id.to_be_bytes().to_vec();
    body.extend(properties(version, own_properties));
    for (filter, options) in filters {
        body.extend(text(filter));
        body.push(*options);
    }
    packet(0x82, &body)
}

pub(crate) fn unsubscribe(version: u8, id: u16, filter: &str) -> Vec<u8> {
    let mut body = id.to_be_bytes().to_vec();
    body.extend(no_properties(version));
    body.extend(text(filter));
    packet(0xA2, &body)
}

pub(crate) fn puback(id: u16) -> Vec<u8> {
    packet(0x40, &id.to_be_bytes())
}

pub(crate) fn packet(first: u8, body: &[u8]) -> Vec<u8> {
    let mut packet = vec![first];
    let mut length = body.len();
    loop {
        let low = u8::try_from(length % 128).expect("below 128");
        length /= 128;
        packet.push(if length == 0 { low } else { low | 0x80 });
        if length == 0 {
            break;
        }
    }
    packet.extend(body);
    packet
}

/// The topic, the packet id and the payload of a publish.
pub(crate) fn publish_parts(version: u8, packet: &[u8]) -> (String, Option<u16>, Vec<u8>) {
    let header = 1 + packet[1..].iter().take_while(|byte| **byte & 0x80 != 0).count() + 1;
    let body = &packet[header..];
    let length = usize::from(u16::from_be_bytes([body[0], body[1]]));
    let topic = String::from_utf8(body[2..2 + length].to_vec()).expect("a topic");
    let mut rest = &body[2 + length..];
    let mut id = None;
    if packet[0] & 6 != 0 {
        id = Some(u16::from_be_bytes([rest[0], rest[1]]));
        rest = &rest[2..];
    }
    if version == 5 {
        assert_eq!(rest[0], 0, "the edge sends no properties");
        rest = &rest[1..];
    }
    (topic, id, rest.to_vec())
}

fn no_properties(version: u8) -> &'static [u8] {
    if version == 5 { &[0] } else { &[] }
}

/// The properties with their length, in MQTT 5.
pub(crate) fn properties(version: u8, properties: &[u8]) -> Vec<u8> {
    // A packet's length has the same form.
    if version == 5 { packet(0, properties).split_off(1) } else { Vec::new() }
}

pub(crate) fn text(text: &str) -> Vec<u8> {
    [&length(text.as_bytes())[..], text.as_bytes()].concat()
}

fn length(bytes: &[u8]) -> [u8; 2] {
    u16::try_from(bytes.len()).expect("short").to_be_bytes()
}
