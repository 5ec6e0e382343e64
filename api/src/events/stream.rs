//! `GET /v1/events/stream`: what happens, as it comes, by server-sent events.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{self, KeepAlive, Sse};
use domain::{EventId, SessionId, UserId};
use futures_util::{Stream, stream};
use serde::Deserialize;
use store::Happened;
use tokio::sync::watch;
use utoipa::IntoParams;

use super::{Event, cursor, known};
use crate::Api;
use crate::answers::{Code, Problem};
use crate::body::Query;
use crate::caller::Caller;
use crate::places::Place;
use crate::tenure::while_signed_in;

/// Reads at least this often: the bell is the hurry, reading is the truth.
const READ_EVERY: Duration = Duration::from_millis(500);

/// From one look to the next at least.
const REST: Duration = Duration::from_millis(100);

/// How many are read at once.
const PAGE: u32 = 100;

/// Where to begin.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct From {
    /// The last event that the reader has; `Last-Event-ID` goes before it. With neither: from the
    /// beginning
    after: Option<String>,
}

/// Streams what happens to the caller's devices, behind the last event that the reader has. Ends with the
/// session.
#[utoipa::path(get, path = "/v1/events/stream", tag = "events",
    security(("session" = [])),
    params(From, ("Last-Event-ID" = Option<String>, Header, description = "Sent by browsers when \
        they connect again")),
    responses((status = 200, content_type = "text/event-stream", body = Event)))]
pub(crate) async fn stream(
    State(api): State<Api>,
    caller: Caller,
    headers: HeaderMap,
    Query(from): Query<From>,
) -> Result<Sse<impl Stream<Item = Result<sse::Event, Infallible>>>, Problem> {
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    let seen = match last {
        Some(last) => cursor("Last-Event-ID", Some(last))?,
        None => cursor("after", from.after.as_deref())?,
    };
    let waiting =
        known(api.store.events().after(caller.user, seen, PAGE, api.now()).await?)?.into();
    let place = api.pages_of_sessions.take(caller.session.id).ok_or(Code::TooManyRequests)?;
    let (bell, user) = (api.store.bell(), caller.user);
    let reader = Reader { bell, api: api.clone(), user, seen, waiting, _place: place };
    let events = stream::unfold(reader, |mut reader| async {
        let event = reader.next().await?;
        Some((Ok(event), reader))
    });
    let events = while_signed_in(&api, &caller, events);
    Ok(Sse::new(events).keep_alive(KeepAlive::default()))
}

struct Reader {
    api: Api,
    user: UserId,
    bell: watch::Receiver<()>,
    seen: Option<EventId>,
    waiting: VecDeque<Happened>,
    /// One of those that a session has for its pages and streams.
    _place: Place<SessionId>,
}

impl Reader {
    /// The next event; none when the feed cannot be read.
    async fn next(&mut self) -> Option<sse::Event> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                self.seen = Some(event.id);
                let (id, kind) = (event.id.to_string(), event.kind.clone());
                return sse::Event::default().id(id).event(kind).json_data(Event::of(event)).ok();
            }
            self.bell.mark_unchanged();
            let (events, now) = (self.api.store.events(), self.api.now());
            let news = events.after(self.user, self.seen, PAGE, now).await;
            self.waiting = news.ok()?.ok()?.into();
            if self.waiting.is_empty() {
                // Much is written around each event.
                tokio::time::sleep(REST).await;
                tokio::select! {
                    _ = self.bell.changed() => {}
                    () = tokio::time::sleep(READ_EVERY) => {}
                    () = self.api.stop.cancelled() => return None,
                }
            }
        }
    }
}
