//! Numbers that are sent pins though their country is blocked: for operators, case by case (A16).
//!
//! Each is a record of who allowed it, why, and until when, and stays one when it has ended.

use std::sync::Arc;
use std::time::Duration;

use domain::event::EventKind;
use domain::{ExceptionId, PhoneNumber, Timestamp};

use crate::database::{in_transaction, reading};
use crate::events::{About, record};
use crate::logins::phone_digest;
use crate::sql::{Row, Tx, sql};
use crate::vault::Vault;
use crate::{Fault, Inner, Result};

/// How long the record of an exception is kept after its end.
const KEPT: Duration = Duration::from_hours(365 * 24);

/// The door of an operator who makes exceptions.
#[derive(Clone)]
pub struct Exceptions(pub(crate) Arc<Inner>);

/// A number that is sent pins though its country is blocked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// Its id, by which events name it.
    pub id: ExceptionId,
    /// The number.
    pub phone: PhoneNumber,
    /// Pins are sent while `now < until`.
    pub until: Timestamp,
    /// The reason.
    pub why: String,
    /// Who allowed it.
    pub by: String,
    /// When.
    pub allowed_at: Timestamp,
    /// Since when it does not hold any more, though its time was not over.
    pub revoked_at: Option<Timestamp>,
}

impl Exceptions {
    /// Makes an exception of a number; one that was made before ends.
    pub async fn allow(
        &self,
        phone: PhoneNumber,
        until: Timestamp,
        why: String,
        by: String,
        now: Timestamp,
    ) -> Result<ExceptionId> {
        let vault = Arc::clone(&self.0.vault);
        in_transaction!(self.0.db, |tx| {
            let number = phone_digest(&vault, &phone);
            end(tx, &vault, number, now).await?;
            let id = ExceptionId::new(vault.dice(), now);
            sql("INSERT INTO country_exceptions (id, phone_digest, sealed, until_at, allowed_at)
                 VALUES ($1, $2, $3, $4, $5)")
            .bind(id)
            .bind(number)
            .bind(vault.seal(&id.to_string(), &[phone.reveal(), &why, &by])?)
            .bind(until)
            .bind(now)
            .execute(tx)
            .await?;
            let about = About::default().exception(id);
            record(tx, &vault, EventKind::CountryExceptionMade, about, now).await?;
            Ok(id)
        })
    }

    /// All that are on record, the latest first.
    pub async fn list(&self) -> Result<Vec<Exception>> {
        let vault = Arc::clone(&self.0.vault);
        reading!(self.0.db, |tx| {
            let rows = sql("SELECT * FROM country_exceptions ORDER BY id DESC").all(tx).await?;
            rows.iter().map(|row| exception_of(&vault, row)).collect()
        })
    }

    /// Ends the exception of a number; false when there is none.
    pub async fn revoke(&self, phone: PhoneNumber, now: Timestamp) -> Result<bool> {
        let vault = Arc::clone(&self.0.vault);
        in_transaction!(self.0.db, |tx| {
            let number = phone_digest(&vault, &phone);
            end(tx, &vault, number, now).await
        })
    }
}

/// Until when the number may be sent pins, by the exception that was not revoked.
pub(crate) async fn standing(tx: &mut Tx, number: [u8; 32]) -> Result<Option<Timestamp>> {
    let until = sql("SELECT until_at FROM country_exceptions
                     WHERE phone_digest = $1 AND revoked_at IS NULL");
    let until = until.bind(number).optional(tx).await?;
    until.map(|row| row.moment("until_at")).transpose()
}

/// Forgets what ended long ago.
pub(crate) async fn sweep(tx: &mut Tx, now: Timestamp) -> Result<()> {
    let old = sql("DELETE FROM country_exceptions WHERE until_at < $1 OR revoked_at < $1");
    old.bind(now - KEPT).execute(tx).await.map(drop)
}

pub(crate) async fn end(
    tx: &mut Tx,
    vault: &Vault,
    number: [u8; 32],
    now: Timestamp,
) -> Result<bool> {
    let ended = sql("UPDATE country_exceptions SET revoked_at = $2
                     WHERE phone_digest = $1 AND revoked_at IS NULL RETURNING id");
    let ended = ended.bind(number).bind(now).optional(tx).await?;
    let Some(row) = ended else { return Ok(false) };
    let about = About::default().exception(row.parsed("id", ExceptionId::parse)?);
    record(tx, vault, EventKind::CountryExceptionRevoked, about, now).await?;
    Ok(true)
}

pub(crate) fn exception_of(vault: &Vault, row: &Row) -> Result<Exception> {
    let id = row.parsed("id", ExceptionId::parse)?;
    let sealed: Vec<u8> = row.take("sealed")?;
    let [phone, why, by] = vault.open(&id.to_string(), &sealed)?;
    let phone = PhoneNumber::from_kept(&phone);
    let phone = phone.map_err(|error| Fault::corrupt("country_exceptions", id, error))?;
    Ok(Exception {
        id,
        phone,
        until: row.moment("until_at")?,
        why,
        by,
        allowed_at: row.moment("allowed_at")?,
        revoked_at: row.moment_if_any("revoked_at")?,
    })
}
