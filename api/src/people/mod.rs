//! People a device is shared with; the owner gives and takes the one grant.

pub(crate) mod list;
pub(crate) mod share;
pub(crate) mod unshare;

use serde::Serialize;
use utoipa::ToSchema;

/// Somebody a device is shared with.
#[derive(Serialize, ToSchema)]
pub(crate) struct PersonBody {
    user_id: String,
    phone: String,
    /// Whether they may create, list and revoke one-time codes
    one_time_access: bool,
}

impl From<store::Person> for PersonBody {
    fn from(person: store::Person) -> Self {
        Self {
            user_id: person.user.to_string(),
            phone: person.phone.reveal().to_owned(),
            one_time_access: person.one_time_access,
        }
    }
}
