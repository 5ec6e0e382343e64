//! Sessions: one a phone number, until displaced, signed out or unused.

use std::sync::Arc;
use std::time::Duration;

use domain::event::EventKind;
use domain::login::{Client, SessionLife, is_stepped_up};
use domain::secret::SessionToken;
use domain::{PhoneNumber, SessionId, Timestamp, UserId};
use tokio::sync::watch;

use crate::database::{in_transaction, reading};
use crate::events::{About, record};
use crate::logins::phone_digest;
use crate::row::login::{client_from, client_of};
use crate::sql::{Row, Tx, sql};
use crate::vault::token_digest;
use crate::{Answer, Fault, Inner, Result};

/// How stale `last_seen_at` may be: not each request needs a write.
const SEEN_STEP: Duration = Duration::from_hours(1);

/// Sessions.
#[derive(Clone)]
pub struct Sessions(pub(crate) Arc<Inner>);

/// A session that holds.
#[derive(Clone, Copy, Debug)]
pub struct Session {
    /// Which session.
    pub id: SessionId,
    /// Whose.
    pub user: UserId,
    /// What kind of client.
    pub client: Client,
    /// Since when.
    pub started_at: Timestamp,
    /// When its owner last proved it by a fresh pin.
    pub stepped_up_at: Option<Timestamp>,
}

/// What is asked for needs a fresh pin first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepUpNeeded;

impl Session {
    /// Asks for a fresh pin, unless there was one not long ago. For what an old session, perhaps
    /// left open somewhere, must not suffice.
    pub fn must_be_stepped_up(&self, now: Timestamp) -> std::result::Result<(), StepUpNeeded> {
        if is_stepped_up(self.stepped_up_at, now) { Ok(()) } else { Err(StepUpNeeded) }
    }
}

/// Why a token admits nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionRefusal {
    /// Never given out, signed out, or too old.
    Unknown,
    /// A newer login of the same number took its place (A07).
    Displaced {
        /// By what kind of client.
        by: Client,
        /// When.
        at: Timestamp,
    },
    /// The system ended it (A11).
    SignedOut {
        /// When.
        at: Timestamp,
    },
}

impl Sessions {
    /// Finds the session of a token.
    pub async fn find(
        &self,
        token: &SessionToken,
        life: SessionLife,
        now: Timestamp,
    ) -> Answer<Session, SessionRefusal> {
        let digest = token_digest(token.reveal_bytes());
        let row = reading!(self.0.db, |tx| {
            sql("SELECT * FROM sessions WHERE token_digest = $1").bind(digest).optional(tx).await
        })?;
        let Some(row) = row else { return Ok(Err(SessionRefusal::Unknown)) };
        if let Some(ended) = how_it_ended(&row)? {
            return Ok(Err(ended));
        }
        let (started_at, last_seen_at) = (row.moment("started_at")?, row.moment("last_seen_at")?);
        if !life.holds(started_at, last_seen_at, now) {
            return Ok(Err(SessionRefusal::Unknown));
        }
        let id = row.parsed("id", SessionId::parse)?;
        if last_seen_at + SEEN_STEP <= now {
            self.seen(id, now).await?;
        }
        let user = row.parsed("user_id", UserId::parse)?;
        let stepped_up_at = row.moment_if_any("stepped_up_at")?;
        Ok(Ok(Session { id, user, client: client_of(&row)?, started_at, stepped_up_at }))
    }

    /// Rings when a session was ended by this process; whoever serves one for long asks again then.
    /// That another process ended one is found by asking twice a second.
    pub fn endings(&self) -> watch::Receiver<()> {
        self.0.endings.subscribe()
    }

    /// Signs out; the token admits nobody from here on.
    pub async fn end(&self, session: SessionId, now: Timestamp) -> Result<()> {
        let vault = Arc::clone(&self.0.vault);
        let ended = in_transaction!(self.0.db, |tx| {
            let row = sql("UPDATE sessions SET ended_at = $2
                           WHERE id = $1 AND ended_at IS NULL RETURNING user_id")
            .bind(session)
            .bind(now)
            .optional(tx)
            .await?;
            let Some(row) = row else { return Ok(()) };
            let user = row.parsed("user_id", UserId::parse)?;
            record(tx, &vault, EventKind::SessionEnded, About::default().user(user), now).await
        });
        self.0.endings.send_replace(());
        ended
    }

    /// Signs out the number, or everybody, because the system says so; tells how many were.
    pub async fn sign_out(&self, whose: Option<PhoneNumber>, now: Timestamp) -> Result<usize> {
        let vault = Arc::clone(&self.0.vault);
        let ended = in_transaction!(self.0.db, |tx| {
            let number = whose.map(|phone| phone_digest(&vault, &phone));
            let ended = sql("UPDATE sessions SET ended_at = $2, ended_by_system_at = $2
                             WHERE ended_at IS NULL AND ($1 IS NULL OR user_id =
                                 (SELECT id FROM users WHERE phone_digest = $1))
                             RETURNING user_id")
            .bind(number)
            .bind(now)
            .all(tx)
            .await?;
            for row in &ended {
                let about = About::default().user(row.parsed("user_id", UserId::parse)?);
                record(tx, &vault, EventKind::SessionEndedBySystem, about, now).await?;
            }
            Ok(ended.len())
        });
        self.0.endings.send_replace(());
        ended
    }

    /// The phone number of a user, for their own eyes.
    pub async fn phone_of(&self, user: UserId) -> Result<PhoneNumber> {
        let row = reading!(self.0.db, |tx| {
            sql("SELECT phone_sealed FROM users WHERE id = $1").bind(user).one(tx).await
        })?;
        crate::row::phone(&self.0.vault, "user", &row.take::<Vec<u8>>("phone_sealed")?)
    }

    async fn seen(&self, session: SessionId, now: Timestamp) -> Result<()> {
        in_transaction!(self.0.db, |tx| {
            let seen = sql("UPDATE sessions SET last_seen_at = $2 WHERE id = $1");
            seen.bind(session).bind(now).execute(tx).await.map(drop)
        })
    }
}

/// Locks a session that holds, or fails with how it ended.
pub(crate) async fn must_hold(tx: &mut Tx, session: SessionId) -> Result<()> {
    let hold = sql("UPDATE sessions SET last_seen_at = last_seen_at
                    WHERE id = $1 AND ended_at IS NULL");
    if hold.bind(session).execute(tx).await? == 1 {
        return Ok(());
    }
    let row = sql("SELECT * FROM sessions WHERE id = $1").bind(session).one(tx).await?;
    Err(Fault::SessionEnded(how_it_ended(&row)?.unwrap_or(SessionRefusal::Unknown)))
}

fn how_it_ended(row: &Row) -> Result<Option<SessionRefusal>> {
    let Some(at) = row.moment_if_any("ended_at")? else { return Ok(None) };
    let by = row.parsed_if_any("displaced_by", client_from)?;
    let by_system = row.moment_if_any("ended_by_system_at")?;
    Ok(Some(match (by, by_system) {
        (Some(by), _) => SessionRefusal::Displaced { by, at },
        (None, Some(at)) => SessionRefusal::SignedOut { at },
        (None, None) => SessionRefusal::Unknown,
    }))
}
