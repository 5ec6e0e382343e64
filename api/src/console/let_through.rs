//! Let in, let out: opens the gate for a guest with one tap, after the question whether that is
//! meant. What becomes of it, the code's page tells.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use domain::{CodeId, Leg};
use serde::Deserialize;
use store::GuestPass;

use super::code::look;
use super::confirm::Confirm;
use super::fresh_key;
use super::owner::Owner;
use crate::Api;
use crate::answers::{Code, Problem};
use crate::body::{Form, IdempotencyKey, Path, segment};
use crate::caller::Caller;
use crate::codes::let_through;
use crate::pages::Words;
use crate::pages::same_site::SameSite;

/// Which press of the button it is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pressed {
    #[serde(default)]
    key: String,
}

/// `GET /console/codes/{id}/let-in`.
pub(super) async fn ask_in(
    State(api): State<Api>,
    Owner(caller): Owner,
    Path(id): Path<String>,
) -> Result<Confirm, Problem> {
    ask(&api, &caller, &id, Leg::Entry).await
}

/// `GET /console/codes/{id}/let-out`.
pub(super) async fn ask_out(
    State(api): State<Api>,
    Owner(caller): Owner,
    Path(id): Path<String>,
) -> Result<Confirm, Problem> {
    ask(&api, &caller, &id, Leg::Exit).await
}

/// `POST /console/codes/{id}/let-in`.
pub(super) async fn let_in(
    _: SameSite,
    State(api): State<Api>,
    Owner(caller): Owner,
    Path(id): Path<String>,
    Form(pressed): Form<Pressed>,
) -> Result<Response, Problem> {
    let_through(&api, &caller, &id, Leg::Entry, pressed).await
}

/// `POST /console/codes/{id}/let-out`.
pub(super) async fn let_out(
    _: SameSite,
    State(api): State<Api>,
    Owner(caller): Owner,
    Path(id): Path<String>,
    Form(pressed): Form<Pressed>,
) -> Result<Response, Problem> {
    let_through(&api, &caller, &id, Leg::Exit, pressed).await
}

async fn ask(api: &Api, caller: &Caller, id: &str, leg: Leg) -> Result<Confirm, Problem> {
    let seen = look(api, caller.user, segment(CodeId::parse(id))?).await?;
    Ok(question(&seen, leg, fresh_key(api)))
}

async fn let_through(
    api: &Api,
    caller: &Caller,
    id: &str,
    leg: Leg,
    Pressed { key }: Pressed,
) -> Result<Response, Problem> {
    let id = segment(CodeId::parse(id))?;
    let seen = look(api, caller.user, id).await?;
    let asked = let_through::ask(api, caller, id, leg, IdempotencyKey::parse(&key)?).await;
    match asked {
        Err(problem) if problem.code != Code::AlreadyOpening => {
            Ok(question(&seen, leg, key).told(problem))
        }
        // What is under way already, the code's page tells as well.
        Ok(_) | Err(_) => Ok(Redirect::to(&format!("/console/codes/{id}")).into_response()),
    }
}

fn question(seen: &GuestPass, leg: Leg, key: String) -> Confirm {
    let code = format!("/console/codes/{}", seen.pass.code.id);
    let (question, button, way) = match leg {
        Leg::Entry => ("let-in", "let-in-button", "let-in"),
        Leg::Exit => ("let-out", "let-out-button", "let-out"),
    };
    Confirm {
        question: Words::of(question).with("guest", seen.pass.guest.name.as_str()),
        button: Words::of(button),
        is_danger: false,
        action: format!("{code}/{way}"),
        key: Some(key),
        back: code,
        wrong: None,
    }
}
