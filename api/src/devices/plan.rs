//! `PUT /v1/devices/{id}/plan`: what a device is used for (F04).

use axum::extract::State;
use domain::Plan;
use serde::Deserialize;
use store::Device;
use utoipa::ToSchema;

use super::seen;
use crate::answers::Problem;
use crate::body::{Json, Path, device};
use crate::caller::Caller;
use crate::{Api, wire};

/// What a device is used for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPlan {
    /// `home` or `commercial`
    plan: String,
}

/// Says what a device is used for; its owner may. A record: it limits nothing.
#[utoipa::path(put, path = "/v1/devices/{id}/plan", tag = "devices",
    security(("session" = [])), params(("id" = String, Path)), request_body = NewPlan,
    responses((status = 200, body = wire::Device)))]
pub(crate) async fn set(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    Json(body): Json<NewPlan>,
) -> Result<axum::Json<wire::Device>, Problem> {
    let device = ask(&api, &caller, &id, &body.plan).await?;
    Ok(axum::Json(seen(&api, &device)))
}

/// Says what a device is used for, as typed.
pub(crate) async fn ask(
    api: &Api,
    caller: &Caller,
    id: &str,
    plan: &str,
) -> Result<Device, Problem> {
    let plan = parsed(plan)?;
    Ok(caller.store.devices().set_plan(caller.user, device(id)?, plan, api.now()).await??)
}

/// Reads the word for a plan.
pub(crate) fn parsed(plan: &str) -> Result<Plan, Problem> {
    Plan::parse(plan).map_err(|error| Problem::field("plan", error))
}
