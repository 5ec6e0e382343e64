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

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::handler::Handler;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::{MethodFilter, MethodRouter, on};

use crate::Api;
use page::Page;

/// What every answer here says to browsers (safety.md 5.2).
const HEADERS: [(HeaderName, HeaderValue); 8] = [
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
             connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; \
             object-src 'none'",
        ),
    ),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (HeaderName::from_static("x-robots-tag"), HeaderValue::from_static("noindex")),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static("camera=(self), geolocation=()"),
    ),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
];

/// Said as well where guests come by TLS: one year, subdomains too.
const STRICT_TRANSPORT: HeaderValue =
    HeaderValue::from_static("max-age=31536000; includeSubDomains");

/// The stylesheet is the one thing that may be kept, for an hour.
const KEPT_AN_HOUR: HeaderValue = HeaderValue::from_static("public, max-age=3600");

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
        headers.entry(name).or_insert(value);
    }
    if is_public_tls {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, STRICT_TRANSPORT);
    }
}

/// The secret in a path, as its own parser reads it; what it refuses does not exist.
fn in_path<T, E>(
    path: Result<Path<String>, PathRejection>,
    parse: fn(&str) -> Result<T, E>,
) -> Option<T> {
    path.ok().and_then(|Path(text)| parse(&text).ok())
}

/// `GET /`: for who comes without a link.
async fn welcome() -> Page {
    Page::saying(words::welcome())
}

async fn stylesheet() -> impl IntoResponse {
    let kind = HeaderValue::from_static("text/css; charset=utf-8");
    let headers = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, KEPT_AN_HOUR)];
    (headers, include_str!("../../templates/guest.css"))
}

async fn robots() -> &'static str {
    "User-agent: *\nDisallow: /\n"
}

/// Browsers ask for it by themselves; that must not count as a link that nobody knows.
async fn no_icon() -> StatusCode {
    StatusCode::NO_CONTENT
}

#[cfg(test)]
mod tests;
