//! The devices of an account, and one of them.

use askama::Template;
use axum::extract::State;
use domain::gate::Barred;
use domain::permission::{Act, Role};

use store::{Device, DeviceKind};

use super::codes::troubles;
use super::done::Done;
use super::fresh_key;
use super::owner::Owner;
use super::people;
use super::plan;
use crate::Api;
use crate::answers::Problem;
use crate::body::{self, Path, Query};
use crate::caller::Caller;
use crate::pages::{Moment, Screen, Words, filters};

/// All devices.
#[derive(Template)]
#[template(path = "console/devices.html")]
pub(super) struct Devices {
    devices: Vec<Shown>,
    done: Option<Words>,
}

/// Device Details, as the help articles call it.
#[derive(Template)]
#[template(path = "console/device.html")]
pub(super) struct Details {
    device: Shown,
    /// Intercoms only, for who may send guests there.
    troubles: Vec<Words>,
    done: Option<Words>,
    /// Names the press of "open", where the reader may.
    press: Option<String>,
    /// Why the last press did nothing.
    wrong: Option<Words>,
}

impl Details {
    /// The same page once more, because a press did nothing.
    pub(super) fn told(self, wrong: Words) -> Self {
        Self { wrong: Some(wrong), ..self }
    }
}

/// A device as a page shows it.
#[expect(clippy::struct_excessive_bools, reason = "each shows or hides a part of the page")]
struct Shown {
    id: String,
    name: String,
    serial: String,
    is_intercom: bool,
    is_owner: bool,
    /// Of what type the reader's access is, where it is shared with them.
    access: Option<Words>,
    /// Whether the reader may invite people to it.
    may_invite: bool,
    /// Whether the reader may change its name.
    may_rename: bool,
    /// What keeps it from being of use.
    trouble: Option<Words>,
    /// What it is used for.
    plan: Option<&'static str>,
    /// Gates only: whether it can be opened now.
    online: Option<bool>,
    /// Gates only: when they last spoke of themselves, and their firmware.
    last_report: Option<(Moment, String)>,
    /// Whether codes can be sent: settings are saved, and the reader may (C04).
    one_time_access: bool,
    /// The page to print the board, for who may send guests there.
    board: Option<String>,
    /// The page of what happened to it, for who may read that.
    story: Option<String>,
}

/// `GET /console/devices`.
pub(super) async fn list(
    State(api): State<Api>,
    Owner(caller): Owner,
    Query(done): Query<Done>,
) -> Result<Screen<Devices>, Problem> {
    let devices = api.store.devices().of(caller.user, api.now()).await?;
    let devices = devices.iter().map(|device| shown(&api, device)).collect();
    Ok(Screen(Devices { devices, done: done.words() }))
}

/// `GET /console/devices/{id}`.
pub(super) async fn details(
    State(api): State<Api>,
    Owner(caller): Owner,
    Path(id): Path<String>,
    Query(done): Query<Done>,
) -> Result<Screen<Details>, Problem> {
    let page = look(&api, &caller, body::device(&id)?).await?;
    Ok(Screen(Details { done: done.words(), ..page }))
}

/// The details of a device, for who may see it.
pub(super) async fn look(api: &Api, caller: &Caller, id: String) -> Result<Details, Problem> {
    let device = api.store.devices().details(caller.user, id, api.now()).await??;
    let may_open = device.gate.is_some() && device.role.may(Act::OpenGate).is_ok();
    let device = shown(api, &device);
    let troubles = if device.one_time_access {
        troubles(api, caller.user, &device.id).await?
    } else {
        Vec::new()
    };
    Ok(Details {
        device,
        troubles,
        done: None,
        press: may_open.then(|| fresh_key(api)),
        wrong: None,
    })
}

fn shown(api: &Api, device: &Device) -> Shown {
    let may_use = device.role.may(Act::UseOneTimeAccess).is_ok();
    let is_intercom = matches!(device.kind, DeviceKind::Intercom { .. });
    Shown {
        id: device.kind.id(),
        name: device.name.as_str().to_owned(),
        serial: device.serial.clone(),
        is_intercom,
        is_owner: device.role == Role::Owner,
        access: match device.role {
            Role::Shared { share, .. } => Some(people::of_type(share.access.as_str())),
            Role::Owner | Role::Stranger => None,
        },
        may_invite: device.role.may(Act::Invite).is_ok(),
        may_rename: device.role.may(Act::Configure).is_ok(),
        trouble: trouble(device).map(Words::of),
        plan: device.plan.map(plan::words),
        last_report: device
            .last_report
            .as_ref()
            .map(|report| (Moment::new(report.at, &device.time_zone), report.firmware.clone())),
        online: device.gate.as_ref().map(|gate| gate.ready(api.now()).is_some()),
        one_time_access: is_intercom && device.has_settings && may_use,
        story: (device.role.may(Act::SeeLog).is_ok() || (is_intercom && may_use))
            .then(|| format!("/console/devices/{}/story", device.kind.id())),
        board: (is_intercom && may_use)
            .then(|| format!("/console/intercoms/{}/board", device.kind.id())),
    }
}

fn trouble(device: &Device) -> Option<&'static str> {
    match (&device.kind, device.gate.as_ref().and_then(|gate| gate.barred)) {
        (_, Some(Barred::Quarantined { .. })) => Some("device-quarantined"),
        (_, Some(Barred::Revoked { .. })) => Some("device-revoked"),
        (DeviceKind::Intercom { .. }, None) if !device.has_settings => {
            Some("device-needs-settings")
        }
        (DeviceKind::Intercom { .. } | DeviceKind::Gate(_), None) => None,
    }
}
