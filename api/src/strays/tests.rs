use axum::BoxError;
use axum::body::Body;
use axum::http::request::Builder;
use axum::http::{Method, Request, StatusCode, header};
use futures_util::stream;

use crate::guest::tests::world::{Seen, World};
use crate::server::TooSlow;

const FORM: &str = "application/x-www-form-urlencoded";

/// What a browser accepts when a person opens an address or presses a button.
const PAGES: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

/// A request that no page and no endpoint answers, where a guest or an owner might send it.
struct Stray {
    what: &'static str,
    method: Method,
    path: &'static str,
    body: fn() -> Body,
    status: StatusCode,
    code: &'static str,
}

fn strays() -> Vec<Stray> {
    let nothing = Body::empty;
    let large = || Body::from("phone=".to_owned() + &"0".repeat(20_000));
    let slow = || Body::from_stream(stream::once(async { Err::<&str, BoxError>(TooSlow.into()) }));
    let (get, post) = (Method::GET, Method::POST);
    let [unknown, method] = [("not_found", 404), ("method_not_allowed", 405)];
    let [large_told, slow_told] = [("too_large", 413), ("timeout", 408)];
    let unfit = ("invalid_request", 422);
    let stray = |what, method: &Method, path, body, (code, status)| {
        let (method, status) = (method.clone(), StatusCode::from_u16(status).unwrap());
        Stray { what, method, path, body, status, code }
    };
    vec![
        stray("unknown to guests", &get, "/no/such/page", nothing, unknown),
        stray("unknown to owners", &get, "/console/no/such/page", nothing, unknown),
        stray("a guest's wrong method", &Method::DELETE, "/enter", nothing, method),
        stray("the wrong method for a picture", &Method::PUT, "/scan", nothing, method),
        stray("an owner's wrong method", &Method::PUT, "/console/sign-in", nothing, method),
        stray("too large for an owner's page", &post, "/console/sign-in", large, large_told),
        stray("too slow for an owner's page", &post, "/console/sign-in", slow, slow_told),
        stray("a guest's wrong query", &get, "/live?pas=1", nothing, unfit),
        stray("an owner's wrong query", &get, "/console/pin?by=pigeon", nothing, unfit),
        stray("a doubled query", &get, "/live?pass=1&pass=2", nothing, unfit),
    ]
}

impl World {
    async fn strays(&self, stray: &Stray, headers: &[(header::HeaderName, &str)]) -> Seen {
        let request = Request::builder().method(stray.method.clone()).uri(stray.path);
        let request = request.header(header::CONTENT_TYPE, FORM);
        let with = |request: Builder, (name, value): &(header::HeaderName, &str)| {
            request.header(name, *value)
        };
        let request = headers.iter().fold(request, with);
        let seen = self.browser().send(request, (stray.body)()).await;
        assert_eq!(seen.status, stray.status, "{}: {}", stray.what, seen.body);
        seen
    }
}

#[tokio::test]
async fn a_browser_reads_every_problem_on_a_page_in_its_language_with_the_headers_of_all_pages() {
    let world = World::at("https://gate.example").await;
    for stray in strays() {
        for tongue in ["en", "af"] {
            let accepts = [(header::ACCEPT, PAGES), (header::ACCEPT_LANGUAGE, tongue)];
            let seen = world.strays(&stray, &accepts).await;
            let what = stray.what;
            assert_eq!(seen.header("content-type"), "text/html; charset=utf-8", "{what}");
            assert_eq!(seen.header("content-language"), tongue, "{what}");
            let is_console = stray.path.starts_with("/console");
            let look = if is_console { "/console/devices" } else { r#"<main data-wait=""# };
            assert!(seen.body.contains(look) || stray.path.contains("/sign-in"), "{what}");
            assert!(seen.body.contains(&format!(r#"<html lang="{tongue}">"#)), "{what}");
            let policy = seen.header("content-security-policy");
            assert!(policy.starts_with("default-src 'none'; script-src 'self'"), "{what}");
            for (name, value) in [
                ("cache-control", "no-store"),
                ("referrer-policy", "no-referrer"),
                ("x-content-type-options", "nosniff"),
                ("x-robots-tag", "noindex"),
                ("cross-origin-opener-policy", "same-origin"),
                ("cross-origin-resource-policy", "same-origin"),
                ("permissions-policy", "camera=(self), geolocation=()"),
                ("strict-transport-security", "max-age=31536000; includeSubDomains"),
            ] {
                assert_eq!(seen.header(name), value, "{what}");
            }
        }
    }
}

#[tokio::test]
async fn a_program_gets_every_problem_as_a_document_that_no_browser_would_run() {
    let world = World::at("https://gate.example").await;
    // The console's own addresses are for browsers alone.
    let is_page = |stray: &Stray| {
        stray.path.starts_with("/console")
            && !["not_found", "method_not_allowed"].contains(&stray.code)
    };
    for stray in strays().into_iter().filter(|stray| !is_page(stray)) {
        for accepts in ["application/json", "*/*"] {
            let seen = world.strays(&stray, &[(header::ACCEPT, accepts)]).await;
            is_a_document(&seen, &stray);
        }
    }
    let json = |path, method: Method, status: u16, code| {
        let status = StatusCode::from_u16(status).unwrap();
        Stray { what: path, method, path, body: Body::empty, status, code }
    };
    for stray in [
        json("/v1/no/such/thing", Method::GET, 404, "not_found"),
        json("/v1/logins", Method::GET, 405, "method_not_allowed"),
        json("/v1/me", Method::GET, 401, "session_missing"),
    ] {
        let seen = world.strays(&stray, &[(header::ACCEPT, PAGES)]).await;
        is_a_document(&seen, &stray);
    }
}

#[track_caller]
fn is_a_document(seen: &Seen, stray: &Stray) {
    let what = stray.what;
    assert_eq!(seen.header("content-type"), "application/problem+json", "{what}");
    assert!(seen.body.contains(&format!(r#""code":"{}""#, stray.code)), "{what}: {}", seen.body);
    let policy = seen.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'"), "{what}: {policy}");
    assert!(policy.contains("frame-ancestors 'none'"), "{what}: {policy}");
    for (name, value) in [
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
        ("cross-origin-resource-policy", "same-origin"),
        ("strict-transport-security", "max-age=31536000; includeSubDomains"),
    ] {
        assert_eq!(seen.header(name), value, "{what}");
    }
}

#[tokio::test]
async fn a_wrong_word_after_the_question_mark_is_named() {
    let world = World::new().await;
    for (path, message) in [("/live", "is required"), ("/live?pass=1&pass=2", "duplicate field")] {
        let seen = world.browser().get(path).await;
        let seen = seen.refuses(StatusCode::UNPROCESSABLE_ENTITY, "invalid_request");
        seen.says(r#""field":"pass""#).says(message);
    }
}

#[tokio::test]
async fn under_the_consoles_own_host_problems_look_like_the_console_and_nowhere_else() {
    let console = Some("https://console.gate.example");
    let world = World::at_hosts("https://gate.example", console).await;
    for (host, path, is_console) in [
        ("console.gate.example", "/no/such/page", true),
        ("console.gate.example", "/enter", true),
        ("gate.example", "/console/devices", false),
        ("gate.example", "/no/such/page", false),
    ] {
        let request = Request::get(path).header(header::HOST, host).header(header::ACCEPT, PAGES);
        let seen = world.browser().send(request, Body::empty()).await.is(StatusCode::NOT_FOUND);
        assert_eq!(seen.body.contains("/console/devices"), is_console, "{host}{path}");
    }
}
