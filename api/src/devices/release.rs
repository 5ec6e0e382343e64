//! `DELETE /v1/devices/{id}/quarantine`: lets a gate in again.

use axum::extract::State;
use store::Actor;

use super::seen;
use crate::answers::Problem;
use crate::body::{Path, device};
use crate::caller::Caller;
use crate::{Api, wire};

/// Ends a gate's quarantine; its owner may, who has looked at it. Without one nothing changes.
#[utoipa::path(delete, path = "/v1/devices/{id}/quarantine", tag = "devices",
    security(("session" = [])), params(("id" = String, Path)),
    responses((status = 200, body = wire::Device)))]
pub(crate) async fn release(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<axum::Json<wire::Device>, Problem> {
    let (devices, id) = (caller.store.devices(), device(&id)?);
    devices.release(Actor::Person(caller.user), id.clone(), api.now()).await??;
    let device = devices.details(caller.user, id, api.now()).await??;
    Ok(axum::Json(seen(&api, &device)))
}
