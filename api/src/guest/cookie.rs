//! The cookie that carries a guest's link from the message to the board and back.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, header};
use domain::secret::LinkToken;
use domain::settings::InviteDuration;

use crate::Api;

/// The link that this browser opened before, if it kept it.
pub(super) struct Kept(pub(super) Option<LinkToken>);

impl FromRequestParts<Api> for Kept {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Self::Rejection> {
        Ok(Self(kept(&parts.headers, name(api.is_public_tls()))))
    }
}

/// The header by which this browser keeps a link.
pub(super) fn keep(api: &Api, link: &LinkToken) -> [(HeaderName, String); 1] {
    let is_public_tls = api.is_public_tls();
    // No pass lives longer.
    let seconds = u32::from(InviteDuration::MAX_HOURS) * 60 * 60;
    let secure = if is_public_tls { "; Secure" } else { "" };
    let cookie = format!(
        "{}={}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}",
        name(is_public_tls),
        link.reveal()
    );
    [(header::SET_COOKIE, cookie)]
}

/// Over TLS the prefix makes browsers refuse the cookie from anybody but this very host.
fn name(is_public_tls: bool) -> &'static str {
    if is_public_tls { "__Host-g" } else { "g" }
}

fn kept(headers: &HeaderMap, name: &str) -> Option<LinkToken> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.split_once('='));
    pairs
        .find(|(key, _)| key.trim() == name)
        .and_then(|(_, link)| LinkToken::parse(link.trim()).ok())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn the_link_is_found_among_other_cookies() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, HeaderValue::from_static("a=1; gg=x"));
        headers.append(header::COOKIE, HeaderValue::from_static("b; g=AAAAAAAAAAAAAAAAAAAAAA; c="));
        assert_eq!(kept(&headers, "g").unwrap().reveal(), "A".repeat(22));
        assert_eq!(kept(&headers, "__Host-g"), None);
    }

    #[test]
    fn what_is_no_link_is_not_kept() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, HeaderValue::from_static("g=\"><script>"));
        assert_eq!(kept(&headers, "g"), None);
    }
}
