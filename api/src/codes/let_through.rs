//! `POST /v1/codes/{id}/openings`: lets the guest in or out on the host's word.

use axum::extract::State;
use axum::http::StatusCode;
use domain::{Attempt, CodeId, Leg};
use serde::Deserialize;
use store::Vouch;
use utoipa::ToSchema;

use crate::answers::Problem;
use crate::body::{IdempotencyKey, Json, Path, segment};
use crate::caller::Caller;
use crate::{Api, wire};

/// Which way the guest goes.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LetThrough {
    /// `entry`: let in. `exit`: let out
    leg: Way,
}

/// In or out.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Way {
    /// In
    Entry,
    /// Out
    Exit,
}

/// Opens the gate for a guest with one tap, as if the guest had: it uses up the same way of the
/// same code, so it opens at most once. Needs neither digits nor board; whoever may revoke the
/// code may do it. Who is inside is let out though the code has expired or was revoked. While an
/// attempt is under way, `already_opening` names it in `attempt`. The same `Idempotency-Key` gets
/// the same attempt again.
#[utoipa::path(post, path = "/v1/codes/{id}/openings", tag = "codes",
    security(("session" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)),
    request_body = LetThrough,
    responses((status = 202, body = wire::AttemptBody, description = "The gate is asked")))]
pub(crate) async fn let_through(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    key: IdempotencyKey,
    Json(LetThrough { leg }): Json<LetThrough>,
) -> Result<(StatusCode, axum::Json<wire::AttemptBody>), Problem> {
    let leg = match leg {
        Way::Entry => Leg::Entry,
        Way::Exit => Leg::Exit,
    };
    let code = segment(CodeId::parse(&id))?;
    let attempt = ask(&api, &caller, code, leg, key).await?;
    Ok((StatusCode::ACCEPTED, axum::Json(wire::AttemptBody::of(&attempt, api.now()))))
}

/// Has the gate opened for the guest of a code.
pub(crate) async fn ask(
    api: &Api,
    caller: &Caller,
    code: CodeId,
    leg: Leg,
    IdempotencyKey(key): IdempotencyKey,
) -> Result<Attempt, Problem> {
    let vouch = Vouch { user: caller.user, code, leg, key };
    let attempt = caller.store.redemptions().vouch(vouch, api.now()).await??;
    api.store.attempts().was_seen(&attempt, api.now());
    tracing::info!(attempt.id = %attempt.id, "a host asked for {}", attempt.id);
    Ok(attempt)
}
