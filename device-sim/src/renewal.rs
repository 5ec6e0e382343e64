//! How a gate comes by its next key and certificate without a moment in which it has none that
//! works: the next ones are one file beside the present ones until the broker has taken them.
//!
//! ```text
//! renewal.json    the next key, certificate, authorities and enrolment, whole or not there
//! ```

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use data_encoding::BASE64URL_NOPAD;
use protocol::renewal_to_sign;
use rcgen::{KeyPair, SigningKey};
use serde::{Deserialize, Serialize};

use crate::files;
use crate::identity::{self, Enrolment, Identity, key_of, signing_request};

const FILE: &str = "renewal.json";

/// How long after a renewal that failed the next is tried, at first and at last.
const PAUSE: (Duration, Duration) = (Duration::from_mins(10), Duration::from_hours(24));

#[derive(Serialize, Deserialize)]
struct Next {
    key: String,
    certificate: String,
    ca: String,
    enrolment: Enrolment,
}

#[derive(Serialize)]
struct Request<'a> {
    certificate: &'a str,
    csr: &'a str,
    signature: &'a str,
}

/// Makes the next key and has the service certify it; answers the next identity, which is safe by
/// then and not in use yet.
pub(crate) async fn ask(folder: &Path, enrolment: &Enrolment) -> Result<Identity> {
    let server = enrolment.server.as_ref().context("where to renew was not kept")?;
    let present = key_of(&folder.join("key.pem"))?;
    let certificate = fs::read_to_string(folder.join("certificate.pem"))?;
    let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256)?;
    let csr = signing_request(enrolment.gate_id.as_str(), &key)?;
    let canonical = renewal_to_sign(&enrolment.gate_id, csr.der());
    let signature = BASE64URL_NOPAD.encode(&present.sign(canonical.as_bytes())?);
    let csr = csr.pem()?;
    let request = Request { certificate: &certificate, csr: &csr, signature: &signature };
    let answer = identity::post(server, "/v1/renewals", &request).await?;

    let identity::Answer { certificate, ca, enrolment } = answer;
    let next = Next { key: key.serialize_pem(), certificate, ca, enrolment };
    let identity = next.identity()?;
    files::replace(&folder.join(FILE), &serde_json::to_vec_pretty(&next)?)?;
    Ok(identity)
}

/// The next identity, if there is one that was not taken yet.
pub(crate) fn load(folder: &Path) -> Result<Option<Identity>> {
    read(folder)?.map(|next| next.identity()).transpose()
}

/// Puts the next identity in the place of the present one, which is void by now. Cut short, it is
/// done again: until it is done, the next one stands where it stood.
pub(crate) fn adopt(folder: &Path) -> Result<()> {
    let Some(next) = read(folder)? else { return Ok(()) };
    let enrolment = serde_json::to_vec_pretty(&next.enrolment)?;
    for (name, content) in [
        ("key.pem", next.key.as_bytes()),
        ("certificate.pem", next.certificate.as_bytes()),
        ("ca.pem", next.ca.as_bytes()),
        ("enrolment.json", &enrolment),
    ] {
        files::replace(&folder.join(name), content)?;
    }
    discard(folder)
}

fn discard(folder: &Path) -> Result<()> {
    let path = folder.join(FILE);
    fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
    Ok(files::sync_folder_of(&path)?)
}

/// How long to wait after so many renewals that failed in a row.
pub(crate) fn pause(failures: u32) -> Duration {
    let (first, last) = PAUSE;
    first.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(last)
}

impl Next {
    fn identity(&self) -> Result<Identity> {
        let Self { key, certificate, ca, enrolment } = self;
        Identity::new(key.as_bytes(), certificate.as_bytes(), ca.as_bytes(), enrolment.clone())
    }
}

fn read(folder: &Path) -> Result<Option<Next>> {
    let path = folder.join(FILE);
    match fs::read(&path) {
        Ok(bytes) => {
            let next = serde_json::from_slice(&bytes);
            next.map(Some).with_context(|| format!("{} is damaged", path.display()))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

#[cfg(test)]
mod tests;
