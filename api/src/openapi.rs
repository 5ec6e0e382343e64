//! The `OpenAPI` 3.1 document, made from the code that serves it: a route cannot be forgotten.

use axum::Router;
use axum::http::header;
use axum::routing::get;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Components, Content, Info, OpenApi, OpenApiBuilder, Ref, ResponseBuilder};
use utoipa::{PartialSchema, ToSchema};
use utoipa_axum::router::OpenApiRouter;

use crate::Api;
use crate::answers::ProblemDocument;

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
    components.add_security_scheme("session", SecurityScheme::Http(bearer.clone()));
    components.add_security_scheme("api_key", SecurityScheme::Http(bearer));
    OpenApiRouter::with_openapi(
        OpenApiBuilder::new().info(info).components(Some(components)).build(),
    )
}

/// The document as it is served.
pub fn document() -> OpenApi {
    with_problems(crate::endpoints().merge(crate::lists()).into_openapi())
}

/// Says once what every operation answers when it does not do what was asked.
pub(crate) fn with_problems(mut document: OpenApi) -> OpenApi {
    let problem = Content::new(Some(Ref::from_schema_name(ProblemDocument::name())));
    let response = ResponseBuilder::new()
        .description("A refusal or a fault, told by its `code`")
        .content("application/problem+json", problem)
        .build();
    for item in document.paths.paths.values_mut() {
        let operations = [&mut item.get, &mut item.put, &mut item.post, &mut item.delete]
            .into_iter()
            .chain([&mut item.patch]);
        for operation in operations.flatten() {
            let responses = &mut operation.responses.responses;
            responses.insert("default".to_owned(), response.clone().into());
        }
    }
    let mut schemas = vec![(ProblemDocument::name().into_owned(), ProblemDocument::schema())];
    ProblemDocument::schemas(&mut schemas);
    document.components.get_or_insert_default().schemas.extend(schemas);
    document
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
