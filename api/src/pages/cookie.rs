//! Cookies that only this host can set and read: who holds a link, who is signed in.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, header};

/// The header by which a browser keeps a secret under a name.
pub(crate) fn keep(
    is_public_tls: bool,
    name: &str,
    secret: &str,
    lasts: Duration,
) -> [(HeaderName, String); 1] {
    let secure = if is_public_tls { "; Secure" } else { "" };
    let (name, seconds) = (full(is_public_tls, name), lasts.as_secs());
    let cookie =
        format!("{name}={secret}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
    [(header::SET_COOKIE, cookie)]
}

/// The secret that a browser keeps under a name.
pub(crate) fn kept<'a>(is_public_tls: bool, name: &str, headers: &'a HeaderMap) -> Option<&'a str> {
    let name = full(is_public_tls, name);
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.split_once('='));
    pairs.find(|(key, _)| key.trim() == name).map(|(_, secret)| secret.trim())
}

/// Over TLS the prefix makes browsers refuse the cookie from anybody but this very host.
fn full(is_public_tls: bool, name: &str) -> String {
    if is_public_tls { format!("__Host-{name}") } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_secret_is_found_among_other_cookies() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, HeaderValue::from_static("a=1; gg=x"));
        headers.append(header::COOKIE, HeaderValue::from_static("b; g=secret; c="));
        assert_eq!(kept(false, "g", &headers), Some("secret"));
        assert_eq!(kept(true, "g", &headers), None);
    }
}
