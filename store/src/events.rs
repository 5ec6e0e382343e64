//! What happened, each row written in the transaction that made it true.
//!
//! Afterwards each is *filed*, one by one: it gets its place in the feed (`feed`) and its link in
//! a chain (`audit`). Filing comes after the commit because only then is the order known: a reader
//! that has seen a place will never find a new event before it.

use std::collections::HashMap;
use std::sync::Arc;

use domain::event::EventKind;
use domain::{AttemptId, CodeId, EventId, ExceptionId, GateId, IntercomId, Timestamp, UserId};

use crate::audit::Chain;
use crate::commitment::commitment_in;
use crate::database::{in_transaction, reading};
use crate::sql::{Row, Tx, Value, sql};
use crate::vault::Vault;
use crate::webhooks::address;
use crate::{Inner, Result};

/// How many are filed in one transaction.
const AT_ONCE: u32 = 500;

/// The condition that an event is told to whoever may know of its device: nobody hears what happened
/// before they got it from nobody.
macro_rules! is_told {
    () => {
        "COALESCE((SELECT told_since FROM devices WHERE devices.id = events.device_id), at) <= at "
    };
}
pub(crate) use is_told;

/// The story of what happened.
#[derive(Clone)]
pub struct Events(pub(crate) Arc<Inner>);

/// One thing that happened. Ids and moments only: no names, no numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happened {
    /// Which event; also how far a reader of the feed has come.
    pub id: EventId,
    /// When.
    pub at: Timestamp,
    /// What, in the word of [`EventKind`].
    pub kind: String,
    /// Who did it, if it was somebody signed in: not a guest, a gate or the service itself.
    pub actor: Option<UserId>,
    /// Whom it concerns: who signed in, or got a grant.
    pub user: Option<UserId>,
    /// To which gate or intercom it happened.
    pub device: Option<String>,
    /// To whose story it belongs.
    pub intercom: Option<IntercomId>,
    /// Around which code, if any.
    pub code: Option<CodeId>,
    /// Around which attempt, if any.
    pub attempt: Option<AttemptId>,
    /// Around which exception from a blocked country, if any.
    pub exception: Option<ExceptionId>,
    /// Who the guest was, told to those alone who know it already ([`Opening`](crate::Opening)).
    pub commitment: Option<[u8; 32]>,
}

impl Events {
    /// All that happened to a code, oldest first.
    pub async fn of_code(&self, code: CodeId) -> Result<Vec<Happened>> {
        reading!(self.0.db, |tx| {
            let rows = sql("SELECT * FROM events WHERE code_id = $1 ORDER BY id");
            rows.bind(code).all(tx).await?.iter().map(Happened::of).collect()
        })
    }

    /// What happened at a device, and around the codes of an intercom: the latest that was filed
    /// first.
    pub async fn of_device(&self, device: String, at_most: u32) -> Result<Vec<Happened>> {
        reading!(self.0.db, |tx| {
            let rows = sql(concat!(
                "SELECT * FROM (
                    SELECT * FROM (SELECT * FROM events
                        WHERE device_id = $1 AND position IS NOT NULL AND ",
                is_told!(),
                "       ORDER BY position DESC LIMIT $2) AS of_the_device
                    UNION SELECT * FROM (SELECT * FROM events
                        WHERE intercom_id = $1 AND position IS NOT NULL
                        ORDER BY position DESC LIMIT $2) AS of_the_intercom
                ) AS of_both ORDER BY position DESC LIMIT $2"
            ));
            let rows = rows.bind(device).bind(at_most).all(tx).await?;
            rows.iter().map(Happened::of).collect()
        })
    }

    /// All that happened to an exception from a blocked country, oldest first.
    pub async fn of_exception(&self, exception: ExceptionId) -> Result<Vec<Happened>> {
        reading!(self.0.db, |tx| {
            let rows = sql("SELECT * FROM events WHERE exception_id = $1 ORDER BY id");
            rows.bind(exception).all(tx).await?.iter().map(Happened::of).collect()
        })
    }

    /// Files what was committed since, oldest first, and answers how many. Any process may do it:
    /// one at a time does.
    pub async fn file(&self, now: Timestamp) -> Result<usize> {
        let waiting = reading!(self.0.db, |tx| {
            sql("SELECT id FROM events WHERE position IS NULL LIMIT 1").optional(tx).await
        })?;
        if waiting.is_none() {
            return Ok(0);
        }
        in_transaction!(self.0.db, |tx| {
            let row = sql("UPDATE filed SET last = last WHERE id = 1 RETURNING last").one(tx);
            let first: i64 = row.await?.take("last")?;
            let mut last = first;
            let rows = sql("SELECT * FROM events WHERE position IS NULL ORDER BY at, id LIMIT $1")
                .bind(AT_ONCE)
                .all(tx)
                .await?;
            let mut chains = HashMap::new();
            for row in &rows {
                let event = Happened::of(row)?;
                let chain = match chains.remove(&event.intercom) {
                    Some(chain) => chain,
                    None => Chain::of(tx, event.intercom).await?,
                };
                last += 1;
                let chain = chain.with(&event, last);
                sql("UPDATE events SET position = $2, entry = $3, link = $4 WHERE id = $1")
                    .bind(event.id)
                    .bind(last)
                    .bind(chain.entries)
                    .bind(chain.head)
                    .execute(tx)
                    .await?;
                chains.insert(event.intercom, chain);
            }
            for (intercom, chain) in chains {
                chain.save(tx, intercom).await?;
            }
            let filed = sql("UPDATE filed SET last = $1 WHERE id = 1");
            filed.bind(last).execute(tx).await?;
            address(tx, first, now).await?;
            Ok(rows.len())
        })
    }
}

impl Happened {
    pub(crate) fn of(row: &Row) -> Result<Self> {
        Ok(Self {
            id: row.parsed("id", EventId::parse)?,
            at: row.moment("at")?,
            kind: row.take("kind")?,
            actor: row.parsed_if_any("actor_id", UserId::parse)?,
            user: row.parsed_if_any("user_id", UserId::parse)?,
            device: row.take("device_id")?,
            intercom: row.parsed_if_any("intercom_id", IntercomId::parse)?,
            code: row.parsed_if_any("code_id", CodeId::parse)?,
            attempt: row.parsed_if_any("attempt_id", AttemptId::parse)?,
            exception: row.parsed_if_any("exception_id", ExceptionId::parse)?,
            commitment: commitment_in(row)?,
        })
    }
}

/// What an event is about: ids only.
#[derive(Default)]
pub(crate) struct About {
    actor: Option<UserId>,
    user: Option<UserId>,
    device: Option<String>,
    intercom: Option<IntercomId>,
    code: Option<CodeId>,
    attempt: Option<AttemptId>,
    exception: Option<ExceptionId>,
    commitment: Option<[u8; 32]>,
}

impl About {
    /// Who did it.
    pub(crate) fn by(mut self, actor: UserId) -> Self {
        self.actor = Some(actor);
        self
    }

    /// Whom it concerns.
    pub(crate) fn user(mut self, user: UserId) -> Self {
        self.user = Some(user);
        self
    }

    pub(crate) fn gate(mut self, gate: GateId) -> Self {
        self.device = Some(gate.to_string());
        self
    }

    pub(crate) fn intercom(mut self, intercom: IntercomId) -> Self {
        self.intercom = Some(intercom);
        self.device(&intercom.to_string())
    }

    pub(crate) fn device(mut self, device: &str) -> Self {
        self.device = Some(device.to_owned());
        self.intercom = self.intercom.or_else(|| IntercomId::parse(device).ok());
        self
    }

    pub(crate) fn code(mut self, code: CodeId) -> Self {
        self.code = Some(code);
        self
    }

    pub(crate) fn attempt(mut self, attempt: AttemptId) -> Self {
        self.attempt = Some(attempt);
        self
    }

    pub(crate) fn exception(mut self, exception: ExceptionId) -> Self {
        self.exception = Some(exception);
        self
    }

    /// For which guest.
    pub(crate) fn guest(mut self, commitment: [u8; 32]) -> Self {
        self.commitment = Some(commitment);
        self
    }
}

/// Writes down what this transaction makes true.
pub(crate) async fn record(
    tx: &mut Tx,
    vault: &Vault,
    kind: EventKind,
    about: About,
    now: Timestamp,
) -> Result<()> {
    let id = EventId::nth(vault.dice(), now, tx.tells(now));
    // What happens to a code belongs to the story of its intercom.
    sql("INSERT INTO events (id, at, kind, actor_id, user_id, device_id, code_id, attempt_id,
                             intercom_id, exception_id, commitment)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8,
                 COALESCE($9, (SELECT intercom_id FROM codes WHERE id = $7)), $10, $11)")
    .bind(id)
    .bind(now)
    .bind(kind.as_str())
    .bind(about.actor)
    .bind(about.user)
    .bind(Value::Text(about.device))
    .bind(about.code)
    .bind(about.attempt)
    .bind(about.intercom)
    .bind(about.exception)
    .bind(about.commitment)
    .execute(tx)
    .await?;
    Ok(())
}
