//! Settings of the HTTP face that are not about sockets: who gets pins, and how often.

mod pins;

use domain::country::{BlockedPrefixes, Reach};
use domain::phone::Country;
use domain::spending::Rules;
use serde::{Deserialize, Serialize};

pub use crate::server::InvalidSetting;
pub use pins::Pins;

/// Who may sign in, and how often strangers may ask.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Country codes, as digits like `1876`, to which no pin is sent.
    pub blocked_prefixes: Vec<String>,
    /// Countries, as two letters, to which pins are sent; to all when there are none.
    pub allowed_countries: Vec<String>,
    /// Where local phone numbers are dialled when a request does not say: two letters like `ZA`.
    pub home_country: Option<String>,
    /// Whom to turn to when no pin arrives, shown in answers.
    pub support_contact: Option<String>,
    /// Login pins that one address may ask for at once; one more comes back each minute.
    pub logins_per_address: u32,
    /// Secrets that one address may guess wrong at once (links, references, what labels say); one
    /// more comes back every 3 seconds. A link that is known is always served.
    pub guesses_per_address: u32,
    /// Whether webhooks may also go to addresses that are not on the public internet, and over
    /// plain HTTP: for receivers in the operator's own network, and for tests.
    pub webhooks_to_private_addresses: bool,
    /// What pins may cost.
    pub pins: Pins,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            blocked_prefixes: Vec::new(),
            allowed_countries: Vec::new(),
            home_country: None,
            support_contact: None,
            logins_per_address: 5,
            guesses_per_address: 20,
            webhooks_to_private_addresses: false,
            pins: Pins::default(),
        }
    }
}

impl Config {
    /// Refuses what could not work.
    pub fn check(&self) -> Result<(), InvalidSetting> {
        self.rules()?;
        self.home()?;
        for (setting, count) in [
            ("logins_per_address", self.logins_per_address),
            ("guesses_per_address", self.guesses_per_address),
        ] {
            if count == 0 {
                let expected = "at least 1";
                return Err(InvalidSetting { setting, value: count.to_string(), expected });
            }
        }
        Ok(())
    }

    /// To whom pins go, and what they may cost.
    pub(crate) fn rules(&self) -> Result<Rules, InvalidSetting> {
        let blocked = BlockedPrefixes::new(&self.blocked_prefixes).map_err(|_| InvalidSetting {
            setting: "blocked_prefixes",
            value: format!("{:?}", self.blocked_prefixes),
            expected: "digits of country codes like \"1876\"",
        })?;
        let allowed = self.allowed_countries.iter().map(|code| Country::parse(code));
        let allowed = allowed.collect::<Result<_, _>>().map_err(|_| InvalidSetting {
            setting: "allowed_countries",
            value: format!("{:?}", self.allowed_countries),
            expected: "country codes of two letters like \"ZA\"",
        })?;
        Ok(Rules { reach: Reach { blocked, allowed }, budgets: self.pins.budgets()? })
    }

    pub(crate) fn home(&self) -> Result<Option<Country>, InvalidSetting> {
        let parse = |code: &String| {
            Country::parse(code).map_err(|_| InvalidSetting {
                setting: "home_country",
                value: format!("{code:?}"),
                expected: "a country code of two letters like \"ZA\"",
            })
        };
        self.home_country.as_ref().map(parse).transpose()
    }
}
