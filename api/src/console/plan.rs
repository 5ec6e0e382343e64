//! What a device is used for, and giving that to the device which takes its place.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use domain::Plan;
use domain::permission::Act;
use serde::Deserialize;
use store::{Device, DeviceKind};

use super::owner::Owner;
use crate::Api;
use crate::answers::Problem;
use crate::body::{self, Form, Path};
use crate::caller::Caller;
use crate::devices::{plan as use_case, plan_transfer};
use crate::pages::same_site::SameSite;
use crate::pages::{self, Screen, Wrong, filters};

#[derive(Template)]
#[template(path = "console/plan.html")]
pub(super) struct Page {
    id: String,
    name: String,
    choices: Vec<Choice>,
    /// Devices that could have the plan, with their names.
    others: Vec<(String, String)>,
    wrong: Wrong,
}

/// One plan on offer.
struct Choice {
    value: &'static str,
    words: &'static str,
    is_chosen: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Chosen {
    #[serde(default)]
    plan: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Given {
    #[serde(default)]
    to: String,
}

/// The name of a plan.
pub(super) fn words(plan: Plan) -> &'static str {
    match plan {
        Plan::Home => "device-plan-home",
        Plan::Commercial => "device-plan-commercial",
    }
}

/// `GET /console/devices/{id}/plan`.
pub(super) async fn show(
    State(api): State<Api>,
    Owner(caller): Owner,
    Path(id): Path<String>,
) -> Result<Screen<Page>, Problem> {
    Ok(Screen(look(&api, &caller, &id, Wrong::default()).await?))
}

/// `POST /console/devices/{id}/plan`.
pub(super) async fn choose(
    _: SameSite,
    State(api): State<Api>,
    Owner(caller): Owner,
    Path(id): Path<String>,
    Form(Chosen { plan }): Form<Chosen>,
) -> Result<Response, Problem> {
    match use_case::ask(&api, &caller, &id, &plan).await {
        Ok(device) => Ok(done(&device, "changed")),
        Err(problem) => told(&api, &caller, &id, problem).await,
    }
}

/// `POST /console/devices/{id}/plan/transfer`: leads to the device that has it now.
pub(super) async fn give(
    _: SameSite,
    State(api): State<Api>,
    Owner(caller): Owner,
    Path(id): Path<String>,
    Form(Given { to }): Form<Given>,
) -> Result<Response, Problem> {
    match plan_transfer::ask(&api, &caller, &id, &to).await {
        Ok(device) => Ok(done(&device, "plan")),
        Err(problem) => told(&api, &caller, &id, problem).await,
    }
}

fn done(device: &Device, word: &str) -> Response {
    Redirect::to(&format!("/console/devices/{}?done={word}", device.kind.id())).into_response()
}

async fn told(api: &Api, caller: &Caller, id: &str, problem: Problem) -> Result<Response, Problem> {
    let page = look(api, caller, id, Wrong::from(&problem)).await?;
    Ok(pages::told_by(problem, Screen(page)))
}

async fn look(api: &Api, caller: &Caller, id: &str, wrong: Wrong) -> Result<Page, Problem> {
    let devices = api.store.devices();
    let device = devices.details(caller.user, body::device(id)?, api.now()).await??;
    device.role.may(Act::Manage)?;
    let may_have_it = |other: &Device| {
        let is_same_kind = match (&device.kind, &other.kind) {
            (DeviceKind::Gate(one), DeviceKind::Gate(other)) => one != other,
            (DeviceKind::Intercom { id: one, .. }, DeviceKind::Intercom { id: other, .. }) => {
                one != other
            }
            (DeviceKind::Gate(_), DeviceKind::Intercom { .. })
            | (DeviceKind::Intercom { .. }, DeviceKind::Gate(_)) => false,
        };
        is_same_kind && other.plan.is_none() && other.role.may(Act::Manage).is_ok()
    };
    let others = devices.of(caller.user, api.now()).await?;
    let others = others.iter().filter(|other| device.plan.is_some() && may_have_it(other));
    let named = |other: &Device| (other.kind.id(), other.name.as_str().to_owned());
    Ok(Page {
        id: device.kind.id(),
        name: device.name.as_str().to_owned(),
        choices: Plan::ALL.map(|plan| choice(plan, device.plan)).into(),
        others: others.map(named).collect(),
        wrong,
    })
}

fn choice(plan: Plan, chosen: Option<Plan>) -> Choice {
    Choice { value: plan.as_str(), words: words(plan), is_chosen: chosen == Some(plan) }
}
