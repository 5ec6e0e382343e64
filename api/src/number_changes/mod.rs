//! Another phone number for the caller's account (A22).

pub(crate) mod begin;
pub(crate) mod verify;
