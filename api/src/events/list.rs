//! `GET /v1/events`: what happened, page by page.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Event, cursor, known};
use crate::Api;
use crate::answers::Problem;
use crate::body::Query;
use crate::caller::Caller;

/// The longest page.
const AT_MOST: u32 = 500;

/// Which page.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wanted {
    /// The last event that the reader has; left out: from the beginning
    after: Option<String>,
    /// The longest page wanted, 1 to 500; 100 when left out
    limit: Option<u32>,
}

/// What happened, in the order in which it became known.
#[derive(Serialize, ToSchema)]
pub(crate) struct Page {
    items: Vec<Event>,
    /// Whether there may be more already: ask again after the last one
    more: bool,
}

/// Lists what happened to the caller's devices, to codes that they may use, and to their own
/// sessions. Nothing is ever filed before what a reader has seen, so none is missed; an event keeps
/// its id, so none is taken twice.
#[utoipa::path(get, path = "/v1/events", tag = "events",
    security(("session" = [])), params(Wanted), responses((status = 200, body = Page)))]
pub(crate) async fn list(
    State(api): State<Api>,
    caller: Caller,
    Query(wanted): Query<Wanted>,
) -> Result<axum::Json<Page>, Problem> {
    let limit = wanted.limit.unwrap_or(100);
    if !(1..=AT_MOST).contains(&limit) {
        return Err(Problem::field("limit", "expected 1 to 500"));
    }
    let after = cursor("after", wanted.after.as_deref())?;
    let events = known(api.store.events().after(caller.user, after, limit, api.now()).await?)?;
    let more = events.len() == limit as usize;
    Ok(axum::Json(Page { items: events.into_iter().map(Event::of).collect(), more }))
}
