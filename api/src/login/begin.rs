//! `POST /v1/logins`: asks for a pin.

use std::net::IpAddr;

use axum::extract::State;
use axum::http::StatusCode;
use domain::PhoneNumber;
use domain::login::Client;
use domain::phone::Country;
use domain::secret::{LoginToken, Otp};
use serde::Deserialize;
use store::Aim;
use utoipa::ToSchema;

use super::{ChannelWord, Failed, PinSent, pin_sent, refused, resend, send, sending, unavailable};
use crate::Api;
use crate::answers::{Code, Problem};
use crate::body::{Fields, Json};
use crate::caller::From as Address;
use crate::courier::NotSent;

/// Who wants to sign in, and how.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BeginLogin {
    /// `+27821234567`, or in the local form together with `country`
    phone: String,
    /// Where a local number is dialled: two letters like `ZA`
    country: Option<String>,
    /// How the pin is sent; without it the recommended way, or another if that is closed
    channel: Option<ChannelWord>,
    /// What kind of client signs in; it displaces any other of the same number
    client: ClientWord,
}

/// A kind of client.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ClientWord {
    /// The phone app
    App,
    /// The owner's console
    Dashboard,
}

/// Asks for a login pin. The answer is the same whether the number is known or not.
#[utoipa::path(post, path = "/v1/logins", tag = "sign in", request_body = BeginLogin,
    responses((status = 202, body = PinSent)))]
pub(crate) async fn begin(
    State(api): State<Api>,
    Address(address): Address,
    Json(body): Json<BeginLogin>,
) -> Result<(StatusCode, axum::Json<PinSent>), Problem> {
    let phone = phone(&api, &body.phone, body.country.as_deref())?;
    let client = match body.client {
        ClientWord::App => Client::App,
        ClientWord::Dashboard => Client::Dashboard,
    };
    let sent = ask(&api, address, phone, body.channel, client.into()).await?;
    Ok((StatusCode::ACCEPTED, axum::Json(sent)))
}

/// Has a pin made and sent, for the app and the console alike.
pub(crate) async fn ask(
    api: &Api,
    address: IpAddr,
    phone: PhoneNumber,
    channel: Option<ChannelWord>,
    aim: Aim,
) -> Result<PinSent, Problem> {
    let now = api.now();
    api.limits.login(address)?;
    let (token, pin) = (LoginToken::random(&*api.dice), Otp::random(&*api.dice));
    let (sending, logins) = (sending(api, channel, address), api.store.logins());
    let begun = logins.begin(phone, aim, pin.clone(), token.clone(), sending, now).await?;
    let begun = begun.map_err(|refusal| refused(api, refusal, now))?;
    let login_id = token.reveal();
    let Err(Failed { why, others }) = send(api, &begun, &pin).await? else {
        return Ok(pin_sent(login_id, &begun));
    };
    // Who named no way takes any; the provider has answered, so there is time for another.
    let other = api.courier.channels().iter().find(|other| **other != begun.channel);
    match other {
        Some(other) if channel.is_none() && why == NotSent::ChannelDown => {
            match resend::ask_again(api, address, login_id.clone(), Some((*other).into())).await {
                Err(problem) if problem.code == Code::ChannelUnavailable => {
                    Err(unavailable(api, &login_id, Vec::new()))
                }
                sent => sent,
            }
        }
        Some(_) | None => Err(unavailable(api, &login_id, others)),
    }
}

/// A number as typed; a local one needs a country, or else the one that is at home here.
pub(crate) fn phone(api: &Api, text: &str, country: Option<&str>) -> Result<PhoneNumber, Problem> {
    let mut fields = Fields::default();
    let home = match country {
        Some(code) => fields.take("country", Country::parse(code)),
        None => api.config.home().ok().flatten(),
    };
    let phone = fields.take("phone", PhoneNumber::parse(text, home));
    let phone = phone.and_then(|phone| {
        fields.take("phone", phone.takes_pins())?;
        Some(phone)
    });
    let country_is_fine = country.is_none() || home.is_some();
    phone.filter(|_| country_is_fine).ok_or_else(|| fields.problem())
}
