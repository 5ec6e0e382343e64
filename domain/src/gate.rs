//! What the service knows of a gate: which epoch it is in and whether it can be opened now.

use std::time::Duration;

use crate::{GateId, Timestamp};

/// How old the hello of a ready gate may be: deadlines count from it on the gate's own clock,
/// which drifts. Gates renew their hello twice as often.
pub const HELLO_LIFETIME: Duration = Duration::from_hours(1);

/// How many commands of one gate may wait for an answer; more would outrun its ledger of 64.
pub const MAX_UNSETTLED: u32 = 16;

/// How many commands a gate is sent while an older one waits for its answer. What a gate has done
/// and forgotten it would deny: the ledger of 64 must reach back to whatever is open, though its
/// word may be held up on the way for as long as somebody likes. With those that were open before,
/// and may come after it, these stay well below 64.
pub const MAX_SINCE_UNSETTLED: u32 = 32;

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
    /// The least time between two of its pulses.
    pub pulse_gap: PulseGap,
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

/// The least time between two pulses of a gate, as its installer set it (G-25): a motor that is
/// told to open while it moves may stop instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PulseGap {
    ms: u32,
}

impl PulseGap {
    /// A motor needs as long.
    pub const LEAST_MS: u32 = 3_000;

    /// Longer than a guest waits, and than any motor takes.
    pub const MOST_MS: u32 = 60_000;

    /// Takes whole milliseconds from 3,000 to 60,000.
    pub fn from_ms(ms: u32) -> Result<Self, InvalidPulseGap> {
        let is_offered = (Self::LEAST_MS..=Self::MOST_MS).contains(&ms);
        if is_offered { Ok(Self { ms }) } else { Err(InvalidPulseGap) }
    }

    /// The gap in milliseconds.
    pub fn as_ms(self) -> u32 {
        self.ms
    }

    /// The gap.
    pub fn as_duration(self) -> Duration {
        Duration::from_millis(self.ms.into())
    }
}

impl Default for PulseGap {
    fn default() -> Self {
        Self { ms: Self::LEAST_MS }
    }
}

/// Not a gap on offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected whole milliseconds from {} to {}", PulseGap::LEAST_MS, PulseGap::MOST_MS)]
pub struct InvalidPulseGap;

impl Gate {
    /// The epoch in which the gate would act on a command now, if it can be reached at all.
    pub fn ready(&self, now: Timestamp) -> Option<u64> {
        let fresh = now < self.hello_at + HELLO_LIFETIME;
        let counts = fresh && self.barred.is_none();
        self.ready_at.filter(|_| counts).map(|_| self.epoch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pulse_gap_is_3_to_60_seconds_and_3_unless_chosen() {
        for (ms, is_offered) in
            [(0, false), (2_999, false), (3_000, true), (60_000, true), (60_001, false)]
        {
            assert_eq!(PulseGap::from_ms(ms).is_ok(), is_offered, "{ms}");
        }
        assert_eq!(PulseGap::default().as_ms(), 3_000);
        assert_eq!(PulseGap::default().as_duration(), Duration::from_secs(3));
        let expected = "expected whole milliseconds from 3000 to 60000";
        assert_eq!(InvalidPulseGap.to_string(), expected);
    }
}
