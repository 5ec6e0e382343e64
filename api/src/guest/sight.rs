//! What a guest sees of a pass now: one name for each page of its life.

use std::time::Duration;

use domain::access_code::Standing;
use domain::attempt::{AskedBy, State};
use domain::{Attempt, Leg, Timestamp};
use store::GuestPass;

use crate::marks::Mark;

/// How long the gate is said to be open; later the guest is simply inside.
const WELCOME: Duration = Duration::from_mins(1);

/// The page that a pass has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Sight {
    /// The gate is to be opened, on the way in.
    WayIn,
    /// The gate was asked to open.
    Opening,
    /// It was asked, and keeps silent.
    NoAnswer,
    /// The gate has just opened on the way in.
    JustIn,
    /// The gate says only now that it was opened on the way in, or lost its power just before.
    SaidLate,
    /// The gate is to be opened, on the way out.
    WayOut,
    /// The same after the pass has ended, within its grace.
    WayOutInGrace,
    /// In and out.
    Goodbye,
    /// The gate for the next way cannot be reached.
    Away(Leg),
    /// The host must choose a gate anew.
    Suspended,
    /// Too many wrong digits.
    Locked,
    /// The host took the pass back while the gate was asked: it may still open.
    Cancelling,
    /// The host took the pass back.
    Cancelled {
        /// Whether the guest went in and never out.
        inside: bool,
    },
    /// Its time is over.
    Expired {
        /// Whether the guest went in and never out.
        inside: bool,
    },
}

impl Sight {
    /// What there is to see of a pass.
    pub(super) fn of(seen: &GuestPass, now: Timestamp) -> Self {
        let standing = seen.pass.code.standing(now);
        if let Some(attempt) = under_way(seen) {
            return Self::while_asked(standing, attempt, now);
        }
        let is_locked = seen.pass.code.guard.locked_at.is_some();
        match standing {
            Standing::Completed { .. } => Self::Goodbye,
            Standing::Revoked { inside, .. } => Self::Cancelled { inside },
            Standing::Expired { inside, .. } => Self::Expired { inside },
            Standing::Issued
            | Standing::Entering
            | Standing::Inside { .. }
            | Standing::Leaving { .. }
            | Standing::InGrace { .. }
                if is_locked =>
            {
                Self::Locked
            }
            Standing::Inside { .. } | Standing::Leaving { .. } | Standing::InGrace { .. }
                if was_said_late(seen) =>
            {
                Self::SaidLate
            }
            // Whoever just came in reads that first, whatever stands in the way out.
            Standing::Inside { since }
            | Standing::Leaving { since }
            | Standing::InGrace { since, .. }
                if now < since + WELCOME =>
            {
                Self::JustIn
            }
            Standing::Issued
            | Standing::Entering
            | Standing::Inside { .. }
            | Standing::Leaving { .. }
            | Standing::InGrace { .. }
                if seen.is_suspended =>
            {
                Self::Suspended
            }
            Standing::Issued | Standing::Entering if seen.gate_is_there => Self::WayIn,
            Standing::Issued | Standing::Entering => Self::Away(Leg::Entry),
            Standing::Inside { .. } | Standing::Leaving { .. } if seen.gate_is_there => {
                Self::WayOut
            }
            Standing::InGrace { .. } if seen.gate_is_there => Self::WayOutInGrace,
            Standing::Inside { .. } | Standing::Leaving { .. } | Standing::InGrace { .. } => {
                Self::Away(Leg::Exit)
            }
        }
    }

    /// The same while a gate is asked to open.
    fn while_asked(standing: Standing, attempt: &Attempt, now: Timestamp) -> Self {
        let is_late = attempt.deadline < now;
        let is_let_out =
            attempt.visit().is_some_and(|visit| visit.asked_by == AskedBy::HostDespiteEnd);
        match standing {
            Standing::Completed { .. } => Self::Goodbye,
            Standing::Revoked { inside, .. } if !is_let_out && is_late => {
                Self::Cancelled { inside }
            }
            Standing::Revoked { .. } if !is_let_out => Self::Cancelling,
            Standing::Issued
            | Standing::Entering
            | Standing::Inside { .. }
            | Standing::Leaving { .. }
            | Standing::InGrace { .. }
            | Standing::Expired { .. }
            | Standing::Revoked { .. } => {
                if is_late {
                    Self::NoAnswer
                } else {
                    Self::Opening
                }
            }
        }
    }

    /// Whether nothing else will ever be seen.
    pub(super) fn is_last(self) -> bool {
        match self {
            Self::Goodbye | Self::Cancelled { inside: false } | Self::Expired { inside: false } => {
                true
            }
            Self::WayIn
            | Self::Opening
            | Self::NoAnswer
            | Self::JustIn
            | Self::SaidLate
            | Self::WayOut
            | Self::WayOutInGrace
            | Self::Away(_)
            | Self::Suspended
            | Self::Locked
            | Self::Cancelling
            | Self::Cancelled { inside: true }
            | Self::Expired { inside: true } => false,
        }
    }

    /// Whether a gate is about to answer.
    pub(super) fn is_under_way(self) -> bool {
        matches!(self, Self::Opening | Self::NoAnswer | Self::Cancelling)
    }

    /// Whether the guest cannot go on alone.
    pub(super) fn needs_the_host(self) -> bool {
        match self {
            Self::NoAnswer
            | Self::SaidLate
            | Self::Away(_)
            | Self::Suspended
            | Self::Locked
            | Self::Cancelling
            | Self::Cancelled { .. }
            | Self::Expired { .. } => true,
            Self::WayIn
            | Self::Opening
            | Self::JustIn
            | Self::WayOut
            | Self::WayOutInGrace
            | Self::Goodbye => false,
        }
    }
}

/// The mark of what there is to see; after a try that failed, the same page says something else.
pub(super) fn mark(seen: &GuestPass, now: Timestamp) -> Mark {
    let failed = seen.latest.as_ref().filter(|latest| match latest.state {
        State::NotExecuted { .. } => true,
        State::Pending | State::Sent { .. } | State::Executed { .. } => false,
    });
    Mark::of(&(Sight::of(seen, now), failed.map(|attempt| attempt.id)))
}

/// Whether the gate's word on the way in came after its deadline: then nobody stands there who saw
/// it open, and a gate that lost its power between its ledger and its pulse says the same.
fn was_said_late(seen: &GuestPass) -> bool {
    seen.latest.as_ref().is_some_and(|latest| {
        latest.leg() == Some(Leg::Entry)
            && matches!(latest.state, State::Executed { at } if latest.deadline < at)
    })
}

/// What a gate was asked and has not settled; only its report settles what was sent.
fn under_way(seen: &GuestPass) -> Option<&Attempt> {
    seen.latest.as_ref().filter(|latest| match latest.state {
        State::Pending | State::Sent { .. } => true,
        State::Executed { .. } | State::NotExecuted { .. } => false,
    })
}
