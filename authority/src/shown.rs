//! A certificate that somebody shows outside of TLS, and the proof that its key is theirs.

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use webpki::EndEntityCert;
use webpki::ring::{ECDSA_P256_SHA256, ED25519};

use crate::issued::fingerprint;

/// The text is no certificate in PEM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a certificate in PEM")]
pub struct InvalidCertificate;

/// A certificate that somebody shows; anybody may have seen it before.
#[derive(Clone, Debug)]
pub struct Shown {
    der: CertificateDer<'static>,
    /// SHA-256 of the certificate's DER bytes.
    pub fingerprint: [u8; 32],
}

impl Shown {
    /// Reads it.
    pub fn from_pem(pem: &str) -> Result<Self, InvalidCertificate> {
        let der = CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|_| InvalidCertificate)?;
        EndEntityCert::try_from(&der).map_err(|_| InvalidCertificate)?;
        let fingerprint = fingerprint(&der);
        Ok(Self { der, fingerprint })
    }

    /// Whether the holder of its key signed these bytes: ECDSA over P-256 with SHA-256, in ASN.1,
    /// or Ed25519.
    pub fn signed(&self, message: &[u8], signature: &[u8]) -> bool {
        let Ok(certificate) = EndEntityCert::try_from(&self.der) else { return false };
        [ECDSA_P256_SHA256, ED25519]
            .into_iter()
            .any(|kind| certificate.verify_signature(kind, message, signature).is_ok())
    }
}
