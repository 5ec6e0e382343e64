//! `PUT /v1/devices/{id}/people`: shares a device for always, or gives and takes the grant.

use axum::extract::State;
use domain::PhoneNumber;
use serde::Deserialize;
use utoipa::ToSchema;

use super::PersonBody;
use crate::Api;
use crate::answers::Problem;
use crate::body::{Json, Path, device};
use crate::caller::Caller;

/// Whom to share with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Share {
    /// `+27821234567`, or in the local form of the owner's country
    phone: String,
    /// Whether they may create, list and revoke one-time codes; off unless given
    #[serde(default)]
    one_time_access: bool,
}

/// Shares a device with the owner of a phone number, for always; who has it already keeps their type
/// and gets or loses the grant, which is the owner's alone to give and to take; their codes stay. The
/// device's owner and who has full access may.
#[utoipa::path(put, path = "/v1/devices/{id}/people", tag = "people",
    security(("session" = [])), params(("id" = String, Path)), request_body = Share,
    responses((status = 200, body = PersonBody)))]
pub(crate) async fn share(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    Json(body): Json<Share>,
) -> Result<axum::Json<PersonBody>, Problem> {
    let home = api.store.sessions().phone_of(caller.user).await?.country();
    let phone = PhoneNumber::parse(&body.phone, home);
    let phone = phone.map_err(|error| Problem::field("phone", error))?;
    let (people, granted, id) = (caller.store.people(), body.one_time_access, device(&id)?);
    api.limits.invitation(caller.user)?;
    let person = people.share(caller.user, id, phone, granted, api.now()).await??;
    Ok(axum::Json(person.into()))
}
