//! The end of a visit as its guest reads it, with a grace and without; and links that are unlocked.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use domain::Settings;
use domain::attempt::Evidence;
use domain::settings::{ExitGate, ExitGrace, InviteDuration, MaxUsers};

use super::world::{World, digits, link, wrong_digits};

impl World {
    /// The owner lets guests of new codes leave for two hours after the end.
    pub(crate) async fn grants_two_hours(&self) {
        let settings = Settings {
            entry_gate: self.gate,
            exit_gate: ExitGate::SameAsEntry,
            max_users: MaxUsers::default(),
            invite_duration: InviteDuration::default(),
            exit_grace: ExitGrace::from_minutes(120).unwrap(),
        };
        self.saves_again(settings).await;
    }
}

#[tokio::test]
async fn g_15_a_guest_within_the_grace_reads_until_when_and_leaves() {
    let world = World::new().await;
    world.grants_two_hours().await;
    let issued = world.issues().await;
    let mut guest = world.lets_in(&issued).await;
    let late = world.issues().await;
    let mut latecomer = world.browser();
    world.later(Duration::from_hours(12));
    world.gate_is_ready().await;
    latecomer.get(&link(&late)).await.says("Your pass has expired");
    let page = guest.get(&link(&issued)).await.says("Your time is over, and you can still leave");
    page.says("lets you out until").does_not_say("your host is told");
    let form = guest.is_leaving(&issued).await;
    form.send(&mut guest, &digits(&issued)).await.leads_to(&issued);
    world.gate_reports(&issued, Evidence::Executed).await;
    guest.get(&link(&issued)).await.says("Goodbye");
}

#[tokio::test]
async fn g_14_without_a_grace_a_guest_reads_that_the_host_is_told() {
    let world = World::new().await;
    let issued = world.issues().await;
    let mut guest = world.lets_in(&issued).await;
    let form = guest.is_leaving(&issued).await;
    world.later(Duration::from_hours(12));
    guest.get(&link(&issued)).await.says("your host can see that you are still inside");
    let page = form.send(&mut guest, &digits(&issued)).await.is(StatusCode::GONE);
    page.says("Your time is over").says("your host can see that you are still inside");
}

#[tokio::test]
async fn g_15_an_app_reads_the_grace_and_sets_only_what_is_on_offer() {
    let world = World::new().await;
    world.grants_two_hours().await;
    let settings = format!("/v1/intercoms/{}/settings", world.intercom);
    let page = world.owner_asks(Method::GET, &settings, "").await.is(StatusCode::OK);
    page.says(r#""exit_grace_minutes":120"#)
        .says(r#""exit_grace_minutes_offered":[0,30,120,2880]"#);
    let odd = format!(r#"{{"entry_gate":"{}","exit_grace_minutes":45}}"#, world.gate);
    let refused = world.owner_asks(Method::PUT, &settings, &odd).await;
    refused.refuses(StatusCode::UNPROCESSABLE_ENTITY, "invalid_request");
    let issued = world.issues().await;
    world.lets_in(&issued).await;
    let code = format!("/v1/codes/{}", issued.pass.code.id);
    let read = async || world.owner_asks(Method::GET, &code, "").await.is(StatusCode::OK);
    read().await.says(r#""state":"inside""#).says(r#""alert":null"#);
    world.later(Duration::from_mins(11 * 60 + 45));
    read().await.says(r#""alert":"ending""#);
    world.later(Duration::from_mins(15));
    let page = read().await.says(r#""state":"in_grace""#).says(r#""alert":"overstay""#);
    page.says(r#""exit_until":"2026-05-29T"#).says(r#""no_exit_recorded":true"#);
    world.later(Duration::from_hours(2));
    read().await.says(r#""state":"expired""#);
}

#[tokio::test]
async fn g_7_a_host_allows_five_more_and_the_guest_gets_in() {
    let world = World::new().await;
    let issued = world.issues().await;
    let mut guest = world.browser();
    let form = guest.stands_at(&issued, &world.board).await;
    let path = format!("/v1/codes/{}/allow-more", issued.pass.code.id);
    for _ in 0..5 {
        world.later(Duration::from_secs(15));
        form.send(&mut guest, wrong_digits(&issued)).await;
    }
    guest.get(&link(&issued)).await.says("Too many wrong codes");
    for _ in 0..2 {
        let told = world.owner_asks(Method::POST, &path, "").await.is(StatusCode::OK);
        told.says(r#""link_locked_at":null"#).does_not_say("digits");
    }
    guest.get(&link(&issued)).await.does_not_say("Too many wrong codes");
    form.send(&mut guest, &digits(&issued)).await.leads_to(&issued);
    world.gate_reports(&issued, Evidence::NotExecuted(domain::attempt::WhyNot::NeverArrived)).await;
    world.revokes(&issued).await;
    let refused = world.owner_asks(Method::POST, &path, "").await;
    refused.says(r#""state":"revoked""#).refuses(StatusCode::CONFLICT, "not_active");
    let nobody = axum::http::Request::post(&path);
    let refused = world.browser().send(nobody, axum::body::Body::empty()).await;
    refused.refuses(StatusCode::UNAUTHORIZED, "session_missing");
}
