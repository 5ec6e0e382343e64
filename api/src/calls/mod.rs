//! Whether guests who cannot go on alone are shown their host's number.

pub(crate) mod allow;
pub(crate) mod read;

use domain::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::wire;

/// Whether the guests of an intercom may call its owner.
#[derive(Serialize, ToSchema)]
pub(crate) struct Calls {
    /// Off until the owner allows it
    guests_may_call: bool,
    /// Since when they may
    since: Option<String>,
}

impl From<Option<Timestamp>> for Calls {
    fn from(since: Option<Timestamp>) -> Self {
        Self { guests_may_call: since.is_some(), since: since.map(wire::rfc3339) }
    }
}
