//! `POST /v1/devices/{id}/open`: opens a gate without a code.

use axum::extract::State;
use axum::http::StatusCode;
use domain::{ApiKeyId, Attempt, UserId};
use store::{Open, Store};

use crate::answers::Problem;
use crate::body::{IdempotencyKey, Path, device};
use crate::caller::Caller;
use crate::{Api, wire};

/// Opens a gate for whoever may open it, at most once a press: what becomes of it, the attempt
/// tells. The same `Idempotency-Key` gets the same attempt again; so does another press of the
/// same person while theirs is under way, and within the gate's gap after it opened. Of a gate that
/// cannot be reached, `503 gate_offline` says so, and nothing is sent later.
#[utoipa::path(post, path = "/v1/devices/{id}/open", tag = "devices", security(("session" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 202, body = wire::AttemptBody, description = "The gate is asked")))]
pub(crate) async fn open(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    key: IdempotencyKey,
) -> Result<(StatusCode, axum::Json<wire::AttemptBody>), Problem> {
    let attempt = ask((&api, &caller.store), caller.user, None, device(&id)?, key).await?;
    Ok((StatusCode::ACCEPTED, axum::Json(wire::AttemptBody::of(&attempt, api.now()))))
}

/// Has a gate opened for somebody, or for the key that presses for them.
pub(crate) async fn ask(
    (api, store): (&Api, &Store),
    user: UserId,
    api_key: Option<ApiKeyId>,
    device: String,
    IdempotencyKey(key): IdempotencyKey,
) -> Result<Attempt, Problem> {
    let open = Open { user, api_key, device, key };
    let attempt = store.presses().open(open, api.now()).await??;
    api.store.attempts().was_seen(&attempt, api.now());
    tracing::info!(attempt.id = %attempt.id, "somebody pressed for {}", attempt.id);
    Ok(attempt)
}
