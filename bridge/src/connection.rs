//! The one MQTT connection, kept up; each is a new one.
//!
//! rumqttc would reconnect by itself, but without back-off, without its subscriptions, and its old
//! state can lock up after a lost session.

use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use domain::{AttemptId, Dice, roll_below};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use protocol::{MAX_BODY_BYTES, Up};
use rumqttc::{
    AsyncClient, Event, EventLoop, MqttOptions, NetworkOptions, Outgoing, Packet, QoS,
    SubscribeFilter, SubscribeReasonCode, TlsConfiguration, Transport,
};
use store::Hop;
use tokio::time::{error::Elapsed, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use crate::inbox::{Inbox, InboxFull};
use crate::mapping::Letter;
use crate::office::{NotConnected, Office, Outbox};
use crate::{Address, Tls, relay};

/// How long all of TCP, TLS, CONNECT and SUBSCRIBE may take together.
const OPENING_PATIENCE: Duration = Duration::from_secs(10);
/// How long a clean goodbye may take.
const CLOSING_PATIENCE: Duration = Duration::from_secs(2);
/// A broker that is silent for two of these is gone.
const KEEP_ALIVE: Duration = Duration::from_secs(5);
/// Messages waiting to be written; who has more to say waits.
const OUTBOX_LENGTH: usize = 256;
/// Unacknowledged messages: far above what is ever due at once, so that packet ids never collide.
const MAX_INFLIGHT: u16 = 4096;
/// A body, its topic and a few bytes more.
const MAX_PACKET_BYTES: usize = MAX_BODY_BYTES + 512;
/// One packet above its limit ends the connection, so a broker's stricter limit must come first.
const MAX_INCOMING_BYTES: usize = 1024 * 1024;
/// The pause after a lost connection doubles from the first to the last.
const PAUSE_MS: (u32, u32) = (100, 5_000);

/// The way to the broker.
pub(crate) struct Line {
    pub(crate) office: Arc<Office>,
    pub(crate) latest: Arc<Latest>,
    pub(crate) broker: Address,
    pub(crate) tls: Tls,
    pub(crate) client_id: String,
    pub(crate) dice: Arc<dyn Dice>,
}

/// The latest connection as an outbox; one that has ended takes nothing any more.
#[derive(Default)]
pub(crate) struct Latest(ArcSwapOption<Sender>);

impl Outbox for Latest {
    fn post(&self, letter: Letter) -> BoxFuture<'_, Result<(), NotConnected>> {
        let sender = self.0.load_full();
        async move { sender.ok_or(NotConnected)?.send(letter).await }.boxed()
    }
}

/// The end of one connection where letters go in.
struct Sender {
    client: AsyncClient,
    queued: Queued,
    turn: tokio::sync::Mutex<()>,
}

/// What each letter in the client's queue opens, in the order of that queue.
type Queued = Arc<Mutex<VecDeque<Option<AttemptId>>>>;

impl Sender {
    /// Waits for room in the client's queue. Dropped half-way, as it may be when this process stops,
    /// it leaves the two queues in different orders: then hops are told of other commands.
    async fn send(&self, letter: Letter) -> Result<(), NotConnected> {
        let Letter { topic, body, opens } = letter;
        let _turn = self.turn.lock().await;
        let queued = || self.queued.lock().unwrap_or_else(PoisonError::into_inner);
        queued().push_back(opens);
        let sent = self.client.publish(topic, QoS::AtLeastOnce, false, body).await;
        sent.map_err(|_| {
            queued().pop_back();
            NotConnected
        })
    }
}

/// Which opening each unacknowledged packet is, to tell when it went and when the broker took it.
#[derive(Default)]
struct Unacknowledged {
    queued: Queued,
    openings: HashMap<u16, AttemptId>,
}

impl Unacknowledged {
    /// The opening that has passed a hop by this event, if it tells of one.
    fn passed(&mut self, event: &Event) -> Option<(AttemptId, Hop)> {
        match event {
            Event::Outgoing(Outgoing::Publish(packet)) => {
                let next = self.queued.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                let opening = next.flatten();
                match opening {
                    Some(opening) => self.openings.insert(*packet, opening),
                    None => self.openings.remove(packet),
                };
                Some((opening?, Hop::Published))
            }
            Event::Incoming(Packet::PubAck(ack)) => {
                Some((self.openings.remove(&ack.pkid)?, Hop::Taken))
            }
            Event::Incoming(_) | Event::Outgoing(_) => None,
        }
    }
}

/// One connection, subscribed to what all gates say.
struct Connection {
    client: AsyncClient,
    events: EventLoop,
    unacknowledged: Unacknowledged,
    inbox: Inbox,
}

/// Why a connection ended or never stood.
#[derive(Debug, thiserror::Error)]
enum Lost {
    #[error("{0}")]
    Mqtt(Box<rumqttc::ConnectionError>),
    #[error("the broker is silent")]
    Silent(#[from] Elapsed),
    #[error("the broker refuses the subscriptions")]
    Refused,
    #[error(transparent)]
    InboxFull(#[from] InboxFull),
}

impl From<rumqttc::ConnectionError> for Lost {
    fn from(error: rumqttc::ConnectionError) -> Self {
        Self::Mqtt(Box::new(error))
    }
}

impl Line {
    /// Keeps a connection until told to hang up.
    pub(crate) async fn keep(&self, hang_up: &CancellationToken) {
        let mut failures = 0;
        // Also those that seemed ready to a process before this one.
        let mut gates_seem_ready = true;
        while let Some(connected) = hang_up.run_until_cancelled(self.connect()).await {
            let lost = match connected {
                Ok(connection) => {
                    let since = Instant::now();
                    gates_seem_ready = true;
                    let Err(lost) = self.converse(connection, hang_up).await else { break };
                    if Duration::from_millis(PAUSE_MS.1.into()) < since.elapsed() {
                        failures = 0;
                    }
                    lost
                }
                Err(lost) => {
                    // Not before this, because after a short interruption what was sent can be
                    // sent again to gates that are still there.
                    if gates_seem_ready {
                        gates_seem_ready = !self.office.forget_gates().await;
                    }
                    lost
                }
            };
            let pause = pause(failures, &*self.dice);
            let (broker, pause_ms) = (&self.broker, pause.as_millis());
            if failures == 0 {
                warn!(%lost, pause_ms, "not connected to {broker}: {lost}");
            } else {
                debug!(%lost, pause_ms, "still not connected to {broker}: {lost}");
            }
            failures = failures.saturating_add(1);
            hang_up.run_until_cancelled(sleep(pause)).await;
        }
        self.office.forget_gates().await;
    }

    /// Connects and subscribes; all is granted when this returns.
    async fn connect(&self) -> Result<Connection, Lost> {
        let (client, mut events) = AsyncClient::new(self.options(), OUTBOX_LENGTH);
        let mut network = NetworkOptions::new();
        network.set_tcp_nodelay(true);
        events.set_network_options(network);
        let filters = Up::ALL.map(|up| SubscribeFilter::new(up.of_all_gates(), QoS::AtLeastOnce));
        // The queue is empty and open: this cannot fail, and if it did, the broker would be silent.
        let _ = client.try_subscribe_many(filters);
        let inbox = Inbox::open(&self.office);
        let mut unacknowledged = Unacknowledged::default();
        let subscribed = async {
            loop {
                let event = events.poll().await?;
                self.notice(&mut unacknowledged, &event);
                match event {
                    Event::Incoming(Packet::ConnAck(_)) => {
                        let (client, turn) = (client.clone(), tokio::sync::Mutex::default());
                        let queued = Arc::clone(&unacknowledged.queued);
                        self.latest.0.store(Some(Arc::new(Sender { client, queued, turn })));
                    }
                    Event::Incoming(Packet::SubAck(ack)) => {
                        let granted = SubscribeReasonCode::Success(QoS::AtLeastOnce);
                        let all = ack.return_codes.iter().all(|code| *code == granted);
                        return if all { Ok(()) } else { Err(Lost::Refused) };
                    }
                    Event::Incoming(Packet::Publish(said)) => {
                        inbox.put(&said.topic, &said.payload)?;
                    }
                    Event::Incoming(_) | Event::Outgoing(_) => {}
                }
            }
        };
        timeout(OPENING_PATIENCE, subscribed).await??;
        info!("connected to {} as {}", self.broker, self.client_id);
        Ok(Connection { client, events, unacknowledged, inbox })
    }

    /// Serves a connection to its end: `Ok` if told to hang up.
    async fn converse(
        &self,
        connection: Connection,
        hang_up: &CancellationToken,
    ) -> Result<(), Lost> {
        let Connection { client, mut events, mut unacknowledged, inbox } = connection;
        let ended = {
            // Never dropped half-way while the connection shall live: rumqttc may be writing.
            let mut hearing = pin!(self.hear(&mut events, &mut unacknowledged, &inbox));
            let leaving = async {
                hang_up.run_until_cancelled(relay::greet(&self.office, hang_up)).await;
                hang_up.cancelled().await;
                let _ = client.disconnect().await;
            };
            tokio::select! {
                lost = &mut hearing => match lost { Err(lost) => Err(lost) },
                () = leaving => {
                    // The broker closes the connection; that is no loss.
                    let _ = timeout(CLOSING_PATIENCE, hearing).await;
                    Ok(())
                }
            }
        };
        // Ends whoever waits for room in its queue.
        drop(events);
        inbox.close().await;
        ended
    }

    /// Moves packets until the connection is lost; waits for nothing else.
    async fn hear(
        &self,
        events: &mut EventLoop,
        unacknowledged: &mut Unacknowledged,
        inbox: &Inbox,
    ) -> Result<Infallible, Lost> {
        loop {
            let event = events.poll().await?;
            self.notice(unacknowledged, &event);
            if let Event::Incoming(Packet::Publish(said)) = event {
                inbox.put(&said.topic, &said.payload)?;
            }
        }
    }

    /// Remembers when an opening went, and when the broker took it.
    fn notice(&self, unacknowledged: &mut Unacknowledged, event: &Event) {
        if let Some((opening, hop)) = unacknowledged.passed(event) {
            self.office.passed(opening, hop);
        }
    }

    fn options(&self) -> MqttOptions {
        let mut options = MqttOptions::new(&self.client_id, self.broker.host(), self.broker.port());
        options
            .set_transport(Transport::tls_with_config(TlsConfiguration::Rustls(self.tls.current())))
            .set_clean_session(true)
            .set_keep_alive(KEEP_ALIVE)
            .set_inflight(MAX_INFLIGHT)
            .set_max_packet_size(MAX_INCOMING_BYTES, MAX_PACKET_BYTES);
        options
    }
}

/// Half of it fixed, half of it random, so that those who lost a broker together do not come back
/// together.
fn pause(failures: u32, dice: &dyn Dice) -> Duration {
    let (first, last) = PAUSE_MS;
    let ceiling = first.saturating_mul(1 << failures.min(16)).min(last);
    let half = ceiling / 2;
    Duration::from_millis((half + roll_below(dice, half + 1)).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Loaded(u8);

    impl Dice for Loaded {
        fn roll(&self, into: &mut [u8]) {
            into.fill(self.0);
        }
    }

    #[test]
    fn an_opening_is_published_with_its_packet_and_taken_with_its_acknowledgement() {
        let (first, second) = (AttemptId::from_bytes([1; 16]), AttemptId::from_bytes([2; 16]));
        let mut unacknowledged = Unacknowledged::default();
        unacknowledged.queued.lock().unwrap().extend([None, Some(first), None, Some(second)]);
        let left = |packet| Event::Outgoing(Outgoing::Publish(packet));
        let acknowledged = |packet| Event::Incoming(Packet::PubAck(rumqttc::PubAck::new(packet)));
        let went = [7, 8, 9, 10].map(|nth| unacknowledged.passed(&left(nth)));
        let published = |opening| Some((opening, Hop::Published));
        assert_eq!(went, [None, published(first), None, published(second)]);
        let came = [10, 7, 8, 9, 8, 11].map(|nth| unacknowledged.passed(&acknowledged(nth)));
        let taken = |opening| Some((opening, Hop::Taken));
        assert_eq!(came, [taken(second), None, taken(first), None, None, None]);
        // A packet's number is used again, by what opens nothing.
        unacknowledged.queued.lock().unwrap().extend([Some(first), None]);
        assert_eq!(unacknowledged.passed(&left(7)), published(first));
        assert_eq!(unacknowledged.passed(&left(7)), None);
        assert_eq!(unacknowledged.passed(&acknowledged(7)), None);
    }

    #[test]
    fn the_pause_starts_short_doubles_and_stays_bounded() {
        let shortest = [0, 1, 2, 5, 6, u32::MAX].map(|n| pause(n, &Loaded(0)).as_millis());
        assert_eq!(shortest, [50, 100, 200, 1600, 2500, 2500]);
        for failures in 0..20 {
            for fall in 0..=250 {
                assert!(pause(failures, &Loaded(fall)) <= Duration::from_secs(5));
            }
        }
    }
}
