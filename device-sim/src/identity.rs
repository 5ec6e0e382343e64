//! Who this gate is: a folder with its key, its certificate and what it was told at enrolment.
//!
//! ```text
//! key.pem         made by the gate itself, P-256; never leaves the folder
//! certificate.pem signed by the service; names the gate
//! ca.pem          the one authority the gate believes when it connects
//! enrolment.json  gate id, broker, the service's command keys; written last
//! ledger          the ids of executed commands
//! ```

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use protocol::{GateId, VerifyingKeys};
use reqwest::StatusCode;
use rustls::ClientConfig;
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde::{Deserialize, Serialize};

use crate::files;
use crate::ledger::{self, Ledger};

/// How long the service may take to answer an enrolment.
const ENROLMENT_DEADLINE: Duration = Duration::from_secs(20);

/// Where gates connect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Broker {
    /// A name or an address; the broker's certificate must carry it.
    pub host: String,
    /// The TLS port.
    pub port: u16,
}

/// What the service told the gate about itself at its enrolment: `enrolment.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Enrolment {
    /// The gate's id, also its MQTT client id.
    pub gate_id: GateId,
    /// Where to connect.
    pub broker: Broker,
    /// Whose commands to obey.
    pub command_keys: VerifyingKeys,
}

/// An enrolled gate.
#[derive(Clone, Debug)]
pub struct Identity {
    /// What the service said.
    pub enrolment: Enrolment,
    tls: Arc<ClientConfig>,
}

/// What a gate brings to its enrolment; serial and secret stand on its label.
pub struct Claim {
    /// The service, for instance `https://gates.example.com`.
    pub server: String,
    /// The serial number.
    pub serial: String,
    /// The secret that proves the label; good for one gate.
    pub secret: String,
    /// The authorities to believe about the server (PEM), instead of the machine's own.
    pub server_ca: Option<Vec<u8>>,
}

impl Identity {
    /// Reads an enrolled gate's folder; `None` if it is not enrolled.
    pub fn load(folder: &Path) -> Result<Option<Self>> {
        let read = |name: &str| {
            let path = folder.join(name);
            fs::read(&path).with_context(|| format!("cannot read {}", path.display()))
        };
        if !folder.join("enrolment.json").try_exists()? {
            return Ok(None);
        }
        let enrolment = serde_json::from_slice(&read("enrolment.json")?)
            .with_context(|| format!("{} is damaged", folder.join("enrolment.json").display()))?;
        let tls = tls(&read("key.pem")?, &read("certificate.pem")?, &read("ca.pem")?)?;
        Ok(Some(Self { enrolment, tls }))
    }

    /// How the gate proves itself to the broker, and whom it believes.
    pub fn tls(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.tls)
    }
}

/// Enrols a gate: makes its key and has the service certify it. An enrolled folder is used as it
/// is; a folder whose enrolment failed keeps its key for the next try.
pub async fn enrol(claim: &Claim, folder: &Path) -> Result<Identity> {
    if let Some(identity) = Identity::load(folder)? {
        return Ok(identity);
    }
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let key = key_in(folder)?;
    let answer = ask(claim, &signing_request(&claim.serial, &key)?).await?;

    // Whatever could not be used later must not count as an enrolment now.
    let (certificate, ca) = (answer.certificate.as_bytes(), answer.ca.as_bytes());
    let tls = tls(key.serialize_pem().as_bytes(), certificate, ca)?;
    files::replace(&folder.join("certificate.pem"), certificate)?;
    files::replace(&folder.join("ca.pem"), ca)?;
    let ledger = folder.join(ledger::FILE);
    Ledger::begin(&ledger).with_context(|| format!("cannot begin {}", ledger.display()))?;
    let enrolment = serde_json::to_vec_pretty(&answer.enrolment)?;
    files::replace(&folder.join("enrolment.json"), &enrolment)?;
    Ok(Identity { enrolment: answer.enrolment, tls })
}

#[derive(Serialize)]
struct Request<'a> {
    serial: &'a str,
    secret: &'a str,
    csr: &'a str,
}

#[derive(Deserialize)]
struct Answer {
    certificate: String,
    ca: String,
    #[serde(flatten)]
    enrolment: Enrolment,
}

/// The part of a problem document (RFC 9457) that a person can act upon.
#[derive(Deserialize)]
struct Problem {
    title: String,
    code: String,
}

async fn ask(claim: &Claim, csr: &str) -> Result<Answer> {
    let url = format!("{}/v1/enrolments", claim.server.trim_end_matches('/'));
    let request = Request { serial: &claim.serial, secret: &claim.secret, csr };
    let asked = http(claim)?.post(&url).json(&request).send().await;
    let response = asked.with_context(|| format!("cannot reach {url}"))?;
    let status = response.status();
    let body = response.bytes().await.with_context(|| format!("no whole answer from {url}"))?;
    if status == StatusCode::CREATED {
        return serde_json::from_slice(&body).context("the answer is no enrolment");
    }
    match serde_json::from_slice(&body) {
        Ok(Problem { title, code }) => bail!("the service refuses: {title} ({code})"),
        Err(_) => bail!("{url} answers {status}"),
    }
}

fn http(claim: &Claim) -> Result<reqwest::Client> {
    // An error means that the process has a provider already; any will do here.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::builder()
        .timeout(ENROLMENT_DEADLINE)
        .redirect(reqwest::redirect::Policy::none());
    let http = match &claim.server_ca {
        Some(pem) => http.tls_certs_only(reqwest::Certificate::from_pem_bundle(pem)?),
        // Without TLS nobody needs authorities, and a small machine may have none.
        None if claim.server.starts_with("http://") => http.tls_certs_only([]),
        None => http,
    };
    http.build().context("cannot prepare HTTPS")
}

fn key_in(folder: &Path) -> Result<rcgen::KeyPair> {
    let path = folder.join("key.pem");
    match fs::read_to_string(&path) {
        Ok(pem) => Ok(rcgen::KeyPair::from_pem(&pem)
            .with_context(|| format!("{} is damaged", path.display()))?),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256)?;
            files::replace(&path, key.serialize_pem().as_bytes())
                .with_context(|| format!("cannot write {}", path.display()))?;
            Ok(key)
        }
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

fn signing_request(serial: &str, key: &rcgen::KeyPair) -> Result<String> {
    let mut params = rcgen::CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(rcgen::DnType::CommonName, serial);
    Ok(params.serialize_request(key)?.pem()?)
}

/// Mutual TLS: the gate's certificate, and the enrolment's authority only.
pub(crate) fn tls(key: &[u8], certificate: &[u8], ca: &[u8]) -> Result<Arc<ClientConfig>> {
    let mut roots = RootCertStore::empty();
    for authority in CertificateDer::pem_slice_iter(ca) {
        roots.add(authority.context("ca.pem is damaged")?).context("ca.pem is no authority")?;
    }
    let chain = CertificateDer::pem_slice_iter(certificate)
        .collect::<std::result::Result<Vec<_>, _>>()
        .context("certificate.pem is damaged")?;
    let key = PrivateKeyDer::from_pem_slice(key).context("key.pem is damaged")?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_client_auth_cert(chain, key)
        .context("key.pem and certificate.pem do not belong together")?;
    Ok(Arc::new(config))
}

#[cfg(test)]
mod tests;
