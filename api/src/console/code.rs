//! One code: its digits, its guest, how long it holds, and the visit as it goes on.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use domain::{CodeId, Leg, UserId};
use store::GuestPass;

use super::live::{self, Live};
use super::owner::Owner;
use super::visit;
use crate::Api;
use crate::answers::Problem;
use crate::body::{Path, segment};
use crate::marks::Mark;
use crate::pages::{Moment, Screen, Words, filters};

#[derive(Template)]
#[template(path = "console/code.html")]
pub(super) struct Details {
    shown: Shown,
    live: Live,
}

/// What the page shows of a code.
#[derive(Hash)]
struct Shown {
    id: String,
    intercom: String,
    place: String,
    guest: String,
    mobile: String,
    /// While it can be used.
    digits: Option<String>,
    /// Within its grace, too: it still opens the way out.
    may_be_deleted: bool,
    state: Words,
    opening: Option<Words>,
    left: Option<Words>,
    until: Moment,
    link: Words,
    made_at: Moment,
    made_by: Words,
    /// Said of who is inside while the code ends soon.
    ends_soon: Option<Words>,
    /// Said of who went in and never out with a code that has ended.
    perhaps_inside: Option<Words>,
    /// Whether the link takes no digits any more, and may be unlocked (G-7).
    is_locked: bool,
    /// Why the guest would not find the next gate, if so.
    gate_trouble: Option<&'static str>,
    /// Which way a host may open for the guest.
    way: Option<Leg>,
}

/// `GET /console/codes/{id}`.
pub(super) async fn show(
    State(api): State<Api>,
    Owner(caller): Owner,
    Path(id): Path<String>,
) -> Result<Screen<Details>, Problem> {
    let id = segment(CodeId::parse(&id))?;
    let seen = look(&api, caller.user, id).await?;
    let shown = told(&api, caller.user, &seen);
    let live = Live {
        from: format!("/console/codes/{id}/live"),
        mark: Mark::of(&shown),
        is_under_way: visit::is_under_way(&seen.pass.code),
    };
    Ok(Screen(Details { shown, live }))
}

/// `GET /console/codes/{id}/live`.
pub(super) async fn live(
    State(api): State<Api>,
    Owner(caller): Owner,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let id = segment(CodeId::parse(&id))?;
    look(&api, caller.user, id).await?;
    live::stream(&api, &caller, move |api, user| async move {
        let seen = look(&api, user, id).await?;
        Ok(Mark::of(&told(&api, user, &seen)))
    })
}

/// The pass of a code, for who may see it.
pub(super) async fn look(api: &Api, user: UserId, id: CodeId) -> Result<GuestPass, Problem> {
    Ok(api.store.redemptions().for_host(user, id, api.now()).await??)
}

fn told(api: &Api, user: UserId, seen: &GuestPass) -> Shown {
    let (pass, code, now) = (&seen.pass, &seen.pass.code, api.now());
    let (zone, guest) = (seen.time_zone.as_str(), pass.guest.name.as_str());
    let is_active = code.is_active(now);
    Shown {
        id: code.id.to_string(),
        intercom: code.intercom.to_string(),
        place: seen.intercom_name.clone(),
        guest: guest.to_owned(),
        mobile: pass.guest.mobile.reveal().to_owned(),
        digits: is_active.then(|| code.passcode.reveal()),
        may_be_deleted: code.still_opens(now),
        state: visit::state(code, zone, now),
        opening: seen.latest.as_ref().map(|latest| visit::opening(code, latest, zone, now)),
        left: visit::left(code, now),
        until: Moment::new(code.expires_at, zone),
        link: Words::of(match (code.still_opens(now), code.guard.locked_at) {
            (false, _) => "code-link-ended",
            (true, Some(_)) => "code-link-locked",
            (true, None) => "code-link-works",
        }),
        made_at: Moment::new(code.issued_at, zone),
        made_by: visit::made_by(pass.issued_by, user, seen.maker_is_former),
        ends_soon: visit::ends_soon(code, &pass.guest, zone, now),
        perhaps_inside: visit::stays_over(pass, zone, now),
        is_locked: visit::is_locked(code, now),
        gate_trouble: match (seen.is_suspended, seen.gate_is_there) {
            _ if !code.still_opens(now) => None,
            (true, _) => Some("problem-pass-suspended"),
            (false, true) => None,
            (false, false) => Some("code-gate-away"),
        },
        way: code.way_on_hosts_word(now),
    }
}
