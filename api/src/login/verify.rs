//! `POST /v1/logins/{login_id}/verify`: tries a pin; the right one signs in.

use axum::extract::State;
use domain::secret::{LoginToken, Otp, SessionToken};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::helped;
use crate::Api;
use crate::answers::{Code, Problem};
use crate::body::{Json, Path};

/// The pin as typed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Verify {
    /// Six digits
    pub(crate) pin: String,
}

/// Signed in.
#[derive(Serialize, ToSchema)]
pub(crate) struct SignedIn {
    /// Send it as `Authorization: Bearer …`; it is shown once
    token: String,
    user_id: String,
    session_id: String,
    client: &'static str,
    /// Whether an older session of this number ended by it
    displaced_another: bool,
}

impl SignedIn {
    pub(super) fn told(session: &SessionToken, signed_in: &store::SignedIn) -> Self {
        Self {
            token: session.reveal(),
            user_id: signed_in.user.to_string(),
            session_id: signed_in.session.to_string(),
            client: signed_in.client.as_str(),
            displaced_another: signed_in.displaced,
        }
    }
}

/// Tries a pin. A newer sign-in ends the older session of the same number at once. An account with
/// a second factor answers `second_factor_needed` to the right pin.
#[utoipa::path(post, path = "/v1/logins/{login_id}/verify", tag = "sign in",
    params(("login_id" = String, Path)), request_body = Verify,
    responses((status = 200, body = SignedIn)))]
pub(crate) async fn verify(
    State(api): State<Api>,
    Path(login_id): Path<String>,
    Json(body): Json<Verify>,
) -> Result<axum::Json<SignedIn>, Problem> {
    let (session, signed_in) = sign_in(&api, &login_id, &body.pin).await?;
    Ok(axum::Json(SignedIn::told(&session, &signed_in)))
}

/// Tries a pin, for the app and the console alike.
pub(crate) async fn sign_in(
    api: &Api,
    login_id: &str,
    pin: &str,
) -> Result<(SessionToken, store::SignedIn), Problem> {
    let (pin, token) = (self::pin(pin)?, login_token(login_id)?);
    let session = SessionToken::random(&*api.dice);
    let signed_in = api.store.logins().verify(token, pin, session.clone(), api.now()).await?;
    let signed_in = signed_in.map_err(|refusal| helped(api, refusal.into()))?;
    Ok((session, signed_in))
}

/// A pin as typed.
pub(crate) fn pin(text: &str) -> Result<Otp, Problem> {
    Otp::parse(text).map_err(|error| Problem::field("pin", error))
}

/// A login as its holder names it; one that cannot be is as unknown as another.
pub(crate) fn login_token(text: &str) -> Result<LoginToken, Problem> {
    LoginToken::parse(text).map_err(|_| Code::OtpInvalid.into())
}
