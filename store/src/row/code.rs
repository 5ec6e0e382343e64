//! Codes: what the owner must see again is sealed in one piece, bound to its row.

use domain::access_code::{End, LegState, LinkGuard};
use domain::name::GuestName;
use domain::secret::{LinkToken, Reference};
use domain::settings::ExitGrace;
use domain::{AccessCode, AttemptId, CodeId, IntercomId, Passcode, PhoneNumber, Timestamp, UserId};

use crate::codes::{Guest, Pass};
use crate::commitment::{Opening, Salt};
use crate::past::Past;
use crate::sql::{Row, Tx, sql};
use crate::vault::Vault;
use crate::{Fault, Result};

/// The condition that a code `c` may still open a gate at a moment: while it is active, or the way
/// out within its grace.
macro_rules! still_opens {
    ($now:literal) => {
        concat!(
            "c.revoked_at IS NULL AND c.left_at IS NULL AND ((c.ended_at IS NULL AND ",
            $now,
            " < c.expires_at) OR (c.entered_at IS NOT NULL AND ",
            $now,
            " < c.expires_at + c.exit_grace_min * 60000))"
        )
    };
}
pub(crate) use still_opens;

/// What a seal of a code is bound to.
fn row_name(id: CodeId, intercom: IntercomId) -> String {
    format!("{id}/{intercom}")
}

/// In place of digits that were erased. Nobody is let through by them: they are never given out,
/// and the code has ended.
const ERASED: &str = "0000";

/// What is sealed of a code, and erased with its guest.
struct Sealed {
    passcode: Passcode,
    link: LinkToken,
    reference: Reference,
    guest: Guest,
    /// Codes from before there were commitments have none.
    salt: Option<Salt>,
}

/// Seals what must be read again.
pub(crate) fn seal(
    vault: &Vault,
    code: &AccessCode,
    opening: &Opening,
    link: &LinkToken,
    reference: &Reference,
) -> Result<Vec<u8>> {
    let Opening { guest, salt } = opening;
    let fields = [
        code.passcode.reveal(),
        link.reveal(),
        reference.reveal(),
        guest.name.as_str().to_owned(),
        guest.mobile.reveal().to_owned(),
        salt.reveal(),
    ];
    vault.seal(&row_name(code.id, code.intercom), &fields.each_ref().map(String::as_str))
}

/// Opens what is sealed; none when it was erased.
fn sealed_of(vault: &Vault, row: &Row) -> Result<Option<Sealed>> {
    if row.moment_if_any("erased_at")?.is_some() {
        return Ok(None);
    }
    let id = row.parsed("id", CodeId::parse)?;
    let intercom = row.parsed("intercom_id", IntercomId::parse)?;
    let corrupt = |what: &'static str| move || Fault::corrupt("codes", id, what);
    let fields = vault.open_all(&row_name(id, intercom), &row.take::<Vec<u8>>("sealed")?)?;
    let [passcode, link, reference, name, mobile, salt @ ..] = fields.as_slice() else {
        return Err(corrupt("fields")());
    };
    let salt = match salt {
        [] => None,
        [salt] => Some(Salt::parse(salt).ok_or_else(corrupt("salt"))?),
        [_, _, ..] => return Err(corrupt("fields")()),
    };
    Ok(Some(Sealed {
        passcode: Passcode::parse(passcode).ok().ok_or_else(corrupt("digits"))?,
        link: LinkToken::parse(link).ok().ok_or_else(corrupt("link"))?,
        reference: Reference::parse(reference).ok().ok_or_else(corrupt("reference"))?,
        guest: Guest {
            name: GuestName::parse(name).ok().ok_or_else(corrupt("name"))?,
            mobile: PhoneNumber::from_kept(mobile).ok().ok_or_else(corrupt("mobile"))?,
        },
        salt,
    }))
}

/// A code with everything its sender may see; none when that was erased.
pub(crate) fn pass_of(vault: &Vault, row: &Row) -> Result<Option<Pass>> {
    let Some(Sealed { passcode, link, reference, guest, .. }) = sealed_of(vault, row)? else {
        return Ok(None);
    };
    Ok(Some(Pass {
        code: code_with(row, passcode)?,
        guest,
        link,
        reference,
        issued_by: row.parsed("issued_by", UserId::parse)?,
        limit_at_issue: super::number(row, "limit_at_issue")?,
    }))
}

/// A code as its history tells it.
pub(crate) fn past_of(vault: &Vault, row: &Row) -> Result<Past> {
    let (passcode, guest) = match sealed_of(vault, row)? {
        Some(Sealed { passcode, guest, .. }) => (passcode, Some(guest)),
        None => (no_digits()?, None),
    };
    let issued_by = row.parsed("issued_by", UserId::parse)?;
    Ok(Past { code: code_with(row, passcode)?, guest, issued_by })
}

/// A code alone, erased or not.
pub(crate) fn code_of(vault: &Vault, row: &Row) -> Result<AccessCode> {
    past_of(vault, row).map(|past| past.code)
}

/// What opens the commitment to a code's guest.
pub(crate) fn opening_of(vault: &Vault, row: &Row) -> Result<Option<Opening>> {
    let sealed = sealed_of(vault, row)?;
    let opening = |Sealed { guest, salt, .. }| salt.map(|salt| Opening { guest, salt });
    Ok(sealed.and_then(opening))
}

fn no_digits() -> Result<Passcode> {
    Passcode::parse(ERASED).map_err(|error| Fault::corrupt("codes", ERASED, error))
}

fn code_with(row: &Row, passcode: Passcode) -> Result<AccessCode> {
    let id = row.parsed("id", CodeId::parse)?;
    let grace = ExitGrace::from_minutes(super::number(row, "exit_grace_min")?);
    Ok(AccessCode {
        id,
        intercom: row.parsed("intercom_id", IntercomId::parse)?,
        passcode,
        issued_at: row.moment("issued_at")?,
        expires_at: row.moment("expires_at")?,
        exit_grace: grace.map_err(|error| Fault::corrupt("codes", id, error))?,
        guard: LinkGuard {
            wrong_tries: super::number(row, "wrong_tries")?,
            wait_until: row.moment_if_any("wait_until")?,
            locked_at: row.moment_if_any("locked_at")?,
        },
        entry: leg_of(row, "entry_attempt", "entered_at")?,
        exit: leg_of(row, "exit_attempt", "left_at")?,
        end: end_of(row)?,
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use domain::Dice;

    use super::*;
    use crate::database::in_transaction;
    use crate::{Keys, Store};

    struct Sevens;

    impl Dice for Sevens {
        fn roll(&self, into: &mut [u8]) {
            into.fill(7);
        }
    }

    #[tokio::test]
    async fn a_code_from_before_there_were_commitments_is_read_and_proves_no_guest() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("fluss.db").display());
        let keys = Keys { seal: [1; 32], pepper: [2; 32] };
        let store = Store::open(&url, &keys, Arc::new(Sevens)).await.unwrap();
        let vault = Arc::clone(&store.inner.vault);
        let (id, intercom) = (CodeId::from_bytes([1; 16]), IntercomId::from_bytes([2; 16]));
        let (link, reference) = (LinkToken::random(&Sevens), Reference::random(&Sevens));
        let (link, reference) = (link.reveal(), reference.reveal());
        let fields = ["0427", &link, &reference, "Thandi", "+27821234567"];
        let sealed = vault.seal(&row_name(id, intercom), &fields).unwrap();
        let (pass, opening) = in_transaction!(store.inner.db, |tx| {
            let row = sql("SELECT $1 AS id, $2 AS intercom_id, $3 AS sealed, $4 AS issued_by,
                                  1 AS issued_at, 2 AS expires_at, 0 AS wrong_tries,
                                  10 AS limit_at_issue, NULL AS erased_at, NULL AS wait_until,
                                  NULL AS locked_at, NULL AS entry_attempt, NULL AS entered_at,
                                  NULL AS exit_attempt, NULL AS left_at, NULL AS revoked_at,
                                  NULL AS effective_at, NULL AS ended_at,
                                  0 AS exit_grace_min");
            let row = row.bind(id).bind(intercom).bind(sealed);
            let row = row.bind(UserId::from_bytes([3; 16])).one(tx).await?;
            Ok((pass_of(&vault, &row)?, opening_of(&vault, &row)?))
        })
        .unwrap();
        assert_eq!(pass.unwrap().guest.name.as_str(), "Thandi");
        assert_eq!(opening, None);
    }
}
