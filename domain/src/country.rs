//! Which countries get no login pins, and the exceptions (A15, A16).
//!
//! The lists themselves are in `flussd.toml`: `api.blocked_prefixes`, `api.allowed_countries`.

use crate::phone::Country;
use crate::{PhoneNumber, Timestamp};

/// Where pins go, on either channel.
#[derive(Clone, Debug, Default)]
pub struct Reach {
    /// Nowhere under these.
    pub blocked: BlockedPrefixes,
    /// Only to these countries; to all when there are none.
    pub allowed: Vec<Country>,
}

impl Reach {
    /// Whether pins go to this number only by an exception made for it.
    pub fn excludes(&self, phone: &PhoneNumber) -> bool {
        let is_allowed = |country| self.allowed.contains(&country);
        let abroad = !self.allowed.is_empty() && !phone.country().is_some_and(is_allowed);
        abroad || self.blocked.cover(phone)
    }
}

/// Whether an exception that ends then still holds.
pub fn exception_holds(until: Timestamp, now: Timestamp) -> bool {
    now < until
}

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

    fn cover(&self, phone: &PhoneNumber) -> bool {
        self.0.iter().any(|prefix| phone.digits().starts_with(prefix.as_str()))
    }
}

/// Not the digits of a country code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected the digits of a country code like 1876, not {0:?}")]
pub struct InvalidPrefix(String);

#[cfg(test)]
mod tests {
    use super::*;

    fn phone(text: &str) -> PhoneNumber {
        PhoneNumber::parse(text, None).unwrap()
    }

    fn without_jamaica() -> Reach {
        let blocked = BlockedPrefixes::new(&["+1876".to_owned()]).unwrap();
        Reach { blocked, allowed: Vec::new() }
    }

    #[test]
    fn a_blocked_country_is_blocked_and_its_neighbours_are_not() {
        assert!(without_jamaica().excludes(&phone("+18762345678")));
        assert!(!without_jamaica().excludes(&phone("+12122345678")));
    }

    #[test]
    fn where_countries_are_allowed_all_others_are_not() {
        let allowed = ["ZA", "JM"].map(|code| Country::parse(code).unwrap()).to_vec();
        let reach = Reach { allowed, ..without_jamaica() };
        assert!(!reach.excludes(&phone("+27821234567")));
        assert!(reach.excludes(&phone("+12122345678")), "not named");
        assert!(reach.excludes(&phone("+88216123456")), "of no country");
        assert!(reach.excludes(&phone("+18762345678")), "allowed, but blocked as well");
    }

    #[test]
    fn an_exception_holds_until_its_last_millisecond() {
        let until = Timestamp::from_millis(1_000_001);
        assert!(exception_holds(until, Timestamp::from_millis(1_000_000)));
        assert!(!exception_holds(until, until));
    }

    #[test]
    fn a_prefix_that_is_no_number_is_named() {
        let error = BlockedPrefixes::new(&["JM".to_owned()]).unwrap_err();
        assert_eq!(error, InvalidPrefix("JM".to_owned()));
    }
}
