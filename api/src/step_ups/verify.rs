//! `POST /v1/step-ups/{login_id}/verify`: tries its pin.

use axum::extract::State;
use domain::login::STEP_UP_LIFETIME;
use serde::Serialize;
use utoipa::ToSchema;

use crate::answers::Problem;
use crate::body::{Json, Path};
use crate::caller::Caller;
use crate::login::verify::{Verify, login_token, pin};
use crate::{Api, wire};

/// The session was proved.
#[derive(Serialize, ToSchema)]
pub(crate) struct SteppedUp {
    /// Until when this covers what answers `step_up_needed` otherwise
    until: String,
}

/// Tries the pin of a step-up. The right one covers the session for five minutes.
#[utoipa::path(post, path = "/v1/step-ups/{login_id}/verify", tag = "sign in",
    security(("session" = [])), params(("login_id" = String, Path)), request_body = Verify,
    responses((status = 200, body = SteppedUp)))]
pub(crate) async fn verify(
    State(api): State<Api>,
    caller: Caller,
    Path(login_id): Path<String>,
    Json(body): Json<Verify>,
) -> Result<axum::Json<SteppedUp>, Problem> {
    let until = step_up(&api, &caller, &login_id, &body.pin).await?;
    Ok(axum::Json(SteppedUp { until }))
}

/// Tries a pin, for the app and the console alike; answers until when it covers the session.
pub(crate) async fn step_up(
    api: &Api,
    caller: &Caller,
    login_id: &str,
    typed: &str,
) -> Result<String, Problem> {
    let (pin, token, now) = (pin(typed)?, login_token(login_id)?, api.now());
    api.store.logins().step_up(caller.session, token, pin, now).await??;
    Ok(wire::rfc3339(now + STEP_UP_LIFETIME))
}
