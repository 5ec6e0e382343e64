//! Allow 5 more: unlocks the link of a code, on whose page what became of it is seen.

use axum::extract::State;
use axum::response::Redirect;
use domain::CodeId;

use super::owner::Owner;
use crate::Api;
use crate::answers::Problem;
use crate::body::{Path, segment};
use crate::codes::allow_more::ask;
use crate::pages::same_site::SameSite;

/// `POST /console/codes/{id}/allow-more`.
pub(super) async fn allow_more(
    _: SameSite,
    State(api): State<Api>,
    Owner(caller): Owner,
    Path(id): Path<String>,
) -> Result<Redirect, Problem> {
    let id = segment(CodeId::parse(&id))?;
    ask(&api, &caller, id).await?;
    Ok(Redirect::to(&format!("/console/codes/{id}")))
}
