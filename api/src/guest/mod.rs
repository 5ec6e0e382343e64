//! The guest's pages: the link, the board, and the two buttons that open a gate.
//!
//! A GET changes nothing, however often it is asked (G-3). Everything works without scripts; those
//! in `scripts/` only add comfort.
//! What is *absent* here: what a guest may do (`domain`), and logs: paths carry secrets.

mod board;
mod cookie;
mod link;
mod live;
mod page;
mod picture;
mod redeem;
mod sight;
mod style;
mod ticket;
mod words;

use std::net::IpAddr;

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{DefaultBodyLimit, Path};
use axum::http::StatusCode;
use axum::middleware::{from_fn_with_state, map_response};
use axum::response::Response;
use axum::routing::{get, post};
use domain::CodeId;

use crate::Api;
use crate::answers::{Code, Told};
use crate::pages::{self, Words};
use crate::places::Places;
use page::{Page, Trouble};

/// With how much guests may keep the service busy at once.
pub(crate) struct Crowd {
    pages_of_a_pass: Places<CodeId>,
    pages_of_an_address: Places<IpAddr>,
    arrivals: Places<CodeId>,
    pictures: Places<IpAddr>,
}

impl Default for Crowd {
    fn default() -> Self {
        Self {
            pages_of_a_pass: Places::new(live::PAGES_OF_A_PASS, live::PAGES),
            pages_of_an_address: Places::new(live::PAGES_OF_AN_ADDRESS, live::PAGES),
            arrivals: Places::new(picture::ARRIVALS_OF_A_PASS, picture::ARRIVALS),
            pictures: Places::new(1, picture::PICTURES),
        }
    }
}

/// All pages.
pub(crate) fn routes(api: &Api) -> Router<Api> {
    let pages = Router::new()
        .route("/", get(welcome))
        .route("/{token}", get(link::show))
        .route("/{token}/", get(link::trim))
        .route("/b/{board}", get(board::show))
        .route("/enter", get(link::back).post(redeem::enter))
        .route("/exit", get(link::back).post(redeem::exit))
        .route("/scan", get(link::back))
        .route("/live", get(live::listen))
        .route("/robots.txt", get(robots))
        .route("/favicon.ico", get(no_icon));
    dressed(pages, api)
}

/// The one route that takes more than a form's few bytes: a picture of a board.
pub(crate) fn pictures(api: &Api) -> Router<Api> {
    let limit = DefaultBodyLimit::max(picture::MAX_BYTES);
    dressed(Router::new().route("/scan", post(picture::find).layer(limit)), api)
}

fn dressed(pages: Router<Api>, api: &Api) -> Router<Api> {
    pages.layer(map_response(style::allowed)).layer(from_fn_with_state(api.clone(), pages::rim))
}

/// Tells a problem that no page of a guest has told.
pub(crate) async fn told(mut document: Response) -> Response {
    let Some(Told { code, .. }) = document.extensions_mut().remove() else { return document };
    let page = Page::saying(words::trouble(code));
    style::allowed(pages::instead(document, page)).await
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

async fn robots() -> &'static str {
    "User-agent: *\nDisallow: /\n"
}

/// Browsers ask for it by themselves; that must not count as a link that nobody knows.
async fn no_icon() -> StatusCode {
    StatusCode::NO_CONTENT
}

#[cfg(test)]
pub(crate) mod tests;
