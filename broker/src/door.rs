//! What the rest of the process may ask of a running broker.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::watch;

use crate::cause::{Cause, Tally};
use crate::seats::Seats;
use crate::supervision::Health;

/// A cheap handle on a broker.
#[derive(Clone, Debug)]
pub struct Door {
    pub(crate) seats: Arc<Seats>,
    pub(crate) tally: Arc<Tally>,
    pub(crate) health: watch::Receiver<Health>,
    pub(crate) replaced_routers: Arc<AtomicU64>,
}

impl Door {
    /// How many clients are connected and known.
    pub fn connected(&self) -> usize {
        self.seats.count()
    }

    /// Whether the broker moves messages.
    pub fn health(&self) -> Health {
        *self.health.borrow()
    }

    /// How many routers fell silent and were replaced since the start.
    pub fn replaced_routers(&self) -> u64 {
        self.replaced_routers.load(Ordering::Relaxed)
    }

    /// How often this cause came up since the start.
    pub fn count_of(&self, cause: Cause) -> u64 {
        self.tally.of(cause)
    }
}
