//! The second factor: an authenticator app is set up, or turned off.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use fast_qr::QRBuilder;
use fast_qr::convert::svg::SvgBuilder;
use serde::Deserialize;

use super::proof::Next;
use super::{Ask, Field};
use crate::Api;
use crate::answers::{Code, Problem};
use crate::body::Form;
use crate::console::owner::Owner;
use crate::pages::same_site::SameSite;
use crate::pages::{self, Screen, Words, filters};
use crate::second_factor::confirm::turn_on;
use crate::second_factor::set_up::make;
use crate::second_factor::turn_off::off;

/// What the app takes, shown once.
#[derive(Template)]
#[template(path = "console/app.html")]
struct Shown {
    /// Presentation attributes only, since no page of ours may hold styles.
    qr: String,
    uri: String,
    secret: String,
}

/// The ten codes, shown once.
#[derive(Template)]
#[template(path = "console/recovery.html")]
struct Recovery {
    codes: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::console) struct Typed {
    #[serde(default)]
    pub(in crate::console) code: String,
}

/// `GET /console/account/app`.
pub(in crate::console) async fn show(
    State(api): State<Api>,
    Owner(caller): Owner,
) -> Result<Response, Problem> {
    if caller.session.must_be_stepped_up(api.now()).is_err() {
        return Ok(Next::App.proof().into_response());
    }
    let is_on = api.store.second_factors().of(caller.user).await?.is_some();
    Ok(Screen(if is_on { asks_to_turn_off(None) } else { asks_to_begin() }).into_response())
}

/// `POST /console/account/app/secret`: makes a secret and shows it.
pub(in crate::console) async fn set_up(
    _: SameSite,
    State(api): State<Api>,
    Owner(caller): Owner,
) -> Result<Response, Problem> {
    if caller.session.must_be_stepped_up(api.now()).is_err() {
        return Ok(Next::App.proof().into_response());
    }
    api.store.logins().may_take_over(caller.session, api.now()).await??;
    let made = make(&api, &caller).await?;
    let code = QRBuilder::new(made.uri.as_str()).build();
    let code = code.map_err(|_| Problem::from(Code::Internal))?;
    let qr = SvgBuilder::default().to_str(&code);
    Ok(Screen(Shown { qr, uri: made.uri, secret: made.secret }).into_response())
}

/// `POST /console/account/app/code`: turns it on by the first right code.
pub(in crate::console) async fn confirm(
    _: SameSite,
    State(api): State<Api>,
    Owner(caller): Owner,
    Form(typed): Form<Typed>,
) -> Response {
    if caller.session.must_be_stepped_up(api.now()).is_err() {
        return Next::App.proof().into_response();
    }
    match turn_on(&api, &caller, &typed.code).await {
        Ok(on) => Screen(Recovery { codes: on.recovery_codes }).into_response(),
        Err(problem) => {
            let wrong = Some(Words::from(&problem));
            pages::told_by(problem, Screen(asks_for_code(wrong)))
        }
    }
}

/// `POST /console/account/app`: turns it off.
pub(in crate::console) async fn turn_off(
    _: SameSite,
    State(api): State<Api>,
    Owner(caller): Owner,
    Form(typed): Form<Typed>,
) -> Response {
    match off(&api, &caller, &typed.code).await {
        Ok(()) => Redirect::to("/console/account?done=app_off").into_response(),
        Err(problem) if problem.code == Code::StepUpNeeded => Next::App.proof().into_response(),
        Err(problem) => {
            let wrong = Some(Words::from(&problem));
            pages::told_by(problem, Screen(asks_to_turn_off(wrong)))
        }
    }
}

fn asks_to_begin() -> Ask {
    Ask {
        title: "app",
        field: Field::Nothing,
        button: "app-begin",
        action: "/console/account/app/secret".to_owned(),
        back: "/console/account",
        signed_in: true,
        wrong: None,
    }
}

/// The secret is not shown again: who has it types another code, and who has not begins anew.
fn asks_for_code(wrong: Option<Words>) -> Ask {
    Ask {
        title: "app-again",
        field: Field::Code,
        button: "app-on",
        action: "/console/account/app/code".to_owned(),
        back: "/console/account/app",
        signed_in: true,
        wrong,
    }
}

fn asks_to_turn_off(wrong: Option<Words>) -> Ask {
    Ask {
        title: "app-turn-off",
        field: Field::Code,
        button: "app-off",
        action: "/console/account/app".to_owned(),
        back: "/console/account",
        signed_in: true,
        wrong,
    }
}
