//! `POST /fluss/v1/devices/{id}/trigger`, and the same as `/open`.

use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use data_encoding::BASE64URL_NOPAD;
use domain::access_code::TRIGGER_LIFETIME;
use domain::api_key::Verb;
use domain::{Attempt, UserId, attempt};
use serde::Serialize;
use tokio::time::{Instant, timeout};
use utoipa::ToSchema;

use super::holder::Holder;
use crate::Api;
use crate::answers::{Code, Problem};
use crate::body::{IdempotencyKey, Path};
use crate::devices::open::ask;
use crate::wire::rfc3339;

/// After a command's deadline its gate's word may still be on its way. Together they are shorter
/// than the 10 s after which the published client gives up.
const LAST_WORD: Duration = Duration::from_secs(1);

/// Reads at least this often: the bell is the hurry, reading is the truth.
const PACE: Duration = Duration::from_millis(500);

/// The gate opened.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FlussOpened {
    device_id: String,
    attempt_id: String,
    /// `opened`
    result: &'static str,
    opened_at: String,
}

/// Opens a gate and waits for its word. Only a gate that said that it opened is told by 200.
/// `409 gate_not_opened` says in `why` why it did not and will not; `504 gate_not_confirmed`, that
/// it keeps silent; `503 gate_offline`, that nothing was sent. With an `Idempotency-Key`, the same
/// request again is the same press. A body is not read: a gate opens, and nothing else.
#[utoipa::path(post, path = "/fluss/v1/devices/{id}/trigger", tag = "published verbs",
    security(("api_key" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, body = FlussOpened)))]
pub(crate) async fn trigger(
    State(api): State<Api>,
    holder: Holder,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<axum::Json<FlussOpened>, Problem> {
    opened(&api, &holder, &id, &headers).await
}

/// The same as `trigger`.
#[utoipa::path(post, path = "/fluss/v1/devices/{id}/open", tag = "published verbs",
    security(("api_key" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, body = FlussOpened)))]
pub(crate) async fn open(
    State(api): State<Api>,
    holder: Holder,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<axum::Json<FlussOpened>, Problem> {
    opened(&api, &holder, &id, &headers).await
}

async fn opened(
    api: &Api,
    holder: &Holder,
    id: &str,
    headers: &HeaderMap,
) -> Result<axum::Json<FlussOpened>, Problem> {
    let id = holder.must_at(Verb::Trigger, id)?;
    let key = match headers.get("idempotency-key") {
        Some(key) => IdempotencyKey::parse(key.to_str().unwrap_or_default())?,
        None => IdempotencyKey(BASE64URL_NOPAD.encode(&domain::roll::<16>(&*api.dice))),
    };
    let asked = ask((api, &api.store), holder.user(), Some(holder.0.id), id.clone(), key).await?;
    let attempt = settled(api, holder.user(), asked).await?;
    let told = |code| Problem::from(code).with("attemptId", attempt.id.to_string());
    match attempt.state {
        attempt::State::Executed { at } => Ok(axum::Json(FlussOpened {
            device_id: id,
            attempt_id: attempt.id.to_string(),
            result: "opened",
            opened_at: rfc3339(at),
        })),
        attempt::State::NotExecuted { why, .. } => {
            Err(told(Code::GateNotOpened).with("why", why.as_str()))
        }
        attempt::State::Pending | attempt::State::Sent { .. } => Err(told(Code::GateNotConfirmed)),
    }
}

/// The attempt when its gate has told what became of it, or when waiting longer is no use.
async fn settled(api: &Api, user: UserId, mut attempt: Attempt) -> Result<Attempt, Problem> {
    let (mut bell, until) = (api.store.bell(), Instant::now() + TRIGGER_LIFETIME + LAST_WORD);
    while let attempt::State::Pending | attempt::State::Sent { .. } = attempt.state {
        let now = Instant::now();
        if until <= now || attempt.is_unconfirmed(api.now() - LAST_WORD) || api.stop.is_cancelled()
        {
            break;
        }
        let _ = timeout(PACE.min(until - now), bell.changed()).await;
        attempt = api.store.attempts().read(user, attempt.id, api.now()).await??;
    }
    Ok(attempt)
}
