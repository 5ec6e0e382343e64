//! Devices, gates and settings.

use domain::gate::{Barred, Gate, PulseGap};
use domain::permission::Role;
use domain::secret::BoardToken;
use domain::settings::{ExitGate, ExitGrace, InviteDuration, MaxUsers};
use domain::{GateId, IntercomId, Settings, Timestamp, UserId};
use jiff::tz::TimeZone;

use crate::devices::DeviceKind;
use crate::row::share::share_of;
use crate::sql::{Row, Tx, sql};
use crate::{Fault, Result};

pub(crate) fn gate_of(row: &Row) -> Result<Gate> {
    Ok(Gate {
        id: row.parsed("id", GateId::parse)?,
        epoch: super::number(row, "epoch")?,
        hello_at: row.moment("hello_at")?,
        ready_at: row.moment_if_any("ready_at")?,
        barred: barred(row)?,
        hardware_since: super::number(row, "hardware_since")?,
        pulse_gap: pulse_gap(row, "pulse_gap_ms")?,
    })
}

/// Reads a least time between two pulses.
pub(crate) fn pulse_gap(row: &Row, column: &'static str) -> Result<PulseGap> {
    let ms = super::number(row, column)?;
    PulseGap::from_ms(ms).map_err(|error| Fault::corrupt("gates", column, error))
}

/// A revocation outlasts a quarantine: it takes new certificates to end it.
fn barred(row: &Row) -> Result<Option<Barred>> {
    let quarantined = row.moment_if_any("quarantined_at")?.map(|at| Barred::Quarantined { at });
    let revoked = row.moment_if_any("revoked_at")?.map(|at| Barred::Revoked { at });
    Ok(revoked.or(quarantined))
}

/// Reads a gate's conversation as it stands.
pub(crate) async fn gate_with(tx: &mut Tx, id: GateId) -> Result<Gate> {
    gate_of(&sql("SELECT * FROM gates WHERE id = $1").bind(id).one(tx).await?)
}

pub(crate) fn kind_of(row: &Row) -> Result<DeviceKind> {
    let (kind, id): (String, String) = (row.take("kind")?, row.take("id")?);
    let corrupt = || Fault::corrupt("devices", &id, format!("no {kind}"));
    match kind.as_str() {
        "gate" => Ok(DeviceKind::Gate(GateId::parse(&id).ok().ok_or_else(corrupt)?)),
        "intercom" => {
            let board = row.parsed_if_any("board_token", BoardToken::parse)?;
            let id = IntercomId::parse(&id).ok().ok_or_else(corrupt)?;
            Ok(DeviceKind::Intercom { id, board: board.ok_or_else(corrupt)? })
        }
        _ => Err(corrupt()),
    }
}

pub(crate) fn settings_of(row: &Row) -> Result<Settings> {
    let corrupt = |what: &'static str| Fault::corrupt("settings", what, "not on offer");
    let exit_gate = row.parsed_if_any("exit_gate_id", GateId::parse)?;
    Ok(Settings {
        entry_gate: row.parsed("entry_gate_id", GateId::parse)?,
        exit_gate: exit_gate.map_or(ExitGate::SameAsEntry, ExitGate::Gate),
        max_users: MaxUsers::new(super::number(row, "max_users")?)
            .map_err(|_| corrupt("max_users"))?,
        invite_duration: InviteDuration::from_hours(super::number(row, "duration_hours")?)
            .map_err(|_| corrupt("duration_hours"))?,
        exit_grace: ExitGrace::from_minutes(super::number(row, "exit_grace_min")?)
            .map_err(|_| corrupt("exit_grace_min"))?,
    })
}

/// The settings of an intercom, if they were ever saved.
pub(crate) async fn settings_with(tx: &mut Tx, id: IntercomId) -> Result<Option<Settings>> {
    let row = sql("SELECT * FROM settings WHERE intercom_id = $1").bind(id).optional(tx).await?;
    row.map(|row| settings_of(&row)).transpose()
}

/// What somebody is to a device now.
pub(crate) async fn role_of(
    tx: &mut Tx,
    device: &str,
    user: UserId,
    now: Timestamp,
) -> Result<Role> {
    let row = sql("SELECT d.owner_id, d.time_zone, s.*
                   FROM devices d LEFT JOIN shares s ON s.device_id = d.id AND s.user_id = $2
                   WHERE d.id = $1")
    .bind(device)
    .bind(user)
    .optional(tx)
    .await?;
    let Some(row) = row else { return Ok(Role::Stranger) };
    role_in(&row, user, now)
}

/// The same for one who writes: until that is done, nobody takes the share away (S-4).
pub(crate) async fn role_kept(
    tx: &mut Tx,
    device: &str,
    user: UserId,
    now: Timestamp,
) -> Result<Role> {
    sql("UPDATE shares SET shared_at = shared_at WHERE device_id = $1 AND user_id = $2")
        .bind(device)
        .bind(user)
        .execute(tx)
        .await?;
    role_of(tx, device, user, now).await
}

/// The same from a row that holds a share, if there is one, and its device's owner and time zone.
pub(crate) fn role_in(row: &Row, user: UserId, now: Timestamp) -> Result<Role> {
    let owner = row.parsed_if_any("owner_id", UserId::parse)?;
    let shared = row.moment_if_any("shared_at")?;
    match (owner, shared) {
        (Some(owner), _) if owner == user => Ok(Role::Owner),
        (Some(_), Some(_)) => Ok(share_of(row)?.role(zone_of(row)?.as_ref(), now)),
        (Some(_), None) | (None, _) => Ok(Role::Stranger),
    }
}

/// The zone in which the hours of a device are told; none, where this machine does not know it.
pub(crate) fn zone_of(row: &Row) -> Result<Option<TimeZone>> {
    Ok(TimeZone::get(&row.take::<String>("time_zone")?).ok())
}
