//! API keys as an owner's app makes, lists and revokes them.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::guest::tests::world::World;

impl World {
    /// The owner's session is proved by a fresh pin.
    async fn owner_is_proved(&self) {
        let begun = self.owner_asks(Method::POST, "/v1/step-ups", "{}").await;
        let begun: Value = serde_json::from_str(&begun.body).unwrap();
        let verify = format!("/v1/step-ups/{}/verify", begun["login_id"].as_str().unwrap());
        let body = json!({ "pin": self.phone.pin().1 }).to_string();
        self.owner_asks(Method::POST, &verify, &body).await.is(StatusCode::OK);
    }
}

fn wanted(world: &World, verbs: &[&str]) -> String {
    json!({ "name": "Home Assistant", "verbs": verbs, "devices": [world.gate.to_string()] })
        .to_string()
}

#[tokio::test]
async fn a_key_is_made_after_a_fresh_pin_shown_once_listed_and_revoked() {
    let world = World::new().await;
    let wanted = wanted(&world, &["trigger", "list"]);
    let refused = world.owner_asks(Method::POST, "/v1/api-keys", &wanted).await;
    refused.refuses(StatusCode::FORBIDDEN, "step_up_needed");
    world.owner_is_proved().await;
    let made = world.owner_asks(Method::POST, "/v1/api-keys", &wanted).await;
    let made: Value = serde_json::from_str(&made.is(StatusCode::CREATED).body).unwrap();
    assert_eq!(made["verbs"], json!(["list", "trigger"]));
    let (id, key) = (made["id"].as_str().unwrap(), made["key"].as_str().unwrap());
    assert!(key.starts_with("flk_"), "{key}");

    let listed = world.owner_asks(Method::GET, "/v1/api-keys", "").await.is(StatusCode::OK);
    let listed = listed.says(id).says("Home Assistant").says(r#""used_at":null"#);
    listed.does_not_say("flk_");
    let path = format!("/v1/api-keys/{id}");
    world.owner_asks(Method::DELETE, &path, "").await.is(StatusCode::NO_CONTENT);
    let again = world.owner_asks(Method::DELETE, &path, "").await;
    again.refuses(StatusCode::NOT_FOUND, "not_found");
    world.owner_asks(Method::GET, "/v1/api-keys", "").await.does_not_say(id);
}

#[tokio::test]
async fn what_is_wrong_with_a_wanted_key_is_told_by_its_fields() {
    let world = World::new().await;
    world.owner_is_proved().await;
    let gate = world.gate.to_string();
    for (body, field) in [
        (json!({ "name": " ", "verbs": ["list"], "devices": [gate] }), "name"),
        (json!({ "name": "x", "verbs": [], "devices": [gate] }), "verbs"),
        (json!({ "name": "x", "verbs": ["list"], "devices": [] }), "devices"),
        (json!({ "name": "x", "verbs": ["list"], "devices": ["\u{0}"] }), "devices"),
        (json!({ "name": "x", "verbs": ["list"], "devices": vec![gate.clone(); 101] }), "devices"),
    ] {
        let seen = world.owner_asks(Method::POST, "/v1/api-keys", &body.to_string()).await;
        let seen = seen.refuses(StatusCode::UNPROCESSABLE_ENTITY, "invalid_request");
        seen.says(&format!(r#""field":"{field}""#));
    }
    let nobodys = json!({ "name": "x", "verbs": ["list"],
        "devices": ["gate_00000000000000000000000000"] });
    let seen = world.owner_asks(Method::POST, "/v1/api-keys", &nobodys.to_string()).await;
    seen.refuses(StatusCode::NOT_FOUND, "not_found");
}

#[tokio::test]
async fn twenty_keys_are_enough() {
    let world = World::new().await;
    world.owner_is_proved().await;
    let wanted = wanted(&world, &["list"]);
    for _ in 0..20 {
        let made = world.owner_asks(Method::POST, "/v1/api-keys", &wanted).await;
        made.is(StatusCode::CREATED);
    }
    let refused = world.owner_asks(Method::POST, "/v1/api-keys", &wanted).await;
    refused.refuses(StatusCode::CONFLICT, "too_many_api_keys");
}
