//! Takes a gate off the account, after a fresh pin and the question whether that is meant (O-8b).

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use domain::permission::Act;
use store::{Device, NumberRefusal};

use super::account::proof::Next;
use super::confirm::Confirm;
use super::owner::Owner;
use crate::Api;
use crate::answers::{Code, Problem};
use crate::body::{self, Path};
use crate::caller::Caller;
use crate::devices::remove as use_case;
use crate::pages::Words;
use crate::pages::same_site::SameSite;

/// `GET /console/gates/{id}/removal`.
pub(super) async fn ask(
    State(api): State<Api>,
    Owner(caller): Owner,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let gate = look(&api, &caller, &id).await?;
    Ok(match api.store.logins().may_take_over(caller.session, api.now()).await? {
        Ok(()) => question(&gate).into_response(),
        Err(NumberRefusal::StepUp(_)) => Next::Removal(gate.kind.id()).proof().into_response(),
        Err(refusal) => question(&gate).told(refusal.into()),
    })
}

/// `POST /console/gates/{id}/removal`.
pub(super) async fn take_off(
    _: SameSite,
    State(api): State<Api>,
    Owner(caller): Owner,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let gate = look(&api, &caller, &id).await?;
    match use_case::ask(&api, &caller, gate.kind.id()).await {
        Ok(suspended) => {
            let done = if suspended == 0 { "taken_off" } else { "taken_off_suspended" };
            Ok(Redirect::to(&format!("/console/devices?done={done}")).into_response())
        }
        Err(problem) if problem.code == Code::StepUpNeeded => {
            Ok(Next::Removal(gate.kind.id()).proof().into_response())
        }
        Err(problem) => Ok(question(&gate).told(problem)),
    }
}

/// A gate of the reader's own.
async fn look(api: &Api, caller: &Caller, id: &str) -> Result<Device, Problem> {
    let device = api.store.devices().details(caller.user, body::device(id)?, api.now()).await??;
    device.role.may(Act::Manage)?;
    if device.gate.is_none() { Err(Code::NotAGate.into()) } else { Ok(device) }
}

fn question(gate: &Device) -> Confirm {
    let page = format!("/console/gates/{}/removal", gate.kind.id());
    Confirm {
        question: Words::of("take-off-ask").with("name", gate.name.as_str()),
        button: Words::of("take-off-button"),
        is_danger: true,
        action: page,
        key: None,
        back: format!("/console/devices/{}", gate.kind.id()),
        wrong: None,
    }
}
