//! `POST /v1/logins/{login_id}/resend`: asks for another pin; the one before is void.

use std::net::IpAddr;

use axum::extract::State;
use axum::http::StatusCode;
use domain::secret::{LoginToken, Otp};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{ChannelWord, Failed, PinSent, pin_sent, refused, send, sending, unavailable};
use crate::Api;
use crate::answers::{Code, Problem};
use crate::body::{Json, Path};
use crate::caller::From as Address;

/// How the new pin is sent: the other channel, when the first did not work.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Resend {
    pub(crate) channel: Option<ChannelWord>,
}

/// Sends another pin for the same login. Wrong pins so far still count.
#[utoipa::path(post, path = "/v1/logins/{login_id}/resend", tag = "sign in",
    params(("login_id" = String, Path)), request_body = Resend,
    responses((status = 202, body = PinSent)))]
pub(crate) async fn resend(
    State(api): State<Api>,
    Address(address): Address,
    Path(login_id): Path<String>,
    Json(body): Json<Resend>,
) -> Result<(StatusCode, axum::Json<PinSent>), Problem> {
    let sent = ask_again(&api, address, login_id, body.channel).await?;
    Ok((StatusCode::ACCEPTED, axum::Json(sent)))
}

/// Has another pin made and sent, for the app and the console alike.
pub(crate) async fn ask_again(
    api: &Api,
    address: IpAddr,
    login_id: String,
    channel: Option<ChannelWord>,
) -> Result<PinSent, Problem> {
    let token = LoginToken::parse(&login_id).map_err(|_| Problem::from(Code::OtpInvalid))?;
    let (pin, now) = (Otp::random(&*api.dice), api.now());
    api.limits.login(address)?;
    let sending = sending(api, channel, address);
    let begun = api.store.logins().renew(token, pin.clone(), sending, now).await?;
    let begun = begun.map_err(|refusal| refused(api, refusal, now).with("login_id", &*login_id))?;
    match send(api, &begun, &pin).await? {
        Ok(()) => Ok(pin_sent(login_id, &begun)),
        Err(Failed { others, .. }) => Err(unavailable(api, &login_id, others)),
    }
}
