//! Who a client is: its certificate's fingerprint, looked up in the registry.

use std::future::Future;

use domain::Timestamp;
use protocol::GateId;
use store::{Fingerprint, Peer, Registry, Unwelcome};

/// Tells whose certificate it is; the registry does.
pub trait Identifies: Send + Sync + 'static {
    /// Tells whose certificate it is, or why it may not come in.
    fn identify(
        &self,
        fingerprint: Fingerprint,
        now: Timestamp,
    ) -> impl Future<Output = store::Result<Result<Peer, Unwelcome>>> + Send;
}

impl Identifies for Registry {
    async fn identify(
        &self,
        fingerprint: Fingerprint,
        now: Timestamp,
    ) -> store::Result<Result<Peer, Unwelcome>> {
        Self::identify(self, fingerprint, now).await
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
