//! The caller's own session.

pub(crate) mod log_out;
pub(crate) mod me;
