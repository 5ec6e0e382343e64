//! API keys: what an owner's other systems show. Only a digest of each is kept.
//!
//! A key acts for who made it. It is good for some verbs at some devices of theirs, until it is
//! revoked; of a device that goes to another owner it is good for nothing any more.

use std::sync::Arc;

use domain::api_key::{MAX_KEYS, USED_STEP, Verb, Verbs};
use domain::event::EventKind;
use domain::name::KeyName;
use domain::permission::{Act, Denied};
use domain::secret::ApiKeyToken;
use domain::{ApiKeyId, Timestamp, UserId};

use crate::database::{in_transaction, reading};
use crate::erasure::lock_user;
use crate::events::{About, record};
use crate::intercoms::lock_device;
use crate::row::device::role_of;
use crate::row::number;
use crate::sql::{Row, Tx, sql};
use crate::vault::token_digest;
use crate::{Answer, Inner, Result};

/// API keys.
#[derive(Clone)]
pub struct ApiKeys(pub(crate) Arc<Inner>);

/// A key that admits somebody.
#[derive(Clone, Debug)]
pub struct ApiKey {
    /// Which.
    pub id: ApiKeyId,
    /// For whom it acts.
    pub user: UserId,
    /// What its owner calls it.
    pub name: KeyName,
    /// What it is good for.
    pub verbs: Verbs,
    /// At which devices.
    pub devices: Vec<String>,
    /// Since when.
    pub made_at: Timestamp,
    /// When it was last used, to the minute.
    pub used_at: Option<Timestamp>,
}

/// A key to be made.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// For whom it acts.
    pub user: UserId,
    /// What they call it.
    pub name: KeyName,
    /// What it is to be good for.
    pub verbs: Verbs,
    /// At which devices of theirs.
    pub devices: Vec<String>,
    /// What its holder shows.
    pub token: ApiKeyToken,
}

/// Why no key was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyRefusal {
    /// This device is not theirs.
    Denied(Denied),
    /// So many are enough.
    TooMany,
}

impl ApiKeys {
    /// Makes a key for devices that are all the person's own.
    pub async fn make(&self, new: NewKey, now: Timestamp) -> Answer<ApiKey, KeyRefusal> {
        let vault = Arc::clone(&self.0.vault);
        in_transaction!(self.0.db, |tx| {
            let NewKey { user, name, verbs, mut devices, token } = new;
            devices.sort_unstable();
            devices.dedup();
            // None of them goes to another owner meanwhile.
            for device in &devices {
                lock_device(tx, device).await?;
                if let Err(denied) = role_of(tx, device, user, now).await?.may(Act::Manage) {
                    return Ok(Err(KeyRefusal::Denied(denied)));
                }
            }
            // The keys of a person are counted one by one.
            if !lock_user(tx, user).await? {
                return Ok(Err(KeyRefusal::Denied(Denied::Unknown)));
            }
            let count = sql("SELECT COUNT(*) AS count FROM api_keys
                             WHERE user_id = $1 AND revoked_at IS NULL");
            if MAX_KEYS <= number(&count.bind(user).one(tx).await?, "count")? {
                return Ok(Err(KeyRefusal::TooMany));
            }
            let id = ApiKeyId::new(vault.dice(), now);
            sql("INSERT INTO api_keys (id, user_id, name, digest, verbs, made_at)
                 VALUES ($1, $2, $3, $4, $5, $6)")
            .bind(id)
            .bind(user)
            .bind(name.as_str())
            .bind(token_digest(token.reveal_bytes()))
            .bind(verbs.words())
            .bind(now)
            .execute(tx)
            .await?;
            for device in &devices {
                let scope = sql("INSERT INTO api_key_devices (key_id, device_id) VALUES ($1, $2)");
                scope.bind(id).bind(device.as_str()).execute(tx).await?;
            }
            let about = About::default().by(user).user(user);
            record(tx, &vault, EventKind::ApiKeyMade, about, now).await?;
            Ok(Ok(ApiKey { id, user, name, verbs, devices, made_at: now, used_at: None }))
        })
    }

    /// The keys of a person that are not revoked, the oldest first.
    pub async fn of(&self, user: UserId) -> Result<Vec<ApiKey>> {
        reading!(self.0.db, |tx| { keys_of(tx, user).await })
    }

    /// Revokes a key: it admits nobody from here on. Answers whether there was one.
    pub async fn revoke(&self, user: UserId, id: ApiKeyId, now: Timestamp) -> Result<bool> {
        let vault = Arc::clone(&self.0.vault);
        in_transaction!(self.0.db, |tx| {
            let revoke = sql("UPDATE api_keys SET revoked_at = $3
                              WHERE id = $1 AND user_id = $2 AND revoked_at IS NULL");
            if revoke.bind(id).bind(user).bind(now).execute(tx).await? == 0 {
                return Ok(false);
            }
            let about = About::default().by(user).user(user);
            record(tx, &vault, EventKind::ApiKeyRevoked, about, now).await.map(|()| true)
        })
    }

    /// The key that somebody shows, if it is not revoked. Its use is noted once a minute.
    pub async fn find(&self, token: &ApiKeyToken, now: Timestamp) -> Result<Option<ApiKey>> {
        let digest = token_digest(token.reveal_bytes());
        let key = reading!(self.0.db, |tx| {
            let row = sql("SELECT * FROM api_keys WHERE digest = $1 AND revoked_at IS NULL");
            let Some(row) = row.bind(digest).optional(tx).await? else { return Ok(None) };
            key_of(tx, &row).await.map(Some)
        })?;
        if let Some(key) = &key
            && key.used_at.is_none_or(|used_at| used_at + USED_STEP <= now)
        {
            let id = key.id;
            in_transaction!(self.0.db, |tx| {
                let used = sql("UPDATE api_keys SET used_at = $2 WHERE id = $1");
                used.bind(id).bind(now).execute(tx).await.map(drop)
            })?;
        }
        Ok(key)
    }
}

/// Whether a key is good for a verb at a device now. What its owner may is asked elsewhere.
pub(crate) async fn is_good_for(
    tx: &mut Tx,
    key: ApiKeyId,
    device: &str,
    verb: Verb,
) -> Result<bool> {
    let row = sql("SELECT k.verbs FROM api_keys k JOIN api_key_devices d ON d.key_id = k.id
                   WHERE k.id = $1 AND d.device_id = $2 AND k.revoked_at IS NULL");
    let Some(row) = row.bind(key).bind(device).optional(tx).await? else { return Ok(false) };
    Ok(row.parsed("verbs", Verbs::parse)?.include(verb))
}

/// The keys of a person that are not revoked, the oldest first.
pub(crate) async fn keys_of(tx: &mut Tx, user: UserId) -> Result<Vec<ApiKey>> {
    let rows = sql("SELECT * FROM api_keys WHERE user_id = $1 AND revoked_at IS NULL ORDER BY id");
    let mut keys = Vec::new();
    for row in rows.bind(user).all(tx).await? {
        keys.push(key_of(tx, &row).await?);
    }
    Ok(keys)
}

async fn key_of(tx: &mut Tx, row: &Row) -> Result<ApiKey> {
    let id = row.parsed("id", ApiKeyId::parse)?;
    let devices = sql("SELECT device_id FROM api_key_devices WHERE key_id = $1 ORDER BY device_id");
    let devices = devices.bind(id).all(tx).await?;
    Ok(ApiKey {
        id,
        user: row.parsed("user_id", UserId::parse)?,
        name: row.parsed("name", KeyName::parse)?,
        verbs: row.parsed("verbs", Verbs::parse)?,
        devices: devices.iter().map(|row| row.take("device_id")).collect::<Result<_>>()?,
        made_at: row.moment("made_at")?,
        used_at: row.moment_if_any("used_at")?,
    })
}
