//! The design as it is, and seven ways to do it wrong.

/// How the opening is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variant {
    /// As built.
    Real,
    /// N1: the service frees a leg when the deadline has passed in silence.
    ReleaseOnTimeout,
    /// N2: commands wait for the gate, of any epoch and without a deadline.
    NeitherEpochNorDeadline,
    /// N2b: the gate looks at the epoch alone.
    NoDeadline,
    /// N2c: the gate looks at the deadline alone.
    NoEpoch,
    /// N3: a power cut takes the ledger with it.
    LedgerLost,
    /// N4: the command is published first, and marked as sent afterwards.
    PublishBeforeClaim,
    /// N5: a gate says "not executed" when it is asked, and does not remember that it said so.
    NoTombstone,
}
