//! `GET /v1/codes/{id}`: one code with its digits.

use axum::extract::State;
use domain::CodeId;

use super::share::{Asked, Language};
use super::{CodeWithDigits, former_makers};
use crate::Api;
use crate::answers::Problem;
use crate::body::{Path, Query, segment};
use crate::caller::Caller;

/// Shows a code with its digits, recipient and remaining time.
#[utoipa::path(get, path = "/v1/codes/{id}", tag = "codes", security(("session" = [])),
    params(("id" = String, Path), ("language" = Option<Language>, Query, description = "Of the message in `share`; English unless asked for")),
    responses((status = 200, body = CodeWithDigits)))]
pub(crate) async fn details(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<axum::Json<CodeWithDigits>, Problem> {
    let id = segment(CodeId::parse(&id))?;
    let issued = api.store.codes().details(caller.user, id, api.now()).await??;
    let intercom = issued.pass.code.intercom.to_string();
    let former = former_makers(&api, &intercom, [issued.pass.issued_by].into_iter()).await?;
    let language = asked.language.unwrap_or_default();
    Ok(axum::Json(CodeWithDigits::of(&api, &issued, &former, language)))
}
