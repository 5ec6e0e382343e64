//! `POST /v1/codes/{id}/allow-more`: unlocks a link that took too many wrong digits.

use axum::extract::State;
use domain::CodeId;

use super::former_makers;
use crate::answers::Problem;
use crate::body::{Path, segment};
use crate::caller::Caller;
use crate::{Api, wire};

/// Gives a locked link five more tries; whoever may revoke the code may do it. Doing it again while
/// the link is not locked changes nothing. A code that has ended is refused.
#[utoipa::path(post, path = "/v1/codes/{id}/allow-more", tag = "codes",
    security(("session" = [])), params(("id" = String, Path)),
    responses((status = 200, body = wire::Code)))]
pub(crate) async fn allow_more(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<axum::Json<wire::Code>, Problem> {
    let id = segment(CodeId::parse(&id))?;
    ask(&api, &caller, id).await?;
    let issued = api.store.codes().details(caller.user, id, api.now()).await??;
    let intercom = issued.pass.code.intercom.to_string();
    let former = former_makers(&api, &intercom, [issued.pass.issued_by].into_iter()).await?;
    let code = wire::Code::of(&issued.pass, issued.is_suspended, api.now());
    Ok(axum::Json(code.made_by_one_of(&former)))
}

/// Unlocks a link.
pub(crate) async fn ask(api: &Api, caller: &Caller, code: CodeId) -> Result<(), Problem> {
    caller.store.codes().allow_more(caller.user, code, api.now()).await??;
    tracing::info!(code.id = %code, "a host allowed more tries at {code}");
    Ok(())
}
