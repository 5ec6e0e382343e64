//! `GET /{token}`: a guest's pass, from "scan the board" to "goodbye".

use std::net::IpAddr;
use std::time::Duration;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use domain::access_code::Standing;
use domain::attempt;
use domain::secret::LinkToken;
use domain::{Leg, Timestamp};
use store::GuestPass;

use super::cookie::{self, Kept};
use super::page::{Form, Greeting, Page, Trouble};
use super::{in_path, unknown, words};
use crate::Api;
use crate::answers::Code;
use crate::caller::From;
use crate::pages::Words;

/// How long the gate is said to be open; later the guest is simply inside.
const WELCOME: Duration = Duration::from_mins(1);

/// Shows the pass, and keeps its link in a cookie for the board's page.
pub(super) async fn show(
    State(api): State<Api>,
    From(address): From,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, Trouble> {
    let now = api.now();
    // Browsers ask for icons and the like by themselves: what cannot be a link is no guess.
    let link = in_path(path, LinkToken::parse).ok_or(Code::NotFound)?;
    let seen = known(&api, address, &link, now).await?;
    Ok((cookie::keep(&api, &link), page(&api, &seen, None, now)).into_response())
}

/// The pass behind a link; a link that nobody knows counts as a guess.
pub(super) async fn known(
    api: &Api,
    address: IpAddr,
    link: &LinkToken,
    now: Timestamp,
) -> Result<GuestPass, Trouble> {
    let seen = api.store.redemptions().by_link(link, now).await?;
    seen.ok_or_else(|| unknown(api, address))
}

/// `GET /enter` and `GET /exit`: a browser that restores a page it got by POST asks for these.
pub(super) async fn back(Kept(link): Kept) -> Result<Redirect, Trouble> {
    let link = link.ok_or(Code::NotFound)?;
    Ok(Redirect::to(&path_of(&link)))
}

/// Where the pass of a link is shown.
pub(super) fn path_of(link: &LinkToken) -> String {
    format!("/{}", link.reveal())
}

/// The pass as it stands now; with the ticket of its board, the way in is open.
pub(super) fn page(api: &Api, seen: &GuestPass, ticket: Option<String>, now: Timestamp) -> Page {
    let greeting = Some(Greeting::of(seen));
    let under_way = seen.latest.as_ref().filter(|latest| match latest.state {
        attempt::State::Pending | attempt::State::Sent { .. } => true,
        attempt::State::Executed { .. } | attempt::State::NotExecuted { .. } => false,
    });
    let page = match (seen.pass.code.standing(now), under_way) {
        (Standing::Revoked { inside, .. }, _) => Page::saying(words::cancelled(inside)),
        (Standing::Completed { .. }, _) => Page::saying(Words::of("guest-goodbye")),
        (
            Standing::Issued
            | Standing::Entering
            | Standing::Inside { .. }
            | Standing::Leaving { .. }
            | Standing::Expired { .. },
            Some(attempt),
        ) => waiting(attempt.deadline < now),
        (Standing::Expired { inside, .. }, None) => Page::saying(words::expired(inside)),
        (Standing::Issued | Standing::Entering, None) => way_in(api, seen, ticket),
        (Standing::Inside { since } | Standing::Leaving { since }, None) => {
            way_out(api, seen, now < since + WELCOME)
        }
    };
    Page { greeting, ..page }
}

/// A gate was asked to open; a sent command is settled by the gate's report and by nothing else.
fn waiting(is_late: bool) -> Page {
    if is_late {
        Page::saying(Words::of("guest-no-answer")).again_after(3)
    } else {
        Page::saying(Words::of("guest-opening")).again_after(1)
    }
}

fn way_in(api: &Api, seen: &GuestPass, ticket: Option<String>) -> Page {
    if let Some(obstacle) = obstacle(seen, Leg::Entry) {
        return obstacle;
    }
    let page = match ticket {
        Some(ticket) => Page {
            form: Some(Form::at_board(api, Some(seen.pass.code.id.to_string()), ticket, None)),
            ..Page::saying(Words::of("guest-type-code"))
        },
        None => Page { steps: true, ..Page::saying(Words::of("guest-scan")) },
    };
    Page { last_try: last_try(seen), ..page }
}

fn way_out(api: &Api, seen: &GuestPass, just_came_in: bool) -> Page {
    let said = if just_came_in { Words::of("guest-gate-open") } else { Words::of("guest-inside") };
    // Whoever just came in reads that first, even when the gate for the way out is not there.
    if let Some(obstacle) = obstacle(seen, Leg::Exit).filter(|_| !just_came_in) {
        return obstacle;
    }
    let form = Some(Form::new(api, Leg::Exit, Some(seen.pass.code.id.to_string())));
    Page { last_try: last_try(seen), form, ..Page::saying(said) }
}

/// Why there is nothing to type now.
fn obstacle(seen: &GuestPass, leg: Leg) -> Option<Page> {
    if seen.pass.code.guard.locked_at.is_some() {
        return Some(Page::saying(Words::of("guest-locked")));
    }
    (!seen.gate_is_there).then(|| Page::saying(words::gate_is_away(leg)).again_after(10))
}

/// What became of the last try, where it did not open.
fn last_try(seen: &GuestPass) -> Option<Words> {
    let latest = seen.latest.as_ref()?;
    match latest.state {
        attempt::State::NotExecuted { why, .. } => Some(words::not_opened(why, latest.leg)),
        attempt::State::Pending | attempt::State::Sent { .. } | attempt::State::Executed { .. } => {
            None
        }
    }
}
