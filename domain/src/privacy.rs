//! How long it is remembered who a guest was.

use std::time::Duration;

/// How long name, number, digits and link of a guest are kept after the end of their code: whole
/// days, 1 to 3650, 30 unless set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GuestsKept {
    days: u16,
}

impl GuestsKept {
    /// The shortest, in days: until then a guest may still ask the host for help.
    pub const MIN_DAYS: u16 = 1;
    /// The longest, in days.
    pub const MAX_DAYS: u16 = 3650;

    /// Takes whole days.
    pub fn from_days(days: u64) -> Result<Self, InvalidGuestsKept> {
        match u16::try_from(days) {
            Ok(days) if (Self::MIN_DAYS..=Self::MAX_DAYS).contains(&days) => Ok(Self { days }),
            Ok(_) | Err(_) => Err(InvalidGuestsKept),
        }
    }

    /// The span of real time.
    pub fn span(self) -> Duration {
        Duration::from_hours(24 * u64::from(self.days))
    }
}

impl Default for GuestsKept {
    fn default() -> Self {
        Self { days: 30 }
    }
}

/// No such number of days is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected whole days from {} to {}", GuestsKept::MIN_DAYS, GuestsKept::MAX_DAYS)]
pub struct InvalidGuestsKept;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access_code::HELP_LASTS;

    #[test]
    fn guests_are_kept_from_a_day_to_ten_years() {
        for (days, kept) in [(0, false), (1, true), (3650, true), (3651, false), (u64::MAX, false)]
        {
            assert_eq!(GuestsKept::from_days(days).is_ok(), kept, "{days}");
        }
        assert_eq!(GuestsKept::default(), GuestsKept::from_days(30).unwrap());
        assert_eq!(GuestsKept::default().span(), Duration::from_hours(720));
        assert!(HELP_LASTS <= GuestsKept::from_days(1).unwrap().span());
    }
}
