//! `POST /v1/number-changes`: asks for a pin to the new number.

use std::net::IpAddr;

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use store::Aim;
use utoipa::ToSchema;

use crate::Api;
use crate::answers::Problem;
use crate::body::Json;
use crate::caller::{Caller, From as Address};
use crate::login::begin::{ask, phone};
use crate::login::{ChannelWord, PinSent};

/// The new number.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeNumber {
    /// `+27821234567`, or in the local form together with `country`
    phone: String,
    /// Where a local number is dialled: two letters like `ZA`
    country: Option<String>,
    /// How the pin is sent
    channel: Option<ChannelWord>,
}

/// Sends a pin to a new number, after a step-up on the old one. The answer is the same whether the
/// number is known or not.
#[utoipa::path(post, path = "/v1/number-changes", tag = "sign in", security(("session" = [])),
    request_body = ChangeNumber, responses((status = 202, body = PinSent)))]
pub(crate) async fn begin(
    State(api): State<Api>,
    Address(address): Address,
    caller: Caller,
    Json(body): Json<ChangeNumber>,
) -> Result<(StatusCode, axum::Json<PinSent>), Problem> {
    let ChangeNumber { phone, country, channel } = body;
    let sent = ask_new(&api, address, &caller, &phone, country.as_deref(), channel).await?;
    Ok((StatusCode::ACCEPTED, axum::Json(sent)))
}

/// Has a pin sent to a new number, for the app and the console alike.
pub(crate) async fn ask_new(
    api: &Api,
    address: IpAddr,
    caller: &Caller,
    text: &str,
    country: Option<&str>,
    channel: Option<ChannelWord>,
) -> Result<PinSent, Problem> {
    let phone = phone(api, text, country)?;
    api.store.logins().may_take_over(caller.session, api.now()).await??;
    ask(api, address, phone, channel, Aim::NewNumber(caller.session)).await
}
