//! `DELETE /v1/devices/{id}`: takes a gate off the account.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::Api;
use crate::answers::Problem;
use crate::body::{Path, device};
use crate::caller::Caller;

/// It is on the account no more.
#[derive(Serialize, ToSchema)]
pub(crate) struct Removed {
    /// Codes that open nothing until another gate is chosen
    suspended: usize,
}

/// Takes a gate off the account; a fresh pin must have proved the session, and for a day after a
/// sign-in it waits. Whoever has its label may claim it anew. Codes of intercoms whose settings name
/// it wait until another gate is chosen.
#[utoipa::path(delete, path = "/v1/devices/{id}", tag = "devices", security(("session" = [])),
    params(("id" = String, Path)), responses((status = 200, body = Removed)))]
pub(crate) async fn remove(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<axum::Json<Removed>, Problem> {
    let suspended = ask(&api, &caller, device(&id)?).await?;
    Ok(axum::Json(Removed { suspended }))
}

/// Takes a gate off the account; answers how many codes wait for another one from now on.
pub(crate) async fn ask(api: &Api, caller: &Caller, id: String) -> Result<usize, Problem> {
    let now = api.now();
    // Whoever has the label has it next, so who took the number over waits as with a transfer.
    api.store.logins().may_take_over(caller.session, now).await??;
    let suspended = caller.store.devices().remove(caller.user, id.clone(), now).await??;
    tracing::info!(device.id = %id, "took {id} off an account");
    Ok(suspended)
}
