//! `POST /v1/step-ups`: asks for a pin to the caller's own number.

use axum::extract::State;
use axum::http::StatusCode;
use store::Aim;

use crate::Api;
use crate::answers::Problem;
use crate::body::Json;
use crate::caller::{Caller, From as Address};
use crate::login::PinSent;
use crate::login::begin::ask;
use crate::login::resend::Resend;

/// Sends a pin to the caller's own number. It signs nobody in; another is asked for as at a login.
#[utoipa::path(post, path = "/v1/step-ups", tag = "sign in", security(("session" = [])),
    request_body = Resend, responses((status = 202, body = PinSent)))]
pub(crate) async fn begin(
    State(api): State<Api>,
    Address(address): Address,
    caller: Caller,
    Json(body): Json<Resend>,
) -> Result<(StatusCode, axum::Json<PinSent>), Problem> {
    let phone = api.store.sessions().phone_of(caller.user).await?;
    let sent = ask(&api, address, phone, body.channel, Aim::StepUp(caller.session)).await?;
    Ok((StatusCode::ACCEPTED, axum::Json(sent)))
}
