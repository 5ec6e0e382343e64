//! The way to the Router that runs at the moment. All clients hang on one link of it, the trunk,
//! which also carries the broker's echo to itself.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::runtime::Handle;
use tokio::sync::{Semaphore, watch};
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::config::{ECHO_INTERVAL, MAX_MISSED_ECHOES, ROUTER_PATIENCE};
use crate::farewell::Farewell;
use crate::router::{Cargo, Ear, Message, Mouth, Router, RouterGone};
use crate::seats::Seats;
use crate::supervision::Health;

/// Leads to the Router of the moment; there is none while one replaces the other.
pub(crate) struct Switch(watch::Sender<Option<Arc<Exchange>>>);

/// Where clients hand over what they say.
pub(crate) struct Exchange {
    /// What is on its way takes room, and gives it back on arrival.
    room: Semaphore,
    outgoing: Mutex<Outgoing>,
    #[cfg(test)]
    pub(crate) router: Router,
}

struct Outgoing {
    mouth: Mouth,
    sent: u64,
}

/// The Router's end of the exchange.
pub(crate) struct Trunk {
    exchange: Arc<Exchange>,
    ear: Ear,
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
        let router = Router::start();
        let (mouth, ear) = router.open().await?;
        let exchange = Arc::new(Self {
            room: Semaphore::new(Mouth::ROOM),
            outgoing: Mutex::new(Outgoing { mouth, sent: 0 }),
            #[cfg(test)]
            router,
        });
        Ok((Arc::clone(&exchange), Trunk { exchange, ear }))
    }

    /// Hands over what a client says; waits while too much is on its way.
    ///
    /// A Router that hangs lets everybody wait here: the supervision must call them off.
    pub(crate) async fn say(&self, message: Message) -> Result<(), RouterGone> {
        self.room.acquire().await.map_err(|_| RouterGone)?.forget();
        let mut outgoing = self.outgoing();
        let number = outgoing.sent + 1;
        outgoing.mouth.publish(&Cargo::Message(message, number))?;
        outgoing.sent = number;
        Ok(())
    }

    /// Hands over what is said on a gate's behalf, in order and as soon as there is room.
    pub(crate) fn say_farewell(self: &Arc<Self>, farewell: Farewell) {
        // Without a runtime everything ends.
        let Ok(runtime) = Handle::try_current() else { return };
        let exchange = Arc::clone(self);
        runtime.spawn(async move {
            for message in farewell.into_messages() {
                // Without a Router the service lost its connection, too, and calls the roll.
                let _ = exchange.say(message).await;
            }
        });
    }

    fn outgoing(&self) -> MutexGuard<'_, Outgoing> {
        self.outgoing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Trunk {
    fn drop(&mut self) {
        self.exchange.room.close();
    }
}

impl Trunk {
    /// Carries messages from the Router to their seats, until the Router is silent.
    pub(crate) async fn carry(mut self, seats: &Seats, health: &watch::Sender<Health>) {
        let missed = AtomicU32::new(0);
        tokio::select! {
            () = self.exchange.is_silent(&missed) => {}
            RouterGone = hear(&mut self.ear, &self.exchange.room, seats, health, &missed) => {}
        }
    }
}

/// Puts what arrives where it belongs.
async fn hear(
    ear: &mut Ear,
    room: &Semaphore,
    seats: &Seats,
    health: &watch::Sender<Health>,
    missed: &AtomicU32,
) -> RouterGone {
    let mut heard = 0;
    loop {
        match ear.next().await {
            Ok(Cargo::Message(message, number)) => {
                heard += 1;
                if number != heard {
                    // The ring lost something, and nobody knows what.
                    return RouterGone;
                }
                room.add_permits(1);
                seats.deliver(message);
            }
            Ok(Cargo::Echo) => {
                missed.store(0, Ordering::Relaxed);
                health.send_if_modified(|health| {
                    std::mem::replace(health, Health::Good) != Health::Good
                });
            }
            Err(gone) => return gone,
        }
    }
}

impl Exchange {
    /// Sends an echo each second, and returns when too many stayed out.
    ///
    /// Ticks are counted rather than time: a process that was suspended was not silent.
    async fn is_silent(&self, missed: &AtomicU32) {
        let mut ticks = interval(ECHO_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let missed = 1 + missed.fetch_add(1, Ordering::Relaxed);
            if MAX_MISSED_ECHOES <= missed {
                return;
            }
            // One that cannot be sent is one that stays out.
            let _ = self.outgoing().mouth.publish(&Cargo::Echo);
        }
    }
}
