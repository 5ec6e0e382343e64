//! `GET /v1/attempts/{id}`.

use axum::extract::State;
use domain::AttemptId;

use crate::answers::Problem;
use crate::body::{Path, segment};
use crate::caller::Caller;
use crate::{Api, wire};

/// Reads one attempt.
#[utoipa::path(get, path = "/v1/attempts/{id}", tag = "attempts", security(("session" = [])),
    params(("id" = String, Path)), responses((status = 200, body = wire::AttemptBody)))]
pub(crate) async fn read(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<axum::Json<wire::AttemptBody>, Problem> {
    let attempt = api
        .store
        .attempts()
        .read(caller.user, segment(AttemptId::parse(&id))?, api.now())
        .await??;
    Ok(axum::Json(wire::AttemptBody::of(&attempt, api.now())))
}
