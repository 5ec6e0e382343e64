//! A problem, as the console tells it.

use askama::Template;
use axum::response::{IntoResponse, Redirect, Response};

use crate::answers::{Code, Told};
use crate::pages::{self, Screen, Words, filters};

#[derive(Template)]
#[template(path = "console/trouble.html")]
struct Trouble {
    said: Words,
}

/// Tells a problem by a page where it would be a document. Who is not signed in is led to the
/// sign-in, which knows the cookie and says who took the session.
pub(crate) async fn told(mut response: Response) -> Response {
    let Some(Told { code, field }) = response.extensions_mut().remove() else { return response };
    if matches!(code, Code::SessionMissing | Code::SessionDisplaced | Code::SessionEnded) {
        return Redirect::to("/console/sign-in").into_response();
    }
    let said = field.map_or_else(|| Words::on(code), |field| Words::on_field(&field));
    pages::instead(response, Screen(Trouble { said }))
}
