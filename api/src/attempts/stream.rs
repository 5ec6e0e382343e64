//! `GET /v1/attempts/{id}/events`: waits for what becomes of an attempt, by server-sent events.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use domain::{AttemptId, SessionId, UserId};
use futures_util::{Stream, stream};

use crate::answers::{Code, Problem};
use crate::body::{Path, segment};
use crate::caller::Caller;
use crate::places::Place;
use crate::tenure::while_signed_in;
use crate::{Api, wire};

/// Reads at least this often: the bell is the hurry, reading is the truth.
const READ_EVERY: Duration = Duration::from_millis(500);

/// Streams each state an attempt comes into, and ends with the final one, or with the session.
#[utoipa::path(get, path = "/v1/attempts/{id}/events", tag = "attempts",
    security(("session" = [])), params(("id" = String, Path)),
    responses((status = 200, content_type = "text/event-stream", body = wire::AttemptBody)))]
pub(crate) async fn stream(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let id = segment(AttemptId::parse(&id))?;
    api.store.attempts().read(caller.user, id).await??;
    let place = api.pages_of_sessions.take(caller.session.id).ok_or(Code::TooManyRequests)?;
    let (bell, user) = (api.store.bell(), caller.user);
    let watch = Watch { bell, api: api.clone(), user, id, told: None, over: false, _place: place };
    let events = stream::unfold(watch, |mut watch| async {
        let event = watch.next().await?;
        Some((Ok(event), watch))
    });
    let events = while_signed_in(&api, &caller, events);
    Ok(Sse::new(events).keep_alive(KeepAlive::default()))
}

struct Watch {
    api: Api,
    user: UserId,
    id: AttemptId,
    bell: tokio::sync::watch::Receiver<()>,
    told: Option<&'static str>,
    over: bool,
    /// One of those that a session has for its pages and streams.
    _place: Place<SessionId>,
}

impl Watch {
    /// The next state that was not told yet; none when there will be no other.
    async fn next(&mut self) -> Option<Event> {
        while !self.over {
            self.bell.mark_unchanged();
            let attempt = self.api.store.attempts().read(self.user, self.id).await;
            let body = wire::AttemptBody::of(&attempt.ok()?.ok()?, self.api.now());
            self.over = body.is_final();
            if self.told.replace(body.state()) != Some(body.state()) {
                return Event::default().event("attempt").json_data(&body).ok();
            }
            tokio::select! {
                _ = self.bell.changed() => {}
                () = tokio::time::sleep(READ_EVERY) => {}
                () = self.api.stop.cancelled() => return None,
            }
        }
        None
    }
}
