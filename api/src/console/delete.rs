//! Delete: takes a code back, after the question whether that is meant.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use domain::CodeId;
use domain::access_code::Standing;
use store::GuestPass;

use super::code::look;
use super::confirm::Confirm;
use super::owner::Owner;
use crate::Api;
use crate::answers::Problem;
use crate::body::{Path, segment};
use crate::codes::revoke;
use crate::pages::Words;
use crate::pages::same_site::SameSite;

/// `GET /console/codes/{id}/delete`.
pub(super) async fn ask(
    State(api): State<Api>,
    Owner(caller): Owner,
    Path(id): Path<String>,
) -> Result<Confirm, Problem> {
    let seen = look(&api, caller.user, segment(CodeId::parse(&id))?).await?;
    Ok(question(&seen))
}

/// `POST /console/codes/{id}/delete`: leads to the list; to the code while its guest may be inside
/// or the gate may still open.
pub(super) async fn delete(
    _: SameSite,
    State(api): State<Api>,
    Owner(caller): Owner,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let id = segment(CodeId::parse(&id))?;
    let seen = look(&api, caller.user, id).await?;
    let now = api.now();
    let revoked = match revoke::ask(&caller, id, now).await {
        Ok(revoked) => revoked,
        Err(problem) => return Ok(question(&seen).told(problem)),
    };
    let is_inside = matches!(revoked.code.standing(now), Standing::Revoked { inside: true, .. });
    let next = if is_inside || revoked.in_flight.is_some() {
        format!("/console/codes/{id}")
    } else {
        format!("/console/intercoms/{}/codes?done=deleted", revoked.code.intercom)
    };
    Ok(Redirect::to(&next).into_response())
}

fn question(seen: &GuestPass) -> Confirm {
    let code = format!("/console/codes/{}", seen.pass.code.id);
    Confirm {
        question: Words::of("delete").with("guest", seen.pass.guest.name.as_str()),
        button: Words::of("delete-button"),
        is_danger: true,
        action: format!("{code}/delete"),
        key: None,
        back: code,
        wrong: None,
    }
}
