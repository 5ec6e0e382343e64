//! Signing in to the console: the number, then the pin. Signing out.

use std::time::Duration;

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName};
use axum::response::{IntoResponse, Redirect, Response};
use domain::Timestamp;
use domain::login::{Channel, Client, OTP_LIFETIME};
use serde::Deserialize;
use store::SessionRefusal;

use super::HOME;
use super::account::app::Typed as TypedCode;
use super::account::{Ask, Field};
use super::owner::{self, Owner};
use crate::Api;
use crate::answers::{Code, Problem};
use crate::body::{Form, Query};
use crate::caller::From as Address;
use crate::login::{ChannelWord, begin, channels, resend, second_factor, verify};
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
    ways: Vec<Way>,
    /// Whether this browser was sent a pin, which can be typed.
    is_pin_sent: bool,
    support: Option<String>,
}

impl SignIn {
    /// Whether the pin goes by SMS.
    fn by_sms(&self) -> bool {
        self.ways.iter().any(|way| way.is_chosen && way.channel == Channel::Sms)
    }
}

/// A way for the pin.
struct Way {
    channel: Channel,
    is_chosen: bool,
    is_recommended: bool,
    is_open: bool,
}

/// Who took the session of this browser.
struct Displaced {
    words: Words,
    at: Moment,
}

impl Displaced {
    fn new(words: &'static str, at: Timestamp) -> Self {
        Self { words: Words::of(words), at: Moment::new(at, "UTC") }
    }
}

/// The second step: the pin.
#[derive(Template)]
#[template(path = "console/pin.html")]
struct Pin {
    wrong: Option<Words>,
    by_sms: bool,
    channels: &'static [Channel],
    support: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    #[serde(default)]
    phone: String,
    channel: Option<ChannelWord>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Typed {
    #[serde(default)]
    pin: String,
    by: Option<ChannelWord>,
}

/// Which way the pin was sent, in the address of the page that asks for it.
#[derive(Default, Deserialize)]
pub(super) struct Sent {
    by: Option<ChannelWord>,
}

/// `GET /console/sign-in`.
pub(super) async fn show(State(api): State<Api>, headers: HeaderMap) -> Result<Response, Problem> {
    let displaced = match owner::token(&api, &headers) {
        None => None,
        Some(token) => match api.session(&token).await? {
            Ok(_) => return Ok(Redirect::to(HOME).into_response()),
            Err(SessionRefusal::Unknown) => None,
            Err(SessionRefusal::Displaced { by: Client::App, at }) => {
                Some(Displaced::new("sign-in-displaced-by-app", at))
            }
            Err(SessionRefusal::Displaced { by: Client::Dashboard, at }) => {
                Some(Displaced::new("sign-in-displaced-by-dashboard", at))
            }
            Err(SessionRefusal::SignedOut { at }) => {
                Some(Displaced::new("sign-in-ended-by-system", at))
            }
        },
    };
    let (ways, support) = (ways(&api, None).await?, api.config.support_contact.clone());
    Ok(Screen(SignIn { displaced, ways, support, ..SignIn::default() }).into_response())
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
        begin::ask(&api, address, phone, asked.channel, Client::Dashboard.into()).await
    };
    match sent.await {
        Ok(sent) => (keep(&api, &sent.login_id), to_pin(sent.channel)).into_response(),
        Err(problem) => {
            // Whoever was turned away is offered another way.
            let keeps = problem.code != Code::ChannelUnavailable;
            let ways = match ways(&api, asked.channel.map(|channel| (channel, keeps))).await {
                Ok(ways) => ways,
                Err(problem) => return problem.into_response(),
            };
            let screen = SignIn {
                wrong: Some(wrong(&api, &problem)),
                displaced: None,
                is_pin_sent: problem.code == Code::OtpTooSoon && login_id(&api, &headers).is_some(),
                phone: asked.phone,
                ways,
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
        Err(problem) if problem.code == Code::SecondFactorNeeded => {
            let again = login_id(&api, &headers).map(|login_id| keep(&api, login_id));
            (again, Redirect::to("/console/second-factor")).into_response()
        }
        Err(problem) => wrong_pin(&api, typed.by, problem),
    }
}

/// `GET /console/second-factor`.
pub(super) async fn code(State(api): State<Api>, headers: HeaderMap) -> Response {
    match login_id(&api, &headers) {
        None => Redirect::to("/console/sign-in").into_response(),
        Some(_) => Screen(asks_for_code(None)).into_response(),
    }
}

/// `POST /console/second-factor`: tries a code after the right pin.
pub(super) async fn try_code(
    _: SameSite,
    State(api): State<Api>,
    headers: HeaderMap,
    Form(typed): Form<TypedCode>,
) -> Response {
    let signed_in = async {
        let login_id = login_id(&api, &headers).ok_or(Problem::from(Code::OtpExpired))?;
        second_factor::sign_in(&api, login_id, &typed.code).await
    };
    match signed_in.await {
        Ok((session, _)) => (owner::keep(&api, &session), Redirect::to(HOME)).into_response(),
        Err(problem) => {
            let wrong = Some(Words::from(&problem));
            pages::told_by(problem, Screen(asks_for_code(wrong)))
        }
    }
}

/// `POST /console/pin/again`: has another pin sent, perhaps the other way.
pub(super) async fn ask_again(
    _: SameSite,
    State(api): State<Api>,
    Address(address): Address,
    headers: HeaderMap,
    Form(asked): Form<Sent>,
) -> Response {
    let sent = async {
        let login_id = login_id(&api, &headers).ok_or(Problem::from(Code::OtpExpired))?;
        resend::ask_again(&api, address, login_id.to_owned(), asked.by).await
    };
    match sent.await {
        Ok(sent) => (keep(&api, &sent.login_id), to_pin(sent.channel)).into_response(),
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

/// All ways that there are. Chosen is the recommended one, or the one that was asked for, or just
/// not that one.
async fn ways(api: &Api, asked: Option<(ChannelWord, bool)>) -> Result<Vec<Way>, Problem> {
    let (order, health) = channels::in_order(api).await?;
    let asked = asked.map(|(word, keeps)| (Channel::from(word), keeps));
    let chosen = order.iter().copied().find(|channel| match asked {
        None => true,
        Some((asked, keeps)) => (asked == *channel) == keeps,
    });
    let chosen = chosen.or(order.first().copied());
    let way = |channel: Channel| Way {
        channel,
        is_chosen: chosen == Some(channel),
        is_recommended: 1 < order.len() && order.first() == Some(&channel),
        is_open: health.of(channel).is_open(),
    };
    Ok(order.iter().copied().map(way).collect())
}

fn asks_for_code(wrong: Option<Words>) -> Ask {
    Ask {
        title: "second-factor",
        field: Field::Code,
        button: "sign-in",
        action: "/console/second-factor".to_owned(),
        back: "/console/sign-in",
        signed_in: false,
        wrong,
    }
}

fn pin_page(api: &Api, by: Option<ChannelWord>, wrong: Option<Words>) -> Pin {
    let (channels, support) = (api.courier.channels(), api.config.support_contact.clone());
    Pin { wrong, by_sms: is_sms(by), channels, support }
}

fn wrong_pin(api: &Api, by: Option<ChannelWord>, problem: Problem) -> Response {
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
    Redirect::to(if is_sms(Some(by)) { "/console/pin?by=sms" } else { "/console/pin" })
}

fn is_sms(by: Option<ChannelWord>) -> bool {
    by == Some(ChannelWord::Sms)
}
