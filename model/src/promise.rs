//! What must hold in every state; the names are those of the invariants in ARCHITECTURE.md.

use std::fmt;
use std::time::Duration;

use domain::access_code::{End, LegState};
use domain::attempt::State;
use domain::{Leg, Timestamp};

use crate::gate::{Gate, Pulse};
use crate::service::Service;

/// What the clocks of service and gate may differ by.
pub(crate) const ALLOWANCE: Duration = Duration::from_millis(500);

/// One of the invariants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Promise {
    /// INV1: at most one pulse a leg.
    OnePulse,
    /// `INV1b`: a free leg has had no pulse.
    FreeIsUnused,
    /// INV2: no pulse after `effective_at`.
    RevokedIsShut,
    /// INV2: no way is reserved after the code's time; the way out has its grace.
    ExpiredIsShut,
    /// INV5: no pulse after the deadline.
    InTime,
    /// INV6: a leg is used on evidence only, which stands in the gate's ledger.
    UsedByEvidence,
    /// INV7: out only after in.
    OutAfterIn,
    /// INV8: no pulse but for a command that the service sent, in the gate's epoch.
    SentForThisEpoch,
    /// INV13: once faults end, every reserved leg is settled.
    Settled,
}

impl Promise {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::OnePulse,
        Self::FreeIsUnused,
        Self::RevokedIsShut,
        Self::ExpiredIsShut,
        Self::InTime,
        Self::UsedByEvidence,
        Self::OutAfterIn,
        Self::SentForThisEpoch,
        Self::Settled,
    ];

    /// Whether it holds between these two. [`Self::Settled`] is about what comes, and the world
    /// tells it.
    pub(crate) fn holds(self, service: &Service, gate: &Gate) -> bool {
        let (code, pulses) = (&service.code, &gate.seen().pulses);
        let of = |leg: Leg| {
            let is_of = move |pulse: &&Pulse| {
                service.attempt(pulse.attempt).is_some_and(|attempt| attempt.leg() == Some(leg))
            };
            pulses.iter().filter(is_of)
        };
        let legs = [Leg::Entry, Leg::Exit];
        match self {
            Self::OnePulse => legs.iter().all(|leg| of(*leg).count() <= 1),
            Self::FreeIsUnused => legs
                .iter()
                .all(|leg| *code.leg(*leg) != LegState::Free || of(*leg).next().is_none()),
            Self::RevokedIsShut => match code.end {
                Some(End::Revoked { effective_at, .. }) => {
                    pulses.iter().all(|pulse| pulse.at <= effective_at + ALLOWANCE)
                }
                Some(End::Completed { .. } | End::Expired { .. }) | None => true,
            },
            Self::ExpiredIsShut => service.attempts.iter().all(|attempt| {
                let until = match attempt.leg() {
                    Some(Leg::Entry) | None => code.expires_at,
                    Some(Leg::Exit) => code.expires_at + code.exit_grace.span(),
                };
                attempt.reserved_at < until
            }),
            Self::InTime => pulses.iter().all(|pulse| {
                let attempt = service.attempt(pulse.attempt);
                attempt.is_some_and(|attempt| pulse.at <= attempt.deadline + ALLOWANCE)
            }),
            Self::UsedByEvidence => legs.iter().all(|leg| match code.leg(*leg) {
                LegState::Used { attempt: id, .. } => {
                    let is_executed = |state| matches!(state, State::Executed { .. });
                    let in_ledger = gate.seen().disk.iter().any(|known| known.0 == id.to_bytes());
                    in_ledger && service.attempt(*id).is_some_and(|a| is_executed(a.state))
                }
                LegState::Free | LegState::Reserved(_) => true,
            }),
            Self::OutAfterIn => {
                let went_out = used_at(&code.exit);
                let went_in = used_at(&code.entry);
                let in_first = went_in.is_some_and(|at| went_out.is_none_or(|out| at <= out));
                (code.exit == LegState::Free && of(Leg::Exit).next().is_none()) || in_first
            }
            Self::SentForThisEpoch => pulses.iter().all(|pulse| {
                service.attempt(pulse.attempt).is_some_and(|attempt| {
                    let was_sent =
                        matches!(attempt.state, State::Sent { .. } | State::Executed { .. });
                    was_sent && Some(attempt.epoch) == pulse.epoch
                })
            }),
            Self::Settled => true,
        }
    }
}

impl fmt::Display for Promise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OnePulse => "INV1: at most one pulse a leg",
            Self::FreeIsUnused => "INV1b: a free leg has had no pulse",
            Self::RevokedIsShut => "INV2: no pulse after the revoke took effect",
            Self::ExpiredIsShut => "INV2: no way is reserved after the code has expired",
            Self::InTime => "INV5: no pulse after the deadline",
            Self::UsedByEvidence => "INV6: used on the gate's evidence only",
            Self::OutAfterIn => "INV7: out only after in",
            Self::SentForThisEpoch => "INV8: no pulse but for what was sent in this epoch",
            Self::Settled => "INV13: every reserved leg is settled once faults end",
        })
    }
}

fn used_at(leg: &LegState) -> Option<Timestamp> {
    match leg {
        LegState::Used { at, .. } => Some(*at),
        LegState::Free | LegState::Reserved(_) => None,
    }
}
