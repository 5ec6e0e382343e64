//! What becomes of a try at opening a gate.

pub(crate) mod read;
pub(crate) mod stream;
