//! `POST /v1/logins/{login_id}/resend`: asks for another pin; the one before is void.

use axum::extract::State;
use axum::http::StatusCode;
use domain::secret::{LoginToken, Otp};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{ChannelWord, PinSent, pin_sent, send};
use crate::Api;
use crate::answers::{Code, Problem};
use crate::body::{Json, Path};

/// How the new pin is sent: the other channel, when the first did not work.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Resend {
    #[serde(default)]
    pub(crate) channel: ChannelWord,
}

/// Sends another pin for the same login. Wrong pins so far still count.
#[utoipa::path(post, path = "/v1/logins/{login_id}/resend", tag = "sign in",
    params(("login_id" = String, Path)), request_body = Resend,
    responses((status = 202, body = PinSent)))]
pub(crate) async fn resend(
    State(api): State<Api>,
    Path(login_id): Path<String>,
    Json(body): Json<Resend>,
) -> Result<(StatusCode, axum::Json<PinSent>), Problem> {
    let sent = ask_again(&api, login_id, body.channel).await?;
    Ok((StatusCode::ACCEPTED, axum::Json(sent)))
}

/// Has another pin made and sent, for the app and the console alike.
pub(crate) async fn ask_again(
    api: &Api,
    login_id: String,
    channel: ChannelWord,
) -> Result<PinSent, Problem> {
    let token = LoginToken::parse(&login_id).map_err(|_| Problem::from(Code::OtpInvalid))?;
    let (pin, now) = (Otp::random(&*api.dice), api.now());
    let begun = api.store.logins().renew(token, pin.clone(), now).await??;
    send(api, &login_id, channel, &begun, &pin, now).await?;
    Ok(pin_sent(login_id, channel, &begun))
}
