//! One connected client, from its CONNACK to the end of its connection.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::FutureExt;
use rumqttd::protocol::{Packet, PingResp, SubAck, SubscribeReasonCode, UnsubAck, UnsubAckReason};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_rustls::server::TlsStream;
use tracing::{info, warn};

use crate::admission::Guest;
use crate::cause::Cause;
use crate::codec::{self, Filter, Received, Version};
use crate::config::{GOODBYE_PATIENCE, WRITE_PATIENCE};
use crate::identity::Identity;
use crate::line::{Line, Party};
use crate::listener::House;
use crate::router::Message;
use crate::seats::Seat;
use crate::window::Window;

/// How many messages for the client go into one write.
const MAX_BATCH: usize = 64;
/// Room for what one read may bring.
const READ_BYTES: usize = 1024;

/// A client's connection with everything that is known about it.
pub(crate) struct Session {
    house: Arc<House>,
    stream: TlsStream<TcpStream>,
    version: Version,
    identity: Identity,
    seat: Seat,
    line: Line,
    inbox: BytesMut,
    outbox: BytesMut,
    granted: HashMap<String, u8>,
    window: Window,
    max_packet_bytes: Option<u32>,
    reads_from: Option<Instant>,
    heard_at: Instant,
    max_silence: Duration,
}

/// How a connection ended.
#[derive(Debug)]
enum Ending {
    /// The client said goodbye.
    Goodbye { with_will: bool },
    /// The line broke.
    Lost,
    /// The edge ended it.
    Refused(Cause),
}

impl From<Cause> for Ending {
    fn from(cause: Cause) -> Self {
        Self::Refused(cause)
    }
}

impl Session {
    pub(crate) fn new(
        house: Arc<House>,
        stream: TlsStream<TcpStream>,
        guest: Guest,
        inbox: BytesMut,
        outbox: BytesMut,
    ) -> Self {
        let Guest { version, identity, seat, line, keep_alive_seconds, window, max_packet_bytes } =
            guest;
        Self {
            house,
            stream,
            version,
            identity,
            seat,
            line,
            inbox,
            outbox,
            granted: HashMap::new(),
            window: Window::new(window),
            max_packet_bytes,
            reads_from: None,
            heard_at: Instant::now(),
            max_silence: Duration::from_secs(keep_alive_seconds.into()) * 3 / 2,
        }
    }

    /// Serves the client until either side ends the connection.
    pub(crate) async fn serve(mut self: Box<Self>) {
        info!(client.id = self.seat.client_id(), "connected {}", self.seat.client_id());
        let ending = loop {
            if let Err(ending) = self.step().await {
                break ending;
            }
        };
        self.leave(ending).await;
    }

    /// Answers what was read, writes what is to be written, then waits for the next event.
    async fn step(&mut self) -> Result<(), Ending> {
        self.read_packets().await?;
        self.write_packets().await?;
        self.inbox.reserve(READ_BYTES);
        let resting = self.reads_from.is_some();
        tokio::select! {
            cause = self.seat.ended() => return Err(cause.into()),
            () = sleep_until(self.heard_at + self.max_silence) => return Err(Cause::Silent.into()),
            () = sleep_until(self.reads_from.unwrap_or(self.heard_at)), if resting => {
                self.reads_from = None;
            }
            read = self.stream.read_buf(&mut self.inbox), if !resting => match read {
                Ok(0) | Err(_) => return Err(Ending::Lost),
                Ok(_) => self.heard_at = Instant::now(),
            },
            message = self.line.next(), if self.window.has_room() => {
                self.deliver(&message);
                self.deliver_waiting();
            }
        }
        Ok(())
    }

    async fn read_packets(&mut self) -> Result<(), Ending> {
        while let Some(packet) = codec::cut_packet(&mut self.inbox)? {
            let packet = self.version.read(packet)?;
            if let Received::Ack { id } = packet {
                // As many as it was sent messages, so they cost nothing.
                if self.window.close(id) {
                    continue;
                }
                self.house.tally.count(Cause::StrayAck);
            }
            if let Some(from) = self.line.pay(Instant::now())? {
                // Reading later loses nothing: TCP makes the service wait.
                self.reads_from = Some(from);
            }
            match packet {
                Received::Publish { topic, payload, qos, id } => {
                    self.publish(&topic, payload, qos, id).await?;
                }
                Received::Subscribe { id, filters } => self.subscribe(id, filters),
                Received::Unsubscribe { id, filters } => self.unsubscribe(id, &filters),
                Received::Ping => {
                    self.version.write(Packet::PingResp(PingResp), &mut self.outbox);
                }
                Received::Disconnect { with_will } => return Err(Ending::Goodbye { with_will }),
                Received::Ack { .. } => {}
            }
        }
        Ok(())
    }

    async fn publish(
        &mut self,
        topic: &str,
        payload: Bytes,
        qos: u8,
        id: u16,
    ) -> Result<(), Cause> {
        let topic = self.identity.may_publish(topic).ok_or(Cause::Topic)?;
        tokio::select! {
            biased;
            cause = self.seat.ended() => return Err(cause),
            said = self.line.publish(Message { topic, payload, qos }) => {
                said.map_err(|_| Cause::Router)?;
            }
        }
        if 0 < qos {
            self.version.write_puback(id, &mut self.outbox);
        }
        Ok(())
    }

    fn subscribe(&mut self, pkid: u16, filters: Vec<Filter>) {
        let mut return_codes = Vec::with_capacity(filters.len());
        for Filter { path, qos } in filters {
            if !self.identity.may_subscribe(&path) {
                self.house.tally.count(Cause::Filter);
                return_codes.push(match self.version {
                    Version::V4 => SubscribeReasonCode::Failure,
                    Version::V5 => SubscribeReasonCode::NotAuthorized,
                });
                continue;
            }
            let (qos, code) = match qos {
                0 => (0, SubscribeReasonCode::QoS0),
                _ => (1, SubscribeReasonCode::QoS1),
            };
            self.granted.insert(path, qos);
            return_codes.push(code);
        }
        self.version.write(Packet::SubAck(SubAck { pkid, return_codes }, None), &mut self.outbox);
    }

    fn unsubscribe(&mut self, pkid: u16, filters: &[String]) {
        let mut reasons = Vec::with_capacity(filters.len());
        for filter in filters {
            if self.granted.remove(filter).is_none() {
                reasons.push(UnsubAckReason::NoSubscriptionExisted);
                continue;
            }
            reasons.push(UnsubAckReason::Success);
        }
        self.version.write(Packet::UnsubAck(UnsubAck { pkid, reasons }, None), &mut self.outbox);
    }

    fn deliver_waiting(&mut self) {
        for _ in 1..MAX_BATCH {
            if !self.window.has_room() {
                break;
            }
            let Some(message) = self.line.next().now_or_never() else { break };
            self.deliver(&message);
        }
    }

    fn deliver(&mut self, message: &Message) {
        let filter = self.identity.filter_for(&message.topic);
        // A message may still be on its way when its subscription ends.
        let Some(granted) = filter.and_then(|filter| self.granted.get(&filter)) else { return };
        let qos = message.qos.min(*granted);
        let id = if qos == 0 { 0 } else { self.window.open() };
        let written_before = self.outbox.len();
        self.version.write_publish(message, qos, id, &mut self.outbox);
        let length = self.outbox.len() - written_before;
        if self.max_packet_bytes.is_some_and(|max| u64::from(max) < length as u64) {
            self.outbox.truncate(written_before);
            self.window.close(id);
            self.house.tally.count(Cause::TooLargeForClient);
        }
    }

    async fn write_packets(&mut self) -> Result<(), Ending> {
        if self.outbox.is_empty() {
            return Ok(());
        }
        let write = async {
            self.stream.write_all_buf(&mut self.outbox).await?;
            self.stream.flush().await
        };
        tokio::select! {
            cause = self.seat.ended() => Err(cause.into()),
            written = timeout(WRITE_PATIENCE, write) => match written {
                Ok(Ok(())) => Ok(()),
                Ok(Err(_)) => Err(Ending::Lost),
                Err(_) => Err(Cause::SlowReader.into()),
            },
        }
    }

    /// Tells the others first that the client is gone, then the client why.
    async fn leave(self, ending: Ending) {
        let Self { house, mut stream, version, identity, seat, mut line, mut outbox, .. } = self;
        let id = seat.client_id();
        let mut contested = None;
        match ending {
            Ending::Goodbye { with_will } => {
                info!(client.id = id, "{id} said goodbye");
                if !with_will {
                    line.revoke_will();
                }
            }
            Ending::Lost => info!(client.id = id, "lost {id}"),
            Ending::Refused(cause) => {
                house.tally.count(cause);
                warn!(client.id = id, %cause, "disconnected {id}: {cause}");
                version.write_disconnect(cause, &mut outbox);
                if let (Cause::TakenOver, Party::Gate { regular, .. }) = (cause, &line.party)
                    && !has_closed(&mut stream)
                {
                    contested = Some(Arc::clone(regular));
                }
            }
        }
        drop(line);
        drop(seat);
        let is_alive = part(stream, outbox).await;
        if let (true, Some(regular), Identity::Gate(gate)) = (is_alive, contested, identity)
            && regular.is_contested(Instant::now())
        {
            house.quarantine(&gate).await;
        }
    }
}

/// Whether the other end closed before we did; what it still said is lost.
fn has_closed(stream: &mut TlsStream<TcpStream>) -> bool {
    let mut unread = [0; READ_BYTES];
    loop {
        match stream.read(&mut unread).now_or_never() {
            Some(Ok(0) | Err(_)) => return true,
            Some(Ok(_)) => {}
            None => return false,
        }
    }
}

/// Writes the last bytes and closes, without waiting long; true when the other end closed, too,
/// and so was alive. A machine that rebooted answers with a reset, a dead line not at all.
pub(crate) async fn part(mut stream: TlsStream<TcpStream>, mut outbox: BytesMut) -> bool {
    let last_words = async {
        stream.write_all_buf(&mut outbox).await?;
        stream.shutdown().await?;
        // Closing on unread bytes would reset the line and take our last words with it.
        let mut unread = [0; READ_BYTES];
        while 0 < stream.read(&mut unread).await? {}
        std::io::Result::Ok(())
    };
    match timeout(GOODBYE_PATIENCE, last_words).await {
        Ok(Ok(())) => true,
        // Many clients close the line without closing TLS first.
        Ok(Err(error)) => error.kind() == ErrorKind::UnexpectedEof,
        Err(_) => false,
    }
}
