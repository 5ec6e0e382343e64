//! The devices of an account: seen, claimed, named.

use std::time::Duration;

use axum::http::StatusCode;

use crate::guest::tests::world::{Browser, World};

#[tokio::test]
async fn i_1_a_device_is_claimed_by_the_code_on_its_label() {
    let world = World::new().await;
    let (id, code) = world.makes_a_free_intercom("Intercom").await;
    let mut owner = world.browser();
    owner.signs_in(&world).await;
    let typed = code.reveal().to_lowercase().replace('-', "+");
    let page = owner.get(&format!("/console/claim?code={}", code.reveal())).await;
    page.says(&format!(r#"value="{}""#, code.reveal()));
    let seen = owner.post("/console/claim", &[("claim_code", &typed), ("name", "Back+Door")]).await;
    Browser::leads(&seen, &format!("/console/devices/{id}?done=claimed"));
    let page = owner.get(seen.header("location")).await.says("The device is on your account.");
    page.says("<bdi>Back Door</bdi>").says("once its owner has saved the One Time Access");
}

#[tokio::test]
async fn i_1a_a_label_of_nobody_and_one_of_another_account_are_told_and_what_was_typed_stays() {
    let world = World::new().await;
    let (_, code) = world.makes_a_free_intercom("Intercom").await;
    let (mut owner, mut other) = (world.browser(), world.browser());
    owner.signs_in(&world).await;
    owner.post("/console/claim", &[("claim_code", &code.reveal())]).await.is(StatusCode::SEE_OTHER);
    other.signs_in_as("%2B27825559999", &world).await;
    let typed = [("claim_code", "AAAAA-BBBBB-CCCCC"), ("name", "Mine")];
    let page = other.post("/console/claim", &typed).await.is(StatusCode::NOT_FOUND);
    page.says("No device has this code").says("AAAAA-BBBBB-CCCCC").says(r#"value="Mine""#);
    let page = other.post("/console/claim", &[("claim_code", &code.reveal())]).await;
    page.is(StatusCode::CONFLICT).says("This device is on another account");
    let page = other.post("/console/claim", &[("claim_code", "12")]).await;
    page.is(StatusCode::UNPROCESSABLE_ENTITY).says("Type the fifteen letters and digits");
    world.has_guessed_too_often().await;
    other.post("/console/claim", &typed).await.is(StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn an_owner_names_a_device_and_nobody_else_does() {
    let world = World::new().await;
    let (mut owner, mut other) = (world.browser(), world.browser());
    world.shares_with("+27825559999", true).await;
    owner.signs_in(&world).await;
    let path = format!("/console/devices/{}/name", world.intercom);
    owner.get(&path).await.says(r#"value="Unit 4""#);
    let page = owner.post(&path, &[("name", "+")]).await.is(StatusCode::UNPROCESSABLE_ENTITY);
    page.says("Type a name of 1 to 80 characters");
    let seen = owner.post(&path, &[("name", "Villa+%3Cb%3E")]).await;
    Browser::leads(&seen, &format!("/console/devices/{}?done=changed", world.intercom));
    owner.get("/console/devices").await.says("<bdi>Villa &#60;b&#62;</bdi>");

    other.signs_in_as("%2B27825559999", &world).await;
    other.get(&path).await.is(StatusCode::FORBIDDEN).says("Only the owner may do this");
    other.post(&path, &[("name", "Mine")]).await.is(StatusCode::FORBIDDEN);
    let page = other.get(&format!("/console/devices/{}", world.intercom)).await;
    page.does_not_say("/name").does_not_say("/settings").says("/codes");
}

/// O-8b: codes wait, and say so; whoever has the label puts the gate on their account.
#[tokio::test]
async fn o_8b_an_owner_takes_a_gate_off_the_account_after_a_fresh_pin_and_a_question() {
    let world = World::new().await;
    let (mut owner, mut friend) = (world.browser(), world.browser());
    world.shares(&world.gate.to_string(), "+27825559999", false).await;
    friend.signs_in_as("%2B27825559999", &world).await;
    owner.signs_in(&world).await;
    let device = format!("/console/devices/{}", world.gate);
    let removal = format!("/console/gates/{}/removal", world.gate);
    owner.get(&device).await.says("Take it off my account").says(&removal);
    friend.get(&device).await.does_not_say("/removal");
    friend.get(&removal).await.is(StatusCode::FORBIDDEN).says("Only the owner may do this");
    friend.post(&removal, &[]).await.is(StatusCode::FORBIDDEN);

    let proof = format!("removal-{}", world.gate);
    let to_proof = format!("/console/account/proof?next={proof}");
    Browser::leads(&owner.post(&removal, &[]).await, &to_proof);
    owner.proves_it_for(&proof, &removal, &world).await;
    // Whoever has just taken the number over takes no gate with it.
    for page in [owner.get(&removal).await, owner.post(&removal, &[]).await] {
        page.is(StatusCode::FORBIDDEN).says("You signed in not long ago");
    }
    world.later(Duration::from_hours(24));
    owner.proves_it_for(&proof, &removal, &world).await;
    world.issues().await;
    let page = owner.get(&removal).await.is(StatusCode::OK).says("Main Gate off your account?");
    page.says("wait until you choose another gate").says(&device);
    let foreign = [(axum::http::HeaderName::from_static("sec-fetch-site"), "cross-site")];
    owner.post_with(&removal, &[], &foreign).await.is(StatusCode::FORBIDDEN);
    owner.get(&device).await.is(StatusCode::OK);

    let seen = owner.post(&removal, &[]).await;
    Browser::leads(&seen, "/console/devices?done=taken_off_suspended");
    let page = owner.get(seen.header("location")).await.says("The gate is off your account.");
    page.says("open nothing until another gate is chosen").does_not_say("Main Gate");
    owner.get(&removal).await.is(StatusCode::NOT_FOUND);
    friend.get(&device).await.is(StatusCode::NOT_FOUND);
    let intercom = owner.get(&format!("/console/devices/{}", world.intercom)).await;
    let intercom = intercom.says("A gate of the settings is not on this account any more");
    intercom.does_not_say("Take it off my account");
    let of_intercom = format!("/console/gates/{}/removal", world.intercom);
    owner.get(&of_intercom).await.is(StatusCode::CONFLICT).says("This device is no gate");
}
