//! Looks out for what nobody does: time that passes for guests who are inside, and gates that go away
//! where guests are expected. Their hosts are told.

use std::sync::Arc;
use std::time::Duration;

use domain::Clock;
use store::Store;
use tokio::time::interval;
use tokio_util::sync::CancellationToken;
use tracing::error;

/// How late a host may be told.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Looks and tells; as many processes as want to may have one.
pub(crate) struct Lookout {
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Lookout {
    /// Works until cancelled; what fails is tried again.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let (mut looks, began) = (interval(LOOK_EVERY), self.clock.now());
        while stop.run_until_cancelled(looks.tick()).await.is_some() {
            let (visits, now) = (self.store.visits(), self.clock.now());
            if let Err(fault) = visits.tell(now).await {
                error!(%fault, "could not tell hosts who is inside: {fault}");
            }
            if let Err(fault) = visits.tell_of_gates(began, now).await {
                error!(%fault, "could not tell owners of gates that are away: {fault}");
            }
        }
    }
}
