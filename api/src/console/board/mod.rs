//! The printed board: a page to look at it, and the same sheet as SVG and as PDF.
//!
//! What is *absent* here: a guest's digits. The sheet says how to enter, not with what.

mod pdf;
mod sheet;

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use domain::permission::Act;
use store::DeviceKind;

use super::owner::Owner;
use crate::Api;
use crate::answers::{Code, Problem};
use crate::body::{self, Path};
use crate::pages::{Screen, Tongue, Words, filters};
use sheet::{HEIGHT, Sheet, WIDTH};

/// Look at it before it is printed.
#[derive(Template)]
#[template(path = "console/board.html")]
pub(super) struct Preview {
    name: String,
    /// The PDF leaves a line for the name: its font has not all of the letters.
    by_hand: bool,
}

/// The sheet as a picture. Presentation attributes only, since no page of ours may hold styles.
#[derive(Template)]
#[template(path = "console/board.svg")]
struct Picture<'a> {
    sheet: &'a Sheet,
}

/// `GET /console/intercoms/{id}/board`.
pub(super) async fn show(
    State(api): State<Api>,
    owner: Owner,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Screen<Preview>, Problem> {
    let Sheet { name, .. } = sheet(&api, owner, &id, Tongue::of(&headers)).await?;
    Ok(Screen(Preview { by_hand: !name.is_printable, name: name.text }))
}

/// `GET /console/intercoms/{id}/board.svg`.
pub(super) async fn svg(
    State(api): State<Api>,
    owner: Owner,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let sheet = sheet(&api, owner, &id, Tongue::of(&headers)).await?;
    let Ok(picture) = (Picture { sheet: &sheet }).render() else {
        return Err(Code::Internal.into());
    };
    Ok(([(header::CONTENT_TYPE, "image/svg+xml")], picture).into_response())
}

/// `GET /console/intercoms/{id}/board.pdf`.
pub(super) async fn pdf(
    State(api): State<Api>,
    owner: Owner,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let tongue = Tongue::of(&headers);
    let sheet = sheet(&api, owner, &id, tongue).await?;
    let Some(file) = pdf::write(&sheet, tongue.tag()) else { return Err(Code::Internal.into()) };
    let kind = (header::CONTENT_TYPE, "application/pdf");
    let name = (header::CONTENT_DISPOSITION, r#"attachment; filename="board.pdf""#);
    Ok(([kind, name], file).into_response())
}

/// The sheet of an intercom, for who may send guests there.
async fn sheet(
    api: &Api,
    Owner(caller): Owner,
    id: &str,
    tongue: Tongue,
) -> Result<Sheet, Problem> {
    let device = api.store.devices().details(caller.user, body::device(id)?, api.now()).await??;
    let DeviceKind::Intercom { board, .. } = &device.kind else {
        return Err(Code::NotAnIntercom.into());
    };
    device.role.may(Act::UseOneTimeAccess)?;
    let url = format!("{}/b/{}", api.public_url, board.reveal());
    let steps = ["board-step-link", "board-step-scan", "board-step-code"];
    let steps = steps.map(|step| Words::of(step).say(tongue));
    Sheet::new(device.name.as_str(), steps, &url).ok_or_else(|| Code::Internal.into())
}

#[cfg(test)]
mod tests;
