//! Codes as their senders see them: issued, listed, looked at, revoked.

use std::collections::HashSet;
use std::sync::Arc;

use domain::access_code::{DIGITS_REST, DOUBLE_TAP, NotActive, Revocation};
use domain::event::EventKind;
use domain::name::GuestName;
use domain::permission::{Act, Denied};
use domain::secret::{LinkToken, Reference};
use domain::{AccessCode, Attempt, CodeId, IntercomId, Passcode, PhoneNumber, Timestamp, UserId};

use crate::attempts::{attempt_with, withdraw};
use crate::commitment::{Opening, Salt};
use crate::database::{in_transaction, reading};
use crate::events::{About, record};
use crate::intercoms::{SettingsRefusal, intercom, lock_device};
use crate::row::attempt::attempt_of;
use crate::row::code::{code_of, pass_of, save_code, seal};
use crate::row::device::{role_kept, role_of, settings_with};
use crate::sql::{Tx, sql};
use crate::transfers::is_whole;
use crate::vault::{Purpose, Vault, token_digest};
use crate::{Answer, Fault, Inner, Result};

/// How many codes are listed at most; no more than 50 can be active.
pub const LONGEST_LIST: u32 = 100;

/// Codes of intercoms.
#[derive(Clone)]
pub struct Codes(pub(crate) Arc<Inner>);

/// Whom a code is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guest {
    /// Their name.
    pub name: GuestName,
    /// Their number.
    pub mobile: PhoneNumber,
}

/// A code with everything its sender may see again.
#[derive(Clone, Debug)]
pub struct Pass {
    /// The code.
    pub code: AccessCode,
    /// Whom it is for.
    pub guest: Guest,
    /// The secret of its link.
    pub link: LinkToken,
    /// The short reference in its message.
    pub reference: Reference,
    /// Who made it.
    pub issued_by: UserId,
    /// How many codes could be active when it was made (B17).
    pub limit_at_issue: u32,
}

/// What somebody wants a code for.
#[derive(Clone, Debug)]
pub struct Issue {
    /// Who asks.
    pub user: UserId,
    /// The device, which must be an intercom.
    pub device: String,
    /// Whom it is for.
    pub guest: Guest,
    /// Names this wish: asked again, it gets the same answer (O-5a, O-5h).
    pub key: String,
}

/// A code was issued, now or when the same wish came before.
#[derive(Clone, Debug)]
pub struct Issued {
    /// The code.
    pub pass: Pass,
    /// The intercom's time zone, for telling its end.
    pub time_zone: String,
    /// The intercom's name.
    pub intercom_name: String,
    /// Whether this wish had been answered before.
    pub repeated: bool,
    /// Whether a gate of the settings is not the owner's any more, so that it opens nothing (O-8b).
    pub is_suspended: bool,
}

/// Why no code is issued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IssueRefusal {
    /// Not theirs to do.
    Denied(Denied),
    /// A gate issues no codes.
    NotAnIntercom,
    /// A gate of the settings is not the owner's any more (O-8b).
    GateMissing,
    /// Settings were never saved (C03).
    SettingsMissing,
    /// All slots are taken (C18).
    LimitReached {
        /// Active codes.
        active: u32,
        /// The limit now.
        limit: u32,
        /// When the next one ends by itself.
        next_slot_at: Option<Timestamp>,
    },
    /// All digits were given out within the last day.
    NoDigitsLeft,
    /// The same key came before with another wish.
    KeyReused,
}

/// A code was revoked, now or before.
#[derive(Clone, Debug)]
pub struct Revoked {
    /// The code as it is now; its end tells `effective_at`.
    pub code: AccessCode,
    /// What the revoke met.
    pub revocation: Revocation,
    /// The attempt that was on the wire at the revoke and opened, or of which nobody knows yet.
    pub in_flight: Option<Attempt>,
}

/// Why a code is not revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RevokeRefusal {
    /// Not theirs to do, or no such code.
    Denied(Denied),
    /// It had ended before.
    NotActive(NotActive),
}

impl Codes {
    /// Issues a code, or says why not. Count and insert happen under the intercom's lock, so the
    /// limit holds however many ask at once (INV3).
    pub async fn issue(&self, issue: Issue, now: Timestamp) -> Answer<Issued, IssueRefusal> {
        let vault = Arc::clone(&self.0.vault);
        in_transaction!(self.0.db, |tx| {
            lock_device(tx, &issue.device).await?;
            let id = match intercom(tx, &issue.device, issue.user, Act::UseOneTimeAccess, now)
                .await?
            {
                Ok(id) => id,
                Err(SettingsRefusal::Denied(denied)) => {
                    return Ok(Err(IssueRefusal::Denied(denied)));
                }
                Err(SettingsRefusal::NotAnIntercom) => return Ok(Err(IssueRefusal::NotAnIntercom)),
            };
            let mobile = mobile_digest(&vault, id, &issue.guest.mobile);
            let wish = fingerprint(&vault, id, &issue.guest);
            match answered_before(tx, &issue, wish, mobile, now).await? {
                Before::Never => {}
                Before::Otherwise => return Ok(Err(IssueRefusal::KeyReused)),
                Before::With(code) => {
                    remember(tx, &issue, wish, code, now).await?;
                    // A guest who was erased since is not made again by an answer that was lost.
                    let before = issued(tx, &vault, code, true).await?;
                    return Ok(before.ok_or(IssueRefusal::KeyReused));
                }
            }
            let Some(settings) = settings_with(tx, id).await? else {
                return Ok(Err(IssueRefusal::SettingsMissing));
            };
            if !is_whole(tx, id).await? {
                return Ok(Err(IssueRefusal::GateMissing));
            }
            end_expired(tx, id, now).await?;
            let (limit, slots) = (settings.max_users.codes(), slots(tx, id).await?);
            if limit <= slots.active {
                let IssueSlots { active, next_slot_at } = slots;
                return Ok(Err(IssueRefusal::LimitReached { active, limit, next_slot_at }));
            }
            let Some(passcode) = free_digits(tx, &vault, id, now).await? else {
                return Ok(Err(IssueRefusal::NoDigitsLeft));
            };
            let (valid_for, grace) = (settings.invite_duration.span(), settings.exit_grace);
            let code_id = CodeId::new(vault.dice(), now);
            let code = AccessCode::issue(code_id, id, passcode, valid_for, grace, now);
            let opening = Opening { guest: issue.guest.clone(), salt: Salt::random(vault.dice()) };
            insert(tx, &vault, &code, issue.user, &opening, mobile, limit).await?;
            remember(tx, &issue, wish, code_id, now).await?;
            let about = About::default().by(issue.user).intercom(id).code(code_id);
            let about = about.guest(opening.commitment());
            record(tx, &vault, EventKind::PassIssued, about, now).await?;
            let issued = issued(tx, &vault, code_id, false).await?;
            issued.map(Ok).ok_or_else(|| Fault::corrupt("codes", code_id, "erased when issued"))
        })
    }

    /// The active codes of an intercom, the next to end first.
    pub async fn active(
        &self,
        user: UserId,
        device: String,
        now: Timestamp,
    ) -> Answer<Vec<Pass>, SettingsRefusal> {
        let vault = Arc::clone(&self.0.vault);
        reading!(self.0.db, |tx| {
            let id = match intercom(tx, &device, user, Act::UseOneTimeAccess, now).await? {
                Ok(id) => id,
                Err(refusal) => return Ok(Err(refusal)),
            };
            let rows = sql("SELECT * FROM codes
                            WHERE intercom_id = $1 AND ended_at IS NULL AND $2 < expires_at
                            ORDER BY expires_at, id LIMIT $3");
            let rows = rows.bind(id).bind(now).bind(LONGEST_LIST).all(tx).await?;
            // None of them is erased: they have not ended.
            rows.iter()
                .filter_map(|row| pass_of(&vault, row).transpose())
                .collect::<Result<_>>()
                .map(Ok)
        })
    }

    /// One code with its digits, for who may see it; once they are erased there is none.
    pub async fn details(
        &self,
        user: UserId,
        id: CodeId,
        now: Timestamp,
    ) -> Answer<Issued, Denied> {
        let vault = Arc::clone(&self.0.vault);
        reading!(self.0.db, |tx| {
            if let Err(denied) = may_use(tx, user, id, now).await? {
                return Ok(Err(denied));
            }
            Ok(issued(tx, &vault, id, true).await?.ok_or(Denied::Unknown))
        })
    }

    /// Takes a code back. What is not on the wire yet never will be; for what is, the answer
    /// names the moment after which nothing can open.
    pub async fn revoke(
        &self,
        user: UserId,
        id: CodeId,
        now: Timestamp,
    ) -> Answer<Revoked, RevokeRefusal> {
        let vault = Arc::clone(&self.0.vault);
        in_transaction!(self.0.db, |tx| {
            let code = lock_code(tx, &vault, id).await?;
            if let Err(denied) = may_act_on(tx, user, id, now).await? {
                return Ok(Err(RevokeRefusal::Denied(denied)));
            }
            let Some(mut code) = code else {
                return Ok(Err(RevokeRefusal::Denied(Denied::Unknown)));
            };
            let revocation = match take_back(tx, &vault, &mut code, Some(user), now).await? {
                Ok(revocation) => revocation,
                Err(refusal) => return Ok(Err(RevokeRefusal::NotActive(refusal))),
            };
            let in_flight = in_flight_at_revoke(tx, id).await?;
            Ok(Ok(Revoked { code, revocation, in_flight }))
        })
    }
}

/// Revokes a code that is locked. What was revoked before stays as it is.
pub(crate) async fn take_back(
    tx: &mut Tx,
    vault: &Vault,
    code: &mut AccessCode,
    by: Option<UserId>,
    now: Timestamp,
) -> Answer<Revocation, NotActive> {
    let in_flight = match code.reserved_attempt() {
        Some(attempt) => Some(attempt_with(tx, attempt).await?),
        None => None,
    };
    let revocation = match code.revoke(in_flight.as_ref(), now) {
        Ok(Revocation::Again) => return Ok(Ok(Revocation::Again)),
        Ok(revocation) => revocation,
        Err(refusal) => return Ok(Err(refusal)),
    };
    if let (Revocation::Withdrawn(_), Some(attempt)) = (revocation, in_flight) {
        if let Some(leg) = attempt.leg() {
            code.not_opened(leg, attempt.id, now);
        }
        let about = About::default().code(code.id).attempt(attempt.id).gate(attempt.gate);
        withdraw(tx, attempt, now).await?;
        record(tx, vault, EventKind::AttemptRefused, about, now).await?;
    }
    save_code(tx, code).await?;
    let revoked_by = sql("UPDATE codes SET revoked_by = $2 WHERE id = $1");
    revoked_by.bind(code.id).bind(by).execute(tx).await?;
    let about = by.map_or_else(About::default, |by| About::default().by(by));
    let about = about.intercom(code.intercom).code(code.id);
    record(tx, vault, EventKind::PassRevoked, about, now).await?;
    Ok(Ok(revocation))
}

/// What was on the wire when the code was revoked, unless the gate did not open for it. What a host
/// asked for later has nothing to do with the revoke.
async fn in_flight_at_revoke(tx: &mut Tx, id: CodeId) -> Result<Option<Attempt>> {
    let row = sql("SELECT a.* FROM attempts a JOIN codes c ON c.id = a.code_id
                   WHERE c.id = $1 AND a.state IN ('sent', 'executed')
                     AND a.asked_by <> 'host_despite_end'
                     AND (a.settled_at IS NULL OR c.revoked_at <= a.settled_at)
                   ORDER BY a.reserved_at DESC LIMIT 1");
    row.bind(id).optional(tx).await?.map(|row| attempt_of(&row)).transpose()
}

/// Reads a code under its lock. Writing first takes it, in Postgres and in SQLite alike.
pub(crate) async fn lock_code(
    tx: &mut Tx,
    vault: &Vault,
    id: CodeId,
) -> Result<Option<AccessCode>> {
    let row = sql("UPDATE codes SET wrong_tries = wrong_tries WHERE id = $1 RETURNING *");
    let row = row.bind(id).optional(tx).await?;
    row.map(|row| code_of(vault, &row)).transpose()
}

pub(crate) async fn may_use(
    tx: &mut Tx,
    user: UserId,
    id: CodeId,
    now: Timestamp,
) -> Answer<(), Denied> {
    let Some(intercom) = intercom_of(tx, id).await? else { return Ok(Err(Denied::Unknown)) };
    Ok(role_of(tx, &intercom, user, now).await?.may(Act::UseOneTimeAccess))
}

/// The same for one who writes: so it stays until that is done (S-4). Asked under the code's lock.
pub(crate) async fn may_act_on(
    tx: &mut Tx,
    user: UserId,
    id: CodeId,
    now: Timestamp,
) -> Answer<(), Denied> {
    let Some(intercom) = intercom_of(tx, id).await? else { return Ok(Err(Denied::Unknown)) };
    Ok(role_kept(tx, &intercom, user, now).await?.may(Act::UseOneTimeAccess))
}

async fn intercom_of(tx: &mut Tx, id: CodeId) -> Result<Option<String>> {
    let row = sql("SELECT intercom_id FROM codes WHERE id = $1").bind(id).optional(tx).await?;
    row.map(|row| row.take("intercom_id")).transpose()
}

/// Whether a wish was answered before.
enum Before {
    Never,
    Otherwise,
    With(CodeId),
}

async fn answered_before(
    tx: &mut Tx,
    issue: &Issue,
    wish: [u8; 32],
    mobile: [u8; 32],
    now: Timestamp,
) -> Result<Before> {
    let row =
        sql("SELECT fingerprint, code_id FROM issue_requests WHERE user_id = $1 AND key = $2")
            .bind(issue.user)
            .bind(issue.key.as_str())
            .optional(tx)
            .await?;
    if let Some(row) = row {
        let same = row.take::<Vec<u8>>("fingerprint")? == wish;
        let code = row.parsed("code_id", CodeId::parse)?;
        return Ok(if same { Before::With(code) } else { Before::Otherwise });
    }
    // The same person for the same mobile within ten seconds is a double tap, whatever the key.
    let row = sql("SELECT id FROM codes
                   WHERE mobile_digest = $1 AND issued_by = $2 AND $3 < issued_at
                     AND ended_at IS NULL")
    .bind(mobile)
    .bind(issue.user)
    .bind(now - DOUBLE_TAP)
    .optional(tx)
    .await?;
    let Some(row) = row else { return Ok(Before::Never) };
    row.parsed("id", CodeId::parse).map(Before::With)
}

/// Remembers what this key was answered with; the first answer stays.
async fn remember(
    tx: &mut Tx,
    issue: &Issue,
    wish: [u8; 32],
    code: CodeId,
    now: Timestamp,
) -> Result<()> {
    sql("INSERT INTO issue_requests (user_id, key, fingerprint, code_id, at)
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT (user_id, key) DO NOTHING")
    .bind(issue.user)
    .bind(issue.key.as_str())
    .bind(wish)
    .bind(code)
    .bind(now)
    .execute(tx)
    .await?;
    Ok(())
}

/// Notes the end of codes whose time is over, so that their digits are free after their rest.
async fn end_expired(tx: &mut Tx, id: IntercomId, now: Timestamp) -> Result<()> {
    let end = sql("UPDATE codes SET ended_at = expires_at
                   WHERE intercom_id = $1 AND ended_at IS NULL AND expires_at <= $2");
    end.bind(id).bind(now).execute(tx).await.map(drop)
}

struct IssueSlots {
    active: u32,
    next_slot_at: Option<Timestamp>,
}

/// Counts what holds a slot; expired codes have been ended before.
async fn slots(tx: &mut Tx, id: IntercomId) -> Result<IssueSlots> {
    let row = sql("SELECT COUNT(*) AS active, MIN(expires_at) AS next_slot_at FROM codes
                   WHERE intercom_id = $1 AND ended_at IS NULL");
    let row = row.bind(id).one(tx).await?;
    let active = crate::row::number(&row, "active")?;
    Ok(IssueSlots { active, next_slot_at: row.moment_if_any("next_slot_at")? })
}

/// Draws digits that no live code of the intercom has, nor one that ended within a day, or whose
/// grace did.
async fn free_digits(
    tx: &mut Tx,
    vault: &Vault,
    id: IntercomId,
    now: Timestamp,
) -> Result<Option<Passcode>> {
    let rows = sql("SELECT passcode_digest FROM codes
                    WHERE intercom_id = $1
                      AND (ended_at IS NULL OR $2 < ended_at + exit_grace_min * 60000)");
    let rows = rows.bind(id).bind(now - DIGITS_REST).all(tx).await?;
    let taken: Result<HashSet<Vec<u8>>> =
        rows.iter().map(|row| row.take("passcode_digest")).collect();
    let taken = taken?;
    let is_free = |digits: &Passcode| {
        !digits.is_banned() && !taken.contains(passcode_digest(vault, id, digits).as_slice())
    };
    let drawn = (0..64).map(|_| Passcode::random(vault.dice())).find(is_free);
    Ok(drawn.or_else(|| Passcode::from_a_random_place(vault.dice()).find(is_free)))
}

async fn insert(
    tx: &mut Tx,
    vault: &Vault,
    code: &AccessCode,
    issued_by: UserId,
    opening: &Opening,
    mobile: [u8; 32],
    limit: u32,
) -> Result<()> {
    let (link, reference) = (LinkToken::random(vault.dice()), Reference::random(vault.dice()));
    sql("INSERT INTO codes (id, intercom_id, issued_by, sealed, passcode_digest, link_digest,
                            reference_digest, mobile_digest, issued_at, expires_at,
                            limit_at_issue, wrong_tries, exit_grace_min)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, $12)")
    .bind(code.id)
    .bind(code.intercom)
    .bind(issued_by)
    .bind(seal(vault, code, opening, &link, &reference)?)
    .bind(passcode_digest(vault, code.intercom, &code.passcode))
    .bind(token_digest(link.reveal_bytes()))
    .bind(vault.digest(Purpose::Reference, &[reference.reveal_bytes()]))
    .bind(mobile)
    .bind(code.issued_at)
    .bind(code.expires_at)
    .bind(limit)
    .bind(u32::from(code.exit_grace.minutes()))
    .execute(tx)
    .await?;
    Ok(())
}

async fn issued(tx: &mut Tx, vault: &Vault, id: CodeId, repeated: bool) -> Result<Option<Issued>> {
    let row = sql("SELECT c.*, d.name AS intercom_name, d.time_zone FROM codes c
                   JOIN devices d ON d.id = c.intercom_id WHERE c.id = $1");
    let row = row.bind(id).one(tx).await?;
    let (time_zone, intercom_name) = (row.take("time_zone")?, row.take("intercom_name")?);
    let pass = pass_of(vault, &row)?;
    let Some(pass) = pass else { return Ok(None) };
    let is_suspended = !is_whole(tx, pass.code.intercom).await?;
    Ok(Some(Issued { pass, time_zone, intercom_name, repeated, is_suspended }))
}

fn passcode_digest(vault: &Vault, id: IntercomId, digits: &Passcode) -> [u8; 32] {
    vault.digest(Purpose::Passcode, &[&id.to_bytes(), digits.reveal().as_bytes()])
}

pub(crate) fn mobile_digest(vault: &Vault, id: IntercomId, mobile: &PhoneNumber) -> [u8; 32] {
    vault.digest(Purpose::Mobile, &[&id.to_bytes(), mobile.reveal().as_bytes()])
}

/// What makes two wishes the same: the intercom, the name and the mobile.
fn fingerprint(vault: &Vault, id: IntercomId, guest: &Guest) -> [u8; 32] {
    let (name, mobile) = (guest.name.as_str().as_bytes(), guest.mobile.reveal().as_bytes());
    vault.digest(Purpose::Mobile, &[&id.to_bytes(), name, mobile])
}
