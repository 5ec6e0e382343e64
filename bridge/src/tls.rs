//! How the bridge proves itself to the broker, and whom it believes; replaceable while running.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{VerifierBuilderError, WebPkiServerVerifier};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, InvalidDnsNameError, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

/// The bridge's certificate and the authorities it believes, all as PEM.
#[derive(Clone)]
pub struct Certificates {
    /// The bridge's client certificate, then its intermediates.
    pub chain: String,
    /// The key of that certificate.
    pub key: String,
    /// The CAs of the broker.
    pub broker_cas: String,
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
    /// The certificate and its key do not fit, or a CA is no CA.
    #[error("the certificates do not fit: {0}")]
    Unfit(#[from] Error),
    /// There is no CA.
    #[error("the broker could not be verified: {0}")]
    Verifier(#[from] VerifierBuilderError),
    /// The broker's name is no name that a certificate can carry.
    #[error("the broker has no possible name: {0}")]
    Name(#[from] InvalidDnsNameError),
}

/// TLS as the bridge speaks it; a clone shares later reloads.
#[derive(Clone, Debug)]
pub struct Tls {
    broker: ServerName<'static>,
    current: Arc<ArcSwap<ClientConfig>>,
}

impl Tls {
    /// Prepares mutual TLS with a broker whose certificate carries this name.
    pub fn new(certificates: &Certificates, broker: &str) -> Result<Self, InvalidCertificates> {
        let broker = ServerName::try_from(broker)?.to_owned();
        let current = Arc::new(ArcSwap::from_pointee(client_config(certificates, &broker)?));
        Ok(Self { broker, current })
    }

    /// Uses other certificates for new connections; after an error the old ones stay.
    pub fn reload(&self, certificates: &Certificates) -> Result<(), InvalidCertificates> {
        self.current.store(Arc::new(client_config(certificates, &self.broker)?));
        Ok(())
    }

    pub(crate) fn current(&self) -> Arc<ClientConfig> {
        self.current.load_full()
    }
}

fn client_config(
    certificates: &Certificates,
    broker: &ServerName<'static>,
) -> Result<ClientConfig, InvalidCertificates> {
    let provider = Arc::new(default_provider());
    let mut roots = RootCertStore::empty();
    for ca in read_all(&certificates.broker_cas, "broker's CA")? {
        roots.add(ca)?;
    }
    let judge = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
        .build()?;
    let chain = read_all(&certificates.chain, "bridge's certificate")?;
    let key = PrivateKeyDer::from_pem_slice(certificates.key.as_bytes())
        .map_err(|source| InvalidCertificates::Pem { what: "bridge's key", source })?;
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Expected { broker: broker.clone(), judge }))
        .with_client_auth_cert(chain, key)?;
    Ok(config)
}

fn read_all(
    text: &str,
    what: &'static str,
) -> Result<Vec<CertificateDer<'static>>, InvalidCertificates> {
    CertificateDer::pem_slice_iter(text.as_bytes())
        .collect::<Result<_, _>>()
        .map_err(|source| InvalidCertificates::Pem { what, source })
}

/// The usual verification, under the expected name: rumqttc can only expect the host it dials.
#[derive(Debug)]
struct Expected {
    broker: ServerName<'static>,
    judge: Arc<WebPkiServerVerifier>,
}

impl ServerCertVerifier for Expected {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _dialled: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let expected = &self.broker;
        self.judge.verify_server_cert(end_entity, intermediates, expected, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.judge.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.judge.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.judge.supported_verify_schemes()
    }
}
