//! What a gate proves itself by, over its life: enrolled by a label, renewed by its own key,
//! revoked, released from quarantine, and one day other hardware in the same place.
//!
//! All of it happens under the lock of the gate's row, and of the device's where its label changes.

use std::sync::Arc;

use domain::event::EventKind;
use domain::gate::{RENEWAL_AGE, RENEWAL_PAUSE};
use domain::permission::{Act, Denied};
use domain::secret::{ClaimCode, EnrolmentSecret};
use domain::{GateId, Timestamp, UserId, roll};

use crate::database::{in_transaction, reading};
use crate::devices::seen_by;
use crate::events::{About, record};
use crate::gates::{close, lock_gate, nonce_of};
use crate::intercoms::{lock_device, lock_devices};
use crate::readiness::forget_alerts;
use crate::registry::{Registered, registered, welcome};
use crate::row::device::{gate_of, kind_of, role_of};
use crate::sql::{Row, Tx, sql};
use crate::vault::{Purpose, Vault};
use crate::{Answer, Certificate, Device, DeviceKind, Devices, Fingerprint, Result, Unwelcome};

/// Why a gate gets no certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Enrolment {
    /// No gate has this serial and secret.
    Unknown,
    /// It has been in use since: its label admits nobody any more.
    Already,
}

/// Why a gate's certificate is not renewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewal {
    /// It would not admit the gate either.
    Unwelcome(Unwelcome),
    /// It is young.
    TooEarly {
        /// From when on it is renewed.
        from: Timestamp,
    },
    /// It was renewed a moment ago.
    TooSoon {
        /// From when on it may be asked for again.
        until: Timestamp,
    },
}

/// Who acts upon a gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// Somebody signed in, who must be its owner.
    Person(UserId),
    /// Whoever runs the service.
    Operator,
}

/// Why nothing was done to a gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GateRefusal {
    /// They may not.
    Denied(Denied),
    /// It is no gate.
    NotAGate,
}

/// Why a gate's hardware was not replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replacement {
    /// Not this gate, or not by them.
    Gate(GateRefusal),
    /// No device has this claim code.
    Unknown,
    /// The device with this claim code is no gate, or was claimed or in use already.
    NotASpare,
}

impl Devices {
    /// Tells which gate may have a certificate for this label.
    ///
    /// A label admits until the gate's first hello, so that a lost answer can be asked for again.
    pub async fn enrolling(
        &self,
        serial: String,
        secret: EnrolmentSecret,
    ) -> Answer<GateId, Enrolment> {
        let vault = Arc::clone(&self.0.vault);
        reading!(self.0.db, |tx| {
            let gate = sql("SELECT g.* FROM gates g JOIN devices d ON d.id = g.id
                            WHERE d.serial = $1");
            labelled(&vault, gate.bind(serial).optional(tx).await?, &secret)
        })
    }

    /// Writes down the certificate a gate got; older ones of the gate are void from here on.
    pub async fn enrolled(
        &self,
        serial: String,
        secret: EnrolmentSecret,
        certificate: Certificate,
        now: Timestamp,
    ) -> Answer<GateId, Enrolment> {
        let vault = Arc::clone(&self.0.vault);
        in_transaction!(self.0.db, |tx| {
            // Writing first takes the gate's lock: of two enrolments the later voids the earlier.
            let gate = sql("UPDATE gates SET firmware = firmware
                            WHERE id = (SELECT id FROM devices WHERE serial = $1) RETURNING *");
            let gate = gate.bind(serial).optional(tx).await?;
            let gate = match labelled(&vault, gate, &secret)? {
                Ok(gate) => gate,
                Err(refusal) => return Ok(Err(refusal)),
            };
            revoke_all(tx, gate, now).await?;
            keep(tx, gate, certificate, now).await?;
            let enrolled =
                sql("UPDATE gates SET enrolled_at = $2, revoked_at = NULL WHERE id = $1");
            enrolled.bind(gate).bind(now).execute(tx).await?;
            record(tx, &vault, EventKind::DeviceEnrolled, About::default().gate(gate), now).await?;
            Ok(Ok(gate))
        })
    }

    /// Tells whose certificate this is, if it may be renewed now.
    pub async fn renewing(&self, present: Fingerprint, now: Timestamp) -> Answer<GateId, Renewal> {
        reading!(self.0.db, |tx| {
            let found = registered(tx, present).await?;
            renewable(tx, found, present, now).await
        })
    }

    /// Writes down the certificate that a gate got for a fresh key. The one in use holds until the
    /// new one is used; what was renewed before and never used is void.
    pub async fn renewed(
        &self,
        present: Fingerprint,
        certificate: Certificate,
        now: Timestamp,
    ) -> Answer<GateId, Renewal> {
        let vault = Arc::clone(&self.0.vault);
        in_transaction!(self.0.db, |tx| {
            let lock = sql("UPDATE gates SET firmware = firmware WHERE id =
                            (SELECT gate_id FROM certificates WHERE fingerprint = $1)");
            lock.bind(present.0).execute(tx).await?;
            let found = registered(tx, present).await?;
            let gate = match renewable(tx, found, present, now).await? {
                Ok(gate) => gate,
                Err(refusal) => return Ok(Err(refusal)),
            };
            sql("UPDATE certificates SET revoked_at = $2
                 WHERE gate_id = $1 AND revoked_at IS NULL AND used_at IS NULL
                   AND fingerprint <> $3")
            .bind(gate)
            .bind(now)
            .bind(present.0)
            .execute(tx)
            .await?;
            keep(tx, gate, certificate, now).await?;
            record(tx, &vault, EventKind::DeviceRenewed, About::default().gate(gate), now).await?;
            Ok(Ok(gate))
        })
    }

    /// Revokes all certificates of a gate; its label is dead, too. Only other hardware, or a fresh
    /// label, brings it back.
    pub async fn revoke(
        &self,
        actor: Actor,
        device: String,
        now: Timestamp,
    ) -> Answer<(), GateRefusal> {
        let vault = Arc::clone(&self.0.vault);
        in_transaction!(self.0.db, |tx| {
            let gate = match gate_of_actor(tx, actor, &device, now).await? {
                Ok(gate) => gate,
                Err(refusal) => return Ok(Err(refusal)),
            };
            // A label that was given out for a replacement is dead, too, so this is done whether or
            // not the gate is revoked already.
            let nobodys: [u8; 32] = roll(vault.dice());
            let label =
                sql("UPDATE gates SET enrolled_at = NULL, secret_digest = $2 WHERE id = $1");
            label.bind(gate).bind(nobodys).execute(tx).await?;
            revoke_all(tx, gate, now).await?;
            let revoke =
                sql("UPDATE gates SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL");
            if revoke.bind(gate).bind(now).execute(tx).await? != 0 {
                close(tx, &vault, gate, now).await?;
                record(tx, &vault, EventKind::DeviceRevoked, about(actor, gate), now).await?;
            }
            Ok(Ok(()))
        })
    }

    /// Lets a gate in again that was quarantined.
    pub async fn release(
        &self,
        actor: Actor,
        device: String,
        now: Timestamp,
    ) -> Answer<(), GateRefusal> {
        let vault = Arc::clone(&self.0.vault);
        in_transaction!(self.0.db, |tx| {
            let gate = match gate_of_actor(tx, actor, &device, now).await? {
                Ok(gate) => gate,
                Err(refusal) => return Ok(Err(refusal)),
            };
            let release = sql("UPDATE gates SET quarantined_at = NULL
                               WHERE id = $1 AND quarantined_at IS NOT NULL");
            if release.bind(gate).execute(tx).await? != 0 {
                record(tx, &vault, EventKind::DeviceReleased, about(actor, gate), now).await?;
            }
            Ok(Ok(()))
        })
    }

    /// Puts other hardware in a gate's place: a spare, known by the claim code on its label, that
    /// was never claimed and never said hello. Its own record vanishes; the gate keeps its id, its
    /// name, and all that refers to it. Asking again changes nothing.
    pub async fn replace(
        &self,
        owner: UserId,
        device: String,
        spare: ClaimCode,
        now: Timestamp,
    ) -> Answer<Device, Replacement> {
        let vault = Arc::clone(&self.0.vault);
        in_transaction!(self.0.db, |tx| {
            let actor = Actor::Person(owner);
            let claim_digest = vault.digest(Purpose::ClaimCode, &[spare.reveal_bytes()]);
            let found = sql("SELECT id FROM devices WHERE claim_digest = $1").bind(claim_digest);
            let found = found.optional(tx).await?.map(|row| row.take::<String>("id"));
            let locked: Vec<_> = found.transpose()?.into_iter().chain([device.clone()]).collect();
            lock_devices(tx, locked.clone()).await?;
            let gate = match gate_of_actor(tx, actor, &device, now).await? {
                Ok(gate) => gate,
                Err(refusal) => return Ok(Err(Replacement::Gate(refusal))),
            };
            lock_gate(tx, gate).await?;
            let spare = match spare_with(tx, gate, claim_digest, &locked).await? {
                Ok(Some(spare)) => spare,
                Ok(None) => return seen_by(tx, &device, owner, now).await.map(Ok),
                Err(refusal) => return Ok(Err(refusal)),
            };
            // Its certificate, if it has one, names the record that vanishes.
            sql("UPDATE certificates SET gate_id = $2 WHERE gate_id = $1")
                .bind(spare.id)
                .bind(gate)
                .execute(tx)
                .await?;
            forget_alerts(tx, &spare.id.to_string()).await?;
            sql("DELETE FROM gates WHERE id = $1").bind(spare.id).execute(tx).await?;
            sql("DELETE FROM devices WHERE id = $1").bind(spare.id).execute(tx).await?;
            let label = NewLabel { serial: spare.serial, claim_digest, secret: spare.secret };
            put_in_place(tx, &vault, actor, gate, label, now).await?;
            seen_by(tx, &device, owner, now).await.map(Ok)
        })
    }

    /// Gives a gate a fresh label, for other hardware in its place.
    pub async fn relabel(
        &self,
        device: String,
        serial: String,
        claim_code: ClaimCode,
        secret: EnrolmentSecret,
        now: Timestamp,
    ) -> Answer<(), GateRefusal> {
        let vault = Arc::clone(&self.0.vault);
        in_transaction!(self.0.db, |tx| {
            lock_device(tx, &device).await?;
            let gate = match gate_of_actor(tx, Actor::Operator, &device, now).await? {
                Ok(gate) => gate,
                Err(refusal) => return Ok(Err(refusal)),
            };
            lock_gate(tx, gate).await?;
            let claim_digest = vault.digest(Purpose::ClaimCode, &[claim_code.reveal_bytes()]);
            let secret = vault.digest(Purpose::EnrolmentSecret, &[secret.reveal_bytes()]);
            let label = NewLabel { serial, claim_digest, secret: secret.to_vec() };
            put_in_place(tx, &vault, Actor::Operator, gate, label, now).await?;
            Ok(Ok(()))
        })
    }
}

/// A gate that can take another one's place.
struct Spare {
    id: GateId,
    serial: String,
    secret: Vec<u8>,
}

/// What stands on the hardware that takes a gate's place, as it is kept.
struct NewLabel {
    serial: String,
    claim_digest: [u8; 32],
    secret: Vec<u8>,
}

/// Finds the spare with this claim code among devices that are locked; none when it is in this
/// place already.
async fn spare_with(
    tx: &mut Tx,
    gate: GateId,
    claim_digest: [u8; 32],
    locked: &[String],
) -> Answer<Option<Spare>, Replacement> {
    let row = sql("SELECT * FROM devices WHERE claim_digest = $1");
    let Some(row) = row.bind(claim_digest).optional(tx).await? else {
        return Ok(Err(Replacement::Unknown));
    };
    // Who got the label since is another device.
    if !locked.contains(&row.take("id")?) {
        return Ok(Err(Replacement::Unknown));
    }
    let DeviceKind::Gate(id) = kind_of(&row)? else { return Ok(Err(Replacement::NotASpare)) };
    if id == gate {
        return Ok(Ok(None));
    }
    if row.moment_if_any("claimed_at")?.is_some() || is_part_of_something(tx, id).await? {
        return Ok(Err(Replacement::NotASpare));
    }
    let Some(conversation) = lock_gate(tx, id).await? else {
        return Ok(Err(Replacement::NotASpare));
    };
    if nonce_of(&conversation)?.is_some() || gate_of(&conversation)?.barred.is_some() {
        return Ok(Err(Replacement::NotASpare));
    }
    let (serial, secret) = (row.take("serial")?, conversation.take("secret_digest")?);
    Ok(Ok(Some(Spare { id, serial, secret })))
}

/// Whether settings name a gate, as they may when it was taken off an account, or a command does
/// that was made for the hardware before this.
async fn is_part_of_something(tx: &mut Tx, gate: GateId) -> Result<bool> {
    let named = sql("SELECT 1 AS one FROM settings WHERE entry_gate_id = $1 OR exit_gate_id = $1
                     UNION SELECT 1 AS one FROM attempts WHERE gate_id = $1");
    Ok(named.bind(gate).optional(tx).await?.is_some())
}

/// From here on the gate is whoever enrols by this label. Its ledger will begin empty, so what the
/// older hardware was sent and never told stays open.
async fn put_in_place(
    tx: &mut Tx,
    vault: &Vault,
    actor: Actor,
    gate: GateId,
    label: NewLabel,
    now: Timestamp,
) -> Result<()> {
    revoke_all(tx, gate, now).await?;
    close(tx, vault, gate, now).await?;
    sql("UPDATE devices SET serial = $2, claim_digest = $3 WHERE id = $1")
        .bind(gate)
        .bind(label.serial)
        .bind(label.claim_digest)
        .execute(tx)
        .await?;
    // Until it is enrolled the gate counts as revoked: the older hardware must not say hello.
    sql("UPDATE gates SET secret_digest = $2, hello_nonce = NULL, enrolled_at = NULL,
                          quarantined_at = NULL, revoked_at = $3, hardware_since = epoch + 1
         WHERE id = $1")
    .bind(gate)
    .bind(label.secret)
    .bind(now)
    .execute(tx)
    .await?;
    record(tx, vault, EventKind::DeviceReplaced, about(actor, gate), now).await
}

/// The gate that somebody wants to do something to, if they may; its device is locked from here
/// on, so that it stays theirs until the commit.
pub(crate) async fn gate_of_actor(
    tx: &mut Tx,
    actor: Actor,
    device: &str,
    now: Timestamp,
) -> Answer<GateId, GateRefusal> {
    lock_device(tx, device).await?;
    let allowed = match actor {
        Actor::Person(user) => role_of(tx, device, user, now).await?.may(Act::Manage),
        Actor::Operator => {
            let known = sql("SELECT id FROM devices WHERE id = $1").bind(device);
            known.optional(tx).await?.map(drop).ok_or(Denied::Unknown)
        }
    };
    if let Err(denied) = allowed {
        return Ok(Err(GateRefusal::Denied(denied)));
    }
    Ok(GateId::parse(device).map_err(|_| GateRefusal::NotAGate))
}

/// Judges whether a certificate may be renewed.
async fn renewable(
    tx: &mut Tx,
    found: Option<Registered>,
    present: Fingerprint,
    now: Timestamp,
) -> Answer<GateId, Renewal> {
    let unknown = Err(Renewal::Unwelcome(Unwelcome::Unknown));
    let Some(found) = found else { return Ok(unknown) };
    // The service's own certificate is renewed where it is kept.
    let Some(gate) = found.gate else { return Ok(unknown) };
    if let Err(unwelcome) = welcome(tx, &found, now).await? {
        return Ok(Err(Renewal::Unwelcome(unwelcome)));
    }
    let from = found.issued_at + RENEWAL_AGE;
    if now < from {
        return Ok(Err(Renewal::TooEarly { from }));
    }
    let last = sql("SELECT MAX(issued_at) AS issued_at FROM certificates
                    WHERE gate_id = $1 AND used_at IS NULL AND fingerprint <> $2");
    let last = last.bind(gate).bind(present.0).one(tx).await?.moment_if_any("issued_at")?;
    match last.map(|last| last + RENEWAL_PAUSE) {
        Some(until) if now < until => Ok(Err(Renewal::TooSoon { until })),
        Some(_) | None => Ok(Ok(gate)),
    }
}

/// Judges whether a gate's row and the secret on a label admit to a certificate.
fn labelled(
    vault: &Vault,
    row: Option<Row>,
    secret: &EnrolmentSecret,
) -> Answer<GateId, Enrolment> {
    let Some(row) = row else { return Ok(Err(Enrolment::Unknown)) };
    let digest: Vec<u8> = row.take("secret_digest")?;
    if !vault.matches(Purpose::EnrolmentSecret, &[secret.reveal_bytes()], &digest) {
        return Ok(Err(Enrolment::Unknown));
    }
    if nonce_of(&row)?.is_some() {
        return Ok(Err(Enrolment::Already));
    }
    row.parsed("id", GateId::parse).map(Ok)
}

async fn keep(tx: &mut Tx, gate: GateId, certificate: Certificate, now: Timestamp) -> Result<()> {
    sql("INSERT INTO certificates (fingerprint, gate_id, serial, public_key, issued_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6)")
    .bind(certificate.fingerprint.0)
    .bind(gate)
    .bind(certificate.serial)
    .bind(certificate.public_key)
    .bind(now)
    .bind(certificate.expires_at)
    .execute(tx)
    .await
    .map(drop)
}

async fn revoke_all(tx: &mut Tx, gate: GateId, now: Timestamp) -> Result<()> {
    let revoke = sql("UPDATE certificates SET revoked_at = $2
                      WHERE gate_id = $1 AND revoked_at IS NULL");
    revoke.bind(gate).bind(now).execute(tx).await.map(drop)
}

/// Who did what to which gate.
pub(crate) fn about(actor: Actor, gate: GateId) -> About {
    match actor {
        Actor::Person(user) => About::default().by(user).gate(gate),
        Actor::Operator => About::default().gate(gate),
    }
}
