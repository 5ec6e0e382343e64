//! What became of a command, as the gate tells it.

use serde::{Deserialize, Serialize};

use crate::{CommandId, GateId, Report, VERSION};

/// The gate's last word on one command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The contract's version.
    pub v: u8,
    /// Which command.
    pub id: CommandId,
    /// The gate's epoch when it says so.
    pub epoch: u64,
    /// Whether the gate pulsed (or had durably decided to).
    #[serde(flatten)]
    pub outcome: Outcome,
    /// When the command came, in milliseconds since the hello of this epoch was sent. Nothing is
    /// decided by it: it is for who asks why a gate did not open. A gate may leave it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received_ms: Option<u64>,
    /// When the gate pulsed, likewise; none when it held back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pulsed_ms: Option<u64>,
    /// When a sensor saw the gate move, likewise, in a further report on the same opening.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved_ms: Option<u64>,
    /// When a sensor had waited for that in vain, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub still_ms: Option<u64>,
}

impl Status {
    /// A report on one command, without times.
    pub fn new(id: CommandId, epoch: u64, outcome: Outcome) -> Self {
        let (received_ms, pulsed_ms, moved_ms, still_ms) = (None, None, None, None);
        Self { v: VERSION, id, epoch, outcome, received_ms, pulsed_ms, moved_ms, still_ms }
    }
}

impl Report for Status {
    fn version(&self) -> u8 {
        self.v
    }

    fn to_sign(&self, gate: &GateId) -> String {
        let Self { id, epoch, outcome, .. } = self;
        let outcome = match outcome {
            Outcome::Executed => "executed\n".to_owned(),
            Outcome::NotExecuted { why } => format!("not_executed\n{}\n", why.as_str()),
        };
        let times = [
            ("received", self.received_ms),
            ("pulsed", self.pulsed_ms),
            ("moved", self.moved_ms),
            ("still", self.still_ms),
        ];
        let told = times.into_iter().filter_map(|(what, ms)| Some(format!("{what} {}\n", ms?)));
        let times: String = told.collect();
        format!("fluss/v1/status\n{gate}\n{id}\n{epoch}\n{outcome}{times}")
    }
}

/// Executed or not: there is no third, because the ledger is written before the pulse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// The command stands in the ledger: the gate pulsed once.
    Executed,
    /// It does not, and never will: the id is dead from here on.
    NotExecuted {
        /// Why not.
        why: NotExecuted,
    },
}

/// Why a gate did not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotExecuted {
    /// It came after its deadline.
    TooLate,
    /// Less than the minimum gap since the last pulse.
    TooSoon,
    /// It belongs to another epoch.
    StaleEpoch,
    /// A cancel came first.
    Cancelled,
    /// A query came first: the opening never arrived.
    NeverArrived,
    /// The ledger could not be written; without it the gate must not pulse.
    LedgerFailed,
}

impl NotExecuted {
    fn as_str(self) -> &'static str {
        match self {
            Self::TooLate => "too_late",
            Self::TooSoon => "too_soon",
            Self::StaleEpoch => "stale_epoch",
            Self::Cancelled => "cancelled",
            Self::NeverArrived => "never_arrived",
            Self::LedgerFailed => "ledger_failed",
        }
    }
}
