//! `POST /v1/webhooks/{id}/test`: one message now, and what came of it.

use axum::extract::State;
use domain::EventId;
use serde::Serialize;
use utoipa::ToSchema;

use super::endpoint;
use super::message::Message;
use crate::Api;
use crate::answers::Problem;
use crate::body::Path;
use crate::caller::Caller;

/// What came of it.
#[derive(Serialize, ToSchema)]
pub(crate) struct Tried {
    /// What the receiver answered; none when it was not reached
    pub(crate) status: Option<u16>,
    /// How long that took, in milliseconds
    pub(crate) took_ms: Option<u64>,
    /// Why it was not reached
    pub(crate) problem: Option<&'static str>,
}

/// Posts a message of the type `webhook.test`, once. A person may do so ten times, and then ten
/// times an hour.
#[utoipa::path(post, path = "/v1/webhooks/{id}/test", tag = "webhooks",
    security(("session" = [])), params(("id" = String, Path)),
    responses((status = 200, body = Tried)))]
pub(crate) async fn test(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<axum::Json<Tried>, Problem> {
    ask(&api, &caller, &id).await.map(axum::Json)
}

/// Tries a webhook out, for the app and the console alike.
pub(crate) async fn ask(api: &Api, caller: &Caller, id: &str) -> Result<Tried, Problem> {
    let endpoint = endpoint(api, caller, id).await?;
    api.limits.trial(caller.user)?;
    let now = api.now();
    let message = Message::trial(&EventId::new(&*api.dice, now).to_string(), now);
    Ok(match api.teller.post(&endpoint, &message, now).await {
        Ok(told) => {
            let took_ms = u64::try_from(told.took.as_millis()).ok();
            Tried { status: Some(told.status), took_ms, problem: None }
        }
        Err(problem) => Tried { status: None, took_ms: None, problem: Some(problem) },
    })
}
