//! How the house is doing, for its operator: counts and ids, nothing of people.

use std::sync::Arc;
use std::time::Duration;

use domain::channel::{EachChannel, Health};
use domain::login::SEND_DAY;
use domain::{AttemptId, Timestamp};

use crate::database::reading;
use crate::pins;
use crate::row::device::gate_of;
use crate::row::login::channel_from;
use crate::row::number;
use crate::sql::{Row, Tx, sql};
use crate::{Fault, Inner, Result};

/// How finely attempts are counted.
pub const SLOT: Duration = Duration::from_mins(5);

/// How many of them an hour has.
pub const SLOTS_AN_HOUR: usize = 12;

/// How many slots are counted: a day of them.
pub const SLOTS: usize = 24 * SLOTS_AN_HOUR;

/// By the hour, and over how many of them, login pins are counted.
pub const HOURS: usize = 24;

/// The operator's door.
#[derive(Clone)]
pub struct Overview(pub(crate) Arc<Inner>);

/// The house at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glance {
    /// All gates in the books.
    pub gates: u32,
    /// Those that can be opened now.
    pub online: u32,
    /// Attempts of the last day by [`SLOT`], the latest first.
    pub slots: Vec<Tally>,
    /// The attempt of which nobody knows the end for the longest time, and since when.
    pub oldest_unsettled: Option<(AttemptId, Timestamp)>,
    /// Login pins of each of the last [`HOURS`], the latest first.
    pub pins: EachChannel<Vec<PinTally>>,
    /// How the channels of login pins are doing.
    pub channels: EachChannel<Health>,
}

/// How attempts ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// A gate opened.
    pub opened: u32,
    /// It is certain that no gate opened.
    pub not_opened: u32,
    /// Nobody knows yet.
    pub unsettled: u32,
}

/// How login pins went that were handed to a courier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PinTally {
    /// All of them.
    pub sent: u32,
    /// Taken by the provider.
    pub accepted: u32,
    /// Delivered, as far as the provider reports it.
    pub delivered: u32,
    /// Typed right.
    pub verified: u32,
    /// Delivered or typed right.
    pub arrived: u32,
    /// Not taken, or lost, or of unknown fate; and not arrived.
    pub failed: u32,
}

impl Overview {
    /// Looks at everything once. The statements see the moments at which each of them runs.
    pub async fn glance(&self, now: Timestamp) -> Result<Glance> {
        reading!(self.0.db, |tx| {
            let all = sql("SELECT * FROM gates").all(tx).await?;
            let (mut gates, mut online) = (0, 0);
            for row in &all {
                gates += 1;
                online += u32::from(gate_of(row)?.ready(now).is_some());
            }

            let mut slots = vec![Tally::default(); SLOTS];
            // Ids begin with their moment, so the primary key finds the last day.
            let day = SLOT * u32::try_from(SLOTS).unwrap_or(u32::MAX);
            let counts = sql("SELECT ($1 - reserved_at) / $3 AS slot, state, COUNT(*) AS many
                              FROM attempts WHERE $2 <= id AND reserved_at <= $1
                              GROUP BY 1, 2");
            let slot_ms = i64::try_from(SLOT.as_millis()).unwrap_or(i64::MAX);
            let counts = counts.bind(now).bind(first_id(now - day)).bind(slot_ms);
            for row in counts.all(tx).await? {
                if let Some(tally) = slots.get_mut(number::<usize>(&row, "slot")?) {
                    tally.count(&row)?;
                }
            }

            let oldest = sql("SELECT id, reserved_at FROM attempts
                              WHERE state IN ('pending', 'sent') ORDER BY reserved_at LIMIT 1");
            let oldest = oldest.optional(tx).await?;
            let oldest_unsettled = match oldest {
                None => None,
                Some(row) => {
                    Some((row.parsed("id", AttemptId::parse)?, row.moment("reserved_at")?))
                }
            };

            let (pins, channels) = (pins_of(tx, now).await?, pins::health(tx, now).await?);
            Ok(Glance { gates, online, slots, oldest_unsettled, pins, channels })
        })
    }
}

impl Glance {
    /// The attempts of the latest slots together.
    pub fn latest(&self, slots: usize) -> Tally {
        Tally::sum(self.slots.get(..slots).unwrap_or(&self.slots))
    }

    /// The attempts of each hour, the latest first.
    pub fn hours(&self) -> impl Iterator<Item = Tally> {
        self.slots.chunks(SLOTS_AN_HOUR).map(Tally::sum)
    }
}

impl Tally {
    /// Several of them together.
    fn sum(tallies: &[Self]) -> Self {
        tallies.iter().fold(Self::default(), |sum, tally| Self {
            opened: sum.opened + tally.opened,
            not_opened: sum.not_opened + tally.not_opened,
            unsettled: sum.unsettled + tally.unsettled,
        })
    }

    /// All of them.
    pub fn all(&self) -> u32 {
        self.opened + self.not_opened + self.unsettled
    }

    fn count(&mut self, row: &Row) -> Result<()> {
        let (state, many): (String, u32) = (row.take("state")?, number(row, "many")?);
        match state.as_str() {
            "executed" => self.opened += many,
            "not_executed" => self.not_opened += many,
            "pending" | "sent" => self.unsettled += many,
            _ => return Err(Fault::corrupt("attempts", "?", format!("no state {state}"))),
        }
        Ok(())
    }
}

impl PinTally {
    /// Several of them together.
    pub fn sum(tallies: &[Self]) -> Self {
        tallies.iter().fold(Self::default(), |sum, tally| Self {
            sent: sum.sent + tally.sent,
            accepted: sum.accepted + tally.accepted,
            delivered: sum.delivered + tally.delivered,
            verified: sum.verified + tally.verified,
            arrived: sum.arrived + tally.arrived,
            failed: sum.failed + tally.failed,
        })
    }
}

async fn pins_of(tx: &mut Tx, now: Timestamp) -> Result<EachChannel<Vec<PinTally>>> {
    let day = || vec![PinTally::default(); HOURS];
    let mut pins = EachChannel { whatsapp: day(), sms: day() };
    let counts = sql("SELECT ($1 - at) / $3 AS hour, channel, COUNT(*) AS sent,
                             COUNT(accepted_at) AS accepted, COUNT(delivered_at) AS delivered,
                             COUNT(verified_at) AS verified,
                             COUNT(COALESCE(delivered_at, verified_at)) AS arrived,
                             COUNT(CASE WHEN delivered_at IS NULL AND verified_at IS NULL
                                        THEN failed_at END) AS failed
                      FROM pins_sent WHERE channel IS NOT NULL AND $2 < at AND at <= $1
                      GROUP BY 1, 2");
    let hour_ms = i64::try_from(Duration::from_hours(1).as_millis()).unwrap_or(i64::MAX);
    let counts = counts.bind(now).bind(now - SEND_DAY).bind(hour_ms);
    for row in counts.all(tx).await? {
        let channel = row.parsed("channel", channel_from)?;
        if let Some(tally) = pins.of_mut(channel).get_mut(number::<usize>(&row, "hour")?) {
            *tally = PinTally {
                sent: number(&row, "sent")?,
                accepted: number(&row, "accepted")?,
                delivered: number(&row, "delivered")?,
                verified: number(&row, "verified")?,
                arrived: number(&row, "arrived")?,
                failed: number(&row, "failed")?,
            };
        }
    }
    Ok(pins)
}

/// The least id of an attempt at this moment.
fn first_id(at: Timestamp) -> AttemptId {
    let mut bytes = [0; 16];
    bytes[..6].copy_from_slice(&at.as_millis().to_be_bytes()[2..]);
    AttemptId::from_bytes(bytes)
}
