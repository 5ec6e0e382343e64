//! The open port: accepts, counts, and gives each connection a task of its own.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use domain::Clock;
use futures_util::FutureExt;
use protocol::GateId;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, error, info, warn};

use crate::admission;
use crate::cause::{Cause, Tally};
use crate::config::{
    ACCEPT_REST, BACKLOG, Config, MAX_LOOKUPS, REGISTRY_INTERVAL, REGISTRY_OVERLAP,
    REGISTRY_PATIENCE, SEND_BUFFER_BYTES, STOP_PATIENCE,
};
use crate::crowd::{Crowd, Place};
use crate::door::Door;
use crate::identity::{AnyRoster, Roster};
use crate::regulars::Regulars;
use crate::seats::Seats;
use crate::supervision::{Health, RouterSilent, keep_router};
use crate::switch::Switch;
use crate::tls::Tls;

/// The configured address cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {source}")]
pub struct BindError {
    /// The address.
    pub address: SocketAddr,
    /// Why not: mostly another process, perhaps a missing permission.
    pub source: io::Error,
}

/// A broker that holds its port and waits to be run.
pub struct Broker {
    listener: TcpListener,
    local_addr: SocketAddr,
    house: Arc<House>,
    health: watch::Sender<Health>,
    replaced_routers: Arc<AtomicU64>,
}

/// What all connections share.
pub(crate) struct House {
    pub(crate) config: Config,
    pub(crate) tls: Tls,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) roster: Box<dyn AnyRoster>,
    pub(crate) handshakes: Semaphore,
    pub(crate) lookups: Semaphore,
    pub(crate) switch: Switch,
    pub(crate) seats: Arc<Seats>,
    pub(crate) regulars: Regulars,
    pub(crate) tally: Arc<Tally>,
    crowd: Arc<Crowd>,
}

impl Broker {
    /// Takes the port; port 0 takes any, see [`Self::local_addr`].
    pub fn bind(
        config: Config,
        tls: Tls,
        roster: impl Roster,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, BindError> {
        let fail = |source| BindError { address: config.listen, source };
        let listener = listen(config.listen).map_err(fail)?;
        let local_addr = listener.local_addr().map_err(fail)?;
        let house = House {
            tls,
            clock,
            roster: Box::new(roster),
            handshakes: Semaphore::new(config.max_concurrent_handshakes.max(1)),
            lookups: Semaphore::new(MAX_LOOKUPS),
            switch: Switch::default(),
            seats: Arc::default(),
            regulars: Regulars::new(config.gate_packets_per_second),
            tally: Arc::default(),
            crowd: Arc::new(Crowd::new(&config)),
            config,
        };
        Ok(Self {
            listener,
            local_addr,
            house: Arc::new(house),
            health: watch::Sender::new(Health::Good),
            replaced_routers: Arc::default(),
        })
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// The handle for the rest of the process.
    pub fn door(&self) -> Door {
        Door {
            seats: Arc::clone(&self.house.seats),
            tally: Arc::clone(&self.house.tally),
            health: self.health.subscribe(),
            replaced_routers: Arc::clone(&self.replaced_routers),
        }
    }

    /// Serves until cancelled, then says goodbye to all clients; an error means: end the process.
    pub async fn run(self, stop: CancellationToken) -> Result<(), RouterSilent> {
        let Self { listener, local_addr, house, health, replaced_routers } = self;
        let tasks = TaskTracker::new();
        info!("listening for MQTT over TLS on {local_addr}");
        let ended = tokio::select! {
            () = stop.cancelled() => Ok(()),
            silent = keep_router(&house.switch, &house.seats, &health, &replaced_routers) => {
                Err(silent)
            }
            never = house.watch_roster() => match never {},
            never = house.tally.tell() => match never {},
            never = accept_all(&listener, &house, &tasks) => match never {},
        };
        drop(listener);
        house.seats.closing.cancel();
        tasks.close();
        if timeout(STOP_PATIENCE, tasks.wait()).await.is_err() {
            warn!("stopped with {} connections that would not end", tasks.len());
        }
        ended
    }
}

impl House {
    /// Sends away, within a second, whoever lost the right to be here.
    ///
    /// The registry is asked again and again: whoever revokes is perhaps another process.
    async fn watch_roster(&self) -> Infallible {
        let mut ticks = interval(REGISTRY_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut since = self.clock.now() - REGISTRY_OVERLAP;
        let mut is_silent = false;
        loop {
            ticks.tick().await;
            let now = self.clock.now();
            let answer = timeout(REGISTRY_PATIENCE, self.roster.ended_since(since, now)).await;
            let silent = match answer {
                Ok(Ok(ended)) => {
                    self.seats.end_certificates(ended);
                    since = now - REGISTRY_OVERLAP;
                    None
                }
                Ok(Err(fault)) => Some(fault.to_string()),
                Err(_) => Some("it takes too long".to_owned()),
            };
            if let (Some(why), false) = (&silent, is_silent) {
                error!("the registry does not say whose certificate ended: {why}");
            }
            is_silent = silent.is_some();
        }
    }

    /// Shuts a gate out whose key two hold: neither can be told from the other.
    pub(crate) async fn quarantine(&self, gate: &GateId) {
        self.tally.count(Cause::Quarantined);
        error!(gate.id = %gate, "two hold the key of {gate}: it is in quarantine");
        let Ok(id) = domain::GateId::parse(gate.as_str()) else { return };
        let written = timeout(REGISTRY_PATIENCE, self.roster.quarantine(id, self.clock.now()));
        match written.await {
            Ok(Ok(_)) => {}
            Ok(Err(fault)) => error!(%fault, "the quarantine could not be written down: {fault}"),
            Err(_) => error!("the quarantine could not be written down in time"),
        }
        self.seats.end(gate, Cause::Quarantined);
    }
}

/// Takes the port, for connections that keep little in the kernel for clients that do not read.
fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // As the runtime's own listeners do: a restart need not wait for old connections.
    socket.set_reuseaddr(true)?;
    socket.set_send_buffer_size(SEND_BUFFER_BYTES)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

async fn accept_all(listener: &TcpListener, house: &Arc<House>, tasks: &TaskTracker) -> Infallible {
    let mut struggling = false;
    loop {
        match listener.accept().await {
            Ok((tcp, from)) => {
                struggling = false;
                match house.crowd.join(from.ip(), Instant::now()) {
                    Ok((place, evicted)) => {
                        tasks.spawn(contain(Arc::clone(house), tcp, place, evicted));
                    }
                    Err(cause) => house.tally.count(cause),
                }
            }
            Err(error) => {
                if !struggling {
                    error!(%error, "cannot accept connections at the moment: {error}");
                }
                struggling = true;
                tokio::time::sleep(ACCEPT_REST).await;
            }
        }
    }
}

/// Serves one connection; whatever goes wrong with it stays with it.
async fn contain(house: Arc<House>, tcp: TcpStream, place: Place, evicted: CancellationToken) {
    if AssertUnwindSafe(serve(&house, tcp, place, evicted)).catch_unwind().await.is_err() {
        house.tally.count(Cause::Fault);
        error!("a connection's task panicked");
    }
}

async fn serve(house: &Arc<House>, tcp: TcpStream, mut place: Place, evicted: CancellationToken) {
    // Boxed, so that an idle connection does not keep the room that its admission took.
    let admission = Box::pin(async {
        let mut admitting = pin!(admission::admit(house, tcp, &mut place));
        tokio::select! {
            admitted = &mut admitting => Some(admitted),
            () = evicted.cancelled() => Some(Err(Cause::Evicted)),
            () = house.seats.closing.cancelled() => None,
        }
    });
    let admitted = admission.await;
    drop(evicted);
    match admitted {
        Some(Ok(session)) => session.serve().await,
        Some(Err(cause)) => {
            house.tally.count(cause);
            debug!(%cause, "refused a connection: {cause}");
        }
        None => {}
    }
    drop(place);
}

#[cfg(test)]
impl Broker {
    /// What all connections share.
    pub(crate) fn house(&self) -> Arc<House> {
        Arc::clone(&self.house)
    }
}
