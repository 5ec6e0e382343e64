//! What the CA hands out, and how it is read back.

use std::fmt;

use rcgen::Certificate;
use ring::digest::{SHA256, digest};

use crate::{Result, since_1970, verify};

/// A certificate together with its private key.
pub struct Issued {
    /// The certificate.
    pub certificate_pem: String,
    /// Its private key (PKCS #8).
    pub key_pem: String,
    /// SHA-256 of the certificate's DER bytes.
    pub fingerprint: [u8; 32],
}

impl Issued {
    pub(crate) fn new(certificate: &Certificate, key_pem: String) -> Self {
        let fingerprint = fingerprint(certificate.der());
        Self { certificate_pem: certificate.pem(), key_pem, fingerprint }
    }

    /// Reads a certificate and its key back; refuses a key that is not the certificate's.
    pub fn from_pem(certificate_pem: &str, key_pem: &str) -> Result<Self> {
        let certificate = verify::check_pair(certificate_pem, key_pem)?;
        Ok(Self {
            certificate_pem: certificate_pem.to_owned(),
            key_pem: key_pem.to_owned(),
            fingerprint: fingerprint(&certificate),
        })
    }
}

impl fmt::Debug for Issued {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issued").field("fingerprint", &self.fingerprint).finish_non_exhaustive()
    }
}

/// A certificate for a key that somebody else keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certified {
    /// The certificate.
    pub certificate_pem: String,
    /// SHA-256 of the certificate's DER bytes.
    pub fingerprint: [u8; 32],
    /// Its serial number, by which a list of revoked certificates names it.
    pub serial: [u8; 16],
    /// The key it is for: its `SubjectPublicKeyInfo` in DER.
    pub public_key: Vec<u8>,
    /// The last moment it is valid, as the certificate itself says (whole seconds).
    pub not_after_ms: i64,
}

impl Certified {
    pub(crate) fn new(
        certificate: &Certificate,
        serial: [u8; 16],
        public_key: Vec<u8>,
        not_after: i64,
    ) -> Self {
        Self {
            certificate_pem: certificate.pem(),
            fingerprint: fingerprint(certificate.der()),
            serial,
            public_key,
            not_after_ms: crate::millis(since_1970(not_after)),
        }
    }
}

pub(crate) fn fingerprint(der: &[u8]) -> [u8; 32] {
    let mut fingerprint = [0; 32];
    fingerprint.copy_from_slice(digest(&SHA256, der).as_ref());
    fingerprint
}
