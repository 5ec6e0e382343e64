//! The history of an intercom: codes that have ended, and how.

use askama::Template;
use axum::extract::State;
use domain::CodeId;
use serde::Deserialize;
use store::LONGEST_LIST;

use super::owner::Owner;
use super::visit::{self, Line};
use crate::Api;
use crate::answers::Problem;
use crate::body::{Path, Query, device};
use crate::codes::former_makers;
use crate::pages::{Moment, Screen, Words, filters};

#[derive(Template)]
#[template(path = "console/history.html")]
pub(super) struct History {
    id: String,
    place: String,
    ended: Vec<Ended>,
    /// Whether the page does not begin with the latest.
    is_older: bool,
    /// Where the next page begins, if there may be one.
    older: Option<String>,
}

/// A code that has ended.
struct Ended {
    line: Line,
    made_at: Moment,
    made_by: Words,
}

/// Which page.
#[derive(Deserialize)]
pub(super) struct Wanted {
    before: Option<String>,
}

/// `GET /console/intercoms/{id}/history`.
pub(super) async fn show(
    State(api): State<Api>,
    Owner(caller): Owner,
    Path(id): Path<String>,
    Query(Wanted { before }): Query<Wanted>,
) -> Result<Screen<History>, Problem> {
    let (id, now) = (device(&id)?, api.now());
    let before = before.and_then(|id| CodeId::parse(&id).ok());
    let past = api.store.codes().history(caller.user, id.clone(), before, now).await??;
    let intercom = api.store.devices().details(caller.user, id.clone(), now).await??;
    let former = former_makers(&api, &id, past.iter().map(|past| past.issued_by)).await?;
    let zone = intercom.time_zone.as_str();
    let ended = past.iter().map(|past| Ended {
        line: Line::ended(past, zone, now),
        made_at: Moment::new(past.code.issued_at, zone),
        made_by: visit::made_by(past.issued_by, caller.user, former.contains(&past.issued_by)),
    });
    let is_full = past.len() == LONGEST_LIST as usize;
    Ok(Screen(History {
        id,
        place: intercom.name.as_str().to_owned(),
        ended: ended.collect(),
        is_older: before.is_some(),
        older: past.last().filter(|_| is_full).map(|past| past.code.id.to_string()),
    }))
}
