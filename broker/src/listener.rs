//! The open port: accepts, counts, and gives each connection a task of its own.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::pin::{Pin, pin};
use std::sync::Arc;

use domain::{Clock, Timestamp};
use futures_util::FutureExt;
use store::{Fingerprint, Peer, Unwelcome};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, error, info, warn};

use crate::admission;
use crate::cause::{Cause, Tally};
use crate::config::{ACCEPT_REST, Config, STOP_PATIENCE};
use crate::crowd::{Crowd, Place};
use crate::door::Door;
use crate::identity::Identifies;
use crate::router::Switch;
use crate::seats::Seats;
use crate::supervision::{Health, RouterSilent, watch_router};
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
}

/// What all connections share.
pub(crate) struct House {
    pub(crate) config: Config,
    pub(crate) tls: Tls,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) identify: Box<Identify>,
    pub(crate) handshakes: Semaphore,
    pub(crate) switch: Switch,
    pub(crate) seats: Arc<Seats>,
    pub(crate) tally: Arc<Tally>,
    crowd: Arc<Crowd>,
}

type Identify = dyn Fn(Fingerprint, Timestamp) -> Identified + Send + Sync;
type Identified = Pin<Box<dyn Future<Output = store::Result<Result<Peer, Unwelcome>>> + Send>>;

impl Broker {
    /// Takes the port; port 0 takes any, see [`Self::local_addr`].
    pub async fn bind(
        config: Config,
        tls: Tls,
        registry: impl Identifies,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, BindError> {
        let fail = |source| BindError { address: config.listen, source };
        let listener = TcpListener::bind(config.listen).await.map_err(fail)?;
        let local_addr = listener.local_addr().map_err(fail)?;
        let registry = Arc::new(registry);
        let identify = move |fingerprint, now| -> Identified {
            let registry = Arc::clone(&registry);
            Box::pin(async move { registry.identify(fingerprint, now).await })
        };
        let house = House {
            tls,
            clock,
            identify: Box::new(identify),
            handshakes: Semaphore::new(config.max_concurrent_handshakes.max(1)),
            // One more for the broker's own echo.
            switch: Switch::start(config.max_connections.saturating_add(1)),
            seats: Arc::default(),
            tally: Arc::default(),
            crowd: Arc::new(Crowd::new(config.max_connections, config.max_connections_per_address)),
            config,
        };
        Ok(Self {
            listener,
            local_addr,
            house: Arc::new(house),
            health: watch::Sender::new(Health::Good),
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
        }
    }

    /// Serves until cancelled, then says goodbye to all clients; an error means: end the process.
    pub async fn run(self, stop: CancellationToken) -> Result<(), RouterSilent> {
        let Self { listener, local_addr, house, health } = self;
        let Ok(echo) = house.switch.open(None).await else {
            health.send_replace(Health::Bad);
            return Err(RouterSilent);
        };
        let tasks = TaskTracker::new();
        info!("listening for MQTT over TLS on {local_addr}");
        let ended = {
            let mut watching = pin!(watch_router(echo, health));
            let mut accepting = pin!(accept_all(&listener, &house, &tasks));
            tokio::select! {
                () = stop.cancelled() => Ok(()),
                silent = &mut watching => Err(silent),
                never = &mut accepting => match never {},
            }
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

async fn accept_all(
    listener: &TcpListener,
    house: &Arc<House>,
    tasks: &TaskTracker,
) -> std::convert::Infallible {
    let mut struggling = false;
    loop {
        match listener.accept().await {
            Ok((tcp, from)) => {
                struggling = false;
                match house.crowd.join(from.ip()) {
                    Ok(place) => drop(tasks.spawn(contain(Arc::clone(house), tcp, place))),
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
async fn contain(house: Arc<House>, tcp: TcpStream, place: Place) {
    if AssertUnwindSafe(serve(&house, tcp)).catch_unwind().await.is_err() {
        house.tally.count(Cause::Fault);
        error!("a connection's task panicked");
    }
    drop(place);
}

async fn serve(house: &Arc<House>, tcp: TcpStream) {
    let admitted = tokio::select! {
        admitted = admission::admit(house, tcp) => admitted,
        () = house.seats.closing.cancelled() => return,
    };
    match admitted {
        Ok(session) => session.serve().await,
        Err(cause) => {
            house.tally.count(cause);
            debug!(%cause, "refused a connection: {cause}");
        }
    }
}
