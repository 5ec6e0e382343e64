//! `GET /v1/codes/{id}`: one code with its digits.

use axum::extract::State;
use domain::CodeId;

use super::CodeWithDigits;
use crate::Api;
use crate::answers::Problem;
use crate::body::{Path, segment};
use crate::caller::Caller;

/// Shows a code with its digits, recipient and remaining time.
#[utoipa::path(get, path = "/v1/codes/{id}", tag = "codes", security(("session" = [])),
    params(("id" = String, Path)), responses((status = 200, body = CodeWithDigits)))]
pub(crate) async fn details(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<axum::Json<CodeWithDigits>, Problem> {
    let issued = api.store.codes().details(caller.user, segment(CodeId::parse(&id))?).await??;
    Ok(axum::Json(CodeWithDigits::of(&api, &issued)))
}
