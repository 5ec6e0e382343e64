//! rumqttd's Router, as this crate uses it: links that publish to channels and hear channels.
//!
//! Four rules keep it alive and honest. It sees only our own six channel names, never a word of a
//! client (a topic with a multi-byte first letter ends its thread). It subscribes with QoS 0 and
//! delivers each message once, so it never waits for a client's acknowledgement. After a link's
//! Disconnect nothing more is sent in its name, because its number goes to another. And nobody
//! blocks a thread on it: a Router that hangs must not take the edge with it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use futures_util::FutureExt;
use protocol::{Topic, Up};
use rumqttd::local::{LinkBuilder, LinkError, LinkRx, LinkTx};
use rumqttd::protocol::{Disconnect, DisconnectReasonCode, Packet, Publish};
use rumqttd::{Notification, Router as Rumqttd, RouterConfig, SegmentConfig};
use tokio::time::{sleep, timeout};

use crate::config::{MAX_SERVICES, ROUTER_PATIENCE};

/// A message on its way from one client to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) topic: Topic,
    pub(crate) payload: Bytes,
    pub(crate) qos: u8,
}

/// What the Router tells apart; all topics of one kind share a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Channel {
    /// To the service.
    Up(Up),
    /// To the gates.
    Down,
    /// To the broker itself.
    Echo,
}

/// The Router's thread is gone, or does not answer, or has no more room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the router is gone")]
pub(crate) struct RouterGone;

impl From<LinkError> for RouterGone {
    fn from(_: LinkError) -> Self {
        Self
    }
}

impl Message {
    pub(crate) fn channel(&self) -> Channel {
        match &self.topic {
            Topic::Up(_, up) => Channel::Up(*up),
            Topic::Down(..) => Channel::Down,
        }
    }
}

impl Channel {
    fn name(self) -> &'static str {
        match self {
            Self::Up(up) => up.as_str(),
            Self::Down => "down",
            Self::Echo => "echo",
        }
    }
}

type Linked = Result<(LinkTx, LinkRx, Notification), RouterGone>;

/// A running Router.
#[derive(Clone)]
pub(crate) struct Router {
    // The sender's type is private to rumqttd, a closure around it is not.
    link: Arc<dyn Fn(&str) -> Linked + Send + Sync>,
    slots: Arc<Slots>,
}

impl Router {
    /// Starts a Router on a thread of its own, which lives as long as the process.
    pub(crate) fn start() -> Self {
        let sender = Rumqttd::new(0, router_config()).spawn();
        let link = move |name: &str| Ok(LinkBuilder::new(name, sender.clone()).build()?);
        Self { link: Arc::new(link), slots: Arc::default() }
    }

    /// Opens a link.
    pub(crate) async fn open(&self) -> Result<Link, RouterGone> {
        let router = self.clone();
        let open = move || {
            let slot = router.slots.take()?;
            let (tx, rx, _) = (router.link)(&slot.name())?;
            Ok(Link { ends: Some((tx, slot)), rx, asleep: false, heard: HashMap::new() })
        };
        // Waits for the Router's word: a thread of its own, which may be lost with the Router.
        let (told, opened) = tokio::sync::oneshot::channel();
        thread::spawn(move || drop(told.send(open())));
        timeout(ROUTER_PATIENCE, opened).await.ok().and_then(Result::ok).ok_or(RouterGone)?
    }
}

/// One connection to the Router.
pub(crate) struct Link {
    // Taken by `drop` only: the name is free again when the Router was told.
    ends: Option<(LinkTx, Slot)>,
    rx: LinkRx,
    asleep: bool,
    /// The number of the last message on each channel.
    heard: HashMap<Channel, u64>,
}

impl Link {
    /// Hands the Router something for a channel; waits while the Router has no room.
    ///
    /// Given up half-way, it was handed over or not, but never twice. A dead Router looks like a
    /// busy one here: whoever waits must be called off by the supervision.
    pub(crate) async fn publish(&mut self, channel: Channel, body: Bytes) {
        const REST: Duration = Duration::from_millis(1);
        let Some((tx, _)) = &mut self.ends else { return };
        while tx.try_publish(channel.name(), body.clone()).is_err() {
            // It lies in the buffer, but the Router was not told. When it is not there any more,
            // the Router took it with an earlier one.
            if tx.buffer().pop_back().is_none() {
                return;
            }
            sleep(REST).await;
        }
    }

    /// Hears a channel from now on.
    pub(crate) fn subscribe(&mut self, channel: Channel) -> Result<(), RouterGone> {
        let Some((tx, _)) = &mut self.ends else { return Err(RouterGone) };
        tx.try_subscribe(channel.name())?;
        Ok(())
    }

    /// Hears a channel no more.
    pub(crate) fn unsubscribe(&mut self, channel: Channel) -> Result<(), RouterGone> {
        let Some((tx, _)) = &mut self.ends else { return Err(RouterGone) };
        tx.try_unsubscribe(channel.name())?;
        self.heard.remove(&channel);
        Ok(())
    }

    /// Waits for the next body on any channel. Nothing is lost when the wait is given up.
    pub(crate) async fn next(&mut self) -> Result<Bytes, RouterGone> {
        loop {
            if self.asleep {
                self.rx.wake().await?;
                self.asleep = false;
            }
            let Some(notification) = self.rx.next().await? else { continue };
            if let Notification::Forward(forward) = notification {
                return Ok(forward.publish.payload);
            }
            // The Router sends nothing more until it is told that its queue was read.
            self.asleep = matches!(notification, Notification::Unschedule);
        }
    }

    /// Whether this is the message after the last one on its channel. The Router's logs are rings:
    /// who reads too slowly misses some, and must know.
    pub(crate) fn is_next(&mut self, channel: Channel, number: u64) -> bool {
        let last = self.heard.insert(channel, number);
        last.is_none_or(|last| last + 1 == number)
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        let Some((mut tx, slot)) = self.ends.take() else { return };
        let reason_code = DisconnectReasonCode::NormalDisconnection;
        let goodbye = Packet::Disconnect(Disconnect { reason_code }, None);
        // `send` blocks the thread while the Router's queue is full; links end seldom.
        thread::spawn(move || {
            let _ = tx.send(goodbye).now_or_never();
            drop(slot);
        });
    }
}

/// Names for links, used again and again: the Router remembers every name for ever.
#[derive(Default)]
struct Slots(Mutex<FreeSlots>);

#[derive(Default)]
struct FreeSlots {
    used_before: Vec<usize>,
    next: usize,
}

impl Slots {
    fn take(self: &Arc<Self>) -> Result<Slot, RouterGone> {
        let mut free = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let number = match free.used_before.pop() {
            Some(number) => number,
            None if free.next < MAX_LINKS => {
                free.next += 1;
                free.next
            }
            None => return Err(RouterGone),
        };
        Ok(Slot { number, home: Arc::clone(self) })
    }
}

struct Slot {
    number: usize,
    home: Arc<Slots>,
}

impl Slot {
    fn name(&self) -> String {
        format!("link-{}", self.number)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut free = self.home.0.lock().unwrap_or_else(PoisonError::into_inner);
        free.used_before.push(self.number);
    }
}

/// The service's links, and the one on which all gates hang.
const MAX_LINKS: usize = MAX_SERVICES + 1;

/// The Router's logs are rings that lose what is not read in time, and keep what was read: large
/// enough for what thousands of gates say when they come back together.
fn router_config() -> RouterConfig {
    let ready = SegmentConfig { max_segment_size: 512 * 1024, max_segment_count: 16 };
    RouterConfig {
        max_connections: MAX_LINKS,
        max_outgoing_packet_count: 100,
        max_segment_size: 256 * 1024,
        max_segment_count: 16,
        custom_segment: Some(HashMap::from([(Up::Ready.as_str().to_owned(), ready)])),
        ..RouterConfig::default()
    }
}

/// A message as the Router carries it: number, QoS, topic, payload.
pub(crate) fn seal(message: &Message, number: u64) -> Bytes {
    let topic = message.topic.to_string();
    let mut body = BytesMut::with_capacity(11 + topic.len() + message.payload.len());
    body.put_u64(number);
    body.put_u8(message.qos);
    body.put_u16(u16::try_from(topic.len()).unwrap_or(0));
    body.put_slice(topic.as_bytes());
    body.put_slice(&message.payload);
    body.freeze()
}

/// Reads a message back with its number; nothing when it is none, as an echo.
pub(crate) fn unseal(mut body: Bytes) -> Option<(Message, u64)> {
    let number = body.try_get_u64().ok()?;
    let qos = body.try_get_u8().ok()?;
    let length = usize::from(body.try_get_u16().ok()?);
    if body.len() < length {
        return None;
    }
    let topic = body.split_to(length);
    let topic = Topic::parse(std::str::from_utf8(&topic).ok()?).ok()?;
    Some((Message { topic, payload: body, qos }, number))
}

/// `Publish` hides its QoS and packet id; its own serialization (one byte of flags, the id, the
/// topic's length, the topic, the payload) shows them.
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
