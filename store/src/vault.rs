//! What protects the rows of a stolen database: seals and digests.
//!
//! The keys come from files outside the database. A seal is AES-256-GCM under a random nonce, bound
//! to what it belongs to (a code's to its row). A digest is HMAC-SHA-256 under a pepper, because
//! four digits, six digits and phone numbers can all be tried out; tokens of 128 bits and more are
//! hashed plainly.

use std::fmt;
use std::sync::Arc;

use domain::{Dice, roll};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::{digest, hmac};
use zeroize::Zeroize;

use crate::{Fault, Result};

/// The secrets of the storage, 32 bytes each.
pub struct Keys {
    /// Seals what must be read again.
    pub seal: [u8; 32],
    /// Peppers digests of what could be guessed.
    pub pepper: [u8; 32],
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys(…)")
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        self.seal.zeroize();
        self.pepper.zeroize();
    }
}

/// What a digest is for; two purposes never share one.
#[derive(Clone, Copy)]
pub(crate) enum Purpose {
    Phone,
    Otp,
    Passcode,
    Mobile,
    Reference,
    ClaimCode,
    EnrolmentSecret,
    Message,
    NumberPrefix,
    Network,
    RecoveryCode,
}

/// Names the layout and the key of a seal; a second key gets the next number.
const SEAL_FORMAT: u8 = 1;

pub(crate) struct Vault {
    seal: LessSafeKey,
    pepper: hmac::Key,
    dice: Arc<dyn Dice>,
}

impl Vault {
    pub(crate) fn new(keys: &Keys, dice: Arc<dyn Dice>) -> Result<Self> {
        let key = UnboundKey::new(&AES_256_GCM, &keys.seal);
        let key = key.map_err(|_| Fault::Unavailable("the seal key is unusable".to_owned()))?;
        let pepper = hmac::Key::new(hmac::HMAC_SHA256, &keys.pepper);
        Ok(Self { seal: LessSafeKey::new(key), pepper, dice })
    }

    pub(crate) fn dice(&self) -> &dyn Dice {
        &*self.dice
    }

    /// Closes fields so that only this vault reads them, and only as part of this row.
    pub(crate) fn seal(&self, row: &str, fields: &[&str]) -> Result<Vec<u8>> {
        let mut body = Vec::new();
        for field in fields {
            body.extend((field.len() as u64).to_be_bytes());
            body.extend(field.as_bytes());
        }
        let nonce: [u8; NONCE_LEN] = roll(self.dice());
        let sealed = self.seal.seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(row.as_bytes()),
            &mut body,
        );
        sealed.map_err(|_| Fault::Unavailable("sealing failed".to_owned()))?;
        Ok([&[SEAL_FORMAT], nonce.as_slice(), &body].concat())
    }

    /// Opens the fields of a row again.
    pub(crate) fn open<const N: usize>(&self, row: &str, sealed: &[u8]) -> Result<[String; N]> {
        let fields = self.open_all(row, sealed)?;
        fields.try_into().map_err(|_| Fault::corrupt("sealed", row, "has other fields"))
    }

    /// The same where older rows have fewer fields.
    pub(crate) fn open_all(&self, row: &str, sealed: &[u8]) -> Result<Vec<String>> {
        let corrupt = || Fault::corrupt("sealed", row, "cannot be opened with this key");
        let (format, rest) = sealed.split_first().ok_or_else(corrupt)?;
        if *format != SEAL_FORMAT || rest.len() < NONCE_LEN {
            return Err(corrupt());
        }
        let (nonce, body) = rest.split_at(NONCE_LEN);
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| corrupt())?;
        let mut body = body.to_vec();
        let opened = self.seal.open_in_place(nonce, Aad::from(row.as_bytes()), &mut body);
        let fields = read_fields(opened.map_err(|_| corrupt())?).ok_or_else(corrupt);
        body.zeroize();
        fields
    }

    /// The digest of something that could be guessed.
    pub(crate) fn digest(&self, purpose: Purpose, parts: &[&[u8]]) -> [u8; 32] {
        to_array(hmac::sign(&self.pepper, &labelled(purpose, parts)).as_ref())
    }

    /// Whether these parts have this digest; takes the same time whatever the answer.
    pub(crate) fn matches(&self, purpose: Purpose, parts: &[&[u8]], digest: &[u8]) -> bool {
        hmac::verify(&self.pepper, &labelled(purpose, parts), digest).is_ok()
    }
}

/// The parts under their purpose, each behind its length, so that no two lists read the same.
fn labelled(purpose: Purpose, parts: &[&[u8]]) -> Vec<u8> {
    let purpose: &[u8] = match purpose {
        Purpose::Phone => b"phone",
        Purpose::Otp => b"otp",
        Purpose::Passcode => b"passcode",
        Purpose::Mobile => b"mobile",
        Purpose::Reference => b"reference",
        Purpose::ClaimCode => b"claim code",
        Purpose::EnrolmentSecret => b"enrolment secret",
        Purpose::Message => b"message",
        Purpose::NumberPrefix => b"number prefix",
        Purpose::Network => b"network",
        Purpose::RecoveryCode => b"recovery code",
    };
    let mut text = Vec::new();
    for part in [purpose].iter().chain(parts) {
        text.extend((part.len() as u64).to_be_bytes());
        text.extend(*part);
    }
    text
}

/// The digest of a token that nobody can guess.
pub(crate) fn token_digest(token: &[u8]) -> [u8; 32] {
    to_array(digest::digest(&digest::SHA256, token).as_ref())
}

fn to_array(bytes: &[u8]) -> [u8; 32] {
    let mut array = [0; 32];
    array.copy_from_slice(bytes);
    array
}

fn read_fields(mut body: &[u8]) -> Option<Vec<String>> {
    let mut fields = Vec::new();
    while !body.is_empty() {
        let (length, rest) = body.split_first_chunk::<8>()?;
        let length = usize::try_from(u64::from_be_bytes(*length)).ok()?;
        let (field, rest) = rest.split_at_checked(length)?;
        fields.push(String::from_utf8(field.to_vec()).ok()?);
        body = rest;
    }
    Some(fields)
}
