//! Who this gate is: a folder with its key, its certificate and what it was told at enrolment.
//!
//! ```text
//! key.pem         made by the gate itself, P-256; never leaves the folder
//! certificate.pem signed by the service; names the gate
//! ca.pem          whom the gate believes when it connects; two while one CA follows the other
//! enrolment.json  gate id, broker, command keys, where and when to renew; written last
//! ledger          the ids of executed commands
//! ```

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use protocol::{GateId, VerifyingKeys};
use rcgen::SigningKey;
use reqwest::StatusCode;
use rustls::ClientConfig;
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde::{Deserialize, Serialize};

use crate::files;
use crate::ledger::{self, Ledger};
use crate::renewal;

/// How long the service may take to answer.
const ANSWER_DEADLINE: Duration = Duration::from_secs(20);

/// Where gates connect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Broker {
    /// A name or an address; the broker's certificate must carry it.
    pub host: String,
    /// The TLS port.
    pub port: u16,
}

/// What the service told the gate at its enrolment or last renewal: `enrolment.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Enrolment {
    /// The gate's id, also its MQTT client id.
    pub gate_id: GateId,
    /// Where to connect.
    pub broker: Broker,
    /// Whose commands to obey.
    pub command_keys: VerifyingKeys,
    /// From when on, by the service's time, the certificate is renewed.
    #[serde(default)]
    pub renew_from_ms: Option<i64>,
    /// Where the gate was enrolled, and renews.
    #[serde(default)]
    pub server: Option<Server>,
}

/// Where the service answers over HTTP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Server {
    /// For instance `https://gates.example.com`.
    pub url: String,
    /// The authorities to believe about it (PEM), instead of the machine's own.
    pub ca: Option<String>,
}

/// An enrolled gate.
#[derive(Clone, Debug)]
pub struct Identity {
    /// What the service said.
    pub enrolment: Enrolment,
    tls: Arc<ClientConfig>,
    key: Arc<rcgen::KeyPair>,
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
        if !folder.join("enrolment.json").try_exists()? {
            return Ok(None);
        }
        match Self::read(folder) {
            Ok(identity) => Ok(Some(identity)),
            // A loss of power may have cut short how the next one took its place.
            Err(error) => Ok(Some(renewal::load(folder)?.ok_or(error)?)),
        }
    }

    fn read(folder: &Path) -> Result<Self> {
        let read = |name: &str| {
            let path = folder.join(name);
            fs::read(&path).with_context(|| format!("cannot read {}", path.display()))
        };
        let enrolment = serde_json::from_slice(&read("enrolment.json")?)
            .with_context(|| format!("{} is damaged", folder.join("enrolment.json").display()))?;
        Self::new(&read("key.pem")?, &read("certificate.pem")?, &read("ca.pem")?, enrolment)
    }

    /// Puts together what belongs together, or says what does not.
    pub(crate) fn new(
        key: &[u8],
        certificate: &[u8],
        ca: &[u8],
        enrolment: Enrolment,
    ) -> Result<Self> {
        let tls = tls(key, certificate, ca)?;
        let key = std::str::from_utf8(key).context("key.pem is damaged")?;
        let key = rcgen::KeyPair::from_pem(key).context("key.pem is damaged")?;
        Ok(Self { enrolment, tls, key: Arc::new(key) })
    }

    /// How the gate proves itself to the broker, and whom it believes.
    pub fn tls(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.tls)
    }

    /// Signs what the gate reports, with the key of its certificate.
    pub fn sign(&self, said: &[u8]) -> Result<Vec<u8>> {
        Ok(self.key.sign(said)?)
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
    let csr = signing_request(&claim.serial, &key)?.pem()?;
    let request = Request { serial: &claim.serial, secret: &claim.secret, csr: &csr };
    let answer = post(&claim.server()?, "/v1/enrolments", &request).await?;

    // Whatever could not be used later must not count as an enrolment now.
    let (certificate, ca) = (answer.certificate.as_bytes(), answer.ca.as_bytes());
    let key = key.serialize_pem();
    let identity = Identity::new(key.as_bytes(), certificate, ca, answer.enrolment)?;
    files::replace(&folder.join("certificate.pem"), certificate)?;
    files::replace(&folder.join("ca.pem"), ca)?;
    let ledger = folder.join(ledger::FILE);
    Ledger::begin(&ledger).with_context(|| format!("cannot begin {}", ledger.display()))?;
    let enrolment = serde_json::to_vec_pretty(&identity.enrolment)?;
    files::replace(&folder.join("enrolment.json"), &enrolment)?;
    Ok(identity)
}

impl Claim {
    fn server(&self) -> Result<Server> {
        let ca = self.server_ca.clone().map(String::from_utf8).transpose();
        let ca = ca.context("the authorities of the server are not in PEM")?;
        Ok(Server { url: self.server.trim_end_matches('/').to_owned(), ca })
    }
}

#[derive(Serialize)]
struct Request<'a> {
    serial: &'a str,
    secret: &'a str,
    csr: &'a str,
}

/// What the service answers, to an enrolment and to a renewal alike.
#[derive(Deserialize)]
pub(crate) struct Answer {
    pub(crate) certificate: String,
    pub(crate) ca: String,
    #[serde(flatten)]
    pub(crate) enrolment: Enrolment,
}

/// The part of a problem document (RFC 9457) that a person can act upon.
#[derive(Deserialize)]
struct Problem {
    title: String,
    code: String,
}

/// Asks the service for a certificate, and remembers where it was asked.
pub(crate) async fn post(server: &Server, path: &str, request: &impl Serialize) -> Result<Answer> {
    let url = format!("{}{path}", server.url);
    let asked = http(server)?.post(&url).json(request).send().await;
    let response = asked.with_context(|| format!("cannot reach {url}"))?;
    let status = response.status();
    let body = response.bytes().await.with_context(|| format!("no whole answer from {url}"))?;
    if status == StatusCode::CREATED {
        let answer = serde_json::from_slice(&body);
        let mut answer: Answer = answer.context("the answer is no enrolment")?;
        answer.enrolment.server = Some(server.clone());
        return Ok(answer);
    }
    match serde_json::from_slice(&body) {
        Ok(Problem { title, code }) => bail!("the service refuses: {title} ({code})"),
        Err(_) => bail!("{url} answers {status}"),
    }
}

fn http(server: &Server) -> Result<reqwest::Client> {
    // An error means that the process has a provider already; any will do here.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::builder()
        .timeout(ANSWER_DEADLINE)
        .redirect(reqwest::redirect::Policy::none());
    let http = match &server.ca {
        Some(pem) => http.tls_certs_only(reqwest::Certificate::from_pem_bundle(pem.as_bytes())?),
        // Without TLS nobody needs authorities, and a small machine may have none.
        None if server.url.starts_with("http://") => http.tls_certs_only([]),
        None => http,
    };
    http.build().context("cannot prepare HTTPS")
}

fn key_in(folder: &Path) -> Result<rcgen::KeyPair> {
    let path = folder.join("key.pem");
    if path.try_exists()? {
        return key_of(&path);
    }
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256)?;
    files::replace(&path, key.serialize_pem().as_bytes())
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(key)
}

/// The key that a file holds.
pub(crate) fn key_of(path: &Path) -> Result<rcgen::KeyPair> {
    let pem = fs::read_to_string(path);
    let pem = pem.with_context(|| format!("cannot read {}", path.display()))?;
    rcgen::KeyPair::from_pem(&pem).with_context(|| format!("{} is damaged", path.display()))
}

/// A request that names its sender; the service goes by what it knows.
pub(crate) fn signing_request(
    name: &str,
    key: &rcgen::KeyPair,
) -> Result<rcgen::CertificateSigningRequest> {
    let mut params = rcgen::CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    Ok(params.serialize_request(key)?)
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
pub(crate) mod tests;
