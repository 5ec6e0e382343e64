//! `DELETE /v1/session`: signs out.

use axum::extract::State;
use axum::http::StatusCode;

use crate::Api;
use crate::answers::Problem;
use crate::caller::Caller;

/// Signs out; the token admits nobody from here on.
#[utoipa::path(delete, path = "/v1/session", tag = "sign in", security(("session" = [])),
    responses((status = 204)))]
pub(crate) async fn log_out(State(api): State<Api>, caller: Caller) -> Result<StatusCode, Problem> {
    api.store.sessions().end(caller.session.id, api.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}
