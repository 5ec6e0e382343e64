//! The CAs of one service: one signs, and while another follows it, both are believed.

use crate::{Authority, Result, Revoked};

/// The CA that signs and, for a time, the one that comes after it or went before.
#[derive(Debug)]
pub struct Authorities {
    /// Signs every new certificate.
    pub signing: Authority,
    /// Is believed too, and signs nothing but its revocation list.
    pub other: Option<Authority>,
}

impl Authorities {
    /// All that are believed, the one that signs first.
    pub fn all(&self) -> impl Iterator<Item = &Authority> {
        [&self.signing].into_iter().chain(&self.other)
    }

    /// All their certificates, for whoever must believe them.
    pub fn bundle_pem(&self) -> String {
        self.all().map(Authority::ca_pem).collect()
    }

    /// Tells whether servers will take the certificate from a client at that moment, whichever of
    /// them signed it.
    pub fn vouches_for_client(&self, certificate_pem: &str, at: i64) -> bool {
        self.all().any(|authority| authority.vouches_for_client(certificate_pem, at))
    }

    /// The revocation lists of all of them.
    pub fn crls(&self, revoked: &[Revoked], now: i64, next_update: i64) -> Result<String> {
        self.all().map(|authority| authority.crl(revoked, now, next_update)).collect()
    }
}
