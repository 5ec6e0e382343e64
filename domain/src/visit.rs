//! The end of a visit: how long the way out stays open, and what hosts must hear of guests who are
//! still inside, or expected at a gate that is away.
//!
//! What is *absent* here: telling them (`store` writes the events, once each), and letting a guest
//! out (`access_code`).

use std::time::Duration;

use crate::access_code::{End, LegState};
use crate::settings::ExitGrace;
use crate::{AccessCode, Attempt, Timestamp};

/// How long before the end of a code its host hears that the guest is still inside (O-10).
pub const ENDING_NOTICE: Duration = Duration::from_mins(30);

/// How long a gate may take to come back after the service lost sight of it for no fault of the
/// gate's: it said a fresh hello, or the bridge or the whole service began anew.
pub const GATE_COMES_BACK: Duration = Duration::from_mins(1);

/// How long a host is told nothing more of a gate that flaps; who is away then is told then.
pub const GATE_ALERTS_REST: Duration = Duration::from_mins(10);

/// What a host must hear of a guest who is inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Alert {
    /// The code ends soon.
    Ending,
    /// It has ended, by its time or because it was revoked.
    Overstay,
}

impl AccessCode {
    /// Until when its guest, once inside, may leave by themselves.
    pub fn exit_until(&self) -> Timestamp {
        self.expires_at + self.exit_grace.span()
    }

    /// Whether its time is over and its guest, who is inside, may leave all the same (G-15).
    ///
    /// It has expired: it holds no slot and admits nobody; until then it can still be revoked. A
    /// slot stands for somebody who may come, and a host with few of them must not wait two days for a guest who
    /// left through an open gate.
    pub fn is_in_grace(&self, now: Timestamp) -> bool {
        let is_over = match self.end {
            // A code without a grace stays ended, whatever a clock says later.
            Some(End::Expired { .. }) => self.exit_grace != ExitGrace::default(),
            None => self.expires_at <= now,
            Some(End::Revoked { .. } | End::Completed { .. }) => false,
        };
        is_over && self.is_inside() && now < self.exit_until()
    }

    /// What its host must hear now. `leaving` is the attempt that holds the exit reserved, if any:
    /// while its gate may still open, nobody is alarmed.
    pub fn alert(&self, leaving: Option<&Attempt>, now: Timestamp) -> Option<Alert> {
        let may_be_out_soon = leaving.is_some_and(|attempt| now <= attempt.deadline);
        if !self.is_inside() || may_be_out_soon {
            return None;
        }
        match self.end {
            Some(End::Revoked { .. } | End::Expired { .. }) => Some(Alert::Overstay),
            None if self.expires_at <= now => Some(Alert::Overstay),
            None if self.expires_at <= now + ENDING_NOTICE => Some(Alert::Ending),
            Some(End::Completed { .. }) | None => None,
        }
    }

    /// Whether the guest went in, and no exit was reported.
    fn is_inside(&self) -> bool {
        let went_out = matches!(self.exit, LegState::Used { .. });
        matches!(self.entry, LegState::Used { .. }) && !went_out
    }
}

#[cfg(test)]
mod tests;
