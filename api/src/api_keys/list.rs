//! `GET /v1/api-keys`: the caller's API keys.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::ApiKey;
use crate::Api;
use crate::answers::Problem;
use crate::caller::Caller;

/// The caller's keys, the oldest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct ApiKeys {
    items: Vec<ApiKey>,
}

/// Lists the caller's keys that are not revoked; what their holders show was shown when they were
/// made.
#[utoipa::path(get, path = "/v1/api-keys", tag = "API keys", security(("session" = [])),
    responses((status = 200, body = ApiKeys)))]
pub(crate) async fn list(
    State(api): State<Api>,
    caller: Caller,
) -> Result<axum::Json<ApiKeys>, Problem> {
    let keys = api.store.api_keys().of(caller.user).await?;
    Ok(axum::Json(ApiKeys { items: keys.iter().map(ApiKey::from).collect() }))
}
