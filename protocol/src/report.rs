//! What a gate signs with the key of its certificate: the reports by which ways are used or freed.
//!
//! Hello and goodbye are not among them: they can only make a gate seem away.

use data_encoding::BASE64URL_NOPAD;
use rustls_pki_types::SubjectPublicKeyInfoDer;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use webpki::RawPublicKeyEntity;
use webpki::ring::{ECDSA_P256_SHA256, ED25519};

use crate::body::{self, Versioned};
use crate::{Forged, GateId, InvalidBody};

/// Something that the service believes of a gate only when its own key signed it.
pub trait Report: Serialize + DeserializeOwned {
    /// The contract's version.
    fn version(&self) -> u8;

    /// The canonical text that this gate signs: one line a field, who says it among the first.
    fn to_sign(&self, gate: &GateId) -> String;
}

/// A report as it stands on the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed<T> {
    /// What the gate says.
    #[serde(flatten)]
    pub said: T,
    /// ECDSA over P-256 with SHA-256 in ASN.1, or Ed25519, over the canonical bytes, base64url.
    pub sig: String,
}

impl<T: Report> Signed<T> {
    /// The report with its signature over [`Report::to_sign`].
    pub fn new(said: T, signature: &[u8]) -> Self {
        Self { said, sig: BASE64URL_NOPAD.encode(signature) }
    }

    /// Checks that the holder of one of these keys said exactly this, as this gate. A key is the
    /// `SubjectPublicKeyInfo` of a certificate, in DER.
    pub fn verify<K: AsRef<[u8]>>(&self, gate: &GateId, keys: &[K]) -> Result<(), Forged> {
        let signature = BASE64URL_NOPAD.decode(self.sig.as_bytes()).map_err(|_| Forged)?;
        let said = self.said.to_sign(gate);
        let is_by = |key: &K| is_by(key.as_ref(), said.as_bytes(), &signature);
        if keys.iter().any(is_by) { Ok(()) } else { Err(Forged) }
    }

    /// Reads the body from the wire.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, InvalidBody> {
        body::read(bytes)
    }

    /// The body as it stands on the wire.
    pub fn to_bytes(&self) -> Vec<u8> {
        body::write(self)
    }
}

impl<T: Report> Versioned for Signed<T> {
    fn version(&self) -> u8 {
        self.said.version()
    }
}

fn is_by(key: &[u8], said: &[u8], signature: &[u8]) -> bool {
    let key = SubjectPublicKeyInfoDer::from(key);
    let Ok(key) = RawPublicKeyEntity::try_from(&key) else { return false };
    [ECDSA_P256_SHA256, ED25519]
        .into_iter()
        .any(|kind| key.verify_signature(kind, said, signature).is_ok())
}
