//! Whether the gates are there where guests are expected; their owners hear at once when not.
//!
//! Which gates are away is read, so it does not matter how they went: they left, were barred, or
//! never came back after the service began anew.

use std::sync::Arc;

use domain::event::EventKind;
use domain::name::DeviceName;
use domain::permission::Act;
use domain::settings::ExitGrace;
use domain::visit::{GATE_ALERTS_REST, GATE_COMES_BACK};
use domain::{GateId, IntercomId, Timestamp, UserId};

use crate::database::{in_transaction, reading};
use crate::events::{About, record};
use crate::gates::lock_gate;
use crate::intercoms::{SettingsRefusal, intercom, lock_devices};
use crate::row::code::still_opens;
use crate::row::device::settings_with;
use crate::sql::{Row, Tx, sql};
use crate::transfers::{is_whole, same_owner};
use crate::{Answer, Result, Visits};

/// How an intercom stands for the guests who are expected there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Readiness {
    /// The gates of its settings that cannot be reached, by their names.
    pub away: Vec<DeviceName>,
    /// Whether a gate of its settings is not the owner's any more, so that no code opens (O-8b).
    pub is_suspended: bool,
}

impl Visits {
    /// Tells owners of gates that went away while guests are expected there, and that they are
    /// back; answers how many were told. `since` is when the service began: whom it had not seen
    /// by then gets some time to come. A gate that flaps is told once in [`GATE_ALERTS_REST`];
    /// that nobody is expected any more ends an alert without a word.
    pub async fn tell_of_gates(&self, since: Timestamp, now: Timestamp) -> Result<usize> {
        let mut told = 0;
        for (intercom, gate) in self.needed_no_more(now).await? {
            in_transaction!(self.0.db, |tx| {
                let forget = sql("DELETE FROM gate_alerts
                                  WHERE intercom_id = $1 AND gate_id = $2 AND back_at IS NULL");
                forget.bind(intercom).bind(gate).execute(tx).await.map(drop)
            })?;
        }
        for (intercom, gate) in self.away(since, now).await? {
            let vault = Arc::clone(&self.0.vault);
            told += in_transaction!(self.0.db, |tx| {
                // Writing first takes the locks: the gate may have come back meanwhile, or be
                // somebody else's, whose alerts were forgotten.
                lock_devices(tx, vec![gate.to_string(), intercom.to_string()]).await?;
                let Some(row) = lock_gate(tx, gate).await? else { return Ok(0) };
                if row.moment_if_any("ready_at")?.is_some()
                    || !same_owner(tx, intercom, gate).await?
                {
                    return Ok(0);
                }
                let first = sql("INSERT INTO gate_alerts (intercom_id, gate_id, told_at)
                                 VALUES ($1, $2, $3)
                                 ON CONFLICT (intercom_id, gate_id)
                                 DO UPDATE SET told_at = excluded.told_at, back_at = NULL
                                 WHERE gate_alerts.back_at IS NOT NULL
                                   AND gate_alerts.told_at <= $4");
                let first = first.bind(intercom).bind(gate).bind(now).bind(now - GATE_ALERTS_REST);
                if first.execute(tx).await? == 0 {
                    return Ok(0);
                }
                let about = About::default().intercom(intercom).gate(gate);
                record(tx, &vault, EventKind::VisitGateOffline, about, now).await?;
                Ok(1)
            })?;
        }
        for (intercom, gate) in self.back().await? {
            let vault = Arc::clone(&self.0.vault);
            told += in_transaction!(self.0.db, |tx| {
                let first = sql("UPDATE gate_alerts SET back_at = $3
                                 WHERE intercom_id = $1 AND gate_id = $2 AND back_at IS NULL");
                if first.bind(intercom).bind(gate).bind(now).execute(tx).await? == 0 {
                    return Ok(0);
                }
                // What became of a gate that is somebody else's now is not theirs to hear.
                if !same_owner(tx, intercom, gate).await? {
                    return Ok(0);
                }
                let about = About::default().intercom(intercom).gate(gate);
                record(tx, &vault, EventKind::VisitGateOnline, about, now).await?;
                Ok(1)
            })?;
        }
        Ok(told)
    }

    /// How an intercom stands now, for who may send guests there; none when its settings were
    /// never saved.
    pub async fn readiness(
        &self,
        user: UserId,
        device: String,
        now: Timestamp,
    ) -> Answer<Option<Readiness>, SettingsRefusal> {
        reading!(self.0.db, |tx| {
            let id = match intercom(tx, &device, user, Act::UseOneTimeAccess, now).await? {
                Ok(id) => id,
                Err(refusal) => return Ok(Err(refusal)),
            };
            readiness(tx, id, now).await.map(Ok)
        })
    }

    /// Gates that are away where a code is live, or a guest who is inside may still leave, and that
    /// were not told yet.
    async fn away(&self, since: Timestamp, now: Timestamp) -> Result<Vec<(IntercomId, GateId)>> {
        let is_new = now < since + GATE_COMES_BACK;
        let not_before = if is_new { since } else { Timestamp::from_millis(0) };
        reading!(self.0.db, |tx| {
            let away = sql(concat!(
                "SELECT s.intercom_id, g.id AS gate_id FROM gates g
                            JOIN settings s ON s.entry_gate_id = g.id OR s.exit_gate_id = g.id
                            JOIN devices i ON i.id = s.intercom_id
                            JOIN devices d ON d.id = g.id AND d.owner_id = i.owner_id
                            LEFT JOIN gate_alerts a
                                ON a.intercom_id = s.intercom_id AND a.gate_id = g.id
                            WHERE g.ready_at IS NULL AND $2 <= g.missed_from AND g.missed_from <= $1
                              AND (a.told_at IS NULL OR (a.back_at IS NOT NULL AND a.told_at <= $3))
                              AND EXISTS (SELECT 1 FROM codes c
                                  WHERE c.intercom_id = s.intercom_id AND $4 < c.expires_at
                                    AND ",
                still_opens!("$1"),
                ")"
            ));
            let away = away.bind(now).bind(not_before).bind(now - GATE_ALERTS_REST);
            let rows = away.bind(now - ExitGrace::LONGEST).all(tx).await?;
            rows.iter().map(pair).collect()
        })
    }

    /// Alerts of intercoms at which nobody is expected any more, or not at that gate.
    async fn needed_no_more(&self, now: Timestamp) -> Result<Vec<(IntercomId, GateId)>> {
        reading!(self.0.db, |tx| {
            let over = sql(concat!(
                "SELECT a.intercom_id, a.gate_id FROM gate_alerts a
                            WHERE a.back_at IS NULL AND (NOT EXISTS (SELECT 1 FROM settings s
                                WHERE s.intercom_id = a.intercom_id
                                  AND a.gate_id IN (s.entry_gate_id, s.exit_gate_id))
                              OR NOT EXISTS (SELECT 1 FROM codes c
                                WHERE c.intercom_id = a.intercom_id AND $2 < c.expires_at
                                  AND ",
                still_opens!("$1"),
                "))"
            ));
            let over = over.bind(now).bind(now - ExitGrace::LONGEST).all(tx).await?;
            over.iter().map(pair).collect()
        })
    }

    /// Gates that were told to be away, and are there.
    async fn back(&self) -> Result<Vec<(IntercomId, GateId)>> {
        reading!(self.0.db, |tx| {
            let back = sql("SELECT a.intercom_id, a.gate_id FROM gate_alerts a
                            JOIN gates g ON g.id = a.gate_id
                            WHERE a.back_at IS NULL AND g.ready_at IS NOT NULL");
            back.all(tx).await?.iter().map(pair).collect()
        })
    }
}

/// How an intercom stands; none when its settings were never saved.
async fn readiness(tx: &mut Tx, id: IntercomId, now: Timestamp) -> Result<Option<Readiness>> {
    let Some(settings) = settings_with(tx, id).await? else { return Ok(None) };
    let mut gates =
        [domain::Leg::Entry, domain::Leg::Exit].map(|leg| settings.gate_for(leg)).to_vec();
    gates.dedup();
    let mut away = Vec::new();
    for gate in gates {
        let row =
            sql("SELECT g.*, d.name FROM gates g JOIN devices d ON d.id = g.id WHERE g.id = $1");
        let row = row.bind(gate).one(tx).await?;
        // Whether somebody else's gate is there is not for its former owner to see.
        let is_theirs = same_owner(tx, id, gate).await?;
        if is_theirs && crate::row::device::gate_of(&row)?.ready(now).is_none() {
            away.push(row.parsed("name", DeviceName::parse)?);
        }
    }
    Ok(Some(Readiness { away, is_suspended: !is_whole(tx, id).await? }))
}

/// Forgets what was told of a device that goes from one account to another, or to none: whoever has
/// it next is warned themselves, and hears no end of what they were not told. Under its lock.
pub(crate) async fn forget_alerts(tx: &mut Tx, device: &str) -> Result<()> {
    let forget = sql("DELETE FROM gate_alerts WHERE intercom_id = $1 OR gate_id = $1");
    forget.bind(device).execute(tx).await.map(drop)
}

fn pair(row: &Row) -> Result<(IntercomId, GateId)> {
    let intercom = row.parsed("intercom_id", IntercomId::parse)?;
    Ok((intercom, row.parsed("gate_id", GateId::parse)?))
}
