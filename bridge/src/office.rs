//! What the relay and the inbox share: the doors, the key, the clock, and the way out.

use std::collections::HashMap;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use domain::{Clock, GateId, Timestamp};
use protocol::SigningKey;
use rumqttc::{AsyncClient, QoS};
use store::{Attempts, Fault, Gates};
use tokio::sync::Semaphore;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{debug, error};

use crate::mapping::Letter;

/// How long to leave the storage alone after a fault.
pub(crate) const REST: Duration = Duration::from_secs(1);

pub(crate) struct Office {
    pub(crate) gates: Gates,
    pub(crate) attempts: Attempts,
    pub(crate) key: SigningKey,
    /// The latest connection; one that has ended takes nothing any more.
    pub(crate) outbox: ArcSwapOption<AsyncClient>,
    clock: Arc<dyn Clock>,
    /// The last hello of each gate that this process heard: its epoch, and when it arrived on a
    /// clock that nobody sets.
    hellos: Mutex<HashMap<GateId, (u64, Instant)>>,
    /// Whose turn it is to read keys: one at a time, so that a crowd of gates leaves the storage's
    /// readers to those who connect and to people.
    pub(crate) key_desk: Semaphore,
    pub(crate) ignored: AtomicU64,
}

/// No connection stands; what was to be sent is found again in the database.
#[derive(Debug, thiserror::Error)]
#[error("not connected to the broker")]
pub(crate) struct NotConnected;

impl Office {
    pub(crate) fn new(
        gates: Gates,
        attempts: Attempts,
        key: SigningKey,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            gates,
            attempts,
            key,
            outbox: ArcSwapOption::empty(),
            clock,
            hellos: Mutex::default(),
            key_desk: Semaphore::new(1),
            ignored: AtomicU64::new(0),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Remembers when the hello of an epoch arrived; told twice, the first time counts.
    pub(crate) fn heard(&self, gate: GateId, epoch: u64, at: Instant) {
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
        (*last == epoch).then(|| at.elapsed())
    }

    /// Queues a letter. That it was queued does not mean that it ever leaves: nothing may depend
    /// on it but hurry.
    pub(crate) async fn post(&self, letter: Letter) -> Result<(), NotConnected> {
        let client = self.outbox.load_full().ok_or(NotConnected)?;
        let Letter { topic, body } = letter;
        client.publish(topic, QoS::AtLeastOnce, false, body).await.map_err(|_| NotConnected)
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
            Fault::Corrupt { .. } | Fault::WrongKeys => return None,
            Fault::Busy | Fault::Unavailable(_) => {}
        }
        enough.run_until_cancelled(sleep(REST)).await?;
    }
}
