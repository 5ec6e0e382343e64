//! `GET /fluss/v1/devices/{id}/logs`.

use axum::extract::State;
use domain::api_key::Verb;
use domain::permission::Act;
use serde::{Deserialize, Serialize};
use store::Happened;
use utoipa::{IntoParams, ToSchema};

use super::holder::Holder;
use crate::Api;
use crate::answers::Problem;
use crate::body::{Path, Query};
use crate::wire::rfc3339;

/// The longest list.
const AT_MOST: u32 = 500;

/// How much of it.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct HowMuch {
    /// The longest list wanted, 1 to 500; 100 when left out
    limit: Option<u32>,
}

/// What happened at a device, the latest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct FlussLogs {
    logs: Vec<FlussLog>,
}

/// One thing that happened: ids and moments only.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FlussLog {
    event_id: String,
    at: String,
    /// Like `attempt.opened` or `gate.offline`; all kinds are in `docs/events.md`
    event: String,
    device_id: Option<String>,
    /// Who did it, if it was somebody signed in, or a key of theirs
    user_id: Option<String>,
    attempt_id: Option<String>,
}

/// Lists what happened at a device, the latest first. Nothing in it names a guest.
#[utoipa::path(get, path = "/fluss/v1/devices/{id}/logs", tag = "published verbs",
    security(("api_key" = [])), params(("id" = String, Path), HowMuch),
    responses((status = 200, body = FlussLogs)))]
pub(crate) async fn logs(
    State(api): State<Api>,
    holder: Holder,
    Path(id): Path<String>,
    Query(wanted): Query<HowMuch>,
) -> Result<axum::Json<FlussLogs>, Problem> {
    let id = holder.must_at(Verb::Logs, &id)?;
    let limit = wanted.limit.unwrap_or(100);
    if !(1..=AT_MOST).contains(&limit) {
        return Err(Problem::field("limit", "expected 1 to 500"));
    }
    holder.device(&api, id.clone(), Act::Manage).await?;
    let events = api.store.events().of_device(id, limit).await?;
    Ok(axum::Json(FlussLogs { logs: events.into_iter().map(FlussLog::from).collect() }))
}

impl From<Happened> for FlussLog {
    fn from(event: Happened) -> Self {
        Self {
            event_id: event.id.to_string(),
            at: rfc3339(event.at),
            event: event.kind,
            device_id: event.device,
            user_id: event.actor.map(|user| user.to_string()),
            attempt_id: event.attempt.map(|attempt| attempt.to_string()),
        }
    }
}
