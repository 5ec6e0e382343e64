//! A fresh pin: "prove that it is you", before what an open page must not suffice for.

use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use store::Aim;

use super::{Ask, Field};
use crate::Api;
use crate::answers::Problem;
use crate::body::{Form, Path};
use crate::caller::From as Address;
use crate::console::owner::Owner;
use crate::login::ChannelWord;
use crate::login::begin;
use crate::pages::same_site::SameSite;
use crate::pages::{self, Screen, Words};
use crate::step_ups::verify::step_up;

/// What the proof is for: where it leads.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::console) enum Next {
    #[default]
    Number,
    App,
    Key,
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
    pub(super) fn proof(self) -> Redirect {
        Redirect::to(&format!("/console/account/proof?next={}", self.word()))
    }

    fn page(self) -> Redirect {
        Redirect::to(match self {
            Self::Number => "/console/account/number",
            Self::App => "/console/account/app",
            Self::Key => "/console/account/keys/new",
        })
    }

    fn word(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::App => "app",
            Self::Key => "key",
        }
    }
}

/// `GET /console/account/proof`.
pub(in crate::console) async fn show(
    State(api): State<Api>,
    _: Owner,
    Query(to): Query<For>,
) -> Screen<Ask> {
    Screen(asks_how(&api, to.next, None))
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
            pages::told_by(problem, Screen(asks_how(&api, next, wrong)))
        }
    })
}

/// `GET /console/account/proof/{id}`.
pub(in crate::console) async fn pin(
    _: Owner,
    Path(id): Path<String>,
    Query(For { next }): Query<For>,
) -> Screen<Ask> {
    Screen(asks_pin(&id, next, None))
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
            pages::told_by(problem, Screen(asks_pin(&id, next, wrong)))
        }
    }
}

fn asks_how(api: &Api, next: Next, wrong: Option<Words>) -> Ask {
    Ask {
        title: "proof",
        field: Field::Channel(api.courier.channels()),
        button: "sign-in-send",
        action: format!("/console/account/proof?next={}", next.word()),
        back: "/console/account",
        signed_in: true,
        wrong,
    }
}

fn asks_pin(id: &str, next: Next, wrong: Option<Words>) -> Ask {
    Ask {
        title: "pin",
        field: Field::Pin,
        button: "account-go-on",
        action: format!("/console/account/proof/{id}?next={}", next.word()),
        back: "/console/account",
        signed_in: true,
        wrong,
    }
}

impl Typed {
    pub(super) fn pin(&self) -> &str {
        self.pin.trim()
    }
}
