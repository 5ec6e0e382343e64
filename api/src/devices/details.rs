//! `GET /v1/devices/{id}`: one device.

use axum::extract::State;

use super::seen;
use crate::answers::Problem;
use crate::body::{Path, device};
use crate::caller::Caller;
use crate::{Api, wire};

/// Shows one device.
#[utoipa::path(get, path = "/v1/devices/{id}", tag = "devices", security(("session" = [])),
    params(("id" = String, Path)), responses((status = 200, body = wire::Device)))]
pub(crate) async fn details(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<axum::Json<wire::Device>, Problem> {
    let device = api.store.devices().details(caller.user, device(&id)?, api.now()).await??;
    Ok(axum::Json(seen(&api, &device)))
}
