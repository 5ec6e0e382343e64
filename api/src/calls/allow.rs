//! `PUT /v1/intercoms/{id}/calls`.

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::Calls;
use crate::Api;
use crate::answers::Problem;
use crate::body::{Json, Path, device};
use crate::caller::Caller;

/// What the owner wants.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Allow {
    /// Whether guests who need help are shown the owner's own number
    guests_may_call: bool,
}

/// Lets guests call the owner, or not any more; only the owner may. A guest sees the number only
/// where only the host can help, and until a day after the end of the code.
#[utoipa::path(put, path = "/v1/intercoms/{id}/calls", tag = "settings",
    security(("session" = [])), params(("id" = String, Path)), request_body = Allow,
    responses((status = 200, body = Calls)))]
pub(crate) async fn allow(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    Json(body): Json<Allow>,
) -> Result<axum::Json<Calls>, Problem> {
    let (intercoms, allowed) = (caller.store.intercoms(), body.guests_may_call);
    let since = intercoms.let_guests_call(caller.user, device(&id)?, allowed, api.now()).await??;
    Ok(axum::Json(since.into()))
}
