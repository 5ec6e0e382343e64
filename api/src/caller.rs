//! Who is calling: session token → session → user. Also from which address.

use std::net::{IpAddr, Ipv4Addr};

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;
use domain::UserId;
use domain::secret::SessionToken;
use store::{Session, Store};

use crate::Api;
use crate::answers::{Code, Problem};
use crate::server::PeerAddress;

/// Somebody signed in.
pub(crate) struct Caller {
    pub(crate) user: UserId,
    pub(crate) session: Session,
    /// Kept for streams, which end with it (`tenure`).
    pub(crate) token: SessionToken,
    /// For whatever they have written: the storage asks at the commit whether the session holds.
    pub(crate) store: Store,
}

impl Caller {
    pub(crate) async fn with(api: &Api, token: SessionToken) -> Result<Self, Problem> {
        let session = api.session(&token).await??;
        let store = api.store.on_behalf_of(session.id);
        Ok(Self { user: session.user, session, token, store })
    }
}

impl FromRequestParts<Api> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let missing = || Problem::from(Code::SessionMissing);
        let token = bearer(parts).ok_or_else(missing)?;
        let token = SessionToken::parse(token).map_err(|_| missing())?;
        Self::with(api, token).await
    }
}

/// What a request shows by `Authorization: Bearer`.
pub(crate) fn bearer(parts: &Parts) -> Option<&str> {
    let shown = parts.headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = shown.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The address a request comes from, as the accept loop saw it.
pub(crate) struct From(pub(crate) IpAddr);

impl<S: Sync> FromRequestParts<S> for From {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let address = parts.extensions.get::<PeerAddress>().map(|PeerAddress(address)| *address);
        // Without the accept loop, in tests of the router alone, everybody is one stranger.
        Ok(Self(address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))))
    }
}
