//! `GET /v1/intercoms/{id}/history`: codes that have ended.

use axum::extract::State;

use super::{Codes, listed};
use crate::Api;
use crate::answers::Problem;
use crate::body::{Path, device};
use crate::caller::Caller;

/// Lists the last hundred codes that have ended, the latest first.
#[utoipa::path(get, path = "/v1/intercoms/{id}/history", tag = "codes",
    security(("session" = [])), params(("id" = String, Path)),
    responses((status = 200, body = Codes)))]
pub(crate) async fn history(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<axum::Json<Codes>, Problem> {
    let id = device(&id)?;
    let passes = api.store.codes().history(caller.user, id.clone(), api.now()).await??;
    Ok(axum::Json(listed(&api, &id, &passes).await?))
}
