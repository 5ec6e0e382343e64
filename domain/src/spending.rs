//! What login pins may cost, and whom they may concern: so that nobody earns by having pins sent
//! (pumping), and nobody is pestered with them (bombing).
//!
//! The books are the sends of the past. A budget is a number of them within a time, and is full
//! while its oldest is younger than that; nothing is refilled by a clock or a restart.
//!
//! What is *absent* here: the pace of one number (`login`), the countries that get no pins at all
//! (`country`), the books themselves (`store`).

use std::collections::BTreeMap;
use std::time::Duration;

use crate::Timestamp;
use crate::country::Reach;
use crate::login::Channel;

/// So many sends within so much time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// How many, at least 1.
    pub most: u32,
    /// In which time.
    pub within: Duration,
}

const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

/// Sends to numbers that differ in their last four digits only: whoever earns by pins rents them
/// in blocks.
pub const PER_PREFIX: Limit = Limit { most: 10, within: HOUR };

/// How long the owner of a pin may be typing: until then its send says nothing about its country.
pub const TYPING: Duration = Duration::from_mins(2);

/// Pins of one country that are on their way at a time: that much is lost before its [`Track`]
/// shows what is going on.
pub const ON_THEIR_WAY: Limit = Limit { most: 50, within: TYPING };

/// What still goes to a country that is held back, so that it shows by itself when the flood is
/// over.
pub const TRICKLE: Limit = Limit { most: 1, within: MINUTE };

/// How many of the latest sends to a country tell its [`Standing`].
pub const TRACK_LENGTH: u32 = 50;

/// From so many sends on a country can be in good standing.
pub const TRUSTED_FROM: u32 = 10;

/// A country is held back when fewer than one in so many of its pins are used.
pub const ONE_IN: u32 = 5;

/// How long sends are remembered: people sign in rarely, so less would know too few.
pub const MEMORY: Duration = Duration::from_hours(30 * 24);

/// In which time [`Budgets::money_an_hour`] may be spent.
pub const MONEY_WITHIN: Duration = HOUR;

/// To whom pins go, and what they may cost.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// To which countries.
    pub reach: Reach,
    /// How many, and for how much.
    pub budgets: Budgets,
}

/// What an operator allows. Money is in millionths of the operator's currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budgets {
    /// Sends a day that one address (of IPv6 one /64) may ask for.
    pub per_address_a_day: u32,
    /// Sends a day to one country.
    pub per_country_a_day: u32,
    /// The same where it differs, by [`region`](crate::PhoneNumber::region).
    pub of_countries: BTreeMap<String, u32>,
    /// What all pins of an hour may cost.
    pub money_an_hour: u64,
    /// What a pin by WhatsApp costs.
    pub whatsapp_price: u32,
    /// What a pin by SMS costs.
    pub sms_price: u32,
}

/// How the pins of a country came back, of its latest [`TRACK_LENGTH`] that had their time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Track {
    /// How many were sent.
    pub sent: u32,
    /// By how many of them somebody signed in.
    pub used: u32,
}

/// What a [`Track`] says of its country.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Too little is known.
    Unknown,
    /// Its pins are used.
    Good,
    /// They are not: nobody seems to be there but who earns by it.
    HeldBack,
}

/// What the books say of the pins before, as far as it concerns one more. Of each [`Limit`]: when
/// the oldest of those went out that fill it, or none while there is room.
#[derive(Clone, Copy, Debug, Default)]
pub struct Books {
    /// [`Budgets::per_address`].
    pub address: Option<Timestamp>,
    /// [`PER_PREFIX`].
    pub prefix: Option<Timestamp>,
    /// [`Budgets::per_country`].
    pub country: Option<Timestamp>,
    /// [`ON_THEIR_WAY`]: unused ones only.
    pub on_their_way: Option<Timestamp>,
    /// [`TRICKLE`].
    pub trickle: Option<Timestamp>,
    /// How the country's pins came back.
    pub track: Track,
    /// The cost of all pins within [`MONEY_WITHIN`].
    pub spent: u64,
    /// When the oldest of these went out.
    pub spent_since: Option<Timestamp>,
}

/// No pin goes out now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// For which reason: for operators, since strangers learn only until when.
    pub by: Reason,
    /// Not before this.
    pub until: Timestamp,
}

/// What is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The day of the address that asks.
    Address,
    /// The hour of the prefix.
    Prefix,
    /// The day of the country.
    Country,
    /// Too many pins of the country are on their way.
    OnTheirWay,
    /// Too few of the country's pins are used.
    Unused,
    /// The hour's money.
    Money,
}

impl Limit {
    /// When one more may go: now, or when the oldest of those that fill it is old enough.
    pub fn next(self, filled_since: Option<Timestamp>, now: Timestamp) -> Timestamp {
        filled_since.map_or(now, |since| now.max(since + self.within))
    }
}

impl Default for Budgets {
    fn default() -> Self {
        Self {
            per_address_a_day: 30,
            per_country_a_day: 1000,
            of_countries: BTreeMap::new(),
            money_an_hour: 20_000_000,
            whatsapp_price: 20_000,
            sms_price: 60_000,
        }
    }
}

impl Budgets {
    /// What one address may ask for.
    pub fn per_address(&self) -> Limit {
        Limit { most: self.per_address_a_day, within: DAY }
    }

    /// What may go to a country.
    pub fn per_country(&self, region: &str) -> Limit {
        let most = self.of_countries.get(region).copied().unwrap_or(self.per_country_a_day);
        Limit { most, within: DAY }
    }

    /// What one pin costs.
    pub fn price(&self, channel: Channel) -> u32 {
        match channel {
            Channel::Whatsapp => self.whatsapp_price,
            Channel::Sms => self.sms_price,
        }
    }

    /// What all pins of an hour may cost before one to a country of this standing. Half is kept
    /// for countries whose pins are used: a flood in new ones cannot take what those live on.
    pub fn money_for(&self, standing: Standing) -> u64 {
        match standing {
            Standing::Good => self.money_an_hour,
            Standing::Unknown | Standing::HeldBack => self.money_an_hour / 2,
        }
    }

    /// Judges one more pin to this region.
    pub fn judge(
        &self,
        region: &str,
        channel: Channel,
        books: &Books,
        now: Timestamp,
    ) -> Result<(), Held> {
        let standing = books.track.standing();
        let trickle = match standing {
            Standing::HeldBack => TRICKLE.next(books.trickle, now),
            Standing::Unknown | Standing::Good => now,
        };
        let price = u64::from(self.price(channel));
        let money = if books.spent.saturating_add(price) <= self.money_for(standing) {
            now
        } else {
            books.spent_since.unwrap_or(now) + MONEY_WITHIN
        };
        let waits = [
            (Reason::Address, self.per_address().next(books.address, now)),
            (Reason::Prefix, PER_PREFIX.next(books.prefix, now)),
            (Reason::Country, self.per_country(region).next(books.country, now)),
            (Reason::OnTheirWay, ON_THEIR_WAY.next(books.on_their_way, now)),
            (Reason::Unused, trickle),
            (Reason::Money, money),
        ];
        let longest = waits.into_iter().max_by_key(|(_, until)| *until);
        match longest {
            Some((by, until)) if now < until => Err(Held { by, until }),
            Some(_) | None => Ok(()),
        }
    }
}

impl Track {
    /// What it says.
    pub fn standing(self) -> Standing {
        let is_used = self.sent <= self.used.saturating_mul(ONE_IN);
        match (is_used, self.sent) {
            (true, TRUSTED_FROM..) => Standing::Good,
            (false, TRACK_LENGTH..) => Standing::HeldBack,
            (true | false, _) => Standing::Unknown,
        }
    }
}

impl Reason {
    /// What an operator is told.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Address => "an address asked for as many pins as it may in a day",
            Self::Prefix => "as many pins went to numbers with one beginning as may in an hour",
            Self::Country => "as many pins went there as may in a day",
            Self::OnTheirWay => "too many pins are on their way there at a time",
            Self::Unused => "too few of the pins sent there are used",
            Self::Money => "pins cost as much as they may in an hour",
        }
    }
}

#[cfg(test)]
mod tests;
