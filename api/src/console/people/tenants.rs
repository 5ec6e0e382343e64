//! Tenant settings of a device: two rows, saved together.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use domain::permission::Act;
use serde::Deserialize;

use super::Place;
use crate::Api;
use crate::answers::Problem;
use crate::body::{self, Form, Path};
use crate::console::owner::Owner;
use crate::pages::same_site::SameSite;
use crate::pages::{self, Screen, Words, Wrong, filters};
use crate::tenants::replace as use_case;

/// The lengths that the page offers, in minutes; any other that was saved is offered, too.
const OFFERED: [u16; 9] = [15, 30, 60, 180, 360, 720, 1440, 2880, 4320];

#[derive(Template)]
#[template(path = "console/tenants.html")]
struct Page {
    place: Place,
    lengths: Vec<Length>,
    count: u32,
    /// Raised by each save; whoever saves over another one's is refused.
    version: u64,
    wrong: Wrong,
}

/// A length that can be chosen.
struct Length {
    minutes: u16,
    words: Words,
    is_chosen: bool,
}

/// Both rows as a form carries them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::console) struct Chosen {
    #[serde(default)]
    longest_invitation_minutes: u32,
    #[serde(default)]
    max_active_invitations: u32,
    #[serde(default)]
    version: u64,
}

/// `GET /console/devices/{id}/tenants`.
pub(in crate::console) async fn show(
    State(api): State<Api>,
    Owner(caller): Owner,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    Ok(Screen(page(&api, &caller, &id, None, Wrong::default()).await?).into_response())
}

/// `POST /console/devices/{id}/tenants`.
pub(in crate::console) async fn save(
    _: SameSite,
    State(api): State<Api>,
    Owner(caller): Owner,
    Path(id): Path<String>,
    Form(form): Form<Chosen>,
) -> Result<Response, Problem> {
    let Err(problem) = replace(&api, &caller, &id, &form).await else {
        let people = format!("/console/devices/{}/people?done=changed", body::device(&id)?);
        return Ok(Redirect::to(&people).into_response());
    };
    let wrong = Wrong::from(&problem);
    let page = page(&api, &caller, &id, Some(&form), wrong).await?;
    Ok(pages::told_by(problem, Screen(page)))
}

async fn replace(
    api: &Api,
    caller: &crate::caller::Caller,
    id: &str,
    form: &Chosen,
) -> Result<(), Problem> {
    let settings = use_case::chosen(form.longest_invitation_minutes, form.max_active_invitations)?;
    use_case::ask(api, caller, id, settings, form.version).await.map(drop)
}

/// The page with what is saved, or with what was typed.
async fn page(
    api: &Api,
    caller: &crate::caller::Caller,
    id: &str,
    typed: Option<&Chosen>,
    wrong: Wrong,
) -> Result<Page, Problem> {
    let id = body::device(id)?;
    let device = api.store.devices().details(caller.user, id.clone(), api.now()).await??;
    device.role.may(Act::ManagePeople)?;
    let saved = api.store.people().tenant_settings(caller.user, id, api.now()).await??;
    let chosen = typed.and_then(|typed| u16::try_from(typed.longest_invitation_minutes).ok());
    let chosen = chosen.unwrap_or(saved.settings.longest.minutes());
    let mut offered = OFFERED.to_vec();
    offered.extend((!OFFERED.contains(&chosen)).then_some(chosen));
    offered.sort_unstable();
    let lengths = offered.into_iter().map(|minutes| Length {
        minutes,
        words: Words::of("tenants-length").span(std::time::Duration::from_mins(u64::from(minutes))),
        is_chosen: minutes == chosen,
    });
    Ok(Page {
        place: Place::from(&device),
        lengths: lengths.collect(),
        count: typed.map_or(saved.settings.at_once.count(), |typed| typed.max_active_invitations),
        version: saved.version,
        wrong,
    })
}
