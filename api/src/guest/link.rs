//! `GET /{token}`: a guest's pass, from "scan the board" to "goodbye".

use std::net::IpAddr;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use domain::attempt;
use domain::secret::LinkToken;
use domain::{Leg, Timestamp};
use store::GuestPass;

use super::cookie::{self, Kept};
use super::page::{Call, Form, Greeting, Live, Page, Trouble};
use super::sight::Sight;
use super::{in_path, unknown, words};
use crate::Api;
use crate::answers::Code;
use crate::caller::From;
use crate::pages::Words;

/// Shows the pass, and keeps its link in a cookie for the board's page.
pub(super) async fn show(
    State(api): State<Api>,
    From(address): From,
    Kept(kept): Kept,
    headers: HeaderMap,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, Trouble> {
    let now = api.now();
    // Browsers ask for icons and the like by themselves: what cannot be a link is no guess.
    let link = in_path(path, LinkToken::parse).ok_or(Code::NotFound)?;
    let seen = known(&api, address, &link, now).await?;
    // Whoever only previews a link keeps no cookie, and gets no number to call.
    let call = Call::where_needed(&seen, &link, kept.as_ref() == Some(&link), now);
    let page = Page { call, ..page(&api, &seen, None, now) };
    // A page that looks again by itself, in a tab behind another pass, must not take its place.
    let is_opened = headers.get("sec-fetch-dest").is_none_or(|destination| destination != "empty");
    let keeps = is_opened.then(|| cookie::keep(&api, &link));
    Ok((keeps, page).into_response())
}

/// `GET /{token}/`: leads to the link without the slash that somebody added.
pub(super) async fn trim(path: Result<Path<String>, PathRejection>) -> Result<Redirect, Trouble> {
    let link = in_path(path, LinkToken::parse).ok_or(Code::NotFound)?;
    Ok(Redirect::to(&path_of(&link)))
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
    let sight = Sight::of(seen, now);
    let pass = seen.pass.code.id.to_string();
    let page = match sight {
        Sight::Opening => Page::saying(Words::of("guest-opening")).again_after(1),
        Sight::NoAnswer => Page::saying(Words::of("guest-no-answer")).again_after(3),
        Sight::Cancelling => Page::saying(Words::of("guest-cancelling")).again_after(1),
        Sight::Cancelled { inside } => Page::saying(words::cancelled(inside)),
        Sight::Expired { inside } => Page::saying(words::expired(inside)),
        Sight::Goodbye => Page { is_good: true, ..Page::saying(Words::of("guest-goodbye")) },
        Sight::Locked => Page::saying(Words::of("guest-locked")),
        Sight::Away(leg) => Page::saying(words::gate_is_away(leg)).again_after(10),
        Sight::Suspended => Page::saying(Words::of("guest-suspended")).again_after(10),
        Sight::WayIn => way_in(api, seen, pass, ticket),
        Sight::JustIn => {
            Page { is_good: true, ..way_out(api, seen, pass, Words::of("guest-gate-open")) }
        }
        Sight::SaidLate => way_out(api, seen, pass, Words::of("guest-said-late")),
        Sight::WayOut => way_out(api, seen, pass, Words::of("guest-inside")),
        Sight::WayOutInGrace => way_out(api, seen, pass, words::in_grace(seen)),
    };
    Page { greeting: Some(Greeting::of(seen)), live: Live::of(seen, now), ..page }
}

fn way_in(api: &Api, seen: &GuestPass, pass: String, ticket: Option<String>) -> Page {
    let page = match ticket {
        Some(ticket) => Page {
            form: Some(Form::at_board(api, Some(pass), ticket, None)),
            ..Page::saying(Words::of("guest-type-code"))
        },
        None => Page { steps: true, scan: true, ..Page::saying(Words::of("guest-scan")) },
    };
    Page { last_try: last_try(seen), ..page }
}

fn way_out(api: &Api, seen: &GuestPass, pass: String, said: Words) -> Page {
    let form = Some(Form::new(api, Leg::Exit, Some(pass)));
    Page { last_try: last_try(seen), form, ..Page::saying(said) }
}

/// What became of the last try, where it did not open.
fn last_try(seen: &GuestPass) -> Option<Words> {
    let latest = seen.latest.as_ref()?;
    match latest.state {
        attempt::State::NotExecuted { why, .. } => {
            latest.leg().map(|leg| words::not_opened(why, leg))
        }
        attempt::State::Pending | attempt::State::Sent { .. } | attempt::State::Executed { .. } => {
            None
        }
    }
}
