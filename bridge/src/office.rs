//! What the relay and the inbox share: the doors, the key, the clocks, and the way out.
//!
//! Together with them it is the whole bridge without sockets, tasks and timers: whoever gives it
//! clocks and an [`Outbox`] can drive it.

use std::collections::HashMap;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use domain::{AttemptId, Clock, GateId, Timestamp};
use futures_util::future::BoxFuture;
use protocol::SigningKey;
use store::{Attempts, Fault, Gates, Hop};
use tokio::sync::Semaphore;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{debug, error};

use crate::mapping::Letter;

/// How long to leave the storage alone after a fault.
pub(crate) const REST: Duration = Duration::from_secs(1);

/// All that one process knows and has for talking to gates.
pub struct Office {
    pub(crate) gates: Gates,
    pub(crate) attempts: Attempts,
    pub(crate) key: SigningKey,
    outbox: Arc<dyn Outbox>,
    clock: Arc<dyn Clock>,
    stopwatch: Arc<dyn Stopwatch>,
    /// The last hello of each gate that this process heard: its epoch, and when it arrived by the
    /// stopwatch.
    hellos: Mutex<HashMap<GateId, (u64, Duration)>>,
    /// Whose turn it is to read keys: one at a time, so that a crowd of gates leaves the storage's
    /// readers to those who connect and to people.
    pub(crate) key_desk: Semaphore,
    pub(crate) ignored: AtomicU64,
}

/// Where letters to gates are handed in.
pub trait Outbox: Send + Sync {
    /// Takes a letter. That it was taken does not mean that it ever leaves: nothing may depend on
    /// it but hurry.
    fn post(&self, letter: Letter) -> BoxFuture<'_, Result<(), NotConnected>>;
}

/// Tells how much time has passed, by a clock that nobody sets.
pub trait Stopwatch: Send + Sync {
    /// The time since it was started.
    fn elapsed(&self) -> Duration;
}

impl Stopwatch for Instant {
    fn elapsed(&self) -> Duration {
        Instant::elapsed(self)
    }
}

/// No connection stands; what was to be sent is found again in the database.
#[derive(Debug, thiserror::Error)]
#[error("not connected to the broker")]
pub struct NotConnected;

impl Office {
    /// An office that has heard of no gate yet.
    pub fn new(
        gates: Gates,
        attempts: Attempts,
        key: SigningKey,
        outbox: Arc<dyn Outbox>,
        clock: Arc<dyn Clock>,
        stopwatch: Arc<dyn Stopwatch>,
    ) -> Self {
        let (hellos, ignored) = (Mutex::default(), AtomicU64::new(0));
        let key_desk = Semaphore::new(1);
        Self { gates, attempts, key, outbox, clock, stopwatch, hellos, key_desk, ignored }
    }

    /// Nobody can be reached: whoever asks for a gate now should hear so at once. False: not even
    /// the storage.
    pub async fn forget_gates(&self) -> bool {
        match self.gates.forget_who_is_ready(self.now()).await {
            Ok(_) => true,
            Err(fault) => {
                error!(%fault, "could not forget who was ready: {fault}");
                false
            }
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.stopwatch.elapsed()
    }

    /// Remembers when the hello of an epoch arrived; told twice, the first time counts.
    pub(crate) fn heard(&self, gate: GateId, epoch: u64, at: Duration) {
        let mut hellos = self.hellos.lock().unwrap_or_else(PoisonError::into_inner);
        let last = hellos.entry(gate).or_insert((epoch, at));
        if last.0 != epoch {
            *last = (epoch, at);
        }
    }

    /// How long ago the hello of this epoch arrived, if this process heard it.
    pub(crate) fn hello_age(&self, gate: GateId, epoch: u64) -> Option<Duration> {
        let hellos = self.hellos.lock().unwrap_or_else(PoisonError::into_inner);
        let (last, at) = hellos.get(&gate)?;
        (*last == epoch).then(|| self.elapsed().saturating_sub(*at))
    }

    /// Remembers that a command has passed a hop just now.
    pub(crate) fn passed(&self, id: AttemptId, hop: Hop) {
        self.attempts.passed(id, hop, self.now());
    }

    /// The moment that lies so long after the hello of an epoch, by the clock of now, if this
    /// process heard that hello.
    pub(crate) fn since_hello(&self, gate: GateId, epoch: u64, ms: u64) -> Option<Timestamp> {
        let age = self.hello_age(gate, epoch)?;
        let ago = age.checked_sub(Duration::from_millis(ms)).unwrap_or_default();
        Some(self.now() - ago)
    }

    pub(crate) async fn post(&self, letter: Letter) -> Result<(), NotConnected> {
        self.outbox.post(letter).await
    }

    /// Counts what a gate said in vain; never shows what it said.
    pub(crate) fn ignore(&self, gate: Option<GateId>, what: &str) {
        let ignored = self.ignored.fetch_add(1, Ordering::Relaxed) + 1;
        if let Some(gate) = gate {
            debug!(gate.id = %gate, ignored, "ignored {what} from {gate}");
        } else {
            debug!(ignored, "ignored {what}");
        }
    }
}

/// Tries until the storage answers; gives up when that is enough, or on a row that no further try
/// would mend.
pub(crate) async fn insist<T, F>(
    what: &str,
    enough: &CancellationToken,
    act: impl Fn() -> F,
) -> Option<T>
where
    F: Future<Output = store::Result<T>>,
{
    let mut told = false;
    loop {
        let fault = match act().await {
            Ok(answer) => return Some(answer),
            Err(fault) => fault,
        };
        if !told {
            error!(%fault, "could not {what}: {fault}");
            told = true;
        }
        match fault {
            Fault::Corrupt { .. } | Fault::WrongKeys | Fault::SessionEnded(_) => return None,
            Fault::Busy | Fault::Unavailable(_) => {}
        }
        enough.run_until_cancelled(sleep(REST)).await?;
    }
}
