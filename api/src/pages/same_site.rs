//! Buttons are pressed on our own pages only: a form on another site opens nothing.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};

use super::hosts;
use crate::Api;
use crate::answers::{Code, Problem};

/// Proof that a form came from a page of ours.
pub(crate) struct SameSite;

impl FromRequestParts<Api> for SameSite {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Self::Rejection> {
        let host = hosts::asked(&parts.headers, &parts.uri);
        if is_ours(&parts.headers, host, hosts::origin(api, host)) {
            Ok(Self)
        } else {
            Err(Code::ForeignForm.into())
        }
    }
}

/// Under `Referrer-Policy: no-referrer` browsers send `Origin: null` with our own forms too. Then
/// `Sec-Fetch-Site` decides, and in browsers too old for it the cookie's `SameSite`.
fn is_ours(headers: &HeaderMap, host: Option<&str>, own: &str) -> bool {
    let site_is_ours = match text(headers, "sec-fetch-site") {
        None | Some("same-origin" | "none") => true,
        Some(_) => false,
    };
    let origin_is_ours = match text(headers, header::ORIGIN.as_str()) {
        None | Some("null") => true,
        Some(origin) => {
            let its_host = origin.split_once("://").map(|(_, host)| host);
            origin == own || (its_host.is_some() && its_host == host)
        }
    };
    site_is_ours && origin_is_ours
}

/// A header as text; what is no text is nobody's.
fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).map(|value| value.to_str().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(pairs: &[(&'static str, &str)]) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(*name, value.parse().unwrap());
        }
        is_ours(&headers, Some("10.0.0.2:8080"), "https://gate.example")
    }

    #[test]
    fn our_own_forms_are_allowed() {
        assert!(allows(&[]));
        assert!(allows(&[("sec-fetch-site", "same-origin"), ("origin", "null")]));
        assert!(allows(&[("sec-fetch-site", "none")]));
        assert!(allows(&[("origin", "https://gate.example")]));
        assert!(allows(&[("origin", "http://10.0.0.2:8080")]));
    }

    #[test]
    fn forms_of_others_are_not() {
        assert!(!allows(&[("sec-fetch-site", "cross-site")]));
        assert!(!allows(&[("sec-fetch-site", "same-site")]));
        assert!(!allows(&[("sec-fetch-site", "cross-site"), ("origin", "https://gate.example")]));
        assert!(!allows(&[("origin", "https://gate.example.evil.example")]));
        assert!(!allows(&[("origin", "http://gate.example:1")]));
        assert!(!allows(&[("origin", "10.0.0.2:8080")]));
    }
}
