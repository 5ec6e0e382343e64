//! Rows become domain values here, and nowhere else; an impossible row is [`Fault::Corrupt`].

pub(crate) mod attempt;
pub(crate) mod code;
pub(crate) mod device;
pub(crate) mod login;
pub(crate) mod pin;
pub(crate) mod share;

use domain::PhoneNumber;

use crate::sql::Row;
use crate::vault::Vault;
use crate::{Fault, Result};

/// A column that counts something.
pub(crate) fn number<N: TryFrom<i64>>(row: &Row, column: &'static str) -> Result<N> {
    let value: i64 = row.take(column)?;
    N::try_from(value).map_err(|_| Fault::corrupt(column, "?", format!("{value} is no count")))
}

/// A digest that is not asked for by its value.
pub(crate) fn digest(row: &Row, column: &'static str) -> Result<[u8; 32]> {
    let bytes: Vec<u8> = row.take(column)?;
    let wrong = |_| Fault::corrupt(column, "?", "not 32 bytes");
    bytes.try_into().map_err(wrong)
}

/// A sealed phone number.
pub(crate) fn phone(vault: &Vault, row: &'static str, sealed: &[u8]) -> Result<PhoneNumber> {
    let [text] = vault.open(row, sealed)?;
    PhoneNumber::from_kept(&text).map_err(|error| Fault::corrupt("phone", row, error))
}

/// What a row says; none where nobody can read it, which is logged: one bad row holds up no other.
pub(crate) fn unless_corrupt<T>(read: Result<T>) -> Result<Option<T>> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(fault @ Fault::Corrupt { .. }) => {
            tracing::error!(%fault, "passed over a row: {fault}");
            Ok(None)
        }
        Err(fault) => Err(fault),
    }
}
