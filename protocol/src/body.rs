//! Bodies on the wire: JSON, one object, its version first, small.

use serde::{Serialize, de::DeserializeOwned};

/// The most a body may hold; the broker refuses larger packets.
pub const MAX_BODY_BYTES: usize = 4096;

/// The bytes are no body of this contract.
#[derive(Debug, thiserror::Error)]
pub enum InvalidBody {
    /// Longer than [`MAX_BODY_BYTES`].
    #[error("longer than {MAX_BODY_BYTES} bytes")]
    TooLong,
    /// Not the JSON that the contract asks for.
    #[error("not the body of the contract: {0}")]
    Malformed(#[from] serde_json::Error),
    /// Of a version that is not spoken here.
    #[error("version {0} is not spoken here")]
    Version(u8),
}

/// A body that carries its contract's version.
pub(crate) trait Versioned {
    fn version(&self) -> u8;
}

pub(crate) fn read<T: DeserializeOwned + Versioned>(bytes: &[u8]) -> Result<T, InvalidBody> {
    if MAX_BODY_BYTES < bytes.len() {
        return Err(InvalidBody::TooLong);
    }
    let body: T = serde_json::from_slice(bytes)?;
    if body.version() != crate::VERSION {
        return Err(InvalidBody::Version(body.version()));
    }
    Ok(body)
}

#[expect(clippy::expect_used, reason = "plain structs of text and numbers always serialize")]
pub(crate) fn write<T: Serialize>(body: &T) -> Vec<u8> {
    serde_json::to_vec(body).expect("a body of the contract serializes")
}

/// Gives a body its two doors to the wire.
macro_rules! body {
    ($name:ident) => {
        impl crate::body::Versioned for $name {
            fn version(&self) -> u8 {
                self.v
            }
        }

        impl $name {
            /// Reads the body from the wire.
            pub fn from_bytes(bytes: &[u8]) -> Result<Self, crate::InvalidBody> {
                crate::body::read(bytes)
            }

            /// The body as it stands on the wire.
            pub fn to_bytes(&self) -> Vec<u8> {
                crate::body::write(self)
            }
        }
    };
}
pub(crate) use body;
