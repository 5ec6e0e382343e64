//! rumqttd's Router, as this crate uses it: one link, which hears what is published to it.
//!
//! Four rules keep it alive and honest. It sees two topics of our own, never a word of a client (a
//! topic with a multi-byte first letter ends its thread). It subscribes with QoS 0 and delivers
//! each message once, so it never waits for a client's acknowledgement. Its one link never leaves:
//! a link that goes while something is queued in its name ends the Router's thread, or another's
//! connection. And nobody blocks a thread on it: a Router that hangs must not take the edge along.

use std::sync::Arc;
use std::thread;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use protocol::Topic;
use rumqttd::local::{LinkBuilder, LinkError, LinkRx, LinkTx};
use rumqttd::protocol::Publish;
use rumqttd::{Notification, Router as Rumqttd, RouterConfig};
use tokio::time::timeout;

use crate::config::ROUTER_PATIENCE;

/// A message on its way from one client to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) topic: Topic,
    pub(crate) payload: Bytes,
    pub(crate) qos: u8,
}

/// What the Router carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cargo {
    /// A message with its number, so that a gap shows.
    Message(Message, u64),
    /// The broker's word to itself.
    Echo,
}

/// The Router's thread is gone, or does not answer, or has lost something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the router is gone")]
pub(crate) struct RouterGone;

impl From<LinkError> for RouterGone {
    fn from(_: LinkError) -> Self {
        Self
    }
}

impl Cargo {
    const MESSAGES: &str = "messages";
    const ECHO: &str = "echo";

    fn topic(&self) -> &'static str {
        match self {
            Self::Message(..) => Self::MESSAGES,
            Self::Echo => Self::ECHO,
        }
    }

    fn pack(&self) -> Bytes {
        match self {
            // An empty body would mean to the Router that something retained is forgotten.
            Self::Echo => Bytes::from_static(Self::ECHO.as_bytes()),
            Self::Message(message, number) => {
                let topic = message.topic.to_string();
                let mut body = BytesMut::with_capacity(11 + topic.len() + message.payload.len());
                body.put_u64(*number);
                body.put_u8(message.qos);
                body.put_u16(u16::try_from(topic.len()).unwrap_or(0));
                body.put_slice(topic.as_bytes());
                body.put_slice(&message.payload);
                body.freeze()
            }
        }
    }

    fn unpack(publish: &Publish) -> Option<Self> {
        if publish.topic == Self::ECHO {
            return Some(Self::Echo);
        }
        let mut body = publish.payload.clone();
        let number = body.try_get_u64().ok()?;
        let qos = body.try_get_u8().ok()?;
        let length = usize::from(body.try_get_u16().ok()?);
        let topic = (length <= body.len()).then(|| body.split_to(length))?;
        let topic = Topic::parse(std::str::from_utf8(&topic).ok()?).ok()?;
        Some(Self::Message(Message { topic, payload: body, qos }, number))
    }
}

type Linked = Result<(LinkTx, LinkRx, Notification), RouterGone>;

/// A running Router.
#[derive(Clone)]
pub(crate) struct Router {
    // The sender's type is private to rumqttd, a closure around it is not.
    link: Arc<dyn Fn(&str) -> Linked + Send + Sync>,
}

impl Router {
    /// Starts a Router on a thread of its own, which lives as long as the process.
    pub(crate) fn start() -> Self {
        let sender = Rumqttd::new(0, router_config()).spawn();
        let link = move |name: &str| Ok(LinkBuilder::new(name, sender.clone()).build()?);
        Self { link: Arc::new(link) }
    }

    /// Opens the link.
    pub(crate) async fn open(&self) -> Result<(Mouth, Ear), RouterGone> {
        // Waits for the Router's word: a thread of its own, which may be lost with the Router.
        let link = Arc::clone(&self.link);
        let (told, opened) = tokio::sync::oneshot::channel();
        thread::spawn(move || drop(told.send(link("trunk"))));
        let opened = timeout(ROUTER_PATIENCE, opened).await.ok().and_then(Result::ok);
        let (mut tx, rx, _) = opened.ok_or(RouterGone)??;
        for topic in [Cargo::MESSAGES, Cargo::ECHO] {
            tx.try_subscribe(topic)?;
        }
        Ok((Mouth(tx), Ear { rx, asleep: false }))
    }
}

/// The end of the link where things go in.
pub(crate) struct Mouth(LinkTx);

/// The end of the link where things come out.
pub(crate) struct Ear {
    rx: LinkRx,
    asleep: bool,
}

impl Mouth {
    /// How much may be on its way through the Router: well below what its queue takes.
    pub(crate) const ROOM: usize = 512;

    /// Hands something to the Router; never waits. Whoever keeps within [`Self::ROOM`] is refused
    /// by a dead Router only.
    pub(crate) fn publish(&mut self, cargo: &Cargo) -> Result<(), RouterGone> {
        let sent = self.0.try_publish(cargo.topic(), cargo.pack());
        if sent.is_err() {
            // It lies in the buffer and would go with the next one.
            self.0.buffer().pop_back();
        }
        sent?;
        Ok(())
    }
}

impl Ear {
    /// Waits for what comes next. Nothing is lost when the wait is given up.
    pub(crate) async fn next(&mut self) -> Result<Cargo, RouterGone> {
        loop {
            if self.asleep {
                self.rx.wake().await?;
                self.asleep = false;
            }
            let Some(notification) = self.rx.next().await? else { continue };
            if let Notification::Forward(forward) = notification {
                return Cargo::unpack(&forward.publish).ok_or(RouterGone);
            }
            // The Router sends nothing more until it is told that its queue was read.
            self.asleep = matches!(notification, Notification::Unschedule);
        }
    }
}

/// The Router's log is a ring that loses what is not read in time, and keeps what was read: large
/// enough for what thousands of gates say when they come back together.
fn router_config() -> RouterConfig {
    RouterConfig {
        max_connections: 4,
        max_outgoing_packet_count: 100,
        max_segment_size: 1024 * 1024,
        max_segment_count: 16,
        ..RouterConfig::default()
    }
}

/// Makes a publish by its own serialization (one byte of flags, the id, the topic's length, the
/// topic, the payload), because its QoS and packet id are hidden.
pub(crate) fn publish(message: &Message, qos: u8, id: u16) -> Publish {
    let topic = message.topic.to_string();
    let mut raw = BytesMut::with_capacity(5 + topic.len() + message.payload.len());
    raw.put_u8(0x30 | qos << 1);
    raw.put_u16(id);
    raw.put_u16(u16::try_from(topic.len()).unwrap_or(0));
    raw.put_slice(topic.as_bytes());
    raw.put_slice(&message.payload);
    Publish::deserialize(raw.freeze())
}

#[cfg(test)]
#[path = "router_tests.rs"]
mod tests;
