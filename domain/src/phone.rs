//! Phone numbers: read in the local or the international form, kept as E.164, shown masked.

use std::fmt;

use phonenumber::metadata::DATABASE;
use phonenumber::{Type, country};

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
        self.read()?.country().id().map(Country)
    }

    /// The country's two letters, or a calling code that belongs to none, like `+882`.
    pub fn region(&self) -> String {
        let Some(number) = self.read() else { return self.prefix().to_owned() };
        let country = number.country().id();
        country.map_or_else(|| format!("+{}", number.code().value()), |id| id.as_ref().to_owned())
    }

    /// All but the last four digits: whose numbers stand side by side is often one person.
    pub fn prefix(&self) -> &str {
        &self.0[..self.0.len().saturating_sub(4)]
    }

    /// Whether its kind may be sent pins: not if a message to it costs or earns, or reaches nobody.
    pub fn takes_pins(&self) -> Result<(), NoPins> {
        let kind = self.read().map(|number| number.number_type(&DATABASE));
        Err(match kind {
            Some(Type::PremiumRate) => NoPins::PremiumRate,
            Some(Type::SharedCost) => NoPins::SharedCost,
            Some(Type::TollFree) => NoPins::TollFree,
            Some(Type::PersonalNumber) => NoPins::Forwarded,
            Some(Type::Voip) => NoPins::Voip,
            Some(Type::Pager) => NoPins::Pager,
            Some(Type::Uan | Type::StandardRate) => NoPins::Company,
            Some(
                Type::Emergency
                | Type::Voicemail
                | Type::ShortCode
                | Type::Carrier
                | Type::NoInternational,
            ) => NoPins::Service,
            Some(Type::FixedLine | Type::Mobile | Type::FixedLineOrMobile | Type::Unknown)
            | None => return Ok(()),
        })
    }

    fn read(&self) -> Option<phonenumber::PhoneNumber> {
        phonenumber::parse(None, &self.0).ok()
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

/// The number is of a kind that is not sent pins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoPins {
    /// Who calls it pays its owner.
    #[error("is a premium-rate number; expected a mobile number")]
    PremiumRate,
    /// Caller and owner share the cost.
    #[error("is a shared-cost number; expected a mobile number")]
    SharedCost,
    /// Its owner pays.
    #[error("is a toll-free number; expected a mobile number")]
    TollFree,
    /// It follows a person to other numbers.
    #[error("is a number that is forwarded to others; expected a mobile number")]
    Forwarded,
    /// On the internet.
    #[error("is a VoIP number; expected a mobile number")]
    Voip,
    /// A pager's.
    #[error("is a pager's number; expected a mobile number")]
    Pager,
    /// Of a company.
    #[error("is a company's number; expected a mobile number")]
    Company,
    /// Of no subscriber.
    #[error("is the number of a service; expected a mobile number")]
    Service,
}

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

    #[test]
    fn a_number_is_counted_under_its_country_or_its_calling_code_and_its_prefix() {
        let of = |text: &str| {
            let phone = PhoneNumber::parse(text, None).unwrap();
            (phone.region(), phone.prefix().to_owned())
        };
        assert_eq!(of("+27821234567"), ("ZA".to_owned(), "+2782123".to_owned()));
        assert_eq!(of("+18762345678"), ("JM".to_owned(), "+1876234".to_owned()));
        assert_eq!(of("+88216123456"), ("+882".to_owned(), "+8821612".to_owned()));
    }

    #[test]
    fn numbers_that_cost_earn_or_reach_nobody_get_no_pins() {
        let kind = |text: &str| PhoneNumber::parse(text, None).unwrap().takes_pins();
        for (text, why) in [
            ("+27862345678", NoPins::PremiumRate),
            ("+19002345678", NoPins::PremiumRate),
            ("+27860123456", NoPins::SharedCost),
            ("+27801234567", NoPins::TollFree),
            ("+18002345678", NoPins::TollFree),
            ("+447012345678", NoPins::Forwarded),
            ("+27871234567", NoPins::Voip),
            ("+447640123456", NoPins::Pager),
            ("+27861123456", NoPins::Company),
        ] {
            assert_eq!(kind(text), Err(why), "{text}");
        }
        for text in ["+27821234567", "+27101234567", "+12122345678", "+18762345678"] {
            assert_eq!(kind(text), Ok(()), "{text}");
        }
        let told = NoPins::PremiumRate.to_string();
        assert_eq!(told, "is a premium-rate number; expected a mobile number");
    }
}
