//! rumqttd's Router, as this crate uses it: connections that subscribe, publish and end.
//!
//! Three rules keep it alive. It sees only topics of the contract (a multi-byte first letter
//! ends its thread). It subscribes with QoS 0 and delivers each message once, so it never waits
//! for a client's acknowledgement; the publisher's QoS travels as the packet id. And after a
//! link's Disconnect nothing more is sent in its name, because its number goes to another.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Buf, BufMut, Bytes, BytesMut};
use futures_util::FutureExt;
use protocol::Up;
use rumqttd::local::{LinkBuilder, LinkError, LinkRx, LinkTx};
use rumqttd::protocol::{Disconnect, DisconnectReasonCode, Packet, Publish};
use rumqttd::{Notification, Router, RouterConfig, SegmentConfig};
use tokio::runtime::{Handle, RuntimeFlavor};

use crate::farewell::Farewell;

/// A message on its way through the Router.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) topic: String,
    pub(crate) payload: Bytes,
    pub(crate) qos: u8,
}

/// The Router's thread is gone.
#[derive(Debug, thiserror::Error)]
#[error("the router is gone")]
pub(crate) struct RouterGone;

impl From<LinkError> for RouterGone {
    fn from(_: LinkError) -> Self {
        Self
    }
}

type Linked = Result<(LinkTx, LinkRx, Notification), RouterGone>;

/// The way to a running Router.
#[derive(Clone)]
pub(crate) struct Switch {
    // The sender's type is private to rumqttd, a closure around it is not.
    link: Arc<dyn Fn(&str) -> Linked + Send + Sync>,
    slots: Arc<Slots>,
}

impl Switch {
    /// Starts a Router for so many links; its thread lives as long as the process.
    pub(crate) fn start(max_links: usize) -> Self {
        let sender = Router::new(0, router_config(max_links)).spawn();
        let link = move |name: &str| Ok(LinkBuilder::new(name, sender.clone()).build()?);
        Self { link: Arc::new(link), slots: Arc::default() }
    }

    /// Opens a link; the farewell is said when it is dropped.
    pub(crate) async fn open(&self, farewell: Option<Farewell>) -> Result<Link, RouterGone> {
        let switch = self.clone();
        let open = move || {
            let slot = switch.slots.take();
            let (tx, rx, _) = (switch.link)(&slot.name())?;
            Ok(Link { tx, rx, farewell, asleep: false, _slot: slot })
        };
        tokio::task::spawn_blocking(open).await.map_err(|_| RouterGone)?
    }
}

/// One connection to the Router.
pub(crate) struct Link {
    tx: LinkTx,
    rx: LinkRx,
    /// What is said when the link is dropped.
    pub(crate) farewell: Option<Farewell>,
    asleep: bool,
    // Given back last, after the Disconnect in `drop`.
    _slot: Slot,
}

impl Link {
    /// Hands a message to the Router.
    pub(crate) fn publish(&mut self, message: &Message) -> Result<(), RouterGone> {
        self.send(Packet::Publish(pack(message), None))
    }

    /// Hands a message to the Router unless it is too busy; never waits.
    pub(crate) fn try_publish(&mut self, message: &Message) -> Result<(), RouterGone> {
        self.tx.try_publish(message.topic.clone(), message.payload.clone())?;
        Ok(())
    }

    pub(crate) fn subscribe(&mut self, filter: &str) -> Result<(), RouterGone> {
        patiently(|| self.tx.subscribe(filter).map(drop).map_err(RouterGone::from))
    }

    pub(crate) fn unsubscribe(&mut self, filter: &str) -> Result<(), RouterGone> {
        patiently(|| self.tx.unsubscribe(filter).map(drop).map_err(RouterGone::from))
    }

    /// Waits for the next message. Nothing is lost when the wait is given up.
    pub(crate) async fn next(&mut self) -> Result<Message, RouterGone> {
        loop {
            if self.asleep {
                self.rx.wake().await?;
                self.asleep = false;
            }
            let Some(notification) = self.rx.next().await? else { continue };
            if let Notification::Forward(forward) = notification {
                return Ok(unpack(&forward.publish));
            }
            // The Router sends nothing more until it is told that its queue was read.
            self.asleep = matches!(notification, Notification::Unschedule);
        }
    }

    fn send(&mut self, packet: Packet) -> Result<(), RouterGone> {
        // `send` is async in name only: it blocks the thread while the Router's queue is full.
        let sent = patiently(|| self.tx.send(packet).now_or_never());
        sent.ok_or(RouterGone)??;
        Ok(())
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        for message in self.farewell.take().into_iter().flat_map(Farewell::into_messages) {
            let _ = self.publish(&message);
        }
        let reason_code = DisconnectReasonCode::NormalDisconnection;
        let _ = self.send(Packet::Disconnect(Disconnect { reason_code }, None));
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
    fn take(self: &Arc<Self>) -> Slot {
        let mut free = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let number = free.used_before.pop().unwrap_or_else(|| {
            free.next += 1;
            free.next
        });
        Slot { number, home: Arc::clone(self) }
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

/// The Router's logs are rings that lose what is not read in time: small ones for each gate's
/// few commands, large ones for what all gates say to the service.
fn router_config(max_links: usize) -> RouterConfig {
    let of_all_gates = SegmentConfig { max_segment_size: 256 * 1024, max_segment_count: 16 };
    let custom = Up::ALL.map(|up| (up.of_all_gates(), of_all_gates.clone()));
    RouterConfig {
        max_connections: max_links,
        max_outgoing_packet_count: 100,
        max_segment_size: 16 * 1024,
        max_segment_count: 2,
        custom_segment: Some(HashMap::from(custom)),
        ..RouterConfig::default()
    }
}

/// `Publish` hides its QoS and packet id; its own serialization (one byte of flags, the id, the
/// topic's length, the topic, the payload) shows them.
pub(crate) fn publish(message: &Message, qos: u8, id: u16) -> Publish {
    let mut raw = BytesMut::with_capacity(5 + message.topic.len() + message.payload.len());
    raw.put_u8(0x30 | qos << 1);
    raw.put_u16(id);
    raw.put_u16(u16::try_from(message.topic.len()).unwrap_or(0));
    raw.put_slice(message.topic.as_bytes());
    raw.put_slice(&message.payload);
    Publish::deserialize(raw.freeze())
}

/// The QoS and the packet id of a publish.
pub(crate) fn qos_and_id(publish: &Publish) -> (u8, u16) {
    let mut raw = publish.serialize();
    (raw.get_u8() >> 1 & 3, raw.get_u16())
}

fn pack(message: &Message) -> Publish {
    publish(message, 0, message.qos.into())
}

fn unpack(publish: &Publish) -> Message {
    let (_, id) = qos_and_id(publish);
    let topic = String::from_utf8_lossy(&publish.topic).into_owned();
    Message { topic, payload: publish.payload.clone(), qos: u8::from(id != 0) }
}

/// Waits for the Router on this thread, without keeping other tasks from theirs.
fn patiently<T>(wait: impl FnOnce() -> T) -> T {
    match Handle::try_current().map(|runtime| runtime.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(wait),
        Ok(_) | Err(_) => wait(),
    }
}

#[cfg(test)]
#[path = "router_tests.rs"]
mod tests;
