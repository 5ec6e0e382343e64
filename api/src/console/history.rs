//! The history of an intercom: codes that have ended, and how.

use askama::Template;
use axum::extract::State;

use super::owner::Owner;
use super::visit::{self, Line};
use crate::Api;
use crate::answers::Problem;
use crate::body::{Path, device};
use crate::codes::former_makers;
use crate::pages::{Moment, Screen, Words, filters};

#[derive(Template)]
#[template(path = "console/history.html")]
pub(super) struct History {
    id: String,
    place: String,
    ended: Vec<Ended>,
}

/// A code that has ended.
struct Ended {
    line: Line,
    made_at: Moment,
    made_by: Words,
}

/// `GET /console/intercoms/{id}/history`.
pub(super) async fn show(
    State(api): State<Api>,
    Owner(caller): Owner,
    Path(id): Path<String>,
) -> Result<Screen<History>, Problem> {
    let (id, now) = (device(&id)?, api.now());
    let past = api.store.codes().history(caller.user, id.clone(), now).await??;
    let intercom = api.store.devices().details(caller.user, id.clone(), now).await??;
    let former = former_makers(&api, &id, past.iter().map(|past| past.issued_by)).await?;
    let zone = intercom.time_zone.as_str();
    let ended = past.iter().map(|past| Ended {
        line: Line::ended(past, zone, now),
        made_at: Moment::new(past.code.issued_at, zone),
        made_by: visit::made_by(past.issued_by, caller.user, former.contains(&past.issued_by)),
    });
    let (ended, place) = (ended.collect(), intercom.name.as_str().to_owned());
    Ok(Screen(History { id, place, ended }))
}
