//! Invite somebody: first which type of access, then whom.

use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};

use super::person::Form as Page;
use super::{Chosen, Place, Typed, Types, choices, wall};
use crate::Api;
use crate::answers::Problem;
use crate::body::{Form, Path, Query};
use crate::console::owner::Owner;
use crate::pages::same_site::SameSite;
use crate::pages::{self, Screen, Words, Wrong};
use crate::people::invite as use_case;

/// For how long somebody is invited for a while, unless chosen otherwise.
const A_WHILE: Duration = Duration::from_hours(3);

/// `GET /console/devices/{id}/people/invite`: a tenant has no choice of types.
pub(in crate::console) async fn show(
    State(api): State<Api>,
    Owner(caller): Owner,
    Path(id): Path<String>,
    Query(chosen): Query<Chosen>,
) -> Result<Response, Problem> {
    let place = Place::of(&api, caller.user, &id).await?;
    let only = (!place.may_manage).then(|| "temporary".to_owned());
    let Some(kind) = only.or(chosen.r#type) else {
        let here = format!("/console/devices/{}/people/invite", place.id);
        let up = format!("/console/devices/{}/people", place.id);
        let title = Words::of("people-invite");
        let page = Types { title, back: place.name, up, choices: choices(&here) };
        return Ok(Screen(page).into_response());
    };
    let (now, zone) = (api.now(), place.zone.clone());
    let wifi = Some("yes".to_owned());
    let (from, until) = match kind.as_str() {
        "temporary" => {
            let tenants = api.store.people().tenant_settings(caller.user, place.id.clone(), now);
            let longest = tenants.await??.settings.longest.span();
            let most = if place.may_manage { A_WHILE } else { A_WHILE.min(longest) };
            (wall(now, &zone), wall(now + most, &zone))
        }
        _ => (String::new(), String::new()),
    };
    let typed = Typed { r#type: kind, wifi, from, until, ..Typed::default() };
    Ok(Screen(Page::new(place, typed, Wrong::default())).into_response())
}

/// `POST /console/devices/{id}/people/invite`.
pub(in crate::console) async fn invite(
    _: SameSite,
    State(api): State<Api>,
    Owner(caller): Owner,
    Path(id): Path<String>,
    Form(typed): Form<Typed>,
) -> Result<Response, Problem> {
    let place = Place::of(&api, caller.user, &id).await?;
    let people = format!("/console/devices/{}/people?done=invited", place.id);
    match use_case::ask(&api, &caller, &id, &typed.asked(&place.zone)).await {
        Ok(_) => Ok(Redirect::to(&people).into_response()),
        Err(problem) => {
            let wrong = Wrong::from(&problem);
            Ok(pages::told_by(problem, Screen(Page::new(place, typed, wrong))))
        }
    }
}
