//! Other hardware in the place of a faulty gate: by the code on the spare's label (I-6).

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use domain::permission::Act;
use serde::Deserialize;
use store::{Device, DeviceKind};

use super::owner::Owner;
use crate::Api;
use crate::answers::{Code, Problem};
use crate::body::{self, Form, Path};
use crate::caller::From as Address;
use crate::devices::replace as use_case;
use crate::pages::same_site::SameSite;
use crate::pages::{self, Screen, Words, Wrong, filters};

#[derive(Template)]
#[template(path = "console/replace.html")]
pub(super) struct Page {
    id: String,
    name: String,
    wrong: Wrong,
    claim_code: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Typed {
    #[serde(default)]
    claim_code: String,
}

/// `GET /console/devices/{id}/replacement`.
pub(super) async fn show(
    State(api): State<Api>,
    Owner(caller): Owner,
    Path(id): Path<String>,
) -> Result<Screen<Page>, Problem> {
    let device = api.store.devices().details(caller.user, body::device(&id)?, api.now()).await??;
    Ok(Screen(page(&device, Wrong::default(), String::new())?))
}

/// `POST /console/devices/{id}/replacement`.
pub(super) async fn replace(
    _: SameSite,
    State(api): State<Api>,
    Owner(caller): Owner,
    Address(address): Address,
    Path(id): Path<String>,
    Form(Typed { claim_code }): Form<Typed>,
) -> Result<Response, Problem> {
    let device = api.store.devices().details(caller.user, body::device(&id)?, api.now()).await??;
    match use_case::ask(&api, address, &caller, &id, &claim_code).await {
        Ok(device) => {
            let its_page = format!("/console/devices/{}?done=replaced", device.kind.id());
            Ok(Redirect::to(&its_page).into_response())
        }
        Err(problem) => {
            let wrong = if problem.code == Code::NotFound {
                Wrong::field("claim_code", Words::of("claim-unknown"))
            } else {
                Wrong::from(&problem)
            };
            Ok(pages::told_by(problem, Screen(page(&device, wrong, claim_code)?)))
        }
    }
}

fn page(device: &Device, wrong: Wrong, claim_code: String) -> Result<Page, Problem> {
    device.role.may(Act::Manage)?;
    let DeviceKind::Gate(id) = device.kind else { return Err(Code::NotAGate.into()) };
    Ok(Page { id: id.to_string(), name: device.name.as_str().to_owned(), wrong, claim_code })
}
