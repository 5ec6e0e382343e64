//! Ed25519 over canonical bytes: what makes a command the service's own, whoever carries it.

use std::fmt;

use data_encoding::BASE64URL_NOPAD;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use serde::{Deserialize, Serialize};

/// The service's key for welcomes and commands; the private half never leaves the service.
pub struct SigningKey {
    kid: String,
    pair: Ed25519KeyPair,
}

impl SigningKey {
    /// Makes the key from its 32 secret bytes, named `kid`.
    #[expect(clippy::missing_panics_doc, reason = "every 32 bytes are an Ed25519 seed")]
    pub fn from_seed(kid: &str, seed: &[u8; 32]) -> Self {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).expect("32 bytes are a seed");
        Self { kid: kid.to_owned(), pair }
    }

    /// The half that gates pin when they are enrolled.
    pub fn verifying_key(&self) -> VerifyingKey {
        let key = BASE64URL_NOPAD.encode(self.pair.public_key().as_ref());
        VerifyingKey { kid: self.kid.clone(), key }
    }

    /// Names the key.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// Signs a text; each kind of text begins with a line of its own, so that none is taken for
    /// another. Base64url without padding.
    pub fn sign(&self, canonical: &str) -> String {
        BASE64URL_NOPAD.encode(self.pair.sign(canonical.as_bytes()).as_ref())
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.kid)
    }
}

/// A public key by which a gate knows the service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerifyingKey {
    /// Names the key, so that two can be live while one replaces the other.
    pub kid: String,
    /// 32 bytes, base64url without padding.
    pub key: String,
}

/// The keys a gate pinned at its enrolment.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct VerifyingKeys(pub Vec<VerifyingKey>);

impl VerifyingKeys {
    /// Whether the key of this name signed this text.
    pub fn check(&self, kid: &str, canonical: &str, sig: &str) -> Result<(), Forged> {
        let key = self.0.iter().find(|key| key.kid == kid).ok_or(Forged)?;
        let key = BASE64URL_NOPAD.decode(key.key.as_bytes()).map_err(|_| Forged)?;
        let sig = BASE64URL_NOPAD.decode(sig.as_bytes()).map_err(|_| Forged)?;
        let key = UnparsedPublicKey::new(&ED25519, key);
        key.verify(canonical.as_bytes(), &sig).map_err(|_| Forged)
    }
}

/// No known key made this signature over these bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not signed by a known key")]
pub struct Forged;
