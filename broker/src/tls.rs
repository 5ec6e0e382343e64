//! The certificates by which both sides know each other, from memory, replaceable while running.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use rustls::server::{NoServerSessionStorage, VerifierBuilderError, WebPkiClientVerifier};
use rustls::{RootCertStore, ServerConfig};

/// The server's certificate and whose clients it believes, all as PEM.
#[derive(Clone)]
pub struct Certificates {
    /// The server's certificate, then its intermediates.
    pub chain: String,
    /// The key of the server's certificate.
    pub key: String,
    /// The CAs of the clients; several while one replaces the other.
    pub client_cas: String,
    /// Revocation lists of those CAs; may be empty, because the registry revokes too.
    pub crls: String,
}

impl fmt::Debug for Certificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Certificates(····)")
    }
}

/// Why certificates cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum InvalidCertificates {
    /// A text is not the PEM that was expected.
    #[error("the {what} is not usable PEM: {source}")]
    Pem {
        /// Which text.
        what: &'static str,
        /// What is wrong with it.
        source: pem::Error,
    },
    /// The server's certificate and key do not fit, or a client CA is no CA.
    #[error("the certificates do not fit: {0}")]
    Unfit(#[from] rustls::Error),
    /// There is no client CA, or a revocation list is broken.
    #[error("clients could not be verified: {0}")]
    Verifier(#[from] VerifierBuilderError),
}

/// TLS as the broker speaks it; a clone shares later reloads.
#[derive(Clone, Debug)]
pub struct Tls(Arc<ArcSwap<ServerConfig>>);

impl Tls {
    /// Prepares TLS 1.2 (ECDHE) and 1.3 with required client certificates.
    pub fn new(certificates: &Certificates) -> Result<Self, InvalidCertificates> {
        Ok(Self(Arc::new(ArcSwap::from_pointee(server_config(certificates)?))))
    }

    /// Uses other certificates for new connections; after an error the old ones stay.
    pub fn reload(&self, certificates: &Certificates) -> Result<(), InvalidCertificates> {
        self.0.store(Arc::new(server_config(certificates)?));
        Ok(())
    }

    pub(crate) fn current(&self) -> Arc<ServerConfig> {
        self.0.load_full()
    }
}

fn server_config(certificates: &Certificates) -> Result<ServerConfig, InvalidCertificates> {
    let provider = Arc::new(default_provider());
    let mut roots = RootCertStore::empty();
    for ca in read_all::<CertificateDer<'_>>(&certificates.client_cas, "client CA bundle")? {
        roots.add(ca)?;
    }
    let crls = read_all::<CertificateRevocationListDer<'_>>(&certificates.crls, "revocation list")?;
    // A list may be missing for one CA of several: the registry still refuses what it revoked.
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .with_crls(crls)
            .only_check_end_entity_revocation()
            .allow_unknown_revocation_status()
            .build()?;
    let chain = read_all::<CertificateDer<'_>>(&certificates.chain, "server certificate")?;
    let key = PrivateKeyDer::from_pem_slice(certificates.key.as_bytes())
        .map_err(|source| InvalidCertificates::Pem { what: "server key", source })?;
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain, key)?;
    // A resumed session would be judged by the CAs of yesterday.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(config)
}

fn read_all<T: PemObject>(text: &str, what: &'static str) -> Result<Vec<T>, InvalidCertificates> {
    T::pem_slice_iter(text.as_bytes())
        .collect::<Result<_, _>>()
        .map_err(|source| InvalidCertificates::Pem { what, source })
}
