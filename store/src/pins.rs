//! What becomes of login pins, and how each channel is doing by it.
//!
//! Couriers tell whether a pin was taken, providers whether it arrived, and people by typing it.
//! What is *absent* here: the rule (`domain::channel`), and how often pins go out (`logins`).

use std::sync::Arc;

use domain::channel::{self, Cause, Choice, EachChannel, Health, MEMORY, PROBE_PAUSE, Trial, Wish};
use domain::login::Channel;
use domain::{PinId, Timestamp};

use crate::database::{in_transaction, reading};
use crate::logins::{LoginRefusal, TooManyPins};
use crate::row::digest;
use crate::row::pin::fate_of;
use crate::spending;
use crate::sql::{Tx, sql};
use crate::vault::{Purpose, Vault};
use crate::{Inner, Result};

/// More pins of an hour than a judgement needs.
const LOOKED_AT: i64 = 100;

/// Pins that went out.
#[derive(Clone)]
pub struct Pins(pub(crate) Arc<Inner>);

/// What a courier says of a pin.
#[derive(Clone, PartialEq, Eq)]
pub enum Handed {
    /// The provider took it, and calls it by this id; empty where there is none.
    Accepted(String),
    /// It did not go out.
    NotSent(Cause),
    /// Nobody knows.
    Silent,
}

/// What a provider reports of a message that it took.
#[derive(Clone, PartialEq, Eq)]
pub struct Report {
    /// Its id with the provider.
    pub message: String,
    /// What became of it.
    pub end: End,
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It is on the phone.
    Delivered,
    /// It will not arrive.
    Lost(Cause),
}

impl Pins {
    /// Notes whether a pin was taken. One that surely was not does not count for its number, so
    /// that the other channel can be tried at once (A13).
    pub async fn handed_over(&self, pin: PinId, handed: Handed, now: Timestamp) -> Result<()> {
        let vault = Arc::clone(&self.0.vault);
        in_transaction!(self.0.db, |tx| {
            let message = match handed {
                Handed::Accepted(message) => message,
                Handed::NotSent(cause) => {
                    if failed(tx, pin, word_for(cause), now).await? {
                        spending::pay_back(tx, pin).await?;
                    }
                    return Ok(());
                }
                Handed::Silent => return failed(tx, pin, "silence", now).await.map(drop),
            };
            // An id that came before names nobody.
            sql("UPDATE pins_sent SET accepted_at = $2, message_digest = CASE
                     WHEN EXISTS (SELECT 1 FROM pins_sent AS other
                                  WHERE other.channel = pins_sent.channel
                                    AND other.message_digest = $3) THEN NULL ELSE $3 END
                 WHERE id = $1 AND accepted_at IS NULL AND failed_at IS NULL")
            .bind(pin)
            .bind(now)
            .bind(Some(message).filter(|id| !id.is_empty()).map(|id| message_digest(&vault, &id)))
            .execute(tx)
            .await
            .map(drop)
        })
    }

    /// Notes what a provider reports. What nobody sent changes nothing, and the first word about a
    /// pin stands: reports come late, twice, and in any order.
    pub async fn reported(&self, by: Channel, reports: Vec<Report>, now: Timestamp) -> Result<()> {
        let vault = Arc::clone(&self.0.vault);
        in_transaction!(self.0.db, |tx| {
            for Report { message, end } in reports {
                let message = message_digest(&vault, &message);
                let note = |text| sql(text).bind(by.as_str()).bind(message).bind(now);
                let note = match end {
                    End::Delivered => note(
                        "UPDATE pins_sent SET delivered_at = $3
                         WHERE channel = $1 AND message_digest = $2 AND delivered_at IS NULL",
                    ),
                    End::Lost(cause) => note(
                        "UPDATE pins_sent SET failed_at = $3, failed_why = $4
                         WHERE channel = $1 AND message_digest = $2
                           AND delivered_at IS NULL AND failed_at IS NULL",
                    )
                    .bind(word_for(cause)),
                };
                note.execute(tx).await?;
            }
            Ok(())
        })
    }

    /// How each channel is doing.
    pub async fn health(&self, now: Timestamp) -> Result<EachChannel<Health>> {
        reading!(self.0.db, |tx| { health(tx, now).await })
    }
}

/// Decides which way a pin goes, where its number's pace lets it go that way. Of many pins that
/// could find out whether a closed channel works again one does; take the number's lock first.
pub(crate) async fn way(
    tx: &mut Tx,
    wish: Wish,
    may_go: impl Fn(Channel) -> std::result::Result<(), TooManyPins>,
    now: Timestamp,
) -> Result<std::result::Result<Channel, LoginRefusal>> {
    let mut health = health(tx, now).await?;
    loop {
        let Choice { channel, is_probe } = match channel::choose(wish, &health, now) {
            Ok(choice) => choice,
            Err(closed) => return Ok(Err(LoginRefusal::Channel(closed))),
        };
        if let Err(too_many) = may_go(channel) {
            return Ok(Err(LoginRefusal::Pace(too_many)));
        }
        if !is_probe || takes_probe(tx, channel, now).await? {
            return Ok(Ok(channel));
        }
        let probe_at = now + PROBE_PAUSE;
        *health.of_mut(channel) = Health::Down { since: now, probe_at };
    }
}

/// Notes a pin that is handed to the courier now.
pub(crate) async fn went(
    tx: &mut Tx,
    vault: &Vault,
    number: [u8; 32],
    channel: Channel,
    now: Timestamp,
) -> Result<PinId> {
    let id = PinId::new(vault.dice(), now);
    let note = sql("INSERT INTO pins_sent (id, phone_digest, at, channel) VALUES ($1, $2, $3, $4)");
    note.bind(id).bind(number).bind(now).bind(channel.as_str()).execute(tx).await?;
    Ok(id)
}

async fn takes_probe(tx: &mut Tx, channel: Channel, now: Timestamp) -> Result<bool> {
    // A moment ahead is of a clock that was set back since.
    let taken = sql("INSERT INTO channel_probes (channel, at) VALUES ($1, $2)
                     ON CONFLICT (channel) DO UPDATE SET at = excluded.at
                     WHERE channel_probes.at <= $3 OR $2 < channel_probes.at");
    let taken = taken.bind(channel.as_str()).bind(now).bind(now - PROBE_PAUSE);
    Ok(taken.execute(tx).await? != 0)
}

/// How each channel is doing.
pub(crate) async fn health(tx: &mut Tx, now: Timestamp) -> Result<EachChannel<Health>> {
    let mut each = EachChannel { whatsapp: Health::Up, sms: Health::Up };
    for channel in Channel::ALL {
        let pins = sql("SELECT * FROM pins_sent WHERE channel = $1 AND $2 < at AND at <= $3
                        ORDER BY at DESC, id DESC LIMIT $4");
        let pins = pins.bind(channel.as_str()).bind(now - MEMORY).bind(now).bind(LOOKED_AT);
        let mut trials = Vec::new();
        for row in pins.all(tx).await? {
            let (number, at) = (digest(&row, "phone_digest")?, row.moment("at")?);
            trials.push(Trial { number, at, fate: fate_of(&row)? });
        }
        let reported = sql("SELECT 1 AS one FROM pins_sent
                            WHERE channel = $1 AND $2 < at AND delivered_at IS NOT NULL LIMIT 1");
        let reported = reported.bind(channel.as_str()).bind(now - domain::login::SEND_DAY);
        let is_reported = reported.optional(tx).await?.is_some();
        *each.of_mut(channel) = channel::health(&trials, is_reported, now);
    }
    Ok(each)
}

/// Notes that a pin did not go out, unless something else is known; answers whether it did.
async fn failed(tx: &mut Tx, pin: PinId, why: &'static str, now: Timestamp) -> Result<bool> {
    let note = sql("UPDATE pins_sent SET failed_at = $2, failed_why = $3
                    WHERE id = $1 AND accepted_at IS NULL AND failed_at IS NULL");
    Ok(note.bind(pin).bind(now).bind(why).execute(tx).await? != 0)
}

fn word_for(cause: Cause) -> &'static str {
    match cause {
        Cause::Channel => "channel",
        Cause::Number => "number",
    }
}

/// Whose message it is must not be read from its id, nor by whoever holds the database alone.
fn message_digest(vault: &Vault, message: &str) -> [u8; 32] {
    vault.digest(Purpose::Message, &[message.as_bytes()])
}
