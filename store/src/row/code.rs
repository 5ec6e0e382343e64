//! Codes: what the owner must see again is sealed in one piece, bound to its row.

use domain::access_code::{End, LegState, LinkGuard};
use domain::name::GuestName;
use domain::secret::{LinkToken, Reference};
use domain::settings::ExitGrace;
use domain::{AccessCode, AttemptId, CodeId, IntercomId, Passcode, PhoneNumber, Timestamp, UserId};

use crate::codes::{Guest, Pass};
use crate::sql::{Row, Tx, sql};
use crate::vault::Vault;
use crate::{Fault, Result};

/// What a seal of a code is bound to.
fn row_name(id: CodeId, intercom: IntercomId) -> String {
    format!("{id}/{intercom}")
}

/// Seals what must be read again.
pub(crate) fn seal(
    vault: &Vault,
    code: &AccessCode,
    guest: &Guest,
    link: &LinkToken,
    reference: &Reference,
) -> Result<Vec<u8>> {
    let fields = [
        code.passcode.reveal(),
        link.reveal(),
        reference.reveal(),
        guest.name.as_str().to_owned(),
        guest.mobile.reveal().to_owned(),
    ];
    vault.seal(&row_name(code.id, code.intercom), &fields.each_ref().map(String::as_str))
}

pub(crate) fn pass_of(vault: &Vault, row: &Row) -> Result<Pass> {
    let id = row.parsed("id", CodeId::parse)?;
    let intercom = row.parsed("intercom_id", IntercomId::parse)?;
    let sealed: Vec<u8> = row.take("sealed")?;
    let [passcode, link, reference, name, mobile] = vault.open(&row_name(id, intercom), &sealed)?;
    let corrupt = |what: &'static str| move || Fault::corrupt("codes", id, what);
    let code = AccessCode {
        id,
        intercom,
        passcode: Passcode::parse(&passcode).ok().ok_or_else(corrupt("digits"))?,
        issued_at: row.moment("issued_at")?,
        expires_at: row.moment("expires_at")?,
        exit_grace: ExitGrace::from_minutes(super::number(row, "exit_grace_min")?)
            .ok()
            .ok_or_else(corrupt("grace"))?,
        guard: LinkGuard {
            wrong_tries: super::number(row, "wrong_tries")?,
            wait_until: row.moment_if_any("wait_until")?,
            locked_at: row.moment_if_any("locked_at")?,
        },
        entry: leg_of(row, "entry_attempt", "entered_at")?,
        exit: leg_of(row, "exit_attempt", "left_at")?,
        end: end_of(row)?,
    };
    Ok(Pass {
        guest: Guest {
            name: GuestName::parse(&name).ok().ok_or_else(corrupt("name"))?,
            mobile: PhoneNumber::from_kept(&mobile).ok().ok_or_else(corrupt("mobile"))?,
        },
        link: LinkToken::parse(&link).ok().ok_or_else(corrupt("link"))?,
        reference: Reference::parse(&reference).ok().ok_or_else(corrupt("reference"))?,
        issued_by: row.parsed("issued_by", UserId::parse)?,
        limit_at_issue: super::number(row, "limit_at_issue")?,
        code,
    })
}

/// Writes what can change about a code.
pub(crate) async fn save_code(tx: &mut Tx, code: &AccessCode) -> Result<()> {
    let (entry, entered) = columns_of(code.entry);
    let (exit, left) = columns_of(code.exit);
    let (revoked, effective, ended) = match code.end {
        None => (None, None, None),
        Some(End::Completed { at } | End::Expired { at }) => (None, None, Some(at)),
        Some(End::Revoked { at, effective_at }) => (Some(at), Some(effective_at), Some(at)),
    };
    sql("UPDATE codes
         SET wrong_tries = $2, wait_until = $3, locked_at = $4, entry_attempt = $5,
             entered_at = $6, exit_attempt = $7, left_at = $8, revoked_at = $9,
             effective_at = $10, ended_at = COALESCE(ended_at, $11)
         WHERE id = $1")
    .bind(code.id)
    .bind(i64::from(code.guard.wrong_tries))
    .bind(code.guard.wait_until)
    .bind(code.guard.locked_at)
    .bind(entry)
    .bind(entered)
    .bind(exit)
    .bind(left)
    .bind(revoked)
    .bind(effective)
    .bind(ended)
    .execute(tx)
    .await?;
    Ok(())
}

fn columns_of(leg: LegState) -> (Option<AttemptId>, Option<Timestamp>) {
    match leg {
        LegState::Free => (None, None),
        LegState::Reserved(attempt) => (Some(attempt), None),
        LegState::Used { attempt, at } => (Some(attempt), Some(at)),
    }
}

fn leg_of(row: &Row, attempt: &'static str, used_at: &'static str) -> Result<LegState> {
    let at = row.moment_if_any(used_at)?;
    match (row.parsed_if_any(attempt, AttemptId::parse)?, at) {
        (None, None) => Ok(LegState::Free),
        (Some(attempt), None) => Ok(LegState::Reserved(attempt)),
        (Some(attempt), Some(at)) => Ok(LegState::Used { attempt, at }),
        (None, Some(_)) => Err(Fault::corrupt("codes", used_at, "used without an attempt")),
    }
}

fn end_of(row: &Row) -> Result<Option<End>> {
    let revoked = row.moment_if_any("revoked_at")?;
    let effective = row.moment_if_any("effective_at")?;
    match (revoked, effective, row.moment_if_any("left_at")?) {
        (Some(at), Some(effective_at), _) => Ok(Some(End::Revoked { at, effective_at })),
        (None, None, Some(at)) => Ok(Some(End::Completed { at })),
        (None, None, None) => Ok(row.moment_if_any("ended_at")?.map(|at| End::Expired { at })),
        (Some(_), None, _) | (None, Some(_), _) => {
            Err(Fault::corrupt("codes", "revoked_at", "revoked without an effective moment"))
        }
    }
}
