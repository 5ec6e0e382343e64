//! What happened, each row written in the transaction that made it true.

use std::sync::Arc;

use domain::event::EventKind;
use domain::{AttemptId, CodeId, EventId, ExceptionId, GateId, IntercomId, Timestamp, UserId};

use crate::database::reading;
use crate::sql::{Row, Tx, Value, sql};
use crate::vault::Vault;
use crate::{Inner, Result};

/// The story of what happened.
#[derive(Clone)]
pub struct Events(pub(crate) Arc<Inner>);

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happened {
    /// When.
    pub at: Timestamp,
    /// What, in the word of [`EventKind`].
    pub kind: String,
    /// Around which attempt, if any.
    pub attempt: Option<String>,
}

impl Events {
    /// All that happened to a code, oldest first.
    pub async fn of_code(&self, code: CodeId) -> Result<Vec<Happened>> {
        reading!(self.0.db, |tx| {
            let rows =
                sql("SELECT at, kind, attempt_id FROM events WHERE code_id = $1 ORDER BY id");
            rows.bind(code).all(tx).await?.iter().map(happened).collect()
        })
    }

    /// All that happened to an exception from a blocked country, oldest first.
    pub async fn of_exception(&self, exception: ExceptionId) -> Result<Vec<Happened>> {
        reading!(self.0.db, |tx| {
            let rows =
                sql("SELECT at, kind, attempt_id FROM events WHERE exception_id = $1 ORDER BY id");
            rows.bind(exception).all(tx).await?.iter().map(happened).collect()
        })
    }
}

fn happened(row: &Row) -> Result<Happened> {
    let (at, kind) = (row.moment("at")?, row.take("kind")?);
    Ok(Happened { at, kind, attempt: row.take("attempt_id")? })
}

/// What an event is about: ids only.
#[derive(Default)]
pub(crate) struct About {
    user: Option<UserId>,
    device: Option<String>,
    code: Option<CodeId>,
    attempt: Option<AttemptId>,
    exception: Option<ExceptionId>,
}

impl About {
    pub(crate) fn user(mut self, user: UserId) -> Self {
        self.user = Some(user);
        self
    }

    pub(crate) fn gate(mut self, gate: GateId) -> Self {
        self.device = Some(gate.to_string());
        self
    }

    pub(crate) fn intercom(mut self, intercom: IntercomId) -> Self {
        self.device = Some(intercom.to_string());
        self
    }

    pub(crate) fn device(mut self, device: &str) -> Self {
        self.device = Some(device.to_owned());
        self
    }

    pub(crate) fn code(mut self, code: CodeId) -> Self {
        self.code = Some(code);
        self
    }

    pub(crate) fn attempt(mut self, attempt: AttemptId) -> Self {
        self.attempt = Some(attempt);
        self
    }

    pub(crate) fn exception(mut self, exception: ExceptionId) -> Self {
        self.exception = Some(exception);
        self
    }
}

/// Writes down what this transaction makes true.
pub(crate) async fn record(
    tx: &mut Tx,
    vault: &Vault,
    kind: EventKind,
    about: About,
    now: Timestamp,
) -> Result<()> {
    sql("INSERT INTO events (id, at, kind, user_id, device_id, code_id, attempt_id,
                             exception_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)")
    .bind(EventId::new(vault.dice(), now))
    .bind(now)
    .bind(kind.as_str())
    .bind(about.user)
    .bind(Value::Text(about.device))
    .bind(about.code)
    .bind(about.attempt)
    .bind(about.exception)
    .execute(tx)
    .await?;
    Ok(())
}
