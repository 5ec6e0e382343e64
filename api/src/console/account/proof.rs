//! A fresh pin: "prove that it is you", before what an open page must not suffice for.

use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use store::Aim;

use super::{Ask, Field};
use crate::Api;
use crate::answers::Problem;
use crate::body::{Form, Path, device};
use crate::caller::From as Address;
use crate::console::owner::Owner;
use crate::login::ChannelWord;
use crate::login::begin;
use crate::pages::same_site::SameSite;
use crate::pages::{self, Screen, Words};
use crate::step_ups::verify::step_up;

/// What the proof is for: where it leads.
#[derive(Clone, Default, Deserialize)]
#[serde(try_from = "String")]
pub(in crate::console) enum Next {
    #[default]
    Number,
    App,
    Key,
    Webhook,
    /// A device's transfer to another owner.
    Transfer(String),
    /// A gate's way off the account.
    Removal(String),
}

impl TryFrom<String> for Next {
    type Error = &'static str;

    fn try_from(word: String) -> Result<Self, Self::Error> {
        match word.as_str() {
            "number" => Ok(Self::Number),
            "app" => Ok(Self::App),
            "key" => Ok(Self::Key),
            "webhook" => Ok(Self::Webhook),
            word => {
                let (to, id): (fn(String) -> Self, _) = match word.strip_prefix("removal-") {
                    Some(id) => (Self::Removal, id),
                    None => (Self::Transfer, word),
                };
                device(id).map(to).map_err(|_| "leads nowhere")
            }
        }
    }
}

#[derive(Default, Deserialize)]
pub(in crate::console) struct For {
    #[serde(default)]
    next: Next,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::console) struct By {
    channel: Option<ChannelWord>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::console) struct Typed {
    #[serde(default)]
    pin: String,
}

impl Next {
    /// Leads to the proof.
    pub(in crate::console) fn proof(&self) -> Redirect {
        Redirect::to(&format!("/console/account/proof?next={}", self.word()))
    }

    fn page(&self) -> Redirect {
        Redirect::to(&match self {
            Self::Number => "/console/account/number".to_owned(),
            Self::App => "/console/account/app".to_owned(),
            Self::Key => "/console/account/keys/new".to_owned(),
            Self::Webhook => "/console/webhooks/new".to_owned(),
            Self::Transfer(device) => format!("/console/devices/{device}/transfer"),
            Self::Removal(gate) => format!("/console/gates/{gate}/removal"),
        })
    }

    fn word(&self) -> String {
        match self {
            Self::Number => "number".to_owned(),
            Self::App => "app".to_owned(),
            Self::Key => "key".to_owned(),
            Self::Webhook => "webhook".to_owned(),
            Self::Transfer(device) => device.clone(),
            Self::Removal(gate) => format!("removal-{gate}"),
        }
    }

    /// Where who does not want it goes.
    fn back(&self) -> &'static str {
        match self {
            Self::Number | Self::App | Self::Key => "/console/account",
            Self::Webhook => "/console/webhooks",
            Self::Transfer(_) | Self::Removal(_) => "/console/devices",
        }
    }
}

/// `GET /console/account/proof`.
pub(in crate::console) async fn show(
    State(api): State<Api>,
    _: Owner,
    Query(to): Query<For>,
) -> Screen<Ask> {
    Screen(asks_how(&api, &to.next, None))
}

/// `POST /console/account/proof`: has a pin sent to the owner's number.
pub(in crate::console) async fn send(
    _: SameSite,
    State(api): State<Api>,
    Address(address): Address,
    Owner(caller): Owner,
    Query(For { next }): Query<For>,
    Form(By { channel }): Form<By>,
) -> Result<Response, Problem> {
    let phone = api.store.sessions().phone_of(caller.user).await?;
    let aim = Aim::StepUp(caller.session);
    Ok(match begin::ask(&api, address, phone, channel, aim).await {
        Ok(sent) => {
            let (id, word) = (sent.login_id, next.word());
            Redirect::to(&format!("/console/account/proof/{id}?next={word}")).into_response()
        }
        Err(problem) => {
            let wrong = Some(Words::from(&problem));
            pages::told_by(problem, Screen(asks_how(&api, &next, wrong)))
        }
    })
}

/// `GET /console/account/proof/{id}`.
pub(in crate::console) async fn pin(
    _: Owner,
    Path(id): Path<String>,
    Query(For { next }): Query<For>,
) -> Screen<Ask> {
    Screen(asks_pin(&id, &next, None))
}

/// `POST /console/account/proof/{id}`: tries the pin.
pub(in crate::console) async fn try_pin(
    _: SameSite,
    State(api): State<Api>,
    Owner(caller): Owner,
    Path(id): Path<String>,
    Query(For { next }): Query<For>,
    Form(typed): Form<Typed>,
) -> Response {
    match step_up(&api, &caller, &id, typed.pin()).await {
        Ok(_) => next.page().into_response(),
        Err(problem) => {
            let wrong = Some(Words::from(&problem));
            pages::told_by(problem, Screen(asks_pin(&id, &next, wrong)))
        }
    }
}

fn asks_how(api: &Api, next: &Next, wrong: Option<Words>) -> Ask {
    Ask {
        title: "proof",
        field: Field::Channel(api.courier.channels()),
        button: "sign-in-send",
        action: format!("/console/account/proof?next={}", next.word()),
        back: next.back(),
        signed_in: true,
        wrong,
    }
}

fn asks_pin(id: &str, next: &Next, wrong: Option<Words>) -> Ask {
    Ask {
        title: "pin",
        field: Field::Pin,
        button: "account-go-on",
        action: format!("/console/account/proof/{id}?next={}", next.word()),
        back: next.back(),
        signed_in: true,
        wrong,
    }
}

impl Typed {
    pub(super) fn pin(&self) -> &str {
        self.pin.trim()
    }
}
