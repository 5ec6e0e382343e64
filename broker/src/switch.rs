//! The way to the Router that runs at the moment. All gates hang on one link of it, the trunk,
//! which also carries the broker's echo to itself; each connection of the service has its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use bytes::Bytes;
use protocol::{Topic, Up};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::config::{ECHO_INTERVAL, MAX_MISSED_ECHOES, ROUTER_PATIENCE, TRUNK_QUEUE};
use crate::router::{Channel, Link, Message, Router, RouterGone, seal, unseal};
use crate::seats::Seats;
use crate::supervision::Health;

/// Leads to the Router of the moment; there is none while one replaces the other.
pub(crate) struct Switch(watch::Sender<Option<Arc<Exchange>>>);

/// One Router with what hangs on it.
pub(crate) struct Exchange {
    router: Router,
    room: Arc<Semaphore>,
    queue: mpsc::UnboundedSender<Parcel>,
}

/// The gates' side of one Router.
pub(crate) struct Trunk {
    link: Link,
    queue: mpsc::UnboundedReceiver<Parcel>,
    numbers: [u64; Up::ALL.len()],
}

/// A message in the one queue, so that a farewell never comes before what was said. Farewells
/// take no room: there are at most two from each connection, and they cannot wait.
struct Parcel {
    message: Message,
    _room: Option<OwnedSemaphorePermit>,
}

impl Default for Switch {
    fn default() -> Self {
        Self(watch::Sender::new(None))
    }
}

impl Switch {
    /// The exchange of the moment; waits a little for one that is about to be.
    pub(crate) async fn current(&self) -> Result<Arc<Exchange>, RouterGone> {
        let mut exchanges = self.0.subscribe();
        let current = timeout(ROUTER_PATIENCE, exchanges.wait_for(Option::is_some)).await;
        current.ok().and_then(Result::ok).and_then(|current| current.clone()).ok_or(RouterGone)
    }

    /// Whether this is still the exchange of the moment.
    pub(crate) fn leads_to(&self, exchange: &Arc<Exchange>) -> bool {
        self.0.borrow().as_ref().is_some_and(|current| Arc::ptr_eq(current, exchange))
    }

    pub(crate) fn lead_to(&self, exchange: Option<Arc<Exchange>>) {
        self.0.send_replace(exchange);
    }
}

impl Exchange {
    /// Starts a Router and ties the trunk to it.
    pub(crate) async fn start() -> Result<(Arc<Self>, Trunk), RouterGone> {
        Self::over(Router::start()).await
    }

    pub(crate) async fn over(router: Router) -> Result<(Arc<Self>, Trunk), RouterGone> {
        let mut link = router.open().await?;
        link.subscribe(Channel::Down)?;
        link.subscribe(Channel::Echo)?;
        let room = Arc::new(Semaphore::new(TRUNK_QUEUE));
        let (queue, queued) = mpsc::unbounded_channel();
        let trunk = Trunk { link, queue: queued, numbers: [0; _] };
        Ok((Arc::new(Self { router, room, queue }), trunk))
    }

    /// Opens a link for a connection of the service.
    pub(crate) async fn open(&self) -> Result<Link, RouterGone> {
        self.router.open().await
    }

    #[cfg(test)]
    pub(crate) fn router(&self) -> Router {
        self.router.clone()
    }

    /// Hands over what a gate says; waits while too much is on the way.
    pub(crate) async fn say(&self, message: Message) -> Result<(), RouterGone> {
        let room = Arc::clone(&self.room).acquire_owned().await.map_err(|_| RouterGone)?;
        let parcel = Parcel { message, _room: Some(room) };
        self.queue.send(parcel).map_err(|_| RouterGone)
    }

    /// Hands over what is said on a gate's behalf; never waits.
    pub(crate) fn say_farewell(&self, message: Message) {
        // Without a trunk the service lost its connection, too, and calls the roll.
        let _ = self.queue.send(Parcel { message, _room: None });
    }
}

impl Trunk {
    /// Carries messages between the gates and the Router until the Router is silent.
    pub(crate) async fn carry(mut self, seats: &Seats, health: &watch::Sender<Health>) {
        let pulse = Pulse { due: Notify::new(), missed: AtomicU32::new(0) };
        tokio::select! {
            () = pulse.is_gone() => {}
            RouterGone = self.pump(seats, health, &pulse) => {}
        }
    }

    async fn pump(
        &mut self,
        seats: &Seats,
        health: &watch::Sender<Health>,
        pulse: &Pulse,
    ) -> RouterGone {
        loop {
            let parcel = tokio::select! {
                () = pulse.due.notified() => {
                    self.link.publish(Channel::Echo, Bytes::from_static(b"echo")).await;
                    continue;
                }
                heard = self.link.next() => {
                    let body = match heard {
                        Ok(body) => body,
                        Err(gone) => return gone,
                    };
                    if let Some((message, _)) = unseal(body) {
                        seats.deliver(message);
                    } else {
                        pulse.beats();
                        health.send_if_modified(|health| {
                            std::mem::replace(health, Health::Good) != Health::Good
                        });
                    }
                    continue;
                }
                Some(parcel) = self.queue.recv() => parcel,
            };
            let number = self.number(&parcel.message.topic);
            let body = seal(&parcel.message, number);
            self.link.publish(parcel.message.channel(), body).await;
        }
    }

    /// Numbers what goes up, each channel for itself, so that a gap shows.
    fn number(&mut self, topic: &Topic) -> u64 {
        let Topic::Up(_, up) = topic else { return 0 };
        let place = Up::ALL.iter().position(|other| other == up);
        let Some(number) = place.and_then(|place| self.numbers.get_mut(place)) else { return 0 };
        *number += 1;
        *number
    }
}

/// The broker's echo through its Router, each second.
struct Pulse {
    due: Notify,
    missed: AtomicU32,
}

impl Pulse {
    fn beats(&self) {
        self.missed.store(0, Ordering::Relaxed);
    }

    /// Returns when too many echoes stayed out.
    ///
    /// Ticks are counted rather than time: a process that was suspended was not silent.
    async fn is_gone(&self) {
        let mut ticks = interval(ECHO_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let missed = 1 + self.missed.fetch_add(1, Ordering::Relaxed);
            if MAX_MISSED_ECHOES <= missed {
                return;
            }
            self.due.notify_one();
        }
    }
}
