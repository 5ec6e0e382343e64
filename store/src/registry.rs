//! The registry door: whose client certificate it is. All that the broker may see of the storage.

use std::sync::Arc;

use domain::{GateId, Timestamp};

use crate::database::{in_transaction, reading};
use crate::sql::sql;
use crate::{Answer, Inner, Result};

/// SHA-256 of a certificate's DER bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fingerprint(pub [u8; 32]);

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
    /// It was revoked, replaced, or its time is over.
    Revoked,
}

/// Who may connect to the broker.
#[derive(Clone)]
pub struct Registry(pub(crate) Arc<Inner>);

impl Registry {
    /// Tells whose certificate it is, or why it may not come in.
    pub async fn identify(
        &self,
        fingerprint: Fingerprint,
        now: Timestamp,
    ) -> Answer<Peer, Unwelcome> {
        let row = reading!(self.0.db, |tx| {
            let row = sql("SELECT gate_id, expires_at, revoked_at FROM certificates
                           WHERE fingerprint = $1");
            row.bind(fingerprint.0).optional(tx).await
        })?;
        let Some(row) = row else { return Ok(Err(Unwelcome::Unknown)) };
        if row.moment_if_any("revoked_at")?.is_some() || row.moment("expires_at")? <= now {
            return Ok(Err(Unwelcome::Revoked));
        }
        let gate = row.parsed_if_any("gate_id", GateId::parse)?;
        Ok(Ok(gate.map_or(Peer::Service, Peer::Gate)))
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
}
