//! The console under a host name of its own.

use axum::body::Body;
use axum::http::{HeaderName, Request, StatusCode, header};

use crate::guest::tests::world::{Browser, Seen, World, link};

const PUBLIC: &str = "fluss.example";
const CONSOLE: &str = "console.fluss.example";

async fn world() -> World {
    let console_url = format!("http://{CONSOLE}");
    World::at_hosts(&format!("http://{PUBLIC}"), Some(&console_url)).await
}

impl Browser {
    async fn get_at(&mut self, host: &str, path: &str) -> Seen {
        self.send(Request::get(path).header(header::HOST, host), Body::empty()).await
    }

    async fn post_at(&mut self, host: &str, origin: &str, path: &str) -> Seen {
        let headers = [(header::HOST, host), (header::ORIGIN, origin)];
        self.post_with(path, &[("phone", "%2B27821234567")], &headers).await
    }
}

#[tokio::test]
async fn each_page_answers_under_its_own_host_and_no_other() {
    let world = world().await;
    let issued = world.issues().await;
    let mut browser = world.browser();
    browser.get_at(CONSOLE, "/console/sign-in").await.is(StatusCode::OK);
    browser.get_at("CONSOLE.Fluss.example", "/console/sign-in").await.is(StatusCode::OK);
    for host in [PUBLIC, CONSOLE] {
        let style = crate::pages::assets::address("console.css");
        browser.get_at(host, &style).await.is(StatusCode::OK);
    }
    for host in [PUBLIC, "127.0.0.1:8080"] {
        browser.get_at(host, "/console/sign-in").await.is(StatusCode::NOT_FOUND);
        browser.get_at(host, "/console/devices").await.is(StatusCode::NOT_FOUND);
        browser.get_at(host, &link(&issued)).await.is(StatusCode::OK);
        browser.get_at(host, &world.board).await.is(StatusCode::OK);
        browser.get_at(host, "/openapi.json").await.is(StatusCode::OK);
        browser.get_at(host, "/v1/me").await.is(StatusCode::UNAUTHORIZED);
    }
    for path in [&link(&issued), &world.board, "/v1/me", "/openapi.json", "/enter"] {
        browser.get_at(CONSOLE, path).await.is(StatusCode::NOT_FOUND);
    }
    let led = browser.get_at(CONSOLE, "/").await.is(StatusCode::SEE_OTHER);
    assert_eq!(led.header("location"), "/console");
}

#[tokio::test]
async fn a_form_of_the_public_host_does_nothing_at_the_console() {
    let world = world().await;
    let mut browser = world.browser();
    let [public, console] = [PUBLIC, CONSOLE].map(|host| format!("http://{host}"));
    let page = browser.post_at(CONSOLE, &public, "/console/sign-in").await;
    page.is(StatusCode::FORBIDDEN).says("not from a page of ours");
    let same_site = [
        (header::HOST, CONSOLE),
        (header::ORIGIN, "null"),
        (HeaderName::from_static("sec-fetch-site"), "same-site"),
    ];
    browser.post_with("/console/sign-out", &[], &same_site).await.is(StatusCode::FORBIDDEN);
    browser.post_at(CONSOLE, &console, "/console/sign-in").await.is(StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn without_a_host_of_its_own_the_console_is_where_everything_is() {
    let world = World::new().await;
    let mut browser = world.browser();
    for host in [PUBLIC, CONSOLE, "localhost:8080"] {
        browser.get_at(host, "/console/sign-in").await.is(StatusCode::OK);
        browser.get_at(host, "/").await.is(StatusCode::OK);
    }
}
