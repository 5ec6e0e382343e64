//! Who is signed in to the console: the session of a cookie.

use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName};
use domain::secret::SessionToken;

use crate::Api;
use crate::answers::{Code, Problem};
use crate::caller::Caller;
use crate::pages::cookie;

const NAME: &str = "sid";

/// Somebody signed in; everybody else is led to the sign-in.
pub(super) struct Owner(pub(super) Caller);

impl FromRequestParts<Api> for Owner {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let token = token(api, &parts.headers).ok_or(Problem::from(Code::SessionMissing))?;
        Caller::with(api, token).await.map(Self)
    }
}

/// The session that this browser keeps, whether it still holds or not.
pub(super) fn token(api: &Api, headers: &HeaderMap) -> Option<SessionToken> {
    let kept = cookie::kept(api.is_public_tls(), NAME, headers)?;
    SessionToken::parse(kept).ok()
}

/// The header by which this browser keeps a session.
pub(super) fn keep(api: &Api, session: &SessionToken) -> [(HeaderName, String); 1] {
    cookie::keep(api.is_public_tls(), NAME, &session.reveal(), api.session_life.total)
}

/// The header by which this browser forgets its session.
pub(super) fn forget(api: &Api) -> [(HeaderName, String); 1] {
    cookie::keep(api.is_public_tls(), NAME, "", Duration::ZERO)
}
