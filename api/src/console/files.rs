//! The style sheet and the scripts: the only things of the console that may be kept, for an hour.

use axum::http::header;
use axum::response::IntoResponse;

use crate::answers::{Code, Problem};
use crate::body::Path;

/// What a script is called, and what it says. Each begins by saying what it is for.
const SCRIPTS: [(&str, &str); 6] = [
    ("camera.js", include_str!("../../templates/console/scripts/camera.js")),
    ("contact.js", include_str!("../../templates/console/scripts/contact.js")),
    ("copy.js", include_str!("../../templates/console/scripts/copy.js")),
    ("live.js", include_str!("../../templates/console/scripts/live.js")),
    ("pin.js", include_str!("../../templates/console/scripts/pin.js")),
    ("unsaved.js", include_str!("../../templates/console/scripts/unsaved.js")),
];

/// `GET /console.css`.
pub(super) async fn stylesheet() -> impl IntoResponse {
    kept("text/css", include_str!("../../templates/console/console.css"))
}

/// `GET /console/scripts/{name}`.
pub(super) async fn script(Path(name): Path<String>) -> Result<impl IntoResponse, Problem> {
    let script = SCRIPTS.iter().find(|(known, _)| *known == name);
    let (_, text) = script.ok_or(Problem::from(Code::NotFound))?;
    Ok(kept("text/javascript", text))
}

fn kept(kind: &str, text: &'static str) -> impl IntoResponse + use<> {
    let kind = (header::CONTENT_TYPE, format!("{kind}; charset=utf-8"));
    let keep = (header::CACHE_CONTROL, "public, max-age=3600".to_owned());
    ([kind, keep], text)
}
