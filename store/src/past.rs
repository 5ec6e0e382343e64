//! Codes that have ended, as their hosts look back at them.

use domain::access_code::HELP_LASTS;
use domain::permission::{Act, Denied};
use domain::settings::ExitGrace;
use domain::{AccessCode, CodeId, Timestamp, UserId};

use crate::codes::{Guest, LONGEST_LIST, may_use};
use crate::database::reading;
use crate::intercoms::{SettingsRefusal, intercom};
use crate::row::code::past_of;
use crate::sql::{Sql, sql};
use crate::{Answer, Codes, Result};

/// A code that has ended, as its history tells it.
#[derive(Clone, Debug)]
pub struct Past {
    /// The code; its digits mean nothing once its guest was erased.
    pub code: AccessCode,
    /// Whom it was for; none once that was erased.
    pub guest: Option<Guest>,
    /// Who made it.
    pub issued_by: UserId,
}

impl Codes {
    /// Codes of an intercom that have ended, the latest first (X6): [`LONGEST_LIST`] of those that
    /// were made before another one, or of all. Whether there was such a code matters not.
    pub async fn history(
        &self,
        user: UserId,
        device: String,
        before: Option<CodeId>,
        now: Timestamp,
    ) -> Answer<Vec<Past>, SettingsRefusal> {
        // Ids begin with the moment at which they were made.
        let before = before.unwrap_or(CodeId::from_bytes([u8::MAX; 16]));
        let ended = sql("SELECT * FROM codes
                         WHERE id < $1 AND (ended_at IS NOT NULL OR expires_at <= $2)
                           AND intercom_id = $4
                         ORDER BY id DESC LIMIT $3");
        self.past(user, device, ended.bind(before).bind(now).bind(LONGEST_LIST), now).await
    }

    /// The codes of an intercom that have ended while their guest had gone in and not out, as far as
    /// the guest may still turn to the host; the latest first.
    pub async fn perhaps_inside(
        &self,
        user: UserId,
        device: String,
        now: Timestamp,
    ) -> Answer<Vec<Past>, SettingsRefusal> {
        let helped_since = now - HELP_LASTS;
        // The last condition says no more than the one before, in the words of the index.
        let inside = sql("SELECT * FROM codes
                          WHERE entered_at IS NOT NULL AND left_at IS NULL
                            AND (ended_at IS NOT NULL OR expires_at <= $1)
                            AND $2 < COALESCE(revoked_at, expires_at + exit_grace_min * 60000)
                            AND $3 < expires_at AND intercom_id = $5
                          ORDER BY COALESCE(revoked_at, expires_at) DESC, id DESC LIMIT $4");
        let inside = inside.bind(now).bind(helped_since).bind(helped_since - ExitGrace::LONGEST);
        self.past(user, device, inside.bind(LONGEST_LIST), now).await
    }

    /// One code for a host who may see it, ended or not, and though its guest was erased.
    pub async fn one(&self, user: UserId, id: CodeId, now: Timestamp) -> Answer<Past, Denied> {
        let vault = self.0.vault.clone();
        reading!(self.0.db, |tx| {
            if let Err(denied) = may_use(tx, user, id, now).await? {
                return Ok(Err(denied));
            }
            let row = sql("SELECT * FROM codes WHERE id = $1").bind(id).one(tx).await?;
            past_of(&vault, &row).map(Ok)
        })
    }

    /// What a statement finds; the intercom is its last value.
    async fn past(
        &self,
        user: UserId,
        device: String,
        statement: Sql,
        now: Timestamp,
    ) -> Answer<Vec<Past>, SettingsRefusal> {
        let vault = self.0.vault.clone();
        reading!(self.0.db, |tx| {
            let id = match intercom(tx, &device, user, Act::UseOneTimeAccess, now).await? {
                Ok(id) => id,
                Err(refusal) => return Ok(Err(refusal)),
            };
            let rows = statement.bind(id).all(tx).await?;
            rows.iter().map(|row| past_of(&vault, row)).collect::<Result<_>>().map(Ok)
        })
    }
}
