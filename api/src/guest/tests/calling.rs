//! The button that calls the host.

use axum::http::{Method, StatusCode};
use domain::access_code::HELP_LASTS;

use super::world::{World, link, wrong_digits};

const NUMBER: &str = r#"href="tel:+27821234567""#;

#[tokio::test]
async fn g_11_a_guest_before_a_gate_that_is_away_can_call_the_host_who_allows_it() {
    let world = World::new().await;
    let issued = world.issues().await;
    let mut guest = world.browser();
    guest.get(&link(&issued)).await;
    world.gate_is_gone().await;
    let page = guest.get(&link(&issued)).await.says("not reachable right now");
    assert!(!page.body.contains("tel:"), "not unless the host allows it");
    world.lets_guests_call(true).await;
    guest.get(&link(&issued)).await.says(NUMBER);
    guest.get(&world.board).await.says(NUMBER);
    world.gate_is_ready().await;
    let page = guest.get(&link(&issued)).await.says("Scan the board");
    assert!(!page.body.contains("tel:"), "where no help is needed there is no number");
    world.gate_is_gone().await;
    world.lets_guests_call(false).await;
    assert!(!guest.get(&link(&issued)).await.body.contains("tel:"), "the host took it back");
}

/// A preview keeps no cookie; a guest who opens the link for the first time has the number one tap
/// away.
#[tokio::test]
async fn g_3_a_browser_that_is_not_known_yet_sees_the_number_only_after_a_tap() {
    let world = World::new().await;
    world.lets_guests_call(true).await;
    let issued = world.issues().await;
    world.revokes(&issued).await;
    let mut guest = world.browser();
    let page = guest.get(&link(&issued)).await.says("Cancelled by your host");
    let ask = format!(r#"<a class="button second" href="{}">"#, link(&issued));
    assert!(!page.says(&ask).body.contains("tel:"));
    guest.get(&link(&issued)).await.says(NUMBER);
}

#[tokio::test]
async fn g_14_who_is_inside_when_time_is_over_can_call_for_a_day() {
    let world = World::new().await;
    world.lets_guests_call(true).await;
    let issued = world.issues().await;
    let mut guest = world.lets_in(&issued).await;
    assert!(!guest.get(&link(&issued)).await.body.contains("tel:"));
    let end = issued.pass.code.expires_at;
    world.later(world.now().until(end));
    guest.get(&link(&issued)).await.says("Your time is over").says(NUMBER);
    world.later(HELP_LASTS);
    let page = guest.get(&link(&issued)).await.says("Your time is over");
    assert!(!page.body.contains("tel:"));
}

#[tokio::test]
async fn g_7_who_has_locked_the_link_can_call() {
    let world = World::new().await;
    world.lets_guests_call(true).await;
    let issued = world.issues().await;
    let mut guest = world.browser();
    let form = guest.stands_at(&issued, &world.board).await;
    let mut last = form.send(&mut guest, wrong_digits(&issued)).await;
    for _ in 1..5 {
        world.later(std::time::Duration::from_secs(15));
        last = form.send(&mut guest, wrong_digits(&issued)).await;
    }
    last.says("Too many wrong codes").says(NUMBER);
    guest.get(&link(&issued)).await.says("Too many wrong codes").says(NUMBER);
}

#[tokio::test]
async fn only_the_owner_decides_whether_guests_may_call() {
    let world = World::new().await;
    let path = format!("/v1/intercoms/{}/calls", world.intercom);
    world.owner_asks(Method::GET, &path, "").await.says(r#""guests_may_call":false,"since":null"#);
    let allowed = world.owner_asks(Method::PUT, &path, r#"{"guests_may_call":true}"#).await;
    allowed.is(StatusCode::OK).says(r#""guests_may_call":true"#).says(r#""since":"2026-05-28T"#);
    let wrong = world.owner_asks(Method::PUT, &path, r#"{"guests_may_call":1}"#).await;
    wrong.refuses(StatusCode::UNPROCESSABLE_ENTITY, "invalid_request");
    let request = axum::http::Request::get(&path);
    let stranger = world.browser().send(request, axum::body::Body::empty()).await;
    stranger.refuses(StatusCode::UNAUTHORIZED, "session_missing");
    let gate = format!("/v1/intercoms/{}/calls", world.gate);
    let gate = world.owner_asks(Method::GET, &gate, "").await;
    gate.refuses(StatusCode::CONFLICT, "not_an_intercom");
}
