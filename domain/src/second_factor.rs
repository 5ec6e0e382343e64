//! The second factor of a sign-in: codes of an authenticator app, and ten to recover with.
//!
//! What is *absent* here: how a code is made of a secret and a step (RFC 6238, in `store`).

use std::time::Duration;

use crate::Timestamp;
use crate::secret::{InvalidOtp, Otp, RecoveryCode};

/// How long an app shows one code.
pub const STEP: Duration = Duration::from_secs(30);

/// Recovery codes of each second factor.
pub const RECOVERY_CODES: usize = 10;

/// How long a secret waits for its first right code.
pub const SETUP_LIFETIME: Duration = Duration::from_mins(10);

/// What is typed as second factor.
#[derive(Clone, Debug)]
pub enum SecondFactor {
    /// Six digits of the app.
    App(Otp),
    /// One of the ten.
    Recovery(RecoveryCode),
}

impl SecondFactor {
    /// Reads six digits, as apps show them in two groups, or a recovery code.
    pub fn parse(text: &str) -> Result<Self, InvalidOtp> {
        let dense: String = text.chars().filter(|letter| !letter.is_whitespace()).collect();
        Otp::parse(&dense)
            .map(Self::App)
            .or_else(|_| RecoveryCode::parse(&dense).map(Self::Recovery).map_err(|_| InvalidOtp))
    }
}

/// The step that a moment is in.
pub fn step_at(now: Timestamp) -> i64 {
    let step = i64::try_from(STEP.as_millis()).unwrap_or(i64::MAX);
    now.as_millis().div_euclid(step)
}

/// The steps whose codes are good now: this one and its neighbours, because clocks differ; none
/// that is not after the last one taken, so that a code is good once.
pub fn open_steps(last: Option<i64>, now: Timestamp) -> impl Iterator<Item = i64> {
    let step = step_at(now);
    (step - 1..=step + 1).filter(move |step| last.is_none_or(|last| last < *step))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_good_for_its_step_and_its_neighbours() {
        let at = |seconds: i64| Timestamp::from_millis(seconds * 1000);
        assert_eq!(step_at(at(59)), 1);
        assert_eq!(open_steps(None, at(59)).collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!(open_steps(None, at(60)).collect::<Vec<_>>(), [1, 2, 3]);
    }

    #[test]
    fn no_code_is_good_twice_nor_one_before_it() {
        let now = Timestamp::from_millis(60_000);
        assert_eq!(open_steps(Some(1), now).collect::<Vec<_>>(), [2, 3]);
        assert_eq!(open_steps(Some(3), now).count(), 0);
    }

    #[test]
    fn digits_are_the_apps_and_letters_a_recovery_code() {
        let app = |text| matches!(SecondFactor::parse(text), Ok(SecondFactor::App(_)));
        let recovery = |text| matches!(SecondFactor::parse(text), Ok(SecondFactor::Recovery(_)));
        assert!(app("123456") && app(" 123 456 "));
        assert!(recovery("abcde-fghjk") && recovery("01234 56789"));
        assert!(SecondFactor::parse("12345").is_err() && SecondFactor::parse("").is_err());
    }
}
