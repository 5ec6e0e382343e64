//! A device goes to another owner on pages (O-9).

use std::time::Duration;

use axum::http::StatusCode;

use crate::guest::tests::world::{Browser, World};

const BUYER: &str = "%2B27831112222";

/// An owner whose session is a day old and proved by a fresh pin, and somebody to give to.
async fn before_the_form(world: &World, device: &str) -> (Browser, Browser) {
    let (mut owner, mut buyer) = (world.browser(), world.browser());
    owner.signs_in(world).await;
    buyer.signs_in_as(BUYER, world).await;
    world.later(Duration::from_hours(24));
    let form = format!("/console/devices/{device}/transfer");
    owner.proves_it_for(device, &form, world).await;
    (owner, buyer)
}

#[tokio::test]
async fn o_9_an_owner_gives_an_intercom_and_its_gate_away_on_pages() {
    let world = World::new().await;
    let (gate, intercom) = (world.gate.to_string(), world.intercom.to_string());
    world.issues().await;
    let (mut owner, mut buyer) = before_the_form(&world, &intercom).await;
    let (device, form) =
        (format!("/console/devices/{intercom}"), format!("/console/devices/{intercom}/transfer"));
    owner.get(&device).await.says(&form).says("Give to another owner");
    let page = owner.get(&form).await.is(StatusCode::OK).says("at once and for good");
    page.says(&format!(r#"name="entry_gate" value="{gate}" checked"#));
    let page = owner.post(&form, &[("phone", "12"), ("entry_gate", &gate)]).await;
    let page = page.is(StatusCode::UNPROCESSABLE_ENTITY).says("Type a mobile number");
    page.says(r#"value="12""#).says("checked");

    let asked = owner.post(&form, &[("phone", BUYER), ("entry_gate", &gate)]).await;
    let asked = asked.is(StatusCode::OK).says("Give it away for good?").says("+27831112222");
    asked.says("Goes along").says(r#"name="sure" value="yes" required"#);
    buyer.get("/console/devices").await.says("There is no device on your account yet");

    let sure = [("phone", BUYER), ("entry_gate", &gate), ("sure", "yes")];
    let seen = owner.post(&form, &sure).await;
    Browser::leads(&seen, &format!("{device}?done=given"));
    let page = owner.get(seen.header("location")).await.says("on the new owner’s account now");
    page.does_not_say("/transfer").does_not_say("/settings").says("/codes");
    owner.get(&form).await.is(StatusCode::FORBIDDEN).says("Only the owner may do this");
    owner.post(&form, &sure).await.is(StatusCode::FORBIDDEN);
    buyer.get("/console/devices").await.says("Unit 4").says("Main Gate");
    buyer.get(&device).await.says("/settings").does_not_say("Choose one and save");
}

#[tokio::test]
async fn x18_both_are_told_when_an_intercoms_gate_stays_behind() {
    let world = World::new().await;
    let intercom = world.intercom.to_string();
    world.issues().await;
    let (mut owner, mut buyer) = before_the_form(&world, &intercom).await;
    // The code of a day ago has ended; this one goes on.
    world.issues().await;
    let form = format!("/console/devices/{intercom}/transfer");
    owner.post(&form, &[("phone", BUYER)]).await.is(StatusCode::OK).says("Stays with you");
    let seen = owner.post(&form, &[("phone", BUYER), ("sure", "yes")]).await;
    let device = format!("/console/devices/{intercom}");
    Browser::leads(&seen, &format!("{device}?done=given_suspended"));
    let page = owner.get(seen.header("location")).await;
    page.says("Its codes open nothing until they choose a gate");
    buyer.get(&device).await.says("A gate of the settings is not on this account any more");
}

#[tokio::test]
async fn o_9_a_device_is_given_to_nobody_who_is_not_there_and_not_by_others() {
    let world = World::new().await;
    let gate = world.gate.to_string();
    let (mut owner, mut other) = before_the_form(&world, &gate).await;
    let form = format!("/console/devices/{gate}/transfer");
    owner.get(&form).await.says("Codes of intercoms that stay with you").does_not_say("checkbox");
    let unknown = [("phone", "%2B27839999999"), ("sure", "yes")];
    let page = owner.post(&form, &unknown).await.is(StatusCode::UNPROCESSABLE_ENTITY);
    page.says("Nobody has signed in with this number yet").says(r#"value="+27839999999""#);
    let own = [("phone", "%2B27821234567"), ("sure", "yes")];
    let page = owner.post(&form, &own).await.is(StatusCode::CONFLICT);
    page.says("on this account already");
    other.get(&form).await.is(StatusCode::NOT_FOUND);
    other.post(&form, &own).await.is(StatusCode::NOT_FOUND);
    let foreign = [(axum::http::HeaderName::from_static("sec-fetch-site"), "cross-site")];
    let wish = [("phone", BUYER), ("sure", "yes")];
    owner.post_with(&form, &wish, &foreign).await.is(StatusCode::FORBIDDEN);
    world.later(Duration::from_mins(6));
    let proof = format!("/console/account/proof?next={gate}");
    Browser::leads(&owner.post(&form, &wish).await, &proof);
    owner.get("/console/devices").await.says("Main Gate");
}

#[tokio::test]
async fn o_9_who_signed_in_not_long_ago_is_told_from_when_on_it_can_be_done() {
    let world = World::new().await;
    let gate = world.gate.to_string();
    let mut owner = world.browser();
    owner.signs_in(&world).await;
    let form = format!("/console/devices/{gate}/transfer");
    owner.proves_it_for(&gate, &form, &world).await;
    let page = owner.get(&form).await.is(StatusCode::FORBIDDEN);
    let page =
        page.says("For your safety this can only be done after").says("(SAST) on 29\u{a0}May");
    page.does_not_say("<input");
    let wish = [("phone", BUYER), ("sure", "yes")];
    owner.post(&form, &wish).await.is(StatusCode::FORBIDDEN).says("For your safety");
}

#[tokio::test]
async fn a_proof_leads_nowhere_but_to_a_page_of_ours() {
    let world = World::new().await;
    let mut owner = world.browser();
    owner.signs_in(&world).await;
    for next in ["https://elsewhere.example", "gate_x", "..%2F..", ""] {
        let page = owner.get(&format!("/console/account/proof?next={next}")).await;
        assert!(page.status.is_client_error(), "{next}: {}", page.status);
    }
}
