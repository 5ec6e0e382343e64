//! `DELETE /v1/webhooks/{id}`: nothing is told there any more.

use axum::extract::State;
use axum::http::StatusCode;
use domain::WebhookId;

use crate::Api;
use crate::answers::{Code, Problem};
use crate::body::{Path, segment};
use crate::caller::Caller;

/// Ends a webhook; what waits for it is forgotten.
#[utoipa::path(delete, path = "/v1/webhooks/{id}", tag = "webhooks",
    security(("session" = [])), params(("id" = String, Path)), responses((status = 204)))]
pub(crate) async fn end(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    ask(&api, &caller, &id).await.map(|()| StatusCode::NO_CONTENT)
}

/// Ends a webhook, for the app and the console alike.
pub(crate) async fn ask(api: &Api, caller: &Caller, id: &str) -> Result<(), Problem> {
    let id = segment(WebhookId::parse(id))?;
    let ended = caller.store.webhooks().end(caller.user, id, api.now()).await?;
    if ended { Ok(()) } else { Err(Code::NotFound.into()) }
}
