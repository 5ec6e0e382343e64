//! What is answered where no page and no endpoint has an answer: an unknown address, a wrong method,
//! a request too large, too slow or misspelt, a fault.
//!
//! Who asked by a browser reads it on a page, in their language; everybody else gets the problem
//! document. What is *absent* here: which problems there are (`answers`).

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;

use crate::answers::is_untold;
use crate::pages::{self, Tongue, hosts};
use crate::{Api, console, guest};

/// Tells a problem that nobody told by a page, and leaves no answer without safe headers.
pub(crate) async fn told(State(api): State<Api>, request: Request, next: Next) -> Response {
    let (tongue, reader) = (Tongue::of(request.headers()), Reader::of(&api, &request));
    let answer = next.run(request).await;
    let answer = match reader {
        Reader::Guest if is_untold(&answer) => {
            pages::finished(&api, guest::told(answer).await, tongue)
        }
        Reader::Owner if is_untold(&answer) => {
            pages::finished(&api, console::told(answer).await, tongue)
        }
        Reader::Guest | Reader::Owner | Reader::Program => answer,
    };
    pages::safe(&api, answer)
}

/// Who reads the answer.
enum Reader {
    Guest,
    Owner,
    Program,
}

impl Reader {
    fn of(api: &Api, request: &Request) -> Self {
        let path = request.uri().path();
        let is_for_programs = path == "/v1" || path.starts_with("/v1/");
        if is_for_programs || !pages::are_accepted(request.headers()) {
            Self::Program
        } else if hosts::is_console(api, request) {
            Self::Owner
        } else {
            Self::Guest
        }
    }
}

#[cfg(test)]
mod tests;
