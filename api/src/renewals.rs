//! `POST /v1/renewals`: a gate asks for a certificate for its next key, and proves by its present
//! one who it is. The device contract tells gates how (`docs/device-contract.md`).

use authority::{Shown, request_der};
use axum::extract::State;
use axum::http::StatusCode;
use data_encoding::BASE64URL_NOPAD;
use domain::GateId;
use serde::Deserialize;
use store::{Fingerprint, Renewal, Unwelcome};
use utoipa::ToSchema;

use crate::Api;
use crate::answers::{Code, Problem};
use crate::body::{Fields, Json};
use crate::caller::From as Address;
use crate::enrolments::{Enrolled, Papers, unsigned};

/// What a gate has, and what it wants instead.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Renew {
    /// Its present certificate in PEM
    certificate: String,
    /// A certificate signing request in PEM, for a fresh key
    csr: String,
    /// Made with the present key over what the device contract says; base64url
    signature: String,
}

/// Gives a gate the certificate for its next key, from the 60th day of the present one on. The
/// present one holds until the next is used, so a lost answer may be asked for again.
#[utoipa::path(post, path = "/v1/renewals", tag = "gates", request_body = Renew,
    responses((status = 201, body = Enrolled)))]
pub(crate) async fn renew(
    State(api): State<Api>,
    Address(address): Address,
    Json(body): Json<Renew>,
) -> Result<(StatusCode, axum::Json<Enrolled>), Problem> {
    let mut fields = Fields::default();
    let shown = fields.take("certificate", Shown::from_pem(&body.certificate));
    let signature = fields.take("signature", BASE64URL_NOPAD.decode(body.signature.as_bytes()));
    let (Some(shown), Some(signature)) = (shown, signature) else {
        return Err(fields.problem());
    };
    let csr_der = request_der(&body.csr).map_err(unsigned)?;
    api.limits.may_guess(address)?;
    let (devices, now) = (api.store.devices(), api.now());
    let present = Fingerprint(shown.fingerprint);
    let gate = match devices.renewing(present, now).await? {
        Ok(gate) => gate,
        Err(refusal) => {
            if refusal == Renewal::Unwelcome(Unwelcome::Unknown) {
                api.limits.guessed_wrong(address);
            }
            return Err(refusal.into());
        }
    };
    let authorities = api.authorities.load_full();
    let is_ours = authorities.vouches_for_client(&body.certificate, now.as_millis());
    if !is_ours || !shown.signed(canonical(gate, &csr_der)?.as_bytes(), &signature) {
        api.limits.guessed_wrong(address);
        let expected = "expected a signature by the key of the certificate";
        return Err(Problem::field("signature", expected));
    }
    let papers = Papers::signed(&api, gate, &body.csr, now)?;
    devices.renewed(present, papers.certificate(), now).await??;
    tracing::info!(gate.id = %gate, "renewed the certificate of {gate}");
    Ok((StatusCode::CREATED, axum::Json(papers.answer(&api))))
}

fn canonical(gate: GateId, csr_der: &[u8]) -> Result<String, Problem> {
    let gate = protocol::GateId::parse(&gate.to_string()).map_err(|_| Code::Internal)?;
    Ok(protocol::renewal_to_sign(&gate, csr_der))
}

#[cfg(test)]
mod tests;
