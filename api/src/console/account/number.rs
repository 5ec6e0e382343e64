//! Another number for the account.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use store::NumberRefusal;

use super::proof::{Next, Typed};
use super::{Ask, Field};
use crate::Api;
use crate::answers::Problem;
use crate::body::{Form, Path};
use crate::caller::From as Address;
use crate::console::owner::Owner;
use crate::login::ChannelWord;
use crate::number_changes::begin::ask_new;
use crate::number_changes::verify::change;
use crate::pages::same_site::SameSite;
use crate::pages::{self, Screen, Words};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::console) struct New {
    #[serde(default)]
    phone: String,
    channel: Option<ChannelWord>,
}

/// `GET /console/account/number`.
pub(in crate::console) async fn show(
    State(api): State<Api>,
    Owner(caller): Owner,
) -> Result<Response, Problem> {
    let may = api.store.logins().may_take_over(caller.session, api.now()).await?;
    Ok(match may {
        Ok(()) => Screen(asks_number(&api, "", None)).into_response(),
        Err(NumberRefusal::StepUp(_)) => Next::Number.proof().into_response(),
        Err(refusal) => {
            let problem = Problem::from(refusal);
            let wrong = Some(Words::from(&problem));
            pages::told_by(problem, Screen(asks_number(&api, "", wrong)))
        }
    })
}

/// `POST /console/account/number`: has a pin sent to the new number.
pub(in crate::console) async fn send(
    _: SameSite,
    State(api): State<Api>,
    Address(address): Address,
    Owner(caller): Owner,
    Form(New { phone, channel }): Form<New>,
) -> Response {
    match ask_new(&api, address, &caller, &phone, None, channel).await {
        Ok(sent) => {
            Redirect::to(&format!("/console/account/number/{}", sent.login_id)).into_response()
        }
        Err(problem) => {
            let wrong = Some(Words::from(&problem));
            pages::told_by(problem, Screen(asks_number(&api, &phone, wrong)))
        }
    }
}

/// `GET /console/account/number/{id}`.
pub(in crate::console) async fn pin(_: Owner, Path(id): Path<String>) -> Screen<Ask> {
    Screen(asks_pin(&id, None))
}

/// `POST /console/account/number/{id}`: tries the pin.
pub(in crate::console) async fn try_pin(
    _: SameSite,
    State(api): State<Api>,
    Owner(caller): Owner,
    Path(id): Path<String>,
    Form(typed): Form<Typed>,
) -> Response {
    match change(&api, &caller, &id, typed.pin()).await {
        Ok(_) => Redirect::to("/console/account?done=number").into_response(),
        Err(problem) => {
            let wrong = Some(Words::from(&problem));
            pages::told_by(problem, Screen(asks_pin(&id, wrong)))
        }
    }
}

fn asks_number(api: &Api, phone: &str, wrong: Option<Words>) -> Ask {
    Ask {
        title: "number",
        field: Field::Phone(phone.to_owned(), api.courier.channels()),
        button: "sign-in-send",
        action: "/console/account/number".to_owned(),
        back: "/console/account",
        signed_in: true,
        wrong,
    }
}

fn asks_pin(id: &str, wrong: Option<Words>) -> Ask {
    Ask {
        title: "number-pin",
        field: Field::Pin,
        button: "number-change",
        action: format!("/console/account/number/{id}"),
        back: "/console/account/number",
        signed_in: true,
        wrong,
    }
}
