//! From an accepted socket to a session: TLS, CONNECT, identity, client id, will, seat.

use std::sync::Arc;

use bytes::BytesMut;
use rumqttd::protocol::{ConnAck, ConnAckProperties, ConnectReturnCode, Packet};
use rustls::server::Acceptor;
use store::{Fingerprint, Unwelcome};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;
use tracing::{error, warn};

use crate::cause::Cause;
use crate::codec::{self, Hail, Version, Will};
use crate::config::{
    CONNECT_PATIENCE, GATE_MAILBOX, GATE_WINDOW, HANDSHAKE_PATIENCE, HANDSHAKE_TURN,
    MAX_KEEP_ALIVE_SECONDS, MAX_PACKET_BYTES, REGISTRY_PATIENCE, SERVICE_MAILBOX, SERVICE_WINDOW,
};
use crate::crowd::Place;
use crate::farewell::Farewell;
use crate::identity::{Identity, fingerprint};
use crate::line::{Line, Party};
use crate::listener::House;
use crate::pace::Pace;
use crate::router::Message;
use crate::seats::Seat;
use crate::session::{Session, part};

/// A client whose CONNECT was accepted.
pub(crate) struct Guest {
    pub(crate) version: Version,
    pub(crate) identity: Identity,
    pub(crate) seat: Seat,
    pub(crate) line: Line,
    pub(crate) keep_alive_seconds: u16,
    pub(crate) window: u16,
    pub(crate) max_packet_bytes: Option<u32>,
}

/// Lets a client in, or says why not; it was told, as far as MQTT has words for it.
pub(crate) async fn admit(
    house: &Arc<House>,
    tcp: TcpStream,
    place: &mut Place,
) -> Result<Box<Session>, Cause> {
    let mut stream = shake_hands(house, tcp, place).await.ok_or(Cause::Handshake)?;
    let mut inbox = BytesMut::new();
    place.keeps_waiting(Some(Instant::now()));
    let connect = timeout(CONNECT_PATIENCE, first_packet(&mut stream, &mut inbox));
    let connect = connect.await.map_err(|_| Cause::NoConnect)??;
    place.keeps_waiting(None);
    let version = match codec::version_of(&connect) {
        Ok(version) => version,
        Err((cause, None)) => return Err(cause),
        Err((cause, Some(version))) => return Err(refuse(stream, version, cause, place).await),
    };
    let hail = match version.read_connect(connect) {
        Ok(hail) => hail,
        Err(cause) => return Err(refuse(stream, version, cause, place).await),
    };
    let asked_seconds = hail.keep_alive_seconds;
    match enter(house, &stream, version, hail, place).await {
        Ok(guest) => {
            let mut outbox = BytesMut::new();
            version.write(connack(&guest, asked_seconds), &mut outbox);
            Ok(Box::new(Session::new(Arc::clone(house), stream, guest, inbox, outbox)))
        }
        Err(cause) => Err(refuse(stream, version, cause, place).await),
    }
}

/// Does the TLS handshake. Only a client that sent its hello takes a turn, and only a short one,
/// so that neither silent nor stalling clients keep the others out.
async fn shake_hands(house: &House, tcp: TcpStream, place: &Place) -> Option<TlsStream<TcpStream>> {
    let deadline = Instant::now() + HANDSHAKE_PATIENCE;
    tcp.set_nodelay(true).ok()?;
    let hello = LazyConfigAcceptor::new(Acceptor::default(), tcp);
    let hello = timeout_at(deadline, hello).await.ok()?.ok()?;
    place.keeps_waiting(None);
    let said_hello = Instant::now();
    let turn = timeout(HANDSHAKE_PATIENCE, house.handshakes.acquire()).await.ok()?.ok()?;
    // It is not the client's fault how long it waited for its turn.
    let deadline = deadline + said_hello.elapsed();
    let mut handshake = hello.into_stream(house.tls.current());
    if let Ok(done) = timeout(HANDSHAKE_TURN, &mut handshake).await {
        return done.ok();
    }
    drop(turn);
    place.keeps_waiting(Some(Instant::now()));
    timeout_at(deadline, handshake).await.ok()?.ok()
}

async fn first_packet(
    stream: &mut TlsStream<TcpStream>,
    inbox: &mut BytesMut,
) -> Result<BytesMut, Cause> {
    loop {
        if let Some(packet) = codec::cut_connect(inbox)? {
            return Ok(packet);
        }
        if stream.read_buf(inbox).await.is_ok_and(|count| 0 < count) {
            continue;
        }
        return Err(Cause::NoConnect);
    }
}

/// Finds out who it is and gives it its seat.
async fn enter(
    house: &House,
    stream: &TlsStream<TcpStream>,
    version: Version,
    hail: Hail,
    place: &mut Place,
) -> Result<Guest, Cause> {
    let (_, tls) = stream.get_ref();
    let leaf = tls.peer_certificates().and_then(|chain| chain.first()).ok_or(Cause::Handshake)?;
    let certificate = fingerprint(leaf).ok_or(Cause::Fault)?;
    let identity = identify(house, certificate).await?;
    let now = Instant::now();
    if let Identity::Gate(gate) = &identity
        && !house.regulars.recall(gate, now).may_spend(now)
    {
        return Err(Cause::TooFast);
    }
    if !identity.answers_to(&hail.client_id) {
        // What it calls itself may be anything, and long.
        warn!("{identity:?} calls itself by another name");
        return Err(Cause::ClientId);
    }
    let will = hail.will.map(|will| may_leave(&identity, will)).transpose()?;
    let (party, window, mailbox) = match &identity {
        Identity::Gate(gate) => {
            let regular = house.regulars.recall(gate, now);
            let farewell = Some(Farewell::new(gate, will));
            (Party::Gate { regular, farewell }, GATE_WINDOW, GATE_MAILBOX)
        }
        Identity::Service => {
            let allowance = Pace::new(house.config.service_packets_per_second, now);
            (Party::Service { pace: allowance }, SERVICE_WINDOW, SERVICE_MAILBOX)
        }
    };
    let exchange = house.switch.current().await.map_err(|_| Cause::Router)?;
    if !place.becomes_known() {
        return Err(Cause::Evicted);
    }
    let (mailbox, mail) = mpsc::channel(mailbox);
    let seat = house.seats.take(&hail.client_id, &identity, certificate, mailbox);
    if !house.switch.leads_to(&exchange) {
        // Everybody was sent away, perhaps before this seat was taken.
        return Err(Cause::Router);
    }
    Ok(Guest {
        version,
        identity,
        seat,
        line: Line { exchange, mail, party },
        keep_alive_seconds: bounded(hail.keep_alive_seconds),
        window: window.min(hail.receive_maximum.unwrap_or(window)),
        max_packet_bytes: hail.max_packet_bytes,
    })
}

async fn identify(house: &House, certificate: Fingerprint) -> Result<Identity, Cause> {
    let answer = async {
        let _turn = house.lookups.acquire().await;
        house.roster.identify(certificate, house.clock.now()).await
    };
    match timeout(REGISTRY_PATIENCE, answer).await {
        Ok(Ok(Ok(peer))) => Identity::of(peer).ok_or(Cause::Fault),
        Ok(Ok(Err(Unwelcome::Unknown))) => Err(Cause::Unknown),
        Ok(Ok(Err(Unwelcome::Revoked | Unwelcome::Expired))) => Err(Cause::Revoked),
        Ok(Ok(Err(Unwelcome::Quarantined))) => Err(Cause::Quarantined),
        Ok(Err(fault)) => {
            error!(%fault, "the registry could not say who connects: {fault}");
            Err(Cause::Fault)
        }
        Err(_) => {
            error!("the registry took too long to say who connects");
            Err(Cause::Fault)
        }
    }
}

fn may_leave(identity: &Identity, will: Will) -> Result<Message, Cause> {
    let Will { topic, payload, qos, retain } = will;
    let topic = identity.may_leave_will(&topic).ok_or(Cause::Will)?;
    if retain {
        return Err(Cause::Retain);
    }
    if 1 < qos {
        return Err(Cause::Qos);
    }
    Ok(Message { topic, payload, qos })
}

fn bounded(keep_alive_seconds: u16) -> u16 {
    match keep_alive_seconds {
        1..=MAX_KEEP_ALIVE_SECONDS => keep_alive_seconds,
        _ => MAX_KEEP_ALIVE_SECONDS,
    }
}

fn connack(guest: &Guest, asked_seconds: u16) -> Packet {
    let seconds = guest.keep_alive_seconds;
    let (receive_max, has_wildcards) = match guest.identity {
        Identity::Gate(_) => (GATE_WINDOW, false),
        Identity::Service => (SERVICE_WINDOW, true),
    };
    let properties = ConnAckProperties {
        session_expiry_interval: Some(0),
        receive_max: Some(receive_max),
        max_qos: Some(1),
        retain_available: Some(0),
        max_packet_size: Some(MAX_PACKET_BYTES.into()),
        topic_alias_max: Some(0),
        wildcard_subscription_available: Some(has_wildcards.into()),
        subscription_identifiers_available: Some(0),
        shared_subscription_available: Some(0),
        server_keep_alive: (seconds != asked_seconds).then_some(seconds),
        ..ConnAckProperties::default()
    };
    let code = ConnectReturnCode::Success;
    Packet::ConnAck(ConnAck { session_present: false, code }, Some(properties))
}

async fn refuse(
    stream: TlsStream<TcpStream>,
    version: Version,
    cause: Cause,
    place: &Place,
) -> Cause {
    place.keeps_waiting(Some(Instant::now()));
    let mut outbox = BytesMut::new();
    if let Some(code) = cause.connack(version) {
        let refusal = ConnAck { session_present: false, code };
        version.write(Packet::ConnAck(refusal, None), &mut outbox);
    }
    part(stream, outbox).await;
    cause
}
