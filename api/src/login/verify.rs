//! `POST /v1/logins/{login_id}/verify`: tries a pin; the right one signs in.

use axum::extract::State;
use domain::secret::{LoginToken, Otp, SessionToken};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Api;
use crate::answers::{Code, Problem};
use crate::body::{Json, Path};

/// The pin as typed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Verify {
    /// Six digits
    pin: String,
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

/// Tries a pin. A newer sign-in ends the older session of the same number at once.
#[utoipa::path(post, path = "/v1/logins/{login_id}/verify", tag = "sign in",
    params(("login_id" = String, Path)), request_body = Verify,
    responses((status = 200, body = SignedIn)))]
pub(crate) async fn verify(
    State(api): State<Api>,
    Path(login_id): Path<String>,
    Json(body): Json<Verify>,
) -> Result<axum::Json<SignedIn>, Problem> {
    let (session, signed_in) = sign_in(&api, &login_id, &body.pin).await?;
    Ok(axum::Json(SignedIn {
        token: session.reveal(),
        user_id: signed_in.user.to_string(),
        session_id: signed_in.session.to_string(),
        client: signed_in.client.as_str(),
        displaced_another: signed_in.displaced,
    }))
}

/// Tries a pin, for the app and the console alike.
pub(crate) async fn sign_in(
    api: &Api,
    login_id: &str,
    pin: &str,
) -> Result<(SessionToken, store::SignedIn), Problem> {
    let pin = Otp::parse(pin).map_err(|error| Problem::field("pin", error))?;
    let token = LoginToken::parse(login_id).map_err(|_| Problem::from(Code::OtpInvalid))?;
    let session = SessionToken::random(&*api.dice);
    let signed_in = api.store.logins().verify(token, pin, session.clone(), api.now()).await??;
    Ok((session, signed_in))
}
