//! The style of the guest's pages: it stands in each page, so that the first answer is all that a
//! slow line must carry, and the policy names it by its hash.

use std::sync::LazyLock;

use axum::http::{HeaderValue, header};
use axum::response::Response;
use data_encoding::BASE64;
use ring::digest::{SHA256, digest};

use crate::pages::POLICY;

/// What stands between `<style>` and `</style>`.
pub(super) const SHEET: &str = include_str!("../../templates/guest/guest.css");

static ALLOWED: LazyLock<HeaderValue> = LazyLock::new(|| {
    let hash = BASE64.encode(digest(&SHA256, SHEET.as_bytes()).as_ref());
    let policy = POLICY.replace("style-src 'self'", &format!("style-src 'self' 'sha256-{hash}'"));
    HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static(POLICY))
});

/// Lets browsers apply this style, and no other that stands in a page.
pub(super) async fn allowed(mut response: Response) -> Response {
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, ALLOWED.clone());
    response
}
