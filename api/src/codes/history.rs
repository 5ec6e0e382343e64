//! `GET /v1/intercoms/{id}/history`: codes that have ended.

use axum::extract::State;
use domain::CodeId;
use serde::Deserialize;
use utoipa::IntoParams;

use super::{Codes, former_makers};
use crate::answers::Problem;
use crate::body::{Path, Query, device};
use crate::caller::Caller;
use crate::{Api, wire};

/// Which page.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wanted {
    /// The last code that the reader has; left out: from the latest on
    before: Option<String>,
}

/// Lists codes that have ended, the latest first: a hundred at most; ask again before the last of
/// them until there is none. Some time after its end a code has no guest any more.
#[utoipa::path(get, path = "/v1/intercoms/{id}/history", tag = "codes",
    security(("session" = [])), params(("id" = String, Path), Wanted),
    responses((status = 200, body = Codes)))]
pub(crate) async fn history(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Result<axum::Json<Codes>, Problem> {
    let (id, now) = (device(&id)?, api.now());
    let before = wanted.before.as_deref().map(CodeId::parse).transpose();
    let before = before.map_err(|_| Problem::field("before", "expected the id of a code"))?;
    let ended = api.store.codes().history(caller.user, id.clone(), before, now).await??;
    let former = former_makers(&api, &id, ended.iter().map(|past| past.issued_by)).await?;
    let items = ended.iter().map(|past| wire::Code::ended(past, now).made_by_one_of(&former));
    Ok(axum::Json(Codes { items: items.collect() }))
}
