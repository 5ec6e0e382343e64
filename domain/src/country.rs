//! Which countries get no login pins, and the exceptions (A15, A16).
//!
//! The list itself is in `flussd.toml`: `login.blocked_prefixes`.

use crate::{PhoneNumber, Timestamp};

/// Country codes to which no pin is sent, on either channel, as digits like `1876`.
#[derive(Clone, Debug, Default)]
pub struct BlockedPrefixes(Vec<String>);

impl BlockedPrefixes {
    /// Takes the digits of country codes, with or without a plus.
    pub fn new(prefixes: &[String]) -> Result<Self, InvalidPrefix> {
        let digits = |prefix: &String| {
            let digits = prefix.strip_prefix('+').unwrap_or(prefix).to_owned();
            let ok = (1..=7).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
            if ok { Ok(digits) } else { Err(InvalidPrefix(prefix.clone())) }
        };
        prefixes.iter().map(digits).collect::<Result<_, _>>().map(Self)
    }

    /// Whether a pin must not be sent to this number now.
    ///
    /// `allowed_until` is the end of an exception made for the number by hand, if there is one.
    pub fn block(
        &self,
        phone: &PhoneNumber,
        allowed_until: Option<Timestamp>,
        now: Timestamp,
    ) -> bool {
        let excepted = allowed_until.is_some_and(|until| now < until);
        !excepted && self.0.iter().any(|prefix| phone.digits().starts_with(prefix.as_str()))
    }
}

/// Not the digits of a country code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected the digits of a country code like 1876, not {0:?}")]
pub struct InvalidPrefix(String);

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp::from_millis(1_000_000);

    fn jamaica_blocked() -> BlockedPrefixes {
        BlockedPrefixes::new(&["+1876".to_owned()]).unwrap()
    }

    #[test]
    fn a_blocked_country_is_blocked_and_its_neighbours_are_not() {
        let jamaica = PhoneNumber::parse("+18762345678", None).unwrap();
        let new_york = PhoneNumber::parse("+12122345678", None).unwrap();
        assert!(jamaica_blocked().block(&jamaica, None, NOON));
        assert!(!jamaica_blocked().block(&new_york, None, NOON));
    }

    #[test]
    fn an_exception_holds_until_its_last_millisecond() {
        let jamaica = PhoneNumber::parse("+18762345678", None).unwrap();
        let until = Timestamp::from_millis(NOON.as_millis() + 1);
        assert!(!jamaica_blocked().block(&jamaica, Some(until), NOON));
        assert!(jamaica_blocked().block(&jamaica, Some(until), until));
    }

    #[test]
    fn a_prefix_that_is_no_number_is_named() {
        let error = BlockedPrefixes::new(&["JM".to_owned()]).unwrap_err();
        assert_eq!(error, InvalidPrefix("JM".to_owned()));
    }
}
