//! What happened to the devices of a person: page by page, or as it comes.

pub(crate) mod list;
pub(crate) mod stream;
#[cfg(test)]
mod tests;

use domain::EventId;
use serde::Serialize;
use store::{Happened, UnknownEvent};
use utoipa::ToSchema;

use crate::answers::Problem;
use crate::wire::rfc3339;

/// Something that happened. A reader who has seen it has seen everything before it.
#[derive(Serialize, ToSchema)]
pub(crate) struct Event {
    /// How far the reader has come: `after` for the next page
    id: String,
    /// A word like `attempt.opened`
    #[serde(rename = "type")]
    kind: String,
    at: String,
    /// Who did it, if it was somebody signed in: not a guest, a gate or the service itself
    actor: Option<String>,
    /// Whom it concerns: who signed in, or got a grant
    user: Option<String>,
    /// The gate or intercom that it happened to
    device: Option<String>,
    /// The intercom to whose story it belongs
    intercom: Option<String>,
    code: Option<String>,
    attempt: Option<String>,
}

impl Event {
    pub(crate) fn of(event: Happened) -> Self {
        // An exception is the operator's, and a commitment the audit's.
        let Happened { id, at, kind, actor, user, device, intercom, code, attempt, .. } = event;
        Self {
            id: id.to_string(),
            kind,
            at: rfc3339(at),
            actor: actor.map(|id| id.to_string()),
            user: user.map(|id| id.to_string()),
            device,
            intercom: intercom.map(|id| id.to_string()),
            code: code.map(|id| id.to_string()),
            attempt: attempt.map(|id| id.to_string()),
        }
    }
}

/// How far a reader has come.
fn cursor(field: &str, text: Option<&str>) -> Result<Option<EventId>, Problem> {
    let id = text.map(EventId::parse).transpose();
    id.map_err(|_| Problem::field(field, unknown()))
}

/// What is wrong with an id that the feed does not have.
fn unknown() -> &'static str {
    "is no event of this feed: after a restore, read it from the beginning"
}

fn known<T>(answer: Result<T, UnknownEvent>) -> Result<T, Problem> {
    answer.map_err(|UnknownEvent| Problem::field("after", unknown()))
}
