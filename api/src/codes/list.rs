//! `GET /v1/intercoms/{id}/codes`: the active codes.

use axum::extract::State;

use super::{Codes, former_makers};
use crate::answers::Problem;
use crate::body::{Path, device};
use crate::caller::Caller;
use crate::{Api, wire};

/// Lists the active codes of an intercom, whoever made them; the next to end first.
#[utoipa::path(get, path = "/v1/intercoms/{id}/codes", tag = "codes",
    security(("session" = [])), params(("id" = String, Path)),
    responses((status = 200, body = Codes)))]
pub(crate) async fn list(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<axum::Json<Codes>, Problem> {
    let (id, now) = (device(&id)?, api.now());
    let passes = api.store.codes().active(caller.user, id.clone(), now).await??;
    let readiness = api.store.visits().readiness(caller.user, id.clone(), now).await??;
    let is_suspended = readiness.is_some_and(|readiness| readiness.is_suspended);
    let former = former_makers(&api, &id, passes.iter().map(|pass| pass.issued_by)).await?;
    let told = |pass| wire::Code::of(pass, is_suspended, now).made_by_one_of(&former);
    Ok(axum::Json(Codes { items: passes.iter().map(told).collect() }))
}
