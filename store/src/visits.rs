//! What hosts are told at the end of a visit, once each; and what they do about a locked link.
//!
//! Time passing is no transaction, so somebody must look: [`Visits::tell`] finds what is due, and
//! whoever calls it, however often and in how many processes, it is told once. What became due
//! while nobody looked is told late, by the moment of its telling.

use std::sync::Arc;

use domain::event::EventKind;
use domain::permission::Denied;
use domain::visit::{Alert, ENDING_NOTICE};
use domain::{AccessCode, CodeId, Timestamp, UserId};

use crate::attempts::attempt_with;
use crate::codes::{lock_code, may_act_on};
use crate::database::{in_transaction, reading};
use crate::events::{About, record};
use crate::row::code::{code_of, save_code};
use crate::row::unless_corrupt;
use crate::sql::{Row, Tx, sql};
use crate::vault::Vault;
use crate::{Answer, Codes, Inner, Result, RevokeRefusal};

/// How many visits are looked at in one go.
const AT_ONCE: u32 = 100;

/// Visits that go on, and gates where guests are expected.
#[derive(Clone)]
pub struct Visits(pub(crate) Arc<Inner>);

impl Visits {
    /// Tells the hosts of guests who are inside that their code ends soon, or has ended (O-10,
    /// G-14, G-16); answers how many were told. That it ends soon is not told once it has ended.
    pub async fn tell(&self, now: Timestamp) -> Result<usize> {
        let mut told = 0;
        for id in self.due(now).await? {
            let vault = Arc::clone(&self.0.vault);
            let one = in_transaction!(self.0.db, |tx| { tell_one(tx, &vault, id, now).await })?;
            told += usize::from(one);
        }
        Ok(told)
    }

    /// The codes about which there is something to tell.
    async fn due(&self, now: Timestamp) -> Result<Vec<CodeId>> {
        let vault = Arc::clone(&self.0.vault);
        reading!(self.0.db, |tx| {
            let rows = sql("SELECT * FROM codes
                            WHERE entered_at IS NOT NULL AND left_at IS NULL
                              AND overstay_told_at IS NULL
                              AND (revoked_at IS NOT NULL OR expires_at <= $1
                                   OR (expires_at <= $2 AND ending_told_at IS NULL))
                            ORDER BY expires_at LIMIT $3");
            let rows = rows.bind(now).bind(now + ENDING_NOTICE).bind(AT_ONCE).all(tx).await?;
            let mut due = Vec::new();
            for row in rows {
                let alert = alert_of(tx, &vault, &row, now).await;
                due.extend(unless_corrupt(alert)?.flatten());
            }
            Ok(due)
        })
    }
}

impl Codes {
    /// Gives a locked link as many tries again, by whoever may revoke the code; asked again, it
    /// gives none (G-7).
    pub async fn allow_more(
        &self,
        user: UserId,
        id: CodeId,
        now: Timestamp,
    ) -> Answer<(), RevokeRefusal> {
        let vault = Arc::clone(&self.0.vault);
        in_transaction!(self.0.db, |tx| {
            let code = lock_code(tx, &vault, id).await?;
            if let Err(denied) = may_act_on(tx, user, id, now).await? {
                return Ok(Err(RevokeRefusal::Denied(denied)));
            }
            let Some(mut code) = code else {
                return Ok(Err(RevokeRefusal::Denied(Denied::Unknown)));
            };
            match code.allow_more(now) {
                Err(refusal) => return Ok(Err(RevokeRefusal::NotActive(refusal))),
                Ok(false) => {}
                Ok(true) => {
                    save_code(tx, &code).await?;
                    let about = About::default().by(user).intercom(code.intercom).code(id);
                    record(tx, &vault, EventKind::PassUnlocked, about, now).await?;
                }
            }
            Ok(Ok(()))
        })
    }
}

/// Decides once more under the code's lock, and says whether anything was told.
async fn tell_one(tx: &mut Tx, vault: &Vault, id: CodeId, now: Timestamp) -> Result<bool> {
    let Some(code) = lock_code(tx, vault, id).await? else { return Ok(false) };
    let (first, kind) = match alert(tx, &code, now).await? {
        None => return Ok(false),
        Some(Alert::Ending) => (
            sql("UPDATE codes SET ending_told_at = $2 WHERE id = $1 AND ending_told_at IS NULL"),
            EventKind::VisitEnding,
        ),
        Some(Alert::Overstay) => (
            sql("UPDATE codes SET overstay_told_at = $2
                 WHERE id = $1 AND overstay_told_at IS NULL"),
            EventKind::VisitOverstay,
        ),
    };
    if first.bind(id).bind(now).execute(tx).await? == 0 {
        return Ok(false);
    }
    record(tx, vault, kind, About::default().intercom(code.intercom).code(id), now).await?;
    Ok(true)
}

/// The code of a row, if there is something to tell about it.
async fn alert_of(tx: &mut Tx, vault: &Vault, row: &Row, now: Timestamp) -> Result<Option<CodeId>> {
    let code = code_of(vault, row)?;
    Ok(alert(tx, &code, now).await?.map(|_| code.id))
}

async fn alert(tx: &mut Tx, code: &AccessCode, now: Timestamp) -> Result<Option<Alert>> {
    let leaving = match code.reserved_attempt() {
        Some(attempt) => Some(attempt_with(tx, attempt).await?),
        None => None,
    };
    Ok(code.alert(leaving.as_ref(), now))
}
