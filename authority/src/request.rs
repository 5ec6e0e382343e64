//! A device's request: of all it says, only the key and the proof of holding it count.

use rcgen::{
    CertificateSigningRequestParams, Error, PKCS_ECDSA_P256_SHA256, PKCS_ED25519, PublicKey,
    PublicKeyData,
};
use rustls::pki_types::CertificateSigningRequestDer;
use rustls::pki_types::pem::PemObject;

/// Why a request gets no certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRequest {
    /// The text is no certificate signing request in PEM.
    #[error("not a certificate signing request in PEM")]
    Unreadable,
    /// The sender does not hold the key that the request names.
    #[error("the request is not signed by its own key")]
    Forged,
    /// The key is of another kind.
    #[error("the key must be P-256 or Ed25519")]
    WrongKey,
    /// The CA could not sign.
    #[error("the certificate could not be signed")]
    Unsignable,
}

/// The DER bytes of a request.
pub fn request_der(csr_pem: &str) -> Result<Vec<u8>, InvalidRequest> {
    let der = CertificateSigningRequestDer::from_pem_slice(csr_pem.as_bytes());
    der.map(|der| der.to_vec()).map_err(|_| InvalidRequest::Unreadable)
}

/// Takes the key out of a request that this very key signed.
pub(crate) fn key(csr_pem: &str) -> Result<PublicKey, InvalidRequest> {
    let der = CertificateSigningRequestDer::from(request_der(csr_pem)?);
    let request =
        CertificateSigningRequestParams::from_der(&der).map_err(|error| refusal(&error))?;
    let key = request.public_key;
    // The library names a key by the algorithm of its signature alone, so a P-384 key that
    // signed with SHA-256 calls itself P-256: the length tells them apart.
    let kind = key.algorithm();
    let is_p256 = *kind == PKCS_ECDSA_P256_SHA256 && key.der_bytes().len() == 65;
    let is_ed25519 = *kind == PKCS_ED25519 && key.der_bytes().len() == 32;
    if is_p256 || is_ed25519 { Ok(key) } else { Err(InvalidRequest::WrongKey) }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the library's many other errors are one to us")]
fn refusal(error: &Error) -> InvalidRequest {
    match error {
        Error::InvalidCertificationRequestSignature => InvalidRequest::Forged,
        Error::UnsupportedSignatureAlgorithm => InvalidRequest::WrongKey,
        _ => InvalidRequest::Unreadable,
    }
}
