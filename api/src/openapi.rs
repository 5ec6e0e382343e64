//! The `OpenAPI` 3.1 document, made from the code that serves it: a route cannot be forgotten.

use axum::Router;
use axum::http::header;
use axum::routing::get;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Components, Info, OpenApi, OpenApiBuilder};
use utoipa_axum::router::OpenApiRouter;

use crate::Api;

/// A router that writes the document as it grows.
pub(crate) fn begin() -> OpenApiRouter<Api> {
    let mut info = Info::new("Fluss+ one-time access", env!("CARGO_PKG_VERSION"));
    info.description = Some(
        "A guest opens a gate: once in, once out. Refusals are problem documents (RFC 9457) with a \
         stable `code`; 429 and 503 say when to try again in `Retry-After`."
            .to_owned(),
    );
    let mut components = Components::new();
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    components.add_security_scheme("session", SecurityScheme::Http(bearer));
    OpenApiRouter::with_openapi(
        OpenApiBuilder::new().info(info).components(Some(components)).build(),
    )
}

/// The document as it is served.
pub fn document() -> OpenApi {
    crate::endpoints().into_openapi()
}

/// Serves the document at `/openapi.json`.
pub(crate) fn route(document: &OpenApi) -> Router<Api> {
    let text = document.to_json().unwrap_or_default();
    let answer = move || {
        let text = text.clone();
        async move { ([(header::CONTENT_TYPE, "application/json")], text) }
    };
    Router::new().route("/openapi.json", get(answer))
}
