//! The guest's pages: the link, the board, and the two buttons that open a gate.
//!
//! A GET changes nothing, however often it is asked (G-3). Everything works without scripts.
//! What is *absent* here: what a guest may do (`domain`), and logs: paths carry secrets.

mod board;
mod cookie;
mod link;
mod page;
mod redeem;
mod ticket;
mod words;

use std::net::IpAddr;

use axum::Router;
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::{StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse;
use axum::routing::get;

use crate::Api;
use crate::answers::Code;
use crate::pages::{self, Words};
use page::{Page, Trouble};

/// All pages.
pub(crate) fn routes(api: &Api) -> Router<Api> {
    Router::new()
        .route("/", get(welcome))
        .route("/{token}", get(link::show))
        .route("/b/{board}", get(board::show))
        .route("/enter", get(link::back).post(redeem::enter))
        .route("/exit", get(link::back).post(redeem::exit))
        .route("/guest.css", get(stylesheet))
        .route("/robots.txt", get(robots))
        .route("/favicon.ico", get(no_icon))
        .layer(from_fn_with_state(api.clone(), pages::rim))
}

/// The secret in a path, as its own parser reads it; what it refuses does not exist.
fn in_path<T, E>(
    path: Result<Path<String>, PathRejection>,
    parse: fn(&str) -> Result<T, E>,
) -> Option<T> {
    path.ok().and_then(|Path(text)| parse(&text).ok())
}

/// The one answer to every link, board and reference that nobody knows; each counts. A link that
/// somebody knows is served all the same: its 128 bits cannot be guessed, and whoever shares an
/// address with a guesser must not stand before a shut gate.
fn unknown(api: &Api, address: IpAddr) -> Trouble {
    if let Err(too_many) = api.limits.may_guess(address) {
        return too_many.into();
    }
    api.limits.guessed_wrong(address);
    Code::NotFound.into()
}

/// `GET /`: for who comes without a link.
async fn welcome() -> Page {
    Page::saying(Words::of("guest-welcome"))
}

/// The one thing that may be kept, for an hour.
async fn stylesheet() -> impl IntoResponse {
    let kind = (header::CONTENT_TYPE, "text/css; charset=utf-8");
    let keep = (header::CACHE_CONTROL, "public, max-age=3600");
    ([kind, keep], include_str!("../../templates/guest.css"))
}

async fn robots() -> &'static str {
    "User-agent: *\nDisallow: /\n"
}

/// Browsers ask for it by themselves; that must not count as a link that nobody knows.
async fn no_icon() -> StatusCode {
    StatusCode::NO_CONTENT
}

#[cfg(test)]
pub(crate) mod tests;
