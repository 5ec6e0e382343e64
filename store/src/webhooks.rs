//! Webhooks: where owners want to be told what happened, and what is still to be told.
//!
//! A message is a row that is made when its event is filed, so none is lost; it is told until the
//! receiver has taken it, or dead. Whoever tells one claims it first: if it dies, the message is
//! due again, and the receiver knows it by the event's id.

use std::iter;
use std::sync::Arc;
use std::time::Duration;

use domain::secret::WebhookSecret;
use domain::webhook::{MAX_ENDPOINTS, OldSecret, pause_after, replaced};
use domain::{EventId, Timestamp, UserId, WebhookId};

use crate::database::{in_transaction, reading};
use crate::row::number;
use crate::sql::{Row, Tx, sql};
use crate::vault::Vault;
use crate::{Answer, Fault, Happened, Inner, Result};

/// How long who has claimed a message may take to tell it: twice as long as a receiver.
const LEASE: Duration = Duration::from_secs(20);

/// Of one endpoint, so many are told at once: a slow one keeps no other waiting.
const AT_ONCE: u32 = 4;

/// How many dead messages are kept in mind for an endpoint's list.
const LONGEST_LIST: u32 = 100;

/// Webhooks and their messages.
#[derive(Clone)]
pub struct Webhooks(pub(crate) Arc<Inner>);

/// Where somebody wants to be told. Nothing prints it: its address may hold a password.
#[derive(Clone)]
pub struct Endpoint {
    /// Which webhook.
    pub id: WebhookId,
    /// Whose devices it is told of.
    pub owner: UserId,
    /// The address; it may hold a password.
    pub url: String,
    /// The secrets that sign: the present one, and for a while those before it, the latest first.
    pub secrets: Vec<WebhookSecret>,
    /// Since when.
    pub made_at: Timestamp,
    /// When a message was last taken.
    pub told_at: Option<Timestamp>,
    /// When one was last not taken, and why not.
    pub failed: Option<(Timestamp, String)>,
}

/// How an endpoint is doing.
#[derive(Clone)]
pub struct Health {
    /// Which.
    pub endpoint: Endpoint,
    /// Messages that are still to be told.
    pub waiting: u32,
    /// Messages that were given up.
    pub dead: u32,
}

/// Endpoints by what became of their last message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Receivers {
    /// They took it, or nothing was told to them yet.
    Taking,
    /// They did not take it.
    Failing,
}

/// A message to be told now.
#[derive(Clone)]
pub struct Message {
    /// To whom.
    pub endpoint: Endpoint,
    /// What.
    pub event: Happened,
    /// How often it was tried, this time included.
    pub tries: u32,
}

/// So many endpoints are enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManyEndpoints;

impl Webhooks {
    /// Makes an endpoint; it is told what is filed from now on.
    pub async fn make(
        &self,
        owner: UserId,
        url: String,
        secret: WebhookSecret,
        now: Timestamp,
    ) -> Answer<Endpoint, TooManyEndpoints> {
        let vault = Arc::clone(&self.0.vault);
        in_transaction!(self.0.db, |tx| {
            // Takes the owner's lock: their endpoints are counted one by one.
            let lock = sql("UPDATE users SET created_at = created_at WHERE id = $1");
            lock.bind(owner).execute(tx).await?;
            let count = sql("SELECT COUNT(*) AS count FROM webhooks
                             WHERE owner_id = $1 AND ended_at IS NULL");
            if MAX_ENDPOINTS <= number(&count.bind(owner).one(tx).await?, "count")? {
                return Ok(Err(TooManyEndpoints));
            }
            let id = WebhookId::new(vault.dice(), now);
            sql("INSERT INTO webhooks (id, owner_id, sealed, made_at, from_position)
                 SELECT $1, $2, $3, $4, last FROM filed")
            .bind(id)
            .bind(owner)
            .bind(vault.seal(&row_name(id), &[&url, &secret.reveal()])?)
            .bind(now)
            .execute(tx)
            .await?;
            let row = sql("SELECT * FROM webhooks WHERE id = $1").bind(id).one(tx).await?;
            endpoint_of(&vault, &row, now).map(Ok)
        })
    }

    /// The endpoints of a person, the oldest first, and how they are doing.
    pub async fn of(&self, owner: UserId, now: Timestamp) -> Result<Vec<Health>> {
        let vault = Arc::clone(&self.0.vault);
        reading!(self.0.db, |tx| {
            let rows = sql("SELECT w.*,
                    (SELECT COUNT(*) FROM webhook_messages m
                     WHERE m.webhook_id = w.id AND m.dead_at IS NULL) AS waiting,
                    (SELECT COUNT(*) FROM webhook_messages m
                     WHERE m.webhook_id = w.id AND m.dead_at IS NOT NULL) AS dead
                FROM webhooks w WHERE w.owner_id = $1 AND w.ended_at IS NULL ORDER BY w.id");
            let health = |row: &Row| {
                let (waiting, dead) = (number(row, "waiting")?, number(row, "dead")?);
                Ok(Health { endpoint: endpoint_of(&vault, row, now)?, waiting, dead })
            };
            rows.bind(owner).all(tx).await?.iter().map(health).collect()
        })
    }

    /// One endpoint of a person.
    pub async fn find(
        &self,
        owner: UserId,
        id: WebhookId,
        now: Timestamp,
    ) -> Result<Option<Endpoint>> {
        let vault = Arc::clone(&self.0.vault);
        reading!(self.0.db, |tx| {
            let row = sql("SELECT * FROM webhooks
                           WHERE id = $1 AND owner_id = $2 AND ended_at IS NULL");
            let row = row.bind(id).bind(owner).optional(tx).await?;
            row.map(|row| endpoint_of(&vault, &row, now)).transpose()
        })
    }

    /// Ends an endpoint, and what it was still to be told. Answers whether there was one.
    pub async fn end(&self, owner: UserId, id: WebhookId, now: Timestamp) -> Result<bool> {
        in_transaction!(self.0.db, |tx| {
            let end = sql("UPDATE webhooks SET ended_at = $3, sealed = $4, old_sealed = NULL,
                                               old_until = NULL
                           WHERE id = $1 AND owner_id = $2 AND ended_at IS NULL");
            if end.bind(id).bind(owner).bind(now).bind(Vec::new()).execute(tx).await? == 0 {
                return Ok(false);
            }
            let forget = sql("DELETE FROM webhook_messages WHERE webhook_id = $1");
            forget.bind(id).execute(tx).await?;
            Ok(true)
        })
    }

    /// Gives an endpoint a new secret; the old one signs, too, for a day, and so do those before it
    /// until their days are over. None if there is none.
    pub async fn rotate(
        &self,
        owner: UserId,
        id: WebhookId,
        secret: WebhookSecret,
        now: Timestamp,
    ) -> Result<Option<()>> {
        let vault = Arc::clone(&self.0.vault);
        in_transaction!(self.0.db, |tx| {
            // Takes its lock: of two at once, the second one replaces what the first one gave.
            let row = sql("UPDATE webhooks SET made_at = made_at
                           WHERE id = $1 AND owner_id = $2 AND ended_at IS NULL
                           RETURNING *");
            let Some(row) = row.bind(id).bind(owner).optional(tx).await? else { return Ok(None) };
            let (url, present) = present_of(&vault, id, &row)?;
            let old = replaced(present, old_of(&vault, id, &row)?, now);
            let save = sql("UPDATE webhooks SET sealed = $2, old_sealed = $3, old_until = $4
                            WHERE id = $1");
            save.bind(id)
                .bind(vault.seal(&row_name(id), &[&url, &secret.reveal()])?)
                .bind(sealed_old(&vault, id, &old)?)
                .bind(old.iter().map(|old| old.until).max())
                .execute(tx)
                .await?;
            Ok(Some(()))
        })
    }

    /// The events that an endpoint was not told in the end, the latest first.
    pub async fn dead(&self, owner: UserId, id: WebhookId) -> Result<Vec<Happened>> {
        reading!(self.0.db, |tx| {
            let rows = sql("SELECT e.* FROM webhook_messages m
                            JOIN webhooks w ON w.id = m.webhook_id
                            JOIN events e ON e.id = m.event_id
                            WHERE m.webhook_id = $1 AND w.owner_id = $2
                              AND m.dead_at IS NOT NULL
                            ORDER BY m.dead_at DESC, e.position DESC LIMIT $3");
            let rows = rows.bind(id).bind(owner).bind(LONGEST_LIST).all(tx).await?;
            rows.iter().map(Happened::of).collect()
        })
    }

    /// Has all dead messages of an endpoint told from the beginning; answers how many.
    pub async fn revive(&self, owner: UserId, id: WebhookId, now: Timestamp) -> Result<u64> {
        in_transaction!(self.0.db, |tx| {
            sql("UPDATE webhook_messages SET dead_at = NULL, tries = 0, next_at = $3
                 WHERE webhook_id = (SELECT id FROM webhooks WHERE id = $1 AND owner_id = $2)
                   AND dead_at IS NOT NULL")
            .bind(id)
            .bind(owner)
            .bind(now)
            .execute(tx)
            .await
        })
    }

    /// Endpoints to which something is to be told, and their owners, in turn: those behind the one
    /// that was last come first.
    pub async fn due(
        &self,
        receivers: Receivers,
        last: Option<WebhookId>,
        at_most: u32,
        now: Timestamp,
    ) -> Result<Vec<(WebhookId, UserId)>> {
        let is_failing = u32::from(receivers == Receivers::Failing);
        let last = last.map(|id| id.to_string()).unwrap_or_default();
        reading!(self.0.db, |tx| {
            let rows = sql("SELECT w.id, w.owner_id FROM webhooks w
                            WHERE w.ended_at IS NULL AND (w.failed_at IS NOT NULL) = ($2 = 1)
                              AND EXISTS (SELECT 1 FROM webhook_messages m
                                          WHERE m.webhook_id = w.id AND m.next_at <= $1)
                            ORDER BY CASE WHEN $3 < w.id THEN 0 ELSE 1 END, w.id LIMIT $4");
            let due = |row: &Row| {
                Ok((row.parsed("id", WebhookId::parse)?, row.parsed("owner_id", UserId::parse)?))
            };
            let rows = rows.bind(now).bind(is_failing).bind(last).bind(at_most).all(tx).await?;
            rows.iter().map(due).collect()
        })
    }

    /// Claims what is due to an endpoint, not all at once: it is this caller's to tell, for 20 s.
    pub async fn claim(&self, id: WebhookId, now: Timestamp) -> Result<Vec<Message>> {
        let vault = Arc::clone(&self.0.vault);
        in_transaction!(self.0.db, |tx| {
            let row = sql("SELECT * FROM webhooks WHERE id = $1 AND ended_at IS NULL").bind(id);
            let Some(row) = row.optional(tx).await? else { return Ok(Vec::new()) };
            let endpoint = endpoint_of(&vault, &row, now)?;
            let rows = sql("SELECT event_id, next_at FROM webhook_messages
                            WHERE webhook_id = $1 AND next_at <= $2
                            ORDER BY next_at, event_id LIMIT $3");
            let mut claimed = Vec::new();
            for row in rows.bind(id).bind(now).bind(AT_ONCE).all(tx).await? {
                let event = row.parsed("event_id", EventId::parse)?;
                // Of several who claim it, one does.
                let claim = sql("UPDATE webhook_messages SET tries = tries + 1, next_at = $4
                                 WHERE webhook_id = $1 AND event_id = $2 AND next_at = $3
                                 RETURNING tries");
                let due_at = row.moment("next_at")?;
                let claim = claim.bind(id).bind(event).bind(due_at).bind(now + LEASE);
                let Some(row) = claim.optional(tx).await? else { continue };
                let tries = number(&row, "tries")?;
                let row = sql("SELECT * FROM events WHERE id = $1").bind(event).one(tx).await?;
                let endpoint = endpoint.clone();
                claimed.push(Message { endpoint, event: Happened::of(&row)?, tries });
            }
            Ok(claimed)
        })
    }

    /// The receiver has taken a message.
    pub async fn told(&self, webhook: WebhookId, event: EventId, now: Timestamp) -> Result<()> {
        in_transaction!(self.0.db, |tx| {
            let told = sql("UPDATE webhooks SET told_at = $2, failed_at = NULL, failed_why = NULL
                            WHERE id = $1");
            told.bind(webhook).bind(now).execute(tx).await?;
            let forget =
                sql("DELETE FROM webhook_messages WHERE webhook_id = $1 AND event_id = $2");
            forget.bind(webhook).bind(event).execute(tx).await.map(drop)
        })
    }

    /// The receiver has not taken a message: it waits, or is dead after its last try.
    pub async fn failed(&self, message: &Message, why: String, now: Timestamp) -> Result<()> {
        let (webhook, event, tries) = (message.endpoint.id, message.event.id, message.tries);
        in_transaction!(self.0.db, |tx| {
            let failed = sql("UPDATE webhooks SET failed_at = $2, failed_why = $3 WHERE id = $1");
            failed.bind(webhook).bind(now).bind(why).execute(tx).await?;
            let next_at = pause_after(tries).map(|pause| now + pause);
            sql("UPDATE webhook_messages SET next_at = $4, dead_at = $5
                 WHERE webhook_id = $1 AND event_id = $2 AND tries = $3")
            .bind(webhook)
            .bind(event)
            .bind(tries)
            .bind(next_at)
            .bind(next_at.is_none().then_some(now))
            .execute(tx)
            .await
            .map(drop)
        })
    }
}

/// Forgets what was to be told to endpoints that have ended, and old secrets once none signs.
pub(crate) async fn sweep(tx: &mut Tx, now: Timestamp) -> Result<()> {
    let old = sql("UPDATE webhooks SET old_sealed = NULL, old_until = NULL WHERE old_until <= $1");
    old.bind(now).execute(tx).await?;
    let forget = sql("DELETE FROM webhook_messages WHERE webhook_id IN (
                          SELECT id FROM webhooks WHERE ended_at IS NOT NULL)");
    forget.execute(tx).await.map(drop)
}

/// Makes the messages for what was filed behind a position: for each endpoint whose owner has the
/// device, or the intercom to whose story it belongs.
pub(crate) async fn address(tx: &mut Tx, behind: i64, now: Timestamp) -> Result<()> {
    sql("INSERT INTO webhook_messages (webhook_id, event_id, tries, next_at)
         SELECT w.id, e.id, 0, $2
         FROM events e
         JOIN devices d ON (d.id = e.device_id AND COALESCE(d.told_since, e.at) <= e.at)
             OR d.id = e.intercom_id
         JOIN webhooks w ON (w.owner_id = d.owner_id
                 -- Who gave a device away is to know, too.
                 OR (e.kind IN ('owner.transferred', 'device.removed')
                     AND w.owner_id = e.actor_id))
             AND w.ended_at IS NULL AND w.from_position < e.position
         WHERE $1 < e.position
         ON CONFLICT DO NOTHING")
    .bind(behind)
    .bind(now)
    .execute(tx)
    .await
    .map(drop)
}

/// What a seal of a webhook is bound to.
fn row_name(id: WebhookId) -> String {
    id.to_string()
}

fn endpoint_of(vault: &Vault, row: &Row, now: Timestamp) -> Result<Endpoint> {
    let id = row.parsed("id", WebhookId::parse)?;
    let (url, present) = present_of(vault, id, row)?;
    let old = old_of(vault, id, row)?.into_iter().filter(|old| old.signs(now));
    let why: Option<String> = row.take("failed_why")?;
    Ok(Endpoint {
        id,
        owner: row.parsed("owner_id", UserId::parse)?,
        url,
        secrets: iter::once(present).chain(old.map(|old| old.secret)).collect(),
        made_at: row.moment("made_at")?,
        told_at: row.moment_if_any("told_at")?,
        failed: row.moment_if_any("failed_at")?.zip(why),
    })
}

/// The address of an endpoint and its present secret.
fn present_of(vault: &Vault, id: WebhookId, row: &Row) -> Result<(String, WebhookSecret)> {
    let [url, secret] = vault.open(&row_name(id), &row.take::<Vec<u8>>("sealed")?)?;
    Ok((url, secret_of(id, &secret)?))
}

/// The secrets that were replaced, in pairs: the millisecond at which one ends, and the secret. In
/// an older row there is one, beside the address, and it ends when they all do.
fn old_of(vault: &Vault, id: WebhookId, row: &Row) -> Result<Vec<OldSecret>> {
    let sealed: Option<Vec<u8>> = row.take("old_sealed")?;
    let Some((sealed, all_end)) = sealed.zip(row.moment_if_any("old_until")?) else {
        return Ok(Vec::new());
    };
    let fields = vault.open_all(&row_name(id), &sealed)?;
    let (pairs, []) = fields.as_chunks::<2>() else {
        return Err(Fault::corrupt("webhooks", id, "an old secret without its end"));
    };
    let old = pairs.iter().map(|[end, secret]| {
        let until = end.parse().map_or(all_end, Timestamp::from_millis);
        Ok(OldSecret { secret: secret_of(id, secret)?, until })
    });
    old.collect()
}

/// Seals old secrets as `old_of` reads them.
fn sealed_old(vault: &Vault, id: WebhookId, old: &[OldSecret]) -> Result<Vec<u8>> {
    let pair = |old: &OldSecret| [old.until.as_millis().to_string(), old.secret.reveal()];
    let fields: Vec<String> = old.iter().flat_map(pair).collect();
    vault.seal(&row_name(id), &fields.iter().map(String::as_str).collect::<Vec<_>>())
}

fn secret_of(id: WebhookId, text: &str) -> Result<WebhookSecret> {
    WebhookSecret::parse(text).map_err(|error| Fault::corrupt("webhooks", id, error))
}
