//! The life of one command, for a guest's code or for a press without one: pending, sent, executed
//! or not.
//!
//! Only two things settle a sent command: the gate's own report, and the ledger it shows when it
//! is ready in a later epoch. Never a timeout: that would allow a second opening.

use crate::access_code::{Leg, TRIGGER_LIFETIME};
use crate::{ApiKeyId, AttemptId, CodeId, GateId, Timestamp, UserId};

/// One try at opening one gate.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Attempt {
    /// Which attempt; its bytes are the command's id at the gate.
    pub id: AttemptId,
    /// What for.
    pub occasion: Occasion,
    /// The gate; for a visit the one that the settings named when the leg was reserved (INV10).
    pub gate: GateId,
    /// The only epoch in which the gate may act on it.
    pub epoch: u64,
    /// When it was asked for: for a visit, when the leg was reserved.
    pub reserved_at: Timestamp,
    /// The gate never acts after this.
    pub deadline: Timestamp,
    /// How far it is.
    pub state: State,
}

/// What a gate is asked to open for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Occasion {
    /// One way of a guest's code.
    Visit(Visit),
    /// A person who may open the gate without a code.
    Press(Press),
}

/// One way of a guest's code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Visit {
    /// Which code.
    pub code: CodeId,
    /// Which way.
    pub leg: Leg,
    /// On whose word.
    pub asked_by: AskedBy,
}

/// Who opens a gate without a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Press {
    /// Whose right it is.
    pub user: UserId,
    /// The key that pressed for them, if they did not themselves.
    pub api_key: Option<ApiKeyId>,
}

/// On whose word a gate is asked to open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AskedBy {
    /// The guest's, who knows the digits.
    Guest,
    /// The host's, who vouches for the guest.
    Host,
    /// The host's, to let out who is inside with a code that has ended (O-10).
    HostDespiteEnd,
}

/// How far a command is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// Created; certainly not on the wire.
    Pending,
    /// Claimed for publishing: from here on it may have reached the gate.
    Sent {
        /// When it was claimed.
        at: Timestamp,
    },
    /// The gate has it in its ledger: it opened.
    Executed {
        /// When the service heard of it.
        at: Timestamp,
    },
    /// The gate did not open for it and never will.
    NotExecuted {
        /// When that became certain.
        at: Timestamp,
        /// Why.
        why: WhyNot,
    },
}

/// Defines the reasons once, with the word that the database and the API know them by.
macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $word:literal,)*) => {
        /// Why a command was not executed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum WhyNot { $($(#[$doc])* $name,)* }

        impl WhyNot {
            /// All reasons.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The word.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }

            /// Reads the word back.
            pub fn parse(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|why| why.as_str() == word)
            }
        }
    };
}

reasons! {
    /// The code was revoked before the command was sent.
    Revoked = "revoked",
    /// Who pressed may not open the gate any more.
    AccessRemoved = "access_removed",
    /// It could not be sent before its deadline.
    NotSentInTime = "not_sent_in_time",
    /// The gate's connection changed before it was sent.
    GateWentAway = "gate_went_away",
    /// The gate got it after its deadline.
    TooLate = "too_late",
    /// The gate had opened less than its minimum gap before.
    TooSoon = "too_soon",
    /// The gate was in another epoch already.
    StaleEpoch = "stale_epoch",
    /// The cancel of a revoke came first.
    Cancelled = "cancelled",
    /// It never reached the gate.
    NeverArrived = "never_arrived",
    /// The gate could not write its ledger.
    LedgerFailed = "ledger_failed",
    /// The gate came back without it in its ledger.
    NotInLedger = "not_in_ledger",
}

/// What evidence about a sent command meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// It settled the command.
    News,
    /// It was settled this way already.
    Known,
    /// It says the opposite of what settled it: somebody must look at the gate.
    Contradiction,
    /// The gate denies what other hardware than the one there now was sent: it cannot know.
    Hearsay,
}

/// What a gate said of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// It is in the gate's ledger.
    Executed,
    /// It is not, and never will be.
    NotExecuted(WhyNot),
}

impl Attempt {
    pub(crate) fn reserved(
        id: AttemptId,
        occasion: Occasion,
        gate: GateId,
        epoch: u64,
        now: Timestamp,
    ) -> Self {
        let deadline = now + TRIGGER_LIFETIME;
        Self { id, occasion, gate, epoch, reserved_at: now, deadline, state: State::Pending }
    }

    /// The visit it is for, if it is for one.
    pub fn visit(&self) -> Option<Visit> {
        match self.occasion {
            Occasion::Visit(visit) => Some(visit),
            Occasion::Press(_) => None,
        }
    }

    /// Who pressed, if it is for no visit.
    pub fn press(&self) -> Option<Press> {
        match self.occasion {
            Occasion::Visit(_) => None,
            Occasion::Press(press) => Some(press),
        }
    }

    /// The way it is for, if it is for a visit.
    pub fn leg(&self) -> Option<Leg> {
        self.visit().map(|visit| visit.leg)
    }

    /// Claims the command for publishing, or says why it must not be sent; then it is settled.
    /// `revoked` is whether the right to it was taken away: its code, or who pressed.
    ///
    /// The claim is saved *before* the first byte goes out: what may be on the wire is `Sent`.
    pub fn claim(
        &mut self,
        revoked: bool,
        ready: Option<u64>,
        now: Timestamp,
    ) -> Result<(), WhyNot> {
        let why = if let Some(why) = self.end_of_right().filter(|_| revoked) {
            why
        } else if self.deadline < now {
            WhyNot::NotSentInTime
        } else if ready != Some(self.epoch) {
            WhyNot::GateWentAway
        } else {
            self.state = State::Sent { at: now };
            return Ok(());
        };
        self.state = State::NotExecuted { at: now, why };
        Err(why)
    }

    /// Whether it stops when the right to it is taken away, and why it does then. Not what a host
    /// asked for knowing that the code was revoked.
    fn end_of_right(&self) -> Option<WhyNot> {
        match self.occasion {
            Occasion::Visit(Visit { asked_by: AskedBy::Guest | AskedBy::Host, .. }) => {
                Some(WhyNot::Revoked)
            }
            Occasion::Visit(Visit { asked_by: AskedBy::HostDespiteEnd, .. }) => None,
            Occasion::Press(_) => Some(WhyNot::AccessRemoved),
        }
    }

    /// Whether a revoke of its code stops it.
    pub fn ends_with_the_code(&self) -> bool {
        self.end_of_right() == Some(WhyNot::Revoked)
    }

    /// Takes back a command that was not sent, because its code was revoked.
    pub fn withdraw(&mut self, now: Timestamp) {
        if self.state == State::Pending {
            self.state = State::NotExecuted { at: now, why: WhyNot::Revoked };
        }
    }

    /// Whether it may be published once more: same command, same epoch, still in time.
    pub fn may_be_resent(&self, ready: Option<u64>, now: Timestamp) -> bool {
        self.is_on_the_wire() && now <= self.deadline && ready == Some(self.epoch)
    }

    /// Takes the gate's word on it, whose hardware is the same since the epoch `hardware_since`.
    ///
    /// Only the hardware that a command was sent to knows that it did not execute it: another
    /// one's ledger and tombstones began empty.
    pub fn settle(
        &mut self,
        evidence: Evidence,
        hardware_since: u64,
        now: Timestamp,
    ) -> Settlement {
        match (self.state, evidence) {
            (State::Sent { .. }, Evidence::NotExecuted(_)) if self.epoch < hardware_since => {
                Settlement::Hearsay
            }
            (State::Sent { .. }, Evidence::Executed) => {
                self.state = State::Executed { at: now };
                Settlement::News
            }
            (State::Sent { .. }, Evidence::NotExecuted(why)) => {
                self.state = State::NotExecuted { at: now, why };
                Settlement::News
            }
            (State::Executed { .. }, Evidence::Executed)
            | (State::Pending | State::NotExecuted { .. }, Evidence::NotExecuted(_)) => {
                Settlement::Known
            }
            (State::Executed { .. }, Evidence::NotExecuted(_))
            | (State::Pending | State::NotExecuted { .. }, Evidence::Executed) => {
                Settlement::Contradiction
            }
        }
    }

    /// What the ledger of a gate that is ready in `epoch` proves about this command.
    ///
    /// In the command's own epoch absence proves nothing: it may still be on its way.
    pub fn evidence_in_ledger(&self, epoch: u64, in_ledger: bool) -> Option<Evidence> {
        if in_ledger {
            Some(Evidence::Executed)
        } else if self.epoch < epoch {
            Some(Evidence::NotExecuted(WhyNot::NotInLedger))
        } else {
            None
        }
    }

    /// Whether it was sent and its fate is open.
    pub fn is_on_the_wire(&self) -> bool {
        matches!(self.state, State::Sent { .. })
    }

    /// Whether it was sent, its deadline has passed, and the gate has not answered: not final.
    pub fn is_unconfirmed(&self, now: Timestamp) -> bool {
        self.is_on_the_wire() && self.deadline < now
    }
}
