//! `POST /v1/webhooks/{id}/secret`: a new secret, while each old one still signs for a day.

use axum::extract::State;
use domain::secret::WebhookSecret;
use serde::Serialize;
use utoipa::ToSchema;

use super::{endpoint, shown};
use crate::Api;
use crate::answers::Problem;
use crate::body::Path;
use crate::caller::Caller;

/// The new secret, shown once.
#[derive(Serialize, ToSchema)]
pub(crate) struct NewSecret {
    secret: String,
}

/// Gives a webhook a new secret. For 24 hours messages are signed by the old one, too; who asks for
/// several within that time still has each of them sign for its 24 hours.
#[utoipa::path(post, path = "/v1/webhooks/{id}/secret", tag = "webhooks",
    security(("session" = [])), params(("id" = String, Path)),
    responses((status = 200, body = NewSecret)))]
pub(crate) async fn rotate(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<axum::Json<NewSecret>, Problem> {
    Ok(axum::Json(NewSecret { secret: ask(&api, &caller, &id).await? }))
}

/// Gives a webhook a new secret, for the app and the console alike.
pub(crate) async fn ask(api: &Api, caller: &Caller, id: &str) -> Result<String, Problem> {
    let id = endpoint(api, caller, id).await?.id;
    let secret = WebhookSecret::random(&*api.dice);
    let rotated =
        caller.store.webhooks().rotate(caller.user, id, secret.clone(), api.now()).await?;
    rotated.ok_or(crate::answers::Code::NotFound)?;
    Ok(shown(&secret))
}
