//! Signing in to the console: the number, then the pin. Signing out.

use std::time::Duration;

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName};
use axum::response::{IntoResponse, Redirect, Response};
use domain::login::{Client, OTP_LIFETIME};
use serde::Deserialize;
use store::SessionRefusal;

use super::HOME;
use super::owner::{self, Owner};
use crate::Api;
use crate::answers::{Code, Problem};
use crate::body::{Form, Query};
use crate::caller::From as Address;
use crate::login::{ChannelWord, begin, resend, verify};
use crate::pages::same_site::SameSite;
use crate::pages::{self, Moment, Screen, Words, cookie, filters};

/// The cookie that keeps the login while its pin is on the way.
const LOGIN: &str = "login";

/// Told in seconds; a longer wait is that for the end of a day's pins.
const SHORT_WAIT: Duration = Duration::from_mins(2);

/// The first step: which number, and how the pin is sent.
#[derive(Default, Template)]
#[template(path = "console/sign_in.html")]
struct SignIn {
    wrong: Option<Words>,
    displaced: Option<Displaced>,
    phone: String,
    by_sms: bool,
    /// Whether this browser was sent a pin, which can be typed.
    is_pin_sent: bool,
    support: Option<String>,
}

/// Who took the session of this browser.
struct Displaced {
    words: Words,
    at: Moment,
}

/// The second step: the pin.
#[derive(Template)]
#[template(path = "console/pin.html")]
struct Pin {
    wrong: Option<Words>,
    by_sms: bool,
    support: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    #[serde(default)]
    phone: String,
    #[serde(default)]
    channel: ChannelWord,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Typed {
    #[serde(default)]
    pin: String,
    #[serde(default)]
    by: ChannelWord,
}

/// Which way the pin was sent, in the address of the page that asks for it.
#[derive(Default, Deserialize)]
pub(super) struct Sent {
    #[serde(default)]
    by: ChannelWord,
}

/// `GET /console/sign-in`.
pub(super) async fn show(State(api): State<Api>, headers: HeaderMap) -> Result<Response, Problem> {
    let displaced = match owner::token(&api, &headers) {
        None => None,
        Some(token) => match api.store.sessions().find(&token, api.now()).await? {
            Ok(_) => return Ok(Redirect::to(HOME).into_response()),
            Err(SessionRefusal::Unknown) => None,
            Err(SessionRefusal::Displaced { by, at }) => {
                let words = Words::of(match by {
                    Client::App => "sign-in-displaced-by-app",
                    Client::Dashboard => "sign-in-displaced-by-dashboard",
                });
                Some(Displaced { words, at: Moment::new(at, "UTC") })
            }
        },
    };
    let support = api.config.support_contact.clone();
    Ok(Screen(SignIn { displaced, support, ..SignIn::default() }).into_response())
}

/// `POST /console/sign-in`: has a pin sent.
pub(super) async fn ask(
    _: SameSite,
    State(api): State<Api>,
    Address(address): Address,
    headers: HeaderMap,
    Form(asked): Form<Asked>,
) -> Response {
    let sent = async {
        let phone = begin::phone(&api, &asked.phone, None)?;
        begin::ask(&api, address, phone, asked.channel, Client::Dashboard).await
    };
    match sent.await {
        Ok(sent) => (keep(&api, &sent.login_id), to_pin(sent.channel)).into_response(),
        Err(problem) => {
            let screen = SignIn {
                wrong: Some(wrong(&api, &problem)),
                displaced: None,
                is_pin_sent: problem.code == Code::OtpTooSoon && login_id(&api, &headers).is_some(),
                phone: asked.phone,
                by_sms: is_sms(asked.channel),
                support: api.config.support_contact.clone(),
            };
            pages::told_by(problem, Screen(screen))
        }
    }
}

/// `GET /console/pin`.
pub(super) async fn pin(
    State(api): State<Api>,
    headers: HeaderMap,
    Query(sent): Query<Sent>,
) -> Response {
    match login_id(&api, &headers) {
        None => Redirect::to("/console/sign-in").into_response(),
        Some(_) => Screen(pin_page(&api, sent.by, None)).into_response(),
    }
}

/// `POST /console/pin`: tries a pin; the right one signs in.
pub(super) async fn try_pin(
    _: SameSite,
    State(api): State<Api>,
    headers: HeaderMap,
    Form(typed): Form<Typed>,
) -> Response {
    let signed_in = async {
        let login_id = login_id(&api, &headers).ok_or(Problem::from(Code::OtpExpired))?;
        verify::sign_in(&api, login_id, typed.pin.trim()).await
    };
    match signed_in.await {
        Ok((session, _)) => (owner::keep(&api, &session), Redirect::to(HOME)).into_response(),
        Err(problem) => wrong_pin(&api, typed.by, problem),
    }
}

/// `POST /console/pin/again`: has another pin sent, perhaps the other way.
pub(super) async fn ask_again(
    _: SameSite,
    State(api): State<Api>,
    headers: HeaderMap,
    Form(asked): Form<Sent>,
) -> Response {
    let sent = async {
        let login_id = login_id(&api, &headers).ok_or(Problem::from(Code::OtpExpired))?;
        resend::ask_again(&api, login_id.to_owned(), asked.by).await
    };
    match sent.await {
        Ok(sent) => to_pin(sent.channel).into_response(),
        Err(problem) => wrong_pin(&api, asked.by, problem),
    }
}

/// `POST /console/sign-out`.
pub(super) async fn sign_out(
    _: SameSite,
    State(api): State<Api>,
    Owner(caller): Owner,
) -> Result<Response, Problem> {
    api.store.sessions().end(caller.session.id, api.now()).await?;
    Ok((owner::forget(&api), Redirect::to("/console/sign-in")).into_response())
}

fn pin_page(api: &Api, by: ChannelWord, wrong: Option<Words>) -> Pin {
    Pin { wrong, by_sms: is_sms(by), support: api.config.support_contact.clone() }
}

fn wrong_pin(api: &Api, by: ChannelWord, problem: Problem) -> Response {
    let wrong = Some(wrong(api, &problem));
    pages::told_by(problem, Screen(pin_page(api, by, wrong)))
}

/// What is wrong; of a pin that was just sent, when another can be.
fn wrong(api: &Api, problem: &Problem) -> Words {
    match problem.wait(api.now()).filter(|_| problem.code == Code::OtpTooSoon) {
        None => Words::from(problem),
        Some(wait) if wait < SHORT_WAIT => {
            let seconds = u32::try_from(wait.as_millis().div_ceil(1000)).unwrap_or(u32::MAX);
            Words::of("pin-too-soon").count("seconds", seconds)
        }
        Some(wait) => Words::of("pin-too-many").span(wait),
    }
}

fn keep(api: &Api, login_id: &str) -> [(HeaderName, String); 1] {
    cookie::keep(api.is_public_tls(), LOGIN, login_id, OTP_LIFETIME)
}

fn login_id<'a>(api: &Api, headers: &'a HeaderMap) -> Option<&'a str> {
    cookie::kept(api.is_public_tls(), LOGIN, headers)
}

fn to_pin(by: ChannelWord) -> Redirect {
    Redirect::to(if is_sms(by) { "/console/pin?by=sms" } else { "/console/pin" })
}

fn is_sms(by: ChannelWord) -> bool {
    match by {
        ChannelWord::Sms => true,
        ChannelWord::Whatsapp => false,
    }
}
