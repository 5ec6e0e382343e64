//! A Fluss+ gate played by a program; it knows only the device contract, the crate `protocol`.
//!
//! Nothing here knows what a guest, a code or a database is. In reading order:
//! - [`gate`]: the contract as a state machine, without clock, dice, files or network;
//! - [`ledger`]: the ids of executed commands, kept through power loss;
//! - [`identity`]: who this gate is, and how it is enrolled;
//! - `renewal`: how it comes by its next key;
//! - [`faults`]: what goes wrong on purpose, decided by a seed;
//! - `connection`: MQTT over TLS, one connection at a time;
//! - [`simulation`]: all of them together, running;
//! - [`storm`]: thousands of gates that only listen, to load a broker.

mod connection;
pub mod faults;
mod files;
pub mod gate;
pub mod identity;
pub mod ledger;
mod renewal;
pub mod simulation;
pub mod storm;

pub use faults::Faults;
pub use identity::{Broker, Claim, Enrolment, Identity, enrol};
pub use simulation::{Journal, Moment, Options, Pulse, Received, Simulation};
