//! What proves to the service, over HTTP, that a gate asks for a certificate for its next key.

use data_encoding::HEXLOWER;
use ring::digest::{SHA256, digest};

use crate::GateId;

/// The canonical text that a gate signs with its present key: who it is, and the certificate
/// signing request (DER) of its next key.
pub fn renewal_to_sign(gate: &GateId, csr_der: &[u8]) -> String {
    let digest = HEXLOWER.encode(digest(&SHA256, csr_der).as_ref());
    format!("fluss/v1/renewal\n{gate}\n{digest}\n")
}
