//! Webhooks on pages: made, tried out, looked after, ended.

use std::time::Duration;

use axum::http::StatusCode;
use domain::webhook::PAUSES;

use crate::courier::stand_in::StandIn;
use crate::guest::tests::world::{Browser, Seen, World};

/// The text of a page's secret.
fn secret_on(page: &Seen) -> String {
    let (_, rest) = page.body.split_once(r#"spellcheck="false">whsec_"#).expect("a secret");
    rest.split_once('<').unwrap().0.to_owned()
}

/// Where the page of the one webhook is.
async fn its_page(owner: &mut Browser) -> String {
    let list = owner.get("/console/webhooks").await.is(StatusCode::OK);
    let (_, rest) = list.body.split_once("/console/webhooks/webhook_").expect("a webhook");
    format!("/console/webhooks/webhook_{}", rest.split_once('"').unwrap().0)
}

impl Browser {
    /// A day after the sign-in, and by a fresh pin.
    async fn may_make_webhooks(&mut self, world: &World) {
        world.later(Duration::from_hours(24));
        self.proves_it_for("webhook", "/console/webhooks/new", world).await;
    }
}

#[tokio::test]
async fn an_owner_makes_a_webhook_and_sees_its_secret_once() {
    let world = World::new().await;
    let mut owner = world.browser();
    owner.signs_in(&world).await;
    owner.get("/console/account").await.says("/console/webhooks");
    owner.get("/console/webhooks").await.says("There is no webhook yet");
    let new = "/console/webhooks/new";
    owner.proves_it_for("webhook", new, &world).await;
    // Who has taken the number over a moment ago would hear on after the owner is back.
    for seen in [owner.get(new).await, owner.post(new, &[("url", "https://x.example/")]).await] {
        seen.is(StatusCode::FORBIDDEN).says("You signed in not long ago");
    }
    owner.may_make_webhooks(&world).await;
    owner.get(new).await.is(StatusCode::OK);
    let long = format!("https://x.example/{}", "a".repeat(500));
    for (url, why) in [
        ("ftp://x.example", "begins with https://"),
        ("nothing", "begins with https://"),
        (&long, "longer than 500 characters"),
    ] {
        let page = owner.post(new, &[("url", url)]).await;
        page.is(StatusCode::UNPROCESSABLE_ENTITY).says(why).says(&format!(r#"value="{url}""#));
    }
    let made = owner.post(new, &[("url", "https://receiver.example/hook")]).await;
    let made = made.is(StatusCode::OK).says("It is shown only now");
    let secret = secret_on(&made);
    let page = its_page(&mut owner).await;
    let seen = owner.get(&page).await.is(StatusCode::OK).says("Nothing to tell yet");
    seen.says("receiver.example/hook").does_not_say(&secret);
    owner.get(&format!("{page}/secret")).await.says("Make a new secret?");
    let rotated = owner.post(&format!("{page}/secret"), &[]).await.says("for 24 hours");
    assert_ne!(secret_on(&rotated), secret);
    owner.get(&format!("{page}/delete")).await.says("Delete this webhook?");
    let ended = owner.post(&format!("{page}/delete"), &[]).await;
    Browser::leads(&ended, "/console/webhooks?done=hook_ended");
    owner.get(ended.header("location")).await.says("Nothing is told there any more");
    owner.get(&page).await.is(StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_private_address_is_refused_with_its_reason() {
    let world = World::with_public_webhooks().await;
    let mut owner = world.browser();
    owner.signs_in(&world).await;
    owner.may_make_webhooks(&world).await;
    for url in ["https://127.0.0.1/", "https://10.0.0.7:8443/hook", "https://[::1]/"] {
        let page = owner.post("/console/webhooks/new", &[("url", url)]).await;
        page.is(StatusCode::UNPROCESSABLE_ENTITY).says("is not on the public internet");
    }
    owner.get("/console/webhooks").await.says("There is no webhook yet");
}

#[tokio::test]
async fn a_webhook_is_tried_out_ten_times_and_then_ten_times_an_hour() {
    let (world, receiver) = (World::new().await, StandIn::replying(&[(204, "")]));
    let mut owner = world.browser();
    owner.signs_in(&world).await;
    owner.may_make_webhooks(&world).await;
    let url = receiver.url();
    owner.post("/console/webhooks/new", &[("url", &url)]).await.is(StatusCode::OK);
    let page = its_page(&mut owner).await;
    let test = format!("{page}/test");
    let taken = owner.post(&test, &[]).await.is(StatusCode::OK).says("Taken: answered 204 after");
    taken.does_not_say(r#"role="alert""#);
    assert!(receiver.heard()[0].body.contains("webhook.test"));
    receiver.turns_to(&[(500, "")]);
    owner.post(&test, &[]).await.says("The receiver answered 500.").says(r#"role="alert""#);
    for _ in 2..10 {
        owner.post(&test, &[]).await.is(StatusCode::OK);
    }
    // Another webhook of the same person is no way around it.
    owner.post("/console/webhooks/new", &[("url", &url)]).await.is(StatusCode::OK);
    let page = owner.post(&test, &[]).await.is(StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(page.header("retry-after"), "360");
    page.says("You have tested often enough for now");
    assert_eq!(receiver.heard().len(), 10);
    world.later(Duration::from_mins(6));
    owner.post(&test, &[]).await.is(StatusCode::OK);
    owner.post(&test, &[]).await.is(StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn what_a_receiver_did_not_take_is_shown_and_told_again_when_asked() {
    let (world, receiver) = (World::new().await, StandIn::replying(&[(500, "")]));
    let mut owner = world.browser();
    owner.signs_in(&world).await;
    owner.may_make_webhooks(&world).await;
    world.files_all().await;
    owner.post("/console/webhooks/new", &[("url", &receiver.url())]).await.is(StatusCode::OK);
    world.issues().await;
    world.files_and_tells().await;
    let page = its_page(&mut owner).await;
    let seen = owner.get(&page).await.says("Does not take messages").says("1 waits.");
    seen.says("The receiver answered 500.").does_not_say("Given up");
    for pause in PAUSES {
        world.later(pause);
        world.files_and_tells().await;
    }
    let seen = owner.get(&page).await.says("Given up").says("Code made").says("1 was given up.");
    seen.says("None waits.");
    owner.get("/console/webhooks").await.says("1 was given up.");
    receiver.turns_to(&[(200, "")]);
    let seen = owner.post(&format!("{page}/dead"), &[]).await;
    Browser::leads(&seen, &format!("{page}?done=hook_revived"));
    owner.get(seen.header("location")).await.says("They are told again now");
    world.files_and_tells().await;
    owner.get(&page).await.says("Works").says("None was given up.").does_not_say("Given up");
}

#[tokio::test]
async fn nobody_sees_or_touches_the_webhook_of_somebody_else() {
    let world = World::new().await;
    let (mut owner, mut other) = (world.browser(), world.browser());
    owner.signs_in(&world).await;
    owner.may_make_webhooks(&world).await;
    other.signs_in_as("%2B27825559999", &world).await;
    let made = owner.post("/console/webhooks/new", &[("url", "https://receiver.example/")]).await;
    made.is(StatusCode::OK);
    let page = its_page(&mut owner).await;
    other.get("/console/webhooks").await.says("There is no webhook yet");
    for path in ["", "/secret", "/delete"] {
        other.get(&format!("{page}{path}")).await.is(StatusCode::NOT_FOUND);
    }
    for path in ["/secret", "/delete", "/test", "/dead"] {
        other.post(&format!("{page}{path}"), &[]).await.is(StatusCode::NOT_FOUND);
        let foreign = [(axum::http::HeaderName::from_static("sec-fetch-site"), "cross-site")];
        let seen = owner.post_with(&format!("{page}{path}"), &[], &foreign).await;
        seen.is(StatusCode::FORBIDDEN);
    }
    owner.get(&page).await.is(StatusCode::OK);
}
