//! `PUT /v1/intercoms/{id}/settings`.

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::IntoResponse;
use domain::settings::{ExitGate, ExitGrace, InviteDuration, MaxUsers};
use domain::{GateId, Settings};
use serde::Deserialize;
use utoipa::ToSchema;

use super::etag;
use crate::answers::{Code, Problem};
use crate::body::{Fields, Json, Path, device, whole};
use crate::caller::Caller;
use crate::{Api, wire};

/// All five rows; there is no half-saved state.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewSettings {
    /// A gate on the owner's account
    entry_gate: String,
    /// A gate on the owner's account, or `same_as_entry`
    #[serde(default = "same_as_entry")]
    exit_gate: String,
    /// 1, 2, 5, 10, 25 or 50
    #[serde(default = "ten")]
    #[schema(value_type = u32)]
    max_active_codes: serde_json::Number,
    /// Whole hours from 1 to 24
    #[serde(default = "twelve")]
    #[schema(value_type = u32, minimum = 1, maximum = 24)]
    invite_duration_hours: serde_json::Number,
    /// 0, 30, 120 or 2880 minutes
    #[serde(default = "none")]
    #[schema(value_type = u32)]
    exit_grace_minutes: serde_json::Number,
}

/// Replaces the settings; only the owner may. Needs `If-Match` with the `ETag` that was read:
/// whoever saves second sees what the first saved.
#[utoipa::path(put, path = "/v1/intercoms/{id}/settings", tag = "settings",
    security(("session" = [])), params(("id" = String, Path), ("If-Match" = String, Header)),
    request_body = NewSettings,
    responses((status = 200, body = wire::Settings, headers(("ETag" = String)))))]
pub(crate) async fn replace(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    Json(body): Json<NewSettings>,
) -> Result<impl IntoResponse, Problem> {
    let settings = chosen(
        &body.entry_gate,
        &body.exit_gate,
        whole(&body.max_active_codes),
        whole(&body.invite_duration_hours),
        whole(&body.exit_grace_minutes),
    )?;
    let version = version(&headers)?;
    let intercoms = caller.store.intercoms();
    let saved = intercoms.save(caller.user, device(&id)?, settings, version, api.now()).await?;
    let saved = saved.map_err(Problem::from)?;
    Ok((etag(saved.version), axum::Json(wire::Settings::from(saved))))
}

/// All five rows as chosen.
pub(crate) fn chosen(
    entry_gate: &str,
    exit_gate: &str,
    max_active_codes: u32,
    invite_duration_hours: u32,
    exit_grace_minutes: u32,
) -> Result<Settings, Problem> {
    let mut fields = Fields::default();
    let gate = |text: &str| GateId::parse(text).map_err(|_| Code::GateNotOwned.title());
    let entry = fields.take("entry_gate", gate(entry_gate));
    let exit = match exit_gate {
        wire::SAME_AS_ENTRY => Some(ExitGate::SameAsEntry),
        text => fields.take("exit_gate", gate(text).map(ExitGate::Gate)),
    };
    let max_users = fields.take("max_active_codes", MaxUsers::new(max_active_codes));
    let duration = InviteDuration::from_hours(invite_duration_hours);
    let duration = fields.take("invite_duration_hours", duration);
    let grace = fields.take("exit_grace_minutes", ExitGrace::from_minutes(exit_grace_minutes));
    let (Some(entry_gate), Some(exit_gate)) = (entry, exit) else { return Err(fields.problem()) };
    let (Some(max_users), Some(invite_duration), Some(exit_grace)) = (max_users, duration, grace)
    else {
        return Err(fields.problem());
    };
    Ok(Settings { entry_gate, exit_gate, max_users, invite_duration, exit_grace })
}

pub(crate) fn version(headers: &HeaderMap) -> Result<u64, Problem> {
    let tag = headers.get(header::IF_MATCH).ok_or(Problem::from(Code::VersionRequired))?;
    let version = tag.to_str().ok().and_then(|tag| tag.trim().trim_matches('"').parse().ok());
    version.ok_or_else(|| Code::Stale.into())
}

fn same_as_entry() -> String {
    wire::SAME_AS_ENTRY.to_owned()
}

fn ten() -> serde_json::Number {
    MaxUsers::default().codes().into()
}

fn none() -> serde_json::Number {
    ExitGrace::default().minutes().into()
}

fn twelve() -> serde_json::Number {
    InviteDuration::default().hours().into()
}
