//! The certificate of HTTPS, read from two files, and again when they changed.

use std::fmt::Display;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::CannotServe;

/// HTTPS with the certificate of two files; a clone shares later reloads.
#[derive(Clone, Debug)]
pub struct Https {
    certificate_file: PathBuf,
    key_file: PathBuf,
    current: Arc<ArcSwap<ServerConfig>>,
}

impl Https {
    pub(super) fn read(certificate_file: &Path, key_file: &Path) -> Result<Self, CannotServe> {
        let current = Arc::new(ArcSwap::from_pointee(server_config(certificate_file, key_file)?));
        let [certificate_file, key_file] = [certificate_file, key_file].map(Path::to_owned);
        Ok(Self { certificate_file, key_file, current })
    }

    /// Reads the files again, for new connections; when they cannot be used, the old certificate
    /// stays.
    pub fn reload(&self) -> Result<(), CannotServe> {
        self.current.store(Arc::new(server_config(&self.certificate_file, &self.key_file)?));
        Ok(())
    }

    pub(super) fn current(&self) -> Arc<ServerConfig> {
        self.current.load_full()
    }
}

fn server_config(certificate_file: &Path, key_file: &Path) -> Result<ServerConfig, CannotServe> {
    let chain = fs::read(certificate_file).map_err(|error| unusable(certificate_file, error))?;
    let chain = CertificateDer::pem_slice_iter(&chain)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| unusable(certificate_file, error))?;
    let key = fs::read(key_file).map_err(|error| unusable(key_file, error))?;
    let key = PrivateKeyDer::from_pem_slice(&key).map_err(|error| unusable(key_file, error))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|config| config.with_no_client_auth().with_single_cert(chain, key))
        .map_err(|error| unusable(certificate_file, error))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

fn unusable(file: &Path, cause: impl Display) -> CannotServe {
    CannotServe::Certificate { file: file.to_owned(), cause: cause.to_string() }
}
