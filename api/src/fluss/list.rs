//! `GET /fluss/v1/devices`.

use axum::extract::State;
use domain::api_key::Verb;
use domain::permission::Act;
use serde::Serialize;
use store::{Device, DeviceKind};
use utoipa::ToSchema;

use super::holder::Holder;
use crate::Api;
use crate::answers::{Code, Problem};

/// The devices of a key.
#[derive(Serialize, ToSchema)]
pub(crate) struct FlussDevices {
    devices: Vec<FlussDevice>,
}

/// A device, as Fluss tells of it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FlussDevice {
    device_id: String,
    device_name: String,
    /// `gate`: can be opened. `intercom`: a printed board
    device_type: &'static str,
    user_permissions: UserPermissions,
}

/// What who made the key may do with a device, as far as the key is good for it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "one for each verb, as clients read them")]
pub(crate) struct UserPermissions {
    can_open: bool,
    can_see_status: bool,
    can_see_logs: bool,
    can_see_access: bool,
}

/// Lists the devices of the key.
#[utoipa::path(get, path = "/fluss/v1/devices", tag = "published verbs",
    security(("api_key" = [])), responses((status = 200, body = FlussDevices)))]
pub(crate) async fn list(
    State(api): State<Api>,
    holder: Holder,
) -> Result<axum::Json<FlussDevices>, Problem> {
    holder.must(Verb::List)?;
    let mut devices = Vec::new();
    for id in &holder.0.devices {
        match holder.device(&api, id.clone(), Act::SeeDevice).await {
            Ok(device) => devices.push(seen(&holder, &device)),
            // Taken from who made the key since it was made.
            Err(problem) if problem.code == Code::NotFound => {}
            Err(problem) => return Err(problem),
        }
    }
    Ok(axum::Json(FlussDevices { devices }))
}

fn seen(holder: &Holder, device: &Device) -> FlussDevice {
    let is_gate = matches!(device.kind, DeviceKind::Gate(_));
    let may = |verb, act| holder.0.verbs.include(verb) && device.role.may(act).is_ok();
    FlussDevice {
        device_id: device.kind.id(),
        device_name: device.name.as_str().to_owned(),
        device_type: if is_gate { "gate" } else { "intercom" },
        user_permissions: UserPermissions {
            can_open: is_gate && may(Verb::Trigger, Act::OpenGate),
            can_see_status: may(Verb::Status, Act::SeeDevice),
            can_see_logs: may(Verb::Logs, Act::Manage),
            can_see_access: may(Verb::Access, Act::Manage),
        },
    }
}
