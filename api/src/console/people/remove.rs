//! Remove: ends the sharing with a person, after the question what is to end with it (X22).

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use store::Person;

use super::person::look;
use super::{Place, called};
use crate::Api;
use crate::answers::Problem;
use crate::body::{Form, Path};
use crate::console::owner::Owner;
use crate::pages::same_site::SameSite;
use crate::pages::{Screen, Words, filters};

#[derive(Template)]
#[template(path = "console/person_remove.html")]
pub(in crate::console) struct Remove {
    question: Words,
    /// Where the form goes, and where who does not want it goes.
    page: String,
    /// What would stay unless it is revoked, too.
    also: Option<Words>,
}

/// What the form sends; a box that is not ticked sends nothing.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::console) struct Also {
    also_revoke: Option<String>,
}

/// `GET /console/devices/{id}/people/{user}/remove`.
pub(in crate::console) async fn ask(
    State(api): State<Api>,
    Owner(caller): Owner,
    Path((id, user)): Path<(String, String)>,
) -> Result<Screen<Remove>, Problem> {
    let (place, person) = look(&api, caller.user, &id, &user).await?;
    Ok(Screen(question(&place, &person)))
}

/// `POST /console/devices/{id}/people/{user}/remove`.
pub(in crate::console) async fn remove(
    _: SameSite,
    State(api): State<Api>,
    Owner(caller): Owner,
    Path((id, user)): Path<(String, String)>,
    Form(also): Form<Also>,
) -> Result<Response, Problem> {
    let (place, person) = look(&api, caller.user, &id, &user).await?;
    let (people, also_revoke) = (caller.store.people(), also.also_revoke.is_some());
    let id = place.id.clone();
    people.unshare(caller.user, id, person.user, also_revoke, api.now()).await??;
    let list = format!("/console/devices/{}/people?done=removed", place.id);
    Ok(Redirect::to(&list).into_response())
}

fn question(place: &Place, person: &Person) -> Remove {
    let also = match (person.codes.unwrap_or_default(), person.invitations) {
        (0, 0) => None,
        (codes, 0) => Some(Words::of("person-also-codes").count("codes", codes)),
        (0, guests) => Some(Words::of("person-also-guests").count("guests", guests)),
        (codes, guests) => {
            Some(Words::of("person-also-both").count("codes", codes).count("guests", guests))
        }
    };
    Remove {
        question: Words::of("person-remove-ask").with("name", called(person)),
        page: format!("/console/devices/{}/people/{}", place.id, person.user),
        also,
    }
}
