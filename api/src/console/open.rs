//! Open: a gate is opened by its owner, or by somebody it is shared with, without a code. What
//! becomes of it has a page of its own.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use domain::attempt::State as Fate;
use domain::{Attempt, AttemptId, Timestamp, UserId};
use serde::Deserialize;

use super::devices;
use super::fresh_key;
use super::live::{self, Live};
use super::owner::Owner;
use crate::Api;
use crate::answers::{Code, Problem};
use crate::body::{Form, IdempotencyKey, Path, device, segment};
use crate::devices::open::ask;
use crate::marks::Mark;
use crate::pages::same_site::SameSite;
use crate::pages::{self, Moment, Screen, Words, filters};

/// Which press of the button it is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pressed {
    #[serde(default)]
    key: String,
}

/// What became of a press.
#[derive(Template)]
#[template(path = "console/opening.html")]
pub(super) struct Opening {
    shown: Shown,
    live: Live,
    /// Names the next press.
    key: String,
}

/// What the page shows.
#[derive(Hash)]
struct Shown {
    id: String,
    gate: String,
    name: String,
    fate: Words,
    /// Whether another press now would be another.
    is_over: bool,
}

/// `POST /console/gates/{id}/open`.
pub(super) async fn open(
    _: SameSite,
    State(api): State<Api>,
    Owner(caller): Owner,
    Path(id): Path<String>,
    Form(Pressed { key }): Form<Pressed>,
) -> Result<Response, Problem> {
    let (id, key) = (device(&id)?, IdempotencyKey::parse(&key)?);
    match ask((&api, &caller.store), caller.user, None, id.clone(), key).await {
        Ok(attempt) => {
            Ok(Redirect::to(&format!("/console/openings/{}", attempt.id)).into_response())
        }
        Err(problem) if problem.code == Code::GateOffline => {
            let page = devices::look(&api, &caller, id).await?;
            Ok(pages::told_by(problem, Screen(page.told(Words::of("press-offline")))))
        }
        Err(problem) => Err(problem),
    }
}

/// `GET /console/openings/{id}`.
pub(super) async fn show(
    State(api): State<Api>,
    Owner(caller): Owner,
    Path(id): Path<String>,
) -> Result<Screen<Opening>, Problem> {
    let id = segment(AttemptId::parse(&id))?;
    let shown = look(&api, caller.user, id).await?;
    let live = Live {
        from: format!("/console/openings/{id}/live"),
        mark: Mark::of(&shown),
        is_under_way: !shown.is_over,
    };
    Ok(Screen(Opening { shown, live, key: fresh_key(&api) }))
}

/// `GET /console/openings/{id}/live`.
pub(super) async fn live(
    State(api): State<Api>,
    Owner(caller): Owner,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let id = segment(AttemptId::parse(&id))?;
    look(&api, caller.user, id).await?;
    live::stream(&api, &caller, move |api, user| async move {
        Ok(Mark::of(&look(&api, user, id).await?))
    })
}

async fn look(api: &Api, user: UserId, id: AttemptId) -> Result<Shown, Problem> {
    let attempt = api.store.attempts().read(user, id, api.now()).await??;
    if attempt.press().is_none() {
        return Err(Code::NotFound.into());
    }
    let gate = attempt.gate.to_string();
    let device = api.store.devices().details(user, gate.clone(), api.now()).await??;
    Ok(Shown {
        id: id.to_string(),
        gate,
        name: device.name.as_str().to_owned(),
        fate: fate(&attempt, &device.time_zone, api.now()),
        is_over: match attempt.state {
            Fate::Pending | Fate::Sent { .. } => false,
            Fate::Executed { .. } | Fate::NotExecuted { .. } => true,
        },
    })
}

fn fate(attempt: &Attempt, zone: &str, now: Timestamp) -> Words {
    match attempt.state {
        Fate::Sent { .. } if attempt.is_unconfirmed(now) => Words::of("press-silent"),
        Fate::Pending | Fate::Sent { .. } => Words::of("press-asked"),
        Fate::Executed { at } if attempt.deadline < at => {
            Words::of("press-said-late").at("at", Moment::new(at, zone))
        }
        Fate::Executed { at } => Words::of("press-opened").at("at", Moment::new(at, zone)),
        Fate::NotExecuted { why, .. } => Words::of("press-not").why(why),
    }
}
