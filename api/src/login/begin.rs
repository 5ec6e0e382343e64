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

use super::{ChannelWord, PinSent, pin_sent, send, with_support};
use crate::Api;
use crate::answers::{Code, Problem};
use crate::body::{Fields, Json};
use crate::caller::From as Address;

/// Who wants to sign in, and how.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BeginLogin {
    /// `+27821234567`, or in the local form together with `country`
    phone: String,
    /// Where a local number is dialled: two letters like `ZA`
    country: Option<String>,
    /// How the pin is sent
    #[serde(default)]
    channel: ChannelWord,
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
    channel: ChannelWord,
    aim: Aim,
) -> Result<PinSent, Problem> {
    let now = api.now();
    if api.blocked.block(&phone, None, now) {
        return Err(with_support(api, Code::CountryBlocked.into()));
    }
    api.limits.login(address)?;
    let (token, pin) = (LoginToken::random(&*api.dice), Otp::random(&*api.dice));
    let begun = api.store.logins().begin(phone, aim, pin.clone(), token.clone(), now).await??;
    let login_id = token.reveal();
    send(api, &login_id, channel, &begun, &pin, now).await?;
    Ok(pin_sent(login_id, channel, &begun))
}

/// A number as typed; a local one needs a country, or else the one that is at home here.
pub(crate) fn phone(api: &Api, text: &str, country: Option<&str>) -> Result<PhoneNumber, Problem> {
    let mut fields = Fields::default();
    let home = match country {
        Some(code) => fields.take("country", Country::parse(code)),
        None => api.config.home().ok().flatten(),
    };
    let phone = fields.take("phone", PhoneNumber::parse(text, home));
    let country_is_fine = country.is_none() || home.is_some();
    phone.filter(|_| country_is_fine).ok_or_else(|| fields.problem())
}
