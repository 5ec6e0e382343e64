//! What login pins may cost. The rules are `domain::spending`'s.

use std::collections::BTreeMap;

use domain::phone::Country;
use domain::spending::Budgets;
use serde::{Deserialize, Serialize};

use super::InvalidSetting;

/// What login pins may cost; money is in millionths of any one currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Pins {
    /// Pins a day that one address may ask for.
    pub per_address_a_day: u32,
    /// Pins a day to one country.
    pub per_country_a_day: u32,
    /// The same for countries where it differs.
    pub of_countries: BTreeMap<String, u32>,
    /// What all pins of an hour may cost.
    pub money_an_hour: u64,
    /// What a pin by WhatsApp costs.
    pub whatsapp_price: u32,
    /// What a pin by SMS costs.
    pub sms_price: u32,
}

impl Default for Pins {
    fn default() -> Self {
        let Budgets {
            per_address_a_day,
            per_country_a_day,
            of_countries,
            money_an_hour,
            whatsapp_price,
            sms_price,
        } = Budgets::default();
        Self {
            per_address_a_day,
            per_country_a_day,
            of_countries,
            money_an_hour,
            whatsapp_price,
            sms_price,
        }
    }
}

impl Pins {
    /// The budgets, or which setting could not work.
    pub(crate) fn budgets(&self) -> Result<Budgets, InvalidSetting> {
        let expected = "at least 1; to send none, see blocked_prefixes and allowed_countries";
        let at_least_one = |setting, count: u32| {
            let invalid = || InvalidSetting { setting, value: count.to_string(), expected };
            if count == 0 { Err(invalid()) } else { Ok(count) }
        };
        let mut of_countries = BTreeMap::new();
        for (code, count) in &self.of_countries {
            let country = Country::parse(code).map_err(|_| InvalidSetting {
                setting: "pins.of_countries",
                value: format!("{code:?}"),
                expected: "country codes of two letters, as in { ZA = 5000 }",
            })?;
            let count = at_least_one("pins.of_countries", *count)?;
            of_countries.insert(country.as_str().to_owned(), count);
        }
        // Half of the hour's money is for countries in good standing, so the other half must be
        // enough to begin with.
        let dearest = u64::from(self.whatsapp_price.max(self.sms_price));
        if self.money_an_hour / 2 < dearest {
            return Err(InvalidSetting {
                setting: "pins.money_an_hour",
                value: self.money_an_hour.to_string(),
                expected: "millionths of a currency unit, at least the price of two pins",
            });
        }
        Ok(Budgets {
            per_address_a_day: at_least_one("pins.per_address_a_day", self.per_address_a_day)?,
            per_country_a_day: at_least_one("pins.per_country_a_day", self.per_country_a_day)?,
            of_countries,
            money_an_hour: self.money_an_hour,
            whatsapp_price: self.whatsapp_price,
            sms_price: self.sms_price,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_work_is_told_by_its_setting() {
        let told = |pins: Pins| pins.budgets().unwrap_err().to_string();
        let none = told(Pins { per_country_a_day: 0, ..Pins::default() });
        assert!(none.starts_with("pins.per_country_a_day = 0: expected at least 1"), "{none}");
        let of_countries = BTreeMap::from([("South Africa".to_owned(), 1)]);
        let unknown = told(Pins { of_countries, ..Pins::default() });
        assert!(unknown.starts_with("pins.of_countries = \"South Africa\""), "{unknown}");
        let poor = told(Pins { money_an_hour: 119_999, ..Pins::default() });
        assert!(poor.starts_with("pins.money_an_hour = 119999"), "{poor}");
        let just = Pins { money_an_hour: 120_000, ..Pins::default() };
        assert!(just.budgets().is_ok());
    }

    #[test]
    fn a_country_is_known_by_its_letters_in_either_case() {
        let of_countries = BTreeMap::from([("za".to_owned(), 5000)]);
        let budgets = Pins { of_countries, ..Pins::default() }.budgets().unwrap();
        assert_eq!(budgets.per_country("ZA").most, 5000);
    }
}
