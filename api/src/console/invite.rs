//! The Invite sheet: one guest's name and mobile, and Generate.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::codes::{self, Shown};
use super::fresh_key;
use super::owner::Owner;
use crate::Api;
use crate::answers::{Code, Problem};
use crate::body::{Form, IdempotencyKey, Path};
use crate::codes::issue;
use crate::pages::same_site::SameSite;
use crate::pages::{self, Screen, Words, Wrong, filters};

#[derive(Template)]
#[template(path = "console/invite.html")]
pub(super) struct Invite {
    id: String,
    place: String,
    full: Option<Words>,
    wrong: Wrong,
    name: String,
    mobile: String,
    key: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Typed {
    #[serde(default)]
    name: String,
    #[serde(default)]
    mobile: String,
    #[serde(default)]
    key: String,
}

/// `GET /console/intercoms/{id}/invite`.
pub(super) async fn show(
    State(api): State<Api>,
    Owner(caller): Owner,
    Path(id): Path<String>,
) -> Result<Screen<Invite>, Problem> {
    let shown = codes::look(&api, caller.user, &id).await?;
    let key = fresh_key(&api);
    let nothing = Typed { name: String::new(), mobile: String::new(), key };
    Ok(Screen(Invite::of(shown, Wrong::default(), nothing)))
}

/// `POST /console/intercoms/{id}/invite`: pressed twice, it is one code (O-5a).
pub(super) async fn generate(
    _: SameSite,
    State(api): State<Api>,
    Owner(caller): Owner,
    Path(id): Path<String>,
    Form(mut typed): Form<Typed>,
) -> Result<Response, Problem> {
    let key = IdempotencyKey::parse(&typed.key)?;
    let issued = issue::ask(&api, &caller, &id, &typed.name, &typed.mobile, key).await;
    let problem = match issued {
        Ok(issued) => {
            let sheet = format!("/console/codes/{}/send", issued.pass.code.id);
            return Ok(Redirect::to(&sheet).into_response());
        }
        Err(problem) => problem,
    };
    let shown = codes::look(&api, caller.user, &id).await?;
    let wrong = match &shown.slots.full {
        // The page says it anyhow, with the moment when a code can be made.
        Some(_) if problem.code == Code::LimitReached => Wrong::default(),
        Some(_) | None => Wrong::from(&problem),
    };
    // Only a press that made a code binds its key; another guest needs another.
    if problem.code == Code::KeyReused {
        typed.key = fresh_key(&api);
    }
    Ok(pages::told_by(problem, Screen(Invite::of(shown, wrong, typed))))
}

impl Invite {
    fn of(Shown { id, place, slots, .. }: Shown, wrong: Wrong, typed: Typed) -> Self {
        let Typed { name, mobile, key } = typed;
        Self { id, place, full: slots.full, wrong, name, mobile, key }
    }
}
