//! `POST /v1/logins/{login_id}/second-factor`: tries a code after the right pin.

use axum::extract::State;
use domain::secret::SessionToken;

use super::verify::{SignedIn, login_token};
use crate::Api;
use crate::answers::Problem;
use crate::body::{Json, Path};
use crate::second_factor::code;
use crate::second_factor::confirm::TypedCode;

/// Tries a code of the authenticator app, or a recovery code, after `second_factor_needed`. The
/// right one signs in.
#[utoipa::path(post, path = "/v1/logins/{login_id}/second-factor", tag = "sign in",
    params(("login_id" = String, Path)), request_body = TypedCode,
    responses((status = 200, body = SignedIn)))]
pub(crate) async fn verify(
    State(api): State<Api>,
    Path(login_id): Path<String>,
    Json(body): Json<TypedCode>,
) -> Result<axum::Json<SignedIn>, Problem> {
    let (session, signed_in) = sign_in(&api, &login_id, &body.code).await?;
    Ok(axum::Json(SignedIn::told(&session, &signed_in)))
}

/// Tries a code, for the app and the console alike.
pub(crate) async fn sign_in(
    api: &Api,
    login_id: &str,
    typed: &str,
) -> Result<(SessionToken, store::SignedIn), Problem> {
    let (typed, token) = (code(typed)?, login_token(login_id)?);
    let session = SessionToken::random(&*api.dice);
    let logins = api.store.logins();
    let signed_in = logins.verify_second(token, typed, session.clone(), api.now()).await??;
    Ok((session, signed_in))
}
