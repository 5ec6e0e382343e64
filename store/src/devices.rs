//! Devices: made with a label, claimed by their owner, named. What a gate proves itself by is in
//! `identity`.

use std::sync::Arc;

use domain::event::EventKind;
use domain::gate::{Gate, PulseGap};
use domain::name::DeviceName;
use domain::permission::{Act, Denied, Role};
use domain::secret::{BoardToken, ClaimCode, EnrolmentSecret};
use domain::{GateId, IntercomId, Plan, Timestamp, UserId};

use crate::database::{in_transaction, reading};
use crate::erasure::lock_user;
use crate::events::{About, record};
use crate::identity::{about, gate_of_actor};
use crate::intercoms::lock_device;
use crate::plans::plan_in;
use crate::removals::tell_of_arrival;
use crate::row::device::{gate_of, kind_of, role_in, role_of};
use crate::sql::{Row, Tx, sql};
use crate::transfers::lock_all;
use crate::vault::{Purpose, Vault};
use crate::{Actor, Answer, GateRefusal, Inner, Result};

/// Gates and intercoms.
#[derive(Clone)]
pub struct Devices(pub(crate) Arc<Inner>);

/// What is printed on a new device and kept here only as digests.
#[derive(Clone, Debug)]
pub struct Label {
    /// Its serial number.
    pub serial: String,
    /// Its name until the owner gives another.
    pub name: DeviceName,
    /// The zone in which its times are told, like `Africa/Johannesburg`.
    pub time_zone: String,
    /// Claims it once, for its owner.
    pub claim_code: ClaimCode,
}

/// The two kinds (X21).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeviceKind {
    /// Gets triggers.
    Gate(GateId),
    /// Issues codes; a printed board.
    Intercom {
        /// Which.
        id: IntercomId,
        /// What its QR says.
        board: BoardToken,
    },
}

/// A device as somebody with a role sees it.
#[derive(Clone, Debug)]
pub struct Device {
    /// Gate or intercom.
    pub kind: DeviceKind,
    /// Its serial number.
    pub serial: String,
    /// Its name.
    pub name: DeviceName,
    /// Its time zone.
    pub time_zone: String,
    /// What the asker is to it.
    pub role: Role,
    /// What it is used for, where its owner has said it.
    pub plan: Option<Plan>,
    /// A gate's conversation with the service.
    pub gate: Option<Gate>,
    /// What a gate last said of itself, if it ever did.
    pub last_report: Option<LastReport>,
    /// Whether an intercom's one-time access settings were ever saved (C04).
    pub has_settings: bool,
}

/// What a gate last said of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastReport {
    /// When: a gate says hello when it connects, and every half an hour while it stays.
    pub at: Timestamp,
    /// Its firmware.
    pub firmware: String,
}

/// Why a device was not claimed, or that it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claimed {
    /// No device has this claim code.
    Unknown,
    /// It is on an account already (I-1a).
    Already,
}

impl DeviceKind {
    /// The device's id as text.
    pub fn id(&self) -> String {
        match self {
            Self::Gate(id) => id.to_string(),
            Self::Intercom { id, .. } => id.to_string(),
        }
    }
}

impl Devices {
    /// Takes a new gate into the books.
    pub async fn make_gate(
        &self,
        id: GateId,
        label: Label,
        secret: EnrolmentSecret,
        now: Timestamp,
    ) -> Result<()> {
        let vault = Arc::clone(&self.0.vault);
        in_transaction!(self.0.db, |tx| {
            make(tx, &vault, &DeviceKind::Gate(id), &label, now).await?;
            sql("INSERT INTO gates (id, secret_digest, epoch, hello_at, missed_from, firmware)
                 VALUES ($1, $2, 0, $3, $3, '')")
            .bind(id)
            .bind(vault.digest(Purpose::EnrolmentSecret, &[secret.reveal_bytes()]))
            .bind(now)
            .execute(tx)
            .await?;
            Ok(())
        })
    }

    /// Takes a new intercom into the books.
    pub async fn make_intercom(
        &self,
        id: IntercomId,
        label: Label,
        board: BoardToken,
        now: Timestamp,
    ) -> Result<()> {
        let vault = Arc::clone(&self.0.vault);
        in_transaction!(self.0.db, |tx| {
            make(tx, &vault, &DeviceKind::Intercom { id, board }, &label, now).await
        })
    }

    /// Puts a device on its owner's account, once. The same owner may ask again. What somebody else
    /// took off their account comes without its past, its plan and its name.
    pub async fn claim(
        &self,
        owner: UserId,
        claim_code: ClaimCode,
        name: Option<DeviceName>,
        now: Timestamp,
    ) -> Answer<Device, Claimed> {
        let vault = Arc::clone(&self.0.vault);
        in_transaction!(self.0.db, |tx| {
            let digest = vault.digest(Purpose::ClaimCode, &[claim_code.reveal_bytes()]);
            let row = sql("SELECT * FROM devices WHERE claim_digest = $1").bind(digest);
            let Some(row) = row.optional(tx).await? else { return Ok(Err(Claimed::Unknown)) };
            let id = kind_of(&row)?.id();
            let intercoms = lock_all(tx, vec![id.clone()]).await?;
            // What was true before the lock may be so no more.
            let row = sql("SELECT owner_id, taken_off_by FROM devices
                           WHERE id = $1 AND claim_digest = $2");
            let row = row.bind(id.as_str()).bind(digest).optional(tx).await?;
            let Some(row) = row else { return Ok(Err(Claimed::Unknown)) };
            if !lock_user(tx, owner).await? {
                return Ok(Err(Claimed::Unknown));
            }
            match row.parsed_if_any("owner_id", UserId::parse)? {
                Some(other) if other != owner => return Ok(Err(Claimed::Already)),
                Some(_) => {}
                None => {
                    let before = row.parsed_if_any("taken_off_by", UserId::parse)?;
                    if before.is_some_and(|before| before != owner) {
                        forget_past(tx, &id, now).await?;
                    }
                    let claim = sql("UPDATE devices SET owner_id = $2, claimed_at = $3,
                                                        taken_off_by = NULL
                                     WHERE id = $1");
                    claim.bind(id.clone()).bind(owner).bind(now).execute(tx).await?;
                    let about = About::default().by(owner).device(&id);
                    record(tx, &vault, EventKind::DeviceClaimed, about, now).await?;
                    tell_of_arrival(tx, &vault, intercoms, now).await?;
                }
            }
            if let Some(name) = name {
                rename(tx, &id, &name).await?;
            }
            seen_by(tx, &id, owner, now).await.map(Ok)
        })
    }

    /// All devices that somebody owns or shares, owned first, then by name.
    pub async fn of(&self, user: UserId, now: Timestamp) -> Result<Vec<Device>> {
        reading!(self.0.db, |tx| {
            let ids = sql("SELECT d.id FROM devices d
                           LEFT JOIN shares s ON s.device_id = d.id AND s.user_id = $1
                           WHERE d.owner_id = $1
                               OR (s.user_id = $1 AND (s.until_at IS NULL OR $2 < s.until_at))
                           ORDER BY CASE WHEN d.owner_id = $1 THEN 0 ELSE 1 END, d.name, d.id");
            let mut devices = Vec::new();
            for row in ids.bind(user).bind(now).all(tx).await? {
                devices.push(seen_by(tx, &row.take::<String>("id")?, user, now).await?);
            }
            Ok(devices)
        })
    }

    /// One device with its details.
    pub async fn details(
        &self,
        user: UserId,
        id: String,
        now: Timestamp,
    ) -> Answer<Device, Denied> {
        reading!(self.0.db, |tx| {
            if let Err(denied) = role_of(tx, &id, user, now).await?.may(Act::SeeDevice) {
                return Ok(Err(denied));
            }
            seen_by(tx, &id, user, now).await.map(Ok)
        })
    }

    /// Gives a device a name.
    pub async fn rename(
        &self,
        user: UserId,
        id: String,
        name: DeviceName,
        now: Timestamp,
    ) -> Answer<Device, Denied> {
        in_transaction!(self.0.db, |tx| {
            lock_device(tx, &id).await?;
            if let Err(denied) = role_of(tx, &id, user, now).await?.may(Act::Configure) {
                return Ok(Err(denied));
            }
            rename(tx, &id, &name).await?;
            seen_by(tx, &id, user, now).await.map(Ok)
        })
    }

    /// Sets the least time between two pulses of a gate (G-25). It keeps the older one until it has
    /// said hello again.
    pub async fn set_pulse_gap(
        &self,
        actor: Actor,
        device: String,
        gap: PulseGap,
        now: Timestamp,
    ) -> Answer<(), GateRefusal> {
        let vault = Arc::clone(&self.0.vault);
        in_transaction!(self.0.db, |tx| {
            let gate = match gate_of_actor(tx, actor, &device, now).await? {
                Ok(gate) => gate,
                Err(refusal) => return Ok(Err(refusal)),
            };
            let set = sql("UPDATE gates SET pulse_gap_ms = $2
                           WHERE id = $1 AND pulse_gap_ms <> $2");
            if set.bind(gate).bind(gap.as_ms()).execute(tx).await? != 0 {
                let about = about(actor, gate);
                record(tx, &vault, EventKind::DevicePulseGapSet, about, now).await?;
            }
            Ok(Ok(()))
        })
    }

    /// The intercom whose board carries this token, with its name and time zone.
    pub async fn board(&self, board: BoardToken) -> Result<Option<(IntercomId, DeviceName)>> {
        let row = reading!(self.0.db, |tx| {
            let row = sql("SELECT id, name FROM devices WHERE board_token = $1");
            row.bind(board.reveal()).optional(tx).await
        })?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some((row.parsed("id", IntercomId::parse)?, row.parsed("name", DeviceName::parse)?)))
    }
}

async fn make(
    tx: &mut Tx,
    vault: &Vault,
    kind: &DeviceKind,
    label: &Label,
    now: Timestamp,
) -> Result<()> {
    let (word, board) = match kind {
        DeviceKind::Gate(_) => ("gate", None),
        DeviceKind::Intercom { board, .. } => ("intercom", Some(board.reveal())),
    };
    sql("INSERT INTO devices (id, kind, serial, name, time_zone, claim_digest, board_token, made_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)")
    .bind(kind.id())
    .bind(word)
    .bind(label.serial.clone())
    .bind(label.name.as_str())
    .bind(label.time_zone.clone())
    .bind(vault.digest(Purpose::ClaimCode, &[label.claim_code.reveal_bytes()]))
    .bind(board)
    .bind(now)
    .execute(tx)
    .await?;
    Ok(())
}

async fn rename(tx: &mut Tx, id: &str, name: &DeviceName) -> Result<()> {
    let rename = sql("UPDATE devices SET name = $2 WHERE id = $1");
    rename.bind(id).bind(name.as_str()).execute(tx).await.map(drop)
}

/// From now on a device is somebody's to whom nothing of its past is told.
async fn forget_past(tx: &mut Tx, id: &str, now: Timestamp) -> Result<()> {
    let forget =
        sql("UPDATE devices SET told_since = $2, plan = NULL, name = serial WHERE id = $1");
    forget.bind(id).bind(now).execute(tx).await.map(drop)
}

pub(crate) async fn seen_by(tx: &mut Tx, id: &str, user: UserId, now: Timestamp) -> Result<Device> {
    let row: Row = sql("SELECT d.*, s.*, x.saved_at
                        FROM devices d
                        LEFT JOIN shares s ON s.device_id = d.id AND s.user_id = $2
                        LEFT JOIN settings x ON x.intercom_id = d.id
                        WHERE d.id = $1")
    .bind(id)
    .bind(user)
    .one(tx)
    .await?;
    let kind = kind_of(&row)?;
    let (gate, last_report) = match &kind {
        DeviceKind::Gate(gate) => {
            let row = sql("SELECT * FROM gates WHERE id = $1").bind(*gate).one(tx).await?;
            let gate = gate_of(&row)?;
            (Some(gate), last_report(&row, &gate)?)
        }
        DeviceKind::Intercom { .. } => (None, None),
    };
    Ok(Device {
        serial: row.take("serial")?,
        name: row.parsed("name", DeviceName::parse)?,
        time_zone: row.take("time_zone")?,
        role: role_in(&row, user, now)?,
        plan: plan_in(&row)?,
        gate,
        last_report,
        has_settings: row.moment_if_any("saved_at")?.is_some(),
        kind,
    })
}

/// Before its first hello a gate has said nothing.
fn last_report(row: &Row, gate: &Gate) -> Result<Option<LastReport>> {
    let at = gate.ready_at.map_or(gate.hello_at, |ready_at| ready_at.max(gate.hello_at));
    let firmware: String = row.take("firmware")?;
    Ok((!firmware.is_empty()).then_some(LastReport { at, firmware }))
}
