//! `POST /v1/second-factor/confirm`: turns it on by the first right code.

use axum::extract::State;
use domain::second_factor::RECOVERY_CODES;
use domain::secret::{Otp, RecoveryCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Api;
use crate::answers::Problem;
use crate::body::Json;
use crate::caller::Caller;

/// A code as typed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TypedCode {
    /// Six digits of the app; or, unless it is being set up, a recovery code
    pub(crate) code: String,
}

/// The second factor is on.
#[derive(Serialize, ToSchema)]
pub(crate) struct RecoveryCodes {
    /// Each takes the place of the app once; they are shown now and never again
    pub(crate) recovery_codes: Vec<String>,
}

/// Turns the second factor on: from here on a pin alone signs nobody in.
#[utoipa::path(post, path = "/v1/second-factor/confirm", tag = "sign in",
    security(("session" = [])), request_body = TypedCode,
    responses((status = 200, body = RecoveryCodes)))]
pub(crate) async fn confirm(
    State(api): State<Api>,
    caller: Caller,
    Json(body): Json<TypedCode>,
) -> Result<axum::Json<RecoveryCodes>, Problem> {
    // Nobody who took a number over shall keep its owner out.
    api.store.logins().may_take_over(caller.session, api.now()).await??;
    turn_on(&api, &caller, &body.code).await.map(axum::Json)
}

/// Tries the first code, for the app and the console alike.
pub(crate) async fn turn_on(
    api: &Api,
    caller: &Caller,
    typed: &str,
) -> Result<RecoveryCodes, Problem> {
    let dense: String = typed.chars().filter(|letter| !letter.is_whitespace()).collect();
    let typed = Otp::parse(&dense).map_err(|error| Problem::field("code", error))?;
    let draw = || RecoveryCode::random(&*api.dice);
    let codes: Vec<_> = std::iter::repeat_with(draw).take(RECOVERY_CODES).collect();
    let recovery_codes = codes.iter().map(RecoveryCode::reveal).collect();
    caller.store.second_factors().confirm(caller.user, typed, codes, api.now()).await??;
    Ok(RecoveryCodes { recovery_codes })
}
