//! How it is built, and ways of building it wrong that the oracle must find out.

/// One way of building it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variant {
    /// As it is.
    Real,
    /// The service takes silence after the deadline for "did not open".
    ReleaseOnTimeout,
    /// A power cut erases the gate's ledger.
    LedgerLost,
    /// The gate acts on commands of its epoch however late they come.
    NoDeadline,
    /// The gate answers questions and cancels without remembering that it did.
    NoTombstone,
}

impl Variant {
    /// The wrong ones.
    pub const WRONG: [Self; 4] =
        [Self::ReleaseOnTimeout, Self::LedgerLost, Self::NoDeadline, Self::NoTombstone];
}
