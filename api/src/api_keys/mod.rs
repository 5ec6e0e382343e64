//! API keys: what an owner's other systems show instead of a session. What they open is in
//! [`fluss`](crate::fluss).

pub(crate) mod list;
pub(crate) mod make;
pub(crate) mod revoke;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::wire::rfc3339;

/// A key, without what its holder shows.
#[derive(Serialize, ToSchema)]
pub(crate) struct ApiKey {
    id: String,
    name: String,
    /// What it is good for
    verbs: Vec<Verb>,
    /// At which devices; one that goes to another owner is among them no more
    devices: Vec<String>,
    made_at: String,
    /// When it was last used, to the minute
    used_at: Option<String>,
}

/// Something that a key may be good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verb {
    /// See the devices of the key
    List,
    /// See whether a device can be reached
    Status,
    /// See what happened at a device
    Logs,
    /// Open a gate
    Trigger,
    /// See who has access to a device, with their numbers
    Access,
}

impl From<&store::ApiKey> for ApiKey {
    fn from(key: &store::ApiKey) -> Self {
        Self {
            id: key.id.to_string(),
            name: key.name.as_str().to_owned(),
            verbs: key.verbs.iter().map(Verb::from).collect(),
            devices: key.devices.clone(),
            made_at: rfc3339(key.made_at),
            used_at: key.used_at.map(rfc3339),
        }
    }
}

impl From<domain::api_key::Verb> for Verb {
    fn from(verb: domain::api_key::Verb) -> Self {
        match verb {
            domain::api_key::Verb::List => Self::List,
            domain::api_key::Verb::Status => Self::Status,
            domain::api_key::Verb::Logs => Self::Logs,
            domain::api_key::Verb::Trigger => Self::Trigger,
            domain::api_key::Verb::Access => Self::Access,
        }
    }
}

impl From<Verb> for domain::api_key::Verb {
    fn from(verb: Verb) -> Self {
        match verb {
            Verb::List => Self::List,
            Verb::Status => Self::Status,
            Verb::Logs => Self::Logs,
            Verb::Trigger => Self::Trigger,
            Verb::Access => Self::Access,
        }
    }
}
