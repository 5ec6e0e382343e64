//! `GET /v1/devices`: all devices that the caller owns or shares.

use axum::extract::State;

use super::{Devices, seen};
use crate::Api;
use crate::answers::Problem;
use crate::caller::Caller;

/// Lists the caller's devices.
#[utoipa::path(get, path = "/v1/devices", tag = "devices", security(("session" = [])),
    responses((status = 200, body = Devices)))]
pub(crate) async fn list(
    State(api): State<Api>,
    caller: Caller,
) -> Result<axum::Json<Devices>, Problem> {
    let devices = api.store.devices().of(caller.user, api.now()).await?;
    let items = devices.iter().map(|device| seen(&api, device)).collect();
    Ok(axum::Json(Devices { items }))
}
