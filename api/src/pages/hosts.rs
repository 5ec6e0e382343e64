//! Two host names, where they are set: one for guests and apps, one for the console alone.
//!
//! Browsers keep apart what they know of two hosts. So no fault in a page that strangers see
//! reaches the session of an owner.

use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};

use crate::Api;
use crate::answers::{Code, Problem};

/// Where somebody who typed the console's host name is led.
const CONSOLE: &str = "/console";

/// Lets the console answer under its own name alone, where it has one.
pub(crate) async fn console(State(api): State<Api>, request: Request, next: Next) -> Response {
    if api.console_url.is_some() && !is_for_console(&api, &request) {
        return Problem::from(Code::NotFound).into_response();
    }
    next.run(request).await
}

/// Lets nothing else answer under the console's name.
pub(crate) async fn public(State(api): State<Api>, request: Request, next: Next) -> Response {
    match request.uri().path() {
        _ if !is_for_console(&api, &request) => next.run(request).await,
        "/" => Redirect::to(CONSOLE).into_response(),
        _ => Problem::from(Code::NotFound).into_response(),
    }
}

/// The host and port that a browser asked for; what is no text is nobody's.
pub(crate) fn asked<'a>(headers: &'a HeaderMap, uri: &'a Uri) -> Option<&'a str> {
    let host = headers.get(header::HOST).map(|host| host.to_str().unwrap_or_default());
    host.or_else(|| uri.authority().map(Authority::as_str))
}

/// The origin of the pages under a host.
pub(crate) fn origin<'a>(api: &'a Api, asked: Option<&str>) -> &'a str {
    let console = api.console_url.as_deref();
    console.filter(|url| is_at(url, asked)).unwrap_or(&api.public_url)
}

/// Whether an address belongs to the console: by its host, where that has its own, else by its path.
pub(crate) fn is_console(api: &Api, request: &Request) -> bool {
    if api.console_url.is_some() {
        return is_for_console(api, request);
    }
    let rest = request.uri().path().strip_prefix(CONSOLE);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn is_for_console(api: &Api, request: &Request) -> bool {
    let asked = asked(request.headers(), request.uri());
    api.console_url.as_deref().is_some_and(|url| is_at(url, asked))
}

fn is_at(origin: &str, asked: Option<&str>) -> bool {
    let host = origin.split_once("://").map(|(_, host)| host);
    host.zip(asked).is_some_and(|(host, asked)| host.eq_ignore_ascii_case(asked))
}
