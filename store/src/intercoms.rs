//! An intercom's one-time access settings: read, and replaced as a whole.

use std::sync::Arc;

use domain::event::EventKind;
use domain::permission::{Act, Denied};
use domain::settings::{ExitGate, MaxUsers};
use domain::{GateId, IntercomId, Settings, Timestamp, UserId};

use crate::database::{in_transaction, reading};
use crate::events::{About, record};
use crate::row::device::{role_of, settings_of};
use crate::sql::{Tx, sql};
use crate::transfers::{is_whole, tell_codes};
use crate::{Answer, Inner, Result};

/// Settings of intercoms.
#[derive(Clone)]
pub struct Intercoms(pub(crate) Arc<Inner>);

/// Settings as they were saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SavedSettings {
    /// All five rows.
    pub settings: Settings,
    /// Raised by each save; 0 when never saved.
    pub version: u64,
}

/// Why settings are not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettingsRefusal {
    /// Not theirs to see.
    Denied(Denied),
    /// A gate has no such settings.
    NotAnIntercom,
}

/// Why settings are not saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SaveRefusal {
    /// As for reading.
    Settings(SettingsRefusal),
    /// Somebody saved meanwhile; these are theirs (O-4d).
    Stale(Option<SavedSettings>),
    /// The gate for this field is not on the owner's account, or is no gate (O-4b, O-4e).
    GateNotOwned {
        /// `entry_gate` or `exit_gate`.
        field: &'static str,
    },
}

impl Intercoms {
    /// The settings; none when they were never saved.
    pub async fn settings(
        &self,
        user: UserId,
        device: String,
        now: Timestamp,
    ) -> Answer<Option<SavedSettings>, SettingsRefusal> {
        reading!(self.0.db, |tx| {
            let id = match intercom(tx, &device, user, Act::ChangeSettings, now).await? {
                Ok(id) => id,
                Err(refusal) => return Ok(Err(refusal)),
            };
            saved(tx, id).await.map(Ok)
        })
    }

    /// How many codes may be active at once, for who may make them; none when settings were never
    /// saved.
    pub async fn max_users(
        &self,
        user: UserId,
        device: String,
        now: Timestamp,
    ) -> Answer<Option<MaxUsers>, SettingsRefusal> {
        reading!(self.0.db, |tx| {
            let id = match intercom(tx, &device, user, Act::UseOneTimeAccess, now).await? {
                Ok(id) => id,
                Err(refusal) => return Ok(Err(refusal)),
            };
            Ok(Ok(saved(tx, id).await?.map(|saved| saved.settings.max_users)))
        })
    }

    /// Replaces all settings, if nobody else did since `version` was read.
    pub async fn save(
        &self,
        user: UserId,
        device: String,
        settings: Settings,
        version: u64,
        now: Timestamp,
    ) -> Answer<SavedSettings, SaveRefusal> {
        let vault = Arc::clone(&self.0.vault);
        in_transaction!(self.0.db, |tx| {
            let exit = match settings.exit_gate {
                ExitGate::SameAsEntry => None,
                ExitGate::Gate(gate) => Some(gate),
            };
            // With the gates: none of them goes to somebody else meanwhile.
            let mut touched = vec![device.clone(), settings.entry_gate.to_string()];
            touched.extend(exit.map(|gate| gate.to_string()));
            lock_devices(tx, touched).await?;
            let id = match intercom(tx, &device, user, Act::ChangeSettings, now).await? {
                Ok(id) => id,
                Err(refusal) => return Ok(Err(SaveRefusal::Settings(refusal))),
            };
            let before = saved(tx, id).await?;
            let current = before.map_or(0, |saved| saved.version);
            if current != version {
                return Ok(Err(SaveRefusal::Stale(before)));
            }
            for (field, gate) in [("entry_gate", Some(settings.entry_gate)), ("exit_gate", exit)] {
                let Some(gate) = gate else { continue };
                if !owns_gate(tx, user, gate).await? {
                    return Ok(Err(SaveRefusal::GateNotOwned { field }));
                }
            }
            let was_whole = is_whole(tx, id).await?;
            sql("INSERT INTO settings (intercom_id, entry_gate_id, exit_gate_id, max_users,
                                       duration_hours, version, saved_at, saved_by,
                                       exit_grace_min)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
                 ON CONFLICT (intercom_id) DO UPDATE SET
                     entry_gate_id = excluded.entry_gate_id, exit_gate_id = excluded.exit_gate_id,
                     max_users = excluded.max_users, duration_hours = excluded.duration_hours,
                     version = excluded.version, saved_at = excluded.saved_at,
                     saved_by = excluded.saved_by, exit_grace_min = excluded.exit_grace_min")
            .bind(id)
            .bind(settings.entry_gate)
            .bind(exit)
            .bind(settings.max_users.codes())
            .bind(u32::from(settings.invite_duration.hours()))
            .bind(i64::try_from(current + 1).unwrap_or(i64::MAX))
            .bind(now)
            .bind(user)
            .bind(u32::from(settings.exit_grace.minutes()))
            .execute(tx)
            .await?;
            let about = About::default().by(user).intercom(id);
            record(tx, &vault, EventKind::SettingsSaved, about, now).await?;
            tell_codes(tx, &vault, id, was_whole, now).await?;
            Ok(Ok(SavedSettings { settings, version: current + 1 }))
        })
    }

    /// Since when guests in need of help are shown the owner's number; none while they are not.
    pub async fn guests_may_call(
        &self,
        user: UserId,
        device: String,
        now: Timestamp,
    ) -> Answer<Option<Timestamp>, SettingsRefusal> {
        reading!(self.0.db, |tx| {
            match intercom(tx, &device, user, Act::ChangeSettings, now).await? {
                Ok(id) => callable_since(tx, id).await.map(Ok),
                Err(refusal) => Ok(Err(refusal)),
            }
        })
    }

    /// Lets guests call the owner, or not any more; answers since when they may.
    pub async fn let_guests_call(
        &self,
        user: UserId,
        device: String,
        allowed: bool,
        now: Timestamp,
    ) -> Answer<Option<Timestamp>, SettingsRefusal> {
        let vault = Arc::clone(&self.0.vault);
        in_transaction!(self.0.db, |tx| {
            lock_device(tx, &device).await?;
            let id = match intercom(tx, &device, user, Act::ChangeSettings, now).await? {
                Ok(id) => id,
                Err(refusal) => return Ok(Err(refusal)),
            };
            let before = callable_since(tx, id).await?;
            if before.is_some() == allowed {
                return Ok(Ok(before));
            }
            let since = allowed.then_some(now);
            sql("UPDATE devices SET guests_may_call_since = $2 WHERE id = $1")
                .bind(id)
                .bind(since)
                .execute(tx)
                .await?;
            let about = About::default().by(user).intercom(id);
            record(tx, &vault, EventKind::SettingsSaved, about, now).await?;
            Ok(Ok(since))
        })
    }
}

/// The intercom with this id, if this user may do this with it.
pub(crate) async fn intercom(
    tx: &mut Tx,
    device: &str,
    user: UserId,
    act: Act,
    now: Timestamp,
) -> Answer<IntercomId, SettingsRefusal> {
    if let Err(denied) = role_of(tx, device, user, now).await?.may(act) {
        return Ok(Err(SettingsRefusal::Denied(denied)));
    }
    Ok(IntercomId::parse(device).map_err(|_| SettingsRefusal::NotAnIntercom))
}

/// Writing first takes the device's lock: saves and issues come one by one.
///
/// Everybody who locks more than one takes them in this order: gates, by their ids; then, with
/// those locked, the intercoms whose settings name them, by their ids; only afterwards people, what
/// a gate says (`lock_gate`), and codes. Ids sort like that by themselves: `gate_…`, `intercom_…`.
pub(crate) async fn lock_device(tx: &mut Tx, device: &str) -> Result<()> {
    sql("UPDATE devices SET kind = kind WHERE id = $1").bind(device).execute(tx).await.map(drop)
}

/// Locks several in everybody's order.
pub(crate) async fn lock_devices(tx: &mut Tx, mut devices: Vec<String>) -> Result<()> {
    devices.sort_unstable();
    devices.dedup();
    for device in devices {
        lock_device(tx, &device).await?;
    }
    Ok(())
}

async fn saved(tx: &mut Tx, id: IntercomId) -> Result<Option<SavedSettings>> {
    let row = sql("SELECT * FROM settings WHERE intercom_id = $1").bind(id).optional(tx).await?;
    let Some(row) = row else { return Ok(None) };
    let version = crate::row::number(&row, "version")?;
    Ok(Some(SavedSettings { settings: settings_of(&row)?, version }))
}

async fn callable_since(tx: &mut Tx, id: IntercomId) -> Result<Option<Timestamp>> {
    let row = sql("SELECT guests_may_call_since FROM devices WHERE id = $1").bind(id);
    row.one(tx).await?.moment_if_any("guests_may_call_since")
}

async fn owns_gate(tx: &mut Tx, user: UserId, gate: GateId) -> Result<bool> {
    let row = sql("SELECT 1 AS one FROM devices WHERE id = $1 AND owner_id = $2 AND kind = 'gate'");
    Ok(row.bind(gate).bind(user).optional(tx).await?.is_some())
}
