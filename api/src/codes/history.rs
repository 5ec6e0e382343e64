//! `GET /v1/intercoms/{id}/history`: codes that have ended.

use axum::extract::State;

use super::{Codes, former_makers};
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
    let (id, now) = (device(&id)?, api.now());
    let ended = api.store.codes().history(caller.user, id.clone(), now).await??;
    let former = former_makers(&api, &id, ended.iter().map(|past| past.issued_by)).await?;
    let items = ended.iter().map(|past| wire::Code::ended(past, now).made_by_one_of(&former));
    Ok(axum::Json(Codes { items: items.collect() }))
}
