//! What a peer that trusts the CA would say to a certificate: asked of rustls itself.

use std::sync::Arc;

use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::sign::CertifiedKey;

use crate::{Authority, Fault, Result, since_1970};

impl Authority {
    /// Tells whether clients will take the certificate for each of these names at that moment.
    pub fn vouches_for_server(&self, certificate_pem: &str, names: &[String], at: i64) -> bool {
        let (Some(roots), Some(certificate)) = (self.roots(), certificate(certificate_pem)) else {
            return false;
        };
        let Ok(verifier) = WebPkiServerVerifier::builder_with_provider(roots, provider()).build()
        else {
            return false;
        };
        let at = UnixTime::since_unix_epoch(since_1970(at));
        names.iter().all(|name| {
            ServerName::try_from(name.as_str()).is_ok_and(|name| {
                verifier.verify_server_cert(&certificate, &[], &name, &[], at).is_ok()
            })
        })
    }

    /// Tells whether servers will take the certificate from a client at that moment.
    pub fn vouches_for_client(&self, certificate_pem: &str, at: i64) -> bool {
        let (Some(roots), Some(certificate)) = (self.roots(), certificate(certificate_pem)) else {
            return false;
        };
        let Ok(verifier) = WebPkiClientVerifier::builder_with_provider(roots, provider()).build()
        else {
            return false;
        };
        let at = UnixTime::since_unix_epoch(since_1970(at));
        verifier.verify_client_cert(&certificate, &[], at).is_ok()
    }

    fn roots(&self) -> Option<Arc<RootCertStore>> {
        let mut roots = RootCertStore::empty();
        roots.add(certificate(self.ca_pem())?).ok()?;
        Some(Arc::new(roots))
    }
}

/// Reads a certificate and checks that the key is its own.
pub(crate) fn check_pair(cert_pem: &str, key_pem: &str) -> Result<CertificateDer<'static>> {
    let unreadable = |error: pem::Error| Fault::InvalidPair(error.to_string());
    let certificate = CertificateDer::from_pem_slice(cert_pem.as_bytes()).map_err(unreadable)?;
    let key = PrivateKeyDer::from_pem_slice(key_pem.as_bytes()).map_err(unreadable)?;
    CertifiedKey::from_der(vec![certificate.clone()], key, &provider())
        .map_err(|error| Fault::InvalidPair(error.to_string()))?;
    Ok(certificate)
}

fn certificate(pem: &str) -> Option<CertificateDer<'static>> {
    CertificateDer::from_pem_slice(pem.as_bytes()).ok()
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}
