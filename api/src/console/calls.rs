//! Whether guests may call the owner of an intercom.

use askama::Template;
use axum::extract::State;
use axum::response::Redirect;
use serde::Deserialize;

use super::owner::Owner;
use crate::Api;
use crate::answers::Problem;
use crate::body::{self, Form, Path};
use crate::pages::same_site::SameSite;
use crate::pages::{Screen, filters};

/// One choice.
#[derive(Template)]
#[template(path = "console/calls.html")]
pub(super) struct Calls {
    intercom: String,
    name: String,
    allowed: bool,
    /// The owner's number, which the guests would see.
    phone: String,
}

/// What the form sends; a box that is not ticked sends nothing.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Choice {
    allowed: Option<String>,
}

/// `GET /console/intercoms/{id}/calls`.
pub(super) async fn show(
    State(api): State<Api>,
    Owner(caller): Owner,
    Path(id): Path<String>,
) -> Result<Screen<Calls>, Problem> {
    let id = body::device(&id)?;
    let since = api.store.intercoms().guests_may_call(caller.user, id.clone(), api.now()).await??;
    let device = api.store.devices().details(caller.user, id.clone(), api.now()).await??;
    let phone = api.store.sessions().phone_of(caller.user).await?;
    Ok(Screen(Calls {
        intercom: id,
        name: device.name.as_str().to_owned(),
        allowed: since.is_some(),
        phone: phone.reveal().to_owned(),
    }))
}

/// `POST /console/intercoms/{id}/calls`.
pub(super) async fn save(
    _: SameSite,
    State(api): State<Api>,
    Owner(caller): Owner,
    Path(id): Path<String>,
    Form(choice): Form<Choice>,
) -> Result<Redirect, Problem> {
    let (id, allowed) = (body::device(&id)?, choice.allowed.is_some());
    let intercoms = caller.store.intercoms();
    intercoms.let_guests_call(caller.user, id.clone(), allowed, api.now()).await??;
    Ok(Redirect::to(&format!("/console/devices/{id}?done=changed")))
}
