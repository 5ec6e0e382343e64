//! The end of a sharing, and what ends with it.

use std::sync::Arc;

use domain::access_code::End;
use domain::event::EventKind;
use domain::permission::{Act, Denied, Role};
use domain::share::KEPT_AFTER_END;
use domain::{CodeId, Timestamp, UserId};

use crate::codes::{lock_code, take_back};
use crate::database::in_transaction;
use crate::events::{About, record};
use crate::intercoms::lock_device;
use crate::people::told;
use crate::row::code::still_opens;
use crate::row::device::role_of;
use crate::row::share::{person, seen};
use crate::sql::{Row, Tx, sql};
use crate::vault::Vault;
use crate::{Answer, People, Person, Result};

/// Somebody was sent away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unshared {
    /// How many codes of theirs were revoked by it.
    pub codes: u32,
    /// How many guests of theirs were sent away by it.
    pub invitations: u32,
    /// When the last of those codes can open nothing any more.
    pub effective_at: Timestamp,
}

/// Somebody's codes were revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodesRevoked {
    /// How many.
    pub codes: u32,
    /// When the last of them can open nothing any more.
    pub effective_at: Timestamp,
}

impl People {
    /// Ends the sharing with a person; if so asked, also the access of guests that they invited and,
    /// by who may revoke codes, all active codes that they made there (X22, E01). Codes end before
    /// the sharing does, so that nobody waits for each other: whoever uses a code locks it before
    /// they lock their share.
    pub async fn unshare(
        &self,
        by: UserId,
        device: String,
        user: UserId,
        also_revoke: bool,
        now: Timestamp,
    ) -> Answer<Unshared, Denied> {
        let vault = Arc::clone(&self.0.vault);
        in_transaction!(self.0.db, |tx| {
            lock_device(tx, &device).await?;
            let kept = person(tx, &vault, &device, user, now).await?;
            let is_theirs = kept.as_ref().is_some_and(|kept| kept.is_guest_of(by));
            let role = role_of(tx, &device, by, now).await?;
            if let Err(denied) = role.may_end(is_theirs) {
                return Ok(Err(denied));
            }
            // Nothing is shared with the owner that could be taken away.
            if role_of(tx, &device, user, now).await? == Role::Owner {
                return Ok(Err(Denied::NotOwner));
            }
            let mut unshared = Unshared { codes: 0, invitations: 0, effective_at: now };
            if also_revoke && role.may(Act::UseOneTimeAccess).is_ok() {
                let revoked = revoke_codes(tx, &vault, &device, by, user, now).await?;
                (unshared.codes, unshared.effective_at) = (revoked.codes, revoked.effective_at);
            }
            if also_revoke {
                for guest in guests_of(tx, &device, user, now).await? {
                    let guest = seen(tx, &vault, &device, guest, now).await?;
                    send_away(tx, &vault, &device, by, &guest, now).await?;
                    unshared.invitations += 1;
                }
            }
            if let Some(kept) = kept {
                send_away(tx, &vault, &device, by, &kept, now).await?;
            } else if !is_known(tx, user).await? {
                // Not "done": who is meant has the device as somebody else since.
                return Ok(Err(Denied::Unknown));
            }
            // A press of theirs on the wire is cancelled, and dead at its deadline at the latest.
            let pressed = sql("SELECT MAX(deadline_at) AS until FROM attempts
                               WHERE gate_id = $1 AND opened_by = $2 AND state = 'sent'");
            let pressed = pressed.bind(device.as_str()).bind(user).one(tx).await?;
            let until = pressed.moment_if_any("until")?.unwrap_or(now);
            unshared.effective_at = unshared.effective_at.max(until);
            Ok(Ok(unshared))
        })
    }
}

/// Revokes all active codes that somebody made at a device.
pub(crate) async fn revoke_codes(
    tx: &mut Tx,
    vault: &Vault,
    device: &str,
    by: UserId,
    user: UserId,
    now: Timestamp,
) -> Result<CodesRevoked> {
    let mut revoked = CodesRevoked { codes: 0, effective_at: now };
    let rows = sql(concat!(
        "SELECT id FROM codes c WHERE intercom_id = $1 AND issued_by = $2 AND ",
        still_opens!("$3"),
        " ORDER BY id"
    ));
    for row in rows.bind(device).bind(user).bind(now).all(tx).await? {
        let id = row.parsed("id", CodeId::parse)?;
        let Some(mut code) = lock_code(tx, vault, id).await? else { continue };
        // One that has ended meanwhile is as good as revoked.
        if take_back(tx, vault, &mut code, Some(by), now).await?.is_err() {
            continue;
        }
        if let Some(End::Revoked { effective_at, .. }) = code.end {
            revoked.effective_at = revoked.effective_at.max(effective_at);
        }
        revoked.codes += 1;
    }
    Ok(revoked)
}

async fn send_away(
    tx: &mut Tx,
    vault: &Vault,
    device: &str,
    by: UserId,
    person: &Person,
    now: Timestamp,
) -> Result<()> {
    let unshare = sql("DELETE FROM shares WHERE device_id = $1 AND user_id = $2");
    unshare.bind(device).bind(person.user).execute(tx).await?;
    told(tx, vault, device, by, Some(person), None, now).await
}

/// Writes down that sharings ended, from the rows that were deleted, when a device goes to somebody
/// else or to nobody.
pub(crate) async fn tell_of_ended(
    tx: &mut Tx,
    vault: &Vault,
    device: &str,
    by: UserId,
    ended: &[Row],
    now: Timestamp,
) -> Result<()> {
    for row in ended {
        let user = row.parsed("user_id", UserId::parse)?;
        let about = || About::default().by(by).user(user).device(device);
        record(tx, vault, EventKind::PersonRemoved, about(), now).await?;
        if row.moment_if_any("one_time_access_at")?.is_some() {
            record(tx, vault, EventKind::GrantRemoved, about(), now).await?;
        }
    }
    Ok(())
}

/// Whether there is such an account. One that waited for its person ends when they give theirs its
/// number, and its shares go along.
async fn is_known(tx: &mut Tx, user: UserId) -> Result<bool> {
    let known = sql("SELECT 1 AS one FROM users WHERE id = $1").bind(user);
    Ok(known.optional(tx).await?.is_some())
}

async fn guests_of(tx: &mut Tx, device: &str, user: UserId, now: Timestamp) -> Result<Vec<UserId>> {
    let rows = sql("SELECT user_id FROM shares
                    WHERE device_id = $1 AND invited_by = $2 AND $3 < until_at ORDER BY user_id");
    let rows = rows.bind(device).bind(user).bind(now).all(tx).await?;
    rows.iter().map(|row| row.parsed("user_id", UserId::parse)).collect()
}

/// Forgets people whose time is long over.
pub(crate) async fn sweep(tx: &mut Tx, now: Timestamp) -> Result<()> {
    let forget = sql("DELETE FROM shares WHERE until_at < $1");
    forget.bind(now - KEPT_AFTER_END).execute(tx).await.map(drop)
}
