//! What the service knows of a gate: which epoch it is in and whether it can be opened now.

use std::time::Duration;

use crate::{GateId, Timestamp};

/// How old the hello of a ready gate may be: deadlines count from it on the gate's own clock,
/// which drifts. Gates renew their hello twice as often.
pub const HELLO_LIFETIME: Duration = Duration::from_hours(1);

/// How many commands of one gate may wait for an answer; more would outrun its ledger of 64.
pub const MAX_UNSETTLED: u32 = 16;

/// How long a gate's certificate holds.
pub const CERTIFICATE_LIFETIME: Duration = Duration::from_hours(90 * 24);

/// How old a gate's certificate is when it may be renewed; the rest is for a gate that is off.
pub const RENEWAL_AGE: Duration = Duration::from_hours(60 * 24);

/// How far two renewals of one gate are apart at least, so that its certificates stay few.
pub const RENEWAL_PAUSE: Duration = Duration::from_mins(10);

/// A gate's conversation with the service: raised at each hello, ready after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Gate {
    /// Which gate.
    pub id: GateId,
    /// Raised by each hello; a command of an older epoch is dead.
    pub epoch: u64,
    /// When the service heard the hello of this epoch.
    pub hello_at: Timestamp,
    /// Set while the gate has adopted the epoch and its connection stands.
    pub ready_at: Option<Timestamp>,
    /// Set while nothing that the gate says counts.
    pub barred: Option<Barred>,
    /// The first epoch of the hardware that is there now; it knows nothing of older ones.
    pub hardware_since: u64,
}

/// Why a gate is kept out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Barred {
    /// Two hold its key, it seems: kept out until somebody has looked.
    Quarantined {
        /// Since when.
        at: Timestamp,
    },
    /// All its certificates were revoked: kept out until it is enrolled anew.
    Revoked {
        /// Since when.
        at: Timestamp,
    },
}

impl Gate {
    /// The epoch in which the gate would act on a command now, if it can be reached at all.
    pub fn ready(&self, now: Timestamp) -> Option<u64> {
        let fresh = now < self.hello_at + HELLO_LIFETIME;
        let counts = fresh && self.barred.is_none();
        self.ready_at.filter(|_| counts).map(|_| self.epoch)
    }
}
