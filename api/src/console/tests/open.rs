//! "Open" on a gate's page, and what becomes of it.

use std::time::Duration;

use axum::http::StatusCode;
use domain::attempt::{Evidence, WhyNot};
use domain::{AttemptId, PhoneNumber};

use crate::guest::tests::world::{Browser, World};

impl World {
    /// The gate's page, and the press of its button.
    async fn presses_open(&self, browser: &mut Browser) -> AttemptId {
        let page = browser.get(&format!("/console/devices/{}", self.gate)).await;
        let key = page.is(StatusCode::OK).hidden("key");
        let open = format!("/console/gates/{}/open", self.gate);
        let seen = browser.post(&open, &[("key", &key)]).await.is(StatusCode::SEE_OTHER);
        let again = browser.post(&open, &[("key", &key)]).await;
        assert_eq!(again.header("location"), seen.header("location"), "a double tap is one press");
        let id = seen.header("location").strip_prefix("/console/openings/").unwrap();
        AttemptId::parse(id).unwrap()
    }

    async fn gate_says(&self, id: AttemptId, evidence: Evidence) {
        let settled = self.store.attempts().settle(self.gate, id, evidence, self.now()).await;
        settled.unwrap().unwrap();
    }
}

#[tokio::test]
async fn an_owner_opens_a_gate_and_is_told_what_the_gate_says_and_nothing_else() {
    let world = World::new().await;
    let mut owner = world.browser();
    owner.signs_in(&world).await;
    let id = world.presses_open(&mut owner).await;
    let path = format!("/console/openings/{id}");
    let page = owner.get(&path).await.says("The gate was asked to open").says("Main Gate");
    // Without scripts the page loads itself again while the gate is about to answer.
    page.says(r#"http-equiv="refresh""#).does_not_say("Open again");
    world.store.attempts().claim(id, world.now()).await.unwrap().unwrap();
    world.later(Duration::from_secs(9));
    owner.get(&path).await.says("No answer from the gate yet").does_not_say("Open again");
    world.gate_says(id, Evidence::Executed).await;
    let page = owner.get(&path).await.says("that it had opened, or lost its power just before");
    page.says("Open again").does_not_say(r#"http-equiv="refresh""#);

    world.later(Duration::from_secs(9));
    let id = world.presses_open(&mut owner).await;
    world.store.attempts().claim(id, world.now()).await.unwrap().unwrap();
    world.gate_says(id, Evidence::NotExecuted(WhyNot::TooSoon)).await;
    let path = format!("/console/openings/{id}");
    owner.get(&path).await.says("it had opened for somebody else, or got power, a moment before");

    let id = world.presses_open(&mut owner).await;
    world.store.attempts().claim(id, world.now()).await.unwrap().unwrap();
    world.gate_says(id, Evidence::Executed).await;
    owner.get(&format!("/console/openings/{id}")).await.says("The gate opened at");
}

#[tokio::test]
async fn a_gate_that_is_offline_is_told_on_its_page_and_nothing_is_sent() {
    let world = World::new().await;
    let mut owner = world.browser();
    owner.signs_in(&world).await;
    world.gate_is_gone().await;
    let open = format!("/console/gates/{}/open", world.gate);
    let page = owner.post(&open, &[("key", "k")]).await.is(StatusCode::SERVICE_UNAVAILABLE);
    page.says("Nothing was sent, and nothing is sent later").says("<h1><bdi>Main Gate</bdi></h1>");
    assert_eq!(world.store.attempts().unsettled().await.unwrap(), 0);
    let foreign = [(axum::http::HeaderName::from_static("sec-fetch-site"), "cross-site")];
    world.gate_is_ready().await;
    owner.post_with(&open, &[("key", "k")], &foreign).await.is(StatusCode::FORBIDDEN);
    assert_eq!(world.store.attempts().unsettled().await.unwrap(), 0);
}

#[tokio::test]
async fn somebody_it_is_shared_with_opens_a_gate_and_nobody_else_sees_it() {
    let world = World::new().await;
    let (mut friend, mut stranger) = (world.browser(), world.browser());
    let (gate, phone) = (world.gate.to_string(), PhoneNumber::parse("+27825559999", None).unwrap());
    let shared = world.store.people().share(world.owner, gate, phone, false, world.now()).await;
    shared.unwrap().unwrap();
    friend.signs_in_as("%2B27825559999", &world).await;
    stranger.signs_in_as("%2B27825558888", &world).await;
    let id = world.presses_open(&mut friend).await;
    let path = format!("/console/openings/{id}");
    friend.get(&path).await.is(StatusCode::OK);
    stranger.get(&path).await.is(StatusCode::NOT_FOUND);
    let open = format!("/console/gates/{}/open", world.gate);
    stranger.post(&open, &[("key", "k")]).await.is(StatusCode::NOT_FOUND);
}
