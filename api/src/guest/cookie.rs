//! The cookie that carries a guest's link from the message to the board and back.

use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::HeaderName;
use axum::http::request::Parts;
use domain::secret::LinkToken;
use domain::settings::{ExitGrace, InviteDuration};

use crate::Api;
use crate::pages::cookie;

const NAME: &str = "g";

/// No pass lives longer, its grace included.
const LASTS: Duration =
    Duration::from_hours(InviteDuration::MAX_HOURS as u64).saturating_add(ExitGrace::LONGEST);

/// The link that this browser opened before, if it kept it.
pub(super) struct Kept(pub(super) Option<LinkToken>);

impl FromRequestParts<Api> for Kept {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Self::Rejection> {
        let kept = cookie::kept(api.is_public_tls(), NAME, &parts.headers);
        Ok(Self(kept.and_then(|link| LinkToken::parse(link).ok())))
    }
}

/// The header by which this browser keeps a link.
pub(super) fn keep(api: &Api, link: &LinkToken) -> [(HeaderName, String); 1] {
    cookie::keep(api.is_public_tls(), NAME, &link.reveal(), LASTS)
}
