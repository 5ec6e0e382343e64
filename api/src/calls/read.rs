//! `GET /v1/intercoms/{id}/calls`.

use axum::extract::State;

use super::Calls;
use crate::Api;
use crate::answers::Problem;
use crate::body::{Path, device};
use crate::caller::Caller;

/// Tells whether guests may call the owner; only the owner may ask.
#[utoipa::path(get, path = "/v1/intercoms/{id}/calls", tag = "settings",
    security(("session" = [])), params(("id" = String, Path)),
    responses((status = 200, body = Calls)))]
pub(crate) async fn read(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<axum::Json<Calls>, Problem> {
    let since =
        api.store.intercoms().guests_may_call(caller.user, device(&id)?, api.now()).await??;
    Ok(axum::Json(since.into()))
}
