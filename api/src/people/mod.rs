//! People a device is shared with: invited one by one or by a list, changed, and sent away.

mod access;
pub(crate) mod change;
mod csv;
pub(crate) mod import;
pub(crate) mod invite;
pub(crate) mod list;
pub(crate) mod share;
pub(crate) mod unshare;

use domain::name::{Notes, PersonName};
use domain::share::Holds;
use serde::Serialize;
use utoipa::ToSchema;

use crate::answers::Problem;
use crate::body::Fields;
use crate::wire::rfc3339;
pub(crate) use access::{AccessBody, Typed, typed};

/// Somebody a device is shared with.
#[derive(Serialize, ToSchema)]
pub(crate) struct PersonBody {
    user_id: String,
    phone: String,
    /// What whoever invited them calls them
    name: Option<String>,
    /// What was noted about them
    notes: Option<String>,
    #[serde(flatten)]
    access: AccessBody,
    /// `active`; `later`: it does not hold now, but will; or `ended`
    state: &'static str,
    /// For `later`: from when on it holds, where that is known
    holds_from: Option<String>,
    /// Whether they may create, list and revoke one-time codes
    one_time_access: bool,
    /// Whether they may open over Wi-Fi
    wifi: bool,
    shared_at: String,
    /// Who invited them, where that is known
    invited_by: Option<String>,
    /// How many active codes they made here; they can be revoked with the sharing. Only for who may
    /// know of codes
    active_codes: Option<u32>,
    /// How many guests they invited whose time is not over; they can be sent away with them
    active_invitations: u32,
}

impl From<store::Person> for PersonBody {
    fn from(person: store::Person) -> Self {
        let (state, holds_from) = match person.holds {
            Holds::Now => ("active", None),
            Holds::From(from) => ("later", from),
            Holds::Ended => ("ended", None),
        };
        Self {
            user_id: person.user.to_string(),
            phone: person.phone.reveal().to_owned(),
            name: person.name.map(|name| name.as_str().to_owned()),
            notes: person.notes.map(|notes| notes.as_str().to_owned()),
            access: person.share.access.into(),
            state,
            holds_from: holds_from.map(rfc3339),
            one_time_access: person.share.one_time_access,
            wifi: person.share.wifi,
            shared_at: rfc3339(person.shared_at),
            invited_by: person.invited_by.map(|user| user.to_string()),
            active_codes: person.codes,
            active_invitations: person.invitations,
        }
    }
}

/// A name and notes as typed; what is empty is none.
fn noted(
    name: Option<&str>,
    notes: Option<&str>,
) -> Result<(Option<PersonName>, Option<Notes>), Problem> {
    let mut fields = Fields::default();
    let name = name.filter(|name| !name.trim().is_empty()).map(PersonName::parse).transpose();
    let notes = notes.map(Notes::parse).transpose();
    match (fields.take("name", name), fields.take("notes", notes)) {
        (Some(name), Some(notes)) => Ok((name, notes)),
        (None, _) | (_, None) => Err(fields.problem()),
    }
}

fn yes() -> bool {
    true
}

#[cfg(test)]
mod tests;
