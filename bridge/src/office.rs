//! What the relay and the inbox share: the doors, the key, the clock, and the way out.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use domain::{Clock, GateId, Timestamp};
use protocol::SigningKey;
use rumqttc::{AsyncClient, QoS};
use store::{Attempts, Fault, Gates};
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
        let (outbox, ignored) = (ArcSwapOption::empty(), AtomicU64::new(0));
        Self { gates, attempts, key, outbox, clock, ignored }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
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
            Fault::Corrupt { .. } => return None,
            Fault::Busy | Fault::Unavailable(_) => {}
        }
        enough.run_until_cancelled(sleep(REST)).await?;
    }
}
