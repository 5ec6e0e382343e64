//! A fresh pin for what an old session, perhaps left open somewhere, must not suffice for.

pub(crate) mod begin;
pub(crate) mod verify;
