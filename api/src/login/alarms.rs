//! Tells operators that pins are held back: in the log, with a country and a prefix, never a
//! number.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::spending::Reason;
use domain::{PhoneNumber, Timestamp};
use tracing::warn;

/// What was told is not told again for so long.
const QUIET: Duration = Duration::from_hours(1);

/// So many different alarms are told within [`QUIET`]; a flood of them says no more.
const MANY: usize = 1000;

/// What was told, and when.
#[derive(Default)]
pub(crate) struct Alarms(Mutex<HashMap<(Reason, String), Timestamp>>);

impl Alarms {
    /// Tells that a pin to this number was held back, unless that is known.
    pub(crate) fn tell(&self, reason: Reason, phone: &PhoneNumber, now: Timestamp) {
        let (country, prefix) = (phone.region(), format!("{}····", phone.prefix()));
        let about = match reason {
            // Whoever asks too often is told, and nobody else is concerned.
            Reason::Address => return,
            Reason::Prefix => prefix.clone(),
            Reason::Country | Reason::OnTheirWay | Reason::Unused => country.clone(),
            Reason::Money => String::new(),
        };
        if self.is_news(reason, about, now) {
            let why = reason.as_str();
            warn!(
                country,
                prefix, "holding back login pins to {prefix} in {country}, among others: {why}"
            );
        }
    }

    fn is_news(&self, reason: Reason, about: String, now: Timestamp) -> bool {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        told.retain(|_, at| now < *at + QUIET);
        if MANY <= told.len() || told.contains_key(&(reason, about.clone())) {
            return false;
        }
        told.insert((reason, about), now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp::from_millis(1_780_000_000_000);

    #[test]
    fn an_alarm_is_told_once_an_hour() {
        let alarms = Alarms::default();
        let is_news = |about: &str, now| alarms.is_news(Reason::Prefix, about.to_owned(), now);
        assert!(is_news("+2782123····", NOON));
        assert!(!is_news("+2782123····", NOON + QUIET - Duration::from_millis(1)));
        assert!(is_news("+2782124····", NOON));
        assert!(is_news("+2782123····", NOON + QUIET));
    }

    #[test]
    fn a_flood_of_alarms_is_bounded() {
        let alarms = Alarms::default();
        let told = (0..5000).filter(|n| alarms.is_news(Reason::Prefix, n.to_string(), NOON));
        assert_eq!(told.count(), MANY);
    }
}
