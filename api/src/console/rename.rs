//! A device's name.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use domain::permission::Act;
use serde::Deserialize;

use super::owner::Owner;
use crate::Api;
use crate::answers::Problem;
use crate::body::{Form, Path, device};
use crate::devices::rename as use_case;
use crate::pages::same_site::SameSite;
use crate::pages::{self, Screen, Wrong, filters};

#[derive(Template)]
#[template(path = "console/rename.html")]
pub(super) struct Rename {
    id: String,
    wrong: Wrong,
    name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Typed {
    #[serde(default)]
    name: String,
}

/// `GET /console/devices/{id}/name`.
pub(super) async fn show(
    State(api): State<Api>,
    Owner(caller): Owner,
    Path(id): Path<String>,
) -> Result<Screen<Rename>, Problem> {
    let device = api.store.devices().details(caller.user, device(&id)?, api.now()).await??;
    device.role.may(Act::Configure)?;
    let (id, name) = (device.kind.id(), device.name.as_str().to_owned());
    Ok(Screen(Rename { id, wrong: Wrong::default(), name }))
}

/// `POST /console/devices/{id}/name`.
pub(super) async fn rename(
    _: SameSite,
    State(api): State<Api>,
    Owner(caller): Owner,
    Path(id): Path<String>,
    Form(Typed { name }): Form<Typed>,
) -> Response {
    match use_case::ask(&api, &caller, &id, &name).await {
        Ok(device) => {
            let its_page = format!("/console/devices/{}?done=changed", device.kind.id());
            Redirect::to(&its_page).into_response()
        }
        // A wrong name can be typed again; whatever else is wrong is no matter of the form.
        Err(problem) if problem.first_field().is_some() => {
            let wrong = Wrong::from(&problem);
            pages::told_by(problem, Screen(Rename { id, wrong, name }))
        }
        Err(problem) => problem.into_response(),
    }
}
