//! One Time Access of an intercom: the active codes, and who may still be inside.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use domain::UserId;
use domain::settings::MaxUsers;
use store::Pass;

use super::done::Done;
use super::live::{self, Live};
use super::owner::Owner;
use super::visit::{self, Line};
use crate::Api;
use crate::answers::{Code, Problem};
use crate::body::{Path, Query, device};
use crate::marks::Mark;
use crate::pages::{Moment, Screen, Words, filters};

#[derive(Template)]
#[template(path = "console/codes.html")]
pub(super) struct Codes {
    shown: Shown,
    done: Option<Words>,
    live: Live,
}

/// What the page shows of an intercom.
#[derive(Hash)]
pub(super) struct Shown {
    pub(super) id: String,
    pub(super) place: String,
    pub(super) slots: Slots,
    troubles: Vec<Words>,
    active: Vec<Line>,
    perhaps_inside: Vec<Line>,
    is_under_way: bool,
}

/// How many codes are active, of how many.
#[derive(Hash)]
pub(super) struct Slots {
    taken: Words,
    /// Said when no code can be made: when one can (O-5d, X12).
    pub(super) full: Option<Words>,
}

/// `GET /console/intercoms/{id}/codes`.
pub(super) async fn show(
    State(api): State<Api>,
    Owner(caller): Owner,
    Path(id): Path<String>,
    Query(done): Query<Done>,
) -> Result<Screen<Codes>, Problem> {
    let shown = look(&api, caller.user, &id).await?;
    let live = Live {
        from: format!("/console/intercoms/{}/codes/live", shown.id),
        mark: Mark::of(&shown),
        is_under_way: shown.is_under_way,
    };
    Ok(Screen(Codes { shown, done: done.words(), live }))
}

/// `GET /console/intercoms/{id}/codes/live`.
pub(super) async fn live(
    State(api): State<Api>,
    Owner(caller): Owner,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    look(&api, caller.user, &id).await?;
    live::stream(&api, &caller, move |api, user| {
        let id = id.clone();
        async move { look(&api, user, &id).await.map(|shown| Mark::of(&shown)) }
    })
}

/// What there is to see now, for who may.
pub(super) async fn look(api: &Api, user: UserId, id: &str) -> Result<Shown, Problem> {
    let (id, now) = (device(id)?, api.now());
    let limit = api.store.intercoms().max_users(user, id.clone(), now).await??;
    let limit = limit.ok_or(Problem::from(Code::SettingsMissing))?;
    let intercom = api.store.devices().details(user, id.clone(), now).await??;
    let zone = intercom.time_zone.as_str();
    let troubles = troubles(api, user, &id).await?;
    let active = api.store.codes().active(user, id.clone(), now).await??;
    let mut inside = api.store.codes().perhaps_inside(user, id.clone(), now).await??;
    inside.retain(|past| visit::is_perhaps_inside(&past.code, now));
    let mut all = active.iter().map(|pass| &pass.code).chain(inside.iter().map(|past| &past.code));
    Ok(Shown {
        id,
        place: intercom.name.as_str().to_owned(),
        slots: slots(&active, limit, zone),
        troubles,
        perhaps_inside: inside.iter().map(|past| Line::ended(past, zone, now)).collect(),
        is_under_way: all.any(visit::is_under_way),
        active: active.iter().map(|pass| Line::of(pass, zone, now)).collect(),
    })
}

/// What would keep guests out now: gates that are away, or on the account no more.
pub(super) async fn troubles(api: &Api, user: UserId, id: &str) -> Result<Vec<Words>, Problem> {
    let readiness = api.store.visits().readiness(user, id.to_owned(), api.now()).await??;
    let Some(readiness) = readiness else { return Ok(Vec::new()) };
    let suspended = readiness.is_suspended.then(|| Words::of("codes-suspended"));
    let away =
        readiness.away.iter().map(|gate| Words::of("codes-gate-away").with("gate", gate.as_str()));
    Ok(suspended.into_iter().chain(away).collect())
}

/// The active codes come with the next to end first.
fn slots(active: &[Pass], limit: MaxUsers, zone: &str) -> Slots {
    let (count, limit) = (u32::try_from(active.len()).unwrap_or(u32::MAX), limit.codes());
    let taken = Words::of("codes-taken").count("active", count).count("limit", limit);
    let too_many = active.len().saturating_sub(usize::try_from(limit).unwrap_or(usize::MAX));
    let full = active.get(too_many).filter(|_| limit <= count).map(|last| {
        Words::of("codes-full")
            .count("active", count)
            .count("limit", limit)
            .count("must_end", count - limit + 1)
            .at("at", Moment::new(last.code.expires_at, zone))
    });
    Slots { taken, full }
}
