//! Reading requests: small, typed, and every wrong field named.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, FailedToBufferBody, FormRejection};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{map_response, map_response_with_state};
use domain::{Clock, GateId, IntercomId};
use serde::de::DeserializeOwned;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::timeout::TimeoutLayer;

use crate::answers::{Code, Problem, documented, tell_when};
use crate::server::{LONGEST_BODY, TooSlow};

/// The most a request's body may hold, but for a picture of a board.
pub(crate) const MAX_BODY_BYTES: usize = 16 * 1024;

/// How long a request may take to its first byte of answer.
const PATIENCE: Duration = Duration::from_secs(15);

/// Bounds what a request may bring, and how long it may take.
pub(crate) fn small<S: Clone + Send + Sync + 'static>(router: Router<S>) -> Router<S> {
    router.layer(RequestBodyLimitLayer::new(MAX_BODY_BYTES)).layer(within(PATIENCE))
}

/// Bounds how long a request may take whose body is given more time to come.
pub(crate) fn large<S: Clone + Send + Sync + 'static>(router: Router<S>) -> Router<S> {
    router.layer(within(LONGEST_BODY + PATIENCE))
}

fn within(patience: Duration) -> TimeoutLayer {
    TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, patience)
}

/// Gives all answers that are no handler's their document.
pub(crate) fn told(router: Router, clock: Arc<dyn Clock>) -> Router {
    router.layer(map_response(documented)).layer(map_response_with_state(clock, tell_when)).layer(
        CatchPanicLayer::custom(|_| {
            use axum::response::IntoResponse;
            tracing::error!("a handler panicked");
            Problem::from(Code::Internal).into_response()
        }),
    )
}

/// A JSON body; what does not fit is told by its field.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if !is_of_type(request.headers(), "application/json") {
            return Err(Code::NotJson.into());
        }
        let bytes = Bytes::from_request(request, state).await.map_err(|error| unread(&error))?;
        let mut reader = serde_json::Deserializer::from_slice(&bytes);
        let body: T =
            serde_path_to_error::deserialize(&mut reader).map_err(|error| unfit(&error))?;
        reader.end().map_err(|_| Problem::from(Code::Malformed))?;
        Ok(Self(body))
    }
}

/// The fields of a form; what does not fit is told by its field.
pub(crate) struct Form<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Form<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let form = axum::Form::from_request(request, state).await;
        form.map(|axum::Form(fields)| Self(fields)).map_err(|rejection| no_form(&rejection))
    }
}

/// The words after the `?`; what does not fit is told by its name.
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let query = axum::extract::Query::from_request_parts(parts, state).await;
        query
            .map(|axum::extract::Query(words)| Self(words))
            .map_err(|rejection| misread(&rejection))
    }
}

/// Segments of the path; what is no text does not exist.
pub(crate) struct Path<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = axum::extract::Path::from_request_parts(parts, state).await;
        path.map(|axum::extract::Path(segments)| Self(segments)).map_err(|_| Code::NotFound.into())
    }
}

/// Takes several fields and tells of all that are wrong at once.
#[derive(Default)]
pub(crate) struct Fields(Option<Problem>);

impl Fields {
    /// Takes a field's value, or notes what was expected.
    pub(crate) fn take<T, E: ToString>(&mut self, field: &str, value: Result<T, E>) -> Option<T> {
        let error = match value {
            Ok(value) => return Some(value),
            Err(error) => error,
        };
        let problem = self.0.take().unwrap_or_else(|| Code::InvalidRequest.into());
        self.0 = Some(problem.naming(field, error));
        None
    }

    /// All that was noted.
    pub(crate) fn problem(self) -> Problem {
        self.0.unwrap_or_else(|| Code::InvalidRequest.into())
    }
}

/// A segment of the path, read by its own parser: what it refuses does not exist.
pub(crate) fn segment<T, E>(parsed: Result<T, E>) -> Result<T, Problem> {
    parsed.map_err(|_| Code::NotFound.into())
}

/// The id of a gate or an intercom in the path.
pub(crate) fn device(text: &str) -> Result<String, Problem> {
    let gate = GateId::parse(text).map(|gate| gate.to_string());
    segment(gate.or_else(|_| IntercomId::parse(text).map(|intercom| intercom.to_string())))
}

/// A number of which only whole ones from 1 on can be right: a fraction or a negative number is as
/// wrong as one out of bounds, and the same words say what is expected.
pub(crate) fn whole(number: &serde_json::Number) -> u32 {
    number.as_u64().and_then(|whole| u32::try_from(whole).ok()).unwrap_or(0)
}

/// The `Idempotency-Key` of a request.
pub(crate) struct IdempotencyKey(pub(crate) String);

impl<S: Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let key = parts.headers.get("idempotency-key").and_then(|key| key.to_str().ok());
        Self::parse(key.unwrap_or_default())
    }
}

impl IdempotencyKey {
    /// Reads one: 1 to 128 characters.
    pub(crate) fn parse(key: &str) -> Result<Self, Problem> {
        let key = Some(key.trim()).filter(|key| (1..=128).contains(&key.len()));
        key.map(|key| Self(key.to_owned())).ok_or_else(|| Code::KeyRequired.into())
    }
}

/// Whether a request says that its body is of this type.
pub(crate) fn is_of_type(headers: &HeaderMap, wanted: &str) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.and_then(|kind| kind.split(';').next()).map(str::trim);
    kind.is_some_and(|kind| kind.eq_ignore_ascii_case(wanted))
}

/// Says why a body could not be read.
pub(crate) fn unread(error: &BytesRejection) -> Problem {
    let too_large = matches!(
        error,
        BytesRejection::FailedToBufferBody(FailedToBufferBody::LengthLimitError(_))
    );
    if too_large {
        Code::TooLarge.into()
    } else if TooSlow::is_behind(error) {
        Code::Timeout.into()
    } else {
        Code::Malformed.into()
    }
}

fn no_form(rejection: &FormRejection) -> Problem {
    if let FormRejection::InvalidFormContentType(_) = rejection {
        return Code::NotForm.into();
    }
    if let FormRejection::BytesRejection(error) = rejection {
        return unread(error);
    }
    misread(rejection)
}

/// axum reads forms and queries by way of `serde_path_to_error` too, and keeps what it said as a
/// source.
fn misread(rejection: &dyn Error) -> Problem {
    let mut causes = std::iter::successors(rejection.source(), |cause| (*cause).source());
    let cause = causes.find_map(|cause| {
        cause.downcast_ref::<serde_path_to_error::Error<serde::de::value::Error>>()
    });
    let malformed = || Code::Malformed.into();
    cause.map_or_else(malformed, |error| named(error.path(), &error.inner().to_string()))
}

fn unfit(error: &serde_path_to_error::Error<serde_json::Error>) -> Problem {
    let inner = error.inner();
    if inner.is_syntax() || inner.is_eof() {
        return Code::Malformed.into();
    }
    let text = inner.to_string();
    named(error.path(), text.split(" at line ").next().unwrap_or_default())
}

fn named(path: &serde_path_to_error::Path, message: &str) -> Problem {
    let path = path.to_string();
    // For a missing or an unknown field, serde names it in the message and not in the path.
    let quoted = message.split('`').nth(1).filter(|_| message.contains(" field `"));
    let field = match (path.as_str(), quoted) {
        (".", Some(field)) => field.to_owned(),
        (path, Some(field)) if !path.ends_with(field) => format!("{path}.{field}"),
        (path, _) => path.to_owned(),
    };
    let message = if message.starts_with("missing field") {
        "is required"
    } else if message.starts_with("unknown field") {
        "is not known here"
    } else {
        message
    };
    Problem::field(&field, message)
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::routing::get;
    use domain::Timestamp;
    use tower::ServiceExt;

    use super::*;

    struct Stopped;

    impl Clock for Stopped {
        fn now(&self) -> Timestamp {
            Timestamp::from_millis(0)
        }
    }

    /// What [`TimeoutLayer`] answers is a bare 408.
    #[tokio::test]
    async fn a_bare_answer_gets_its_document() {
        let late = Router::new().route("/", get(async || StatusCode::REQUEST_TIMEOUT));
        let request = Request::get("/").body(Body::empty()).unwrap();
        let answer = told(late, Arc::new(Stopped)).oneshot(request).await.unwrap();
        assert_eq!(answer.status(), StatusCode::REQUEST_TIMEOUT);
        assert_eq!(answer.headers()[header::CONTENT_TYPE], "application/problem+json");
    }
}
