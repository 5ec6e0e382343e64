//! `GET /v1/intercoms/{id}/history`: codes that have ended.

use axum::extract::State;

use super::Codes;
use crate::answers::Problem;
use crate::body::{Path, device};
use crate::caller::Caller;
use crate::{Api, wire};

/// Lists the last hundred codes that have ended, the latest first. Some time after its end a code
/// has no guest any more.
#[utoipa::path(get, path = "/v1/intercoms/{id}/history", tag = "codes",
    security(("session" = [])), params(("id" = String, Path)),
    responses((status = 200, body = Codes)))]
pub(crate) async fn history(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<axum::Json<Codes>, Problem> {
    let now = api.now();
    let ended = api.store.codes().history(caller.user, device(&id)?, now).await??;
    Ok(axum::Json(Codes { items: ended.iter().map(|past| wire::Code::ended(past, now)).collect() }))
}
