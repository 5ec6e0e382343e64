//! `GET /v1/intercoms/{id}/codes`: the active codes.

use axum::extract::State;

use super::{Codes, listed};
use crate::Api;
use crate::answers::Problem;
use crate::body::{Path, device};
use crate::caller::Caller;

/// Lists the active codes of an intercom, whoever made them; the next to end first.
#[utoipa::path(get, path = "/v1/intercoms/{id}/codes", tag = "codes",
    security(("session" = [])), params(("id" = String, Path)),
    responses((status = 200, body = Codes)))]
pub(crate) async fn list(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<axum::Json<Codes>, Problem> {
    let id = device(&id)?;
    let passes = api.store.codes().active(caller.user, id.clone(), api.now()).await??;
    Ok(axum::Json(listed(&api, &id, &passes).await?))
}
