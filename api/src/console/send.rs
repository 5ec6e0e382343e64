//! The sheet that follows a new code: its digits, and four ways to send it.

use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use domain::CodeId;

use super::owner::Owner;
use crate::Api;
use crate::answers::Problem;
use crate::body::{Path, Query, segment};
use crate::codes::link;
use crate::codes::share::{Asked, Share};
use crate::pages::{Moment, Screen, Tongue, filters};

#[derive(Template)]
#[template(path = "console/send.html")]
struct Send {
    id: String,
    intercom: String,
    place: String,
    guest: String,
    digits: String,
    until: Moment,
    share: Share,
    language: Tongue,
}

/// `GET /console/codes/{id}/send`: what has ended is not sent any more.
pub(super) async fn show(
    State(api): State<Api>,
    Owner(caller): Owner,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let id = segment(CodeId::parse(&id))?;
    let issued = api.store.codes().details(caller.user, id, api.now()).await??;
    let code = &issued.pass.code;
    if !code.is_active(api.now()) {
        return Ok(Redirect::to(&format!("/console/codes/{}", code.id)).into_response());
    }
    // The page's own, unless its reader chose another.
    let language = asked.language.map_or_else(|| Tongue::of(&headers), Tongue::from);
    let send = Send {
        id: code.id.to_string(),
        intercom: code.intercom.to_string(),
        guest: issued.pass.guest.name.as_str().to_owned(),
        digits: code.passcode.reveal(),
        until: Moment::new(code.expires_at, &issued.time_zone),
        place: issued.intercom_name.clone(),
        share: Share::of(&issued, &link(&api, &issued), language),
        language,
    };
    Ok(Screen(send).into_response())
}
