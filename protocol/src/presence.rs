//! The goodbye: a gate's last will, or the broker's edge when it sees the connection close.

use serde::{Deserialize, Serialize};

use crate::body::body;
use crate::{Nonce, VERSION};

/// "The connection whose hello had this nonce is gone."
///
/// The nonce tells which connection is meant. A last will carries that of the connection's first
/// hello; who says goodbye in words names the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presence {
    /// The contract's version.
    pub v: u8,
    /// Always false: a gate's coming is its hello.
    pub online: bool,
    /// The nonce of a hello on that connection.
    pub nonce: Nonce,
}
body!(Presence);

impl Presence {
    /// The goodbye of the connection whose hello had this nonce.
    pub fn gone(nonce: Nonce) -> Self {
        Self { v: VERSION, online: false, nonce }
    }
}
