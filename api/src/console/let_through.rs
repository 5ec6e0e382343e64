//! Let in, let out: opens the gate for a guest with one tap, after the question whether that is
//! meant. What becomes of it, the code's page tells, or the list of codes.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use domain::{CodeId, Leg};
use serde::Deserialize;
use store::Past;

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
    let code = look(api, caller, segment(CodeId::parse(id))?).await?;
    Ok(question(&code, leg, fresh_key(api)))
}

/// The code; its guest may have been erased while they were inside, and is let out all the same.
async fn look(api: &Api, caller: &Caller, id: CodeId) -> Result<Past, Problem> {
    Ok(api.store.codes().one(caller.user, id, api.now()).await??)
}

async fn let_through(
    api: &Api,
    caller: &Caller,
    id: &str,
    leg: Leg,
    Pressed { key }: Pressed,
) -> Result<Response, Problem> {
    let id = segment(CodeId::parse(id))?;
    let code = look(api, caller, id).await?;
    let asked = let_through::ask(api, caller, id, leg, IdempotencyKey::parse(&key)?).await;
    match asked {
        Err(problem) if problem.code != Code::AlreadyOpening => {
            Ok(question(&code, leg, key).told(problem))
        }
        // What is under way already, that page tells as well.
        Ok(_) | Err(_) => Ok(Redirect::to(&home(&code)).into_response()),
    }
}

fn question(code: &Past, leg: Leg, key: String) -> Confirm {
    let (question, button, way) = match leg {
        Leg::Entry => ("let-in", "let-in-button", "let-in"),
        Leg::Exit => ("let-out", "let-out-button", "let-out"),
    };
    let question = match &code.guest {
        Some(guest) => Words::of(question).with("guest", guest.name.as_str()),
        None => Words::of("let-through-erased"),
    };
    Confirm {
        question,
        button: Words::of(button),
        is_danger: false,
        action: format!("/console/codes/{}/{way}", code.code.id),
        key: Some(key),
        back: home(code),
        wrong: None,
    }
}

/// Where it is told what becomes of it: a code whose guest was erased has no page of its own.
fn home(code: &Past) -> String {
    match code.guest {
        Some(_) => format!("/console/codes/{}", code.code.id),
        None => format!("/console/intercoms/{}/codes", code.code.intercom),
    }
}
