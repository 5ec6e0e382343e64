//! The settings `[login]`: how long who has signed in stays so.

use std::time::Duration;

use domain::login::SessionLife;
use serde::{Deserialize, Serialize};

use crate::config::InvalidSetting;

/// More would not be kept by browsers, nor be wise.
const LONGEST: u32 = 3650;

/// How long sessions live.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// A session that is not used so many days ends.
    pub session_idle_days: u32,
    /// A session ends after so many days in any case.
    pub session_days: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self { session_idle_days: 90, session_days: 365 }
    }
}

impl Config {
    /// Refuses what could not work.
    pub fn check(&self) -> Result<(), InvalidSetting> {
        if !(1..=LONGEST).contains(&self.session_days) {
            let expected = "from 1 to 3650 days";
            let value = self.session_days.to_string();
            return Err(InvalidSetting { setting: "session_days", value, expected });
        }
        if !(1..=self.session_days).contains(&self.session_idle_days) {
            let expected = "at least 1 day, and no more than session_days";
            let value = self.session_idle_days.to_string();
            return Err(InvalidSetting { setting: "session_idle_days", value, expected });
        }
        Ok(())
    }

    pub(crate) fn life(&self) -> SessionLife {
        let days = |days: u32| Duration::from_hours(24 * u64::from(days));
        SessionLife { idle: days(self.session_idle_days), total: days(self.session_days) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_those_of_the_rules() {
        assert_eq!(Config::default().life(), SessionLife::default());
    }

    #[test]
    fn sessions_live_for_a_day_at_least_and_are_idle_no_longer_than_they_live() {
        let refused = |session_idle_days, session_days| {
            Config { session_idle_days, session_days }.check().err().map(|error| error.setting)
        };
        assert_eq!(refused(90, 365), None);
        assert_eq!(refused(1, 1), None);
        assert_eq!(refused(1, 0), Some("session_days"));
        assert_eq!(refused(1, 3651), Some("session_days"));
        assert_eq!(refused(0, 365), Some("session_idle_days"));
        assert_eq!(refused(31, 30), Some("session_idle_days"));
    }
}
