//! One-time access settings of an intercom: five rows, saved together by its owner.
//!
//! Two kinds of setting (X2): the gates are resolved live, at each redemption; the limit, the
//! duration and the grace apply to new codes only, which keep what they were created with.

use std::time::Duration;

use crate::{GateId, Leg};

/// How long a new code stays valid: whole hours, 1 to 24, 12 unless chosen (B11, B12, X1, X9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InviteDuration {
    hours: u8,
}

impl InviteDuration {
    /// The shortest, in hours.
    pub const MIN_HOURS: u8 = 1;
    /// The longest, in hours.
    pub const MAX_HOURS: u8 = 24;

    /// Takes whole hours.
    pub fn from_hours(hours: u32) -> Result<Self, InvalidDuration> {
        match u8::try_from(hours) {
            Ok(hours) if (Self::MIN_HOURS..=Self::MAX_HOURS).contains(&hours) => Ok(Self { hours }),
            Ok(_) | Err(_) => Err(InvalidDuration),
        }
    }

    /// The whole hours.
    pub fn hours(self) -> u8 {
        self.hours
    }

    /// The span of real time, whatever the wall clock does meanwhile (G-23).
    pub fn span(self) -> Duration {
        Duration::from_secs(3600 * u64::from(self.hours))
    }
}

impl Default for InviteDuration {
    fn default() -> Self {
        Self { hours: 12 }
    }
}

/// How many codes may be active at once: one of six numbers, 10 unless chosen (B09, B10).
///
/// The app calls it Max Users; it counts codes (X10).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaxUsers(u8);

impl MaxUsers {
    /// The numbers on offer.
    pub const OFFERED: [u8; 6] = [1, 2, 5, 10, 25, 50];

    /// Takes one of the offered numbers.
    pub fn new(codes: u32) -> Result<Self, InvalidMaxUsers> {
        let offered = Self::OFFERED.into_iter().find(|offered| u32::from(*offered) == codes);
        offered.map(Self).ok_or(InvalidMaxUsers)
    }

    /// The number of codes.
    pub fn codes(self) -> u32 {
        u32::from(self.0)
    }
}

impl Default for MaxUsers {
    fn default() -> Self {
        Self(10)
    }
}

/// Which gate lets guests out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitGate {
    /// Whatever the entry gate is, now and after the next change (B08, O-8a).
    SameAsEntry,
    /// This one.
    Gate(GateId),
}

/// How long after the end of its code a guest who is inside may still leave: nothing unless chosen,
/// so that in and out end together (X14, G-14, G-15).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ExitGrace {
    minutes: u16,
}

impl ExitGrace {
    /// The spans on offer, in minutes: none, half an hour, two hours, two days.
    pub const OFFERED_MINUTES: [u16; 4] = [0, 30, 120, 2880];

    /// The longest.
    pub const LONGEST: Duration = Duration::from_hours(48);

    /// Takes one of the offered spans, in minutes.
    pub fn from_minutes(minutes: u32) -> Result<Self, InvalidGrace> {
        let offered = Self::OFFERED_MINUTES.into_iter();
        let mut offered = offered.filter(|offered| u32::from(*offered) == minutes);
        offered.next().map(|minutes| Self { minutes }).ok_or(InvalidGrace)
    }

    /// The whole minutes.
    pub fn minutes(self) -> u16 {
        self.minutes
    }

    /// The span of real time.
    pub fn span(self) -> Duration {
        Duration::from_mins(self.minutes.into())
    }
}

/// All five rows; there is no half-saved state (X8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The gate that opens when a guest enters the code.
    pub entry_gate: GateId,
    /// The gate that opens when the guest leaves.
    pub exit_gate: ExitGate,
    /// How many codes may be active at once.
    pub max_users: MaxUsers,
    /// How long each new code stays valid.
    pub invite_duration: InviteDuration,
    /// How long after the end of a new code its guest may still leave.
    pub exit_grace: ExitGrace,
}

impl Settings {
    /// The gate for this way, as set now.
    pub fn gate_for(&self, leg: Leg) -> GateId {
        match (leg, self.exit_gate) {
            (Leg::Entry, _) | (Leg::Exit, ExitGate::SameAsEntry) => self.entry_gate,
            (Leg::Exit, ExitGate::Gate(gate)) => gate,
        }
    }
}

/// Not a duration on offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected whole hours from 1 to 24")]
pub struct InvalidDuration;

/// Not a number on offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected one of 1, 2, 5, 10, 25, 50")]
pub struct InvalidMaxUsers;

/// Not a span on offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected one of 0, 30, 120, 2880 minutes")]
pub struct InvalidGrace;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_hours_from_1_to_24_and_12_unless_chosen() {
        let accepted: Vec<u32> =
            (0..1000).filter(|hours| InviteDuration::from_hours(*hours).is_ok()).collect();
        assert_eq!(accepted, (1..=24).collect::<Vec<_>>());
        assert_eq!(InviteDuration::default().hours(), 12);
    }

    #[test]
    fn a_duration_is_real_hours() {
        let span = InviteDuration::from_hours(2).unwrap().span();
        assert_eq!(span, Duration::from_hours(2));
    }

    #[test]
    fn six_numbers_of_codes_and_10_unless_chosen() {
        let accepted: Vec<u32> = (0..1000).filter(|codes| MaxUsers::new(*codes).is_ok()).collect();
        assert_eq!(accepted, [1, 2, 5, 10, 25, 50]);
        assert_eq!(MaxUsers::default().codes(), 10);
    }

    #[test]
    fn four_spans_to_leave_after_the_end_and_none_unless_chosen() {
        let accepted: Vec<u32> =
            (0..10_000).filter(|minutes| ExitGrace::from_minutes(*minutes).is_ok()).collect();
        assert_eq!(accepted, [0, 30, 120, 2880]);
        assert_eq!(ExitGrace::default().span(), Duration::ZERO);
        assert_eq!(ExitGrace::from_minutes(2880).unwrap().span(), ExitGrace::LONGEST);
        assert_eq!(ExitGrace::from_minutes(2880).unwrap().minutes(), 2880);
    }

    #[test]
    fn same_as_entry_follows_the_entry_gate() {
        let gate = |n| GateId::from_bytes([n; 16]);
        let mut settings = Settings {
            entry_gate: gate(1),
            exit_gate: ExitGate::SameAsEntry,
            max_users: MaxUsers::default(),
            invite_duration: InviteDuration::default(),
            exit_grace: ExitGrace::default(),
        };
        settings.entry_gate = gate(2);
        assert_eq!(settings.gate_for(Leg::Exit), gate(2));
        settings.exit_gate = ExitGate::Gate(gate(3));
        assert_eq!(settings.gate_for(Leg::Exit), gate(3));
        assert_eq!(settings.gate_for(Leg::Entry), gate(2));
    }
}
