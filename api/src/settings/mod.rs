//! One-time access settings of an intercom: read with an `ETag`, replaced with `If-Match`.

pub(crate) mod read;
pub(crate) mod replace;

use axum::http::{HeaderName, HeaderValue, header};

/// The version of settings as an entity tag; `"0"` when never saved.
fn etag(version: u64) -> [(HeaderName, HeaderValue); 1] {
    let tag = HeaderValue::from_str(&format!("\"{version}\""));
    [(header::ETAG, tag.unwrap_or(HeaderValue::from_static("\"0\"")))]
}
