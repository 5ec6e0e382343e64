//! What Fluss+ one-time access *means*: codes, guests, gates and the rules between them.
//!
//! Nothing in this crate waits, connects, reads a clock or rolls dice: `now` and the dice are
//! arguments. Nothing here knows SQL, JSON, HTTP or MQTT.
//!
//! In reading order: who ([`phone`], [`login`], [`second_factor`], [`channel`], [`spending`],
//! [`share`], [`permission`], [`api_key`]), what ([`settings`], [`access_code`], [`visit`]), and how
//! a gate opens for it ([`gate`], [`attempt`], [`press`]).

pub mod access_code;
pub mod api_key;
pub mod attempt;
pub mod channel;
pub mod country;
pub mod event;
pub mod gate;
mod id;
pub mod login;
pub mod name;
pub mod permission;
pub mod phone;
pub mod plan;
pub mod press;
pub mod privacy;
pub mod second_factor;
pub mod secret;
pub mod settings;
pub mod share;
pub mod spending;
mod time;
pub mod visit;
pub mod webhook;

pub use access_code::{AccessCode, Leg};
pub use attempt::Attempt;
pub use id::{
    ApiKeyId, AttemptId, CodeId, EventId, ExceptionId, GateId, IntercomId, InvalidId, PinId,
    SessionId, UserId, WebhookId,
};
pub use phone::PhoneNumber;
pub use plan::Plan;
pub use secret::Passcode;
pub use settings::Settings;
pub use time::{Clock, Dice, Ratchet, Timestamp, roll, roll_below};

#[cfg(test)]
mod tests;
