//! `PATCH /v1/devices/{id}/people/{user_id}`: changes what somebody was given, at once.

use axum::extract::State;
use domain::UserId;
use serde::Deserialize;
use store::{Change, Person};
use utoipa::ToSchema;

use super::{PersonBody, Typed, noted, typed};
use crate::Api;
use crate::answers::Problem;
use crate::body::{Json, Path, device, segment};
use crate::caller::Caller;

/// What to change; what is not named stays as it is.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeBody {
    /// `full`, `tenant`, `always`, `repeat` or `temporary`; `days`, `from` and `until` go with it
    pub(crate) r#type: Option<String>,
    /// For `repeat`: days of the week, like `monday`
    #[serde(default)]
    pub(crate) days: Vec<String>,
    /// For `repeat`, a time like `08:00` in the device's zone; for `temporary`, a moment, and now
    /// unless given
    pub(crate) from: Option<String>,
    /// The same; a time that is not after `from` is one of the next day
    pub(crate) until: Option<String>,
    /// Whether they may create, list and revoke one-time codes
    pub(crate) one_time_access: Option<bool>,
    /// Whether they may open over Wi-Fi
    pub(crate) wifi: Option<bool>,
    /// What to call them, at most 80 characters
    pub(crate) name: Option<String>,
    /// What to note about them, at most 500 characters
    pub(crate) notes: Option<String>,
}

/// Changes what somebody was given; the device's owner and who has full access may. It holds from
/// this answer on.
#[utoipa::path(patch, path = "/v1/devices/{id}/people/{user_id}", tag = "people",
    security(("session" = [])), params(("id" = String, Path), ("user_id" = String, Path)),
    request_body = ChangeBody, responses((status = 200, body = PersonBody)))]
pub(crate) async fn change(
    State(api): State<Api>,
    caller: Caller,
    Path((id, person)): Path<(String, String)>,
    Json(body): Json<ChangeBody>,
) -> Result<axum::Json<PersonBody>, Problem> {
    Ok(axum::Json(ask(&api, &caller, &id, &person, &body).await?.into()))
}

/// Changes what somebody was given, as typed.
pub(crate) async fn ask(
    api: &Api,
    caller: &Caller,
    id: &str,
    person: &str,
    body: &ChangeBody,
) -> Result<Person, Problem> {
    let (id, person) = (device(id)?, segment(UserId::parse(person))?);
    let (name, notes) = noted(body.name.as_deref(), body.notes.as_deref())?;
    let now = api.now();
    let access = match &body.r#type {
        None if body.from.is_some() || body.until.is_some() || !body.days.is_empty() => {
            return Err(Problem::field("type", "goes with days, from and until"));
        }
        None => None,
        Some(kind) => {
            let days = body.days.iter().map(String::as_str).collect();
            let (from, until) = (body.from.as_deref(), body.until.as_deref());
            Some(typed(&Typed { r#type: kind, days, from, until }, now)?)
        }
    };
    let (one_time_access, wifi) = (body.one_time_access, body.wifi);
    let change = Change { access, one_time_access, wifi, name, notes };
    Ok(caller.store.people().change(caller.user, id, person, change, now).await??)
}
