//! What the audit keeps of a guest: a commitment, which tells nothing by itself and yet proves who
//! it was as long as somebody has what opens it.
//!
//! What opens it is sealed beside the code and erased with the guest; the commitment stays in the
//! chain, which therefore verifies before and after.

use std::fmt;
use std::sync::Arc;

use data_encoding::HEXLOWER;
use domain::{CodeId, Dice, roll};
use ring::digest::{Context, SHA256};

use crate::database::reading;
use crate::row::code::opening_of;
use crate::sql::{Row, sql};
use crate::{Events, Fault, Guest, Result};

/// Makes a commitment that nobody opens by trying names and numbers.
#[derive(Clone, PartialEq, Eq)]
pub struct Salt([u8; 16]);

/// What opens a commitment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    /// The guest.
    pub guest: Guest,
    /// The salt.
    pub salt: Salt,
}

impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salt(…)")
    }
}

impl Salt {
    pub(crate) fn random(dice: &dyn Dice) -> Self {
        Self(roll(dice))
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        HEXLOWER.decode(text.as_bytes()).ok()?.try_into().ok().map(Self)
    }

    /// The salt as hexadecimal text.
    pub fn reveal(&self) -> String {
        HEXLOWER.encode(&self.0)
    }
}

impl Opening {
    /// SHA-256 over salt, name and number, each behind its length.
    pub fn commitment(&self) -> [u8; 32] {
        let Self { guest, salt } = self;
        let mut digest = Context::new(&SHA256);
        digest.update(b"fluss/v1/guest");
        let (name, mobile) = (guest.name.as_str().as_bytes(), guest.mobile.reveal().as_bytes());
        for field in [salt.0.as_slice(), name, mobile] {
            digest.update(&(field.len() as u64).to_be_bytes());
            digest.update(field);
        }
        let mut commitment = [0; 32];
        commitment.copy_from_slice(digest.finish().as_ref());
        commitment
    }
}

impl Events {
    /// What opens the commitment to the guest of a code; none once the guest is erased, and none of
    /// codes from before there were commitments.
    pub async fn opening(&self, code: CodeId) -> Result<Option<Opening>> {
        let vault = Arc::clone(&self.0.vault);
        reading!(self.0.db, |tx| {
            let row = sql("SELECT * FROM codes WHERE id = $1").bind(code).optional(tx).await?;
            row.map_or(Ok(None), |row| opening_of(&vault, &row))
        })
    }
}

pub(crate) fn commitment_in(row: &Row) -> Result<Option<[u8; 32]>> {
    let bytes: Option<Vec<u8>> = row.take("commitment")?;
    let commitment = bytes.map(TryInto::try_into).transpose();
    commitment.map_err(|_| Fault::corrupt("events", "commitment", "no SHA-256"))
}
