//! API keys on pages: made after a fresh pin, shown once, listed with their last use, revoked.

use std::time::Duration;

use axum::http::StatusCode;
use domain::secret::ApiKeyToken;

use crate::guest::tests::world::{Browser, World};

const KEYS: &str = "/console/account/keys";

#[tokio::test]
async fn an_owner_makes_a_key_on_pages_sees_it_once_and_revokes_it() {
    let world = World::new().await;
    let mut owner = world.browser();
    owner.signs_in(&world).await;
    world.later(Duration::from_hours(24));
    owner.get("/console/account").await.says(KEYS);
    owner.get(KEYS).await.says("You have made none yet").says("/console/account/keys/new");
    let new = "/console/account/keys/new";
    let proof = "/console/account/proof?next=key";
    Browser::leads(&owner.get(new).await, proof);
    Browser::leads(&owner.post(new, &[]).await, proof);
    let pin = owner.is_sent_to(proof, &[("channel", "sms")]).await;
    let (_, right) = world.phone.pin();
    Browser::leads(&owner.post(&pin, &[("pin", &right)]).await, new);

    owner.get(new).await.says("Main Gate").says("open gates").does_not_say("checked");
    let gate = world.gate.to_string();
    let page = owner.post(new, &[("name", "+"), ("verb", "list"), ("device", &gate)]).await;
    let page = page.is(StatusCode::UNPROCESSABLE_ENTITY).says("Type a name of 1 to 80 characters");
    page.says(&format!(r#"value="{gate}" checked"#)).says(r#"value="list" checked"#);
    let page = owner.post(new, &[("name", "Home+Assistant")]).await;
    let page = page.is(StatusCode::UNPROCESSABLE_ENTITY).says("Choose at least one thing");
    page.says("Choose at least one device").says(r#"value="Home Assistant""#);

    let form =
        [("name", "Home+Assistant"), ("verb", "list"), ("verb", "trigger"), ("device", &gate)];
    let page = owner.post(new, &form).await.is(StatusCode::OK).says("It is shown only now");
    let (_, key) = page.body.split_once("<code>").unwrap();
    let key = ApiKeyToken::parse(key.split_once("</code>").unwrap().0).unwrap();
    let listed =
        owner.get(KEYS).await.says("Home Assistant").says("Main Gate").says("not used yet");
    listed.does_not_say("flk_").says("list the devices, open gates");
    world.store.api_keys().find(&key, world.now()).await.unwrap().unwrap();
    owner.get(KEYS).await.says("last used at");

    let made = world.store.api_keys().of(world.owner).await.unwrap();
    let revoke = format!("{KEYS}/{}/revoke", made[0].id);
    owner.get(&revoke).await.says("Revoke Home Assistant?");
    let seen = owner.post(&revoke, &[]).await;
    Browser::leads(&seen, "/console/account/keys?done=key_revoked");
    owner.get(seen.header("location")).await.says("The key opens nothing any more");
    assert!(world.store.api_keys().find(&key, world.now()).await.unwrap().is_none());
    owner.get(&revoke).await.is(StatusCode::NOT_FOUND);
}

/// A thief who took the number over makes no key that outlasts the theft.
#[tokio::test]
async fn who_signed_in_not_long_ago_makes_no_key() {
    let world = World::new().await;
    let mut owner = world.browser();
    owner.signs_in(&world).await;
    let pin = owner.is_sent_to("/console/account/proof?next=key", &[("channel", "sms")]).await;
    let (_, right) = world.phone.pin();
    owner.post(&pin, &[("pin", &right)]).await;
    let gate = world.gate.to_string();
    let form = [("name", "Thief"), ("verb", "trigger"), ("device", gate.as_str())];
    let page = owner.post("/console/account/keys/new", &form).await.is(StatusCode::FORBIDDEN);
    page.says("This can be done a day after.").does_not_say("flk_");
}
