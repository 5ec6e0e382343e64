//! `POST /v1/webhooks`: names an address that is told what happens from now on.

use axum::extract::State;
use axum::http::StatusCode;
use domain::secret::WebhookSecret;
use serde::{Deserialize, Serialize};
use store::{Endpoint, Health, TooManyEndpoints};
use utoipa::ToSchema;

use super::{Webhook, checked, shown};
use crate::Api;
use crate::answers::{Code, Problem};
use crate::body::Json;
use crate::caller::Caller;

/// Where to.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MakeWebhook {
    /// `https://` and a host on the public internet
    url: String,
}

/// A new endpoint. Its secret is shown once.
#[derive(Serialize, ToSchema)]
pub(crate) struct MadeWebhook {
    #[serde(flatten)]
    webhook: Webhook,
    /// By which the receiver checks signatures: `whsec_…`
    secret: String,
}

/// Makes a webhook: each event about the caller's devices is posted there, signed by the Standard
/// Webhooks scheme, until it is answered with 2xx: eight times within 28 hours. A fresh pin must have
/// proved the session, and for a day after a sign-in it waits.
#[utoipa::path(post, path = "/v1/webhooks", tag = "webhooks", security(("session" = [])),
    request_body = MakeWebhook, responses((status = 201, body = MadeWebhook)))]
pub(crate) async fn make(
    State(api): State<Api>,
    caller: Caller,
    Json(body): Json<MakeWebhook>,
) -> Result<(StatusCode, axum::Json<MadeWebhook>), Problem> {
    let (endpoint, secret) = ask(&api, &caller, checked(&api, &body.url)?).await?;
    let health = Health { endpoint, waiting: 0, dead: 0 };
    let made = MadeWebhook { webhook: Webhook::from(&health), secret };
    Ok((StatusCode::CREATED, axum::Json(made)))
}

/// Makes a webhook to an address that was checked, for the app and the console alike; answers its
/// secret, too.
pub(crate) async fn ask(
    api: &Api,
    caller: &Caller,
    url: String,
) -> Result<(Endpoint, String), Problem> {
    // A webhook outlasts the session that made it, so whoever took the number over waits a day, too.
    api.store.logins().may_take_over(caller.session, api.now()).await??;
    let secret = WebhookSecret::random(&*api.dice);
    let made = caller.store.webhooks().make(caller.user, url, secret.clone(), api.now()).await?;
    let endpoint = made.map_err(|TooManyEndpoints| Problem::from(Code::TooManyWebhooks))?;
    Ok((endpoint, shown(&secret)))
}
