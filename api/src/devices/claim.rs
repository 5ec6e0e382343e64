//! `POST /v1/devices/claim`: puts a device on the caller's account by the code on its label.

use std::net::IpAddr;

use axum::extract::State;
use domain::name::DeviceName;
use domain::secret::ClaimCode;
use serde::Deserialize;
use store::Device;
use utoipa::ToSchema;

use super::{plan, seen};
use crate::answers::Problem;
use crate::body::{Fields, Json};
use crate::caller::{Caller, From as Address};
use crate::{Api, wire};

/// The label's claim code, and a name.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "the label says claim code")]
pub(crate) struct Claim {
    /// As printed; case, spaces and dashes do not matter
    claim_code: String,
    /// What people call it; when left out, the label's name, or the serial number of what somebody
    /// else took off their account
    name: Option<String>,
    /// What it is used for: `home` or `commercial`; nothing is said when left out
    plan: Option<String>,
}

/// Claims a device, once. Claiming it again from the same account changes nothing.
#[utoipa::path(post, path = "/v1/devices/claim", tag = "devices", security(("session" = [])),
    request_body = Claim, responses((status = 200, body = wire::Device)))]
pub(crate) async fn claim(
    State(api): State<Api>,
    caller: Caller,
    Address(address): Address,
    Json(body): Json<Claim>,
) -> Result<axum::Json<wire::Device>, Problem> {
    let plan = body.plan.as_deref().map(plan::parsed).transpose()?;
    let mut claimed = ask(&api, address, &caller, &body.claim_code, body.name.as_deref()).await?;
    if let Some(plan) = plan {
        // Asked again after a crash in between, it is said after all.
        claimed = plan::ask(&api, &caller, &claimed.kind.id(), plan.as_str()).await?;
    }
    Ok(axum::Json(seen(&api, &claimed)))
}

/// Puts the device with this label on an account.
pub(crate) async fn ask(
    api: &Api,
    address: IpAddr,
    caller: &Caller,
    claim_code: &str,
    name: Option<&str>,
) -> Result<Device, Problem> {
    let mut fields = Fields::default();
    let code = fields.take("claim_code", ClaimCode::parse(claim_code));
    let name = name.map(DeviceName::parse).transpose();
    let (Some(code), Some(name)) = (code, fields.take("name", name)) else {
        return Err(fields.problem());
    };
    api.limits.may_guess(address)?;
    let claimed = caller.store.devices().claim(caller.user, code, name, api.now()).await?;
    if claimed.is_err() {
        // A wrong code costs as much patience as a wrong link.
        api.limits.guessed_wrong(address);
    }
    Ok(claimed?)
}
