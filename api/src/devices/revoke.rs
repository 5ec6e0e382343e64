//! `DELETE /v1/devices/{id}/certificates`: keeps a gate out that was stolen or copied.

use axum::extract::State;
use store::Actor;

use super::seen;
use crate::answers::Problem;
use crate::body::{Path, device};
use crate::caller::Caller;
use crate::{Api, wire};

/// Revokes all certificates of a gate; its owner may. Only other hardware brings it back.
#[utoipa::path(delete, path = "/v1/devices/{id}/certificates", tag = "devices",
    security(("session" = [])), params(("id" = String, Path)),
    responses((status = 200, body = wire::Device)))]
pub(crate) async fn revoke(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<axum::Json<wire::Device>, Problem> {
    let (devices, id) = (caller.store.devices(), device(&id)?);
    devices.revoke(Actor::Person(caller.user), id.clone(), api.now()).await??;
    let device = devices.details(caller.user, id, api.now()).await??;
    Ok(axum::Json(seen(&api, &device)))
}
