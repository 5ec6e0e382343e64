//! The goodbye: a gate's last will, or the broker's edge when it sees the connection close.

use serde::{Deserialize, Serialize};

use crate::body::body;
use crate::{Nonce, VERSION};

/// "The connection whose hello had this nonce is gone."
///
/// The nonce is what makes a late goodbye harmless: it never speaks for a newer connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presence {
    /// The contract's version.
    pub v: u8,
    /// Always false: a gate's coming is its hello.
    pub online: bool,
    /// The nonce of the last hello on that connection.
    pub nonce: Nonce,
}
body!(Presence);

impl Presence {
    /// The goodbye of the connection whose hello had this nonce.
    pub fn gone(nonce: Nonce) -> Self {
        Self { v: VERSION, online: false, nonce }
    }
}
