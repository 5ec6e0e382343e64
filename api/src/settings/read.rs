//! `GET /v1/intercoms/{id}/settings`.

use axum::extract::State;
use axum::response::IntoResponse;
use serde::Serialize;
use utoipa::ToSchema;

use super::{etag, own_gates};
use crate::answers::Problem;
use crate::body::{Path, device};
use crate::caller::Caller;
use crate::{Api, wire};

/// What is saved, and what may be chosen.
#[derive(Serialize, ToSchema)]
pub(crate) struct SettingsPage {
    /// `null` when never saved: no code can be sent until then
    settings: Option<wire::Settings>,
    /// The owner's gates, for the two gate pickers
    gates: Vec<wire::Device>,
    /// The numbers on offer for `max_active_codes`; 10 unless chosen
    max_active_codes_offered: [u8; 6],
    /// What a new code gets unless chosen, in hours
    default_invite_duration_hours: u8,
    /// The minutes on offer for `exit_grace_minutes`; 0 unless chosen
    exit_grace_minutes_offered: [u16; 4],
}

/// Reads the settings; only the owner may. Save them with the `ETag` as `If-Match`.
#[utoipa::path(get, path = "/v1/intercoms/{id}/settings", tag = "settings",
    security(("session" = [])), params(("id" = String, Path)),
    responses((status = 200, body = SettingsPage, headers(("ETag" = String)))))]
pub(crate) async fn read(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<impl IntoResponse, Problem> {
    let saved = api.store.intercoms().settings(caller.user, device(&id)?, api.now()).await??;
    let gates = own_gates(&api, caller.user).await?;
    let page = SettingsPage {
        settings: saved.map(wire::Settings::from),
        gates: gates
            .iter()
            .map(|gate| wire::Device::seen(gate, &api.public_url, api.now()))
            .collect(),
        max_active_codes_offered: domain::settings::MaxUsers::OFFERED,
        default_invite_duration_hours: domain::settings::InviteDuration::default().hours(),
        exit_grace_minutes_offered: domain::settings::ExitGrace::OFFERED_MINUTES,
    };
    Ok((etag(saved.map_or(0, |saved| saved.version)), axum::Json(page)))
}
