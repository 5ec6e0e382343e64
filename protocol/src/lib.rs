//! What travels over MQTT between the service and a gate: topics, bodies, signatures.
//!
//! This is the device contract in Rust; `docs/device-contract.md` tells it to firmware developers.
//! Nothing here connects, waits, reads a clock or knows what a code or a guest is.
//!
//! One conversation, in reading order:
//! 1. the gate connects and says [`Hello`] with a fresh nonce;
//! 2. the service raises the gate's epoch and answers [`Welcome`], signed;
//! 3. the gate adopts the epoch and says [`Ready`], signed, with the ledger of what it executed;
//! 4. the service sends a signed [`Command`]: open, cancel or query;
//! 5. the gate writes its ledger, pulses at most once, and reports [`Status`], signed;
//! 6. when the gate is gone, [`Presence`] says so.
//!
//! One thing travels over HTTP: what [`renewal_to_sign`] says, when a gate's certificate grows old.

mod body;
mod command;
mod hello;
mod id;
mod presence;
mod renewal;
mod report;
mod signature;
mod status;
mod topics;

pub use body::{InvalidBody, MAX_BODY_BYTES};
pub use command::{Command, Leg, Order};
pub use hello::{Greeting, Hello, Ready, Welcome};
pub use id::{CommandId, GateId, InvalidId, Nonce};
pub use presence::Presence;
pub use renewal::renewal_to_sign;
pub use report::{Report, Signed};
pub use signature::{Forged, SigningKey, VerifyingKey, VerifyingKeys};
pub use status::{NotExecuted, Outcome, Status};
pub use topics::{Down, InvalidTopic, Topic, Up};

use std::time::Duration;

/// The contract's version, sent as `v` in every body.
pub const VERSION: u8 = 1;

/// How many executed command ids a gate keeps, durably.
pub const LEDGER_LENGTH: usize = 64;

/// The least time between two pulses that a gate may be told: at this pace [`LEDGER_LENGTH`]
/// reaches back many times the life of a command.
pub const MIN_PULSE_GAP: Duration = Duration::from_secs(3);

/// How often a gate says hello anew on a standing connection.
///
/// Deadlines count from the hello on the gate's own clock. A clock off by 50 ppm drifts 0.18 s
/// in an hour, within the allowance of 0.5 s; without renewal it would be minutes after a month.
pub const HELLO_RENEWAL: Duration = Duration::from_mins(30);

/// The keep-alive a gate asks for when it connects.
pub const KEEP_ALIVE: Duration = Duration::from_secs(20);

#[cfg(test)]
mod tests;
