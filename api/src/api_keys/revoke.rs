//! `DELETE /v1/api-keys/{id}`: revokes a key.

use axum::extract::State;
use axum::http::StatusCode;
use domain::ApiKeyId;

use crate::Api;
use crate::answers::{Code, Problem};
use crate::body::{Path, segment};
use crate::caller::Caller;

/// Revokes a key: it admits nobody from here on, and what it asked for and was not sent yet is not
/// sent.
#[utoipa::path(delete, path = "/v1/api-keys/{id}", tag = "API keys", security(("session" = [])),
    params(("id" = String, Path)), responses((status = 204, description = "Revoked")))]
pub(crate) async fn revoke(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    ask(&api, &caller, &id).await.map(|()| StatusCode::NO_CONTENT)
}

/// Revokes a key, for the app and the console alike.
pub(crate) async fn ask(api: &Api, caller: &Caller, id: &str) -> Result<(), Problem> {
    let id = segment(ApiKeyId::parse(id))?;
    let was_there = caller.store.api_keys().revoke(caller.user, id, api.now()).await?;
    if was_there { Ok(()) } else { Err(Code::NotFound.into()) }
}
