//! What the service asks of a gate: open, cancel, query. Signed, for one gate, in one epoch.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::body::body;
use crate::{CommandId, Forged, GateId, SigningKey, VERSION, VerifyingKeys};

/// The way a guest is going.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Leg {
    /// In.
    Entry,
    /// Out.
    Exit,
}

impl Leg {
    fn as_str(self) -> &'static str {
        match self {
            Self::Entry => "entry",
            Self::Exit => "exit",
        }
    }
}

/// What to do about the command. There is no "toggle": opening twice must not close.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "order", rename_all = "snake_case")]
pub enum Order {
    /// Open once, and not after the deadline.
    Open {
        /// The way the guest is going; for the gate's log.
        leg: Leg,
        /// Milliseconds after the gate *sent* the hello of this epoch, on its monotonic clock.
        deadline_ms: u64,
    },
    /// Do not open any more; say what became of it.
    Cancel,
    /// Say what became of it; if it was not executed, it never will be.
    Query,
}

impl Order {
    /// The latest moment to act, counted from the hello; only an opening has one.
    pub fn deadline(self) -> Option<Duration> {
        match self {
            Self::Open { deadline_ms, .. } => Some(Duration::from_millis(deadline_ms)),
            Self::Cancel | Self::Query => None,
        }
    }
}

/// One signed command on a gate's trigger topic. QoS 1, never retained.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// The contract's version.
    pub v: u8,
    /// Which command; repeated in every answer.
    pub id: CommandId,
    /// Which gate may act on it.
    pub gate: GateId,
    /// In which epoch; in any other it is dead.
    pub epoch: u64,
    /// What to do.
    #[serde(flatten)]
    pub order: Order,
    /// Which key signed.
    pub kid: String,
    /// Ed25519 over the canonical bytes, base64url.
    pub sig: String,
}
body!(Command);

impl Command {
    /// Signs a command for one gate in one epoch.
    pub fn signed(
        key: &SigningKey,
        id: CommandId,
        gate: &GateId,
        epoch: u64,
        order: Order,
    ) -> Self {
        let sig = key.sign(&canonical(id, gate, epoch, order));
        Self { v: VERSION, id, gate: gate.clone(), epoch, order, kid: key.kid().to_owned(), sig }
    }

    /// Checks that the service signed exactly this.
    pub fn verify(&self, keys: &VerifyingKeys) -> Result<(), Forged> {
        keys.check(&self.kid, &canonical(self.id, &self.gate, self.epoch, self.order), &self.sig)
    }
}

/// The signed bytes: one line a field, in this order, so that firmware needs no canonical JSON.
fn canonical(id: CommandId, gate: &GateId, epoch: u64, order: Order) -> String {
    let order = match order {
        Order::Open { leg, deadline_ms } => format!("open\n{}\n{deadline_ms}\n", leg.as_str()),
        Order::Cancel => "cancel\n".to_owned(),
        Order::Query => "query\n".to_owned(),
    };
    format!("fluss/v1/command\n{id}\n{gate}\n{epoch}\n{order}")
}
