//! `PATCH /v1/devices/{id}`: gives a device a name.

use axum::extract::State;
use domain::name::DeviceName;
use serde::Deserialize;
use store::Device;
use utoipa::ToSchema;

use super::seen;
use crate::answers::Problem;
use crate::body::{Json, Path, device};
use crate::caller::Caller;
use crate::{Api, wire};

/// What may be changed about a device.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rename {
    /// 1 to 80 characters
    name: String,
}

/// Names a device; its owner may, and who has full access.
#[utoipa::path(patch, path = "/v1/devices/{id}", tag = "devices", security(("session" = [])),
    params(("id" = String, Path)), request_body = Rename,
    responses((status = 200, body = wire::Device)))]
pub(crate) async fn rename(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    Json(body): Json<Rename>,
) -> Result<axum::Json<wire::Device>, Problem> {
    let device = ask(&api, &caller, &id, &body.name).await?;
    Ok(axum::Json(seen(&api, &device)))
}

/// Gives a device a name, as typed.
pub(crate) async fn ask(
    api: &Api,
    caller: &Caller,
    id: &str,
    name: &str,
) -> Result<Device, Problem> {
    let name = DeviceName::parse(name).map_err(|error| Problem::field("name", error))?;
    Ok(caller.store.devices().rename(caller.user, device(id)?, name, api.now()).await??)
}
