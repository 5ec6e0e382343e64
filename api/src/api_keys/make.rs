//! `POST /v1/api-keys`: makes a key for the caller's other systems.

use axum::extract::State;
use axum::http::StatusCode;
use domain::api_key::Verbs;
use domain::name::KeyName;
use domain::secret::ApiKeyToken;
use serde::{Deserialize, Serialize};
use store::NewKey;
use utoipa::ToSchema;

use super::{ApiKey, Verb};
use crate::Api;
use crate::answers::Problem;
use crate::body::{Fields, Json, device};
use crate::caller::Caller;

/// So many devices are enough for one key.
const MOST_DEVICES: usize = 100;

/// For what.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MakeApiKey {
    /// 1 to 80 characters, like `Home Assistant`
    name: String,
    /// What it is to be good for, at least one
    verbs: Vec<Verb>,
    /// At which devices of the caller's own, 1 to 100
    devices: Vec<String>,
}

/// A new key. What its holder shows is shown this once.
#[derive(Serialize, ToSchema)]
pub(crate) struct MadeApiKey {
    #[serde(flatten)]
    api_key: ApiKey,
    /// Goes with each request: `Authorization: Bearer flk_…`
    key: String,
}

/// Makes a key that acts for the caller at some of their own devices, until it is revoked; a fresh
/// pin must have proved the session, which must be a day old, or the first of its account. A person
/// has 20 at most.
#[utoipa::path(post, path = "/v1/api-keys", tag = "API keys", security(("session" = [])),
    request_body = MakeApiKey, responses((status = 201, body = MadeApiKey)))]
pub(crate) async fn make(
    State(api): State<Api>,
    caller: Caller,
    Json(body): Json<MakeApiKey>,
) -> Result<(StatusCode, axum::Json<MadeApiKey>), Problem> {
    let (made, token) = ask(&api, &caller, &body.name, body.verbs, &body.devices).await?;
    let made = MadeApiKey { api_key: ApiKey::from(&made), key: token.reveal() };
    Ok((StatusCode::CREATED, axum::Json(made)))
}

/// Makes a key, for the app and the console alike.
pub(crate) async fn ask(
    api: &Api,
    caller: &Caller,
    name: &str,
    verbs: Vec<Verb>,
    devices: &[String],
) -> Result<(store::ApiKey, ApiKeyToken), Problem> {
    let now = api.now();
    // A key outlasts the session that made it, so whoever took the number over waits a day, too.
    api.store.logins().may_take_over(caller.session, now).await??;
    let mut fields = Fields::default();
    let name = fields.take("name", KeyName::parse(name));
    let verbs = Verbs::new(verbs.into_iter().map(Into::into).collect());
    let verbs = fields.take("verbs", verbs);
    let are_some = (1..=MOST_DEVICES).contains(&devices.len());
    let devices = devices.iter().map(|id| device(id)).collect::<Result<Vec<_>, _>>();
    let devices = fields.take(
        "devices",
        devices.ok().filter(|_| are_some).ok_or("expected ids of 1 to 100 devices"),
    );
    let (Some(name), Some(verbs), Some(devices)) = (name, verbs, devices) else {
        return Err(fields.problem());
    };
    let token = ApiKeyToken::random(&*api.dice);
    let new = NewKey { user: caller.user, name, verbs, devices, token: token.clone() };
    let made = caller.store.api_keys().make(new, now).await??;
    Ok((made, token))
}
