//! `GET /v1/webhooks`: the caller's webhooks, and how they do.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::Webhook;
use crate::Api;
use crate::answers::Problem;
use crate::caller::Caller;

/// The caller's webhooks, the oldest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct Webhooks {
    items: Vec<Webhook>,
}

/// Lists the caller's webhooks with their health; their secrets were shown when they were made.
#[utoipa::path(get, path = "/v1/webhooks", tag = "webhooks", security(("session" = [])),
    responses((status = 200, body = Webhooks)))]
pub(crate) async fn list(
    State(api): State<Api>,
    caller: Caller,
) -> Result<axum::Json<Webhooks>, Problem> {
    let endpoints = api.store.webhooks().of(caller.user, api.now()).await?;
    Ok(axum::Json(Webhooks { items: endpoints.iter().map(Webhook::from).collect() }))
}
