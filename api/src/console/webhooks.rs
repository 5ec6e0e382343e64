//! Webhooks of the owner: where other systems are told what happens, and how that goes.

use askama::Template;
use axum::extract::State;
use store::Health;

use super::done::Done;
use super::owner::Owner;
use crate::Api;
use crate::answers::Problem;
use crate::body::Query;
use crate::pages::{Moment, Screen, Words, filters};

#[derive(Template)]
#[template(path = "console/webhooks.html")]
pub(super) struct Webhooks {
    hooks: Vec<Shown>,
    done: Option<Words>,
}

/// A webhook as a page shows it.
pub(super) struct Shown {
    pub(super) id: String,
    pub(super) url: String,
    /// Whether it does what it should.
    pub(super) state: Words,
    pub(super) is_failing: bool,
    pub(super) made_at: Moment,
    pub(super) told_at: Option<Moment>,
    pub(super) failed: Option<(Words, Moment)>,
    pub(super) waiting: Words,
    pub(super) dead: Words,
    pub(super) has_dead: bool,
}

/// `GET /console/webhooks`.
pub(super) async fn show(
    State(api): State<Api>,
    Owner(caller): Owner,
    Query(done): Query<Done>,
) -> Result<Screen<Webhooks>, Problem> {
    let hooks = api.store.webhooks().of(caller.user, api.now()).await?;
    Ok(Screen(Webhooks { hooks: hooks.iter().map(Shown::of).collect(), done: done.words() }))
}

impl Shown {
    /// Times are told in UTC, as receivers keep them.
    pub(super) fn of(Health { endpoint, waiting, dead }: &Health) -> Self {
        let moment = |at| Moment::new(at, "UTC");
        let state = match (&endpoint.failed, endpoint.told_at) {
            (Some(_), _) => "hook-fails",
            (None, Some(_)) => "hook-works",
            (None, None) => "hook-new",
        };
        Self {
            id: endpoint.id.to_string(),
            url: endpoint.url.clone(),
            state: Words::of(state),
            is_failing: endpoint.failed.is_some(),
            made_at: moment(endpoint.made_at),
            told_at: endpoint.told_at.map(moment),
            failed: endpoint.failed.as_ref().map(|(at, why)| (why_not(why), moment(*at))),
            waiting: Words::of("hook-waiting").count("messages", *waiting),
            dead: Words::of("hook-dead").count("messages", *dead),
            has_dead: 0 < *dead,
        }
    }
}

/// Why a message was not taken, in the reader's language.
pub(super) fn why_not(why: &str) -> Words {
    if let Some(status) = why.strip_prefix("answered ") {
        return Words::of("hook-answered").with("status", status);
    }
    Words::of(match why {
        "no answer in 10 s" => "hook-silent",
        "cannot connect" => "hook-unreached",
        "not on the public internet" => "hook-not-public",
        _ => "hook-broke",
    })
}
