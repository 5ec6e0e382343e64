//! `GET /b/{board}`: what the QR on a board opens.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use domain::secret::BoardToken;

use super::cookie::Kept;
use super::page::{Call, Form, Page, Trouble};
use super::{in_path, link, ticket, unknown, words};
use crate::Api;
use crate::answers::Code;
use crate::caller::From;
use crate::pages::Words;

/// Shows the pass that this browser keeps, with a ticket for the scanned board. A browser without
/// one is asked for the short reference too: never for the digits alone (G-2).
pub(super) async fn show(
    State(api): State<Api>,
    From(address): From,
    Kept(kept): Kept,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, Trouble> {
    let now = api.now();
    let board = in_path(path, BoardToken::parse).ok_or(Code::NotFound)?;
    let board = api.store.devices().board(board).await?;
    let Some((intercom, _)) = board else { return Err(unknown(&api, address)) };
    let seen = match &kept {
        Some(link) => api.store.redemptions().by_link(link, now).await?,
        None => None,
    };
    let ticket = ticket::write(&api.ticket_key, intercom, now);
    let Some(seen) = seen else {
        let form = Some(Form::at_board(&api, None, ticket, Some(String::new())));
        let page = Page { form, ..Page::saying(Words::of("guest-type-reference")) };
        return Ok(page.into_response());
    };
    if seen.pass.code.intercom != intercom {
        let pass = kept.as_ref().map(link::path_of);
        let said = words::wrong_intercom(&seen.intercom_name);
        let page = Page { pass, scan: true, ..Page::saying(said) };
        return Err(Trouble::new(Code::WrongIntercom, page));
    }
    let call = kept.as_ref().and_then(|link| Call::where_needed(&seen, link, true, now));
    Ok(Page { call, ..link::page(&api, &seen, Some(ticket), now) }.into_response())
}
