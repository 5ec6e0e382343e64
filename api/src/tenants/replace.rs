//! `PUT /v1/devices/{id}/tenant-settings`.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::IntoResponse;

use domain::share::{LongestStay, MaxInvitations, TenantSettings};
use serde::Deserialize;
use store::SavedTenantSettings;
use utoipa::ToSchema;

use super::TenantSettingsBody;
use crate::Api;
use crate::answers::Problem;
use crate::body::{Fields, Json, Path, device, whole};
use crate::caller::Caller;
use crate::settings::{etag, replace::version};

/// Both rows; there is no half-saved state.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewTenantSettings {
    /// For how long a tenant may invite a guest at most: whole minutes from 15 to 4320
    #[schema(value_type = u32, minimum = 15, maximum = 4320)]
    longest_invitation_minutes: serde_json::Number,
    /// How many guests a tenant may have at once: from 1 to 100
    #[schema(value_type = u32, minimum = 1, maximum = 100)]
    max_active_invitations: serde_json::Number,
}

/// Replaces what tenants of a device may do, those who are there included; its owner and who has
/// full access may. Needs `If-Match` with the `ETag` that was read.
#[utoipa::path(put, path = "/v1/devices/{id}/tenant-settings", tag = "people",
    security(("session" = [])), params(("id" = String, Path), ("If-Match" = String, Header)),
    request_body = NewTenantSettings,
    responses((status = 200, body = TenantSettingsBody, headers(("ETag" = String)))))]
pub(crate) async fn replace(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    Json(body): Json<NewTenantSettings>,
) -> Result<impl IntoResponse, Problem> {
    let minutes = whole(&body.longest_invitation_minutes);
    let settings = chosen(minutes, whole(&body.max_active_invitations))?;
    let saved = ask(&api, &caller, &id, settings, version(&headers)?).await?;
    Ok((etag(saved.version), axum::Json(TenantSettingsBody::from(saved))))
}

/// Both rows as chosen.
pub(crate) fn chosen(minutes: u32, count: u32) -> Result<TenantSettings, Problem> {
    let mut fields = Fields::default();
    let longest = LongestStay::from_minutes(minutes);
    let longest = fields.take("longest_invitation_minutes", longest);
    let at_once = fields.take("max_active_invitations", MaxInvitations::new(count));
    let (Some(longest), Some(at_once)) = (longest, at_once) else { return Err(fields.problem()) };
    Ok(TenantSettings { longest, at_once })
}

/// Replaces them over a version.
pub(crate) async fn ask(
    api: &Api,
    caller: &Caller,
    id: &str,
    settings: TenantSettings,
    version: u64,
) -> Result<SavedTenantSettings, Problem> {
    let people = caller.store.people();
    let saved = people.save_tenant_settings(caller.user, device(id)?, settings, version, api.now());
    Ok(saved.await??)
}
