//! The whole of flussd from outside, and the repository as such.
//!
//! One binary for all of it; how a crate behaves by itself is tested in its own folder.

#![expect(clippy::unwrap_used, reason = "a story that cannot go on has failed")]

mod account;
mod adversary;
mod app;
mod backup;
mod chance;
mod chaos;
mod clocks;
mod codes;
mod couriers;
mod events;
mod explain;
mod fleet;
mod gate;
mod guest;
mod home;
mod house;
mod identity;
mod installer;
mod kills;
mod meter;
mod opening;
mod oracle;
mod owner;
mod pages;
mod people;
#[path = "../../store/tests/it/postgres.rs"]
mod postgres;
mod privacy;
mod process;
mod proxy;
mod replay;
mod roll_over;
mod settings;
mod signing_in;
#[path = "../../api/src/courier/stand_in.rs"]
#[expect(dead_code, reason = "the tests of the couriers look closer at what it hears")]
mod stand_in;
mod storage;
mod storm;
mod tidy;
mod transfers;
mod visits;
mod vouching;
#[path = "../../store/tests/it/world.rs"]
#[expect(dead_code, reason = "the suite of the storage uses more of it")]
mod world;
