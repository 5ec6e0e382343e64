//! `POST /v1/devices/{id}/plan/transfer`: gives a device's plan to the one that takes its place
//! (F02).

use axum::extract::State;
use serde::Deserialize;
use store::Device;
use utoipa::ToSchema;

use super::seen;
use crate::answers::Problem;
use crate::body::{Json, Path, device};
use crate::caller::Caller;
use crate::{Api, wire};

/// Which device has the plan from now on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TransferPlan {
    /// The id of a device of the caller's, of the same kind and without a plan
    to: String,
}

/// Gives a device's plan to another of the same owner and kind, which has none; the first has none
/// any more. Answers the one that has it now.
#[utoipa::path(post, path = "/v1/devices/{id}/plan/transfer", tag = "devices",
    security(("session" = [])), params(("id" = String, Path)), request_body = TransferPlan,
    responses((status = 200, body = wire::Device)))]
pub(crate) async fn transfer(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    Json(body): Json<TransferPlan>,
) -> Result<axum::Json<wire::Device>, Problem> {
    let device = ask(&api, &caller, &id, &body.to).await?;
    Ok(axum::Json(seen(&api, &device)))
}

/// Gives a plan to another device.
pub(crate) async fn ask(
    api: &Api,
    caller: &Caller,
    from: &str,
    to: &str,
) -> Result<Device, Problem> {
    let (from, to) = (device(from)?, device(to)?);
    Ok(caller.store.devices().transfer_plan(caller.user, from, to, api.now()).await??)
}
