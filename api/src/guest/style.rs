//! The style of the guest's pages: it stands in each page, so that the first answer is all that a
//! slow line must carry, and the policy names it by its hash.

use std::sync::LazyLock;

use axum::http::{HeaderValue, header};
use axum::response::Response;

use crate::pages::policy;

/// What stands between `<style>` and `</style>`.
pub(super) const SHEET: &str = concat!(
    include_str!("../../templates/colours.css"),
    include_str!("../../templates/guest/guest.css")
);

static ALLOWED: LazyLock<HeaderValue> = LazyLock::new(|| policy::with_style(SHEET));

/// Lets browsers apply this style, and no other that stands in a page.
pub(super) async fn allowed(mut response: Response) -> Response {
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, ALLOWED.clone());
    response
}
