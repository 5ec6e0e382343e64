//! `GET /v1/attempts/{id}/events`: waits for what becomes of an attempt, by server-sent events.

use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use domain::{AttemptId, SessionId, UserId};

use crate::answers::{Code, Problem};
use crate::body::{Path, segment};
use crate::caller::Caller;
use crate::marks::{self, Look, Mark, Watch};
use crate::places::Place;
use crate::{Api, wire};

/// Reads at least this often: the bell is the hurry, reading is the truth.
const PACE: [Duration; 2] = [Duration::ZERO, Duration::from_millis(500)];

/// Streams each state an attempt comes into, and ends with the final one, or with the session.
#[utoipa::path(get, path = "/v1/attempts/{id}/events", tag = "attempts",
    security(("session" = [])), params(("id" = String, Path)),
    responses((status = 200, content_type = "text/event-stream", body = wire::AttemptBody)))]
pub(crate) async fn stream(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let id = segment(AttemptId::parse(&id))?;
    api.store.attempts().read(caller.user, id, api.now()).await??;
    let place = api.pages_of_sessions.take(caller.session.id).ok_or(Code::TooManyRequests)?;
    let app = App { api: api.clone(), user: caller.user, id, _place: place };
    Ok(marks::stream_for(&api, &caller, app))
}

/// An app that waits.
struct App {
    api: Api,
    user: UserId,
    id: AttemptId,
    /// One of those that a session has for its pages and streams.
    _place: Place<SessionId>,
}

impl Watch for App {
    const EVENT: &'static str = "attempt";

    fn pace(&self) -> [Duration; 2] {
        PACE
    }

    async fn look(&mut self, _: bool) -> Option<Look> {
        let now = self.api.now();
        let attempt = self.api.store.attempts().read(self.user, self.id, now).await;
        let body = wire::AttemptBody::of(&attempt.ok()?.ok()?, now);
        let says = serde_json::to_string(&body).ok()?;
        Some(Look::Seen { mark: Mark::of(&body.state()), says, is_last: body.is_final() })
    }
}
