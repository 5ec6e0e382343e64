//! How long is remembered who guests were.

use domain::privacy::GuestsKept;
use serde::{Deserialize, Serialize};

/// What is forgotten when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// Days after the end of a code.
    pub(crate) keep_guests_days: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self { keep_guests_days: 30 }
    }
}

impl Config {
    /// Refuses what would forget guests too early, or keep them for ever.
    pub(crate) fn check(&self) -> Result<(), String> {
        let days = self.keep_guests_days;
        let kept = GuestsKept::from_days(days).map(drop);
        kept.map_err(|error| format!("keep_guests_days = {days}: {error}"))
    }

    /// The span; the default where it was not checked.
    pub(crate) fn guests_kept(&self) -> GuestsKept {
        GuestsKept::from_days(self.keep_guests_days).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guests_are_kept_a_day_at_least_and_ten_years_at_most() {
        let check = |keep_guests_days| Config { keep_guests_days }.check();
        assert_eq!((check(1), check(3650)), (Ok(()), Ok(())));
        let told = Err("keep_guests_days = 0: expected whole days from 1 to 3650".to_owned());
        assert_eq!(check(0), told);
        assert!(check(3651).is_err());
        assert_eq!(Config::default().guests_kept(), GuestsKept::default());
    }
}
