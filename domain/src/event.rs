//! The names of what happens; each is written in the transaction that makes it true.

/// Defines the events once: the word in the database and in feeds, and its meaning.
macro_rules! events {
    ($($(#[$doc:meta])* $name:ident = $word:literal,)*) => {
        /// Something that happened.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum EventKind { $($(#[$doc])* $name,)* }

        impl EventKind {
            /// All kinds.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The word by which feeds and the database know it.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }

            /// Reads the word back.
            pub fn parse(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$name),)* _ => None }
            }
        }
    };
}

events! {
    /// Somebody signed in.
    SessionStarted = "session.started",
    /// An older session of the same phone number ended by it.
    SessionDisplaced = "session.displaced",
    /// Somebody signed out.
    SessionEnded = "session.ended",
    /// A number is sent pins for a time though its country is blocked.
    CountryExceptionMade = "country.exception_made",
    /// It is not any more.
    CountryExceptionRevoked = "country.exception_revoked",
    /// The system signed somebody out.
    SessionEndedBySystem = "session.ended_by_system",
    /// Somebody proved by a fresh pin that the session is theirs.
    SessionSteppedUp = "session.stepped_up",
    /// An account got another phone number.
    NumberChanged = "number.changed",
    /// From now on a pin alone signs nobody in to this account.
    SecondFactorOn = "second_factor.on",
    /// A pin alone signs in again.
    SecondFactorOff = "second_factor.off",
    /// A recovery code took the second factor's place.
    RecoveryCodeUsed = "second_factor.recovery_code_used",
    /// A gate or an intercom came onto an account.
    DeviceClaimed = "device.claimed",
    /// A device went from one owner to another.
    OwnerTransferred = "owner.transferred",
    /// A gate was taken off its owner's account.
    DeviceRemoved = "device.removed",
    /// A device made its key and got its certificate.
    DeviceEnrolled = "device.enrolled",
    /// A gate got a certificate for a fresh key.
    DeviceRenewed = "device.renewed",
    /// All certificates of a gate were revoked.
    DeviceRevoked = "device.revoked",
    /// Other hardware takes a gate's place.
    DeviceReplaced = "device.replaced",
    /// Two hold a gate's key, it seems: it is kept out.
    DeviceQuarantined = "device.quarantined",
    /// Somebody has looked: the gate may come in again.
    DeviceReleased = "device.released",
    /// A gate's least time between two pulses was changed.
    DevicePulseGapSet = "device.pulse_gap_set",
    /// A device got a plan, or another one.
    DevicePlanSet = "device.plan_set",
    /// A device has the plan of another, which has none any more.
    DevicePlanTransferred = "device.plan_transferred",
    /// Settings were saved.
    SettingsSaved = "settings.saved",
    /// A grant was given or changed.
    GrantAdded = "grant.added",
    /// A grant was taken away.
    GrantRemoved = "grant.removed",
    /// A device was shared with somebody.
    PersonAdded = "person.added",
    /// What somebody was given was changed: its type, its times, or opening over Wi-Fi.
    PersonChanged = "person.changed",
    /// A device is not shared with somebody any more.
    PersonRemoved = "person.removed",
    /// What tenants may do was changed.
    TenantSettingsSaved = "tenant_settings.saved",
    /// A code was issued.
    PassIssued = "pass.issued",
    /// A code was revoked.
    PassRevoked = "pass.revoked",
    /// A gate of the settings is not the owner's any more: the code opens nothing.
    PassSuspended = "pass.suspended",
    /// The settings name the owner's own gates again: the code opens them until its old end.
    PassResumed = "pass.resumed",
    /// The guest has left: both legs are used.
    PassCompleted = "pass.completed",
    /// Wrong digits were typed.
    PassCodeRejected = "pass.code_rejected",
    /// Wrong digits were typed too often: the link is locked.
    PassLinkLocked = "pass.link_locked",
    /// A host allowed a locked link as many tries again.
    PassUnlocked = "pass.unlocked",
    /// A code ends within half an hour, and its guest is inside.
    VisitEnding = "visit.ending",
    /// A code has ended, by its time or by a revoke, and its guest is inside.
    VisitOverstay = "visit.overstay",
    /// A gate of the settings cannot be reached while guests are expected.
    VisitGateOffline = "visit.gate_offline",
    /// It can be again.
    VisitGateOnline = "visit.gate_online",
    /// An API key was made.
    ApiKeyMade = "api_key.made",
    /// An API key admits nobody any more.
    ApiKeyRevoked = "api_key.revoked",
    /// A command was created, for a leg that was reserved or for somebody who pressed.
    AttemptReserved = "attempt.reserved",
    /// The command went onto the wire.
    AttemptSent = "attempt.sent",
    /// The gate opened.
    AttemptOpened = "attempt.opened",
    /// The gate did not open and will not for this attempt.
    AttemptRefused = "attempt.refused",
    /// A gate said it executed what it had denied before: somebody must look.
    AttemptContradicted = "attempt.contradicted",
    /// An operator wrote down all that is kept about a number.
    PersonExported = "person.exported",
    /// An operator erased what was kept about a number.
    PersonErased = "person.erased",
    /// The service went back to a backup: what happened after it is not known here.
    ServiceRestored = "service.restored",
    /// A gate can be opened again.
    GateOnline = "gate.online",
    /// A gate cannot be reached.
    GateOffline = "gate.offline",
}
