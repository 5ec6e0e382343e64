//! Forgetting: guests some time after the end of their codes, and all that is kept about a number
//! when its owner asks for it. What stays names nobody: ids, moments, and what happened.
//!
//! Whoever adds something about people to the tables adds it here, to [`kept`](crate::kept), and to
//! the table in `docs/privacy.md`, which a test holds against the tables.

use std::sync::Arc;

use domain::event::EventKind;
use domain::name::DeviceName;
use domain::privacy::GuestsKept;
use domain::{CodeId, IntercomId, PhoneNumber, Timestamp, UserId};

use crate::codes::{lock_code, mobile_digest, take_back};
use crate::database::in_transaction;
use crate::events::{About, record};
use crate::exceptions;
use crate::intercoms::lock_device;
use crate::logins::{lock_number, phone_digest};
use crate::sql::{Tx, sql};
use crate::vault::Vault;
use crate::{Answer, Inner, Result};

/// How many codes are erased in one transaction.
const AT_ONCE: u32 = 100;

/// The door of whoever must forget, or tell all that is kept.
#[derive(Clone)]
pub struct Privacy(pub(crate) Arc<Inner>);

/// What was erased about a number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Erased {
    /// Codes whose guest it was.
    pub codes: Vec<CodeId>,
    /// Those among them that still held, and were revoked.
    pub revoked: Vec<CodeId>,
    /// After this moment no gate opens any more for one that was revoked.
    pub effective_at: Option<Timestamp>,
    /// Its account, if it had one.
    pub account: Option<UserId>,
    /// How many rows about its logins, pins and exceptions there were.
    pub rows: u64,
}

/// Why nothing was erased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EraseRefusal {
    /// Devices are on its account, and must be given to somebody else first.
    Owns(Vec<(String, DeviceName)>),
    /// Codes for it still hold, and were not to be revoked.
    Holds(Vec<LivePass>),
}

/// A code that still holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LivePass {
    /// Which.
    pub code: CodeId,
    /// Of which intercom.
    pub intercom: IntercomId,
    /// Until when.
    pub expires_at: Timestamp,
}

impl Privacy {
    /// Erases the guests of codes that ended long ago, and tells how many.
    pub async fn forget_guests(&self, kept: GuestsKept, now: Timestamp) -> Result<u64> {
        let mut erased = 0;
        loop {
            let (looked_at, done) = self.forget_some(now - kept.span(), now).await?;
            erased += done;
            if looked_at < AT_ONCE as usize {
                return Ok(erased);
            }
        }
    }

    async fn forget_some(&self, ended_by: Timestamp, now: Timestamp) -> Result<(usize, u64)> {
        in_transaction!(self.0.db, |tx| {
            let rows = sql("SELECT id FROM codes
                            WHERE erased_at IS NULL AND COALESCE(ended_at, expires_at) <= $1
                              AND COALESCE(revoked_at, left_at,
                                           expires_at + exit_grace_min * 60000) <= $1
                            ORDER BY COALESCE(ended_at, expires_at) LIMIT $2");
            let rows = rows.bind(ended_by).bind(AT_ONCE).all(tx).await?;
            let ids: Result<Vec<_>> =
                rows.iter().map(|row| row.parsed("id", CodeId::parse)).collect();
            let mut ids = ids?;
            // Locked in the order in which everybody locks them.
            ids.sort_unstable();
            let mut erased = 0;
            for id in &ids {
                erased += erase_code(tx, *id, now).await?;
            }
            Ok((ids.len(), erased))
        })
    }

    /// Erases all that is kept about a number: as a guest, as somebody a device is shared with, and
    /// as an account. Codes that still hold are revoked, if that is allowed. Asked again, it finds
    /// nothing.
    pub async fn erase(
        &self,
        phone: PhoneNumber,
        revoke: bool,
        now: Timestamp,
    ) -> Answer<Erased, EraseRefusal> {
        let vault = Arc::clone(&self.0.vault);
        let erased = in_transaction!(self.0.db, |tx| {
            let number = phone_digest(&vault, &phone);
            lock_number(tx, number).await?;
            lock_intercoms(tx, &vault, &phone).await?;
            let user = lock_user_with(tx, number).await?;
            if let Some(user) = user {
                let owned = owned_by(tx, user).await?;
                if !owned.is_empty() {
                    return Ok(Err(EraseRefusal::Owns(owned)));
                }
            }
            let passes = passes_of(tx, &vault, &phone).await?;
            let live = live_among(tx, &vault, &passes, now).await?;
            if !live.is_empty() && !revoke {
                return Ok(Err(EraseRefusal::Holds(live)));
            }
            let mut erased = Erased { account: user, ..Erased::default() };
            for (code, _) in passes {
                erase_pass(tx, &vault, code, &mut erased, now).await?;
            }
            if let Some(user) = user {
                erase_account(tx, &vault, user, now).await?;
            }
            erased.rows = erase_number(tx, &vault, number, now).await?;
            if erased != Erased::default() {
                let about = user.map_or_else(About::default, |user| About::default().user(user));
                record(tx, &vault, EventKind::PersonErased, about, now).await?;
            }
            Ok(Ok(erased))
        });
        self.0.endings.send_replace(());
        erased
    }
}

/// The codes of a number, erased ones aside, in the order in which codes are locked.
pub(crate) async fn passes_of(
    tx: &mut Tx,
    vault: &Vault,
    phone: &PhoneNumber,
) -> Result<Vec<(CodeId, IntercomId)>> {
    let mut passes = Vec::new();
    // The digest of a number differs from intercom to intercom, so each is asked.
    for row in sql("SELECT id FROM devices WHERE kind = 'intercom'").all(tx).await? {
        let intercom = row.parsed("id", IntercomId::parse)?;
        let rows = sql("SELECT id FROM codes WHERE mobile_digest = $1 AND intercom_id = $2");
        let rows = rows.bind(mobile_digest(vault, intercom, phone)).bind(intercom);
        for row in rows.all(tx).await? {
            passes.push((row.parsed("id", CodeId::parse)?, intercom));
        }
    }
    passes.sort_unstable();
    Ok(passes)
}

/// The account of a number under its lock, by which no device comes onto it meanwhile.
pub(crate) async fn lock_user_with(tx: &mut Tx, number: [u8; 32]) -> Result<Option<UserId>> {
    let lock = sql("UPDATE users SET created_at = created_at WHERE phone_digest = $1 RETURNING id");
    let row = lock.bind(number).optional(tx).await?;
    row.map(|row| row.parsed("id", UserId::parse)).transpose()
}

/// Whether there still is an account; it is not erased before this transaction ends.
pub(crate) async fn lock_user(tx: &mut Tx, user: UserId) -> Result<bool> {
    let lock = sql("UPDATE users SET created_at = created_at WHERE id = $1 AND erased_at IS NULL");
    Ok(lock.bind(user).execute(tx).await? != 0)
}

/// Where the number is a guest no code is issued meanwhile.
async fn lock_intercoms(tx: &mut Tx, vault: &Vault, phone: &PhoneNumber) -> Result<()> {
    let passes = passes_of(tx, vault, phone).await?;
    let mut intercoms: Vec<_> = passes.iter().map(|(_, intercom)| intercom.to_string()).collect();
    intercoms.sort_unstable();
    intercoms.dedup();
    for intercom in intercoms {
        lock_device(tx, &intercom).await?;
    }
    Ok(())
}

async fn owned_by(tx: &mut Tx, user: UserId) -> Result<Vec<(String, DeviceName)>> {
    let rows = sql("SELECT id, name FROM devices WHERE owner_id = $1 ORDER BY id");
    let rows = rows.bind(user).all(tx).await?;
    let device =
        |row: &crate::sql::Row| Ok((row.take("id")?, row.parsed("name", DeviceName::parse)?));
    rows.iter().map(device).collect()
}

async fn live_among(
    tx: &mut Tx,
    vault: &Vault,
    passes: &[(CodeId, IntercomId)],
    now: Timestamp,
) -> Result<Vec<LivePass>> {
    let mut live = Vec::new();
    for (code, intercom) in passes {
        let locked = lock_code(tx, vault, *code).await?.filter(|code| code.still_opens(now));
        if let Some(held) = locked {
            let (code, intercom) = (*code, *intercom);
            live.push(LivePass { code, intercom, expires_at: held.expires_at });
        }
    }
    Ok(live)
}

async fn erase_pass(
    tx: &mut Tx,
    vault: &Vault,
    id: CodeId,
    erased: &mut Erased,
    now: Timestamp,
) -> Result<()> {
    let Some(mut code) = lock_code(tx, vault, id).await? else { return Ok(()) };
    if code.still_opens(now) && take_back(tx, vault, &mut code, None, now).await?.is_ok() {
        erased.revoked.push(id);
        if let Some(domain::access_code::End::Revoked { effective_at, .. }) = code.end {
            erased.effective_at = erased.effective_at.max(Some(effective_at));
        }
    }
    erase_code(tx, id, now).await?;
    // The digest of a wish holds name and number. Without one, asking again is another wish.
    let wishes = sql("UPDATE issue_requests SET fingerprint = $2 WHERE code_id = $1");
    wishes.bind(id).bind(Vec::new()).execute(tx).await?;
    erased.codes.push(id);
    Ok(())
}

/// Erases digits, link and guest of a code that has ended; what happened to it stays.
async fn erase_code(tx: &mut Tx, id: CodeId, now: Timestamp) -> Result<u64> {
    sql("UPDATE codes SET sealed = $3, passcode_digest = $3, mobile_digest = $3,
                          link_digest = $4, reference_digest = $4,
                          ended_at = COALESCE(ended_at, expires_at), erased_at = $2
         WHERE id = $1 AND erased_at IS NULL")
    .bind(id)
    .bind(now)
    .bind(Vec::new())
    // No digest is as short as an id.
    .bind(id.to_bytes())
    .execute(tx)
    .await
}

/// Takes from an account what is its person's; its id stays in what it did.
async fn erase_account(tx: &mut Tx, vault: &Vault, user: UserId, now: Timestamp) -> Result<()> {
    let shares = sql("SELECT device_id, one_time_access_at FROM shares
                      WHERE user_id = $1 ORDER BY device_id");
    for row in shares.bind(user).all(tx).await? {
        let device: String = row.take("device_id")?;
        let about = || About::default().user(user).device(&device);
        if row.moment_if_any("one_time_access_at")?.is_some() {
            record(tx, vault, EventKind::GrantRemoved, about(), now).await?;
        }
        record(tx, vault, EventKind::PersonRemoved, about(), now).await?;
    }
    for statement in [
        "DELETE FROM shares WHERE user_id = $1",
        "DELETE FROM sessions WHERE user_id = $1",
        "DELETE FROM second_factors WHERE user_id = $1",
        "DELETE FROM recovery_codes WHERE user_id = $1",
        "DELETE FROM issue_requests WHERE user_id = $1",
    ] {
        sql(statement).bind(user).execute(tx).await?;
    }
    sql("UPDATE api_keys SET revoked_at = COALESCE(revoked_at, $2), name = '-' WHERE user_id = $1")
        .bind(user)
        .bind(now)
        .execute(tx)
        .await?;
    sql("UPDATE webhooks SET ended_at = COALESCE(ended_at, $2), sealed = $3, old_sealed = NULL,
                             old_until = NULL
         WHERE owner_id = $1")
    .bind(user)
    .bind(now)
    .bind(Vec::new())
    .execute(tx)
    .await?;
    sql("UPDATE users SET phone_digest = $3, phone_sealed = $4, erased_at = $2 WHERE id = $1")
        .bind(user)
        .bind(now)
        .bind(user.to_bytes())
        .bind(Vec::new())
        .execute(tx)
        .await
        .map(drop)
}

/// Forgets logins, pins and exceptions of a number; tells how many rows there were. What pins cost
/// stays, as of nobody.
async fn erase_number(tx: &mut Tx, vault: &Vault, number: [u8; 32], now: Timestamp) -> Result<u64> {
    exceptions::end(tx, vault, number, now).await?;
    let mut rows = 0;
    for statement in [
        "DELETE FROM logins WHERE phone_digest = $1",
        "DELETE FROM pins_sent WHERE phone_digest = $1",
        "DELETE FROM country_exceptions WHERE phone_digest = $1",
        "DELETE FROM phone_failures WHERE phone_digest = $1 AND in_a_row <> 0",
    ] {
        rows += sql(statement).bind(number).execute(tx).await?;
    }
    // The row that was the lock of the number.
    sql("DELETE FROM phone_failures WHERE phone_digest = $1").bind(number).execute(tx).await?;
    rows += sql("UPDATE pin_spending
                 SET phone_digest = $2, prefix_digest = $2, network_digest = $2
                 WHERE phone_digest = $1")
    .bind(number)
    .bind(Vec::new())
    .execute(tx)
    .await?;
    Ok(rows)
}
