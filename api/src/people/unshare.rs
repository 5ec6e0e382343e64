//! `DELETE /v1/devices/{id}/people/{user_id}`: ends the sharing with a person.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use domain::UserId;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::Api;
use crate::answers::Problem;
use crate::body::{Path, Query, device, segment};
use crate::caller::Caller;
use crate::wire::rfc3339;

/// What else is to end.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Also {
    /// Also revoke all active codes that they made here, where the caller may revoke codes, and send
    /// away the guests whom they invited
    #[serde(default)]
    also_revoke: bool,
}

/// What ended with the sharing.
#[derive(Serialize, ToSchema)]
pub(crate) struct UnsharedBody {
    /// How many of their codes were revoked
    codes_revoked: u32,
    /// How many of their guests were sent away
    invitations_ended: u32,
    /// After this moment none of those codes can open anything any more; at most 8 s from now
    effective_at: String,
}

/// Ends the sharing at once, for the device's owner, who has full access, and the tenant who
/// invited them. Codes they made stay valid unless `also_revoke`, which says what became of them.
#[utoipa::path(delete, path = "/v1/devices/{id}/people/{user_id}", tag = "people",
    security(("session" = [])),
    params(("id" = String, Path), ("user_id" = String, Path), Also),
    responses((status = 204, description = "Ended"),
              (status = 200, body = UnsharedBody, description = "Ended, with `also_revoke`")))]
pub(crate) async fn unshare(
    State(api): State<Api>,
    caller: Caller,
    Path((id, user)): Path<(String, String)>,
    Query(Also { also_revoke }): Query<Also>,
) -> Result<Response, Problem> {
    let (id, user) = (device(&id)?, segment(UserId::parse(&user))?);
    let people = caller.store.people();
    let unshared = people.unshare(caller.user, id, user, also_revoke, api.now()).await??;
    if !also_revoke {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let body = UnsharedBody {
        codes_revoked: unshared.codes,
        invitations_ended: unshared.invitations,
        effective_at: rfc3339(unshared.effective_at),
    };
    Ok(Json(body).into_response())
}
