//! `/v1/webhooks/{id}/dead`: messages that were given up, and telling them after all.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::endpoint;
use crate::Api;
use crate::answers::Problem;
use crate::body::Path;
use crate::caller::Caller;
use crate::events::Event;

/// Events that the receiver was not told in the end, the latest first, at most a hundred.
#[derive(Serialize, ToSchema)]
pub(crate) struct Dead {
    items: Vec<Event>,
}

/// Lists the events of messages that were given up.
#[utoipa::path(get, path = "/v1/webhooks/{id}/dead", tag = "webhooks",
    security(("session" = [])), params(("id" = String, Path)),
    responses((status = 200, body = Dead)))]
pub(crate) async fn list(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<axum::Json<Dead>, Problem> {
    let id = endpoint(&api, &caller, &id).await?.id;
    let events = api.store.webhooks().dead(caller.user, id).await?;
    Ok(axum::Json(Dead { items: events.into_iter().map(Event::of).collect() }))
}

/// How many are told again.
#[derive(Serialize, ToSchema)]
pub(crate) struct Revived {
    messages: u64,
}

/// Tells all messages that were given up from the beginning.
#[utoipa::path(post, path = "/v1/webhooks/{id}/dead", tag = "webhooks",
    security(("session" = [])), params(("id" = String, Path)),
    responses((status = 200, body = Revived)))]
pub(crate) async fn revive(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<axum::Json<Revived>, Problem> {
    Ok(axum::Json(Revived { messages: ask(&api, &caller, &id).await? }))
}

/// Revives a webhook's messages, for the app and the console alike; answers how many.
pub(crate) async fn ask(api: &Api, caller: &Caller, id: &str) -> Result<u64, Problem> {
    let id = endpoint(api, caller, id).await?.id;
    Ok(caller.store.webhooks().revive(caller.user, id, api.now()).await?)
}
