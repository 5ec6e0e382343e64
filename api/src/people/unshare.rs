//! `DELETE /v1/devices/{id}/people/{user_id}`: ends the sharing with a person.

use axum::extract::State;
use axum::http::StatusCode;
use domain::UserId;

use crate::Api;
use crate::answers::Problem;
use crate::body::{Path, device, segment};
use crate::caller::Caller;

/// Ends the sharing; codes they made stay valid.
#[utoipa::path(delete, path = "/v1/devices/{id}/people/{user_id}", tag = "people",
    security(("session" = [])), params(("id" = String, Path), ("user_id" = String, Path)),
    responses((status = 204)))]
pub(crate) async fn unshare(
    State(api): State<Api>,
    caller: Caller,
    Path((id, user)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let user = segment(UserId::parse(&user))?;
    caller.store.people().unshare(caller.user, device(&id)?, user, api.now()).await??;
    Ok(StatusCode::NO_CONTENT)
}
