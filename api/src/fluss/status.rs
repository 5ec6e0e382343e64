//! `GET /fluss/v1/devices/{id}/status`.

use axum::extract::State;
use domain::api_key::Verb;
use domain::permission::Act;
use serde::Serialize;
use utoipa::ToSchema;

use super::holder::Holder;
use crate::Api;
use crate::answers::Problem;
use crate::body::Path;

/// How a device is.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FlussStatus {
    device_id: String,
    status: Status,
}

/// What is known of it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Status {
    /// Whether a gate can be opened now; a board has no connection of its own
    internet_connected: Option<bool>,
    /// Always null: a gate tells when its motor was started, and not where its wings are
    open_close_status: Option<&'static str>,
}

/// Tells whether a device can be reached.
#[utoipa::path(get, path = "/fluss/v1/devices/{id}/status", tag = "published verbs",
    security(("api_key" = [])), params(("id" = String, Path)),
    responses((status = 200, body = FlussStatus)))]
pub(crate) async fn status(
    State(api): State<Api>,
    holder: Holder,
    Path(id): Path<String>,
) -> Result<axum::Json<FlussStatus>, Problem> {
    let id = holder.must_at(Verb::Status, &id)?;
    let device = holder.device(&api, id.clone(), Act::SeeDevice).await?;
    let internet_connected = device.gate.map(|gate| gate.ready(api.now()).is_some());
    let status = Status { internet_connected, open_close_status: None };
    Ok(axum::Json(FlussStatus { device_id: id, status }))
}
