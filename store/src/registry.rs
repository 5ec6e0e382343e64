//! The registry door: whose client certificate it is. All that the broker may see of the storage.

use std::sync::Arc;

use domain::event::EventKind;
use domain::gate::Barred;
use domain::{GateId, Timestamp};

use crate::database::{in_transaction, reading};
use crate::events::{About, record};
use crate::gates::{close, lock_gate};
use crate::row::device::gate_with;
use crate::row::number;
use crate::sql::{Row, Tx, sql};
use crate::{Answer, Fault, Inner, Result};

/// SHA-256 of a certificate's DER bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fingerprint(pub [u8; 32]);

/// A certificate that was just signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// By which it is recognised.
    pub fingerprint: Fingerprint,
    /// Its X.509 serial number.
    pub serial: [u8; 16],
    /// The key it is for, by which its gate signs reports: its `SubjectPublicKeyInfo` in DER.
    pub public_key: Vec<u8>,
    /// Until when it holds.
    pub expires_at: Timestamp,
}

/// Who stands behind a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Peer {
    /// A gate, with its own topics only.
    Gate(GateId),
    /// The bridge: hears all gates and sends them their triggers.
    Service,
}

/// Why a certificate, though signed by our CA, may not come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unwelcome {
    /// The registry does not know it.
    Unknown,
    /// Its time is over.
    Expired,
    /// It was revoked, or another took its place.
    Revoked,
    /// Two hold its key, it seems: its gate is kept out until somebody has looked.
    Quarantined,
}

/// Gates that still use what they were told before some moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Behind {
    /// How many.
    pub gates: u64,
    /// By then all of them have renewed, or their certificates have ended.
    pub until: Timestamp,
}

/// Who may connect to the broker.
#[derive(Clone)]
pub struct Registry(pub(crate) Arc<Inner>);

/// A certificate as the registry knows it.
pub(crate) struct Registered {
    pub(crate) gate: Option<GateId>,
    pub(crate) issued_at: Timestamp,
    expires_at: Timestamp,
    revoked_at: Option<Timestamp>,
    used_at: Option<Timestamp>,
}

impl Registry {
    /// Tells whose certificate it is, or why it may not come in.
    ///
    /// A gate that shows a certificate for the first time proves that it has it safe: the older
    /// ones of this gate end in the same transaction.
    pub async fn identify(
        &self,
        fingerprint: Fingerprint,
        now: Timestamp,
    ) -> Answer<Peer, Unwelcome> {
        let seen = reading!(self.0.db, |tx| {
            let Some(found) = registered(tx, fingerprint).await? else {
                return Ok(Err(Unwelcome::Unknown));
            };
            Ok(welcome(tx, &found, now).await?.map(|()| found))
        })?;
        match seen {
            Ok(Registered { gate: Some(gate), used_at: None, .. }) => {
                self.first_used(fingerprint, gate, now).await
            }
            Ok(Registered { gate, .. }) => Ok(Ok(gate.map_or(Peer::Service, Peer::Gate))),
            Err(unwelcome) => Ok(Err(unwelcome)),
        }
    }

    async fn first_used(
        &self,
        fingerprint: Fingerprint,
        gate: GateId,
        now: Timestamp,
    ) -> Answer<Peer, Unwelcome> {
        in_transaction!(self.0.db, |tx| {
            lock_gate(tx, gate).await?;
            let Some(found) = registered(tx, fingerprint).await? else {
                return Ok(Err(Unwelcome::Unknown));
            };
            if let Err(unwelcome) = welcome(tx, &found, now).await? {
                return Ok(Err(unwelcome));
            }
            if found.used_at.is_some() {
                return Ok(Ok(Peer::Gate(gate)));
            }
            let used = sql("UPDATE certificates SET used_at = $2 WHERE fingerprint = $1");
            used.bind(fingerprint.0).bind(now).execute(tx).await?;
            let older = sql("UPDATE certificates SET revoked_at = $2
                             WHERE gate_id = $1 AND revoked_at IS NULL AND issued_at < $3");
            let older = older.bind(gate).bind(now).bind(found.issued_at).execute(tx).await?;
            if older == 0 {
                // Not a renewal, so this is where other hardware may begin.
                let begins = sql("UPDATE gates SET hardware_since = epoch + 1 WHERE id = $1");
                begins.bind(gate).execute(tx).await?;
            }
            Ok(Ok(Peer::Gate(gate)))
        })
    }

    /// The certificates that ended from `since` on: revoked, expired by now, or of a gate that was
    /// quarantined. What is connected with one of them must go.
    pub async fn ended_since(&self, since: Timestamp, now: Timestamp) -> Result<Vec<Fingerprint>> {
        reading!(self.0.db, |tx| {
            let ended = sql("SELECT fingerprint FROM certificates WHERE $1 <= revoked_at
                             UNION
                             SELECT fingerprint FROM certificates
                             WHERE $1 <= expires_at AND expires_at <= $2
                             UNION
                             SELECT c.fingerprint FROM certificates c
                             JOIN gates g ON g.id = c.gate_id WHERE $1 <= g.quarantined_at");
            let rows = ended.bind(since).bind(now).all(tx).await?;
            rows.iter().map(fingerprint_of).collect()
        })
    }

    /// The serial numbers of the certificates that were revoked before their time, and when; each
    /// until that time has come.
    pub async fn revoked(&self, now: Timestamp) -> Result<Vec<(Vec<u8>, Timestamp)>> {
        reading!(self.0.db, |tx| {
            let revoked = sql("SELECT serial, revoked_at FROM certificates
                               WHERE revoked_at IS NOT NULL AND serial IS NOT NULL
                                 AND $1 < expires_at
                               ORDER BY revoked_at, serial");
            let rows = revoked.bind(now).all(tx).await?;
            rows.iter().map(|row| Ok((row.take("serial")?, row.moment("revoked_at")?))).collect()
        })
    }

    /// Keeps a gate out whose key two seem to hold. Tells whether that was news.
    pub async fn quarantine(&self, gate: GateId, now: Timestamp) -> Result<bool> {
        let vault = Arc::clone(&self.0.vault);
        in_transaction!(self.0.db, |tx| {
            // Which of the two got what until now nobody knows, so neither may deny it later.
            let quarantine = sql("UPDATE gates SET quarantined_at = $2, hardware_since = epoch + 1
                                  WHERE id = $1 AND quarantined_at IS NULL");
            if quarantine.bind(gate).bind(now).execute(tx).await? == 0 {
                return Ok(false);
            }
            close(tx, &vault, gate, now).await?;
            let about = About::default().gate(gate);
            record(tx, &vault, EventKind::DeviceQuarantined, about, now).await?;
            Ok(true)
        })
    }

    /// Admits the service's own certificate.
    pub async fn admit_service(
        &self,
        fingerprint: Fingerprint,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<()> {
        in_transaction!(self.0.db, |tx| {
            let admit = sql("INSERT INTO certificates (fingerprint, issued_at, expires_at)
                             VALUES ($1, $2, $3) ON CONFLICT (fingerprint) DO NOTHING");
            admit.bind(fingerprint.0).bind(now).bind(expires_at).execute(tx).await.map(drop)
        })
    }

    /// Tells which gates can still come in by a certificate issued before that moment, so may know
    /// no more than what they were told with it; nothing when there are none.
    pub async fn certified_before(
        &self,
        moment: Timestamp,
        now: Timestamp,
    ) -> Result<Option<Behind>> {
        let row = reading!(self.0.db, |tx| {
            let row = sql("SELECT COUNT(DISTINCT gate_id) AS gates, MAX(expires_at) AS until
                           FROM certificates
                           WHERE gate_id IS NOT NULL AND issued_at < $1
                             AND revoked_at IS NULL AND $2 < expires_at");
            row.bind(moment).bind(now).one(tx).await
        })?;
        let Some(until) = row.moment_if_any("until")? else { return Ok(None) };
        Ok(Some(Behind { gates: number(&row, "gates")?, until }))
    }
}

/// Reads a certificate's row.
pub(crate) async fn registered(
    tx: &mut Tx,
    fingerprint: Fingerprint,
) -> Result<Option<Registered>> {
    let row = sql("SELECT gate_id, issued_at, expires_at, revoked_at, used_at FROM certificates
                   WHERE fingerprint = $1");
    let row = row.bind(fingerprint.0).optional(tx).await?;
    row.map(|row| {
        Ok(Registered {
            gate: row.parsed_if_any("gate_id", GateId::parse)?,
            issued_at: row.moment("issued_at")?,
            expires_at: row.moment("expires_at")?,
            revoked_at: row.moment_if_any("revoked_at")?,
            used_at: row.moment_if_any("used_at")?,
        })
    })
    .transpose()
}

fn fingerprint_of(row: &Row) -> Result<Fingerprint> {
    let bytes: Vec<u8> = row.take("fingerprint")?;
    let bytes = bytes.try_into();
    bytes.map(Fingerprint).map_err(|_| Fault::corrupt("certificates", "?", "no SHA-256"))
}

/// Judges whether a certificate admits its holder now.
pub(crate) async fn welcome(
    tx: &mut Tx,
    found: &Registered,
    now: Timestamp,
) -> Answer<(), Unwelcome> {
    if found.revoked_at.is_some() {
        return Ok(Err(Unwelcome::Revoked));
    }
    if found.expires_at <= now {
        return Ok(Err(Unwelcome::Expired));
    }
    let Some(gate) = found.gate else { return Ok(Ok(())) };
    Ok(match gate_with(tx, gate).await?.barred {
        Some(Barred::Quarantined { .. }) => Err(Unwelcome::Quarantined),
        Some(Barred::Revoked { .. }) => Err(Unwelcome::Revoked),
        None => Ok(()),
    })
}
