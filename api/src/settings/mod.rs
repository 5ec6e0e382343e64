//! One-time access settings of an intercom: read with an `ETag`, replaced with `If-Match`.

pub(crate) mod read;
pub(crate) mod replace;

use axum::http::{HeaderName, HeaderValue, header};
use domain::UserId;
use domain::permission::Role;
use store::Device;

use crate::Api;
use crate::answers::Problem;

/// The version of settings as an entity tag; `"0"` when never saved.
pub(crate) fn etag(version: u64) -> [(HeaderName, HeaderValue); 1] {
    let tag = HeaderValue::from_str(&format!("\"{version}\""));
    [(header::ETAG, tag.unwrap_or(HeaderValue::from_static("\"0\"")))]
}

/// The gates that somebody may set: those on their own account (B13).
pub(crate) async fn own_gates(api: &Api, user: UserId) -> Result<Vec<Device>, Problem> {
    let mut devices = api.store.devices().of(user, api.now()).await?;
    devices.retain(|device| device.gate.is_some() && device.role == Role::Owner);
    Ok(devices)
}
