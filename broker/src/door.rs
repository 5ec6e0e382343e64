//! What the rest of the process may ask of a running broker.

use std::sync::Arc;

use domain::GateId;
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
}

impl Door {
    /// Ends this gate's connection at once; false when it had none.
    ///
    /// Revoke its certificate in the registry first: the gate tries again within a second.
    pub fn kick(&self, gate: GateId) -> bool {
        self.seats.kick(&gate.to_string())
    }

    /// How many clients are connected and known.
    pub fn connected(&self) -> usize {
        self.seats.count()
    }

    /// Whether the broker moves messages.
    pub fn health(&self) -> Health {
        *self.health.borrow()
    }

    /// How often this cause came up since the start.
    pub fn count_of(&self, cause: Cause) -> u64 {
        self.tally.of(cause)
    }
}
