//! Backups of the SQLite file, and what must change in one before the service may run on it again.
//!
//! What happened after a backup is not in it, but in the world: gates have opened, codes were
//! revoked, people signed out. So nothing that was sent before is believed any more, nobody stays
//! signed in, and the absence of an opening in a ledger proves nothing about what came before.

use std::path::Path;
use std::sync::Arc;

use domain::event::EventKind;
use domain::{AttemptId, CodeId, IntercomId, Timestamp};

use crate::attempts::attempt_with;
use crate::codes::lock_code;
use crate::database::{in_transaction, reading};
use crate::events::{About, record};
use crate::row::code::save_code;
use crate::row::code::still_opens;
use crate::sql::{Row, Tx, sql};
use crate::vault::Vault;
use crate::{Fault, Result, Store};

/// By how much epochs jump at least: more hellos than any gate says between a backup and its
/// return.
const EPOCH_JUMP: i64 = 1 << 32;

/// What the operator must know after a restore.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Restored {
    /// Codes that hold again, though they may have been used or revoked after the backup.
    pub revived: Vec<Revived>,
    /// How many codes were revoked by the restore.
    pub revoked: usize,
    /// Openings that were under way at the backup. Only their gate's ledger can still tell that
    /// they happened; otherwise their legs stay reserved.
    pub open: Vec<AttemptId>,
}

/// A code that holds again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revived {
    /// Which code.
    pub code: CodeId,
    /// Of which intercom.
    pub intercom: IntercomId,
    /// Since when it was good.
    pub issued_at: Timestamp,
    /// Until when it is good.
    pub expires_at: Timestamp,
}

impl Store {
    /// Copies the SQLite database into a file that is not there yet, as of one moment; the service
    /// may run meanwhile.
    pub async fn back_up(&self, file: &Path) -> Result<()> {
        let file = file.display().to_string();
        reading!(self.inner.db, |tx| {
            sql("VACUUM INTO $1").bind(file).execute(tx).await.map(drop)
        })
    }

    /// Makes a database that comes from a backup fit to serve from, and revokes the codes in it
    /// that were issued before a moment. Refuses a file that is damaged.
    pub async fn take_back(
        &self,
        revoke_issued_before: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Restored> {
        let vault = Arc::clone(&self.inner.vault);
        in_transaction!(self.inner.db, |tx| {
            must_be_whole(tx).await?;
            jump_epochs(tx, now).await?;
            sign_everybody_out(tx, now).await?;
            let mut restored = Restored { open: keep_open(tx, now).await?, ..Restored::default() };
            record(tx, &vault, EventKind::ServiceRestored, About::default(), now).await?;
            let active = sql(concat!(
                "SELECT id, intercom_id, issued_at,
                        CASE WHEN expires_at <= $1 THEN expires_at + exit_grace_min * 60000
                             ELSE expires_at END AS expires_at
                 FROM codes c WHERE ",
                still_opens!("$1"),
                " ORDER BY id"
            ));
            for row in active.bind(now).all(tx).await? {
                let code = revived(&row)?;
                if revoke_issued_before.is_some_and(|moment| code.issued_at < moment) {
                    restored.revoked += usize::from(revoke(tx, &vault, code.code, now).await?);
                } else {
                    restored.revived.push(code);
                }
            }
            Ok(restored)
        })
    }
}

async fn must_be_whole(tx: &mut Tx) -> Result<()> {
    let found: String = sql("PRAGMA integrity_check").one(tx).await?.take("integrity_check")?;
    if found == "ok" {
        return Ok(());
    }
    Err(Fault::Unavailable(format!("the file is damaged: {found}")))
}

/// Gates adopt only an epoch that is greater than any since their power-on, and those since the
/// backup are not known. Gates say hello at most once a second, so even the epochs that an earlier
/// restore gave out, and all that followed them, lie below the ms of now.
async fn jump_epochs(tx: &mut Tx, now: Timestamp) -> Result<()> {
    // The nonce of the last hello stays: without one, a label would admit whoever shows it.
    sql("UPDATE gates SET ready_at = NULL,
                          epoch = CASE WHEN epoch + $1 < $2 THEN $2 ELSE epoch + $1 END")
    .bind(EPOCH_JUMP)
    .bind(now)
    .execute(tx)
    .await?;
    // A ledger holds 64 openings, and there may have been more since the backup: that one is not
    // in it proves nothing.
    sql("UPDATE gates SET hardware_since = epoch + 1").execute(tx).await.map(drop)
}

/// A session that ended after the backup must not come back, nor a pin, nor a key.
async fn sign_everybody_out(tx: &mut Tx, now: Timestamp) -> Result<()> {
    sql("DELETE FROM logins").execute(tx).await?;
    let keys = sql("UPDATE api_keys SET revoked_at = $1 WHERE revoked_at IS NULL");
    keys.bind(now).execute(tx).await?;
    let end = sql("UPDATE sessions SET ended_at = $1, ended_by_system_at = $1
                   WHERE ended_at IS NULL");
    end.bind(now).execute(tx).await.map(drop)
}

/// What waited to be sent at the backup may have been sent since: from here on it counts as sent.
async fn keep_open(tx: &mut Tx, now: Timestamp) -> Result<Vec<AttemptId>> {
    let sent = sql("UPDATE attempts SET state = 'sent', sent_at = $1 WHERE state = 'pending'");
    sent.bind(now).execute(tx).await?;
    let open = sql("SELECT id FROM attempts WHERE state = 'sent' ORDER BY id").all(tx).await?;
    open.iter().map(|row| row.parsed("id", AttemptId::parse)).collect()
}

async fn revoke(tx: &mut Tx, vault: &Vault, id: CodeId, now: Timestamp) -> Result<bool> {
    let Some(mut code) = lock_code(tx, vault, id).await? else { return Ok(false) };
    let in_flight = match code.reserved_attempt() {
        Some(attempt) => Some(attempt_with(tx, attempt).await?),
        None => None,
    };
    if code.revoke(in_flight.as_ref(), now).is_err() {
        return Ok(false);
    }
    save_code(tx, &code).await?;
    let about = About::default().intercom(code.intercom).code(id);
    record(tx, vault, EventKind::PassRevoked, about, now).await?;
    Ok(true)
}

fn revived(row: &Row) -> Result<Revived> {
    Ok(Revived {
        code: row.parsed("id", CodeId::parse)?,
        intercom: row.parsed("intercom_id", IntercomId::parse)?,
        issued_at: row.moment("issued_at")?,
        expires_at: row.moment("expires_at")?,
    })
}
