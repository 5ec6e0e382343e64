//! The guest's pages: the link, the board, and the two buttons that open a gate.
//!
//! A GET changes nothing, however often it is asked (G-3). Everything works without scripts.
//! What is *absent* here: what a guest may do (`domain`), and logs: paths carry secrets.

mod board;
mod cookie;
mod link;
mod page;
mod redeem;
mod same_site;
mod ticket;
mod words;

use std::net::IpAddr;

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::handler::Handler;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::{MethodFilter, MethodRouter, on};

use crate::Api;
use crate::answers::Code;
use page::{Page, Trouble};

/// What every answer here says to browsers (safety.md 5.2).
const HEADERS: [(&str, &str); 8] = [
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
         connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; \
         object-src 'none'",
    ),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
    ("x-robots-tag", "noindex"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(self), geolocation=()"),
    ("cache-control", "no-store"),
];

/// Said as well where guests come by TLS: one year, subdomains too.
const STRICT_TRANSPORT: &str = "max-age=31536000; includeSubDomains";

/// All pages.
pub(crate) fn routes() -> Router<Api> {
    const GET: MethodFilter = MethodFilter::GET;
    const POST: MethodFilter = MethodFilter::POST;
    Router::new()
        .route("/", at(GET, welcome))
        .route("/{token}", at(GET, link::show))
        .route("/b/{board}", at(GET, board::show))
        .route("/enter", at(POST, redeem::enter).merge(at(GET, link::back)))
        .route("/exit", at(POST, redeem::exit).merge(at(GET, link::back)))
        .route("/guest.css", at(GET, stylesheet))
        .route("/robots.txt", at(GET, robots))
        .route("/favicon.ico", at(GET, no_icon))
}

/// Routes to a handler and gives its answers the headers of all pages.
fn at<T: 'static>(method: MethodFilter, handler: impl Handler<T, Api>) -> MethodRouter<Api> {
    on(method, async move |State(api): State<Api>, request: Request| {
        let is_public_tls = api.is_public_tls();
        let mut response = handler.call(request, api).await;
        dress(response.headers_mut(), is_public_tls);
        response
    })
}

fn dress(headers: &mut HeaderMap, is_public_tls: bool) {
    for (name, value) in HEADERS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if is_public_tls {
        let value = HeaderValue::from_static(STRICT_TRANSPORT);
        headers.insert(header::STRICT_TRANSPORT_SECURITY, value);
    }
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
    Page::saying(words::welcome())
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
