//! Users of a device: who it is shared with, and how; invite, change, remove.

pub(super) mod import;
pub(super) mod invite;
pub(super) mod person;
pub(super) mod remove;
pub(super) mod tenants;

use askama::Template;
use axum::extract::State;
use domain::UserId;
use domain::permission::Act;
use domain::share::{Access, Holds};
use serde::Deserialize;
use store::{Device, DeviceKind, Person};

use super::done::Done;
use super::owner::Owner;
use crate::Api;
use crate::answers::Problem;
use crate::body::{self, Path, Query};
use crate::pages::{Moment, Screen, Words, filters};
use crate::people::invite::Invite;
use crate::wire;

#[derive(Template)]
#[template(path = "console/people.html")]
pub(in crate::console) struct Page {
    place: Place,
    people: Vec<Line>,
    done: Option<Words>,
}

/// The device whose users these are.
pub(super) struct Place {
    id: String,
    name: String,
    zone: String,
    /// Whether the reader administers all of them; a tenant only invites.
    may_manage: bool,
    is_owner: bool,
    /// Whether the reader may give the grant for one-time access; a gate has no codes.
    may_grant: bool,
}

/// Somebody in the list.
struct Line {
    id: String,
    name: String,
    access: Words,
    state: Option<Words>,
    ended: bool,
}

/// `GET /console/devices/{id}/people`.
pub(in crate::console) async fn show(
    State(api): State<Api>,
    Owner(caller): Owner,
    Path(id): Path<String>,
    Query(done): Query<Done>,
) -> Result<Screen<Page>, Problem> {
    let place = Place::of(&api, caller.user, &id).await?;
    let people = api.store.people().of(caller.user, place.id.clone(), api.now()).await??;
    let people = people.iter().map(|person| Line::of(person, &place.zone)).collect();
    Ok(Screen(Page { place, people, done: done.words() }))
}

impl Place {
    /// The device, for who may invite people to it.
    async fn of(api: &Api, user: UserId, id: &str) -> Result<Self, Problem> {
        let device = api.store.devices().details(user, body::device(id)?, api.now()).await??;
        device.role.may(Act::Invite)?;
        Ok(Self::from(&device))
    }
}

impl From<&Device> for Place {
    fn from(device: &Device) -> Self {
        let is_intercom = matches!(device.kind, DeviceKind::Intercom { .. });
        let is_owner = device.role.may(Act::Manage).is_ok();
        Self {
            id: device.kind.id(),
            name: device.name.as_str().to_owned(),
            zone: device.time_zone.clone(),
            may_manage: device.role.may(Act::ManagePeople).is_ok(),
            is_owner,
            may_grant: is_intercom && is_owner,
        }
    }
}

impl Line {
    fn of(person: &Person, zone: &str) -> Self {
        Self {
            id: person.user.to_string(),
            name: called(person),
            access: of_type(person.share.access.as_str()),
            state: state(person, zone),
            ended: !person.is_there(),
        }
    }
}

/// What somebody is called on pages.
fn called(person: &Person) -> String {
    let name = person.name.as_ref().map(|name| name.as_str().to_owned());
    name.unwrap_or_else(|| person.phone.reveal().to_owned())
}

/// A type of access by its word.
pub(super) fn of_type(word: &str) -> Words {
    Words::of(match word {
        "full" => "access-full",
        "tenant" => "access-tenant",
        "repeat" => "access-repeat",
        "temporary" => "access-temporary",
        _ => "access-always",
    })
}

/// Until when somebody's access holds, or from when on.
fn state(person: &Person, zone: &str) -> Option<Words> {
    let until = match person.share.access {
        Access::Temporary(stay) => Some(Moment::new(stay.until(), zone)),
        Access::Full | Access::Tenant | Access::Always | Access::Repeat(_) => None,
    };
    match (person.holds, until) {
        (Holds::Now, until) => until.map(|at| Words::of("person-until").at("at", at)),
        (Holds::From(Some(at)), _) => {
            Some(Words::of("person-from").at("at", Moment::new(at, zone)))
        }
        (Holds::From(None), _) => Some(Words::of("person-not-now")),
        (Holds::Ended, until) => until.map(|at| Words::of("person-ended").at("at", at)),
    }
}

/// Which type of access is asked for: `?type=repeat`.
#[derive(Default, Deserialize)]
pub(in crate::console) struct Chosen {
    r#type: Option<String>,
}

/// A type of access that can be chosen, and where that leads.
struct Choice {
    words: Words,
    link: String,
}

/// The types that can be chosen on a page.
fn choices(page: &str) -> Vec<Choice> {
    ["full", "tenant", "always", "repeat", "temporary"]
        .map(|word| Choice { words: of_type(word), link: format!("{page}?type={word}") })
        .into()
}

/// The page on which a type of access is chosen.
#[derive(Template)]
#[template(path = "console/people_types.html")]
pub(super) struct Types {
    title: Words,
    back: String,
    up: String,
    choices: Vec<Choice>,
}

/// What the form about a person holds; a box that is not ticked sends nothing.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::console) struct Typed {
    r#type: String,
    phone: String,
    name: String,
    notes: String,
    monday: Option<String>,
    tuesday: Option<String>,
    wednesday: Option<String>,
    thursday: Option<String>,
    friday: Option<String>,
    saturday: Option<String>,
    sunday: Option<String>,
    from: String,
    until: String,
    wifi: Option<String>,
    one_time_access: Option<String>,
    also_revoke: Option<String>,
}

/// A day of the week with its box.
struct DayBox {
    word: &'static str,
    words: Words,
    is_ticked: bool,
}

impl Typed {
    fn days(&self) -> [DayBox; 7] {
        [
            ("monday", "day-monday", &self.monday),
            ("tuesday", "day-tuesday", &self.tuesday),
            ("wednesday", "day-wednesday", &self.wednesday),
            ("thursday", "day-thursday", &self.thursday),
            ("friday", "day-friday", &self.friday),
            ("saturday", "day-saturday", &self.saturday),
            ("sunday", "day-sunday", &self.sunday),
        ]
        .map(|(word, words, ticked)| DayBox {
            word,
            words: Words::of(words),
            is_ticked: ticked.is_some(),
        })
    }

    /// The same as the JSON interface takes it; moments are those of a zone.
    fn asked(&self, zone: &str) -> Invite {
        let temporary = self.r#type == "temporary";
        let moment = |text: &String| if temporary { moment(text, zone) } else { text.clone() };
        let days = self.days().into_iter().filter(|day| day.is_ticked);
        Invite {
            phone: self.phone.clone(),
            r#type: self.r#type.clone(),
            days: days.map(|day| day.word.to_owned()).collect(),
            from: Some(moment(&self.from)).filter(|text| !text.is_empty()),
            until: Some(moment(&self.until)).filter(|text| !text.is_empty()),
            one_time_access: self.one_time_access.is_some(),
            wifi: self.wifi.is_some(),
            name: Some(self.name.clone()),
            notes: Some(self.notes.clone()),
        }
    }
}

/// A moment as a form has it, `2026-11-22T10:30` by the clock on the wall, as a moment; what is none
/// stays what it is.
fn moment(text: &str, zone: &str) -> String {
    let moment = || -> Result<domain::Timestamp, jiff::Error> {
        let wall: jiff::civil::DateTime = text.parse()?;
        let at = jiff::tz::TimeZone::get(zone)?.to_timestamp(wall)?;
        Ok(domain::Timestamp::from_millis(at.as_millisecond()))
    };
    moment().map_or_else(|_| text.to_owned(), wire::rfc3339)
}

/// A moment as a form has it.
pub(in crate::console) fn wall(at: domain::Timestamp, zone: &str) -> String {
    wire::in_zone(at, zone).strftime("%Y-%m-%dT%H:%M").to_string()
}
