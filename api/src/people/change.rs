//! `PATCH /v1/devices/{id}/people/{user_id}`: changes what somebody was given, at once.

use axum::extract::State;
use domain::UserId;
use serde::Deserialize;
use serde::Serialize;
use store::{Change, Changed};
use utoipa::ToSchema;

use super::{PersonBody, Typed, noted, typed};
use crate::Api;
use crate::answers::Problem;
use crate::body::{Json, Path, device, segment};
use crate::caller::Caller;
use crate::wire::rfc3339;

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
    /// With `one_time_access` false: also revoke all active codes that they made here
    #[serde(default)]
    pub(crate) also_revoke: bool,
    /// Whether they may open over Wi-Fi
    pub(crate) wifi: Option<bool>,
    /// What to call them, at most 80 characters
    pub(crate) name: Option<String>,
    /// What to note about them, at most 500 characters
    pub(crate) notes: Option<String>,
}

/// The person as they are now.
#[derive(Serialize, ToSchema)]
pub(crate) struct ChangedBody {
    #[serde(flatten)]
    person: PersonBody,
    /// With `also_revoke`: how many of their codes were revoked
    #[serde(skip_serializing_if = "Option::is_none")]
    codes_revoked: Option<u32>,
    /// With `also_revoke`: after this moment none of those codes can open anything any more; at most
    /// 8 s from now
    #[serde(skip_serializing_if = "Option::is_none")]
    effective_at: Option<String>,
}

/// Changes what somebody was given; the device's owner and who has full access may, but the grant and
/// the type of who has it are the owner's alone to change. It holds from this answer on.
#[utoipa::path(patch, path = "/v1/devices/{id}/people/{user_id}", tag = "people",
    security(("session" = [])), params(("id" = String, Path), ("user_id" = String, Path)),
    request_body = ChangeBody, responses((status = 200, body = ChangedBody)))]
pub(crate) async fn change(
    State(api): State<Api>,
    caller: Caller,
    Path((id, person)): Path<(String, String)>,
    Json(body): Json<ChangeBody>,
) -> Result<axum::Json<ChangedBody>, Problem> {
    let Changed { person, revoked } = ask(&api, &caller, &id, &person, &body).await?;
    Ok(axum::Json(ChangedBody {
        person: person.into(),
        codes_revoked: revoked.map(|revoked| revoked.codes),
        effective_at: revoked.map(|revoked| rfc3339(revoked.effective_at)),
    }))
}

/// Changes what somebody was given, as typed.
pub(crate) async fn ask(
    api: &Api,
    caller: &Caller,
    id: &str,
    person: &str,
    body: &ChangeBody,
) -> Result<Changed, Problem> {
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
    let (one_time_access, also_revoke) = (body.one_time_access, body.also_revoke);
    if also_revoke && one_time_access != Some(false) {
        return Err(Problem::field("also_revoke", "goes with one_time_access: false"));
    }
    let change = Change { access, one_time_access, also_revoke, wifi: body.wifi, name, notes };
    Ok(caller.store.people().change(caller.user, id, person, change, now).await??)
}
