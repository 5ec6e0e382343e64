//! `POST /v1/second-factor/off`.

use axum::extract::State;
use axum::http::StatusCode;

use super::code;
use super::confirm::TypedCode;
use crate::Api;
use crate::answers::Problem;
use crate::body::Json;
use crate::caller::Caller;

/// Turns the second factor off, after a step-up, by one of its codes.
#[utoipa::path(post, path = "/v1/second-factor/off", tag = "sign in", security(("session" = [])),
    request_body = TypedCode, responses((status = 204)))]
pub(crate) async fn turn_off(
    State(api): State<Api>,
    caller: Caller,
    Json(body): Json<TypedCode>,
) -> Result<StatusCode, Problem> {
    off(&api, &caller, &body.code).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Tries a code, for the app and the console alike.
pub(crate) async fn off(api: &Api, caller: &Caller, typed: &str) -> Result<(), Problem> {
    let (typed, now) = (code(typed)?, api.now());
    caller.session.must_be_stepped_up(now)?;
    Ok(caller.store.second_factors().turn_off(caller.user, typed, now).await??)
}
