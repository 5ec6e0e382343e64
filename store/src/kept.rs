//! All that is kept about a number, for its owner who asks for it.
//!
//! Secrets are not among it: a code's digits and link, the secret of a second factor.

use std::sync::Arc;

use domain::event::EventKind;
use domain::name::{DeviceName, GuestName, Notes, PersonName};
use domain::share::Share;
use domain::{CodeId, EventId, IntercomId, PhoneNumber, SessionId, Timestamp, UserId, WebhookId};

use crate::api_keys::keys_of;
use crate::database::{in_transaction, reading};
use crate::erasure::{Privacy, passes_of};
use crate::events::{About, record};
use crate::exceptions::exception_of;
use crate::logins::phone_digest;
use crate::row::code::past_of;
use crate::row::share::{share_of, typed_of};
use crate::sql::{Row, Tx, sql};
use crate::vault::Vault;
use crate::{ApiKey, Exception, Result};

/// All that is kept about a number.
#[derive(Clone, Debug)]
pub struct Kept {
    /// Codes whose guest it is.
    pub passes: Vec<KeptPass>,
    /// Its account, if it has signed in or a device was shared with it.
    pub account: Option<KeptAccount>,
    /// When logins under way began.
    pub logins: Vec<Timestamp>,
    /// Pins that were sent to it.
    pub pins: Vec<KeptPin>,
    /// Wrong pins in a row.
    pub wrong_pins: u32,
    /// Exceptions from blocked countries.
    pub exceptions: Vec<Exception>,
}

/// A code whose guest it is.
#[derive(Clone, Debug)]
pub struct KeptPass {
    /// Which.
    pub code: CodeId,
    /// Of which intercom.
    pub intercom: IntercomId,
    /// What that is called.
    pub place: DeviceName,
    /// What the host called the guest.
    pub name: GuestName,
    /// Who made it.
    pub issued_by: UserId,
    /// When.
    pub issued_at: Timestamp,
    /// Until when it holds, or held.
    pub expires_at: Timestamp,
    /// When it ended before that.
    pub ended_at: Option<Timestamp>,
    /// When the guest came in.
    pub entered_at: Option<Timestamp>,
    /// When the guest left.
    pub left_at: Option<Timestamp>,
    /// What happened to it.
    pub events: Vec<EventId>,
}

/// The account of a number.
#[derive(Clone, Debug)]
pub struct KeptAccount {
    /// Its id.
    pub id: UserId,
    /// Since when.
    pub since: Timestamp,
    /// Its sessions, also those that have ended.
    pub sessions: Vec<KeptSession>,
    /// Its devices.
    pub devices: Vec<KeptDevice>,
    /// Devices that others share with it.
    pub shares: Vec<KeptShare>,
    /// Since when it has a second factor.
    pub second_factor: Option<Timestamp>,
    /// Where it wants to be told what happens.
    pub webhooks: Vec<WebhookId>,
    /// Its API keys that are not revoked.
    pub api_keys: Vec<ApiKey>,
    /// Codes that it made for others.
    pub codes: Vec<CodeId>,
    /// What it did, and what happened to it.
    pub events: Vec<EventId>,
}

/// A session.
#[derive(Clone, Debug)]
pub struct KeptSession {
    /// Which.
    pub id: SessionId,
    /// `app` or `dashboard`.
    pub client: String,
    /// Since when.
    pub started_at: Timestamp,
    /// When it was last used.
    pub last_seen_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

/// A device on the account.
#[derive(Clone, Debug)]
pub struct KeptDevice {
    /// Which.
    pub id: String,
    /// What it is called.
    pub name: DeviceName,
    /// Since when.
    pub claimed_at: Option<Timestamp>,
}

/// A device that somebody shares.
#[derive(Clone, Debug)]
pub struct KeptShare {
    /// Which.
    pub device: String,
    /// What it is called.
    pub name: DeviceName,
    /// What its owner calls the person.
    pub called: Option<PersonName>,
    /// What its owner noted about the person.
    pub notes: Option<Notes>,
    /// Since when.
    pub since: Timestamp,
    /// What the person was given.
    pub share: Share,
}

/// A pin that was sent.
#[derive(Clone, Debug)]
pub struct KeptPin {
    /// When.
    pub at: Timestamp,
    /// `whatsapp` or `sms`, where that is known.
    pub channel: Option<String>,
    /// When it was delivered, where the provider told.
    pub delivered_at: Option<Timestamp>,
}

impl Privacy {
    /// Tells all that is kept about a number. That it was told is written down before: looking may
    /// take long, and nobody who opens a gate waits for it.
    pub async fn kept(&self, phone: PhoneNumber, now: Timestamp) -> Result<Kept> {
        let vault = Arc::clone(&self.0.vault);
        let number = phone_digest(&vault, &phone);
        in_transaction!(self.0.db, |tx| {
            let row = sql("SELECT id FROM users WHERE phone_digest = $1").bind(number);
            let about = match row.optional(tx).await? {
                Some(row) => About::default().user(row.parsed("id", UserId::parse)?),
                None => About::default(),
            };
            record(tx, &vault, EventKind::PersonExported, about, now).await
        })?;
        let vault = Arc::clone(&self.0.vault);
        reading!(self.0.db, |tx| {
            Ok(Kept {
                passes: guest_of(tx, &vault, &phone).await?,
                account: account_of(tx, &vault, number).await?,
                logins: logins_of(tx, number).await?,
                pins: pins_of(tx, number).await?,
                wrong_pins: wrong_pins_of(tx, number).await?,
                exceptions: exceptions_of(tx, &vault, number).await?,
            })
        })
    }
}

async fn guest_of(tx: &mut Tx, vault: &Vault, phone: &PhoneNumber) -> Result<Vec<KeptPass>> {
    let mut passes = Vec::new();
    for (code, intercom) in passes_of(tx, vault, phone).await? {
        let row = sql("SELECT c.*, d.name AS place FROM codes c
                       JOIN devices d ON d.id = c.intercom_id WHERE c.id = $1");
        let row = row.bind(code).one(tx).await?;
        let past = past_of(vault, &row)?;
        // Erased while we looked.
        let Some(guest) = past.guest else { continue };
        let events = sql("SELECT id FROM events WHERE code_id = $1 ORDER BY id");
        passes.push(KeptPass {
            code,
            intercom,
            place: row.parsed("place", DeviceName::parse)?,
            name: guest.name,
            issued_by: past.issued_by,
            issued_at: past.code.issued_at,
            expires_at: past.code.expires_at,
            ended_at: row.moment_if_any("ended_at")?,
            entered_at: row.moment_if_any("entered_at")?,
            left_at: row.moment_if_any("left_at")?,
            events: ids(&events.bind(code).all(tx).await?, EventId::parse)?,
        });
    }
    Ok(passes)
}

async fn account_of(tx: &mut Tx, vault: &Vault, number: [u8; 32]) -> Result<Option<KeptAccount>> {
    let row = sql("SELECT id, created_at FROM users WHERE phone_digest = $1").bind(number);
    let Some(row) = row.optional(tx).await? else { return Ok(None) };
    let id = row.parsed("id", UserId::parse)?;
    let factor = sql("SELECT made_at FROM second_factors WHERE user_id = $1").bind(id);
    let factor = factor.optional(tx).await?.map(|row| row.moment("made_at")).transpose()?;
    let webhooks = sql("SELECT id FROM webhooks WHERE owner_id = $1 ORDER BY id").bind(id);
    let codes = sql("SELECT id FROM codes WHERE issued_by = $1 ORDER BY id").bind(id);
    let events = sql("SELECT id FROM events WHERE user_id = $1 OR actor_id = $1 ORDER BY id");
    Ok(Some(KeptAccount {
        id,
        since: row.moment("created_at")?,
        sessions: sessions_of(tx, id).await?,
        devices: devices_of(tx, id).await?,
        shares: shares_of(tx, vault, id).await?,
        second_factor: factor,
        webhooks: ids(&webhooks.all(tx).await?, WebhookId::parse)?,
        api_keys: keys_of(tx, id).await?,
        codes: ids(&codes.all(tx).await?, CodeId::parse)?,
        events: ids(&events.bind(id).all(tx).await?, EventId::parse)?,
    }))
}

async fn sessions_of(tx: &mut Tx, user: UserId) -> Result<Vec<KeptSession>> {
    let rows = sql("SELECT * FROM sessions WHERE user_id = $1 ORDER BY id").bind(user);
    let session = |row: &Row| {
        Ok(KeptSession {
            id: row.parsed("id", SessionId::parse)?,
            client: row.take("client")?,
            started_at: row.moment("started_at")?,
            last_seen_at: row.moment("last_seen_at")?,
            ended_at: row.moment_if_any("ended_at")?,
        })
    };
    rows.all(tx).await?.iter().map(session).collect()
}

async fn devices_of(tx: &mut Tx, user: UserId) -> Result<Vec<KeptDevice>> {
    let rows = sql("SELECT * FROM devices WHERE owner_id = $1 ORDER BY id").bind(user);
    let device = |row: &Row| {
        Ok(KeptDevice {
            id: row.take("id")?,
            name: row.parsed("name", DeviceName::parse)?,
            claimed_at: row.moment_if_any("claimed_at")?,
        })
    };
    rows.all(tx).await?.iter().map(device).collect()
}

async fn shares_of(tx: &mut Tx, vault: &Vault, user: UserId) -> Result<Vec<KeptShare>> {
    let rows = sql("SELECT s.*, d.name FROM shares s JOIN devices d ON d.id = s.device_id
                    WHERE s.user_id = $1 ORDER BY s.device_id");
    let share = |row: &Row| {
        let device: String = row.take("device_id")?;
        let (called, notes) = typed_of(vault, &device, row)?;
        Ok(KeptShare {
            called,
            notes,
            device,
            name: row.parsed("name", DeviceName::parse)?,
            since: row.moment("shared_at")?,
            share: share_of(row)?,
        })
    };
    rows.bind(user).all(tx).await?.iter().map(share).collect()
}

async fn logins_of(tx: &mut Tx, number: [u8; 32]) -> Result<Vec<Timestamp>> {
    let rows = sql("SELECT created_at FROM logins WHERE phone_digest = $1 ORDER BY created_at");
    rows.bind(number).all(tx).await?.iter().map(|row| row.moment("created_at")).collect()
}

async fn pins_of(tx: &mut Tx, number: [u8; 32]) -> Result<Vec<KeptPin>> {
    let rows = sql("SELECT * FROM pins_sent WHERE phone_digest = $1 ORDER BY at, id").bind(number);
    let pin = |row: &Row| {
        Ok(KeptPin {
            at: row.moment("at")?,
            channel: row.take("channel")?,
            delivered_at: row.moment_if_any("delivered_at")?,
        })
    };
    rows.all(tx).await?.iter().map(pin).collect()
}

async fn wrong_pins_of(tx: &mut Tx, number: [u8; 32]) -> Result<u32> {
    let row = sql("SELECT in_a_row FROM phone_failures WHERE phone_digest = $1").bind(number);
    row.optional(tx).await?.map_or(Ok(0), |row| crate::row::number(&row, "in_a_row"))
}

async fn exceptions_of(tx: &mut Tx, vault: &Vault, number: [u8; 32]) -> Result<Vec<Exception>> {
    let rows = sql("SELECT * FROM country_exceptions WHERE phone_digest = $1 ORDER BY id");
    let rows = rows.bind(number).all(tx).await?;
    rows.iter().map(|row| exception_of(vault, row)).collect()
}

fn ids<T>(
    rows: &[Row],
    parse: fn(&str) -> std::result::Result<T, domain::InvalidId>,
) -> Result<Vec<T>> {
    rows.iter().map(|row| row.parsed("id", parse)).collect()
}
