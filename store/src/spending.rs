//! What login pins cost and whom they concern: the books behind the budgets of `domain`.
//!
//! Whoever sends a pin pays here, in the transaction that makes the pin. One row, the purse, is the
//! lock of all budgets, so that of many at once none spends what another has taken.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use domain::channel::Wish;
use domain::country::exception_holds;
use domain::login::{Channel, OTP_LIFETIME};
use domain::spending::{self, Books, Held, Limit, Rules, Standing, Track};
use domain::{PhoneNumber, PinId, Timestamp};

use crate::database::reading;
use crate::exceptions;
use crate::logins::phone_digest;
use crate::row::number;
use crate::sql::{Tx, sql};
use crate::vault::{Purpose, Vault};
use crate::{Inner, Result};

/// A pin that is to go out: how, for whom, and by which rules.
#[derive(Clone, Debug)]
pub struct Sending {
    /// Which way.
    pub wish: Wish,
    /// Who asks: an address, of IPv6 its /64.
    pub network: IpAddr,
    /// Where pins go, and what they may cost.
    pub rules: Arc<Rules>,
}

impl Default for Sending {
    /// Any way, for nobody known, by the rules of a fresh installation.
    fn default() -> Self {
        let network = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        Self { wish: Wish::default(), network, rules: Arc::default() }
    }
}

/// Why a pin is not sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Withheld {
    /// To this country none goes, and the number is no exception.
    Blocked,
    /// A budget is used up.
    Held {
        /// Which, and until when.
        held: Held,
        /// To whom it is not sent.
        phone: PhoneNumber,
    },
}

/// What an operator sees of it.
#[derive(Clone)]
pub struct Spending(pub(crate) Arc<Inner>);

/// What pins cost of late, and who gets none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spent {
    /// The cost of the last hour's pins.
    pub in_an_hour: u64,
    /// Countries to which only a trickle goes.
    pub held_back: Vec<HeldBack>,
}

/// A country to which only a trickle goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldBack {
    /// Which, by [`PhoneNumber::region`].
    pub region: String,
    /// How its pins came back.
    pub track: Track,
}

impl Spending {
    /// Looks at what was spent.
    pub async fn seen(&self, now: Timestamp) -> Result<Spent> {
        reading!(self.0.db, |tx| {
            let (in_an_hour, _) = money(tx, now).await?;
            let regions = sql("SELECT country FROM pin_spending WHERE $1 < at
                               GROUP BY country ORDER BY country");
            let regions = regions.bind(now - spending::MEMORY).all(tx).await?;
            let mut held_back = Vec::new();
            for row in regions {
                let region: String = row.take("country")?;
                let track = track(tx, &region, now).await?;
                if track.standing() == Standing::HeldBack {
                    held_back.push(HeldBack { region, track });
                }
            }
            Ok(Spent { in_an_hour, held_back })
        })
    }
}

/// Pays for a pin, or says why it is not sent. Call it under the lock of the number, which comes
/// first.
pub(crate) async fn pay(
    tx: &mut Tx,
    whom: &Whom,
    channel: Channel,
    now: Timestamp,
) -> Result<std::result::Result<(), Withheld>> {
    // Writing first takes the lock, in Postgres and in SQLite alike.
    sql("UPDATE pin_purse SET id = id WHERE id = 1").execute(tx).await?;
    if let Err(withheld) = whom.may_be_sent(tx, channel, now).await? {
        return Ok(Err(withheld));
    }
    sql(
        "INSERT INTO pin_spending (phone_digest, prefix_digest, network_digest, country, price, at)
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(whom.number)
    .bind(whom.prefix)
    .bind(whom.network)
    .bind(whom.region.as_str())
    .bind(whom.sending.rules.budgets.price(channel))
    .bind(now)
    .execute(tx)
    .await?;
    Ok(Ok(()))
}

/// Takes back what was paid for a pin that did not go out.
pub(crate) async fn pay_back(tx: &mut Tx, pin: PinId) -> Result<()> {
    let forget = sql("DELETE FROM pin_spending WHERE EXISTS (
                          SELECT 1 FROM pins_sent AS pin WHERE pin.id = $1
                              AND pin.phone_digest = pin_spending.phone_digest
                              AND pin.at = pin_spending.at)");
    forget.bind(pin).execute(tx).await.map(drop)
}

/// Notes that somebody signed in by the pins of a number.
pub(crate) async fn used(tx: &mut Tx, number: [u8; 32], now: Timestamp) -> Result<()> {
    let used = sql("UPDATE pin_spending SET verified_at = $2
                    WHERE phone_digest = $1 AND $3 < at AND verified_at IS NULL");
    used.bind(number).bind(now).bind(now - OTP_LIFETIME).execute(tx).await.map(drop)
}

/// Forgets what no budget asks for any more.
pub(crate) async fn sweep(tx: &mut Tx, now: Timestamp) -> Result<()> {
    let old = sql("DELETE FROM pin_spending WHERE at < $1");
    old.bind(now - spending::MEMORY).execute(tx).await.map(drop)
}

/// Whom a pin concerns, as the books count it.
#[derive(Clone)]
pub(crate) struct Whom {
    phone: PhoneNumber,
    sending: Sending,
    /// Whether it is sent by exception only.
    excluded: bool,
    region: String,
    number: [u8; 32],
    prefix: [u8; 32],
    network: [u8; 32],
}

impl Whom {
    pub(crate) fn of(vault: &Vault, phone: &PhoneNumber, sending: Sending) -> Self {
        let network = match sending.network {
            IpAddr::V4(address) => address.to_ipv6_mapped(),
            IpAddr::V6(address) => address,
        };
        Self {
            excluded: sending.rules.reach.excludes(phone),
            region: phone.region(),
            number: phone_digest(vault, phone),
            prefix: vault.digest(Purpose::NumberPrefix, &[phone.prefix().as_bytes()]),
            network: vault.digest(Purpose::Network, &[&network.octets()]),
            phone: phone.clone(),
            sending,
        }
    }

    /// The digest of the number.
    pub(crate) fn number(&self) -> [u8; 32] {
        self.number
    }

    /// Which way it is to go.
    pub(crate) fn wish(&self) -> Wish {
        self.sending.wish
    }

    /// Which way it will go if nothing speaks against it.
    pub(crate) fn likely(&self) -> Channel {
        let Wish { asked, set_up } = self.sending.wish;
        asked.or(set_up.first().copied()).unwrap_or(Channel::Whatsapp)
    }

    /// Judges one more pin by what the books say now.
    pub(crate) async fn may_be_sent(
        &self,
        tx: &mut Tx,
        channel: Channel,
        now: Timestamp,
    ) -> Result<std::result::Result<(), Withheld>> {
        if self.excluded {
            let until = exceptions::standing(tx, self.number).await?;
            if !until.is_some_and(|until| exception_holds(until, now)) {
                return Ok(Err(Withheld::Blocked));
            }
        }
        let budgets = &self.sending.rules.budgets;
        let books = self.books(tx, now).await?;
        let judged = budgets.judge(&self.region, channel, &books, now);
        Ok(judged.map_err(|held| Withheld::Held { held, phone: self.phone.clone() }))
    }

    async fn books(&self, tx: &mut Tx, now: Timestamp) -> Result<Books> {
        let (budgets, region) = (&self.sending.rules.budgets, self.region.as_str());
        let (address, country) = (budgets.per_address(), budgets.per_country(region));
        let (prefix, on_their_way) = (spending::PER_PREFIX, spending::ON_THEIR_WAY);
        let newer = |limit: Limit| limit.most.saturating_sub(1);
        // Of each limit the send that fills it: so many are newer. One statement, because whoever
        // spends waits for it.
        let filled = sql("SELECT
            (SELECT at FROM pin_spending WHERE network_digest = $1 AND $2 < at
             ORDER BY at DESC LIMIT 1 OFFSET $3) AS address,
            (SELECT at FROM pin_spending WHERE prefix_digest = $4 AND $5 < at
             ORDER BY at DESC LIMIT 1 OFFSET $6) AS prefix,
            (SELECT at FROM pin_spending WHERE country = $7 AND $8 < at
             ORDER BY at DESC LIMIT 1 OFFSET $9) AS country,
            (SELECT at FROM pin_spending WHERE country = $7 AND $10 < at AND verified_at IS NULL
             ORDER BY at DESC LIMIT 1 OFFSET $11) AS on_their_way,
            (SELECT at FROM pin_spending WHERE country = $7 AND $12 < at
             ORDER BY at DESC LIMIT 1 OFFSET $13) AS trickle")
        .bind(self.network)
        .bind(now - address.within)
        .bind(newer(address))
        .bind(self.prefix)
        .bind(now - prefix.within)
        .bind(newer(prefix))
        .bind(region)
        .bind(now - country.within)
        .bind(newer(country))
        .bind(now - on_their_way.within)
        .bind(newer(on_their_way))
        .bind(now - spending::TRICKLE.within)
        .bind(newer(spending::TRICKLE))
        .one(tx)
        .await?;
        let (spent, spent_since) = money(tx, now).await?;
        Ok(Books {
            address: filled.moment_if_any("address")?,
            prefix: filled.moment_if_any("prefix")?,
            country: filled.moment_if_any("country")?,
            on_their_way: filled.moment_if_any("on_their_way")?,
            trickle: filled.moment_if_any("trickle")?,
            track: track(tx, region, now).await?,
            spent,
            spent_since,
        })
    }
}

async fn track(tx: &mut Tx, region: &str, now: Timestamp) -> Result<Track> {
    let latest = sql("SELECT COUNT(*) AS sent, COUNT(verified_at) AS used FROM (
                          SELECT verified_at FROM pin_spending
                          WHERE country = $1 AND $2 < at AND at <= $3
                          ORDER BY at DESC LIMIT $4) AS latest")
    .bind(region)
    .bind(now - spending::MEMORY)
    .bind(now - spending::TYPING)
    .bind(spending::TRACK_LENGTH)
    .one(tx)
    .await?;
    Ok(Track { sent: number(&latest, "sent")?, used: number(&latest, "used")? })
}

/// What was spent within [`spending::MONEY_WITHIN`], and since when.
async fn money(tx: &mut Tx, now: Timestamp) -> Result<(u64, Option<Timestamp>)> {
    // Postgres adds BIGINTs up to a NUMERIC.
    let spent = sql("SELECT CAST(COALESCE(SUM(price), 0) AS BIGINT) AS spent, MIN(at) AS since
                     FROM pin_spending WHERE $1 < at");
    let spent = spent.bind(now - spending::MONEY_WITHIN).one(tx).await?;
    Ok((number(&spent, "spent")?, spent.moment_if_any("since")?))
}
