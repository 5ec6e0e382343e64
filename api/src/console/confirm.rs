//! "Do you want that?": one page for all that cannot be undone or moves a gate.

use askama::Template;
use axum::response::{IntoResponse, Response};

use crate::answers::Problem;
use crate::pages::{self, Screen, Words, filters};

/// A question, and the button that answers it.
#[derive(Template)]
#[template(path = "console/confirm.html")]
pub(super) struct Confirm {
    /// The question; its note says what comes of it.
    pub(super) question: Words,
    pub(super) button: Words,
    /// Whether it takes something away.
    pub(super) is_danger: bool,
    /// Where the form goes.
    pub(super) action: String,
    /// Names this press of the button, where pressing twice would count twice.
    pub(super) key: Option<String>,
    /// Where who does not want it goes.
    pub(super) back: String,
    /// Why the last press did nothing.
    pub(super) wrong: Option<Words>,
}

impl Confirm {
    /// The same question once more, because the answer did nothing.
    pub(super) fn told(self, problem: Problem) -> Response {
        let wrong = Some(Words::from(&problem));
        pages::told_by(problem, Self { wrong, ..self })
    }
}

impl IntoResponse for Confirm {
    fn into_response(self) -> Response {
        Screen(self).into_response()
    }
}
