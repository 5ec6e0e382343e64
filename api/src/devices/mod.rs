//! Gates and intercoms on the caller's account.

pub(crate) mod claim;
pub(crate) mod details;
pub(crate) mod list;
pub(crate) mod open;
pub(crate) mod plan;
pub(crate) mod plan_transfer;
pub(crate) mod pulse_gap;
pub(crate) mod release;
pub(crate) mod remove;
pub(crate) mod rename;
pub(crate) mod replace;
pub(crate) mod revoke;
pub(crate) mod transfer;

use serde::Serialize;
use utoipa::ToSchema;

use crate::{Api, wire};

/// Devices, owned ones first.
#[derive(Serialize, ToSchema)]
pub(crate) struct Devices {
    items: Vec<wire::Device>,
}

fn seen(api: &Api, device: &store::Device) -> wire::Device {
    wire::Device::seen(device, &api.public_url, api.now())
}

#[cfg(test)]
mod tests;
