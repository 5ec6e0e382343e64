//! What the guest's pages and the owner's console have in common: the headers, the language, the
//! cookies, and where a form may come from.
//!
//! What is *absent* here: what a page says (`messages/`) and what it looks like (`templates/`).

pub(crate) mod assets;
pub(crate) mod cookie;
pub(crate) mod hosts;
pub(crate) mod policy;
pub(crate) mod same_site;
mod tongue;
mod words;
mod wrong;

use std::any::Any;
use std::sync::Arc;

use askama::{DynTemplate, Template};
use axum::Extension;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::Api;
use crate::answers::{Code, Problem, RetryAt};
pub(crate) use policy::AGAIN;
pub(crate) use tongue::Tongue;
pub(crate) use words::{Moment, Words, filters};
pub(crate) use wrong::Wrong;

/// What every page says to browsers (safety.md 5.2), beside what it may load.
const HEADERS: [(&str, &str); 7] = [
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
    ("x-robots-tag", "noindex"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(self), geolocation=()"),
    ("cache-control", "no-store"),
];

/// Said as well where people come by TLS: one year, subdomains too.
const STRICT_TRANSPORT: &str = "max-age=31536000; includeSubDomains";

/// Under this name a template finds the language of its reader.
const TONGUE: &str = "tongue";

/// What every other answer says to browsers: that it is no page.
const SAFE_HEADERS: [(&str, &str); 6] = [
    (
        "content-security-policy",
        "default-src 'none'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'",
    ),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
    ("x-robots-tag", "noindex"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cache-control", "no-store"),
];

/// Writes a page in the reader's language, and gives every answer the headers of all pages.
pub(crate) async fn rim(State(api): State<Api>, request: Request, next: Next) -> Response {
    let tongue = Tongue::of(request.headers());
    finished(&api, next.run(request).await, tongue)
}

/// Writes a page in a language, and gives it the headers of all pages.
pub(crate) fn finished(api: &Api, page: Response, tongue: Tongue) -> Response {
    let mut response = written(page, tongue);
    let policy = response.headers_mut().entry(header::CONTENT_SECURITY_POLICY);
    policy.or_insert_with(|| policy::PLAIN.clone());
    dress(api, &mut response, &HEADERS);
    response
}

/// Gives an answer the headers without which none leaves.
pub(crate) fn safe(api: &Api, mut response: Response) -> Response {
    dress(api, &mut response, &SAFE_HEADERS);
    response
}

/// Whether whoever asks reads pages: browsers say so when a person opens an address or presses a
/// button.
pub(crate) fn are_accepted(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}

/// A page, to be written once the reader's language is known.
pub(crate) struct Screen<T>(pub(crate) T);

/// The same on its way out.
#[derive(Clone)]
struct Unwritten(Arc<dyn DynTemplate + Send + Sync>);

impl<T: Template + Send + Sync + 'static> IntoResponse for Screen<T> {
    fn into_response(self) -> Response {
        Extension(Unwritten(Arc::new(self.0))).into_response()
    }
}

/// The status and the headers of a problem, with a page that tells it instead of a document.
pub(crate) fn told_by(problem: Problem, page: impl IntoResponse) -> Response {
    instead(problem.into_response(), page)
}

/// A page with the status and the headers of a problem document, in its place.
pub(crate) fn instead(document: Response, page: impl IntoResponse) -> Response {
    let (mut document, _) = document.into_parts();
    let retry_after = document.headers.remove(header::RETRY_AFTER);
    let retry_after = retry_after.map(|wait| [(header::RETRY_AFTER, wait)]);
    let retry_at = document.extensions.remove::<RetryAt>().map(Extension);
    (document.status, retry_after, retry_at, page).into_response()
}

fn written(mut response: Response, tongue: Tongue) -> Response {
    let Some(Unwritten(page)) = response.extensions_mut().remove() else { return response };
    let values: [(&str, &dyn Any); 1] = [(TONGUE, &tongue)];
    let Ok(html) = page.dyn_render_with_values(&values) else {
        tracing::error!("a page could not be written");
        return Problem::from(Code::Internal).into_response();
    };
    let (mut head, _) = response.into_parts();
    let kind = HeaderValue::from_static("text/html; charset=utf-8");
    head.headers.insert(header::CONTENT_TYPE, kind);
    head.headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(tongue.tag()));
    Response::from_parts(head, html.into())
}

fn dress(api: &Api, response: &mut Response, said: &[(&'static str, &'static str)]) {
    let headers = response.headers_mut();
    for (name, value) in said {
        headers.entry(*name).or_insert(HeaderValue::from_static(value));
    }
    if api.is_public_tls() {
        let value = HeaderValue::from_static(STRICT_TRANSPORT);
        headers.insert(header::STRICT_TRANSPORT_SECURITY, value);
    }
}

#[cfg(test)]
mod tests;
