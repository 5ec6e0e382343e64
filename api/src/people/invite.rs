//! `POST /v1/devices/{id}/people`: invites somebody, with a type of access.

use axum::extract::State;
use axum::http::StatusCode;
use domain::PhoneNumber;
use domain::share::Share;
use serde::Deserialize;
use store::{Invitation, Person};
use utoipa::ToSchema;

use super::{PersonBody, Typed, noted, typed, yes};
use crate::Api;
use crate::answers::Problem;
use crate::body::{Json, Path, device};
use crate::caller::Caller;

/// Whom to invite, and to what.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Invite {
    /// `+27821234567`, or in the local form of the inviter's country
    pub(crate) phone: String,
    /// `full`, `tenant`, `always`, `repeat` or `temporary`
    pub(crate) r#type: String,
    /// For `repeat`: days of the week, like `monday`
    #[serde(default)]
    pub(crate) days: Vec<String>,
    /// For `repeat`, a time like `08:00` in the device's zone; for `temporary`, a moment, and now
    /// unless given
    pub(crate) from: Option<String>,
    /// The same; a time that is not after `from` is one of the next day
    pub(crate) until: Option<String>,
    /// Whether they may create, list and revoke one-time codes; off unless given
    #[serde(default)]
    pub(crate) one_time_access: bool,
    /// Whether they may open over Wi-Fi; on unless given
    #[serde(default = "yes")]
    pub(crate) wifi: bool,
    /// What to call them, at most 80 characters
    pub(crate) name: Option<String>,
    /// What to note about them, at most 500 characters
    pub(crate) notes: Option<String>,
}

/// Invites somebody. The device's owner and who has full access may, with any type; a tenant may
/// invite for a while, within the tenant settings.
#[utoipa::path(post, path = "/v1/devices/{id}/people", tag = "people",
    security(("session" = [])), params(("id" = String, Path)), request_body = Invite,
    responses((status = 201, body = PersonBody)))]
pub(crate) async fn invite(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    Json(body): Json<Invite>,
) -> Result<(StatusCode, axum::Json<PersonBody>), Problem> {
    let person = ask(&api, &caller, &id, &body).await?;
    Ok((StatusCode::CREATED, axum::Json(person.into())))
}

/// Invites somebody, as typed.
pub(crate) async fn ask(
    api: &Api,
    caller: &Caller,
    id: &str,
    body: &Invite,
) -> Result<Person, Problem> {
    let home = api.store.sessions().phone_of(caller.user).await?.country();
    let phone = PhoneNumber::parse(&body.phone, home);
    let phone = phone.map_err(|error| Problem::field("phone", error))?;
    let (name, notes) = noted(body.name.as_deref(), body.notes.as_deref())?;
    let now = api.now();
    let access = Typed {
        r#type: &body.r#type,
        days: body.days.iter().map(String::as_str).collect(),
        from: body.from.as_deref(),
        until: body.until.as_deref(),
    };
    let (one_time_access, wifi) = (body.one_time_access, body.wifi);
    let share = Share { access: typed(&access, now)?, one_time_access, wifi };
    let invitation = Invitation { phone, share, name, notes };
    let id = device(id)?;
    api.limits.invitation(caller.user)?;
    Ok(caller.store.people().invite(caller.user, id, invitation, now).await??)
}
