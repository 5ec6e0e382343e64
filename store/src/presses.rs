//! Gates that open without a code, for whoever may open them: from the app, or by an API key.
//!
//! The locks are the rows of the device, which says whose it is, and of the gate. Whether the right
//! still holds is asked again when the command is claimed, and while it is on the wire.

use std::sync::Arc;

use domain::api_key::Verb;
use domain::attempt::{Occasion, Press};
use domain::permission::{Act, Denied};
use domain::press::{GateOffline, Pressed, press};
use domain::{ApiKeyId, Attempt, AttemptId, GateId, Timestamp, UserId};

use crate::api_keys::is_good_for;
use crate::attempts::ASK_AGAIN;
use crate::database::in_transaction;
use crate::events::About;
use crate::gates::lock_gate;
use crate::intercoms::lock_device;
use crate::redeem::{reserved, target_at};
use crate::row::attempt::attempt_of;
use crate::row::device::role_of;
use crate::row::unless_corrupt;
use crate::sql::{Tx, sql};
use crate::{Answer, Inner, Result};

/// Opening gates without a code.
#[derive(Clone)]
pub struct Presses(pub(crate) Arc<Inner>);

/// Somebody presses "open".
#[derive(Clone, Debug)]
pub struct Open {
    /// Whose right it is.
    pub user: UserId,
    /// The key that presses for them, if they do not themselves.
    pub api_key: Option<ApiKeyId>,
    /// At which device.
    pub device: String,
    /// Names this press of the button: pressed again, it is the same attempt.
    pub key: String,
}

/// Why a gate is not asked to open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenRefusal {
    /// Not theirs to open.
    Denied(Denied),
    /// An intercom has no motor.
    NotAGate,
    /// The gate cannot be reached; nothing was made and nothing is sent later.
    GateOffline,
}

impl Presses {
    /// Makes the command for a gate, or says why not. A press that follows another of the same
    /// person at once is that one.
    pub async fn open(&self, open: Open, now: Timestamp) -> Answer<Attempt, OpenRefusal> {
        let vault = Arc::clone(&self.0.vault);
        in_transaction!(self.0.db, |tx| {
            let Open { user, api_key, device, key } = open;
            let Ok(gate) = GateId::parse(&device) else {
                let role = role_of(tx, &device, user, now).await?;
                let seen = role.may(Act::SeeDevice).map_err(OpenRefusal::Denied);
                return Ok(seen.and(Err(OpenRefusal::NotAGate)));
            };
            lock_device(tx, &device).await?;
            lock_gate(tx, gate).await?;
            let presser = Press { user, api_key };
            // Two systems of one owner may count their presses alike.
            let key = api_key.map_or(key.clone(), |id| format!("{id}/{key}"));
            hold_right(tx, gate, presser).await?;
            if let Err(denied) = may_press(tx, gate, presser, now).await? {
                return Ok(Err(OpenRefusal::Denied(denied)));
            }
            if let Some(attempt) = pressed_before(tx, gate, user, &key).await? {
                return Ok(Ok(attempt));
            }
            let (target, last) = (target_at(tx, gate).await?, last_press(tx, gate, user).await?);
            let id = AttemptId::new(vault.dice(), now);
            Ok(match press(presser, target, last, id, now) {
                Err(GateOffline) => Err(OpenRefusal::GateOffline),
                Ok(Pressed::Before(attempt)) => {
                    // Repeated later, it must not become a press of its own.
                    remember(tx, &attempt, user, &key, now).await?;
                    Ok(attempt)
                }
                Ok(Pressed::New(attempt)) => {
                    reserved(tx, &vault, &attempt, &key, About::default().by(user), now).await?;
                    Ok(attempt)
                }
            })
        })
    }
}

/// Whether somebody may open a gate without a code at this moment.
pub(crate) async fn may_open(
    tx: &mut Tx,
    gate: GateId,
    user: UserId,
    now: Timestamp,
) -> Result<std::result::Result<(), Denied>> {
    Ok(role_of(tx, &gate.to_string(), user, now).await?.may(Act::OpenGate))
}

/// The same for a key that presses for somebody: it may nothing that they may not.
async fn may_press(
    tx: &mut Tx,
    gate: GateId,
    press: Press,
    now: Timestamp,
) -> Result<std::result::Result<(), Denied>> {
    if let Some(key) = press.api_key
        && !is_good_for(tx, key, &gate.to_string(), Verb::Trigger).await?
    {
        return Ok(Err(Denied::Unknown));
    }
    may_open(tx, gate, press.user, now).await
}

/// Keeps what a press is allowed by as it is until the commit: nobody takes it away in between.
/// Asked under the locks of the device, which says whose it is, and of the gate.
pub(crate) async fn hold_right(tx: &mut Tx, gate: GateId, press: Press) -> Result<()> {
    sql("UPDATE shares SET shared_at = shared_at WHERE device_id = $1 AND user_id = $2")
        .bind(gate.to_string())
        .bind(press.user)
        .execute(tx)
        .await?;
    if let Some(key) = press.api_key {
        let hold = sql("UPDATE api_keys SET made_at = made_at WHERE id = $1");
        hold.bind(key).execute(tx).await?;
    }
    Ok(())
}

/// Whether who pressed still may. For a visit its code decides.
pub(crate) async fn has_right(tx: &mut Tx, attempt: &Attempt, now: Timestamp) -> Result<bool> {
    match attempt.occasion {
        Occasion::Visit(_) => Ok(true),
        Occasion::Press(press) => {
            may_press(tx, attempt.gate, press, now).await.map(|may| may.is_ok())
        }
    }
}

/// Presses on the wire whose right was taken away since; not asked about a moment ago.
pub(crate) async fn presses_to_cancel(tx: &mut Tx, now: Timestamp) -> Result<Vec<Attempt>> {
    let rows = sql("SELECT a.* FROM attempts a JOIN gates g ON g.id = a.gate_id
                    WHERE a.state = 'sent' AND a.opened_by IS NOT NULL AND $1 <= a.deadline_at
                      AND g.ready_at IS NOT NULL AND g.hardware_since <= a.epoch
                      AND (a.asked_at IS NULL OR a.asked_at <= $2)
                    ORDER BY a.reserved_at, a.id LIMIT 256")
    .bind(now)
    .bind(now - ASK_AGAIN)
    .all(tx)
    .await?;
    let mut to_cancel = Vec::new();
    for row in rows {
        let Some(attempt) = unless_corrupt(attempt_of(&row))? else { continue };
        if !has_right(tx, &attempt, now).await? {
            to_cancel.push(attempt);
        }
    }
    Ok(to_cancel)
}

/// The attempt that the same press of the button led to before.
async fn pressed_before(
    tx: &mut Tx,
    gate: GateId,
    user: UserId,
    key: &str,
) -> Result<Option<Attempt>> {
    let row = sql("SELECT * FROM attempts
                   WHERE gate_id = $1 AND opened_by = $2 AND request_key = $3
                   UNION ALL
                   SELECT a.* FROM press_repeats r JOIN attempts a ON a.id = r.attempt_id
                   WHERE r.gate_id = $1 AND r.opened_by = $2 AND r.request_key = $3");
    let row = row.bind(gate).bind(user).bind(key).optional(tx).await?;
    row.map(|row| attempt_of(&row)).transpose()
}

/// Remembers that a press was answered with what another one had led to.
async fn remember(
    tx: &mut Tx,
    attempt: &Attempt,
    user: UserId,
    key: &str,
    now: Timestamp,
) -> Result<()> {
    let repeat = sql("INSERT INTO press_repeats (gate_id, opened_by, request_key, attempt_id, at)
                      VALUES ($1, $2, $3, $4, $5)");
    let repeat = repeat.bind(attempt.gate).bind(user).bind(key).bind(attempt.id).bind(now);
    repeat.execute(tx).await.map(drop)
}

/// The last press of a person at a gate: one that is open, whatever clock it was made by, or else
/// the latest.
async fn last_press(tx: &mut Tx, gate: GateId, user: UserId) -> Result<Option<Attempt>> {
    let open = sql("SELECT a.* FROM attempts a JOIN gates g ON g.id = a.gate_id
                    WHERE a.gate_id = $1 AND a.opened_by = $2 AND a.state IN ('pending', 'sent')
                      AND g.hardware_since <= a.epoch LIMIT 1");
    if let Some(row) = open.bind(gate).bind(user).optional(tx).await? {
        return attempt_of(&row).map(Some);
    }
    let row = sql("SELECT * FROM attempts WHERE gate_id = $1 AND opened_by = $2
                   ORDER BY reserved_at DESC, id DESC LIMIT 1");
    let row = row.bind(gate).bind(user).optional(tx).await?;
    row.map(|row| attempt_of(&row)).transpose()
}
