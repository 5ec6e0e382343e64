//! The owner's console: what the app does, on pages, in the words of the help articles.
//!
//! Every page works without scripts, and nothing but a POST changes anything. The use cases are
//! those of the JSON interface. What is *absent* here: rules, and who may do what (`domain`).

mod board;
mod devices;
mod owner;
mod sign_in;
mod trouble;

use axum::Router;
use axum::http::header;
use axum::middleware::{from_fn_with_state, map_response};
use axum::response::{IntoResponse, Redirect};
use axum::routing::{get, post};

use crate::Api;
use crate::pages;

/// The first page of who is signed in.
const HOME: &str = "/console/devices";

/// All pages.
pub(crate) fn routes(api: &Api) -> Router<Api> {
    Router::new()
        .route("/console", get(async || Redirect::to(HOME)))
        .route("/console/sign-in", get(sign_in::show).post(sign_in::ask))
        .route("/console/pin", get(sign_in::pin).post(sign_in::try_pin))
        .route("/console/pin/again", post(sign_in::ask_again))
        .route("/console/sign-out", post(sign_in::sign_out))
        .route("/console/devices", get(devices::list))
        .route("/console/devices/{id}", get(devices::details))
        .route("/console/intercoms/{id}/board", get(board::show))
        .route("/console/intercoms/{id}/board.svg", get(board::svg))
        .route("/console/intercoms/{id}/board.pdf", get(board::pdf))
        .route("/console.css", get(stylesheet))
        .layer(map_response(trouble::told))
        .layer(from_fn_with_state(api.clone(), pages::rim))
}

/// The one thing that may be kept, for an hour.
async fn stylesheet() -> impl IntoResponse {
    let kind = (header::CONTENT_TYPE, "text/css; charset=utf-8");
    let keep = (header::CACHE_CONTROL, "public, max-age=3600");
    ([kind, keep], include_str!("../../templates/console/console.css"))
}

#[cfg(test)]
mod hosts_tests;
#[cfg(test)]
mod tests;
