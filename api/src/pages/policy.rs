//! What a page may load: nothing but what is ours (safety.md 5.2).

use std::sync::LazyLock;

use axum::http::HeaderValue;
use data_encoding::BASE64;
use ring::digest::{SHA256, digest};

/// Loads a waiting page again, unless its module, which does better, stops it: on a bad line the
/// page may come and the module not. So it stands in the page itself, and cannot be a refresh of
/// HTML's own, which nothing can stop. `data-after` says after how many seconds (the module has two
/// more to come), `data-from` from where.
pub(crate) const AGAIN: &str = include_str!("../../scripts/again.js");

/// Of pages with style sheets of their own address.
pub(super) static PLAIN: LazyLock<HeaderValue> = LazyLock::new(|| policy("'self'"));

/// Of pages in which this style stands.
pub(crate) fn with_style(style: &str) -> HeaderValue {
    policy(&format!("'self' {}", hash(style)))
}

fn policy(styles: &str) -> HeaderValue {
    let policy = format!(
        "default-src 'none'; script-src 'self' {}; style-src {styles}; img-src 'self'; \
         connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; \
         object-src 'none'",
        hash(AGAIN)
    );
    HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
}

/// How a policy names what stands in a page.
fn hash(text: &str) -> String {
    format!("'sha256-{}'", BASE64.encode(digest(&SHA256, text.as_bytes()).as_ref()))
}
