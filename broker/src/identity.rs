//! Who a client is: its certificate's fingerprint, looked up in the registry.

use std::future::Future;
use std::pin::Pin;

use domain::Timestamp;
use protocol::GateId;
use store::{Fingerprint, Peer, Registry, Unwelcome};

/// What the broker needs of the registry of certificates.
pub trait Roster: Send + Sync + 'static {
    /// Tells whose certificate it is, or why it may not come in.
    fn identify(
        &self,
        certificate: Fingerprint,
        now: Timestamp,
    ) -> impl Future<Output = store::Result<Result<Peer, Unwelcome>>> + Send;

    /// Tells whose right to be here ended since then.
    fn ended_since(
        &self,
        since: Timestamp,
        now: Timestamp,
    ) -> impl Future<Output = store::Result<Vec<Fingerprint>>> + Send;

    /// Shuts a gate out whose key two hold, until somebody has looked.
    fn quarantine(
        &self,
        gate: domain::GateId,
        now: Timestamp,
    ) -> impl Future<Output = store::Result<bool>> + Send;
}

impl Roster for Registry {
    async fn identify(
        &self,
        certificate: Fingerprint,
        now: Timestamp,
    ) -> store::Result<Result<Peer, Unwelcome>> {
        Self::identify(self, certificate, now).await
    }

    async fn ended_since(
        &self,
        since: Timestamp,
        now: Timestamp,
    ) -> store::Result<Vec<Fingerprint>> {
        Self::ended_since(self, since, now).await
    }

    async fn quarantine(&self, gate: domain::GateId, now: Timestamp) -> store::Result<bool> {
        Self::quarantine(self, gate, now).await
    }
}

/// A [`Roster`] whose type does not matter any more.
pub(crate) trait AnyRoster: Send + Sync {
    fn identify(
        &self,
        certificate: Fingerprint,
        now: Timestamp,
    ) -> Told<'_, Result<Peer, Unwelcome>>;
    fn ended_since(&self, since: Timestamp, now: Timestamp) -> Told<'_, Vec<Fingerprint>>;
    fn quarantine(&self, gate: domain::GateId, now: Timestamp) -> Told<'_, bool>;
}

type Told<'a, T> = Pin<Box<dyn Future<Output = store::Result<T>> + Send + 'a>>;

impl<T: Roster> AnyRoster for T {
    fn identify(
        &self,
        certificate: Fingerprint,
        now: Timestamp,
    ) -> Told<'_, Result<Peer, Unwelcome>> {
        Box::pin(Roster::identify(self, certificate, now))
    }

    fn ended_since(&self, since: Timestamp, now: Timestamp) -> Told<'_, Vec<Fingerprint>> {
        Box::pin(Roster::ended_since(self, since, now))
    }

    fn quarantine(&self, gate: domain::GateId, now: Timestamp) -> Told<'_, bool> {
        Box::pin(Roster::quarantine(self, gate, now))
    }
}

/// Who a client is, in the words of its topics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Identity {
    /// One gate.
    Gate(GateId),
    /// The bridge.
    Service,
}

impl Identity {
    /// The identity of a registered peer; nothing when its id cannot stand in a topic.
    pub(crate) fn of(peer: Peer) -> Option<Self> {
        match peer {
            Peer::Gate(id) => GateId::parse(&id.to_string()).ok().map(Self::Gate),
            Peer::Service => Some(Self::Service),
        }
    }

    /// Whether a client of this identity may call itself so.
    pub(crate) fn answers_to(&self, client_id: &str) -> bool {
        match self {
            Self::Gate(id) => client_id == id.as_str(),
            Self::Service => client_id.starts_with("service-"),
        }
    }
}

/// The fingerprint of a client's own certificate.
pub(crate) fn fingerprint(certificate: &[u8]) -> Option<Fingerprint> {
    let digest = ring::digest::digest(&ring::digest::SHA256, certificate);
    digest.as_ref().try_into().ok().map(Fingerprint)
}
