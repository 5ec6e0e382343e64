//! `POST /v1/devices/{id}/replacement`: puts a spare in a gate's place.

use std::net::IpAddr;

use axum::extract::State;
use domain::secret::ClaimCode;
use serde::Deserialize;
use store::{Device, Replacement};
use utoipa::ToSchema;

use super::seen;
use crate::answers::Problem;
use crate::body::{Json, Path, device};
use crate::caller::{Caller, From as Address};
use crate::{Api, wire};

/// The label of the hardware that takes the gate's place.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Replace {
    /// As printed on the spare, which nobody has claimed and which was never connected
    claim_code: String,
}

/// Puts a spare in a gate's place; its owner may. Name, settings, codes and people stay as they
/// are; the hardware before it is kept out from now on. Asking again changes nothing.
#[utoipa::path(post, path = "/v1/devices/{id}/replacement", tag = "devices",
    security(("session" = [])), params(("id" = String, Path)), request_body = Replace,
    responses((status = 200, body = wire::Device)))]
pub(crate) async fn replace(
    State(api): State<Api>,
    caller: Caller,
    Address(address): Address,
    Path(id): Path<String>,
    Json(body): Json<Replace>,
) -> Result<axum::Json<wire::Device>, Problem> {
    let replaced = ask(&api, address, &caller, &id, &body.claim_code).await?;
    Ok(axum::Json(seen(&api, &replaced)))
}

/// Puts the spare with this label in a gate's place.
pub(crate) async fn ask(
    api: &Api,
    address: IpAddr,
    caller: &Caller,
    id: &str,
    claim_code: &str,
) -> Result<Device, Problem> {
    let spare = ClaimCode::parse(claim_code);
    let spare = spare.map_err(|error| Problem::field("claim_code", error))?;
    let id = device(id)?;
    api.limits.may_guess(address)?;
    let replaced = caller.store.devices().replace(caller.user, id, spare, api.now()).await?;
    if let Err(Replacement::Unknown | Replacement::NotASpare) = replaced {
        // A wrong code costs as much patience as a wrong link.
        api.limits.guessed_wrong(address);
    }
    Ok(replaced?)
}
