//! Phone numbers: read in the local or the international form, kept as E.164, shown masked.

use std::fmt;

use phonenumber::country;

/// A valid phone number in E.164, like `+27821234567`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PhoneNumber(String);

/// A country by its ISO 3166 code, like `ZA`: where a local number is dialled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Country(country::Id);

impl PhoneNumber {
    /// Reads `+27 82 123 4567`, or `082 123 4567` where a home country is known (X17).
    pub fn parse(text: &str, home: Option<Country>) -> Result<Self, InvalidPhone> {
        if 32 < text.len() {
            return Err(InvalidPhone);
        }
        let number = phonenumber::parse(home.map(|Country(id)| id), text.trim());
        let number = number.map_err(|_| InvalidPhone)?;
        if !phonenumber::is_valid(&number) {
            return Err(InvalidPhone);
        }
        Ok(Self(number.format().mode(phonenumber::Mode::E164).to_string()))
    }

    /// Takes back a number that was valid when it was kept; the tables may have changed since.
    pub fn from_kept(e164: &str) -> Result<Self, InvalidPhone> {
        let digits = e164.strip_prefix('+').ok_or(InvalidPhone)?;
        let ok = (5..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        if ok { Ok(Self(e164.to_owned())) } else { Err(InvalidPhone) }
    }

    /// The number in E.164.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The digits without the plus: what `wa.me` wants, and what country prefixes match.
    pub fn digits(&self) -> &str {
        &self.0[1..]
    }

    /// Where the number is from; shared codes like +1 answer the country of its area.
    pub fn country(&self) -> Option<Country> {
        phonenumber::parse(None, &self.0).ok()?.country().id().map(Country)
    }
}

/// `+27*****4567`: enough to recognise one's own, not enough to call.
impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.0.len().saturating_sub(4);
        write!(f, "{}*****{}", &self.0[..3.min(shown)], &self.0[shown..])
    }
}

impl Country {
    /// Reads an ISO 3166 code of two letters.
    pub fn parse(text: &str) -> Result<Self, InvalidCountry> {
        text.to_ascii_uppercase().parse().map(Self).map_err(|_| InvalidCountry)
    }

    /// The two letters.
    pub fn as_str(&self) -> &str {
        self.0.as_ref()
    }
}

/// Loads libphonenumber's tables, so that the first request need not wait for them.
pub fn warm_up() {
    let _ = PhoneNumber::parse("+27821234567", None);
}

/// The text is no phone number that could be dialled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a phone number like +27821234567")]
pub struct InvalidPhone;

/// The text is no country.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a country code of two letters like ZA")]
pub struct InvalidCountry;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_local_number_is_read_with_the_owners_country_and_kept_as_e164() {
        let za = Country::parse("ZA").unwrap();
        for text in ["082 123 4567", "0821234567", "+27821234567", "+27 82 123 4567"] {
            let phone = PhoneNumber::parse(text, Some(za)).unwrap();
            assert_eq!(phone.reveal(), "+27821234567", "{text}");
        }
    }

    #[test]
    fn a_local_number_without_a_country_is_refused() {
        assert_eq!(PhoneNumber::parse("082 123 4567", None), Err(InvalidPhone));
    }

    #[test]
    fn what_cannot_be_dialled_is_refused() {
        for text in ["", "+", "abc", "+2782", "+999123456789", "+27821234567890123456789012345678"]
        {
            assert_eq!(PhoneNumber::parse(text, None), Err(InvalidPhone), "{text}");
        }
    }

    #[test]
    fn what_is_longer_than_any_number_is_not_read() {
        let padded = |length: usize| format!("{:length$}", "+27821234567");
        assert!(PhoneNumber::parse(&padded(32), None).is_ok());
        assert_eq!(PhoneNumber::parse(&padded(33), None), Err(InvalidPhone));
        assert_eq!(PhoneNumber::parse(&padded(40), None), Err(InvalidPhone));
    }

    #[test]
    fn what_was_kept_is_taken_back_and_nothing_else() {
        assert_eq!(PhoneNumber::from_kept("+27821234567").unwrap().reveal(), "+27821234567");
        for text in ["27821234567", "+2782", "+abcdefgh", "+1234567890123456", "+"] {
            assert_eq!(PhoneNumber::from_kept(text), Err(InvalidPhone), "{text}");
        }
    }

    #[test]
    fn a_country_reads_back_as_its_two_letters() {
        assert_eq!(Country::parse("za").unwrap().as_str(), "ZA");
    }

    #[test]
    fn debug_shows_only_the_ends() {
        let phone = PhoneNumber::parse("+27821234567", None).unwrap();
        assert_eq!(format!("{phone:?}"), "+27*****4567");
    }

    #[test]
    fn the_country_of_a_number_is_known() {
        let phone = PhoneNumber::parse("+27821234567", None).unwrap();
        assert_eq!(phone.country(), Country::parse("za").ok());
    }
}
