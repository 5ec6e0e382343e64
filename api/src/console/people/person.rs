//! One person: what they may, how they are called, what is noted.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use domain::UserId;
use domain::share::{Access, Day};
use store::Person;

use super::{Chosen, DayBox, Place, Typed, Types, called, choices, of_type, state, wall};
use crate::Api;
use crate::answers::Problem;
use crate::body::{self, Path, Query, segment};
use crate::console::owner::Owner;
use crate::pages::same_site::SameSite;
use crate::pages::{self, Screen, Words, Wrong, filters};
use crate::people::change::{self as use_case, ChangeBody};

/// The form about a person, new or known.
#[derive(Template)]
#[template(path = "console/person.html")]
pub(super) struct Form {
    place: Place,
    /// None when they are to be invited.
    known: Option<Known>,
    access: Words,
    typed: Typed,
    days: [DayBox; 7],
    /// Whether it asks when the access holds, where that belongs to its type.
    asks_when: bool,
    wrong: Wrong,
}

/// What is said of somebody who is there.
struct Known {
    id: String,
    name: String,
    phone: String,
    state: Option<Words>,
    /// Whether their type is the reader's to change: of who has the grant it is the owner's alone.
    may_retype: bool,
    /// The codes that can be taken back with the grant.
    codes: Option<Words>,
}

impl Form {
    pub(super) fn new(place: Place, typed: Typed, wrong: Wrong) -> Self {
        let (days, access) = (typed.days(), of_type(&typed.r#type));
        Self { place, known: None, access, typed, days, asks_when: true, wrong }
    }

    fn of(person: &Person, place: Place, typed: Typed, wrong: Wrong) -> Self {
        let codes =
            person.codes.filter(|codes| place.may_grant && has_grant(person) && *codes != 0);
        let known = Known {
            id: person.user.to_string(),
            name: called(person),
            phone: person.phone.reveal().to_owned(),
            state: state(person, &place.zone),
            may_retype: may_retype(&place, person),
            codes: codes.map(|codes| Words::of("person-also-codes").count("codes", codes)),
        };
        let asks_when = known.may_retype;
        Self { known: Some(known), asks_when, ..Self::new(place, typed, wrong) }
    }
}

/// `GET /console/devices/{id}/people/{user}`; with `?type=` as it would be with another type.
pub(in crate::console) async fn show(
    State(api): State<Api>,
    Owner(caller): Owner,
    Path((id, user)): Path<(String, String)>,
    Query(chosen): Query<Chosen>,
) -> Result<Response, Problem> {
    let (place, person) = look(&api, caller.user, &id, &user).await?;
    let mut typed = typed(&person, &place.zone);
    if let Some(kind) = chosen.r#type.filter(|kind| *kind != typed.r#type) {
        (typed.from, typed.until) = (String::new(), String::new());
        typed.r#type = kind;
    }
    Ok(Screen(Form::of(&person, place, typed, Wrong::default())).into_response())
}

/// `GET /console/devices/{id}/people/{user}/type`.
pub(in crate::console) async fn types(
    State(api): State<Api>,
    Owner(caller): Owner,
    Path((id, user)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let (place, person) = look(&api, caller.user, &id, &user).await?;
    let up = format!("/console/devices/{}/people/{}", place.id, person.user);
    let choices = choices(&up);
    let title = Words::of("person-type");
    Ok(Screen(Types { title, back: called(&person), up, choices }).into_response())
}

/// `POST /console/devices/{id}/people/{user}`.
pub(in crate::console) async fn save(
    _: SameSite,
    State(api): State<Api>,
    Owner(caller): Owner,
    Path((id, user)): Path<(String, String)>,
    body::Form(typed): body::Form<Typed>,
) -> Result<Response, Problem> {
    let (place, person) = look(&api, caller.user, &id, &user).await?;
    let asked = typed.asked(&place.zone);
    let is_kept = !may_retype(&place, &person);
    let change = ChangeBody {
        // What the form did not ask for stays as it is.
        r#type: Some(asked.r#type).filter(|_| !is_kept),
        days: if is_kept { Vec::new() } else { asked.days },
        from: asked.from.filter(|_| !is_kept),
        until: asked.until.filter(|_| !is_kept),
        one_time_access: place.may_grant.then_some(asked.one_time_access),
        also_revoke: place.may_grant && !asked.one_time_access && typed.also_revoke.is_some(),
        wifi: Some(asked.wifi),
        name: asked.name,
        notes: asked.notes,
    };
    let people = format!("/console/devices/{}/people?done=changed", place.id);
    match use_case::ask(&api, &caller, &id, &user, &change).await {
        Ok(_) => Ok(Redirect::to(&people).into_response()),
        Err(problem) => {
            let wrong = Wrong::from(&problem);
            Ok(pages::told_by(problem, Screen(Form::of(&person, place, typed, wrong))))
        }
    }
}

/// Of who has the grant the type is the owner's alone to change (X4).
fn may_retype(place: &Place, person: &Person) -> bool {
    place.may_manage && (place.is_owner || !has_grant(person))
}

fn has_grant(person: &Person) -> bool {
    person.is_there() && person.share.one_time_access
}

/// Somebody a device is shared with, for who may see them.
pub(super) async fn look(
    api: &Api,
    reader: UserId,
    id: &str,
    user: &str,
) -> Result<(Place, Person), Problem> {
    let place = Place::of(api, reader, id).await?;
    let user = segment(UserId::parse(user))?;
    let person = api.store.people().one(reader, place.id.clone(), user, api.now()).await??;
    Ok((place, person))
}

/// What the form holds of somebody.
fn typed(person: &Person, zone: &str) -> Typed {
    let (share, ticked) = (person.share, |is_so: bool| is_so.then(|| "yes".to_owned()));
    let (from, until, days) = match share.access {
        Access::Full | Access::Tenant | Access::Always => (String::new(), String::new(), vec![]),
        Access::Repeat(times) => {
            (times.from().to_string(), times.until().to_string(), times.days().collect())
        }
        Access::Temporary(stay) => (wall(stay.from(), zone), wall(stay.until(), zone), vec![]),
    };
    let day = |day| ticked(days.contains(&day));
    Typed {
        r#type: share.access.as_str().to_owned(),
        phone: person.phone.reveal().to_owned(),
        name: person.name.as_ref().map(|name| name.as_str().to_owned()).unwrap_or_default(),
        notes: person.notes.as_ref().map(|notes| notes.as_str().to_owned()).unwrap_or_default(),
        monday: day(Day::Monday),
        tuesday: day(Day::Tuesday),
        wednesday: day(Day::Wednesday),
        thursday: day(Day::Thursday),
        friday: day(Day::Friday),
        saturday: day(Day::Saturday),
        sunday: day(Day::Sunday),
        from,
        until,
        wifi: ticked(share.wifi),
        one_time_access: ticked(has_grant(person)),
        also_revoke: None,
    }
}
