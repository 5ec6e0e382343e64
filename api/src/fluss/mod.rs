//! The verbs of the published Fluss API, under `/fluss/v1`, for whoever shows an API key: so that
//! an existing integration finds its way.
//!
//! A key acts for who made it and may nothing that they may not. What is *absent* here: codes and
//! their digits, and anything of guests.

pub(crate) mod access;
mod holder;
pub(crate) mod list;
pub(crate) mod logs;
pub(crate) mod status;
#[cfg(test)]
mod tests;
pub(crate) mod trigger;
