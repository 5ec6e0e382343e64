//! Who is who on the wire: the CA and the certificates it signs.
//!
//! Keys are P-256 and fresh with every certificate; only a device keeps its own and sends a
//! request. Times are arguments, in milliseconds since 1970. Nothing here reads a clock or a
//! file, or knows what a gate is.

mod authorities;
mod issued;
mod request;
mod revoked;
mod shown;
mod verify;

pub use authorities::Authorities;
pub use issued::{Certified, Issued};
pub use request::{InvalidRequest, request_der};
pub use revoked::Revoked;
pub use shown::{InvalidCertificate, Shown};

use std::fmt;
use std::time::Duration;

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, PublicKeyData, SanType,
    SerialNumber, date_time_ymd,
};
use ring::digest::{SHA256, digest};
use rustls::pki_types::ServerName;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

/// How long a CA lives. Devices pin it, so it must outlast them.
pub const CA_LIFETIME: Duration = Duration::from_hours(3652 * 24);

/// How far certificates may be dated back, for peers whose clocks are a little behind.
pub const BACKDATING: Duration = Duration::from_hours(1);

/// What every function here returns.
pub type Result<T, E = Fault> = std::result::Result<T, E>;

/// The certificate could not be made or read.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// A certificate cannot carry this as the name of a server.
    #[error("`{0}` is neither a host name nor an IP address")]
    InvalidName(String),
    /// The two texts are not a certificate and its own private key.
    #[error("not a certificate with its private key: {0}")]
    InvalidPair(String),
    /// The certificate is not a CA's.
    #[error("the certificate may not sign others")]
    NotAuthority,
    /// The certificate could not be written or signed.
    #[error("cannot make a certificate: {0}")]
    Unmade(#[from] rcgen::Error),
}

/// A CA: its certificate and the private key that signs for it.
pub struct Authority {
    certificate_pem: String,
    name: String,
    fingerprint: [u8; 32],
    not_after: i64,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// Makes a new CA that signs end entities only.
    ///
    /// No two CAs of a service may share a name: by it a revocation list finds its CA.
    pub fn create(common_name: &str, now: i64) -> Result<Self> {
        let key = KeyPair::generate()?;
        let mut params = params(common_name, now - millis(BACKDATING), now + millis(CA_LIFETIME));
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        Self::from_pem(&params.self_signed(&key)?.pem(), &key.serialize_pem())
    }

    /// Reads a CA back from its two PEM texts; refuses a key that is not the certificate's.
    pub fn from_pem(certificate_pem: &str, key_pem: &str) -> Result<Self> {
        let certificate = verify::check_pair(certificate_pem, key_pem)?;
        let invalid = |error: rcgen::Error| Fault::InvalidPair(error.to_string());
        let key = KeyPair::from_pem(key_pem).map_err(invalid)?;
        let issuer = Issuer::from_ca_cert_pem(certificate_pem, key).map_err(invalid)?;
        if !issuer.key_usages().contains(&KeyUsagePurpose::KeyCertSign) {
            return Err(Fault::NotAuthority);
        }
        let (_, told) = X509Certificate::from_der(&certificate)
            .map_err(|error| Fault::InvalidPair(error.to_string()))?;
        let name = told.subject().iter_common_name().find_map(|name| name.as_str().ok());
        Ok(Self {
            certificate_pem: certificate_pem.to_owned(),
            name: name.unwrap_or_default().to_owned(),
            fingerprint: issued::fingerprint(&certificate),
            not_after: told.validity().not_after.timestamp() * 1000,
            issuer,
        })
    }

    /// Its name, unlike that of any other CA of the service.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// SHA-256 of its certificate's DER bytes.
    pub fn fingerprint(&self) -> [u8; 32] {
        self.fingerprint
    }

    /// The last moment at which anybody believes it.
    pub fn not_after(&self) -> i64 {
        self.not_after
    }

    /// The CA's certificate, for everybody.
    pub fn ca_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// The CA's private key, for nobody but the file that keeps it.
    pub fn key_pem(&self) -> String {
        self.issuer.key().serialize_pem()
    }

    /// Makes a server's certificate for these host names and IP addresses.
    pub fn server(&self, names: &[String], not_before: i64, not_after: i64) -> Result<Issued> {
        let common_name = names.first().map_or("server", String::as_str);
        let mut params = params(common_name, not_before, not_after);
        params.subject_alt_names = names.iter().map(|name| san(name)).collect::<Result<_>>()?;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.issue(params)
    }

    /// Makes a client's certificate.
    pub fn client(&self, common_name: &str, not_before: i64, not_after: i64) -> Result<Issued> {
        self.issue(client(common_name, not_before, not_after))
    }

    /// Signs a client's certificate for the key of a request.
    ///
    /// Only the key is taken from the request. Whatever else it asks for (names, usages, being
    /// a CA) is ignored: who somebody is, the caller says.
    pub fn certify(
        &self,
        csr_pem: &str,
        common_name: &str,
        not_before: i64,
        not_after: i64,
    ) -> Result<Certified, InvalidRequest> {
        let key = request::key(csr_pem)?;
        let params = client(common_name, not_before, not_after);
        let serial = serial(&params, &key);
        let certificate = self.sign(params, &key).map_err(|_| InvalidRequest::Unsignable)?;
        let public_key = key.subject_public_key_info();
        Ok(Certified::new(&certificate, serial, public_key, not_after))
    }

    fn issue(&self, params: CertificateParams) -> Result<Issued> {
        let key = KeyPair::generate()?;
        let certificate = self.sign(params, &key)?;
        Ok(Issued::new(&certificate, key.serialize_pem()))
    }

    fn sign(&self, mut params: CertificateParams, key: &impl PublicKeyData) -> Result<Certificate> {
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        params.serial_number = Some(SerialNumber::from_slice(&serial(&params, key)));
        Ok(params.signed_by(key, &self.issuer)?)
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authority(····)")
    }
}

fn client(common_name: &str, not_before: i64, not_after: i64) -> CertificateParams {
    let mut params = params(common_name, not_before, not_after);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params
}

fn params(common_name: &str, not_before: i64, not_after: i64) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.not_before = date_time_ymd(1970, 1, 1) + since_1970(not_before);
    params.not_after = date_time_ymd(1970, 1, 1) + since_1970(not_after);
    params
}

/// Clamps a moment to what a certificate can say: whole seconds from 1970 to 9999.
fn since_1970(millis: i64) -> Duration {
    const LAST_SECOND: i64 = 253_402_300_799;
    let seconds = millis.div_euclid(1000).clamp(0, LAST_SECOND);
    Duration::from_secs(seconds.unsigned_abs())
}

fn san(name: &str) -> Result<SanType> {
    let invalid = || Fault::InvalidName(name.to_owned());
    match ServerName::try_from(name).map_err(|_| invalid())? {
        ServerName::DnsName(name) => Ok(SanType::DnsName(name.as_ref().try_into()?)),
        ServerName::IpAddress(address) => Ok(SanType::IpAddress(address.into())),
        _ => Err(invalid()),
    }
}

/// A serial number that also differs when a device renews with the same key.
fn serial(params: &CertificateParams, key: &impl PublicKeyData) -> [u8; 16] {
    let mut told = key.der_bytes().to_vec();
    for moment in [params.not_before, params.not_after] {
        told.extend(moment.unix_timestamp().to_be_bytes());
    }
    let hash = digest(&SHA256, &told);
    let mut serial = [0; 16];
    serial.copy_from_slice(&hash.as_ref()[..16]);
    // It is positive, and never begins with a zero that the encoding would drop.
    serial[0] = 0x40 | (serial[0] & 0x3f);
    serial
}

fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
