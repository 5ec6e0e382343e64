//! `PUT /v1/devices/{id}/pulse_gap`: how long a gate rests between two pulses (G-25).

use axum::extract::State;
use domain::gate::PulseGap;
use serde::Deserialize;
use store::Actor;
use utoipa::ToSchema;

use super::seen;
use crate::answers::Problem;
use crate::body::{Json, Path, device, whole};
use crate::caller::Caller;
use crate::{Api, wire};

/// What a gate's motor needs.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPulseGap {
    /// The least time between two pulses: whole milliseconds from 3000 to 60000
    #[schema(value_type = u32, minimum = 3000, maximum = 60000)]
    pulse_gap_ms: serde_json::Number,
}

/// Sets the least time between two pulses of a gate; its owner may. A gate that is connected
/// learns of it within seconds.
#[utoipa::path(put, path = "/v1/devices/{id}/pulse_gap", tag = "devices",
    security(("session" = [])), params(("id" = String, Path)), request_body = NewPulseGap,
    responses((status = 200, body = wire::Device)))]
pub(crate) async fn set(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    Json(body): Json<NewPulseGap>,
) -> Result<axum::Json<wire::Device>, Problem> {
    let gap = PulseGap::from_ms(whole(&body.pulse_gap_ms));
    let gap = gap.map_err(|error| Problem::field("pulse_gap_ms", error))?;
    let (devices, id) = (caller.store.devices(), device(&id)?);
    devices.set_pulse_gap(Actor::Person(caller.user), id.clone(), gap, api.now()).await??;
    let device = devices.details(caller.user, id, api.now()).await??;
    Ok(axum::Json(seen(&api, &device)))
}
